"""The groups' covariance along the root, ``s2 I + root G root'``: factored, and its slopes.

With ``H = root factor / sigma`` and ``G = factor factor'`` the covariance is ``s2 (I + HH')``. It
is never inverted by way of ``G``, and its determinant is a sum of positive terms, so a standard
deviation of zero and a correlation of one are ordinary points.

The slopes are the second half of the gradient: what the whitened residuals say about G and s2.
``white`` holds, for every group, the whitened coefficient columns times a root of the posterior
covariance of the coefficients, then the whitened residual. With ``Y_j`` these columns and
``W_j`` the group's inverse factor, both slopes come from ``W_j'(Y_j Y_j' - I) W_j``.
"""

from __future__ import annotations

import numpy as np

from bayes_alliance.kernels.compiled import Floats, compiled_inside
from bayes_alliance.kernels.triangular import add_multiple, add_product, dot

_LARGE = 1e150


@compiled_inside
def factor_groups(
    root: Floats, root_determinant: Floats, factor: Floats, s2: float, inverse: Floats
) -> float:
    """Write the inverse lower factors of all groups' covariances, shape (q, q, J).

    Returns the sum over groups of ``log |I + HH'|``.
    """
    q = root.shape[0]
    sigma = np.sqrt(s2)
    if q == 1:
        return _factor_one(root[0, 0], factor[0, 0] / sigma, sigma, inverse[0, 0])
    if q == 2:
        return _factor_two(root, root_determinant, factor / sigma, sigma, inverse)
    return _factor_many(root, factor / sigma, sigma, inverse)


@compiled_inside
def _factor_one(root: Floats, ratio: float, sigma: float, inverse: Floats) -> float:
    """Factor a single effect."""
    for j in range(root.shape[0]):
        h = root[j] * ratio
        inverse[j] = 1.0 + h * h
    total = sum_of_logs(inverse)
    for j in range(root.shape[0]):
        inverse[j] = 1.0 / (sigma * np.sqrt(inverse[j]))
    return total


@compiled_inside
def _factor_two(
    root: Floats, root_determinant: Floats, ratio: Floats, sigma: float, inverse: Floats
) -> float:
    """Factor two effects, in straight lines."""
    f00, f01, f10, f11 = ratio[0, 0], ratio[0, 1], ratio[1, 0], ratio[1, 1]
    factor_determinant = f00 * f11 - f01 * f10
    r00, r01, r10, r11 = root[0, 0], root[0, 1], root[1, 0], root[1, 1]
    i00, det, i10, i11 = inverse[0, 0], inverse[0, 1], inverse[1, 0], inverse[1, 1]
    for j in range(root_determinant.shape[0]):
        h00 = r00[j] * f00 + r01[j] * f10
        h01 = r00[j] * f01 + r01[j] * f11
        h10 = r10[j] * f00 + r11[j] * f10
        h11 = r10[j] * f01 + r11[j] * f11
        both = root_determinant[j] * factor_determinant
        first = 1.0 + h00 * h00 + h01 * h01
        whole = first + h10 * h10 + h11 * h11 + both * both
        pivot = np.sqrt(first)
        scale = 1.0 / (sigma * np.sqrt(whole))
        det[j] = whole
        i00[j] = 1.0 / (sigma * pivot)
        i10[j] = -(h00 * h10 + h01 * h11) * scale / pivot
        i11[j] = pivot * scale
    return sum_of_logs(det)


@compiled_inside
def _factor_many(root: Floats, ratio: Floats, sigma: float, inverse: Floats) -> float:
    """Factor any number of effects: rotate the columns of H into the identity."""
    q, _, n_groups = root.shape
    upper = np.zeros((q, q, n_groups))
    row = np.empty((q, n_groups))
    for a in range(q):
        upper[a, a] = 1.0
    for b in range(q):
        row[:] = 0.0
        for a in range(q):
            for k in range(q):
                add_multiple(row[a], ratio[k, b], root[a, k])
        for a in range(q):
            _rotate_all(upper, row, a)
    total = 0.0
    for a in range(q):
        total += 2.0 * sum_of_logs(upper[a, a])
    _invert_all(upper, sigma, inverse)
    return total


@compiled_inside
def _rotate_all(upper: Floats, row: Floats, a: int) -> None:
    """Rotate entry ``a`` of every group's row into the group's upper triangular factor."""
    pivot = upper[a, a]
    entry = row[a]
    for j in range(pivot.shape[0]):
        length = np.sqrt(pivot[j] * pivot[j] + entry[j] * entry[j])
        # The pivot starts at one and only grows, so it is never zero.
        cosine = pivot[j] / length
        sine = entry[j] / length
        pivot[j] = length
        for b in range(a + 1, upper.shape[0]):
            kept = upper[a, b, j]
            upper[a, b, j] = cosine * kept + sine * row[b, j]
            row[b, j] = cosine * row[b, j] - sine * kept


@compiled_inside
def _invert_all(upper: Floats, sigma: float, inverse: Floats) -> None:
    """Invert the transposed factors, forward substitution for all groups at once."""
    q, _, n_groups = upper.shape
    inverse[:] = 0.0
    entry = np.empty(n_groups)
    for c in range(q):
        for j in range(n_groups):
            inverse[c, c, j] = 1.0 / (sigma * upper[c, c, j])
        for r in range(c + 1, q):
            entry[:] = 0.0
            for k in range(c, r):
                add_product(entry, upper[k, r], inverse[k, c])
            for j in range(n_groups):
                inverse[r, c, j] = -entry[j] / upper[r, r, j]


@compiled_inside
def sum_of_logs(values: Floats) -> float:
    """Sum the logarithms of numbers not below one, with few calls of the logarithm."""
    total = 0.0
    product = 1.0
    for j in range(values.shape[0]):
        if product < _LARGE and values[j] < _LARGE:
            product *= values[j]
        else:
            total += np.log(product)
            product = values[j]
    return float(total + np.log(product))


@compiled_inside
def whiten(inverse: Floats, columns: Floats, out: Floats) -> None:
    """Multiply every column of every group by the group's inverse lower factor."""
    q, n_columns, n_groups = columns.shape
    for c in range(n_columns):
        for a in range(q):
            target = out[a, c]
            weight = inverse[a, 0]
            column = columns[0, c]
            for j in range(n_groups):
                target[j] = weight[j] * column[j]
            for b in range(1, a + 1):
                add_product(target, inverse[a, b], columns[b, c])


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
