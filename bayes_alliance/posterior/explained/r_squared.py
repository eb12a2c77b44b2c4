"""The R2 measures of Rights and Sterba, for two levels and more.

Each source of variance is put over the total, and over the variance of its level.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bayes_alliance.posterior.explained.explained_variance import (
    Array,
    ExplainedVariance,
    Measure,
    given_variance,
    measures_table,
    share_in_words,
)
from bayes_alliance.posterior.explained.implied_variance import (
    ImpliedVariance,
    implied_variance,
    implied_variance_notes,
    scale_words,
)
from bayes_alliance.posterior.summaries import after_given, interval_words
from bayes_alliance.sampling.fit import Fit, check_fit

TOTAL = "total"


def r2_measures(fit: Fit, *, split: bool = False, prob: float = 0.95) -> ExplainedVariance:
    """Say how much of the variance is explained, by what, and at which level.

    The variance that the model implies is the sum of

    - ``f1 = b' S1 b``: the predictors' fixed slopes, by what varies between rows of one group,
    - ``f2 = b' S2 b``: the same, by what varies between the groups,
    - ``v = tr(T S)``: slopes that vary between the groups,
    - ``m = z' T z``: differences between the groups at the means z of the columns whose effects
      vary; for centred predictors, the variance of the random intercepts,
    - the residual variance,

    with T the covariance matrix of the group effects, S the covariance matrix of the columns whose
    effects vary, and S1, S2 those of the predictors' deviations from their group means and of the
    group means. An offset is a predictor with a slope of 1. Covariances are over rows, with n - 1.
    Twelve measures: f1, f2, v, m, f = f1 + f2, fv = f + v and fvm = fv + m of the total; f1, v and
    f1v of what lies within the groups (f1 + v + residual); f2 and m of what lies between them
    (f2 + m).

    With more nested factors the levels are numbered, the rows being level 1. S is then split by
    level too: ``f1``, ``f2``, ``f3``; ``v12``, slopes of what varies at level 1 that vary between
    groups of level 2, ``v13``, ``v23``; ``m2``, ``m3``. Level 1 holds f1, v12, v13 and the
    residual, level 2 holds f2, v23 and m2, level 3 holds f3 and m3: each measure is given of its
    level as well as of the total.

    The measures of single levels mean what they say when each column varies at one level only,
    as ``within(x, g)`` and ``between(x, g)`` do. The data decide, not the names: a column lies at
    the level that has at least 99% of its variance. Where one does not, or where factors are
    crossed, those measures are NaN or left out, and the notes name the columns.

    Parameters
    ----------
    fit : Fit
        A fit with at least one grouping factor, and its rows or the sums of streamed ones.
    split : bool
        Split columns that vary at several levels into their parts, by their group means in the
        data. The measures of single levels exist then, but one slope stands for two effects.
    prob : float
        Probability of the intervals.

    Returns
    -------
    ExplainedVariance
        One row a measure. Outcomes with a link are on its scale, with the residual variance of the
        link, for counts that of a lognormal variable with their mean and variance. Of a Student
        outcome given nu above 2, which the sentence says.

    Raises
    ------
    ModelError
        If the model has no groups, or known standard errors.
    SamplingError
        If the fit was saved without its rows.

    References
    ----------
    .. [1] rights2019
    .. [2] rights2023

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> ba.r2_measures(fit)  # doctest: +SKIP
    """
    check_fit(fit, "r2_measures", by_row=True)
    parts = implied_variance(fit, "R2 by level", split=split)
    table, draws = measures_table(measures_of(parts), prob)
    numbered = (
        [f"Level {k} is {name}." for k, name in enumerate(parts.factors, start=2)]
        if len(parts.factors) > 1 and not parts.crossed
        else []
    )
    return ExplainedVariance(
        title="Explained variance",
        table=table,
        draws=draws,
        sentence=after_given(given_variance(parts.residual), _sentence(fit, table, prob)),
        notes=(
            f"{interval_words(prob)}.",
            *implied_variance_notes(fit, parts),
            *numbered,
            *([parts.obstacle] if parts.obstacle else []),
        ),
        prob=prob,
    )


def _sentence(fit: Fit, table: Any, prob: float) -> str:
    """Say what predictors, varying slopes and groups explain of the total, one after the other."""
    whole = f"the variance of {fit.model.outcome}{scale_words(fit)}"
    f, fv, fvm = (table.loc[("total", name)] for name in ("f", "fv", "fvm"))
    if f["mean"] != f["mean"]:
        return f"How much of {whole} is explained cannot be said: see the notes."
    if f["mean"] == 0:
        groups = share_in_words(fvm, prob)
        return f"Differences between groups make up {groups} of {whole}."
    slopes = (
        f", {share_in_words(fv, prob)} with slopes that vary between groups"
        if fv["mean"] > f["mean"]
        else ""
    )
    return (
        f"The predictors explain {share_in_words(f, prob)} of {whole}{slopes}, "
        f"and {share_in_words(fvm, prob)} with the differences between groups."
    )


@dataclass(frozen=True, kw_only=True)
class _Source:
    """One source of variance: where it lies, and whether its value needs columns at one level.

    Stray are slopes of columns that do not vary below the level of the groups.
    """

    name: str
    meaning: str
    level: int
    value: Array
    needs_levels: bool
    stray: bool = False


def measures_of(parts: ImpliedVariance) -> list[Measure]:
    """Return all R2 measures of a model; without a share where they do not exist."""
    sources = [] if parts.crossed else [*_fixed(parts), *_slopes(parts), *_means(parts)]
    of_total = _of_total(parts, sources)
    named = {measure.name for measure in of_total}
    sums = [measure for measure in _sums(parts) if measure.name not in named]
    return [*of_total, *sums, *_of_levels(parts, sources)]


def _two(parts: ImpliedVariance) -> bool:
    return len(parts.factors) == 1


def _fixed(parts: ImpliedVariance) -> list[_Source]:
    two = ("within groups", "between groups")
    return [
        _Source(
            name=f"f{level + 1}",
            meaning=f"predictors {two[level] if _two(parts) else f'at level {level + 1}'}",
            level=level,
            value=parts.fixed[..., level],
            needs_levels=True,
        )
        for level in range(parts.fixed.shape[-1])
    ]


def _slopes(parts: ImpliedVariance) -> list[_Source]:
    """Return one source a factor and level of its columns, at the lower of the two."""
    return [
        _Source(
            name="v" if _two(parts) else f"v{level + 1}{factor + 1}",
            meaning="slopes that vary between groups"
            if _two(parts)
            else f"slopes at level {level + 1} that vary at level {factor + 1}",
            level=min(level, factor),
            value=value,
            needs_levels=not _two(parts),
            stray=level >= factor,
        )
        for (level, factor), value in parts.slopes.items()
    ]


def _means(parts: ImpliedVariance) -> list[_Source]:
    return [
        _Source(
            name="m" if _two(parts) else f"m{factor + 1}",
            meaning="differences between groups"
            if _two(parts)
            else f"differences between groups of level {factor + 1}",
            level=factor,
            value=parts.means[..., factor - 1],
            needs_levels=False,
        )
        for factor in range(1, len(parts.factors) + 1)
    ]


def _of_total(parts: ImpliedVariance, sources: list[_Source]) -> list[Measure]:
    """Give every source of the total; sources of one name are added up.

    A source that is 0 in every draw is 0 of any variance, whatever stands in the way of others.
    """
    first = {source.name: source for source in reversed(sources)}
    sums = {
        name: np.asarray(np.sum([s.value for s in sources if s.name == name], axis=0))
        for name in dict.fromkeys(source.name for source in sources)
    }
    return [
        Measure(
            of=TOTAL,
            name=name,
            meaning=first[name].meaning,
            share=None
            if first[name].needs_levels and parts.obstacle and value.any()
            else value / parts.total,
        )
        for name, value in sums.items()
    ]


def _share(value: Array, variance: Array) -> Array:
    """Divide; NaN where a level has no variance at all."""
    there = variance > 0
    return np.where(there, value / np.where(there, variance, 1.0), np.nan)


def _sums(parts: ImpliedVariance) -> list[Measure]:
    f, v, m = parts.all_fixed, parts.all_slopes, parts.all_means
    sums = {
        "v": (v, "slopes that vary between groups"),
        "m": (m, "differences between groups"),
        "f": (f, "all predictors, one slope for all groups"),
        "fv": (f + v, "predictors, with slopes that vary"),
        "fvm": (f + v + m, "predictors, varying slopes and differences between groups"),
    }
    return [
        Measure(of=TOTAL, name=name, meaning=meaning, share=value / parts.total)
        for name, (value, meaning) in sums.items()
    ]


def _of_levels(parts: ImpliedVariance, sources: list[_Source]) -> list[Measure]:
    """Give every source of the variance of its own level; those of level 1 also together."""
    measures: list[Measure] = []
    for level in range(parts.fixed.shape[-1] if sources else 0):
        here = [s for s in sources if s.level == level and not (s.stray and parts.obstacle)]
        explained = np.sum([source.value for source in here], axis=0)
        variance = explained + parts.residual if level == 0 else explained
        of = ("within", "between")[level] if _two(parts) else f"level {level + 1}"
        shares = [(source.name, source.meaning, source.value) for source in here]
        if level == 0:
            meaning = f"{here[0].meaning}, with slopes that vary"
            shares.append(("f1v", meaning, explained))
        measures += [
            Measure(
                of=of,
                name=name,
                meaning=meaning,
                share=None
                if parts.obstacle and np.any(value)
                else _share(np.asarray(value), variance),
            )
            for name, meaning, value in shares
        ]
    return measures
