"""Simulation-based calibration: truths from the prior, and their ranks among posterior draws.

A truth drawn from the prior, ranked among independent draws from the posterior of data simulated
from it, is as likely to have one rank as any other. That holds for every parameter and for the
joint log likelihood, which is ranked too: parameters alone pass an engine that returns its prior.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.checks.coverage import pointwise_limit
from bayes_alliance.errors import SamplingError
from bayes_alliance.model.spec import Model
from bayes_alliance.random_streams import Stream, generator
from bayes_alliance.sampling.batch import sample_many
from bayes_alliance.sampling.container import draws_dataset
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.linear_predictor import chunks, precision_weights
from bayes_alliance.sampling.log_prior import joint_log_likelihood
from bayes_alliance.sampling.prior_draws import draw_prior
from bayes_alliance.sampling.thinning import thinned

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

JOINT = "joint log likelihood"
FAMILY_WISE = 1e-3
# A chain is thinned to independence if it holds this many times the effective draws to be kept;
# the few data sets where it does not are sampled again, this many times longer.
_SPARE = 2.0
_LENGTHS = (1, 4, 16)


@dataclass(frozen=True, kw_only=True)
class Ranks:
    """Where the truths stood among the kept draws, over all data sets.

    Parameters
    ----------
    counts
        For each quantity, how many truths had 0, 1, ... kept draws below them.
    least_ess
        The smallest bulk effective sample size of a parameter in any data set, before thinning.
    divergences
        Divergent transitions over all data sets.
    """

    counts: Mapping[str, NDArray[np.int64]]
    least_ess: float
    divergences: int

    @property
    def data_sets(self) -> int:
        """Number of data sets."""
        return int(self.counts[JOINT].sum())

    @property
    def kept(self) -> int:
        """Draws each truth was ranked among."""
        return len(self.counts[JOINT]) - 1

    def joined(self, other: Ranks) -> Ranks:
        """Add the ranks of further data sets."""
        return Ranks(
            counts={name: own + other.counts[name] for name, own in self.counts.items()},
            least_ess=min(self.least_ess, other.least_ess),
            divergences=self.divergences + other.divergences,
        )


@dataclass(frozen=True, kw_only=True)
class _Ranked:
    """One data set: the rank of every quantity in every account, and the quality of the chain."""

    ranks: Mapping[str, Mapping[str, int]]
    ess: float
    divergences: int


def rank_truths(
    model: Model,
    *,
    data_sets: int,
    seed: int,
    kept: int = 99,
    draws: int = 2000,
    engine: str = "collapsed",
    reported: Callable[[Fit], Mapping[str, Fit]] = lambda fit: {"": fit},
    cores: int | None = None,
) -> dict[str, Ranks]:
    """Draw truths from the prior, simulate an outcome from each, fit it and rank the truth.

    Parameters
    ----------
    model
        Gives rows, formula and priors; its outcome is replaced. Priors scaled to the data would
        break calibration, so those of this model are kept for all data sets.
    data_sets, seed
        How many, and what they and the fits are drawn from.
    kept
        Draws to rank the truth among, evenly spaced over the one chain.
    draws, engine, cores
        As in ``sample_many``; draws before thinning, of which there are more for data sets whose
        kept draws would not be independent.
    reported
        From a fit to one or more accounts of it by name, each ranked for itself. Other than the
        fit itself they are wrong on purpose, to see whether that is noticed.

    Returns
    -------
    dict
        The ranks by name of the account.

    Raises
    ------
    SamplingError
        If a chain sixteen times as long still mixes too slowly, or a fit fails.

    References
    ----------
    .. [1] talts2018
    .. [2] modrak2023
    """
    truths = _simulated(model, data_sets, generator(seed, Stream.CALIBRATION_TRUTHS))

    def ranked(fit: Fit) -> _Ranked:
        return _Ranked(
            ranks={
                name: _ranks(account, truths[fit.model], kept)
                for name, account in reported(fit).items()
            },
            ess=_least_ess(fit),
            divergences=_divergences(fit),
        )

    def fitted(models: list[Model], longer: int) -> tuple[_Ranked, ...]:
        return sample_many(
            models,
            seed=seed,
            engine=engine,
            chains=1,
            draws=longer * draws,
            cores=cores,
            keep=ranked,
        )

    done = _independent(fitted, list(truths), _SPARE * kept)
    return {name: _counted(done, name, kept) for name in done[0].ranks}


def _independent(
    fitted: Callable[[list[Model], int], tuple[_Ranked, ...]], models: list[Model], least: float
) -> list[_Ranked]:
    """Fit all models, and those whose chain holds too few effective draws again, for longer."""
    done: list[_Ranked] = []
    for longer in _LENGTHS:
        found = fitted(models, longer)
        done += [own for own in found if own.ess >= least]
        models = [model for model, own in zip(models, found, strict=True) if own.ess < least]
    if models:
        raise SamplingError(
            f"At least {least:g} effective draws were asked for in every data set.",
            f"{len(models)} of them have fewer, even of {_LENGTHS[-1]} times the draws.",
            "Raise draws=, or keep fewer.",
        )
    return done


def _simulated(model: Model, count: int, rng: np.random.Generator) -> dict[Model, xr.Dataset]:
    """Return models with a simulated outcome, each with the truth behind it as one draw."""
    truths = draws_dataset(model, draw_prior(model, count, rng))
    outcomes = np.empty((count, len(model.frame.y)))
    for chunk in chunks(model, truths):
        outcomes[chunk.places] = model.family.simulate(
            rng, chunk.eta, chunk.parameters, precision_weights(model)
        )
    return {_with_outcome(model, outcomes[k]): truths.isel({names.DRAW: [k]}) for k in range(count)}


def _with_outcome(model: Model, outcome: NDArray[Any]) -> Model:
    return Model(
        model.formula.text,
        model.frame.rows.assign(**{model.outcome: outcome}),
        model.family.name,
        model.priors.strings,
        link=model.link.name,
    )


def _ranks(fit: Fit, truth: xr.Dataset, kept: int) -> dict[str, int]:
    """Count the kept draws below the truth, for every quantity."""
    true = _quantities(_holding(fit, truth))
    drawn = _quantities(_holding(fit, thinned(fit.posterior, kept)))
    return {name: int((values < true[name]).sum()) for name, values in drawn.items()}


def _holding(fit: Fit, draws: xr.Dataset) -> Fit:
    import xarray as xr

    return replace(fit, idata=xr.DataTree.from_dict({names.POSTERIOR: draws}))


def _quantities(fit: Fit) -> dict[str, NDArray[np.float64]]:
    """Return every number of the container and the joint log likelihood, each shape (draw,)."""
    found: dict[str, NDArray[np.float64]] = {JOINT: joint_log_likelihood(fit).reshape(-1)}
    for name, values in fit.posterior.data_vars.items():
        array = values.to_numpy()
        labels = [values[dim].to_numpy() for dim in values.dims[2:]]
        for place in np.ndindex(array.shape[2:]):
            element = ", ".join(str(own[k]) for own, k in zip(labels, place, strict=True))
            key = f"{name}[{element}]" if element else str(name)
            found[key] = array[(slice(None), slice(None), *place)].reshape(-1)
    return found


def _least_ess(fit: Fit) -> float:
    """Return the smallest effective sample size; group effects mix at least as well."""
    import arviz as az

    effects = [names.u(group) for group in fit.model.groups]
    ess = az.ess(fit.posterior.drop_vars(effects))
    return min(float(values.min()) for values in ess.data_vars.values())


def _divergences(fit: Fit) -> int:
    """Count them, where trajectories were followed."""
    if not fit.follows_trajectories:
        return 0
    return int(fit.idata[names.SAMPLE_STATS][names.DIVERGING].sum())


def _counted(ranked: list[_Ranked], account: str, kept: int) -> Ranks:
    ranks = [own.ranks[account] for own in ranked]
    return Ranks(
        counts={
            name: np.bincount([own[name] for own in ranks], minlength=kept + 1) for name in ranks[0]
        },
        least_ess=min(own.ess for own in ranked),
        divergences=sum(own.divergences for own in ranked),
    )


def judge_ranks(ranks: Ranks, *, family_wise: float = FAMILY_WISE) -> pd.DataFrame:
    """Hold the distribution function of the ranks of every quantity against its band.

    Parameters
    ----------
    ranks
        From :func:`rank_truths`.
    family_wise
        Probability of a false alarm over all quantities together.

    Returns
    -------
    DataFrame
        One row a quantity: ``tail``, the smallest two-sided tail probability along the
        distribution function; ``limit``, what it may not fall below; ``calibrated``.

    References
    ----------
    .. [1] saeilynoja2022
    """
    import pandas as pd
    from scipy.stats import binom

    limit = pointwise_limit(ranks.data_sets, ranks.kept, family_wise / len(ranks.counts))
    points = np.arange(1, ranks.kept + 1) / (ranks.kept + 1)
    tails = {}
    for name, counts in ranks.counts.items():
        below = np.cumsum(counts)[:-1]
        lower = binom.cdf(below, ranks.data_sets, points)
        upper = binom.sf(below - 1, ranks.data_sets, points)
        tails[name] = float(2 * np.minimum(lower, upper).min())
    table = pd.DataFrame({"tail": tails, "limit": limit}).rename_axis("quantity")
    return table.assign(calibrated=table["tail"] >= table["limit"])
