"""Showing records and sentences: with rich in a terminal, as plain text anywhere else."""

from __future__ import annotations

import contextlib
import sys
import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from bayes_alliance.data.report import Note
    from bayes_alliance.model.data_report import ModelDataReport

_WIDTH = 88
# What was decided when a table was read has been said when it was.
_SAID_WHEN_READ = "read_"
_COLOURS = {"fine": "green", "caution": "yellow", "bad": "bold red"}


def _is_terminal() -> bool:
    return sys.stdout.isatty()


def show_table(title: str, table: pd.DataFrame, *notes: str) -> None:
    """Show a table with its row headings."""
    from bayes_alliance.display import as_text, cells, on_screen

    if not _is_terminal():
        print(as_text(title, table, *notes))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    def cell(value: object) -> Text:
        return Text(on_screen(str(value).replace("\n", r"\n")))

    shown = Table(title=cell(title), title_justify="left", box=None, pad_edge=False)
    shown.add_column(cell("" if table.index.name is None else table.index.name))
    for column in table.columns:
        numeric = table[column].dtype.kind in "iuf"
        shown.add_column(cell(column), justify="right" if numeric else "left")
    for label, row in cells(table).iterrows():
        shown.add_row(cell(label), *map(cell, row))
    console = Console()
    console.print(shown)
    for note in notes:
        console.print(Text(on_screen(note)))


def show_level(level: str, text: str) -> None:
    """Show a finding or a verdict in the colour of its level."""
    from bayes_alliance.display import on_screen

    text = on_screen(text)
    if not _is_terminal():
        print(text)
        return
    from rich.console import Console
    from rich.text import Text

    Console().print(Text(text, style=_COLOURS.get(level, "")))


def show_reading(notes: Iterable[Note]) -> None:
    """Show what was decided when a table was read, fine or not: nothing is decided silently."""
    with contextlib.suppress(OSError):
        for note in notes:
            show_level(note.level, f"{note.level}: {note.said_in('command line')}")
        sys.stdout.flush()


def show_notes(notes: Iterable[Note]) -> None:
    """Show what was seen in the data, in the words of the command line; nothing that is fine."""
    # Whoever reads no more may want the file all the same, which is still to be written.
    with contextlib.suppress(OSError):
        for note in notes:
            if note.is_told and not note.code.startswith(_SAID_WHEN_READ):
                show_level(note.level, f"{note.level}: {note.said_in('command line')}")
        sys.stdout.flush()


def show_seen(report: ModelDataReport) -> None:
    """Say what was seen in a model's data, before minutes go into sampling or a report."""
    from bayes_alliance.display import on_screen

    with contextlib.suppress(OSError):
        print(on_screen(report.rows_in_words))
    show_notes(report.notes)


def show_items(sentences: tuple[str, ...]) -> None:
    """Show sentences as a list, folded to the width of a page."""
    from bayes_alliance.display import on_screen

    for sentence in sentences:
        # One minus sign on the screen, that of the numbers a program reads.
        plain = on_screen(sentence).replace("\N{MINUS SIGN}", "-")
        print(textwrap.fill(plain, _WIDTH, initial_indent="- ", subsequent_indent="  "))
