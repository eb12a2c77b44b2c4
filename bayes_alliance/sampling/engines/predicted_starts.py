"""Likely values of a model that predicts more than the location: where its chains start."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.model.design import Predictor
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.model.prior_table import PriorEntry, PriorTable
from bayes_alliance.model.spec import Model, changed_model
from bayes_alliance.sampling.engines.likely_values import LikelyValues, likely_values
from bayes_alliance.sampling.parameter_view import model_view

Array = NDArray[np.float64]
_APART = 0.05  # of a prior's range, by which chains start apart


def with_predicted(model: Model, rng: np.random.Generator) -> tuple[LikelyValues, dict[str, Array]]:
    """Draw likely values of all unknowns, and of the coefficients of predicted parameters.

    These parameters are taken for one number each, as if nothing predicted them; their
    coefficients start about the logarithm of it, and their group effects at draws from the prior.

    Returns
    -------
    values, coefficients
        The coefficients by their variable, on the scale that has the priors.
    """
    plain = _with_numbers(model)
    found = likely_values(plain, rng)
    coefficients = {
        own.variable: _coefficients(model, own, float(found.own[own.parameter][0]), rng)
        for own in model.design.predicted
    }
    roots, standard = {}, {}
    for group in model.design.groups:
        for number, block in enumerate(group.blocks):
            key = group.name, number
            roots[key], standard[key] = _block(model, group, block, found, rng)
    own = {name: found.own[name] for name in model.family.parameters}
    return replace(found, own=own, roots=roots, standard=standard), coefficients


def _with_numbers(model: Model) -> Model:
    """Return the model in which every parameter but the location is one number."""
    plain = model_view(model, names.MEAN_PARAMETER)
    plain = changed_model(plain, family=replace(model.family, predicted=()))
    frame, family = plain.frame, plain.family
    place = family.location_and_scale(frame.y, plain.design.offset, frame.weights)
    added = [
        PriorEntry(variable=own.name, element=None, prior=own.default(*place), chosen=False)
        for own in family.own
        if own.name in model.predicted
    ]
    priors = PriorTable(entries=(*plain.priors.entries, *added), basis=plain.priors.basis)
    return changed_model(plain, priors=priors)


def _coefficients(
    model: Model, predictor: Predictor, value: float, rng: np.random.Generator
) -> Array:
    """Return working coefficients under which the parameter is nearly the value in all rows."""
    if not predictor.coefficients:
        return np.zeros(0)
    columns = model.priors.basis.predicted[predictor.variable].columns(predictor.X)
    wanted = predictor.link.forward(value) - predictor.offset
    size = np.sqrt((columns**2).mean(axis=0))
    size[size == 0.0] = 1.0
    near = np.linalg.lstsq(columns / size, wanted, rcond=1e-9)[0] / size
    return np.asarray(near + _APART * rng.standard_normal(len(near)) / size)


def _block(
    model: Model,
    group: GroupDesign,
    block: tuple[int, ...],
    found: LikelyValues,
    rng: np.random.Generator,
) -> tuple[Array, Array]:
    """Return root and standardised effects of a block, those of the location as they were found."""
    located = [k for k, place in enumerate(block) if _is_located(group, place)]
    root = np.zeros((len(block), len(block)))
    standard = rng.standard_normal((len(group.labels), len(block)))
    if located:
        key = group.name, _number_among_located(group, block)
        root[np.ix_(located, located)] = found.roots[key]
        standard[:, located] = found.standard[key]
    priors = model.priors.of(names.sd(group.name))
    for k in (k for k in range(len(block)) if k not in located):
        prior = priors[block[k]]
        middle = float(prior.frozen.ppf(0.5)) if prior.proper else 1.0
        root[k, k] = middle * np.exp(0.3 * rng.standard_normal())
    return root, standard


def _is_located(group: GroupDesign, place: int) -> bool:
    return group.varying[place].parameter == names.MEAN_PARAMETER


def _number_among_located(group: GroupDesign, block: tuple[int, ...]) -> int:
    """Return which block of the location's effects a block's have become."""
    having = [own for own in group.blocks if any(_is_located(group, k) for k in own)]
    return having.index(block)
