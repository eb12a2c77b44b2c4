"""The labels a report shows for groups: the user's own where asked for, else neutral numbers."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from bayes_alliance import names as variables
from bayes_alliance.errors import Advice, ModelError, did_you_mean, listed
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.model.spec import Model
from bayes_alliance.posterior.groups.group_effect import GroupEffects
from bayes_alliance.report.prose import column_words, is_word
from bayes_alliance.sampling.fit import Fit

# Groups with fewer rows than this in the middle are people: their effects are nearly their rows.
FEWEST_ROWS = 5


@dataclass(frozen=True, kw_only=True)
class Replacements:
    """What stands for labels in a text, found quickly among many thousands.

    Parameters
    ----------
    instead
        From each label to what stands for it.
    """

    instead: Mapping[str, str]

    @cached_property
    def _by_word(self) -> dict[str, list[str]]:
        """The labels by their first word, which a text that holds a label has as a word."""
        found: dict[str, list[str]] = {}
        for label in self.instead:
            first = re.search(r"\w+", label)
            found.setdefault(first[0] if first else "", []).append(label)
        return found

    def made_in(self, text: str) -> str:
        """Return a text in which labels that stand alone are replaced, the longest first."""
        words = {"", *re.findall(r"\w+", text)}
        held = [own for word in words for own in self._by_word.get(word, ()) if own in text]
        if not held:
            return text
        pattern = "|".join(re.escape(own) for own in sorted(held, key=len, reverse=True))
        found = re.compile(rf"(?<!\w)(?:{pattern})(?!\w)")
        return found.sub(lambda match: self.instead[match[0]], text)


@dataclass(frozen=True, kw_only=True)
class ShownLabels:
    """From the user's group labels to those shown.

    Parameters
    ----------
    by_group
        For each grouping factor, from a label to the one shown, in the order to show them.
    words
        For each grouping factor, what one of its groups is called.
    named
        Columns whose groups are named.
    kept_back
        Factors with a handful of rows a group, whose groups are not shown one by one.
    hidden
        From each label that must not be read anywhere to what stands for it.
    """

    by_group: Mapping[str, dict[str, str]]
    words: Mapping[str, str]
    named: frozenset[str]
    kept_back: frozenset[str]
    hidden: Replacements

    def guarded(self, text: str) -> str:
        """Return a text in which nothing that is hidden can be read."""
        return self.hidden.made_in(text)

    def unnumbered(self, text: str, group: str) -> str:
        """Return a text that speaks of one group of a factor without saying which."""
        one = f"one {self.words[group]}"
        shown = dict.fromkeys(self.by_group[group].values(), one)
        return Replacements(instead=shown).made_in(text)


def shown_effects(effects: GroupEffects, labels: ShownLabels) -> GroupEffects:
    """Return a record whose table, ranks and sentences name groups as the report shows them."""
    shown = labels.by_group[effects.group]
    design = replace(effects.design, labels=tuple(shown[label] for label in effects.design.labels))
    table = effects.table.assign(group=[shown[str(label)] for label in effects.table["group"]])
    return replace(effects, design=design, table=table)


def check_names(models: Sequence[Model], names: str | Sequence[str]) -> frozenset[str]:
    """Return the columns whose groups are to be named.

    Parameters
    ----------
    models
        Those the report is about.
    names
        Columns of their grouping factors; ``agency:case_manager`` stands for both of its columns.

    Raises
    ------
    ModelError
        If a name is no grouping factor, or a group that is not to be named is named all the same,
        by a coefficient.
    """
    groups = [group for model in models for group in model.design.groups]
    columns = {group.name: group.factors for group in groups}
    columns |= {factor: (factor,) for group in groups for factor in group.factors}
    asked = [names] if isinstance(names, str) else list(names)
    unknown = [name for name in asked if name not in columns]
    if unknown:
        hint = did_you_mean(unknown[0], columns)
        raise ModelError(
            f"A report with the names of the groups of {listed(unknown)} was asked for.",
            f"The model has no such grouping factor. {hint}".rstrip(),
            f"Its grouping factors are {listed(columns)}." if columns else "It has none at all.",
            names=unknown,
        )
    named = frozenset(column for name in asked for column in columns[name])
    for model in models:
        _check_coefficients(model, named)
    return named


def shown_labels(fits: Sequence[Fit], *, named: frozenset[str] = frozenset()) -> ShownLabels:
    """Choose the labels: the user's own for the columns named, neutral numbers for the others.

    The numbers follow neither a result nor the order of the labels, and no list of names traces
    them back: their order is drawn by a digest of the rows, which the report does not hold. The
    same rows give the same numbers, in every part of a report and in every report.

    Parameters
    ----------
    fits
        The fit the report is of, then those it is compared with.
    named
        Columns whose groups are named.
    """
    found = {group.name: group for fit in fits for group in fit.model.design.groups}
    designs = sorted(found.values(), key=lambda group: len(group.factors))
    numbers = _Numbers(key=_key(fits[0]), words=_words_of_all(designs))
    by_group: dict[str, dict[str, str]] = {}
    hidden: dict[str, str] = {}
    for group in designs:
        upper = _shown_upper(group, named, by_group, numbers)
        by_group[group.name] = _shown(group, named, upper, numbers)
        word = numbers.words[group.factors]
        for label, instead in _parts(group, by_group[group.name], upper, named=named, word=word):
            # A number or a letter alone cannot be told from those of a sentence.
            if label != instead and len(label) > 1 and not _is_number(label):
                hidden.setdefault(label, instead)
        # The name of one effect holds a label that may be a number: u_agency[17, Intercept].
        own = f"{variables.u(group.name)}["
        shown = by_group[group.name].items()
        hidden |= {f"{own}{label}": f"{own}{to}" for label, to in shown if label != to}
    few = (g for g in designs if np.median(g.caseloads) < FEWEST_ROWS)
    return ShownLabels(
        by_group=by_group,
        words={group.name: numbers.words[group.factors] for group in designs},
        named=named,
        kept_back=frozenset(g.name for g in few if not named.issuperset(g.factors)),
        hidden=Replacements(instead=hidden),
    )


@dataclass(frozen=True, kw_only=True)
class _Numbers:
    """Numbers for labels: what draws their order, and what stands before them."""

    key: bytes
    words: Mapping[tuple[str, ...], str]

    def of(self, factors: tuple[str, ...], labels: Iterable[str]) -> dict[str, str]:
        """Return what stands for each label, in the order of the numbers."""
        name = ":".join(factors)
        places = {label: _digest(self.key, name, label) for label in labels}
        ordered = sorted(places, key=lambda label: places[label])
        return {label: f"{self.words[factors]} {k}" for k, label in enumerate(ordered, start=1)}


def _words_of_all(designs: Iterable[GroupDesign]) -> dict[tuple[str, ...], str]:
    """Return what one group of each factor is called, by the columns; no two alike."""
    columns = dict.fromkeys(
        own for g in designs for own in (g.factors, g.factors[:-1]) if own
    )  # the upper levels count too: they may be in no term of their own
    words = {own: _word(own[-1]) for own in columns}
    said = list(words.values())
    return {own: ":".join(own) if said.count(word) > 1 else word for own, word in words.items()}


def _word(column: str) -> str:
    return column_words(column) if is_word(column) else column


def _shown_upper(
    group: GroupDesign,
    named: frozenset[str],
    by_group: Mapping[str, dict[str, str]],
    numbers: _Numbers,
) -> dict[str, str]:
    """Return what is shown for the groups that those of a factor lie in; empty if in none."""
    above, labels = group.factors[:-1], list(map(str, group.upper_labels))
    if named.issuperset(above):
        return {label: label for label in labels}
    return by_group.get(":".join(above)) or numbers.of(above, labels)


def _shown(
    group: GroupDesign, named: frozenset[str], upper: Mapping[str, str], numbers: _Numbers
) -> dict[str, str]:
    """Return what is shown for the groups of a factor, in the order to show them."""
    labels = [str(label) for label in group.labels]
    if named.issuperset(group.factors):
        return {label: label for label in labels}
    numbered = numbers.of(group.factors, labels)
    if not named.intersection(group.factors):
        return numbered
    # One part of the combination is named, the other is a number: "North: case manager 7".
    inside = dict(zip(labels, map(str, group.upper_labels), strict=True))
    own = {label: label.removeprefix(f"{inside[label]}:") for label in labels}
    if group.factors[-1] not in named:
        own, labels = numbered, list(numbered)
    places = {label: place for place, label in enumerate(upper)}
    ordered = sorted(labels, key=lambda label: places[inside[label]])
    return {label: f"{upper[inside[label]]}: {own[label]}" for label in ordered}


def _parts(
    group: GroupDesign,
    shown: Mapping[str, str],
    upper: Mapping[str, str],
    *,
    named: frozenset[str],
    word: str,
) -> Iterator[tuple[str, str]]:
    """Go through whatever names a group of a factor, and what is shown instead."""
    yield from shown.items()
    yield from upper.items()
    if named.issuperset(group.factors[-1:]):
        return
    own = {
        str(label): str(label).removeprefix(f"{above}:")
        for label, above in zip(group.labels, group.upper_labels, strict=False)
    }
    times = Counter(own.values())
    for label, part in own.items():
        # An id that occurs in several upper groups is none of their groups alone.
        yield part, shown[label] if times[part] == 1 else f"one {word}"


def _check_coefficients(model: Model, named: frozenset[str]) -> None:
    """Refuse to promise anonymity where a group's label stands in the name of a coefficient."""
    for group in model.design.groups:
        ends = tuple(f"[{label}]" for label in group.labels)
        held = [own for own in model.design.coefficients if any(end in own for end in ends)]
        if held and not named.issuperset(group.factors):
            raise ModelError(
                f"A report that does not name the groups of {group.name} was asked for.",
                f"{len(held)} coefficients carry their names, because the column of the groups is "
                "a predictor too.",
                Advice(
                    python="Take it out of the formula, or ask for the names: "
                    f"names={list(group.factors)}.",
                    command_line="Take it out of the formula, or ask for the names: --names "
                    f"{group.name}.",
                ),
                names=group.factors,
            )


def _is_number(label: str) -> bool:
    try:
        float(label)
    except ValueError:
        return False
    return True


def _key(fit: Fit) -> bytes:
    """Return a digest of the rows; of the draws where the rows are not there."""
    model = fit.model
    arrays = [model.frame.y, *(group.index for group in model.design.groups)]
    if not len(model.frame.y):
        kept = set(map(str, fit.posterior.data_vars)) - set(fit.redrawn_effects)
        arrays = [fit.posterior[name].to_numpy() for name in sorted(kept)]
    return _digest(*(np.ascontiguousarray(array).tobytes() for array in arrays))


def _digest(*parts: str | bytes) -> bytes:
    digest = hashlib.sha256(b"numbers of anonymous groups")
    for part in parts:
        digest.update(part.encode() if isinstance(part, str) else part)
        digest.update(b"\0")
    return digest.digest()
