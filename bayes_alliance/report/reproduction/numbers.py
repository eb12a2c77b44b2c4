"""Two versions of a report's data held against each other, number by number and text by text."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    type Floats = NDArray[np.float64]

_FALSE_ALARM = 0.01  # probability that any of the numbers is called different by chance alone
# A 2.5% quantile of normal draws has 2.7 times the error of the mean of as many independent ones;
# half as much again is allowed for the long tails of standard deviations.
_QUANTILE_ERROR = 4.0
_SHOWN = re.compile(r"(-?\d+(?:\.\d+)?)")  # a number in a text
_READING = "clients = "  # the line of the program that names the table's file
# What is counted in the rows, not sampled.
_OF_THE_ROWS = frozenset({"data"})
# Of the number itself: what another order of adding may do to it, and no change of its meaning.
ROUNDING = 1e-9


@dataclass(frozen=True, kw_only=True)
class Leaf:
    """One number or text of a report.

    Parameters
    ----------
    place
        Section, and where in it; unique in the report.
    words
        The same for people to read.
    value
        The number, the text, or None for a missing number.
    error
        Its Monte Carlo error; 0 for a number of the rows, NaN where it is not known.
    """

    place: tuple[str, ...]
    words: str
    value: float | str | None
    error: float

    @property
    def is_number(self) -> bool:
        """Whether it is a number, or the lack of one."""
        return not isinstance(self.value, str)


def leaves(data: Mapping[str, Any]) -> dict[tuple[str, ...], Leaf]:
    """Return every number and text of a report's data, by place.

    How long the run took and where the table lay then are no results, and are left out.
    """
    found = list(_conclusions(data))
    for k, notice in enumerate(data["notices"]):
        found += _block_leaves("notices", str(k), notice)
    for section in data["sections"]:
        key = section["key"]
        found.append(_text((key, "heading"), f"heading of {key}", section["heading"]))
        for number, block in enumerate(section["blocks"]):
            found += _block_leaves(key, str(number), _results_of(block, key))
    order = " ".join(section["key"] for section in data["sections"])
    found.append(_text(("", "order"), "order of the sections", order))
    return {leaf.place: leaf for leaf in found}


def _results_of(block: Mapping[str, Any], section: str) -> Mapping[str, Any]:
    """Return a block of the section on the run without its time and the place of its table."""
    if section != "reproduce":
        return block
    if block["kind"] == "facts":
        return {**block, "pairs": [pair for pair in block["pairs"] if pair[0] != "Time"]}
    if block["kind"] == "code":
        lines = [line for line in block["text"].split("\n") if not line.startswith(_READING)]
        return {**block, "text": "\n".join(lines)}
    return block


def _text(place: tuple[str, ...], words: str, value: str) -> Leaf:
    return Leaf(place=place, words=words, value=value, error=math.nan)


def number_table(
    then: Mapping[tuple[str, ...], Leaf], now: Mapping[tuple[str, ...], Leaf], *, exact: bool
) -> pd.DataFrame:
    """Return one row a number: reported, now, difference, error of the difference, agrees.

    With ``exact`` numbers agree if they differ by no more than rounding, a billionth, else if by no
    more than their Monte Carlo errors allow; NaN marks those whose error is not known.
    """
    import numpy as np
    import pandas as pd

    places = [place for place, leaf in then.items() if leaf.is_number]
    places += [place for place, leaf in now.items() if leaf.is_number and place not in then]
    pairs = [(then.get(place), now.get(place)) for place in places]
    reported, made = (np.array([_number(pair[side]) for pair in pairs]) for side in (0, 1))
    both = np.array([a is not None and b is not None and b.is_number for a, b in pairs], dtype=bool)
    same = both & ((reported == made) | (np.isnan(reported) & np.isnan(made)))
    with np.errstate(invalid="ignore"):  # of two infinite numbers
        difference = made - reported
    error = np.array([math.hypot(_error(before), _error(after)) for before, after in pairs])
    if exact:
        agrees = (same | _rounded(reported, difference)).astype(float)
    else:
        agrees = _within(reported, difference, error, same)
    return pd.DataFrame(
        {
            "reported": reported,
            "now": made,
            "difference": difference,
            "error": error,
            "agrees": agrees,
        },
        index=pd.Index([(then.get(p) or now[p]).words for p in places], name="number"),
    )


def text_differences(
    then: Mapping[tuple[str, ...], Leaf], now: Mapping[tuple[str, ...], Leaf], *, rounded: bool
) -> tuple[str, ...]:
    """Return where the texts differ, in words.

    With ``rounded`` draws, which differ in their last digits, a number in a text may differ by one
    in the last digit shown: it may have lain between two.
    """
    both = {**now, **then}
    return tuple(
        both[place].words
        for place in both
        if not both[place].is_number
        and not (place in then and place in now and _says(then[place], now[place], rounded))
    )


def _says(then: Leaf, now: Leaf, rounded: bool) -> bool:
    """Tell whether a text is the same as before."""
    if then.value == now.value:
        return True
    if not (rounded and isinstance(then.value, str) and isinstance(now.value, str)):
        return False
    before, after = (
        _SHOWN.split(text.replace("\N{MINUS SIGN}", "-")) for text in (then.value, now.value)
    )
    return len(before) == len(after) and all(
        a == b or (k % 2 == 1 and _one_apart(a, b))
        for k, (a, b) in enumerate(zip(before, after, strict=True))
    )


def _one_apart(before: str, after: str) -> bool:
    """Tell whether two numbers differ by one in the last digit that both show."""
    places = [len(text.partition(".")[2]) for text in (before, after)]
    step = 10.0 ** -places[0]
    return places[0] == places[1] and abs(float(before) - float(after)) <= 1.5 * step


def _within(reported: Floats, difference: Floats, error: Floats, same: Any) -> Floats:
    """Tell which numbers differ by no more than chance; NaN where that cannot be told."""
    import numpy as np
    from scipy.stats import norm

    judged = np.isfinite(error) & np.isfinite(difference)
    limit = norm.isf(_FALSE_ALARM / 2 / max(1, int(judged.sum())))
    agrees = np.abs(difference) <= limit * error + ROUNDING * np.abs(reported)
    return np.where(same, 1.0, np.where(judged, agrees, math.nan))


def _rounded(reported: Floats, difference: Floats) -> Any:
    """Tell which differences the last digits of a sum can make; none of a number that is 0."""
    import numpy as np

    return np.abs(difference) <= ROUNDING * np.abs(reported)


def _number(leaf: Leaf | None) -> float:
    if leaf is None or leaf.value is None or isinstance(leaf.value, str):
        return math.nan
    return float(leaf.value)


def _error(leaf: Leaf | None) -> float:
    return math.nan if leaf is None else leaf.error


def _conclusions(data: Mapping[str, Any]) -> Iterator[Leaf]:
    texts = [data["title"], data["subtitle"], data["level"], *data["conclusions"]]
    names = ["title", "subtitle", "verdict"]
    names += [f"conclusion {k}" for k in range(1, len(data["conclusions"]) + 1)]
    for name, text in zip(names, texts, strict=True):
        yield Leaf(place=("", name), words=name, value=str(text), error=math.nan)


def _block_leaves(section: str, number: str, block: Mapping[str, Any]) -> Iterator[Leaf]:
    place = (section, number)
    if block["kind"] == "table":
        yield from _table_leaves(place, block)
        return
    for path, value in _walked(block):
        words = f"{section}: {block['kind']}"
        # Texts and the numbers in them are compared as they are written.
        yield Leaf(place=(*place, *path), words=words, value=str(value), error=math.nan)


def _walked(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, dict):
        for name, held in value.items():
            yield from _walked(held, (*path, name))
    elif isinstance(value, list):
        for k, held in enumerate(value):
            yield from _walked(held, (*path, str(k)))
    else:
        yield path, value


def _table_leaves(place: tuple[str, ...], block: Mapping[str, Any]) -> Iterator[Leaf]:
    caption, columns = block["caption"], block["columns"]
    yield Leaf(place=(*place, "caption"), words=f"caption: {caption}", value=caption, error=0.0)
    for k, note in enumerate(block["notes"]):
        yield _text((*place, "note", str(k)), f"note to {caption}", note)
    heads = [block["row_heading"], *(block["headings"].get(name, name) for name in columns)]
    for name, head in zip(["", *columns], heads, strict=True):
        yield _text((*place, "head", name), f"{caption}: heading {head}", head)
    labels = "\n".join(row["label"] for row in block["rows"])
    yield _text((*place, "labels"), f"{caption}: order of the rows", labels)
    seen: Counter[str] = Counter()
    for row in block["rows"]:
        label = row["label"]
        seen[label] += 1
        values = dict(zip(columns, row["values"], strict=True))
        errors = _errors(values)
        for name, value in values.items():
            yield Leaf(
                place=(*place, "row", label, str(seen[label]), name),
                words=f"{caption}: {label}, {block['headings'].get(name, name)}",
                value=_value(value),
                error=0.0 if place[0] in _OF_THE_ROWS else errors.get(name, math.nan),
            )


def _value(value: Any) -> float | str | None:
    if value in ("Infinity", "-Infinity"):
        return float(value.replace("inity", ""))
    return float(value) if isinstance(value, int | float) else value


def _errors(values: Mapping[str, Any]) -> dict[str, float]:
    """Return the Monte Carlo errors of a row's numbers, from what else stands in the row."""
    errors = {
        name: _number_or_nan(values.get(f"mcse_{name}"))
        for name in ("mean", "sd")
        if f"mcse_{name}" in values
    }
    sd, mean_error = _number_or_nan(values.get("sd")), errors.get("mean", math.nan)
    independent = _number_or_nan(values.get("ess_tail"))
    if math.isnan(independent) and mean_error > 0:
        independent = (sd / mean_error) * (sd / mean_error)  # a power would not take infinity
    if independent > 0:
        quantile = _QUANTILE_ERROR * sd / math.sqrt(independent)
        errors |= {"lower": quantile, "upper": quantile}
    return errors


def _number_or_nan(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else math.nan
