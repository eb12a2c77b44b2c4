"""Many data sets at once: whole fits side by side, each with a seed of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from typing import Any

from bayes_alliance.errors import SamplingError, listed
from bayes_alliance.model.spec import Model
from bayes_alliance.random_streams import Stream, derived_seed
from bayes_alliance.sampling.engines.collapsed.effects import is_stored
from bayes_alliance.sampling.engines.contract import Compiled, Engine, model_shape
from bayes_alliance.sampling.engines.registry import AUTO, chosen_engine, named_engine
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.progress import someone_looks
from bayes_alliance.sampling.run import (
    check_effects_fit,
    compile_model,
    sample,
)
from bayes_alliance.sampling.settings import SEEDS, make_settings

MEMORY_GIGABYTES = 4.0
_STATISTICS = 8


def sample_many(
    models: Iterable[Model],
    *,
    seed: int,
    engine: str = AUTO,
    draws: int = 1000,
    tune: int = 1000,
    chains: int = 4,
    target_accept: float = 0.9,
    max_tree_depth: int = 10,
    cores: int | None = None,
    keep: Callable[[Fit], Any] | None = None,
    memory: float = MEMORY_GIGABYTES,
    progress: bool | None = None,
) -> tuple[Any, ...]:
    """Draw from the posteriors of many models, several fits at a time.

    Models of one shape (the same formula, number of groups and kinds of priors) are compiled
    once between them, and the collapsed engine does not compile at all.

    Parameters
    ----------
    models : iterable of Model
        Usually one formula on many data sets.
    seed : int
        Each fit gets a seed of its own from it, by its place alone, and records it; the draws do
        not depend on ``cores``.
    engine, draws, tune, chains, target_accept, max_tree_depth
        As in :func:`sample`, the same for every fit.
    cores : int, optional
        Chains that run at a time, over all fits; all the machine has, if left out.
    keep : callable, optional
        What to keep of each fit: a function of the fit, called as soon as it is done, in a
        thread. Whole fits if left out.
    memory : float
        Refuse beforehand what would keep more gigabytes of whole fits, and a fit that would
        take more by itself.
    progress : bool, optional
        Show a progress bar; if left out, only where someone is looking.

    Returns
    -------
    tuple
        One :class:`Fit` a model, or what ``keep`` made of it, in the order of the models.

    Raises
    ------
    SamplingError
        For impossible settings, at once. If fits fail, after all others are done: its ``facts``
        hold them as ``results``, with None where one failed, and the ``errors`` by place,
        counted from 0. Ctrl-C lets the running fits end, and raises the same.

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> fits = ba.sample_many([model, other_model], seed=1)  # doctest: +SKIP
    >>> sds = ba.sample_many(models, seed=1, keep=lambda f: f.posterior["sigma"].mean().item())
    ... # doctest: +SKIP
    """
    models = tuple(models)
    wishes: dict[str, Any] = {
        "engine": engine,
        "draws": draws,
        "tune": tune,
        "chains": chains,
        "target_accept": target_accept,
        "max_tree_depth": max_tree_depth,
    }
    make_settings(engine_reason="", seed=seed, cores=cores, **wishes)
    engines = _engines(engine, models)
    for model, chosen in zip(models, engines, strict=True):
        check_effects_fit(model, chosen, chains * draws, memory)
    if keep is None:
        _check_memory(models, engines, chains * draws, memory)
    workers, cores = _divide_cores(engines, cores)
    wishes |= {"cores": cores, "progress": False, "memory": memory}
    programs = _compiled_once(models, engines)
    seeds = _own_seeds(seed, len(models))

    def fit(place: int) -> Any:
        result = sample(models[place], seed=seeds[place], compiled=programs[place], **wishes)
        return result if keep is None else keep(result)

    return _all_done(fit, len(models), workers, progress)


def _engines(asked: str, models: Sequence[Model]) -> list[Engine]:
    """Return each model's engine; what it has against one is said of that fit alone."""
    if asked == AUTO:
        return [chosen_engine(asked, model)[0] for model in models]
    return [named_engine(asked)] * len(models)


