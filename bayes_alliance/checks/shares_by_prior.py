"""What the share of few groups would be under a narrower and a wider prior of their sd."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.errors import SamplingError
from bayes_alliance.kernels.pareto_smoothing import largest_good_shape, smooth_weights
from bayes_alliance.model.prior_table import PriorEntry
from bayes_alliance.posterior.evidence.term import rescaled_model, rescaled_prior
from bayes_alliance.posterior.shares.share_words import place_words
from bayes_alliance.posterior.shares.variance import Shares, variance_shares
from bayes_alliance.posterior.standing import MEANS
from bayes_alliance.sampling.engines.registry import engine_of
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.run import sample
from bayes_alliance.sampling.working_scale import posterior_working_scales

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
WIDTHS = (0.5, 1.0, 2.0)


@dataclass(frozen=True, kw_only=True)
class SharesByPrior:
    """The share of a grouping factor under its prior, and under others of another width.

    Parameters
    ----------
    group
        The grouping factor.
    table
        By what the width of the prior is multiplied with: ``prior`` of the first standard
        deviation, ``mean``, ``lower`` and ``upper`` of the share.
    where
        Where the shares hold, in words; nothing where no slope varies.
    prob
        Probability of the interval.
    refitted
        Which widths were fitted again; the others come from weighting the draws.
    """

    group: str
    table: pd.DataFrame
    where: str
    prob: float
    refitted: tuple[float, ...] = ()


def shares_by_prior(fit: Fit, group: str, shares: Shares) -> SharesByPrior:
    """Return the share of a factor with all its standard deviations' priors narrower and wider.

    The draws are weighted by the ratio of the two priors. Where a few draws would get most of
    the weight, a model that the collapsed engine takes is fitted again.

    Parameters
    ----------
    fit
        The fit.
    group
        The grouping factor.
    shares
        Its shares, which stand beside the others as they are.

    Raises
    ------
    SamplingError
        If a prior is improper, or the weights cannot be relied on and no fit is quick enough.
    """
    import pandas as pd

    entries = [e for e in fit.model.priors.entries if e.variable == names.sd(group)]
    _check_proper(entries, group)
    values = shares.draws["share"].sel(level=group).to_numpy().ravel()
    rows, again = {}, []
    for width in WIDTHS:
        if width == 1.0:
            numbers = _numbers(shares, group)
        else:
            weights = _weights(fit, group, entries, width)
            if weights is None:
                again.append(width)
                numbers = _fitted_again(fit, group, entries, width, shares)
            else:
                numbers = _weighted(values, weights, shares.prob)
        rows[width] = [rescaled_prior(entries[0].prior, width).rounded, *numbers]
    table = pd.DataFrame.from_dict(
        rows, orient="index", columns=["prior", "mean", "lower", "upper"]
    )
    return SharesByPrior(
        group=group,
        table=table.rename_axis("width"),
        where=place_words(shares.standing, average=shares.average),
        prob=shares.prob,
        refitted=tuple(again),
    )


def _check_proper(entries: Sequence[PriorEntry], group: str) -> None:
    improper = [entry.key for entry in entries if not entry.prior.proper]
    if improper:
        raise SamplingError(
            f"The share of {group} was to be shown under a narrower and a wider prior.",
            f"The prior of {improper[0]} is improper: it has no width.",
            "Fit with a proper prior, for example HalfStudentT(3, 1).",
        )


def _weights(fit: Fit, group: str, entries: Sequence[PriorEntry], width: float) -> Array | None:
    """Return weights that turn the draws into those under the other prior; None if they fail."""
    factor = fit.model.design.group(group)
    sds = posterior_working_scales(fit.model, factor, fit.posterior).sd
    ratio = np.zeros(sds.shape[:2])
    for k, entry in enumerate(entries):
        other = rescaled_prior(entry.prior, width)
        ratio += other.frozen.logpdf(sds[..., k]) - entry.prior.frozen.logpdf(sds[..., k])
    if not np.isfinite(ratio).all() or ratio.size < 25:
        return None
    smoothed = smooth_weights(ratio.reshape(-1, 1))
    shape = float(smoothed.shape[0])
    if not shape <= largest_good_shape(ratio.size):
        return None
    return np.asarray(np.exp(smoothed.log_weights[:, 0]))


def _weighted(values: Array, weights: Array, prob: float) -> list[float]:
    """Return mean and ends of the equal-tailed interval of weighted draws, where they exist."""
    there = np.isfinite(values)
    order = np.argsort(values[there])
    value, weight = values[there][order], weights[there][order]
    weight = weight / weight.sum()
    # Each draw stands in the middle of its weight, so that equal weights give the usual quantiles.
    places = np.cumsum(weight) - weight / 2
    ends = np.interp([(1 - prob) / 2, (1 + prob) / 2], places, value)
    return [float((weight * value).sum()), *map(float, ends)]


def _fitted_again(
    fit: Fit, group: str, entries: Sequence[PriorEntry], width: float, shares: Shares
) -> list[float]:
    settings = fit.settings
    if not engine_of(settings).is_quick or not fit.has_data:
        raise SamplingError(
            f"The share of {group} was to be shown under a narrower and a wider prior.",
            "Weighting the draws would rest on a few of them, and a new fit takes its time.",
            f"Fit once more with another prior of {names.sd(group)}.",
        )
    model = rescaled_model(fit.model, [entry.key for entry in entries], width)
    other = sample(
        model,
        seed=settings.seed,
        engine=settings.engine,
        **settings.length_and_tuning,
        cores=settings.cores,
        progress=False,
    )
    at = None if shares.average else shares.standing.stated_values or MEANS
    found = variance_shares(other, at=at, prob=shares.prob)
    return _numbers(found, group)


def _numbers(shares: Shares, group: str) -> list[float]:
    found = shares.table[["mean", "lower", "upper"]].loc[group]
    return [float(value) for value in found.to_numpy()]
