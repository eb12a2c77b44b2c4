"""Several grouping factors: the collapsed engine and the joint one give the same posterior."""

from __future__ import annotations

import arviz as az
import pytest

import bayes_alliance as ba

# Data, formula, and draws a chain that give the collapsed engine 4,000 effective ones.
CASES = {
    "crossed": ("penicillin", "diameter ~ 1 + (1 | plate) + (1 | sample)", 1500),
    "nested": (
        "classroom",
        "mathgain ~ mathkind_c + girl + minority + ses + (1 | school/classroom)",
        2600,
    ),
}
LEAST_ESS = 4000
LARGEST_SHIFT = 0.1


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_collapsed_and_joint_agree(case, real_data, agreement):
    name, formula, draws = CASES[case]
    model = ba.Model(formula, real_data(name))
    collapsed = ba.sample(model, seed=1, draws=draws, tune=500)
    joint = ba.sample(model, seed=2, draws=draws, tune=500, engine="nutpie")
    assert (collapsed.settings.engine, joint.settings.engine) == ("collapsed", "nutpie")
    ours, theirs = agreement.quantities(collapsed), agreement.quantities(joint)
    found = agreement.scores(ours, theirs)
    assert found.apart(len(CASES) * len(found.z)) == {}
    top = [key for key in ours if not key.startswith("u_")]
    assert min(az.ess(ours[key], method="bulk") for key in top) > LEAST_ESS
    assert {key: found.shifts[key] for key in top if abs(found.shifts[key]) > LARGEST_SHIFT} == {}
