"""The joint form: the PyMC model with every group effect in it, and its likelihood.

The data sits in ``pm.Data`` and prior arguments in shared variables, so that another data set of
the same shape needs no new compilation. PyTensor gives up where its folder cannot be made, and has
to be told of another before it is loaded.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_alliance import names
from bayes_alliance.errors import ModelError
from bayes_alliance.kernels.code_folder import is_usable, private_folder, say_once
from bayes_alliance.model.design import Predictor
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.model.pymc_priors import add_parameter

if TYPE_CHECKING:
    from bayes_alliance.model.record import ModelRecord

# Unlike any outcome: data, outcome and parameters share one namespace in a pm.Model.
DATA_WEIGHTS = "row_weights"
DATA_X = "population_columns"
DATA_OFFSET = "known_offset"
DATA_COEFFICIENTS = "coefficients_of_design"
DATA_CONSTANT = "constant_of_design"
# Closer than this to the end of its range a number has no finite place on the whole line.
_EDGE = 1e-12
_FLAGS = "PYTENSOR_FLAGS"


def data_z(group: str) -> str:
    """Name of the data variable with a group's effect columns."""
    return f"Z_{group}"


def data_effects(group: str) -> str:
    """Name of the data variable that turns sampled effects into those of the design."""
    return f"effects_of_design_{group}"


def data_index(group: str) -> str:
    """Name of the data variable with each row's place among the groups."""
    return f"index_{group}"


def data_columns(predictor: Predictor) -> str:
    """Name of the data variable with the columns of a predicted parameter."""
    return f"{DATA_X}_of_{predictor.parameter}"


def data_offset(predictor: Predictor) -> str:
    """Name of the data variable with the known part of its linear predictor."""
    return f"{DATA_OFFSET}_of_{predictor.parameter}"


def data_coefficients(predictor: Predictor) -> str:
    """Name of the data variable that turns its sampled coefficients into those of the design."""
    return f"{DATA_COEFFICIENTS}_of_{predictor.parameter}"


def build_coords(model: ModelRecord) -> dict[str, Any]:
    """Return the coordinates of the model, in the container's words."""
    design = model.design
    coords: dict[str, Any] = {own.dim: list(own.coefficients) for own in design.predictors}
    for group in design.groups:
        coords[group.name] = list(group.labels)
        coords[names.effect(group.name)] = list(group.effects)
        if group.pairs:
            coords[names.pair(group.name)] = list(group.pair_labels)
    for parameter in model.family.own:
        if parameter.dim:
            coords[parameter.dim] = list(parameter.labels(model.frame.levels))
    return coords


def data_arrays(model: ModelRecord) -> dict[str, Any]:
    """Return what changes between data sets of one shape: data and prior arguments, by name."""
    design = model.design
    basis = model.priors.basis
    arrays: dict[str, Any] = {DATA_OFFSET: design.offset}
    if design.coefficients:
        arrays[DATA_X] = basis.coefficients.columns(design.X)
        if not basis.coefficients.is_trivial:
            arrays[DATA_COEFFICIENTS] = basis.coefficients.to_user
        if basis.coefficients.constant.any():
            arrays[DATA_CONSTANT] = basis.coefficients.constant
    for predictor in design.predicted:
        arrays[data_offset(predictor)] = predictor.offset
        change = basis.predicted[predictor.variable]
        if predictor.coefficients:
            arrays[data_columns(predictor)] = change.columns(predictor.X)
            if not change.is_trivial:
                arrays[data_coefficients(predictor)] = change.to_user
    arrays[outcome_data(model)] = model.frame.y
    if model.frame.weights is not None:
        arrays[DATA_WEIGHTS] = model.frame.weights
    for group in design.groups:
        own = basis.effects[group.name]
        arrays[data_z(group.name)] = own.columns(group.Z)
        if not own.is_trivial:
            arrays[data_effects(group.name)] = own.to_user
        arrays[data_index(group.name)] = group.index
    return arrays


