"""All priors of a model: the defaults, the user's own in their place, shown as a table."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_alliance import names
from bayes_alliance.display import as_html, as_text
from bayes_alliance.errors import ModelError, did_you_mean, listed
from bayes_alliance.model.default_priors import Defaults, Element
from bayes_alliance.model.design import Design, Predictor
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.model.prior import AT_THE_MEANS, Prior, parse_standing
from bayes_alliance.model.prior_basis import (
    PriorBasis,
    coefficient_basis,
    effect_basis,
    is_moved,
    is_tied,
)
from bayes_alliance.model.working_basis import MeasuredColumns

if TYPE_CHECKING:
    import pandas as pd

AS_WRITTEN = "as written"
# Where the columns of a category take the place of a constant.
MEAN_OF_ALL, DIFFERENCE_FROM = "as the mean of all", "as a difference from"
LEVELS_ALIKE = "any two levels alike"
_CORRELATION = "correlation"


@dataclass(frozen=True, kw_only=True)
class PriorEntry:
    """The prior of one element of one parameter.

    Parameters
    ----------
    variable, element
        Container variable and the element's label (None for a single number).
    prior
        The prior.
    chosen
        True if the user gave it, False if it is the default scaled to the data.
    stands
        Where: ``"as written"``, ``"at the means"`` of the predictors, or, for the levels of a
        category, ``"any two levels alike"``: their differences have one prior, whichever is the
        reference level; or as a difference from the first level of a category whose columns take
        the place of a constant.
    """

    variable: str
    element: str | None
    prior: Prior
    chosen: bool
    stands: str = AS_WRITTEN

    @property
    def key(self) -> str:
        """The key under which the user can set this very prior."""
        return _key(self.variable, self.element)

    @property
    def place(self) -> Element:
        """Variable and element."""
        return self.variable, self.element

    @property
    def at_means(self) -> bool:
        """Whether it is a prior on something else than the parameter as written."""
        return self.stands != AS_WRITTEN

    @property
    def shown(self) -> str:
        """The prior for people: the user's as it was given, a default with three digits."""
        return str(self.prior) if self.chosen else self.prior.rounded

    @property
    def in_place(self) -> str:
        """The prior for people, with where it stands if that is not as written."""
        return f"{self.shown} {self.stands}" if self.at_means else self.shown

    @property
    def written(self) -> str:
        """The prior as a string that sets this very prior, with all digits."""
        return self.prior.written + (f" {AT_THE_MEANS}" if self.at_means else "")


