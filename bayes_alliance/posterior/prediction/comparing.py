"""Predictions for the same rows in two states, compared draw by draw."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.posterior.prediction.averaging import Cells
from bayes_alliance.posterior.prediction.estimate_table import described, tabulated
from bayes_alliance.posterior.prediction.estimation import Estimation
from bayes_alliance.posterior.prediction.expected import Quantity
from bayes_alliance.posterior.prediction.matrices import prediction_rows, with_shared_groups
from bayes_alliance.posterior.prediction.posterior_draws import enough_draws, prediction_draws
from bayes_alliance.posterior.prediction.predictor import shown_columns
from bayes_alliance.posterior.prediction.target import Target
from bayes_alliance.posterior.prediction.wording import standing_notes
from bayes_alliance.sampling.fit import Fit

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
    rows, tables
        The rows as they are, and in the first state and in the second.
    width
        How far apart the states are, a number a row, where the change is wanted per unit.
    """

    variable: str
    label: str
    rows: pd.DataFrame
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
    fit: Fit,
    comparisons: Sequence[Comparison],
    *,
    name: str,
    quantity: Quantity,
    targets: Mapping[str, Target],
    cells: Cells | None,
    combine: Callable[[Sequence[Array], slice], Array],
    nothing: float,
    prob: float,
    draws: int | None,
    memory: float,
) -> Compared:
    """Compare, and summarise.

    Parameters
    ----------
    fit
        The fit.
    comparisons
        What is compared, all on as many rows.
    name
        Of the variable of the draws.
    quantity, targets, cells
        What is predicted, for whom, averaged over what.
    combine
        From the predictions in both states to what is reported.
    nothing
        Its value where the states do not differ.
    prob, draws, memory
        As in the public verbs.
    """
    import pandas as pd

    model, rows = fit.model, comparisons[0].rows
    cases = with_shared_groups(
        [prediction_rows(model, table, targets) for c in comparisons for table in c.tables]
    )
    linear = cells is not None and quantity.is_linear(model)
    count = draws if linear else enough_draws(fit, len(rows), draws)
    taken = prediction_draws(fit, cases[0], count, memory)
    estimations = [
        Estimation(
            model=model,
            cases=cases[2 * k : 2 * k + 2],
            draws=taken,
            quantity=quantity,
            cells=_per_unit(cells, c.width),
            combine=combine if cells is not None else _divided(combine, c.width),
        )
        for k, c in enumerate(comparisons)
    ]
    categories = quantity.categories(model)
    table, kept, notes = tabulated(
        name,
        chain.from_iterable(e.values() for e in estimations),
        size=sum(e.size for e in estimations),
        categories=categories,
        draws=taken,
        prob=prob,
        memory=memory,
        nothing=nothing,
    )
    left = pd.concat([_left(fit, c, cells) for c in comparisons], ignore_index=True)
    whole = described(left, table, categories)
    standing = standing_notes(
        targets, taken, fit.draws_in_all, weighted=cells is not None and cells.weighted
    )
    columns = tuple(whole.columns[: len(whole.columns) - len(table.columns)])
    return Compared(table=whole, draws=kept, columns=columns, notes=(*standing, *notes))


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


def _left(fit: Fit, comparison: Comparison, cells: Cells | None) -> pd.DataFrame:
    """Return what stands left of the numbers: predictor, states, and the cell or the row."""
    import pandas as pd

    if cells is not None:
        where = cells.table
    else:
        where = shown_columns(fit, comparison.rows)
        if comparison.label:
            where = where.drop(columns=comparison.variable, errors="ignore")
    words = {"variable": comparison.variable, "contrast": comparison.label}
    named = {k: [v] * len(where) for k, v in words.items() if v}
    return pd.concat([pd.DataFrame(named, index=where.index), where], axis=1)
