"""Signed sds are the same density in other coordinates, even in each sign and smooth at zero."""

import numpy as np
import pytest

from bayes_alliance.kernels.one_factor.moments import moments
from bayes_alliance.kernels.one_factor.posterior import log_posterior
from bayes_alliance.kernels.one_factor.problem import prepare
from bayes_alliance.kernels.signed_scales import signed_units, slope_at, theta_at, thetas_at
from bayes_alliance.kernels.variance_priors import CODES, VariancePriors, arrange_priors

HALF_NORMAL = (CODES["HalfNormal"], [1.3])
HALF_STUDENT = (CODES["HalfStudentT"], [3.0, 2.0])
EXPONENTIAL = (CODES["Exponential"], [0.8])


def three_effects(*, known_sigma: bool, sds=(HALF_NORMAL, HALF_STUDENT, HALF_NORMAL)):
    sigma = None if known_sigma else HALF_STUDENT
    return arrange_priors(sigma, [(list(sds), [3], 1.7)], [])


class Density:
    """The log posterior of 60 rows in 12 groups, three effects, as a function of a place."""

    def __init__(self, priors: VariancePriors) -> None:
        rng = np.random.default_rng(3)
        rows, groups = 60, np.repeat(np.arange(12), 5)
        Z = np.column_stack([np.ones(rows), rng.normal(size=(rows, 2))])
        y = rng.normal(size=rows) + rng.normal(size=12)[groups]
        self.arrays = prepare(moments(y, Z, Z, groups, 12), np.zeros(3), np.ones(3)).arrays()
        self.priors, self.flat, self.known = priors, priors.arrays(), int(priors.known_sigma)
        self.units = signed_units(priors, np.linspace(0.7, 1.4, priors.size + self.known))

    def __call__(self, place: np.ndarray) -> tuple[float, np.ndarray]:
        theta, gradient = np.empty_like(place), np.empty_like(place)
        value = theta_at(place, self.units, self.known, self.flat, theta)
        value += log_posterior(self.arrays, self.flat, self.known, theta, gradient)
        slope_at(place, self.units, self.known, self.flat, gradient)
        return value, gradient


def slopes_by_differences(density: Density, place: np.ndarray, step: float = 1e-5) -> np.ndarray:
    steps = step * np.eye(len(place))
    return np.array([(density(place + s)[0] - density(place - s)[0]) / (2 * step) for s in steps])


@pytest.mark.parametrize("known_sigma", [False, True])
@pytest.mark.parametrize("signs", [(1, 1, 1), (-1, 1, 1), (1, -1, -1), (-1, -1, -1)])
def test_gradient_equals_differences(known_sigma: bool, signs: tuple[int, ...]) -> None:
    density = Density(three_effects(known_sigma=known_sigma))
    first = 0 if known_sigma else 1
    place = np.random.default_rng(5).normal(scale=0.6, size=density.priors.size)
    place[first : first + 3] = np.multiply(signs, np.abs(place[first : first + 3]) + 0.05)
    np.testing.assert_allclose(
        density(place)[1], slopes_by_differences(density, place), rtol=1e-6, atol=1e-6
    )


def test_gradient_goes_on_smoothly_through_zero() -> None:
    density = Density(three_effects(known_sigma=False))
    place = np.array([0.1, 0.0, 0.7, -0.5, 0.3, -0.6, 0.2])
    slopes = []
    for near in (-3e-5, 3e-5):
        place[1] = near
        slopes.append(density(place)[1])
        np.testing.assert_allclose(
            slopes[-1], slopes_by_differences(density, place), rtol=1e-5, atol=1e-5
        )
    np.testing.assert_allclose(slopes[0], slopes[1], atol=5e-3)
    place[1] = 0.0
    value, slope = density(place)
    assert np.isfinite(value)
    np.testing.assert_allclose(slope, slopes[1], atol=5e-3)


