"""Whether two models are of the same outcome of the same rows, held or streamed."""

from __future__ import annotations

import numpy as np

from bayes_alliance.model.spec import Model
from bayes_alliance.model.streaming.rows import StreamedRows

# The means of a column, summed in another order: float error.
_SAME = 1e-9


def have_same_rows(one: Model, other: Model) -> bool:
    """Tell whether two models have the same outcome, of the same kind, in the same rows.

    Rows that were streamed are not held. Theirs are the same if they come from the same place,
    are as many and count as often, and the outcome (less its offset) has the same mean and
    variance.
    """
    if one.outcome != other.outcome or one.family.measure != other.family.measure:
        return False
    if one.stream is None or other.stream is None:
        return one.stream is other.stream and _are_held_alike(one, other)
    return _are_streamed_alike(one.stream, other.stream)


def _are_held_alike(one: Model, other: Model) -> bool:
    mine, theirs = one.frame, other.frame
    weights, others = (
        np.ones(len(f.y)) if f.weights is None else f.weights for f in (mine, theirs)
    )
    return (
        np.array_equal(mine.positions, theirs.positions)
        and np.array_equal(mine.y, theirs.y)
        and np.array_equal(weights, others)
    )


def _are_streamed_alike(one: StreamedRows, other: StreamedRows) -> bool:
    if one.source != other.source or one.frame.rows_used != other.frame.rows_used:
        return False
    (mean, sd), (its_mean, its_sd) = _outcome(one), _outcome(other)
    return bool(
        np.isclose(one.sums.repeats.sum(), other.sums.repeats.sum(), rtol=_SAME)
        and np.isclose(one.sums.log_weight.sum(), other.sums.log_weight.sum(), rtol=_SAME)
        and np.isclose(sd, its_sd, rtol=_SAME)
        and np.isclose(mean, its_mean, rtol=_SAME, atol=_SAME * sd)
    )


def _outcome(stream: StreamedRows) -> tuple[float, float]:
    """Return the outcome's mean and standard deviation over all rows."""
    sums = stream.sums.unweighted
    mean = sums.total_mean[-1]
    between = sums.weight @ (sums.mean[:, -1] - mean) ** 2
    squares = sums.products[:, -1, -1].sum() + between
    return float(mean), float(np.sqrt(squares / sums.weight.sum()))
