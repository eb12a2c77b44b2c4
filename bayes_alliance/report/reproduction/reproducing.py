"""The verb that makes a report again: the fit from its record and table, then all that it shows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, get_args

from bayes_alliance.data.provenance import EXAMPLE, READ_AS, reading_options
from bayes_alliance.data.scanning import ScannedTable, scan_table
from bayes_alliance.errors import AllianceError, DataError, ModelError, listed
from bayes_alliance.model.parametrization import Centring
from bayes_alliance.model.record import Question
from bayes_alliance.model.spec import Model, changed_model
from bayes_alliance.report.content import ReportContent, build_content
from bayes_alliance.report.received_report import NotAReportError, check_record
from bayes_alliance.report.report_data import read_report_data, report_data, write_data
from bayes_alliance.report.reproduction.document import (
    document_differences,
    document_word,
    tells_its_data,
)
from bayes_alliance.report.reproduction.lines import in_print
from bayes_alliance.report.reproduction.outcome import (
    Reproduction,
    leaves,
    number_table,
    text_differences,
)
from bayes_alliance.report.session_record import (
    RECORD_FORMAT,
    data_record,
    draws_digest,
    writing_versions,
)
from bayes_alliance.sampling.fit import Fit, check_one_number
from bayes_alliance.sampling.run import NOT_INSTALLED, installed_versions
from bayes_alliance.sampling.settings import Settings

if TYPE_CHECKING:
    import pandas as pd


# In all chains, warm-up too; and the longest trajectory, as a power of two.
_MOST_DRAWS, _DEEPEST = 1_000_000, 20
_CENTRINGS = frozenset(get_args(Centring))
_COUNTS = {"rows_in_table": "rows", "rows_used": "rows that can be used"}


def reproduce(
    path: str | Path, data: pd.DataFrame | ScannedTable | str | Path | None = None
) -> Reproduction:
    """Make a report again and say whether its numbers come out.

    The report carries a record of the run that made it: formula, priors, settings, seed, versions
    and a digest of the table. The models are fitted again as the record says, and every number of
    the new report is held against the old one. Then the whole document is held against the data it
    carries: every word, number, heading, caption and picture, and all that would change how it is
    seen. Of a Word document that is its words and pictures, not how they are set.

    Parameters
    ----------
    path : str or Path
        A report that :func:`write_report` wrote, in any format.
    data : pandas.DataFrame, ScannedTable, str or Path, optional
        The table the report was made from, or its file, which is read as it was then. May be left
        out for the examples.

    Returns
    -------
    Reproduction
        Whether the numbers agree: with the same versions on the same kind of machine to the last
        digits, with others within their Monte Carlo errors; and whether the document shows what
        its data say.

    Raises
    ------
    DataError
        If the file is no report, holds no record, or the table is not the one it was made from;
        the message says in what it differs.

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> ba.reproduce("report.html", data="clients.csv")  # doctest: +SKIP
    """
    reported = read_report_data(path)
    record = _checked(reported["record"], path)
    records = [record, *record["others"]]
    table = recorded_table(record, data)
    # All tables are checked before the first fit is made.
    models = [_model(own, table, path) for own in records]
    fits = tuple(remade_fit(own, model) for own, model in zip(records, models, strict=True))
    return _compared(str(path), reported, records, fits)


def _checked(record: Mapping[str, Any], path: str | Path) -> Mapping[str, Any]:
    asked = f"The report {path} was to be made again."
    if not record:
        raise DataError(
            asked,
            "It holds no record of its run.",
            "Give the report of a fit; a page of answers has none.",
        )
    written = record.get("record_format")
    if isinstance(written, int) and written > RECORD_FORMAT:
        raise DataError(asked, "A newer version wrote its record.", "Update bayes-alliance.")
    try:
        check_record(record)
    except NotAReportError as error:
        found = f"It is no report as this package writes them: {error}."
        raise DataError(asked, found, "Choose a file written by write_report.") from error
    for run in (record, *record["others"]):
        _check_length(run["settings"], asked)
    return record


def _check_length(settings: Mapping[str, Any], asked: str) -> None:
    """Refuse a run that would take a day, or the memory, before anything is computed."""
    draws = settings["chains"] * (settings["draws"] + settings["tune"])
    if draws > _MOST_DRAWS or settings["max_tree_depth"] > _DEEPEST:
        raise DataError(
            asked,
            f"Its record asks for {draws:,} draws, of trajectories of up to "
            f"2^{settings['max_tree_depth']} steps; a report is made again up to {_MOST_DRAWS:,} "
            f"draws and 2^{_DEEPEST} steps.",
            "Run the program in its last section yourself if that is what was done.",
            draws=draws,
        )


def _model(record: Mapping[str, Any], table: pd.DataFrame | ScannedTable, path: Any) -> Model:
    """Build the model of a record; whatever a made-up one brings about ends in a sentence."""
    asked = f"The report {path} was to be made again."
    try:
        model = remade_model(record, table)
        check_one_number(model, "reproduce")  # before it is sampled: it has no report yet
        return model
    except ModelError as error:
        found = in_print(" ".join(str(error).split()))
        found = f"The model in its record cannot be built. {found}"
        raise DataError(asked, found, "Choose a file written by write_report.") from error
    except AllianceError:
        raise
    except Exception as error:
        found = "The model in its record cannot be built from this table."
        raise DataError(asked, found, "Choose a file written by write_report.") from error


def _compared(
    path: str, reported: dict[str, Any], records: Sequence[Mapping[str, Any]], fits: tuple[Fit, ...]
) -> Reproduction:
    main = records[0]
    content, versions = _content(main, fits), _versions(records)
    same = bool(versions["same"].all()) and not any(record["interrupted"] for record in records)
    same_draws = [own["draws_sha256"] for own in records] == [draws_digest(fit) for fit in fits]
    # Written and read once, so that what JSON does to a number is done to both.
    then, now = leaves(reported), leaves(json.loads(write_data(report_data(content))))
    table = number_table(then, now, exact=same)
    # Draws that differ in their last digits show it in the numbers too.
    rounded = bool((table["difference"].abs() > 0).any())
    texts = text_differences(then, now, rounded=rounded and not same_draws)
    writers = _other_writers(main)
    numbers_agree = _none_differs(table["agrees"])
    # Draws that are others make other pictures: those say nothing of a change.
    pictures = same and not writers and numbers_agree
    shown = document_differences(path, reported, content, pictures=pictures)
    # Another version may lay out otherwise what it tells; it may not tell something else.
    told = not shown or (bool(writers) and tells_its_data(path, reported, content))
    as_before = not same or ((same_draws or rounded) and not texts)
    return Reproduction(
        path=path,
        agree=numbers_agree and as_before and told,
        same_versions=same,
        same_draws=same_draws,
        table=table,
        texts=texts,
        document=document_word(path),
        shown=shown,
        told=told,
        writers=writers,
        versions=versions,
        fits=fits,
    )


def _content(main: Mapping[str, Any], fits: tuple[Fit, ...]) -> ReportContent:
    """Return the report's content, made again from the fits that were made again."""
    return build_content(
        dict(zip(main.get("called") or _numbered(fits), fits, strict=True)),
        title=main["title"],
        question=main.get("asked"),
        names=_names(main, fits),
        place=main.get("place", "python"),  # reports of before have its words
    )


