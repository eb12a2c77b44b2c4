"""Scores of a scale from its items: reversed, prorated, with what looks wrong about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from bayes_alliance.data.columns import numbers_of
from bayes_alliance.data.report import Note
from bayes_alliance.data.scales.key import PARTS, ScaleKey, load_scale
from bayes_alliance.display import as_html, as_text
from bayes_alliance.errors import Advice, DataError, did_you_mean, in_words, listed

# Correlation with the rest of its scale below which an item looks reversed.
_REVERSED = -0.1
_FEWEST_ROWS = 20
# As many items answered alike, some of them reversed, contradict themselves.
_ALIKE = 6


@dataclass(frozen=True, kw_only=True)
class ScaleScores:
    """A table with the scores of a scale, and what was seen on the way.

    Attributes
    ----------
    data : pandas.DataFrame
        The table as given, with a column for the scale and one for each subscale behind it.
    table : pandas.DataFrame
        One row a score: its items, rows that have it, rows of which it was prorated, rows that
        lack it, mean, standard deviation, and the ends of what it can be.
    items : pandas.DataFrame
        One row an item: its number and column, whether it is reversed, answers, mean and standard
        deviation after that, and its correlation with the mean of the others of its scale.
    notes : tuple of Note
        What was seen: prorated rows, items that look reversed, rows with one answer throughout.
    key : ScaleKey
        The key that was used, with what was said in its place.
    answers : pandas.DataFrame
        The answers, reversed items turned, one column an item's number.
    scores : Mapping[str, tuple of int]
        The items of each score.
    """

    data: pd.DataFrame
    table: pd.DataFrame
    items: pd.DataFrame
    notes: tuple[Note, ...]
    key: ScaleKey
    answers: pd.DataFrame
    scores: Mapping[str, tuple[int, ...]]

    @property
    def _title(self) -> str:
        return f"Scores: {self.key.title}"

    def __str__(self) -> str:
        parts = [as_text(self._title, self.table), as_text("Items", self.items)]
        return "\n\n".join([*parts, *map(str, self.notes)])

    def _repr_html_(self) -> str:
        return as_html(self._title, self.table) + as_html("Items", self.items)


def score_scale(
    data: pd.DataFrame,
    key: str | Path | ScaleKey,
    items: str | Sequence[str] | Mapping[int, str],
    *,
    name: str | None = None,
    score: Literal["mean", "sum"] = "mean",
    answered: float = 0.8,
    lowest: float | None = None,
    highest: float | None = None,
    reverse: Sequence[int] | None = None,
    subscales: Mapping[str, Sequence[int]] | None = None,
    accept_unverified: bool = False,
) -> ScaleScores:
    """Score a scale and its subscales from the items of a table.

    A reversed item counts as ``lowest + highest - answer``. A row that lacks a few answers is
    prorated: its score is the mean of those it has, times the number of items for a sum.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a client or visit, one column an item.
    key : str, Path or ScaleKey
        As in :func:`load_scale`.
    items : str, sequence or mapping
        The items' columns: a pattern with the number in braces (``"wai_{}"``, ``"wai{:02}"``), the
        columns in the order of the items, or a column for each number.
    name : str, optional
        What the score is called, and with ``_`` and its name each subscale; the key's name if
        left out.
    score : {"mean", "sum"}
        Of the answers.
    answered : float
        The share of a score's items that a row needs; 1 for all of them.
    lowest, highest : float, optional
        The ends of an answer in this study, where they differ from the key's.
    reverse : sequence of int, optional
        Numbers of the reversed items, in place of the key's; empty if yours were turned already.
    subscales : mapping of str to sequence of int, optional
        In place of the key's.
    accept_unverified : bool
        Use what nobody has checked against the source; else it is refused, unless you say it.

    Returns
    -------
    ScaleScores
        With the table and its scores in ``data``.

    Raises
    ------
    DataError
        If an item has no column or is no number, an answer is outside the range, a score's name
        is taken, or the key uses what is not verified.

    Examples
    --------
    >>> import pandas as pd
    >>> import bayes_alliance as ba
    >>> clients = pd.DataFrame({f"wai_{k}": [4, 5, 3] for k in range(1, 13)})
    >>> ba.score_scale(clients, "wai_sr", "wai_{}").data["wai_sr"].tolist()
    [4.0, 5.0, 3.0]
    """
    used = _as_said(load_scale(key), lowest, highest, reverse, subscales)
    if not accept_unverified:
        _check_verified(used)
    _check_how(score, answered)
    columns = item_columns(data, used, items)
    scores = _names_of_scores(used, name or used.name, data)
    answers = turned(answers_of(data, used, columns), used)
    made = {own: _score(answers[numbers], score, answered) for own, numbers in scores.items()}
    rows = [_row(made[own], answers[numbers], used, score) for own, numbers in scores.items()]
    table = pd.DataFrame(rows, index=pd.Index(list(scores), name="score", dtype="str"))
    of_items = item_table(answers, used, columns)
    return ScaleScores(
        data=data.assign(**made),
        table=table,
        items=of_items,
        notes=tuple(_notes(answers, used, table, of_items)),
        key=used,
        answers=answers,
        scores={own: tuple(numbers) for own, numbers in scores.items()},
    )


def _as_said(
    key: ScaleKey,
    lowest: float | None,
    highest: float | None,
    reverse: Sequence[int] | None,
    subscales: Mapping[str, Sequence[int]] | None,
) -> ScaleKey:
    """Return the key with what the user says in its place, which needs no checking then."""
    said: dict[str, object] = {}
    sure: set[str] = set()
    if lowest is not None or highest is not None:
        ends = {"lowest": lowest, "highest": highest}
        said |= {name: end for name, end in ends.items() if end is not None}
        sure.add("range")
    if reverse is not None:
        said["reversed"] = tuple(reverse)
        sure.add("reversed")
    if subscales is not None:
        said["subscales"] = {name: tuple(numbers) for name, numbers in subscales.items()}
        sure.add("subscales")
    left = tuple(part for part in key.unverified if part not in sure)
    return replace(key, **said, unverified=left)  # type: ignore[arg-type]


def _check_verified(key: ScaleKey) -> None:
    if key.verified:
        return
    says = {
        "range": f"lowest={key.lowest:g} and highest={key.highest:g}",
        "subscales": f"subscales={ ({name: list(own) for name, own in key.subscales.items()}) }",
        "reversed": f"reverse={list(key.reversed)}",
    }
    unsure = in_words([PARTS[part] for part in key.unverified])
    raise DataError(
        f"{key.title} was to be scored.",
        f"Its key is not sure of {unsure}. {key.provenance}",
        "Compare it with your copy of the questionnaire: the key has "
        f"{in_words([says[part] for part in key.unverified])}. Say them yourself, or take them as "
        "they are with accept_unverified=True.",
        unverified=list(key.unverified),
    )


def _check_how(score: str, answered: float) -> None:
    if score not in ("mean", "sum"):
        raise DataError(
            f"A scale was to be scored as score={score!r}.",
            "A score is the mean of the answers or their sum.",
            "Choose 'mean' or 'sum'.",
        )
    if not 0 < answered <= 1:
        raise DataError(
            f"A scale was to be scored with answered={answered!r}.",
            "It is the share of its items that a row needs.",
            "Give a number above 0 and up to 1, such as 0.8.",
        )


def item_columns(
    data: pd.DataFrame, key: ScaleKey, items: str | Sequence[str] | Mapping[int, str]
) -> dict[int, str]:
    """Return the column of each item by its number.

    Raises
    ------
    DataError
        If there is not one column for each item.
    """
    if isinstance(items, str):
        columns = {number: _filled_in(items, number) for number in key.numbers}
    elif isinstance(items, Mapping):
        columns = dict(items)
    else:
        columns = dict(enumerate(items, start=1))
    asked = f"The {key.items} items of {key.title} were asked for."
    if sorted(columns) != list(key.numbers):
        raise DataError(
            asked,
            f"Columns were given for {len(columns)} items.",
            f"Give one for each of the items 1 to {key.items}, in their order.",
        )
    missing = [own for own in columns.values() if own not in data.columns]
    if missing:
        near = did_you_mean(str(missing[0]), data.columns)
        raise DataError(
            asked,
            f"The table has no column {listed(missing)}.",
            f"{near}It has {listed(data.columns, shown=20)}. Give a pattern such as 'wai_{{}}', or "
            "the columns in the order of the items.",
            missing=missing,
        )
    twice = sorted({own for own in columns.values() if list(columns.values()).count(own) > 1})
    if twice:
        raise DataError(asked, f"{listed(twice)} is given twice.", "Give each item its own column.")
    return columns


def _filled_in(pattern: str, number: int) -> str:
    try:
        filled = pattern.format(number)
    except (IndexError, KeyError, ValueError, AttributeError) as error:
        raise _no_pattern(pattern) from error
    if filled == pattern or len(filled) > 1000:
        raise _no_pattern(pattern)
    return filled


def _no_pattern(pattern: str) -> DataError:
    return DataError(
        f"The items were given as {pattern[:60]!r}.",
        "A pattern has one pair of braces where the number of the item stands.",
        "Write 'wai_{}' for wai_1, wai_2 and so on, or 'wai_{:02}' for wai_01, wai_02.",
    )


def answers_of(data: pd.DataFrame, key: ScaleKey, columns: Mapping[int, str]) -> pd.DataFrame:
    """Return the answers as numbers, a column for each item's number.

    Raises
    ------
    DataError
        If an item holds words, or answers outside the range.
    """
    found = {}
    for number, column in columns.items():
        values = numbers_of(data[column])
        if values.dtype.kind not in "iufb" or values.dtype.kind == "b":
            raise DataError(
                f"Item {number} of {key.title} is the column {column}.",
                f"It holds no numbers, but such as {listed(data[column].dropna().unique()[:2])}.",
                "Recode its answers as numbers, or give the right column.",
                column=column,
            )
        answers = values.astype("float64")
        outside = answers[(answers < key.lowest) | (answers > key.highest)]
        if len(outside):
            raise _outside(key, number, column, outside)
        found[number] = answers
    return pd.DataFrame(found, index=data.index)


def _outside(key: ScaleKey, number: int, column: str, outside: pd.Series) -> DataError:
    counts = outside.value_counts()
    seen = in_words([f"{value:g} ({count} rows)" for value, count in counts.items()][:4])
    code = counts.index[0]
    return DataError(
        f"Item {number} of {key.title} is the column {column}, with answers from {key.lowest:g} to "
        f"{key.highest:g}.",
        f"It has {seen}.",
        Advice(
            python=f"If that is a code for no answer, read the table with missing={code:g}; if "
            "answers go further in your study, say lowest= and highest=.",
            command_line=f"If that is a code for no answer, add --missing {code:g}; if answers go "
            "further in your study, say so in the key.",
        ),
        column=column,
        values=[float(value) for value in counts.index],
    )


def turned(answers: pd.DataFrame, key: ScaleKey) -> pd.DataFrame:
    """Return the answers with reversed items the other way round."""
    both = key.lowest + key.highest
    return pd.DataFrame(
        {n: both - answers[n] if n in key.reversed else answers[n] for n in key.numbers}
    )


def _names_of_scores(key: ScaleKey, name: str, data: pd.DataFrame) -> dict[str, list[int]]:
    """Return the items of each score by the name of its column."""
    scores = {name: list(key.numbers)}
    scores |= {f"{name}_{own}": list(numbers) for own, numbers in key.subscales.items()}
    taken = [own for own in scores if own in data.columns]
    if taken:
        raise DataError(
            f"The scores of {key.title} were to be called {listed(scores)}.",
            f"The table has {listed(taken)} already.",
            "Give another name=, or drop that column.",
            columns=taken,
        )
    return scores


def _score(answers: pd.DataFrame, score: str, answered: float) -> pd.Series:
    """Return the score of each row, NaN where too few items are answered."""
    enough = answers.notna().sum(axis=1) >= answered * answers.shape[1] - 1e-9
    factor = answers.shape[1] if score == "sum" else 1
    return (answers.mean(axis=1) * factor).where(enough)


def _row(
    scores: pd.Series, answers: pd.DataFrame, key: ScaleKey, score: str
) -> dict[str, float | int]:
    factor = answers.shape[1] if score == "sum" else 1
    return {
        "items": answers.shape[1],
        "rows": int(scores.notna().sum()),
        "prorated": int((scores.notna() & answers.isna().any(axis=1)).sum()),
        "missing": int(scores.isna().sum()),
        "mean": float(scores.mean()),
        "sd": float(scores.std()),
        "lowest": factor * key.lowest,
        "highest": factor * key.highest,
    }


def item_table(answers: pd.DataFrame, key: ScaleKey, columns: Mapping[int, str]) -> pd.DataFrame:
    """Return one row an item, with its correlation with the mean of the others."""
    rows = [
        {
            "column": columns[number],
            "reversed": number in key.reversed,
            "answers": int(answers[number].notna().sum()),
            "mean": float(answers[number].mean()),
            "sd": float(answers[number].std()),
            "with the rest": _with_the_rest(answers, number),
        }
        for number in key.numbers
    ]
    return pd.DataFrame(rows, index=pd.Index(list(key.numbers), name="item"))


def _with_the_rest(answers: pd.DataFrame, number: int) -> float:
    """Return an item's correlation with the mean of the others, NaN where one is constant."""
    pair = pd.concat([answers[number], answers.drop(columns=number).mean(axis=1)], axis=1).dropna()
    if len(pair) < 3 or (pair.std() == 0).any():
        return float("nan")
    return float(np.corrcoef(pair.to_numpy().T)[0, 1])


