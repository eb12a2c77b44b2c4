"""The table of what every group, left out, would do to every quantity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.checks.group_shifts import Quantities, Shifts
from bayes_alliance.sampling.left_out import LeftOut

if TYPE_CHECKING:
    import pandas as pd


def influence_table(
    left_out: LeftOut,
    caseloads: NDArray[np.int64],
    quantities: Quantities,
    shifts: Shifts,
    limit: float,
) -> pd.DataFrame:
    """Return one row a group and quantity; ``limit`` is the largest Pareto k to be trusted."""
    import pandas as pd

    whole, without = shifts.whole, shifts.without
    groups, many = without.mean.shape
    return pd.DataFrame(
        {
            "group": np.repeat(np.asarray(left_out.labels, dtype=object), many),
            "variable": np.tile(np.asarray(quantities.variables, dtype=object), groups),
            "element": np.tile(np.asarray(quantities.elements, dtype=object), groups),
            "mean": np.tile(whole.mean, groups),
            "mean_without": without.mean.ravel(),
            "mcse": without.mcse.ravel(),
            "sd_without": without.sd.ravel(),
            "shift": shifts.shift.ravel(),
            "mcse_shift": shifts.mcse_shift.ravel(),
            "probability_positive": np.tile(whole.above_zero, groups),
            "probability_positive_without": without.above_zero.ravel(),
            "pareto_k": shifts.shape.ravel(),
            "reliable": shifts.reliable(limit).ravel(),
            "refitted": np.repeat(shifts.refitted, many),
            "caseload": np.repeat(caseloads, many),
        }
    )
