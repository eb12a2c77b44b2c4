"""Names of groups that may be one, and cells that hold two names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence

from bayes_alliance.data.labels import id_label, sorted_labels
from bayes_alliance.data.report import Note
from bayes_alliance.errors import counted, listed

_NUMBER = re.compile(r"[+-]?0*(\d{1,15}\.?|\d{0,14}\.\d{1,14})(e\d{1,2})?", re.ASCII)
# Words, numbers, and the signs that tell grades and signs apart (A+ is not A).
_PIECES = re.compile(r"[^\W\d_]+|\d+|[+*#%<>=$?!]|-(?=\s*$)|(?<![\w])-(?=\d)")
_BETWEEN = re.compile(r"\s*(?:[/;&|]|\band\b|\bund\b|\by\b|\bet\b)\s*", re.IGNORECASE)
_WORDS = re.compile(r"[\s,]+|(?<=^\w)\.|(?<=[\s,]\w)\.")
_COMMA = re.compile(r"\s*,\s*")
_AT_MOST = 5  # where more than one in so many has two names, that is how the groups are called
_INITIAL = 2  # letters of a first name that may stand for a longer one, at most: "A", "AB"


def note_alike_names(labels: Iterable[str], name: str) -> list[Note]:
    """Say which names of groups differ only in how they are written.

    Two names may be one where they have the same words and numbers, whatever their case, blanks,
    punctuation and the order of words, or where one has the initials of the other.

    Parameters
    ----------
    labels
        The groups' names, each once.
    name
        Their column.
    """
    sets = alike(labels)
    several = [" and ".join(map(repr, found)) for found in sets.values() if len(found) > 1]
    if not several:
        return []
    what = (
        f"{name} has ids that differ only in case, blanks, punctuation, initials, the order of "
        "words or how a number is written"
    )
    left = (
        "They count as different groups; taken as one each, "
        f"{counted(len(sets), 'group')} would be left."
    )
    return [
        Note(
            level="caution",
            code="similar_ids",
            message=f"{what}: {listed(several)}. {left}",
            unnamed=f"{what}: {counted(len(several), 'such set')}. {left}",
            columns=(name,),
            value=float(len(several)),
            remedy="If two are one, give them one name.",
        )
    ]


def alike(labels: Iterable[str], key: Callable[[str], str] | None = None) -> dict[str, list[str]]:
    """Return the sets of names that may be one, each under what they have in common.

    Parameters
    ----------
    labels
        The groups' names, each once.
    key
        What two spellings of one name have in common; :func:`name_key` if None.
    """
    key = name_key if key is None else key
    by_key: dict[str, list[str]] = {}
    by_order: dict[str, str] = {}
    for label in sorted_labels(labels):
        # With the words as they stand, "Smith-Jones" is "Smith Jones", which "Jones Smith" is too.
        plain = key(label)
        own = by_order.setdefault(_in_order(label, plain), plain)
        by_key.setdefault(own, []).append(label)
    return _with_initials(by_key)


def name_key(label: str) -> str:
    """Return what is left of a name without what people type differently by accident."""
    plain = unicodedata.normalize("NFKC", label).casefold().strip()
    if _NUMBER.fullmatch(plain):
        return id_label(float(plain))
    parts = [
        " ".join(p.lstrip("0") or "0" for p in _PIECES.findall(w)) for w in _WORDS.split(plain)
    ]
    parts = [part for part in parts if part]
    if not parts:
        return plain
    # Words may stand in any order, but not those of codes: A:b is not B:a, nor is 1-2 2-1.
    letters = all(part.replace(" ", "").isalpha() for part in parts)
    if letters and any(len(part) > _INITIAL for part in parts):
        return " ".join(sorted(parts))
    return " ".join(parts)


def _in_order(label: str, key: str) -> str:
    """Return the words of a name as they stand; of codes their key."""
    words = _PIECES.findall(unicodedata.normalize("NFKC", label).casefold())
    letters = words and all(word.isalpha() for word in words)
    return " ".join(words) if letters and max(map(len, words)) > _INITIAL else key


def _with_initials(by_key: dict[str, list[str]]) -> dict[str, list[str]]:
    """Put names with initials to the one name whose words these begin; several are left alone."""
    found = dict(by_key)
    long: dict[tuple[str, str], list[str]] = {}
    for key in by_key:
        words = key.split(" ")
        if len(words) == 2 and all(w.isalpha() and len(w) > _INITIAL for w in words):
            for first, last in (words, reversed(words)):
                long.setdefault((first[0], last), []).append(key)
    for key in by_key:
        words = sorted(key.split(" "), key=len)
        if (
            len(words) == 2
            and len(words[0]) == 1 < _INITIAL < len(words[1])
            and key.replace(" ", "").isalpha()
        ):
            whole = long.get((words[0], words[1]), [])
            if len(whole) == 1 and whole[0] in found:
                found[whole[0]] = [*found[whole[0]], *found.pop(key)]
    return found


def note_two_names(labels: Sequence[str], name: str) -> list[Note]:
    """Say which cells seem to hold two names of groups.

    A cell holds two where the parts beside a ``/``, ``;``, ``&`` or the like are groups
    themselves, or one word of a name that has two; beside a comma all of them are groups.
    """
    # Most ids hold no sign between names: only for the others are all of them read.
    found = two_names(labels)
    if not found:
        return []
    one = len(found) == 1
    ids = counted(len(found), "id")
    what = f"{name} has {ids} that {'seems' if one else 'seem'} to hold two names"
    consequence = (
        f"As {'it stands, it is a group' if one else 'they stand, they are groups'} beside those "
        "of the names alone."
    )
    return [
        Note(
            level="caution",
            code="two_names",
            message=f"{what}: {listed(map(repr, sorted_labels(found)))}. {consequence}",
            unnamed=f"{what}. {consequence}",
            columns=(name,),
            value=float(len(found)),
            remedy="Give each row the one group it belongs to, or a column for each of the two.",
        )
    ]


def two_names(labels: Sequence[str]) -> list[str]:
    """Return the cells that seem to hold two names; none where that is how groups are called."""
    suspects = [label for label in labels if "," in label or len(_parts(label)) > 1]
    if not suspects:
        return []
    single = [label for label in labels if len(_parts(label)) == 1]
    groups = {name_key(label) for label in single}
    # Of people with two names, either may stand alone.
    names = [key.split(" ") for key in groups]
    either = {word for own in names if len(own) == 2 for word in own if len(word) > _INITIAL}
    known = groups | either
    found = [label for label in suspects if _holds_two(label, groups, known)]
    if not found or _AT_MOST * len(found) > len(labels):
        return []
    return found


def _parts(label: str) -> list[str]:
    return [part for part in _BETWEEN.split(label) if part.strip()]


def _holds_two(label: str, groups: set[str], known: set[str]) -> bool:
    parts = {name_key(part) for part in _parts(label)}
    if len(parts) > 1:
        return parts <= known
    commas = {name_key(part) for part in _COMMA.split(label) if part}
    return len(commas) > 1 and commas <= groups and all(len(own) > _INITIAL for own in commas)
