"""Likely values of all unknowns, a draw of them: from here a chain of a joint engine starts.

A short run of approximate Gibbs sampling. Given the standard deviations and the family's own
parameters, coefficients and group effects are drawn from the normal that the outcome's density
has the same slope and curvature as (a Laplace approximation, which is exact for a gaussian
outcome); given those, the rest is drawn. It costs some passes over the rows, is indifferent to
units and zeros of all columns, and leaves the chains as widely apart as the posterior is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.kernels.group_least_squares import products_by_group, sums_by_group
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.model.prior import Prior
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.linear_predictor import frequency_weights, precision_weights

Array = NDArray[np.float64]
_SWEEPS = 20
_ATTEMPTS = 5
# So often a row's own step is halved where it leads down: a count of 100 at a rate of 5 needs 3.
_HALVINGS = 30
# A row whose density does not curve down there counts as having this part of the largest
# curvature, any other as having at least as little as can be divided by.
_WHERE_NONE, _LEAST = 1e-2, 1e-9
# Degrees of freedom of the half-t prior of the standard deviations here, as wide as the outcome's:
# with two, correlations are uniform.
_DEGREES = 2.0
_MOST_STEPS, _EXACT = 300, 1e-8
_GRID, _REACH, _TAIL = 24, 3.0, 1e-4
# Of the density at its top: what lies lower on the wide grid is left out on the narrow one.
_LOW = 1e-3
# Densities of rows that are held at once.
_ROOM = 2_000_000
_SINGULAR = 1e-9


@dataclass(frozen=True, kw_only=True)
class LikelyValues:
    """One draw of everything, on the scale that has the priors.

    Parameters
    ----------
    coefficients
        Shape (coefficient,).
    own
        The family's own parameters, each a number or, for thresholds, shape (threshold,).
    roots
        A root of the covariance of the effects of each block of each factor, shape (q, q).
    standard
        The effects of each block on the scale of its root, shape (group, q): the effects are
        ``standard @ root.T``.
    are_likely
        Whether the data had a say; False where they have no density at any value tried, so that
        these are what was believed before.
    """

    coefficients: Array
    own: Mapping[str, Array]
    roots: Mapping[tuple[str, int], Array]
    standard: Mapping[tuple[str, int], Array]
    are_likely: bool = True


class _Block:
    """The correlated effects of one factor, on columns at right angles to one another."""

    def __init__(self, group: GroupDesign, places: tuple[int, ...], columns: Array) -> None:
        self.index = group.index
        self.groups = len(group.labels)
        own = columns[:, places[0] : places[-1] + 1]
        triangle = np.linalg.qr(own, mode="r") / np.sqrt(max(1, len(own)))
        sizes = np.sqrt((own**2).mean(axis=0))
        sizes[sizes == 0.0] = 1.0
        if len(triangle) < len(sizes) or np.any(np.abs(np.diagonal(triangle)) < _SINGULAR * sizes):
            triangle = np.diag(sizes)
        self.to_sampled = np.linalg.inv(triangle)
        self.columns = np.ascontiguousarray(own @ self.to_sampled)

    @property
    def shape(self) -> tuple[int, int]:
        """Groups and effects."""
        return self.groups, self.columns.shape[1]

    def rows(self, effects: Array) -> Array:
        """Return what effects (group, q) add to each row."""
        return np.asarray((self.columns * effects[self.index]).sum(axis=1))

    def back(self, values: Array) -> Array:
        """Sum values of rows by group and column, the transpose of :meth:`rows`."""
        return sums_by_group(values, self.columns, self.index, self.groups)

    def products(self, weights: Array) -> Array:
        """Weighted cross products of each group's columns, shape (group, q, q)."""
        return products_by_group(self.columns, self.index, self.groups, weights)


class _OwnPrior:
    """The prior of one of the family's own parameters, ready to be evaluated often."""

    def __init__(self, prior: Prior, scale: float) -> None:
        self.real = prior.kind.support == "real"
        self.frozen = prior.frozen if prior.proper else None
        if self.frozen is None:
            self.middle = scale
            self.range = np.geomspace(_TAIL * scale, scale / _TAIL, 4 * _GRID)
        else:
            low, middle, high = self.frozen.ppf([_TAIL, 0.5, 1.0 - _TAIL])
            self.middle = float(middle)
            if not self.real:
                self.range = np.geomspace(max(low, _TAIL * middle), high, 2 * _GRID)

    def log_density(self, values: Array) -> Array:
        """Log density at values, zeros if it is improper."""
        if self.frozen is None:
            return np.zeros(len(values))
        return np.array(self.frozen.logpdf(values), dtype=float)

    def wide_grid(self, values: Array, place: int) -> Array:
        """Return where it may be: all along the prior; a threshold, between its neighbours."""
        if not self.real:
            return self.range
        edges = np.concatenate([[values[0] - _REACH], values, [values[-1] + _REACH]])
        return np.linspace(edges[place], edges[place + 2], _GRID + 2)[1:-1]


