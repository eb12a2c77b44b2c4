"""What only Python or only the command line has, found in sentences for people."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import pandas as pd

import bayes_alliance as ba
from bayes_alliance.model.prior import DISTRIBUTIONS
from bayes_alliance.report.blocks import Code, Equation, Table

_VERBS = sorted(name for name in ba.__all__ if name.islower() and "_" in name)
# What both places write alike: an option with its value, a prior, a spline of a formula; R's code.
_ALIKE = re.compile(
    r"""--[a-z-]+[ ](?:"[^"]*"|'[^']*'|\S+)"""
    rf"|\b(?:{'|'.join(sorted(DISTRIBUTIONS))}|bs|poly|write\.csv)\([^()]*\)"
)
_PYTHON = re.compile(
    r"[A-Za-z_][\w.]*\([^()]*(?:=|\bfit\b|\bpath\b|\.\.\.|your_table)"
    r"|\b[a-z_]\w*=(?!=)"
    rf"|\b(?:{'|'.join(_VERBS)})\b"
    r"|\b(?:ba|np|pd)\.\w+|\bDataFrame\b|\bmodel\.priors\b"
)
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")


def python_words(text: str) -> list[str]:
    """Return calls, keyword arguments and names of functions."""
    return _PYTHON.findall(_ALIKE.sub("", text))


def option_words(text: str) -> list[str]:
    """Return options of the command line."""
    return _OPTION.findall(text)


def sentences(content: Any) -> Iterator[str]:
    """Go through all that can be read in a report, but for its program and its formulas."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, Equation):
        yield content.words
    elif isinstance(content, Code):
        yield content.label
    elif isinstance(content, pd.DataFrame):
        yield from map(str, content.index)
        yield from (value for value in content.to_numpy().ravel() if isinstance(value, str))
    elif isinstance(content, Table):
        yield from (content.caption, content.row_heading, *content.notes)
        yield from (content.headings.get(name, str(name)) for name in content.frame.columns)
        yield from sentences(content.frame)
    elif isinstance(content, Mapping):
        yield from map(str, content.values())
    elif isinstance(content, tuple | list):
        for part in content:
            yield from sentences(part)
    elif is_dataclass(content):
        for field in fields(content):
            # The record is for programs; what draws a picture has no words.
            if field.name not in ("record", "draw", "key"):
                yield from sentences(getattr(content, field.name))
