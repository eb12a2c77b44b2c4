"""What each group's own rows say of it, before anything is borrowed from the other groups."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.kernels.group_least_squares import least_squares_by_group
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.model.spec import Model
from bayes_alliance.posterior.shared_groups import containers
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.linear_predictor import (
    frequency_weights,
    population_part,
    precision_weights,
)
from bayes_alliance.sampling.stand_in import stand_in_model

Array = NDArray[np.float64]
NO_ROWS = (
    "The rows are not at hand, nor sums of them: the fit was saved without them (data=False), so "
    "there are no deviations."
)
NOT_NUMERIC = (
    "An outcome with a link has no deviations on this scale: group_means(fit) sets "
    "each group's raw mean beside its expected one."
)
MEANING = (
    "raw: deviation by the group's own rows alone, nothing shrunken (least squares "
    "around the population's posterior mean); a dash where they cannot tell."
)


def raw_effects(fit: Fit, group: GroupDesign) -> tuple[Array, str]:
    """Return deviations, shape (group, effect), and what has to be said about them.

    For intercepts it is the mean of the group's residuals from the population part. Effects of
    groups it lies in, or is crossed with, are taken off first; those of groups within it are not.
    Rows that were streamed have others that stand in for them: only sums of products count here.
    """
    missing = np.full((len(group.labels), len(group.effects)), np.nan)
    if not (fit.has_data or fit.has_sums):
        return missing, NO_ROWS
    if not fit.model.family.has_residual:
        return missing, NOT_NUMERIC
    model = stand_in_model(fit.model) if fit.has_sums else fit.model
    own = model.design.group(group.name)
    weights = np.broadcast_to(
        precision_weights(model) * frequency_weights(model), model.frame.y.shape
    )
    found = least_squares_by_group(
        _left_for(fit, model, own), own.Z, own.index, len(own.labels), weights
    )
    return found, MEANING


def _left_for(fit: Fit, model: Model, group: GroupDesign) -> Array:
    """Return the outcome without its population part and the effects of other groups."""
    design, inside = model.design, containers(model.design)
    mean = {names.B: _mean(fit, names.B)} if design.coefficients else {}
    left = model.frame.y - population_part(model, mean)
    for other in design.groups:
        if other is not group and group.name not in inside[other.name]:
            effects = _mean(fit, names.u(other.name))
            left = left - np.einsum("nq,nq->n", other.Z, effects[other.index])
    return np.asarray(left)


def _mean(fit: Fit, variable: str) -> Array:
    return np.asarray(fit.posterior[variable].mean((names.CHAIN, names.DRAW)).to_numpy())
