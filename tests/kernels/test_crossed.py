"""Several grouping factors, nested and crossed: density, gradient and draws, exactly."""

import mpmath
import numpy as np
import pytest

from bayes_alliance.kernels import dense, group_order, unconstrained
from bayes_alliance.kernels.crossed import moments as crossed_moments
from bayes_alliance.kernels.crossed import posterior as crossed
from bayes_alliance.kernels.crossed import problem as crossed_problem
from bayes_alliance.kernels.crossed import recover as crossed_recover
from bayes_alliance.kernels.one_factor import moments, problem
from bayes_alliance.kernels.one_factor import posterior as marginal


def terms_for(kind, rng, rows):
    slope = rng.normal(size=rows)
    ones = np.ones(rows)
    if kind == "crossed":
        return [
            (np.column_stack([ones, slope]), rng.integers(0, 4, rows), 4),
            (ones[:, None], rng.integers(0, 7, rows), 7),
        ]
    if kind == "nested":
        inner = rng.integers(0, 9, rows)
        return [
            (np.column_stack([ones, slope]), inner // 3, 3),
            (np.column_stack([ones, slope]), inner, 9),
        ]
    if kind == "three, the largest with three effects":
        columns = np.column_stack([ones, slope, rng.normal(size=rows)])
        return [
            (ones[:, None], rng.integers(0, 3, rows), 3),
            (columns, rng.integers(0, 6, rows), 6),
            (np.column_stack([ones, slope]), rng.integers(0, 4, rows), 4),
        ]
    if kind == "three levels, labels in no order":
        client = np.concatenate([np.arange(12), rng.integers(0, 12, rows - 12)])
        manager = rng.permutation(np.arange(12) % 6)[client]
        agency = np.array([1, 0, 2, 0, 1, 2])[manager]
        return [
            (np.column_stack([ones, slope]), agency, 3),
            (ones[:, None], client, 12),
            (np.column_stack([ones, slope]), manager, 6),
        ]
    if kind == "each row its own group":
        return [(ones[:, None], np.arange(rows), rows), (ones[:, None], np.arange(rows) % 3, 3)]
    return [(np.column_stack([ones, slope]), rng.integers(0, 5, rows), 5)]


KINDS = [
    "crossed",
    "nested",
    "three, the largest with three effects",
    "three levels, labels in no order",
    "each row its own group",
    "only one",
]


class Setting:
    """A random data set with several factors, and a place to evaluate at."""

    def __init__(self, kind, integrated=None):
        rng = np.random.default_rng(KINDS.index(kind))
        rows, p = 30, 3
        self.X = np.column_stack([np.ones(rows), rng.normal(size=(rows, 2)) + 3.0])
        self.y = 70.0 + rng.normal(size=rows) * 2.0
        self.terms = [
            crossed_moments.Term(columns=columns, group=group, n_groups=count)
            for columns, group, count in terms_for(kind, rng, rows)
        ]
        self.weights = rng.uniform(0.5, 2.0, size=rows)
        self.mean = np.array([60.0, 0.5, -0.5])
        self.variance = np.array([100.0, 4.0, 9.0])
        self.s2 = 0.8
        self.factors = [
            np.tril(rng.normal(size=(term.columns.shape[1],) * 2)) for term in self.terms
        ]
        self.kept = np.arange(p) if integrated is None else np.array(integrated, dtype=np.int64)
        self.rest = np.setdiff1d(np.arange(p), self.kept)
        self.reduced = crossed_moments.crossed_moments(
            self.y, self.X, self.terms, weights=self.weights
        )
        self.ready = crossed_problem.prepare_crossed(
            self.reduced, self.mean[self.kept], self.variance[self.kept], integrated=self.kept
        )
        self.values = self.mean[self.rest] + 0.3

    def fast(self, s2=None, factors=None, values=None):
        return crossed.density_and_gradient(
            self.ready,
            self.s2 if s2 is None else s2,
            self.factors if factors is None else factors,
            self.values if values is None else values,
        )

    def oracle(self):
        given, variance = self.mean.copy(), self.variance.copy()
        given[self.rest], variance[self.rest] = self.values, 0.0
        factors = [
            dense.Factor(columns=t.columns, group=t.group, covariance=f @ f.T)
            for t, f in zip(self.terms, self.factors, strict=True)
        ]
        return self.y, self.X, factors, self.s2, given, np.diag(variance)


@pytest.mark.parametrize("integrated", [None, [1, 2], [0, 2], []], ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_density_is_the_dense_one(kind, integrated):
    setting = Setting(kind, integrated)
    expected = dense.log_density(*setting.oracle(), weights=setting.weights)
    assert setting.fast().log_density == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("integrated", [None, [1, 2], [0, 2]], ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_gradient_is_the_central_difference(kind, integrated, difference):
    setting = Setting(kind, integrated)
    found = setting.fast()
    check = {"rel": 1e-6, "abs": 1e-6}
    slope = difference(lambda s2: setting.fast(s2=s2).log_density, setting.s2, 1e-3)
    assert found.residual_variance == pytest.approx(slope, **check)
    for f, factor in enumerate(setting.factors):
        for place in np.ndindex(factor.shape):

            def moved(t, f=f, place=place):
                factors = [one.copy() for one in setting.factors]
                factors[f][place] += t
                return setting.fast(factors=factors).log_density

            assert found.factors[f][place] == pytest.approx(difference(moved, 0.0, 1e-3), **check)
    for k in range(len(setting.values)):

        def shifted(t, k=k):
            return setting.fast(values=setting.values + t * np.eye(len(setting.values))[k])

        slope = difference(lambda t: shifted(t).log_density, 0.0, 1e-3)
        assert found.sampled[k] == pytest.approx(slope, **check)


@pytest.mark.parametrize("kind", KINDS)
def test_unconstrained_gradient_is_the_central_difference(kind, difference):
    setting = Setting(kind, [0, 2])
    together = [[len(factor)] if len(factor) < 3 else [2, 1] for factor in setting.factors]
    blocks, ends = np.concatenate(together), np.cumsum([len(sizes) for sizes in together])
    size = 2 + sum(unconstrained.count_parameters(np.array(sizes)) for sizes in together)
    theta = np.random.default_rng(1).normal(size=size) * 0.7
    arrays = setting.ready.arrays()
    gradient = np.empty(size)

    def value(at):
        return crossed.evaluate_crossed_unconstrained(arrays, at, blocks, ends, np.empty(size))

    crossed.evaluate_crossed_unconstrained(arrays, theta, blocks, ends, gradient)
    for k in range(size):
        unit = np.eye(size)[k]
        slope = difference(lambda t, unit=unit: value(theta + t * unit), 0.0, 1e-3)
        assert gradient[k] == pytest.approx(slope, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_variances_of_zero_are_ordinary(kind, difference):
    setting = Setting(kind)
    setting.factors = [np.zeros_like(factor) for factor in setting.factors]
    expected = dense.log_density(*setting.oracle(), weights=setting.weights)
    found = setting.fast()
    assert found.log_density == pytest.approx(expected, rel=1e-9)
    # The density is even in each factor there, so its slope is exactly flat.
    assert not any(slope.any() for slope in found.factors)


@pytest.mark.parametrize(
    ("s2", "size", "tolerance"),
    # The dense effects meet in one matrix of sums, which loses digits as the square of sd over
    # sigma: at ten thousand the error has been seen at 3e-8.
    [(0.8, 1.0, 1e-9), (0.8, 1e-8, 1e-9), (1e-4, 1.0, 1e-9), (1e-6, 10.0, 1e-7)],
    ids=["ordinary", "sds nearly zero", "sd a hundred sigmas", "sd ten thousand sigmas"],
)
@pytest.mark.parametrize("offset", [0.0, 1e6])
@pytest.mark.parametrize("kind", ["crossed", "nested"])
def test_extremes_against_sixty_digits(kind, offset, s2, size, tolerance):
    setting = Setting(kind)
    # Outcomes drawn where the density is evaluated, so that no huge misfit hides its digits.
    rng = np.random.default_rng(2)
    y = offset + np.sqrt(s2) * rng.normal(size=len(setting.y))
    for term, factor in zip(setting.terms, setting.factors, strict=True):
        effects = size * rng.normal(size=(term.n_groups, len(factor))) @ factor.T
        y = y + (term.columns * effects[term.group]).sum(axis=1)
    reduced = crossed_moments.crossed_moments(y, setting.X, setting.terms)
    variance = setting.variance * np.array([1e8, 1.0, 1.0])
    ready = crossed_problem.prepare_crossed(reduced, setting.mean, variance)
    factors = [factor * size for factor in setting.factors]
    found = crossed.density_and_gradient(ready, s2, factors).log_density
    with mpmath.workdps(60):
        exact = [mpmath.matrix(block.tolist()) for block in (setting.X, np.diag(variance))]
        total = exact[0] * exact[1] * exact[0].T
        for term, factor in zip(setting.terms, factors, strict=True):
            root = mpmath.matrix(term.columns.tolist()) * mpmath.matrix(factor.tolist())
            whole = root * root.T
            for i, k in np.argwhere(term.group[:, None] == term.group[None, :]).tolist():
                total[i, k] += whole[i, k]
        total += mpmath.mpf(s2) * mpmath.eye(len(y))
        mean = mpmath.matrix(setting.mean.tolist())
        rest = mpmath.matrix(y.tolist()) - exact[0] * mean
        lower = mpmath.cholesky(total)
        expected = -sum(mpmath.log(lower[i, i]) for i in range(len(y)))
        expected -= len(y) * mpmath.log(2 * mpmath.pi) / 2
        expected -= (rest.T * mpmath.cholesky_solve(total, rest))[0] / 2
    assert found == pytest.approx(float(expected), rel=tolerance, abs=tolerance)


def test_one_factor_is_the_plain_kernel():
    setting = Setting("only one")
    term = setting.terms[0]
    reduced = moments.moments(
        setting.y, setting.X, term.columns, term.group, term.n_groups, weights=setting.weights
    )
    ready = problem.prepare(reduced, setting.mean, setting.variance)
    plain = marginal.density_and_gradient(ready, setting.s2, setting.factors[0])
    found = setting.fast()
    assert found.log_density == pytest.approx(plain.log_density, rel=1e-12)
    assert found.residual_variance == pytest.approx(plain.residual_variance, rel=1e-10)
    expected = 2.0 * plain.covariance @ setting.factors[0]
    np.testing.assert_allclose(found.factors[0], expected, rtol=1e-9)


@pytest.mark.parametrize("integrated", [None, [1, 2], [0, 2]], ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_moments_of_draws_are_the_dense_conditional(kind, integrated):
    setting = Setting(kind, integrated)
    size = crossed_recover.count_normals(setting.ready)
    normals = np.vstack([np.zeros(size), np.eye(size)])
    count = size + 1
    drawn = crossed_recover.recover_crossed(
        setting.ready,
        np.full(count, setting.s2),
        [np.broadcast_to(f, (count, *f.shape)) for f in setting.factors],
        normals,
        np.broadcast_to(setting.values, (count, len(setting.values))),
    )
    flat = np.hstack([drawn.coefficients, *(u.reshape(count, -1) for u in drawn.effects)])
    mean, covariance = dense.conditional(*setting.oracle(), weights=setting.weights)
    root = flat[1:] - flat[0]
    # Groups without a row, at the end of the numbering, are not in the oracle's list.
    assert flat.shape[1] == len(mean)
    np.testing.assert_allclose(flat[0], mean, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(root.T @ root, covariance, rtol=1e-9, atol=1e-9)


def test_a_draw_does_not_depend_on_its_chunk():
    setting = Setting("crossed")
    factors = [np.broadcast_to(f, (5, *f.shape)) for f in setting.factors]
    s2 = np.linspace(0.5, 2.0, 5)
    whole = crossed_recover.recover_crossed_seeded(
        setting.ready, s2, factors, seed=3, draws=np.arange(5)
    )
    part = crossed_recover.recover_crossed_seeded(
        setting.ready, s2[3:], [f[3:] for f in factors], seed=3, draws=np.arange(3, 5)
    )
    np.testing.assert_array_equal(part.coefficients, whole.coefficients[3:])
    for one, other in zip(part.effects, whole.effects, strict=True):
        np.testing.assert_array_equal(one, other[3:])
    alone = crossed_recover.recover_crossed_seeded(
        setting.ready, s2, factors, seed=3, draws=np.arange(5), with_effects=False
    )
    np.testing.assert_array_equal(alone.coefficients, whole.coefficients)
    assert alone.effects[setting.reduced.eliminated].shape[0] == 0


def test_the_largest_factor_is_eliminated():
    setting = Setting("nested")
    assert setting.reduced.eliminated == 1
    counts, effects = setting.reduced.groups, setting.reduced.effects
    assert group_order.count_dense(counts, effects) == setting.ready.n_dense == 6


def test_wrong_shapes_are_refused():
    setting = Setting("crossed")
    with pytest.raises(ValueError, match="factors must be square"):
        setting.fast(factors=setting.factors[::-1])
    with pytest.raises(ValueError, match="0 sampled coefficients"):
        setting.fast(values=np.ones(1))
    bad = crossed_moments.Term(columns=np.ones((30, 1)), group=np.full(30, 4), n_groups=4)
    with pytest.raises(ValueError, match="groups of term 1"):
        crossed_moments.crossed_moments(setting.y, setting.X, [setting.terms[0], bad])


REAL = {
    "penicillin": ("diameter", [], ["plate", "sample"]),
    "classroom": ("mathgain", ["mathkind_c", "girl", "minority", "ses"], ["classroom", "school"]),
}


@pytest.mark.parametrize("name", list(REAL))
def test_log_likelihood_is_the_one_of_lme4(name, real_data, figures):
    outcome, population, grouping = REAL[name]
    table = real_data(name)
    y = table[outcome].to_numpy(dtype=float)
    X = np.column_stack([np.ones(len(y)), *(table[column] for column in population)])
    terms = []
    for factor in grouping:
        levels, group = np.unique(table[factor], return_inverse=True)
        ones = np.ones((len(y), 1))
        terms.append(crossed_moments.Term(columns=ones, group=group, n_groups=len(levels)))
    expected = figures(name)["maximum_likelihood"]
    fixed = np.array(expected["coefficients"])
    nothing = np.zeros(0)
    ready = crossed_problem.prepare_crossed(
        crossed_moments.crossed_moments(y, X, terms), nothing, nothing, integrated=np.arange(0)
    )
    factors = [np.array([expected["sds"][factor]]) for factor in grouping]
    found = crossed.density_and_gradient(ready, expected["sigma"] ** 2, factors, fixed)
    # lme4's numbers are printed with eight digits.
    assert found.log_density == pytest.approx(expected["log_likelihood"], abs=1e-3)
    np.testing.assert_allclose(found.sampled, 0.0, atol=1e-2)
