"""The verb that makes a report again from its own record and compares all that it shows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bayes_alliance.errors import AllianceError, DataError, ModelError
from bayes_alliance.report.content import ReportContent, build_content
from bayes_alliance.report.received_report import NotAReportError, check_record
from bayes_alliance.report.report_data import read_report_data, report_data, write_data
from bayes_alliance.report.reproduction.document import (
    document_differences,
    document_word,
    tells_its_data,
)
from bayes_alliance.report.reproduction.lines import in_print
from bayes_alliance.report.reproduction.numbers import leaves, number_table, text_differences
from bayes_alliance.report.reproduction.outcome import Reproduction
from bayes_alliance.report.reproduction.remade_fit import recorded_table, remade_fit, remade_model
from bayes_alliance.report.session_record import RECORD_FORMAT, draws_digest, writing_versions
from bayes_alliance.sampling.run import NOT_INSTALLED, installed_versions

if TYPE_CHECKING:
    import pandas as pd

    from bayes_alliance.data.scanning import ScannedTable
    from bayes_alliance.model.spec import Model
    from bayes_alliance.sampling.fit import Fit

# In all chains, warm-up too; and the longest trajectory, as a power of two.
_MOST_DRAWS, _DEEPEST = 1_000_000, 20


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
        return remade_model(record, table)
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
