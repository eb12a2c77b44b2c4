"""Bridge sampling against known constants, its own fixed point, and its stated error."""

import numpy as np
import pytest
from scipy import integrate, special, stats

from bayes_alliance.kernels.bridge import (
    bridge,
    fitted_normal,
    log_standard_normal,
    log_symmetrized,
)

TRUTH = 3.0


def sides(rng, draws=1000, proposals=1000, mean=0.5, sd=1.4):
    """Log ratios where the target is exp(3) times a normal density, the proposal a standard one."""

    def ratio(x):
        own = -0.5 * ((x - mean) / sd) ** 2 - np.log(sd) - 0.5 * np.log(2 * np.pi)
        return TRUTH + own - log_standard_normal(x[:, None])

    return ratio(rng.normal(mean, sd, draws)), ratio(rng.normal(size=proposals))


def relative_variance(found, effective_draws):
    """The squared relative error, for so many independent draws of the target."""
    own = np.var(found.at_draws) / effective_draws
    return own + np.var(found.at_proposals) / found.at_proposals.size


def test_a_known_constant_is_met_with_the_stated_error():
    """z of 300 estimates is standard normal: its sd is known to 4%, its mean to 0.06."""
    rng = np.random.default_rng(1)
    z = []
    for _ in range(300):
        found = bridge(*sides(rng), effective_draws=1000)
        z.append((found.log_ratio - TRUTH) / np.sqrt(relative_variance(found, 1000)))
    assert np.mean(z) == pytest.approx(0, abs=0.25)
    assert np.std(z) == pytest.approx(1, abs=0.17)


def test_a_constant_off_by_a_twentieth_is_noticed():
    draws, proposals = sides(np.random.default_rng(2), 40_000, 40_000)
    found = bridge(draws + 0.05, proposals + 0.05, effective_draws=40_000)
    error = np.sqrt(relative_variance(found, 40_000))
    assert abs(found.log_ratio - TRUTH) > 4 * error
    assert found.log_ratio == pytest.approx(TRUTH + 0.05, abs=4 * error)


@pytest.mark.parametrize(("draws", "proposals", "effective"), [(500, 900, 500), (900, 300, 120)])
def test_the_root_is_the_fixed_point_of_meng_and_wong(draws, proposals, effective):
    upper, lower = sides(np.random.default_rng(3), draws, proposals)
    s1 = effective / (effective + proposals)
    s2 = 1 - s1
    r = 1.0
    for _ in range(500):
        above = np.mean(np.exp(lower) / (s1 * np.exp(lower) + s2 * r))
        below = np.mean(1 / (s1 * np.exp(upper) + s2 * r))
        r = above / below
    assert bridge(upper, lower, effective_draws=effective).log_ratio == pytest.approx(
        np.log(r), abs=1e-9
    )


def test_huge_constants_neither_overflow_nor_lose_digits():
    draws, proposals = sides(np.random.default_rng(4))
    near = bridge(draws, proposals, effective_draws=1000).log_ratio
    for shift in (-1e5, 1e5):
        far = bridge(draws + shift, proposals + shift, effective_draws=1000).log_ratio
        assert far - shift == pytest.approx(near, abs=1e-9)


def test_proposals_without_density_count_as_such():
    """A target cut to half a line: half the proposals miss it."""
    rng = np.random.default_rng(5)
    x = np.abs(rng.normal(size=50_000))
    y = rng.normal(size=50_000)
    inside = stats.halfnorm.logpdf(x) - stats.norm.logpdf(x)
    outside = np.where(y > 0, np.log(2.0), -np.inf)
    found = bridge(inside, outside, effective_draws=50_000)
    assert found.log_ratio == pytest.approx(0, abs=4 * np.sqrt(relative_variance(found, 50_000)))
    with pytest.raises(ValueError, match="not finite"):
        bridge(np.append(inside, -np.inf), outside, effective_draws=50_000)
    with pytest.raises(ValueError, match="not finite"):
        bridge(inside, np.full(10, -np.inf), effective_draws=50_000)


def test_the_normal_has_the_moments_of_the_points():
    rng = np.random.default_rng(6)
    points = rng.normal(size=(400, 3)) @ rng.normal(size=(3, 3)) * [1, 1e-3, 1e4] + [5, 0, -2]
    normal = fitted_normal(points)
    standard = normal.standardized(points)
    np.testing.assert_allclose(standard.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(np.cov(standard, rowvar=False), np.eye(3), atol=1e-10)
    np.testing.assert_allclose(normal.back(standard), points, rtol=1e-9, atol=1e-9)
    assert normal.log_determinant == pytest.approx(
        0.5 * np.linalg.slogdet(np.cov(points, rowvar=False))[1], abs=1e-9
    )
    np.testing.assert_allclose(
        log_standard_normal(standard), stats.multivariate_normal(np.zeros(3)).logpdf(standard)
    )
    with pytest.raises(np.linalg.LinAlgError):
        fitted_normal(np.repeat(points[:, :1], 2, axis=1))


def test_a_symmetrized_target_keeps_its_constant():
    skewed = stats.gumbel_r(0.3, 2.0)

    def density(z):
        return float(np.exp(log_symmetrized(skewed.logpdf(1 + z), skewed.logpdf(1 - z))))

    assert integrate.quad(density, -60, 60)[0] == pytest.approx(1, abs=1e-9)
    assert density(1.3) == pytest.approx(density(-1.3), rel=1e-14)


def test_symmetry_helps_where_the_target_is_skewed():
    """The log of a Gamma variable: the same draws and proposals, with and without the mirror."""
    rng = np.random.default_rng(7)
    shape, n = 0.7, 4000
    truth = special.gammaln(shape)

    def target(x):
        return shape * x - np.exp(np.minimum(x, 700))

    x = np.log(rng.gamma(shape, size=n))
    normal = fitted_normal(x[:, None])
    spread = {}
    for mirrored in (False, True):
        z, drawn = normal.standardized(x[:, None]), rng.normal(size=(n, 1))

        def ratio(s, mirrored=mirrored):
            here, there = target(normal.back(s)[:, 0]), target(normal.back(-s)[:, 0])
            value = log_symmetrized(here, there) if mirrored else here
            return value + normal.log_determinant - log_standard_normal(s)

        found = bridge(ratio(z), ratio(drawn), effective_draws=n)
        spread[mirrored] = np.sqrt(relative_variance(found, n))
        assert found.log_ratio == pytest.approx(truth, abs=4 * spread[mirrored])
    assert spread[True] < spread[False]