def _divide_cores(engines: Sequence[Engine], cores: int | None) -> tuple[int, int]:
    """Return how many fits run at a time, and how many chains of each."""
    available = cores or getattr(os, "process_cpu_count", os.cpu_count)() or 1
    # The others bring processes or threads of their own.
    side_by_side = all(engine.side_by_side for engine in engines)
    workers = max(1, min(available, len(engines))) if side_by_side else 1
    return workers, max(1, available // workers)


def _own_seeds(seed: int, count: int) -> list[int]:
    """Derive a seed for every place; more places leave the first ones as they are."""
    places = range(count)
    return [derived_seed(seed, Stream.SEED_OF_A_FIT, place, below=SEEDS) for place in places]


def _compiled_once(models: Sequence[Model], engines: Sequence[Engine]) -> list[Compiled | None]:
    """Compile each shape of joint model once; None where there is nothing to compile."""
    by_shape: dict[tuple[Any, ...], Compiled] = {}
    programs: list[Compiled | None] = []
    for model, engine in zip(models, engines, strict=True):
        if not engine.compiles:
            programs.append(None)
            continue
        shape = model_shape(model)
        if shape not in by_shape:
            by_shape[shape] = compile_model(model, engine=engine.name)
        programs.append(by_shape[shape])
    return programs


def _check_memory(
    models: Sequence[Model], engines: Sequence[Engine], draws: int, limit: float
) -> None:
    numbers = sum(
        _stored_effects(model, engine, draws)
        + len(model.design.coefficients)
        + sum(len(g.effects) + len(g.pairs) for g in model.design.groups)
        + len(model.family.parameters)
        + _STATISTICS
        for model, engine in zip(models, engines, strict=True)
    )
    size = 8 * draws * numbers / 1e9
    if size > limit:
        raise SamplingError(
            f"{len(models)} fits of {draws} draws each were to be kept whole.",
            f"Together they take {size:.1f} GB; the limit is {limit:g} GB.",
            "Say what you need of each with keep=, or raise the limit with memory=.",
            gigabytes=size,
        )


def _stored_effects(model: Model, engine: Engine, draws: int) -> int:
    """Count the group effects of one draw that are kept."""
    effects = sum(len(group.labels) * len(group.effects) for group in model.design.groups)
    kept = engine.keeps_effects or is_stored(draws, effects)
    return effects if kept else 0


def _all_done(
    fit: Callable[[int], Any], count: int, workers: int, progress: bool | None
) -> tuple[Any, ...]:
    """Run all fits, keep what each gave, and only then say which failed."""
    results: list[Any] = [None] * count
    errors: dict[int, Exception] = {}
    left = set(range(count))
    with _bar(count, progress) as advance, ThreadPoolExecutor(workers) as pool:
        places = {pool.submit(fit, place): place for place in range(count)}
        try:
            for future in as_completed(places):
                _take(future, places[future], results, errors, left)
                advance()
        except KeyboardInterrupt:
            pool.shutdown(wait=True, cancel_futures=True)
            for future in places:
                if future.done() and not future.cancelled():
                    _take(future, places[future], results, errors, left)
    if left or errors:
        _raise_failures(count, results, errors, left)
    return tuple(results)


def _take(
    future: Future[Any],
    place: int,
    results: list[Any],
    errors: dict[int, Exception],
    left: set[int],
) -> None:
    left.discard(place)
    try:
        results[place] = future.result()
    except Exception as error:  # a fit that fails must not lose the others
        errors[place] = error


def _raise_failures(
    count: int, results: list[Any], errors: dict[int, Exception], left: set[int]
) -> None:
    found = [f"The run was stopped with {len(left)} of them not begun."] if left else []
    if errors:
        failed = listed((f"{place} ({errors[place]})" for place in sorted(errors)), shown=3)
        found.append(f"These failed, by their place counted from 0: {failed}.")
    raise SamplingError(
        f"{count} models were to be sampled.",
        *found,
        "What the others gave is in this error's facts, as error.facts['results'].",
        results=tuple(results),
        errors=errors,
    ) from next(iter(errors.values()), None)


@contextmanager
def _bar(count: int, wanted: bool | None) -> Iterator[Callable[[], Any]]:
    """Show a bar over the fits if wanted, or if None and someone is looking."""
    from rich.progress import Progress

    show = someone_looks() if wanted is None else wanted
    with Progress(disable=not show) as bar:
        task = bar.add_task("Fits", total=count)
        yield lambda: bar.advance(task)
