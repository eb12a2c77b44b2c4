"""The variance taken apart by level, and what two clients of one group have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.posterior.shared_groups import containers, lowest, together
from bayes_alliance.posterior.shares.level_variance import (
    averaged_variances,
    is_weighted,
    needed_variables,
    predictor_variance,
    residual_variance,
    variances_at,
)
from bayes_alliance.posterior.shares.response_variance import response_parts
from bayes_alliance.posterior.shares.share_request import (
    TOTAL,
    ShareRequest,
    check_request,
    on_response_scale,
)
from bayes_alliance.sampling.fit import Fit

Array = NDArray[np.float64]
PREDICTORS = "predictors"


@dataclass(frozen=True, kw_only=True)
class VarianceParts:
    """Variances per draw, shape (chain, draw, value); the value is one where none was asked for.

    Parameters
    ----------
    parts
        By level, the predictors (if asked for) and the residual last; they sum to the total.
    shared
        Covariance of two clients who share the group, and with it every group it lies in; of
        crossed factors also of those who share all of them.
    scale
        In words.
    notes
        What a reader has to know.
    """

    parts: Mapping[str, Array]
    shared: Mapping[str, Array]
    scale: str
    notes: tuple[str, ...] = ()

    @property
    def total(self) -> Array:
        """The sum of the parts."""
        return np.asarray(sum(self.parts.values()))

    @property
    def undefined(self) -> int:
        """Number of draws in which the residual variance does not exist."""
        return int(np.isnan(self.total[..., 0]).sum())

    @property
    def levels(self) -> tuple[str, ...]:
        """Names of the parts."""
        return tuple(self.parts)

    @property
    def shares(self) -> Array:
        """Parts over their sum, shape (chain, draw, value, level)."""
        return np.stack(list(self.parts.values()), axis=-1) / self.total[..., None]


def split_variance(fit: Fit, request: ShareRequest) -> VarianceParts:
    """Take the variance apart as asked.

    Raises
    ------
    ModelError, SamplingError
        If the request has no answer; see :func:`check_request`.
    """
    check_request(fit, request)
    if on_response_scale(fit, request):
        found = response_parts(fit, request)
        parts = {**found.groups, **_predictors(found.predictors), names.RESIDUAL: found.within}
        return VarianceParts(parts=parts, shared=found.shared, scale="response", notes=found.notes)
    model, posterior = fit.model, fit.posterior[needed_variables(fit.model)]
    groups = (
        averaged_variances(model, posterior)
        if request.average
        else variances_at(model, posterior, request.values, request.count)
    )
    explained = predictor_variance(model, posterior) if request.of == TOTAL else None
    shape = next(iter(groups.values())).shape
    others = {
        **_predictors(explained),
        names.RESIDUAL: residual_variance(
            model, posterior, None if request.average else request.values, request.count
        ),
    }
    parts = groups | {name: np.broadcast_to(part, shape) for name, part in others.items()}
    return VarianceParts(
        parts=parts,
        shared=_shared(fit, groups),
        scale=model.link.scale,
        notes=_notes(fit, parts[names.RESIDUAL]),
    )


def _predictors(explained: Array | None) -> dict[str, Array]:
    return {} if explained is None else {PREDICTORS: explained}


def _shared(fit: Fit, groups: Mapping[str, Array]) -> dict[str, Array]:
    inside = containers(fit.model.design)
    shared = {
        name: np.asarray(variance + sum(groups[above] for above in inside[name]))
        for name, variance in groups.items()
    }
    if len(lowest(inside)) > 1:
        shared[together(lowest(inside))] = np.asarray(sum(groups.values()))
    return shared


def _notes(fit: Fit, residual: Array) -> tuple[str, ...]:
    notes = []
    if is_weighted(fit.model):
        notes.append("The residual variance is averaged over the precision weights.")
    undefined = int(np.isnan(residual[..., 0]).sum())
    if undefined:
        notes.append(
            f"In {undefined:,} of the {residual[..., 0].size:,} draws nu is 2 or less, where a "
            "Student outcome has no variance and no share. The numbers are those of the other "
            "draws, as under a prior that keeps nu above 2; the standard deviations of the groups "
            "exist in any case."
        )
    return tuple(notes)
