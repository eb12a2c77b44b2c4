"""One run of nutpie's NUTS on a compiled program, with progress and interruption."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bayes_alliance.errors import SamplingError
from bayes_alliance.sampling.engines.contract import Drawn, keep_complete
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


def run_nutpie(
    program: Any, variables: Sequence[str], settings: Settings, progress: Progress
) -> Drawn:
    """Sample a program; Ctrl-C keeps what was drawn.

    Raises
    ------
    SamplingError
        If no starting point is found, or the run is stopped before the warm-up ends.
    """
    import nutpie

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
        raise SamplingError(
            "nutpie was to sample the model.",
            f"It could not: {str(error).partition('Stack backtrace')[0].strip()}.",
            "If it found no starting point, look at the priors and the scale of the predictors.",
        ) from error
    return _drawn(tree, variables, settings)


def _state(chain: Any) -> ChainState:
    return ChainState(
        done=int(chain.finished_draws),
        total=int(chain.total_draws),
        divergences=int(chain.divergences),
    )


def _drawn(tree: Any, variables: Sequence[str], settings: Settings) -> Drawn:
    stats_tree = tree["sample_stats"].dataset if "sample_stats" in tree.children else {}
    stats = {_STATS[name]: stats_tree[name].to_numpy() for name in _STATS if name in stats_tree}
    lengths = _lengths(stats)
    if not lengths or max(lengths) < 4:
        raise SamplingError(
            "Sampling was interrupted.",
            "No chain had finished its warm-up, so there is nothing to keep.",
            "Let it run longer, or ask for a shorter tune.",
        )
    posterior_tree = tree["posterior"].dataset
    posterior = {name: posterior_tree[name].to_numpy() for name in variables}
    if len(lengths) == settings.chains and min(lengths) == settings.draws:
        return Drawn(posterior=posterior, stats=stats)
    cut, cut_stats = keep_complete(posterior, stats, lengths)
    return Drawn(posterior=cut, stats=cut_stats, interrupted=True)


def _lengths(stats: dict[str, Any]) -> list[int]:
    """Draws each chain really made; nutpie pads the others with missing energies."""
    if "energy" not in stats or stats["energy"].ndim < 2:
        return []
    return [int(n) for n in np.isfinite(stats["energy"]).sum(axis=1)]
