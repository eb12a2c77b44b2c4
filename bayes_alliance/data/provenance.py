"""Where a table comes from, as the table itself remembers it: keys of its ``attrs``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

EXAMPLE = "example"  # name of the example it is
READ_AS = "read_as"  # file, and how it was read
AS_WRITTEN = "as_written"  # by column: the file's text of numbers that are written otherwise
LOST_CATEGORIES = "lost_categories"  # columns whose categories were numbers, which the file lost
NUMBERS_AS_TEXT = "numbers_as_text"  # columns of numbers kept as text, by two that are one number
READ_NOTES = "read_notes"  # what was decided when it was read: notes as JSON
CODEBOOK = "codebook"  # what is known of its variables: a codebook as JSON


def lost_categories(schema: Any) -> set[str]:
    """Return the columns of a Parquet file that pandas had as categories of numbers.

    The file has their numbers only. ``schema`` is pyarrow's.
    """
    from pyarrow import types

    columns = (schema.pandas_metadata or {}).get("columns", [])
    were = {column["field_name"] for column in columns if column["pandas_type"] == "categorical"}
    return {f.name for f in schema if f.name in were and not types.is_dictionary(f.type)}


def plain_codes(missing: Any) -> Any:
    """Write missing codes so that JSON can hold them and the same cells are missing again."""
    if isinstance(missing, Mapping):
        return {str(column): plain_codes(codes) for column, codes in missing.items()}
    if isinstance(missing, str) or not hasattr(missing, "__iter__"):
        value = missing.item() if hasattr(missing, "item") else missing
        return value if isinstance(value, str | int | float | bool | None) else str(value)
    return [plain_codes(code) for code in missing]


def reading_options(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that read a file again as the table with these ``attrs`` was read."""
    known = attributes.get(READ_AS) or {}
    how = (
        "encoding",
        "missing",
        "separator",
        "decimal",
        "thousands",
        "sheet",
        "header",
        "skip_last",
    )
    return {name: known[name] for name in how if known.get(name) is not None}
