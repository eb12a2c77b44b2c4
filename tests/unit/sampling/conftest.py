"""Fits made of invented draws: the stages behind the engines are tested without sampling."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from bayes_alliance import names
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.container import (
    draws_dataset,
    label_dataset,
    observed_dataset,
    stats_dataset,
)
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.settings import make_settings


def table(rows: int = 36) -> pd.DataFrame:
    rng = np.random.default_rng(21)
    stigma = rng.normal(size=rows)
    return pd.DataFrame(
        {
            "alliance": 50 + 2 * stigma + rng.normal(size=rows),
            "met": np.tile([0, 1, 1], rows // 3),
            "rating": np.tile([1, 2, 3], rows // 3),
            "stigma": stigma,
            "age": rng.uniform(20, 60, size=rows),
            "setting": pd.Series(np.tile(["ward", "home"], rows // 2), dtype="str"),
            "agency": np.repeat(["north", "south"], rows // 2),
            "manager": np.tile(np.repeat(["m1", "m2", "m3"], 3), rows // 9),
            "counts": np.tile([1, 2, 3], rows // 3),
            "precise": rng.uniform(0.5, 2.0, size=rows),
        }
    )


def invented_arrays(model: Model, chains: int, draws: int, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    first = (chains, draws)
    arrays = {}
    if model.design.coefficients:
        arrays[names.B] = rng.normal(size=(*first, len(model.design.coefficients)))
    for group in model.design.groups:
        effects = len(group.effects)
        arrays[names.sd(group.name)] = 0.5 + rng.random((*first, effects))
        if group.pairs:
            arrays[names.cor(group.name)] = rng.uniform(-0.5, 0.5, (*first, len(group.pairs)))
        arrays[names.u(group.name)] = rng.normal(size=(*first, len(group.labels), effects))
    for name in model.family.parameters:
        if name == names.CUTPOINT:
            steps = rng.random((*first, len(model.frame.levels) - 1))
            arrays[name] = np.cumsum(steps, axis=-1) - 1
        else:
            arrays[name] = 1.0 + rng.random(first)
    return arrays


def invented_fit(model: Model, *, chains: int = 2, draws: int = 5, seed: int = 3) -> Fit:
    rng = np.random.default_rng(seed)
    stats = {"diverging": np.zeros((chains, draws), bool), "energy": rng.random((chains, draws))}
    tree = xr.DataTree.from_dict(
        {
            names.POSTERIOR: draws_dataset(model, invented_arrays(model, chains, draws, seed)),
            names.SAMPLE_STATS: stats_dataset(stats),
            names.OBSERVED: observed_dataset(model),
            names.CONSTANT: label_dataset(model),
        }
    )
    settings = make_settings(
        engine="nutpie",
        engine_reason="It was invented.",
        seed=seed,
        chains=chains,
        draws=draws,
        tune=0,
        target_accept=0.9,
        max_tree_depth=10,
        cores=1,
    )
    seconds, versions = {"compile": 0.5, "sample": 0.25}, {"numpy": np.__version__}
    return Fit(model=model, idata=tree, settings=settings, seconds=seconds, versions=versions)


MODELS = {
    "slopes": ("alliance ~ stigma + offset(age) + (1 + stigma | manager)", "gaussian"),
    "nested": ("alliance ~ setting + (1 + stigma + age | agency/manager)", "gaussian"),
    "student": ("alliance ~ 0 + (1 | manager)", "student"),
    "precision": ("alliance | weights(precise, precision) ~ stigma", "gaussian"),
    "meta": ("alliance | se(precise) ~ 1 + (1 | manager)", "gaussian"),
    "frequency": ("met | weights(counts) ~ stigma + (1 | manager)", "bernoulli"),
    "ordinal": ("rating ~ stigma + (1 + age || manager)", "cumulative"),
}


@pytest.fixture(scope="session")
def clients() -> pd.DataFrame:
    return table()


@pytest.fixture(scope="session")
def make_fit() -> Callable[..., Fit]:
    return invented_fit


@pytest.fixture(scope="session")
def make_model(clients: pd.DataFrame) -> Callable[[str], Model]:
    def make(name: str) -> Model:
        formula, family = MODELS[name]
        return Model(formula, clients, family)

    return make


@pytest.fixture(params=MODELS)
def model(request: pytest.FixtureRequest, make_model: Callable[[str], Model]) -> Model:
    """Every kind of model in turn."""
    return make_model(request.param)


@pytest.fixture
def fit(model: Model) -> Fit:
    return invented_fit(model)


@pytest.fixture
def slopes(make_model: Callable[[str], Model]) -> Fit:
    """One fit with random slopes."""
    return invented_fit(make_model("slopes"))
