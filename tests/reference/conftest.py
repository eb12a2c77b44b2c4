"""Reference posteriors as cases: the model, the prior strings, and which draws answer which key.

The comparison follows one rule: z of mean, sd and quantiles from both Monte Carlo errors, limit
from a family-wise false alarm of 1e-4 over all comparisons of the run; at least 4,000 effective
draws on our side; and no difference of 0.1 posterior sd.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import arviz as az
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

import bayes_alliance as ba

SHARED = Path(__file__).resolve().parents[3] / "shared"
# An upper bound on the comparisons of one run; test_limit_is_not_exceeded holds it.
COMPARISONS = 6000
LIMIT = float(stats.norm.isf(1e-4 / (2 * COMPARISONS)))
LEAST_ESS = 4000
LARGEST_SHIFT = 0.1

PRIOR_WORDS = {
    r"Normal\(mean=(?P<a>[-\d.]+), sd=(?P<b>[\d.]+)\)": "Normal({a}, {b})",
    r"Half-Student-t\(nu=(?P<a>[\d.]+), scale=(?P<b>[\d.]+)\)": "HalfStudentT({a}, {b})",
    r"LKJ\(eta=(?P<a>[\d.]+)\)": "LKJ({a})",
    r"each threshold Normal\((?P<a>[-\d.]+), sd=(?P<b>[\d.]+)\)": "Normal({a}, {b})",
}


def prior_string(words: str) -> str:
    """Turn the reference's words for a prior into ours."""
    for pattern, ours in PRIOR_WORDS.items():
        match = re.match(pattern, words)
        if match:
            return ours.format(**match.groupdict())
    raise AssertionError(f"no reading for the prior {words!r}")


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One number of ours held against the reference's."""

    what: str
    z: float
    shift: float
    ess: float


def read_reference(name: str) -> dict[str, Any]:
    """Read a reference; its absence is a failure."""
    reference: dict[str, Any] = json.loads((SHARED / "reference" / f"{name}.json").read_text())
    return reference


def truth_block(reference: Mapping[str, Any]) -> tuple[Mapping[str, Any], float | None]:
    """Return the block to test against, and its effective draws where it states one number."""
    block = reference.get("use_as_truth", "posterior")
    if block == "exact":
        return reference["exact"]["posterior"], float(reference["exact"]["effective_draws"])
    return reference["posterior"], None


def compare(draws: xr.DataArray, truth: Mapping[str, float], ess: float | None, what: str) -> list:
    """Compare mean, sd and the two quantiles of one quantity."""
    values = np.asarray(draws)
    sd = truth["sd"]
    ours = float(
        min(az.ess(values, method="bulk"), az.ess(values, method="tail", prob=(0.05, 0.95)))
    )
    theirs = ess or float(min(truth["ess_bulk"], truth.get("ess_tail", truth["ess_bulk"])))
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


def reference_model(reference: Mapping[str, Any], **options: Any) -> ba.Model:
    """Build our model of a reference, with its priors."""
    words = dict(reference["priors"])
    words.pop("group effects")
    groups = list(reference["groups"])
    priors: dict[str, str] = {}
    for key, text in words.items():
        priors[_prior_key(key, groups)] = prior_string(text)
    data = pd.read_csv(SHARED / reference["data"])
    formula = reference["formula_brms"].replace("0 + Intercept", "1")
    family = reference["family"].split(",")[0].split()[0]
    return ba.Model(formula, data, family, priors, **options)


def _prior_key(key: str, groups: list[str]) -> str:
    if key == "cor":
        return f"cor_{groups[0]}"
    if key == "thresholds":
        return "cutpoint"
    for group in groups:
        head = f"sd_{group}__"
        if key.startswith(head):
            return f"sd_{group}[{key.removeprefix(head)}]"
    return f"b[{key.removeprefix('b_')}]" if key.startswith("b_") else key


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
    for number, group in enumerate(model.design.groups, start=1):
        name = group.name
        for effect in group.effects:
            found[f"sd_{name}__{effect}"] = posterior[f"sd_{name}"].sel({f"{name}_effect": effect})
        for k, (first, second) in enumerate(group.pairs):
            key = f"cor_{name}__{group.effects[first]}__{group.effects[second]}"
            found[key] = posterior[f"cor_{name}"].isel({f"{name}_pair": k})
        for key in (f"icc_{name}", f"vpc_{name}", "icc_latent"):
            found[key] = shares.sel(level=name)
        for row, label in enumerate(group.labels, start=1):
            for column, effect in enumerate(group.effects, start=1):
                draws = posterior[f"u_{name}"].sel({name: label, f"{name}_effect": effect})
                found[f"r_{name}[{label},{effect}]"] = draws
                found[f"r_{number}[{row},{column}]"] = draws
    return found


def compare_all(fit: ba.Fit, reference: Mapping[str, Any]) -> list[Comparison]:
    """Compare every parameter of a reference, and the means of its group effects."""
    block, ess = truth_block(reference)
    ours = answers(fit)
    found = [c for key, truth in block.items() for c in compare(ours[key], truth, ess, key)]
    least = min(truth["ess_bulk"] for truth in reference["posterior"].values())
    for key, truth in (reference.get("group_effects") or {}).items():
        values = np.asarray(ours[key])
        error = np.hypot(az.mcse(values, method="mean"), truth["sd"] / np.sqrt(least))
        difference = float(values.mean() - truth["mean"])
        found.append(
            Comparison(
                what=f"{key} mean",
                z=difference / float(error),
                shift=difference / truth["sd"],
                ess=float(az.ess(values, method="bulk")),
            )
        )
    return found


@dataclass(frozen=True, kw_only=True)
class Tools:
    """The functions above, for the tests beside this file."""

    read: Callable[[str], dict[str, Any]] = read_reference
    model: Callable[..., ba.Model] = reference_model
    compare: Callable[..., list] = compare
    compare_all: Callable[..., list] = compare_all
    disagreements: Callable[[list], list[str]] = disagreements
    limit: float = LIMIT
    comparisons: int = COMPARISONS
    shared: Path = SHARED


@pytest.fixture(scope="session")
def tools() -> Tools:
    return Tools()


@pytest.fixture(scope="session")
def counted() -> list[int]:
    """Number of comparisons each test made, to hold the family-wise limit."""
    return []
