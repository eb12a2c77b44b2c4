"""Whether twice the draws changed the answer: the first half of every chain beside all of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bayes_alliance import names
from bayes_alliance.report.wording import count, percent

if TYPE_CHECKING:
    import xarray as xr

    from bayes_alliance.report.results import Results

SMALL = 0.05


@dataclass(frozen=True, kw_only=True)
class HalfOfDraws:
    """The largest change when the draws were doubled.

    Parameters
    ----------
    shift
        Of a mean, in posterior standard deviations.
    where
        The parameter.
    draws
        Draws in the first half of all chains.
    """

    shift: float
    where: str
    draws: int

    @property
    def sentence(self) -> str:
        """What doubling changed, and what that cannot show."""
        small = "hardly moved" if self.shift < SMALL else "moved"
        return (
            f"From the first half of each chain ({count(self.draws)} draws) to all of it the means "
            f"{small}: by {percent(self.shift)} of a posterior standard deviation at most "
            f"({self.where}). This doubles the draws at hand; it cannot show a region that all "
            "chains miss, for which a longer run with another seed is needed."
        )


def compare_halves(results: Results) -> HalfOfDraws | None:
    """Compare the first half of the draws with all of them; None where nothing varies."""
    found: list[tuple[float, str]] = []
    for summary in (results.coefficients, results.sds, results.correlations):
        if summary is not None:
            found += _shifts(summary.draws, list(summary.table.index))
    found = [each for each in found if each[0] == each[0]]
    if not found:
        return None
    shift, where = max(found)
    sizes = results.fit.idata[names.POSTERIOR].sizes
    return HalfOfDraws(
        shift=shift, where=where, draws=int(sizes[names.CHAIN] * (sizes[names.DRAW] // 2))
    )


def _shifts(draws: xr.Dataset, labels: list[str]) -> list[tuple[float, str]]:
    """Return the change of each element's mean, in posterior standard deviations."""
    shifts: list[float] = []
    for values in draws.data_vars.values():
        array = values.transpose(names.CHAIN, names.DRAW, ...).to_numpy()
        array = array.reshape(*array.shape[:2], -1)
        half = array[:, : array.shape[1] // 2].mean(axis=(0, 1))
        spread = array.std(axis=(0, 1))
        scaled = np.divide(
            np.abs(half - array.mean(axis=(0, 1))), spread,
            out=np.full(len(spread), np.nan), where=spread > 0,
        )  # fmt: skip
        shifts += scaled.tolist()
    return list(zip(shifts, labels, strict=True))
