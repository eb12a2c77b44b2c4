"""Predictions for the same rows in two states, compared draw by draw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.posterior.prediction.averaging import Cells
from bayes_alliance.posterior.prediction.estimate_table import described, tabulated
from bayes_alliance.posterior.prediction.estimation import Estimation
from bayes_alliance.posterior.prediction.matrices import prediction_rows, with_shared_groups
from bayes_alliance.posterior.prediction.predictor import shown_columns
from bayes_alliance.posterior.prediction.request import Request

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One predictor in two states.

    Parameters
    ----------
    variable, label
        The predictor, and the states in words.
    tables
        The rows in the first state and in the second.
    width
        How far apart the states are, a number a row, where the change is wanted per unit.
    """

    variable: str
    label: str
    tables: tuple[pd.DataFrame, pd.DataFrame]
    width: Array | None = None


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Comparisons as a table and as draws.

    Parameters
    ----------
    table, draws, notes
        As in the public records.
    columns
        Columns of the table that say what is compared where.
    """

    table: pd.DataFrame
    draws: xr.Dataset
    columns: tuple[str, ...]
    notes: tuple[str, ...]


def compared(
    request: Request,
    comparisons: Sequence[Comparison],
    *,
    name: str,
    combine: Callable[[Sequence[Array], slice], Array],
    nothing: float,
) -> Compared:
    """Compare, and summarise.

    Parameters
    ----------
    request
        What is predicted, for whom, averaged over what.
    comparisons
        What is compared, all on as many rows.
    name
        Of the variable of the draws.
    combine
        From the predictions in both states to what is reported.
    nothing
        Its value where the states do not differ.
    """
    import pandas as pd

    estimations = _estimations(request, comparisons, combine)
    taken = estimations[0].draws
    table, kept, notes = tabulated(
        name,
        chain.from_iterable(e.values() for e in estimations),
        size=sum(e.size for e in estimations),
        categories=request.categories,
        draws=taken,
        prob=request.prob,
        memory=request.memory,
        nothing=nothing,
    )
    left = pd.concat([_left(request, c) for c in comparisons], ignore_index=True)
    whole = described(left, table, request.categories)
    columns = request.telling(whole.columns[: len(whole.columns) - len(table.columns)])
    return Compared(table=whole, draws=kept, columns=columns, notes=(*request.notes(taken), *notes))


def _estimations(
    request: Request,
    comparisons: Sequence[Comparison],
    combine: Callable[[Sequence[Array], slice], Array],
) -> list[Estimation]:
    model, cells = request.fit.model, request.cells
    cases = with_shared_groups(
        [prediction_rows(model, t, request.targets) for c in comparisons for t in c.tables]
    )
    taken = request.draws_for(cases[0])
    return [
        Estimation(
            model=model,
            cases=cases[2 * k : 2 * k + 2],
            draws=taken,
            quantity=request.quantity,
            cells=_per_unit(cells, c.width),
            combine=combine if cells is not None else _divided(combine, c.width),
        )
        for k, c in enumerate(comparisons)
    ]


def _per_unit(cells: Cells | None, width: Array | None) -> Cells | None:
    """Divide each row's share by the width, so that an average of changes is one per unit."""
    if cells is None or width is None:
        return cells
    return replace(cells, weights=(cells.weights * (1.0 / width)[None, :]).tocsr())


def _divided(
    combine: Callable[[Sequence[Array], slice], Array], width: Array | None
) -> Callable[[Sequence[Array], slice], Array]:
    if width is None:
        return combine

    def divided(values: Sequence[Array], places: slice) -> Array:
        change = combine(values, places)
        return change / width[places].reshape(-1, *[1] * (change.ndim - 1))

    return divided


def _left(request: Request, comparison: Comparison) -> pd.DataFrame:
    """Return what stands left of the numbers: predictor, states, and the cell or the row."""
    import pandas as pd

    if request.cells is not None:
        where = request.cells.table
    else:
        where = shown_columns(request.fit, request.rows)
        if comparison.label:
            where = where.drop(columns=comparison.variable, errors="ignore")
    words = {"variable": comparison.variable, "contrast": comparison.label}
    named = {k: [v] * len(where) for k, v in words.items() if v}
    return pd.concat([pd.DataFrame(named, index=where.index), where], axis=1)
