"""A program of its own that reads one file with a library that a damaged file may break.

It is started by ``isolation.py`` with limits on memory and time, imports nothing of the package,
and leaves ``about.json`` and, for columns, ``values.arrow`` in a folder.
"""

from __future__ import annotations

import datetime
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

MOST_CELLS = 50_000_000


class TooLargeError(Exception):
    """A sheet says that it has more cells than are read."""


def limit(memory: int, seconds: int) -> None:
    """Take no more than so many bytes and seconds of computing."""
    try:
        import resource
    except ImportError:  # Windows
        return
    for what, most in (("RLIMIT_AS", memory), ("RLIMIT_CPU", seconds), ("RLIMIT_CORE", 0)):
        resource.setrlimit(getattr(resource, what), (most, most))


def read_columns(path: str, out: Path, asked: dict[str, Any]) -> dict[str, Any]:
    """Read a file of SPSS, Stata or SAS: codes as they stand, dates as numbers."""
    import pyreadstat

    reader = getattr(pyreadstat, asked["reader"])
    options = {"output_format": "dict", "disable_datetime_conversion": True}
    if asked["reader"] in ("read_sav", "read_dta", "read_sas7bdat"):
        options["user_missing"] = True
    if asked.get("encoding"):
        options["encoding"] = asked["encoding"]
    columns, meta = reader(path, **options)
    letters = write_columns(columns, meta, out)
    return {
        "names": list(meta.column_names),
        "rows": meta.number_rows,
        "labels": {n: w for n, w in meta.column_names_to_labels.items() if w},
        "values": {n: list(v.items()) for n, v in meta.variable_value_labels.items()},
        "ranges": {n: [[r["lo"], r["hi"]] for r in v] for n, v in meta.missing_ranges.items()},
        "letters": letters,
        "levels": dict(meta.variable_measure),
        "formats": dict(meta.original_variable_types),
        "kinds": dict(meta.readstat_variable_types),
        "encoding": meta.file_encoding,
    }


def write_columns(columns: dict[str, list[Any]], meta: Any, out: Path) -> dict[str, dict[str, int]]:
    """Write the columns; return how often each missing value with a letter is in them."""
    import pyarrow as pa

    letters: dict[str, dict[str, int]] = {}
    arrays = []
    for name in meta.column_names:
        values = columns[name]
        if meta.readstat_variable_types.get(name) == "string":
            arrays.append(pa.array(values, type=pa.string()))
            continue
        counts: dict[str, int] = {}
        for value in values:
            if isinstance(value, str):
                counts[value] = counts.get(value, 0) + 1
        if counts:
            letters[name] = counts
            values = [None if isinstance(value, str) else value for value in values]
        arrays.append(pa.array(values, type=pa.float64()))
    table = pa.Table.from_arrays(arrays, names=[str(k) for k in range(len(arrays))])
    with (
        pa.OSFile(str(out / "values.arrow"), "wb") as sink,
        pa.ipc.new_file(sink, table.schema) as writer,
    ):
        writer.write_table(table)
    return letters


def read_sheets(path: str, out: Path, asked: dict[str, Any]) -> dict[str, Any]:
    """Read the sheets of a workbook that hold cells: the stored values."""
    from python_calamine import CalamineWorkbook

    with open(path, "rb") as stream:  # by its content: a name may say another format
        workbook = CalamineWorkbook.from_filelike(stream)
    sheets = []
    for about in workbook.sheets_metadata:
        kind = str(about.typ).rpartition(".")[2]
        own: dict[str, Any] = {
            "name": about.name,
            "kind": kind,
            "hidden": not str(about.visible).endswith(".Visible"),
        }
        if kind == "WorkSheet":
            own |= cells_of(workbook.get_sheet_by_name(about.name))
        sheets.append(own)
    return {"sheets": sheets}


def cells_of(sheet: Any) -> dict[str, Any]:
    """Return the cells of a sheet, from the first that holds something."""
    if sheet.height * sheet.width > MOST_CELLS:
        raise TooLargeError(f"{sheet.height} rows of {sheet.width} columns")
    merged = sheet.merged_cell_ranges or []
    return {
        "start": list(sheet.start or (0, 0)),
        "rows": [[plain(value) for value in row] for row in sheet.to_python()],
        "merged": [[*first, *last] for first, last in merged],
    }


def plain(value: Any) -> Any:
    """Return a cell as JSON has it: dates and times in a list with what they are."""
    if isinstance(value, float | str | bool | int):
        return value
    if isinstance(value, datetime.datetime | datetime.date):
        return ["date", value.isoformat()]
    if isinstance(value, datetime.timedelta):
        seconds = value.total_seconds()
        sign, whole = "-" if seconds < 0 else "", abs(round(seconds))
        return ["time", f"{sign}{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"]
    return ["time", value.isoformat()]


READERS: dict[str, Callable[[str, Path, dict[str, Any]], dict[str, Any]]] = {
    "columns": read_columns,
    "sheets": read_sheets,
}


def main() -> int:
    """Read as asked; say in ``about.json`` what was found, or what the library said."""
    asked = json.loads(sys.argv[1])
    out = Path(asked["out"])
    limit(asked["memory"], asked["seconds"])
    try:
        about = READERS[asked["what"]](asked["path"], out, asked)
    except BaseException as error:  # a panic of Rust is no Exception
        about = {"error": type(error).__name__, "message": str(error)}
    (out / "about.json").write_text(json.dumps(about), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