class _Unknowns:
    """The model's rows, and where a run of Gibbs sampling is."""

    def __init__(self, model: Model, rng: np.random.Generator) -> None:
        self.model, self.rng = model, rng
        basis, design = model.priors.basis, model.design
        self.columns = basis.coefficients.columns(design.X) if design.coefficients else design.X
        self.mean, self.precision = _normal_priors(model.priors.of(names.B))
        self.blocks = {
            (group.name, number): _Block(
                group, tuple(places), basis.effects[group.name].columns(group.Z)
            )
            for group in design.groups
            for number, places in enumerate(group.blocks)
        }
        frame = model.frame
        centre, self.scale = model.family.location_and_scale(frame.y, design.offset, frame.weights)
        self.frequency = np.broadcast_to(frequency_weights(model), frame.y.shape)
        self.coefficients = self.mean.copy()
        self.effects = {key: np.zeros(own.shape) for key, own in self.blocks.items()}
        self.covariance = {
            key: np.eye(own.shape[1]) * (self.scale * np.exp(rng.normal(np.log(0.5), 0.5))) ** 2
            for key, own in self.blocks.items()
        }
        # Before anything is known of them, all rows lie at the centre of the outcome.
        self.eta = design.offset + (centre if design.coefficients and model.family.intercept else 0)
        self.priors = {
            name: [_OwnPrior(prior, self.scale) for prior in model.priors.of(name)]
            for name in model.family.parameters
        }
        level = model.family.empirical_level(frame.y, frame.levels, self.frequency)
        self.own = {
            own.name: level + centre if own.is_level else self._middle(own.name)
            for own in model.family.own
        }

    def _middle(self, name: str) -> Array:
        """Return the middle of the priors of an own parameter's elements."""
        return np.array([prior.middle for prior in self.priors[name]])

    def log_density(self, eta: Array) -> Array:
        """Log density of each row, shape (row,)."""
        return np.asarray(self._log_densities(eta, self.own, 1)[0])

    def _log_densities(self, eta: Array, own: Mapping[str, Array], count: int) -> Array:
        """Log density of each row at several values of own parameters, shape (value, row)."""
        model = self.model
        density = model.family.log_density(
            model.frame.y, eta[None], self._beside_rows(own), precision_weights(model)
        )
        return np.asarray(np.broadcast_to(density, (count, len(eta))))

    def _beside_rows(self, own: Mapping[str, Array]) -> dict[str, Array]:
        """Return own parameters, shape (element,) or (value, element), as the family takes them."""
        found = {}
        for parameter in self.model.family.own:
            values = np.atleast_2d(own[parameter.name])
            found[parameter.name] = values[:, None, :] if parameter.dim else values
        return found

    @property
    def has_density(self) -> bool:
        """Tell whether the rows have a density here."""
        return bool(np.isfinite(self.frequency @ self.log_density(self.eta)))

    def as_values(self, *, are_likely: bool) -> LikelyValues:
        """Return the values on the scale that has the priors."""
        roots, standard = {}, {}
        for key, block in self.blocks.items():
            root = np.linalg.cholesky(self.covariance[key])
            roots[key] = block.to_sampled @ root
            standard[key] = np.linalg.solve(root, self.effects[key].T).T
        return LikelyValues(
            coefficients=self.coefficients,
            own=self.own,
            roots=roots,
            standard=standard,
            are_likely=are_likely,
        )

    def sweep(self) -> None:
        """Draw the family's own parameters, the effects, and their covariance."""
        for name in self.own:
            for place in range(len(self.own[name])):
                self._draw_own(name, place)
        self._draw_effects()
        for key, effects in self.effects.items():
            self.covariance[key] = self._draw_covariance(effects, self.covariance[key])

    def _draw_own(self, name: str, place: int) -> None:
        """Draw one own parameter from its density on a grid, first a wide one, then a narrow."""
        prior = self.priors[name][place]
        grid = prior.wide_grid(self.own[name], place)
        places = np.flatnonzero(self._chances(name, place, grid) > _LOW)
        if not len(places):
            return
        ends = max(places[0] - 1, 0), min(places[-1] + 1, len(grid) - 1)
        narrow = np.linspace(grid[ends[0]], grid[ends[1]], 2 * _GRID)
        chances = self._chances(name, place, narrow)
        if chances.sum() > 0.0:
            value = self.rng.choice(narrow, p=chances / chances.sum())
            self.own[name] = self.own[name].copy()
            self.own[name][place] = value

    def _chances(self, name: str, place: int, grid: Array) -> Array:
        """Return the density on a grid, its top being 1; zeros where it has none."""
        density = self.priors[name][place].log_density(grid)
        at_once = max(1, _ROOM // len(self.eta))
        for first in range(0, len(grid), at_once):
            part = slice(first, first + at_once)
            values = np.tile(self.own[name], (len(grid[part]), 1))
            values[:, place] = grid[part]
            own = {**self.own, name: values}
            density[part] += self._log_densities(self.eta, own, len(values)) @ self.frequency
        density[~np.isfinite(density)] = -np.inf
        top = density.max()
        return np.exp(density - top) if np.isfinite(top) else np.zeros(len(grid))

    def _draw_effects(self) -> None:
        """Draw coefficients and effects from the normal approximation about the present ones."""
        steps, curvature = self._steps_and_curvature()
        weights = self.frequency * curvature
        wanted = self.eta - self.model.design.offset + steps
        noise = self.rng.standard_normal(len(wanted)) * np.sqrt(weights)
        system = _NormalSystem(self, weights)
        prior_noise = np.sqrt(self.precision) * self.rng.standard_normal(len(self.mean))
        right = [self.columns.T @ (weights * wanted + noise) + self.precision * self.mean]
        right[0] = right[0] + prior_noise
        for key, block in self.blocks.items():
            root = np.linalg.cholesky(np.linalg.inv(self.covariance[key]))
            own = self.rng.standard_normal(block.shape) @ root.T
            right.append(block.back(weights * wanted + noise) + own)
        self.coefficients, *found = system.solve(right)
        self.effects = dict(zip(self.blocks, found, strict=True))
        self.eta = self.model.design.offset + self.columns @ self.coefficients
        for key, block in self.blocks.items():
            self.eta = self.eta + block.rows(self.effects[key])

    def _steps_and_curvature(self) -> tuple[Array, Array]:
        """Return each row's step to the top of its parabola, and the curvature of that.

        Where the density is no parabola, such as a count's far above the rate, the step may lead
        far beyond the top: it is halved until it leads up.
        """
        slope, curvature = self._derivatives()
        largest = float(curvature[np.isfinite(curvature)].max(initial=0.0)) or self.scale**-2
        down = np.isfinite(curvature) & (curvature > 0.0)
        curvature = np.where(down, np.maximum(curvature, _LEAST * largest), _WHERE_NONE * largest)
        steps = np.where(np.isfinite(slope), slope, 0.0) / curvature
        here = self.log_density(self.eta)
        for _ in range(_HALVINGS):
            worse = ~(self.log_density(self.eta + steps) >= here) & (steps != 0.0)
            if not worse.any():
                break
            steps = np.where(worse, 0.5 * steps, steps)
        return steps, curvature

    def _derivatives(self) -> tuple[Array, Array]:
        """Return slope and curvature of each row's log density, shape (row,)."""
        model = self.model
        first, second = model.family.slopes(
            model.frame.y, self.eta[None], self._beside_rows(self.own), precision_weights(model)
        )
        return np.asarray(first[0]), -np.asarray(second[0])

    def _draw_covariance(self, effects: Array, before: Array) -> Array:
        """Draw from the inverse Wishart that the effects (group, q) leave.

        The standard deviations have half-t priors, as mixtures of such distributions: their
        widths are drawn first, given the covariance before.
        """
        groups, q = effects.shape
        rate = _DEGREES * np.diagonal(np.linalg.inv(before)) + self.scale**-2
        inverse_widths = self.rng.gamma(0.5 * (_DEGREES + q), 1.0 / rate)
        scale = effects.T @ effects + 2.0 * _DEGREES * np.diag(inverse_widths)
        root = np.linalg.cholesky(np.linalg.inv(scale))
        # Bartlett's root of a Wishart distribution.
        degrees = groups + _DEGREES + q - 1.0
        triangle = np.tril(self.rng.standard_normal((q, q)), -1)
        triangle += np.diag(np.sqrt(self.rng.chisquare(degrees - np.arange(q))))
        inner = np.linalg.inv(root @ triangle)
        return np.asarray(inner.T @ inner)


class _NormalSystem:
    """The normal equations of all coefficients and effects, solved by conjugate gradients.

    They are started from each block's own equations, solved exactly.
    """

    def __init__(self, unknowns: _Unknowns, weights: Array) -> None:
        self.unknowns, self.weights = unknowns, weights
        self.priors = [np.linalg.inv(own) for own in unknowns.covariance.values()]
        products = (unknowns.columns.T * weights) @ unknowns.columns + np.diag(unknowns.precision)
        size = np.sqrt(np.maximum(np.diagonal(products), np.finfo(float).tiny))
        scaled = products / np.outer(size, size)
        # Columns alike to all digits have no inverse of their own; a pseudo-inverse does here.
        self.first = np.linalg.pinv(scaled, hermitian=True) / np.outer(size, size)
        self.others = [
            np.linalg.inv(block.products(weights) + prior)
            for block, prior in zip(unknowns.blocks.values(), self.priors, strict=True)
        ]

    def solve(self, right: list[Array]) -> list[Array]:
        """Return coefficients and effects for right sides of the same shapes."""
        from scipy.sparse.linalg import LinearOperator, cg

        shapes = [own.shape for own in right]
        flat = np.concatenate([own.ravel() for own in right])
        size = (len(flat), len(flat))
        found, _ = cg(
            LinearOperator(size, lambda v: _flat(self._times(_parts(v, shapes))), dtype=float),
            flat,
            rtol=_EXACT,
            maxiter=_MOST_STEPS,
            M=LinearOperator(size, lambda v: _flat(self._nearly(_parts(v, shapes))), dtype=float),
        )
        return _parts(found, shapes)

    def _times(self, values: list[Array]) -> list[Array]:
        unknowns = self.unknowns
        rows = unknowns.columns @ values[0]
        blocks = list(unknowns.blocks.values())
        for block, effects in zip(blocks, values[1:], strict=True):
            rows = rows + block.rows(effects)
        rows = self.weights * rows
        found = [unknowns.columns.T @ rows + unknowns.precision * values[0]]
        for block, effects, prior in zip(blocks, values[1:], self.priors, strict=True):
            found.append(block.back(rows) + effects @ prior)
        return found

    def _nearly(self, values: list[Array]) -> list[Array]:
        found = [self.first @ values[0]]
        for inverse, own in zip(self.others, values[1:], strict=True):
            found.append(np.einsum("jab,jb->ja", inverse, own))
        return found


def likely_values(model: Model, rng: np.random.Generator) -> LikelyValues:
    """Draw likely values of all unknowns.

    Parameters
    ----------
    model
        A model that holds its rows.
    rng
        Where the randomness comes from.

    Returns
    -------
    LikelyValues
        Of what was believed before, if no run of sampling ends where the data have a density.
    """
    for _ in range(_ATTEMPTS):
        unknowns = _Unknowns(model, rng)
        try:
            for _ in range(_SWEEPS):
                unknowns.sweep()
        except np.linalg.LinAlgError:  # a covariance without digits left
            continue
        if unknowns.has_density:
            return unknowns.as_values(are_likely=True)
    return _Unknowns(model, rng).as_values(are_likely=False)


def _normal_priors(priors: tuple[Prior, ...]) -> tuple[Array, Array]:
    """Return centres and precisions of coefficients' priors, as of the nearest normals."""
    middle, precision = np.zeros(len(priors)), np.zeros(len(priors))
    for k, prior in enumerate(priors):
        if prior.proper:
            low, middle[k], high = prior.frozen.ppf([0.16, 0.5, 0.84])
            precision[k] = 4.0 / (high - low) ** 2
    return middle, precision


def _parts(flat: Array, shapes: list[tuple[int, ...]]) -> list[Array]:
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
    return [
        part.reshape(shape) for part, shape in zip(np.split(flat, ends[:-1]), shapes, strict=True)
    ]


def _flat(values: list[Array]) -> Array:
    return np.concatenate([own.ravel() for own in values])
