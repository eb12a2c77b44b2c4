"""Savage and Dickey's ratio: a coefficient's prior density at a point over its posterior one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.display import as_html, as_text
from bayes_alliance.drawing import BLUE, GREY, own_axes, reference_line
from bayes_alliance.errors import ModelError, did_you_mean, listed
from bayes_alliance.model.prior import Prior
from bayes_alliance.model.prior_table import PriorEntry
from bayes_alliance.model.spec import Model
from bayes_alliance.posterior.evidence.bayes_factor import PRIOR_SCALES
from bayes_alliance.posterior.evidence.scaled_evidence import DrawsOfPriors
from bayes_alliance.posterior.evidence.small_effect import small_effect
from bayes_alliance.posterior.evidence.term import (
    at_scale,
    is_constant,
    tested_entry,
    with_entries,
)
from bayes_alliance.posterior.evidence.term_evidence import (
    CURVE,
    ERROR,
    FACTOR,
    LOG,
    TermEvidence,
    factor_table,
)
from bayes_alliance.sampling.fit import Fit, check_fit
from bayes_alliance.sampling.row_sums import coefficients_given_variances, rows_have_closed_form
from bayes_alliance.sampling.run import sample
from bayes_alliance.sampling.stand_in import stand_in_model
from bayes_alliance.sampling.thinning import thinned

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes

Array = NDArray[np.float64]
_CURVE_POINTS, _CURVE_WIDTHS, _CURVE_DRAWS = 201, 4.5, 500
# Draws for the curve over prior scales, which decides nothing.
_CURVE_MOST = 4000
_TITLE = "Bayes factor against a point"
_UNSURE = 0.1


def point_bayes_factor(
    fit: Fit,
    coefficient: str,
    *,
    value: float = 0.0,
    prior_scales: Sequence[float] = PRIOR_SCALES,
    seed: int | None = None,
) -> PointBayesFactor:
    """Weigh a model against the same model with one coefficient fixed at a point.

    The Bayes factor is the prior density of the coefficient at the point over its posterior
    density there (Savage and Dickey), so that the other model need not be fitted. It is exact up
    to the draws of the variances: given these the coefficient is normal. It depends on the
    coefficient's prior, and is weighed under the one of a test, at half, one and two times
    its scale, as in :func:`bayes_factors`: ``Normal(0, 0.5 s / scale)`` where the prior is the
    default, your own as you wrote it. For that the draws are weighted, and the model is fitted
    again only where few of them would count. An intercept is no effect and keeps its prior.

    Whether slopes *vary* is a question to a standard deviation at its boundary, where no such
    density can be had: use :func:`bayes_factors`.

    Parameters
    ----------
    fit : Fit
        A fit with its rows, or with the sums of streamed ones, of a gaussian model with one
        grouping factor.
    coefficient : str
        Its label; its prior must be normal.
    value : float
        The point.
    prior_scales : sequence of float
        What the scale of that prior is multiplied by. 1 is always among them; without half and
        two there are no words.
    seed : int, optional
        Of the new fits; the fit's own if left out.

    Returns
    -------
    PointBayesFactor
        One row a prior scale, with Monte Carlo errors.

    Raises
    ------
    ModelError
        If there is no such coefficient, its prior is not normal, or the density cannot be had.
    SamplingError
        If the fit has no rows.

    References
    ----------
    .. [1] dickey1971
    .. [2] kass1995

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> ba.point_bayes_factor(fit, "stigma")  # doctest: +SKIP
    """
    import pandas as pd

    check_fit(fit, "point_bayes_factor")
    _check_value(coefficient, value, prior_scales)
    _prior_of(fit.model, coefficient, value)
    fit.need_data("A Bayes factor against a point", sums_suffice=True)
    entries = _made_of(fit.model, coefficient)
    asked = _Asked(fit=fit, coefficient=coefficient, value=float(value), seed=seed)
    scales = sorted({1.0, *map(float, prior_scales)})
    found = {scale: asked.under(at_scale(entries, scale)) for scale in scales}
    named = found[1.0]
    return PointBayesFactor(
        coefficient=coefficient,
        value=float(value),
        table=pd.DataFrame(
            [own.row for own in found.values()], index=pd.Index(scales, name="prior_scale")
        ),
        draws=named.draws,
        curves=_curves(named, float(value)),
        prior=named.prior.rounded,
        term=_term_evidence(asked, entries, found),
    )


def _term_evidence(
    asked: _Asked, entries: Sequence[PriorEntry], found: Mapping[float, _AtScale]
) -> TermEvidence:
    """Return what the factors say of the coefficient, with their curve."""
    logs = {scale: (own.row[LOG], own.row[ERROR]) for scale, own in found.items()}
    curve = dict(logs)
    short = replace(asked, fit=asked.fit.with_group(names.POSTERIOR, asked.thinned_posterior))
    for scale in CURVE:
        own = None if scale in curve else short.from_draws(at_scale(entries, scale))
        if own is not None:
            curve[scale] = own.row[LOG], own.row[ERROR]
    small = None
    if len(entries) == 1 and not entries[0].at_means:
        draws = DrawsOfPriors.of(asked.fit)
        small = small_effect(asked.fit.model, entries, draws, around=asked.value)
    return TermEvidence(
        free=f"{asked.coefficient} free",
        fixed=f"{asked.coefficient} = {asked.value:g}",
        under="with",
        table=_factors(logs),
        curve=_factors(curve),
        priors=(f"{names.B}[{asked.coefficient}] ~ {found[1.0].prior.rounded}",),
        own=tuple(entry.key for entry in entries if entry.chosen),
        small="" if small is None else small.words,
        small_probability=float("nan") if small is None else small.probability,
    )


def _factors(logs: Mapping[float, tuple[float, float]]) -> pd.DataFrame:
    scales = sorted(logs)
    values, errors = zip(*(logs[scale] for scale in scales), strict=True)
    return factor_table(scales, values, errors)


@dataclass(frozen=True, kw_only=True)
class _AtScale:
    """The densities of a coefficient under one prior.

    Parameters
    ----------
    prior
        The coefficient's.
    mean, sd
        Of its posterior given the variances of each draw, shape (chain, draw).
    weight
        Of each draw, with the mean 1, shape (chain, draw): 1 where the draws are under this prior.
    value
        Where the densities are compared.
    """

    prior: Prior
    mean: Array
    sd: Array
    weight: Array
    value: float

    @property
    def draws(self) -> xr.Dataset:
        """Density at the value, and weight, of each draw."""
        import xarray as xr

        dims = (names.CHAIN, names.DRAW)
        density = np.exp(_log_normal(self.value, self.mean, self.sd))
        return xr.Dataset({"density": (dims, density), "weight": (dims, self.weight)})

    @cached_property
    def row(self) -> dict[str, float]:
        """The row of the table."""
        import arviz as az

        logs = _log_normal(self.value, self.mean, self.sd)
        top = float(logs.max())
        relative = np.exp(logs - top)
        mean = float((self.weight * relative).mean())
        # The error of a ratio of two means of the same draws.
        residual = self.weight * (relative - mean)
        log_prior = float(self.prior.frozen.logpdf(self.value))
        log_posterior = top + float(np.log(mean))
        return {
            "prior_density": float(np.exp(log_prior)),
            "posterior_density": float(np.exp(log_posterior)),
            LOG: log_prior - log_posterior,
            ERROR: float(az.mcse(residual, method="mean")) / mean,
            FACTOR: float(np.exp(min(log_prior - log_posterior, 700.0))),
        }

    def posterior_density(self, at: Array) -> Array:
        """Return the density at several values, from a part of the draws."""
        mean, sd, weight = (own.ravel() for own in (self.mean, self.sd, self.weight))
        every = max(1, len(mean) // _CURVE_DRAWS)
        mean, sd, weight = mean[::every], sd[::every], weight[::every]
        density = np.exp(_log_normal(at[:, None], mean, sd))
        return np.asarray(density @ weight / weight.sum())


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """A coefficient of a fit held against a value."""

    fit: Fit
    coefficient: str
    value: float
    seed: int | None

    @property
    def thinned_posterior(self) -> xr.Dataset:
        """Draws that suffice for a curve."""
        return thinned(self.fit.posterior, _CURVE_MOST)

    @cached_property
    def _values(self) -> DrawsOfPriors:
        return DrawsOfPriors.of(self.fit)

    def under(self, entries: Sequence[PriorEntry]) -> _AtScale:
        """Return the densities under these priors: from the draws, or from a new fit."""
        found = self.from_draws(entries)
        if found is not None:
            return found
        settings = self.fit.settings
        new = sample(
            with_entries(self.fit.model, entries),
            seed=settings.seed if self.seed is None else self.seed,
            **settings.length_and_tuning,
            cores=settings.cores,
            progress=False,
        )
        shape = (new.posterior.sizes[names.CHAIN], new.posterior.sizes[names.DRAW])
        return self._moments(new, new.model, np.ones(shape))

    def from_draws(self, entries: Sequence[PriorEntry]) -> _AtScale | None:
        """Return the densities under these priors from the draws; None if they cannot tell."""
        weights = self._values.weights(entries)
        if not weights.reliable:
            return None
        relative = weights.relative
        model = with_entries(self.fit.model, entries)
        return self._moments(self.fit, model, relative / relative.mean())

    def _moments(self, fit: Fit, model: Model, weight: Array) -> _AtScale:
        """Return mean and sd of the coefficient given the variances of each draw."""
        prior = _prior_of(model, self.coefficient, self.value)
        rows = stand_in_model(model) if fit.has_sums else model
        places, mean, covariance = coefficients_given_variances(rows, fit.posterior)
        labels = [model.design.coefficients[place] for place in places]
        k = labels.index(self.coefficient)
        return _AtScale(
            prior=prior,
            mean=mean[:, k].reshape(weight.shape),
            sd=np.sqrt(covariance[:, k, k]).reshape(weight.shape),
            weight=weight,
            value=self.value,
        )


def _check_value(coefficient: str, value: float, scales: Sequence[float]) -> None:
    if not np.isfinite(value) or not all(np.isfinite(s) and s > 0 for s in scales):
        raise ModelError(
            f"A Bayes factor of {coefficient} against {value:g} was asked for.",
            f"The value is {value} and the prior scales are {listed(scales)}.",
            "Give a finite value and scales greater than zero.",
        )


def _prior_of(model: Model, coefficient: str, value: float) -> Prior:
    """Return the coefficient's prior; refuse what has no density in closed form."""
    asked = f"A Bayes factor of {coefficient} against {value:g} was asked for."
    labels = list(model.design.coefficients)
    if coefficient not in labels:
        raise ModelError(
            asked,
            f"There is no such coefficient. {did_you_mean(coefficient, labels)}".rstrip(),
            f"The coefficients are {listed(labels)}.",
            coefficient=coefficient,
        )
    instead = "Fit the model with and without it, and give both to bayes_factors."
    if not rows_have_closed_form(model):
        kind = f"{model.family.name} with {len(model.groups)} grouping factors"
        raise ModelError(
            asked,
            "Its posterior density has a closed form in gaussian models with one grouping factor; "
            f"this one is {kind}.",
            instead,
        )
    place = labels.index(coefficient)
    prior = model.priors.coefficient_prior(place)
    if prior is None or prior.distribution != "Normal":
        own = model.priors.of(names.B)[place]
        raise ModelError(
            asked,
            f"Its prior depends on {own}, and only under a normal one is its posterior density had "
            "in closed form.",
            instead,
            prior=str(own),
        )
    return prior


