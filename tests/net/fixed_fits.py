"""Fits that are the same on every machine: each number is drawn under its own label.

A label has a generator of its own, so that no other number moves when variables change their
order, dimensions or home. What a fit is made of is asked of the package in ``_draws`` and
``made_fit`` alone: when the container's records move, they are the place to follow.
"""

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

import bayes_alliance as ba
from bayes_alliance import names
from bayes_alliance.sampling.container import (
    draws_dataset,
    label_dataset,
    observed_dataset,
    stats_dataset,
)
from bayes_alliance.sampling.settings import make_settings

CHAINS, DRAWS = 4, 250
MANAGERS, EACH = 12, 8


@dataclass(frozen=True, kw_only=True)
class Case:
    """One model and what its verbs are asked with.

    Parameters
    ----------
    formula, family, link, priors
        As given to the model.
    predictor
        The numeric predictor whose slopes are asked for.
    by
        Another one, or a category.
    at
        Where predictors stand on which the shares depend, if they do.
    simpler
        The formula it is compared with.
    group
        The factor whose groups are looked at where there are several.
    streamed
        Whether the rows come from a scanned file.
    library
        The name of the ready model that it is, and the columns that stand for its words.
    diverging
        How many draws diverged.
    """

    formula: str
    family: str = "gaussian"
    link: str | None = None
    priors: Mapping[str, str] | None = None
    predictor: str = "stigma"
    by: str = "age"
    at: Mapping[str, Any] | None = None
    simpler: str = ""
    group: str | None = None
    streamed: bool = False
    library: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    diverging: int = 0


CASES: dict[str, Case] = {
    "slopes_of_the_library": Case(
        library="stigma_slopes",
        columns={"case_manager": "manager"},
        formula="alliance ~ stigma + (1 + stigma | manager)",
        at={"stigma": 1.0},
        simpler="alliance ~ 1 + (1 | manager)",
    ),
    "student_nested": Case(
        formula="alliance ~ stigma * setting + age + (1 + stigma | agency/manager)",
        family="student",
        by="setting",
        at={"stigma": 1.0},
        simpler="alliance ~ age + (1 | agency/manager)",
        group="agency:manager",
        diverging=3,
    ),
    "bernoulli_slopes": Case(
        formula="returned ~ stigma + setting + (1 + stigma | manager)",
        family="bernoulli",
        by="setting",
        at={"stigma": 1.0, "setting": "ward"},
        simpler="returned ~ stigma + (1 | manager)",
    ),
    "bernoulli_probit_crossed": Case(
        formula="returned ~ stigma + (1 | manager) + (1 | rater)",
        family="bernoulli",
        link="probit",
        at={"stigma": 1.0},
        simpler="returned ~ 1 + (1 | manager) + (1 | rater)",
        group="rater",
    ),
    "bernoulli_cloglog_weights": Case(
        formula="returned | weights(times) ~ stigma * age + (1 | manager)",
        family="bernoulli",
        link="cloglog",
        at={"stigma": 1.0, "age": 40},
        simpler="returned | weights(times) ~ stigma + (1 | manager)",
    ),
    "ordinal_logit": Case(
        formula="rating ~ stigma + setting + (1 + stigma || manager)",
        family="cumulative",
        by="setting",
        at={"stigma": 1.0, "setting": "home"},
        simpler="rating ~ setting + (1 | manager)",
    ),
    "ordinal_probit_nested": Case(
        formula="rating ~ stigma + age + (1 | agency/manager)",
        family="cumulative",
        link="probit",
        priors={"b[stigma]": "Normal(0, 0.5)", "sd_agency": "HalfNormal(0.5)"},
        simpler="rating ~ age + (1 | agency/manager)",
        group="agency",
    ),
    "counts_slopes": Case(
        formula="visits ~ stigma + setting + (1 + stigma | manager)",
        family="poisson",
        by="setting",
        at={"stigma": 1.0, "setting": "ward"},
        simpler="visits ~ stigma + (1 | manager)",
    ),
    "within_and_between": Case(
        formula="alliance ~ within(stigma, manager) + between(stigma, manager) + age "
        "+ (1 + within(stigma, manager) | manager)",
        at={"within(stigma, manager)": 1.0},
        simpler="alliance ~ age + (1 | manager)",
    ),
    "splines_without_intercept": Case(
        formula="alliance ~ 0 + setting + bs(age, df=4) + stigma + offset(start) + (1 | manager)",
        priors={
            "b[setting[home]]": "Normal(50, 10)",
            "b[stigma]": "StudentT(4, 0, 3) at the means",
            "sd_manager": "Exponential(0.2)",
            "sigma": "HalfNormal(12)",
        },
        predictor="age",
        by="setting",
        simpler="alliance ~ 0 + setting + (1 | manager)",
    ),
    "crossed_with_interaction": Case(
        formula="alliance ~ poly(stigma, 2) + (1 | manager) + (1 | rater) + (1 | manager:rater)",
        simpler="alliance ~ 1 + (1 | manager) + (1 | rater)",
        group="rater",
    ),
    "without_groups": Case(
        formula="alliance ~ stigma * age + setting",
        simpler="alliance ~ stigma + setting",
    ),
    "known_errors": Case(
        formula="alliance | se(error) ~ scale(stigma) + (1 | manager)",
        simpler="alliance | se(error) ~ 1 + (1 | manager)",
    ),
    "precise_weights_and_gaps": Case(
        formula="alliance | weights(precise, precision) ~ sleep + C(rank) + (1 + sleep | manager)",
        predictor="sleep",
        by="rank",
        at={"sleep": 7.0},
        simpler="alliance | weights(precise, precision) ~ sleep + (1 | manager)",
    ),
    "streamed_slopes": Case(
        formula="alliance ~ stigma * setting + (1 + stigma | manager)",
        by="setting",
        at={"stigma": 1.0},
        simpler="alliance ~ setting + (1 | manager)",
        streamed=True,
    ),
    "streamed_weights_nested": Case(
        formula="alliance | weights(times) ~ stigma + age + (1 | agency/manager)",
        simpler="alliance | weights(times) ~ age + (1 | agency/manager)",
        group="agency",
        streamed=True,
    ),
}


