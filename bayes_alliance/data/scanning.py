"""A table too large to hold: what is known of it before a row is read, and its rows in batches."""

from __future__ import annotations

import glob
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.data.provenance import lost_categories
from bayes_alliance.display import as_html, as_text
from bayes_alliance.errors import DataError

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

type Kind = Literal["number", "truth", "text", "other"]

# Where a streamed model's frame, which has no rows, keeps the name of their source.
STREAMED_FROM = "streamed_from"
_PARQUET = (".parquet", ".pq")
_WILD = "*?["
type Batch = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, kw_only=True, eq=False)
class ScannedTable:
    """A table whose rows are read in batches and never held.

    Parameters
    ----------
    lazy : polars.LazyFrame
        The rows, unread.
    kinds : Mapping[str, str]
        ``number``, ``truth``, ``text`` or ``other``, by column.
    types : Mapping[str, str]
        The columns' types in polars' words.
    level_order : Mapping[str, tuple of str]
        Order of the categories of the columns that have one of their own; the categories of all
        others are sorted.
    source : str
        Where the rows come from.
    rows_a_batch : int
        Rows held at a time.
    memory : float
        Gigabytes that a model's sums may take.
    lost_categories : frozenset of str
        Columns that were categories of numbers, of which a Parquet file keeps the numbers only.
    """

    lazy: pl.LazyFrame
    kinds: Mapping[str, Kind]
    types: Mapping[str, str]
    level_order: Mapping[str, tuple[str, ...]]
    source: str
    rows_a_batch: int
    memory: float
    lost_categories: frozenset[str] = frozenset()

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(self.kinds)

    def complete(self, columns: Iterable[str]) -> ScannedTable:
        """Return the rows that have a value in each of these columns."""
        import polars as pl

        has_value = [self.is_gap(name).not_() for name in columns]
        return replace(self, lazy=self.lazy.filter(pl.all_horizontal(has_value)))

    def is_gap(self, column: str) -> pl.Expr:
        """Return the polars expression for a missing value: a null, or not a number."""
        import polars as pl

        value = pl.col(column)
        if self.types[column].startswith("Float"):
            return value.is_null() | value.is_nan().fill_null(False)
        return value.is_null()

    @property
    def table(self) -> pd.DataFrame:
        """One row a column: its type, and what a model takes it for."""
        import pandas as pd

        words = {"number": "number", "truth": "0 or 1", "text": "categories", "other": "nothing"}
        return pd.DataFrame(
            {
                "type": list(self.types.values()),
                "taken for": [words[kind] for kind in self.kinds.values()],
            },
            index=pd.Index(self.columns, name="column"),
        )

    def __str__(self) -> str:
        return as_text(f"Scanned table ({self.source})", self.table)

    def __repr__(self) -> str:
        return f"ScannedTable({self.source!r}, {len(self.columns)} columns)"

    def _repr_html_(self) -> str:
        return as_html(f"Scanned table ({self.source})", self.table)


def scan_table(
    source: str | Path | pl.LazyFrame, *, rows_a_batch: int = 1 << 17, memory: float = 2.0
) -> ScannedTable:
    """Look at a table without reading its rows, for models of more rows than memory holds.

    ``Model(formula, scan_table(path))`` reads the rows twice, batch by batch: once for levels and
    groups, once for the sums. What is left of them are the sums a Gaussian model needs; the
    ``collapsed`` engine samples from those, however many rows there were.

    Parameters
    ----------
    source : str, pathlib.Path or polars.LazyFrame
        A Parquet file, a folder of them, a pattern such as ``"visits/*.parquet"``, or a query of
        polars. It must give the same rows in the same order each time it is read.
    rows_a_batch : int
        Rows held at a time; more are no faster.
    memory : float
        Refuse models whose sums would take more gigabytes.

    Returns
    -------
    ScannedTable
        The columns and their types.

    Raises
    ------
    DataError
        If there is no such file, it is not Parquet, it cannot be read, or polars is not installed.

    Notes
    -----
    Text is sorted into categories as in a pandas table. Categories that come with an order, in
    a polars ``Enum`` or in the dictionary of a Parquet file, keep it. ``log()`` and its like,
    ``scale()``, ``center()``, ``within()``, ``between()``, ``C()``, ``offset()``, interactions and
    weights can be streamed. Splines and polynomials need the whole column and are refused.

    Folders named ``year=2024`` below the one that is given are a column ``year``; whole numbers
    in such names are numbers.

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> visits = ba.scan_table("visits.parquet")  # doctest: +SKIP
    >>> model = ba.Model("alliance ~ stigma + (1 | case_manager)", visits)  # doctest: +SKIP
    >>> fit = ba.sample(model, seed=1)  # doctest: +SKIP
    """
    _check_polars()
    _check_positive(rows_a_batch=rows_a_batch, memory=memory)
    import polars as pl

    order: dict[str, tuple[str, ...]] = {}
    lost: set[str] = set()
    query = isinstance(source, pl.LazyFrame)
    name = "a polars query" if query else str(source)
    with reading(name):
        if isinstance(source, pl.LazyFrame):
            lazy = source
        else:
            files = _files(source)
            lazy = pl.scan_parquet(files, hive_partitioning=_is_partitioned(source, files))
        schema = lazy.collect_schema()
        if not query:
            order, lost = _stored_order(files[0]), _lost_categories(files[0])
    order |= {c: tuple(t.categories) for c, t in schema.items() if isinstance(t, pl.Enum)}
    return ScannedTable(
        lazy=lazy,
        kinds={column: _kind(kind) for column, kind in schema.items()},
        types={column: str(kind) for column, kind in schema.items()},
        level_order=order,
        source=name,
        rows_a_batch=rows_a_batch,
        memory=memory,
        lost_categories=frozenset(lost),
    )


