"""The conclusions in plain sentences; how strongly they are put follows the numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bayes_alliance import names
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.model.spec import Model
from bayes_alliance.posterior.shares.variance import Shares
from bayes_alliance.report.group_words import level_name, many_groups, one_more
from bayes_alliance.report.results import Results
from bayes_alliance.report.wording import (
    between,
    figure,
    joined,
    percent,
    plural,
    probability,
)

_COEFFICIENTS_SHOWN = 3
_NEXT_TO_NOTHING = 0.01
_WIDE = 0.4
_STRENGTHS = ((0.99, "almost certainly"), (0.95, "very probably"), (0.9, "probably"))


@dataclass(frozen=True, kw_only=True)
class Slope:
    """A coefficient in numbers: estimate, interval, probability of being negative."""

    name: str
    mean: float
    lower: float
    upper: float
    negative: float

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
    slopes = all_slopes(results)
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
    """Say where data made by the model do not look like the data; nothing where they do."""
    checks = results.checks
    found = [checks.posterior, *checks.by_group.values()]
    unlike = [name for check in found if not isinstance(check, str) for name in check.unusual]
    sentences = []
    if unlike:
        sentences.append(
            "Yet data simulated from the model do not look like the data in every respect: it "
            f"hardly ever reproduces {joined(dict.fromkeys(unlike))}."
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
        return f"the tendency underlying {model.outcome} ({model.link} scale)"
    return model.outcome


def _where(shares: Shares, level: str) -> str:
    """Say where slopes that vary were looked at: over the rows, and at the means beside it."""
    if not shares.average:
        return f", {shares.standing.words}" if shares.standing.places else ""
    if shares.beside is None:
        return ", on average over the rows"
    there = percent(shares.beside.table["mean"].loc[level])
    return f", on average over the rows; {shares.beside.standing.words} it is {there}"


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


def slope_sentence(model: Model, slope: Slope) -> str:
    """Say what one unit more of a predictor goes with, as strongly as the draws allow."""
    numbers = _slope_numbers(model, slope)
    sure = [words for limit, words in _STRENGTHS if slope.certainty >= limit]
    if not sure:
        return (
            f"The data leave open whether the slope of {slope.name} is negative or positive "
            f"({numbers}; probability of a negative one {probability(slope.negative)})."
        )
    return (
        f"{_size(model, slope)} ({numbers}). The slope is {sure[0]} {slope.direction}: "
        f"probability {probability(slope.certainty)}."
    )


def _slope_numbers(model: Model, slope: Slope) -> str:
    if model.link == "logit":
        mean, lower, upper = np.exp([slope.mean, slope.lower, slope.upper]).tolist()
        return f"odds ratio {figure(mean)}, 95% interval {between(lower, upper)}"
    return f"slope {figure(slope.mean)}, 95% interval {between(slope.lower, slope.upper)}"


def _size(model: Model, slope: Slope) -> str:
    more = one_more(model, slope.name)
    less = "lower" if slope.mean < 0 else "higher"
    if not model.family.on_link_scale:
        size = figure(abs(slope.mean))
        return f"{more} goes with {model.outcome} being {less} by {size} on average"
    target = f"a higher {model.outcome}" if model.family.outcome == "ordinal" else model.outcome
    kind = "odds" if model.link == "logit" else "probability"
    return f"{more} goes with {less} {kind} of {target}"


def varying_sentences(results: Results) -> list[str]:
    """Say how much each slope differs between the groups, and for how many it is negative."""
    model = results.fit.model
    return [
        _varying_sentence(results, group, effect)
        for group in model.design.groups
        for effect in group.effects
        if effect in model.design.coefficients and effect != names.INTERCEPT
    ]


def _varying_sentence(results: Results, group: GroupDesign, effect: str) -> str:
    from scipy.special import ndtr

    posterior = results.fit.posterior
    sd = posterior[names.sd(group.name)].sel({names.effect(group.name): effect}).to_numpy()
    slope = posterior[names.B].sel({names.COEFFICIENT: effect}).to_numpy()
    low, high = np.quantile(sd, (0.025, 0.975))
    negative = ndtr(-slope / np.where(sd > 0, sd, np.nan))
    sign = "negative" if float(np.nanmean(negative)) >= 0.5 else "positive"
    share = negative if sign == "negative" else 1.0 - negative
    low_share, high_share = np.nanquantile(share, (0.025, 0.975))
    return (
        f"The slope of {effect} differs between {many_groups(group)} with a standard deviation "
        f"of {figure(sd.mean())} (95% interval {between(low, high)}): it is {sign} for an "
        f"estimated {percent(float(np.nanmean(share)))} of {many_groups(group)} like these "
        f"(95% interval {percent(low_share)} to {percent(high_share)})."
    )


def verdict_sentence(results: Results) -> str:
    """Say in one sentence how far the draws can be trusted."""
    verdict = results.verdict
    serious = [f for f in verdict.findings if f.level == "bad"]
    doubtful = [f for f in verdict.findings if f.level == "caution"]
    if verdict.level == "bad":
        return (
            f"The conclusions are withheld: {plural(len(serious), 'check')} of this fit failed, "
            "so the numbers may be wrong. The verdict below says what to do."
        )
    if verdict.level == "caution":
        return (
            "No check of this fit failed, but "
            f"{plural(len(doubtful), 'point asks', 'points ask')} for care; see the verdict."
        )
    return "The draws pass every check, so these are the answers this model gives."