def _none_differs(agrees: pd.Series[float]) -> bool:
    """Tell whether numbers were compared and none is another."""
    return bool((agrees != 0).all() and agrees.notna().any())


def _other_writers(record: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what wrote the document in another version than the one at hand, in words."""
    then, now = record.get("written_with", {}), writing_versions()
    return tuple(
        f"{name} {in_print(then.get(name, 'of before'))} (here {own})"
        for name, own in now.items()
        if then.get(name) != own
    )


def _numbered(fits: Sequence[Fit]) -> list[str]:
    """Return what a record of format 1 calls its fits."""
    return [f"Model {k}" for k, _ in enumerate(fits, start=1)]


def _names(record: Mapping[str, Any], fits: Sequence[Fit]) -> list[str]:
    """Return the factors that were named; a record of format 1 names all of them or none."""
    if "names" in record:
        return list(record["names"])
    return (
        [] if record.get("anonymise", True) else [name for fit in fits for name in fit.model.groups]
    )


def _versions(records: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return the versions then and now; of several then, the one that is not here."""
    import pandas as pd

    now = installed_versions()
    then: dict[str, str] = {}
    for used in [records[0]["report_versions"], *(record["versions"] for record in records)]:
        then |= {name: held for name, held in used.items() if held != now.get(name)}
    lines = {name: (then.get(name, held), held) for name, held in now.items()}
    lines |= {name: (held, "none") for name, held in then.items() if name not in now}
    table = pd.DataFrame(lines.values(), columns=["then", "now"], index=list(lines))
    # What is not installed has no version that could be the same.
    table["same"] = (table["then"] == table["now"]) & (table["now"] != NOT_INSTALLED)
    return table


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
