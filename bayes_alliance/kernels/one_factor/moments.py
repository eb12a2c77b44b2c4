"""What is read from the rows, once: orthogonally reduced sums of squares by group.

For each group the columns ``[Z | X, y]`` are rotated so that all of ``Z`` sits in q rows: a
triangular root with ``root'root = Z'Z``, and what the rotation makes of ``X`` and ``y``. The
rest of the rows only matters through its summed cross products. This holds the same numbers as
``Z'Z, Z'X, Z'y, X'X, X'y, y'y``, adds across chunks and machines like them, and keeps the digits
that sums of squares lose: no later formula needs a difference of large numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bayes_alliance.kernels.anchor import Anchor, find_anchor
from bayes_alliance.kernels.compiled import Floats, Integers, compiled, compiled_inside
from bayes_alliance.kernels.triangular import rotate_roots_together, rotate_row_in

_ROWS_PER_SUM = 4096


@dataclass(frozen=True, kw_only=True)
class Moments:
    """Sufficient statistics of ``(y, X, Z)`` by group, centred at ``anchor``.

    Parameters
    ----------
    anchor
        How the columns were centred.
    root
        Upper triangular, shape (J, q, q): ``root[j]' root[j]`` is ``Z_j'Z_j`` (collapsed.md: A).
    rotated
        ``[X, y]`` along the root, shape (J, q, p + 1): ``root[j]' rotated[j]`` is
        ``[Z_j'X_j, Z_j'y_j]`` (collapsed.md: C and d).
    residual
        Cross products of what is left of ``[X, y]``, shape (p + 1, p + 1).
    residual_by_group
        The same for each group, shape (J, p + 1, p + 1), if it was asked for.
    n
        Rows of each group, repeats counted, shape (J,).
    log_weight
        Sum of the logarithms of the precision weights.
    """

    anchor: Anchor
    root: Floats
    rotated: Floats
    residual: Floats
    residual_by_group: Floats | None
    n: Floats
    log_weight: float

    @property
    def rows(self) -> float:
        """Number of rows, repeats counted."""
        return float(self.n.sum())


def moments(
    y: Floats,
    X: Floats,
    Z: Floats,
    group: Integers,
    n_groups: int,
    *,
    weights: Floats | None = None,
    repeats: Floats | None = None,
    anchor: Anchor | None = None,
    by_group: bool = False,
) -> Moments:
    """Reduce rows to their sufficient statistics, in one pass and in any order.

    Parameters
    ----------
    y, X, Z
        Outcome (N,), population columns (N, p), group columns (N, q).
    group
        Group of each row, 0 to ``n_groups - 1``.
    weights
        Precision weights: the residual variance of a row is ``s2 / weight``.
    repeats
        Frequency weights: the row stands for so many identical rows.
    anchor
        The anchor of the first chunk, for the chunks after it; chosen from the rows if None.
    by_group
        Keep the residual cross products of each group, for leave-one-group-out.

    Raises
    ------
    ValueError
        If shapes disagree, a group is out of range, or the rows do not fit the anchor.
    """
    y = np.ascontiguousarray(y, dtype=np.float64)
    X = np.ascontiguousarray(X, dtype=np.float64)
    Z = np.ascontiguousarray(Z, dtype=np.float64)
    index = np.ascontiguousarray(group, dtype=np.int64)
    anchor = find_anchor(y, X, Z) if anchor is None else anchor
    _check(y, X, Z, index, n_groups, anchor)
    weight = positive(weights, len(y), "weights")
    repeat = positive(repeats, len(y), "repeats")
    k = X.shape[1] + 1
    root = np.zeros((n_groups, Z.shape[1], Z.shape[1]))
    rotated = np.zeros((n_groups, Z.shape[1], k))
    residual = np.zeros((n_groups if by_group else 1, k, k))
    shift = np.concatenate([anchor.population.shift, [anchor.outcome_shift]])
    length = np.sqrt(weight * repeat)
    _absorb(y, X, Z, index, length, shift, anchor.group.shift, root, rotated, residual)
    return Moments(
        anchor=anchor,
        root=root,
        rotated=rotated,
        residual=residual.sum(axis=0),
        residual_by_group=residual if by_group else None,
        n=np.bincount(index, weights=repeat, minlength=n_groups).astype(np.float64),
        log_weight=float(repeat @ np.log(weight)),
    )


def add(first: Moments, second: Moments) -> Moments:
    """Add the statistics of two chunks of one data set.

    Raises
    ------
    ValueError
        If the chunks were not reduced with the same anchor, groups and options.
    """
    same_shape = first.rotated.shape == second.rotated.shape
    if not same_shape or not _same_anchor(first.anchor, second.anchor):
        raise ValueError("chunks must share one anchor, one set of groups and one design")
    if (first.residual_by_group is None) != (second.residual_by_group is None):
        raise ValueError("either both chunks keep residuals by group or neither does")
    root = first.root.copy()
    rotated = first.rotated.copy()
    by_group = first.residual_by_group is not None
    rest = np.zeros((len(root) if by_group else 1, *first.residual.shape))
    rotate_roots_together(root, rotated, second.root, second.rotated, rest)
    kept = None
    if first.residual_by_group is not None and second.residual_by_group is not None:
        kept = first.residual_by_group + second.residual_by_group + rest
    return Moments(
        anchor=first.anchor,
        root=root,
        rotated=rotated,
        residual=first.residual + second.residual + rest.sum(axis=0),
        residual_by_group=kept,
        n=first.n + second.n,
        log_weight=first.log_weight + second.log_weight,
    )


@compiled
def _absorb(
    y: Floats,
    X: Floats,
    Z: Floats,
    index: Integers,
    length: Floats,
    shift: Floats,
    group_shift: Floats,
    root: Floats,
    rotated: Floats,
    residual: Floats,
) -> None:
    """Rotate every row into its group and add up the squares of what is left."""
    p = X.shape[1]
    q = Z.shape[1]
    row = np.empty(q)
    partner = np.empty(p + 1)
    partial = np.zeros((p + 1, p + 1))
    separate = residual.shape[0] > 1
    for i in range(y.shape[0]):
        j = index[i]
        for a in range(q):
            row[a] = (Z[i, a] - group_shift[a]) * length[i]
        for c in range(p):
            partner[c] = (X[i, c] - shift[c]) * length[i]
        partner[p] = (y[i] - shift[p]) * length[i]
        rotate_row_in(root, rotated, j, row, partner)
        if separate:
            _add_square(residual, j, partner)
            continue
        for c in range(p + 1):
            for d in range(p + 1):
                partial[c, d] += partner[c] * partner[d]
        # Summing in blocks keeps the rounding of a million rows at that of a few thousand.
        if (i + 1) % _ROWS_PER_SUM == 0:
            _flush(partial, residual)
    _flush(partial, residual)


@compiled_inside
def _flush(partial: Floats, residual: Floats) -> None:
    """Move a partial sum to the whole."""
    for c in range(partial.shape[0]):
        for d in range(partial.shape[0]):
            residual[0, c, d] += partial[c, d]
            partial[c, d] = 0.0


@compiled_inside
def _add_square(residual: Floats, j: int, partner: Floats) -> None:
    """Add the outer product of ``partner`` to ``residual[j]``."""
    for c in range(partner.shape[0]):
        for d in range(partner.shape[0]):
            residual[j, c, d] += partner[c] * partner[d]


def _check(
    y: Floats,
    X: Floats,
    Z: Floats,
    index: Integers,
    n_groups: int,
    anchor: Anchor,
) -> None:
    """Refuse rows that do not belong together or to the anchor."""
    if not (len(y) == len(X) == len(Z) == len(index)):
        raise ValueError(f"rows disagree: y {len(y)}, X {len(X)}, Z {len(Z)}, group {len(index)}")
    if index.size and (index.min() < 0 or index.max() >= n_groups):
        raise ValueError(f"groups must lie between 0 and {n_groups - 1}")
    if len(anchor.population.shift) != X.shape[1] or len(anchor.group.shift) != Z.shape[1]:
        raise ValueError("the anchor belongs to a design with other columns")
    if not (anchor.population.holds_for(X) and anchor.group.holds_for(Z)):
        raise ValueError("the anchor's constant is not constant in these rows")


def positive(values: Floats | None, rows: int, name: str) -> Floats:
    """Return one positive number a row, ones if none are given."""
    if values is None:
        return np.ones(rows)
    given = np.ascontiguousarray(values, dtype=np.float64)
    if given.shape != (rows,) or not (given > 0.0).all():
        raise ValueError(f"{name} must be positive, one for each of {rows} rows")
    return given


def _same_anchor(first: Anchor, second: Anchor) -> bool:
    """Tell whether two anchors centre alike."""
    pairs = ((first.population, second.population), (first.group, second.group))
    return first.outcome_shift == second.outcome_shift and all(
        np.array_equal(a.shift, b.shift) and np.array_equal(a.constant, b.constant)
        for a, b in pairs
    )
