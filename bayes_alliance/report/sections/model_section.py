"""The sections on the question, the model and its priors, in words and in formulas."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from bayes_alliance import names
from bayes_alliance.model.default_priors import Element
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.model.prior_table import MEAN_OF_ALL
from bayes_alliance.model.prior_targets import coefficient_targets
from bayes_alliance.model.spec import Model
from bayes_alliance.report.blocks import Block, Facts, Heading, Items, Paragraph, Section
from bayes_alliance.report.equation import model_equation, symbol_words
from bayes_alliance.report.prior_equation import moved_elements, prior_equation
from bayes_alliance.report.prose import all_groups, joined, many_groups, one_group, plural
from bayes_alliance.report.results import Results
from bayes_alliance.report.sections.checks_section import check_figure
from bayes_alliance.report.tables import predictive_table, prior_table

_SHOWN = 5


def question_section(model: Model, question: str | None = None) -> Section:
    """Say what was asked: by the author, by the library, or what the formula amounts to."""
    text = model.question.text or _asked(model)
    own = [Paragraph(text=part.strip()) for part in (question or "").split("\n\n") if part.strip()]
    blocks: list[Block] = [*own, Paragraph(text=f"What the model asks: {text}" if own else text)]
    if model.question.name:
        blocks.append(Paragraph(text=f"Model “{model.question.name}” of the model library."))
    return Section(key="question", heading="Question", blocks=tuple(blocks))


def _asked(model: Model) -> str:
    predictors = list(model.design.part["columns"])
    on = f"How does {model.outcome} go with {joined(predictors)}" if predictors else ""
    if not model.groups:
        return f"{on or f'What is the level of {model.outcome}'}?"
    between = f"lies between {all_groups(model)}?"
    return f"{on}, and how much of it {between}" if on else f"How much of {model.outcome} {between}"


def model_section(model: Model) -> Section:
    """Write the model as a formula, as an equation and in words."""
    facts = [
        ("Formula", model.formula.text),
        ("Family", family_words(model)),
        ("Outcome", model.outcome),
        ("Coefficients", joined(model.design.coefficients) if model.design.coefficients else "–"),
        *((f"Groups of {g.name}", plural(len(g.labels), "group")) for g in model.design.groups),
    ]
    if model.formula.response.weights:
        response = model.formula.response
        facts.append(("Weights", f"{response.weights} ({response.weight_kind})"))
    return Section(
        key="model",
        heading="Model",
        blocks=(
            Facts(pairs=tuple(facts)),
            Items(items=varying_words(model)),
            model_equation(model),
            Paragraph(text=symbol_words(model)),
        ),
    )


def prior_section(results: Results) -> Section:
    """Show every prior, and the data the priors expect."""
    model = results.fit.model
    chosen = sum(entry.chosen for entry in model.priors.entries)
    total = len(model.priors.entries)
    text = (
        "What was assumed before the data were seen. The defaults are wide compared with what the "
        "outcome's own scale allows; they keep estimates from running away where the data say "
        "little."
    )
    if chosen:
        text = f"{chosen} of the {plural(total, 'prior')} were chosen for this analysis. {text}"
    blocks: list[Block] = [Paragraph(text=text), prior_table(model, results.place)]
    stands = standing_words(model)
    if stands:
        blocks.append(Items(items=stands))
    blocks.append(prior_equation(model))
    blocks.append(Heading(text="What the priors expect"))
    check = results.checks.prior
    if isinstance(check, str):
        blocks.append(Paragraph(text=check))
    else:
        what = f"Distribution of {model.outcome}"
        blocks += [
            Paragraph(text=check.sentence),
            check_figure(check, key="prior-predictive", what=what),
            predictive_table(check),
        ]
    return Section(key="priors", heading="Priors", blocks=tuple(blocks))


def varying_words(model: Model) -> tuple[str, ...]:
    """Say, for each grouping factor, what varies between its groups."""
    sentences = []
    for group in model.design.groups:
        what = joined(_effect_words(effect) for effect in group.effects)
        together = " Their correlation is estimated too." if len(group.pairs) == 1 else ""
        together = " Their correlations are estimated too." if len(group.pairs) > 1 else together
        verb = "varies" if len(group.effects) == 1 else "vary"
        sentences.append(
            f"{what[0].upper()}{what[1:]} {verb} between {many_groups(group)}: each "
            f"{one_group(group)} has a deviation of its own from the common value, drawn from a "
            f"normal distribution whose standard deviation is estimated.{together}"
        )
    return tuple(sentences) or ("Nothing varies between groups.",)


def _effect_words(effect: str) -> str:
    return "the intercept" if effect == names.INTERCEPT else f"the slope of {effect}"


def family_words(model: Model) -> str:
    """Name the family and its link."""
    family = model.family
    description = family.description[0].upper() + family.description[1:]
    link = "" if not model.link.transforms else f", {model.link} link"
    return f"{description} ({family.name}{link})"


def standing_words(model: Model) -> tuple[str, ...]:
    """Say of each kind of prior that stands elsewhere what it is about; nothing if none does."""
    moved = moved_elements(model)
    found = [*_level(model, moved), *_coefficients(model, moved)]
    found += [word for group in model.design.groups for word in _spread(group, moved)]
    if moved:
        found.append(
            "In the formulas a star marks what such a prior is about; the last lines say what it "
            "is made of, with rounded numbers."
        )
    return tuple(found)


def _level(model: Model, moved: Collection[Element]) -> list[str]:
    """Speak of the intercept, or of what takes its place."""
    outcome = model.outcome
    if (names.B, names.INTERCEPT) in moved:
        return [
            f"The prior of the intercept is about {outcome} where every predictor has its mean, "
            "not where every predictor is 0. So it says the same wherever a predictor has its zero."
        ]
    if any(variable == names.CUTPOINT for variable, _ in moved):
        return [
            "The priors of the thresholds are about where they lie when every predictor has its "
            "mean."
        ]
    first = [e.element for e in model.priors.entries if e.stands == MEAN_OF_ALL]
    if first:
        return [
            f"The prior that stands beside {first[0]} is about the mean of {outcome} over all "
            "rows; those of the other categories are about their differences from it."
        ]
    return []


def _coefficients(model: Model, moved: Collection[Element]) -> list[str]:
    """Speak of slopes that change with other predictors, and of categories."""
    labels, orders = model.design.coefficients, model.design.orders
    ties = coefficient_targets(model.priors, model.design).ties
    levels = {labels[place] for places, _ in ties for place in places}
    taken = {e.element for e in model.priors.entries if e.stands == MEAN_OF_ALL}
    slopes = [
        label
        for label, order in zip(labels, orders, strict=False)
        if (names.B, label) in moved and not order.is_constant and label not in levels | taken
    ]
    found = []
    if slopes:
        several = len(slopes) > 1
        effects, are = ("effects", "Their priors are") if several else ("effect", "Its prior is")
        found.append(
            f"The {effects} of {_some(slopes)} {'change' if several else 'changes'} along a "
            f"predictor. {are} about the effect where the predictors have their means, averaged "
            "over categories."
        )
    if levels:
        found.append(
            "Categories are compared with a reference. Their priors hang together so that any two "
            "categories are expected to differ alike, the reference among them."
        )
    return found


def _spread(group: GroupDesign, moved: Collection[Element]) -> list[str]:
    elements = [effect for effect in group.effects if (names.sd(group.name), effect) in moved]
    if not elements:
        return []
    of = joined(
        "the intercept" if effect == names.INTERCEPT else f"the slope of {effect}"
        for effect in elements[:_SHOWN]
    )
    return [
        f"The prior of the standard deviation between {many_groups(group)} in {of} holds where "
        "the predictors have their means. At other values of the predictors that standard "
        "deviation follows from it, from that of the slopes and from their correlation."
    ]


def _some(labels: Sequence[str]) -> str:
    rest = len(labels) - _SHOWN
    return joined(labels[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")
