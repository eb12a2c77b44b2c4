"""Several grouping factors: the collapsed engine and the joint one give the same posterior."""

from __future__ import annotations

import arviz as az
import pytest

import bayes_alliance as ba

# Data, formula, and draws a chain of both engines, with room above the effective numbers asked for:
# a mean of 2,500 effective draws errs by 0.02 sd, a fifth of what is looked for.
CASES = {
    "crossed": ("penicillin", "diameter ~ 1 + (1 | plate) + (1 | sample)", 2400, 15_000),
    "nested": (
        "classroom",
        "mathgain ~ mathkind_c + girl + minority + ses + (1 | school/classroom)",
        2600,
        6000,
    ),
}
LEAST_ESS, LEAST_JOINT_ESS = 4000, 1500
LARGEST_SHIFT = 0.1


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("case", CASES)
def test_collapsed_and_joint_agree(case, real_data, agreement):
    name, formula, draws, joint_draws = CASES[case]
    model = ba.Model(formula, real_data(name))
    collapsed = ba.sample(model, seed=1, draws=draws, tune=500)
    joint = ba.sample(model, seed=2, draws=joint_draws, tune=500, engine="nutpie")
    assert (collapsed.settings.engine, joint.settings.engine) == ("collapsed", "nutpie")
    ours, theirs = agreement.quantities(collapsed), agreement.quantities(joint)
    found = agreement.scores(ours, theirs)
    assert found.apart(len(CASES) * len(found.z)) == {}
    top = [key for key in ours if not key.startswith("u_")]
    for draws_of, least in ((ours, LEAST_ESS), (theirs, LEAST_JOINT_ESS)):
        assert min(az.ess(draws_of[key], method="bulk") for key in top) > least
    assert {key: found.shifts[key] for key in top if abs(found.shifts[key]) > LARGEST_SHIFT} == {}
