"""The Bayesian R2 of Gelman, Goodrich, Gabry and Vehtari."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.errors import ModelError
from bayes_alliance.posterior.explained.explained_variance import (
    ExplainedVariance,
    Measure,
    given_variance,
    measures_table,
    share_in_words,
)
from bayes_alliance.posterior.summaries import after_given, interval_words
from bayes_alliance.sampling.fit import Fit, check_fit
from bayes_alliance.sampling.linear_predictor import (
    Chunk,
    chunks,
    frequency_weights,
    precision_weights,
)
from bayes_alliance.sampling.thinning import thinned

Array = NDArray[np.float64]
DRAWS = 1000
_CONDITIONAL, _NO_GROUPS = "Conditional on the group effects", "The model has no groups"


def bayes_r2(fit: Fit, *, draws: int | None = DRAWS, prob: float = 0.95) -> ExplainedVariance:
    """Say how much of the variance of new outcomes of the same rows the model's means explain.

    In every draw it is the variance over rows of the expected outcome, over that variance plus the
    residual variance the model states: sigma^2 (for Student nu / (nu - 2) times that), or the mean
    over rows of p (1 - p) for yes-or-no outcomes, of the expected count for counts.
    It is conditional: the expected outcome includes the effects of the row's own groups, where the
    model has groups; without them it is of the predictors alone, and named ``marginal``. Unlike the
    measures of :func:`r2_measures` and :func:`nakagawa_r2` it is about these rows and groups, and
    on the scale of the outcome.

    Parameters
    ----------
    fit : Fit
        A fit with its rows.
    draws : int, optional
        Draws to use, evenly spaced over the chains; None for all of them.
    prob : float
        Probability of the intervals.

    Returns
    -------
    ExplainedVariance
        One row. Of a Student outcome given nu above 2, which the sentence says.

    Raises
    ------
    ModelError
        For outcomes without a mean, such as ordered categories.
    SamplingError
        If the fit was saved without its rows.

    References
    ----------
    .. [1] gelman2019

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> ba.bayes_r2(fit)  # doctest: +SKIP
    """
    check_fit(fit, "bayes_r2", by_row=True)
    fit.need_data("The Bayesian R2")
    _check_mean_exists(fit)
    used = thinned(fit.posterior, draws)
    shape = used.sizes[names.CHAIN], used.sizes[names.DRAW]
    weights = np.broadcast_to(frequency_weights(fit.model), len(fit.model.frame.y)).astype(float)
    share, grouped = np.empty(shape[0] * shape[1]), bool(fit.model.groups)
    for chunk in chunks(fit.model, used):
        share[chunk.places] = _share(fit, chunk, weights)
    measure = Measure(
        of="total",
        name="conditional" if grouped else "marginal",
        meaning="predictors and groups" if grouped else "predictors",
        share=share.reshape(shape),
    )
    table, kept = measures_table([measure], prob)
    row = table.iloc[0]
    thin = "" if share.size == fit.draws_in_all else f" {share.size} of {fit.draws_in_all} draws."
    missing = int(np.isnan(share).sum())
    unknown = [f"In {missing:,} draws nu is 2 or less: no residual variance."] if missing else []
    return ExplainedVariance(
        title="Explained variance (Bayesian R2)",
        table=table,
        draws=kept,
        sentence=after_given(
            given_variance(share),
            _sentence(fit, share_in_words(row, prob)),
        ),
        notes=(
            f"{interval_words(prob)}.{thin}",
            f"{_CONDITIONAL if grouped else _NO_GROUPS}, with the residual variance that the model "
            "states.",
            *unknown,
        ),
        prob=prob,
    )


def _sentence(fit: Fit, share: str) -> str:
    """Say who explains what; a model without groups is conditional on none."""
    of = f"{share} of the variance of {fit.model.outcome}"
    if fit.model.groups:
        return (
            f"Predictors and the groups at hand explain {of} (Bayesian R2, conditional on the "
            "group effects)."
        )
    return f"The predictors explain {of} (Bayesian R2)."


def _share(fit: Fit, chunk: Chunk, weights: Array) -> Array:
    """Return the variance of the means over itself and the residual variance, a number a draw."""
    family, given = fit.model.family, (chunk.eta, chunk.parameters)
    means = family.expected(*given)
    variances = family.outcome_variance(*given) / precision_weights(fit.model)
    residual = variances @ weights / weights.sum()
    deviations = means - (means @ weights / weights.sum())[:, None]
    explained = deviations**2 @ weights / (weights.sum() - 1)
    return np.asarray(explained / (explained + residual))


def _check_mean_exists(fit: Fit) -> None:
    model = fit.model
    if model.formula.response.weight_kind == "known_error":
        raise ModelError(
            "The Bayesian R2 was asked for.",
            "The model has known standard errors, so every row has a residual variance of its own.",
            "Look at the standard deviation between the groups itself, with summarize(fit).",
        )
    if not model.family.has_moments:
        raise ModelError(
            "The Bayesian R2 was asked for.",
            f"It needs an outcome with a mean and a variance; the family is {model.family.name}.",
            "nakagawa_r2(fit) and r2_measures(fit) are on the link scale and exist here.",
            family=model.family.name,
        )
