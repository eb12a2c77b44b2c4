"""Reading a saved fit back: checked, whole, and without learning anything anew."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_alliance import names
from bayes_alliance.data.provenance import reading_options
from bayes_alliance.data.scanning import STREAMED_FROM, ScannedTable
from bayes_alliance.errors import (
    CHOOSE_A_FIT,
    Advice,
    AllianceError,
    DataError,
    SamplingError,
    listed,
)
from bayes_alliance.model.frame import ModelFrame, build_frame
from bayes_alliance.model.plain_columns import with_categories
from bayes_alliance.model.pymc_model import build_coords
from bayes_alliance.model.saved import (
    column_fingerprints,
    fingerprint,
    model_from_json,
    with_stream,
)
from bayes_alliance.model.spec import changed_model
from bayes_alliance.model.streaming.kept_sums import ARRAYS, CELLS, WORDS, stream_from_bytes
from bayes_alliance.sampling.archive import (
    NotAFitError,
    check_arrays,
    check_parquet,
    draws_of,
    read_archive,
)
from bayes_alliance.sampling.container import draws_dataset
from bayes_alliance.sampling.engines.collapsed.effects import Recovery
from bayes_alliance.sampling.engines.collapsed.engine import redrawn_effects
from bayes_alliance.sampling.engines.collapsed.problem import collapsed_problem
from bayes_alliance.sampling.engines.contract import public_variables
from bayes_alliance.sampling.engines.registry import ENGINES
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.settings import Settings
from bayes_alliance.sampling.store import (
    BY_COLUMN,
    DRAWS,
    FINGERPRINT,
    FORMAT,
    FORMAT_OF_CHUNKS,
    FORMAT_OF_SUMS,
    META,
    POSITION,
    ROWS,
)

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from bayes_alliance.model.spec import Model

_MEMBERS = {META, ROWS, ARRAYS, CELLS, WORDS}
_SAMPLE = (names.CHAIN, names.DRAW)


def load_fit(path: str | Path, *, data: pd.DataFrame | str | Path | None = None) -> Fit:
    """Load a saved fit.

    Parameters
    ----------
    path : str or Path
        A file written by :meth:`Fit.save`.
    data : pandas.DataFrame, str or Path, optional
        The table the model was fitted to, for a fit saved without its rows; or its file, which is
        read as it was then. It is checked to be the very table, for a fit with its rows too.

    Returns
    -------
    Fit
        As it was saved. Without its rows it answers everything that does not need them.

    Raises
    ------
    SamplingError
        If the file is missing, cut short, changed, or written by a newer format, or holds the
        sums of streamed rows as an older version kept them.
    DataError
        If the table is not the one the model was fitted to, with the columns in which it differs,
        the fit is of streamed rows, or the table is a scanned one or none.

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> fit = ba.load_fit("study.fit")  # doctest: +SKIP
    """
    members = read_archive(Path(path))
    try:
        return _fit(members, path, data)
    except AllianceError:
        raise
    except NotAFitError as error:
        raise _not_a_fit(path, f"It is no fit as this package writes them: {error}.") from error
    except MemoryError as error:
        raise _not_a_fit(path, "It does not fit into the memory of this machine.") from error
    # Whatever else a made-up file can bring about, it ends in the same sentence.
    except Exception as error:
        raise _not_a_fit(path, "It is no fit as this package writes them.") from error


def _not_a_fit(path: str | Path, found: str) -> SamplingError:
    return SamplingError(f"The fit {path} was to be loaded.", found, CHOOSE_A_FIT)


def _fit(
    members: dict[str, bytes], path: str | Path, data: pd.DataFrame | str | Path | None
) -> Fit:
    """Make the fit of the members of its file."""
    draws = {name.removeprefix(DRAWS): v for name, v in members.items() if name.startswith(DRAWS)}
    if len(draws) + len(_MEMBERS & members.keys()) != len(members):
        raise NotAFitError("there is something beside its draws and its model")
    meta = json.loads(members[META])
    _check_format(meta, path)
    _check_table(meta.get("streamed_from"), data)
    model = _model(meta, members, _read(data, meta))
    settings = Settings(**meta["settings"])
    if settings.engine not in ENGINES:
        raise NotAFitError("no engine of this package drew it")
    tree = draws_of(draws, whole=meta["format"] >= FORMAT_OF_CHUNKS)
    _check_draws(model, tree, settings, cut=meta["interrupted"])
    return Fit(
        model=model,
        idata=_with_effects(model, tree, settings.seed),
        settings=settings,
        seconds=meta["seconds"],
        versions=meta["versions"],
        interrupted=meta["interrupted"],
        has_data=len(model.frame.rows) > 0,
        notes=tuple(meta["notes"]),
    )


def _check_format(meta: Mapping[str, Any], path: str | Path) -> None:
    """Refuse what a newer version wrote, and sums that an older one kept less in."""
    written = meta["format"]
    if written > FORMAT:
        raise SamplingError(
            f"The fit {path} was to be loaded.",
            f"A newer version wrote it (format {written}; this one reads {FORMAT}).",
            "Update bayes-alliance.",
        )
    if meta.get("has_sums") and written < FORMAT_OF_SUMS:
        seed, source = meta["settings"]["seed"], meta.get("streamed_from")
        raise SamplingError(
            f"The fit {path} was to be loaded.",
            f"Its rows were streamed, and an older version kept less in their sums (format "
            f"{written}; sums are read from format {FORMAT_OF_SUMS} on).",
            Advice(
                python=f"Fit the model again to scan_table({source!r}), with seed={seed}.",
                command_line=f"Ask for a fit of {source} by a newer version.",
            ),
            format=written,
        )


def _check_table(streamed_from: str | None, data: Any) -> None:
    """Refuse tables that a fit cannot take back."""
    if data is None:
        return
    if streamed_from is not None:
        raise DataError(
            "A table was given for a fit that is to be loaded.",
            f"Its rows were streamed from {streamed_from}; such a fit never holds rows.",
            Advice(
                python="Load it without data=. For what needs rows, fit the model to a sample in "
                "memory.",
                command_line="Leave --data out. For what needs rows, fit the model to a file with "
                "a sample of them.",
            ),
            streamed_from=streamed_from,
        )
    if isinstance(data, ScannedTable):
        raise DataError(
            "A table was given for a fit that was saved without its rows.",
            "It is a scanned table, whose rows are not held.",
            "Give the table in memory, for example pandas.read_parquet(path).",
        )
    if not (isinstance(data, str | Path) or hasattr(data, "columns")):
        raise DataError(
            "A table was given for a fit that is to be loaded.",
            f"It is a {type(data).__name__}, and no table.",
            "Give a pandas DataFrame, or the path of its file.",
        )


def _read(data: pd.DataFrame | str | Path | None, meta: Mapping[str, Any]) -> pd.DataFrame | None:
    """Return the table; from a file as the fit's own was read."""
    if not isinstance(data, str | Path):
        return data
    from bayes_alliance.data.reading import read_table

    return read_table(data, **reading_options(meta.get("provenance", {})))


