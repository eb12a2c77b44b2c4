"""What the laws share: small tables, random formulas, densities and fits, what models differ in."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import strategies as st

from bayes_alliance import names
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.container import (
    draws_dataset,
    label_dataset,
    observed_dataset,
    stats_dataset,
)
from bayes_alliance.sampling.engines.collapsed.effects import Recovery
from bayes_alliance.sampling.engines.collapsed.engine import recovered_posterior
from bayes_alliance.sampling.engines.collapsed.priors import variance_priors
from bayes_alliance.sampling.engines.collapsed.problem import collapsed_problem
from bayes_alliance.sampling.engines.contract import Drawn
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.prior_draws import draw_prior
from bayes_alliance.sampling.run import _as_fit
from bayes_alliance.sampling.settings import make_settings

# Each of these, and any sum of them, says the same wherever the zeros of x and z are.
PIECES = [
    ["x"],
    ["z"],
    ["x*z"],
    ["a*x"],
    ["x", "I(x**2)"],
    ["x", "I(x**2)", "I(x**3)"],
    ["w*x"],
    ["scale(x)*z"],
    ["bs(x, df=4)"],
    ["x", "z", "I(x*z)"],
    ["b*a"],
    ["C(w)*x"],
    ["center(x)*a"],
    ["poly(x, 2)"],
    ["a:x", "x", "a"],
    ["x:a", "z:x", "x", "a", "z"],
    ["within(x, g)"],
    ["z*w*a"],
    ["offset(o)"],
    ["h"],
    ["z", "I(x - 5)*z"],
]
EFFECTS = ["1", "x", "x + z", "x*z", "w", "x + I(x**2)", "scale(x)", "b*x", "0 + a"]
FACTORS = [["g"], ["h"], ["g", "h"], ["h/g"], ["h", "h:g"], ["g", "h:g"]]
RESPONSES = ["y", "y", "y | weights(n)", "y | se(e)"]


class Asked(NamedTuple):
    """A formula in parts."""

    response: str
    pieces: list[str]
    effects: list[str]

    @property
    def text(self) -> str:
        return f"{self.response} ~ {' + '.join([*self.pieces, *self.effects])}"


@st.composite
def _formulas(draw, pieces=PIECES, effects=EFFECTS, responses=RESPONSES) -> Asked:
    chosen = draw(st.lists(st.sampled_from(pieces), min_size=1, max_size=3, unique_by=str))
    flat = [term for piece in chosen for term in piece]
    cells = ["0", "a"] if draw(st.integers(0, 4)) == 0 else []
    factors = draw(st.sampled_from(FACTORS))
    varying = [f"({draw(st.sampled_from(effects))} | {factor})" for factor in factors]
    return Asked(draw(st.sampled_from(responses)), [*cells, *flat], varying)


@pytest.fixture(scope="session")
def formulas() -> Callable[..., st.SearchStrategy[Asked]]:
    """Return the strategy of random formulas; every one is closed under a shift of x and z."""
    return _formulas


@pytest.fixture(scope="session")
def study() -> Callable[..., pd.DataFrame]:
    """Return the maker of small tables; x and z are sixty-fourths, so that shifts are exact."""

    def made(seed: int, *, far: float = 0.0, rows: int = 48) -> pd.DataFrame:
        rng = np.random.default_rng(seed)

        def words(levels: list[str]) -> Any:
            return rng.permutation(np.resize(levels, rows))

        def number() -> Any:
            return np.round(rng.normal(size=rows) * 64) / 64

        table = pd.DataFrame(
            {
                "x": number() + far,
                "z": 2 * number() + round(far / 3),
                "w": rng.permutation(np.resize([0.0, 1.0, 0.0], rows)),
                "a": words(["low", "mid", "top"]),
                "b": words(["no", "yes"]),
                "g": words([f"G{k}" for k in range(6)]),
                "h": words([f"H{k}" for k in range(4)]),
                "o": number(),
                "n": rng.integers(1, 4, size=rows),
                "e": np.exp(0.3 * rng.normal(size=rows)),
            }
        )
        group = rng.normal(size=6)[table["g"].str[1:].astype(int)]
        y = 50 + table["x"] - far + group + rng.normal(size=rows)
        ranks = y.rank().astype(int) - 1
        return table.assign(
            y=y,
            met=(ranks >= rows // 2).astype(int),
            rating=1 + ranks * 4 // rows,
        )

    return made


@pytest.fixture(scope="session")
def places() -> Callable[..., Any]:
    """Return the maker of places of the collapsed density, shape (place, k)."""

    def made(model: Model, seed: int, count: int = 3) -> Any:
        size = variance_priors(model).size
        return 0.7 * np.random.default_rng(seed).normal(size=(count, size))

    return made


@pytest.fixture(scope="session")
def densities() -> Callable[[Model, Any], Any]:
    """Return the collapsed log density at some places, priors and all."""

    def found(model: Model, at: Any) -> Any:
        priors = variance_priors(model)
        function, known = collapsed_problem(model).density(), int(priors.known_sigma)
        slope = np.empty(priors.size)
        return np.array([function(priors.arrays(), known, np.array(own), slope) for own in at])

    return found


@pytest.fixture(scope="session")
def sd_places() -> Callable[[Model], dict[tuple[str, str], int]]:
    """Return where the sd of each effect of each factor stands in a place of the density."""

    def found(model: Model) -> dict[tuple[str, str], int]:
        places: dict[tuple[str, str], int] = {}
        start = 0 if variance_priors(model).known_sigma else 1
        for group in model.design.groups:
            places |= {(group.name, e): start + k for k, e in enumerate(group.effects)}
            start += len(group.effects) + len(group.pairs)
        return places

    return found


@pytest.fixture(scope="session")
def fit_at() -> Callable[..., Fit]:
    """Return the fit whose variance parameters are given places, and all else drawn from there.

    Two models at the same places with the same seed have the same random numbers, so that what is
    said of them can be compared to the last digits; a sampler would take rounding further.
    """

    def made(model: Model, at: Any, *, seed: int = 1, cores: int = 1) -> Fit:
        """Take places of shape (chain, draw, k)."""
        recovery = Recovery(
            model=model, theta=at, seed=seed, problem=collapsed_problem(model), cores=cores
        )
        chains, draws = at.shape[:2]
        settings = make_settings(
            engine="collapsed",
            engine_reason="The test asks for it.",
            seed=seed,
            chains=chains,
            draws=draws,
            tune=1,
            target_accept=0.9,
            max_tree_depth=10,
            cores=cores,
        )
        stats = {"diverging": np.zeros((chains, draws), bool)}
        drawn = Drawn(posterior=recovered_posterior(recovery), stats=stats, unconstrained=at)
        return _as_fit(model, drawn, settings, {})

    return made


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
