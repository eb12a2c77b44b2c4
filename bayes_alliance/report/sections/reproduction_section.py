"""The section that lets someone else get the same numbers."""

from __future__ import annotations

import json
from typing import Any

from bayes_alliance import names
from bayes_alliance.data.provenance import EXAMPLE, READ_AS
from bayes_alliance.model.parametrization import chosen_centring
from bayes_alliance.report.blocks import Code, Facts, Paragraph, Section
from bayes_alliance.sampling.fit import Fit

# How a table is read if nothing is said.
_USUAL: dict[str, Any] = {
    "encoding": "utf-8",
    "missing": [],
    "separator": None,
    "decimal": ".",
    "thousands": None,
    "sheet": None,
    "header": None,
    "skip_last": None,
}


def reproduction_section(fit: Fit, **options: Any) -> Section:
    """Name seed, engine, settings and versions, and write the program with the report's options."""
    settings, sizes = fit.settings, fit.idata[names.POSTERIOR].sizes
    drawn = "" if settings.seed_given else " (drawn for this run)"
    facts = (
        ("Formula", fit.model.formula.text),
        ("Seed", f"{settings.seed}{drawn}"),
        ("Engine", f"{settings.engine}. {settings.engine_reason}"),
        ("Chains and draws", f"{sizes[names.CHAIN]} chains of {sizes[names.DRAW]} kept draws"),
        ("Warm-up", f"{settings.tune} draws a chain"),
        ("Target acceptance", f"{settings.target_accept:g}"),
        ("Time", ", ".join(f"{step} {took:.1f} s" for step, took in fit.seconds.items()) or "–"),
        ("Versions", ", ".join(f"{name} {version}" for name, version in fit.versions.items())),
    )
    text = (
        "The same seed with the same versions on the same kind of machine gives the same draws; "
        "elsewhere the numbers agree within their Monte Carlo error."
    )
    return Section(
        key="reproduce",
        heading="Reproduce",
        blocks=(
            Facts(pairs=facts),
            Paragraph(text=text),
            Code(text=program(fit, **options), label="Python program that repeats the analysis"),
        ),
    )


def program(fit: Fit, **options: Any) -> str:
    """Write the Python program that repeats a fit and its report."""
    settings = fit.settings
    given = "".join(f", {name}={_written(own)}" for name, own in options.items() if own)
    sampling = {
        "engine": settings.engine,
        **settings.length_and_tuning,
        "seed": settings.seed,
    }
    return "\n".join(
        [
            "import bayes_alliance as ba",
            "",
            f"clients = {_reading(fit)}",
            "model = ba.Model(",
            f"    {_written(fit.model.formula.as_given)},",
            "    clients,",
            *(f"    {name}={_written(value)}," for name, value in _model_arguments(fit).items()),
            ")",
            "fit = ba.sample(",
            "    model,",
            *(f"    {name}={_written(value)}," for name, value in sampling.items()),
            ")",
            f'ba.write_report(fit, "report.html"{given})',
        ]
    )


def _reading(fit: Fit) -> str:
    """Write how the table was made, as far as it says so itself."""
    if fit.streamed_from is not None:
        return f"ba.scan_table({_written(fit.streamed_from)})"
    attributes = fit.model.frame.rows.attrs
    if EXAMPLE in attributes:
        return f"ba.load_example({_written(attributes[EXAMPLE])})"
    read_as = attributes.get(READ_AS, {"file": "your_table.csv"})
    options = {
        name: read_as[name] for name, usual in _USUAL.items() if read_as.get(name, usual) != usual
    }
    words = [_written(read_as["file"]), *(f"{name}={_written(v)}" for name, v in options.items())]
    return f"ba.read_table({', '.join(words)})"


def _written(value: Any) -> str:
    """Write a value as Python does, with double quotes."""
    if isinstance(value, dict):
        pairs = ", ".join(f"{_written(k)}: {_written(v)}" for k, v in value.items())
        return f"{{{pairs}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_written, value))}]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _model_arguments(fit: Fit) -> dict[str, Any]:
    model = fit.model
    strings = model.priors.strings
    chosen = {e.key: strings[e.key] for e in model.priors.entries if e.chosen}
    usual = dict(chosen_centring(model.design, model.frame.y))
    centred = {kind == "centred" for kind in model.centring.values()}
    return {
        "family": model.family.name,
        **({"link": model.link.name} if model.link != model.family.links[0] else {}),
        **({"priors": chosen} if chosen else {}),
        **({"centred": centred.pop()} if dict(model.centring) != usual else {}),
    }
