"""The unit law: other units of predictor, outcome and offset say the same in the new unit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bayes_alliance as ba
from bayes_alliance import names
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.engines.collapsed.priors import variance_priors

PREDICTOR = [1e-9, 0.01, 12.7, 1e9]
OUTCOME = [(1e-6, 0.0), (0.1, 50.0), (1e6, -3.0), (10.0, 0.0)]


def in_other_units(table, *, predictor=1.0, outcome=1.0, level=0.0):
    """Return the table with x, z, y, its standard error and the offset in other units.

    The outcome is moved by ``level`` old units, and the offset by seven.
    """
    return table.assign(
        x=table["x"] * predictor,
        z=table["z"] / predictor,
        y=table["y"] * outcome + level * outcome,
        e=table["e"] * outcome,
        o=table["o"] * outcome + 7 * outcome,
    )


def in_new_unit(first, second, at, outcome, sd_places):
    """Return the same place of the density in the new unit: sds of effects change with them."""
    there = at.copy()
    if not variance_priors(first).known_sigma:
        there[:, 0] += np.log(outcome)
    for one, two in zip(first.design.groups, second.design.groups, strict=True):
        stretched = np.sqrt((two.Z**2).sum(axis=0) / (one.Z**2).sum(axis=0))
        for effect, length in zip(one.effects, stretched, strict=True):
            there[:, sd_places(first)[one.name, effect]] += np.log(outcome / length)
    return there


def rows_of(model):
    """Return how many rows the likelihood counts."""
    weighted = model.formula.response.weights == "n"
    return model.frame.weights.sum() if weighted else len(model.frame.y)


def difference(first, second, at, outcome, sd_places, densities):
    """Return how far the density is from the same, up to the outcome's Jacobian."""
    here = densities(first, at)
    there = densities(second, in_new_unit(first, second, at, outcome, sd_places))
    return np.max(np.abs(there + rows_of(first) * np.log(outcome) - here) / np.abs(here))


@settings(max_examples=25)
@given(
    data=st.data(),
    seed=st.integers(0, 9999),
    far=st.sampled_from([0.0, 3.0, 100.0]),
    predictor=st.sampled_from(PREDICTOR),
    outcome=st.sampled_from(OUTCOME),
)
def test_the_density_stays_up_to_the_jacobian(
    formulas, study, places, densities, sd_places, data, seed, far, predictor, outcome
):
    # The 5 of I(x - 5) has the unit of x.
    asked = data.draw(formulas().filter(lambda own: "I(x - 5)*z" not in own.pieces))
    factor, level = outcome
    table = study(seed, far=far)
    other = in_other_units(table, predictor=predictor, outcome=factor, level=level)
    first, second = Model(asked.text, table), Model(asked.text, other)
    at = places(first, seed)
    assert [e.stands for e in first.priors.entries] == [e.stands for e in second.priors.entries]
    assert difference(first, second, at, factor, sd_places, densities) <= 1e-8


@settings(max_examples=12)
@given(data=st.data(), seed=st.integers(0, 9999), predictor=st.sampled_from(PREDICTOR))
def test_the_prior_of_every_row_stays(formulas, study, data, seed, predictor):
    """Where the scale is the link's, the unit of a predictor changes nothing at all."""
    asked = data.draw(formulas().filter(lambda own: "I(x - 5)*z" not in own.pieces))
    outcome, family = data.draw(
        st.sampled_from([("met", "bernoulli"), ("rating", "cumulative"), ("y", "student")])
    )
    text = asked._replace(response=outcome).text
    table = study(seed, far=3.0)
    first = Model(text, table, family)
    second = Model(text, in_other_units(table, predictor=predictor), family)
    here, there = covariances(first), covariances(second)
    assert here.keys() == there.keys()
    for what, own in here.items():
        limit = 1e-8 * max(1.0, np.abs(own).max())
        np.testing.assert_allclose(there[what], own, rtol=0, atol=limit, err_msg=what)


def covariances(model):
    """Return the rows' covariance under the prior: of coefficients, and of effects at its sds."""
    basis = model.priors.basis
    working = basis.coefficients.columns(model.design.X)
    sd = np.array([prior.arguments[1] for prior in model.priors.of(names.B)])
    found = {names.B: (working * sd**2) @ working.T}
    for group in model.design.groups:
        own = basis.effects[group.name].columns(group.Z)
        sd = np.array([prior.arguments[1] for prior in model.priors.of(names.sd(group.name))])
        found[group.name] = (own * sd**2) @ own.T
    return found


def test_an_offset_moves_the_constant_alone(study, places, densities):
    table = study(3)
    text = "y ~ x + offset(o) + (1 + x | g)"
    first, second = Model(text, table), Model(text, table.assign(o=table["o"] + 40.0))
    at = places(first, 3)
    np.testing.assert_allclose(densities(second, at), densities(first, at), rtol=1e-8)
    (here, *same), (there, *again) = (model.priors.of(names.B) for model in (first, second))
    assert there.arguments[0] == pytest.approx(here.arguments[0] - 40.0)
    assert [p.arguments for p in again] == [pytest.approx(p.arguments) for p in same]


@pytest.mark.slow
def test_what_the_verbs_say_stays(study, places, fit_at, sd_places):
    table = study(5, far=3.0)
    text = "y ~ x*z + a + (1 + x | g)"
    first = Model(text, table)
    second = Model(text, in_other_units(table, predictor=100.0, outcome=0.1, level=20.0))
    at = places(first, 1, 400)
    moved = in_new_unit(first, second, at, 0.1, sd_places)
    here, there = fit_at(first, at.reshape(4, 100, -1)), fit_at(second, moved.reshape(4, 100, -1))

    def both(ask):
        return ask(here), ask(there)

    shares = both(lambda fit: ba.variance_shares(fit, average=True).table["mean"])
    explained = both(lambda fit: ba.bayes_r2(fit).table["mean"])
    predicted = both(lambda fit: ba.predict(fit, target="same").table["mean"])
    slope = both(lambda fit: ba.slopes(fit, "x", target="same").table["mean"])
    evidence = both(lambda fit: ba.log_evidence(fit, seed=1).log_evidence)
    np.testing.assert_allclose(shares[1], shares[0], rtol=1e-6)
    np.testing.assert_allclose(explained[1], explained[0], rtol=1e-6)
    np.testing.assert_allclose(predicted[1], 0.1 * (predicted[0] + 20.0), rtol=1e-6)
    np.testing.assert_allclose(slope[1], slope[0] * 0.1 / 100.0, rtol=1e-5)
    assert evidence[1] == pytest.approx(evidence[0] - len(table) * np.log(0.1), abs=1e-5)


def test_an_offender_is_seen(study, places, densities, sd_places):
    """Defaults that are rounded to three digits, as they were once."""
    table = study(4)
    other = in_other_units(table, predictor=12.7, outcome=0.37)
    text = "y ~ x*z + (1 + x | g)"

    def rounded(rows):
        entries = Model(text, rows).priors.entries
        shown = {e.key: e.prior.rounded + (" at the means" * e.at_means) for e in entries}
        return Model(text, rows, priors=shown)

    at = places(Model(text, table), 1)
    assert difference(rounded(table), rounded(other), at, 0.37, sd_places, densities) > 1e-6
    plain = Model(text, table), Model(text, other)
    assert difference(*plain, at, 0.37, sd_places, densities) <= 1e-8