def _model(meta: dict[str, Any], members: dict[str, bytes], data: pd.DataFrame | None) -> Model:
    import pandas as pd

    saved = meta["model"]
    if ROWS in members:
        check_parquet(members[ROWS], saved["rows_used"])
        table = pd.read_parquet(io.BytesIO(members[ROWS]))
        positions = table.pop(POSITION).to_numpy(dtype=np.int64)
        table = with_categories(table, meta.get("categories", {}))
        if fingerprint(table) != saved[FINGERPRINT]:
            raise NotAFitError("its rows are not the ones that were saved")
        model = model_from_json(saved, table, positions)
        if data is not None:
            _same_rows(model, data, saved)
        return model
    empty = pd.DataFrame({column: [] for column in meta["columns"]})
    empty.attrs |= meta.get("provenance", {})
    empty.attrs[FINGERPRINT] = saved[FINGERPRINT]
    empty.attrs[BY_COLUMN] = saved.get(BY_COLUMN, {})
    if meta.get("streamed_from") is not None:
        empty.attrs[STREAMED_FROM] = meta["streamed_from"]
    model = model_from_json(saved, empty, np.zeros(0, dtype=np.int64))
    if meta.get("has_sums"):
        check_arrays(members[ARRAYS])
        check_parquet(members[CELLS], None)
        return with_stream(model, stream_from_bytes(members, model.frame, model.design))
    if data is None:
        return model
    frame = _same_rows(model, data, saved)
    model = model_from_json(saved, frame.rows, frame.positions)
    # What a fit without rows does not tell of the other columns is seen in the table again.
    return changed_model(model, frame=replace(model.frame, table=frame.table))


