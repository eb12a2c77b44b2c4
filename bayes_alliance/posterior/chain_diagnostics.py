"""Monte Carlo errors, effective sample sizes and R-hat of many quantities at once.

The definitions are those of vehtari2021, and the numbers those of ArviZ; all quantities of a block
are computed together, where ArviZ takes them one by one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.special import ndtri

Array = NDArray[np.float64]
TAILS = (0.05, 0.95)  # vehtari2021; ArviZ 1 takes the ends of its own default interval instead
_BLOCK = 500_000  # numbers of a block: what the processor's cache holds
_FEWEST_DRAWS = 4
_NO_RANGE = float(np.finfo(float).resolution)


@dataclass(frozen=True, kw_only=True)
class ChainDiagnostics:
    """How well each quantity is known from its draws.

    Parameters
    ----------
    mcse_mean, mcse_sd
        Monte Carlo standard errors of the mean and of the standard deviation.
    ess_bulk, ess_tail
        Effective sample sizes: of the ranks, and the smaller of those of the 5% and 95% quantiles.
    r_hat
        Rank-normalised split R-hat; NaN for a single chain.

    All of shape (quantity,), and NaN for what does not vary, is not a number in some draw, or has
    fewer than four draws a chain.
    """

    mcse_mean: Array
    mcse_sd: Array
    ess_bulk: Array
    ess_tail: Array
    r_hat: Array


def diagnose_chains(values: Array) -> ChainDiagnostics:
    """Compute the diagnostics of every quantity.

    Parameters
    ----------
    values
        Draws, shape (chain, draw, quantity).

    References
    ----------
    .. [1] vehtari2021
    """
    chains, draws, count = values.shape
    found = np.full((5, count), np.nan)
    size = max(1, _BLOCK // max(1, chains * draws))
    for start in range(0, count if draws >= _FEWEST_DRAWS else 0, size):
        block = np.asarray(np.moveaxis(values[..., start : start + size], 2, 0), dtype=float)
        with np.errstate(all="ignore"):  # what has no value becomes NaN
            varies = np.ptp(block, axis=(1, 2)) > 0  # not where a draw is NaN
            found[:, start + np.flatnonzero(varies)] = _of_block(block[varies])
    mcse_mean, mcse_sd, ess_bulk, ess_tail, r_hat = found
    return ChainDiagnostics(
        mcse_mean=mcse_mean, mcse_sd=mcse_sd, ess_bulk=ess_bulk, ess_tail=ess_tail, r_hat=r_hat
    )


def _of_block(values: Array) -> Array:
    """Return the five diagnostics of values, shape (quantity, chain, draw)."""
    if not len(values):
        return np.empty((5, 0))
    split = _split(values)
    ranked, in_order = _normal_scores(split)
    whole = in_order if split.size == values.size else np.sort(values.reshape(len(values), -1))
    return np.stack(
        [
            values.std(axis=(1, 2), ddof=1) / np.sqrt(_ess(split)),
            _mcse_sd(values),
            _ess(ranked),
            _ess_tail(values, whole),
            _r_hat(split, ranked, in_order)
            if values.shape[1] > 1
            else np.full(len(values), np.nan),
        ]
    )


def _mcse_sd(values: Array) -> Array:
    squares = (values - values.mean(axis=(1, 2), keepdims=True)) ** 2
    variance = squares.mean(axis=(1, 2))
    of_variance = ((squares**2).mean(axis=(1, 2)) - variance**2) / _ess(_split(squares))
    return np.asarray(np.sqrt(of_variance / variance / 4))


def _ess_tail(values: Array, in_order: Array) -> Array:
    ends = (_quantile(in_order, tail)[:, None, None] for tail in TAILS)
    low, high = (_ess(_split((values <= end).astype(float))) for end in ends)
    return np.minimum(low, high)


def _quantile(in_order: Array, tail: float) -> Array:
    """Return a quantile of rows that are sorted, with numpy's own interpolation."""
    place = (in_order.shape[1] - 1) * tail
    below = int(place)
    first, second, part = in_order[:, below], in_order[:, below + 1], place - below
    step = second - first
    return np.asarray(first + step * part if part < 0.5 else second - step * (1 - part))


def _r_hat(split: Array, ranked: Array, in_order: Array) -> Array:
    """Return the larger of R-hat of the ranks and of the ranks of the distances from the median."""
    half = in_order.shape[1] // 2
    median = (in_order[:, half - 1] + in_order[:, half]) / 2  # halves of chains: an even number
    folded, _ = _normal_scores(np.abs(split - median[:, None, None]))
    return np.maximum(_plain_r_hat(ranked), _plain_r_hat(folded))


