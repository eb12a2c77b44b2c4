"""What predictions, contrasts and slopes say about themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_alliance.display import in_sentences, joined, place
from bayes_alliance.errors import ModelError, did_you_mean
from bayes_alliance.model.families.categories import score_words
from bayes_alliance.model.spec import Model
from bayes_alliance.posterior.prediction.expected import Quantity
from bayes_alliance.posterior.prediction.matrices import PredictionDraws
from bayes_alliance.posterior.summaries import DIRECTION, interval_phrase, interval_words

if TYPE_CHECKING:
    import pandas as pd

KINDS = ("mean", "group", "outcome", "probability")
SCALES = ("response", "link")
_ROWS_IN_A_SENTENCE = 3


def asked_quantity(model: Model, kind: str, scale: str, seed: int) -> Quantity:
    """Return what is to be predicted.

    Raises
    ------
    ModelError
        For a kind or scale that does not exist, or that the outcome cannot have.
    """
    for word, value, valid in (("kind", kind, KINDS), ("scale", scale, SCALES)):
        if value not in valid:
            raise ModelError(
                f"A prediction was asked for with {word}={value!r}.",
                f"There is no such {word}. {did_you_mean(str(value), valid)}".rstrip(),
                f"It is one of {', '.join(valid)}.",
            )
    if kind == "probability" and not model.family.categories(model.frame.levels):
        raise ModelError(
            f"Probabilities of {model.outcome} were asked for.",
            "It is a number and has no categories.",
            "Ask for its expected value with kind='mean'.",
        )
    if kind not in ("mean", "group") and scale == "link":
        raise ModelError(
            f"kind={kind!r} was asked for on the link scale.",
            "Outcomes and probabilities are on the response scale.",
            "Leave scale= out, or ask for kind='mean' or kind='group'.",
        )
    if kind == "probability" and model.family.is_probability:
        kind = "mean"  # the expected value of a 0 or 1 is its probability
    return Quantity(kind=kind, scale=scale, seed=seed)


def quantity_words(model: Model, quantity: Quantity) -> str:
    """Name what is predicted."""
    outcome = model.outcome
    if quantity.scale == "link" and model.family.on_link_scale:
        return f"linear predictor of {outcome}{model.link.note}"
    levels = model.frame.levels
    scored = f" (categories count as {score_words(levels)})" if levels else ""
    if quantity.kind == "outcome":
        return f"{outcome} of a single row{scored}"
    if quantity.kind == "probability":
        return f"probability of {outcome}"
    return f"{model.family.value_words.format(outcome)}{scored}"


def standing_notes(
    whom: str, draws: PredictionDraws, available: int, *, weighted: bool
) -> tuple[str, ...]:
    """Say whom it is about, by how many draws, and whether rows have weights."""
    notes = [f"{whom[0].upper()}{whom[1:]}."] if whom else ["The model has no groups."]
    if draws.total < available:
        notes.append(f"By {draws.total} of {available} draws.")
    if weighted:
        notes.append("Rows count as often as their frequency weights say.")
    return tuple(notes)


def places_phrase(row: Any, columns: Sequence[str]) -> str:
    """Say where an estimate stands: `` at stigma = 1, age = 40 and setting = home``."""
    if not columns:
        return ""
    return " at " + joined([f"{name} = {place(row[name])}" for name in columns])


def varying_columns(table: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Return those columns that tell the rows of the table apart."""
    return [name for name in columns if table[name].nunique(dropna=False) > 1]


def level_sentence(
    table: pd.DataFrame,
    columns: Sequence[str],
    words: str,
    prob: float,
    whom: str,
    *,
    zero_or_one: bool = False,
) -> str:
    """Put predictions into one sentence: each of a few, or the lowest and the highest of many.

    Of single outcomes that are 0 or 1, all there is to say is how probable the 1 is.
    """

    def phrase(row: Any, places: Sequence[str]) -> str:
        said = (
            f"1 with probability {in_sentences([float(row['mean']), 1.0])[0]}"
            if zero_or_one
            else interval_phrase(row, prob)
        )
        return said + places_phrase(row, places)

    telling = varying_columns(table, columns) if len(table) > 1 else list(columns)
    after = f", {whom}" if whom else ""
    if len(table) <= _ROWS_IN_A_SENTENCE:
        shown = [phrase(row, telling) for _, row in table.iterrows()]
        several = "; ".join(shown) if len(telling) > 1 else joined(shown)
        return f"The {words} is {several}{after}."
    means = table["mean"].to_numpy()
    if not telling and np.ptp(means) == 0.0:
        return f"The {words} is {phrase(table.iloc[0], [])} in all {len(table)} rows{after}."
    ends = [table.iloc[int(means.argmin())], table.iloc[int(means.argmax())]]
    low, high = (phrase(row, telling) for row in ends)
    return f"Over {len(table)} predictions the {words} goes from {low} to {high}{after}."


def change_sentence(
    table: pd.DataFrame,
    columns: Sequence[str],
    words: str,
    nothing: float,
    prob: float,
    whom: str,
    states: Mapping[str, str],
) -> str:
    """Put contrasts or slopes into words, and say how sure their direction is.

    ``states`` says in words what each label of a contrast stands for.
    """
    elsewhere = _elsewhere(table, columns)
    shown = [
        f"is {interval_phrase(row, prob)}{_changed(row, states)}{places_phrase(row, elsewhere)};"
        f" {_direction(row, nothing)}."
        for _, row in table.head(_ROWS_IN_A_SENTENCE).iterrows()
    ]
    more = len(table) - len(shown)
    rest = [f"{more} more can be found in the table."] if more > 0 else []
    about = f", {whom}," if whom else ""
    return " ".join([f"The {words}{about} {' It '.join(shown)}", *rest])


def _changed(row: Any, states: Mapping[str, str]) -> str:
    """Name the predictor and its states."""
    compared = f" {states[row['contrast']]}" if "contrast" in row.index else ""
    return f" for {row['variable']}{compared}"


def _elsewhere(table: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    own = ("variable", "contrast")
    return [name for name in varying_columns(table, columns) if name not in own]


def _direction(row: Any, nothing: float) -> str:
    """Say which side of nothing it lies on, as firmly as the interval does."""
    mostly = "above" if row["mean"] > nothing else "below"
    sure = f"{mostly} {nothing:g} with probability {_probability(float(row[DIRECTION]))}"
    if row["lower"] <= nothing <= row["upper"]:
        return f"its direction is open ({sure})"
    return f"it is {sure}"


def _probability(value: float) -> str:
    return "over 0.999" if value > 0.999 else f"{value:.3f}" if value > 0.99 else f"{value:.2f}"


def refuse_outcomes(kind: str, what: str) -> None:
    """Refuse to compare outcomes of single rows.

    Raises
    ------
    ModelError
        If they were asked for.
    """
    if kind == "outcome":
        raise ModelError(
            f"A {what} of outcomes with their residuals was asked for.",
            "Residuals of two states of a row have nothing to do with each other.",
            "Ask for expected outcomes with kind='mean'.",
        )


def closing_note(prob: float) -> str:
    """Say what kind of interval it is."""
    return f"{interval_words(prob)}."
