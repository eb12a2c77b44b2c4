"""The section with two reporting guidelines, BARG and WAMBS: where each point is answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bayes_alliance import names
from bayes_alliance.errors import Advice, words_for
from bayes_alliance.report.blocks import AUTHOR, Checklist, ChecklistItem, Items, Paragraph, Section
from bayes_alliance.report.citations import cited, reference_list
from bayes_alliance.report.prose import count, percent, plural
from bayes_alliance.report.results import Results

if TYPE_CHECKING:
    import xarray as xr

_WITHOUT_ROWS = Advice(
    python="fit.save(path, data=False)", command_line="`bayes-alliance fit` with --no-data"
)
_ASKED = (
    ("7", "Do other specifications of the variance priors change the results?"),
    ("8", "Is there a notable effect of the prior against non-informative priors?"),
    ("9", "Are the results stable in a sensitivity analysis?"),
)
SMALL = 0.05


def checklist_section(results: Results) -> Section:
    """Fill BARG and the ten points of WAMBS."""
    barg, wambs = cited("kruschke2021"), cited("depaoli2017")
    blocks = (
        Paragraph(
            text="Points that only the author can answer say so. A filled list shows that "
            "something was reported, not that it was right."
        ),
        Checklist(
            caption=f"Bayesian analysis reporting guidelines, BARG {barg}",
            items=barg_items(results),
        ),
        Checklist(caption=f"WAMBS, ten points {wambs}", items=wambs_items(results)),
        Items(items=reference_list([barg, wambs])),
    )
    return Section(key="checklist", heading="Reporting checklists", blocks=blocks)


def barg_items(results: Results) -> tuple[ChecklistItem, ...]:
    """Say where each point is answered (kruschke2021)."""
    return (*_preamble(results), *_model(results), *_computation(results), *_posterior(results),
            *_decisions(results), *_sensitivity(results), *_reproducibility(results))  # fmt: skip


def item(point: str, asked: str, answer: str, section: str | None) -> ChecklistItem:
    """Make one point of a list."""
    return ChecklistItem(point=point, asked=asked, answer=answer, section=section)


def unanswered(results: Results, why: str) -> str:
    """Say that a check was not made: no author can make it on a fit that failed."""
    return f"{AUTHOR}: {why}" if results.trusted else "Not answered: the fit failed its checks."


def _preamble(results: Results) -> tuple[ChecklistItem, ...]:
    why = f"{AUTHOR}: say why a Bayesian analysis suits the question."
    goals = f"The question is stated; {AUTHOR.lower()}: the aims of the study behind it."
    return (
        item("Preamble A", "Why Bayesian", why, None),
        item("Preamble B", "Goals of the analysis", goals, "question"),
    )


def _model(results: Results) -> tuple[ChecklistItem, ...]:
    chosen = sum(entry.chosen for entry in results.fit.model.priors.entries)
    reasons = (
        "All priors are shown with their origin; defaults are scaled to the data."
        if not chosen
        else f"All priors are shown. {AUTHOR}: reasons for the "
        f"{plural(chosen, 'prior')} chosen for this analysis."
    )
    described = results.fit.has_data or results.fit.model.stream is not None
    data = (
        "Rows, groups, caseloads and missing values are shown."
        if described
        else f"{AUTHOR}: the fit was saved without its rows."
    )
    prior = results.checks.prior
    return (
        item("1A", "Data: variables, nesting, missing values", data, "data" if described else None),
        item("1B", "Likelihood and parameters", "In words and as an equation.", "model"),
        item("1C", "Prior and its justification", reasons, "priors"),
        item("1D", "Formal specification", "Level by level, with every prior.", "model"),
        item(
            "1E",
            "Prior predictive check",
            f"{AUTHOR}: {prior}" if isinstance(prior, str) else prior.sentence,
            None if isinstance(prior, str) else "priors",
        ),
    )


def _computation(results: Results) -> tuple[ChecklistItem, ...]:
    messages = {finding.code: finding.message for finding in results.verdict.findings}
    resolution = f"{messages.get('ess_bulk', '')} {messages.get('ess_tail', '')}".strip()
    return (
        item("2A", "Software", "Named with versions.", "reproduce"),
        item("2B", "Convergence of the chains", messages.get("r_hat", ""), "computation"),
        item("2C", "Resolution (effective sample sizes)", resolution, "computation"),
        item(
            "2D",
            "If not by Markov chains: how accurate",
            "Does not apply: chains were used.",
            "computation",
        ),
    )


def _posterior(results: Results) -> tuple[ChecklistItem, ...]:
    check = results.checks.posterior
    why = check if isinstance(check, str) else ""
    answered = (
        check.sentence
        if not isinstance(check, str) and results.trusted
        else unanswered(results, why)
    )
    compared = results.compared
    factors = "Not used." if compared is None else "Given with the priors they depend on."
    if compared is not None and isinstance(compared.factors, str):
        factors = compared.factors
    return (
        item(
            "3A",
            "Posterior predictive check",
            answered,
            None if isinstance(check, str) else "predictive",
        ),
        item(
            "3B",
            "Summary of the posterior",
            "Means and equal-tailed intervals with Monte Carlo errors, and pictures.",
            "results",
        ),
        item(
            "3C",
            "Bayes factors and posterior model probabilities",
            factors,
            "comparison" if compared else None,
        ),
    )


def _decisions(results: Results) -> tuple[ChecklistItem, ...]:
    by = words_for(Advice(python=" (hypothesis takes the first)", command_line=""), results.place)
    text = (
        "No decision is made for the author. Probabilities of direction and intervals are given; "
        f"{AUTHOR.lower()}: a region of practical equivalence or a loss, and why{by}."
    )
    return (
        item("4", "Why decisions, and why these", text, None),
        item("4", "Criteria of decisions", f"{AUTHOR}, where decisions are made.", None),
    )


def _sensitivity(results: Results) -> tuple[ChecklistItem, ...]:
    found = results.checks.sensitivity
    answered = not isinstance(found, str)
    said = unanswered(results, found) if isinstance(found, str) else found.sentence
    compared = results.compared
    factors = "No Bayes factors are used."
    if compared is not None and not isinstance(compared.factors, str):
        factors = "Bayes factors are given at half, one and two times the scale of their priors."
    return (
        item("5", "Sensitivity to broad priors", said, "sensitivity" if answered else None),
        item(
            "5",
            "Sensitivity to informed priors",
            f"{AUTHOR}: fit again with priors that others would hold.",
            None,
        ),
        item(
            "5",
            "Sensitivity of Bayes factors and decisions",
            factors,
            "comparison" if compared else None,
        ),
    )


def _reproducibility(results: Results) -> tuple[ChecklistItem, ...]:
    return (
        item("6", "Software and versions", "All that made the draws, with versions.", "reproduce"),
        item(
            "6",
            "Script and seed",
            "A program that repeats the analysis, with its seed.",
            "reproduce",
        ),
        item(
            "6",
            "Readable by others",
            "Reading, model and report in one short program.",
            "reproduce",
        ),
        item("6", "Data open to others", f"{AUTHOR}: this report holds no row of the table.", None),
        item(
            "6",
            "The posterior open to others",
            f"{AUTHOR}: {words_for(_WITHOUT_ROWS, results.place)} writes it.",
            None,
        ),
    )


def wambs_items(results: Results) -> tuple[ChecklistItem, ...]:
    """Say where each point is answered (depaoli2017)."""
    messages = {finding.code: finding.message for finding in results.verdict.findings}
    chains = f"{messages.get('r_hat', '')} {messages.get('stuck_chain', '')}".strip()
    halves = compare_halves(results)
    doubled = halves.sentence if halves else "Nothing varies in the draws."
    draws = count(results.fit.draws_in_all)
    enough = f"{draws} draws. {messages.get('ess_tail', '')}".strip()
    return (
        item("1", "Do you understand the priors?", "Shown in numbers, in words and by the data "
             f"they expect. {AUTHOR}: whether they are what is believed.", "priors"),
        item("2", "Does the trace-plot show convergence?", f"By R-hat instead of by eye: {chains}",
             "computation"),
        item("3", "Does convergence remain after doubling the iterations?", doubled, "computation"),
        item("4", "Does the histogram hold enough information?", enough, "computation"),
        item("5", "Do the chains show strong autocorrelation?", _autocorrelation(results),
             "computation"),
        item("6", "Does the posterior make substantive sense?",
             f"Posterior and prior are drawn over each other. {AUTHOR}: whether the values are "
             "plausible.", "sensitivity"),
        *_wambs_sensitivity(results),
        item("10", "Is the Bayesian way of interpreting and reporting used?",
             "Probabilities and intervals of the posterior throughout; no test.", "methods"),
    )  # fmt: skip


def _wambs_sensitivity(results: Results) -> tuple[ChecklistItem, ...]:
    """Answer points 7 to 9 as far as one fit can: by weighting its draws."""
    found = results.checks.sensitivity
    if isinstance(found, str):
        left = unanswered(results, found)
        return tuple(item(point, asked, left, None) for point, asked in _ASKED)
    spreads = [
        name
        for group in results.fit.model.groups
        for name in found.table.index
        if str(name).startswith(names.sd(group))
    ]
    most = float(found.table.loc[spreads, "prior"].max()) if spreads else np.nan
    scaled = (
        "Approached by power-scaling: the largest sensitivity of a group sd to the prior is "
        f"{most:.3f} (spoken of from {found.threshold:g}). "
        if most == most
        else ""
    )
    answers = (
        f"{scaled}{AUTHOR}: a fit with a prior of another shape for the variances.",
        f"Approached by weakening all priors a little. {AUTHOR}: a fit with flat priors, where "
        "they are proper enough to have a posterior.",
        found.sentence,
    )
    sections = ("sensitivity", "sensitivity", "sensitivity")
    return tuple(
        item(point, asked, answer, section)
        for (point, asked), answer, section in zip(_ASKED, answers, sections, strict=True)
    )


def _autocorrelation(results: Results) -> str:
    """Say how many independent draws one draw is worth, at worst."""
    values = [f.value for f in results.verdict.findings if f.code == "ess_bulk"]
    if not values or values[0] != values[0]:
        return "Nothing varies in the draws."
    worth = values[0] / results.fit.draws_in_all
    return (
        f"In the slowest parameter the draws are worth {percent(min(worth, 1.0))} of as many "
        f"independent ones ({count(values[0])})."
    )


@dataclass(frozen=True, kw_only=True)
class HalfOfDraws:
    """The largest change when the draws were doubled.

    Parameters
    ----------
    shift
        Of a mean, in posterior standard deviations.
    where
        The parameter.
    draws
        Draws in the first half of all chains.
    """

    shift: float
    where: str
    draws: int

    @property
    def sentence(self) -> str:
        """What doubling changed, and what that cannot show."""
        small = "hardly moved" if self.shift < SMALL else "moved"
        return (
            f"From the first half of each chain ({count(self.draws)} draws) to all of it the means "
            f"{small}: by {percent(self.shift)} of a posterior standard deviation at most "
            f"({self.where}). This doubles the draws at hand; it cannot show a region that all "
            "chains miss, for which a longer run with another seed is needed."
        )


def compare_halves(results: Results) -> HalfOfDraws | None:
    """Compare the first half of the draws with all of them; None where nothing varies."""
    found: list[tuple[float, str]] = []
    for summary in (results.coefficients, results.sds, results.correlations):
        if summary is not None:
            found += _shifts(summary.draws, list(summary.table.index))
    found = [each for each in found if each[0] == each[0]]
    if not found:
        return None
    shift, where = max(found)
    sizes = results.fit.idata[names.POSTERIOR].sizes
    return HalfOfDraws(
        shift=shift, where=where, draws=int(sizes[names.CHAIN] * (sizes[names.DRAW] // 2))
    )


def _shifts(draws: xr.Dataset, labels: list[str]) -> list[tuple[float, str]]:
    """Return the change of each element's mean, in posterior standard deviations."""
    shifts: list[float] = []
    for values in draws.data_vars.values():
        array = values.transpose(names.CHAIN, names.DRAW, ...).to_numpy()
        array = array.reshape(*array.shape[:2], -1)
        half = array[:, : array.shape[1] // 2].mean(axis=(0, 1))
        spread = array.std(axis=(0, 1))
        scaled = np.divide(
            np.abs(half - array.mean(axis=(0, 1))), spread,
            out=np.full(len(spread), np.nan), where=spread > 0,
        )  # fmt: skip
        shifts += scaled.tolist()
    return list(zip(shifts, labels, strict=True))
