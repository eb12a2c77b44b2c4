"""What goes wrong while a table is scanned, in words that say what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bayes_alliance.errors import DataError


def table_changed(found: str) -> DataError:
    """Return the error for rows that were others at the second reading."""
    return DataError(
        "A scanned table is read twice: for its groups, then for the sums.",
        f"The table changed while it was read: {found}.",
        "Give rows that stay: copy a file that is still written to, and let a query neither draw "
        "at random nor depend on the clock.",
    )


@contextmanager
def reading(source: str) -> Iterator[None]:
    """Say of a failed reading which table it was, in the library's own first words.

    Raises
    ------
    DataError
        If polars or the file system gives up.
    """
    import polars as pl
    import pyarrow as pa

    try:
        yield
    except (pl.exceptions.PolarsError, pa.ArrowException, OSError) as error:
        words = str(error).strip()
        raise DataError(
            f"The table ({source}) was to be scanned.",
            f"It could not be read: {_first_line(words) or type(error).__name__}.",
            "Check that the files are whole Parquet files with the same columns and types, and "
            "that a query runs with collect().",
            source=source,
        ) from error


@contextmanager
def known_categories() -> Iterator[None]:
    """Say that the table changed where a text is none of the categories found before.

    Raises
    ------
    DataError
        If polars finds no place for a text.
    """
    import polars as pl

    try:
        yield
    except pl.exceptions.InvalidOperationError as error:
        if "to `enum` failed" not in str(error):
            raise
        raise table_changed("a category came up that was not there before") from error


def _first_line(words: str) -> str:
    return words.splitlines()[0].rstrip(".") if words else ""
