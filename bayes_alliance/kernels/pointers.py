"""Arrays handed to compiled code by their addresses, as a sampler outside Python needs it."""

from __future__ import annotations

from typing import Any, cast

import numba
import numpy as np
from llvmlite import ir
from numba import extending
from numba.core import types

from bayes_alliance.kernels.compiled import Integers

_numba = cast(Any, numba)


@cast(Any, extending).intrinsic  # type: ignore[untyped-decorator]
def _pointer(typing_context: Any, address: Any) -> Any:
    """Turn an address into a pointer, inside compiled code."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], ir.IntType(8).as_pointer())

    return types.voidptr(address), generate


@_numba.njit(cache=True, inline="always")  # type: ignore[untyped-decorator]
def floats_at(table: Integers, place: int, shape: Any) -> Any:
    """View the floats whose address stands at ``place`` of the table."""
    return _numba.carray(_pointer(table[place]), shape, np.float64)


@_numba.njit(cache=True, inline="always")  # type: ignore[untyped-decorator]
def integers_at(table: Integers, place: int, shape: Any) -> Any:
    """View the integers whose address stands at ``place`` of the table."""
    return _numba.carray(_pointer(table[place]), shape, np.int64)


def address_table(arrays: list[Any]) -> Integers:
    """Return addresses and shapes, one array after the other, for :func:`floats_at`.

    The arrays must be contiguous and must outlive every use of the table.
    """
    entries: list[int] = []
    for array in arrays:
        entries += [array.ctypes.data, *array.shape]
    return np.asarray(entries, dtype=np.int64)
