"""The section to copy from: methods and results as a paper tells them, and the references.

How strongly the results are put follows the numbers.
"""

from __future__ import annotations

from bayes_alliance import names
from bayes_alliance.checks.convergence import E_BFMI, ESS, R_HAT
from bayes_alliance.checks.verdict import Verdict
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.model.spec import Model
from bayes_alliance.posterior.evidence.evidence import BRIDGE, WEIGHTS
from bayes_alliance.report.blocks import Block, Heading, Items, Notice, Paragraph, Section
from bayes_alliance.report.citations import cited, reference_list
from bayes_alliance.report.group_labels import ShownLabels, shown_effects
from bayes_alliance.report.prior_equation import moved_elements
from bayes_alliance.report.prose import count, joined, many_groups, percent, plural
from bayes_alliance.report.results import Results
from bayes_alliance.report.sections.checks_section import computation_words
from bayes_alliance.report.sentences import (
    placed_slopes,
    share_sentences,
    slope_sentence,
    varying_sentences,
)
from bayes_alliance.sampling.engines.registry import engine_of
from bayes_alliance.sampling.fit import Fit

_KEY, _HEADING = "methods", "Methods and results, for copying"
_PACKAGE = "bayes-alliance"
_MOST_PRIORS = 8
_MOST_SLOPES = 12


def methods_section(results: Results, labels: ShownLabels) -> Section:
    """Write both, or say that a failed fit has nothing to be copied."""
    if not results.trusted:
        text = (
            "The fit failed at least one check. Methods and results are written here once a fit "
            "passes; what to do is said in the verdict."
        )
        notice = Notice(tone="bad", title="Withheld", text=text)
        return Section(key=_KEY, heading=_HEADING, blocks=(notice,))
    methods, found = methods_paragraphs(results), results_paragraphs(results, labels)
    blocks: list[Block] = [Heading(text="Methods")]
    blocks += [Paragraph(text=text) for text in methods]
    blocks.append(Heading(text="Results"))
    blocks += [Paragraph(text=text) for text in found]
    blocks += [Heading(text="References"), Items(items=reference_list([*methods, *found]))]
    return Section(key=_KEY, heading=_HEADING, blocks=tuple(blocks))


def methods_paragraphs(results: Results) -> tuple[str, ...]:
    """Return the paragraphs, ready to be copied."""
    return (
        f"{_data_words(results.fit)} {_model_words(results.fit.model)}",
        _prior_words(results),
        f"{_software_words(results.fit)} {_computed(results.fit)} "
        f"{_convergence_words(results.verdict)}",
        _quantity_words(results),
    )


def _data_words(fit: Fit) -> str:
    frame = fit.model.frame
    used, table = frame.rows_used, frame.rows_in_table
    of = (
        f" in {joined(_group_counts(g) for g in fit.model.design.groups)}"
        if fit.model.groups
        else ""
    )
    words = f"We analysed {plural(used, 'row')}{fit.model.clients_in_words}{of}."
    dropped = table - used
    if dropped > 0:
        verb = "was" if dropped == 1 else "were"
        words += (
            f" {plural(dropped, 'further row')} ({percent(dropped / table)}) lacked a value of the "
            f"outcome, a predictor or a group and {verb} left out."
        )
    return words


def _group_counts(group: GroupDesign) -> str:
    caseloads = group.caseloads
    rows = ""
    if len(caseloads):
        fewest, most = round(float(caseloads.min())), round(float(caseloads.max()))
        from_fewest = "" if fewest == most else f"{count(fewest)} to "
        rows = f" ({from_fewest}{plural(most, 'row')} each)"
    words = many_groups(group)
    number = count(len(group.labels))
    if words.startswith("the groups of "):
        return f"{number} {words.removeprefix('the ')}{rows}"
    return f"{number} {words}{rows}"


def _model_words(model: Model) -> str:
    slopes = [c for c in model.design.coefficients if c != names.INTERCEPT]
    on = f" on {joined(slopes)}" if slopes else ""
    kind = "multilevel model" if model.groups else "regression model"
    link = "" if not model.link.transforms else f" and {model.link} link"
    varying = "".join(f" {_varying(group)}" for group in model.design.groups)
    return (
        f"A Bayesian {kind} regressed {model.outcome}{on} ({model.family.description}{link})."
        if slopes
        else f"A Bayesian {kind} described {model.outcome} ({model.family.description}{link})."
    ) + f"{varying} In formula notation: {model.formula.text}."


def _varying(group: GroupDesign) -> str:
    effects = [
        "the intercept" if label == names.INTERCEPT else f"the slope of {label}"
        for label in group.effects
    ]
    what = joined(effects)
    tied = ""
    if len(effects) > 1:
        tied = ", and could correlate" if group.pairs else ", without correlation"
    return f"{what[0].upper()}{what[1:]} varied between {many_groups(group)}{tied}."


