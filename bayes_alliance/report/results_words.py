"""The results as a paper tells them; how strongly they are put follows the numbers."""

from __future__ import annotations

from bayes_alliance.report.citations import cited
from bayes_alliance.report.group_labels import ShownLabels, shown_effects
from bayes_alliance.report.results import Results
from bayes_alliance.report.sentences import (
    placed_slopes,
    share_sentences,
    slope_sentence,
    varying_sentences,
)
from bayes_alliance.report.wording import plural

_MOST_SLOPES = 12


def results_paragraphs(results: Results, labels: ShownLabels) -> tuple[str, ...]:
    """Return the paragraphs, ready to be copied: shares, slopes, comparison, checks."""
    model = results.fit.model
    slopes = placed_slopes(results)
    told = [slope_sentence(model, slope) for slope in slopes[:_MOST_SLOPES]]
    if len(slopes) > len(told):
        told.append(f"{plural(len(slopes) - len(told), 'further coefficient')} stand in the table.")
    paragraphs = [
        " ".join(share_sentences(results)),
        " ".join([*told, *varying_sentences(results)]),
        _groups(results, labels),
        _compared(results),
        _checked(results),
    ]
    return tuple(text for text in paragraphs if text)


def _groups(results: Results, labels: ShownLabels) -> str:
    """Say how far groups can be told apart, never who is first."""
    told = [effects for effects in results.groups if effects.group not in labels.kept_back]
    if not told:
        return ""
    said = " ".join(shown_effects(effects, labels).sentence for effects in told)
    return f"{said} Such orders are no league tables {cited('goldstein1996')}."


def _compared(results: Results) -> str:
    compared = results.compared
    if compared is None or compared.failed:
        return ""
    found = (compared.by_group, compared.by_row, compared.factors)
    return " ".join(
        each.sentence for each in found if each is not None and not isinstance(each, str)
    )


def _checked(results: Results) -> str:
    """Say what the checks found; names of groups are left out, whatever the report shows."""
    checks = results.checks
    predictive = [checks.posterior, *checks.by_group.values()]
    # Beside what is not reproduced, a sentence about what is would be of nobody knows what.
    odd = [each for each in predictive if not isinstance(each, str) and each.unusual]
    found = [*(odd or predictive), checks.coverage, checks.sensitivity]
    sentences = [each.sentence for each in found if not isinstance(each, str)]
    return " ".join(dict.fromkeys(sentences))
