"""The log evidence of every reference, and what a bridge over all group effects makes of it."""

import numpy as np
import pytest

import bayes_alliance as ba

GAUSSIAN = (
    "sleepstudy",
    "stigma_states",
    "schizo_psychiatrists",
    "hsb82",
    "dyestuff2",
    "btheb",
    "penicillin",
)
CLOSE = 0.02


def exact(reference):
    assert reference["evidence"]["se"] < CLOSE / 3
    return reference["evidence"]["log"]


@pytest.mark.slow
@pytest.mark.parametrize("name", GAUSSIAN)
def test_the_exact_evidence_is_met(name, tools):
    reference = tools.read(name)
    model = tools.model(reference)
    found = [ba.log_evidence(ba.sample(model, seed=seed)) for seed in (1, 2)]
    for evidence in found:
        assert evidence.integrated
        assert evidence.log_evidence == pytest.approx(exact(reference), abs=CLOSE)
        assert evidence.mcse < CLOSE
    assert found[0].log_evidence == pytest.approx(found[1].log_evidence, abs=CLOSE)


@pytest.mark.slow
def test_the_exact_evidence_of_nested_groups_is_met(tools):
    """312 classrooms in 107 schools: the densest of the cases, with fewer draws."""
    reference = tools.read("classroom")
    evidence = ba.log_evidence(ba.sample(tools.model(reference), seed=1, draws=600, tune=500))
    assert evidence.log_evidence == pytest.approx(exact(reference), abs=CLOSE)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*GAUSSIAN, "classroom"])
def test_the_exact_evidence_is_met_by_the_weights_of_independent_draws(name, tools):
    reference = tools.read(name)
    fit = ba.sample(tools.model(reference), seed=1, engine="independent")
    evidence = ba.log_evidence(fit)
    assert fit.settings.engine == "independent"
    # Where the tail of the weights is too heavy the bridge is built instead, and is held above.
    assert evidence.how == "importance sampling" or name == "hsb82"
    assert evidence.log_evidence == pytest.approx(exact(reference), abs=CLOSE)
    assert evidence.mcse < CLOSE / 2


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sleepstudy", "stigma_states"])
@pytest.mark.parametrize("centred", [True, False])
def test_a_bridge_over_all_group_effects_knows_its_error(name, centred, tools):
    """The density with every effect in it is written another way and has the same integral."""
    reference = tools.read(name)
    fit = ba.sample(tools.model(reference, centred=centred), seed=1)
    evidence = ba.log_evidence(fit, integrate=False)
    assert not evidence.integrated
    assert evidence.mcse < 0.1
    difference = evidence.log_evidence - exact(reference)
    assert abs(difference) < 4 * evidence.mcse


@pytest.mark.slow
@pytest.mark.long
def test_an_ordinal_reference_is_met(tools):
    """The peer leaves the thresholds' prior unnormalised: their order has the chance 1 / 4!."""
    reference = tools.read("wine")
    evidence = ba.log_evidence(ba.sample(tools.model(reference), seed=1, draws=2000))
    peer = reference["evidence"]
    error = np.hypot(evidence.mcse, peer["se"])
    assert error < 0.03
    difference = evidence.log_evidence - peer["log"] - np.log(24)
    assert abs(difference) < 4 * error


def test_another_prior_has_another_evidence(tools):
    """The comparison fails for a prior a quarter wider on one coefficient."""
    reference = tools.read("sleepstudy")
    assert reference["priors"]["b[Days]"] == "Normal(0, 20)"
    reference["priors"]["b[Days]"] = "Normal(0, 25)"
    evidence = ba.log_evidence(ba.sample(tools.model(reference), seed=1))
    assert abs(evidence.log_evidence - exact(reference)) > 5 * CLOSE
