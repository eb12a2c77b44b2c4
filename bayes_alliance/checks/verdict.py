"""The verdict on a fit: every finding, its threshold and its remedy, in words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bayes_alliance import names
from bayes_alliance.checks.convergence import (
    check_divergences,
    check_energy,
    check_ess,
    check_optima,
    check_proposals,
    check_r_hat,
    check_stuck_chains,
    check_tree_depth,
)
from bayes_alliance.checks.finding import SEVERITY, About, Finding, Level, merged_misfits
from bayes_alliance.checks.fit_to_data import MISFIT, NOT_CHECKED, check_fit_to_data
from bayes_alliance.checks.power_scaling import check_priors
from bayes_alliance.checks.structure import (
    check_boundary,
    check_collinear,
    check_group_counts,
    check_interrupted,
    check_levels,
)
from bayes_alliance.display import as_html
from bayes_alliance.errors import GIVE_ROWS, AllianceError, counted
from bayes_alliance.posterior.summaries import summarize, summary_table
from bayes_alliance.sampling.fit import Fit, check_fit

if TYPE_CHECKING:
    import pandas as pd

_OF_DRAWS: dict[Level, str] = {
    "fine": "the draws are sound",
    "caution": "the draws can be read, with care",
    "bad": "the draws are not sound, so no conclusion can rest on them",
}
_HEADINGS: dict[About, str] = {"draws": "The draws", "model": "The model"}
_NONE = float("nan")
# The verdict has findings of its own on these, or the formula has answered the question.
_NOT_HERE = frozenset({"few_groups", "collinear", "swapped_levels", "ids_repeat_across_groups"})


@dataclass(frozen=True, kw_only=True)
class VerdictPart:
    """One half of a verdict.

    Parameters
    ----------
    about
        ``"draws"``: are they draws from this model's posterior? ``"model"``: does it fit the
        data, and what do its answers rest on?
    findings
        Its findings, the most serious first.
    """

    about: About
    findings: tuple[Finding, ...]

    @property
    def level(self) -> Level:
        """The level of its most serious finding."""
        return max((f.level for f in self.findings), key=SEVERITY.__getitem__, default="fine")

    @property
    def checked(self) -> bool:
        """Whether it was looked at: without rows no data can be simulated for them."""
        return all(f.code != NOT_CHECKED for f in self.findings)

    @property
    def sentence(self) -> str:
        """What it says."""
        return f"{self.clause[0].upper()}{self.clause[1:]}."

    @property
    def clause(self) -> str:
        """The same within a longer sentence."""
        return _OF_DRAWS[self.level] if self.about == "draws" else self._of_model

    @property
    def heading(self) -> str:
        """The part's name with its level."""
        return f"{_HEADINGS[self.about]} ({self.level})"

    @property
    def on_fit(self) -> str:
        """Whether the model fits the data, within a longer sentence."""
        misfits = [f.misfit for f in self.findings if f.misfit is not None]
        if misfits:
            whole = merged_misfits(misfits)
            return f"{whole.clause}, so its answers are not final: {whole.consequence}"
        if not self.checked:
            return "whether the model fits the data was not checked"
        return "the model fits the data in what was looked at"

    @property
    def _of_model(self) -> str:
        if self.level == "bad":
            return "the model as written cannot give the answers"
        doubtful = [f for f in self.findings if f.level == "caution" and f.code != MISFIT]
        if not doubtful:
            return self.on_fit
        points = counted(len(doubtful), "point")
        return f"{self.on_fit}; keep {points} below in mind too"


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
    def on_draws(self) -> VerdictPart:
        """Whether the draws are sound."""
        return self._part("draws")

    @property
    def on_model(self) -> VerdictPart:
        """Whether the model fits the data, and what its answers rest on."""
        return self._part("model")

    def _part(self, about: About) -> VerdictPart:
        return VerdictPart(
            about=about, findings=tuple(f for f in self.findings if f.about == about)
        )

    @property
    def sentence(self) -> str:
        """The verdict in one sentence: on the draws, then on the model."""
        return f"{self.level.capitalize()}: {self.on_draws.clause}; {self.on_model.clause}."

    @property
    def table(self) -> pd.DataFrame:
        """One row a finding."""
        import pandas as pd

        return pd.DataFrame(
            {
                "about": [f.about for f in self.findings],
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
        lines = [self.sentence]
        for part in (self.on_draws, self.on_model):
            lines += [part.heading, *(f"  {finding}" for finding in part.findings)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return as_html(self.sentence, self.table)


def diagnose(fit: Fit) -> Verdict:
    """Check a fit and say what was found, with remedies.

    Two parts. *The draws*: rank-normalised split R-hat at most 1.01 and bulk and tail ESS at
    least 400 for every parameter and group effect; where an engine follows trajectories, no
    divergence, E-BFMI at least 0.3 and tree depth not saturated, else what the weights of its
    proposals are worth; chains that move, no optima that compete (where these were sought). *The
    model*: data simulated from it for the same rows look like the data (at most 5 of 100 models
    that are right are objected to), levels the right way round, predictors that do not follow
    from each other, enough groups, standard deviations away from 0, priors that do not fight the
    data, frequency weights that look like counts, nothing that hangs on a predictor's zero far
    from the rows. Where no rows are held, whether the model fits is not checked, and that is said.

    Parameters
    ----------
    fit : Fit
        Any fit.

    Returns
    -------
    Verdict
        Its level is that of the most serious finding; its parts ``.on_draws`` and ``.on_model``
        have their own.

    References
    ----------
    .. [1] vehtari2021
    .. [2] kallioinen2023
    .. [3] gelman1996

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> ba.diagnose(fit).level  # doctest: +SKIP
    'fine'
    """
    check_fit(fit, "diagnose", by_row=True)
    on_draws = _on_draws(fit)
    sound = all(finding.level != "bad" for finding in on_draws)
    on_model = [
        *check_levels(fit),
        *check_fit_to_data(fit, draws_sound=sound),
        *check_collinear(fit),
        *check_group_counts(fit),
        *check_boundary(fit),
        *check_data_seen(fit),
        check_priors(fit),
    ]
    findings = [*on_draws, *(replace(finding, about="model") for finding in on_model)]
    return Verdict(findings=tuple(sorted(findings, key=lambda f: -SEVERITY[f.level])))


def _on_draws(fit: Fit) -> list[Finding]:
    table = _reported(fit)
    return [
        check_stuck_chains(fit),
        check_r_hat(table),
        check_ess(table, "ess_bulk"),
        check_ess(table, "ess_tail"),
        *_on_the_way(fit),
        *check_optima(fit),
        *check_interrupted(fit),
    ]


def _on_the_way(fit: Fit) -> list[Finding]:
    """Look at the trajectories, or at the proposals, that the draws came from."""
    followed = [check_divergences, check_energy, check_tree_depth]
    trajectories = [check(fit) for check in followed] if fit.follows_trajectories else []
    return [*trajectories, *check_proposals(fit)]


def _reported(fit: Fit) -> pd.DataFrame:
    """Every parameter and every group effect with its R-hat and ESS."""
    import pandas as pd

    tables = [summarize(fit).table]
    # Effects that are not stored are independent draws given the rest, which is looked at.
    effects = [v for v in map(names.u, fit.model.groups) if v not in fit.redrawn_effects]
    if effects:
        tables.append(summary_table(fit.posterior[effects], 0.95))
    return pd.concat(tables)


def check_data_seen(fit: Fit) -> list[Finding]:
    """Return the notes of ``model.data_report`` that ask for a look."""
    try:
        notes = fit.model.data_report.notes
    except AllianceError:  # the rows are not there
        return [
            Finding(
                level="fine",
                code="data",
                where="",
                value=_NONE,
                threshold=_NONE,
                message="The data were not looked at: the fit does not hold its rows.",
                remedy="" if fit.streamed_from is not None else GIVE_ROWS,
            )
        ]
    return [
        Finding(
            level=note.level,
            code=note.code,
            where=", ".join(note.columns),
            value=_NONE if note.value is None else note.value,
            threshold=_NONE if note.threshold is None else note.threshold,
            message=note.message,
            remedy=note.remedy,
            unnamed=note.unnamed,
            columns=note.columns,
        )
        for note in notes
        if note.is_told and note.code not in _NOT_HERE
    ]
