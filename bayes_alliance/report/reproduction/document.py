"""The whole document a reader sees, held line by line against the data it carries."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from bayes_alliance.report.content import ReportContent
from bayes_alliance.report.docx.document import render_document
from bayes_alliance.report.html import render_page
from bayes_alliance.report.markdown import figure_files, render_markdown
from bayes_alliance.report.received_report import NotAReportError, file_bytes
from bayes_alliance.report.report_data import data_place
from bayes_alliance.report.reproduction.lines import Lines, differences
from bayes_alliance.report.reproduction.shown_words import same_words, word_pictures, word_text
from bayes_alliance.report.reproduction.told_content import figures_of, told_content
from bayes_alliance.report.style import png_of, svg_file_of

if TYPE_CHECKING:
    from PIL import Image

_OPEN, _CLOSE = "<svg ", "</svg>"
_MOST_DRAWINGS = 1_000  # of a page
_HEADING = re.compile(r"<h2[^>]*>(.*?)</h2>|^## (.*)$|^# (.*)$")
_CAPTION = re.compile(r"<caption>(.*?)</caption>|^\*\*(?:Table|Figure) \d+\.\*\* (.*)$")
_ROW = re.compile(r'<th scope="row">(.*?)</th>')
_IMAGE = re.compile(r"\]\(([^()\s/:]+)/[^()\s/]+\.png\)")

# Points of the page. Another order of adding changes the last of the six digits that are written.
_SEEN = 1e-4
# Of 255 steps of brightness: what rounding does to the edge of a line.
_STEPS = 8
_PIECES = re.compile(r"<[^<>]*>|[^<]+|<")
_NUMBER = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)")
_NAMED = re.compile(r'( id="|url\(#|href="#)([^")]*)')
_TAG = re.compile(r"<([a-zA-Z][\w:-]*)")
_DRAWN = frozenset(
    {"svg", "defs", "style", "g", "path", "use", "clipPath", "rect", "text", "tspan", "image"}
)


def document_differences(
    path: str | Path, data: Mapping[str, Any], made: ReportContent, *, pictures: bool
) -> tuple[str, ...]:
    """Return where a document shows something else than its data say, in words.

    Parameters
    ----------
    path
        The report.
    data
        What :func:`read_report_data` reads from it.
    made
        The report made again, which draws the pictures.
    pictures
        Whether the pictures were drawn by the versions at hand from the same draws, so that they
        must be the same.
    """
    place = Path(path)
    if not document_word(place):
        return ()
    compared, word = _FORMATS[place.suffix.lower()]
    try:
        return tuple(compared(place, told_content(data, figures_of(made)), pictures))
    # A made-up formula or number can stop whoever sets it; no report that was written does.
    except Exception as error:
        return (f"the {word} cannot be made from its data ({type(error).__name__})",)


def tells_its_data(path: str | Path, data: Mapping[str, Any], made: ReportContent) -> bool:
    """Tell whether a document tells every word of its data and no other, however laid out.

    Parameters
    ----------
    path, data, made
        As in :func:`document_differences`.
    """
    place = Path(path)
    if not document_word(place):
        return True
    try:
        return _TOLD[place.suffix.lower()](place, told_content(data, figures_of(made)))
    # As above: what cannot be set cannot be held against anything.
    except Exception:
        return False


def document_word(path: str | Path) -> str:
    """Return what a report is called in sentences; nothing where it is its data alone."""
    return _FORMATS.get(Path(path).suffix.lower(), (None, ""))[1]


def _page_tells(path: Path, told: ReportContent) -> bool:
    """Hold the words against each other, and let no picture hold anything but lines and words."""
    shown, meant = _text(file_bytes(path)), _text(render_page(told).encode())
    return same_words(shown, meant) and all(map(only_drawn, _parted(shown)[1]))


def _text_tells(path: Path, told: ReportContent) -> bool:
    shown, meant = (own.split() for own in _both_texts(path, told))
    return shown == meant


def _word_tells(path: Path, told: ReportContent) -> bool:
    both = (io.BytesIO(file_bytes(path)), io.BytesIO(render_document(told)))
    shown, meant = (" ".join(word_text(own)).split() for own in both)
    return shown == meant and len(word_pictures(both[0])) == len(word_pictures(both[1]))


def _page(path: Path, told: ReportContent, pictures: bool) -> Iterator[str]:
    shown, meant = _text(file_bytes(path)), _text(render_page(told).encode())
    yield from page_differences(shown, meant, list(figures_of(told)), pictures=pictures)


def page_differences(
    shown: str, meant: str, figures: Sequence[str], *, pictures: bool
) -> Iterator[str]:
    """Say where a page differs from the one its data make.

    Parameters
    ----------
    shown, meant
        Both pages, their lines ended alike.
    figures
        What the figures are called, in order.
    pictures
        Whether the pictures must be the same.
    """
    (rest, drawn), (kept, wanted) = (_parted(page) for page in (shown, meant))
    own, right = _page_lines(rest), _page_lines(kept)
    yield from differences(own, right, "the page")
    if len(drawn) != len(wanted):
        yield f"the page has {len(drawn)} pictures, its data tell of {len(wanted)}"
        return
    for number, (held, due) in enumerate(zip(drawn, wanted, strict=True)):
        if not (same_drawing(held, due) if pictures else only_drawn(held)):
            yield f"Figure {number + 1} ({figures[number]}): the page shows another picture"


def _parted(page: str) -> tuple[str, list[str]]:
    """Return the page with a mark in the place of each drawing, and the drawings."""
    kept: list[str] = []
    drawings: list[str] = []
    while True:
        before, opened, rest = page.partition(_OPEN)
        drawing, closed, after = rest.partition(_CLOSE)
        if not (opened and closed) or len(drawings) == _MOST_DRAWINGS:
            return "".join([*kept, page]), drawings
        kept += [before, "<svg>"]
        drawings.append(opened + drawing + closed)
        page = after


def _text(content: bytes, wrong: str = "strict") -> str:
    """Return text without what a mail program may do to its line ends."""
    text = content.decode("utf-8-sig", wrong)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _page_lines(text: str) -> Lines:
    return Lines(lines=[line.rstrip() for line in text.rstrip().split("\n")], place=_place_in_page)


def _place_in_page(lines: list[str], number: int) -> str:
    """Name the section, the table and the row in which a line stands."""
    row = caption = ""
    for line in reversed(lines[: number + 1]):
        if not caption:
            row = row or _first(_ROW, line)
            caption = _first(_CAPTION, line)
        heading = _first(_HEADING, line)
        if heading:
            row = row if caption else ""
            return ": ".join(filter(None, [caption or heading, row]))
    return "head"


def _first(pattern: re.Pattern[str], line: str) -> str:
    found = pattern.search(line)
    return next((own for own in found.groups() if own), "") if found else ""


def _folder(path: Path, told: ReportContent, pictures: bool) -> Iterator[str]:
    shown, meant = _both_texts(path, told)
    yield from differences(_page_lines(shown), _page_lines(meant), "the text")
    folder = data_place(path).parent
    if not pictures:
        return
    files, figures = figure_files(list(figures_of(told))), figures_of(told)
    for key, name in files.items():
        drawing, image = (_content(folder / f"{name}.{kind}") for kind in ("svg", "png"))
        svg = drawing is not None and same_drawing(_text(drawing), _text(svg_file_of(figures[key])))
        png = image is not None and same_image(image, png_of(figures[key]))
        if not (svg and png):
            which = " and ".join(w for w, same in ((".svg", svg), (".png", png)) if not same)
            yield f"the files of the figure {key} ({which}) show another picture, or are gone"


def _both_texts(path: Path, told: ReportContent) -> tuple[str, str]:
    """Return the text as it is, and as its data make it."""
    shown, folder = _text(file_bytes(path)), data_place(path).parent
    # Whoever gives file and folder another name leaves the links as they were.
    linked = _IMAGE.search(shown)
    meant = _text(render_markdown(told, folder=folder.name).encode())
    if linked and linked[1] not in meant:
        meant = meant.replace(f"]({quote(folder.name)}/", f"]({linked[1]}/")
    return shown, meant


def _content(path: Path) -> bytes | None:
    try:
        return file_bytes(path)
    except (OSError, NotAReportError):
        return None


def _word(path: Path, told: ReportContent, pictures: bool) -> Iterator[str]:
    shown, meant = io.BytesIO(file_bytes(path)), io.BytesIO(render_document(told))
    own, right = (Lines(lines=word_text(own), place=_place_in_word) for own in (shown, meant))
    yield from differences(own, right, "the Word document")
    drawn, wanted = word_pictures(shown), word_pictures(meant)
    if len(drawn) != len(wanted):
        yield f"the document has {len(drawn)} pictures, its data tell of {len(wanted)}"
    elif pictures:
        for number, (held, due) in enumerate(zip(drawn, wanted, strict=True), start=1):
            if not same_image(held, due):
                yield f"Figure {number}: the document shows another picture"


def _place_in_word(lines: list[str], number: int) -> str:
    """Name what stands before a line: Word's own headings are known by their style only."""
    return f'after "{lines[number - 1][:40]}"' if number else "head"


