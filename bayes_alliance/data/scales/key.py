"""Scoring keys: which items make a scale, which are reversed, and how sure that is."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd

from bayes_alliance.display import as_html, as_text
from bayes_alliance.errors import DataError, did_you_mean, listed

_INSTALLED = Path(__file__).parents[2] / "scale_keys"
_CHECKOUT = Path(__file__).parents[3] / "scales"
_LARGEST_FILE = 100_000
_MOST_ITEMS = 500
_WORD = re.compile(r"[^\W\d]\w*")
#: What a key may not be sure of, with what it is called in a sentence.
PARTS: Mapping[str, str] = MappingProxyType(
    {
        "range": "the range of an answer",
        "subscales": "which items make a subscale",
        "reversed": "which items are reversed",
    }
)


@dataclass(frozen=True, kw_only=True)
class ScaleKey:
    """How a questionnaire is scored; never the text of an item.

    Parameters
    ----------
    name, title
        A short name, from which scores get theirs, and the questionnaire's own.
    items
        How many there are; they are numbered from 1.
    lowest, highest
        The ends of an answer.
    reversed
        Numbers of the items that count the other way round.
    subscales
        Numbers of the items of each subscale, by name.
    unverified
        What nobody has checked against the source: of ``range``, ``subscales``, ``reversed``.
    reference, provenance
        The work that it is from, and how its numbers came here.
    """

    name: str
    title: str
    items: int
    lowest: float
    highest: float
    reversed: tuple[int, ...] = ()
    subscales: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    unverified: tuple[str, ...] = ()
    reference: str = ""
    provenance: str = ""

    def __post_init__(self) -> None:
        """Refuse a key that cannot score anything."""
        for problem in _problems(self):
            raise DataError(
                f"The scoring key {self.name} was to be used.",
                problem,
                "Correct the key.",
                key=self.name,
            )

    @property
    def numbers(self) -> range:
        """The items' numbers."""
        return range(1, self.items + 1)

    @property
    def verified(self) -> bool:
        """Whether all of it was checked against its source."""
        return not self.unverified


def _problems(key: ScaleKey) -> Iterable[str]:
    if not 2 <= key.items <= _MOST_ITEMS:
        yield f"It has {key.items} items; a scale has from 2 to {_MOST_ITEMS}."
    if not (math.isfinite(key.lowest) and math.isfinite(key.highest) and key.lowest < key.highest):
        yield f"Its answers go from {key.lowest:g} to {key.highest:g}, which is no range."
    for what, numbers in {"reversed items": key.reversed, **key.subscales}.items():
        strange = [number for number in numbers if number not in key.numbers]
        if strange:
            yield f"Its {what} name item {listed(strange)}; items go from 1 to {key.items}."
        if len(set(numbers)) < len(numbers):
            yield f"Its {what} name an item twice."
    for name, numbers in key.subscales.items():
        if len(numbers) < 2:
            yield f"Its subscale {name} has {len(numbers)} items; it needs two or more."
    for name in (key.name, *key.subscales):
        if not _WORD.fullmatch(name):
            yield f"'{name[:60]}' is no name: letters, digits and _ make one, a letter first."
    unknown = [part for part in key.unverified if part not in PARTS]
    if unknown:
        yield f"It says that {listed(unknown)} is unverified; it may say {listed(PARTS)}."


@dataclass(frozen=True, kw_only=True)
class ScaleList:
    """The scoring keys that come with the package."""

    keys: tuple[ScaleKey, ...]

    @property
    def table(self) -> pd.DataFrame:
        """One row a key: title, items, range, subscales, what is not verified."""
        rows = [
            {
                "title": key.title,
                "items": key.items,
                "range": f"{key.lowest:g} to {key.highest:g}",
                "subscales": ", ".join(key.subscales),
                "not verified": ", ".join(key.unverified),
            }
            for key in self.keys
        ]
        index = pd.Index([key.name for key in self.keys], name="key", dtype="str")
        return pd.DataFrame(rows, index=index)

    def __str__(self) -> str:
        return as_text("Scoring keys", self.table)

    def _repr_html_(self) -> str:
        return as_html("Scoring keys", self.table)


