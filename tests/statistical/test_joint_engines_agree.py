"""All engines give the same posterior of the example, up to their Monte Carlo errors.

Each joint engine is held against the collapsed one: every parameter and every group effect.
"""

from __future__ import annotations

import pytest

import bayes_alliance as ba

pytestmark = pytest.mark.slow

JOINT, LONG = ("nutpie", "pymc", "numpyro"), pytest.mark.long
# A difference the test must be able to see: a quarter of a posterior sd.
LARGEST_ERROR = 0.25 / 4


@pytest.fixture(scope="module")
def collapsed(example_model):
    return ba.sample(example_model, seed=2, engine="collapsed", draws=4000)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["nutpie", "numpyro", pytest.param("pymc", marks=LONG)])
def test_a_joint_engine_agrees_with_the_collapsed(
    engine, example_model, example_fit, collapsed, agreement
):
    fit = example_fit
    if engine != "nutpie":
        fit = ba.sample(example_model, seed=3, engine=engine)
    assert fit.settings.engine == engine
    assert set(fit.posterior.data_vars) == set(collapsed.posterior.data_vars)
    assert set(fit.idata["sample_stats"].data_vars) == set(
        collapsed.idata["sample_stats"].data_vars
    )
    found = agreement.scores(agreement.quantities(fit), agreement.quantities(collapsed))
    assert found.apart(len(JOINT) * len(found.z)) == {}
    assert max(found.errors.values()) < LARGEST_ERROR


def test_a_shift_and_a_spread_are_noticed(collapsed, agreement):
    """The same comparison fails for every parameter, wrong by the least that must be seen."""
    right = agreement.quantities(collapsed)
    half = {name: values[:2] for name, values in right.items()}
    other = {name: values[2:] for name, values in right.items()}
    comparisons = len(JOINT) * 4 * len(right)
    assert agreement.scores(half, other).apart(comparisons) == {}
    for what, wrong in (
        ("mean", {name: x + 0.25 * x.std() for name, x in other.items()}),
        ("sd", {name: x.mean() + 1.25 * (x - x.mean()) for name, x in other.items()}),
    ):
        found = agreement.scores(half, wrong).apart(comparisons)
        assert {name for name in right if (name, what) in found} == set(right)


def test_another_prior_is_noticed(collapsed, agreement):
    """The same comparison, with a group sd held down by its prior."""
    study = ba.load_example("simulated_study")
    other = ba.load_model(
        "stigma_slopes", data=study, priors={"sd_case_manager[stigma]": "HalfNormal(1)"}
    )
    fit = ba.sample(other, seed=3, engine="collapsed")
    found = agreement.scores(agreement.quantities(fit), agreement.quantities(collapsed))
    assert ("sd_case_manager[1]", "mean") in found.apart(len(JOINT) * len(found.z))
