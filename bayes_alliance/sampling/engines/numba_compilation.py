"""Surroundings for PyTensor's compiler: code that computes the same each time it is made."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator


@contextlib.contextmanager
def repeatable_compilation() -> Iterator[None]:
    """Keep sums in the order in which they are written, and leave out a note about BLAS.

    Fast mathematics would let LLVM reorder sums as it likes, and it likes another order for
    functions it has just made than for those it reads back from the disk: the first fit after a
    compilation had other last digits, and soon other draws, than all later ones.
    """
    import pytensor

    with warnings.catch_warnings(), pytensor.config.change_flags(numba__fastmath=False):
        # The numba backend brings a BLAS of its own.
        warnings.filterwarnings("ignore", message="PyTensor could not link to a BLAS")
        yield