@dataclass(frozen=True, kw_only=True)
class PriorTable:
    """Every prior of a model, in the container's order, and where they stand.

    Parameters
    ----------
    entries
        One an element.
    basis
        What the priors of coefficients and group effects are about; as written, where the design
        is its own basis.
    """

    entries: tuple[PriorEntry, ...]
    basis: PriorBasis

    def of(self, variable: str) -> tuple[Prior, ...]:
        """Return the priors of one variable, in the order of its elements."""
        return tuple(e.prior for e in self.entries if e.variable == variable)

    @property
    def variables(self) -> tuple[str, ...]:
        """Every top-level parameter that has a prior."""
        return tuple(dict.fromkeys(e.variable for e in self.entries))

    def coefficient_prior(self, place: int, variable: str = names.B) -> Prior | None:
        """Return the prior of a coefficient of the design as written, that of the location first.

        That of one which stands elsewhere is made of the priors there; None if these are not all
        normal.
        """
        priors = self.of(variable)
        weights = self.basis.populations[variable].to_user[place]
        parts = [(w, priors[k]) for k, w in enumerate(weights) if w != 0.0]
        if len(parts) == 1 and parts[0][0] == 1.0:
            return parts[0][1]
        if any(prior.distribution != "Normal" for _, prior in parts):
            return None
        mean = sum(w * prior.arguments[0] for w, prior in parts)
        variance = sum((w * prior.arguments[1]) ** 2 for w, prior in parts)
        return Prior("Normal", (float(mean), float(np.sqrt(variance))))

    def sampled_name(self, variable: str) -> str:
        """Return what a joint model calls the variable that has these priors."""
        basis = self.basis
        moved = {names.sd(group) for group, own in basis.effects.items() if not own.is_trivial}
        moved |= {name for name, own in basis.populations.items() if not own.is_trivial}
        if basis.coefficients.constant.any():
            moved.add(names.CUTPOINT)
        return names.working(variable) if variable in moved else variable

    @property
    def strings(self) -> dict[str, str]:
        """Every prior as one string by its key: ``Model(..., priors=table.strings)`` freezes them.

        Numbers are written with all their digits.
        """
        return {entry.key: entry.written for entry in self.entries}

    @property
    def table(self) -> pd.DataFrame:
        """One row a prior: parameter, prior, in words, and where it comes from."""
        import pandas as pd

        return pd.DataFrame(
            {
                "prior": [e.shown for e in self.entries],
                "in words": [e.prior.in_words() for e in self.entries],
                "holds": [e.stands for e in self.entries],
                "from": [
                    "you" if e.chosen else "default, scaled to the data" for e in self.entries
                ],
            },
            index=pd.Index([e.key for e in self.entries], name="parameter"),
        )

    def __str__(self) -> str:
        return as_text("Priors", self.table)

    def _repr_html_(self) -> str:
        return as_html("Priors", self.table)


def build_priors(
    defaults: Defaults, design: Design, chosen: Mapping[str, str] | None
) -> PriorTable:
    """Put the user's priors in the place of the defaults.

    Parameters
    ----------
    defaults
        From :func:`default_priors`.
    design
        The design they are for.
    chosen
        One string a key. A key without brackets is for all of that kind, the more specific wins,
        and ``b`` leaves ``b[Intercept]`` out.

    Raises
    ------
    ModelError
        For a key the model does not have, a string that is no prior, or a prior whose support
        does not fit the parameter.
    """
    chosen = dict(chosen or {})
    elements = list(defaults.priors)
    _check_keys(chosen, elements)
    parsed = {key: parse_standing(text, key=key) for key, text in chosen.items()}
    constants = {(variable, names.INTERCEPT) for variable in defaults.populations}
    own = {element: _own(parsed, element, constants) for element in elements}
    places = _default_places(defaults, design)
    entries = {}
    for element in elements:
        prior, stands = _standing(element, own, defaults, design, places)
        entry = PriorEntry(
            variable=element[0],
            element=element[1],
            prior=prior,
            chosen=own[element] is not None,
            stands=stands,
        )
        _check_support(entry, defaults.priors[element])
        entries[element] = entry
    _check_thresholds(list(entries.values()))
    return PriorTable(
        entries=tuple(entries.values()), basis=_basis(tuple(entries.values()), defaults, design)
    )


def _own(
    parsed: Mapping[str, tuple[Prior, bool]], element: Element, constants: Collection[Element]
) -> tuple[Prior, bool] | None:
    """Return the user's prior of an element, if there is one."""
    found = parsed.get(_key(*element))
    if found is None and element not in constants:
        found = parsed.get(element[0])
    return found


