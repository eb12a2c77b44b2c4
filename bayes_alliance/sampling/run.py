"""Sample a model: choose the engine, run it, put the draws into a fit."""

from __future__ import annotations

import hashlib
import platform
import time
from dataclasses import replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bayes_alliance import names
from bayes_alliance.errors import SamplingError
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.container import (
    draws_dataset,
    label_dataset,
    observed_dataset,
    optima_dataset,
    proposals_dataset,
    stats_dataset,
    unconstrained_dataset,
)
from bayes_alliance.sampling.engines.contract import Compiled, Drawn, Engine, model_shape
from bayes_alliance.sampling.engines.registry import AUTO, ENGINES, chosen_engine
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.linear_predictor import MEMORY_GIGABYTES, check_memory
from bayes_alliance.sampling.progress import make_progress, told_of_compilation
from bayes_alliance.sampling.settings import Settings, check_gigabytes, make_settings

NOT_INSTALLED = "not installed"
_VERSIONS = (
    "bayes-alliance", "pymc", "pytensor", "nutpie", "numba", "arviz", "formulae", "numpy", "scipy",
    "pandas",
)  # fmt: skip


def sample(
    model: Model,
    *,
    seed: int | None = None,
    engine: str = AUTO,
    draws: int = 1000,
    tune: int = 1000,
    chains: int = 4,
    target_accept: float = 0.9,
    max_tree_depth: int = 10,
    cores: int | None = None,
    progress: bool | None = None,
    compiled: Compiled | None = None,
    memory: float = MEMORY_GIGABYTES,
) -> Fit:
    """Draw from the posterior of a model.

    Parameters
    ----------
    model : Model
        What is believed.
    seed : int, optional
        Same seed, same draws. If left out, one is drawn, shown and recorded.
    engine : str
        ``"auto"``, ``"independent"``, ``"collapsed"``, ``"nutpie"``, ``"pymc"`` or ``"numpyro"``.
        All give the same posterior. ``"auto"`` takes the collapsed engine wherever it is exact
        (gaussian models with normal group effects), else nutpie, and says why. The independent
        engine does what the collapsed one does, sooner; where its proposals cannot be trusted it
        leaves the model to that engine.
    draws, tune, chains : int
        Kept draws and warm-up draws of each chain, and the number of chains.
    target_accept : float
        Raise it towards 1 when there are divergences.
    max_tree_depth : int
        Longest trajectory, as a power of two.
    cores : int, optional
        Chains that run at a time; all the machine has, if left out.
    progress : bool, optional
        Show a progress bar; if left out, only where someone is looking.
    compiled : Compiled, optional
        From :func:`compile_model`, for a model of the same shape: nothing is compiled then.
    memory : float
        Refuse beforehand draws that would take more gigabytes. The collapsed engine does not
        store group effects beyond a quarter of a gigabyte: it draws them again, the same ones,
        when they are looked at.

    Returns
    -------
    Fit
        The draws and how they were made. Ctrl-C keeps what was drawn (all engines
        but numpyro).

    Raises
    ------
    SamplingError
        For an unknown engine, impossible settings, draws that would not fit into memory, or a
        compiled model of another shape.

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> model = ba.load_model("null", data=ba.load_example("simulated_study"))
    >>> fit = ba.sample(model, seed=1)  # doctest: +SKIP
    """
    chosen, reason = chosen_engine(engine, model)
    if compiled is not None:
        chosen, reason = _compiled_engine(compiled, engine)
    settings = make_settings(
        engine=chosen.name,
        engine_reason=reason,
        seed=seed,
        chains=chains,
        draws=draws,
        tune=tune,
        target_accept=target_accept,
        max_tree_depth=max_tree_depth,
        cores=cores,
    )
    check_effects_fit(model, chosen, chains * draws, memory)
    ready = _fitting(compiled, model) if compiled else _ready(chosen, model, progress)
    started = time.perf_counter()
    with make_progress(chosen.name, progress) as bar:
        drawn = chosen.draw(ready.program, model, settings, bar)
    seconds = {
        "compile": 0.0 if compiled is not None else ready.seconds,
        "sample": time.perf_counter() - started,
    }
    return _as_fit(model, drawn, settings, seconds)


