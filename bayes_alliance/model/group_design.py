"""The group terms of a formula as matrices: who belongs where, and what varies there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.data.labels import factorized, group_labels
from bayes_alliance.data.provenance import AS_WRITTEN
from bayes_alliance.errors import DataError, ModelError, in_the_table, listed
from bayes_alliance.model.column_order import ColumnOrder, orders_from_json
from bayes_alliance.model.formula import GroupTerm
from bayes_alliance.model.linear import LinearPart, apply_part, learn_part
from bayes_alliance.model.repeats import Repeats, counted_by_group

MOST_EFFECTS = 100
MOST_FACTORS = 50


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What one effect of a group is part of, and what it adds to there.

    Parameters
    ----------
    outcome, parameter
        The location of an outcome, or another parameter of its family.
    coefficient
        The coefficient it varies: ``Intercept``, ``stigma``.
    """

    outcome: str
    parameter: str
    coefficient: str

    @property
    def label(self) -> str:
        """Its label among all effects of the factor."""
        return names.effect_label(self.parameter, self.coefficient)

    @property
    def words(self) -> str:
        """The effect for a sentence: ``the intercept``, ``the slope of stigma on sigma``."""
        located = self.parameter == names.MEAN_PARAMETER
        if self.coefficient == names.INTERCEPT:
            return "the intercept" if located else f"the intercept of {self.parameter}"
        own = f"the slope of {self.coefficient}"
        return own if located else f"{own} on {self.parameter}"


@dataclass(frozen=True, kw_only=True)
class GroupDesign:
    """Everything a model knows about one grouping factor.

    Parameters
    ----------
    name
        ``case_manager``, or ``agency:case_manager`` for combinations.
    factors
        The columns whose combinations are the groups.
    labels
        The groups that occur, as text: numbers by size, then text.
    index
        Group of each row, shape (row,), counting from 0.
    Z
        Columns of the effects, shape (row, effect).
    varying
        What each effect is part of, and the coefficient it varies.
    blocks
        Effects that are correlated with one another, as neighbouring places in ``varying``; they
        partition it.
    parts
        State of the expressions the columns come from.
    caseloads
        Clients of each group, shape (group,): its rows, as often as their frequency weights say.
    upper
        For combinations: name of the group each group lies in, and its label a group.
    """

    name: str
    factors: tuple[str, ...]
    labels: tuple[str, ...]
    index: NDArray[np.int64]
    Z: NDArray[np.float64]
    varying: tuple[Effect, ...]
    blocks: tuple[tuple[int, ...], ...]
    parts: tuple[Mapping[str, Any], ...]
    caseloads: NDArray[Any]
    upper: str | None = None
    upper_labels: tuple[str, ...] = ()

    @property
    def effects(self) -> tuple[str, ...]:
        """Label of each effect: ``Intercept``, ``stigma``, ``sigma_Intercept``."""
        return tuple(effect.label for effect in self.varying)

    def places_of(self, parameter: str) -> list[int]:
        """Return the places of the effects that are part of a parameter."""
        return [k for k, effect in enumerate(self.varying) if effect.parameter == parameter]

    @property
    def orders(self) -> tuple[ColumnOrder, ...]:
        """What each effect's column is made of; terms are counted over all expressions."""
        found: list[ColumnOrder] = []
        for part in self.parts:
            first = max((order.term for order in found), default=-1) + 1
            own = orders_from_json(part["orders"])
            found += [replace(order, term=first + order.term) for order in own]
        return tuple(found)

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """Pairs of correlated effects, as places in ``effects``."""
        return tuple(
            (first, second)
            for block in self.blocks
            for k, first in enumerate(block)
            for second in block[k + 1 :]
        )

    @property
    def pair_labels(self) -> tuple[str, ...]:
        """Label of each pair, in the order of ``pairs``."""
        return tuple(names.pair_label(self.effects[i], self.effects[j]) for i, j in self.pairs)


def combined_labels(rows: pd.DataFrame, factors: tuple[str, ...]) -> pd.Series[Any]:
    """Return one label a row for the combination of the factors."""
    parts = [group_labels(rows[factor]) for factor in factors]
    labels = parts[0]
    for part in parts[1:]:
        labels = labels + ":" + part
    return labels


def build_groups(
    terms: tuple[GroupTerm, ...],
    rows: pd.DataFrame,
    all_rows: pd.DataFrame,
    *,
    group_may_be_row: bool = False,
    repeats: Repeats | None = None,
) -> tuple[GroupDesign, ...]:
    """Make one :class:`GroupDesign` a grouping factor; terms of one factor are joined.

    ``group_may_be_row`` is for outcomes whose own variance is known, as in a meta-analysis;
    ``repeats`` says how many clients the rows stand for.

    Raises
    ------
    DataError
        If there is one group only, as many groups as rows, or two factors have the same groups.
    ModelError
        If an effect is asked for twice, or there are more grouping factors than a model can have.
    """
    by_factors = terms_by_factors(terms)
    _check_number(by_factors)
    _check_names(by_factors)
    counts = repeats or Repeats()
    groups = tuple(_one_group(f, ts, rows, all_rows, counts) for f, ts in by_factors.items())
    _check_different(groups)
    if not group_may_be_row:
        for group in groups:
            check_shared(group, len(rows))
    return groups


