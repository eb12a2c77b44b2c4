"""Findings about what hangs on a predictor's zero that no row is near."""

from __future__ import annotations

from bayes_alliance.checks.finding import Finding
from bayes_alliance.model.data_report import far_zeros
from bayes_alliance.model.zero_notes import FAR
from bayes_alliance.sampling.fit import Fit


def check_zeros(fit: Fit) -> list[Finding]:
    """Say where another zero of a predictor would give another answer, and zero is far."""
    model = fit.model
    found = far_zeros(model.formula, model.frame, model.design, model.family, model.priors)
    return [
        Finding(
            level="caution",
            code=own.code,
            where=own.column,
            value=own.distance,
            threshold=FAR,
            message=own.message,
            remedy=own.remedy,
        )
        for own in found
    ]
