"""Contextual effects: the group's mean of a predictor against the row's own value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.data.labels import group_labels
from bayes_alliance.display import as_html, as_text, number
from bayes_alliance.drawing import draw_intervals, intervals_height, own_axes, reference_line
from bayes_alliance.errors import ModelError, listed
from bayes_alliance.model.group_mean_terms import (
    GroupMeanTerm,
    group_mean_terms,
    interacting_components,
)
from bayes_alliance.posterior.summaries import (
    DIRECTION,
    interval_phrase,
    interval_words,
    summary_table,
)
from bayes_alliance.sampling.fit import Fit, check_fit
from bayes_alliance.sampling.linear_predictor import frequency_weights
from bayes_alliance.sampling.parameter_view import location_of

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes

_FEW_GROUPS = 100
_PLACE = ["predictor", "group", "effect"]
_SLOPE, _EFFECT = "slope", "effect"
Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class ContextualEffects:
    """Slopes within groups and between them, and their difference.

    Parameters
    ----------
    table
        Three rows a predictor, index (predictor, group, effect): ``within``, ``between``,
        ``contextual``. The columns of a :class:`Summary`, and ``probability_of_direction``:
        that the effect has the sign of its median.
    draws
        Variable ``slope``, dims (chain, draw, effect), with coordinates predictor, group and kind.
    reliability
        By (predictor, group), how reliable the group means are; empty for a fit without rows.
    outcome
        Name of the outcome, with the scale where it is that of a link.
    notes
        What the effects hold for, and what unreliable group means do to them.
    prob
        Probability of the intervals.
    """

    table: pd.DataFrame
    draws: xr.Dataset
    reliability: Mapping[tuple[str, str], MeanReliability]
    outcome: str
    notes: tuple[str, ...]
    prob: float

    @property
    def sentence(self) -> str:
        """The effects in words, for a paper."""
        return " ".join(self._sentence(*pair) for pair in self._pairs())

    def _pairs(self) -> list[tuple[str, str]]:
        places = self.table.index.to_flat_index().tolist()
        return list(dict.fromkeys((predictor, group) for predictor, group, _ in places))

    def _sentence(self, predictor: str, group: str) -> str:
        own: Any = self.table.xs(predictor, level=0).xs(group, level=0)
        within, between = (self._change(own.loc[kind]) for kind in ("within", "between"))
        label = f"{predictor} by {group}, contextual"
        positive = float((self.draws[_SLOPE].sel({_EFFECT: label}) > 0).mean())
        sign = "positive" if positive >= 0.5 else "negative"
        return (
            f"Within one {group}, one unit more of {predictor} goes with {self.outcome} "
            f"{within}; between those with different means, {between}. The contextual effect, "
            f"their difference, is {interval_phrase(own.loc['contextual'], self.prob)}; it is "
            f"{sign} with probability {max(positive, 1 - positive):.2f}."
        )

    def _change(self, row: Any) -> str:
        mean, lower, upper = (float(row[name]) for name in ("mean", "lower", "upper"))
        return (
            f"{'lower' if mean < 0 else 'higher'} by {number(abs(mean))} ({self.prob:.0%} interval "
            f"of the slope {number(lower)} to {number(upper)})"
        )

    def plot(self, axes: Axes | None = None) -> Axes:
        """Draw the three slopes of every predictor with their intervals.

        Parameters
        ----------
        axes
            Where to draw; a new figure if left out.
        """
        axes = own_axes(axes, height=intervals_height(len(self.table)))
        places = self.table.index.to_flat_index().tolist()
        labels = [f"{predictor}, {effect}" for predictor, _, effect in places]
        draw_intervals(axes, self.table, labels=labels)
        reference_line(axes)
        axes.set_xlabel(
            f"change in {self.outcome} per unit of the predictor,\n{interval_words(self.prob)}"
        )
        return axes

    def __str__(self) -> str:
        return as_text("Contextual effects", self.table, *self.notes)

    def _repr_html_(self) -> str:
        return as_html("Contextual effects", self.table, *self.notes)


def contextual_effects(fit: Fit, *, prob: float = 0.95) -> ContextualEffects:
    """Compare the slope of a predictor between groups with its slope within them.

    For every ``within(x, g)`` with its ``between(x, g)`` in the formula, the contextual effect is
    the difference between - within: what the group's mean has to do with the outcome at equal
    values of one's own. Where the formula has ``x`` itself beside ``between(x, g)``, the
    coefficient of the mean is the contextual effect already.

    A group's observed mean measures its true mean with error where the rows are a sample of the
    group: the slope between tends to ``lambda b_between + (1 - lambda) b_within`` then, and the
    contextual effect to lambda times its true value, with ``lambda = icc / (icc + (1 - icc) / n)``,
    icc that of the predictor itself. The notes give lambda. Where all of a caseload is in the data
    the mean has no such error.

    Parameters
    ----------
    fit : Fit
        A fit with both terms of a predictor in its formula.
    prob : float
        Probability of the intervals.

    Returns
    -------
    ContextualEffects
        Three rows a predictor, on the link scale where the outcome has a link.

    Raises
    ------
    ModelError
        If the formula has no such pair.

    References
    ----------
    .. [1] enders2007
    .. [2] luedtke2008

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> ba.contextual_effects(fit)  # doctest: +SKIP
    """
    check_fit(fit, "contextual_effects", by_row=True)
    fit = location_of(fit)
    pairs = contextual_pairs(fit)
    if not pairs:
        raise ModelError(
            "Contextual effects were asked for.",
            "No predictor has both its deviation from the group's mean and that mean in the model, "
            f"which has {listed(fit.model.design.coefficients)}.",
            "Write within(x, group) + between(x, group) in the formula.",
        )
    draws = _draws(fit, pairs)
    reliability = (
        {_place(pair): pair_reliability(fit, pair, prob) for pair in pairs} if fit.has_data else {}
    )
    model = fit.model
    return ContextualEffects(
        table=_table(draws, prob),
        draws=draws,
        reliability=reliability,
        outcome=f"{model.outcome}{model.link.note}",
        notes=(f"{interval_words(prob)}.", *_notes(pairs, reliability)),
        prob=prob,
    )


def _place(pair: ContextualPair) -> tuple[str, str]:
    return pair.between.predictor, pair.between.group


def _draws(fit: Fit, pairs: Sequence[ContextualPair]) -> xr.Dataset:
    import xarray as xr

    b = fit.posterior[names.B]
    slopes = {
        (*_place(pair), kind): values
        for pair in pairs
        for kind, values in pair.effects(
            lambda label: b.sel({names.COEFFICIENT: label}).to_numpy()
        ).items()
    }
    columns = list(zip(*slopes, strict=True))
    labels = [f"{predictor} by {group}, {kind}" for predictor, group, kind in slopes]
    coords = {_EFFECT: labels, "predictor": columns[0], "group": columns[1], "kind": columns[2]}
    return xr.Dataset(
        {_SLOPE: ((names.CHAIN, names.DRAW, _EFFECT), np.stack(list(slopes.values()), axis=-1))},
        coords={name: (_EFFECT, np.asarray(own, dtype=object)) for name, own in coords.items()},
    )


def _table(draws: xr.Dataset, prob: float) -> pd.DataFrame:
    import pandas as pd

    table = summary_table(draws, prob)
    table.index = pd.MultiIndex.from_arrays(
        [draws[name].to_numpy() for name in ("predictor", "group", "kind")], names=_PLACE
    )
    values = draws[_SLOPE].to_numpy()
    above = (values > 0).mean(axis=(0, 1))
    return table.assign(**{DIRECTION: np.maximum(above, 1 - above)})


def _notes(
    pairs: Sequence[ContextualPair], reliability: Mapping[tuple[str, str], MeanReliability]
) -> list[str]:
    notes = [
        f"{pair.between.predictor} interacts with something: its slopes are those where that is 0 "
        "(or at its reference level)."
        for pair in pairs
        if pair.interacts
    ]
    for (predictor, group), own in reliability.items():
        notes.append(_reliability_note(predictor, group, own))
    if not reliability:
        notes.append("How reliable the group means are needs the rows, which this fit has not.")
    return notes


def _reliability_note(predictor: str, group: str, own: MeanReliability) -> str:
    if np.isnan(own.reliability):
        return f"Every {group} has one row: the means of {predictor} are the values themselves."
    if own.reliability == 0:
        return (
            f"Means of {predictor} by {group} rest on {own.caseload:.1f} rows and differ no more "
            "than chance would have them; if the rows are a sample of the group, they cannot tell "
            f"a contextual effect (reliability 0, up to {own.upper:.2f})."
        )
    unsure = (
        f" With {own.groups} groups, fewer than {_FEW_GROUPS}, that correction is unsure."
        if own.groups < _FEW_GROUPS
        else ""
    )
    return (
        f"Means of {predictor} by {group} rest on {own.caseload:.1f} rows; if these are a sample "
        f"of the group, their reliability is {own.reliability:.2f} ({own.lower:.2f} to "
        f"{own.upper:.2f}; ICC of {predictor} {own.icc:.2f}) and the contextual effect shown is "
        f"about that share of the true one.{unsure} If they are all of it, nothing is lost."
    )


@dataclass(frozen=True, kw_only=True)
class ContextualPair:
    """Two coefficients of one predictor: of the row's own value and of the group's mean.

    Parameters
    ----------
    first
        Label of the coefficient of the centred predictor, or of the predictor as it is.
    between
        The term of the group mean.
    centred
        Whether the first is centred. If not, the coefficient of the group mean is the contextual
        effect itself, at equal values of the row.
    interacts
        Whether one of them stands in an interaction as well.
    """

    first: str
    between: GroupMeanTerm
    centred: bool
    interacts: bool

    def effects(self, b: Callable[[str], Array]) -> dict[str, Array]:
        """Return the three effects from the draws of the coefficients."""
        first, mean = b(self.first), b(self.between.label)
        if self.centred:
            return {"within": first, "between": mean, "contextual": mean - first}
        return {"within": first, "between": first + mean, "contextual": mean}


def contextual_pairs(fit: Fit) -> tuple[ContextualPair, ...]:
    """Find the pairs in the recorded state of the model's population part."""
    coefficients = fit.model.design.coefficients
    terms = [t for t in group_mean_terms(fit.model.design.part) if t.label in coefficients]
    within = {(t.predictor, t.group): t for t in terms if t.kind == "within"}
    betweens = [t for t in terms if t.kind == "between"]
    joint = interacting_components(fit.model.design.part)
    pairs: list[ContextualPair] = []
    for term in betweens:
        own = within.get((term.predictor, term.group))
        alone = sum(t.predictor == term.predictor for t in betweens) == 1
        if own is None and not (term.predictor in coefficients and alone):
            continue
        first = term.predictor if own is None else own.label
        pairs.append(
            ContextualPair(
                first=first,
                between=term,
                centred=own is not None,
                interacts=not joint.isdisjoint({first, term.label}),
            )
        )
    return tuple(pairs)


