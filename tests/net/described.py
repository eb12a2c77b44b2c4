"""A model as it describes itself, and its PyMC form: variables and log density at a fixed point."""

from typing import Any

import numpy as np
from net_tests.fixed_fits import steady
from net_tests.told import asked, number

import bayes_alliance as ba


def model_text(model: ba.Model, rows: Any) -> str:
    """Write all that a model says of itself, and what it makes of new rows."""
    parts = {
        "model": lambda: model,
        "repr(model)": lambda: repr(model),
        "model.outcome, model.groups, model.clients": lambda: _facts(model),
        "model.priors": lambda: model.priors,
        "model.data_report": lambda: model.data_report,
        "model.rebuild_design(rows)": lambda: _new_columns(model, rows),
        "model.pymc, log density at a fixed point": lambda: _density(model),
    }
    return "\n\n".join(f"# {title}\n{asked(part)}" for title, part in parts.items())


def _facts(model: ba.Model) -> str:
    clients = model.clients_in_words
    return f"{model.outcome}; {', '.join(model.groups)}; {model.clients} {clients}".rstrip()


def _new_columns(model: ba.Model, rows: Any) -> str:
    new = model.rebuild_design(rows)
    lines = [
        f"{label}: {' | '.join(map(number, column))}"
        for label, column in zip(model.design.coefficients, np.asarray(new.X).T, strict=True)
    ]
    return "\n".join(lines)


def _density(model: ba.Model) -> str:
    """Write each variable with its shape and its term of the log density."""
    import pytensor
    from pytensor.compile.mode import Mode

    built = model.pymc
    mode = Mode(linker="py", optimizer="fast_compile")
    initial = built.initial_point()
    point = {name: 0.3 * steady(name, *value.shape) for name, value in initial.items()}
    factors = [*built.free_RVs, *built.observed_RVs]
    terms = built.logp(vars=factors, sum=False)
    inputs = list(built.value_vars)
    density = pytensor.function(inputs, terms, mode=mode, on_unused_input="ignore")
    values = density(*(point[variable.name] for variable in inputs))
    lines = [
        f"{variable.name} {'x'.join(map(str, value.shape))}: {number(float(np.sum(value)))}"
        for variable, value in zip(factors, values, strict=True)
    ]
    shapes = [f"{name} {value.shape}" for name, value in point.items()]
    others = [variable.name for variable in built.deterministics]
    data = [str(variable.name) for variable in built.data_vars]
    dims = [f"{name} {len(labels)}" for name, labels in built.coords.items() if labels]
    return "\n".join([
        *lines,
        f"values: {', '.join(shapes)}",
        f"deterministic: {', '.join(others)}",
        f"data: {', '.join(data)}",
        f"dims: {', '.join(dims)}",
    ])  # fmt: skip