_FORMATS: Mapping[str, tuple[Callable[[Path, ReportContent, bool], Iterator[str]], str]] = {
    ".html": (_page, "page"),
    ".htm": (_page, "page"),
    ".docx": (_word, "Word document"),
    ".md": (_folder, "text"),
}
_TOLD: Mapping[str, Callable[[Path, ReportContent], bool]] = {
    ".html": _page_tells,
    ".htm": _page_tells,
    ".docx": _word_tells,
    ".md": _text_tells,
}


def same_drawing(shown: str, meant: str) -> bool:
    """Tell whether two SVG drawings are the same but for rounding."""
    ours, theirs = _pieces(meant), _pieces(shown)
    return len(ours) == len(theirs) and all(map(_same_piece, ours, theirs))


def only_drawn(shown: str) -> bool:
    """Tell whether a drawing holds nothing but lines and words: no script, no page in a page."""
    return set(_TAG.findall(shown)) <= _DRAWN and not re.search(r"\son\w+\s*=", shown)


def same_image(shown: bytes, meant: bytes) -> bool:
    """Tell whether two PNG images are the same but for the edges of their lines."""
    if shown == meant:
        return True
    import numpy as np
    from PIL import Image

    try:
        with _opened(shown) as theirs, _opened(meant) as ours:
            # Nothing is unpacked that is of another size.
            if theirs.size != ours.size or getattr(theirs, "is_animated", False):
                return False
            pixels = [np.asarray(own.convert("RGBA"), dtype=int) for own in (theirs, ours)]
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False
    return bool(np.abs(pixels[0] - pixels[1]).max() <= _STEPS)


def _opened(content: bytes) -> Image.Image:
    from PIL import Image

    return Image.open(io.BytesIO(content), formats=["PNG"])


def _pieces(drawing: str) -> list[str]:
    """Return tags and words; names that only point inside the drawing become numbers."""
    order: dict[str, int] = {}

    def numbered(found: re.Match[str]) -> str:
        return f"{found[1]}{order.setdefault(found[2], len(order))}"

    pieces = _PIECES.findall(_NAMED.sub(numbered, drawing))
    return [" ".join(piece.split()) for piece in pieces if piece.strip()]


def _same_piece(ours: str, theirs: str) -> bool:
    if ours == theirs:
        return True
    if not ours.startswith("<"):
        return False
    one, other = _NUMBER.split(ours), _NUMBER.split(theirs)
    return len(one) == len(other) and all(
        a == b or (k % 2 == 1 and abs(float(a) - float(b)) <= _SEEN)
        for k, (a, b) in enumerate(zip(one, other, strict=True))
    )
