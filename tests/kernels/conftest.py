"""What the kernel tests share: small studies, and an oracle with sixty digits."""

from collections.abc import Callable
from typing import NamedTuple

import mpmath
import numpy as np
import pytest


class Study(NamedTuple):
    y: np.ndarray
    X: np.ndarray
    Z: np.ndarray
    group: np.ndarray
    n_groups: int


def make_study(seed: int, caseloads: list[int], p: int, q: int) -> Study:
    rng = np.random.default_rng(seed)
    group = rng.permutation(np.repeat(np.arange(len(caseloads)), caseloads))
    slopes = rng.normal(size=(len(group), max(p, q) - 1))
    columns = np.column_stack([np.ones(len(group)), slopes])
    X, Z = columns[:, :p].copy(), columns[:, :q].copy()
    effects = rng.normal(size=(len(caseloads), q))
    y = X @ rng.normal(size=p) + (Z * effects[group]).sum(axis=1) + rng.normal(size=len(group))
    return Study(y, X, Z, group, len(caseloads))


def sixty_digit_density(
    study: Study,
    s2: float,
    factor: np.ndarray,
    prior_mean: np.ndarray,
    prior_variance: np.ndarray,
    weights: np.ndarray | None = None,
) -> mpmath.mpf:
    """The joint density from the N x N covariance, every input taken as it is, in 60 digits."""
    y, X, Z, group, _ = study
    weights = np.ones(len(y)) if weights is None else weights
    with mpmath.workdps(60):
        exact_X, exact_Z = mpmath.matrix(X.tolist()), mpmath.matrix(Z.tolist())
        root = mpmath.matrix(np.asarray(factor).tolist())
        same = exact_Z * root * root.T * exact_Z.T
        prior = mpmath.diag([mpmath.mpf(v) for v in prior_variance])
        total = exact_X * prior * exact_X.T
        for i in range(len(y)):
            for k in range(len(y)):
                if group[i] == group[k]:
                    total[i, k] += same[i, k]
            total[i, i] += mpmath.mpf(s2) / mpmath.mpf(weights[i])
        rest = mpmath.matrix(y.tolist()) - exact_X * mpmath.matrix(prior_mean.tolist())
        lower = mpmath.cholesky(total)
        log_determinant = 2 * sum(mpmath.log(lower[i, i]) for i in range(len(y)))
        quadratic = (rest.T * mpmath.cholesky_solve(total, rest))[0]
        return -(len(y) * mpmath.log(2 * mpmath.pi) + log_determinant + quadratic) / 2


def central_difference(function: Callable[[float], float], at: float, step: float) -> float:
    """Fourth-order central difference."""
    near = function(at + step) - function(at - step)
    far = function(at + 2 * step) - function(at - 2 * step)
    return (8 * near - far) / (12 * step)


@pytest.fixture(scope="session")
def study() -> Callable[..., Study]:
    return make_study


@pytest.fixture(scope="session")
def exact_density() -> Callable[..., mpmath.mpf]:
    return sixty_digit_density


@pytest.fixture(scope="session")
def difference() -> Callable[..., float]:
    return central_difference
