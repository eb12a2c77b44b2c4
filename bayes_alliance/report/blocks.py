"""What a report is made of: headed sections of plain blocks, in no format yet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

type Tone = Literal["fine", "note", "caution", "bad"]


@dataclass(frozen=True, kw_only=True)
class Heading:
    """A heading inside a section."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Paragraph:
    """A paragraph of plain text."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Items:
    """A list of sentences."""

    items: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Names with their values, in order."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Code:
    """Lines to be shown as they are."""

    text: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Notice:
    """Something to be noticed: good news, information, a caution, or a reason to stop."""

    tone: Tone
    title: str
    text: str
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table with its raw values; the index holds the row headings.

    Parameters
    ----------
    caption
        One sentence above the table.
    frame
        The values, unrounded.
    headings
        Heading of each column, by the column's name; a column left out keeps its name.
    row_heading
        Heading of the column with the row headings.
    diagnostics
        Columns that say how far a number can be trusted, not what it is.
    notes
        Sentences below the table.
    """

    caption: str
    frame: pd.DataFrame
    headings: dict[str, str]
    row_heading: str
    diagnostics: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A picture that is yet to be drawn, so that each format can draw it in its own way.

    Parameters
    ----------
    key
        A short name, unique in the report.
    caption
        One or two sentences below the picture.
    description
        What the picture shows, for those who cannot see it.
    draw
        Draws on the axes it is given and returns them.
    height
        Height in inches; the width is the report's.
    """

    key: str
    caption: str
    description: str
    draw: Callable[[Axes], Axes]
    height: float = 2.6


@dataclass(frozen=True, kw_only=True)
class Equation:
    """Lines of mathematics, in LaTeX without delimiters.

    Parameters
    ----------
    lines
        One formula a line.
    words
        The same in words, for those who cannot see it.
    """

    lines: tuple[str, ...]
    words: str


AUTHOR = "Left to the author"


@dataclass(frozen=True, kw_only=True)
class ChecklistItem:
    """One point of a reporting guideline.

    Parameters
    ----------
    point
        The guideline's number for it.
    asked
        What it asks for.
    answer
        How the report answers it, or what is left to the author.
    section
        Key of the section that answers it; None where none does.
    """

    point: str
    asked: str
    answer: str
    section: str | None

    @property
    def elsewhere(self) -> str:
        """What stands in the place of a section: the author, or nothing."""
        return AUTHOR if AUTHOR.lower() in self.answer.lower() else "–"


@dataclass(frozen=True, kw_only=True)
class Checklist:
    """A reporting guideline with the place of each answer."""

    caption: str
    items: tuple[ChecklistItem, ...]


type Block = (
    Heading | Paragraph | Items | Facts | Code | Notice | Table | Figure | Equation | Checklist
)


@dataclass(frozen=True, kw_only=True)
class Section:
    """A headed part of the report.

    Parameters
    ----------
    key
        Anchor, unique in the report.
    heading
        Shown in the contents list too.
    blocks
        What stands in it, in order.
    """

    key: str
    heading: str
    blocks: tuple[Block, ...]
