"""Optima of real collapsed posteriors: weighed as an integral over a grid weighs them."""

import numpy as np
import pandas as pd
import pytest

import bayes_alliance as ba
from bayes_alliance import names
from bayes_alliance.kernels.signed_scales import signed_units
from bayes_alliance.sampling.engines.collapsed.optima import PlaceDensity, collapsed_optima
from bayes_alliance.sampling.engines.collapsed.priors import variance_priors
from bayes_alliance.sampling.engines.collapsed.problem import collapsed_problem
from bayes_alliance.sampling.engines.collapsed.start import draw_theta, measure, place_of

pytestmark = pytest.mark.slow


def groups(count: int = 12, each: int = 5) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    group = np.repeat(np.arange(count), each)
    y = 0.9 * rng.normal(size=count)[group] + rng.normal(size=len(group))
    return pd.DataFrame({"y": y, "g": [f"g{k}" for k in group]})


def two_sided(scale: float) -> ba.Model:
    """A prior that puts nearly all at zero and has a heavy tail, against data that say 0.9."""
    return ba.Model("y ~ 1 + (1 | g)", groups(), priors={"sd_g": f"HalfCauchy({scale})"})


def prepared(model: ba.Model):
    problem, priors = collapsed_problem(model), variance_priors(model)
    size = measure(problem, priors)
    return problem, priors, signed_units(priors, size.resolution), size


def share_near_zero(density: PlaceDensity, scale: float, unit: float) -> float:
    near = np.linspace(1e-9, 50 * scale / unit, 400)
    far = np.geomspace(50.001 * scale / unit, 5.0, 800)
    sd = np.concatenate([near, far])
    values = [[density(np.array([s, t]))[0] for t in sd] for s in np.linspace(-0.8, 0.8, 41)]
    mass = np.exp(np.asarray(values) - np.max(values)).sum(axis=0)
    low = sd < 0.05
    return float(np.trapezoid(mass[low], sd[low]) / np.trapezoid(mass, sd))


@pytest.mark.parametrize("scale", [1e-4, 3e-5, 1e-5])
def test_competing_optima_weigh_what_a_grid_says(scale: float) -> None:
    problem, priors, units, size = prepared(two_sided(scale))
    density = PlaceDensity(problem, priors, units)
    optima = collapsed_optima(problem, priors, units, size, seed=2)
    assert len(optima.competing) == 2
    at_zero = int(np.argmin([top.place[1] for top in optima.tops]))
    exact = share_near_zero(density, scale, units[1])
    # Drawn points know a share to about 0.03.
    assert optima.weights[at_zero] == pytest.approx(exact, abs=0.08)


def test_the_verdict_speaks_of_optima_that_compete_and_the_file_keeps_them(tmp_path) -> None:
    fit = ba.sample(two_sided(2e-5), seed=1)
    verdict = ba.diagnose(fit)
    (finding,) = verdict.found("competing_optima")
    assert finding.where == "sd_g[Intercept]"
    assert "2 different answers" in finding.message
    assert finding.level in ("caution", "bad")
    optima = fit.idata[names.OPTIMA]
    assert float(optima[names.WEIGHT].sum()) == pytest.approx(1.0)
    assert float(optima[names.SHARE_OF_DRAWS].sum()) == pytest.approx(1.0)
    for data in (True, False):
        again = ba.load_fit(fit.save(tmp_path / f"{data}.fit", data=data))
        assert ba.diagnose(again).found("competing_optima") == (finding,)


def test_the_verdict_is_silent_where_one_rules() -> None:
    fit = ba.sample(two_sided(1.0), seed=1)
    assert names.OPTIMA not in fit.idata.children
    assert "competing_optima" not in ba.diagnose(fit).table.index
    # Found, and of no weight: nothing is said, and no chain starts there.
    problem, priors, units, size = prepared(two_sided(0.01))
    optima = collapsed_optima(problem, priors, units, size, seed=2)
    assert len(optima.tops) == 2
    assert optima.competing == (0,)
    assert optima.tops[0].place[1] > 0.5


def test_the_same_seed_gives_the_same_optima() -> None:
    parts = prepared(two_sided(3e-5))
    first, second = (collapsed_optima(*parts, seed=5) for _ in range(2))
    np.testing.assert_array_equal(first.weights, second.weights)
    np.testing.assert_array_equal(first.tops[0].place, second.tops[0].place)


def test_draws_of_theta_follow_their_priors() -> None:
    """Medians of what is drawn, against the priors' own; 600 draws know them to about a tenth."""
    priors = {
        "b[x]": "Laplace(2, 1)",
        "sigma": "Gamma(4, 2)",
        "sd_g[Intercept]": "Exponential(2)",
        "sd_g[x]": "Weibull(2, 3)",
    }
    data = groups().assign(x=np.random.default_rng(1).normal(size=60))
    model = ba.Model("y ~ x + (1 + x | g)", data, priors=priors)
    flat = variance_priors(model)
    rng = np.random.default_rng(4)
    drawn = np.array([draw_theta(flat, np.zeros(5), rng) for _ in range(600)])
    expected = [np.log(1.836), np.log(np.log(2) / 2), np.log(3 * np.log(2) ** 0.5), 0.0, 2.0]
    np.testing.assert_allclose(np.median(drawn, axis=0), expected, atol=0.2)
    # LKJ(2) of two effects: the square of a correlation is a fifth on average.
    assert np.mean(np.tanh(drawn[:, 3]) ** 2) == pytest.approx(0.2, abs=0.04)


def test_the_even_theta_moves_rows_alike_wherever_years_begin() -> None:
    """Intercepts of year 0 and slopes together: half the rows' sd at each end of a long axis."""
    rng = np.random.default_rng(2)
    group, year = np.repeat(np.arange(20), 8), np.tile(np.arange(8.0), 20)
    y = rng.normal(size=20)[group] + rng.normal(size=160)
    found = []
    for zero in (0.0, 2010.0):
        data = pd.DataFrame({"y": y, "year": year + zero, "g": group})
        model = ba.Model(
            "y ~ year + (1 + year | g)",
            data,
            priors={"sd_g[Intercept]": "HalfStudentT(3, 900)", "sd_g[year]": "HalfStudentT(3, 1)"},
        )
        _, priors, units, size = prepared(model)
        sd, cor = np.exp(size.even[1:3]), np.tanh(size.even[3])
        at = np.column_stack([np.ones(8), np.unique(data["year"])])
        covariance = np.outer(sd, sd) * np.array([[1.0, cor], [cor, 1.0]])
        found.append(np.einsum("ia,ab,ib->i", at, covariance, at))
        # The ridge is straight for the sampler: both sds stand equally far from their unit.
        place = place_of(size.even, priors, units)
        if zero:
            assert place[1] == pytest.approx(place[2], rel=1e-4)
    np.testing.assert_allclose(found[1], found[0], rtol=1e-5)
