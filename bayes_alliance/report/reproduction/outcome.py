"""Whether a report comes out again: every number and text then and now, and what made them."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bayes_alliance.display import as_html, as_text
from bayes_alliance.errors import listed
from bayes_alliance.report.prose import plural
from bayes_alliance.report.reproduction.lines import in_print

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from bayes_alliance.sampling.fit import Fit

    type Floats = NDArray[np.float64]

_SHOWN = 20
_PLACES = 5  # of a document, told in full
_FALSE_ALARM = 0.01  # probability that any of the numbers is called different by chance alone
# A 2.5% quantile of normal draws has 2.7 times the error of the mean of as many independent ones;
# half as much again is allowed for the long tails of standard deviations.
_QUANTILE_ERROR = 4.0
_NUMBER = re.compile(r"(-?\d+(?:\.\d+)?)")  # a number in a text
_READING = "clients = "  # the line of the program that names the table's file
# What is counted in the rows, not sampled.
_OF_THE_ROWS = frozenset({"data"})
# Of the number itself: what another order of adding may do to it, and no change of its meaning.
ROUNDING = 1e-9


@dataclass(frozen=True, kw_only=True)
class Reproduction:
    """A report made again from its own record, held against what it says.

    Parameters
    ----------
    path
        The report.
    agree
        With the same versions: whether everything is the same but for rounding, at most a
        billionth of a number. With others: whether no number differs by more than its Monte Carlo
        error allows. In both cases the document must tell what its data say, word by word.
    same_versions
        Whether the report was made with the versions and on the kind of machine at hand, by a
        run that was not interrupted.
    same_draws
        Whether the draws are the same to the last digit.
    table
        One row a number of the report: ``reported``, ``now``, ``difference``, Monte Carlo
        ``error`` of the difference (0 for a count of rows, NaN where it is not known) and
        ``agrees`` (1, 0, or NaN where other versions made it and its error is not known).
    texts
        Where the texts of its data differ; with other versions some do.
    document
        What the report is: a page, a text, a Word document; nothing where it is its data alone.
    shown
        Where the document shows something else than the data it carries.
    writers
        What wrote the document in another version than the one at hand: where there are such,
        it may be laid out otherwise and its pictures may be others, but not its words.
    told
        Whether the document tells every word of its data and no other. Where ``shown`` names
        places and it is still true, another version laid them out otherwise.
    versions
        One row a package, Python and the machine: ``then``, ``now``, ``same``.
    fits
        The fits made again; the first is the one reported.
    """

    path: str
    agree: bool
    same_versions: bool
    same_draws: bool
    table: pd.DataFrame
    texts: tuple[str, ...]
    document: str
    shown: tuple[str, ...]
    writers: tuple[str, ...]
    told: bool
    versions: pd.DataFrame
    fits: tuple[Fit, ...]

    @property
    def differing(self) -> pd.DataFrame:
        """The rows of ``table`` that do not agree."""
        return self.table[self.table["agrees"] == 0]

    @property
    def rounded(self) -> pd.DataFrame:
        """With the same versions: the rows of ``table`` that agree, but not to the last digit."""
        agree = self.table["agrees"] == 1
        return self.table[agree & (self.table["difference"].abs() > 0) & self.same_versions]

    @property
    def sentence(self) -> str:
        """What came out, in words."""
        made = self._with_the_same() if self.same_versions else self._with_others()
        return f"{made} {self._on_the_document()}".rstrip()

    def _with_the_same(self) -> str:
        made = "Made again with the same versions on the same kind of machine, the report has"
        changed = [in_print(str(place)) for place in (*self.differing.index, *self.texts)]
        rounded = self._rounding_words()
        if not (self.same_draws or (self.differing.empty and not self.rounded.empty)):
            return (
                f"{made} other draws: its record does not name the run that made it. "
                f"{self._count()}."
            )
        if changed:
            return (
                f"{made} the same draws, but it says something else of them in "
                f"{plural(len(changed), 'place')}: "
                f"{listed(changed)}. It was changed after it was written. {rounded}".rstrip()
            )
        draws = "the same draws and " if self.same_draws else ""
        digits = f". {rounded}" if rounded else ", to the last digit."
        return f"{made} {draws}the same {len(self.table)} numbers{digits}"

    def _on_the_document(self) -> str:
        """Say where the document is not what its data are, and what that can mean."""
        if not self.document:
            return ""
        others = f"The {self.document} was written with {listed(self.writers)}"
        if not self.shown:
            if self.writers:
                return f"{others}; its words are those of its data, its pictures were not compared."
            if self.same_versions:
                return f"The {self.document} shows them, with nothing added or left out."
            return f"The {self.document} shows its own data; its pictures were not compared."
        more = len(self.shown) - _PLACES
        where = "; ".join([*self.shown[:_PLACES], *([f"and {more} more"] if more > 0 else [])])
        told = f"shows something else than its own data in {plural(len(self.shown), 'place')}"
        if self.writers and self.told:
            return (
                f"{others}, which lays it out otherwise: {where}. Its words are those of its data, "
                "its pictures were not compared."
            )
        if self.writers:
            return (
                f"{others} and {told}: {where}. Another version may word it otherwise, but it may "
                "also have been changed: whether it agrees cannot be judged here. Look there, or "
                "make the report again with those versions."
            )
        return f"The {self.document} {told}: {where}. It was changed after it was written."

    def _rounding_words(self) -> str:
        """Tell differences of rounding apart from changes."""
        if self.rounded.empty:
            return ""
        what = plural(len(self.rounded), "number differs", "numbers differ")
        return (
            f"{what} in the last digits only, by at most {ROUNDING:g} of the number: that is "
            "rounding, not a change."
        )

    def _with_others(self) -> str:
        then = self.versions[~self.versions["same"]]
        named = ((name, in_print(row["then"]), row["now"]) for name, row in then.iterrows())
        names = [f"{in_print(str(name))} {before} (here {now})" for name, before, now in named]
        made = f"The report was made with {listed(names)}" if names else "The run was interrupted"
        words = plural(len(self.texts), "sentence or cell reads", "sentences and cells read")
        texts = f" {words} otherwise with these draws and were not judged." if self.texts else ""
        return f"{made}. {self._count()}.{texts}"

    def _count(self) -> str:
        judged = self.table["agrees"].notna()
        wrong, rest = self.differing, int((~judged).sum())
        if self.same_versions:
            return f"{len(wrong)} of its {len(self.table)} numbers are others"
        if not judged.any():
            return "None of its numbers could be compared"
        kept = f"All {judged.sum()} numbers" if wrong.empty else f"{len(wrong)} of {judged.sum()}"
        found = "agree within" if wrong.empty else "differ by more than"
        unknown = f"; {rest} others have no known error and were not judged" if rest else ""
        which = "" if wrong.empty else f": {listed(map(in_print, wrong.index))}"
        return f"{kept} {found} their Monte Carlo errors{which}{unknown}"

    def _shown(self) -> pd.DataFrame:
        """Return the numbers that differ, or the first ones if none does."""
        shown = (self.table if self.differing.empty else self.differing).head(_SHOWN)
        return shown.assign(
            agrees=shown["agrees"].map({1.0: "yes", 0.0: "no"}).fillna("not judged")
        )

    def __str__(self) -> str:
        return as_text("Reproduction", self._shown(), self.sentence)

    def _repr_html_(self) -> str:
        return as_html("Reproduction", self._shown(), self.sentence)


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
        _NUMBER.split(text.replace("\N{MINUS SIGN}", "-")) for text in (then.value, now.value)
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
