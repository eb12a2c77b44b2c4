"""Formulas as Word keeps them: a tree of MathML becomes one of Office Math."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bayes_alliance.report.mathematics import math_tree
from bayes_alliance.report.prose import readable

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_PAIRS = {"(": ")", "[": "]", "{": "}", "|": "|"}
_ROWS = frozenset({"math", "mrow", "mstyle", "mpadded", "semantics"})
# Which element holds which child: the base first, as in MathML.
_PARTS = {
    "mfrac": ("f", ("num", "den")),
    "msub": ("sSub", ("e", "sub")),
    "msup": ("sSup", ("e", "sup")),
    "msubsup": ("sSubSup", ("e", "sub", "sup")),
    "munder": ("limLow", ("e", "lim")),
}
_SPACE = "\N{THIN SPACE}"


def word_equation(line: str) -> Any:
    """Return one formula as an ``m:oMathPara`` element."""
    side = _made("oMathParaPr", _made("jc", val="left"))
    return _made("oMathPara", side, _made("oMath", *_convert_all([math_tree(line)])))


def _made(name: str, *parts: Any, **attributes: str) -> Any:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    element = OxmlElement(f"m:{name}")
    for key, value in attributes.items():
        element.set(qn(f"m:{key}"), value)
    element.extend(parts)
    return element


def _run(text: str, *, style: Any = None) -> Any:
    words = _made("t")
    words.text = readable(text)
    words.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    return _made("r", words) if style is None else _made("r", _made("rPr", style), words)


def _convert_all(elements: list[Element]) -> list[Any]:
    """Convert neighbours; brackets around something become one element that grows with it."""
    made: list[Any] = []
    rest = list(elements)
    while rest:
        element = rest.pop(0)
        end = _closing(element, rest)
        if end is None:
            made += _convert(element)
        else:
            closing = rest[end].text or ""
            made.append(_fenced(element.text or "", closing, _convert_all(rest[:end])))
            rest = rest[end + 1 :]
    return made


def _closing(element: Element, rest: list[Element]) -> int | None:
    """Return the place of the bracket that closes this one, if it is one."""
    opening = element.text or ""
    if element.tag != "mo" or opening not in _PAIRS:
        return None
    depth = 1
    for place, other in enumerate(rest):
        if other.tag == "mo" and other.text == _PAIRS[opening]:
            depth -= 1
        elif other.tag == "mo" and other.text == opening:
            depth += 1
        if depth == 0:
            return place
    return None


def _fenced(opening: str, closing: str, inside: list[Any]) -> Any:
    signs = _made("dPr", _made("begChr", val=opening), _made("endChr", val=closing))
    return _made("d", signs, _made("e", *inside))


def _convert(element: Element) -> list[Any]:
    tag, children = element.tag, list(element)
    if tag in _ROWS:
        return _convert_all(children)
    if tag in _PARTS:
        name, places = _PARTS[tag]
        parts = [_made(p, *_convert(c)) for p, c in zip(places, children, strict=True)]
        return [_made(name, *parts)]
    if tag in _OTHERS:
        return [_OTHERS[tag](children)]
    text = element.text or ""
    if tag == "mspace":
        return [] if "negative" in element.get("width", "") else [_run(_SPACE, style=_made("nor"))]
    if not text:
        return []
    if tag == "mn":
        return [_run(text, style=_made("sty", val="p"))]
    # A name of several letters is a word, one letter is a quantity in italics.
    return [_run(text, style=_made("nor") if tag == "mtext" or len(text) > 1 else None)]


def _root(children: list[Element]) -> Any:
    hidden = _made("radPr", _made("degHide", val="1"))
    return _made("rad", hidden, _made("deg"), _made("e", *_convert_all(children)))


def _over(children: list[Element]) -> Any:
    below, sign = children
    if sign.tag != "mo":
        return _made("limUpp", _made("e", *_convert(below)), _made("lim", *_convert(sign)))
    if (sign.text or "") in "\N{MACRON}\N{HORIZONTAL BAR}\N{OVERLINE}":
        return _made("bar", _made("barPr", _made("pos", val="top")), _made("e", *_convert(below)))
    accents = {"^": "\N{COMBINING CIRCUMFLEX ACCENT}", "~": "\N{COMBINING TILDE}"}
    sign_shown = accents.get(sign.text or "", sign.text or "")
    return _made("acc", _made("accPr", _made("chr", val=sign_shown)), _made("e", *_convert(below)))


def _under_over(children: list[Element]) -> Any:
    base, under, over = children
    lower = _made("limLow", _made("e", *_convert(base)), _made("lim", *_convert(under)))
    return _made("limUpp", _made("e", lower), _made("lim", *_convert(over)))


def _matrix(children: list[Element]) -> Any:
    rows = [[_made("e", *_convert_all(list(cell))) for cell in row] for row in children]
    return _made("m", *[_made("mr", *row) for row in rows])


_OTHERS: dict[str, Callable[[list[Element]], Any]] = {
    "msqrt": _root,
    "mover": _over,
    "munderover": _under_over,
    "mtable": _matrix,
}
