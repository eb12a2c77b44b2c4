"""Predictions for the same rows in two states, compared draw by draw, and on which scale."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.errors import ModelError, did_you_mean
from bayes_alliance.model.spec import Model
from bayes_alliance.posterior.prediction.estimation import Cells, Estimation, described, tabulated
from bayes_alliance.posterior.prediction.expected import Quantity
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


@dataclass(frozen=True, kw_only=True)
class ComparisonScale:
    """A way to compare.

    Parameters
    ----------
    words
        Its name in a sentence, before what is compared.
    sign
        What stands between the two values in a label.
    nothing
        Its value where both predictions are equal.
    compare
        From both predictions to it.
    """

    words: str
    sign: str
    nothing: float
    compare: Callable[[Array, Array], Array]

    def combine(self, values: Sequence[Array], places: slice) -> Array:
        """Compare the second predictions with the first."""
        return self.compare(values[0], values[1])


def _ratio(first: Array, second: Array) -> Array:
    if min(first.min(initial=1.0), second.min(initial=1.0)) <= 0.0:
        raise ModelError(
            "The ratio of two predictions was asked for.",
            "In some draws a prediction is 0 or less, and a ratio has no meaning there.",
            "Ask for the difference instead.",
        )
    return np.asarray(second / first)


def _odds_ratio(first: Array, second: Array) -> Array:
    return _ratio(first / (1.0 - first), second / (1.0 - second))


COMPARISONS = {
    "difference": ComparisonScale(
        words="difference in", sign="−", nothing=0.0, compare=lambda a, b: np.asarray(b - a)
    ),
    "ratio": ComparisonScale(words="ratio of", sign="/", nothing=1.0, compare=_ratio),
    "odds ratio": ComparisonScale(
        words="odds ratio of", sign="/", nothing=1.0, compare=_odds_ratio
    ),
}


def asked_comparison(model: Model, comparison: str, quantity: Quantity) -> ComparisonScale:
    """Return the way to compare.

    Raises
    ------
    ModelError
        If there is no such way, or it makes no sense for what is predicted.
    """
    if comparison not in COMPARISONS:
        raise ModelError(
            f"A contrast was asked for with comparison={comparison!r}.",
            f"There is no such comparison. {did_you_mean(str(comparison), COMPARISONS)}".rstrip(),
            f"It is one of {', '.join(COMPARISONS)}.",
        )
    if comparison != "difference" and quantity.scale == "link" and model.family.on_link_scale:
        raise ModelError(
            f"The {comparison} of two linear predictors was asked for.",
            "Zero is nothing special on the link scale, so a ratio has no meaning there.",
            "Ask for the difference; with the logit link its exponential is an odds ratio.",
        )
    probabilities = model.family.is_probability or quantity.kind == "probability"
    if comparison == "odds ratio" and not probabilities:
        raise ModelError(
            f"Odds ratios of the expected {model.outcome} were asked for.",
            "Only probabilities have odds.",
            "Ask for the difference or the ratio, or, for ordered categories, for "
            "kind='probability'.",
        )
    return COMPARISONS[comparison]
