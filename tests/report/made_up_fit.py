"""Fits whose draws come from numpy instead of a sampler, so that a report takes a second."""

from typing import Any

import numpy as np
import pandas as pd

from bayes_alliance import names
from bayes_alliance.data.examples import load_example
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.container import draws_dataset, observed_dataset, stats_dataset
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.settings import make_settings

SLOPES = "alliance ~ stigma + (1 + stigma | case_manager)"


def draw_parameters(model: Model, shape: tuple[int, int], seed: int) -> dict[str, Any]:
    """Draw every parameter independently around a value that suits the outcome."""
    rng = np.random.default_rng(seed)
    numeric = model.family.has_residual
    scale = float(model.frame.y.std()) if numeric else 1.0
    design, draws = model.design, {}
    if design.coefficients:
        centre = np.where(
            np.array(design.coefficients) == names.INTERCEPT,
            model.frame.y.mean() if numeric else 0.2,
            -0.25 * scale,
        )
        draws[names.B] = centre + 0.1 * scale * rng.standard_normal((*shape, len(centre)))
    for group in design.groups:
        size = (*shape, len(group.effects))
        draws[names.sd(group.name)] = 0.35 * scale * np.exp(0.25 * rng.standard_normal(size))
        if group.pairs:
            cor = 0.2 + 0.3 * rng.standard_normal((*shape, len(group.pairs)))
            draws[names.cor(group.name)] = np.clip(cor, -0.95, 0.95)
    if "sigma" in model.family.parameters:
        draws[names.SIGMA] = 0.9 * scale * np.exp(0.06 * rng.standard_normal(shape))
    if "nu" in model.family.parameters:
        draws[names.NU] = 4 + 10 * rng.random(shape)
    if "cutpoint" in model.family.parameters:
        cuts = np.linspace(-1.5, 1.5, len(model.frame.levels) - 1)
        draws[names.CUTPOINT] = cuts + 0.1 * rng.standard_normal((*shape, len(cuts)))
    for group in design.groups:
        size = (len(group.labels), len(group.effects))
        true = 0.35 * scale * rng.standard_normal(size)
        draws[names.u(group.name)] = true + 0.2 * scale * rng.standard_normal((*shape, *size))
    return draws


def made_up_fit(
    model: Model, *, chains: int = 4, draws: int = 300, seed: int = 5, divergences: int = 0
) -> Fit:
    """Return a fit of independent draws, whose chains therefore agree."""
    import xarray as xr

    rng = np.random.default_rng([seed, 1])
    diverging = np.zeros((chains, draws), dtype=bool)
    diverging.flat[:divergences] = True
    stats = {
        "diverging": diverging,
        "energy": rng.standard_normal((chains, draws)),
        "reached_max_treedepth": np.zeros((chains, draws), dtype=bool),
        "tree_depth": np.full((chains, draws), 3),
    }
    tree = xr.DataTree.from_dict(
        {
            names.POSTERIOR: draws_dataset(model, draw_parameters(model, (chains, draws), seed)),
            names.SAMPLE_STATS: stats_dataset(stats),
            names.OBSERVED: observed_dataset(model),
        }
    )
    settings = make_settings(
        engine="nutpie",
        engine_reason="You asked for it.",
        seed=seed,
        chains=chains,
        draws=draws,
        tune=1000,
        target_accept=0.9,
        max_tree_depth=10,
        cores=1,
    )
    return Fit(
        model=model,
        idata=tree,
        settings=settings,
        seconds={"compile": 12.3, "sample": 4.5},
        versions={"bayes-alliance": "0.1.0", "pymc": "6.4.0", "nutpie": "0.16.11"},
    )


def example_model(formula: str = SLOPES, **options: Any) -> Model:
    """Return a model of the simulated example."""
    return Model(formula, load_example("simulated_study"), **options)


def many_groups_table(groups: int, *, each: int = 3, seed: int = 3) -> pd.DataFrame:
    """Return a table with that many groups, a numeric, a yes-or-no and an ordinal outcome."""
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(groups), each)
    level = rng.standard_normal(groups)[group] * 0.5
    score = 10 + 3 * level + 3 * rng.standard_normal(len(group))
    return pd.DataFrame(
        {
            "score": score,
            "returned": (level + rng.standard_normal(len(group)) > 0).astype(int),
            "rating": np.clip(np.round(3 + level + rng.standard_normal(len(group))), 1, 5),
            "age": rng.normal(40, 10, len(group)).round(),
            "therapist": [f"T{g:04d}" for g in group],
        }
    )
