"""Which models the collapsed engine can do, and their priors as its kernels read them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from bayes_alliance import names
from bayes_alliance.errors import listed
from bayes_alliance.kernels.crossed.problem import elimination_steps, steps_if_all_meet
from bayes_alliance.kernels.group_order import count_dense
from bayes_alliance.kernels.variance_priors import CODES, VariancePriors, arrange_priors
from bayes_alliance.model.prior import Prior
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.working_scale import sampled_coefficients

# Effects that all meet one another cost the cube of their number; sampling them does not.
MOST_THAT_MEET = 150
# Their sums are first made as square matrices, up to four at a time: 72 MB each at this many.
MOST_DENSE_EFFECTS = 3_000


def too_much_work(model: Model) -> list[str]:
    """Say why a model's upper levels cannot be integrated out in reasonable time, if so."""
    groups = model.design.groups
    if len(groups) < 2:
        return []
    counts, effects = [len(g.labels) for g in groups], [len(g.effects) for g in groups]
    dense = count_dense(counts, effects)
    beside = f"beside its largest grouping factor it has {dense} group effects"
    if dense > MOST_DENSE_EFFECTS:
        return [f"{beside} (at most {MOST_DENSE_EFFECTS})"]
    steps = elimination_steps(_group_of_rows(model), counts, effects)
    if steps > steps_if_all_meet(MOST_THAT_MEET):
        meet = f"{MOST_THAT_MEET} may all meet, or more if nested"
        return [f"{beside}, and too many of them meet ({meet})"]
    return []


def _group_of_rows(model: Model) -> list[np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Return the group of each row, factor by factor; of each cell where rows are streamed."""
    if model.stream is not None:
        return list(model.stream.group_of_cell)
    return [np.asarray(g.index, dtype=np.int64) for g in model.design.groups]


def reasons_against(model: Model) -> list[str]:
    """Say why a model cannot be collapsed exactly; empty if it can."""
    if not model.family.is_normal:
        return [f"the outcome is {model.family.name}, not gaussian"]
    if model.predicted:
        return [f"it predicts {listed(model.predicted)}, which then differs from row to row"]
    reasons: list[str] = []
    if not model.design.groups:
        reasons.append("it has no groups")
    reasons += too_much_work(model)
    for entry in model.priors.entries:
        allowed = "real" if entry.variable == names.B else "positive"
        if entry.prior.kind.support not in (allowed, "correlation"):
            reasons.append(f"the prior of {entry.key} is {entry.prior}, which has bounds")
    return reasons


def variance_priors(model: Model) -> VariancePriors:
    """Return the priors of everything that stays unknown, in the order of theta."""
    factors = []
    for group in model.design.groups:
        correlation = model.priors.of(names.cor(group.name))
        eta = correlation[0].arguments[0] if correlation else 1.0
        sds = _coded(model.priors.of(names.sd(group.name)))
        factors.append((sds, [len(block) for block in group.blocks], eta))
    sigma = _coded(model.priors.of(names.SIGMA))
    sampled = [model.priors.of(names.B)[k] for k in sampled_coefficients(model)]
    return arrange_priors(sigma[0] if sigma else None, factors, _coded(sampled))


def _coded(priors: Iterable[Prior]) -> list[tuple[int, Sequence[float]]]:
    return [(CODES[prior.distribution], prior.arguments) for prior in priors]
