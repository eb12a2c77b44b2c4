"""All that a reader of a page is told, whatever elements it stands in."""

from __future__ import annotations

from dataclasses import dataclass
from html.parser import HTMLParser

_DRAWING = "svg"


@dataclass(frozen=True, kw_only=True)
class PageWords:
    """What a page tells, in order, and the kinds of elements it is made of.

    Parameters
    ----------
    told
        Words, attributes, scripts and styles; of a drawing only that there is one.
    kinds
        Names of the elements.
    """

    told: tuple[str, ...]
    kinds: frozenset[str]


def same_words(shown: str, meant: str) -> bool:
    """Tell whether a page tells what it should, though its elements and spaces be others.

    An attribute or a style can hide a word, a script can change it, and an element of another kind
    can show a picture of one: where any of them differs, so does what is told.
    """
    ours, theirs = page_words(meant), page_words(shown)
    return ours.told == theirs.told and theirs.kinds <= ours.kinds


def page_words(page: str) -> PageWords:
    """Return all that a page tells."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return PageWords(told=tuple(reader.told), kinds=frozenset(reader.kinds))


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.told: list[str] = []
        self.kinds: set[str] = set()
        self.depth = 0  # of drawings in one another

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.depth:
            self.depth += tag == _DRAWING
            return
        self.kinds.add(tag)
        self.told += [f"[{name}={value}]" for name, value in attrs if tag != _DRAWING]
        if tag == _DRAWING:
            self.told.append("[drawing]")
            self.depth = 1

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag == _DRAWING and self.depth:
            self.depth -= 1

    def handle_data(self, data: str) -> None:
        if not self.depth:
            self.told += data.split()

    def handle_comment(self, data: str) -> None:
        self.told.append(f"[comment {data}]")

    def handle_decl(self, decl: str) -> None:
        self.told.append(f"[{decl}]")

    def handle_pi(self, data: str) -> None:
        self.told.append(f"[{data}]")

    def unknown_decl(self, data: str) -> None:
        self.told.append(f"[{data}]")
