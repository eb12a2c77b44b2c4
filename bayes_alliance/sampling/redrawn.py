"""Group effects that are not stored: drawn again, bit by bit, wherever they are looked at.

Given the variance parameters, effects are a function of (seed, number of the draw). A variable of
the container can therefore be a lazy array: xarray asks for the draws it needs, and those alone are
made again.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xarray.backends import BackendArray
from xarray.core.indexing import (
    ExplicitIndexer,
    IndexingSupport,
    LazilyIndexedArray,
    explicit_indexing_adapter,
)

Array = NDArray[np.float64]
# Effects of one factor for some draws, given their numbers: shape (number, group, effect).
Redraw = Callable[[NDArray[np.int64]], Array]
# Fewer numbers than these are made before a second thread has begun.
_WORTH_A_THREAD = 1e6


class RedrawnEffects(BackendArray):
    """Effects of one grouping factor, shape (chain, draw, group, effect), made when asked for."""

    def __init__(self, redraw: Redraw, shape: tuple[int, int, int, int], step: int) -> None:
        self.shape = shape
        self.dtype = np.dtype(np.float64)
        self._redraw = redraw
        self._step = step

    def __getitem__(self, key: ExplicitIndexer) -> Any:
        """Make the draws that are asked for."""
        return explicit_indexing_adapter(key, self.shape, IndexingSupport.OUTER, self._outer)

    def _outer(self, key: tuple[Any, ...]) -> Array:
        """Take the outer product of four selections; an integer drops its dimension."""
        places = [np.arange(n)[part] for n, part in zip(self.shape, key, strict=True)]
        chain, draw, group, effect = (np.atleast_1d(part) for part in places)
        numbers = (chain[:, None] * self.shape[1] + draw).ravel()
        out = np.empty((len(numbers), len(group), len(effect)))
        threads = self._threads(len(numbers))
        step = max(1, min(self._step, len(numbers)) // threads)

        def make(start: int) -> None:
            some = slice(start, start + step)
            out[some] = self._redraw(numbers[some])[:, group][:, :, effect]

        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(make, range(0, len(numbers), step)))
        kept = tuple(part.size for part in places if part.ndim)
        return out.reshape(kept)

    def _threads(self, draws: int) -> int:
        """Return how many threads make so many draws; the kernels hold no lock."""
        numbers = draws * self.shape[2] * self.shape[3]
        cores = getattr(os, "process_cpu_count", os.cpu_count)() or 1
        return cores if numbers >= _WORTH_A_THREAD else 1


def as_lazy(effects: RedrawnEffects) -> LazilyIndexedArray:
    """Wrap them so that selecting draws makes none of them yet."""
    return LazilyIndexedArray(effects)
