"""Writing a fit: zarr draws, JSON and a Parquet frame in one archive, and no pickle."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bayes_alliance import names
from bayes_alliance.data.provenance import EXAMPLE, READ_AS
from bayes_alliance.model.plain_columns import number_categories
from bayes_alliance.model.saved import column_fingerprints, model_to_json
from bayes_alliance.sampling.archive import write_archive
from bayes_alliance.sampling.linear_predictor import check_redrawn_fit

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from bayes_alliance.model.spec import Model
    from bayes_alliance.sampling.record import FitRecord

FORMAT = 6  # parameters of a family may have predictors of their own since this one
FORMAT_OF_CHUNKS = 5  # pieces of an array that are all zeros are written since this one
FORMAT_OF_SUMS = 3  # the sums of streamed rows have held what they hold since this one
META, ROWS, DRAWS = "fit.json", "rows.parquet", "draws.zarr/"
POSITION = "position_in_table"
FINGERPRINT = "fingerprint"
BY_COLUMN = "fingerprint_by_column"
# Groups that hold no number a row: a row's log likelihood alone gives its values back.
_ROWLESS_GROUPS = (
    names.POSTERIOR,
    names.SAMPLE_STATS,
    names.UNCONSTRAINED,
    names.OPTIMA,
    names.PROPOSALS,
    names.PRIOR,
    names.CONSTANT,
)


def write_fit(fit: FitRecord, path: Path, *, data: bool) -> Path:
    """Write a fit to one file; see :meth:`Fit.save`."""
    tree = fit.idata
    keep_rows = data and fit.has_data
    # The rows, or the sums of streamed rows, are what group effects are drawn from again.
    stream = fit.model.stream if data else None
    if not (keep_rows or stream):
        check_redrawn_fit("Saving a fit without its rows", fit)
        made = {name: _made(fit.posterior[name]) for name in fit.redrawn_effects}
        tree = fit.with_group(names.POSTERIOR, fit.posterior.assign(made)).idata
        tree = tree.filter(lambda node: node.name in _ROWLESS_GROUPS)
    elif fit.redrawn_effects:
        stored = fit.posterior.drop_vars(list(fit.redrawn_effects))
        tree = fit.with_group(names.POSTERIOR, stored).idata
    meta: dict[str, Any] = {
        "format": FORMAT,
        "model": model_to_json(fit.model, confidential=not (keep_rows or stream)),
        "columns": [str(c) for c in fit.model.frame.rows.columns],
        "categories": number_categories(fit.model.frame.rows),
        "settings": fit.settings.as_dict(),
        "seconds": dict(fit.seconds),
        "versions": dict(fit.versions),
        "interrupted": fit.interrupted,
        "notes": list(fit.notes),
        "streamed_from": fit.streamed_from,
        "provenance": _provenance(fit.model.frame.rows),
        "has_sums": stream is not None,
    }
    rows = fit.model.frame.rows
    meta["model"][BY_COLUMN] = column_fingerprints(rows) if fit.has_data else {}
    if not fit.has_data:
        meta["model"][FINGERPRINT] = rows.attrs[FINGERPRINT]
        meta["model"][BY_COLUMN] = rows.attrs.get(BY_COLUMN, {})
    members = {META: json.dumps(meta).encode(), **_draws_to_bytes(tree)}
    if keep_rows:
        members[ROWS] = _rows_to_bytes(fit.model)
    if stream:
        from bayes_alliance.model.streaming.kept_sums import stream_to_bytes

        members |= stream_to_bytes(stream)
    return write_archive(path, members)


def _provenance(rows: pd.DataFrame) -> dict[str, Any]:
    """Return how the table was made, as far as it says so itself."""
    return {key: rows.attrs[key] for key in (EXAMPLE, READ_AS) if key in rows.attrs}


def _made(lazy: xr.DataArray) -> tuple[tuple[Any, ...], Any]:
    """Make all draws of effects that were not stored."""
    return lazy.dims, lazy.to_numpy()


def _rows_to_bytes(model: Model) -> bytes:
    table = model.frame.rows.assign(**{POSITION: model.frame.positions})
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    return buffer.getvalue()


def _draws_to_bytes(tree: xr.DataTree) -> dict[str, bytes]:
    import zarr

    pieces: dict[str, Any] = {}
    with zarr.config.set({"array.write_empty_chunks": True}):
        store = zarr.storage.MemoryStore(pieces)  # not a folder: it may be full or not there
        tree.to_zarr(store, mode="w", consolidated=False, zarr_format=3)
    return {DRAWS + name: pieces[name].to_bytes() for name in sorted(pieces, key=_parts)}


def _parts(name: str) -> list[str]:
    """Return what files are sorted by, so that folders stay together."""
    return name.split("/")
