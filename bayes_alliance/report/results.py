"""Everything a report says in numbers, computed once from a fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bayes_alliance import names
from bayes_alliance.checks.predictive import PredictiveCheck, check_predictive
from bayes_alliance.checks.verdict import Verdict, diagnose
from bayes_alliance.errors import AllianceError
from bayes_alliance.posterior.groups.group_effect import GroupEffects, group_effects
from bayes_alliance.posterior.shares.stated_values import sloping_variables
from bayes_alliance.posterior.shares.variance import Shares, variance_shares
from bayes_alliance.posterior.summaries import Summary, summarize

if TYPE_CHECKING:
    from bayes_alliance.sampling.fit import Fit

REPLICATIONS = 500


@dataclass(frozen=True, kw_only=True)
class Results:
    """What was computed from a fit for its report.

    Parameters
    ----------
    fit
        The fit itself.
    verdict
        Whether the draws can be trusted.
    shares
        Variance shares, or the reason why there are none.
    coefficients
        Population coefficients; None if the model has none.
    spread
        Standard deviations of the group effects and the family's own parameters; None if none.
    correlations
        Correlations between group effects; None if there are none.
    groups
        The group effects, one entry a grouping factor.
    predictive
        The posterior predictive check; None for a fit without its rows.
    """

    fit: Fit
    verdict: Verdict
    shares: Shares | str
    coefficients: Summary | None
    spread: Summary | None
    correlations: Summary | None
    groups: tuple[GroupEffects, ...]
    predictive: PredictiveCheck | None


def collect_results(fit: Fit) -> Results:
    """Compute what the report shows."""
    model = fit.model
    groups = model.design.groups
    return Results(
        fit=fit,
        verdict=diagnose(fit),
        shares=_shares(fit),
        coefficients=_summary(fit, [names.B] if model.design.coefficients else []),
        spread=_summary(fit, [*(names.sd(g.name) for g in groups), *model.family.parameters]),
        correlations=_summary(fit, [names.cor(g.name) for g in groups if g.pairs]),
        groups=tuple(group_effects(fit, group=group.name) for group in groups),
        predictive=check_predictive(fit, draws=REPLICATIONS) if fit.has_data else None,
    )


def typical_values(fit: Fit) -> dict[str, Any]:
    """Return where slopes that vary are evaluated: means of numbers, the commonest category."""
    rows = fit.model.frame.rows
    values: dict[str, Any] = {}
    for name in sloping_variables(fit):
        if name not in rows.columns:
            values[name] = _mean_of_effect(fit, name)
            continue
        column = rows[name]
        numeric = column.dtype.kind in "iuf"
        values[name] = float(column.mean()) if numeric else column.mode().iloc[0]
    return values


def _mean_of_effect(fit: Fit, label: str) -> float:
    """Return the mean of an effect that is centred by group, to the digits that are not noise."""
    groups = fit.model.design.groups
    group = next(g for g in groups if label in g.effects)
    return round(float(group.Z[:, group.effects.index(label)].mean()), 10) + 0.0


def _summary(fit: Fit, variables: list[str]) -> Summary | None:
    return summarize(fit, variables=variables) if variables else None


def _shares(fit: Fit) -> Shares | str:
    if not fit.model.groups:
        return "The model has no groups, so there is no variance to share out between levels."
    varying = bool(sloping_variables(fit))
    if varying and not fit.has_data:
        return (
            "A slope varies between the groups, so the share depends on the predictor's value. "
            "This fit was saved without its rows, so its mean is not known: ask for the share at "
            "a value of your choice with variance_shares(fit, at={...})."
        )
    try:
        return variance_shares(fit, at=typical_values(fit) if varying else None)
    except AllianceError as error:
        return str(error)