def list_scales() -> ScaleList:
    """Return the scoring keys that come with the package.

    Returns
    -------
    ScaleList
        A record with one row a key, and what of it nobody has checked against the source.

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> "wai_sr" in ba.list_scales().table.index
    True
    """
    return ScaleList(keys=tuple(_read(path) for path in sorted(_folder().glob("*.toml"))))


def load_scale(key: str | Path | ScaleKey) -> ScaleKey:
    """Return a scoring key: one of the package, one of your own, or the very record.

    Parameters
    ----------
    key : str, Path or ScaleKey
        A name of :func:`list_scales`, or the path of a ``.toml`` file with ``title``, ``items``,
        ``lowest``, ``highest`` and, where there are any, ``reversed``, ``[subscales]``,
        ``unverified``, ``reference`` and ``provenance``. The file's name is the key's.

    Returns
    -------
    ScaleKey

    Raises
    ------
    DataError
        If there is no such key, or the file is none.

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> ba.load_scale("wai_sr").subscales["bond"]
    (3, 5, 7, 9)
    """
    if isinstance(key, ScaleKey):
        return key
    path = Path(key)
    if path.suffix == ".toml":
        return _read(path)
    known = sorted(own.stem for own in _folder().glob("*.toml"))
    if str(key) not in known:
        raise DataError(
            f"The scoring key {key} was asked for.",
            f"The package has {listed(known, shown=20)}.",
            f"{did_you_mean(str(key), known)}Choose one of them, or give the path of a .toml file "
            "with a key of your own.",
            known=known,
        )
    return _read(_folder() / f"{key}.toml")


def _folder() -> Path:
    return _INSTALLED if _INSTALLED.is_dir() else _CHECKOUT


def _read(path: Path) -> ScaleKey:
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise _no_key(path, f"It has more than {_LARGEST_FILE:,} bytes.")
        text = path.read_text(encoding="utf-8")
        values = tomllib.loads(text)
    except FileNotFoundError as error:
        raise _no_key(path, "There is no such file.") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _no_key(path, f"It cannot be read as TOML ({error}).") from error
    return _key(path, values)


def _key(path: Path, values: Mapping[str, Any]) -> ScaleKey:
    needed = {"title": str, "items": int, "lowest": (int, float), "highest": (int, float)}
    optional = {"unverified": list, "reversed": list, "subscales": dict}
    optional |= {"reference": str, "provenance": str}
    known: dict[str, Any] = needed | optional
    missing = [name for name in needed if name not in values]
    if missing:
        raise _no_key(path, f"It lacks {listed(missing)}.")
    unknown = [name for name in values if name not in known]
    if unknown:
        raise _no_key(path, f"{did_you_mean(unknown[0], known)}It has no use for {unknown[0]}.")
    for name, value in values.items():
        if not isinstance(value, known[name]) or isinstance(value, bool):
            raise _no_key(path, f"Its {name} is {str(value)[:60]!r}, which is of another kind.")
    numbers = {"reversed": values.get("reversed", []), **values.get("subscales", {})}
    for name, own in numbers.items():
        if not (isinstance(own, list) and all(type(number) is int for number in own)):
            raise _no_key(path, f"Its {name} are {str(own)[:60]!r}, and no list of item numbers.")
    return ScaleKey(
        name=path.stem,
        **{name: values[name] for name in needed},
        reversed=tuple(values.get("reversed", ())),
        subscales={name: tuple(own) for name, own in values.get("subscales", {}).items()},
        unverified=tuple(map(str, values.get("unverified", ()))),
        **{name: values.get(name, "") for name in ("reference", "provenance")},
    )


def _no_key(path: Path, found: str) -> DataError:
    return DataError(
        f"{path.name} was to be read as a scoring key.",
        found,
        "A key has title, items, lowest and highest and, where there are any, reversed, "
        "[subscales], unverified, reference and provenance.",
        file=path.name,
    )