def compile_model(model: Model, *, engine: str = AUTO) -> Compiled:
    """Make a model ready to sample, once for many data sets of the same shape.

    Parameters
    ----------
    model : Model
        The first of them. The others may have other rows, other outcomes and other prior scales,
        but the same formula, number of groups and kinds of priors.
    engine : str
        As in :func:`sample`.

    Returns
    -------
    Compiled
        To be given to ``sample(model, compiled=...)``.

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> model = ba.load_model("null", data=ba.load_example("simulated_study"))
    >>> ready = ba.compile_model(model)  # doctest: +SKIP
    """
    chosen, _ = chosen_engine(engine, model)
    return _ready(chosen, model, progress=False)


def _ready(engine: Engine, model: Model, progress: bool | None) -> Compiled:
    started = time.perf_counter()
    with told_of_compilation(engine.name, progress if engine.compiles else False):
        program = engine.compile(model)
    return Compiled(
        engine=engine.name,
        shape=model_shape(model),
        program=program,
        seconds=time.perf_counter() - started,
    )


def check_effects_fit(model: Model, engine: Engine, draws: int, memory: float) -> None:
    """Refuse what would not fit, unless the engine draws effects that are too large again.

    Raises
    ------
    SamplingError
        If the group effects of all draws take more than ``memory`` gigabytes, or that is no limit.
    """
    check_gigabytes(memory)
    if not engine.keeps_effects:
        return
    effects = sum(len(group.labels) * len(group.effects) for group in model.design.groups)
    check_memory(f'engine="{engine.name}"', draws, effects, memory, unit="group effects")


def _compiled_engine(compiled: Compiled, asked: str) -> tuple[Engine, str]:
    if asked not in (AUTO, compiled.engine):
        raise SamplingError(
            f'engine="{asked}" was asked for, with a compiled model.',
            f'The model was compiled for engine="{compiled.engine}".',
            "Leave engine= out, or compile the model for the other engine.",
        )
    return ENGINES[compiled.engine], "It was compiled beforehand."


def _fitting(compiled: Compiled, model: Model) -> Compiled:
    if compiled.shape != model_shape(model):
        raise SamplingError(
            "A compiled model was given for another data set.",
            "The two models differ in more than their data: formula, number of groups, "
            "categories or kinds of priors are not the same.",
            "Leave compiled= out, or compile this model with compile_model(model).",
        )
    return compiled


def _as_fit(model: Model, drawn: Drawn, settings: Settings, seconds: dict[str, float]) -> Fit:
    import xarray as xr

    groups = {
        names.POSTERIOR: draws_dataset(model, drawn.posterior),
        names.SAMPLE_STATS: stats_dataset(drawn.stats),
        names.CONSTANT: label_dataset(model),
    }
    if model.stream is None:
        groups[names.OBSERVED] = observed_dataset(model)
    if drawn.unconstrained is not None:
        groups[names.UNCONSTRAINED] = unconstrained_dataset(drawn.unconstrained)
    if drawn.proposals is not None:
        groups[names.PROPOSALS] = proposals_dataset(drawn.proposals)
        settings = _as_drawn(drawn, settings)
    if drawn.optima is not None:
        groups[names.OPTIMA] = optima_dataset(model, drawn.optima)
    tree = xr.DataTree.from_dict(groups)
    return Fit(
        model=model,
        idata=tree,
        settings=settings,
        seconds=seconds,
        versions=installed_versions(),
        interrupted=drawn.interrupted,
        has_data=model.stream is None,
        notes=(*filter(None, [model.frame.source]), *drawn.notes),
    )


def _as_drawn(drawn: Drawn, settings: Settings) -> Settings:
    """Name the engine that drew, and why it was not the one that was asked."""
    if not (drawn.engine and drawn.proposals):
        return settings
    reason = f"Independent draws were given up: {drawn.proposals.given_up}."
    return replace(settings, engine=drawn.engine, engine_reason=reason)


def installed_versions() -> dict[str, str]:
    """Return the versions of all that makes the draws, of Python, and the kind of machine."""
    return dict(_versions())


@cache
def _versions() -> dict[str, str]:
    import numpy as np

    found: dict[str, str] = {}
    for package in _VERSIONS:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            own = package == _VERSIONS[0]
            found[package] = source_version(Path(__file__).parents[1]) if own else NOT_INSTALLED
    # Libraries choose their code, and with it the last digits, by the processor's instructions.
    instructions = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    machine = [platform.system(), platform.machine(), *instructions]
    return found | {"python": platform.python_version(), "machine": " ".join(machine)}


def source_version(folder: Path) -> str:
    """Name a folder by a digest of its program files."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode())
        digest.update(path.read_bytes())
    return f"source {digest.hexdigest()[:12]}"
