"""Everything a report says in numbers, computed once from a fit: estimates, checks, comparisons."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

from bayes_alliance import names
from bayes_alliance.checks.coverage import Coverage, check_coverage
from bayes_alliance.checks.finding import Level
from bayes_alliance.checks.group_influence import Influence, influence
from bayes_alliance.checks.predictive import PredictiveCheck, check_predictive
from bayes_alliance.checks.prior_weight import PriorSensitivity, prior_sensitivity
from bayes_alliance.checks.shares_by_prior import SharesByPrior, shares_by_prior
from bayes_alliance.checks.structure import FEW_GROUPS
from bayes_alliance.checks.verdict import Verdict, diagnose
from bayes_alliance.errors import (
    GIVE_ROWS,
    Advice,
    AllianceError,
    Place,
    SamplingError,
    Words,
    words_for,
)
from bayes_alliance.posterior.comparison.comparison import Comparison, compare
from bayes_alliance.posterior.evidence.bayes_factor import BayesFactors, bayes_factors
from bayes_alliance.posterior.groups.group_effect import GroupEffects, group_effects
from bayes_alliance.posterior.moderation.group_slope import DRAWS, GroupSlopes, group_slopes
from bayes_alliance.posterior.shares.variance import Shares, variance_shares
from bayes_alliance.posterior.shares.variance_curve import ShareCurve, share_curve
from bayes_alliance.posterior.standing import sloping_variables
from bayes_alliance.posterior.summaries import Summary, summarize
from bayes_alliance.sampling.engines.registry import engine_of
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.thinning import few_redrawn

_SLOPE_NUMBERS = 4_000_000
_FEWEST, _MOST = 100, 500  # replicated data sets
_NUMBERS = 1e7  # outcomes that are replicated for a check, as far as that gives enough data sets
# Enough to see a predictive distribution that is wrong, at a quarter of the default's time.
_ROWS_OF_COVERAGE = 500
_FEWEST_GROUPS = 5
_FAILED = "Left out, because the fit failed its checks and its draws cannot be weighted."

# Where fits take longer, a dozen more of them would take longer than a reader waits.
_QUICK_GROUPS = 500
_REFITS = 20
_EFFECT_NUMBERS = 40_000_000
_FEWEST_DRAWS = 400


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
        Where the reader works: advice is in the words of Python or of the command line.
    verdict
        All findings on the draws and on the model.
    shares
        Variance shares, or the reason why there are none, as a sentence.
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
    design = fit.model.design.group(group)
    numbers = len(design.labels) * len(design.effects)
    few = max(_FEWEST_DRAWS, _EFFECT_NUMBERS // numbers)
    draws = None if fit.draws_in_all <= few else few
    try:
        return group_effects(fit, group=group, draws=draws)
    except SamplingError:
        return group_effects(fit, group=group, as_written=True, draws=draws)


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
        coverage=tried(lambda: check_coverage(few_redrawn(fit), rows=_ROWS_OF_COVERAGE))
        if trusted
        else _FAILED,
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


def why_not(fit: Fit, *, sums_suffice: bool = False) -> Words:
    """Say why what needs the rows, or the sums of streamed ones, is not there, and what to do."""
    if fit.streamed_from is not None and sums_suffice:
        why = (
            "This needs the sums made of the rows, which were read as a stream, and the fit was "
            "saved without them"
        )
        return Advice(
            python=f"{why}: fit.save(path) keeps them, fit.save(path, data=False) does not.",
            command_line=f"{why}.",
        )
    if fit.streamed_from is not None:
        return (
            "This needs the rows themselves. They were read as a stream and never kept, so that "
            "no saved file brings them back: fit the model to a random sample of the rows, read "
            "into memory, and look at it there."
        )
    why = "This needs the rows the model was fitted to, and the fit was saved without them."
    return GIVE_ROWS.after(why)
