"""The edge cases, against sixty digits: where ordinary formulas lose theirs."""

import numpy as np
import pytest

from bayes_alliance.kernels.one_factor import moments, problem
from bayes_alliance.kernels.one_factor import posterior as marginal


def fast(study, s2, factor, prior_mean, prior_variance):
    reduced = moments.moments(study.y, study.X, study.Z, study.group, study.n_groups)
    ready = problem.prepare(reduced, prior_mean, prior_variance)
    return ready, marginal.density_and_gradient(ready, s2, factor)


def lower(tau, rho):
    return np.array([[tau[0], 0.0], [tau[1] * rho, tau[1] * np.sqrt((1.0 - rho) * (1.0 + rho))]])


def one_row_groups(study):
    return study(1, [1, 1, 6, 1], 2, 2)


def constant_in_group(study):
    case = study(2, [4, 5, 3], 2, 2)
    column = np.array([0.3, 5.0, -2.7])[case.group]
    column[case.group == 1] += np.linspace(0.0, 1e-7, 5)
    columns = np.column_stack([np.ones(12), column])
    return case._replace(X=columns, Z=columns)


def collinear(study):
    case = study(3, [4, 4, 5], 3, 2)
    return case._replace(X=np.column_stack([case.X[:, :2], case.X[:, 1] * 2.0]))


def four_rows(study):
    return study(4, [2, 2], 2, 2)


def wild_caseloads(study):
    return study(5, [1, 2, 40, 1], 2, 2)


def outcome_offset(study):
    case = study(6, [4, 3, 5], 2, 2)
    return case._replace(y=case.y + 1e6)


def predictor_offset(study):
    case = study(7, [4, 3, 5], 2, 2)
    columns = case.X + np.array([0.0, 2000.0])
    return case._replace(X=columns, Z=columns)


def huge_offset(study):
    case = study(8, [4, 3, 5], 2, 1)
    return case._replace(y=case.y + 1e6, X=case.X + np.array([0.0, 1e6]))


CASES = [
    one_row_groups,
    constant_in_group,
    collinear,
    four_rows,
    wild_caseloads,
    outcome_offset,
    predictor_offset,
    huge_offset,
]
PLACES = {
    "ordinary": (0.7, (1.2, 0.5), 0.3),
    "both sds nearly zero": (0.7, (1e-8, 1e-8), 0.0),
    "slope sd zero": (0.7, (1.2, 0.0), 0.0),
    "correlation near one": (0.7, (1.2, 0.5), 1.0 - 1e-8),
    "correlation near minus one": (0.7, (1.2, 0.5), -(1.0 - 1e-8)),
    "sds ten thousand times sigma": (1e-4, (100.0, 100.0), 0.3),
    "the same, correlation near one": (1e-4, (100.0, 100.0), 1.0 - 1e-8),
    "sigma far too large": (1e8, (1.2, 0.5), 0.3),
}


def drawn_from(data, s2, factor):
    """Outcomes drawn where the density is evaluated, so that no huge misfit hides its digits."""
    rng = np.random.default_rng(10)
    effects = rng.normal(size=(data.n_groups, len(factor))) @ factor.T
    noise = np.sqrt(s2) * rng.normal(size=len(data.y))
    offset = 1e6 if data.y.mean() > 1e5 else 0.0
    return data._replace(y=(data.Z * effects[data.group]).sum(axis=1) + noise + offset)


@pytest.mark.parametrize("fits", [False, True], ids=["misfit", "fit"])
@pytest.mark.parametrize("place", PLACES.values(), ids=list(PLACES))
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_density_keeps_nine_digits(case, place, fits, study, exact_density):
    data = case(study)
    s2, tau, rho = place
    p, q = data.X.shape[1], data.Z.shape[1]
    factor = lower(tau, rho)[:q, :q]
    mean, variance = np.full(p, 0.5), np.linspace(100.0, 9.0, p)
    if fits:
        data = drawn_from(data, s2, factor)
        variance[0] = 1e12
    exact = float(exact_density(data, s2, factor, mean, variance))
    found = fast(data, s2, factor, mean, variance)[1].log_density
    assert found == pytest.approx(exact, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("place", PLACES.values(), ids=list(PLACES))
@pytest.mark.parametrize("case", [one_row_groups, constant_in_group, outcome_offset])
def test_gradient_keeps_six_digits(case, place, study, exact_density):
    data = case(study)
    s2, tau, rho = place
    factor = lower(tau, rho)
    mean, variance = np.full(2, 0.5), np.array([100.0, 9.0])
    found = fast(data, s2, factor, mean, variance)[1]

    def slope(step_s2, step_factor):
        # Sixty digits leave room for a step so small that the difference is exact.
        size = 1e-4
        above = exact_density(
            data, s2 + size * step_s2, factor + size * step_factor, mean, variance
        )
        below = exact_density(
            data, s2 - size * step_s2, factor - size * step_factor, mean, variance
        )
        return float((above - below) / (2 * size))

    exact = slope(s2 * 1e-2, np.zeros((2, 2))) / 1e-2
    assert found.residual_variance * s2 == pytest.approx(exact, rel=1e-6, abs=1e-6)
    # Along the sds: the logarithmic slope, which is what a sampler asks for.
    for effect in range(2):
        direction = np.zeros((2, 2))
        direction[effect] = factor[effect] * 1e-2
        exact = slope(0.0, direction) / 1e-2
        analytic = np.sum(2.0 * (found.covariance @ factor)[effect] * factor[effect])
        assert analytic == pytest.approx(exact, rel=1e-6, abs=1e-6)


def test_empty_group_changes_nothing(study):
    data = study(9, [3, 4], 2, 2)
    mean, variance = np.zeros(2), np.full(2, 4.0)
    factor = lower((1.2, 0.5), 0.3)
    plain = fast(data, 0.7, factor, mean, variance)[1]
    wider = fast(data._replace(n_groups=3), 0.7, factor, mean, variance)[1]
    assert wider.log_density == pytest.approx(plain.log_density, rel=1e-14)
    np.testing.assert_allclose(wider.covariance, plain.covariance, rtol=1e-12)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_numbers_that_are_not_finite_give_nan_not_a_crash(bad, study):
    data = study(9, [3, 4], 2, 2)
    mean, variance = np.zeros(2), np.full(2, 4.0)
    found = fast(data, bad, lower((1.2, 0.5), 0.3), mean, variance)[1]
    assert not np.isfinite(found.log_density)


def test_prior_of_the_wrong_size_is_refused(study):
    data = study(9, [3, 4], 2, 2)
    with pytest.raises(ValueError, match="prior must be for 2 coefficients"):
        fast(data, 1.0, np.eye(2), np.zeros(3), np.ones(3))
    with pytest.raises(ValueError, match="positive and finite"):
        fast(data, 1.0, np.eye(2), np.zeros(2), np.array([1.0, np.inf]))
    with pytest.raises(ValueError, match="positive definite"):
        fast(data, 1.0, np.eye(2), np.zeros(2), np.ones((2, 2)))