def _notes(
    answers: pd.DataFrame, key: ScaleKey, scores: pd.DataFrame, items: pd.DataFrame
) -> list[Note]:
    return [
        *_note_prorated(scores, len(answers)),
        *_note_reversed(answers, key, items),
        *_note_alike(answers, key),
    ]


def _note_prorated(scores: pd.DataFrame, total: int) -> list[Note]:
    """Say of the whole scale, the first score, how many rows lack answers."""
    name = str(scores.index[0])
    prorated, without = (int(scores[column].iloc[0]) for column in ("prorated", "missing"))
    said = []
    if prorated:
        said.append(
            f"{prorated} of {total} rows lack answers and have a {name} from those they have"
        )
    if without:
        said.append(f"{without} of {total} rows have too few answers for a {name}")
    if not said:
        return []
    return [Note(level="fine", code="prorated", message="; ".join(said) + ".", columns=(name,))]


def _note_reversed(answers: pd.DataFrame, key: ScaleKey, items: pd.DataFrame) -> list[Note]:
    """Name the items that go against the rest of their scale."""
    if len(answers.dropna()) < _FEWEST_ROWS:
        return []
    against = items[items["with the rest"] < _REVERSED]
    if against.empty:
        return []
    seen = in_words(
        [f"{row['column']} ({row['with the rest']:.2f})" for _, row in against.iterrows()], shown=6
    )
    turned_already = any(number in key.reversed for number in against.index)
    why = (
        "Perhaps the table has it turned already: then leave its number out of reverse="
        if turned_already
        else "Perhaps it has to be reversed: then give its number in reverse="
    )
    return [
        Note(
            level="caution",
            code="looks_reversed",
            message=f"Against the rest of the scale goes {seen}: the correlation is negative.",
            columns=tuple(map(str, against["column"])),
            value=float(against["with the rest"].min()),
            threshold=_REVERSED,
            remedy=f"{why}, or in the key.",
        )
    ]


def _note_alike(answers: pd.DataFrame, key: ScaleKey) -> list[Note]:
    """Say how many rows give one answer throughout, which contradicts itself if it is no middle."""
    raw = turned(answers, key)
    whole = raw.notna().all(axis=1)
    alike = whole & (raw.nunique(axis=1) == 1)
    middle = (key.lowest + key.highest) / 2
    contradicts = alike & (raw.iloc[:, 0] != middle)
    both = 0 < len(key.reversed) < key.items
    if not (both and key.items >= _ALIKE and contradicts.any()):
        return []
    return [
        Note(
            level="caution",
            code="one_answer",
            message=f"{int(contradicts.sum())} of {len(answers)} rows have one answer to all "
            f"{key.items} items, though {len(key.reversed)} of them are reversed: they say "
            "opposite things.",
            columns=(),
            value=float(contradicts.mean()),
            remedy="Look at these rows: they may have been filled in without reading.",
        )
    ]
