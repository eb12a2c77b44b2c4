"""Errors that tell what was asked, what was found and what to do, and the words they share."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

_NAMES_SHOWN = 5


class AllianceError(Exception):
    """Base of every error this package raises on purpose.

    Parameters
    ----------
    *sentences
        What was asked, what was found, what to do: whole sentences, joined by a blank.
    **facts
        The numbers and names behind the sentences, for programs that catch the error.

    Attributes
    ----------
    facts : Mapping[str, object]
        The keyword arguments, unchanged.
    """

    def __init__(self, *sentences: str, **facts: object) -> None:
        super().__init__(" ".join(sentences))
        self.facts: Mapping[str, object] = facts


class DataError(AllianceError):
    """The table cannot answer the question: missing columns, wrong types, too few groups."""


class ModelError(AllianceError):
    """The model as written cannot be built: formula, family, priors or library entry."""


class SamplingError(AllianceError):
    """Sampling, saving or loading a fit could not be done as asked."""


def listed(names: Iterable[object], *, shown: int = _NAMES_SHOWN) -> str:
    """Join names for a sentence: at most ``shown`` of them, then a count of the rest."""
    words = [str(name) for name in names]
    text = ", ".join(words[:shown])
    rest = len(words) - shown
    return f"{text} and {rest} more" if rest > 0 else text


def counted(number: int, noun: str) -> str:
    """Write a count with its noun: ``1 row``, ``2 rows``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def did_you_mean(name: str, valid: Iterable[object]) -> str:
    """Return ``"Did you mean 'x'? "`` for the closest valid name, or an empty string."""
    names = [str(v) for v in valid]
    by_lower = {n.lower(): n for n in names}
    close = difflib.get_close_matches(name.lower(), list(by_lower), n=1, cutoff=0.6)
    return f"Did you mean '{by_lower[close[0]]}'? " if close else ""
