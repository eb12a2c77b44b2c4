"""What one evaluation of the density reads: statistics and coefficient prior, made ready.

Coefficients are split in two: those with a normal prior, which are integrated out, and those
that stay among the unknowns. Group-wise arrays are turned so that groups run fastest, which is
what lets the processor work on several groups at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bayes_alliance.kernels.anchor import Anchor, Centring
from bayes_alliance.kernels.compiled import Floats, Integers
from bayes_alliance.kernels.one_factor.moments import Moments

_LOG_TWO_PI = float(np.log(2.0 * np.pi))


@dataclass(frozen=True, kw_only=True)
class CoefficientPrior:
    """The normal prior of the integrated coefficients, in centred coordinates.

    Parameters
    ----------
    kept, sampled
        Positions of the integrated and of the sampled coefficients in the user's design.
    transform
        Integrated coefficients to centred ones, shape (p, p), and its inverse.
    cross
        What the sampled coefficients add to the centred ones, shape (p, s).
    pull
        What they add to the prior mean of the centred ones, shape (p, s).
    origin
        The coefficients that stand for the outcome's shift, in the user's order.
    mean, precision
        Of the centred coefficients, the sampled ones being zero: shapes (p,) and (p, p).
    root
        A root of the precision, ``root'root``: deviations times it keep digits that the
        precision itself has lost.
    log_determinant
        Of the prior covariance.
    """

    kept: Integers
    sampled: Integers
    transform: Floats
    inverse_transform: Floats
    cross: Floats
    pull: Floats
    origin: Floats
    mean: Floats
    precision: Floats
    root: Floats
    log_determinant: float


class Arrays(NamedTuple):
    """A problem as compiled code reads it: the fields of :class:`Problem`, flat."""

    root: Floats
    root_determinant: Floats
    columns: Floats
    sampled_columns: Floats
    residual: Floats
    prior_mean: Floats
    prior_precision: Floats
    prior_root: Floats
    pull: Floats
    sampled_origin: Floats
    constant: float
    rows: float


@dataclass(frozen=True, kw_only=True)
class Problem:
    """The collapsed density as a function of the variance parameters.

    Parameters
    ----------
    root
        On the scale of the user's group columns, shape (q, q, J).
    root_determinant
        Determinant of each root, shape (J,).
    columns
        Integrated columns, then the outcome, along the root: shape (q, p + 1, J).
    sampled_columns
        Columns of the sampled coefficients along the root, shape (q, s, J).
    residual
        Cross products off the root: integrated, sampled, outcome; (p + s + 1) square.
    prior
        The coefficients' prior.
    constant
        All of the log density that depends on no unknown.
    rows
        Number of rows.
    """

    root: Floats
    root_determinant: Floats
    columns: Floats
    sampled_columns: Floats
    residual: Floats
    prior: CoefficientPrior
    constant: float
    rows: float

    def arrays(self) -> Arrays:
        """Flatten for compiled code."""
        prior = self.prior
        return Arrays(
            root=self.root,
            root_determinant=self.root_determinant,
            columns=self.columns,
            sampled_columns=self.sampled_columns,
            residual=self.residual,
            prior_mean=prior.mean,
            prior_precision=prior.precision,
            prior_root=prior.root,
            pull=prior.pull,
            sampled_origin=np.ascontiguousarray(prior.origin[prior.sampled]),
            constant=self.constant,
            rows=self.rows,
        )

    @property
    def n_effects(self) -> int:
        """Number of group effects, q."""
        return int(self.root.shape[0])

    @property
    def n_groups(self) -> int:
        """Number of groups, J."""
        return int(self.root.shape[2])


def prepare(
    moments: Moments,
    prior_mean: Floats,
    prior_covariance: Floats,
    *,
    integrated: Integers | None = None,
    to_working: Floats | None = None,
) -> Problem:
    """Make a problem of sufficient statistics and a normal coefficient prior.

    Parameters
    ----------
    moments
        From :func:`bayes_alliance.kernels.one_factor.moments.moments`.
    prior_mean, prior_covariance
        Of the integrated coefficients: shape (p,), and (p, p) or, for independent coefficients,
        their variances (p,).
    integrated
        Positions of the coefficients to integrate out, in the order of the prior; all if None.
        The others become an argument of the density, in increasing order.
    to_working
        The prior is that of these combinations of all coefficients of the design, shape
        (p + s, p + s); of the coefficients themselves if None.

    Raises
    ------
    ValueError
        If the prior's shape does not fit or its covariance is not positive definite.
    """
    prior, basis = coefficient_prior(
        moments.anchor, prior_mean, prior_covariance, integrated, to_working
    )
    p = len(prior.kept)
    rotated = moments.rotated @ basis
    root = moments.root @ moments.anchor.group.map()
    # The map has determinant one; the product of a triangular diagonal loses no digit.
    determinant = np.prod(np.diagonal(moments.root, axis1=1, axis2=2), axis=1)
    constant = -0.5 * (moments.rows * _LOG_TWO_PI + prior.log_determinant - moments.log_weight)
    outer = [*range(p), rotated.shape[2] - 1]
    return Problem(
        root=groups_last(root),
        root_determinant=np.ascontiguousarray(determinant),
        columns=groups_last(rotated[:, :, outer]),
        sampled_columns=groups_last(rotated[:, :, p:-1]),
        residual=np.ascontiguousarray(basis.T @ moments.residual @ basis),
        prior=prior,
        constant=constant,
        rows=moments.rows,
    )


def coefficient_prior(
    anchor: Anchor,
    prior_mean: Floats,
    prior_covariance: Floats,
    integrated: Integers | None,
    to_working: Floats | None = None,
) -> tuple[CoefficientPrior, Floats]:
    """Carry the prior to centred coordinates; also return the basis ``[integrated, rest, y]``."""
    centring = anchor.population
    total = len(centring.shift)
    kept = np.arange(total) if integrated is None else np.asarray(integrated, dtype=np.int64)
    sampled = np.setdiff1d(np.arange(total), kept)
    mean, half, log_determinant = _normal(prior_mean, prior_covariance, len(kept))
    own, onto = _combinations(to_working, kept, sampled)
    half, log_determinant = half @ own, log_determinant - 2.0 * float(np.linalg.slogdet(own)[1])
    origin = anchor.outcome_shift * centring.constant
    basis, change, inverse = _centred_basis(centring, kept, sampled)
    transform = change[np.ix_(kept, kept)]
    back = np.ascontiguousarray(inverse[np.ix_(kept, kept)])
    root = np.ascontiguousarray(half @ back)
    cross = np.ascontiguousarray(change[np.ix_(kept, sampled)])
    # Where combinations have a prior, the sampled coefficients move the mean of the others.
    moved = -np.linalg.solve(own, onto)
    centre = np.linalg.solve(own, mean) + moved @ origin[sampled]
    prior = CoefficientPrior(
        kept=kept,
        sampled=sampled,
        transform=np.ascontiguousarray(transform),
        inverse_transform=back,
        cross=cross,
        pull=np.ascontiguousarray(cross + transform @ moved),
        origin=origin,
        mean=transform @ (centre - origin[kept]),
        precision=root.T @ root,
        root=root,
        log_determinant=log_determinant,
    )
    return prior, basis


def _centred_basis(
    centring: Centring, kept: Integers, sampled: Integers
) -> tuple[Floats, Floats, Floats]:
    """Return the basis ``[integrated, rest, y]`` and the change to centred ones and back."""
    total = len(centring.shift)
    basis = np.zeros((total + 1, total + 1))
    basis[-1, -1] = 1.0
    order = np.concatenate([kept, sampled])
    # If the constant itself is sampled, the integrated columns cannot be centred by it.
    if centring.constant[sampled].any():
        basis[:-1, :-1] = centring.map()[:, order]
        return basis, np.eye(total), np.eye(total)
    basis[order, np.arange(total)] = 1.0
    return basis, centring.map(), centring.inverse_map()


def groups_last(array: Floats) -> Floats:
    """Move the group axis from first to last, contiguously."""
    return np.ascontiguousarray(np.moveaxis(array, 0, -1))


def _combinations(
    to_working: Floats | None, kept: Integers, sampled: Integers
) -> tuple[Floats, Floats]:
    """Return what the combinations with a prior take of integrated and of sampled coefficients."""
    if to_working is None:
        return np.eye(len(kept)), np.zeros((len(kept), len(sampled)))
    return to_working[np.ix_(kept, kept)], to_working[np.ix_(kept, sampled)]


def _normal(mean: Floats, covariance: Floats, size: int) -> tuple[Floats, Floats, float]:
    """Check a normal prior; return its mean, a root of its precision and its log determinant."""
    center = np.asarray(mean, dtype=np.float64)
    spread = np.asarray(covariance, dtype=np.float64)
    if center.shape != (size,) or spread.shape not in {(size,), (size, size)}:
        raise ValueError(f"the prior must be for {size} coefficients, not {spread.shape}")
    if spread.ndim == 1 and size > 0:
        if not ((spread > 0.0) & np.isfinite(spread)).all():
            raise ValueError("prior variances must be positive and finite")
        return center, np.diag(1.0 / np.sqrt(spread)), float(np.log(spread).sum())
    try:
        factor = np.linalg.cholesky(spread.reshape(size, size))
    except np.linalg.LinAlgError as error:
        raise ValueError("the prior covariance must be positive definite") from error
    half = np.linalg.solve(factor, np.eye(size))
    return center, half, float(2.0 * np.log(np.diagonal(factor)).sum())
