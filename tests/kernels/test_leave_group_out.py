"""Leaving a group out against joint normal densities with every covariance written out."""

import numpy as np
import pytest
from scipy import stats

from bayes_alliance.kernels.leave_group_out import (
    coefficients_left_out,
    log_density_left_out,
    prepare_groups,
)
from bayes_alliance.kernels.one_factor.moments import moments

CASELOADS = [1, 2, 5, 7, 3, 9]
S2 = np.array([1.3, 0.6])
FACTOR = {
    1: np.array([[[0.8]], [[0.0]]]),
    2: np.array([[[1.0, 0.0], [0.3, 0.5]], [[2.0, 0.0], [0.0, 0.0]]]),
    3: np.array([np.diag([1.0, 0.5, 0.2]), np.tril(np.full((3, 3), 0.7))]),
}
PRIOR_MEAN = np.array([1.0, -0.5, 0.0, 2.0])
PRIOR_VARIANCE = np.array([100.0, 4.0, 9.0, 1.0])


class Case:
    """A study, its prior, and the same model as one normal distribution."""

    def __init__(self, study, *, weights=None, repeats=None, integrated=None):
        self.study, self.weights, self.repeats = study, weights, repeats
        p = study.X.shape[1]
        self.integrated = np.arange(p) if integrated is None else np.asarray(integrated, dtype=int)
        self.sampled = np.setdiff1d(np.arange(p), self.integrated)
        sums = moments(
            study.y,
            study.X,
            study.Z,
            study.group,
            study.n_groups,
            weights=weights,
            repeats=repeats,
            by_group=True,
        )
        ones = np.ones(len(study.y))
        logs = (ones if repeats is None else repeats) * np.log(ones if weights is None else weights)
        self.groups = prepare_groups(
            sums,
            PRIOR_MEAN[:p][self.integrated],
            PRIOR_VARIANCE[:p][self.integrated],
            np.bincount(study.group, weights=logs, minlength=study.n_groups),
            integrated=self.integrated,
        )

    def covariance(self, rows, s):
        """Covariance of the rows given all coefficients."""
        study = self.study
        factor = FACTOR[study.Z.shape[1]][s]
        same = study.group[rows][:, None] == study.group[rows][None]
        weight = np.ones(len(rows)) if self.weights is None else self.weights[rows]
        Z = study.Z[rows]
        return np.diag(S2[s] / weight) + np.where(same, Z @ factor @ factor.T @ Z.T, 0.0)

    def log_density(self, rows, s, given):
        """Joint log density of the rows, the integrated coefficients integrated out."""
        if len(rows) == 0:
            return 0.0
        X, p = self.study.X[rows], self.study.X.shape[1]
        mean, variance = PRIOR_MEAN[:p].copy(), PRIOR_VARIANCE[:p].copy()
        mean[self.sampled], variance[self.sampled] = given, 0.0
        total = self.covariance(rows, s) + X @ np.diag(variance) @ X.T
        return stats.multivariate_normal.logpdf(self.study.y[rows], X @ mean, total)


def every_row(study):
    return np.arange(len(study.y))


@pytest.mark.parametrize("q", [1, 2, 3])
@pytest.mark.parametrize(
    "integrated", [None, [0, 2], [1, 3], []], ids=["all", "some", "no_constant", "none"]
)
def test_it_is_the_ratio_of_joint_densities(study, q, integrated):
    made = study(3, CASELOADS, 4, q)
    weights = np.random.default_rng(4).uniform(0.5, 2.0, len(made.y))
    case = Case(made, weights=weights, integrated=integrated)
    given = np.random.default_rng(5).normal(size=(2, len(case.sampled)))
    found = log_density_left_out(case.groups, S2, FACTOR[q], given)
    whole = every_row(made)
    for s in range(2):
        for j in range(made.n_groups):
            others = whole[made.group != j]
            joint, rest = (case.log_density(rows, s, given[s]) for rows in (whole, others))
            # Differences of two log densities near -100: float error of the oracle.
            assert found[s, j] == pytest.approx(joint - rest, rel=1e-10, abs=1e-9)


