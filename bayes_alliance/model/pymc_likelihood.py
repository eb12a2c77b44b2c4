"""The likelihood of the joint form, one short function a family."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bayes_alliance import names
from bayes_alliance.model.pymc_priors import add_parameter

if TYPE_CHECKING:
    from bayes_alliance.model.spec import Model


DATA_WEIGHTS = "row_weights"
# Arguments that PyMC's ordinal distributions take where they have a name, and nowhere else.
_NAMED_ONLY = {"compute_p": False}


def outcome_data(model: Model) -> str:
    """Name of the data variable with the outcome."""
    return f"{model.outcome}_data"


def add_likelihood(model: Model, eta: Any) -> None:
    """Add the observed outcome to the current PyMC model.

    Frequency weights multiply a row's log likelihood; precision weights divide its variance.
    """
    import pymc as pm

    make = _MAKERS[model.family.name]
    parameters = _parameters(model)
    y = model.frame.y
    outcome = y if model.family.outcome == "numeric" else y.astype("int64")
    observed = pm.Data(outcome_data(model), outcome, dims=names.ROW)
    if model.frame.weights is None:
        distribution, arguments = make(model, eta, parameters, 1.0)
        distribution(model.outcome, **arguments, observed=observed, dims=names.ROW)
        return
    weights = pm.Data(DATA_WEIGHTS, model.frame.weights, dims=names.ROW)
    precision = model.formula.response.weight_kind != "frequency"
    distribution, arguments = make(model, eta, parameters, weights if precision else 1.0)
    if precision:
        distribution(model.outcome, **arguments, observed=observed, dims=names.ROW)
    else:
        unnamed = {name: a for name, a in arguments.items() if name not in _NAMED_ONLY}
        log_density = pm.logp(distribution.dist(**unnamed), observed)
        pm.Potential(model.outcome, weights * log_density, dims=names.ROW)


def _parameters(model: Model) -> dict[str, Any]:
    dims = {"cutpoint": names.CUTPOINT_DIM}
    return {
        name: add_parameter(model.priors, name, dims.get(name)) for name in model.family.parameters
    }


def _gaussian(model: Model, eta: Any, own: dict[str, Any], weight: Any) -> Any:
    import pymc as pm
    import pytensor.tensor as pt

    return pm.Normal, {"mu": eta, "sigma": own.get("sigma", 1.0) / pt.sqrt(weight)}


def _student(model: Model, eta: Any, own: dict[str, Any], weight: Any) -> Any:
    import pymc as pm
    import pytensor.tensor as pt

    return pm.StudentT, {
        "nu": own["nu"],
        "mu": eta,
        "sigma": own.get("sigma", 1.0) / pt.sqrt(weight),
    }


def _bernoulli(model: Model, eta: Any, own: dict[str, Any], weight: Any) -> Any:
    import pymc as pm
    import pytensor.tensor as pt

    if model.link == "logit":
        return pm.Bernoulli, {"logit_p": eta}
    if model.link == "probit":
        return pm.Bernoulli, {"p": pm.math.invprobit(eta)}
    return pm.Bernoulli, {"p": -pt.expm1(-pt.exp(eta))}


def _cumulative(model: Model, eta: Any, own: dict[str, Any], weight: Any) -> Any:
    import pymc as pm

    distribution = pm.OrderedLogistic if model.link == "logit" else pm.OrderedProbit
    return distribution, {"eta": eta, "cutpoints": own["cutpoint"], **_NAMED_ONLY}


_MAKERS: dict[str, Callable[..., Any]] = {
    "gaussian": _gaussian,
    "student": _student,
    "bernoulli": _bernoulli,
    "cumulative": _cumulative,
}
