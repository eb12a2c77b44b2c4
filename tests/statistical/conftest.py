"""Two posteriors held against each other, by one rule.

z of mean, sd, 5% and 95% quantile from both Monte Carlo errors, limit from a family-wise false
alarm of 1e-4 over all comparisons of the run.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import arviz as az
import numpy as np
import pytest
from scipy import stats

import bayes_alliance as ba

# The folder is no package: under this name its tests find what they share.
_FOLDER = ModuleType("statistical_tests")
_FOLDER.__path__ = [str(Path(__file__).parent)]
sys.modules.setdefault("statistical_tests", _FOLDER)

FALSE_ALARM = 1e-4
_QUANTILES = {"5%": 0.05, "95%": 0.95}


def quantities(fit: ba.Fit) -> dict[str, np.ndarray]:
    """Return every number of the posterior by name, shape (chain, draw)."""
    found = {}
    for name, values in fit.posterior.data_vars.items():
        flat = values.to_numpy().reshape(*values.shape[:2], -1)
        found |= {f"{name}[{k}]": flat[..., k] for k in range(flat.shape[-1])}
    return found


def described(values: np.ndarray) -> dict[str, tuple[float, float]]:
    """Return mean, sd and two quantiles, each with its Monte Carlo error."""
    found = {
        "mean": (values.mean(), az.mcse(values, method="mean")),
        "sd": (values.std(ddof=1), az.mcse(values, method="sd")),
    }
    for what, prob in _QUANTILES.items():
        error = az.mcse(values, method="quantile", prob=prob)
        found[what] = (np.quantile(values, prob), error)
    return {what: (float(value), float(error)) for what, (value, error) in found.items()}


@dataclass(frozen=True, kw_only=True)
class Scores:
    """z by quantity and statistic; difference and error of each mean, in posterior sds."""

    z: Mapping[tuple[str, str], float]
    shifts: Mapping[str, float]
    errors: Mapping[str, float]

    def apart(self, comparisons: int) -> dict[tuple[str, str], float]:
        """Return what differs by more than chance allows, of so many comparisons in all."""
        limit = stats.norm.isf(FALSE_ALARM / (2 * comparisons))
        return {place: round(z, 1) for place, z in self.z.items() if abs(z) > limit}


def scores(first: Mapping[str, Any], second: Mapping[str, Any]) -> Scores:
    """Hold two sets of draws, by name and shape (chain, draw), against each other."""
    z, shifts, errors = {}, {}, {}
    assert set(first) == set(second)
    for name in first:
        ours, theirs = described(first[name]), described(second[name])
        for what, (value, error) in ours.items():
            z[name, what] = (value - theirs[what][0]) / np.hypot(error, theirs[what][1])
        shifts[name] = (ours["mean"][0] - theirs["mean"][0]) / ours["sd"][0]
        errors[name] = np.hypot(ours["mean"][1], theirs["mean"][1]) / ours["sd"][0]
    return Scores(z=z, shifts=shifts, errors=errors)


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """The functions above, for the tests beside this file."""

    quantities: Callable[[ba.Fit], dict[str, np.ndarray]] = quantities
    scores: Callable[..., Scores] = scores


@pytest.fixture(scope="session")
def agreement() -> Agreement:
    return Agreement()