def steady(label: str, *shape: int) -> Any:
    """Return standard normals that belong to the label."""
    return np.random.default_rng(zlib.crc32(label.encode())).standard_normal(shape)


def study() -> pd.DataFrame:
    """Return 96 clients of 12 case managers in 4 agencies, with outcomes of every kind."""
    clients = MANAGERS * EACH
    place = np.arange(clients)
    manager = [f"M{k // EACH:02d}" for k in place]
    deviation = np.array([steady(f"effect of {label}", 1)[0] for label in manager])
    stigma = np.round(2 + steady("stigma", clients) + 0.3 * deviation, 2)
    latent = 0.4 * deviation - 0.3 * (stigma - 2) + 0.8 * steady("outcome", clients)
    table = pd.DataFrame({
        "alliance": np.round(50 + 10 * latent, 1),
        "returned": (latent + 0.5 * steady("returned", clients) > 0).astype(int),
        "rating": np.digitize(latent + 0.5 * steady("rating", clients), [-1, -0.3, 0.3, 1]) + 1,
        "stigma": stigma,
        "age": np.round(40 + 9 * steady("age", clients)).astype(int),
        "setting": np.array(["home", "office", "ward"])[(place * 7) % 11 % 3],
        "rank": place * 5 % 7 % 3 + 1,
        "sleep": np.round(7 + steady("sleep", clients), 1),
        "times": place * 3 % 5 % 3 + 1,
        "precise": 0.5 + place * 3 % 7 / 4,
        "error": 4.0 + place % 5,
        "start": np.round(2 * steady("start", clients), 1),
        "agency": [f"A{k // EACH // 3}" for k in place],
        "manager": manager,
        "rater": [f"R{k % 6}" for k in place],
    })  # fmt: skip
    # As many as a whole part says: exponentials have last digits of their own.
    table["visits"] = np.floor(np.clip(2.5 + 2 * latent, 0, None)).astype(int)
    table.loc[[5, 17, 40], "sleep"] = np.nan
    return table


