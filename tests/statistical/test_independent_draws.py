"""Posteriors that a proposal could miss: each ends right, or in the collapsed engine with a reason.

The judge is the collapsed engine's long run, or an integral over a grid where that engine has
two optima to cross between.
"""

from collections.abc import Mapping
from dataclasses import replace

import arviz as az
import numpy as np
import pandas as pd
import pytest

import bayes_alliance as ba
from bayes_alliance import names
from bayes_alliance.kernels.signed_scales import signed_units
from bayes_alliance.sampling.engines.collapsed.optima import PlaceDensity, collapsed_optima
from bayes_alliance.sampling.engines.collapsed.priors import variance_priors
from bayes_alliance.sampling.engines.collapsed.problem import collapsed_problem
from bayes_alliance.sampling.engines.collapsed.start import measure
from bayes_alliance.sampling.engines.independent import engine as independent
from bayes_alliance.sampling.engines.independent.adaptation import adapt, nothing_seen
from bayes_alliance.sampling.engines.independent.density import PositiveDensity
from bayes_alliance.sampling.engines.independent.mixture import Mixture
from bayes_alliance.sampling.engines.independent.start import first_mixture
from bayes_alliance.sampling.engines.independent.trust import trust_in, weighed

pytestmark = pytest.mark.slow
GIVEN_UP = "Independent draws were given up: "


def rows(groups: int, each: int, sd: float) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    group = np.repeat(np.arange(groups), each)
    columns = {name: rng.normal(size=len(group)) for name in ("x", "z", "w")}
    y = sd * rng.normal(size=groups)[group] + 0.3 * columns["x"] + rng.normal(size=len(group))
    return pd.DataFrame({"y": y, "g": [f"g{k}" for k in group], **columns})


# Formula, groups, rows of each, sd of their intercepts, priors.
CASES: Mapping[str, tuple[str, int, int, float, dict[str, str] | None]] = {
    "funnel of three groups": ("y ~ x + (1 + x | g)", 3, 6, 0.9, None),
    "funnel under flat sds": ("y ~ x + (1 + x || g)", 4, 6, 0.9, {"sd_g": "HalfFlat()"}),
    "an sd at zero, no mirror": ("y ~ 1 + (1 | g)", 12, 5, 0.0, {"sd_g": "Exponential(1)"}),
    "a long tail of the log": ("y ~ x + (1 + x | g)", 12, 5, 0.0, {"sd_g": "LogNormal(-3, 3)"}),
    "15 unknowns": (
        "y ~ x + z + w + (1 + x + z + w | g)", 12, 8, 0.5, {"b": "Laplace(0, 2)"},
    ),
}  # fmt: skip


def ended(fit: ba.Fit) -> str:
    """Tell how the run ended, and check that its words say so."""
    kept = weighed(fit.idata)
    if fit.settings.engine == "independent":
        assert kept.trust.reason_against == ""
        return "right"
    assert fit.settings.engine == "collapsed"
    assert fit.settings.engine_reason.startswith(GIVEN_UP)
    assert kept.given_up
    assert kept.given_up in ba.diagnose(fit).table["message"]["proposals"]
    return "given up"


@pytest.mark.parametrize("name", CASES)
def test_hard_posteriors_end_right_or_are_given_up(name, agreement) -> None:
    formula, groups, each, sd, priors = CASES[name]
    model = ba.Model(formula, rows(groups, each, sd), priors=priors)
    fits = [ba.sample(model, seed=s, engine="independent", draws=1500) for s in (1, 2, 3)]
    ends = [ended(fit) for fit in fits]
    assert "right" in ends
    judge = ba.sample(model, seed=9, engine="collapsed", draws=4000, target_accept=0.95)
    known = agreement.quantities(judge)
    for fit in fits:
        scores = agreement.scores(known, agreement.quantities(fit))
        assert scores.apart(len(fits) * len(CASES) * len(scores.z)) == {}


def two_sided(sd: float, scale: float) -> ba.Model:
    """A prior that puts nearly all at zero and has a heavy tail, against data that say more."""
    priors = {"sd_g": f"HalfCauchy({scale})"}
    return ba.Model("y ~ 1 + (1 | g)", rows(12, 5, sd), priors=priors)


def prepared(model: ba.Model):
    problem, priors = collapsed_problem(model), variance_priors(model)
    size = measure(problem, priors)
    return problem, priors, signed_units(priors, size.resolution), size


def share_near_zero(model: ba.Model, scale: float) -> float:
    problem, priors, units, _ = prepared(model)
    density, unit = PlaceDensity(problem, priors, units), units[1]
    near = np.linspace(1e-9, 50 * scale / unit, 400)
    sd = np.concatenate([near, np.geomspace(50.001 * scale / unit, 5.0, 800)])
    values = [[density(np.array([s, t]))[0] for t in sd] for s in np.linspace(-0.8, 0.8, 41)]
    mass = np.exp(np.asarray(values) - np.max(values)).sum(axis=0)
    low = np.sinh(sd) * unit < 0.05
    return float(np.trapezoid(mass[low], sd[low]) / np.trapezoid(mass, sd))


