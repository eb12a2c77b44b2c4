"""The linear predictor of every row for every draw, in chunks that fit into memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.errors import SamplingError
from bayes_alliance.model.spec import Model

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]
MEMORY_GIGABYTES = 2.0
_CHUNK_BYTES = 64e6


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """Some draws: their places among all (chain by chain), linear predictor and parameters."""

    places: slice
    eta: Array
    parameters: Mapping[str, Array]


def flat_draws(draws: xr.Dataset) -> dict[str, Array]:
    """Return every variable with chains and draws joined, shape (draw, ...)."""
    return {
        str(name): values.to_numpy().reshape(-1, *values.shape[2:])
        for name, values in draws.data_vars.items()
    }


def chunks(model: Model, draws: xr.Dataset) -> Iterator[Chunk]:
    """Yield the linear predictor of the model's rows, some draws at a time."""
    flat = flat_draws(draws)
    count = len(next(iter(flat.values())))
    rows = max(1, len(model.frame.y))
    step = max(1, int(_CHUNK_BYTES / (8 * rows)))
    for start in range(0, count, step):
        places = slice(start, min(start + step, count))
        yield Chunk(
            places=places,
            eta=_linear_predictor(model, {name: v[places] for name, v in flat.items()}),
            parameters=_own_parameters(model, flat, places),
        )


def _linear_predictor(model: Model, flat: Mapping[str, Array]) -> Array:
    design = model.design
    eta = np.broadcast_to(design.offset, (len(next(iter(flat.values()))), len(design.offset)))
    if design.coefficients:
        eta = eta + flat[names.B] @ design.X.T
    for group in design.groups:
        effects = flat[names.u(group.name)]
        for k in range(len(group.effects)):
            eta = eta + effects[:, :, k][:, group.index] * group.Z[:, k]
    return np.asarray(eta)


def _own_parameters(model: Model, flat: Mapping[str, Array], places: slice) -> dict[str, Array]:
    """Give each parameter an axis for the rows: (draw, 1) or (draw, 1, threshold)."""
    return {name: flat[name][places][:, None] for name in model.family.parameters}


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


def check_memory(what: str, draws: int, rows: int, limit: float) -> None:
    """Refuse beforehand what would not fit.

    Raises
    ------
    SamplingError
        If draws x rows numbers take more than ``limit`` gigabytes.
    """
    size = 8 * draws * rows / 1e9
    if size > limit:
        raise SamplingError(
            f"{what} keeps one number for each of {draws} draws and {rows} rows.",
            f"That is {size:.1f} GB; the limit is {limit:g} GB.",
            "Ask for fewer draws with draws=, or raise the limit with memory=.",
            gigabytes=size,
        )
