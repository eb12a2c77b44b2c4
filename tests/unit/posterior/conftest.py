"""Fits for everything behind sampling: real ones by the collapsed engine, invented ones elsewhere.

A Gaussian fit takes half a second. For the other outcomes the draws are invented, so that
nothing is compiled: what a verb computes from draws does not depend on where they come from.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import bayes_alliance as ba
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


def clients_table(agencies: int = 10, managers: int = 4, each: int = 8) -> pd.DataFrame:
    """Return clients of case managers of agencies, with outcomes of every kind.

    ``alliance`` has sds 2 (agency), 3 (case manager) and 6 (client), and a slope of -1.5.
    """
    rng = np.random.default_rng(11)
    agency = np.repeat(np.arange(agencies), managers * each)
    manager = np.repeat(np.arange(agencies * managers), each)
    between = (
        2 * rng.normal(size=agencies)[agency] + 3 * rng.normal(size=manager.max() + 1)[manager]
    )
    stigma = rng.normal(2.5, 0.8, size=len(manager))
    alliance = 60 - 1.5 * stigma + between + 6 * rng.normal(size=len(manager))
    return pd.DataFrame(
        {
            "alliance": alliance,
            "stayed": (alliance > np.median(alliance)).astype(int),
            "rating": np.digitize(alliance, np.quantile(alliance, [0.25, 0.5, 0.75])) + 1,
            "stigma": stigma,
            "agency": [f"A{k:02d}" for k in agency],
            "case_manager": [f"M{k:03d}" for k in manager],
        }
    )


def invented_fit(model: Model, *, chains: int = 4, draws: int = 250, seed: int = 3) -> Fit:
    """Return a fit of independent draws around plausible values; its chains agree."""
    rng = np.random.default_rng(seed)
    tree = xr.DataTree.from_dict(
        {
            names.POSTERIOR: draws_dataset(model, _invented_draws(model, (chains, draws), rng)),
            names.SAMPLE_STATS: stats_dataset({"diverging": np.zeros((chains, draws), bool)}),
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
    return Fit(model=model, idata=tree, settings=settings, seconds={}, versions={})


def _invented_draws(
    model: Model, shape: tuple[int, int], rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Group effects are N(0, sd) with the draw's own sds; the family's parameters suit them."""
    numeric = model.family.has_residual
    scale = float(model.frame.y.std()) if numeric else 1.0
    centre = float(model.frame.y.mean()) if numeric else 0.4
    arrays: dict[str, np.ndarray] = {}
    if model.design.coefficients:
        constant = np.array(model.design.coefficients) == names.INTERCEPT
        noise = 0.1 * scale * rng.normal(size=(*shape, len(constant)))
        arrays[names.B] = np.where(constant, centre, -0.3 * scale) + noise
    for own in model.design.predicted:
        constant = np.array(own.coefficients) == names.INTERCEPT
        middle = np.where(constant, np.log(0.8 * scale), 0.1)
        arrays[own.variable] = middle + 0.05 * rng.normal(size=(*shape, len(constant)))
    for group in model.design.groups:
        located = np.array([effect.parameter == names.MEAN_PARAMETER for effect in group.varying])
        sd = np.where(located, 0.5 * scale, 0.3) * np.exp(
            0.25 * rng.normal(size=(*shape, len(group.effects)))
        )
        arrays[names.sd(group.name)] = sd
        if group.pairs:
            arrays[names.cor(group.name)] = rng.uniform(-0.4, 0.4, (*shape, len(group.pairs)))
        typical = rng.normal(size=(len(group.labels), len(group.effects)))
        unsure = rng.normal(size=(*shape, *typical.shape))
        arrays[names.u(group.name)] = sd[..., None, :] * (0.8 * typical + 0.6 * unsure)
    if names.SIGMA in model.family.parameters:
        arrays[names.SIGMA] = 0.8 * scale * np.exp(0.05 * rng.normal(size=shape))
    if names.NU in model.family.parameters:
        arrays[names.NU] = 3 + 10 * rng.random(shape)
    if names.CUTPOINT in model.family.parameters:
        cuts = np.linspace(-1.2, 1.2, len(model.frame.levels) - 1)
        arrays[names.CUTPOINT] = cuts + 0.1 * rng.normal(size=(*shape, 1))
    return arrays


@pytest.fixture(scope="session")
def clients() -> pd.DataFrame:
    """320 clients of 40 case managers of 10 agencies."""
    return clients_table()


@pytest.fixture(scope="session")
def make_fit() -> Callable[..., Fit]:
    """Invented draws for any model: ``make_fit(model, chains=4, draws=250, seed=3)``."""
    return invented_fit


@pytest.fixture(scope="session")
def null_fit(clients: pd.DataFrame) -> Fit:
    """Random intercepts by case manager, no predictor."""
    return ba.sample(ba.Model("alliance ~ 1 + (1 | case_manager)", clients), seed=1)


@pytest.fixture(scope="session")
def slopes_fit() -> Fit:
    """Random slopes of stigma by case manager, on the simulated study."""
    table = ba.load_example("simulated_study")
    model = ba.Model("alliance ~ stigma + (1 + stigma | case_manager)", table)
    return ba.sample(model, seed=1)


@pytest.fixture(scope="session")
def nested_fit(clients: pd.DataFrame) -> Fit:
    """Case managers within agencies, with stigma."""
    model = ba.Model("alliance ~ stigma + (1 | agency/case_manager)", clients)
    return ba.sample(model, seed=1)


@pytest.fixture(scope="session")
def tiny_fit(clients: pd.DataFrame) -> Fit:
    """Five groups only."""
    few = clients[clients["case_manager"].isin([f"M{k:03d}" for k in range(0, 40, 8)])]
    return ba.sample(ba.Model("alliance ~ stigma + (1 | case_manager)", few), seed=1)


@pytest.fixture(scope="session")
def bernoulli_fit(clients: pd.DataFrame) -> Fit:
    """Yes-or-no outcome, random slopes, logit; invented draws."""
    formula = "stayed ~ stigma + (1 + stigma | case_manager)"
    return invented_fit(ba.Model(formula, clients, "bernoulli"))


@pytest.fixture(scope="session")
def ordinal_fit(clients: pd.DataFrame) -> Fit:
    """Four ordered answers, random intercepts, logit; invented draws."""
    formula = "rating ~ stigma + (1 | case_manager)"
    return invented_fit(ba.Model(formula, clients, "cumulative"))


@pytest.fixture(scope="session")
def student_fit(clients: pd.DataFrame) -> Fit:
    """Student outcome, random intercepts; invented draws with nu between 3 and 13."""
    return invented_fit(ba.Model("alliance ~ stigma + (1 | case_manager)", clients, "student"))