def _prior_words(results: Results) -> str:
    entries = results.fit.model.priors.entries
    chosen = [entry for entry in entries if entry.chosen]
    if not chosen:
        start = (
            "All priors were the defaults of the package, weakly informative and scaled to the "
            "outcome and the predictors"
        )
    elif len(chosen) == len(entries):
        start = "All priors were chosen for this analysis"
    else:
        start = (
            f"{joined(entry.key for entry in chosen)} had priors chosen for this analysis; the "
            "others were the defaults of the package, weakly informative and scaled to the data"
        )
    moved = moved_elements(results.fit.model)
    listed = [
        f"{entry.key}{f' {entry.stands}' if entry.place in moved else ''} ~ {entry.shown}"
        for entry in entries
    ]
    if len(listed) > _MOST_PRIORS:
        listed = [*listed[:_MOST_PRIORS], f"and {len(listed) - _MOST_PRIORS} more in the table"]
    words = f"{start}: {'; '.join(listed)}."
    if moved:
        words += (
            " A prior at the means is that of the parameter where the predictors have their means, "
            "so that it does not depend on where a predictor has its zero."
        )
    if any(group.pairs for group in results.fit.model.design.groups):
        words += f" Correlations had an LKJ prior {cited('lewandowski2009')}."
    if not isinstance(results.checks.prior, str):
        words += " The priors were looked at by what data they expect (prior predictive check)."
    return words


def _software_words(fit: Fit) -> str:
    versions, joint = fit.versions, engine_of(fit.settings).is_joint
    used = {"pymc": "PyMC"} if joint else {}
    used |= {"nutpie": "nutpie", "arviz": "ArviZ", "numpy": "NumPy", "python": "Python"}
    known = [
        f"{used[name]} {versions[name]}" for name in used if versions.get(name, "")[:1].isdigit()
    ]
    own = versions.get(_PACKAGE, "")
    own = f" {own}" if own[:1].isdigit() else ""
    others = f", with {joined(known)}" if known else ""
    sources = cited("abrilpla2023", "kumar2019") if joint else cited("kumar2019")
    return f"The analysis was done with bayes_alliance{own}{others} {sources}."


def _computed(fit: Fit) -> str:
    return computation_words(fit, sources=cited(*engine_of(fit.settings).sources))


def _convergence_words(verdict: Verdict) -> str:
    values = {finding.code: finding.value for finding in verdict.findings}
    source = cited("vehtari2021")
    followed = "divergences" in values
    judged = [
        f"rank-normalised split R-hat (at most {R_HAT})",
        f"bulk and tail effective sample sizes (at least {ESS:.0f}) {source}",
    ]
    if followed:
        judged += ["divergent transitions", f"E-BFMI (at least {E_BFMI})"]
    else:
        judged.append(f"the weights of the proposals {cited('vehtari2024')}")
    words = f"Convergence was judged by {joined(judged)}, for every parameter and group effect."
    found = [
        (f"the largest R-hat was {values['r_hat']:.3f}", values.get("r_hat")),
        (f"the smallest bulk ESS {count(_whole(values.get('ess_bulk')))}", values.get("ess_bulk")),
        (f"the smallest tail ESS {count(_whole(values.get('ess_tail')))}", values.get("ess_tail")),
    ]
    shown = [text for text, value in found if value is not None and value == value]
    divergent = int(values.get("divergences", 0.0))
    if followed:
        shown.append(f"{'no' if not divergent else count(divergent)} transitions diverged")
    elif "proposals" in values:
        shown.append(f"the weights were worth {values['proposals']:.0%} of the proposals")
    text = joined(shown)
    return f"{words} {text[0].upper()}{text[1:]}."


def _whole(value: float | None) -> float:
    return value if value is not None and value == value else 0.0


def _quantity_words(results: Results) -> str:
    parts = ["We report posterior means with 95% equal-tailed intervals."]
    shares, checks = results.shares, results.checks
    if not isinstance(shares, str):
        on_link = results.fit.model.family.on_link_scale
        source = cited("nakagawa2017") if on_link else cited("goldstein2002")
        parts.append(f"Variance shares were computed for every draw {source}.")
    if not isinstance(checks.posterior, str):
        parts.append(
            "The model was held against the data by posterior predictive checks of rows"
            f"{' and of group means' if checks.by_group else ''} {cited('gelman1996')}."
        )
    if not isinstance(checks.coverage, str):
        parts.append(
            "Predictive intervals were checked with each row left out in turn, by "
            f"Pareto-smoothed importance sampling {cited('vehtari2017', 'vehtari2024')}, and "
            f"their uniformity {cited('saeilynoja2022')}."
        )
    if not isinstance(checks.sensitivity, str):
        parts.append(
            f"Sensitivity to the priors was looked at by power-scaling {cited('kallioinen2023')}."
        )
    if any(not isinstance(found, str) for found in checks.influence.values()):
        parts.append("The influence of each group was looked at by leaving it out.")
    return " ".join([*parts, *_comparison_words(results)])


def _comparison_words(results: Results) -> list[str]:
    compared = results.compared
    if compared is None or compared.failed:
        return []
    named = (f"{name}, {fit.model.formula.text}" for name, fit in compared.fits.items())
    words = [f"The models compared were {'; '.join(named)}."]
    if not isinstance(compared.by_row, str):
        words.append(
            "Models were compared by their expected log predictive density with one row left out "
            f"at a time {cited('vehtari2017')}."
        )
    if compared.by_group is not None and not isinstance(compared.by_group, str):
        words.append(
            "They were compared with one group left out at a time too, its effects integrated out "
            f"{cited('merkle2019')}."
        )
    if not isinstance(compared.factors, str):
        words.append(
            f"Bayes factors {cited('kass1995')} come from {_evidence_words(compared.factors.how)} "
            "and are given at half, one and two times the scale of the priors that they rest on."
        )
    return words


def _evidence_words(how: tuple[str, ...]) -> str:
    """Say what evidence was estimated by, with sources."""
    sources = {BRIDGE: cited("gronau2017"), WEIGHTS: cited("cornuet2012")}
    return joined(f"{name} {sources[name]}" for name in how)


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
