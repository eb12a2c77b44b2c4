"""Fewer draws, evenly spaced over every chain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bayes_alliance import names
from bayes_alliance.errors import SamplingError

if TYPE_CHECKING:
    import xarray as xr


def thinned(draws: xr.Dataset, count: int | None) -> xr.Dataset:
    """Keep about ``count`` draws in all, the same number in every chain; all of them if None.

    Raises
    ------
    SamplingError
        If ``count`` is less than one.
    """
    if count is None:
        return draws
    if count < 1:
        raise SamplingError(
            f"draws={count} was asked for.",
            "At least one draw is needed.",
            "Leave draws= out to use all of them.",
        )
    chains, available = draws.sizes[names.CHAIN], draws.sizes[names.DRAW]
    each = min(available, max(1, -(-count // chains)))
    places = np.unique(np.linspace(0, available - 1, each).round().astype(int))
    return draws.isel({names.DRAW: places})
