"""Several grouping factors: nested to any depth, crossed, partly both, with groups that moved."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bayes_alliance.kernels import dense
from bayes_alliance.kernels.crossed import moments as crossed_moments
from bayes_alliance.kernels.crossed import posterior as crossed
from bayes_alliance.kernels.crossed import problem as crossed_problem
from bayes_alliance.kernels.crossed import recover as crossed_recover


class Case(NamedTuple):
    y: np.ndarray
    X: np.ndarray
    terms: list[crossed_moments.Term]
    weights: np.ndarray
    repeats: np.ndarray
    mean: np.ndarray
    variance: np.ndarray
    kept: np.ndarray
    values: np.ndarray
    s2: float
    factors: list[np.ndarray]

    @property
    def ready(self):
        reduced = crossed_moments.crossed_moments(
            self.y, self.X, self.terms, weights=self.weights, repeats=self.repeats
        )
        return crossed_problem.prepare_crossed(
            reduced, self.mean[self.kept], self.variance[self.kept], integrated=self.kept
        )

    def oracle(self):
        """Frequency weights are rows written out."""
        rows = np.repeat(np.arange(len(self.y)), self.repeats.astype(int))
        mean, variance = self.mean.copy(), self.variance.copy()
        rest = np.setdiff1d(np.arange(len(mean)), self.kept)
        mean[rest], variance[rest] = self.values, 0.0
        factors = [
            dense.Factor(columns=t.columns[rows], group=t.group[rows], covariance=f @ f.T)
            for t, f in zip(self.terms, self.factors, strict=True)
        ]
        given_rows = (self.y[rows], self.X[rows], factors, self.s2, mean, np.diag(variance))
        return given_rows, {"weights": self.weights[rows]}


def random_groups(draw, rng: np.random.Generator, rows: int) -> list[tuple[np.ndarray, int]]:
    """Group of each row and number of groups: levels that hold one another, some that cross."""
    counts = sorted(draw(st.lists(st.integers(2, 14), min_size=1, max_size=4)), reverse=True)
    own = rng.integers(counts[0], size=rows)
    levels = [(own, counts[0])]
    for below, count in pairwise(counts):
        own = rng.permutation(np.arange(below) % count)[own]
        moved = rng.random(rows) < draw(st.sampled_from([0.0, 0.0, 0.15]))
        own = np.where(moved, rng.integers(count, size=rows), own)
        levels.append((own, count))
    if len(levels) == 1 or draw(st.booleans()):
        count = draw(st.integers(2, 9))
        levels.append((rng.integers(count, size=rows), count))
    empty = draw(st.integers(0, 2))
    levels = [(group, count + empty) for group, count in levels]
    return [levels[k] for k in rng.permutation(len(levels))]


@st.composite
def cases(draw) -> Case:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows = draw(st.integers(12, 60))
    x = rng.normal(size=rows) + draw(st.sampled_from([0.0, 20.0]))
    columns = np.column_stack([np.ones(rows), x])
    terms = [
        crossed_moments.Term(columns=columns[:, : draw(st.integers(1, 2))], group=g, n_groups=n)
        for g, n in random_groups(draw, rng, rows)
    ]
    kept = np.array(draw(st.sampled_from([[0, 1], [0], [1], []])), dtype=np.int64)
    return Case(
        y=draw(st.sampled_from([0.0, 70.0])) + rng.normal(size=rows),
        X=columns,
        terms=terms,
        weights=rng.uniform(0.5, 2.0, size=rows),
        repeats=rng.integers(1, 3, size=rows).astype(float),
        mean=rng.normal(size=2),
        variance=rng.uniform(1.0, 30.0, size=2),
        kept=kept,
        values=rng.normal(size=2 - len(kept)),
        s2=float(np.exp(rng.normal())),
        factors=[np.tril(rng.normal(size=(t.columns.shape[1],) * 2)) for t in terms],
    )


def check_density(case):
    found = crossed.density_and_gradient(case.ready, case.s2, case.factors, case.values)
    rows, weights = case.oracle()
    assert found.log_density == pytest.approx(dense.log_density(*rows, **weights), rel=1e-9)


def check_gradient(case):
    """Central differences along one direction in each kind of unknown."""
    ready, rng = case.ready, np.random.default_rng(1)
    found = crossed.density_and_gradient(ready, case.s2, case.factors, case.values)

    def slope(s2=0.0, factors=None, values=0.0):
        def at(t):
            moved = case.factors
            if factors is not None:
                moved = [f + t * d for f, d in zip(moved, factors, strict=True)]
            values_there = case.values + t * values
            return crossed.density_and_gradient(
                ready, case.s2 + t * s2, moved, values_there
            ).log_density

        step = 1e-3
        return (8 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))) / (12 * step)

    check = {"rel": 1e-6, "abs": 1e-6}
    assert found.residual_variance == pytest.approx(slope(s2=case.s2) / case.s2, **check)
    for f, factor in enumerate(case.factors):
        along = [np.zeros_like(other) for other in case.factors]
        along[f] = rng.normal(size=factor.shape)
        assert np.sum(found.factors[f] * along[f]) == pytest.approx(slope(factors=along), **check)
    if len(case.values):
        along = rng.normal(size=len(case.values))
        assert found.sampled @ along == pytest.approx(slope(values=along), **check)


def check_draws(case):
    ready = case.ready
    size = crossed_recover.count_normals(ready)
    count = size + 1
    drawn = crossed_recover.recover_crossed(
        ready,
        np.full(count, case.s2),
        [np.broadcast_to(f, (count, *f.shape)) for f in case.factors],
        np.vstack([np.zeros(size), np.eye(size)]),
        np.broadcast_to(case.values, (count, len(case.values))),
    )
    # The oracle lists groups up to the last that has a row; the others keep their prior.
    seen = [term.group.max() + 1 for term in case.terms]
    effects = [u[:, :n].reshape(count, -1) for u, n in zip(drawn.effects, seen, strict=True)]
    flat = np.hstack([drawn.coefficients, *effects])
    rows, weights = case.oracle()
    mean, covariance = dense.conditional(*rows, **weights)
    root = flat[1:] - flat[0]
    np.testing.assert_allclose(flat[0], mean, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(root.T @ root, covariance, rtol=1e-8, atol=1e-8)
    for u, n, factor in zip(drawn.effects, seen, case.factors, strict=True):
        for k in range(n, u.shape[1]):
            root = u[1:, k] - u[0, k]
            np.testing.assert_allclose(root.T @ root, factor @ factor.T, rtol=1e-9, atol=1e-9)


@given(cases())
def test_density_is_the_dense_one(case):
    check_density(case)


@settings(max_examples=60)
@given(cases())
def test_gradient_is_the_central_difference(case):
    check_gradient(case)


@settings(max_examples=60)
@given(cases())
def test_draws_are_the_dense_conditional(case):
    check_draws(case)


def test_clients_who_changed_their_manager():
    """Inverses reach further than data do: the hard part of leaving zeros out."""
    rng = np.random.default_rng(3)
    client = rng.integers(90, size=260)
    moved = rng.random(260) < 0.1
    manager = np.where(
        moved, rng.integers(30, size=260), rng.permutation(np.arange(90) % 30)[client]
    )
    groups = [(client, 90), (manager, 30), (manager % 8, 8), (rng.integers(3, size=260), 3)]
    x = rng.normal(size=260)
    columns = np.column_stack([np.ones(260), x])
    terms = [
        crossed_moments.Term(columns=columns[:, : 1 + k % 2], group=g, n_groups=n)
        for k, (g, n) in enumerate(groups)
    ]
    case = Case(
        y=5.0 + rng.normal(size=260),
        X=columns,
        terms=terms,
        weights=np.ones(260),
        repeats=np.ones(260),
        mean=np.zeros(2),
        variance=np.full(2, 9.0),
        kept=np.array([0]),
        values=np.array([0.4]),
        s2=0.7,
        factors=[np.tril(rng.normal(size=(t.columns.shape[1],) * 2)) for t in terms],
    )
    arrays = case.ready.arrays()
    assert (arrays.reach < arrays.first).sum() > 10
    check_density(case)
    check_gradient(case)
    check_draws(case)