@pytest.mark.parametrize("effect", [0, 1, 2])
def test_each_sign_tells_the_same_story(effect: int) -> None:
    density = Density(three_effects(known_sigma=False))
    place = np.array([0.1, 0.4, 0.7, 0.5, 0.3, -0.6, 0.2])
    mirrored = place.copy()
    mirrored[1 + effect] *= -1
    pairs = {4: (0, 1), 5: (0, 2), 6: (1, 2)}
    for entry, pair in pairs.items():
        mirrored[entry] *= -1 if effect in pair else 1
    assert density(mirrored)[0] == pytest.approx(density(place)[0], abs=1e-12)
    thetas = thetas_at(np.array([place, mirrored]), density.units, 0, density.flat)
    np.testing.assert_allclose(thetas[0], thetas[1], rtol=1e-15)


def test_the_log_density_is_that_of_theta_with_its_jacobian() -> None:
    density = Density(three_effects(known_sigma=False))
    values = []
    for place in np.random.default_rng(8).normal(size=(6, density.priors.size)):
        theta = thetas_at(place[None], density.units, 0, density.flat)[0]
        sds = density.units[1:4] * np.sinh(np.abs(place[1:4]))
        np.testing.assert_allclose(np.exp(theta[1:4]), sds, rtol=1e-13)
        # From theta to the sds, and from these to the places.
        log_jacobian = np.log(density.units[1:4] * np.cosh(place[1:4])) - np.log(sds)
        direct = log_posterior(density.arrays, density.flat, 0, theta, np.empty_like(theta))
        values.append(density(place)[0] - direct - log_jacobian.sum())
    np.testing.assert_allclose(values, values[0], atol=1e-12)


def test_only_sds_whose_mirrored_prior_is_smooth_get_a_sign() -> None:
    priors = three_effects(known_sigma=False, sds=(HALF_NORMAL, EXPONENTIAL, HALF_STUDENT))
    units = signed_units(priors, np.full(7, 0.5))
    np.testing.assert_allclose(units, [0, 0.5, 0, 0.5, 0, 0, 0])
    density = Density(priors)
    place = np.array([0.1, -0.4, -0.7, 0.5, 0.3, -0.6, 0.2])
    np.testing.assert_allclose(
        density(place)[1], slopes_by_differences(density, place), rtol=1e-6, atol=1e-6
    )
    theta = thetas_at(place[None], density.units, 0, density.flat)[0]
    np.testing.assert_allclose(theta[[2, 4, 5, 6]], [-0.7, -0.3, 0.6, 0.2])


def test_far_out_a_place_is_a_logarithm() -> None:
    """Where sinh itself would overflow or lose the gradient."""
    density = Density(three_effects(known_sigma=False))
    place = np.array([0.1, 60.0, -800.0, 0.5, 0.3, -0.6, 0.2])
    theta = thetas_at(place[None], density.units, 0, density.flat)[0]
    expected = np.abs(place[1:3]) - np.log(2.0) + np.log(density.units[1:3])
    np.testing.assert_allclose(theta[1:3], expected, rtol=1e-14)


def test_several_factors_and_blocks_flip_their_own_correlations_only() -> None:
    factors = [
        ([HALF_NORMAL] * 3, [2, 1], 1.0),
        ([HALF_STUDENT] * 2, [2], 1.0),
    ]
    priors = arrange_priors(HALF_NORMAL, factors, [(CODES["StudentT"], [3.0, 0.0, 1.0])])
    # sigma, three sds and one pair, two sds and one pair, one coefficient.
    place = np.array([0.2, -1.0, 1.0, -1.0, 0.5, -1.0, -1.0, 0.4, -0.3])
    units = signed_units(priors, np.ones(9))
    theta = thetas_at(place[None], units, 0, priors.arrays())[0]
    one = np.log(np.sinh(1.0))
    np.testing.assert_allclose(theta, [0.2, one, one, one, -0.5, one, one, 0.4, -0.3], rtol=1e-14)
