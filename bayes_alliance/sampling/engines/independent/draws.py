"""Draws from the frozen proposal: one Metropolis-Hastings sequence a chain, every third state kept.

The weights of everything that was proposed say how far the draws may be trusted, and are the log
evidence with its error.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.kernels.independence_walk import walk
from bayes_alliance.random_streams import Stream, generator
from bayes_alliance.sampling.engines.independent.adaptation import Adapted, Values
from bayes_alliance.sampling.progress import ChainState, Progress
from bayes_alliance.sampling.settings import Settings

Array = NDArray[np.float64]

# States for each one that is kept: next to no repeats are left.
THINNED = 3
# With fewer proposals nothing could be said of the tail of their weights.
_FEWEST = 4_000
# Proposals of each chain at a time; numbers do not depend on where a run is stopped.
_PIECE = 1_024
_FEWEST_DRAWS = 4


@dataclass(frozen=True, kw_only=True)
class FrozenDraws:
    """What was drawn from a proposal that does not change any more.

    Parameters
    ----------
    places
        Kept states, shape (chain, draw, k).
    values
        Log density there, shape (chain, draw).
    moved
        Share of the proposals behind a kept state that were taken, shape (chain, draw).
    proposed, proposed_values
        All that was proposed, shape (n, k), and the log density there, shape (n,).
    log_weights
        Log density less log proposal density of all that was proposed, shape (n,).
    interrupted
        Whether the run was stopped.
    """

    places: Array
    values: Array
    moved: Array
    proposed: Array
    proposed_values: Array
    log_weights: Array
    interrupted: bool


def draw_frozen(
    density: Values, adapted: Adapted, settings: Settings, progress: Progress, attempt: int = 0
) -> FrozenDraws | None:
    """Draw from the density; Ctrl-C keeps what was drawn.

    Parameters
    ----------
    density
        Returns the log density at points, shape (n, k) to (n,).
    adapted
        The proposal, and the points that it was fitted to.
    settings, progress
        How much is drawn, and whom to tell.
    attempt
        Each has random numbers of its own.

    Returns
    -------
    FrozenDraws or None
        None if the run was stopped before anything could be kept.
    """
    chains, wanted = settings.chains, THINNED * settings.draws
    # What is proposed beyond the draws that were asked for comes first.
    states = max(wanted, THINNED * -(-_FEWEST // (THINNED * chains)))
    pieces: list[tuple[Array, Array, Array]] = []
    done, interrupted = 0, False
    try:
        for number, first in enumerate(range(0, states, _PIECE)):
            count = min(_PIECE, states - first)
            rng = generator(settings.seed, Stream.INDEPENDENT_DRAWS, 2 * attempt, number)
            points = adapted.mixture.draw(chains * count, rng)
            values = density(points)
            log_weights = values - adapted.mixture.log_density(points)
            pieces.append(
                (
                    points.reshape(chains, count, -1),
                    values.reshape(chains, count),
                    log_weights.reshape(chains, count),
                )
            )
            done += count
            progress.show(_chain_states(chains, done, states, settings.draws))
    except KeyboardInterrupt:
        interrupted = True
    kept = min(done, wanted) // THINNED
    if kept < _FEWEST_DRAWS:
        return None
    joined = [np.concatenate(part, axis=1) for part in zip(*pieces, strict=True)]
    streams = [
        generator(settings.seed, Stream.INDEPENDENT_DRAWS, 2 * attempt + 1, chain)
        for chain in range(chains)
    ]
    return _walked(adapted, streams, kept, joined, interrupted=interrupted)


def _walked(
    adapted: Adapted,
    streams: list[np.random.Generator],
    kept: int,
    joined: list[Array],
    *,
    interrupted: bool,
) -> FrozenDraws:
    """Walk along the proposals of each chain, and keep every third of the last states."""
    points, values, log_weights = joined
    chains, states, size = points.shape
    seen, weights = adapted.seen, adapted.seen.weights
    origin = [rng.choice(len(seen.points), p=weights) for rng in streams]
    begin = seen.points[origin]
    at_begin = seen.values[origin] - adapted.mixture.log_density(begin)
    places, at_places = np.empty((chains, kept, size)), np.empty((chains, kept))
    moved = np.empty((chains, kept))
    for chain, rng in enumerate(streams):
        log_uniform = np.log(rng.random(states))
        path = walk(np.ascontiguousarray(log_weights[chain]), log_uniform, at_begin[chain])
        taken = path == np.arange(states)
        last = slice(states - THINNED * kept, None)
        ends = path[last][THINNED - 1 :: THINNED]
        # Number -1 is where the chain began.
        places[chain] = np.vstack([points[chain], begin[chain]])[ends]
        at_places[chain] = np.append(values[chain], seen.values[origin[chain]])[ends]
        moved[chain] = taken[last].reshape(kept, THINNED).mean(axis=1)
    return FrozenDraws(
        places=places,
        values=at_places,
        moved=moved,
        proposed=points.reshape(-1, size),
        proposed_values=values.ravel(),
        log_weights=log_weights.ravel(),
        interrupted=interrupted,
    )


def _chain_states(chains: int, done: int, states: int, draws: int) -> list[ChainState]:
    """Return how far each chain is: they go side by side."""
    state = ChainState(done=draws * done // states, total=draws, divergences=0)
    return [state] * chains