def _check_number(by_factors: Mapping[tuple[str, ...], Sequence[GroupTerm]]) -> None:
    """Refuse more factors than could be sampled, before the rows are read for each of them."""
    if len(by_factors) > MOST_FACTORS:
        raise ModelError(
            f"A model of {len(by_factors)} grouping factors was to be built.",
            f"They are {listed(map(':'.join, by_factors), shown=4)}; the most there may be is "
            f"{MOST_FACTORS}.",
            "Keep those whose groups the question is about. Columns that describe a client, such "
            "as sex, are predictors: write them without (1 | ...).",
            factors=len(by_factors),
        )


def terms_by_factors(terms: Iterable[GroupTerm]) -> dict[tuple[str, ...], list[GroupTerm]]:
    """Return the terms of each factor; those with one id, which make one block, side by side."""
    found: dict[tuple[str, ...], list[GroupTerm]] = {}
    for term in terms:
        found.setdefault(term.factors, []).append(term)
    for factors, own in found.items():
        ids = [term.id for term in own]
        ranks = [ids.index(term.id) if term.id else k for k, term in enumerate(own)]
        found[factors] = [own[k] for k in sorted(range(len(own)), key=ranks.__getitem__)]
    return found


def _one_group(
    factors: tuple[str, ...],
    terms: list[GroupTerm],
    rows: pd.DataFrame,
    all_rows: pd.DataFrame,
    repeats: Repeats,
) -> GroupDesign:
    name = names.combined(factors)
    row_labels = combined_labels(rows, factors)
    codes, labels = factorized(row_labels)
    _check_several(name, labels)
    _check_distinct(name, rows, factors, labels)
    parts = [learn_part(term.expression, rows, all_rows, repeats) for term in terms]
    varying = tuple(
        Effect(outcome=term.outcome, parameter=term.parameter, coefficient=label)
        for term, part in zip(terms, parts, strict=True)
        for label in part.labels
    )
    effects = tuple(effect.label for effect in varying)
    _check_few_effects(name, effects)
    _check_effects(name, effects, parts)
    upper_labels = _upper_labels(rows, factors, codes, len(labels))
    return GroupDesign(
        name=name,
        factors=factors,
        labels=labels,
        index=codes,
        Z=np.ascontiguousarray(np.column_stack([part.matrix for part in parts])),
        varying=varying,
        blocks=_blocks(terms, parts),
        parts=tuple(part.state for part in parts),
        caseloads=counted_by_group(codes, len(labels), repeats.of_rows),
        upper=names.combined(factors[:-1]) if len(factors) > 1 else None,
        upper_labels=upper_labels,
    )


def _blocks(terms: list[GroupTerm], parts: list[LinearPart]) -> tuple[tuple[int, ...], ...]:
    blocks: list[tuple[int, ...]] = []
    start, before = 0, None
    for term, part in zip(terms, parts, strict=True):
        places = tuple(range(start, start + len(part.labels)))
        if term.id is not None and term.id == before:
            blocks[-1] = (*blocks[-1], *places)
        else:
            blocks.extend([places] if term.correlated else [(place,) for place in places])
        start, before = start + len(part.labels), term.id
    return tuple(blocks)


def _upper_labels(
    rows: pd.DataFrame, factors: tuple[str, ...], codes: NDArray[Any], groups: int
) -> tuple[str, ...]:
    if len(factors) == 1:
        return ()
    first_rows = np.full(groups, -1, dtype=np.int64)
    first_rows[codes[::-1]] = np.arange(len(codes))[::-1]
    return tuple(combined_labels(rows, factors[:-1]).iloc[first_rows].tolist())


def _check_several(name: str, labels: tuple[str, ...]) -> None:
    if len(labels) == 1:
        raise DataError(
            f"Effects were to vary between the groups of {name}.",
            f"There is one group only: {labels[0]}.",
            "Take the group term out, or check the column and the filter.",
            group=name,
        )


def _check_distinct(
    name: str, rows: pd.DataFrame, factors: tuple[str, ...], labels: tuple[str, ...]
) -> None:
    """Two combinations must not share a label: A:1 with 2, and A with 1:2."""
    occurring = pd.DataFrame({f: group_labels(rows[f]) for f in factors}).drop_duplicates()
    if len(occurring) != len(labels):
        raise DataError(
            f"Effects were to vary between the combinations of {listed(factors)}.",
            f"Ids with a colon make {len(occurring)} combinations share {len(labels)} labels.",
            "Take the colons out of the ids.",
            group=name,
        )


