"""What the laws share: in what two models differ, and fits whose draws are the prior's."""

from collections.abc import Callable

import numpy as np
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
from bayes_alliance.sampling.prior_draws import draw_prior
from bayes_alliance.sampling.settings import make_settings


def _differ(first, second) -> bool:
    if first.shape != second.shape:
        return True
    return not np.allclose(first, second, rtol=1e-12, atol=1e-12)


def _found(first, second, *, labels: bool) -> list[str]:
    one, two = first.design, second.design
    pairs = {
        "X": (one.X, two.X),
        "offset": (one.offset, two.offset),
        "outcome": (first.frame.y, second.frame.y),
        "weights": (_weights(first), _weights(second)),
    }
    words = [what for what, (a, b) in pairs.items() if _differ(a, b)]
    if len(one.groups) != len(two.groups):
        return [*words, "groups"]
    for a, b in zip(one.groups, two.groups, strict=True):
        words += ["Z"] if _differ(a.Z, b.Z) else []
        words += ["partition"] if _partition(a) != _partition(b) else []
        words += ["group labels"] if labels and a.labels != b.labels else []
        words += ["effects"] if labels and a.effects != b.effects else []
    words += ["coefficients"] if labels and one.coefficients != two.coefficients else []
    words += ["levels"] if first.frame.levels != second.frame.levels else []
    words += ["rows"] if first.frame.rows_used != second.frame.rows_used else []
    priors = [[e.prior.written for e in model.priors.entries] for model in (first, second)]
    return [*words, "priors"] if priors[0] != priors[1] else words


def _weights(model):
    return np.ones(0) if model.frame.weights is None else model.frame.weights


def _partition(group) -> list[int]:
    """Return the groups numbered as they come up: the same for the same groups."""
    seen: dict[int, int] = {}
    return [seen.setdefault(int(place), len(seen)) for place in group.index]


@pytest.fixture(scope="session")
def differences() -> Callable[..., list[str]]:
    """Return in what two models differ; ``labels=False`` lets everything have other names."""

    def found(first, second, *, labels: bool = True) -> list[str]:
        return _found(first, second, labels=labels)

    return found


def _prior_fit(model: Model, draws: int, seed: int) -> Fit:
    arrays = draw_prior(model, draws, np.random.default_rng(seed))
    tree = xr.DataTree.from_dict(
        {
            names.POSTERIOR: draws_dataset(model, arrays),
            names.SAMPLE_STATS: stats_dataset({"diverging": np.zeros((1, draws), bool)}),
            names.OBSERVED: observed_dataset(model),
            names.CONSTANT: label_dataset(model),
        }
    )
    made = make_settings(
        engine="nutpie",
        engine_reason="It was drawn from the prior.",
        seed=1,
        chains=1,
        draws=draws,
        tune=0,
        target_accept=0.9,
        max_tree_depth=10,
        cores=1,
    )
    return Fit(model=model, idata=tree, settings=made, seconds={}, versions={})


@pytest.fixture(scope="session")
def prior_fit() -> Callable[..., Fit]:
    """Return a fit whose draws are the prior's: no verb asks where draws come from."""

    def made(model: Model, draws: int = 20, seed: int = 1) -> Fit:
        return _prior_fit(model, draws, seed)

    return made
