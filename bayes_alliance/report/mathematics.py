"""A line of LaTeX as a tree of MathML, whatever the names of the columns in it."""

from __future__ import annotations

import re
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

NAMESPACE = "http://www.w3.org/1998/Math/MathML"
_WORDS = re.compile(r"\\(text|mathrm|operatorname)\{((?:\\.|[^{}\\]|\{\})*)\}")
_ESCAPED = {
    r"\textbackslash": "\\",
    r"\textasciitilde": "~",
    r"\textasciicircum": "^",
    **{f"\\{sign}": sign for sign in "_%&#${} "},
}
_ESCAPE = re.compile(r"(\\[a-z]+)(?:\{\}|\s)?|\\.")
# Private characters stand for words while the converter, which does not know every sign a
# column's name may hold, reads the mathematics around them.
_FIRST_KEPT = 0xE000
_RELATION = "\N{TILDE OPERATOR}"


def math_tree(line: str) -> Element:
    """Return one formula as a ``math`` element without namespaces, one element a word."""
    from latex2mathml.converter import convert

    kept: list[tuple[str, str]] = []

    def keep(found: re.Match[str]) -> str:
        kept.append(("mtext" if found[1] == "text" else "mi", _unescaped(found[2])))
        return rf"\text{{{chr(_FIRST_KEPT + len(kept) - 1)}}}"

    text = convert(_WORDS.sub(keep, line), display="block")
    tree = ElementTree.fromstring(text.replace(f' xmlns="{NAMESPACE}"', "", 1))
    for element in tree.iter():
        text = element.text or ""
        if len(text) == 1 and 0 <= ord(text) - _FIRST_KEPT < len(kept):
            element.tag, element.text = kept[ord(text) - _FIRST_KEPT]
        elif text == "~":
            # The sign "is distributed as" needs the room of a relation on both sides.
            element.tag, element.text = "mo", _RELATION
    return tree


def mathml(line: str) -> str:
    """Return one formula as MathML for a page."""
    tree = math_tree(line)
    tree.set("xmlns", NAMESPACE)
    return ElementTree.tostring(tree, encoding="unicode")


def _unescaped(text: str) -> str:
    plain = _ESCAPE.sub(lambda found: _ESCAPED.get(found[1] or found[0], found[0]), text)
    return plain.replace(" ", "\N{NO-BREAK SPACE}")
