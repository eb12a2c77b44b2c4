"""What the three verbs are asked, the rows that were given, and the groups' means in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from bayes_alliance.display import joined, place
from bayes_alliance.errors import DataError, SamplingError, counted, did_you_mean, listed
from bayes_alliance.model.group_mean_terms import AVERAGE, OWN, STATED, GroupMean
from bayes_alliance.model.predictor_checks import as_numbers, holds_numbers
from bayes_alliance.model.spec import Model
from bayes_alliance.model.transforms import GROUP_MEANS
from bayes_alliance.posterior.prediction.estimation import By, Cells, cells_of
from bayes_alliance.posterior.prediction.expected import Quantity
from bayes_alliance.posterior.prediction.matrices import (
    PredictionDraws,
    PredictionRows,
    enough_draws,
    prediction_draws,
)
from bayes_alliance.posterior.prediction.predictor import (
    means_by_group,
    predictor_columns,
    telling_columns,
)
from bayes_alliance.posterior.prediction.target import (
    SeenAndNew,
    Target,
    check_drawn,
    check_targets_nest,
    chosen_targets,
    new_group_notes,
    seen_and_new,
    target_words,
)
from bayes_alliance.posterior.prediction.wording import (
    asked_quantity,
    quantity_words,
    standing_notes,
)
from bayes_alliance.posterior.summaries import check_prob
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.linear_predictor import check_memory


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is predicted, for which rows and groups, averaged how, and by which draws.

    Parameters
    ----------
    fit, rows, targets, quantity, cells
        As the verb's own arguments, checked.
    prob, draws, memory
        As the verb's own arguments.
    """

    fit: Fit
    rows: pd.DataFrame
    targets: Mapping[str, Target]
    quantity: Quantity
    cells: Cells | None
    prob: float
    draws: int | None
    memory: float

    @property
    def words(self) -> str:
        """What is predicted, in words."""
        return quantity_words(self.fit.model, self.quantity)

    @property
    def whom(self) -> str:
        """Whom it is about, in words; empty for a model without groups."""
        groups = target_words(self.targets, self._counts, drawn=self.quantity.draws_groups)
        return ", ".join(part for part in (groups, average_mean_words(self._means)) if part)

    @cached_property
    def _counts(self) -> dict[str, SeenAndNew]:
        return seen_and_new(self.fit.model, self.targets, self.rows)

    @cached_property
    def _means(self) -> list[MeanTaken]:
        return means_taken(self.fit.model, self.rows)

    @property
    def categories(self) -> tuple[str, ...]:
        """Categories that each have a number; none if there is one number."""
        return self.quantity.categories(self.fit.model)

    def telling(self, columns: Iterable[str]) -> tuple[str, ...]:
        """Return those columns that say what an estimate is for; all of those averaged within."""
        if self.cells is not None:
            return tuple(columns)
        return telling_columns(self.fit.model, columns, self.targets)

    def draws_for(self, case: PredictionRows) -> PredictionDraws:
        """Take the draws: some of them where all would be wasteful."""
        # Averages of what is linear cost as little as one row.
        linear = self.cells is not None and self.quantity.is_linear(self.fit.model)
        count = self.draws if linear else enough_draws(self.fit, len(self.rows), self.draws)
        taken = prediction_draws(self.fit, case, count, self.memory)
        if self.cells is not None and not linear:
            numbers = len(self.cells.table) * max(1, len(self.categories))
            check_memory("Averaging", taken.total, numbers, self.memory, unit="cells")
        return taken

    def notes(self, taken: PredictionDraws) -> tuple[str, ...]:
        """Say whom it is about, by how many draws, and whether rows have weights."""
        weighted = self.cells is not None and self.cells.weighted
        notes = standing_notes(self.whom, taken, self.fit.draws_in_all, weighted=weighted)
        means = (mean_note(mean) for mean in self._means)
        return (*notes, *new_group_notes(self._counts), *means)


