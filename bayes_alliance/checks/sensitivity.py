"""Whether a prior fights the data, as a finding of the verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bayes_alliance.checks.finding import Finding
from bayes_alliance.checks.power_scaling import (
    CONFLICT,
    STRONG,
    THRESHOLD,
    affordable,
    power_scaling_table,
    scaled_densities,
)
from bayes_alliance.errors import Advice, listed
from bayes_alliance.posterior.summaries import summarize
from bayes_alliance.sampling.at_priors import at_priors
from bayes_alliance.sampling.fit import Fit

if TYPE_CHECKING:
    import pandas as pd

_FEWEST_DRAWS = 100
_WIDER = "if they mean what they say, report the result under wider ones too."


def check_priors(fit: Fit) -> Finding:
    """Look for parameters whose prior and data pull in different directions."""
    if not (fit.has_data or fit.has_sums) or fit.draws_in_all < _FEWEST_DRAWS:
        return Finding(
            level="fine",
            code="prior_conflict",
            where="",
            value=float("nan"),
            threshold=THRESHOLD,
            message="Prior sensitivity was not looked at: it needs the rows, or the sums "
            "of streamed ones, and 100 draws.",
        )
    fewer = affordable(fit)
    draws = at_priors(fit.model, summarize(fewer).draws)
    table = power_scaling_table(draws, scaled_densities(fewer))
    conflict = table[table["diagnosis"] == CONFLICT]
    if len(conflict):
        worst = float(conflict["prior"].max())
        return Finding(
            level="caution",
            code="prior_conflict",
            where=listed(conflict.index),
            value=worst,
            threshold=THRESHOLD,
            message=f"Prior and data pull {listed(conflict.index)} in different directions "
            f"(power-scaling {worst:.2f}).",
            remedy=Advice(
                python=f"Check the scale of those priors in model.priors; {_WIDER}",
                command_line="Check the scale of those priors, and give "
                f"your own with --prior; {_WIDER}",
            ),
        )
    return _weak(table)


def _weak(table: pd.DataFrame) -> Finding:
    strong = table[table["diagnosis"] == STRONG]
    most = float(table["prior"].max())
    if len(strong):
        return Finding(
            level="caution",
            code="prior_dominates",
            where=listed(strong.index),
            value=most,
            threshold=THRESHOLD,
            message=f"The data says little about {listed(strong.index)}; the prior decides.",
            remedy="Say so, and show the result under another prior.",
        )
    return Finding(
        level="fine",
        code="prior_conflict",
        where="",
        value=most,
        threshold=THRESHOLD,
        message=f"No prior weighs much (power-scaling at most {most:.2f}).",
    )
