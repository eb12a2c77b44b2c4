"""The verb that makes a report again from its own record and compares every number."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bayes_alliance.errors import DataError
from bayes_alliance.report.content import build_content
from bayes_alliance.report.number_comparison import leaves, number_table, text_differences
from bayes_alliance.report.page_numbers import page_differences
from bayes_alliance.report.remade_fit import recorded_table, remade_fit, remade_model
from bayes_alliance.report.report_data import read_report_data, report_data, write_data
from bayes_alliance.report.reproduction_record import Reproduction
from bayes_alliance.report.session_record import RECORD_FORMAT, draws_digest
from bayes_alliance.sampling.run import NOT_INSTALLED, installed_versions

if TYPE_CHECKING:
    import pandas as pd

    from bayes_alliance.data.scanning import ScannedTable
    from bayes_alliance.sampling.fit import Fit

# How long it took and where the table lies is no result.
_NOT_COMPARED = frozenset({"reproduce"})


def reproduce(
    path: str | Path, data: pd.DataFrame | ScannedTable | str | Path | None = None
) -> Reproduction:
    """Make a report again and say whether its numbers come out.

    The report carries a record of the run that made it: formula, priors, settings, seed, versions
    and a digest of the table. The models are fitted again as the record says, and every number of
    the new report is held against the old one; of a page also every number its tables show.

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
        digits, with others within their Monte Carlo errors.

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
    models = [remade_model(own, table) for own in records]
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
    if record["record_format"] > RECORD_FORMAT:
        raise DataError(asked, "A newer version wrote its record.", "Update bayes-alliance.")
    return record


def _compared(
    path: str, reported: dict[str, Any], records: Sequence[Mapping[str, Any]], fits: tuple[Fit, ...]
) -> Reproduction:
    main = records[0]
    content = build_content(
        dict(zip(main.get("called") or _numbered(fits), fits, strict=True)),
        title=main["title"],
        question=main.get("asked"),
        names=_names(main, fits),
        place=main.get("place", "python"),  # reports of before have its words
    )
    # Written and read once, so that what JSON does to a number is done to both.
    made = json.loads(write_data(report_data(content)))
    then, now = leaves(reported, _NOT_COMPARED), leaves(made, _NOT_COMPARED)
    versions = _versions(records)
    same = bool(versions["same"].all()) and not any(record["interrupted"] for record in records)
    digests = [record["draws_sha256"] for record in records]
    same_draws = digests == [draws_digest(fit) for fit in fits]
    table = number_table(then, now, exact=same)
    texts = text_differences(then, now)
    if same:  # other versions may round otherwise
        texts += page_differences(path, reported)
    none_differs = bool((table["agrees"] != 0).all())
    compared = bool(table["agrees"].notna().any())
    # Draws that differ in their last digits show it in the numbers too.
    rounded = bool((table["difference"].abs() > 0).any())
    return Reproduction(
        path=path,
        agree=none_differs and compared and (not same or ((same_draws or rounded) and not texts)),
        same_versions=same,
        same_draws=same_draws,
        table=table,
        texts=texts,
        versions=versions,
        fits=fits,
    )


def _numbered(fits: Sequence[Fit]) -> list[str]:
    """Return what a record of format 1 calls its fits."""
    return [f"Model {k}" for k, _ in enumerate(fits, start=1)]


def _names(record: Mapping[str, Any], fits: Sequence[Fit]) -> list[str]:
    """Return the factors that were named; a record of format 1 names all of them or none."""
    if "names" in record:
        return list(record["names"])
    return [] if record["anonymise"] else [name for fit in fits for name in fit.model.groups]


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