def _made_of(model: Model, coefficient: str) -> tuple[PriorEntry, ...]:
    """Return the priors that make up a coefficient's, as a test has them.

    Wider together, it is as wide. One that the level of the outcome is a part of is no effect, and
    keeps its prior.
    """
    labels = model.design.coefficients
    weights = model.priors.basis.coefficients.to_user[labels.index(coefficient)]
    of_b = [entry for entry in model.priors.entries if entry.variable == names.B]
    entries = [of_b[k] for k in np.flatnonzero(weights)]
    if any(is_constant(entry) for entry in entries):
        return tuple(entries)
    return tuple(map(tested_entry, entries))


def _log_normal(at: Array | float, mean: Array, sd: Array) -> Array:
    standard = (at - mean) / sd
    return np.asarray(-0.5 * standard**2 - np.log(sd) - 0.5 * np.log(2.0 * np.pi))


def _curves(found: _AtScale, value: float) -> pd.DataFrame:
    """Return both densities over the range of the posterior and the point."""
    import pandas as pd

    half = _CURVE_WIDTHS * float(np.hypot(found.mean.std(), found.sd.mean()))
    ends = (min(found.mean.mean() - half, value), max(found.mean.mean() + half, value))
    x = np.linspace(*ends, _CURVE_POINTS)
    return pd.DataFrame(
        {"prior": found.prior.frozen.pdf(x), "posterior": found.posterior_density(x)},
        index=pd.Index(x, name="value"),
    )


