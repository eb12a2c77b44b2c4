"""The mean of an inverse link under a normal linear predictor, against quadrature and closed form.

Tolerance 2e-9: the rule is built for 1e-9, the reference is good to 1e-13.
"""

import numpy as np
import pytest
from scipy import special, stats

from bayes_alliance.model.families.link import CLOGLOG, LOGIT, PROBIT

LINKS = {link.name: link for link in (LOGIT, PROBIT, CLOGLOG)}

INVERSES = {
    "logit": special.expit,
    "probit": special.ndtr,
    "cloglog": lambda eta: -np.expm1(-np.exp(eta)),
}
CENTRES = np.array([-7.0, -2.0, 0.0, 0.3, 2.5, 8.0])


def reference(link: str, centre: float, sd: float) -> float:
    """Integrate by Gauss and Legendre's rule of 20 nodes on each of 240 pieces."""
    nodes, weights = np.polynomial.legendre.leggauss(20)
    middles = np.linspace(-11.95, 11.95, 240)
    z = (middles[:, None] + 0.05 * nodes).ravel()
    weight = 0.05 * np.tile(weights, 240)
    return float(np.sum(weight * INVERSES[link](centre + sd * z) * stats.norm.pdf(z)))


@pytest.mark.parametrize("link", list(INVERSES))
@pytest.mark.parametrize("sd", [0.05, 0.5, 1.0, 3.0, 8.0])
def test_the_mean_is_the_integral(link: str, sd: float) -> None:
    found = LINKS[link].mean(CENTRES[:, None], np.full((1, 1), sd**2))[:, 0]
    expected = [reference(link, centre, sd) for centre in CENTRES]
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-9)


@pytest.mark.parametrize("link", list(INVERSES))
def test_without_variance_it_is_the_inverse_link(link: str) -> None:
    eta = np.linspace(-30, 30, 61)[:, None]
    found = LINKS[link].mean(eta, np.zeros((1, 1)))
    np.testing.assert_allclose(found, INVERSES[link](eta), rtol=1e-12)
    np.testing.assert_allclose(LINKS[link].inverse(eta), INVERSES[link](eta), rtol=1e-12)


@pytest.mark.parametrize("link", list(INVERSES))
def test_rows_and_draws_with_variances_of_their_own(link: str) -> None:
    """Many blocks, one variance a number: each equals the mean computed for it alone."""
    rng = np.random.default_rng(1)
    eta, variance = rng.normal(size=(90, 900)), rng.uniform(0, 4, size=(90, 900))
    whole = LINKS[link].mean(eta, variance)
    for row, draw in [(0, 0), (41, 17), (89, 899)]:
        one = LINKS[link].mean(eta[[row]][:, [draw]], variance[[row]][:, [draw]])
        assert whole[row, draw] == pytest.approx(one[0, 0], abs=2e-9)


@pytest.mark.parametrize("link", list(INVERSES))
def test_far_away_it_stays_a_probability(link: str) -> None:
    eta = np.array([[-1e4], [-800.0], [800.0], [1e4]])
    found = LINKS[link].mean(eta, np.full((1, 1), 25.0))
    np.testing.assert_allclose(found[:, 0], [0, 0, 1, 1], atol=1e-9)


@pytest.mark.parametrize("link", list(INVERSES))
def test_a_huge_variance_gives_a_step(link: str) -> None:
    """With sd 1e4 the curve is a step at the centre; the coarsest rule misses by its step."""
    found = LINKS[link].mean(np.array([[0.0], [1e4]]), np.full((1, 1), 1e8))
    np.testing.assert_allclose(found[:, 0], [0.5, special.ndtr(1)], atol=2e-3)
