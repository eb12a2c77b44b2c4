"""Parquet, Feather and Arrow files: columns with types of their own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from bayes_alliance.data.columns import ordinary_column
from bayes_alliance.data.formats.contract import Content, Format, Found, Request
from bayes_alliance.data.headers import clean_header
from bayes_alliance.data.provenance import LOST_CATEGORIES, lost_categories
from bayes_alliance.errors import DataError

_SAVE_AGAIN = "Copy it again, or save the table as CSV."


def _read(content: Content, request: Request, *, named: str, load: Callable[[Path], Any]) -> Found:
    """Read columns; their gaps are their own, so only the user's codes are added to them."""
    from pyarrow import ArrowException, types

    try:
        with content.on_disk() as path:
            arrow = load(path)
        arrow.validate(full=True)
        # A filtered pandas table stores its old row numbers: they are no data.
        fields = [
            position
            for position, field in enumerate(arrow.schema)
            if not (field.name.startswith("__index_level_") and types.is_integer(field.type))
        ]
        arrow = arrow.select(fields)
        header = clean_header(arrow.column_names, file=content.name)
        table = arrow.rename_columns(header.names).to_pandas(ignore_metadata=True)
        lost = lost_categories(arrow.schema)
    except (ArrowException, OSError, ValueError, KeyError, TypeError, OverflowError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(
            f"{content.name} was to be read as {named}.",
            f"It is damaged, cut short or not {named.partition(' ')[2]} at all.",
            _SAVE_AGAIN,
            file=content.name,
        ) from error
    codes = request.codes(table.columns)
    found = pd.DataFrame(
        {name: codes[name].blank_out(ordinary_column(table[name])) for name in table.columns}
    )
    own = zip(header.names, arrow.column_names, strict=True)
    return Found(
        table=found,
        notes=header.notes,
        remembered={LOST_CATEGORIES: [name for name, written in own if written in lost]},
    )


def _parquet(path: Path) -> Any:
    from pyarrow import parquet

    return parquet.read_table(path, partitioning=None, page_checksum_verification=True)


def _arrow(path: Path) -> Any:
    from pyarrow import feather

    return feather.read_table(path, memory_map=False)


PARQUET = Format(
    name="a Parquet file",
    suffixes=(".parquet", ".pq"),
    is_content=lambda head, content: head.startswith(b"PAR1"),
    read=partial(_read, named="a Parquet file", load=_parquet),
    save_again=_SAVE_AGAIN,
)
ARROW = Format(
    name="an Arrow (Feather) file",
    suffixes=(".feather", ".arrow", ".ipc"),
    is_content=lambda head, content: head.startswith((b"ARROW1", b"FEA1")),
    read=partial(_read, named="an Arrow (Feather) file", load=_arrow),
    save_again=_SAVE_AGAIN,
)
