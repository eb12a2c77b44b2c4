"""Errors that tell what was asked, what was found and what to do, and the words they share."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

_NAMES_SHOWN = 5
_NEAR, _SHORTEST_WORD = 0.72, 3
_LONGEST_WORD = 100  # signs; whoever writes more has not misspelt a name
_LONGEST_SENTENCE, _LONGEST_QUOTE = 1000, 200
_LEFT_OUT = "..."

type Place = Literal["python", "command line"]


@dataclass(frozen=True, kw_only=True)
class Advice:
    """What to do, as it is done in Python and as it is done on the command line.

    Whoever sees something need not know where it will be read: the words are chosen where they
    are shown.

    Parameters
    ----------
    python, command_line
        Whole sentences.
    """

    python: str
    command_line: str

    def __str__(self) -> str:
        """Return the words of Python, which every edge but the command line has."""
        return self.python

    def after(self, sentence: str) -> Advice:
        """Return the advice behind a sentence that is the same everywhere."""
        python, command_line = (
            f"{sentence} {own}".rstrip() for own in (self.python, self.command_line)
        )
        return Advice(python=python, command_line=command_line)


type Words = str | Advice

GIVE_ROWS = Advice(
    python="Load it with load_fit(path, data=your_table).",
    command_line="Give the table too: --data FILE.",
)
FEWER_DRAWS = Advice(
    python="Ask for fewer draws with draws=, or raise the limit with memory=.",
    command_line="Ask for fewer draws with --draws.",
)
CHOOSE_A_FIT = Advice(
    python="Choose a file that fit.save() wrote.",
    command_line="Choose a file that `bayes-alliance fit` wrote.",
)


def words_for(words: Words, place: Place) -> str:
    """Return sentences in the words of the place where they are shown."""
    if isinstance(words, str):
        return words
    return words.python if place == "python" else words.command_line


def shortened(text: str, most: int = _LONGEST_QUOTE) -> str:
    """Return a text with its middle left out where it has more signs than are read.

    Examples
    --------
    >>> shortened("alliance ~ stigma + age + sex", most=20)
    'alliance ...ge + sex'
    """
    if len(text) <= most:
        return text
    ends = most - len(_LEFT_OUT)
    return f"{text[: ends - ends // 2]}{_LEFT_OUT}{text[len(text) - ends // 2 :]}"


def _in_short(words: Words) -> Words:
    if isinstance(words, str):
        return shortened(words, _LONGEST_SENTENCE)
    return Advice(
        python=shortened(words.python, _LONGEST_SENTENCE),
        command_line=shortened(words.command_line, _LONGEST_SENTENCE),
    )


class AllianceError(Exception):
    """Base of every error this package raises on purpose.

    Parameters
    ----------
    *sentences
        What was asked, what was found, what to do: whole sentences, joined by a blank. What to do
        may be an :class:`Advice`, where Python and the command line do it in two ways.
    **facts
        The numbers and names behind the sentences, for programs that catch the error: whole, where
        a sentence with a name of thousands of letters is shown without its middle.

    Attributes
    ----------
    facts : Mapping[str, object]
        The keyword arguments, unchanged.
    """

    def __init__(self, *sentences: Words, **facts: object) -> None:
        told = tuple(_in_short(sentence) for sentence in sentences)
        super().__init__(" ".join(filter(None, map(str, told))))
        self.sentences = told
        self.facts: Mapping[str, object] = facts

    def said_in(self, place: Place) -> str:
        """Return the sentences in the words of the place where they are shown."""
        return " ".join(filter(None, (words_for(words, place) for words in self.sentences)))

    @property
    def advice(self) -> Advice:
        """The sentences as one piece of advice, for whoever tells them elsewhere."""
        return Advice(python=self.said_in("python"), command_line=self.said_in("command line"))


class DataError(AllianceError):
    """The table cannot answer the question: missing columns, wrong types, too few groups."""


class ModelError(AllianceError):
    """The model as written cannot be built: formula, family, priors or library entry."""


class SamplingError(AllianceError):
    """Sampling, saving or loading a fit could not be done as asked."""


class MachineError(AllianceError):
    """The computer refused: no room on the disk, no right to write there, no memory."""


def listed(names: Iterable[object], *, shown: int = _NAMES_SHOWN) -> str:
    """Join names for a sentence: at most ``shown`` of them, then a count of the rest."""
    words = [str(name) for name in names]
    text = ", ".join(words[:shown])
    rest = len(words) - shown
    return f"{text} and {rest} more" if rest > 0 else text


def in_words(parts: Sequence[str], *, shown: int | None = None) -> str:
    """Join parts with commas and ``and``: all, or so many and a count of the rest."""
    rest = 0 if shown is None else max(0, len(parts) - shown)
    *first, last = [*parts[:shown], f"{rest} more"] if rest else parts
    return f"{', '.join(first)} and {last}" if first else last


def in_the_table(python: str, file: str) -> Advice:
    """Return advice to change the table: with code, or in the file that the command reads."""
    return Advice(python=python, command_line=f"{file} in the file.")


def counted(number: int, noun: str) -> str:
    """Write a count with its noun: ``1 row``, ``2 rows``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def did_you_mean(name: str, valid: Iterable[object]) -> str:
    """Return ``"Did you mean 'x'? "`` for the name it is a slip of, or an empty string.

    Near is a slip of the hand, or one word of a longer name; a hint that only looks alike sends
    people astray: ``age`` is no ``agency``.
    """
    names = {str(v).casefold(): str(v) for v in valid if len(str(v)) <= _LONGEST_WORD}
    if len(name) > _LONGEST_WORD:
        return ""
    given = name.casefold()
    close = difflib.get_close_matches(given, list(names), n=1, cutoff=_NEAR)
    close = close or [own for own in names if _swapped(given, own)][:1]
    if not close and len(given) >= _SHORTEST_WORD:
        close = [own for own in names if given in re.split(r"[\W_]+", own)]
        close = close if len(close) == 1 else []
    return f"Did you mean '{names[close[0]]}'? " if close else ""


def _swapped(given: str, own: str) -> bool:
    """Tell whether two neighbouring letters were typed in the wrong order."""
    if len(given) < _SHORTEST_WORD:
        return False
    places = range(len(given) - 1)
    return any(given[:k] + given[k + 1] + given[k] + given[k + 2 :] == own for k in places)