def pair_reliability(fit: Fit, pair: ContextualPair, prob: float) -> MeanReliability:
    """Say how reliable the group means of the pair's predictor are, from the model's rows."""
    model, term = fit.model, pair.between
    columns = {label: k for k, label in enumerate(model.design.coefficients)}
    deviations = model.design.X[:, columns[pair.first]]
    if not pair.centred:
        deviations = deviations - model.design.X[:, columns[term.label]]
    labels = group_labels(model.frame.rows[term.group])
    groups = list(term.means)
    return mean_reliability(
        np.asarray(deviations, dtype=float),
        np.array([float(term.sizes[label]) for label in labels]),
        np.array([term.means[group] for group in groups]),
        np.array([float(term.sizes[group]) for group in groups]),
        prob,
        frequency_weights(model),
    )


@dataclass(frozen=True, kw_only=True)
class MeanReliability:
    """Reliability of the group means of a predictor, if the rows are a sample of each group.

    Parameters
    ----------
    reliability, lower, upper
        ``icc / (icc + (1 - icc) / n)`` and its interval, all 0 to 1; NaN where no group has two
        rows.
    icc
        The predictor's own intraclass correlation.
    caseload
        Rows of a typical group, n.
    groups
        How many groups.
    """

    reliability: float
    lower: float
    upper: float
    icc: float
    caseload: float
    groups: int


