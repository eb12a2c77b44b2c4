"""The model as the lines of a textbook, with its letters, and in words for those who cannot see it.

Level 1 comes first, then the levels above, the distributions and the priors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bayes_alliance import names
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.model.spec import Model
from bayes_alliance.report.blocks import Equation
from bayes_alliance.report.prose import joined, many_groups, one_group

_TERMS = 4
_INDICES, _EFFECTS = "jklmpqrst", "uvwabcdgh"
_PLAIN = str.maketrans(
    {"_": " ", "{": "(", "}": ")", "&": " and ", "#": "no. "} | dict.fromkeys("\\$^~%", " ")
)


def model_equation(model: Model) -> Equation:
    """Write the model level by level; every symbol comes from the design, none from a name."""
    symbols = choose_symbols(model)
    above = _upper_levels(model, symbols)
    distributions = [*_outcome_lines(model, symbols), *_effect_lines(model, symbols)]
    lines = [
        *_headed("Level 1 (rows)", _first_level(model, symbols)),
        *_headed(_upper_heading(model), above),
        *_headed("Distributions", distributions),
    ]
    return Equation(lines=tuple(lines), words=equation_in_words(model))


def symbol_words(model: Model) -> str:
    """Say what the letters stand for."""
    symbols = choose_symbols(model)
    groups = model.design.groups
    parts = ["γ are the coefficients of the tables"]
    if groups:
        deviations = joined(
            f"{symbols.effect[group.name]} the deviations of {many_groups(group)}"
            for group in groups
        )
        parts += ["β those of one group", deviations, "τ their standard deviations"]
    if any(group.pairs for group in groups):
        parts.append("ρ their correlations")
    if model.family.level is not None:
        parts.append("θ the thresholds between the categories c")
    return f"{', '.join(parts)}."


def _headed(heading: str, lines: Sequence[str]) -> list[str]:
    return [as_label(f"{heading}:"), *lines] if lines else []


def _upper_heading(model: Model) -> str:
    groups = model.design.groups
    if len(groups) == 1:
        return f"Level 2 ({many_groups(groups[0])})"
    nested = all(g.upper in model.groups or len(g.factors) == 1 for g in groups)
    chain = nested and len({len(group.factors) for group in groups}) == len(groups)
    return f"Levels 2 to {1 + len(groups)}" if chain else "Level 2 (crossed groups)"


def _first_level(model: Model, symbols: Symbols) -> list[str]:
    """Write what holds for each row: coefficients that vary carry the index of their groups."""
    above = set(_of_upper_levels(model))
    terms = [
        _times(coefficient_symbol(model, symbols, label), label, symbols.row)
        for label in all_labels(model)
        if label not in above
    ]
    if np.any(model.design.offset):
        terms.append(rf"\text{{offset}}_{{{symbols.row}}}")
    terms = terms if model.family.level is None else [r"-\theta_{c}", *terms]
    if model.family.has_residual:
        terms.append(f"e_{{{symbols.row}}}")
    return wrapped(_left_side(model, symbols), terms or ["0"])


def _left_side(model: Model, symbols: Symbols) -> str:
    return model.family.left_side(f"{as_label(model.outcome)}_{{{symbols.row}}}")


def _varying(model: Model, label: str) -> list[GroupDesign]:
    return [group for group in model.design.groups if label in group.effects]


def coefficient_symbol(model: Model, symbols: Symbols, label: str) -> str:
    """Return what stands before a column at level 1: one value for all, or one for each group."""
    varying = _varying(model, label)
    if not varying:
        return symbols.coefficient(label)
    index = "".join(sorted({letter for group in varying for letter in symbols.index[group.name]}))
    return rf"\beta_{{{symbols.number[label]}{index}}}"


def _times(symbol: str, label: str, index: str) -> str:
    return symbol if label == names.INTERCEPT else rf"{symbol}\,{as_label(label)}_{{{index}}}"


def _of_upper_levels(model: Model) -> dict[str, str]:
    """Return, by label, the grouping factor within whose groups a predictor does not change.

    They stand in the equation of the intercept, as textbooks have it; of several factors the one
    with fewest groups counts. Without rows nobody knows, and all stay at level 1.
    """
    design = model.design
    if not _varying(model, names.INTERCEPT) or not len(design.X):
        return {}
    found = {}
    coarse_first = sorted(design.groups, key=lambda group: len(group.labels))
    for k, label in enumerate(design.coefficients):
        if label == names.INTERCEPT or _varying(model, label):
            continue
        for group in coarse_first:
            if _constant_within(design.X[:, k], group):
                found[label] = group.name
                break
    return found


def _constant_within(column: np.ndarray, group: GroupDesign) -> bool:
    highest, lowest = np.full(len(group.labels), -np.inf), np.full(len(group.labels), np.inf)
    np.maximum.at(highest, group.index, column)
    np.minimum.at(lowest, group.index, column)
    return bool((highest == lowest).all())


def _upper_levels(model: Model, symbols: Symbols) -> list[str]:
    """Write each coefficient that varies as its common value plus the deviations of the groups."""
    lines = []
    for label in all_labels(model):
        varying = _varying(model, label)
        if not varying:
            continue
        common = [symbols.coefficient(label)] if label in model.design.coefficients else []
        if label == names.INTERCEPT:
            common += [
                _times(symbols.coefficient(name), name, symbols.index[group])
                for name, group in _of_upper_levels(model).items()
            ]
        departures = [symbols.departure(group, label) for group in varying]
        left = coefficient_symbol(model, symbols, label)
        lines += wrapped(left, [*common, *departures])
    return lines


def _outcome_lines(model: Model, symbols: Symbols) -> list[str]:
    """Write the distribution of the residual, or of the outcome where it has none."""
    family, row = model.family, symbols.row
    if not family.has_residual:
        line = family.outcome_latex(f"{as_label(model.outcome)}_{{{row}}}")
        return [line] if line else []
    response = model.formula.response
    spread = r"\sigma^{2}"
    if response.weight_kind == "known_error":
        spread = rf"{as_label(str(response.weights))}_{{{row}}}^{{2}}"
    elif response.weight_kind == "precision":
        spread = rf"\sigma^{{2}} / {as_label(str(response.weights))}_{{{row}}}"
    return [rf"e_{{{row}}} \sim {family.residual_latex(spread)}"]


def _effect_lines(model: Model, symbols: Symbols) -> list[str]:
    lines = []
    for group in model.design.groups:
        for label in group.effects:
            spread = f"{symbols.spread(group, label)}^{{2}}"
            departure = symbols.departure(group, label)
            lines.append(rf"{departure} \sim \operatorname{{Normal}}(0, {spread})")
        for i, j in group.pairs:
            first, second = group.effects[i], group.effects[j]
            pair = f"{symbols.departure(group, first)}, {symbols.departure(group, second)}"
            symbol = symbols.correlation(group, first, second)
            lines.append(rf"\operatorname{{cor}}({pair}) = {symbol}")
    return lines


def wrapped(left: str, terms: Sequence[str]) -> list[str]:
    """Break a sum of many terms into lines."""
    parts = [terms[k : k + _TERMS] for k in range(0, len(terms), _TERMS)]
    first, *rest = (" + ".join(some) for some in parts)
    lines = [f"{left} = {first}", *(rf"\quad + {some}" for some in rest)]
    return [line.replace("+ -", "- ") for line in lines]


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


def equation_in_words(model: Model) -> str:
    """Say what the outcome is the sum of, and how each part is distributed."""
    left = model.family.left_words(model.outcome)
    parts = [*_common(model), *(part for g in model.design.groups for part in _deviations(g))]
    if model.family.has_residual:
        parts.append("a residual")
    sentences = [f"{left[0].upper()}{left[1:]} is the sum of {joined(parts)}."]
    sentences += [_distribution(group) for group in model.design.groups]
    return " ".join([*sentences, *_residual(model)])


def _common(model: Model) -> list[str]:
    parts = []
    coefficients = list(model.design.coefficients)
    if model.family.level is not None:
        parts.append("minus the threshold above the category")
    if names.INTERCEPT in coefficients:
        parts.append("the intercept")
    slopes = [label for label in coefficients if label != names.INTERCEPT]
    if slopes:
        what = "the coefficient of each predictor times that predictor"
        parts.append(f"{what} ({joined(slopes)})")
    return parts


def _deviations(group: GroupDesign) -> list[str]:
    one = one_group(group)
    return [
        f"the deviation of the {one} from the intercept"
        if label == names.INTERCEPT
        else f"the deviation of the {one} from the slope of {label} times {label}"
        for label in group.effects
    ]


def _distribution(group: GroupDesign) -> str:
    count, one = len(group.effects), one_group(group)
    normal = "normal around 0 with a standard deviation that is estimated"
    if count == 1:
        return f"The deviation of a {one} is {normal}."
    if not group.pairs:
        return f"The deviations of a {one} are {normal} for each, and not correlated."
    rest = "" if len(group.pairs) == count * (count - 1) // 2 else " within each group term"
    return (
        f"The deviations of a {one} are normal around 0 and may be correlated; their standard "
        f"deviations and{rest} their correlations are estimated."
    )


def _residual(model: Model) -> list[str]:
    response, family = model.formula.response, model.family
    counted = response.weights and response.weight_kind == "frequency"
    times = [f"Each row counts {response.weights} times in the likelihood."] if counted else []
    if not family.has_residual:
        said = family.outcome_words(model.outcome)
        return [said, *times] if said else times
    kind, spread = family.residual_words()
    if response.weight_kind == "known_error":
        spread = f"the known standard error {response.weights}"
    elif response.weight_kind == "precision":
        spread = f"a squared {spread} divided by {response.weights}"
    return [f"The residual is {kind} around 0 with {spread}.", *times]
