"""Which coefficients of a model belong together as within, between and contextual effect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.data.labels import group_labels
from bayes_alliance.model.group_mean_terms import (
    GroupMeanTerm,
    group_mean_terms,
    interacting_components,
)
from bayes_alliance.posterior.moderation.mean_reliability import MeanReliability, mean_reliability
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.linear_predictor import frequency_weights

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class ContextualPair:
    """Two coefficients of one predictor: of the row's own value and of the group's mean.

    Parameters
    ----------
    first
        Label of the coefficient of the centred predictor, or of the predictor as it is.
    between
        The term of the group mean.
    centred
        Whether the first is centred. If not, the coefficient of the group mean is the contextual
        effect itself, at equal values of the row.
    interacts
        Whether one of them stands in an interaction as well.
    """

    first: str
    between: GroupMeanTerm
    centred: bool
    interacts: bool

    def effects(self, b: Callable[[str], Array]) -> dict[str, Array]:
        """Return the three effects from the draws of the coefficients."""
        first, mean = b(self.first), b(self.between.label)
        if self.centred:
            return {"within": first, "between": mean, "contextual": mean - first}
        return {"within": first, "between": first + mean, "contextual": mean}


def contextual_pairs(fit: Fit) -> tuple[ContextualPair, ...]:
    """Find the pairs in the recorded state of the model's population part."""
    coefficients = fit.model.design.coefficients
    terms = [t for t in group_mean_terms(fit.model.design.part) if t.label in coefficients]
    within = {(t.predictor, t.group): t for t in terms if t.kind == "within"}
    betweens = [t for t in terms if t.kind == "between"]
    joint = interacting_components(fit.model.design.part)
    pairs: list[ContextualPair] = []
    for term in betweens:
        own = within.get((term.predictor, term.group))
        alone = sum(t.predictor == term.predictor for t in betweens) == 1
        if own is None and not (term.predictor in coefficients and alone):
            continue
        first = term.predictor if own is None else own.label
        pairs.append(
            ContextualPair(
                first=first,
                between=term,
                centred=own is not None,
                interacts=not joint.isdisjoint({first, term.label}),
            )
        )
    return tuple(pairs)


def pair_reliability(fit: Fit, pair: ContextualPair, prob: float) -> MeanReliability:
    """Say how reliable the group means of the pair's predictor are, from the model's rows."""
    model, term = fit.model, pair.between
    columns = {label: k for k, label in enumerate(model.design.coefficients)}
    deviations = model.design.X[:, columns[pair.first]]
    if not pair.centred:
        deviations = deviations - model.design.X[:, columns[term.label]]
    labels = group_labels(model.frame.rows[term.group])
    groups = list(term.means)
    return mean_reliability(
        np.asarray(deviations, dtype=float),
        np.array([float(term.sizes[label]) for label in labels]),
        np.array([term.means[group] for group in groups]),
        np.array([float(term.sizes[group]) for group in groups]),
        prob,
        frequency_weights(model),
    )