def _check_names(by_factors: Mapping[tuple[str, ...], list[GroupTerm]]) -> None:
    """Refuse a column called a:b beside the combinations of a and b."""
    called: dict[str, tuple[str, ...]] = {}
    for factors in by_factors:
        name = names.combined(factors)
        if called.setdefault(name, factors) != factors:
            parts = factors if len(factors) > 1 else called[name]
            raise DataError(
                f"Effects were to vary between the groups of {name}.",
                f"That is a column, and the combinations of {listed(parts)}.",
                in_the_table(
                    "Rename the column, for example with "
                    f"data.rename(columns={{{name!r}: {name.replace(':', '_')!r}}}).",
                    f"Rename the column, for example to {name.replace(':', '_')},",
                ),
                group=name,
            )


def _check_different(groups: tuple[GroupDesign, ...]) -> None:
    """Refuse two factors that part the rows alike: no data tell their effects apart."""
    parted: dict[bytes, GroupDesign] = {}
    for second in groups:
        # Numbered as they are met, groups that part the rows alike have the same numbers.
        first = parted.setdefault(pd.factorize(second.index)[0].tobytes(), second)
        if first is not second:
            raise DataError(
                f"Effects were to vary between the groups of {first.name} and of {second.name}.",
                f"They are the same {len(first.labels)} groups under two names, so that the data "
                "cannot tell whose effect is whose.",
                _one_of(first, second),
                groups=[first.name, second.name],
            )


def _one_of(first: GroupDesign, second: GroupDesign) -> str:
    """Say which of two factors to keep; a/b where b contains a was meant the other way round."""
    if second.factors[:-1] == first.factors and len(first.factors) == 1:
        upper, lower = second.factors
        return (
            f"Use ... | {upper} alone, or, if the levels are swapped, write (1 | {lower}/{upper})."
        )
    return f"Use one of the two: ... | {first.name}, or ... | {second.name}."


def check_shared(group: GroupDesign, rows: int) -> None:
    """Refuse a factor with as many groups as rows, none of which stands for several clients.

    Raises
    ------
    DataError
        If so.
    """
    name = group.name
    if len(group.labels) == rows and not (group.caseloads > 1).any():
        raise DataError(
            f"Effects were to vary between the groups of {name}.",
            f"Every one of the {rows} rows is a group of its own, so the variance of the "
            "groups and that of the residual are not identified.",
            "Name the column of the people who see several clients, not the row's own id.",
            group=name,
        )


def _check_effects(name: str, effects: tuple[str, ...], parts: list[LinearPart]) -> None:
    repeated = sorted({e for e in effects if effects.count(e) > 1})
    if repeated or not effects or any(part.offset.any() for part in parts):
        found = f"{listed(repeated)} stands in more than one term." if repeated else "Nothing does."
        if not repeated and effects:
            found = "An offset() stands left of a bar; an offset does not vary."
        raise ModelError(
            f"The formula says what varies between the groups of {name}.",
            found,
            "Write each effect once, as in (1 + stigma | case_manager), or "
            "(1 | g) + (0 + stigma | g) for uncorrelated ones.",
            group=name,
        )


def _check_few_effects(name: str, effects: tuple[str, ...]) -> None:
    """Refuse a group term whose correlations no data could tell."""
    if len(effects) > MOST_EFFECTS:
        raise ModelError(
            f"The formula says what varies between the groups of {name}.",
            f"That is {len(effects)} effects; the most there may be is {MOST_EFFECTS}.",
            "Let fewer predictors vary: a category has an effect for each of its levels.",
            group=name,
        )


def apply_group(
    group: GroupDesign, new_rows: pd.DataFrame
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return Z and the group index on new rows; groups not seen before have index -1."""
    Z = np.column_stack([apply_part(state, new_rows)[0] for state in group.parts])
    missing = [f for f in group.factors if f not in new_rows.columns]
    if missing:
        raise DataError(
            f"The new rows are to be placed in the groups of {group.name}.",
            f"They lack the column {listed(missing)}.",
            "Add it; ids that are new are welcome.",
            missing=missing,
        )
    known = pd.Index(group.labels)
    index = known.get_indexer(pd.Index(combined_labels(new_rows, group.factors)))
    if (index < 0).any() and new_rows.attrs.get(AS_WRITTEN):
        # The model may have had these ids as numbers, where the file of the new rows has 3.10.
        numbers = new_rows[list(group.factors)].copy()
        numbers.attrs = {}
        plain = known.get_indexer(pd.Index(combined_labels(numbers, group.factors)))
        index = np.where(index < 0, plain, index)
    return Z, index.astype(np.int64)