def build_pymc(model: ModelRecord) -> Any:
    """Build the ``pm.Model`` of a model.

    Raises
    ------
    ModelError
        If the model holds no rows: it would give back its prior.
    """
    import pymc as pm
    import pytensor.tensor as pt

    if not len(model.frame.y):
        raise ModelError(
            "The joint form of the model was to be built.",
            f"The model holds none of its {model.frame.rows_used} rows: they were streamed, or "
            "left out when its fit was saved.",
            'Sample a streamed model with engine="collapsed", or build it on a table in memory.',
        )
    design = model.design
    arrays = data_arrays(model)
    # Sampled on the scale the priors stand on; the design's own quantities are made of that.
    with pm.Model(coords=build_coords(model)) as built:
        eta: Any = pm.Data(DATA_OFFSET, arrays[DATA_OFFSET], dims=names.ROW)
        if design.coefficients:
            X = pm.Data(DATA_X, arrays[DATA_X], dims=(names.ROW, names.COEFFICIENT))
            eta = eta + pt.dot(X, _add_coefficients(model, arrays))
        etas = {design.location.parameter: eta}
        for own in design.predicted:
            etas[own.parameter] = _add_predictor(model, own, arrays)
        for group in design.groups:
            effects = _add_group(model, group, arrays)
            Z = pm.Data(
                data_z(group.name),
                arrays[data_z(group.name)],
                dims=(names.ROW, names.effect(group.name)),
            )
            index = pm.Data(data_index(group.name), group.index, dims=names.ROW)
            for parameter, added in _added_to(group, Z * effects[index]).items():
                etas[parameter] = etas[parameter] + added
        eta = etas.pop(design.location.parameter)
        links = {own.parameter: own.link for own in design.predicted}
        add_likelihood(model, eta, {name: links[name].in_pymc(own) for name, own in etas.items()})
        _add_level(model, built, arrays)
    return built


def _add_predictor(model: ModelRecord, predictor: Predictor, arrays: dict[str, Any]) -> Any:
    """Add the coefficients of a predicted parameter; return its population part by row."""
    import pymc as pm
    import pytensor.tensor as pt

    eta: Any = pm.Data(data_offset(predictor), arrays[data_offset(predictor)], dims=names.ROW)
    if not predictor.coefficients:
        return eta
    sampled = add_parameter(model.priors, predictor.variable, predictor.dim)
    to_user = data_coefficients(predictor)
    if to_user in arrays:
        change = pm.Data(to_user, arrays[to_user])
        pm.Deterministic(predictor.variable, pt.dot(change, sampled), dims=predictor.dim)
    columns = data_columns(predictor)
    X = pm.Data(columns, arrays[columns], dims=(names.ROW, predictor.dim))
    return eta + pt.dot(X, sampled)


def _added_to(group: GroupDesign, products: Any) -> dict[str, Any]:
    """Return what a factor's effects add to the linear predictor of each parameter, by row."""
    parameters = dict.fromkeys(effect.parameter for effect in group.varying)
    if len(parameters) == 1:
        return {next(iter(parameters)): products.sum(axis=-1)}
    return {name: products[:, group.places_of(name)].sum(axis=-1) for name in parameters}


def _add_level(model: ModelRecord, built: Any, arrays: dict[str, Any]) -> None:
    """Add what takes the intercept's place as written, where its priors stand at the means."""
    import pymc as pm
    import pytensor.tensor as pt

    level = model.family.level
    if level is None:
        return
    sampled = model.priors.sampled_name(level.name)
    if sampled != level.name:
        constant = pm.Data(DATA_CONSTANT, arrays[DATA_CONSTANT])
        moved = pt.dot(constant, built[names.B])
        pm.Deterministic(level.name, built[sampled] + moved, dims=level.dim)


def _add_coefficients(model: ModelRecord, arrays: dict[str, Any]) -> Any:
    """Add the coefficients of the design; return those that have the priors."""
    import pymc as pm
    import pytensor.tensor as pt

    sampled = add_parameter(model.priors, names.B, names.COEFFICIENT)
    if DATA_COEFFICIENTS in arrays:
        to_user = pm.Data(DATA_COEFFICIENTS, arrays[DATA_COEFFICIENTS])
        pm.Deterministic(names.B, pt.dot(to_user, sampled), dims=names.COEFFICIENT)
    return sampled


