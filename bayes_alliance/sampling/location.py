"""What of a model and of a fit is about the location alone, where other parameters are predicted.

A verb that asks for expected outcomes only looks at this view: it has the location's coefficients
and group effects under their usual names, and no value of what is predicted beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np

from bayes_alliance import names
from bayes_alliance.model.design import Design
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.model.prior_basis import PriorBasis
from bayes_alliance.model.prior_table import PriorTable
from bayes_alliance.model.spec import Model, changed_model
from bayes_alliance.model.working_basis import WorkingBasis
from bayes_alliance.sampling.fit import Fit

if TYPE_CHECKING:
    import xarray as xr


def location_of(fit: Fit) -> Fit:
    """Return the view of a fit on its location; the fit itself where nothing else is predicted."""
    if not fit.model.predicted:
        return fit
    tree = fit.idata.copy()
    for name in (names.POSTERIOR, names.PRIOR):
        if name in tree.children:
            found = tree[name].to_dataset()
            tree = replace(fit, idata=tree).with_group(name, _draws(fit.model, found)).idata
    return replace(fit, model=location_model(fit.model), idata=tree)


def location_model(model: Model) -> Model:
    """Return the part of a model that is about the location.

    Its family has the predicted parameters again; there are no draws and no priors of them.
    """
    places = {group.name: group.places_of(names.MEAN_PARAMETER) for group in model.design.groups}
    groups = tuple(
        group_part(group, places[group.name]) for group in model.design.groups if places[group.name]
    )
    kept = {names.B, *model.family.parameters} | {
        name for group in groups for name in (names.sd(group.name), names.cor(group.name))
    }
    others = {
        (names.sd(group.name), effect.label)
        for group in model.design.groups
        for effect in group.varying
        if effect.parameter != names.MEAN_PARAMETER
    }
    unpaired = {names.cor(group.name) for group in groups if not group.pairs}
    basis = model.priors.basis
    return changed_model(
        model,
        family=replace(model.family, predicted=()),
        design=Design(predictors=(model.design.location,), groups=groups),
        priors=PriorTable(
            entries=tuple(
                entry
                for entry in model.priors.entries
                if entry.variable in kept - unpaired and entry.place not in others
            ),
            basis=PriorBasis(
                coefficients=basis.coefficients,
                effects={
                    g.name: _basis_part(basis.effects[g.name], places[g.name]) for g in groups
                },
            ),
        ),
        centring={group.name: model.centring[group.name] for group in groups},
    )


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


def _draws(model: Model, draws: xr.Dataset) -> xr.Dataset:
    """Return the draws of the location's coefficients and effects, and of what is one number."""
    gone = {own.variable for own in model.design.predicted}
    found = draws.drop_vars([name for name in gone if name in draws])
    for group in model.design.groups:
        places = group.places_of(names.MEAN_PARAMETER)
        own = {names.sd(group.name), names.cor(group.name), names.u(group.name)} & set(found)
        if not places:
            found = found.drop_vars(list(map(str, own)))
            continue
        pairs = [k for k, pair in enumerate(group.pairs) if set(pair) <= set(places)]
        wanted = {names.effect(group.name): places, names.pair(group.name): pairs}
        found = found.isel({dim: at for dim, at in wanted.items() if dim in found.dims})
        if not pairs:
            found = found.drop_vars(names.cor(group.name), errors="ignore")
    used = {dim for array in found.data_vars.values() for dim in array.dims}
    return found.drop_vars([name for name in found.coords if not set(found[name].dims) <= used])
