"""The term that one model has beyond another, and the priors under which its evidence is weighed.

An estimate is best left with a wide prior, a test is not: under a prior that expects effects of
many standard deviations, an effect of half of one counts as absent.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from math import log
from typing import TYPE_CHECKING

import numpy as np

from bayes_alliance import names
from bayes_alliance.errors import listed
from bayes_alliance.model.column_order import ColumnOrder
from bayes_alliance.model.default_priors import COEFFICIENT_WIDTH, GROUP_WIDTH
from bayes_alliance.model.prior import Prior
from bayes_alliance.model.prior_table import MEAN_OF_ALL, PriorEntry
from bayes_alliance.model.spec import Model, changed_model

if TYPE_CHECKING:
    import pandas as pd


# In standard deviations of the outcome per one of the column, as the default priors count.
_TESTED_COEFFICIENT, _TESTED_GROUP = 0.5, 0.5
_SAME = 1e-9
ABSENT = "not in the model"

# Arguments that grow with the scale, and those that shrink with it.
_GROWING = {
    "Normal": "sigma",
    "StudentT": "sigma",
    "Cauchy": "beta",
    "Laplace": "b",
    "Logistic": "s",
    "HalfNormal": "sigma",
    "HalfStudentT": "sigma",
    "HalfCauchy": "beta",
    "InverseGamma": "beta",
    "Weibull": "beta",
}
_SHRINKING = {"Exponential": "lam", "Gamma": "beta"}


@dataclass(frozen=True, kw_only=True)
class Term:
    """Parameters that one model has and another lacks.

    Parameters
    ----------
    entries
        Their priors in a test, as the model's prior table has them: a default of a coefficient
        is narrower than for estimating, the user's own are as written.
    unlike
        Keys of what both models have with defaults that are not the same.
    """

    entries: tuple[PriorEntry, ...]
    unlike: tuple[str, ...] = ()

    @property
    def scaled(self) -> tuple[PriorEntry, ...]:
        """Those that can be made wider; correlations cannot."""
        return tuple(entry for entry in self.entries if has_scale(entry.prior))

    @property
    def own(self) -> tuple[str, ...]:
        """Keys of those that the user wrote."""
        return tuple(entry.key for entry in self.scaled if entry.chosen)

    @property
    def in_words(self) -> tuple[str, ...]:
        """Each prior of the test, with the parameters that have it."""
        keys: dict[str, list[str]] = {}
        for entry in self.scaled:
            keys.setdefault(entry.in_place, []).append(entry.key)
        return tuple(f"{listed(own)} ~ {prior}" for prior, own in keys.items())

    def at_scale(self, scale: float) -> tuple[PriorEntry, ...]:
        """Return the priors that can be wider, at a multiple of their scale."""
        return at_scale(self.scaled, scale)


def at_scale(entries: Sequence[PriorEntry], scale: float) -> tuple[PriorEntry, ...]:
    """Return priors at a multiple of their scale."""
    if scale == 1.0:
        return tuple(entries)
    return tuple(replace(e, prior=rescaled_prior(e.prior, scale)) for e in entries)


def with_entries(model: Model, entries: Sequence[PriorEntry]) -> Model:
    """Return the model with these in the place of its priors of the same parameters."""
    own = {entry.place: entry for entry in entries}
    changed = tuple(own.get(entry.place, entry) for entry in model.priors.entries)
    return changed_model(model, priors=replace(model.priors, entries=changed))


def tested_entry(entry: PriorEntry) -> PriorEntry:
    """Return the prior under which the evidence for one parameter is weighed."""
    if entry.chosen or is_constant(entry):
        return entry
    factor = {names.B: _TESTED_COEFFICIENT / COEFFICIENT_WIDTH}.get(
        entry.variable, _TESTED_GROUP / GROUP_WIDTH
    )
    return replace(entry, prior=rescaled_prior(entry.prior, factor))


def term_between(smaller: Model, larger: Model) -> Term | None:
    """Return what the larger model has beyond the smaller, or None if that is not all.

    Everything of the smaller model must be in the larger: rows, outcome, family, columns, groups
    and priors. What is more must be coefficients other than the constant, standard deviations
    of group effects, and correlations along with these.
    """
    if not _alike_beside_terms(smaller, larger):
        return None
    less = {_place(entry): entry for entry in smaller.priors.entries}
    more = {_place(entry): entry for entry in larger.priors.entries}
    if not less.keys() < more.keys():
        return None
    shared = [(entry, more[place]) for place, entry in less.items()]
    unlike = [(own, its) for own, its in shared if not _same_prior(own, its)]
    if any(own.chosen or its.chosen for own, its in unlike):
        return None
    entries = [entry for place, entry in more.items() if place not in less]
    if not all(_can_be_tested(entry, larger) for entry in entries):
        return None
    if not any(has_scale(entry.prior) for entry in entries) or not _same_columns(smaller, larger):
        return None
    return Term(
        entries=tuple(map(tested_entry, entries)), unlike=tuple(its.key for _, its in unlike)
    )


def _same_prior(one: PriorEntry, other: PriorEntry) -> bool:
    """Tell whether two priors are one, but for rounding or as the user wrote them."""
    if one.chosen and other.chosen:
        return one.prior == other.prior
    return without_rounding(one) == without_rounding(other)


def _place(entry: PriorEntry) -> tuple[str, str | None, bool]:
    """Return what an entry is about: the constant is one thing, whatever column it stands in."""
    constant = is_constant(entry)
    return entry.variable, None if constant else entry.element, constant


def is_constant(entry: PriorEntry) -> bool:
    """Tell whether a prior is that of the constant, whatever column it stands in."""
    return entry.variable == names.B and (
        entry.element == names.INTERCEPT or entry.stands == MEAN_OF_ALL
    )


def _can_be_tested(entry: PriorEntry, model: Model) -> bool:
    of_groups = {make(name) for name in model.groups for make in (names.sd, names.cor)}
    return not is_constant(entry) and entry.variable in {names.B, *of_groups}


def _alike_beside_terms(one: Model, other: Model) -> bool:
    return (
        one.family == other.family
        and one.formula.response == other.formula.response
        and np.array_equal(one.design.offset, other.design.offset)
    )


def _same_columns(smaller: Model, larger: Model) -> bool:
    """Tell whether what has one label is one column, of the population and of each factor."""
    own, its = smaller.design, larger.design
    if not _hold(own.coefficients, own.orders, own.X, its.coefficients, its.orders, its.X):
        return False
    factors = {group.name: group for group in its.groups}
    return all(
        np.array_equal(group.index, factors[group.name].index)
        and group.labels == factors[group.name].labels
        and _hold(
            group.effects, group.orders, group.Z,
            factors[group.name].effects, factors[group.name].orders, factors[group.name].Z,
        )
        for group in own.groups
    )  # fmt: skip


def _hold(
    labels: Sequence[str], orders: Sequence[ColumnOrder], columns: np.ndarray,
    other_labels: Sequence[str], other_orders: Sequence[ColumnOrder], other_columns: np.ndarray,
) -> bool:  # fmt: skip
    """Tell whether every label that both have is the same column; streamed rows hold none."""
    place = {label: k for k, label in enumerate(other_labels)}
    return all(
        _made_alike(orders[k], other_orders[place[label]])
        and np.allclose(
            columns[:, k], other_columns[:, place[label]], rtol=_SAME,
            atol=_SAME * float(np.abs(columns[:, k]).max(initial=0.0)),
        )
        for k, label in enumerate(labels)
        if label in place
    )  # fmt: skip


def _made_alike(one: ColumnOrder, other: ColumnOrder) -> bool:
    return replace(one, term=0) == replace(other, term=0)


@dataclass(frozen=True, kw_only=True)
class DifferingPriors:
    """The priors a Bayes factor between models depends on.

    Parameters
    ----------
    table
        One row a parameter whose prior is not the same in all models, one column a model.
    scaled
        Those that are made wider and narrower: the parameters that only some models have, or,
        where all have the same ones, those with different priors. Correlations have no scale.
    """

    table: pd.DataFrame
    scaled: tuple[str, ...]


def differing_priors(models: Mapping[str, Model]) -> DifferingPriors:
    """Compare the priors of models, by parameter."""
    import pandas as pd

    entries = {name: {e.key: e for e in m.priors.entries} for name, m in models.items()}
    keys = list(dict.fromkeys(key for own in entries.values() for key in own))
    rows: dict[str, list[PriorEntry | None]] = {
        key: [own.get(key) for own in entries.values()] for key in keys
    }
    differing = {
        key: found for key, found in rows.items() if len({without_rounding(e) for e in found}) > 1
    }
    only_some = [key for key, found in differing.items() if None in found]
    candidates = [
        key
        for key in only_some or differing
        if all(has_scale(entry.prior) for entry in differing[key] if entry is not None)
    ]
    table = pd.DataFrame(
        [
            [ABSENT if entry is None else entry.in_place for entry in found]
            for found in differing.values()
        ],
        index=pd.Index(list(differing), name="parameter"),
        columns=list(models),
    )
    return DifferingPriors(table=table, scaled=tuple(candidates))


def without_rounding(entry: PriorEntry | None) -> tuple[object, ...]:
    """Return what two entries share that differ by rounding only, as in designs of other size."""
    if entry is None:
        return ()
    own_place = entry.chosen and not entry.at_means and entry.element is not None
    numbers = (f"{number:.9g}" for number in entry.prior.arguments)
    return own_place, entry.prior.distribution, *numbers


def has_scale(prior: Prior) -> bool:
    """Whether a prior can be made wider: that of correlations cannot."""
    return prior.kind.support != "correlation"


def rescaled_prior(prior: Prior, factor: float) -> Prior:
    """Return the prior with its scale times ``factor`` and its location where it was.

    For a positive number the whole distribution is stretched from zero.
    """
    arguments = dict(zip(prior.kind.arguments, prior.arguments, strict=True))
    if prior.distribution in _GROWING:
        arguments[_GROWING[prior.distribution]] *= factor
    elif prior.distribution in _SHRINKING:
        arguments[_SHRINKING[prior.distribution]] /= factor
    elif prior.distribution == "LogNormal":
        arguments["mu"] += log(factor)
    elif prior.distribution == "Uniform":
        low, high = arguments["lower"], arguments["upper"]
        # One that starts at zero or above may be that of a standard deviation.
        middle = 0.0 if low >= 0 else (low + high) / 2
        arguments = {end: middle + factor * (value - middle) for end, value in arguments.items()}
    return Prior(prior.distribution, tuple(arguments.values()))


def rescaled_model(model: Model, keys: Collection[str], factor: float) -> Model:
    """Return the model with the priors of these keys rescaled; everything else is the same."""
    entries = tuple(
        replace(entry, prior=rescaled_prior(entry.prior, factor)) if entry.key in keys else entry
        for entry in model.priors.entries
    )
    return changed_model(model, priors=replace(model.priors, entries=entries))
