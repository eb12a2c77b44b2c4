"""The walk over rows and draws: in chunks of rows, averaged as it goes, never all at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.model.spec import Model
from bayes_alliance.posterior.prediction.averaging import Cells
from bayes_alliance.posterior.prediction.expected import Quantity, quantity_of
from bayes_alliance.posterior.prediction.matrices import PredictionRows
from bayes_alliance.posterior.prediction.posterior_draws import PredictionDraws

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Array = NDArray[np.float64]
_CHUNK_NUMBERS = 2e6


@dataclass(frozen=True, kw_only=True)
class Estimation:
    """What to walk over.

    Parameters
    ----------
    model
        The model.
    cases
        The rows as they are, or twice with a predictor changed: what is compared.
    draws
        The draws.
    quantity
        What is predicted.
    cells
        What is averaged; None for every row by itself.
    combine
        From the values of every case, shape (estimate, ..., draw), and the places of these
        estimates among all, to what is reported.
    """

    model: Model
    cases: Sequence[PredictionRows]
    draws: PredictionDraws
    quantity: Quantity
    cells: Cells | None
    combine: Callable[[Sequence[Array], slice], Array]

    @property
    def size(self) -> int:
        """Number of estimates: rows, or cells."""
        return len(self.cases[0].offset) if self.cells is None else len(self.cells.table)

    def values(self) -> Iterator[Array]:
        """Yield the estimates some at a time, shape (estimate, ..., draw)."""
        if self.cells is None:
            yield from self._by_row(self.cases)
        elif self.quantity.is_linear(self.model):
            yield from self._by_row([case.averaged(self.cells.weights) for case in self.cases])
        else:
            totals = [self._average(case, self.cells.weights) for case in self.cases]
            yield self.combine(totals, slice(0, self.size))

    def _by_row(self, cases: Sequence[PredictionRows]) -> Iterator[Array]:
        for rows in self._chunks(len(cases[0].offset)):
            yield self.combine([self._quantity(case, rows) for case in cases], rows)

    def _average(self, case: PredictionRows, weights: csr_array) -> Array:
        by_column = weights.tocsc()
        categories = len(self.quantity.categories(self.model))
        numbers = (categories, self.draws.total) if categories else (self.draws.total,)
        total = np.zeros((self.size, *numbers))
        for rows in self._chunks(len(case.offset)):
            values = self._quantity(case, rows).reshape(rows.stop - rows.start, -1)
            part = by_column[:, rows]
            cells = np.unique(part.indices)
            total[cells] += (part.tocsr()[cells] @ values).reshape(-1, *numbers)
        return total

    def _quantity(self, case: PredictionRows, rows: slice) -> Array:
        return quantity_of(self.model, case.part(rows), self.draws, self.quantity, rows.start)

    def _chunks(self, rows: int) -> Iterator[slice]:
        many = max(1, len(self.quantity.categories(self.model))) * self.draws.total
        step = max(1, int(_CHUNK_NUMBERS / many))
        for start in range(0, rows, step):
            yield slice(start, min(start + step, rows))
