"""Log likelihood of each group's rows with the group's effects integrated out.

Of groups within groups, the effects of the smaller are integrated out for each value of the larger
one's. The nodes of the larger one are laid around the mode of what is left, as wide as its
curvature says; both are taken from differences, because what is left is itself an integral.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.kernels.integrated_likelihood import (
    MANY_ROWS,
    RowDensity,
    integrated_by_quadrature,
    integrated_normal,
    quadrature_points,
)
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.covariance_root import effect_roots
from bayes_alliance.sampling.fit import Fit, check_fit
from bayes_alliance.sampling.group_sums import (
    density_given_coefficients,
    need_groups,
    sums_suffice,
)
from bayes_alliance.sampling.left_out import LeftOut, Split, groups_to_leave_out, split_effects
from bayes_alliance.sampling.linear_predictor import (
    MEMORY_GIGABYTES,
    check_memory,
    chunks,
    frequency_weights,
    precision_weights,
)
from bayes_alliance.sampling.thinning import thinned

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]
Integers = NDArray[np.int64]
_STEPS = 8
_WIDTH = 0.5  # of a difference, in widths of the integrand
_CLOSE = 0.15
_LONGEST = 3.0
_FLATTEST = 0.25  # no integrand is wider than twice its prior
# Numbers a block: what is measured to be fastest, for normal outcomes and by quadrature.
_BLOCK_NORMAL, _BLOCK_QUADRATURE = 1_000_000, 100_000


@dataclass(frozen=True, kw_only=True)
class NestedLevel:
    """Effects whose groups are the same sets of rows.

    Parameters
    ----------
    columns
        Shape (row, q).
    unit
        Group of each row, from 0 and never decreasing; each lies within one of the level before.
    root
        A root of the effects' covariance for every draw, shape (draw, q, q).
    """

    columns: Array
    unit: Integers
    root: Array


def integrated_in_turn(
    density: RowDensity, eta: Array, levels: Sequence[NestedLevel], counts: Array | None = None
) -> Array:
    """Return the log density of the rows of every unit of the first level, (draw, unit).

    Parameters
    ----------
    density
        Log density of each row given its linear predictor.
    eta
        Linear predictor without the effects, shape (draw, row).
    levels
        The coarsest first.
    counts
        How often each row's density counts, shape (row,); once if left out.
    """
    return _Integral(density, levels, counts).of(eta)


class _Integral:
    """One level's integral; it remembers where the mass lay, to begin the next search there."""

    def __init__(
        self, density: RowDensity, levels: Sequence[NestedLevel], counts: Array | None
    ) -> None:
        self.density, self.level, self.counts = density, levels[0], counts
        self.inner = _Integral(density, levels[1:], counts) if len(levels) > 1 else None
        self.start: Array | None = None
        if self.inner is not None:
            inner = self.inner.level.unit
            first = np.flatnonzero(np.diff(inner, prepend=-1))
            self.first_units = np.flatnonzero(np.diff(self.level.unit[first], prepend=-1))

    def of(self, eta: Array) -> Array:
        """Return the log integral for every unit, (draw, unit)."""
        level = self.level
        if self.inner is None:
            found, self.start = integrated_by_quadrature(
                self.density, eta, level.columns, level.root, level.unit, self.start, self.counts
            )
            return found
        slopes = level.columns @ level.root
        units, q = int(level.unit[-1]) + 1, level.columns.shape[1]

        def height(effect: Array) -> Array:
            moved = eta + np.einsum("srq,srq->sr", slopes, effect[:, level.unit])
            return self._below(moved) - 0.5 * (effect**2).sum(axis=-1)

        origin = np.zeros((units, q)) if self.start is None else self.start
        mode, spread, log_scale = _mode(height, np.repeat(origin[None], len(eta), axis=0))
        self.start = mode.mean(axis=0)
        enough = bool(np.quantile(np.bincount(level.unit, self.counts), 0.1) >= MANY_ROWS)
        total = np.full(mode.shape[:2], -np.inf)
        for point, log_weight in zip(*quadrature_points(q, many_rows=enough), strict=True):
            values = height(mode + spread @ point) + 0.5 * point @ point + log_weight
            total = np.logaddexp(total, values)
        return np.asarray(total + log_scale)

    def _below(self, eta: Array) -> Array:
        """Return the log density given this level's effects: the smaller groups' in sum."""
        assert self.inner is not None
        return np.asarray(np.add.reduceat(self.inner.of(eta), self.first_units, axis=1))


