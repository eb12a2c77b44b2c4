"""A typed door to numba: the decorator that every compiled kernel wears."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numba
import numpy as np
from numpy.typing import NDArray

type Floats = NDArray[np.float64]
type Integers = NDArray[np.int64]


def compiled[F: Callable[..., object]](function: F) -> F:
    """Compile ``function`` once per machine, without the interpreter lock.

    Division follows IEEE rules instead of raising, which is what lets the group loops use
    vector instructions; fast-math stays off, so sums keep their order.
    """
    return _compile(function, inside=False)


def compiled_inside[F: Callable[..., object]](function: F) -> F:
    """Compile like :func:`compiled`, for callers that are compiled themselves.

    Leaving out the bridge from Python halves the time the first compilation takes.
    """
    return _compile(function, inside=True)


def _compile[F: Callable[..., object]](function: F, *, inside: bool) -> F:
    """Hand a function to numba."""
    decorate = cast(Any, numba.njit)(
        cache=True,
        nogil=True,
        error_model="numpy",
        fastmath=False,
        no_cpython_wrapper=inside,
        no_cfunc_wrapper=inside,
    )
    return cast(F, decorate(function))
