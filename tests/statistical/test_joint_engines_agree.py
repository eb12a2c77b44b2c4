"""All engines give the same posterior: one contract, one answer."""

from __future__ import annotations

from itertools import combinations

import arviz as az
import numpy as np
import pytest
from scipy import stats

import bayes_alliance as ba

ENGINES = ("collapsed", "nutpie", "pymc", "numpyro")
FALSE_ALARM = 1e-4


@pytest.fixture(scope="module")
def fits() -> dict[str, ba.Fit]:
    model = ba.load_model("stigma_slopes", data=ba.load_example("simulated_study"))
    return {
        engine: ba.sample(model, engine=engine, seed=7, draws=1500, progress=False)
        for engine in ENGINES
    }


def quantities(fit: ba.Fit) -> dict[str, np.ndarray]:
    """Every element of every variable, group effects included, shape (chain, draw)."""
    found = {}
    for name, values in fit.posterior.data_vars.items():
        flat = values.to_numpy().reshape(*values.shape[:2], -1)
        found |= {f"{name}[{k}]": flat[..., k] for k in range(flat.shape[-1])}
    return found


def mean_and_sd(values: np.ndarray) -> list[tuple[float, float]]:
    """Mean and sd, each with its Monte Carlo error."""
    return [
        (float(values.mean()), float(az.mcse(values, method="mean"))),
        (float(values.std(ddof=1)), float(az.mcse(values, method="sd"))),
    ]


def largest_z(first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> tuple[float, int]:
    pairs = [
        (here, there)
        for key in first
        for here, there in zip(mean_and_sd(first[key]), mean_and_sd(second[key]), strict=True)
    ]
    z = [(a - b) / np.hypot(error_a, error_b) for (a, error_a), (b, error_b) in pairs]
    return float(np.abs(z).max()), len(z)


@pytest.mark.slow
def test_engines_agree_within_monte_carlo_error(fits):
    draws = {engine: quantities(fit) for engine, fit in fits.items()}
    results = {pair: largest_z(draws[pair[0]], draws[pair[1]]) for pair in combinations(ENGINES, 2)}
    comparisons = sum(count for _, count in results.values())
    limit = stats.norm.isf(FALSE_ALARM / (2 * comparisons))
    assert {pair: z for pair, (z, _) in results.items() if z > limit} == {}


@pytest.mark.slow
def test_engines_keep_one_contract(fits):
    reference = fits["collapsed"]
    for engine, fit in fits.items():
        assert fit.settings.engine == engine
        assert dict(fit.posterior.sizes) == dict(reference.posterior.sizes)
        assert set(fit.posterior.data_vars) == set(reference.posterior.data_vars)
        stats_group = fit.idata["sample_stats"]
        assert {"diverging", "energy", "acceptance_rate", "n_steps"} <= set(stats_group.data_vars)
        assert ba.diagnose(fit).level == "fine", f"{engine}: {ba.diagnose(fit)}"


@pytest.mark.slow
def test_a_wrong_engine_would_be_noticed(fits):
    """The same comparison fails for draws shifted by a quarter of a posterior sd."""
    right = quantities(fits["collapsed"])
    wrong = {key: values + 0.25 * values.std() for key, values in right.items()}
    z, count = largest_z(quantities(fits["nutpie"]), wrong)
    assert z > stats.norm.isf(FALSE_ALARM / (2 * count))
