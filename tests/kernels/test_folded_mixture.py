"""Folded mixtures: their density, two ways to fold wrongly, and the fit to weighted points."""

from itertools import product

import numpy as np
import pytest
from scipy import stats

from bayes_alliance.sampling.engines.independent.adaptation import share_of_weights
from bayes_alliance.sampling.engines.independent.mixture import FREEDOM, Mixture

SD, OTHER = 0, 1
MEAN = np.array([0.4, 0.6])
SCALE = np.array([[0.5, 0.2], [0.2, 0.6]])


def mixture(folded: tuple[int, ...] = (SD,)) -> Mixture:
    return Mixture(
        weights=np.ones(1),
        means=MEAN[None],
        scales=SCALE[None],
        folded=np.array(folded, dtype=np.int64),
    )


def summed_over_signs(
    points: np.ndarray, mean: np.ndarray, scale: np.ndarray, turned
) -> np.ndarray:
    density = stats.multivariate_t(mean, scale, df=FREEDOM)
    total = np.zeros(len(points))
    for signs in product([1.0, -1.0], repeat=len(turned)):
        copy = points.copy()
        copy[:, turned] *= np.array(signs)
        total += density.pdf(copy)
    return total


def test_the_density_is_the_sum_over_the_signs_of_what_is_folded() -> None:
    rng = np.random.default_rng(1)
    means = rng.normal(size=(3, 4))
    scales = np.stack([np.cov(rng.normal(size=(4, 9))) for _ in range(3)])
    weights = np.array([0.2, 0.5, 0.3])
    whole = Mixture(weights=weights, means=means, scales=scales, folded=np.array([1, 2, 3]))
    points = whole.draw(50, rng)
    assert (points[:, 1:] > 0.0).all()
    assert (points[:, 0] < 0.0).any()
    each = [summed_over_signs(points, m, s, [1, 2, 3]) for m, s in zip(means, scales, strict=True)]
    np.testing.assert_allclose(whole.log_density(points), np.log(weights @ np.array(each)))


def target(points: np.ndarray) -> np.ndarray:
    """A density over a positive sd and a correlation's number that leans to one side."""
    log_density = stats.multivariate_normal([0.3, 0.5], [[0.4, 0.1], [0.1, 0.5]]).logpdf(points)
    return np.where(points[:, SD] > 0.0, log_density, -np.inf)


def estimated(points: np.ndarray, log_proposed: np.ndarray) -> tuple[float, float, float, float]:
    """Return the mean of the other entry and the mass, each with its Monte Carlo error."""
    weights = np.exp(target(points) - log_proposed)
    mean = np.average(points[:, OTHER], weights=weights)
    off = weights / weights.mean() * (points[:, OTHER] - mean)
    root = np.sqrt(len(points))
    return mean, off.std() / root, weights.mean(), weights.std() / root


@pytest.fixture(scope="module")
def exact() -> tuple[float, float]:
    grid = np.linspace(0.0005, 6.0, 1200), np.linspace(-6.0, 7.0, 1201)
    places = np.stack(np.meshgrid(*grid, indexing="ij"), axis=-1).reshape(-1, 2)
    density = np.exp(target(places))
    cell = (grid[0][1] - grid[0][0]) * (grid[1][1] - grid[1][0])
    return float(density @ places[:, OTHER] / density.sum()), float(density.sum() * cell)


def apart(found: tuple[float, float, float, float], exact: tuple[float, float]) -> float:
    mean, mean_error, mass, mass_error = found
    return max(abs(mean - exact[0]) / mean_error, abs(mass - exact[1]) / mass_error)


def test_right_folding_is_unbiased_and_both_mistakes_are_seen(exact) -> None:
    rng = np.random.default_rng(2)
    right = mixture()
    points = right.draw(200_000, rng)
    assert apart(estimated(points, right.log_density(points)), exact) < 4.0
    # The sign of the other entry flipped in the sum, though it is never flipped when drawn.
    flipped = np.log(
        stats.multivariate_t(MEAN, SCALE, df=FREEDOM).pdf(points)
        + stats.multivariate_t(MEAN, SCALE, df=FREEDOM).pdf(-points)
    )
    assert apart(estimated(points, flipped), exact) > 20.0
    # The other entry turned positive too: one half of what it may be is never proposed.
    both = mixture((SD, OTHER))
    points = both.draw(200_000, rng)
    assert apart(estimated(points, both.log_density(points)), exact) > 20.0


def test_fitting_brings_the_proposal_to_the_target() -> None:
    """A target at the fold, from a start that is off and too narrow: weights become equal."""
    rng = np.random.default_rng(3)
    found = Mixture(
        weights=np.ones(2) / 2,
        means=np.array([[1.5, -1.0], [0.5, 1.5]]),
        scales=0.3 * np.stack([SCALE, SCALE]),
        folded=np.array([SD]),
    )
    shares = []
    for _ in range(6):
        points = found.draw(4000, rng)
        logs = target(points) - found.log_density(points)
        shares.append(share_of_weights(logs))
        weights = np.exp(logs - logs.max())
        found = found.fitted(points, weights / weights.sum(), 3)
    assert shares[0] < 0.5
    assert shares[-1] > 0.85


def test_a_component_with_few_points_stays_near_what_it_was() -> None:
    """One point that carries all weight does not make a component as narrow as a point."""
    points = np.array([[0.5, 0.5], [1.0, 1.0]])
    found = mixture().fitted(points, np.array([1.0, 0.0]), 1)
    assert np.linalg.eigvalsh(found.scales[0]).min() > 0.5 * np.linalg.eigvalsh(SCALE).min()
