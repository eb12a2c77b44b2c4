"""Several fits held against each other for a report: by prediction, and by evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bayes_alliance.checks.finding import Level
from bayes_alliance.checks.verdict import diagnose
from bayes_alliance.errors import AllianceError, Place
from bayes_alliance.posterior.comparison.comparison import Comparison, compare
from bayes_alliance.posterior.evidence.bayes_factor import bayes_factors
from bayes_alliance.posterior.evidence.bayes_factor_record import BayesFactors
from bayes_alliance.sampling.engines.registry import engine_of
from bayes_alliance.sampling.fit import Fit

# Where fits take longer, a dozen more of them would take longer than a reader waits.
_QUICK_GROUPS = 500
_REFITS = 20


@dataclass(frozen=True, kw_only=True)
class ComparedFits:
    """What was found when the models were compared; a sentence says why where nothing was.

    Parameters
    ----------
    fits
        By the names shown; the first is the one the report is about.
    levels
        Level of the verdict on each.
    by_row, by_group
        Prediction of rows and of groups not yet seen; the latter None if there are no groups.
    factors
        Bayes factors against the model the report is about.
    """

    fits: Mapping[str, Fit]
    levels: Mapping[str, Level]
    by_row: Comparison | str
    by_group: Comparison | str | None
    factors: BayesFactors | str

    @property
    def failed(self) -> tuple[str, ...]:
        """The models whose fit failed a check."""
        return tuple(name for name, level in self.levels.items() if level == "bad")


def compare_fits(
    named: Mapping[str, Fit], *, level: Level, place: Place = "python"
) -> ComparedFits:
    """Compare the first fit with the others.

    Parameters
    ----------
    named
        Two or more, by the names to show.
    level
        Level of the verdict on the first.
    place
        Where whoever reads it works.
    """
    others = list(named)[1:]
    levels = {next(iter(named)): level} | {name: diagnose(named[name]).level for name in others}
    if "bad" in levels.values():
        failed = ", ".join(f"'{name}'" for name, found in levels.items() if found == "bad")
        reason = f"Nothing is compared, because the fit of {failed} failed its checks."
        return ComparedFits(fits=named, levels=levels, by_row=reason, by_group=None, factors=reason)
    quick = all(_is_quick(fit) for fit in named.values())
    grouped = any(fit.model.groups for fit in named.values())
    return ComparedFits(
        fits=named,
        levels=levels,
        by_row=_compared(named, "row", place, quick=quick),
        by_group=_compared(named, "group", place, quick=quick) if grouped else None,
        factors=_factors(named, place, quick=quick),
    )


def _is_quick(fit: Fit) -> bool:
    """Tell whether fitting again takes about a second; by the model, so that it never changes."""
    groups = sum(len(group.labels) for group in fit.model.design.groups)
    return engine_of(fit.settings).is_quick and groups <= _QUICK_GROUPS


def _compared(fits: Mapping[str, Fit], by: str, place: Place, *, quick: bool) -> Comparison | str:
    try:
        return compare(fits, by=by, refits=_REFITS if quick else 0)  # type: ignore[arg-type]
    except AllianceError as error:
        return error.said_in(place)


def _factors(fits: Mapping[str, Fit], place: Place, *, quick: bool) -> BayesFactors | str:
    """Weigh the models; where fits take long only as far as the draws that are there suffice."""
    try:
        return bayes_factors(fits, refits=quick)
    except AllianceError as error:
        return error.said_in(place)
