"""Where the chains of joint engines start: likely values as the variables of the PyMC model.

PyMC's own starting points lie one unit to either side of the middle of each prior, whatever the
unit of a column; far outside the posterior of a small coefficient, and all at one place of a
large one. A model that predicts more than the location is taken as if nothing predicted the rest.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.model.design import Predictor
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.model.prior import Prior
from bayes_alliance.model.prior_table import PriorEntry, PriorTable
from bayes_alliance.model.pymc_model import block_variables
from bayes_alliance.model.pymc_priors import sampled_variables
from bayes_alliance.model.spec import Model, changed_model
from bayes_alliance.random_streams import Stream, generator
from bayes_alliance.sampling.engines.likely_values import LikelyValues, likely_values
from bayes_alliance.sampling.parameter_view import model_view

Array = NDArray[np.float64]
UNLIKELY = (
    "Chains started at the middle of the priors: at no values that the data seemed to make likely "
    "had they a density."
)
_APART = 0.05  # of a prior's range, by which chains start apart


class JointStart(NamedTuple):
    """Where a chain starts.

    Parameters
    ----------
    values
        By the name of the PyMC variable, on its own scale.
    notes
        What is unusual about it.
    """

    values: dict[str, Array]
    notes: tuple[str, ...]


def joint_start(model: Model, seed: int, *more: int) -> JointStart:
    """Return a starting value of every random variable of a model's joint form.

    Parameters
    ----------
    model
        A model that holds its rows.
    seed, more
        The fit's seed with the number of the chain, or a chain's own seed.

    Returns
    -------
    JointStart
        Near the posterior, and as far from other chains' as the posterior is wide.
    """
    rng = generator(seed, Stream.STARTS, *more)
    predicted: dict[str, Array] = {}
    if model.predicted:
        drawn, predicted = with_predicted(model, rng)
    else:
        drawn = likely_values(model, rng)
    found = _by_variable(model, names.B, drawn.coefficients)
    for variable, values in predicted.items():
        found |= _by_variable(model, variable, values)
    for name, values in drawn.own.items():
        found |= _by_variable(model, name, values)
    for group in model.design.groups:
        found |= _group_start(model, group, drawn)
    return JointStart(found, () if drawn.are_likely else (UNLIKELY,))


def chain_starts(model: Model, *, seed: int, chains: int) -> list[JointStart]:
    """Return where every chain starts."""
    return [joint_start(model, seed, chain) for chain in range(chains)]


def all_notes(starts: Iterable[JointStart]) -> tuple[str, ...]:
    """Return the notes of some starts, each once."""
    return tuple(dict.fromkeys(note for start in starts for note in start.notes))


def _by_variable(model: Model, variable: str, values: Array) -> dict[str, Array]:
    """Divide a parameter's values among the PyMC variables it is made of."""
    priors = model.priors.of(variable)
    inside = np.array([_inside(p, v) for p, v in zip(priors, values, strict=True)])
    return {
        own.name: inside[own.places] if own.is_vector else inside[own.places[0]]
        for own in sampled_variables(model.priors, variable)
    }


def _inside(prior: Prior, value: float) -> float:
    """Return the value, or the prior's median where it has no such values."""
    if prior.proper and not np.isfinite(prior.frozen.logpdf(value)):
        return float(prior.frozen.ppf(0.5))
    return float(value)


class _Lower(NamedTuple):
    """A root of a covariance as ``triangle @ turn``: lower triangular times orthogonal."""

    triangle: Array
    turn: Array


def _lower(root: Array) -> _Lower:
    turn, upper = np.linalg.qr(root.T)
    signs = np.where(np.diagonal(upper) < 0.0, -1.0, 1.0)
    return _Lower(upper.T * signs, (turn * signs).T)


def _group_start(model: Model, group: GroupDesign, drawn: LikelyValues) -> dict[str, Array]:
    """Return the starts of a factor's standard deviations, correlations and effects."""
    found: dict[str, Array] = {}
    sds = np.empty(len(group.effects))
    centred = model.centring[group.name] == "centred"
    for number, block in enumerate(group.blocks):
        root = _lower(drawn.roots[group.name, number])
        sd = np.sqrt((root.triangle**2).sum(axis=1))
        sds[block[0] : block[-1] + 1] = sd
        standard = drawn.standard[group.name, number] @ root.turn.T
        effects = standard @ root.triangle.T if centred else standard
        found |= block_variables(
            group, number, centred=centred, effects=effects, factor=root.triangle / sd[:, None]
        )
    kept = _by_variable(model, names.sd(group.name), sds)
    return found | kept


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
