"""The Bayesian analysis reporting guidelines, point by point."""

from __future__ import annotations

from bayes_alliance.errors import Advice, words_for
from bayes_alliance.report.blocks import AUTHOR, ChecklistItem
from bayes_alliance.report.results import Results
from bayes_alliance.report.wording import plural

_WITHOUT_ROWS = Advice(
    python="fit.save(path, data=False)", command_line="`bayes-alliance fit` with --no-data"
)


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
