"""A fit made again from its record and the table it was made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, get_args

from bayes_alliance.data.provenance import EXAMPLE, READ_AS, reading_options
from bayes_alliance.data.scanning import ScannedTable, scan_table
from bayes_alliance.errors import DataError, ModelError, listed
from bayes_alliance.model.parametrization import Centring
from bayes_alliance.model.spec import Model, Question, changed_model
from bayes_alliance.report.session_record import data_record
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

_CENTRINGS = frozenset(get_args(Centring))
_COUNTS = {"rows_in_table": "rows", "rows_used": "rows that can be used"}


def recorded_table(
    record: Mapping[str, Any], data: pd.DataFrame | ScannedTable | str | Path | None
) -> pd.DataFrame | ScannedTable:
    """Return the table: as given, read as the record says, or the example.

    Raises
    ------
    DataError
        If no table is given and the record names no example.
    """
    own = record["data"]
    if isinstance(data, str | Path):
        if own["streamed_from"] is not None:
            return scan_table(data)
        from bayes_alliance.data.reading import read_table

        return _as_known(own, read_table(data, **reading_options({READ_AS: own["read_as"] or {}})))
    if data is not None:
        return data if isinstance(data, ScannedTable) else _as_known(own, data)
    if own["example"] is not None:
        from bayes_alliance.data.examples import load_example

        return load_example(own["example"])
    file = own["streamed_from"] or (own["read_as"] or {}).get("file", "your_table.csv")
    raise DataError(
        "A report was to be made again.",
        f"It holds no rows; it was made from a table with the columns {listed(own['columns'])}.",
        f"Give the table, for example data='{file}' (on the command line --data {file}).",
        columns=own["columns"],
    )


def _as_known(own: Mapping[str, Any], table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with what the report's own knew of itself and this one does not say."""
    known = {
        "source": own["source"],
        "simulated": own.get("simulated"),  # not in records of before
        EXAMPLE: own["example"],
    }
    same = table.copy(deep=False)
    same.attrs = {name: value for name, value in known.items() if value} | table.attrs
    return same


def remade_model(record: Mapping[str, Any], table: pd.DataFrame | ScannedTable) -> Model:
    """Build the model the record describes, every prior as it was, on the same rows.

    Raises
    ------
    DataError
        If the rows are others.
    ModelError
        If the record says of other groups how they are centred.
    """
    model = Model(
        record["formula"],
        table,
        record["family"],
        record["priors"],
        link=record["link"],
        question=Question(**record["question"]),
    )
    _check_same_rows(record["data"], data_record(model))
    centring = record["centring"]
    if set(centring) != set(model.groups) or not set(centring.values()) <= _CENTRINGS:
        raise ModelError(
            "A model was to be built again from a record.",
            f"Its record says how {listed(centring)} are centred; the model has "
            f"{listed(model.groups) or 'no groups'}.",
            "Choose a file written by write_report.",
        )
    chosen = set(record["priors_chosen"])
    entries = [replace(entry, chosen=entry.key in chosen) for entry in model.priors.entries]
    priors = replace(model.priors, entries=tuple(entries))
    return changed_model(model, priors=priors, centring=centring)


def remade_fit(record: Mapping[str, Any], model: Model) -> Fit:
    """Sample the model as the record says."""
    from bayes_alliance.sampling.run import sample

    settings = Settings(**record["settings"])
    fit = sample(model, seed=settings.seed, engine=settings.engine, **settings.length_and_tuning)
    fit = replace(fit, settings=settings)
    # A report of a fit without its rows leaves out what needs them.
    return fit if record.get("held", True) else _without_rows(fit)


def _without_rows(fit: Fit) -> Fit:
    """Return the fit as it comes back when it was saved without its rows."""
    from bayes_alliance.sampling.loading import load_fit

    with TemporaryDirectory() as folder:
        return load_fit(fit.save(Path(folder) / "without_rows.fit", data=False))


def _check_same_rows(then: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    found = _differences(then, now)
    if found:
        raise DataError(
            "A report was to be made again from this table.",
            f"Its rows are not those of the report: {'; '.join(found)}.",
            "Give the very table, with its rows in the same order, read with the same missing "
            "codes and the same decimal mark.",
            differences=found,
        )


def _differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Say in what two tables differ, from their records."""
    found = [
        f"it has {now[name]} {words}, the report's had {then[name]}"
        for name, words in _COUNTS.items()
        if now[name] != then[name]
    ]
    if then["fingerprint"] not in (None, now["fingerprint"]):
        before, after = then["fingerprint_by_column"], now["fingerprint_by_column"]
        # Where rows are missing every column differs, and that is no news.
        others = [] if found else [n for n in before if before[n] != after.get(n)]
        found += [f"other values in {listed(others)}"] if others else []
        found = found or ["its values are others"]
    learnt = then["learnt_sha256"]
    if not found and learnt is not None and learnt != now["learnt_sha256"]:
        found.append(
            "the group means or scalings of its predictors are others, so that rows differ which "
            "the model left out for a missing value"
        )
    return found
