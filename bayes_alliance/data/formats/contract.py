"""What a reader of a format is given and what it hands back."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from bayes_alliance.data.codebooks.record import Codebook
from bayes_alliance.data.missing_codes import Missing, MissingCodes, codes_by_column
from bayes_alliance.data.report import Note
from bayes_alliance.errors import Words

if TYPE_CHECKING:
    import pandas as pd

type HeaderRows = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the user said about a file; None where it is to be found out.

    Parameters
    ----------
    encoding, separator, decimal, thousands
        How a text file is written.
    missing
        Codes for "no answer".
    sheet
        A sheet of a workbook, by name or by its place from 1.
    header
        The first and the last row of the column names, counted from 1.
    skip_last
        Rows at the end that are no data.
    known_codes
        Codes for "no answer" of single columns, as a codebook has them.
    """

    encoding: str | None = None
    separator: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    missing: Missing = ()
    sheet: str | int | None = None
    header: HeaderRows | None = None
    skip_last: int | None = None
    known_codes: Mapping[str, tuple[str, ...]] = MappingProxyType({})

    def codes(self, columns: Iterable[str]) -> dict[str, MissingCodes]:
        """Return the codes for "no answer" of every column."""
        return codes_by_column(self.missing, columns, self.known_codes)


@dataclass(frozen=True, kw_only=True)
class Content:
    """The bytes of a table, unpacked: on the disk or in memory.

    Parameters
    ----------
    name
        The file's name as the user knows it.
    suffix
        What the unpacked name ends in, in small letters.
    path
        Where it lies, if it was not packed.
    raw
        The bytes, if it was packed.
    """

    name: str
    suffix: str
    path: Path | None = None
    raw: bytes | None = None

    def head(self, size: int) -> bytes:
        """Return the first bytes."""
        if self.raw is not None:
            return self.raw[:size]
        assert self.path is not None  # one of the two is given
        with self.path.open("rb") as stream:
            return stream.read(size)

    def read(self) -> bytes:
        """Return all bytes."""
        if self.raw is not None:
            return self.raw
        assert self.path is not None
        return self.path.read_bytes()

    @property
    def size(self) -> int:
        """Number of bytes."""
        if self.raw is not None:
            return len(self.raw)
        assert self.path is not None
        return self.path.stat().st_size

    @contextlib.contextmanager
    def on_disk(self) -> Iterator[Path]:
        """Give a path for readers that want one."""
        if self.raw is None:
            assert self.path is not None
            yield self.path
            return
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder) / f"table{self.suffix}"
            place.write_bytes(self.raw)
            yield place


@dataclass(frozen=True, kw_only=True)
class Found:
    """A table as a reader found it.

    Parameters
    ----------
    table
        The columns; missing codes of the user are gaps.
    notes
        What was decided on the way, for the user to know.
    codebook
        What the file says of its variables.
    remembered
        What the table is to know of itself: entries of its ``attrs``.
    read_as
        How it was read, where that is not what is done if nothing is said.
    """

    table: pd.DataFrame
    notes: Sequence[Note] = ()
    codebook: Codebook = field(default_factory=Codebook)
    remembered: dict[str, Any] = field(default_factory=dict)
    read_as: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Format:
    """One format: how it is known, and how it is read.

    Parameters
    ----------
    name
        In a sentence: ``an SPSS file``.
    suffixes
        What names of such files end in.
    is_content
        Tells by its first bytes, and by the whole if it must, whether something is of this format;
        None if it cannot be told.
    read
        Reads it.
    takes
        Which of the options ``sheet``, ``header`` and ``skip_last`` mean something.
    save_again
        What to do if it is damaged.
    """

    name: str
    suffixes: tuple[str, ...]
    is_content: Callable[[bytes, Content], bool] | None
    read: Callable[[Content, Request], Found]
    takes: frozenset[str] = frozenset()
    save_again: Words = "Copy it again, or save the table once more."
