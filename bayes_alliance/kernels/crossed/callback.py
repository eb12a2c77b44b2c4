"""The collapsed log posterior of several grouping factors as a C function.

Importing this file compiles it, once a machine; import it where a run begins.
"""

from __future__ import annotations

from typing import Any, cast

import numba
import numpy as np

from bayes_alliance.kernels.compiled import Floats
from bayes_alliance.kernels.crossed.posterior import log_crossed_posterior
from bayes_alliance.kernels.crossed.problem import CrossedArrays, CrossedProblem
from bayes_alliance.kernels.one_factor.callback_parts import (
    COMMON_SIZE,
    DENSITY_SIGNATURE,
    common_arrays,
    known_sigma_at,
    priors_at,
    problem_at,
    status,
    units_at,
)
from bayes_alliance.kernels.pointers import floats_at, integers_at
from bayes_alliance.kernels.signed_scales import slope_at, theta_at
from bayes_alliance.kernels.variance_priors import VariancePriors

_numba = cast(Any, numba)
_SIZE = COMMON_SIZE + 25


@_numba.cfunc(DENSITY_SIGNATURE, cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def c_log_crossed_posterior(dim: Any, x: Any, out: Any, value: Any, data: Any) -> Any:
    """Evaluate for the sampler."""
    table = _numba.carray(data, (_SIZE,), np.int64)
    k = COMMON_SIZE
    crossed = CrossedArrays(
        problem_at(table),
        integers_at(table, k, (table[k + 1],))[0],
        integers_at(table, k + 2, (table[k + 3],)),
        integers_at(table, k + 4, (table[k + 5],)),
        integers_at(table, k + 6, (table[k + 7],)),
        integers_at(table, k + 8, (table[k + 9],)),
        integers_at(table, k + 10, (table[k + 11],)),
        integers_at(table, k + 12, (table[k + 13],)),
        floats_at(table, k + 14, (table[k + 15], table[k + 16])),
        integers_at(table, k + 17, (table[k + 18],)),
        integers_at(table, k + 19, (table[k + 20],)),
        integers_at(table, k + 21, (table[k + 22],)),
        floats_at(table, k + 23, (table[k + 24],)),
    )
    place = _numba.carray(x, (dim,))
    gradient = _numba.carray(out, (dim,))
    priors, units, known = priors_at(table), units_at(table), known_sigma_at(table)
    theta = np.empty(dim)
    total = theta_at(place, units, known, priors, theta)
    total += log_crossed_posterior(crossed, priors, known, theta, gradient)
    slope_at(place, units, known, priors, gradient)
    value[0] = total
    return status(total, gradient)


def crossed_posterior_arrays(
    problem: CrossedProblem, priors: VariancePriors, units: Floats
) -> list[Any]:
    """Return the arrays whose addresses :func:`c_log_crossed_posterior` reads."""
    crossed = problem.arrays()
    own = [
        np.asarray([crossed.eliminated], dtype=np.int64),
        crossed.effects,
        crossed.block_factor,
        crossed.block_start,
        crossed.block_of,
        crossed.start,
        crossed.active,
        crossed.along,
        crossed.first,
        crossed.reach,
        crossed.at,
        crossed.off,
    ]
    common = common_arrays(crossed.arrays, priors, units)
    return [np.ascontiguousarray(array) for array in [*common, *own]]
