"""What a Poisson model does not reproduce: counts that vary more, or less, than their mean."""

import numpy as np
import pandas as pd
import pytest

import bayes_alliance as ba
from bayes_alliance.checks.fit_to_data import MISFIT


def advice(make, formula: str = "y ~ 1 + (1 | g)") -> str:
    rng = np.random.default_rng(3)
    g = np.repeat(np.arange(20), 10)
    y = make(rng, len(g))
    data = pd.DataFrame({"y": y, "g": [f"G{k:02d}" for k in g], "obs": np.arange(len(g))})
    fit = ba.sample(ba.Model(formula, data, "poisson"), seed=2, draws=300, tune=400)
    return " ".join(str(found) for found in ba.diagnose(fit).found(MISFIT))


@pytest.mark.slow
def test_counts_that_vary_more_get_an_effect_of_each_row() -> None:
    said = advice(lambda rng, n: rng.poisson(np.exp(0.8 + 0.9 * rng.normal(size=n))))
    assert "the sd (" in said
    assert "(1 | obs)" in said
    assert "Look at the priors" not in said


@pytest.mark.slow
def test_counts_that_vary_less_are_said_to() -> None:
    said = advice(lambda rng, n: rng.binomial(6, 0.9, size=n))
    assert "vary less than counts of one rate do" in said
    assert "(1 | obs)" not in said
    assert "Look at the priors" not in said


def test_the_advised_model_is_built() -> None:
    """Its column has the advised name, which is not reserved, as `row` is."""
    data = pd.DataFrame({"y": np.arange(30) % 7, "obs": np.arange(30)})
    model = ba.Model("y ~ 1 + (1 | obs)", data, "poisson")
    assert model.groups == ("obs",)
    assert "(1 | obs)" in model.family.misfit_remedy("y", more=True, of_rows=False)
    remedy = model.family.misfit_remedy("y", more=True, of_rows=True)
    assert "(1 | obs)" not in remedy