def shares_by_engine(model: ba.Model, seeds: int) -> list[float]:
    fits = [ba.sample(model, seed=seed, engine="independent") for seed in range(seeds)]
    right = [fit for fit in fits if ended(fit) == "right"]
    return [float((fit.posterior["sd_g"] < 0.05).mean()) for fit in right]


@pytest.mark.parametrize(("sd", "scale"), [(1.1, 1e-5), (1.3, 1e-6)])
def test_two_modes_are_held_in_their_shares(sd: float, scale: float) -> None:
    """The spike at zero is far narrower than the other mode, and not where the data begin."""
    model = two_sided(sd, scale)
    assert len(collapsed_optima(*prepared(model), 1).competing) == 2
    exact = share_near_zero(model, scale)
    assert 0.1 < exact < 0.9
    found = shares_by_engine(model, 6)
    assert len(found) >= 4
    # 4,000 nearly independent draws know a share to less than 0.01.
    np.testing.assert_allclose(found, exact, atol=0.04)


def test_a_mode_that_every_start_misses_is_found_by_the_prior_s_points(monkeypatch) -> None:
    """A spike no climb leads to; and the negative control, without the prior's own points."""
    scale = 1e-7
    model = two_sided(1.3, scale)
    exact = share_near_zero(model, scale)
    assert 0.5 < exact < 0.9
    assert len(collapsed_optima(*prepared(model), 1).tops) == 1
    found = shares_by_engine(model, 6)
    assert len(found) >= 4
    np.testing.assert_allclose(found, exact, atol=0.06)
    monkeypatch.setattr(independent, "points_of_the_prior", lambda *a: nothing_seen(2))
    fit = ba.sample(model, seed=1, engine="independent")
    assert float((fit.posterior["sd_g"] < 0.05).mean()) < 0.1
    # Neither the weights nor R-hat see what is missing.
    assert ended(fit) == "right"
    assert ba.diagnose(fit).table["value"]["r_hat"] < 1.01


def correlation(model: ba.Model, proposed) -> tuple[float, float]:
    """Return the mean of the correlation's own number by weights, and its Monte Carlo error."""
    problem, priors, units, size = prepared(model)
    density = PositiveDensity(problem, priors, units, 1)
    optima = collapsed_optima(problem, priors, units, size, 1)
    first = first_mixture(optima, density.signed)
    mixture = adapt(density, first, 1, nothing_seen(priors.size)).mixture
    points, log_proposed = proposed(mixture, np.random.default_rng(1))
    log_weights = density(points) - log_proposed
    weights = np.exp(log_weights - trust_in(log_weights).log_evidence)
    values = np.tanh(points[:, 3])
    mean = float(np.average(values, weights=weights))
    return mean, float((weights * (values - mean)).std() / np.sqrt(len(values)))


def rightly(mixture: Mixture, rng: np.random.Generator):
    points = mixture.draw(50_000, rng)
    return points, mixture.log_density(points)


def flipped_in_the_sum(mixture: Mixture, rng: np.random.Generator):
    """Turn the correlation with each sd in the density, though it is never turned when drawn."""
    points = mixture.draw(50_000, rng)
    unfolded = replace(mixture, folded=np.empty(0, dtype=np.int64))
    terms = []
    for first in (1.0, -1.0):
        for second in (1.0, -1.0):
            turn = np.array([1.0, first, second, first * second])
            terms.append(unfolded.log_density(points * turn))
    return points, np.logaddexp.reduce(terms)


def correlation_folded(mixture: Mixture, rng: np.random.Generator):
    """Turn the correlation positive as if it were an sd."""
    wrong = replace(mixture, folded=np.append(mixture.folded, 3))
    points = wrong.draw(50_000, rng)
    return points, wrong.log_density(points)


def test_correlations_folded_wrongly_are_seen() -> None:
    """Standard deviations near zero, whose folding matters, and a correlation that leans."""
    rng = np.random.default_rng(10)
    group, x = np.repeat(np.arange(8), 5), rng.normal(size=40)
    effect = 0.4 * rng.normal(size=8)[group]
    y = effect + effect * x + rng.normal(size=40)
    model = ba.Model("y ~ x + (1 + x | g)", pd.DataFrame({"y": y, "x": x, "g": group.astype(str)}))
    judge = ba.sample(model, seed=1, engine="collapsed", draws=5000)
    drawn = np.tanh(judge.idata[names.UNCONSTRAINED][names.THETA].to_numpy()[..., 3])
    exact, known = float(drawn.mean()), float(az.mcse(drawn))
    right, error = correlation(model, rightly)
    assert abs(right - exact) < 4 * np.hypot(error, known)
    for mistake in (flipped_in_the_sum, correlation_folded):
        wrong, error = correlation(model, mistake)
        assert abs(wrong - exact) > 6 * np.hypot(error, known)
