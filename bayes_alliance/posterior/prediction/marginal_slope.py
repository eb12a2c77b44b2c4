"""How fast predictions change with a predictor, at each row or on average."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.display import as_html, as_text
from bayes_alliance.errors import DataError
from bayes_alliance.model.repeats import clients_of_rows
from bayes_alliance.posterior.prediction.comparing import COMPARISONS, Comparison, compared
from bayes_alliance.posterior.prediction.counterfactual import check_variable
from bayes_alliance.posterior.prediction.estimation import By
from bayes_alliance.posterior.prediction.picture import draw_estimates
from bayes_alliance.posterior.prediction.predictor import is_categorical
from bayes_alliance.posterior.prediction.request import Request, make_request, with_means
from bayes_alliance.posterior.prediction.target import Target
from bayes_alliance.posterior.prediction.wording import (
    change_sentence,
    closing_note,
    refuse_outcomes,
)
from bayes_alliance.sampling.fit import Fit, check_fit
from bayes_alliance.sampling.linear_predictor import MEMORY_GIGABYTES
from bayes_alliance.sampling.parameter_view import location_of

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes

_STEP = 1e-4  # of the predictor's standard deviation, to either side
_NOTHING = 0.0


@dataclass(frozen=True, kw_only=True)
class Slopes:
    """Change of a prediction for one unit of a predictor, where it stands.

    Parameters
    ----------
    table
        One row a slope: of which predictor, and where (``columns``), then mean, sd, lower, upper
        and the probability of direction; up to 1,000 rows also Monte Carlo errors, ESS and R-hat.
    draws
        Variable ``slope``, dims (chain, draw, row), with ``category`` behind where each has a
        probability. Empty where it would not fit into the memory allowed; a note says so then.
    columns
        The columns of the table that say what a slope is of.
    targets
        For each grouping factor ``same``, ``new`` or ``average``.
    quantity, whom
        What is predicted, and for whom, in words.
    prob
        Probability of the intervals.
    notes
        Whom it is about, and what else must be known.
    """

    table: pd.DataFrame
    draws: xr.Dataset
    columns: tuple[str, ...]
    targets: Mapping[str, Target]
    quantity: str
    whom: str
    prob: float
    notes: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """The first slopes in words for a paper; their claims are as strong as the numbers."""
        return change_sentence(
            self.table, self.columns, self._words(), _NOTHING, self.prob, self.whom, {}
        )

    def plot(self, axes: Axes | None = None) -> Axes:
        """Draw the slopes, with zero marked.

        Parameters
        ----------
        axes
            Where to draw; a new figure if left out.
        """
        predictors = " and ".join(dict.fromkeys(self.table["variable"]))
        words = f"{self._words()} along {predictors}"
        return draw_estimates(self.table, list(self.columns), words, axes, reference=_NOTHING)

    def _words(self) -> str:
        return f"slope of {self.quantity}"

    def __str__(self) -> str:
        title = f"Slopes: {self._words()}"
        return as_text(title, self.table, *self.notes, closing_note(self.prob))

    def _repr_html_(self) -> str:
        title = f"Slopes: {self._words()}"
        return as_html(title, self.table, *self.notes, closing_note(self.prob))


def slopes(
    fit: Fit,
    variables: str | Sequence[str],
    data: pd.DataFrame | Mapping[str, Any] | None = None,
    *,
    target: str | Mapping[str, str] = "new",
    kind: str = "mean",
    scale: str = "response",
    by: By = (),
    prob: float = 0.95,
    draws: int | None = None,
    seed: int | None = None,
    memory: float = MEMORY_GIGABYTES,
) -> Slopes:
    """Say how fast a prediction changes with a numeric predictor, all else as it is.

    The slope is the difference of predictions a little to either side, over its width, draw by
    draw; at the ends of the predictor's range in the model's rows, to one side. It holds at the
    values the rows have: with ``by=None`` and rows from :func:`grid`, at stated values; averaged
    over rows, over their distribution. A predictor in ``within(x, g)`` changes within its groups;
    the slope over their means is that of ``between(x, g)``.

    Parameters
    ----------
    fit : Fit
        Any fit.
    variables : str or sequence of str
        Numeric predictors, or group means by their names.
    data : pandas.DataFrame or Mapping, optional
        Rows, as from :func:`grid`; the model's own if left out.
    target : str or Mapping of str to str
        ``"new"``, ``"same"``, ``"either"`` or ``"average"``, see :func:`predict`.
    kind : str
        ``"mean"`` for the slope averaged over new groups, ``"group"`` for that of one new group,
        which spreads as the groups do, or ``"probability"``; see :func:`predict`.
    scale : str
        ``"response"`` or ``"link"``.
    by : str or sequence of str, optional
        Average over the rows alike in these columns; over all rows if left out. None gives a
        slope for each row.
    prob : float
        Probability of the intervals, which are equal-tailed.
    draws : int, optional
        Use this many draws in all; see :func:`predict` for what is done if left out.
    seed : int, optional
        Of ``kind="group"``; the fit's own if left out.
    memory : float
        Gigabytes that may be kept.

    Returns
    -------
    Slopes
        One row a predictor, and cell or row.

    Raises
    ------
    DataError
        If there is no such predictor, it is categorical, or rows lack what they need.
    SamplingError
        If there are no rows, or too many groups for the memory.

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> ba.slopes(fit, "stigma", by="setting")  # doctest: +SKIP
    >>> ba.slopes(fit, "stigma", ba.grid(fit, "stigma"), by=None)  # doctest: +SKIP
    """
    check_fit(fit, "slopes", by_row=True)
    fit = location_of(fit)
    refuse_outcomes(kind, "slope")
    request = make_request(
        fit,
        data,
        "A slope",
        target=target,
        kind=kind,
        scale=scale,
        by=by,
        prob=prob,
        draws=draws,
        memory=memory,
        seed=seed,
    )
    return _slopes(request, [variables] if isinstance(variables, str) else list(variables))


def _slopes(request: Request, variables: list[str]) -> Slopes:
    result = compared(
        request,
        [_nearby(request.fit, name, request.rows) for name in variables],
        name="slope",
        combine=COMPARISONS["difference"].combine,
        nothing=_NOTHING,
    )
    return Slopes(
        table=result.table,
        draws=result.draws,
        columns=result.columns,
        targets=request.targets,
        quantity=request.words,
        whom=request.whom,
        prob=request.prob,
        notes=result.notes,
    )


def _spread(fit: Fit, column: NDArray[np.float64]) -> float:
    """Return the standard deviation of a column, rows counted by their frequency weights."""
    often = clients_of_rows(fit.model.formula.response, fit.model.frame.rows)
    if often is None or len(often) != len(column):
        return float(np.std(column))
    mean = np.average(column, weights=often)
    return float(np.sqrt(np.average((column - mean) ** 2, weights=often)))


def _nearby(fit: Fit, name: str, rows: pd.DataFrame) -> Comparison:
    """Move a predictor to both sides of where it stands, inside its range."""
    if is_categorical(check_variable(fit.model, name, "A slope")):
        raise DataError(
            f"A slope of {name} was asked for.",
            "It has levels, and between two levels is nothing.",
            f"Compare them, with contrast(fit, {name!r}).",
            variable=name,
        )
    rows = with_means(fit.model, rows, [name])
    here = rows[name].to_numpy(dtype=float)
    own = here
    if fit.has_data:
        own = with_means(fit.model, fit.model.frame.rows, [name])[name].to_numpy(dtype=float)
    spread = _spread(fit, own) or max(1.0, float(np.abs(own).max()))
    low, high = here - _STEP * spread, here + _STEP * spread
    if fit.has_data:
        inside = (here >= own.min()) & (here <= own.max())
        low = np.where(inside, np.maximum(low, own.min()), low)
        high = np.where(inside, np.minimum(high, own.max()), high)
    return Comparison(
        variable=name,
        label="",
        tables=(rows.assign(**{name: low}), rows.assign(**{name: high})),
        width=high - low,
    )
