"""Log likelihood of each group's rows with the group's effects integrated out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.kernels.integrated_likelihood import (
    RowDensity,
    integrated_by_quadrature,
    integrated_normal,
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
from bayes_alliance.sampling.nested_quadrature import NestedLevel, integrated_in_turn
from bayes_alliance.sampling.thinning import thinned

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]
Integers = NDArray[np.int64]
# Numbers a block: what is measured to be fastest, for normal outcomes and by quadrature.
_BLOCK_NORMAL, _BLOCK_QUADRATURE = 1_000_000, 100_000


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
