"""The marginal and the conditional R2 of Nakagawa, Johnson and Schielzeth."""

from __future__ import annotations

from bayes_alliance.posterior.explained.explained_variance import (
    ExplainedVariance,
    Measure,
    given_variance,
    measures_table,
    share_in_words,
)
from bayes_alliance.posterior.explained.implied_variance import (
    implied_variance,
    implied_variance_notes,
    scale_words,
)
from bayes_alliance.posterior.summaries import after_given, interval_words
from bayes_alliance.sampling.fit import Fit, check_fit


def nakagawa_r2(fit: Fit, *, prob: float = 0.95) -> ExplainedVariance:
    """Say how much of the variance the predictors explain, and how much with the groups.

    ``marginal`` is the variance of the population part of the linear predictor over the sum of
    that variance, the average variance between groups and the residual variance; ``conditional``
    adds the variance between groups above the line. With random slopes the variance between groups
    is averaged over the rows, tr(G E[zz']). Several factors, nested or crossed, add up. They are
    the measures f and fvm of :func:`r2_measures`.

    Parameters
    ----------
    fit : Fit
        A fit with at least one grouping factor, and its rows or the sums of streamed ones.
    prob : float
        Probability of the intervals.

    Returns
    -------
    ExplainedVariance
        Two rows. Outcomes with a link are on its scale, with the residual variance of the
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
    .. [1] nakagawa2017
    .. [2] johnson2014

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> ba.nakagawa_r2(fit)  # doctest: +SKIP
    """
    check_fit(fit, "nakagawa_r2", by_row=True)
    parts = implied_variance(fit, "Nakagawa's R2")
    marginal = parts.all_fixed / parts.total
    conditional = 1 - parts.residual / parts.total
    meanings = {
        "marginal": ("predictors", marginal),
        "conditional": ("predictors and groups", conditional),
    }
    measures = [
        Measure(of="total", name=name, meaning=meaning, share=share)
        for name, (meaning, share) in meanings.items()
    ]
    table, draws = measures_table(measures, prob)
    first, second = (share_in_words(row, prob) for _, row in table.iterrows())
    return ExplainedVariance(
        title="Explained variance (Nakagawa)",
        table=table,
        draws=draws,
        sentence=after_given(
            given_variance(parts.residual),
            f"The marginal R2 of {fit.model.outcome}{scale_words(fit)}, of the predictors alone, "
            f"is {first}; the conditional R2, of predictors and groups, is {second}.",
        ),
        notes=(f"{interval_words(prob)}.", *implied_variance_notes(fit, parts)),
        prob=prob,
    )