def _add_group(model: ModelRecord, group: GroupDesign, arrays: dict[str, Any]) -> Any:
    """Add standard deviations, correlations and effects of a group; return the sampled effects."""
    import pymc as pm
    import pytensor.tensor as pt

    sd = add_parameter(model.priors, names.sd(group.name), names.effect(group.name))
    centred = model.centring[group.name] == "centred"
    columns: list[Any] = []
    correlations: list[Any] = []
    for number, block in enumerate(group.blocks):
        scale = sd[block[0] : block[-1] + 1]
        factor = _add_correlations(model, group, number)
        make = _centred_block if centred else _non_centred_block
        columns.append(make(group, number, scale, factor))
        correlations.extend(_correlations(factor, len(block)))
    effects = columns[0] if len(columns) == 1 else pt.concatenate(columns, axis=1)
    if data_effects(group.name) not in arrays:
        _add_correlations_of(group, correlations)
        return pm.Deterministic(names.u(group.name), effects, dims=_effect_dims(group))
    to_user = pm.Data(data_effects(group.name), arrays[data_effects(group.name)])
    _add_scales_of_design(group, to_user, sd, correlations)
    pm.Deterministic(names.u(group.name), pt.dot(effects, to_user.T), dims=_effect_dims(group))
    return effects


def _add_correlations_of(group: GroupDesign, correlations: list[Any]) -> None:
    import pymc as pm
    import pytensor.tensor as pt

    if correlations:
        pm.Deterministic(names.cor(group.name), pt.stack(correlations), dims=names.pair(group.name))


def _add_scales_of_design(
    group: GroupDesign, to_user: Any, sd: Any, correlations: list[Any]
) -> None:
    """Add the design's standard deviations and correlations, made of the sampled ones."""
    import pymc as pm
    import pytensor.tensor as pt

    rows: list[list[Any]] = [[0.0] * len(group.effects) for _ in group.effects]
    for place in range(len(group.effects)):
        rows[place][place] = sd[place] ** 2
    for (first, second), value in zip(group.pairs, correlations, strict=True):
        rows[first][second] = rows[second][first] = value * sd[first] * sd[second]
    sampled = pt.stack([pt.stack([pt.as_tensor(entry) for entry in row]) for row in rows])
    covariance = pt.dot(pt.dot(to_user, sampled), to_user.T)
    scale = pt.sqrt(pt.diagonal(covariance))
    pm.Deterministic(names.sd(group.name), scale, dims=names.effect(group.name))
    entries = [covariance[i, j] / (scale[i] * scale[j]) for i, j in group.pairs]
    _add_correlations_of(group, entries)


def _effect_dims(group: GroupDesign) -> tuple[str, str]:
    return group.name, names.effect(group.name)


def _add_correlations(model: ModelRecord, group: GroupDesign, number: int) -> Any:
    """Add a block's correlations: None, one number for two effects, else a Cholesky factor."""
    import pymc as pm

    size = len(group.blocks[number])
    if size == 1:
        return None
    (prior,) = model.priors.of(names.cor(group.name))
    eta = prior.arguments[0]
    if size > 2:
        return pm.LKJCorr(f"cholesky_{group.name}_{number}", n=size, eta=eta)
    # LKJ of two effects is a Beta on (cor + 1) / 2; the general form compiles a loop for it.
    return 2 * pm.Beta(f"half_{group.name}_{number}", eta, eta) - 1


def block_variables(
    group: GroupDesign, number: int, *, centred: bool, effects: Any, factor: Any
) -> dict[str, Any]:
    """Return the values of a block's random variables, standard deviations left out.

    Parameters
    ----------
    group, number
        The factor, and which of its blocks.
    centred
        Whether the effects are sampled on their own scale.
    effects
        They, or else standard normals that become them, shape (group, q).
    factor
        The lower Cholesky factor of the correlations, shape (q, q).
    """
    size = len(group.blocks[number])
    found: dict[str, Any] = {}
    if size > 2:
        found[f"cholesky_{group.name}_{number}"] = factor
    elif size == 2:
        found[f"half_{group.name}_{number}"] = np.clip((factor[1, 0] + 1) / 2, _EDGE, 1 - _EDGE)
    name = f"effects_{group.name}_{number}"
    if not centred:
        found[f"standard_{group.name}_{number}"] = effects
    elif size == 2:
        found |= {f"{name}_first": effects[:, 0], f"{name}_second": effects[:, 1]}
    else:
        found[name] = effects
    return found