def new_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Return rows of a group that was seen and of one that was not."""
    rows = table.iloc[[0, 10, 20]].reset_index(drop=True)
    rows.loc[2, ["agency", "manager", "rater"]] = ["A9", "M99", "R9"]
    return rows.assign(stigma=[0.5, 2.0, 3.5], age=[25, 40, 55], sleep=[6.0, 7.0, 8.0])


def _scale(model: ba.Model) -> tuple[float, float]:
    """Return where the outcome lies and how far its values lie apart, on the link scale."""
    return (50.0, 9.0) if "alliance" in model.outcome else (0.2, 1.0)


def _size(label: str) -> float:
    """Return how large a coefficient is, by the unit of what it multiplies."""
    if "age" in label and "bs(" not in label:
        return 0.04
    return 0.3 if "sleep" in label else 1.0


def _of_labels(variable: str, labels: Iterable[str]) -> Any:
    """Return normals, shape (chain, draw, label)."""
    kept = [steady(f"{variable}[{label}]", CHAINS, DRAWS) for label in labels]
    return np.stack(kept, axis=-1)


def _draws(model: ba.Model) -> dict[str, Any]:
    """Invent draws of every variable around values that suit the outcome."""
    centre, scale = _scale(model)
    design, own = model.design, model.family.parameters
    draws: dict[str, Any] = {}
    if design.coefficients:
        held = names.INTERCEPT in design.coefficients or names.CUTPOINT in own
        sizes = np.array([_size(label) for label in design.coefficients])
        levels = [
            label == names.INTERCEPT or (not held and label.startswith("setting["))
            for label in design.coefficients
        ]
        noise = _of_labels(names.B, design.coefficients)
        middle = np.where(levels, centre, -0.15 * scale * sizes)
        draws[names.B] = middle + 0.08 * scale * sizes * noise
    for group in design.groups:
        sd, effects = names.sd(group.name), group.effects
        draws[sd] = 0.35 * scale * np.exp(0.25 * _of_labels(sd, effects))
        if group.pairs:
            pairs = [f"{effects[i]} {effects[j]}" for i, j in group.pairs]
            draws[names.cor(group.name)] = np.tanh(
                0.2 + 0.3 * _of_labels(names.cor(group.name), pairs)
            )
    if names.SIGMA in own:
        draws[names.SIGMA] = 0.9 * scale * np.exp(0.06 * steady(names.SIGMA, CHAINS, DRAWS))
    if names.NU in own:
        draws[names.NU] = 4 + 3 * np.exp(0.4 * steady(names.NU, CHAINS, DRAWS))
    if names.CUTPOINT in own:
        cuts = np.linspace(-1.2, 1.2, len(model.frame.levels) - 1) - 0.5
        noise = _of_labels(names.CUTPOINT, [str(k) for k in range(len(cuts))])
        draws[names.CUTPOINT] = cuts + 0.08 * noise
    for group in design.groups:
        draws[names.u(group.name)] = _effects(group, scale)
    # The last digits of exp and tanh are the processor's.
    return {name: np.round(values, 7) for name, values in draws.items()}


def _effects(group: Any, scale: float) -> Any:
    """Return effects about the deviations with which the table was made."""
    by_label = []
    for label in group.labels:
        true = [
            0.3 * scale * steady(f"effect of {label}", k + 1)[k] for k in range(len(group.effects))
        ]
        noise = _of_labels(f"{names.u(group.name)}[{label}]", group.effects)
        by_label.append(np.array(true) + 0.15 * scale * noise)
    return np.stack(by_label, axis=2)


def made_fit(model: ba.Model, *, diverging: int = 0) -> ba.Fit:
    """Return a fit of independent draws, whose chains therefore agree."""
    shape = CHAINS, DRAWS
    divergent = np.zeros(shape, dtype=bool)
    divergent.flat[:diverging] = True
    stats = {
        "diverging": divergent,
        "energy": steady("energy", *shape),
        "reached_max_treedepth": np.zeros(shape, dtype=bool),
        "tree_depth": np.full(shape, 3),
    }
    groups = {
        names.POSTERIOR: draws_dataset(model, _draws(model)),
        names.SAMPLE_STATS: stats_dataset(stats),
        names.CONSTANT: label_dataset(model),
    }
    if model.stream is None:
        groups[names.OBSERVED] = observed_dataset(model)
    settings = make_settings(
        engine="nutpie",
        engine_reason="You asked for it.",
        seed=5,
        chains=CHAINS,
        draws=DRAWS,
        tune=1000,
        target_accept=0.9,
        max_tree_depth=10,
        cores=1,
    )
    return ba.Fit(
        model=model,
        idata=xr.DataTree.from_dict(groups),
        settings=settings,
        seconds={"compile": 12.3, "sample": 4.5},
        versions={"bayes-alliance": "0.1.0", "pymc": "6.4.0", "nutpie": "0.16.11"},
        has_data=model.stream is None,
    )


def made_model(case: Case, table: pd.DataFrame | Any, formula: str = "") -> ba.Model:
    """Build the model of a case, or one with another formula beside it."""
    if case.library and not formula:
        return ba.load_model(case.library, data=table, columns=case.columns)
    chosen = case.priors if not formula else None
    return ba.Model(formula or case.formula, table, case.family, chosen, link=case.link)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A fixed fit with what stands beside it when verbs are asked."""

    case: Case
    rows: pd.DataFrame
    fit: ba.Fit
    simpler: ba.Fit
    folder: Path


def make_case(name: str, folder: Path) -> Asked:
    """Return the fit of a case; streamed rows are written into the folder first."""
    case, table = CASES[name], study()
    source: Any = table
    if case.streamed:
        table.to_parquet(folder / "clients.parquet")
        source = ba.scan_table(folder / "clients.parquet", rows_a_batch=40)
    fit = made_fit(made_model(case, source), diverging=case.diverging)
    simpler = made_fit(made_model(case, source, case.simpler))
    return Asked(case=case, rows=new_rows(table), fit=fit, simpler=simpler, folder=folder)
