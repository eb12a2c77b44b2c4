"""The R2 measures of Rights and Sterba, for two levels and more."""

from __future__ import annotations

from typing import Any

from bayes_alliance.posterior.defined_draws import after_given
from bayes_alliance.posterior.explained.explained_variance import (
    ExplainedVariance,
    given_variance,
    measures_table,
    share_in_words,
)
from bayes_alliance.posterior.explained.implied_variance import (
    implied_variance,
    implied_variance_notes,
    scale_words,
)
from bayes_alliance.posterior.explained.level_measures import measures_of
from bayes_alliance.posterior.summaries import interval_words
from bayes_alliance.sampling.fit import Fit, check_fit


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
    check_fit(fit, "r2_measures")
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
