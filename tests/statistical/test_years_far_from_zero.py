"""Years from 2010 to 2020: whatever the priors, the slopes vary as they do in centred years."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import bayes_alliance as ba
from bayes_alliance.sampling.engines.contract import Compiled

pytestmark, LONG = pytest.mark.slow, pytest.mark.long
FORMULA = "y ~ year + (1 + year | g)"


def table(seed: int) -> pd.DataFrame:
    """40 groups, 11 years; slopes with mean 0.24 and sd 0.46, so that 3 in 10 are negative."""
    rng = np.random.default_rng(seed)
    group, year = np.repeat(np.arange(40), 11), np.tile(np.arange(2010, 2021), 40)
    level, slope = rng.normal(size=40), rng.normal(0.24, 0.46, size=40)
    y = 50.0 + level[group] + slope[group] * (year - 2015) + rng.normal(size=440)
    return pd.DataFrame({"y": y, "year": year, "g": [f"g{k:02d}" for k in group]})


def written(data: pd.DataFrame) -> dict[str, str]:
    """Priors at year 0, as wide as the outcome and the years say: two modes, one of no mass."""
    spread, mean, sd = data["y"].std(), data["year"].mean(), data["year"].std()
    return {
        "sd_g[Intercept]": f"HalfStudentT(3, {spread * np.sqrt(1 + (mean / sd) ** 2):.6g})",
        "sd_g[year]": f"HalfStudentT(3, {spread / sd:.6g})",
    }


def sd_and_sigma(fit: ba.Fit) -> list[float]:
    posterior = fit.posterior
    return [float(posterior["sd_g"].sel(g_effect="year").mean()), float(posterior["sigma"].mean())]


@pytest.fixture(scope="module")
def programs() -> dict[bool, Compiled]:
    """The joint model, compiled once for all tables: with default priors, and as written."""
    data = table(0)
    return {
        chosen: ba.compile_model(
            ba.Model(FORMULA, data, priors=written(data) if chosen else None), engine="nutpie"
        )
        for chosen in (False, True)
    }


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(k, marks=LONG) for k in range(2, 10))])
@pytest.mark.parametrize("as_written", [False, True])
@pytest.mark.parametrize("engine", ["collapsed", pytest.param("nutpie", marks=LONG)])
def test_slopes_vary_as_in_centred_years(
    seed: int, as_written: bool, engine: str, programs: dict[bool, Compiled]
) -> None:
    data = table(seed)
    centred = ba.sample(ba.Model(FORMULA, data.assign(year=data["year"] - 2015)), seed=seed)
    model = ba.Model(FORMULA, data, priors=written(data) if as_written else None)
    compiled = programs[as_written] if engine == "nutpie" else None
    fit = ba.sample(model, seed=seed, compiled=compiled)
    # Posterior sds are 0.06 and 0.04; priors at year 0 pull by less than half of that.
    expected = sd_and_sigma(centred)
    assert sd_and_sigma(fit) == pytest.approx(expected, abs=0.03)
    verdict = ba.diagnose(fit)
    assert verdict.level != "bad"
    said = set(verdict.table.index[verdict.table["level"] != "fine"])
    # That priors at year 0 stand far from the rows and weigh there is true, and is all to be said.
    at_zero = {"prior_at_zero", "prior_conflict", "prior_dominates"}
    assert said <= (at_zero if as_written else set())
    assert ("prior_at_zero" in said) == as_written