def _standing(
    element: Element,
    own: Mapping[Element, tuple[Prior, bool] | None],
    defaults: Defaults,
    design: Design,
    places: Mapping[Element, str],
) -> tuple[Prior, str]:
    """Return the prior of an element and where it stands; its default may stand elsewhere."""
    given, movable = own[element], places[element]
    if element[0] in defaults.populations or not movable:
        at_means = given is None or given[1]
        if given is not None and at_means and movable and given[0].distribution != "Normal":
            raise ModelError(
                f"The prior of {_key(*element)} was given as {given[0]} {AT_THE_MEANS}.",
                "At the means a coefficient takes a normal prior.",
                f"Write Normal(location, sd) {AT_THE_MEANS}, or give {given[0]} for the "
                "coefficient as written.",
                key=_key(*element),
            )
        prior = defaults.priors[element] if given is None else given[0]
        return prior, movable if at_means and movable else AS_WRITTEN
    together = [other for other in own if other in _block_of(element, own, design)]
    # What stands as written in any case says nothing about the others of its factor.
    given_there = [
        found for other in together if places[other] and (found := own[other]) is not None
    ]
    if len({at_means for _, at_means in given_there}) > 1:
        raise _mixed({other: found for other in together if (found := own[other]) is not None})
    written = bool(given_there) and not given_there[0][1]
    if given is not None:
        return given[0], AS_WRITTEN if written else movable
    if written:
        return defaults.as_written.get(element, defaults.priors[element]), AS_WRITTEN
    return defaults.priors[element], movable


def _mixed(given: Mapping[Element, tuple[Prior, bool]]) -> ModelError:
    """Say which priors that belong together stand in which place."""
    means = [_key(*other) for other, (_, at_means) in given.items() if at_means]
    others = {_key(*other): prior for other, (prior, at_means) in given.items() if not at_means}
    strings = " and ".join(f'"{prior} {AT_THE_MEANS}"' for prior in others.values())
    return ModelError(
        f"Priors were given for {listed(_key(*other) for other in given)}, which belong together.",
        f"{listed(means)} {'stands' if len(means) == 1 else 'stand'} {AT_THE_MEANS}, "
        f"{listed(others)} as written.",
        f"Write {strings}, or leave '{AT_THE_MEANS}' out everywhere.",
    )


def _default_places(defaults: Defaults, design: Design) -> dict[Element, str]:
    """Say where each element's default stands, in words; empty if that is as written."""
    places = dict.fromkeys(defaults.priors, "")
    for predictor in design.predictors:
        places |= _population_places(predictor, defaults.populations[predictor.variable])
    for element in places:
        if element[0] == names.CUTPOINT and defaults.coefficients.constant.any():
            places[element] = AT_THE_MEANS
    for group in design.groups:
        of_blocks = [bool(is_moved(own.to_working).any()) for own in defaults.blocks[group.name]]
        for block, elsewhere in zip(group.blocks, of_blocks, strict=True):
            for k in block:
                places[names.sd(group.name), group.effects[k]] = AT_THE_MEANS if elsewhere else ""
        if group.pairs and any(of_blocks):
            places[names.cor(group.name), None] = AT_THE_MEANS
    return places


def _population_places(predictor: Predictor, measured: MeasuredColumns) -> dict[Element, str]:
    """Say it of the coefficients of one predictor."""
    variable, labels = predictor.variable, predictor.coefficients
    places: dict[Element, str] = {}
    moved, tied = is_moved(measured.to_working), is_tied(measured.orders)
    for label, elsewhere, alike in zip(labels, moved, tied, strict=True):
        places[variable, label] = AT_THE_MEANS if elsewhere else LEVELS_ALIKE if alike else ""
    levels = np.flatnonzero(measured.origin)
    if len(levels) > 1:
        first, *others = (labels[k] for k in levels)
        places[variable, first] = MEAN_OF_ALL
        places |= {(variable, label): f"{DIFFERENCE_FROM} {first}" for label in others}
    return places


def _block_place(element: Element, design: Design) -> tuple[GroupDesign, int | None] | None:
    """Return the factor and the block a group's prior belongs to; None for correlations' block."""
    variable, label = element
    for group in design.groups:
        if variable == names.cor(group.name):
            return group, None
        if variable == names.sd(group.name) and label is not None:
            place = group.effects.index(label)
            return group, next(k for k, own in enumerate(group.blocks) if place in own)
    return None


