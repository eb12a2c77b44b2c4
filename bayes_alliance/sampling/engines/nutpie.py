"""The default joint engine: nutpie's NUTS on PyTensor's numba backend."""

from __future__ import annotations

from typing import Any

import numpy as np

from bayes_alliance.errors import SamplingError
from bayes_alliance.model.pymc_model import build_pymc, data_arrays
from bayes_alliance.model.pymc_priors import shared_arguments
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.engines.contract import Drawn, keep_complete, public_variables
from bayes_alliance.sampling.engines.numba_compilation import quiet_compilation
from bayes_alliance.sampling.progress import ChainState, Progress
from bayes_alliance.sampling.settings import Settings

_STATS = {
    "diverging": "diverging",
    "energy": "energy",
    "depth": "tree_depth",
    "maxdepth_reached": "reached_max_treedepth",
    "n_steps": "n_steps",
    "step_size": "step_size",
    "mean_tree_accept": "acceptance_rate",
    "logp": "lp",
}


class NutpieEngine:
    """nutpie on the joint model."""

    name = "nutpie"

    def compile(self, model: Model) -> Any:
        """Compile the joint model's density and gradient with numba."""
        import nutpie

        with quiet_compilation():
            return nutpie.compile_pymc_model(
                build_pymc(model), var_names=public_variables(model), backend="numba"
            )

    def draw(self, program: Any, model: Model, settings: Settings, progress: Progress) -> Drawn:
        """Sample; Ctrl-C keeps what was drawn."""
        import nutpie

        values = {**data_arrays(model), **shared_arguments(model.priors)}
        program = program.with_data(**_of_program(program, values))
        try:
            tree = nutpie.sample(
                program,
                draws=settings.draws,
                tune=settings.tune,
                chains=settings.chains,
                cores=settings.cores,
                seed=settings.seed,
                target_accept=settings.target_accept,
                maxdepth=settings.max_tree_depth,
                save_warmup=True,
                progress_bar=False,
                progress_callback=lambda chains: progress.show([_state(c) for c in chains]),
            )
        except RuntimeError as error:
            raise _cannot_start(error) from error
        return _drawn(tree, model, settings)


def _of_program(program: Any, values: dict[str, Any]) -> dict[str, Any]:
    """Leave out what the compiler found unused and dropped."""
    known = {variable.name for variable in program.shared_var_keys}
    return {name: value for name, value in values.items() if name in known}


def _state(chain: Any) -> ChainState:
    return ChainState(
        done=int(chain.finished_draws),
        total=int(chain.total_draws),
        divergences=int(chain.divergences),
    )


def _drawn(tree: Any, model: Model, settings: Settings) -> Drawn:
    stats_tree = tree["sample_stats"].dataset if "sample_stats" in tree.children else {}
    stats = {_STATS[name]: stats_tree[name].to_numpy() for name in _STATS if name in stats_tree}
    posterior_tree = tree["posterior"].dataset
    posterior = {name: posterior_tree[name].to_numpy() for name in public_variables(model)}
    lengths = _lengths(stats)
    complete = len(lengths) == settings.chains and min(lengths) == settings.draws
    if complete:
        return Drawn(posterior=posterior, stats=stats)
    if not lengths or max(lengths) < 4:
        raise SamplingError(
            "Sampling was interrupted.",
            "No chain had finished its warm-up, so there is nothing to keep.",
            "Let it run longer, or ask for a shorter tune.",
        )
    posterior, stats = keep_complete(posterior, stats, lengths)  # type: ignore[assignment]
    return Drawn(posterior=posterior, stats=stats, interrupted=True)


def _lengths(stats: dict[str, Any]) -> list[int]:
    """Draws each chain really made; nutpie pads the others with missing energies."""
    if "energy" not in stats or stats["energy"].ndim < 2:
        return []
    return [int(n) for n in np.isfinite(stats["energy"]).sum(axis=1)]


def _cannot_start(error: Exception) -> SamplingError:
    return SamplingError(
        "nutpie was to sample the model.",
        f"It could not: {error}.",
        "If it found no starting point, look at the priors and the scale of the predictors.",
    )
