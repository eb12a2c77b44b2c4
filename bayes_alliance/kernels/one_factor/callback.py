"""The collapsed log posterior as a C function: what a sampler calls, with no interpreter.

Importing this file compiles it, once a machine; import it where a run begins.
"""

from __future__ import annotations

from typing import Any, cast

import numba
import numpy as np

from bayes_alliance.kernels.compiled import Floats
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
from bayes_alliance.kernels.one_factor.posterior import log_posterior
from bayes_alliance.kernels.one_factor.problem import Problem
from bayes_alliance.kernels.signed_scales import slope_at, theta_at
from bayes_alliance.kernels.variance_priors import VariancePriors

_numba = cast(Any, numba)


@_numba.cfunc(DENSITY_SIGNATURE, cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def c_log_posterior(dim: Any, x: Any, out: Any, value: Any, data: Any) -> Any:
    """Evaluate for the sampler."""
    table = _numba.carray(data, (COMMON_SIZE,), np.int64)
    place = _numba.carray(x, (dim,))
    gradient = _numba.carray(out, (dim,))
    priors, units, known = priors_at(table), units_at(table), known_sigma_at(table)
    theta = np.empty(dim)
    total = theta_at(place, units, known, priors, theta)
    total += log_posterior(problem_at(table), priors, known, theta, gradient)
    slope_at(place, units, known, priors, gradient)
    value[0] = total
    return status(total, gradient)


def posterior_arrays(problem: Problem, priors: VariancePriors, units: Floats) -> list[Any]:
    """Return the arrays whose addresses :func:`c_log_posterior` reads."""
    return [np.ascontiguousarray(a) for a in common_arrays(problem.arrays(), priors, units)]