def _correlations(factor: Any, size: int) -> list[Any]:
    import pytensor.tensor as pt

    if factor is None or size == 2:
        return [] if factor is None else [factor]
    matrix = pt.dot(factor, factor.T)
    return [matrix[i, j] for i in range(size) for j in range(i + 1, size)]


def _non_centred_block(group: GroupDesign, number: int, sd: Any, factor: Any) -> Any:
    """Effects as standard normals times their scale: for groups with little data."""
    import pymc as pm
    import pytensor.tensor as pt

    size = len(group.blocks[number])
    standard = pm.Normal(f"standard_{group.name}_{number}", shape=(len(group.labels), size))
    if size == 2:
        first, second = standard[:, 0], standard[:, 1]
        mixed = factor * first + pt.sqrt(1 - factor**2) * second
        return pt.stack([sd[0] * first, sd[1] * mixed], axis=1)
    return (standard if factor is None else pt.dot(standard, factor.T)) * sd


def _centred_block(group: GroupDesign, number: int, sd: Any, factor: Any) -> Any:
    """Effects on their own scale: for groups with much data."""
    import pymc as pm

    size = len(group.blocks[number])
    name, shape = f"effects_{group.name}_{number}", (len(group.labels), size)
    if factor is None:
        return pm.Normal(name, 0.0, sd, shape=shape)
    if size > 2:
        return pm.MvNormal(name, mu=np.zeros(size), chol=sd[:, None] * factor, shape=shape)
    return _centred_pair(name, len(group.labels), sd, factor)


def _centred_pair(name: str, groups: int, sd: Any, correlation: Any) -> Any:
    """Two correlated effects as a first and a second given the first: no matrix algebra."""
    import pymc as pm
    import pytensor.tensor as pt

    first = pm.Normal(f"{name}_first", 0.0, sd[0], shape=groups)
    mean = correlation * sd[1] / sd[0] * first
    rest = sd[1] * pt.sqrt(1 - correlation**2)
    second = pm.Normal(f"{name}_second", mean, rest, shape=groups)
    return pt.stack([first, second], axis=1)


def outcome_data(model: ModelRecord) -> str:
    """Name of the data variable with the outcome."""
    return f"{model.outcome}_data"


def add_likelihood(model: ModelRecord, eta: Any, predicted: Mapping[str, Any]) -> None:
    """Add the observed outcome to the current PyMC model.

    ``predicted`` holds the parameters that differ from row to row. Frequency weights multiply a
    row's log likelihood; precision weights divide its variance.
    """
    import pymc as pm

    family = model.family
    own = {
        part.name: add_parameter(model.priors, part.name, part.dim or None) for part in family.own
    } | dict(predicted)
    observed = pm.Data(outcome_data(model), family.as_observed(model.frame.y), dims=names.ROW)
    if model.frame.weights is None:
        distribution, arguments = family.pymc(eta, own, 1.0)
        distribution(model.outcome, **arguments, observed=observed, dims=names.ROW)
        return
    weights = pm.Data(DATA_WEIGHTS, model.frame.weights, dims=names.ROW)
    precision = model.formula.response.weight_kind != "frequency"
    distribution, arguments = family.pymc(eta, own, weights if precision else 1.0)
    if precision:
        distribution(model.outcome, **arguments, observed=observed, dims=names.ROW)
    else:
        log_density = pm.logp(distribution.dist(**arguments), observed)
        pm.Potential(model.outcome, weights * log_density, dims=names.ROW)


def _name_pytensor_folder() -> None:
    """Name another folder in PyTensor's own variable, for this process and those it starts."""
    flags = os.environ.get(_FLAGS, "")
    if "pytensor" in sys.modules or "compiledir" in flags or is_usable(_usual_folder()):
        return
    private = private_folder()
    if private is None:
        say_once("No folder can be written to in which PyTensor keeps what it compiles.")
        return
    os.environ[_FLAGS] = ",".join(filter(None, [flags, f"base_compiledir={private / 'pytensor'}"]))


def _usual_folder() -> Path:
    """Return the folder that PyTensor takes if it is told of none."""
    local = os.environ.get("LOCALAPPDATA") if sys.platform == "win32" else None
    if local is not None:
        return Path(local) / "PyTensor"
    return Path(os.environ.get("HOME") or Path.home()) / ".pytensor"


_name_pytensor_folder()  # before anything here loads PyTensor
