"""Givens rotations: the one numerically careful step on which everything else rests.

Rotating a row into a triangular root keeps ``root'root`` equal to the sum of squares of all
rows seen so far without ever forming that sum, so no digits are lost to cancellation, and what
is left of the row afterwards is orthogonal to the columns of the root.
"""

from __future__ import annotations

import numpy as np

from bayes_alliance.kernels.compiled import Floats, compiled, compiled_inside


@compiled_inside
def rotate_row_in(root: Floats, rotated: Floats, j: int, row: Floats, partner: Floats) -> None:
    """Absorb one row into the triangular root ``root[j]``.

    Parameters
    ----------
    root
        Upper triangular roots, shape (J, q, q), changed in place at ``j``.
    rotated
        What goes along with the root, shape (J, q, k), changed in place at ``j``.
    row
        The new row, shape (q,); zero afterwards.
    partner
        What goes along with the row, shape (k,); its orthogonal rest afterwards.
    """
    q = root.shape[1]
    k = rotated.shape[2]
    for a in range(q):
        if row[a] == 0.0:
            continue
        old = root[j, a, a]
        length = np.sqrt(old * old + row[a] * row[a])
        shrink = 1.0 / length
        cosine = old * shrink
        sine = row[a] * shrink
        root[j, a, a] = length
        row[a] = 0.0
        for b in range(a + 1, q):
            kept = root[j, a, b]
            root[j, a, b] = cosine * kept + sine * row[b]
            row[b] = cosine * row[b] - sine * kept
        for c in range(k):
            kept = rotated[j, a, c]
            rotated[j, a, c] = cosine * kept + sine * partner[c]
            partner[c] = cosine * partner[c] - sine * kept


@compiled
def rotate_roots_together(
    root: Floats, rotated: Floats, other_root: Floats, other_rotated: Floats, residual: Floats
) -> None:
    """Merge a second set of roots of the same groups into the first, in place.

    The rest of each absorbed row is added to ``residual``, shape (J or 1, k, k): one matrix a
    group, or one for all of them.
    """
    q = root.shape[1]
    k = rotated.shape[2]
    row = np.empty(q)
    partner = np.empty(k)
    for j in range(root.shape[0]):
        g = j if residual.shape[0] > 1 else 0
        for a in range(q):
            for b in range(q):
                row[b] = other_root[j, a, b]
            for c in range(k):
                partner[c] = other_rotated[j, a, c]
            rotate_row_in(root, rotated, j, row, partner)
            for c in range(k):
                for d in range(k):
                    residual[g, c, d] += partner[c] * partner[d]
