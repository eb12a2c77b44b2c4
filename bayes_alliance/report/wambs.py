"""The ten points of the WAMBS checklist."""

from __future__ import annotations

import numpy as np

from bayes_alliance import names
from bayes_alliance.report.barg import item, unanswered
from bayes_alliance.report.blocks import AUTHOR, ChecklistItem
from bayes_alliance.report.half_of_draws import compare_halves
from bayes_alliance.report.results import Results
from bayes_alliance.report.wording import count, percent


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
        *_sensitivity(results),
        item("10", "Is the Bayesian way of interpreting and reporting used?",
             "Probabilities and intervals of the posterior throughout; no test.", "methods"),
    )  # fmt: skip


def _sensitivity(results: Results) -> tuple[ChecklistItem, ...]:
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


_ASKED = (
    ("7", "Do other specifications of the variance priors change the results?"),
    ("8", "Is there a notable effect of the prior against non-informative priors?"),
    ("9", "Are the results stable in a sensitivity analysis?"),
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
