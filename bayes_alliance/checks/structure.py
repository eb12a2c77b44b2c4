"""Findings about a model and its run: swapped levels, collinear columns, few groups, an sd at 0."""

from __future__ import annotations

import numpy as np

from bayes_alliance import names
from bayes_alliance.checks.finding import Finding
from bayes_alliance.data.notes.levels import nesting
from bayes_alliance.errors import in_words, listed
from bayes_alliance.model.data_report import (
    LEAVE_ONE_OUT,
    collinear_columns,
    collinear_in_words,
)
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.working_scale import posterior_working_scales

FEW_GROUPS = 10
NEAR_ZERO = 0.05


def check_levels(fit: Fit) -> list[Finding]:
    """Look for nested factors written the wrong way round, or naming the same groups twice."""
    if not fit.has_data:
        return []
    # Combinations alone, (1 | a:b), say nothing of which level lies in which.
    nested = [group for group in fit.model.design.groups if group.upper in fit.model.groups]
    findings = [_swapped(fit, group) for group in nested]
    return [finding for finding in findings if finding is not None]


def _swapped(fit: Fit, group: GroupDesign) -> Finding | None:
    upper, lower = group.factors[-2:]
    rows = fit.model.frame.rows
    found = nesting(rows[lower], rows[upper])
    if not (found.swapped or found.one_to_one):
        return None
    return Finding(
        level="bad",
        code="swapped_levels",
        where=group.name,
        value=float(found.combinations),
        threshold=float(found.upper_groups),
        message=f"Every group of {upper} has one {lower} only, so {upper} and {group.name} are the "
        "same groups and the data cannot divide the variance between them.",
        remedy=f"The levels look swapped: write (1 | {lower}/{upper}).",
    )


def check_collinear(fit: Fit) -> list[Finding]:
    """Name predictors that follow from each other: only the priors divide their effect."""
    model = fit.model
    if model.stream is None and not fit.has_data:
        return []
    design = model.design if model.stream is None else model.stream.typical_design
    return [
        Finding(
            level="caution",
            code="collinear",
            where=listed(columns),
            value=float(len(columns)),
            threshold=float("nan"),
            message=collinear_in_words(columns),
            remedy=LEAVE_ONE_OUT,
        )
        for columns in collinear_columns(design, model.family)
    ]


def check_group_counts(fit: Fit) -> list[Finding]:
    """Say where there are too few groups to learn how much groups differ."""
    findings = []
    for group in fit.model.design.groups:
        count = len(group.labels)
        if count < FEW_GROUPS:
            findings.append(
                Finding(
                    level="caution",
                    code="few_groups",
                    where=group.name,
                    value=float(count),
                    threshold=float(FEW_GROUPS),
                    message=f"{count} groups of {group.name} say little about how groups differ.",
                    remedy="Report the interval, not the point, and the result under another prior "
                    f"on sd_{group.name}.",
                )
            )
    return findings


def check_boundary(fit: Fit) -> list[Finding]:
    """Say which standard deviations between groups may as well be 0."""
    findings = []
    for group in fit.model.design.groups:
        # Where the priors stand: far from the predictors' means nothing is near 0.
        scales = posterior_working_scales(fit.model, group, fit.posterior)
        draws = scales.sd.reshape(-1, len(group.effects))
        low, high = np.quantile(draws, [0.05, 0.95], axis=0)
        near = [e for e, a, b in zip(group.varying, low, high, strict=True) if a < NEAR_ZERO * b]
        if near:
            ratio = float((low / high).min())
            findings.append(
                Finding(
                    level="caution",
                    code="boundary",
                    where=f"{names.sd(group.name)}: {listed(own.label for own in near)}",
                    value=ratio,
                    threshold=NEAR_ZERO,
                    message=f"The groups of {group.name} may not differ at all in "
                    f"{in_words([own.words for own in near])}: the standard deviation reaches "
                    "down to 0.",
                    remedy="Do not read it as 'there are differences'; compare with the model "
                    "without it.",
                )
            )
    return findings


def check_interrupted(fit: Fit) -> list[Finding]:
    """Say that a run was stopped early."""
    if not fit.interrupted:
        return []
    return [
        Finding(
            level="caution",
            code="interrupted",
            where="the sampler",
            value=float(fit.draws_in_all),
            threshold=float(fit.settings.draws * fit.settings.chains),
            message=f"The run was stopped early; {fit.draws_in_all} draws were kept.",
            remedy="Let it run to its end before you publish.",
        )
    ]
