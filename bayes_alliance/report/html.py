"""The verb that writes a report: one HTML page that needs nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bayes_alliance.errors import DataError
from bayes_alliance.report.blocks import Table
from bayes_alliance.report.content import ReportContent, build_content
from bayes_alliance.report.style import svg_of
from bayes_alliance.report.tables import cell, is_numeric
from bayes_alliance.whole_file import write_whole

if TYPE_CHECKING:
    from bayes_alliance.sampling.fit import Fit

_TEMPLATES = Path(__file__).parent / "templates"
_SUFFIXES = (".html", ".htm")


def write_report(
    fit: Fit, path: str | Path, *, title: str | None = None, anonymise: bool = False
) -> Path:
    """Write the report of a fit to one self-contained page.

    The page shows the question, the answers in short, the data, the model, its priors, every
    estimate with its interval and accuracy, the predictive check, the verdict, and how to
    reproduce it. It holds no client's row and loads nothing from elsewhere.

    Parameters
    ----------
    fit : Fit
        The fit. Without its rows the report leaves out what needs them, and says so.
    path : str or Path
        A file ending in ``.html``; an existing one is replaced once the new one is whole.
    title : str, optional
        Title of the report; one made from the outcome if left out.
    anonymise : bool
        Show numbers in the place of the groups' own labels.

    Returns
    -------
    Path
        Where it was written.

    Raises
    ------
    DataError
        If the path does not end in ``.html`` or its folder does not exist.

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> ba.write_report(fit, "report.html")  # doctest: +SKIP
    """
    check_report_path(path)
    return write_content(build_content(fit, title=title, anonymise=anonymise), path)


def write_content(content: ReportContent, path: str | Path) -> Path:
    """Write what a report shows to one page."""
    place = check_report_path(path)
    write_whole(place, render_page(content).encode())
    return place


def check_report_path(path: str | Path) -> Path:
    """Refuse a place where no report can be written, before hours of work go into it.

    Raises
    ------
    DataError
        If the path does not end in ``.html``, is a folder, or lies in none.
    """
    place = Path(path)
    asked = f"The report was to be written to {place}."
    if place.suffix.lower() not in _SUFFIXES:
        found = f"Its name ends in '{place.suffix}'." if place.suffix else "Its name has no suffix."
        advice = f"Reports are HTML pages: write {place.stem or 'report'}.html."
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
    return place


def render_page(content: ReportContent) -> str:
    """Return the page as text."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(svg_of=svg_of, rows_of=_rows)
    environment.tests["numeric_column"] = lambda column, table: is_numeric(table, column)
    style = (_TEMPLATES / "report.css").read_text(encoding="utf-8")
    return environment.get_template("report.html.j2").render(report=content, style=style)


def _rows(table: Table) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return each row as its heading and its cells, each with its column's name."""
    columns = [str(column) for column in table.frame.columns]
    values: list[Any] = table.frame.astype(object).to_numpy().tolist()
    return [
        (str(label), [(c, cell(c, value)) for c, value in zip(columns, row, strict=True)])
        for label, row in zip(table.frame.index, values, strict=True)
    ]
