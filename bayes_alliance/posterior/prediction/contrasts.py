"""How predictions change when a predictor goes from one value to another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.display import as_html, as_text
from bayes_alliance.errors import DataError, listed
from bayes_alliance.model.group_design import GroupDesign, combined_labels
from bayes_alliance.model.spec import Model
from bayes_alliance.posterior.prediction.comparing import (
    COMPARISONS,
    Comparison,
    asked_comparison,
    compared,
)
from bayes_alliance.posterior.prediction.counterfactual import (
    Pair,
    check_groups_matter,
    wanted_pairs,
)
from bayes_alliance.posterior.prediction.estimation import By
from bayes_alliance.posterior.prediction.picture import draw_estimates
from bayes_alliance.posterior.prediction.request import Request, make_request, with_means
from bayes_alliance.posterior.prediction.target import LOOKED_AT, Target
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


@dataclass(frozen=True, kw_only=True)
class Contrasts:
    """Predictions compared between two values of a predictor.

    Parameters
    ----------
    table
        One row a contrast: what is compared (``columns``), then mean, sd, lower, upper and the
        probability of direction; up to 1,000 rows also Monte Carlo errors, ESS and R-hat.
    draws
        Variable ``contrast``, dims (chain, draw, row), with ``category`` behind where each has a
        probability. Empty where it would not fit into the memory allowed; a note says so then.
    columns
        The columns of the table that say what is compared, and where.
    comparison
        ``"difference"``, ``"ratio"`` or ``"odds ratio"``.
    targets
        For each grouping factor ``same``, ``new`` or ``average``.
    quantity, whom
        What is predicted, and for whom, in words.
    states
        What each label in the column ``contrast`` stands for, in words.
    prob
        Probability of the intervals.
    notes
        Whom it is about, and what else must be known.
    """

    table: pd.DataFrame
    draws: xr.Dataset
    columns: tuple[str, ...]
    comparison: str
    targets: Mapping[str, Target]
    quantity: str
    whom: str
    states: Mapping[str, str]
    prob: float
    notes: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """The first contrasts in words for a paper; their claims are as strong as the numbers."""
        nothing = COMPARISONS[self.comparison].nothing
        return change_sentence(
            self.table,
            self.columns,
            self._words(),
            nothing,
            self.prob,
            self.whom,
            self.states,
        )

    def plot(self, axes: Axes | None = None) -> Axes:
        """Draw the contrasts, with the value of no difference marked.

        Parameters
        ----------
        axes
            Where to draw; a new figure if left out.
        """
        nothing = COMPARISONS[self.comparison].nothing
        return draw_estimates(
            self.table, list(self.columns), self._words(), axes, reference=nothing
        )

    def _words(self) -> str:
        return f"{COMPARISONS[self.comparison].words} {self.quantity}"

    def __str__(self) -> str:
        title = f"Contrasts: {self._words()}"
        return as_text(title, self.table, *self.notes, closing_note(self.prob))

    def _repr_html_(self) -> str:
        title = f"Contrasts: {self._words()}"
        return as_html(title, self.table, *self.notes, closing_note(self.prob))


def contrast(
    fit: Fit,
    variables: str | Sequence[str] | Mapping[str, Any],
    data: pd.DataFrame | Mapping[str, Any] | None = None,
    *,
    target: str | Mapping[str, str] = "new",
    comparison: str = "difference",
    kind: str = "mean",
    scale: str = "response",
    by: By = (),
    prob: float = 0.95,
    draws: int | None = None,
    seed: int | None = None,
    memory: float = MEMORY_GIGABYTES,
) -> Contrasts:
    """Compare predictions between two values of a predictor, all else as it is.

    The predictor is set to the one value in every row and to the other, both are predicted, draw
    by draw, and averaged over the rows before they are compared: a ratio is one of averages. That
    is what the model expects of the change; it is an effect only as far as the model is one of
    causes. Several predictors are changed one at a time. A predictor in ``within(x, g)`` changes
    within its groups, whose means stay as they are. Such a mean is changed by its own name:
    ``{"between(stigma, case_manager)": 1}`` leaves each row's stigma as it is and moves the mean of
    its group, which is the contextual effect.

    Parameters
    ----------
    fit : Fit
        Any fit.
    variables : str, sequence of str or Mapping
        A predictor, several, or values for each: ``{"setting": ("ward", "home")}`` compares home
        with ward, further values are compared with the first too; ``{"stigma": 2}`` compares each
        row with itself two higher. Without values, every level is compared with the first one, a
        0 with a 1, any other number with itself one higher. With ``target="same"`` also two
        groups: ``{"case_manager": ("M01", "M07")}``.
    data : pandas.DataFrame or Mapping, optional
        Rows to compare on, as from :func:`grid`; the model's own if left out.
    target : str or Mapping of str to str
        ``"new"``, ``"same"``, ``"either"`` or ``"average"``, see :func:`predict`.
    comparison : str
        ``"difference"``; ``"ratio"``; for probabilities also ``"odds ratio"``.
    kind : str
        ``"mean"`` for the contrast averaged over new groups, ``"group"`` for that of one new group,
        which spreads as the groups do, or ``"probability"``; see :func:`predict`.
    scale : str
        ``"response"`` or ``"link"``.
    by : str or sequence of str, optional
        Average over the rows alike in these columns; over all rows if left out. None gives a
        contrast for each row.
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
    Contrasts
        One row a pair of values, and cell or row.

    Raises
    ------
    DataError
        If a column is missing, or a level or group was never seen.
    ModelError
        If the values make no pair, or the comparison makes no sense for the outcome.
    SamplingError
        If there are no rows, or too many groups for the memory.

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> ba.contrast(fit, {"setting": ("ward", "home")})  # doctest: +SKIP
    >>> ba.contrast(fit, "stigma", by="setting", comparison="ratio")  # doctest: +SKIP
    """
    check_fit(fit, "contrast", by_row=True)
    fit = location_of(fit)
    refuse_outcomes(kind, "contrast")
    request = make_request(
        fit,
        data,
        "A contrast",
        target=target,
        kind=kind,
        scale=scale,
        by=by,
        prob=prob,
        draws=draws,
        memory=memory,
        seed=seed,
    )
    return _contrasts(request, variables, comparison)


def _contrasts(request: Request, variables: Any, comparison: str) -> Contrasts:
    model = request.fit.model
    way = asked_comparison(model, comparison, request.quantity)
    names = [variables] if isinstance(variables, str) else list(variables)
    rows = with_means(model, request.rows, names)
    pairs = wanted_pairs(model, variables, rows)
    check_groups_matter(model, pairs, request.targets)
    check_groups_in_rows(model, pairs, request.targets, request.rows)
    result = compared(
        request,
        [
            Comparison(variable=p.variable, label=p.label(way.sign), tables=p.tables(rows))
            for p in pairs
        ],
        name="contrast",
        combine=way.combine,
        nothing=way.nothing,
    )
    return Contrasts(
        table=result.table,
        draws=result.draws,
        columns=result.columns,
        comparison=comparison,
        targets=request.targets,
        quantity=request.words,
        whom=request.whom,
        states={p.label(way.sign): p.words for p in pairs},
        prob=request.prob,
        notes=result.notes,
    )


def check_groups_in_rows(
    model: Model, pairs: Sequence[Pair], targets: Mapping[str, Target], rows: pd.DataFrame
) -> None:
    """Refuse to compare groups on rows of upper groups in which both do not lie.

    Raises
    ------
    DataError
        If there are such rows, with what helps: other rows, or predictions one by one.
    """
    for pair in pairs:
        naming = [group for group in model.design.groups if pair.variable in group.factors]
        if not naming or pair.first is None:
            continue
        group = min(naming, key=lambda group: len(group.factors))
        upper = [factor for factor in group.factors if factor != pair.variable]
        if upper and targets[group.name] in LOOKED_AT and set(upper) <= set(rows.columns):
            _check_pair(pair, group, upper, rows)


def _check_pair(pair: Pair, group: GroupDesign, upper: list[str], rows: pd.DataFrame) -> None:
    places = rows[upper].drop_duplicates()
    first, second = (
        combined_labels(table, group.factors).isin(group.labels).to_numpy(dtype=bool)
        for table in pair.tables(places)
    )
    if (first & second).all():
        return
    where, labels = " and ".join(upper), combined_labels(places, tuple(upper)).to_numpy()
    found, remedy = _found(pair, where, labels, (first, second))
    if (first & second).any():
        inside = combined_labels(rows, tuple(upper)).isin(labels[first & second])
        remedy += f" They are {int((~inside).sum())} of {len(rows)}."
    raise DataError(
        f"The groups {pair.first} and {pair.second} of {pair.variable} were to be compared.",
        found,
        remedy,
        group=group.name,
    )


def _found(
    pair: Pair, where: str, labels: NDArray[np.object_], seen: tuple[NDArray[np.bool_], ...]
) -> tuple[str, str]:
    """Say in which upper groups they lie, and what helps."""
    first, second = seen
    both = first & second
    if both.any():
        inside = listed(labels[both])
        return (
            f"Both lie in {inside} ({where}), and there are rows of other groups of {where}.",
            f"Leave those rows out with data=, which keeps the rows of {inside}.",
        )
    if first.any() and second.any():
        return (
            f"{pair.first} lies in {listed(labels[first])} and {pair.second} in "
            f"{listed(labels[second])} ({where}), so that no row can be of both.",
            'Predict each by itself: predict(fit, rows, target="same"), with one row for each that '
            f"names its own {where}.",
        )
    value = pair.second if first.any() else pair.first
    return (
        f"The model has not seen {value} in the rows' groups of {where}.",
        f"Give rows with data= of the {where} in which both lie; where there is none, predict each "
        'by itself: predict(fit, rows, target="same").',
    )
