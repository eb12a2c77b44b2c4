"""The conclusions in plain sentences; how strongly they are put follows the numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.checks.fit_to_data import MISFIT
from bayes_alliance.errors import AllianceError
from bayes_alliance.kernels.shares import variance_along
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.model.spec import Model
from bayes_alliance.posterior.shares.variance import Shares
from bayes_alliance.posterior.shares.variance_parts import group_covariance
from bayes_alliance.posterior.standing import population_variables, standing_of
from bayes_alliance.posterior.standing_effects import (
    LEVEL,
    SLOPE,
    PlacedEffect,
    population_effects_at,
)
from bayes_alliance.report.prose import (
    between,
    figure,
    joined,
    level_name,
    many_groups,
    one_more,
    percent,
    plural,
    probability,
)
from bayes_alliance.report.results import Results
from bayes_alliance.sampling.fit import Fit

_COEFFICIENTS_SHOWN = 3
_NEXT_TO_NOTHING = 0.01
_WIDE = 0.4
_STRENGTHS = ((0.99, "almost certainly"), (0.95, "very probably"), (0.8, "probably"))


@dataclass(frozen=True, kw_only=True)
class Slope:
    """A coefficient in numbers: estimate, interval, probability of being negative.

    ``placed`` says what it is where it is no coefficient as written, or one that holds somewhere.
    """

    name: str
    mean: float
    lower: float
    upper: float
    negative: float
    placed: PlacedEffect | None = None

    @property
    def direction(self) -> str:
        """The side on which most of the probability lies."""
        return "negative" if self.negative > 0.5 else "positive"

    @property
    def certainty(self) -> float:
        """The probability of that side."""
        return max(self.negative, 1 - self.negative)


def conclusions(results: Results) -> tuple[str, ...]:
    """Return the answers: shares, slopes, how slopes vary, and how far to trust them."""
    if results.verdict.level == "bad":
        return (verdict_sentence(results),)
    slopes = placed_slopes(results)
    shown = [slope_sentence(results.fit.model, s) for s in slopes[:_COEFFICIENTS_SHOWN]]
    if len(slopes) > len(shown):
        rest = len(slopes) - len(shown)
        shown.append(f"{plural(rest, 'further coefficient')} can be found under Results.")
    return (
        *share_sentences(results),
        *shown,
        *varying_sentences(results),
        verdict_sentence(results),
        *misfit_sentences(results),
    )


def misfit_sentences(results: Results) -> list[str]:
    """Say where the report's own checks see more misfit than the verdict; nothing if they do not.

    The verdict looks at fewer statistics, on some of the rows where these are many.
    """
    checks = results.checks
    found = [checks.posterior, *checks.by_group.values()]
    unlike = [name for check in found if not isinstance(check, str) for name in check.unusual]
    told = ", ".join(f.where for f in results.verdict.found(MISFIT))
    new = [f"the {name}" for name in dict.fromkeys(unlike) if name not in told]
    sentences = []
    if new:
        sentences.append(
            f"Looked at more closely, the model does not reproduce {joined(new)}: see the "
            "predictive checks."
        )
    if not isinstance(checks.coverage, str) and not checks.coverage.calibrated:
        sentences.append(checks.coverage.sentence)
    return sentences


def share_sentences(results: Results) -> list[str]:
    """Say how much of the variance lies between the groups of each factor."""
    shares = results.shares
    if isinstance(shares, str):
        return []
    model, sentences = results.fit.model, []
    for level, row in shares.table.iterrows():
        if level == names.RESIDUAL:
            continue
        mean = percent(row["mean"])
        about = mean.capitalize() if mean[0].isalpha() else f"About {mean}"
        sentences.append(
            f"{about} of the variance in {_scale(model)} lies "
            f"{level_name(model, str(level))} ({interval_name(shares.prob)} "
            f"{percent(row['lower'])} to {percent(row['upper'])}){_where(shares, str(level))}."
            f"{_share_caution(row['lower'], row['upper'])}"
        )
    return sentences


def _scale(model: Model) -> str:
    if model.family.on_link_scale:
        return f"{model.family.varies.format(model.outcome)}{model.link.note}"
    return model.outcome


def _where(shares: Shares, level: str) -> str:
    """Say where slopes that vary were looked at: over the rows, and at the means beside it."""
    if not shares.average:
        return f", {shares.standing.words}" if shares.standing.places else ""
    if shares.beside is None:
        return ", on average over the rows"
    there = percent(shares.beside.table["mean"].loc[level])
    where = shares.beside.standing.words
    return f", on average over the rows; {where}{',' if ', ' in where else ''} it is {there}"


def _share_caution(lower: float, upper: float) -> str:
    if lower < _NEXT_TO_NOTHING:
        return " It may be next to nothing."
    if upper - lower > _WIDE:
        return " The interval is wide: the share is poorly known."
    return ""


def interval_name(prob: float) -> str:
    """Name the interval by its probability."""
    return f"{100 * prob:g}% interval"


def all_slopes(results: Results) -> list[Slope]:
    """Return every coefficient but the intercept."""
    if results.coefficients is None:
        return []
    draws = results.fit.posterior[names.B]
    below = (draws < 0).mean((names.CHAIN, names.DRAW)).to_numpy()
    table = results.coefficients.table
    return [
        Slope(
            name=coefficient,
            mean=float(table["mean"].iloc[k]),
            lower=float(table["lower"].iloc[k]),
            upper=float(table["upper"].iloc[k]),
            negative=float(below[k]),
        )
        for k, coefficient in enumerate(results.fit.model.design.coefficients)
        if coefficient != names.INTERCEPT
    ]


def placed_slopes(results: Results) -> list[Slope]:
    """Return what each predictor goes with where those stand that it interacts with.

    Where nothing interacts, these are the coefficients. Those of products and powers follow the
    slopes they change. Where means are not known, the coefficients are as they are written.
    """
    placed = population_effects(results.fit)
    if placed is None or results.coefficients is None:
        return all_slopes(results)
    draws = results.fit.posterior[names.B].to_numpy()
    prob = results.coefficients.prob
    return [
        _summarized(effect, (draws @ effect.row).ravel(), prob)
        for effect in placed
        if effect.kind != LEVEL
    ]


def _summarized(effect: PlacedEffect, draws: NDArray[np.float64], prob: float) -> Slope:
    lower, upper = np.quantile(draws, [(1 - prob) / 2, (1 + prob) / 2])
    return Slope(
        name=effect.label,
        mean=float(draws.mean()),
        lower=float(lower),
        upper=float(upper),
        negative=float((draws < 0).mean()),
        placed=effect,
    )


def population_effects(fit: Fit) -> tuple[PlacedEffect, ...] | None:
    """Return level and slopes of the population at the means; None where these are not known."""
    if not fit.model.design.coefficients:
        return None
    try:
        standing = standing_of(fit, population_variables(fit), asked="", call="")
        return population_effects_at(fit.model, standing)
    except AllianceError:
        return None


def slope_sentence(model: Model, slope: Slope) -> str:
    """Say what one unit more of a predictor goes with, as strongly as the draws allow."""
    numbers = _slope_numbers(model, slope)
    sure = [words for limit, words in _STRENGTHS if slope.certainty >= limit]
    if not sure:
        return (
            f"The data leave open whether {_whose(slope)} is negative or positive "
            f"({numbers}; probability of a negative one {probability(slope.negative)})."
        )
    return (
        f"{_size(model, slope)} ({numbers}). The {_noun(slope)} is {sure[0]} {slope.direction}: "
        f"probability {probability(slope.certainty)}."
    )


def _noun(slope: Slope) -> str:
    return "slope" if slope.placed is None else slope.placed.noun


def _whose(slope: Slope) -> str:
    placed = slope.placed
    if placed is None:
        return f"the slope of {slope.name}"
    return f"the {placed.named}{f', {placed.where},' if placed.where else ''}"


def _slope_numbers(model: Model, slope: Slope) -> str:
    if model.link.ratio:
        mean, lower, upper = np.exp([slope.mean, slope.lower, slope.upper]).tolist()
        return f"{model.link.ratio} {figure(mean)}, 95% interval {between(lower, upper)}"
    interval = between(slope.lower, slope.upper)
    return f"{_noun(slope)} {figure(slope.mean)}, 95% interval {interval}"


def _size(model: Model, slope: Slope) -> str:
    more = one_more(model, slope.name, slope.placed)
    less = "lower" if slope.mean < 0 else "higher"
    if not model.family.on_link_scale:
        size = figure(abs(slope.mean))
        return f"{more} goes with {model.outcome} being {less} by {size} on average"
    target = model.family.target(model.outcome)
    return f"{more} goes with {model.link.raises.format(direction=less, target=target)}"


def varying_sentences(results: Results) -> list[str]:
    """Say how much each slope differs between the groups, and for how many it is negative."""
    fit = results.fit
    common = {effect.label: effect for effect in population_effects(fit) or ()}
    return [
        _varying_sentence(fit, model_group, effect, common[effect.label])
        for effects in results.groups
        for model_group in [fit.model.design.group(effects.group)]
        for effect in effects.placed
        if effect.kind == SLOPE and effect.label in common and not effect.at_zero
    ]


def _varying_sentence(
    fit: Fit, group: GroupDesign, effect: PlacedEffect, common: PlacedEffect
) -> str:
    from scipy.special import ndtr

    posterior, prob = fit.posterior, 0.95
    sd = np.sqrt(variance_along(group_covariance(group, posterior), effect.row[None]))[..., 0]
    slope = posterior[names.B].to_numpy() @ common.row
    tails = ((1 - prob) / 2, (1 + prob) / 2)
    low, high = np.quantile(sd, tails)
    negative = ndtr(-slope / np.where(sd > 0, sd, np.nan))
    sign = "negative" if float(np.nanmean(negative)) >= 0.5 else "positive"
    share = negative if sign == "negative" else 1.0 - negative
    low_share, high_share = np.nanquantile(share, tails)
    where = effect.standing.beside(common.standing).words
    where = f", {where}," if where else ""
    return (
        f"The slope of {effect.label}{where} differs between {many_groups(group)} with a standard "
        f"deviation of {figure(sd.mean())} (95% interval {between(low, high)}). It is estimated to "
        f"be {sign} for {percent(float(np.nanmean(share)))} of {many_groups(group)} like these "
        f"({_ends(percent(low_share), percent(high_share))})."
    )


def _ends(low: str, high: str) -> str:
    return (
        f"95% interval {low} to {high}" if low != high else f"both ends of the 95% interval: {low}"
    )


def verdict_sentence(results: Results) -> str:
    """Say how far the draws can be trusted, and whether the model fits the data."""
    verdict = results.verdict
    serious = [f for f in verdict.findings if f.level == "bad"]
    if serious:
        return (
            f"The conclusions are withheld: {plural(len(serious), 'check')} of this fit failed, "
            "so the numbers may be wrong. The verdict below says what to do."
        )
    said = f"{verdict.on_draws.sentence} {verdict.on_model.sentence}"
    if verdict.level == "fine" and verdict.on_model.checked:
        return f"{said} These are the answers this model gives."
    return said
