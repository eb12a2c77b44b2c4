"""The likelihood of the joint form: the family's distribution of the observed outcome."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bayes_alliance import names
from bayes_alliance.model.pymc_priors import add_parameter

if TYPE_CHECKING:
    from bayes_alliance.model.record import ModelRecord


DATA_WEIGHTS = "row_weights"


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
