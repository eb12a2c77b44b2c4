"""Priors as PyMC variables: one vector where all elements share a distribution.

Arguments of location and scale are shared variables, so that priors scaled to another data set
need no new compilation; arguments of shape (nu, alpha) are constants, which compile much faster.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from bayes_alliance import names
from bayes_alliance.model.prior import Prior
from bayes_alliance.model.prior_table import PriorTable

SHAPE_ARGUMENTS = {
    "StudentT": ("nu",),
    "HalfStudentT": ("nu",),
    "Gamma": ("alpha",),
    "InverseGamma": ("alpha",),
    "Weibull": ("alpha",),
}


def shared_arguments(priors: PriorTable) -> dict[str, Any]:
    """Return the values of every shared prior argument by name, for a second data set."""
    return {
        _shared_name(name, argument): value
        for name, prior, arguments in _parts(priors)
        for argument, value in _shared(prior, arguments).items()
    }


def fixed_arguments(priors: PriorTable) -> tuple[Any, ...]:
    """Return what is compiled in: distributions, their elements and arguments of shape."""
    return tuple(
        (name, prior.distribution, arguments.shape, *_fixed(prior, arguments).items())
        for name, prior, arguments in _parts(priors)
    )


class SampledVariable(NamedTuple):
    """A PyMC variable that holds the elements of a parameter at some places, or its only number."""

    name: str
    places: list[int]
    is_vector: bool


def sampled_variables(priors: PriorTable, variable: str) -> list[SampledVariable]:
    """Return the PyMC variables that one top-level parameter is made of."""
    own = priors.of(variable)
    vector = any(e.variable == variable and e.element is not None for e in priors.entries)
    found = []
    for prior, places, _ in _by_distribution(own):
        whole = len(places) == len(own)
        name = _part_name(priors.sampled_name(variable), prior, whole=whole)
        found.append(SampledVariable(name, places, vector))
    return found


def add_parameter(priors: PriorTable, variable: str, dims: str | None) -> Any:
    """Add what has the priors of one top-level parameter to the current PyMC model.

    Its name is ``priors.sampled_name(variable)``.

    Parameters
    ----------
    priors
        All priors of the model.
    variable
        Container variable.
    dims
        Its dimension, or None for a single number.
    """
    import pymc as pm
    import pytensor.tensor as pt

    groups = _by_distribution(priors.of(variable))
    own = priors.sampled_name(variable)
    if dims is None:
        prior, _, arguments = groups[0]
        return _variable(own, prior, arguments[0], dims=None)
    if len(groups) == 1:
        prior, _, arguments = groups[0]
        return _variable(own, prior, arguments, dims=dims)
    elements: list[Any] = [None] * len(priors.of(variable))
    for prior, places, arguments in groups:
        name = _part_name(own, prior, whole=False)
        part = _variable(name, prior, arguments, shape=len(places))
        for k, place in enumerate(places):
            elements[place] = part[k]
    return pm.Deterministic(own, pt.stack(elements), dims=dims)


def _parts(priors: PriorTable) -> list[tuple[str, Prior, Any]]:
    """Every PyMC variable of the priors: its name, one prior, arguments by element."""
    parts: list[tuple[str, Prior, Any]] = []
    for variable in priors.variables:
        own = priors.of(variable)
        scalar = not any(e.variable == variable and e.element is not None for e in priors.entries)
        for prior, places, arguments in _by_distribution(own):
            whole = len(places) == len(own)
            name = _part_name(priors.sampled_name(variable), prior, whole=whole)
            parts.append((name, prior, arguments[0] if scalar else arguments))
    return parts


def _part_name(variable: str, prior: Prior, *, whole: bool) -> str:
    return variable if whole else f"{variable}_{prior.distribution}"


def _shared_name(name: str, argument: str) -> str:
    return f"prior_{name}_{argument}"


def _by_distribution(priors: tuple[Prior, ...]) -> list[tuple[Prior, list[int], Any]]:
    """Group the elements by distribution: (one prior, places, arguments by element)."""
    places: dict[str, list[int]] = {}
    for place, prior in enumerate(priors):
        places.setdefault(prior.distribution, []).append(place)
    return [
        (priors[where[0]], where, np.asarray([priors[k].arguments for k in where], dtype=float))
        for where in places.values()
    ]


def _shared(prior: Prior, arguments: Any) -> dict[str, Any]:
    fixed = SHAPE_ARGUMENTS.get(prior.distribution, ())
    return {
        argument: arguments[..., k]
        for k, argument in enumerate(prior.kind.arguments)
        if argument not in fixed and prior.kind.support != "correlation"
    }


def _fixed(prior: Prior, arguments: Any) -> dict[str, Any]:
    shared = _shared(prior, arguments)
    return {
        argument: tuple(np.atleast_1d(arguments[..., k]).tolist())
        for k, argument in enumerate(prior.kind.arguments)
        if argument not in shared
    }


def _variable(name: str, prior: Prior, arguments: Any, **size: Any) -> Any:
    import pymc as pm
    import pytensor

    shared = _shared(prior, arguments)
    values: dict[str, Any] = {}
    for k, argument in enumerate(prior.kind.arguments):
        value = np.asarray(arguments[..., k], dtype=float)
        if argument in shared:
            value = pytensor.shared(value, name=_shared_name(name, argument))
        elif value.size and (value == value.flat[0]).all():
            value = value.flat[0]
        values[argument] = value
    extra: dict[str, Any] = {}
    if size.get("dims") == names.CUTPOINT_DIM:
        count = len(arguments)
        extra = {
            "transform": pm.distributions.transforms.ordered,
            "initval": np.linspace(-1.0, 1.0, count) if count > 1 else np.zeros(1),
        }
    return getattr(pm, prior.distribution)(name, **values, **size, **extra)
