"""The verb that writes a report, in the format its name asks for."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, overload

from bayes_alliance.answers.three_answers import Answers
from bayes_alliance.errors import DataError, listed
from bayes_alliance.report.answers_page import NUMBERS, answers_content
from bayes_alliance.report.blocks import Table
from bayes_alliance.report.content import ReportContent, build_content
from bayes_alliance.report.docx.document import render_document
from bayes_alliance.report.html import render_page
from bayes_alliance.report.markdown import write_folder
from bayes_alliance.report.report_data import data_place, report_data, write_data
from bayes_alliance.whole_file import check_room, gone_on_failure, write_whole

if TYPE_CHECKING:
    import pandas as pd

    from bayes_alliance.sampling.fit import Fit

SUFFIXES = (".html", ".htm", ".docx", ".md", ".json")
ANSWER_SUFFIXES = (*SUFFIXES, ".csv")


@overload
def write_report(  # type: ignore[overload-overlap]  # a text is a sequence too
    fit: Fit | Sequence[Fit] | Mapping[str, Fit] | Answers,
    path: str | Path,
    *,
    title: str | None = None,
    question: str | None = None,
    names: str | Sequence[str] = (),
) -> Path: ...
@overload
def write_report(
    fit: Fit | Sequence[Fit] | Mapping[str, Fit] | Answers,
    path: Sequence[str | Path],
    *,
    title: str | None = None,
    question: str | None = None,
    names: str | Sequence[str] = (),
) -> tuple[Path, ...]: ...
def write_report(
    fit: Fit | Sequence[Fit] | Mapping[str, Fit] | Answers,
    path: str | Path | Sequence[str | Path],
    *,
    title: str | None = None,
    question: str | None = None,
    names: str | Sequence[str] = (),
) -> Path | tuple[Path, ...]:
    """Write the report of a fit as a page, a Word document, Markdown or JSON.

    All formats show the same: the question, the answers in short, the data, the model, its
    priors, every estimate with its interval and accuracy, pictures, checks, a paragraph each for
    methods and results, and how to reproduce it. No client's row is in any of them. The ending
    of the name chooses the format:

    - ``.html``: one page that loads nothing from elsewhere;
    - ``.docx``: a Word document with real tables, captions, equations and headings;
    - ``.md``: Markdown, with its figures (SVG and PNG) in a folder ``<name>_figures`` beside it;
    - ``.json``: every number, unrounded. The three others carry these data too.

    Parameters
    ----------
    fit : Fit, sequence of Fit, Mapping[str, Fit] or Answers
        The fit. Of several, the first is the one reported, and the others are compared with it,
        under their names: ``{"varying": fit, "fixed": simpler}``. Without its rows the report
        leaves out what needs them, and says so. The answers of :func:`answer_questions` make a
        page of their own, or with ``.csv`` a table.
    path : str, Path or sequence of them
        Where to write; an existing file is replaced once the new one is whole. Several are the
        same report in several formats, computed once: ``["report.html", "report.docx"]``.
    title : str, optional
        Title of the report; one made from the outcome if left out.
    question : str, optional
        The question in your own words, shown above what the model asks; an empty line begins a
        new paragraph.
    names : sequence of str, optional
        Grouping factors whose groups are named: ``names=["case_manager"]``. The groups of all
        others are numbers, in an order that tells nothing. Groups with fewer than 5 rows in the
        middle, such as clients, have no place in sentences, ranks and tables unless their factor
        is named here.

    Returns
    -------
    Path or tuple of Path
        Where it was written; a tuple for several.

    Raises
    ------
    DataError
        If a name ends in none of these, its folder does not exist, or two are the same.
    MachineError
        If the disk is full, or the folder is closed to you; nothing is left there.
    ModelError
        If ``names`` holds what is no grouping factor of the model.

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> ba.write_report(fit, "report.html")  # doctest: +SKIP
    >>> ba.write_report([fit, simpler], "report.docx", names=["case_manager"])  # doctest: +SKIP
    """
    several, answers = not isinstance(path, str | Path), isinstance(fit, Answers)
    suffixes = ANSWER_SUFFIXES if answers else SUFFIXES
    places = check_report_paths([path] if isinstance(path, str | Path) else path, suffixes)
    if isinstance(fit, Answers):
        content = answers_content(fit, title=title, question=question, names=names)
    else:
        content = build_content(fit, title=title, question=question, names=names)
    written = tuple(write_content(content, place) for place in places)
    return written if several else written[0]


def check_report_paths(
    paths: Iterable[str | Path], suffixes: Sequence[str] = SUFFIXES
) -> list[Path]:
    """Refuse places where no report can be written, or where one would replace another.

    Raises
    ------
    DataError
        As :func:`check_report_path`; or if there is none, or one comes twice.
    """
    places = [check_report_path(path, suffixes) for path in paths]
    twice = [place for k, place in enumerate(places) if place in places[:k]]
    if not places or twice:
        raise DataError(
            "A report was to be written to several places.",
            f"{listed(twice)} comes twice." if twice else "No place was given.",
            'Give each once, for example ["report.html", "report.docx"].',
            paths=places,
        )
    return places


def write_content(content: ReportContent, path: str | Path) -> Path:
    """Write what a report shows, in the format of the path."""
    place = check_report_path(path, ANSWER_SUFFIXES)
    folder = data_place(place).parent if place.suffix.lower() == ".md" else None
    with contextlib.nullcontext() if folder is None else gone_on_failure(folder):
        write_whole(place, _WRITERS[place.suffix.lower()](content, place))
    return place


def check_report_path(path: str | Path, suffixes: Sequence[str] = SUFFIXES) -> Path:
    """Refuse a place where no report can be written, before hours of work go into it.

    Raises
    ------
    DataError
        If the path has another suffix, is a folder, or lies in none.
    MachineError
        If the disk is full, or the folder is closed to this user.
    """
    place = Path(path)
    asked = f"The report was to be written to {place}."
    if place.suffix.lower() not in suffixes:
        found = f"Its name ends in '{place.suffix}'." if place.suffix else "Its name has no suffix."
        stem = place.stem or "report"
        advice = f"Write {stem}.html for a page, or {stem}.docx, {stem}.md or {stem}.json."
        if ".csv" in suffixes:
            advice = f"{advice[:-1]}; {stem}.csv holds the numbers alone."
        raise DataError(asked, found, advice, path=place)
    if place.is_dir():
        raise DataError(asked, "That is a folder.", "Choose another name.", path=place)
    if not place.parent.is_dir():
        raise DataError(
            asked,
            f"There is no folder '{place.parent}'.",
            "Make the folder first, or choose another place.",
            path=place,
        )
    check_room(place)
    return place


# How a spreadsheet tells a formula in a file of cells from a text.
_RUN_BY_SPREADSHEETS = ("=", "+", "-", "@", "\t", "\r")


def _page(content: ReportContent, _place: Path) -> bytes:
    return render_page(content).encode()


def _document(content: ReportContent, _place: Path) -> bytes:
    return render_document(content)


def _data(content: ReportContent, _place: Path) -> bytes:
    return write_data(report_data(content), indent=1).encode()


def _numbers(content: ReportContent, _place: Path) -> bytes:
    """Write the table of the answers; without one, because a fit is bad, what is said instead."""
    import pandas as pd

    (section,) = (section for section in content.sections if section.key == NUMBERS)
    tables = [block.frame for block in section.blocks if isinstance(block, Table)]
    frame = tables[0] if tables else pd.DataFrame({"withheld": list(content.conclusions)})
    return str(as_cells(frame).to_csv(index=bool(tables))).encode()


def as_cells(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose texts a spreadsheet shows: it would run those that begin as formulas.

    Numbers, and texts that are numbers, stay.
    """
    columns = {
        str(_as_cell(str(name))): [_as_cell(value) for value in frame[name]]
        for name in frame.columns
    }
    index = frame.index.map(_as_cell)
    return type(frame)(columns, index=index)


def _as_cell(value: object) -> object:
    if not isinstance(value, str) or not value.startswith(_RUN_BY_SPREADSHEETS):
        return value
    try:
        float(value)
    except ValueError:
        return f"'{value}"
    return value


_WRITERS: dict[str, Callable[[ReportContent, Path], bytes]] = {
    ".html": _page,
    ".htm": _page,
    ".docx": _document,
    ".md": write_folder,
    ".json": _data,
    ".csv": _numbers,
}
