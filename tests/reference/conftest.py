"""Reference posteriors as cases: the model, the prior strings, and which draws answer which key.

The comparison follows one rule: z of mean, sd and quantiles from both Monte Carlo errors, limit
from a family-wise false alarm of 1e-4 over all comparisons of the run; at least 4,000 effective
draws on our side; and no difference of 0.1 posterior sd.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import arviz as az
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

import bayes_alliance as ba

# An upper bound on the comparisons of one run; test_limit_is_not_exceeded holds it.
COMPARISONS = 6000
LIMIT = float(stats.norm.isf(1e-4 / (2 * COMPARISONS)))
LEAST_ESS = 4000
LARGEST_SHIFT = 0.1


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One number of ours held against the reference's."""

    what: str
    z: float
    shift: float
    ess: float


def truths(reference: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Return the typed figures of each quantity under their names."""
    columns = reference["columns"]
    return {
        key: dict(zip(columns, values, strict=True))
        for key, values in reference["posterior"].items()
    }


def compare(draws: xr.DataArray, truth: Mapping[str, float], theirs: float, what: str) -> list:
    """Compare mean, sd and the two quantiles of one quantity."""
    values = np.asarray(draws)
    sd = truth["sd"]
    ours = float(
        min(az.ess(values, method="bulk"), az.ess(values, method="tail", prob=(0.05, 0.95)))
    )
    rows = [("mean", values.mean(), truth["mean"], az.mcse(values, method="mean"))]
    rows.append(("sd", values.std(ddof=1), sd, az.mcse(values, method="sd")))
    for key, probability in (("q2.5", 0.025), ("q97.5", 0.975)):
        error = az.mcse(values, method="quantile", prob=probability)
        rows.append((key, np.quantile(values, probability), truth[key], error))
    found = []
    for key, here, there, error in rows:
        # The reference's own error, where it states none, from its effective draws.
        their_error = truth.get(f"mcse_{key}", float(error) * np.sqrt(ours / theirs))
        z = float(here - there) / float(np.hypot(error, their_error))
        shift = float(here - there) / sd
        found.append(Comparison(what=f"{what} {key}", z=z, shift=shift, ess=ours))
    return found


def disagreements(found: list[Comparison]) -> list[str]:
    """Say which comparisons fail the rule. Quantiles lie in the tails: only their z is judged."""
    said = []
    for comparison in found:
        tail = comparison.what.endswith(("q2.5", "q97.5"))
        if abs(comparison.z) > LIMIT:
            said.append(f"{comparison.what}: z = {comparison.z:.1f}")
        if not tail and abs(comparison.shift) >= LARGEST_SHIFT:
            said.append(f"{comparison.what}: off by {comparison.shift:.2f} posterior sd")
        if comparison.ess < LEAST_ESS:
            said.append(f"{comparison.what}: only {comparison.ess:.0f} effective draws")
    return said


def reference_model(
    reference: Mapping[str, Any], real_data: Callable[[str], pd.DataFrame], **options: Any
) -> ba.Model:
    """Build our model of a reference, with its priors, on its table."""
    data = real_data(reference["table"])
    family, priors = reference["family"], reference["priors"]
    return ba.Model(reference["formula"], data, family, priors, **options)


def answers(fit: ba.Fit) -> dict[str, xr.DataArray]:
    """Return our draws under the references' keys."""
    posterior, model = fit.posterior, fit.model
    found: dict[str, xr.DataArray] = {}
    for label in model.design.coefficients:
        found[f"b_{label}"] = posterior["b"].sel(coefficient=label)
    if "cutpoint" in posterior:
        for k in range(posterior.sizes["cutpoint_between"]):
            found[f"b_Intercept[{k + 1}]"] = posterior["cutpoint"].isel(cutpoint_between=k)
    if "sigma" in posterior:
        found["sigma"] = posterior["sigma"]
    slopes = {name: 0.0 for g in model.design.groups for p in g.parts for name in p["columns"]}
    shares = ba.variance_shares(fit, at=slopes).draws["share"]
    for group in model.design.groups:
        name = group.name
        for effect in group.effects:
            found[f"sd_{name}__{effect}"] = posterior[f"sd_{name}"].sel({f"{name}_effect": effect})
        for k, (first, second) in enumerate(group.pairs):
            key = f"cor_{name}__{group.effects[first]}__{group.effects[second]}"
            found[key] = posterior[f"cor_{name}"].isel({f"{name}_pair": k})
        for key in (f"icc_{name}", f"vpc_{name}", "icc_latent"):
            found[key] = shares.sel(level=name)
    return found


def compare_effects(fit: ba.Fit, effects: Mapping[str, Any]) -> list[Comparison]:
    """Compare the mean of every group's deviation."""
    found = []
    for group in fit.model.design.groups:
        draws = fit.posterior[f"u_{group.name}"]
        for effect, rows in effects.get(group.name, {}).items():
            assert list(group.labels) == sorted(group.labels)
            for label, (mean, sd) in zip(group.labels, rows, strict=True):
                values = draws.sel({group.name: label, f"{group.name}_effect": effect}).to_numpy()
                their_error = sd / np.sqrt(effects["effective_draws"])
                difference = float(values.mean() - mean)
                found.append(
                    Comparison(
                        what=f"{group.name}[{label},{effect}] mean",
                        z=difference / float(np.hypot(az.mcse(values, method="mean"), their_error)),
                        shift=difference / sd,
                        ess=float(az.ess(values, method="bulk")),
                    )
                )
    return found


def compare_all(fit: ba.Fit, reference: Mapping[str, Any]) -> list[Comparison]:
    """Compare every parameter of a reference, and the means of its group effects."""
    ours, theirs = answers(fit), float(reference["effective_draws"])
    known = truths(reference)
    found = [c for key, truth in known.items() for c in compare(ours[key], truth, theirs, key)]
    return found + compare_effects(fit, reference.get("group_effects", {}))


@dataclass(frozen=True, kw_only=True)
class Tools:
    """The functions above, for the tests beside this file."""

    read: Callable[[str], dict[str, Any]]
    model: Callable[..., ba.Model]
    truths: Callable[..., dict[str, dict[str, float]]] = truths
    compare: Callable[..., list] = compare
    compare_all: Callable[..., list] = compare_all
    disagreements: Callable[[list], list[str]] = disagreements
    limit: float = LIMIT
    comparisons: int = COMPARISONS


@pytest.fixture(scope="session")
def tools(
    figures: Callable[[str], dict[str, Any]], real_data: Callable[[str], pd.DataFrame]
) -> Tools:
    def model(reference: Mapping[str, Any], **options: Any) -> ba.Model:
        return reference_model(reference, real_data, **options)

    return Tools(read=figures, model=model)


@pytest.fixture(scope="session")
def counted() -> list[int]:
    """Number of comparisons each test made, to hold the family-wise limit."""
    return []
