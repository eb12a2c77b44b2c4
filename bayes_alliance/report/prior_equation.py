"""The priors in the letters of the model's equation, and what those at the means are about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bayes_alliance import names
from bayes_alliance.model.default_priors import Element
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.model.prior_basis import is_moved
from bayes_alliance.model.prior_table import PriorEntry
from bayes_alliance.model.prior_targets import PriorTargets, coefficient_targets
from bayes_alliance.model.spec import Model
from bayes_alliance.report.blocks import Equation
from bayes_alliance.report.equation import Symbols, as_label, choose_symbols, wrapped
from bayes_alliance.report.prose import figure, joined

_SYMBOLS, _PAIRS = 8, 3
_STAR = "^{*}"


@dataclass(frozen=True, kw_only=True)
class _Letters:
    """The letters of a model, and which of them have their prior elsewhere than as written."""

    model: Model
    symbols: Symbols
    standing: PriorTargets
    moved: frozenset[Element]

    def of(self, variable: str, element: str | None) -> str:
        """Return the symbol a prior is of, with a star where it stands elsewhere."""
        plain = _plain_symbol(self.model, self.symbols, variable, element)
        return plain + _STAR if (variable, element) in self.moved else plain


def prior_equation(model: Model) -> Equation:
    """Write the priors with the symbols of the model's equation; alike ones share a line.

    A star marks what holds at the means of the predictors; the last lines say what it is.
    """
    standing = coefficient_targets(model.priors, model.design)
    letters = _Letters(
        model=model,
        symbols=choose_symbols(model),
        standing=standing,
        moved=moved_elements(model),
    )
    alike: dict[str, list[str]] = {}
    for entry in model.priors.entries:
        own = letters.of(entry.variable, entry.element)
        alike.setdefault(_distribution(entry), []).append(own)
    lines = [rf"{own} \sim {distribution}" for distribution, own in _in_lines(alike)]
    lines += [*_ties(letters), *_definitions(letters)]
    return Equation(lines=tuple(lines), words=f"{'; '.join(_in_words(letters))}.")


def moved_elements(model: Model) -> frozenset[Element]:
    """Return variable and element of each prior that is about something else than written."""
    found: list[Element] = []
    priors, labels = model.priors, model.design.coefficients
    rows = coefficient_targets(priors, model.design).rows
    found += [(names.B, labels[k]) for k in np.flatnonzero(is_moved(rows))]
    level = model.family.level
    if level is not None and priors.basis.coefficients.constant.any():
        found += [e.place for e in priors.entries if e.variable == level.name]
    for group in model.design.groups:
        moved = _moved_effects(model, group)
        found += [
            (names.sd(group.name), label)
            for label, there in zip(group.effects, moved, strict=True)
            if there
        ]
        if any(moved[i] or moved[j] for i, j in group.pairs):
            found.append((names.cor(group.name), None))
    return frozenset(found)


def _moved_effects(model: Model, group: GroupDesign) -> list[bool]:
    rows = model.priors.basis.effects[group.name].to_working
    return [bool(own) for own in is_moved(rows)]


def _distribution(entry: PriorEntry) -> str:
    """Write a prior with the digits that its table shows."""
    digits = 6 if entry.chosen else 3
    arguments = ", ".join(number_text(value, digits) for value in entry.prior.arguments)
    return rf"\operatorname{{{entry.prior.distribution}}}({arguments})"


def number_text(value: float, digits: int = 4) -> str:
    """Write a number for a formula, with a power of ten where it is very small or large."""
    mantissa, e, exponent = f"{value:.{digits}g}".partition("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if e else mantissa


def _in_lines(alike: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    return [
        (distribution, ", ".join(own[start : start + _SYMBOLS]))
        for distribution, own in alike.items()
        for start in range(0, len(own), _SYMBOLS)
    ]


def _plain_symbol(model: Model, symbols: Symbols, variable: str, element: str | None) -> str:
    if variable == names.B and element is not None:
        return symbols.coefficient(element)
    for group in model.design.groups:
        if variable == names.sd(group.name) and element is not None:
            return symbols.spread(group, element)
        if variable == names.cor(group.name) and len(group.pairs) == 1:
            first, second = group.pairs[0]
            return symbols.correlation(group, group.effects[first], group.effects[second])
        if variable == names.cor(group.name):
            return rf"\mathbf{{R}}_{{{symbols.effect[group.name]}}}"
    symbol = next((own.symbol for own in model.family.own if own.name == variable), None)
    if symbol is None:
        return as_label(variable)
    places = [e.element for e in model.priors.entries if e.variable == variable]
    return symbol if element is None else rf"{symbol}_{{{1 + places.index(element)}}}"


def _ties(letters: _Letters) -> list[str]:
    """Write the correlations that the priors of a category's levels have."""
    lines = []
    for places, root in letters.standing.ties:
        own = [letters.of(names.B, letters.model.design.coefficients[k]) for k in places]
        correlation = np.round(root @ root.T, 6)
        below = np.tril_indices(len(own), -1)
        for value in sorted(set(correlation[below].tolist()) - {0.0}, reverse=True):
            pairs = [
                rf"\operatorname{{cor}}({own[j]}, {own[i]})"
                for i, j in zip(*below, strict=True)
                if correlation[i, j] == value
            ]
            more = r", \dots" if len(pairs) > _PAIRS else ""
            lines.append(rf"{', '.join(pairs[:_PAIRS])}{more} = {number_text(value)}")
    return lines


