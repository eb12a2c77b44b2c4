"""How well ranks are known, in words that go as far as the draws do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bayes_alliance.errors import listed

if TYPE_CHECKING:
    import pandas as pd

_TIGHT, _ROUGH = 0.2, 0.5  # widths of an interval of a rank, as a share of all places


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
