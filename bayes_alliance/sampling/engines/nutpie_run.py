"""One run of nutpie's NUTS on a compiled program, with progress and interruption."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
    program: Any,
    variables: Sequence[str],
    settings: Settings,
    progress: Progress,
    *,
    ridge: bool = False,
) -> Drawn:
    """Sample a program; Ctrl-C keeps what was drawn.

    Parameters
    ----------
    program, variables, settings, progress
        What to sample, what to keep, how, and whom to tell.
    ridge
        Whether the posterior is a narrow ridge across the axes: nutpie learns its direction then.

    Raises
    ------
    SamplingError
        If no starting point is found, or the run is stopped before the warm-up ends.
    """
    import nutpie

    try:
        trace = nutpie.sample(
            program,
            draws=settings.draws,
            tune=settings.tune,
            chains=settings.chains,
            cores=settings.cores,
            seed=settings.seed,
            target_accept=settings.target_accept,
            maxdepth=settings.max_tree_depth,
            adaptation="low_rank" if ridge else "diag",
            progress_bar=False,
            progress_callback=lambda chains: progress.show([_state(c) for c in chains]),
            return_raw_trace=True,  # turning it into an ArviZ tree takes a third of a small fit
        )
    except RuntimeError as error:
        raise SamplingError(
            "nutpie was to sample the model.",
            f"It could not: {str(error).partition('Stack backtrace')[0].strip()}.",
            "If it found no starting point, look at the priors and the scale of the predictors.",
        ) from error
    return _drawn(trace, variables, settings)


def _state(chain: Any) -> ChainState:
    return ChainState(
        done=int(chain.finished_draws),
        total=int(chain.total_draws),
        divergences=int(chain.divergences),
    )


def _drawn(trace: Any, variables: Sequence[str], settings: Settings) -> Drawn:
    draws, stats = trace.get_arrow_trace()
    warm_ups = [int(_column(chain, "tuning").sum()) for chain in stats]
    lengths = [chain.num_rows - warm_up for chain, warm_up in zip(stats, warm_ups, strict=True)]
    if not lengths or max(lengths) < 4:
        raise SamplingError(
            "Sampling was interrupted.",
            "No chain had finished its warm-up, so there is nothing to keep.",
            "Let it run longer, or ask for a shorter tune.",
            interrupted=True,
        )
    posterior = {name: _joined(draws, name, warm_ups, max(lengths)) for name in variables}
    reported = {ours: _joined(stats, own, warm_ups, max(lengths)) for own, ours in _STATS.items()}
    if len(lengths) == settings.chains and min(lengths) == settings.draws:
        return Drawn(posterior=posterior, stats=reported)
    cut, cut_stats = keep_complete(posterior, reported, lengths)
    return Drawn(posterior=cut, stats=cut_stats, interrupted=True)


def _joined(chains: Sequence[Any], name: str, warm_ups: list[int], longest: int) -> NDArray[Any]:
    """Put the chains' draws of one variable into one array, short chains filled up with zeros."""
    columns = [_column(c, name)[n:] for c, n in zip(chains, warm_ups, strict=True)]
    joined = np.zeros((len(columns), longest, *columns[0].shape[1:]), dtype=columns[0].dtype)
    for place, column in enumerate(columns):
        joined[place, : len(column)] = column
    return joined


def _column(chain: Any, name: str) -> NDArray[Any]:
    """Read one variable of one chain out of its Arrow table, shape (draw, ...)."""
    import pyarrow

    column = chain.column(name)
    shape = column.field.metadata.get(b"shape", b"").decode()
    sizes = [int(size) for size in shape.split(",")] if shape else []
    values = pyarrow.array(column)
    flat = values.flatten() if sizes else values
    return np.asarray(flat.to_numpy(zero_copy_only=False)).reshape(chain.num_rows, *sizes)