def make_request(
    fit: Fit,
    data: pd.DataFrame | Mapping[str, Any] | None,
    what: str,
    *,
    target: str | Mapping[str, str],
    kind: str,
    scale: str,
    by: By,
    prob: float,
    draws: int | None,
    memory: float,
    seed: int | None = None,
) -> Request:
    """Check the arguments that the verbs share; ``what`` names what is asked for."""
    check_prob(prob)
    model, targets = fit.model, chosen_targets(fit.model, target)
    check_targets_nest(fit, targets)
    if kind == "group":
        check_drawn(targets)
    quantity = asked_quantity(model, kind, scale, fit.settings.seed if seed is None else seed)
    rows = given_rows(fit, data, what)
    return Request(
        fit=fit,
        rows=rows,
        targets=targets,
        quantity=quantity,
        cells=cells_of(model, rows, by),
        prob=prob,
        draws=draws,
        memory=memory,
    )


def given_rows(fit: Fit, data: pd.DataFrame | Mapping[str, Any] | None, what: str) -> pd.DataFrame:
    """Return the rows to predict for, numbered from 0: those given, or the model's own.

    Raises
    ------
    SamplingError
        If none are given and the fit does not hold its own.
    DataError
        If there is none, or one lacks the value of a predictor.
    """
    if data is None:
        if not fit.has_data:
            raise SamplingError(
                f"{what} for the model's own rows was asked for.",
                "The fit does not hold them: they were left out when it was saved, or streamed.",
                "Give rows with data=, such as those of grid(fit, ...) or the table itself.",
            )
        return fit.model.frame.rows
    data = _as_table(data, what)
    means = means_by_group(fit.model)
    data = data.rename(columns=_stated_means(means, data, what))
    if len(data) == 0:
        raise DataError(f"{what} was asked for.", "The table has no rows.", "Give some.")
    needed = list(predictor_columns(fit.model))
    absent = [name for name in needed if name not in data.columns]
    if absent:
        raise DataError(
            f"{what} needs the columns {listed(needed, shown=20)}.",
            f"The table lacks {listed(absent)}.",
            "Add them, under the names they had when the model was built, or make rows with "
            "grid(fit, ...).",
            missing=absent,
        )
    empty = {name: int(count) for name in needed if (count := data[name].isna().sum())}
    if empty:
        raise DataError(
            f"{what} needs every predictor in every row.",
            f"Missing values: {listed(f'{n} in {counted(c, "row")}' for n, c in empty.items())}.",
            "Drop or fill those rows first.",
            missing=empty,
        )
    numeric = [n for n, state in predictor_columns(fit.model).items() if holds_numbers(state)]
    numeric += [name for name in means if name in data.columns]
    return data.assign(**{name: as_numbers(data[name]) for name in numeric}).reset_index(drop=True)


def _stated_means(means: Mapping[str, GroupMean], data: pd.DataFrame, what: str) -> dict[Any, str]:
    """Find the columns that state group means, and give them their names.

    Raises
    ------
    DataError
        For a column that would state a mean the model does not use.
    """
    found = {mean.column_of(data): name for name, mean in means.items()}
    for column in data.columns:
        if column not in found and str(column).startswith(tuple(f"{n}(" for n in GROUP_MEANS)):
            raise DataError(
                f"{what} was asked for with a column {column}.",
                f"The model uses no such group mean. {did_you_mean(str(column), means)}".rstrip(),
                f"It uses {listed(means) or 'none'}.",
                column=column,
            )
    return {column: name for column, name in found.items() if column is not None}


def _as_table(data: Any, what: str) -> pd.DataFrame:
    """Return a table, or make one of a mapping from columns to a value or several."""
    if isinstance(data, pd.DataFrame):
        return data
    if not isinstance(data, Mapping):
        raise DataError(
            f"{what} was asked for.",
            f"The rows were given as {type(data).__name__}, which is no table.",
            "Give a pandas table, or a mapping from columns to values: {'stigma': [1, 2]}.",
        )
    single = [name for name, v in data.items() if isinstance(v, str) or not np.iterable(v)]
    try:
        return pd.DataFrame(dict(data), index=range(1) if len(single) == len(data) else None)
    except ValueError as error:
        lengths = {name: len(list(v)) for name, v in data.items() if name not in single}
        raise DataError(
            f"{what} was asked for.",
            f"The columns are not equally long: {listed(f'{n}: {k}' for n, k in lengths.items())}.",
            "Give every column as many values, or a single one.",
            lengths=lengths,
        ) from error


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