def streamed_from(rows: pd.DataFrame) -> str | None:
    """Return where the rows of a frame were streamed from, or None if they were in memory."""
    source: str | None = rows.attrs.get(STREAMED_FROM)
    return source


def _check_polars() -> None:
    try:
        import polars  # noqa: F401
    except ImportError as error:
        raise DataError(
            "A table was to be scanned.",
            "That is done by polars, which is not installed.",
            "Install it with: pip install 'bayes-alliance[polars]'.",
        ) from error


def _check_positive(**options: float) -> None:
    for name, value in options.items():
        if not value > 0:
            raise DataError(
                "A table was to be scanned.",
                f"{name} is {value:g}.",
                f"Give a {name} greater than 0.",
                option=name,
            )


def _is_partitioned(source: str | Path, files: list[Path]) -> bool:
    """Tell whether folders below the one that was given are named ``column=value``."""
    given = Path(source).parts
    wild = [k for k, part in enumerate(given) if any(sign in part for sign in _WILD)]
    depth = len(given) if Path(source).exists() else wild[0]
    return any("=" in folder for file in files for folder in file.parts[depth:-1])


def _files(source: object) -> list[Path]:
    """Return the Parquet files that are meant, in the order of their names."""
    if not isinstance(source, str | Path):
        raise DataError(
            "A table was to be scanned.",
            f"It is a {type(source).__name__}.",
            "Give the path of a Parquet file or a polars LazyFrame; a table that is in memory "
            "goes to Model as it is.",
        )
    path = Path(source)
    if any(sign in str(source) for sign in _WILD) and not path.exists():
        files = sorted(Path(found) for found in glob.glob(str(source), recursive=True))
    elif path.is_dir():
        files = sorted(found for found in path.rglob("*") if found.suffix.lower() in _PARQUET)
    else:
        files = [path] if path.is_file() else []
    if not files:
        raise DataError(
            f"The table {source} was to be scanned.", "There is no such file.", "Check the path."
        )
    other = [file.name for file in files if file.suffix.lower() not in _PARQUET]
    if other:
        raise DataError(
            f"The table {source} was to be scanned.",
            f"{other[0]} is not a Parquet file.",
            "Give a Parquet file, or scan it with polars and give the LazyFrame, for example "
            "polars.scan_csv(path).",
            file=other[0],
        )
    return files


def _stored_order(file: Path) -> dict[str, tuple[str, ...]]:
    """Return the categories of dictionary columns in the order in which the file keeps them."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    parquet = pq.ParquetFile(file)
    fields = [f.name for f in parquet.schema_arrow if pa.types.is_dictionary(f.type)]
    if not fields or not parquet.num_row_groups:
        return {}
    first = parquet.read_row_group(0, columns=fields)
    return {
        name: tuple(str(level) for level in first.column(name).chunk(0).dictionary.to_pylist())
        for name in fields
        if first.column(name).num_chunks
    }


def _lost_categories(file: Path) -> set[str]:
    import pyarrow.parquet as pq

    return lost_categories(pq.read_schema(file))


def _kind(kind: Any) -> Kind:
    import polars as pl

    if kind.is_numeric():
        return "number"
    if kind == pl.Boolean:
        return "truth"
    return "text" if isinstance(kind, pl.String | pl.Enum | pl.Categorical) else "other"


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


class GapError(Exception):
    """A batch has a missing or infinite value; the reader did not expect any."""


def batches(
    table: ScannedTable, columns: Sequence[str], levels: Mapping[str, Sequence[str]]
) -> Iterator[Batch]:
    """Yield the columns of some rows at a time, in the table's order.

    Parameters
    ----------
    table
        Where the rows come from.
    columns
        Those wanted.
    levels
        Categories of the text columns; such a column comes as places among them.

    Raises
    ------
    GapError
        If a value is missing or infinite.
    DataError
        If a text is none of the categories.
    """
    wanted = [_expression(table, name, levels) for name in columns]
    found = table.lazy.select(wanted).collect_batches(
        chunk_size=table.rows_a_batch, maintain_order=True, engine="streaming"
    )
    while True:
        with known_categories():
            rows = next(found, None)
        if rows is None:
            return
        yield {series.name: _values(series) for series in rows.iter_columns()}


def _expression(table: ScannedTable, name: str, levels: Mapping[str, Sequence[str]]) -> pl.Expr:
    import polars as pl

    column = pl.col(name)
    if name in levels and table.kinds[name] == "text":
        text = column if table.types[name] == "String" else column.cast(pl.String)
        return text.cast(pl.Enum(list(levels[name]))).to_physical()
    return column.cast(pl.Float64) if table.types[name].startswith("Decimal") else column


def _values(series: pl.Series) -> NDArray[Any]:
    if series.null_count():
        raise GapError(series.name)
    values = series.to_numpy()
    # One sum finds what would take a look at every value: a gap or an infinity spoils it.
    with np.errstate(all="ignore"):
        whole = values.dtype.kind != "f" or math.isfinite(np.sum(values, dtype=np.float64))
    if not whole:
        raise GapError(series.name)
    return values
