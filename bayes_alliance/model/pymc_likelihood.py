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
    """Every link through the log odds: a probability next to 1 has no digits left to lose."""
    import pymc as pm
    import pytensor.tensor as pt
    from pymc.distributions.dist_math import normal_lcdf

    if model.link == "probit":
        eta = normal_lcdf(0, 1, eta) - normal_lcdf(0, 1, -eta)
    elif model.link == "cloglog":
        hazard = pt.exp(eta)
        eta = hazard + pt.log(-pt.expm1(-hazard))
    return pm.Bernoulli, {"logit_p": eta}


def _cumulative(model: Model, eta: Any, own: dict[str, Any], weight: Any) -> Any:
    import pymc as pm

    if model.link == "probit":
        return pm.OrderedProbit, {"eta": eta, "cutpoints": own["cutpoint"], **_NAMED_ONLY}
    return _OrderedLogistic, {"eta": eta, "cutpoint": own["cutpoint"]}


class _OrderedLogistic:
    """PyMC's OrderedLogistic without its table of all probabilities, which is slow to compile."""

    def __new__(cls, name: str, **arguments: Any) -> Any:
        """Add the distribution to the current model."""
        import pymc as pm

        eta, cutpoint = arguments.pop("eta"), arguments.pop("cutpoint")
        return pm.CustomDist(
            name, eta, cutpoint, logp=_cumulative_logp, dist=_cumulative_dist, **arguments
        )

    @staticmethod
    def dist(eta: Any, cutpoint: Any) -> Any:
        """Return the distribution without a name, for a weighted likelihood."""
        import pymc as pm

        return pm.CustomDist.dist(eta, cutpoint, logp=_cumulative_logp, dist=_cumulative_dist)


_FAR = 1e10  # stands for infinity: its gradient is 0, not NaN


def _cumulative_logp(value: Any, eta: Any, cutpoint: Any) -> Any:
    """Return log(F(u) - F(l)) = log F(u) + log F(-l) + log(1 - exp(l - u)), F logistic."""
    import pytensor.tensor as pt

    category = value.astype("int64")
    far = pt.constant([_FAR])
    upper = pt.concatenate([cutpoint, far])[category] - eta
    lower = pt.concatenate([-far, cutpoint])[category] - eta
    return -pt.softplus(-upper) - pt.softplus(lower) + pt.log1mexp(lower - upper)


def _cumulative_dist(eta: Any, cutpoint: Any, size: Any) -> Any:
    import pymc as pm

    return pm.OrderedLogistic.dist(eta=eta, cutpoints=cutpoint, size=size)


_MAKERS: dict[str, Callable[..., Any]] = {
    "gaussian": _gaussian,
    "student": _student,
    "bernoulli": _bernoulli,
    "cumulative": _cumulative,
}
