"""Observed group means draw the slope between groups towards the slope within them."""

import numpy as np
import pandas as pd
import pytest

import bayes_alliance as ba

DATA_SETS, GROUPS, WITHIN, BETWEEN = 60, 60, -0.5, 1.5
FORMULA = "y ~ within(x, g) + between(x, g) + (1 | g)"


def simulated(each: int, icc: float, rng: np.random.Generator) -> pd.DataFrame:
    """Slopes of the true group means and of the rows' deviations from those."""
    g = np.repeat(np.arange(GROUPS), each)
    mean = np.sqrt(icc) * rng.normal(size=GROUPS)[g]
    own = np.sqrt(1 - icc) * rng.normal(size=len(g))
    y = BETWEEN * mean + WITHIN * own + 0.4 * rng.normal(size=GROUPS)[g]
    return pd.DataFrame(
        {"x": mean + own, "g": [f"g{k:02d}" for k in g], "y": y + rng.normal(size=len(g))}
    )


@pytest.mark.slow
@pytest.mark.parametrize(("each", "icc"), [(4, 0.2), (20, 0.4)])
def test_the_slope_between_tends_to_a_mixture_of_both(each: int, icc: float) -> None:
    rng = np.random.default_rng(each)
    tables = [simulated(each, icc, rng) for _ in range(DATA_SETS)]
    flat = {"b": "Normal(0, 100)", "sigma": "HalfNormal(3)", "sd_g": "HalfNormal(3)"}
    models = [ba.Model(FORMULA, table, priors=flat) for table in tables]
    found = ba.sample_many(models, seed=1, chains=1, draws=500, keep=ba.contextual_effects)
    means = np.array([own.table["mean"] for own in found])
    estimated = np.array([own.reliability["x", "g"].reliability for own in found])
    reliability = icc / (icc + (1 - icc) / each)
    mixture = reliability * BETWEEN + (1 - reliability) * WITHIN
    expected = [WITHIN, mixture, reliability * (BETWEEN - WITHIN)]
    error = means.std(axis=0, ddof=1) / np.sqrt(DATA_SETS)
    assert (np.abs(means.mean(axis=0) - expected) < 4 * error).all()
    # The true slope between is not what is found: the test can tell the two apart.
    assert abs(means[:, 1].mean() - BETWEEN) > 6 * error[1]
    # The estimated reliability undoes it. Its own bias is about 2 (1 - reliability) / 60.
    spread = 4 * estimated.std(ddof=1) / np.sqrt(DATA_SETS)
    assert abs(estimated.mean() - reliability) < spread + 2 * (1 - reliability) / GROUPS
