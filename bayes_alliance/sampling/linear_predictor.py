"""The linear predictor of every row for every draw, in chunks that fit into memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.errors import FEWER_DRAWS, Advice, SamplingError, listed
from bayes_alliance.model.design import Predictor
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.settings import check_gigabytes

if TYPE_CHECKING:
    import xarray as xr

    from bayes_alliance.sampling.record import FitRecord

Array = NDArray[np.float64]
MEMORY_GIGABYTES = 2.0
_CHUNK_BYTES = 64e6


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """Some draws: their places among all (chain by chain), linear predictor and parameters.

    Parameters have an axis for the rows: (draw, 1), (draw, row) where they are predicted, or (draw,
    1, threshold).
    """

    places: slice
    eta: Array
    parameters: Mapping[str, Array]


def draw_blocks(draws: xr.Dataset, step: int) -> Iterator[tuple[slice, dict[str, Array]]]:
    """Yield some draws at a time: their places, chain by chain, and every variable, (draw, ...).

    Only these draws are made where group effects are not stored.
    """
    count = draws.sizes[names.DRAW]
    for chain in range(draws.sizes[names.CHAIN]):
        for start in range(0, count, step):
            stop = min(start + step, count)
            some = draws.isel({names.CHAIN: chain, names.DRAW: slice(start, stop)})
            arrays = {str(name): values.to_numpy() for name, values in some.data_vars.items()}
            yield slice(chain * count + start, chain * count + stop), arrays


def chunks(model: Model, draws: xr.Dataset) -> Iterator[Chunk]:
    """Yield the linear predictor of the model's rows, some draws at a time."""
    rows = max(1, len(model.frame.y))
    for places, arrays in draw_blocks(draws, max(1, int(_CHUNK_BYTES / (8 * rows)))):
        yield Chunk(
            places=places,
            eta=linear_predictor(model, arrays),
            parameters=own_parameters(model, arrays),
        )


def evaluate(model: Model, flat: Mapping[str, Array], rows: Any = slice(None)) -> dict[str, Array]:
    """Return what every parameter of the family is for some rows.

    Parameters
    ----------
    model
        The model.
    flat
        Container variables, shape (draw, ...).
    rows
        Places of the rows, or a slice.

    Returns
    -------
    dict
        The linear predictor of the location as ``mu``, (draw, row); every other parameter by its
        name, on its own scale: (draw, 1), or (draw, 1, threshold), or (draw, row) where predicted.
    """
    eta = linear_predictor(model, flat, rows)
    return {names.MEAN_PARAMETER: eta, **own_parameters(model, flat, rows)}


def own_parameters(
    model: Model, flat: Mapping[str, Array], rows: Any = slice(None)
) -> dict[str, Array]:
    """Return the parameters beside the location; see :func:`evaluate`."""
    found = {name: flat[name][:, None] for name in model.family.parameters}
    for own in model.design.predicted:
        found[own.parameter] = own.link.inverse(predictor_part(model, own, flat, rows))
    return found


def population_part(model: Model, draws: Mapping[str, Any], rows: Any = slice(None)) -> Array:
    """Return what offset and coefficients make of some rows, (..., row).

    Parameters
    ----------
    model
        The model.
    draws
        Coefficients by the container's name, shape (..., coefficient).
    rows
        Places of the rows, or a slice.
    """
    design = model.design
    return population_of(design.location, draws, design.X[rows], design.offset[rows])


def population_of(predictor: Predictor, draws: Mapping[Any, Any], X: Array, offset: Array) -> Array:
    """Return the same of rows whose columns and offset are given, (..., row)."""
    if not predictor.coefficients:
        return np.asarray(offset)
    return np.asarray(offset + np.asarray(draws[predictor.variable]) @ X.T)


def linear_predictor(model: Model, flat: Mapping[str, Array], rows: Any = slice(None)) -> Array:
    """Return the location's linear predictor of some rows, (draw, row), from (draw, ...)."""
    return predictor_part(model, model.design.location, flat, rows)


def predictor_part(
    model: Model, predictor: Predictor, flat: Mapping[str, Array], rows: Any = slice(None)
) -> Array:
    """Return one linear predictor of some rows, (draw, row), from variables (draw, ...)."""
    population = population_of(predictor, flat, predictor.X[rows], predictor.offset[rows])
    count = len(next(iter(flat.values())))
    eta: Array = np.broadcast_to(population, (count, population.shape[-1]))
    for group in model.design.groups:
        places = group.places_of(predictor.parameter)
        if not places:
            continue
        effects, index, Z = flat[names.u(group.name)], group.index[rows], group.Z[rows]
        for k in places:
            # Taken from a copy that lies in one piece: ten times as fast as from the slice.
            part = np.take(np.ascontiguousarray(effects[:, :, k]), index, axis=1)
            part *= Z[:, k]
            part += eta
            eta = part
    return np.asarray(eta)


def precision_weights(model: Model) -> Any:
    """Return what the residual variance is divided by, a number a row or 1."""
    weights = model.frame.weights
    frequency = model.formula.response.weight_kind == "frequency"
    return 1.0 if weights is None or frequency else weights


def frequency_weights(model: Model) -> Any:
    """Return how often each row's log likelihood counts, a number a row or 1."""
    weights = model.frame.weights
    frequency = model.formula.response.weight_kind == "frequency"
    return 1.0 if weights is None or not frequency else weights


def copies_of_rows(model: Model) -> NDArray[np.int64]:
    """Return how many clients each row stands for, an incomplete one counted as one more."""
    rows = np.ones(len(model.frame.y))
    return np.asarray(np.ceil(frequency_weights(model) * rows), dtype=np.int64)


def copy_weights(model: Model) -> Any:
    """Return how much each client of a row counts: 1, or a little less where weights are no counts.

    A row with the weight 2.5 is three clients of 5/6 each.
    """
    weights = frequency_weights(model)
    return weights / np.ceil(weights)


def check_redrawn_fit(what: str, fit: FitRecord, limit: float = MEMORY_GIGABYTES) -> None:
    """Refuse beforehand what makes all group effects at once, where they are too large.

    Raises
    ------
    SamplingError
        If effects that are not stored take more than ``limit`` gigabytes.
    """
    numbers = sum(fit.posterior[name].size for name in fit.redrawn_effects)
    size = 8 * numbers / 1e9
    if size > limit:
        raise SamplingError(
            f"{what} makes all draws of {listed(fit.redrawn_effects)} at once.",
            f"That is {size:.1f} GB; the limit is {limit:g} GB.",
            Advice(
                python="Save it with data=True: then they are drawn again when they are looked "
                "at. Or sample fewer draws.",
                command_line="Leave --no-data out: then they are drawn again when they are looked "
                "at. Or sample fewer draws (--draws).",
            ),
            gigabytes=size,
        )


def check_memory(what: str, draws: int, numbers: int, limit: float, *, unit: str = "rows") -> None:
    """Refuse beforehand what would not fit.

    Raises
    ------
    SamplingError
        If draws x numbers (of rows, of group effects) take more than ``limit`` gigabytes, or the
        limit is none.
    """
    check_gigabytes(limit)
    size = 8 * draws * numbers / 1e9
    if size > limit:
        raise SamplingError(
            f"{what} keeps one number for each of {draws} draws and {numbers} {unit}.",
            f"That is {size:.1f} GB; the limit is {limit:g} GB.",
            FEWER_DRAWS,
            gigabytes=size,
        )
