"""What a model is once it is built: its parts, and what can be read off them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bayes_alliance.model.design import Design
from bayes_alliance.model.families.family import Family
from bayes_alliance.model.families.link import Link
from bayes_alliance.model.formula import Formula
from bayes_alliance.model.frame import ModelFrame
from bayes_alliance.model.parametrization import Centring
from bayes_alliance.model.prior_table import PriorTable

if TYPE_CHECKING:
    from bayes_alliance.model.streaming.rows import StreamedRows


@dataclass(frozen=True, kw_only=True)
class Question:
    """Where a model comes from: its name in the library, the question it answers, its source."""

    name: str = ""
    text: str = ""
    reference: str = ""


@dataclass(frozen=True, init=False, eq=False)
class ModelRecord:
    """The parts of a model; :class:`Model` reads a table and builds them."""

    formula: Formula
    family: Family
    frame: ModelFrame
    design: Design
    priors: PriorTable
    centring: Mapping[str, Centring]
    question: Question = field(default_factory=Question)
    stream: StreamedRows | None = None

    @property
    def outcome(self) -> str:
        """Name of the outcome column."""
        return self.formula.response.outcome

    @property
    def link(self) -> Link:
        """How linear predictor and mean belong together."""
        return self.family.link

    @property
    def predicted(self) -> tuple[str, ...]:
        """Parameters of the family that have a formula of their own, beside the location."""
        return tuple(own.parameter for own in self.design.predicted)

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of the grouping factors."""
        return tuple(group.name for group in self.design.groups)

    @property
    def clients(self) -> float:
        """How many clients the rows stand for by their frequency weights; one each without."""
        weights, groups = self.frame.weights, self.design.groups
        if self.formula.response.repeats is None or weights is None:
            return float(self.frame.rows_used)
        # Groups keep their caseloads where the rows are not held.
        return float(groups[0].caseloads.sum() if groups else weights.sum())

    @property
    def clients_in_words(self) -> str:
        """What rows stand for, as words behind their number; none where each is one client."""
        if self.formula.response.repeats is None or not self.clients:
            return ""
        return f", which stand for {self.clients:,.10g} clients"
