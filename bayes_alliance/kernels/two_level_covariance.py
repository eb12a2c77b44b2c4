"""Covariances of several columns, within groups and between them, drawn by Gibbs sampling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Places = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Covariances:
    """Draws of one chain.

    Parameters
    ----------
    within
        Covariance of rows around their group's mean, shape (draw, column, column); of rows around
        the mean where there are no groups.
    between
        Covariance of the groups' means, the same shape; None without groups.
    """

    within: Array
    between: Array | None


def draw_covariances(
    values: Array,
    groups: Places | None,
    scales: Array,
    rng: np.random.Generator,
    *,
    tune: int,
    draws: int,
) -> Covariances:
    """Draw the covariances of a multivariate normal, whose gaps are missing at random.

    Within groups the covariance is free, with Jeffreys' prior. Between groups, of which there are
    few, it is that of one factor: loadings are normal around 0, the standard deviations of what
    they leave are half-normal. A free covariance would be its prior's there, which holds that
    columns have nothing in common. Means have flat priors.

    Parameters
    ----------
    values
        Shape (row, column), with NaN where a row lacks a value.
    groups
        Place of each row's group, from 0 on, or None.
    scales
        Prior standard deviation of each loading and scale of each half-normal, shape (column,).
    rng
        Where random numbers come from.
    tune, draws
        Steps that are thrown away, and kept.
    """
    chain = _Chain(values, groups, scales, rng)
    size = values.shape[1]
    within = np.empty((draws, size, size))
    between = None if groups is None else np.empty((draws, size, size))
    for step in range(tune + draws):
        chain.step()
        if step >= tune:
            within[step - tune] = chain.within
            if between is not None:
                between[step - tune] = chain.between
    return Covariances(within=within, between=between)


class _Chain:
    """Where one chain stands."""

    def __init__(
        self, values: Array, groups: Places | None, scales: Array, rng: np.random.Generator
    ) -> None:
        self.rng = rng
        self.rows, self.size = values.shape
        self.alone = groups is None
        self.groups = np.zeros(self.rows, dtype=np.int64) if groups is None else groups
        self.count = int(self.groups.max()) + 1
        self.sizes = np.bincount(self.groups, minlength=self.count).astype(float)
        self.absent = np.isnan(values)
        self.gaps = np.flatnonzero(self.absent.any(axis=1))
        self.values = np.where(self.absent, np.nanmean(values, axis=0), values)
        self.scales = scales
        self.within = np.diag(self.values.var(axis=0))
        self.loadings = scales * rng.uniform(0.2, 1.0, self.size)
        self.deviations = scales * rng.uniform(0.2, 1.0, self.size)
        self.mean = self.values.mean(axis=0)
        self.effects = np.zeros((self.count, self.size))
        self._sum()

    @property
    def between(self) -> Array:
        """Covariance of the groups' means."""
        return np.outer(self.loadings, self.loadings) + np.diag(self.deviations**2)

    def _sum(self) -> None:
        """Make the sums that all but the gaps need: rows are not looked at again."""
        totals = np.zeros((self.count, self.size))
        np.add.at(totals, self.groups, self.values)
        self.means = totals / self.sizes[:, None]
        centred = self.values - self.means[self.groups]
        self.inner = centred.T @ centred

    def step(self) -> None:
        """Draw everything once, each part given the rest."""
        if len(self.gaps):
            self._fill()
            self._sum()
        if self.alone:
            self.within = inverse_wishart(self.inner, self.rows - 1, self.rng)
            root = np.linalg.cholesky(self.within / self.rows)
            self.mean = self.means[0] + root @ self.rng.standard_normal(self.size)
            return
        self._draw_groups()
        rest = self.means - self.mean - self.effects
        inner = self.inner + (rest * self.sizes[:, None]).T @ rest
        self.within = inverse_wishart(inner, self.rows, self.rng)

    def _fill(self) -> None:
        """Draw what rows lack given what they have: a whole row, moved onto what is there."""
        absent = self.absent[self.gaps]
        there = ~absent
        at = self.mean + self.effects[self.groups[self.gaps]]
        root = np.linalg.cholesky(self.within)
        whole = self.rng.standard_normal(absent.shape) @ root.T
        both = there[:, :, None] & there[:, None, :]
        known = np.where(both, self.within, 0.0) + absent[:, :, None] * np.eye(self.size)
        apart = np.where(there, self.values[self.gaps] - at - whole, 0.0)
        moved = np.linalg.solve(known, apart[..., None])[..., 0] @ self.within
        self.values[self.gaps] = np.where(absent, at + whole + moved, self.values[self.gaps])

    def _draw_groups(self) -> None:
        """Draw factor and rest of each group, then what they are multiplied with, then the mean."""
        precision = np.linalg.inv(self.within)
        scores = self._draw_scores(precision)
        factor, own = scores[:, 0], scores[:, 1:]
        apart = self.means - self.mean - own * self.deviations
        self.loadings = self._regressed(np.ones((self.size,)) * factor[:, None], apart, precision)
        apart = self.means - self.mean - np.outer(factor, self.loadings)
        self.deviations = self._regressed(own, apart, precision)
        self.effects = np.outer(factor, self.loadings) + own * self.deviations
        centre = self.sizes @ (self.means - self.effects) / self.rows
        root = np.linalg.cholesky(self.within / self.rows)
        self.mean = centre + root @ self.rng.standard_normal(self.size)

    def _draw_scores(self, precision: Array) -> Array:
        """Draw each group's factor and its rests, standard normal before the data."""
        columns = np.column_stack([self.loadings, np.diag(self.deviations)])
        weighted = columns.T @ precision
        inside = self.sizes[:, None, None] * (weighted @ columns) + np.eye(self.size + 1)
        pull = self.sizes[:, None] * ((self.means - self.mean) @ weighted.T)
        return _normal(inside, pull, self.rng)

    def _regressed(self, known: Array, apart: Array, precision: Array) -> Array:
        """Draw what columns of group numbers are multiplied with, shape (column,)."""
        weighted = known * self.sizes[:, None]
        inside = precision * (weighted.T @ known) + np.diag(self.scales**-2)
        pull = (weighted * (apart @ precision)).sum(axis=0)
        return _normal(inside, pull, self.rng)


def _normal(precision: Array, pull: Array, rng: np.random.Generator) -> Array:
    """Draw normal vectors with the given precision and precision times mean."""
    root = np.linalg.cholesky(precision)
    noise = rng.standard_normal(pull.shape)[..., None]
    half = np.linalg.solve(root, pull[..., None]) + noise
    return np.asarray(np.linalg.solve(np.swapaxes(root, -1, -2), half)[..., 0])


def inverse_wishart(centre: Array, freedom: float, rng: np.random.Generator) -> Array:
    """Draw from the inverse Wishart distribution by Bartlett's decomposition.

    Parameters
    ----------
    centre
        Positive definite, shape (column, column).
    freedom
        At least the number of columns.
    rng
        Where random numbers come from.
    """
    size = len(centre)
    lower = np.tril(rng.standard_normal((size, size)), -1)
    lower[np.diag_indices(size)] = np.sqrt(rng.chisquare(freedom - np.arange(size)))
    # With centre = L L', L A^-T A^-1 L' has the distribution for A A' Wishart with the identity.
    root = np.linalg.cholesky((centre + centre.T) / 2)
    half = np.linalg.solve(lower, root.T).T
    drawn = half @ half.T
    return np.asarray((drawn + drawn.T) / 2)
