"""What is proposed from: a mixture of Student t distributions, folded where an sd may be zero."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.kernels.folded_mixture import fitting_sums, log_folded_density

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

# Heavier tails than any posterior of a log or an asinh has, so that weights stay bounded.
FREEDOM = 5.0
# A component that accounts for less than this of the points is left out.
_LEAST_SHARE = 1e-3


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """A mixture of Student t distributions with some entries turned positive.

    Parameters
    ----------
    weights, means, scales
        Shapes (c,), (c, k) and (c, k, k): shares, centres and scale matrices.
    folded
        Places of the entries that are turned positive, shape (m,).
    """

    weights: Array
    means: Array
    scales: Array
    folded: Integers

    @property
    def size(self) -> int:
        """Length of a point."""
        return int(self.means.shape[1])

    def draw(self, count: int, rng: np.random.Generator) -> Array:
        """Draw points, shape (count, k)."""
        owner = rng.choice(len(self.weights), count, p=self.weights / self.weights.sum())
        normal = rng.standard_normal((count, self.size))
        stretch = np.sqrt(FREEDOM / rng.chisquare(FREEDOM, size=count))
        roots = np.linalg.cholesky(self.scales)
        shifts = np.einsum("nab,nb->na", roots[owner], normal)
        points = np.asarray(self.means[owner] + stretch[:, None] * shifts)
        points[:, self.folded] = np.abs(points[:, self.folded])
        return points

    def log_density(self, points: Array) -> Array:
        """Return the log density at each point, shape (n,)."""
        return log_folded_density(np.ascontiguousarray(points), *self._arrays())

    def fitted(self, points: Array, weights: Array, steps: int) -> Mixture:
        """Return the mixture after some steps of expectation and maximisation.

        Parameters
        ----------
        points, weights
            Shapes (n, k) and (n,), weights adding up to one.
        steps
            How many.
        """
        found = self
        for _ in range(steps):
            sums = fitting_sums(np.ascontiguousarray(points), weights, *found._arrays())
            found = found._maximised(*sums)
        return found

    def joined(self, means: Array, scale: Array, share: float) -> Mixture:
        """Return the mixture with more components, all of one scale matrix.

        Parameters
        ----------
        means, scale
            Shapes (c, k) and (k, k).
        share
            How much is proposed from the new ones together.
        """
        count = len(means)
        before = self.weights / self.weights.sum() * (1.0 - share)
        return Mixture(
            weights=np.append(before, np.full(count, share / count)),
            means=np.vstack([self.means, means]),
            scales=np.concatenate([self.scales, np.repeat(scale[None], count, axis=0)]),
            folded=self.folded,
        )

    def _arrays(self) -> tuple[Array, Array, Array, Integers, float]:
        inverse_roots = np.ascontiguousarray(np.linalg.inv(np.linalg.cholesky(self.scales)))
        log_weights = np.log(self.weights / self.weights.sum())
        return log_weights, np.ascontiguousarray(self.means), inverse_roots, self.folded, FREEDOM

    def _maximised(
        self, shares: Array, squares: Array, inner: Array, first: Array, second: Array
    ) -> Mixture:
        """Return the components that these sums say; with few points, near those that were."""
        kept = shares > max(_LEAST_SHARE, 0.5 * shares.max() * _LEAST_SHARE)
        shares, squares, inner = shares[kept], squares[kept], inner[kept]
        moved = first[kept] / inner[:, None]
        own = second[kept] - inner[:, None, None] * moved[:, :, None] * moved[:, None, :]
        points = (shares**2 / squares)[:, None, None]
        before = self.size + 1.0
        scales = points * own / shares[:, None, None] + before * self.scales[kept]
        scales /= points + before
        return Mixture(
            weights=shares / shares.sum(),
            means=self.means[kept] + moved,
            scales=scales,
            folded=self.folded,
        )