def _plain_r_hat(values: Array) -> Array:
    draws = values.shape[2]
    between = draws * values.mean(axis=2).var(axis=1, ddof=1)
    within = values.var(axis=2, ddof=1).mean(axis=1)
    return np.asarray(np.sqrt((between / within + draws - 1) / draws))


def _split(values: Array) -> Array:
    """Cut each chain in two; the middle draw of an odd number is left out."""
    quantities, chains, draws = values.shape
    if draws % 2 == 0:
        return values.reshape(quantities, 2 * chains, draws // 2)
    half = draws // 2
    return np.concatenate([values[:, :, :half], values[:, :, -half:]], axis=1)


def _normal_scores(values: Array) -> tuple[Array, Array]:
    """Replace values by the normal quantiles of their ranks, over all chains (Blom's offsets).

    Returns
    -------
    scores : Array
        Shape of the values; ties share the mean of their ranks.
    in_order : Array
        The values sorted, shape (quantity, value).
    """
    flat = values.reshape(len(values), -1)
    count, size = flat.shape
    order = np.argsort(flat, axis=1)
    order += size * np.arange(count)[:, None]
    in_order = flat.ravel()[order]
    scores = np.tile(_score(np.arange(1.0, size + 1), size), (count, 1))
    _share_ranks(scores.reshape(-1), in_order)
    placed = np.empty(count * size)
    placed[order] = scores
    return placed.reshape(values.shape), in_order


def _share_ranks(scores: Array, in_order: Array) -> None:
    """Give the values of a tie the score of their mean rank, in place."""
    size = in_order.shape[1]
    same = np.zeros(in_order.shape, dtype=bool)
    np.equal(in_order[:, 1:], in_order[:, :-1], out=same[:, :-1])
    pairs = np.flatnonzero(same)  # this place and the next one
    if not len(pairs):
        return
    new = np.flatnonzero(np.diff(pairs, prepend=-2) != 1)
    lengths = np.diff(new, append=len(pairs)) + 1
    first = pairs[new]
    shared = _score(first % size + (lengths + 1) / 2, size)
    within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    scores[np.repeat(first, lengths) + within] = np.repeat(shared, lengths)


def _score(rank: Array, size: int) -> Array:
    return np.asarray(ndtri((rank - 3 / 8) / (size + 1 / 4)))


def _ess(values: Array) -> Array:
    """Return the effective sample size for the mean of values, shape (quantity, chain, draw).

    Autocorrelations of all chains together are summed in pairs up to the first that is not
    positive, and are not allowed to rise (Geyer's initial monotone sequence, as in vehtari2021).
    """
    _, chains, draws = values.shape
    covariance = _autocovariance(values)
    within = covariance[:, 0] * draws / (draws - 1)
    total = covariance[:, 0].copy()
    if chains > 1:
        total += values.mean(axis=2).var(axis=1, ddof=1)
    rho = 1 - (within[:, None] - covariance) / total[:, None]
    rho[:, 0] = 1.0
    time = _summed_in_pairs(rho)
    size = chains * draws
    found = size / np.maximum(time, 1 / np.log10(size))
    found[np.isnan(rho[:, 1])] = np.nan
    return np.where(np.ptp(values, axis=(1, 2)) < _NO_RANGE, float(size), found)


def _autocovariance(values: Array) -> Array:
    """Return the autocovariance at each lag, averaged over chains, shape (quantity, lag)."""
    quantities, chains, draws = values.shape
    length = fft.next_fast_len(2 * draws, real=True)
    padded = np.zeros((quantities, chains, length))
    np.subtract(values, values.mean(axis=2, keepdims=True), out=padded[..., :draws])
    transformed = fft.rfft(padded, axis=2)
    power = np.zeros((quantities, transformed.shape[2]))
    for part in (transformed.real, transformed.imag):
        power += np.einsum("qcf,qcf->qf", part, part)
    return np.asarray(fft.irfft(power, n=length, axis=1)[:, :draws] / (chains * draws))


def _summed_in_pairs(rho: Array) -> Array:
    """Return the autocorrelation time from autocorrelations, shape (quantity, lag)."""
    draws = rho.shape[1]
    last = max(0, (draws - 3) // 2)  # the last pair that is looked at
    pairs = rho[:, 0 : 2 * last + 1 : 2] + rho[:, 1 : 2 * last + 2 : 2]
    stops = ~(pairs > 0)
    stops[:, last] = True
    stop = stops.argmax(axis=1)
    falling = np.minimum.accumulate(pairs, axis=1)
    counted = np.arange(last + 1) < stop[:, None]
    rows = np.arange(len(rho))
    # The first even lag behind the sum improves it, where it is positive or its pair is.
    even = rho[rows, 2 * stop]
    even = np.where((even > 0) | (pairs[rows, stop] >= 0), even, 0.0)
    return np.asarray(-1 + 2 * np.where(counted, falling, 0.0).sum(axis=1) + even)
