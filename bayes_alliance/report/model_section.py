"""The sections on the question, the model and its priors."""

from __future__ import annotations

from bayes_alliance.model.spec import Model
from bayes_alliance.report.blocks import Block, Facts, Heading, Items, Paragraph, Section
from bayes_alliance.report.checks_section import check_figure
from bayes_alliance.report.equation_lines import model_equation, symbol_words
from bayes_alliance.report.group_words import all_groups
from bayes_alliance.report.model_words import family_words, varying_words
from bayes_alliance.report.prior_equation import prior_equation
from bayes_alliance.report.results import Results
from bayes_alliance.report.standing_words import standing_words
from bayes_alliance.report.tables import predictive_table, prior_table
from bayes_alliance.report.wording import joined, plural


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
