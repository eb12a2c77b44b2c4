"""Second half of the gradient: what the whitened residuals say about G and s2.

``white`` holds, for every group, the whitened coefficient columns times a root of the posterior
covariance of the coefficients, then the whitened residual. With ``Y_j`` these columns and
``W_j`` the group's inverse factor, both slopes come from ``W_j'(Y_j Y_j' - I) W_j``.
"""

from __future__ import annotations

import numpy as np

from bayes_alliance.kernels.compiled import Floats, compiled_inside
from bayes_alliance.kernels.triangular import add_multiple, add_product, dot


@compiled_inside
def leave_residuals(white: Floats, estimate: Floats) -> float:
    """Replace the whitened outcome by its residual; return the residual sum of squares."""
    q, width, _ = white.shape
    p = width - 1
    total = 0.0
    for a in range(q):
        outcome = white[a, p]
        for c in range(p):
            add_multiple(outcome, -estimate[c], white[a, c])
        total += dot(outcome, outcome)
    return total


@compiled_inside
def spread_columns(white: Floats, inverse_factor: Floats) -> None:
    """Multiply the whitened columns by a root of the coefficients' posterior covariance."""
    q, width, n_groups = white.shape
    for a in range(q):
        for c in range(width - 2, -1, -1):
            target = white[a, c]
            value = inverse_factor[c, c]
            for j in range(n_groups):
                target[j] *= value
            for d in range(c):
                add_multiple(target, inverse_factor[c, d], white[a, d])


@compiled_inside
def covariance_slope(root: Floats, inverse: Floats, white: Floats, slope: Floats) -> float:
    """Write the slope in G; return the groups' part of the slope in s2."""
    return slope_from_middle(root, inverse, _middle(white), slope)


@compiled_inside
def slope_from_middle(root: Floats, inverse: Floats, middle: Floats, slope: Floats) -> float:
    """Go on from ``Y_j Y_j' - I``, lower triangles, shape (q, q, J)."""
    q = root.shape[0]
    if q == 1:
        return _slope_one(root[0, 0], inverse[0, 0], middle[0, 0], slope)
    if q == 2:
        return _slope_two(root, inverse, middle, slope)
    return _slope_many(root, inverse, middle, slope)


@compiled_inside
def _middle(white: Floats) -> Floats:
    """Compute ``Y_j Y_j' - I`` for every group, lower triangle, shape (q, q, J)."""
    q, width, n_groups = white.shape
    middle = np.empty((q, q, n_groups))
    for a in range(q):
        for b in range(a + 1):
            target = middle[a, b]
            start = -1.0 if a == b else 0.0
            target[:] = start
            for c in range(width):
                add_product(target, white[a, c], white[b, c])
    return middle


@compiled_inside
def _slope_one(root: Floats, inverse: Floats, middle: Floats, slope: Floats) -> float:
    """Slopes for a single effect."""
    on_root = 0.0
    on_covariance = 0.0
    for j in range(root.shape[0]):
        inner = 0.5 * middle[j] * inverse[j] * inverse[j]
        on_root += inner
        on_covariance += inner * root[j] * root[j]
    slope[0, 0] = on_covariance
    return on_root


@compiled_inside
def _slope_two(root: Floats, inverse: Floats, middle: Floats, slope: Floats) -> float:
    """Slopes for two effects, in straight lines."""
    r00, r01, r10, r11 = root[0, 0], root[0, 1], root[1, 0], root[1, 1]
    i00, i10, i11 = inverse[0, 0], inverse[1, 0], inverse[1, 1]
    m00, m10, m11 = middle[0, 0], middle[1, 0], middle[1, 1]
    on_root = d00 = d01 = d11 = 0.0
    for j in range(r00.shape[0]):
        # W'(YY' - I)W, then root' of it root.
        lead = i00[j] * m00[j] + i10[j] * m10[j]
        side = i00[j] * m10[j] + i10[j] * m11[j]
        n00 = lead * i00[j] + side * i10[j]
        n01 = side * i11[j]
        n11 = i11[j] * i11[j] * m11[j]
        first = n00 * r00[j] + n01 * r10[j]
        second = n01 * r00[j] + n11 * r10[j]
        third = n00 * r01[j] + n01 * r11[j]
        fourth = n01 * r01[j] + n11 * r11[j]
        on_root += n00 + n11
        d00 += r00[j] * first + r10[j] * second
        d01 += r01[j] * first + r11[j] * second
        d11 += r01[j] * third + r11[j] * fourth
    slope[0, 0] = 0.5 * d00
    slope[0, 1] = 0.5 * d01
    slope[1, 0] = 0.5 * d01
    slope[1, 1] = 0.5 * d11
    return 0.5 * on_root


@compiled_inside
def _slope_many(root: Floats, inverse: Floats, middle: Floats, slope: Floats) -> float:
    """Slopes for any number of effects."""
    inner = _congruence(inverse, _both_triangles(middle))
    on_root = 0.0
    for a in range(root.shape[0]):
        on_root += 0.5 * inner[a, a].sum()
    outer = _congruence(root, inner)
    for a in range(root.shape[0]):
        for b in range(root.shape[0]):
            slope[a, b] = 0.5 * outer[a, b].sum()
    return on_root


@compiled_inside
def _both_triangles(lower: Floats) -> Floats:
    """Fill the upper triangle of every group's matrix."""
    for a in range(lower.shape[0]):
        for b in range(a):
            for j in range(lower.shape[2]):
                lower[b, a, j] = lower[a, b, j]
    return lower


@compiled_inside
def _congruence(outside: Floats, inside: Floats) -> Floats:
    """Compute ``outside_j' inside_j outside_j`` for every group, shape (q, q, J)."""
    q = outside.shape[0]
    half = np.zeros_like(inside)
    for a in range(q):
        for b in range(q):
            for k in range(q):
                add_product(half[a, b], inside[a, k], outside[k, b])
    whole = np.zeros_like(inside)
    for a in range(q):
        for b in range(a + 1):
            for k in range(q):
                add_product(whole[a, b], outside[k, a], half[k, b])
    return _both_triangles(whole)
