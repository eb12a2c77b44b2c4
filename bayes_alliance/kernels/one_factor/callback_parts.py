"""What the C functions of the collapsed engine share: signatures, tables of addresses, views."""

from __future__ import annotations

from typing import Any, cast

import numba
import numpy as np

from bayes_alliance.kernels.compiled import Floats, Integers
from bayes_alliance.kernels.one_factor.problem import Arrays
from bayes_alliance.kernels.pointers import floats_at, integers_at
from bayes_alliance.kernels.variance_priors import PriorArrays, VariancePriors

_numba = cast(Any, numba)
_double = _numba.types.CPointer(_numba.types.float64)
DENSITY_SIGNATURE = _numba.types.int64(
    _numba.types.uint64, _double, _double, _double, _numba.types.voidptr
)
EXPAND_SIGNATURE = _numba.types.int64(
    _numba.types.uint64, _numba.types.uint64, _double, _double, _numba.types.voidptr
)
# Places in the table: an address and a shape for each array, in the order below.
PRIORS_AT = 32
UNITS_AT = PRIORS_AT + 17
COMMON_SIZE = UNITS_AT + 2


@_numba.njit(cache=True)  # type: ignore[untyped-decorator]
def problem_at(table: Integers) -> Any:
    """View the problem's arrays."""
    scalars = floats_at(table, 24, (table[25],))
    return Arrays(
        floats_at(table, 0, (table[1], table[2], table[3])),
        floats_at(table, 4, (table[5],)),
        floats_at(table, 6, (table[7], table[8], table[9])),
        floats_at(table, 10, (table[11], table[12], table[13])),
        floats_at(table, 14, (table[15], table[16])),
        floats_at(table, 17, (table[18],)),
        floats_at(table, 19, (table[20], table[21])),
        floats_at(table, 26, (table[27], table[28])),
        floats_at(table, 29, (table[30], table[31])),
        floats_at(table, 22, (table[23],)),
        scalars[0],
        scalars[1],
    )


@_numba.njit(cache=True)  # type: ignore[untyped-decorator]
def known_sigma_at(table: Integers) -> Any:
    """Read whether sigma is known."""
    return int(floats_at(table, 24, (table[25],))[2])


@_numba.njit(cache=True)  # type: ignore[untyped-decorator]
def priors_at(table: Integers) -> Any:
    """View the priors' arrays."""
    k = PRIORS_AT
    return PriorArrays(
        integers_at(table, k, (table[k + 1],)),
        floats_at(table, k + 2, (table[k + 3], table[k + 4])),
        integers_at(table, k + 5, (table[k + 6],)),
        integers_at(table, k + 7, (table[k + 8],)),
        integers_at(table, k + 9, (table[k + 10],)),
        integers_at(table, k + 11, (table[k + 12],)),
        integers_at(table, k + 13, (table[k + 14],)),
        floats_at(table, k + 15, (table[k + 16],)),
    )


@_numba.njit(cache=True)  # type: ignore[untyped-decorator]
def units_at(table: Integers) -> Any:
    """View the units of the sds that have a sign."""
    return floats_at(table, UNITS_AT, (table[UNITS_AT + 1],))


@_numba.njit(cache=True)  # type: ignore[untyped-decorator]
def status(total: Any, gradient: Any) -> Any:
    """Return 0 if all is finite, 3 if the gradient is not, 4 if the density is not."""
    for k in range(gradient.shape[0]):
        if not np.isfinite(gradient[k]):
            return 3
    return 0 if np.isfinite(total) else 4


@_numba.cfunc(EXPAND_SIGNATURE, cache=True)  # type: ignore[untyped-decorator]
def c_identity(dim: Any, expanded: Any, x: Any, out: Any, data: Any) -> Any:
    """Store the place as it is."""
    source = _numba.carray(x, (dim,))
    target = _numba.carray(out, (dim,))
    for k in range(source.shape[0]):
        target[k] = source[k]
    return 0


def common_arrays(arrays: Arrays, priors: VariancePriors, units: Floats) -> list[Any]:
    """Return the arrays every table begins with, in the order the views read them."""
    scalars = np.asarray([arrays.constant, arrays.rows, float(priors.known_sigma)])
    return [
        arrays.root,
        arrays.root_determinant,
        arrays.columns,
        arrays.sampled_columns,
        arrays.residual,
        arrays.prior_mean,
        arrays.prior_precision,
        arrays.sampled_origin,
        scalars,
        arrays.prior_root,
        arrays.pull,
        *priors.arrays(),
        units,
    ]
