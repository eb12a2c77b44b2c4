"""The posterior of each group's rank: how little an order of groups says, in words too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.errors import ModelError, did_you_mean, listed
from bayes_alliance.sampling.linear_predictor import draw_blocks

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

HIGH, LOW = "high", "low"
_BLOCK = 2_000_000  # numbers of a block of draws
_GROUPS = 200  # groups whose quantiles are taken at a time
_TIGHT, _ROUGH = 0.2, 0.5  # widths of an interval of a rank, as a share of all places


def check_rank_options(best: str | None, margin: float | None) -> None:
    """Refuse an end that is neither, and a margin that is none.

    Raises
    ------
    ModelError
        With the words to use.
    """
    if best not in (None, HIGH, LOW):
        raise ModelError(
            f"Groups were to be ranked with best={best!r}.",
            f"The best end is high or low. {did_you_mean(str(best), (HIGH, LOW))}".rstrip(),
            "Write best='high' or best='low', or leave it out.",
        )
    if margin is not None and not 0 <= margin < np.inf:
        raise ModelError(
            f"Groups were to be compared with the average by a margin of {margin}.",
            "A margin is a number of units, 0 or more.",
            "Write margin=2 for two units below the average.",
        )


def fifth_of(groups: int) -> int:
    """Return how many groups come closest to a fifth, at least one."""
    return max(1, round(groups / 5))


def rank_table(
    draws: xr.Dataset,
    labels: Sequence[str],
    effects: Sequence[str],
    *,
    prob: float,
    best: str | None,
    margin: float | None,
) -> pd.DataFrame:
    """Summarise the rank of each group, one row a group and effect.

    Parameters
    ----------
    draws
        One variable, dims (chain, draw, group, effect).
    labels, effects
        Of its groups and effects.
    prob
        Probability of the intervals.
    best, margin
        As in :func:`group_effects`.
    """
    import pandas as pd

    ranks, below, above = _ranks(draws, margin or 0.0)
    if best == LOW:
        ranks = len(labels) + 1 - ranks
    # (1 - 0.95) / 2 is a little more than 0.025 to the computer, and would take the next rank.
    low, high = (_quantiles(ranks, round(tail, 12)) for tail in ((1 - prob) / 2, (1 + prob) / 2))
    fifth = (ranks <= fifth_of(len(labels))).mean(axis=0)
    columns: dict[str, Any] = {
        "mean": ranks.mean(axis=0).T.ravel(),
        "lower": low.T.ravel(),
        "upper": high.T.ravel(),
        "highest_fifth" if best is None else "best_fifth": fifth.T.ravel(),
    }
    if margin is not None:
        columns |= {"below": below.ravel(), "above": above.ravel()}
    places = {
        "group": np.repeat(labels, len(effects)),
        "effect": np.tile(effects, len(labels)),
    }
    return pd.DataFrame(places | columns)


def _ranks(
    draws: xr.Dataset, margin: float
) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.float64]]:
    """Return ranks, shape (draw, effect, group), and how often a group is beyond the margin."""
    (variable,) = draws.data_vars
    chains, count, groups, effects = draws[variable].shape
    ranks = np.empty((chains * count, effects, groups), dtype=np.int32)
    below, above = np.zeros((groups, effects)), np.zeros((groups, effects))
    for places, arrays in draw_blocks(draws, max(1, _BLOCK // (groups * effects))):
        values = arrays[str(variable)]
        for k in range(effects):
            ranks[places, k] = ranks_from_highest(values[:, :, k])
        below += (values < -margin).sum(axis=0)
        above += (values > margin).sum(axis=0)
    return ranks, below / len(ranks), above / len(ranks)


def _quantiles(ranks: NDArray[np.int32], tail: float) -> NDArray[np.int32]:
    """Return a quantile of each rank that is itself a rank, some groups at a time."""
    parts = [
        np.quantile(ranks[:, :, start : start + _GROUPS], tail, axis=0, method="inverted_cdf")
        for start in range(0, ranks.shape[-1], _GROUPS)
    ]
    return np.concatenate(parts, axis=-1)


def rank_words(ranks: pd.DataFrame, first: str) -> str:
    """Name the groups whose ranks are well known, then say how well that of a typical one is."""
    count = len(ranks)
    widths = ranks["upper"] - ranks["lower"] + 1
    typical = int(np.median(widths))
    well = ranks[widths <= max(1, _TIGHT * count)].sort_values("mean")
    within = f"within {typical} of {count} places"
    if well.empty or typical <= _TIGHT * count:
        order = _order_words(typical / count, "their order")
        return f"The rank of a typical group is known to {within}, {order}"
    named = listed(
        f"{group} ({low} to {high})" if low < high else f"{group} ({low})"
        for group, low, high in zip(well["group"], well["lower"], well["upper"], strict=True)
    )
    return (
        f"Well known are the ranks ({first}) of {named}; that of a typical group is known to "
        f"{within} only, {_order_words(typical / count, 'the order of the others')}"
    )


def _order_words(width: float, whose: str) -> str:
    if width > _ROUGH:
        return f"so that {whose} says next to nothing"
    fairly = width <= _TIGHT
    return f"so that {whose} is {'fairly known' if fairly else 'rough'}"


def ranks_from_highest(values: NDArray[np.float64]) -> NDArray[np.int32]:
    """Return the place of each group in each draw, 1 for the highest, shape (draw, group)."""
    draws, groups = values.shape
    order = np.argsort(-values, axis=1)
    ranks = np.empty((draws, groups), dtype=np.int32)
    places = np.broadcast_to(np.arange(1, groups + 1, dtype=np.int32), (draws, groups))
    np.put_along_axis(ranks, order, places, axis=1)
    return ranks