def _same_rows(model: Model, data: pd.DataFrame, saved: Mapping[str, Any]) -> ModelFrame:
    """Return the rows of a table, or refuse it and say in what it differs from the fit's."""
    frame = build_frame(model.formula, data, model.family)
    if fingerprint(frame.rows) == saved[FINGERPRINT]:
        return frame
    counts = {"rows_in_table": "rows", "rows_used": "rows that can be used"}
    now = {"rows_in_table": frame.rows_in_table, "rows_used": frame.rows_used}
    found = [
        f"it has {now[name]} {words}, the fit's had {saved[name]}"
        for name, words in counts.items()
        if now[name] != saved[name]
    ][:1]
    before, own = saved.get(BY_COLUMN, {}), column_fingerprints(frame.rows)
    others = [name for name in before if before[name] != own.get(name)]
    # Where rows are missing every column differs, and that is no news.
    if not found and others:
        found.append(f"other values, or another order of the rows, in {listed(others)}")
    raise DataError(
        "A table was given for a fit that is to be loaded.",
        "Its rows are not the ones the model was fitted to"
        + (f": {'; '.join(found)}." if found else "."),
        "Give the very table, in the same order and with the same missing codes.",
        differences=found,
    )


def _check_draws(model: Model, tree: xr.DataTree, settings: Settings, *, cut: bool) -> None:
    """Refuse draws that are not those of the model, variable by variable and label by label."""
    posterior = tree[names.POSTERIOR].to_dataset()
    effects = {names.u(group) for group in model.groups}
    missing = set(public_variables(model)) - set(map(str, posterior.data_vars))
    redrawn = effects if names.UNCONSTRAINED in tree.children else set()
    if not missing <= redrawn or len(posterior.data_vars) + len(missing) != len(
        public_variables(model)
    ):
        raise NotAFitError("its draws are of other parameters than its model has")
    sizes = (posterior.sizes[names.CHAIN], posterior.sizes[names.DRAW])
    wanted = (settings.chains, settings.draws)
    fewer = all(own <= whole for own, whole in zip(sizes, wanted, strict=True))
    if sizes != wanted and not (cut and fewer):
        raise NotAFitError("it has another number of draws than it says")
    for group in (names.SAMPLE_STATS, names.UNCONSTRAINED):
        if group in tree.children and tuple(tree[group].sizes[d] for d in _SAMPLE) != sizes:
            raise NotAFitError("its groups have different numbers of draws")
    values = {str(name): array.to_numpy() for name, array in posterior.data_vars.items()}
    # Where group effects are drawn again their labels stand here without them.
    labels = {**build_coords(model), **{d: range(n) for d, n in zip(_SAMPLE, sizes, strict=True)}}
    unlike = [
        dim
        for dim, coordinate in posterior.coords.items()
        if list(coordinate.to_numpy()) != list(labels.get(str(dim), ()))
    ]
    expected = draws_dataset(model, values)
    if unlike or not all(array.equals(posterior[name]) for name, array in expected.items()):
        raise NotAFitError("its draws have other labels than its model")


def _with_effects(model: Model, tree: xr.DataTree, seed: int) -> xr.DataTree:
    """Promise again the group effects that were too large to store."""
    import xarray as xr

    posterior = tree[names.POSTERIOR].to_dataset()
    if all(names.u(group) in posterior for group in model.groups):
        return tree
    recovery = Recovery(
        model=model,
        theta=tree[names.UNCONSTRAINED][names.THETA].to_numpy(),
        seed=seed,
        problem=collapsed_problem(model),
    )
    known = (
        posterior[names.B].to_numpy().reshape(recovery.draws, -1) if names.B in posterior else None
    )
    effects = draws_dataset(model, redrawn_effects(recovery, known))
    whole: xr.DataTree = tree.copy()
    whole[names.POSTERIOR] = xr.DataTree(posterior.assign(effects.data_vars))
    return whole
