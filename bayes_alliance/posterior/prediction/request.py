"""What the three verbs are asked, checked once and carried along."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from bayes_alliance.posterior.prediction.averaging import By, Cells, cells_of
from bayes_alliance.posterior.prediction.expected import Quantity
from bayes_alliance.posterior.prediction.given_rows import given_rows
from bayes_alliance.posterior.prediction.matrices import PredictionRows
from bayes_alliance.posterior.prediction.means_taken import (
    MeanTaken,
    average_mean_words,
    mean_note,
    means_taken,
)
from bayes_alliance.posterior.prediction.posterior_draws import (
    PredictionDraws,
    enough_draws,
    prediction_draws,
)
from bayes_alliance.posterior.prediction.predictor import telling_columns
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

if TYPE_CHECKING:
    import pandas as pd


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
