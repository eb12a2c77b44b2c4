"""The verdict on a fit: every finding, its threshold and its remedy, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bayes_alliance import names
from bayes_alliance.checks.competing_optima import check_optima
from bayes_alliance.checks.convergence import (
    check_divergences,
    check_energy,
    check_ess,
    check_r_hat,
    check_stuck_chains,
    check_tree_depth,
)
from bayes_alliance.checks.data_findings import check_data_seen
from bayes_alliance.checks.finding import SEVERITY, Finding, Level
from bayes_alliance.checks.sensitivity import check_priors
from bayes_alliance.checks.structure import (
    check_boundary,
    check_collinear,
    check_group_counts,
    check_interrupted,
    check_levels,
)
from bayes_alliance.display import as_html
from bayes_alliance.posterior.summaries import summarize, summary_table
from bayes_alliance.sampling.fit import Fit, check_fit

if TYPE_CHECKING:
    import pandas as pd

_IN_WORDS: dict[Level, str] = {
    "fine": "Fine: nothing stands against reading the results.",
    "caution": "Caution: the results can be read, with what is said below in mind.",
    "bad": "Bad: do not draw conclusions from this fit before what is said below is mended.",
}


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What all checks together say. It judges the fit's own draws, and has none.

    Parameters
    ----------
    findings
        Every finding, the most serious first.
    """

    findings: tuple[Finding, ...]

    @property
    def level(self) -> Level:
        """The level of the most serious finding."""
        return max((f.level for f in self.findings), key=SEVERITY.__getitem__, default="fine")

    @property
    def sentence(self) -> str:
        """The verdict in one sentence."""
        return _IN_WORDS[self.level]

    @property
    def table(self) -> pd.DataFrame:
        """One row a finding."""
        import pandas as pd

        return pd.DataFrame(
            {
                "level": [f.level for f in self.findings],
                "where": [f.where for f in self.findings],
                "value": [f.value for f in self.findings],
                "threshold": [f.threshold for f in self.findings],
                "message": [f.message for f in self.findings],
                "remedy": [str(f.remedy) for f in self.findings],
            },
            index=pd.Index([f.code for f in self.findings], name="finding"),
        )

    def found(self, code: str) -> tuple[Finding, ...]:
        """Return the findings of that name that are not fine."""
        return tuple(f for f in self.findings if f.code == code and f.level != "fine")

    def __str__(self) -> str:
        return "\n".join([self.sentence, *(f"  {finding}" for finding in self.findings)])

    def _repr_html_(self) -> str:
        return as_html(self.sentence, self.table)


def diagnose(fit: Fit) -> Verdict:
    """Check a fit and say what was found, with remedies.

    Rank-normalised split R-hat at most 1.01 and bulk and tail ESS at least 400 for every
    parameter and group effect, no divergence, E-BFMI at least 0.3, tree depth not saturated,
    chains that move, no optima that compete (where the engine sought them), priors that do not
    fight the data, levels the right way round, predictors that do not
    follow from each other, enough groups, standard deviations away from 0,
    frequency weights that look like counts, nothing that hangs on a predictor's zero far from
    the rows.

    Parameters
    ----------
    fit : Fit
        Any fit.

    Returns
    -------
    Verdict
        Its level is that of the most serious finding.

    References
    ----------
    .. [1] vehtari2021
    .. [2] kallioinen2023

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> ba.diagnose(fit).level  # doctest: +SKIP
    'fine'
    """
    check_fit(fit, "diagnose")
    table = _reported(fit)
    findings = [
        check_stuck_chains(fit),
        check_r_hat(table),
        check_ess(table, "ess_bulk"),
        check_ess(table, "ess_tail"),
        check_divergences(fit),
        check_energy(fit),
        check_tree_depth(fit),
        *check_optima(fit),
        *check_interrupted(fit),
        *check_levels(fit),
        *check_collinear(fit),
        *check_group_counts(fit),
        *check_boundary(fit),
        *check_data_seen(fit),
        check_priors(fit),
    ]
    return Verdict(findings=tuple(sorted(findings, key=lambda f: -SEVERITY[f.level])))


def _reported(fit: Fit) -> pd.DataFrame:
    """Every parameter and every group effect with its R-hat and ESS."""
    import pandas as pd

    tables = [summarize(fit).table]
    # Effects that are not stored are independent draws given the rest, which is looked at.
    effects = [v for v in map(names.u, fit.model.groups) if v not in fit.redrawn_effects]
    if effects:
        tables.append(summary_table(fit.posterior[effects], 0.95))
    return pd.concat(tables)