def _block_of(element: Element, elements: Iterable[Element], design: Design) -> list[Element]:
    """Return what stands as written together: thresholds, or a factor's sds and correlations."""
    if element[0] == names.CUTPOINT:
        return [other for other in elements if other[0] == names.CUTPOINT]
    found = _block_place(element, design)
    assert found is not None
    group, number = found
    # The correlated blocks of a factor share the prior of their correlations.
    several = [k for k, own in enumerate(group.blocks) if len(own) > 1]
    blocks = several if number is None or number in several else [number]
    effects = {group.effects[k] for b in blocks for k in group.blocks[b]}
    sds = [o for o in elements if o[0] == names.sd(group.name) and o[1] in effects]
    of_pairs = bool(several) and blocks == several
    return sds + [o for o in elements if of_pairs and o[0] == names.cor(group.name)]


def _basis(entries: tuple[PriorEntry, ...], defaults: Defaults, design: Design) -> PriorBasis:
    """Return the basis that the entries say they stand in."""
    thresholds = [entry for entry in entries if entry.variable == names.CUTPOINT]
    populations = {}
    for variable, measured in defaults.populations.items():
        own = [entry for entry in entries if entry.variable == variable]
        populations[variable] = coefficient_basis(
            measured,
            [entry.prior for entry in own],
            [not entry.at_means for entry in own],
            thresholds_as_written=not any(entry.at_means for entry in thresholds),
        )
    coefficients = populations.pop(names.B)
    effects = {}
    for group in design.groups:
        at_means = {e.element for e in entries if e.variable == names.sd(group.name) and e.at_means}
        effects[group.name] = effect_basis(
            list(zip(group.blocks, defaults.blocks[group.name], strict=True)),
            [group.effects[block[0]] not in at_means for block in group.blocks],
            len(group.effects),
        )
    return PriorBasis(coefficients=coefficients, effects=effects, predicted=populations)


def _check_thresholds(entries: list[PriorEntry]) -> None:
    """Thresholds are kept in order as one vector, so they share a distribution."""
    kinds = {e.prior.distribution for e in entries if e.variable == names.CUTPOINT}
    if len(kinds) > 1:
        raise ModelError(
            "The thresholds were given their priors.",
            f"They have different distributions: {listed(sorted(kinds))}.",
            f"Give all of them the same one, under the key {names.CUTPOINT!r}; their arguments may "
            "differ.",
            distributions=sorted(kinds),
        )


def _key(variable: str, element: str | None) -> str:
    return variable if element is None else f"{variable}[{element}]"


def _check_keys(chosen: Iterable[str], elements: list[Element]) -> None:
    valid = list(dict.fromkeys([v for v, _ in elements] + [_key(v, e) for v, e in elements]))
    for key in chosen:
        if key not in valid:
            raise ModelError(
                f"A prior was given for {key!r}.",
                f"The model has no such parameter. {did_you_mean(key, valid)}".rstrip(),
                f"The keys are {listed(valid, shown=30)}.",
                key=key,
                valid=valid,
            )


def _check_support(entry: PriorEntry, default: Prior) -> None:
    """Hold a prior's support against what its parameter can be."""
    needed, found = default.kind.support, entry.prior.kind.support
    positive = found == "positive" or (found == "interval" and entry.prior.arguments[0] >= 0)
    fits: dict[Any, bool] = {
        _CORRELATION: found == _CORRELATION,
        "positive": positive,
        "real": found != _CORRELATION,
    }
    if not fits[needed]:
        remedy = {
            _CORRELATION: "Correlations take LKJ(eta), for example LKJ(2).",
            "positive": "It must be positive: HalfNormal, HalfStudentT, HalfCauchy, Exponential, "
            "Gamma, InverseGamma, LogNormal or Weibull.",
            "real": "Take a distribution of a number, for example Normal(0, 5).",
        }[needed]
        raise ModelError(
            f"The prior of {entry.key} was given as {entry.prior}.",
            f"{entry.prior.distribution} does not fit that parameter.",
            remedy,
            key=entry.key,
        )