def _mode(height: Callable[[Array], Array], start: Array) -> tuple[Array, Array, Array]:
    """Find mode and width of every integrand by Newton steps with differences.

    Returns the modes (S, J, q), roots of the inverse curvature (S, J, q, q) and the logarithms of
    their determinants (S, J).
    """
    mode, q = start, start.shape[-1]
    spread = np.broadcast_to(np.eye(q), (*mode.shape, q))
    for _ in range(_STEPS):
        slope, bend = _differences(height, mode, spread)
        # In the present widths' coordinates: a round integrand has curvature one.
        values, vectors = np.linalg.eigh(bend)
        floor = _FLATTEST * np.linalg.norm(spread, axis=(-1, -2)) ** 2 / q
        values = np.maximum(values, np.minimum(floor, 1.0)[..., None])
        turned = (vectors.swapaxes(-1, -2) @ slope[..., None])[..., 0]
        length = np.sqrt((turned**2 / values).sum(axis=-1))
        step = (vectors @ (turned / values)[..., None])[..., 0]
        step *= np.minimum(1.0, _LONGEST / np.maximum(length, 1e-300))[..., None]
        mode = mode + (spread @ step[..., None])[..., 0]
        before, spread = spread, spread @ (vectors / np.sqrt(values)[..., None, :])
        change = np.abs(np.log(_volume(spread) / _volume(before)))
        if length.max() < _CLOSE and change.max() < _CLOSE * q:
            break
    return mode, spread, np.log(_volume(spread))


def _volume(spread: Array) -> Array:
    return np.asarray(np.abs(np.linalg.det(spread)))


def _differences(height: Callable[[Array], Array], at: Array, spread: Array) -> tuple[Array, Array]:
    """Return slope and negative curvature along the columns of ``spread``."""
    q = at.shape[-1]
    steps = _WIDTH * spread
    middle = height(at)
    high = [height(at + steps[..., k]) for k in range(q)]
    low = [height(at - steps[..., k]) for k in range(q)]
    slope = np.stack([(h - b) / (2 * _WIDTH) for h, b in zip(high, low, strict=True)], axis=-1)
    bend = np.empty((*at.shape, q))
    for k in range(q):
        bend[..., k, k] = (2 * middle - high[k] - low[k]) / _WIDTH**2
    for a, b in combinations(range(q), 2):
        corner = height(at + steps[..., a] + steps[..., b])
        bend[..., a, b] = (high[a] + high[b] - middle - corner) / _WIDTH**2
        bend[..., b, a] = bend[..., a, b]
    return slope, bend


def with_group_log_likelihood(
    fit: Fit,
    *,
    group: str | None = None,
    draws: int | None = None,
    memory: float = MEMORY_GIGABYTES,
) -> Fit:
    """Add the log likelihood of every group, its effects integrated out.

    For each draw this is ``log p(y_j | coefficients, variances)``: the density of all rows of a
    group given everything but the group's own effects. Effects of smaller groups within it are
    integrated out too; effects it shares with other groups are given. It is exact for gaussian
    outcomes and by adaptive quadrature for others.

    It stands in a container group of its own, because ``az.loo`` takes one log likelihood only.

    Parameters
    ----------
    fit : Fit
        A fit with its rows, or with the sums of streamed ones and one grouping factor.
    group : str, optional
        Name of the factor; the first one of the formula if left out.
    draws : int, optional
        Use this many draws in all, evenly spaced over the chains; all of them if left out.
    memory : float
        Refuse what would take more gigabytes.

    Returns
    -------
    Fit
        A new fit with the group ``group_log_likelihood``, one variable named as the outcome, dims
        (chain, draw, <group>). Rows with frequency weights count as often as their weight.

    Raises
    ------
    ModelError
        If the model has no such factor, or no exact order of integration.
    SamplingError
        If it would not fit, or the fit has no rows.

    References
    ----------
    .. [1] merkle2019
    .. [2] pinheiro1995

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> fit = ba.with_group_log_likelihood(fit, group="case_manager")  # doctest: +SKIP
    """
    import xarray as xr

    check_fit(fit, "with_group_log_likelihood")
    left_out = groups_to_leave_out(fit.model, group)
    need_groups(fit, left_out, "The log likelihood by group")
    posterior = thinned(fit.posterior, draws)
    shape = (posterior.sizes[names.CHAIN], posterior.sizes[names.DRAW], len(left_out.labels))
    what = "The log likelihood by group"
    check_memory(what, shape[0] * shape[1], shape[2], memory, unit="groups")
    values = group_log_likelihood(fit.model, posterior, left_out)
    dataset = xr.Dataset(
        {fit.model.outcome: ((names.CHAIN, names.DRAW, left_out.name), values.reshape(shape))},
        coords={
            names.CHAIN: posterior[names.CHAIN],
            names.DRAW: posterior[names.DRAW],
            left_out.name: np.asarray(left_out.labels, dtype=object),
        },
    )
    return fit.with_group(names.GROUP_LOG_LIKELIHOOD, dataset)


def group_log_likelihood(model: Model, posterior: xr.Dataset, left_out: LeftOut) -> Array:
    """Return the log likelihood of every group, its effects integrated out, (draw, group)."""
    if sums_suffice(model, left_out):
        return density_given_coefficients(model, posterior)
    return log_likelihood_of(model, posterior, split_effects(model, left_out))


