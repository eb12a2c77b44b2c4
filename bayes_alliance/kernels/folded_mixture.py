"""Mixtures of Student t distributions folded at zero: their density, and how they are fitted.

Some entries of a point, standard deviations, are drawn with either sign and turned positive. The
density of what is seen is then the sum over the sign patterns of *these entries only*: the others,
correlations among them, keep the sign they were drawn with. The loops have a fixed order, so that
results do not depend on how many cores there are.
"""

from __future__ import annotations

from math import lgamma

import numpy as np

from bayes_alliance.kernels.compiled import Floats, Integers, compiled, compiled_inside

# Of a point, or of what there is of it under a pattern: less is not counted when fitting.
_NEGLIGIBLE = 1e-4


@compiled
def log_folded_density(
    points: Floats,
    log_weights: Floats,
    means: Floats,
    inverse_roots: Floats,
    folded: Integers,
    freedom: float,
) -> Floats:
    """Return the log density of a folded mixture at each point, shape (n,).

    Parameters
    ----------
    points
        Shape (n, k), folded entries positive.
    log_weights, means, inverse_roots
        Shapes (c,), (c, k) and (c, k, k): the inverse of the lower root of each scale matrix.
    folded
        Places of the folded entries, shape (m,).
    freedom
        Degrees of freedom of every component.
    """
    n, k = points.shape
    constants = _constants(log_weights, inverse_roots, freedom)
    terms = np.empty(constants.shape[0] << folded.shape[0])
    distances, standard = np.empty_like(terms), np.empty(k)
    found = np.empty(n)
    for i in range(n):
        _write_distances(points[i], means, inverse_roots, folded, standard, distances)
        _write_terms(distances, constants, freedom, k, terms)
        highest = terms.max()
        found[i] = highest + np.log(np.exp(terms - highest).sum())
    return found


@compiled
def fitting_sums(
    points: Floats,
    weights: Floats,
    log_weights: Floats,
    means: Floats,
    inverse_roots: Floats,
    folded: Integers,
    freedom: float,
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Return what one step of expectation and maximisation needs, for each component.

    Which sign a folded entry was drawn with is as unknown as the component: a point counts under
    each pattern as much as the pattern may have made it.

    Parameters
    ----------
    weights
        Of the points, shape (n,), adding up to one. The others are those of
        :func:`log_folded_density`.

    Returns
    -------
    tuple
        Sums of the shares, of their squares, of shares times the t distribution's own weights;
        with these, of the points less the component's mean, and of their products: shapes (c,),
        (c,), (c,), (c, k) and (c, k, k).
    """
    n, k = points.shape
    count, patterns = means.shape[0], 1 << folded.shape[0]
    constants = _constants(log_weights, inverse_roots, freedom)
    terms, away = np.empty(count * patterns), np.empty(k)
    distances, standard = np.empty_like(terms), np.empty(k)
    shares, squares, inner = np.zeros(count), np.zeros(count), np.zeros(count)
    first, second = np.zeros((count, k)), np.zeros((count, k, k))
    for i in range(n):
        if weights[i] < _NEGLIGIBLE / n:
            continue
        _write_distances(points[i], means, inverse_roots, folded, standard, distances)
        _write_terms(distances, constants, freedom, k, terms)
        terms[:] = np.exp(terms - terms.max())
        terms *= weights[i] / terms.sum()
        for c in range(count):
            own = terms[c * patterns : (c + 1) * patterns].sum()
            shares[c] += own
            squares[c] += own * own
            for pattern in range(patterns):
                share = terms[c * patterns + pattern]
                if share > _NEGLIGIBLE * weights[i]:
                    share *= (freedom + k) / (freedom + distances[c * patterns + pattern])
                    inner[c] += share
                    _write_away(points[i], means[c], folded, pattern, away)
                    _add_moments(share, away, first[c], second[c])
    return shares, squares, inner, first, second


@compiled_inside
def _add_moments(share: float, away: Floats, first: Floats, second: Floats) -> None:
    """Add a point, and its products, as much as it counts."""
    for a in range(away.shape[0]):
        first[a] += share * away[a]
        for b in range(a + 1):
            second[a, b] += share * away[a] * away[b]
            if b < a:
                second[b, a] = second[a, b]


@compiled_inside
def _constants(log_weights: Floats, inverse_roots: Floats, freedom: float) -> Floats:
    """Return what each component adds at every point."""
    count, k, _ = inverse_roots.shape
    constants = np.empty(count)
    whole = lgamma(0.5 * (freedom + k)) - lgamma(0.5 * freedom) - 0.5 * k * np.log(np.pi * freedom)
    for c in range(count):
        constants[c] = log_weights[c] + whole
        for a in range(k):
            constants[c] += np.log(inverse_roots[c, a, a])
    return constants


@compiled_inside
def _write_terms(
    distances: Floats, constants: Floats, freedom: float, size: int, terms: Floats
) -> None:
    """Write the log density of each component under each sign pattern."""
    half = 0.5 * (freedom + size)
    patterns = terms.shape[0] // constants.shape[0]
    for t in range(terms.shape[0]):
        terms[t] = constants[t // patterns] - half * np.log1p(distances[t] / freedom)


@compiled_inside
def _write_distances(
    point: Floats,
    means: Floats,
    inverse_roots: Floats,
    folded: Integers,
    standard: Floats,
    distances: Floats,
) -> None:
    """Write the squared distance from each component under each sign pattern.

    Patterns are gone through in an order in which one sign changes at a time.
    """
    k, patterns = point.shape[0], 1 << folded.shape[0]
    for c in range(means.shape[0]):
        for a in range(k):
            standard[a] = 0.0
            for b in range(a + 1):
                standard[a] += inverse_roots[c, a, b] * (point[b] - means[c, b])
        pattern = 0
        for step in range(patterns):
            if step > 0:
                bit = 0
                while not (step >> bit) & 1:
                    bit += 1
                pattern ^= 1 << bit
                entry = folded[bit]
                moved = (-2.0 if (pattern >> bit) & 1 else 2.0) * point[entry]
                for a in range(entry, k):
                    standard[a] += moved * inverse_roots[c, a, entry]
            total = 0.0
            for a in range(k):
                total += standard[a] * standard[a]
            distances[c * patterns + pattern] = total


@compiled_inside
def _write_away(point: Floats, mean: Floats, folded: Integers, pattern: int, away: Floats) -> None:
    """Write a point, with the signs of a pattern, less a mean."""
    for a in range(point.shape[0]):
        away[a] = point[a] - mean[a]
    for bit in range(folded.shape[0]):
        if (pattern >> bit) & 1:
            away[folded[bit]] = -point[folded[bit]] - mean[folded[bit]]
