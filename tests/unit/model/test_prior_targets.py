"""What priors are about: the rows say it, and every prior can be written down and read again."""

import numpy as np
import pandas as pd
import pytest

import bayes_alliance as ba
from bayes_alliance.model.prior_basis import is_moved
from bayes_alliance.model.prior_targets import coefficient_targets

FORMULAS = [
    ("y ~ x * z + (1 + x | g)", "gaussian"),
    ("y ~ x + c + (1 + x + c | g)", "gaussian"),
    ("y ~ 0 + c + x + (1 + x || g)", "gaussian"),
    ("y ~ x * c + (1 + x | g) + (0 + z | g)", "gaussian"),
    ("y ~ x + (1 + x | g) + (1 + z || h)", "gaussian"),
    ("y ~ x + I(x**2) + (0 + c | g)", "gaussian"),
    ("y ~ 0 + c + c:x + (1 | g)", "student"),
    ("o ~ x + c + (1 + x | g)", "cumulative"),
]


@pytest.fixture(scope="module")
def table():
    rng, n = np.random.default_rng(1), 120
    return pd.DataFrame(
        {
            "y": rng.normal(50, 10, n),
            "o": rng.integers(1, 5, n),
            "x": rng.normal(20, 3, n),
            "z": rng.normal(5, 2, n),
            "c": np.array(["a", "b", "c"])[np.arange(n) % 3],
            "g": rng.choice(list("ABCDEFGH"), n),
            "h": rng.choice(list("PQRST"), n),
        }
    )


@pytest.mark.parametrize(("formula", "family"), FORMULAS)
def test_written_down_and_read_again_every_prior_is_the_same(table, formula, family):
    model = ba.Model(formula, table, family)
    again = ba.Model(formula, table, family, model.priors.strings)
    assert [(e.prior, e.stands) for e in again.priors.entries] == [
        (e.prior, e.stands) for e in model.priors.entries
    ]
    assert again.priors.basis == model.priors.basis


@pytest.mark.parametrize(("formula", "family"), FORMULAS)
def test_each_prior_is_that_of_its_row(table, formula, family):
    """Independent priors of the working coefficients give each row the variance it is listed with;
    two levels of a category correlate by a half."""
    priors = ba.Model(formula, table, family).priors
    found = coefficient_targets(priors, ba.Model(formula, table, family).design)
    sds = np.array([prior.arguments[1] for prior in priors.of("b")])
    rows = found.rows @ priors.basis.coefficients.to_user  # of the working coefficients
    covariance = (rows * sds**2) @ rows.T
    correlation = covariance / np.outer(sds, sds)
    expected = np.eye(len(sds))
    for places, _ in found.ties:
        expected[np.ix_(places, places)] += 0.5 * (1 - np.eye(len(places)))
    # x is 7 of its sds away from 0, its square 50: sums of such numbers lose that many digits.
    np.testing.assert_allclose(correlation, expected, atol=1e-9)
    assert bool(found.ties) == ("c" in formula.split("(")[0])


def test_rows_say_where_the_predictors_are(table):
    model = ba.Model("y ~ x + c + (1 | g)", table)
    rows = coefficient_targets(model.priors, model.design).rows
    third = 1 / 3
    np.testing.assert_allclose(rows[0], [1, table["x"].mean(), third, third], rtol=1e-10)
    assert is_moved(rows).tolist() == [True, False, False, False]


def test_a_category_in_the_place_of_the_constant_has_a_mean_and_differences(table):
    model = ba.Model("y ~ 0 + c", table)
    found = coefficient_targets(model.priors, model.design)
    np.testing.assert_allclose(
        found.rows, [[1 / 3, 1 / 3, 1 / 3], [-1, 1, 0], [-1, 0, 1]], atol=1e-12
    )
    own = ba.Model("y ~ 0 + c", table, priors={"b": "Normal(50, 9)"})
    assert np.array_equal(coefficient_targets(own.priors, own.design).rows, np.eye(3))
    assert not coefficient_targets(own.priors, own.design).ties