def log_likelihood_of(model: Model, posterior: xr.Dataset, split: Split) -> Array:
    """Return the same from the rows, for every group of a split, shape (draw, group).

    The draws may come from a fit to other rows: effects it does not know are taken as zero, and
    it must know all those that are given in the split's rows.
    """
    roots = {name: effect_roots(model, posterior, name) for name in split.factors}
    kept = [names.B, *model.family.parameters]
    given = posterior[[name for name in kept if name in posterior]]
    for group in split.given.design.groups:
        effects = posterior[names.u(group.name)]
        labels = np.asarray(group.labels, dtype=object)
        if effects.sizes[group.name] != len(labels):
            effects = effects.reindex({group.name: labels}, fill_value=0.0)
        given[names.u(group.name)] = effects
    total = posterior.sizes[names.CHAIN] * posterior.sizes[names.DRAW]
    values = np.empty((total, int(split.group[-1]) + 1))
    normal, start = model.family.has_closed_form, None
    for chunk in chunks(split.given, given):
        for some in _blocks(chunk.eta, _BLOCK_NORMAL if normal else _BLOCK_QUADRATURE):
            places = np.arange(chunk.places.start, chunk.places.stop)[some]
            here = [roots[name][places] for name in split.factors]
            parameters = {name: draws[some] for name, draws in chunk.parameters.items()}
            if normal:
                values[places] = _normal(split, chunk.eta[some], parameters, here)
                continue
            if is_nested(split):
                values[places] = _in_turn(split, chunk.eta[some], parameters, here)
                continue
            values[places], start = _by_quadrature(split, chunk.eta[some], parameters, here, start)
    return values


def _blocks(eta: Array, numbers: int) -> Iterator[slice]:
    """Yield slices of draws so small that the work on one stays in the processor's cache."""
    step = max(1, numbers // eta.shape[1])
    for start in range(0, len(eta), step):
        yield slice(start, start + step)


def _normal(split: Split, eta: Array, parameters: Any, roots: list[Array]) -> Array:
    model = split.given
    sigma = parameters[names.SIGMA][:, 0] if names.SIGMA in parameters else np.ones(len(eta))
    ones = np.ones(eta.shape[1])
    return integrated_normal(
        model.frame.y - eta,
        sigma**2,
        split.layers,
        roots,
        split.group,
        precision_weights(model) * ones,
        frequency_weights(model) * ones,
    )


def _by_quadrature(
    split: Split, eta: Array, parameters: Any, roots: list[Array], start: Array | None
) -> tuple[Array, Array]:
    columns = [np.zeros((eta.shape[1], 0)), *(layer.columns for layer in split.layers)]
    return integrated_by_quadrature(
        _row_density(split, parameters),
        eta,
        np.column_stack(columns),
        _side_by_side(len(eta), roots),
        split.group,
        start,
        _counts(split),
    )


def _counts(split: Split) -> Array | None:
    """Return how often each row counts, or None where each counts once."""
    often = frequency_weights(split.given)
    return often if isinstance(often, np.ndarray) else None


def _in_turn(split: Split, eta: Array, parameters: Any, roots: list[Array]) -> Array:
    """Integrate the smaller groups' effects out for each value of the larger ones'."""
    units: list[Integers] = []
    together: list[list[int]] = []
    for k, layer in enumerate(split.layers):
        if not units or layer.unit[-1] != units[-1][-1]:
            units.append(layer.unit)
            together.append([])
        together[-1].append(k)
    levels = [
        NestedLevel(
            columns=np.column_stack([split.layers[k].columns for k in layers]),
            unit=unit,
            root=_side_by_side(len(eta), [roots[k] for k in layers]),
        )
        for unit, layers in zip(units, together, strict=True)
    ]
    found = integrated_in_turn(_row_density(split, parameters), eta, levels, _counts(split))
    # Where the left out groups have no effects of their own the first level's lie within them.
    first = split.group[np.flatnonzero(np.diff(units[0], prepend=-1))]
    return np.asarray(np.add.reduceat(found, np.flatnonzero(np.diff(first, prepend=-1)), axis=1))


def _row_density(split: Split, parameters: Any) -> RowDensity:
    model = split.given

    def density(linear: Array) -> Array:
        values = model.family.log_density(
            model.frame.y, linear, parameters, precision_weights(model)
        )
        return np.asarray(frequency_weights(model) * values)

    return density


def _side_by_side(draws: int, roots: list[Array]) -> Array:
    """Join roots of independent effects along a diagonal, shape (draw, q, q)."""
    size = sum(root.shape[1] for root in roots)
    joined = np.zeros((draws, size, size))
    start = 0
    for root in roots:
        stop = start + root.shape[1]
        joined[:, start:stop, start:stop] = root
        start = stop
    return joined


def is_nested(split: Split) -> bool:
    """Tell whether groups hold several smaller groups with effects of their own."""
    return any(layer.unit[-1] != split.group[-1] for layer in split.layers)