def _definitions(letters: _Letters) -> list[str]:
    """Say what each letter with a star is."""
    model, lines = letters.model, []
    labels = model.design.coefficients
    own = [letters.symbols.coefficient(label) for label in labels]
    for row, label in zip(letters.standing.rows, labels, strict=True):
        if (names.B, label) in letters.moved:
            lines += wrapped(letters.of(names.B, label), _sum(row, own))
    constant = model.priors.basis.coefficients.constant
    if constant.any():
        lines += wrapped(rf"\theta_{{c}}{_STAR}", [r"\theta_{c}", *_sum(-constant, own)])
    for group in model.design.groups:
        lines += _group_definitions(letters, group)
    return lines


def _group_definitions(letters: _Letters, group: GroupDesign) -> list[str]:
    moved = _moved_effects(letters.model, group)
    rows = letters.model.priors.basis.effects[group.name].to_working
    effects = [letters.symbols.departure(group, label) for label in group.effects]
    sums = [" + ".join(_sum(row, effects)).replace("+ -", "- ") for row in rows]
    lines = [
        rf"{letters.of(names.sd(group.name), label)} = \operatorname{{sd}}({sums[k]})"
        for k, label in enumerate(group.effects)
        if moved[k]
    ]
    if (names.cor(group.name), None) in letters.moved:
        of = ", ".join(sums if len(group.pairs) > 1 else [sums[k] for k in group.pairs[0]])
        lines.append(rf"{letters.of(names.cor(group.name), None)} = \operatorname{{cor}}({of})")
    return lines


def _sum(weights: Iterable[float], own: Sequence[str]) -> list[str]:
    """Write a weighted sum of symbols, term by term."""
    terms = []
    for weight, symbol in zip(weights, own, strict=True):
        if weight:
            sign, size = "-" if weight < 0 else "", abs(float(weight))
            times = "" if size == 1 else rf"{number_text(size)}\,"
            terms.append(f"{sign}{times}{symbol}")
    return terms


def _in_words(letters: _Letters) -> list[str]:
    """Say each prior, and of which coefficients those at the means are the sum."""
    said, labels = [], letters.model.design.coefficients
    for entry in letters.model.priors.entries:
        where = f" {entry.stands}" if entry.place in letters.moved else ""
        said.append(f"{entry.key}{where} has the prior {entry.shown}")
        if where and entry.variable == names.B and entry.element is not None:
            row = letters.standing.rows[labels.index(entry.element)]
            terms = [
                label if weight == 1 else f"{figure(float(weight))} times {label}"
                for weight, label in zip(row, labels, strict=True)
                if weight
            ]
            said.append(f"{entry.element}{where} is {joined(terms)} added up")
    return said
