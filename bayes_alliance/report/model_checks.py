"""The checks of a model that a report shows, each computed once, or the reason why it is not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from bayes_alliance.checks.coverage import Coverage, check_coverage
from bayes_alliance.checks.group_influence import Influence, influence
from bayes_alliance.checks.predictive import PredictiveCheck, check_predictive
from bayes_alliance.checks.prior_weight import PriorSensitivity, prior_sensitivity
from bayes_alliance.checks.shares_by_prior import SharesByPrior, shares_by_prior
from bayes_alliance.checks.structure import FEW_GROUPS
from bayes_alliance.errors import AllianceError, Place, words_for
from bayes_alliance.posterior.shares.variance import Shares
from bayes_alliance.report.missing_rows import why_not
from bayes_alliance.sampling.fit import Fit

_FEWEST, _MOST = 100, 500  # replicated data sets
_NUMBERS = 1e7  # outcomes that are replicated for a check, as far as that gives enough data sets
# Enough to see a predictive distribution that is wrong, at a quarter of the default's time.
_ROWS_OF_COVERAGE = 500
_FEWEST_GROUPS = 5
_FAILED = "Left out, because the fit failed its checks and its draws cannot be weighted."


@dataclass(frozen=True, kw_only=True)
class ModelChecks:
    """What was found when the model was held against the data and the priors against both.

    Where a check could not be done, a sentence that says why stands in its place. Of streamed rows
    the sums tell how much the priors weigh and, with one grouping factor, what each group would do.

    Parameters
    ----------
    prior, posterior
        Rows as the prior, and as the posterior, replicates them.
    by_group
        Group means as the posterior replicates them, by grouping factor with enough groups.
    coverage
        Whether leave-one-out predictive intervals cover as they should.
    sensitivity
        How much the priors weigh.
    influence
        What each group, left out, would do, by grouping factor.
    few_groups
        The share under a narrower and a wider prior, by grouping factor with few groups.
    """

    prior: PredictiveCheck | str
    posterior: PredictiveCheck | str
    by_group: Mapping[str, PredictiveCheck | str]
    coverage: Coverage | str
    sensitivity: PriorSensitivity | str
    influence: Mapping[str, Influence | str]
    few_groups: Mapping[str, SharesByPrior | str]


def check_model(
    fit: Fit, *, trusted: bool, shares: Shares | str, place: Place = "python"
) -> ModelChecks:
    """Run the checks; those that weight the draws only where the draws can be trusted.

    Parameters
    ----------
    fit
        The fit.
    trusted
        Whether it passed its checks.
    shares
        The variance shares, or why there are none.
    place
        Where whoever reads it works: what to do is said in its words.
    """
    tried = partial(_tried, fit, place)
    groups = fit.model.design.groups
    at = None if isinstance(shares, str) else shares.at or None
    draws = _replications(fit)
    several = [group.name for group in groups if len(group.labels) >= _FEWEST_GROUPS]
    return ModelChecks(
        prior=tried(lambda: check_predictive(fit, kind="prior", draws=draws)),
        posterior=tried(lambda: check_predictive(fit, draws=draws)),
        by_group={
            name: tried(partial(check_predictive, fit, group=name, draws=draws)) for name in several
        },
        coverage=tried(lambda: check_coverage(fit, rows=_ROWS_OF_COVERAGE)) if trusted else _FAILED,
        sensitivity=tried(lambda: prior_sensitivity(fit, at=at), sums_suffice=True)
        if trusted
        else _FAILED,
        influence={
            group.name: tried(partial(influence, fit, group=group.name, at=at), sums_suffice=True)
            if trusted
            else _FAILED
            for group in groups
        },
        few_groups=_few_groups(fit, shares, place) if trusted else {},
    )


def _few_groups(fit: Fit, shares: Shares | str, place: Place) -> dict[str, SharesByPrior | str]:
    if isinstance(shares, str):
        return {}
    return {
        group.name: _or_why(partial(shares_by_prior, fit, group.name, shares), place)
        for group in fit.model.design.groups
        if len(group.labels) < FEW_GROUPS
    }


def _replications(fit: Fit) -> int:
    """Return how many data sets are worth their time: fewer where there are many rows."""
    rows = max(1.0, fit.model.clients if fit.has_data else 0.0)
    return int(min(_MOST, max(_FEWEST, _NUMBERS / rows)))


def _tried[Found](
    fit: Fit, place: Place, check: Callable[[], Found], *, sums_suffice: bool = False
) -> Found | str:
    """Return what a check finds, or in words why it cannot be done."""
    if not (fit.has_data or (sums_suffice and fit.has_sums)):
        return words_for(why_not(fit, sums_suffice=sums_suffice), place)
    return _or_why(check, place)


def _or_why[Found](check: Callable[[], Found], place: Place) -> Found | str:
    try:
        return check()
    except AllianceError as error:
        return error.said_in(place)
