"""What to expect for given rows, with intervals, and for which groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bayes_alliance.display import as_html, as_text
from bayes_alliance.posterior.prediction.estimation import By, Estimation, described, tabulated
from bayes_alliance.posterior.prediction.matrices import prediction_rows
from bayes_alliance.posterior.prediction.picture import draw_estimates
from bayes_alliance.posterior.prediction.predictor import shown_columns
from bayes_alliance.posterior.prediction.request import Request, make_request
from bayes_alliance.posterior.prediction.target import Target
from bayes_alliance.posterior.prediction.wording import (
    closing_note,
    level_sentence,
)
from bayes_alliance.sampling.fit import Fit, check_fit
from bayes_alliance.sampling.linear_predictor import MEMORY_GIGABYTES
from bayes_alliance.sampling.parameter_view import location_of

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """Predictions for rows, or their averages.

    Parameters
    ----------
    table
        One row a prediction: what it is for (``columns``), then mean, sd, lower and upper; up to
        100 rows also the Monte Carlo errors, ESS and R-hat.
    draws
        Variable ``prediction``, dims (chain, draw, row), with ``category`` behind where each has
        a probability. Empty where it would not fit into the memory allowed; a note says so then.
    columns
        The columns of the table that say what a prediction is for: not the names of groups,
        where groups seen are not the target.
    targets
        For each grouping factor ``same``, ``new`` or ``average``.
    quantity, whom
        What is predicted, and for whom, in words.
    prob
        Probability of the intervals.
    notes
        Whom it is about, and what else must be known.
    zero_or_one
        Whether they are outcomes of single rows that are 0 or 1: the mean is the probability of 1,
        and an interval says nothing.
    """

    table: pd.DataFrame
    draws: xr.Dataset
    columns: tuple[str, ...]
    targets: Mapping[str, Target]
    quantity: str
    whom: str
    prob: float
    notes: tuple[str, ...]
    zero_or_one: bool = False

    @property
    def sentence(self) -> str:
        """The predictions in one sentence for a paper; of many, the lowest and the highest."""
        return level_sentence(
            self.table,
            self.columns,
            self.quantity,
            self.prob,
            self.whom,
            zero_or_one=self.zero_or_one,
        )

    def plot(self, axes: Axes | None = None) -> Axes:
        """Draw a curve over the first number that varies, or one interval a prediction.

        Parameters
        ----------
        axes
            Where to draw; a new figure if left out.
        """
        return draw_estimates(self.table, list(self.columns), self.quantity, axes)

    def __str__(self) -> str:
        return as_text(self._title(), self.table, *self.notes, closing_note(self.prob))

    def _repr_html_(self) -> str:
        return as_html(self._title(), self.table, *self.notes, closing_note(self.prob))

    def _title(self) -> str:
        return f"Predictions: {self.quantity}"


def predict(
    fit: Fit,
    data: pd.DataFrame | Mapping[str, Any] | None = None,
    *,
    target: str | Mapping[str, str] = "new",
    kind: str = "mean",
    scale: str = "response",
    by: By = None,
    prob: float = 0.95,
    draws: int | None = None,
    seed: int | None = None,
    memory: float = MEMORY_GIGABYTES,
) -> Predictions:
    """Predict for rows: for the groups seen, for a new group, or for an average one.

    For a new group the prediction is averaged over the population of groups, draw by draw: what
    all factors contribute is normal with variance z' G z, and for outcomes that are not numeric
    the mean over it is an integral, accurate to 1e-9. It is then the answer for a client of whom
    nothing but the predictors is known. For an average group (effects of zero) it is the answer
    for a client of the group in the middle; on the response scale of yes-or-no and ordinal
    outcomes and of counts that is not the same.

    Parameters
    ----------
    fit : Fit
        Any fit.
    data : pandas.DataFrame or Mapping, optional
        Rows to predict for, as from :func:`grid`, or a mapping from columns to values; the model's
        own if left out. The mean that a row's group has in ``within(x, g)`` and ``between(x, g)``
        is stated in a column of the name ``between(x, g)``; or it is the group's own, where the
        model has seen it; or else the average group's, that of x over all rows it was learnt from.
        Other new rows never make it: predict with
        ``rows.assign(**{"between(x, g)": rows.groupby("g")["x"].transform("mean")})`` where they
        are all the rows of their groups. The notes say which was taken.
    target : str or Mapping of str to str
        ``"new"`` for a group drawn from the population, ``"same"`` for the groups seen, which the
        rows must name, ``"either"`` for the group that a row names where it was seen and else for
        one drawn from the population, ``"average"`` for a group whose effects are zero; or one
        for each grouping factor: ``{"agency": "same", "agency:case_manager": "new"}``.
    kind : str
        ``"mean"`` for the expected outcome (its probability if it is yes or no, its expected
        score if it is ordinal; for a Student outcome the centre of its distribution);
        ``"group"`` for that of one new group, drawn anew in each posterior draw and the same for
        all rows, so that the interval holds for a group and not for the average of all;
        ``"probability"`` for the probability of every category; ``"outcome"`` for outcomes of
        single rows, with residuals, and for new groups with effects drawn for them, the same for
        all rows that name one group.
    scale : str
        ``"response"``, or ``"link"`` for the linear predictor, whose mean over new groups is that
        of the average one.
    by : str or sequence of str, optional
        Average over the rows alike in these columns; ``()`` averages over all rows. Each row by
        itself if left out.
    prob : float
        Probability of the intervals, which are equal-tailed.
    draws : int, optional
        Use this many draws in all. If left out, all of them, unless rows times draws exceed 1e8:
        then as many as stay below, but at least 400, and a note says so.
    seed : int, optional
        Of ``kind="group"`` and ``kind="outcome"``; the fit's own if left out.
    memory : float
        Gigabytes that may be kept. The work itself goes in chunks of rows.

    Returns
    -------
    Predictions
        One row a prediction.

    Raises
    ------
    DataError
        If a column is missing, or a level (for ``same``, a group) was never seen.
    ModelError
        If the target, kind or scale does not exist for this model.
    SamplingError
        If there are no rows, or too many groups for the memory.

    References
    ----------
    .. [1] goldstein2002

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> ba.predict(fit, ba.grid(fit, "stigma"), target="new")  # doctest: +SKIP
    """
    check_fit(fit, "predict", by_row=True)
    if kind != "outcome":
        fit = location_of(fit)
    request = make_request(
        fit,
        data,
        "A prediction",
        target=target,
        kind=kind,
        scale=scale,
        by=by,
        prob=prob,
        draws=draws,
        memory=memory,
        seed=seed,
    )
    return _predictions(request)


def _predictions(request: Request) -> Predictions:
    model, cells, categories = request.fit.model, request.cells, request.categories
    residual = request.quantity.kind == "outcome"
    case = prediction_rows(model, request.rows, request.targets, residual=residual)
    taken = request.draws_for(case)
    estimation = Estimation(
        model=model,
        cases=[case],
        draws=taken,
        quantity=request.quantity,
        cells=cells,
        combine=lambda values, _: values[0],
    )
    table, kept, notes = tabulated(
        "prediction",
        estimation.values(),
        size=estimation.size,
        categories=categories,
        draws=taken,
        prob=request.prob,
        memory=request.memory,
    )
    left = shown_columns(request.fit, request.rows) if cells is None else cells.table
    whole = described(left, table, categories)
    return Predictions(
        table=whole,
        draws=kept,
        columns=request.telling(whole.columns[: len(whole.columns) - len(table.columns)]),
        targets=request.targets,
        quantity=request.words,
        whom=request.whom,
        prob=request.prob,
        notes=(*request.notes(taken), *notes),
        zero_or_one=residual and cells is None and model.family.is_probability,
    )
