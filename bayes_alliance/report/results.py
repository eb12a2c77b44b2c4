"""Everything a report says in numbers, computed once from a fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from bayes_alliance import names
from bayes_alliance.checks.verdict import Verdict, diagnose
from bayes_alliance.errors import Advice, AllianceError, Place, SamplingError, Words, words_for
from bayes_alliance.posterior.groups.group_effect import GroupEffects, group_effects
from bayes_alliance.posterior.moderation.group_slope import DRAWS, group_slopes
from bayes_alliance.posterior.moderation.group_slope_record import GroupSlopes
from bayes_alliance.posterior.shares.stated_values import sloping_variables
from bayes_alliance.posterior.shares.variance import Shares, variance_shares
from bayes_alliance.posterior.shares.variance_curve import ShareCurve, share_curve
from bayes_alliance.posterior.summaries import Summary, summarize
from bayes_alliance.report.compared_fits import ComparedFits, compare_fits
from bayes_alliance.report.missing_rows import why_not
from bayes_alliance.report.model_checks import ModelChecks, check_model
from bayes_alliance.sampling.fit import Fit

_SLOPE_NUMBERS = 4_000_000


@dataclass(frozen=True, kw_only=True)
class Results:
    """What was computed from a fit for its report.

    Parameters
    ----------
    fit
        The fit itself.
    others
        Fits it is compared with.
    called
        What the fits are called where they are compared, the fit itself first.
    place
        Where whoever reads the report works.
    verdict
        Whether the draws can be trusted.
    shares
        Variance shares, or the reason why there are none.
    coefficients
        Population coefficients; None if the model has none.
    sds
        Standard deviations of the group effects and the family's own parameters; None if none.
    correlations
        Correlations between group effects; None if there are none.
    groups
        The group effects, one entry a grouping factor.
    """

    fit: Fit
    others: tuple[Fit, ...] = ()
    called: tuple[str, ...] = ()
    place: Place = "python"
    verdict: Verdict
    shares: Shares | str
    coefficients: Summary | None
    sds: Summary | None
    correlations: Summary | None
    groups: tuple[GroupEffects, ...]

    @property
    def trusted(self) -> bool:
        """Whether no check of the fit failed."""
        return self.verdict.level != "bad"

    @cached_property
    def checks(self) -> ModelChecks:
        """The model held against the data, and the priors against both."""
        return check_model(self.fit, trusted=self.trusted, shares=self.shares, place=self.place)

    @cached_property
    def compared(self) -> ComparedFits | None:
        """The fit beside the others; None if there are none."""
        if not self.others:
            return None
        named = dict(zip(self.called, (self.fit, *self.others), strict=True))
        return compare_fits(named, level=self.verdict.level, place=self.place)

    @cached_property
    def slopes(self) -> tuple[GroupSlopes | str, ...]:
        """The slopes that vary, by grouping factor and numeric predictor, or why they are not."""
        if not _describes_rows(self.fit):
            why = words_for(why_not(self.fit, sums_suffice=True), self.place)
            sloping = sloping_variables(self.fit)
            return (f"Lines and slopes of each group: {why}",) if sloping else ()
        found = (
            _slopes(self.fit, name, group.name, self.place)
            for group in self.fit.model.design.groups
            for name in sloping_variables(self.fit)
        )
        # One reason may stand for several factors.
        return tuple(dict.fromkeys(one for one in found if one is not None))

    @cached_property
    def curves(self) -> tuple[ShareCurve, ...]:
        """Variance shares along each predictor whose slope varies."""
        if not _describes_rows(self.fit) or isinstance(self.shares, str):
            return ()
        found = (_curve(self.fit, name) for name in sloping_variables(self.fit))
        return tuple(curve for curve in found if curve is not None)


def collect_results(
    fit: Fit, others: Sequence[Fit] = (), called: Sequence[str] = (), *, place: Place = "python"
) -> Results:
    """Compute what the report shows."""
    model = fit.model
    groups = model.design.groups
    return Results(
        fit=fit,
        others=tuple(others),
        called=tuple(called),
        place=place,
        verdict=diagnose(fit),
        shares=_shares(fit, place),
        coefficients=_summary(fit, [names.B] if model.design.coefficients else []),
        sds=_summary(fit, [*(names.sd(g.name) for g in groups), *model.family.parameters]),
        correlations=_summary(fit, [names.cor(g.name) for g in groups if g.pairs]),
        groups=tuple(_groups(fit, group.name) for group in groups),
    )


def _groups(fit: Fit, group: str) -> GroupEffects:
    """Return the groups at the means of the predictors; as written where these are not known."""
    try:
        return group_effects(fit, group=group)
    except SamplingError:
        return group_effects(fit, group=group, as_written=True)


def _describes_rows(fit: Fit) -> bool:
    """Tell whether it knows where predictors were observed: by its rows, or by their sums."""
    return fit.has_data or fit.has_sums


def _slopes(fit: Fit, predictor: str, group: str, place: Place) -> GroupSlopes | str | None:
    size = fit.draws_in_all * len(fit.model.design.group(group).labels)
    # All draws where they are few enough, so that the common slope is that of the coefficients.
    draws = None if size <= _SLOPE_NUMBERS else DRAWS
    try:
        return group_slopes(fit, predictor, group=group, draws=draws)
    except SamplingError as error:
        why = error.said_in(place)
        return f"The lines and slopes of each group along {predictor} are left out. {why}"
    except AllianceError:
        # A category, or a slope that varies between other groups only.
        return None


def _curve(fit: Fit, predictor: str) -> ShareCurve | None:
    try:
        return share_curve(fit, predictor)
    except AllianceError:
        return None


def _summary(fit: Fit, variables: list[str]) -> Summary | None:
    return summarize(fit, variables=variables) if variables else None


def _shares(fit: Fit, place: Place) -> Shares | str:
    if not fit.model.groups:
        return "The model has no groups, so there is no variance to share out between levels."
    try:
        return variance_shares(fit)
    except SamplingError as error:
        elsewhere = words_for(_share_elsewhere(fit), place)
        return " ".join(filter(None, [error.said_in(place), elsewhere]))
    except AllianceError as error:
        return error.said_in(place)


def _share_elsewhere(fit: Fit) -> Words:
    """Say what gives the share where the rows are not held."""
    own = 'variance_shares(fit, at="means") gives it at the means of the predictors'
    if fit.streamed_from is not None:
        return Advice(python=f"{own}, for which no rows are needed.", command_line="")
    return Advice(
        python=f"{own}; with load_fit(path, data=your_table) this report averages it over the "
        "rows.",
        command_line="With the table this report averages it over the rows.",
    )
