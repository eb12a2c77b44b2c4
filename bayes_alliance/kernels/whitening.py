"""The groups' covariance along the root, ``s2 I + root G root'``, factored for all groups.

With ``H = root factor / sigma`` and ``G = factor factor'`` the covariance is ``s2 (I + HH')``. It
is never inverted by way of ``G``, and its determinant is a sum of positive terms, so a standard
deviation of zero and a correlation of one are ordinary points.
"""

from __future__ import annotations

import numpy as np

from bayes_alliance.kernels.compiled import Floats, compiled_inside
from bayes_alliance.kernels.triangular import add_multiple, add_product

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
