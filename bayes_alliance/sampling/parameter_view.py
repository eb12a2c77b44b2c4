"""What of a model and of a fit is about one parameter alone, where several are predicted.

A verb that asks for expected outcomes only looks at the view on the location; what it says of a
group's effects on sigma it reads from the view on that. Either has its coefficients and effects
under the names of a location, and no value of the other parameters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np

from bayes_alliance import names
from bayes_alliance.model.default_priors import Element
from bayes_alliance.model.design import Design
from bayes_alliance.model.group_design import Effect, GroupDesign
from bayes_alliance.model.prior_basis import PriorBasis
from bayes_alliance.model.prior_table import PriorEntry, PriorTable
from bayes_alliance.model.spec import Model, changed_model
from bayes_alliance.model.working_basis import WorkingBasis
from bayes_alliance.sampling.fit import Fit

if TYPE_CHECKING:
    import xarray as xr


def location_of(fit: Fit) -> Fit:
    """Return the view of a fit on its location; the fit itself where nothing else is predicted."""
    return view_of(fit, names.MEAN_PARAMETER)


def view_of(fit: Fit, parameter: str) -> Fit:
    """Return the view of a fit on a parameter that has a linear predictor."""
    if not fit.model.predicted:
        return fit
    viewed = fit
    for name in (names.POSTERIOR, names.PRIOR):
        if name in fit.idata.children:
            found = _draws(fit.model, fit.idata[name].to_dataset(), parameter)
            viewed = viewed.with_group(name, found)
    return replace(viewed, model=model_view(fit.model, parameter))


def model_view(model: Model, parameter: str) -> Model:
    """Return the part of a model that is about one parameter, as if that were the location.

    Of parameters that were predicted it has no draws and no priors.
    """
    own = next(one for one in model.design.predictors if one.parameter == parameter)
    places = {group.name: group.places_of(parameter) for group in model.design.groups}
    groups = tuple(
        _as_location(group_part(group, places[group.name]))
        for group in model.design.groups
        if places[group.name]
    )
    basis = model.priors.basis
    return changed_model(
        model,
        design=Design(predictors=(replace(own, parameter=names.MEAN_PARAMETER),), groups=groups),
        priors=PriorTable(
            entries=tuple(_entries(model, parameter, groups)),
            basis=PriorBasis(
                coefficients=basis.populations[own.variable],
                effects={
                    name: _basis_part(basis.effects[name], at) for name, at in places.items() if at
                },
            ),
        ),
        centring={group.name: model.centring[group.name] for group in groups},
    )


def _as_location(group: GroupDesign) -> GroupDesign:
    """Return a factor whose effects are called as those of a location."""
    return replace(
        group,
        varying=tuple(replace(own, parameter=names.MEAN_PARAMETER) for own in group.varying),
    )


def _entries(model: Model, parameter: str, groups: Sequence[GroupDesign]) -> Iterator[PriorEntry]:
    """Yield the priors of one parameter under the names of a location."""
    sds: dict[Element, Effect] = {
        (names.sd(group.name), effect.label): effect
        for group in model.design.groups
        for effect in group.varying
    }
    paired = {names.cor(group.name) for group in groups if group.pairs}
    for entry in model.priors.entries:
        effect = sds.get(entry.place)
        if entry.variable == names.b(parameter):
            yield replace(entry, variable=names.B)
        elif effect is not None and effect.parameter == parameter:
            yield replace(entry, element=effect.coefficient)
        elif entry.variable in paired or entry.variable in model.family.parameters:
            yield entry


def group_part(group: GroupDesign, places: Sequence[int]) -> GroupDesign:
    """Return a grouping factor with some of its effects: all those of some of its terms."""
    chosen = set(places)
    ends = list(accumulate(len(part["labels"]) for part in group.parts))
    starts = [0, *ends[:-1]]
    new = {place: k for k, place in enumerate(places)}
    blocks = (tuple(new[k] for k in block if k in new) for block in group.blocks)
    return replace(
        group,
        Z=np.ascontiguousarray(group.Z[:, list(places)]),
        varying=tuple(group.varying[k] for k in places),
        blocks=tuple(block for block in blocks if block),
        parts=tuple(
            part for part, start in zip(group.parts, starts, strict=True) if start in chosen
        ),
    )


def _basis_part(basis: WorkingBasis, places: Sequence[int]) -> WorkingBasis:
    """Return the rows and columns of some effects, which do not mix with the others."""
    own = np.ix_(places, places)
    to_working = basis.to_working[own]
    return WorkingBasis(
        to_working=to_working,
        to_user=basis.to_user[own],
        log_determinant=float(np.linalg.slogdet(to_working)[1]),
        constant=basis.constant[list(places)],
    )


def _draws(model: Model, draws: xr.Dataset, parameter: str) -> xr.Dataset:
    """Return the draws of one parameter's coefficients and effects, and of what is one number."""
    gone = [own.variable for own in model.design.predictors if own.parameter != parameter]
    found = draws.drop_vars(gone, errors="ignore")
    renamed = {names.b(parameter): names.B, names.coefficient(parameter): names.COEFFICIENT}
    if parameter != names.MEAN_PARAMETER and names.b(parameter) in found:
        found = found.drop_dims(names.COEFFICIENT, errors="ignore").rename(renamed)
    for group in model.design.groups:
        places = group.places_of(parameter)
        if not places:
            own = {names.sd(group.name), names.cor(group.name), names.u(group.name)}
            found = found.drop_vars(list(own), errors="ignore")
            continue
        pairs = [k for k, pair in enumerate(group.pairs) if set(pair) <= set(places)]
        wanted = {names.effect(group.name): places, names.pair(group.name): pairs}
        found = found.isel({dim: at for dim, at in wanted.items() if dim in found.dims})
        part = _as_location(group_part(group, places))
        labels = {names.effect(group.name): part.effects, names.pair(group.name): part.pair_labels}
        found = found.assign_coords(
            {dim: np.asarray(own, dtype=object) for dim, own in labels.items() if dim in found.dims}
        )
        if not pairs:
            found = found.drop_vars(names.cor(group.name), errors="ignore")
    used = {dim for array in found.data_vars.values() for dim in array.dims}
    return found.drop_vars([name for name in found.coords if not set(found[name].dims) <= used])
