"""Fewer draws, evenly spaced over every chain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bayes_alliance import names
from bayes_alliance.errors import SamplingError

if TYPE_CHECKING:
    import xarray as xr

    from bayes_alliance.sampling.fit import Fit

# To make an effect again takes several times as long as to read one.
_REDRAWN_NUMBERS = 50_000_000
_FEWEST_DRAWS = 1000


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


def few_redrawn(fit: Fit) -> Fit:
    """Return the fit with as many draws as making its group effects again is worth.

    Draws beyond 50 million effects cost more time than they add; a thousand are always kept.
    Where effects are stored, all draws are.
    """
    effects = sum(fit.posterior[name].size for name in fit.redrawn_effects) // fit.draws_in_all
    worth = max(_FEWEST_DRAWS, _REDRAWN_NUMBERS // max(1, effects))
    if not effects or fit.draws_in_all <= worth:
        return fit
    return fit.with_group(names.POSTERIOR, thinned(fit.posterior, worth))
