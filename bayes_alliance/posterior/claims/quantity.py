"""Every single number of a fit by its name: ``b[stigma]``, ``sd_case_manager[Intercept]``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.display import joined
from bayes_alliance.model.pymc_model import build_coords
from bayes_alliance.model.spec import Model
from bayes_alliance.posterior.shares.share_request import ShareRequest
from bayes_alliance.posterior.shares.share_words import measure_words, place_words
from bayes_alliance.posterior.shares.variance_parts import split_variance
from bayes_alliance.sampling.container import variable_dims
from bayes_alliance.sampling.engines.contract import public_variables
from bayes_alliance.sampling.fit import Fit

Array = NDArray[np.float64]
SHARE = "share"
# Full name of a quantity -> its variable and its place along each further dimension.
Places = Mapping[str, tuple[str, tuple[int, ...]]]


def quantity_places(model: Model) -> Places:
    """Return where each quantity of a model's fit lies, by its full name.

    Group effects go by group and effect: ``u_case_manager[CM07, stigma]``; variance shares by
    level: ``share[case_manager]``.
    """
    coords, dims = build_coords(model), variable_dims(model)
    places: dict[str, tuple[str, tuple[int, ...]]] = {}
    for variable in public_variables(model):
        labels = [[str(label) for label in coords[dim]] for dim in dims.get(variable, ())]
        shape = tuple(len(along) for along in labels)
        for place in np.ndindex(*shape):
            parts = [along[k] for along, k in zip(labels, place, strict=True)]
            places[f"{variable}[{', '.join(parts)}]" if parts else variable] = (variable, place)
    located = [g.name for g in model.design.groups if g.places_of(names.MEAN_PARAMETER)]
    if located:
        for k, level in enumerate((*located, names.RESIDUAL)):
            places[f"{SHARE}[{level}]"] = (SHARE, (k,))
    return places


def ways_to_write(model: Model, places: Places) -> dict[str, str]:
    """Return every way a quantity may be written, and its full name.

    A variable of one element goes without brackets, and a coefficient by its label alone, unless
    a variable has that name.
    """
    written = {name: name for name in places}
    alone: dict[str, list[str]] = {}
    for name, (variable, _) in places.items():
        alone.setdefault(variable, []).append(name)
    for variable, found in alone.items():
        if len(found) == 1:
            written.setdefault(variable, found[0])
    for label, name in zip(model.design.coefficients, alone.get(names.B, ()), strict=True):
        written.setdefault(label, name)
    return written


def quantity_draws(
    fit: Fit, wanted: Iterable[str], places: Places, asked: ShareRequest
) -> dict[str, Array]:
    """Return the draws of the quantities, each of shape (chain, draw).

    Raises
    ------
    ModelError
        If a share is among them that has no answer.
    """
    posterior = fit.posterior
    draws: dict[str, Array] = {}
    shares: Array | None = None
    for name in dict.fromkeys(wanted):
        variable, place = places[name]
        if variable == SHARE:
            shares = _shares(fit, asked) if shares is None else shares
            draws[name] = shares[..., place[0]]
        else:
            found = posterior[variable]
            further = found.dims[2:]
            draws[name] = found.isel(dict(zip(further, place, strict=True))).to_numpy()
    return draws


def _shares(fit: Fit, asked: ShareRequest) -> Array:
    """Return the share of every level, (chain, draw, level)."""
    return split_variance(fit, asked).shares[:, :, 0]


def names_a_share(places: Places, wanted: Iterable[str]) -> bool:
    """Tell whether a variance share is among the quantities."""
    return any(places[name][0] == SHARE for name in wanted)


def where_claims_stand(fit: Fit, wanted: Iterable[str], asked: ShareRequest) -> str:
    """Say where what a claim names holds: its shares, and what is of lower order as written."""
    names_in_it = list(dict.fromkeys(wanted))
    said = [shares_stand(fit, names_in_it, asked), lower_order_words(fit.model, names_in_it)]
    return " ".join(filter(None, said))


def lower_order_words(model: Model, wanted: Iterable[str]) -> str:
    """Name what is the effect at predictor value 0: above it stand slopes, products or powers."""
    places = quantity_places(model)
    orders = {
        own.variable: (own.orders, [own.parameter] * len(own.orders), 0)
        for own in model.design.predictors
    }
    for group in model.design.groups:
        of_each = [effect.parameter for effect in group.varying]
        orders[names.u(group.name)] = group.orders, of_each, 1
        orders[names.sd(group.name)] = group.orders, of_each, 0
    found = []
    for name in wanted:
        variable, place = places[name]
        if variable in orders:
            own, of_each, along = orders[variable]
            at = place[along]
            beside = [other for other, its in zip(own, of_each, strict=True) if its == of_each[at]]
            found += [name] if any(own[at].below(other) for other in beside) else []
    if not found:
        return ""
    many = len(found) > 1
    return (
        f"{joined(found)} {'are' if many else 'is'} as the formula writes "
        f"{'them' if many else 'it'}: at predictor value 0."
    )


def shares_stand(fit: Fit, wanted: Iterable[str], asked: ShareRequest) -> str:
    """Say where and on which scale the shares of a claim hold; nothing if it names none."""
    if not names_a_share(quantity_places(fit.model), wanted):
        return ""
    predictors = set(fit.model.design.coefficients) - {names.INTERCEPT}
    whole = "the variance the predictors leave" if predictors else "the variance"
    where = place_words(asked.standing, average=asked.average)
    return f"Shares are of {whole}{where}{measure_words(fit.model.link.scale)}."
