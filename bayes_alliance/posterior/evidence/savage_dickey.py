"""Savage and Dickey's ratio: a coefficient's prior density at a point over its posterior one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.errors import ModelError, did_you_mean, listed
from bayes_alliance.model.prior import Prior
from bayes_alliance.posterior.evidence.bayes_factor import PRIOR_SCALES
from bayes_alliance.posterior.evidence.rescaled_priors import rescaled_model
from bayes_alliance.posterior.evidence.savage_dickey_record import PointBayesFactor
from bayes_alliance.sampling.fit import Fit, check_fit
from bayes_alliance.sampling.row_sums import coefficients_given_variances, rows_have_closed_form
from bayes_alliance.sampling.run import sample
from bayes_alliance.sampling.stand_in import stand_in_model

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
_CURVE_POINTS, _CURVE_WIDTHS, _CURVE_DRAWS = 201, 4.5, 500


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
    coefficient's prior, so it is given with that prior at half and at double its scale too, for
    which the model is fitted again.

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
        What the scale of the coefficient's prior is multiplied by. 1 is always among them; ``(1,)``
        skips the new fits.
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
    import xarray as xr

    check_fit(fit, "point_bayes_factor")
    prior = _prior_of(fit, coefficient, value, prior_scales)
    fit.need_data("A Bayes factor against a point", sums_suffice=True)
    scales = sorted({1.0, *map(float, prior_scales)})
    mean, sd = _moments(fit, coefficient)
    rows = {1.0: _row(fit, mean, sd, value, prior)}
    for scale in scales:
        if scale != 1:
            other = _refitted(fit, coefficient, scale, seed)
            own = _prior_of(other, coefficient, value, ())
            rows[scale] = _row(other, *_moments(other, coefficient), value, own)
    shape = (fit.posterior.sizes[names.CHAIN], fit.posterior.sizes[names.DRAW])
    index = pd.Index(scales, name="prior_scale")
    density = (_normal(np.array([value]), mean, sd)[0]).reshape(shape)
    return PointBayesFactor(
        coefficient=coefficient,
        value=float(value),
        table=pd.DataFrame([rows[scale] for scale in scales], index=index),
        draws=xr.Dataset({"density": ((names.CHAIN, names.DRAW), density)}),
        curves=_curves(prior, mean, sd, float(value)),
        prior=prior.rounded,
    )


def _prior_of(fit: Fit, coefficient: str, value: float, scales: Sequence[float]) -> Prior:
    """Return the coefficient's prior; refuse what has no density in closed form."""
    asked = f"A Bayes factor of {coefficient} against {value:g} was asked for."
    labels = list(fit.model.design.coefficients)
    if coefficient not in labels:
        raise ModelError(
            asked,
            f"There is no such coefficient. {did_you_mean(coefficient, labels)}".rstrip(),
            f"The coefficients are {listed(labels)}.",
            coefficient=coefficient,
        )
    if not np.isfinite(value) or not all(np.isfinite(s) and s > 0 for s in scales):
        raise ModelError(
            asked,
            f"The value is {value} and the prior scales are {listed(scales)}.",
            "Give a finite value and scales greater than zero.",
        )
    instead = "Fit the model with and without it, and give both to bayes_factors."
    if not rows_have_closed_form(fit.model):
        kind = f"{fit.model.family.name} with {len(fit.model.groups)} grouping factors"
        raise ModelError(
            asked,
            "Its posterior density has a closed form in gaussian models with one grouping factor; "
            f"this one is {kind}.",
            instead,
        )
    place = labels.index(coefficient)
    prior = fit.model.priors.coefficient_prior(place)
    if prior is None or prior.distribution != "Normal":
        own = fit.model.priors.of(names.B)[place]
        raise ModelError(
            asked,
            f"Its prior depends on {own}, and only under a normal one is its posterior density had "
            "in closed form.",
            instead,
            prior=str(own),
        )
    return prior


def _made_of(fit: Fit, coefficient: str) -> list[str]:
    """Return the keys of the priors that make up a coefficient's: wider together, it is as wide."""
    labels = fit.model.design.coefficients
    weights = fit.model.priors.basis.coefficients.to_user[labels.index(coefficient)]
    return [f"{names.B}[{labels[k]}]" for k in np.flatnonzero(weights)]


def _refitted(fit: Fit, coefficient: str, scale: float, seed: int | None) -> Fit:
    settings = fit.settings
    return sample(
        rescaled_model(fit.model, _made_of(fit, coefficient), scale),
        seed=settings.seed if seed is None else seed,
        **settings.length_and_tuning,
        cores=settings.cores,
        progress=False,
    )


def _moments(fit: Fit, coefficient: str) -> tuple[Array, Array]:
    """Return mean and sd of the coefficient given the variances of each draw."""
    model = stand_in_model(fit.model) if fit.has_sums else fit.model
    places, mean, covariance = coefficients_given_variances(model, fit.posterior)
    labels = [fit.model.design.coefficients[place] for place in places]
    place = labels.index(coefficient)
    return mean[:, place], np.sqrt(covariance[:, place, place])


def _row(fit: Fit, mean: Array, sd: Array, value: float, prior: Prior) -> dict[str, float]:
    import arviz as az

    logs = _log_normal(np.array([value]), mean, sd)[0]
    top = float(logs.max())
    relative = np.exp(logs - top).reshape(fit.posterior.sizes[names.CHAIN], -1)
    log_prior = float(prior.frozen.logpdf(value))
    log_posterior = top + float(np.log(relative.mean()))
    return {
        "prior_density": float(np.exp(log_prior)),
        "posterior_density": float(np.exp(log_posterior)),
        "log_bayes_factor": log_prior - log_posterior,
        "mcse": float(az.mcse(relative, method="mean")) / float(relative.mean()),
        "bayes_factor": float(np.exp(min(log_prior - log_posterior, 700.0))),
    }


def _log_normal(at: Array, mean: Array, sd: Array) -> Array:
    """Return log densities, shape (point, draw)."""
    standard = (at[:, None] - mean) / sd
    return np.asarray(-0.5 * standard**2 - np.log(sd) - 0.5 * np.log(2.0 * np.pi))


def _normal(at: Array, mean: Array, sd: Array) -> Array:
    return np.asarray(np.exp(_log_normal(at, mean, sd)))


def _curves(prior: Prior, mean: Array, sd: Array, value: float) -> pd.DataFrame:
    """Return both densities over the range of the posterior and the point."""
    import pandas as pd

    half = _CURVE_WIDTHS * float(np.hypot(mean.std(), sd.mean()))
    ends = (min(mean.mean() - half, value), max(mean.mean() + half, value))
    x = np.linspace(*ends, _CURVE_POINTS)
    every = max(1, len(mean) // _CURVE_DRAWS)
    posterior = _normal(x, mean[::every], sd[::every]).mean(axis=1)
    return pd.DataFrame(
        {"prior": prior.frozen.pdf(x), "posterior": posterior}, index=pd.Index(x, name="value")
    )