def mean_reliability(
    deviations: Array,
    sizes_of_rows: Array,
    means: Array,
    sizes: Array,
    prob: float,
    repeats: Array | float = 1.0,
) -> MeanReliability:
    """Estimate it by the analysis of variance.

    The variance of the means over that of one row is F-distributed up to the factor
    1 - reliability, which gives the interval; for unequal caseloads that holds roughly.

    Parameters
    ----------
    deviations
        Of every row from the mean of its group.
    sizes_of_rows
        Rows of each row's group.
    means, sizes
        Of every group.
    prob
        Probability of the interval, which is equal-tailed.
    repeats
        How many clients each row stands for.
    """
    from scipy import stats

    groups, rows = len(means), sizes.sum()
    freedom = float(np.sum(repeats * (1 - 1 / sizes_of_rows)))
    if freedom <= 0 or groups < 2:
        return MeanReliability(
            reliability=np.nan,
            lower=np.nan,
            upper=np.nan,
            icc=np.nan,
            caseload=float(rows / groups),
            groups=groups,
        )
    within = float(np.sum(repeats * deviations**2)) / freedom
    caseload = float((rows - np.sum(sizes**2) / rows) / (groups - 1))
    between = float(sizes @ (means - sizes @ means / rows) ** 2) / (groups - 1)
    error = within / between if between > 0 else np.inf
    tails = np.array([(1 - prob) / 2, (1 + prob) / 2])
    low, high = (float(own) for own in stats.f.ppf(tails, groups - 1, rows - groups))
    true = max(0.0, between - within) / caseload
    return MeanReliability(
        reliability=max(0.0, 1 - error),
        lower=max(0.0, 1 - error * high),
        upper=max(0.0, 1 - error * low),
        icc=true / (true + within) if true + within > 0 else np.nan,
        caseload=caseload,
        groups=groups,
    )
