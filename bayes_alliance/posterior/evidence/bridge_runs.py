"""The bridge run over halves and repeats, and what its numbers say of their own error."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.kernels.bridge import (
    Bridge,
    Centred,
    bridge,
    fitted_normal,
    log_standard_normal,
    log_symmetrized,
)
from bayes_alliance.posterior.evidence.bridge_target import Target
from bayes_alliance.random_streams import Stream, generator

Array = NDArray[np.float64]
_PIECE = 2048


@dataclass(frozen=True, kw_only=True)
class BridgeRuns:
    """Estimates of one log evidence.

    Parameters
    ----------
    estimates
        Shape (repeat, half): the proposal is fitted to one half of each chain and the bridge built
        to the other, then the other way round; each repeat draws new proposals.
    mcse
        Monte Carlo standard error of their mean, as the estimates' own variances and the
        disagreement of the halves tell it, whichever is larger.
    """

    estimates: Array
    mcse: float

    @property
    def log_evidence(self) -> float:
        """The mean of all estimates."""
        return float(self.estimates.mean())


def run_bridges(target: Target, *, repeats: int, seed: int) -> BridgeRuns:
    """Estimate the log evidence of a target.

    Parameters
    ----------
    target
        Draws and density.
    repeats
        How often proposals are drawn.
    seed
        Of the proposals.
    """
    half = target.points.shape[1] // 2
    halves = (target.points[:, :half], target.points[:, -half:])
    rng = generator(seed, Stream.BRIDGE_PROPOSALS)
    sides = [_half(target, fitted, used, repeats, rng) for fitted, used in (halves, halves[::-1])]
    estimates = np.asarray([[run.log_ratio for run in runs] for runs, _ in sides]).T
    return BridgeRuns(estimates=estimates, mcse=_error(estimates, [v for _, v in sides]))


def _half(
    target: Target, fitted: Array, used: Array, repeats: int, rng: np.random.Generator
) -> tuple[list[Bridge], float]:
    """Build bridges from one half's normal to the other half; also give their mean's variance."""
    size = target.dimensions
    normal = fitted_normal(fitted.reshape(-1, size))
    place = normal.standardized(used.reshape(-1, size))
    at_draws = _log_ratio(target.log_density, normal, place).reshape(used.shape[:2])
    effective = _effective(at_draws)
    runs = []
    for _ in range(repeats):
        drawn = rng.standard_normal(place.shape)
        ratios = _log_ratio(target.log_density, normal, drawn)
        runs.append(bridge(at_draws, ratios, effective_draws=effective))
    own = float(np.mean([np.var(run.at_draws) / _effective(run.at_draws) for run in runs]))
    proposals = float(np.mean([np.var(run.at_proposals) / run.at_proposals.size for run in runs]))
    # Repeats share the posterior draws: only the proposals' part averages out.
    return runs, own + proposals / repeats


def _log_ratio(log_density: Callable[[Array], Array], normal: Centred, standard: Array) -> Array:
    """Return log target less log proposal at standardized points, the target made symmetric."""
    points = np.concatenate([normal.back(standard), normal.back(-standard)])
    pieces = [points[k : k + _PIECE] for k in range(0, len(points), _PIECE)]
    with ThreadPoolExecutor() as pool:
        values = np.concatenate(list(pool.map(log_density, pieces)))
    values = np.where(np.isnan(values), -np.inf, values)
    here, mirrored = np.split(values, 2)
    scaled = log_symmetrized(here, mirrored) + normal.log_determinant
    return np.asarray(scaled - log_standard_normal(standard))


def _effective(values: Array) -> float:
    """Return the effective number of draws for a mean, shape (chain, draw)."""
    import arviz as az

    found = float(az.ess(values, method="mean"))
    return found if np.isfinite(found) else float(values.size)


def _error(estimates: Array, variances: list[float]) -> float:
    stated = float(np.sqrt(np.sum(variances))) / 2
    apart = abs(float(estimates[:, 0].mean() - estimates[:, 1].mean())) / 2
    return max(stated, apart)
