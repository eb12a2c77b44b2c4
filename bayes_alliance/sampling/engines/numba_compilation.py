"""Quiet surroundings for PyTensor's compiler: two warnings that say nothing to a user."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator


@contextlib.contextmanager
def quiet_compilation() -> Iterator[None]:
    """Leave out PyTensor's note about BLAS: the numba backend brings its own."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="PyTensor could not link to a BLAS")
        yield