def test_given_all_coefficients_it_is_the_groups_own_density(study):
    made = study(7, CASELOADS, 3, 2)
    case = Case(made, integrated=[])
    given = np.random.default_rng(8).normal(size=(2, 3))
    found = log_density_left_out(case.groups, S2, FACTOR[2], given)
    for s in range(2):
        for j in range(made.n_groups):
            rows = np.flatnonzero(made.group == j)
            assert found[s, j] == pytest.approx(case.log_density(rows, s, given[s]), rel=1e-11)


def test_repeated_rows_are_rows(study):
    made = study(9, [2, 3, 4], 2, 1)
    repeats = np.arange(1.0, 10.0)
    places = np.repeat(np.arange(9), repeats.astype(int))
    long = made._replace(
        y=made.y[places], X=made.X[places], Z=made.Z[places], group=made.group[places]
    )
    short = log_density_left_out(Case(made, repeats=repeats).groups, S2, FACTOR[1])
    np.testing.assert_allclose(
        short, log_density_left_out(Case(long).groups, S2, FACTOR[1]), rtol=1e-10
    )


@pytest.mark.parametrize("integrated", [None, [0, 2]], ids=["all", "some"])
def test_coefficients_without_a_group_are_the_conditional_normal(study, integrated):
    made = study(11, CASELOADS, 3, 2)
    case = Case(made, integrated=integrated)
    given = np.random.default_rng(12).normal(size=(2, len(case.sampled)))
    weights = np.random.default_rng(13).dirichlet([1, 1], size=made.n_groups).T
    found = coefficients_left_out(case.groups, S2, FACTOR[2], weights, given)
    kept = case.integrated
    precision = np.diag(1 / PRIOR_VARIANCE[kept])
    for j in range(made.n_groups):
        rows = np.flatnonzero(made.group != j)
        X, means, variances = made.X[rows], [], []
        for s in range(2):
            y = made.y[rows] - X[:, case.sampled] @ given[s]
            solved = np.linalg.solve(case.covariance(rows, s), np.column_stack([X[:, kept], y]))
            P = precision + X[:, kept].T @ solved[:, :-1]
            right = precision @ PRIOR_MEAN[kept] + X[:, kept].T @ solved[:, -1]
            means.append(np.linalg.solve(P, right))
            variances.append(np.diag(np.linalg.inv(P)))
        means, variances, share = np.array(means), np.array(variances), weights[:, j, None]
        mean = (share * means).sum(axis=0)
        square = (share * (means**2 + variances)).sum(axis=0)
        np.testing.assert_allclose(found.mean[j], mean, rtol=1e-9)
        np.testing.assert_allclose(found.variance[j], square - mean**2, rtol=1e-7)
        above = (share * stats.norm.cdf(means / np.sqrt(variances))).sum(axis=0)
        np.testing.assert_allclose(found.above_zero[j], above, rtol=1e-9)


def test_no_digit_is_lost_where_one_group_knows_nearly_everything(study):
    """Ten million times as informative as all others: a total less that group would lose seven."""
    made = study(15, [3, 4, 5], 2, 1)
    weights = np.where(made.group == 1, 1e7, 1.0)
    case = Case(made, weights=weights)
    found = log_density_left_out(case.groups, S2, FACTOR[1])
    others = np.flatnonzero(made.group != 1)
    own = np.flatnonzero(made.group == 1)
    X, precision = made.X, np.diag(1 / PRIOR_VARIANCE[:2])
    solved = np.linalg.solve(case.covariance(others, 0), X[others])
    P = precision + X[others].T @ solved
    mean = np.linalg.solve(P, precision @ PRIOR_MEAN[:2] + solved.T @ made.y[others])
    total = case.covariance(own, 0) + X[own] @ np.linalg.inv(P) @ X[own].T
    expected = stats.multivariate_normal.logpdf(made.y[own], X[own] @ mean, total)
    assert found[0, 1] == pytest.approx(expected, rel=1e-6)


def test_moments_without_residuals_by_group_are_refused(study):
    made = study(1, [2, 2], 1, 1)
    sums = moments(made.y, made.X, made.Z, made.group, 2)
    with pytest.raises(ValueError, match="by_group=True"):
        prepare_groups(sums, np.zeros(1), np.ones(1), np.zeros(2))
