"""The verb that turns a file into a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from bayes_alliance.data.codebooks.applying import apply_codebook, merged
from bayes_alliance.data.codebooks.files import read_codebook
from bayes_alliance.data.codebooks.record import Codebook, to_json
from bayes_alliance.data.formats.compression import unpacked
from bayes_alliance.data.formats.contract import Format, Found, Request
from bayes_alliance.data.formats.registry import format_of, is_table_name
from bayes_alliance.data.missing_codes import Missing
from bayes_alliance.data.provenance import CODEBOOK, READ_AS, plain_codes
from bayes_alliance.data.reading_notes import keep_notes
from bayes_alliance.errors import Advice, DataError, did_you_mean, listed


def read_table(
    path: str | Path,
    *,
    encoding: str | None = None,
    missing: Missing = (),
    separator: str | None = None,
    decimal: str | None = None,
    thousands: str | None = None,
    sheet: str | int | None = None,
    header: int | tuple[int, int] | None = None,
    skip_last: int | None = None,
    codebook: Codebook | str | Path | None = None,
) -> pd.DataFrame:
    r"""Read a table of clients from a file; its content says what it is, then its suffix.

    Ids are never changed: text is kept to the letter, and a column with leading zeros (``007``)
    or with whole numbers too long to be exact stays text. So does a column of numbers in which
    two texts are one number (``3.1`` and ``3.10``): ``attrs["numbers_as_text"]`` names it, and a
    model takes it as numbers where it is an outcome or a predictor and as ids where it names
    groups. Blanks around a number do not count, nor does the sign of ``-0.0``.

    What is not said is found out where it is beyond doubt, and :func:`check_data` says what was
    found: encoding, separator, decimal mark, titles above the names, totals and remarks below the
    rows, which sheet. Where two readings would give different numbers, the file is refused with
    the options that tell them apart.

    Parameters
    ----------
    path : str or Path
        Text (``.csv``, ``.tsv``, ``.tab``, ``.txt``, ``.dat``), Excel (``.xlsx``, ``.xlsm``,
        ``.xlsb``, ``.xls``), OpenDocument (``.ods``), SPSS (``.sav``, ``.zsav``, ``.por``), Stata
        (``.dta``), SAS (``.sas7bdat``, ``.xpt``), Parquet, or Feather and Arrow; each also packed
        (``.gz``, ``.bz2``, ``.xz``, ``.zst``, or the only file of a ``.zip``). Up to 2.1 GB.
    encoding : str, optional
        How text was saved. A byte order mark is accepted.
    missing : code, sequence of codes, or mapping of column to codes
        Values that mean "no answer" in this study, such as ``(-99, "refused")``. In text files and
        workbooks an empty cell, ``NA``, ``N/A``, ``#N/A``, ``NaN``, ``nan``, ``NULL`` and ``.``
        always do. A mapping limits codes to the columns it names.
    separator : str, optional
        What stands between two values of a text file.
    decimal : {".", ","}, optional
        The decimal mark of a text file. Where it is named, nothing stands between thousands unless
        ``thousands`` says so.
    thousands : str, optional
        What stands between thousands in a text file.
    sheet : str or int, optional
        The sheet of a workbook: its name, or its place from 1.
    header : int or (int, int), optional
        The line or row with the names of the columns, counted from 1; the first and the last of
        them where the names are in several. Rows above are no data.
    skip_last : int, optional
        How many rows at the end are no data; blank ones do not count. With 0 every row is data.
    codebook : Codebook, str or Path, optional
        What the columns mean, or a file of it as :meth:`Codebook.save` writes. Where it and the
        table's own file disagree, it holds.

    Returns
    -------
    pandas.DataFrame
        Numbers and truth values as NumPy columns, text as ``str``, categories of a Parquet file
        in their order. Whole numbers and truth values with gaps become floats, a gap being NaN.
        Codes that the file or the codebook marks as "no answer" are gaps. Numbers with labels
        stay numbers, unless they are nominal and every value has a label: then they are
        categories, in the order of the codes. ``attrs["read_as"]`` says how it was read,
        ``attrs["as_written"]`` how the file writes ids that are numbers (``3.10``). What the
        columns mean is kept in ``attrs`` too, and given by :func:`codebook`.

    Raises
    ------
    DataError
        If there is no such file, its type is not supported, it is damaged, it is not one
        well-formed table, or it can be read in two ways.

    Examples
    --------
    >>> clients = read_table("clients.csv", missing={"stigma": -99})  # doctest: +SKIP
    >>> items = read_table("agency.xlsx", sheet="2024", header=4)  # doctest: +SKIP
    """
    path = Path(path)
    rows = _header_rows(header)
    _check_options(separator, decimal, thousands, skip_last)
    _check_is_file(path)
    given = read_codebook(codebook) if isinstance(codebook, str | Path) else codebook
    request = Request(
        encoding=encoding,
        separator=separator,
        decimal=decimal,
        thousands=thousands,
        missing=missing,
        sheet=sheet,
        header=rows,
        skip_last=skip_last,
        known_codes={} if given is None else {own.name: own.missing for own in given},
    )
    return _read(path, request, given)


def _read(path: Path, request: Request, given: Codebook | None) -> pd.DataFrame:
    """Read a file and let the table remember how."""
    content = unpacked(path)
    own, notes = format_of(content)
    _check_meant(own, request, content.name)
    found = own.read(content, request)
    _check_rows(found, path.name)
    known = merged(found.codebook, given, found.table.columns)
    table, applied = apply_codebook(found.table, known, given)
    missing = plain_codes(request.missing)
    read_as: dict[str, Any] = {"file": path.name, "rows": len(table), "missing": missing}
    table.attrs |= found.remembered | {READ_AS: read_as | found.read_as}
    if len(known):
        table.attrs[CODEBOOK] = to_json(known)
    keep_notes(table, [*notes, *found.notes, *applied])
    return table


def _check_rows(found: Found, file: str) -> None:
    if len(found.table):
        return
    raise DataError(
        f"Rows were to be read from {file}.",
        f"It has {len(found.table.columns)} columns and no rows.",
        "Check that the export finished and that it is the right file.",
        columns=list(found.table.columns),
    )


def _header_rows(header: int | tuple[int, int] | None) -> tuple[int, int] | None:
    """Return the first and the last row of the names."""
    if header is None:
        return None
    try:
        first, last = (header, header) if isinstance(header, int) else map(int, header)
    except (TypeError, ValueError):
        first, last = 0, 0
    if not 1 <= first <= last:
        raise DataError(
            f"The names of the columns were to be taken from row {header}.",
            "Rows are counted from 1, and the first of several comes before the last.",
            Advice(
                python="Use header=4, or header=(1, 2) for names in two rows.",
                command_line="Use --header 4, or --header 1-2 for names in two rows.",
            ),
            header=header,
        )
    return first, last


def _check_options(
    separator: str | None, decimal: str | None, thousands: str | None, skip_last: int | None
) -> None:
    if separator is not None and len(separator) != 1:
        raise DataError(
            f"The table was to be split at the separator {separator!r}.",
            "A separator is exactly one character.",
            r"Use ',', ';', '\t' or '|'.",
            separator=separator,
        )
    if decimal not in (None, ".", ","):
        raise DataError(
            f"Numbers were to be read with the decimal mark {decimal!r}.",
            "A decimal mark is a point or a comma.",
            Advice(
                python="Use decimal='.' or decimal=','.",
                command_line="Use --decimal . or --decimal , instead.",
            ),
            decimal=decimal,
        )
    if thousands is not None and (
        len(thousands) != 1 or thousands.isalnum() or thousands == decimal or thousands in "+-"
    ):
        raise DataError(
            f"Numbers were to be read with {thousands!r} between thousands.",
            "That is one character, no letter or digit, and not the decimal mark.",
            "Use '.', ',', ' ' or an apostrophe.",
            thousands=thousands,
        )
    if skip_last is not None and skip_last < 0:
        raise DataError(
            f"{skip_last} rows were to be left out at the end.",
            "That is less than none.",
            "Give 0 or more.",
            skip_last=skip_last,
        )


def _check_meant(own: Format, request: Request, file: str) -> None:
    """Refuse an option that means nothing for such a file: it would be left out silently."""
    asked = {
        "sheet": request.sheet is not None,
        "header": request.header is not None,
        "skip_last": request.skip_last is not None,
    }
    wrong = [name for name, is_asked in asked.items() if is_asked and name not in own.takes]
    if not wrong:
        return
    option = wrong[0].replace("_", "-")
    raise DataError(
        f"{file} was to be read with an option for a part of it.",
        f"It is {own.name}, "
        + ("which has no sheets." if wrong[0] == "sheet" else "whose names and rows are known."),
        Advice(python=f"Leave {wrong[0]} out.", command_line=f"Leave --{option} out."),
        option=wrong[0],
    )


def _check_is_file(path: Path) -> None:
    if path.is_file():
        return
    if path.is_dir():
        inside = _tables_in(path)
        raise DataError(
            f"{path.name or path} was to be read as a table.",
            f"It is a folder{f' with {listed(inside)}' if inside else ''}.",
            "Name one file.",
            files=inside,
        )
    if not path.parent.is_dir():
        raise DataError(
            f"{path.name} was to be read.",
            f"There is no folder '{path.parent}'.",
            "Check the folder's name.",
            path=str(path),
        )
    nearby = _tables_in(path.parent)
    there = f"; it holds {listed(nearby)}" if nearby else ""
    raise DataError(
        f"{path.name} was to be read.",
        f"The folder '{path.parent}' has no such file{there}.",
        f"{did_you_mean(path.name, nearby)}Check the name, its suffix and its case.",
        path=str(path),
        files=nearby,
    )


def _tables_in(folder: Path) -> list[str]:
    names = sorted(entry.name for entry in folder.iterdir() if entry.is_file())
    return [name for name in names if is_table_name(name)]
