"""Which mean of a predictor the groups of the rows were taken to have, and how to say it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bayes_alliance.display import joined, place
from bayes_alliance.errors import counted
from bayes_alliance.model.group_mean_terms import AVERAGE, OWN, STATED, GroupMean
from bayes_alliance.model.spec import Model
from bayes_alliance.posterior.prediction.predictor import means_by_group

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class MeanTaken:
    """A group mean and in how many rows it was stated, the group's own, or the average one.

    Parameters
    ----------
    mean
        What the model learnt.
    rows
        How many rows, by source.
    """

    mean: GroupMean
    rows: Mapping[str, int]


def means_taken(model: Model, rows: pd.DataFrame) -> list[MeanTaken]:
    """Count where the group means of the rows come from, mean by mean."""
    return [
        MeanTaken(mean=mean, rows=Counter(mean.sources(rows).tolist()))
        for mean in means_by_group(model).values()
    ]


def with_means(model: Model, rows: pd.DataFrame, variables: Iterable[str]) -> pd.DataFrame:
    """Return rows that state those group means that are to be changed, as they were taken."""
    means = means_by_group(model)
    return rows.assign(**{name: means[name].of(rows) for name in variables if name in means})


def average_mean_words(taken: Sequence[MeanTaken]) -> str:
    """Say for a sentence which means are those of the average group, in every row."""
    average = [t.mean for t in taken if set(t.rows) == {AVERAGE}]
    said = [f"{m.predictor}, {place(m.average)}" for m in average]
    return f"with the average group's mean of {' and of '.join(said)}" if said else ""


def mean_note(taken: MeanTaken) -> str:
    """Say of one mean where it comes from: ``The mean of stigma in school is stated.``."""
    mean, rows = taken.mean, taken.rows
    words = {
        STATED: "stated",
        OWN: "that of the row's own group",
        AVERAGE: f"that over all rows ({place(mean.average)})",
    }
    parts = [f"{words[k]} in {counted(rows[k], 'row')}" for k in words if k in rows]
    said = words[next(iter(rows))] if len(rows) == 1 else joined(parts)
    other = f"a column {mean.name} states another"
    if set(rows) == {AVERAGE}:
        return (
            f"A group of {mean.group} not seen before is taken to have the mean of "
            f"{mean.predictor} over all rows, {place(mean.average)}; {other}."
        )
    whole = f"The mean of {mean.predictor} in {mean.group} is {said}"
    return f"{whole}; {other}." if AVERAGE in rows else f"{whole}."
