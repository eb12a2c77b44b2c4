"""The letters of the equation: indices of rows and groups, and a symbol for every parameter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bayes_alliance import names
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.model.spec import Model

_INDICES, _EFFECTS = "jklmpqrst", "uvwabcdgh"
_PLAIN = str.maketrans(
    {"_": " ", "{": "(", "}": ")", "&": " and ", "#": "no. "} | dict.fromkeys("\\$^~%", " ")
)


@dataclass(frozen=True, kw_only=True)
class Symbols:
    """What stands for what in the equation.

    Parameters
    ----------
    row
        Index of a row: ``ij``, ``ijk`` where nested, ``i(jk)`` where crossed.
    index
        By grouping factor, the index of one of its groups: ``j``, or ``jk`` within another.
    effect
        By grouping factor, the letter of its effects.
    number
        By label, the number that a column and everything of it carries: 0 for the intercept.
    """

    row: str
    index: Mapping[str, str]
    effect: Mapping[str, str]
    number: Mapping[str, int]

    def coefficient(self, label: str) -> str:
        """Return the symbol of a population coefficient."""
        return rf"\gamma_{{{self.number[label]}}}"

    def departure(self, group: GroupDesign, label: str) -> str:
        """Return the symbol of an effect of one group."""
        return f"{self.effect[group.name]}_{{{self.number[label]}{self.index[group.name]}}}"

    def spread(self, group: GroupDesign, label: str) -> str:
        """Return the symbol of the standard deviation of an effect."""
        return rf"\tau_{{{self.effect[group.name]}{self.number[label]}}}"

    def correlation(self, group: GroupDesign, first: str, second: str) -> str:
        """Return the symbol of the correlation of two effects."""
        numbers = f"{self.number[first]}{self.number[second]}"
        return rf"\rho_{{{self.effect[group.name]}{numbers}}}"


def choose_symbols(model: Model) -> Symbols:
    """Choose the letters: groups that lie in others carry the index of those too."""
    groups = model.design.groups
    # Lower levels first, as textbooks count them; groups of one depth in the formula's order.
    ordered = sorted(groups, key=lambda group: -len(group.factors))
    own = {group.name: _INDICES[k] for k, group in enumerate(ordered)}
    known = {group.name: group for group in groups}
    index = {group.name: _index(group, own, known) for group in groups}
    nested = all(a in b or b in a for a in index.values() for b in index.values())
    all_letters = "".join(own[group.name] for group in ordered)
    row = "i" + (all_letters if nested else f"({all_letters})")
    others = [label for label in all_labels(model) if label != names.INTERCEPT]
    return Symbols(
        row=row,
        index=index,
        effect={group.name: _EFFECTS[k] for k, group in enumerate(ordered)},
        number={names.INTERCEPT: 0} | {label: k for k, label in enumerate(others, start=1)},
    )


def all_labels(model: Model) -> list[str]:
    """Return population columns, then effects without a coefficient of their own."""
    effects = [e for group in model.design.groups for e in group.effects]
    return list(dict.fromkeys([*model.design.coefficients, *effects]))


def _index(group: GroupDesign, own: Mapping[str, str], known: Mapping[str, GroupDesign]) -> str:
    upper = known.get(group.upper) if group.upper else None
    return own[group.name] + (_index(upper, own, known) if upper else "")


def as_label(name: str) -> str:
    """Write a column's or effect's name as upright text that every reader of LaTeX takes."""
    return rf"\text{{{' '.join(name.translate(_PLAIN).split())}}}"
