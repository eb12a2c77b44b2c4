"""Estimates as a table and as draws, made while they come along in chunks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.posterior.prediction.posterior_draws import PredictionDraws
from bayes_alliance.posterior.summaries import DIRECTION, summary_table

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

Array = NDArray[np.float64]
CATEGORY = "category"
# Up to here every estimate has its Monte Carlo error, its ESS and its R-hat beside it.
DIAGNOSED = 1000
_DRAWS_KEPT = (
    "The draws of the {rows} rows were not kept ({size:.1f} GB; the limit is {memory:g} GB): "
    "average with by=, or use fewer with draws=."
)


def tabulated(
    name: str,
    chunks: Iterable[Array],
    *,
    size: int,
    categories: Sequence[str],
    draws: PredictionDraws,
    prob: float,
    memory: float,
    nothing: float | None = None,
) -> tuple[pd.DataFrame, xr.Dataset, tuple[str, ...]]:
    """Summarise estimates, shape (estimate, ..., draw) in chunks.

    With ``nothing``, the value of no effect, the table also has the probability of direction: that
    the estimate lies on the side of it on which most of its draws lie.

    Returns
    -------
    table, draws, notes
        One row an estimate (and category); a dataset of one variable, dims (chain, draw, row) or
        (chain, draw, row, category), that is empty where it would not fit; and what to know.
    """
    import pandas as pd
    import xarray as xr

    gigabytes = 8.0 * size * max(1, len(categories)) * draws.total / 1e9
    keep = gigabytes <= memory
    shape = (size, len(categories), draws.total) if len(categories) else (size, draws.total)
    kept = np.empty(shape) if keep else None
    summaries, start = [], 0
    for values in chunks:
        summaries.append(_summary(values.reshape(-1, values.shape[-1]), prob, nothing))
        if kept is not None:
            kept[start : start + len(values)] = values
        start += len(values)
    table = pd.DataFrame(np.concatenate(summaries), columns=_columns(nothing))
    if kept is None:
        note = _DRAWS_KEPT.format(rows=size, size=gigabytes, memory=memory)
        return table, xr.Dataset(), (note,)
    dataset = _dataset(name, kept, categories, draws)
    if len(table) <= DIAGNOSED:
        diagnosed = summary_table(dataset, prob).reset_index(drop=True)
        table = table.join(diagnosed[[c for c in diagnosed if c not in table]])
    return table, dataset, ()


def _columns(nothing: float | None) -> list[str]:
    return ["mean", "sd", "lower", "upper", *([] if nothing is None else [DIRECTION])]


def _summary(values: Array, prob: float, nothing: float | None) -> Array:
    """Return the columns of the table."""
    bounds = np.quantile(values, [(1 - prob) / 2, (1 + prob) / 2], axis=-1)
    spread = values.std(axis=-1, ddof=1) if values.shape[-1] > 1 else np.full(len(values), np.nan)
    columns = [values.mean(axis=-1), spread, *bounds]
    if nothing is not None:
        above, below = (values > nothing).mean(axis=-1), (values < nothing).mean(axis=-1)
        columns.append(np.maximum(above, below))
    return np.column_stack(columns)


def _dataset(
    name: str, values: Array, categories: Sequence[str], draws: PredictionDraws
) -> xr.Dataset:
    import xarray as xr

    shaped = values.reshape(*values.shape[:-1], draws.chains, draws.draws)
    last = (*range(shaped.ndim - 2, shaped.ndim), *range(shaped.ndim - 2))
    dims = (names.CHAIN, names.DRAW, names.ROW, *([CATEGORY] if len(categories) else []))
    coords = {names.ROW: np.arange(len(values))}
    if len(categories):
        coords[CATEGORY] = np.asarray(categories, dtype=object)
    return xr.Dataset({name: (dims, shaped.transpose(last))}, coords=coords)


def described(
    described_by: pd.DataFrame, table: pd.DataFrame, categories: Sequence[str]
) -> pd.DataFrame:
    """Put what the estimates are of to the left of them; names that clash are marked."""
    import pandas as pd

    many = max(1, len(categories))
    left = described_by.loc[np.repeat(described_by.index, many)].reset_index(drop=True)
    if len(categories):
        left = left.assign(
            **{CATEGORY: np.tile(np.asarray(categories, dtype=object), len(described_by))}
        )
    left = left.rename(columns={c: f"{c} (data)" for c in left.columns if c in table.columns})
    return pd.concat([left, table], axis=1)