@dataclass(frozen=True, kw_only=True)
class PointBayesFactor:
    """How much more probable the data are with a coefficient free than with it fixed.

    Parameters
    ----------
    coefficient, value
        Which one, and where the other model fixes it.
    table
        One row a multiple of the prior's scale: prior_density and posterior_density at the value,
        log_bayes_factor (natural logarithm; above 0 for the free coefficient), its Monte Carlo
        error mcse, bayes_factor.
    draws
        ``density``: the posterior density at the value given the variances of each draw, under
        the prior of the comparison; ``weight``, what each draw counts under it, with the mean 1.
        Dims (chain, draw).
    curves
        Prior and posterior density of the coefficient over its range, under that prior.
    prior
        The coefficient's prior in this comparison.
    term
        The same factors with the word for them, and their curve over the scale of the prior.
    """

    coefficient: str
    value: float
    table: pd.DataFrame
    draws: xr.Dataset
    curves: pd.DataFrame
    prior: str
    term: TermEvidence

    @property
    def sentence(self) -> str:
        """The answer for a paper, with that of other prior scales and the word for them."""
        return self.term.sentence

    def plot(self, axes: Axes | None = None) -> Axes:
        """Draw prior and posterior density, with dots where they are compared.

        Parameters
        ----------
        axes : matplotlib.axes.Axes, optional
            Where to draw; a new figure if left out.

        Returns
        -------
        matplotlib.axes.Axes
            The axes.
        """
        axes = own_axes(axes)
        x, at = self.curves.index.to_numpy(), self.table.loc[1.0]
        for name, colour, style in (("prior", GREY, "--"), ("posterior", BLUE, "-")):
            axes.plot(x, self.curves[name], style, color=colour, label=name)
            axes.plot([self.value], [at[f"{name}_density"]], "o", color=colour)
        reference_line(axes, self.value)
        axes.set_xlabel(f"{self.coefficient} (dots: the densities compared)")
        axes.set_ylabel("density")
        axes.legend(fontsize="small")
        return axes

    def _notes(self) -> list[str]:
        notes = [
            self.sentence,
            "The model it is held against has the same priors on everything else.",
            f"Prior: {names.B}[{self.coefficient}] ~ {self.prior}.",
        ]
        if float(self.table["mcse"].max()) > _UNSURE:
            notes.append(
                "The value lies so far out that few draws reach it: bayes_factors between the two "
                "models is surer."
            )
        return notes

    def _shown(self) -> pd.DataFrame:
        logarithm = self.table["log_bayes_factor"].map("{:.2f}".format)
        return self.table.assign(log_bayes_factor=logarithm)

    def __str__(self) -> str:
        return as_text(_TITLE, self._shown(), *self._notes())

    def _repr_html_(self) -> str:
        return as_html(_TITLE, self._shown(), *self._notes())
