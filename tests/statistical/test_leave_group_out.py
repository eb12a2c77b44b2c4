"""Leaving each group out without refits equals refitting without it, group by group, on real data.

The refit is judged without the package's own integrals: each draw's density of the group's rows is
scipy's multivariate normal. Priors and transforms are those of the whole data.
"""

from __future__ import annotations

from dataclasses import replace

import arviz as az
import numpy as np
import pandas as pd
import pytest
from scipy import stats

import bayes_alliance as ba
from bayes_alliance.kernels.shares import effect_covariance
from bayes_alliance.model.subset import keep_rows
from bayes_alliance.posterior.comparison.leave_one_out import density_by_group
from bayes_alliance.posterior.comparison.refits import with_refits
from bayes_alliance.sampling.group_sums import coefficients_without_group
from bayes_alliance.sampling.left_out import groups_to_leave_out

pytestmark = pytest.mark.slow

STUDIES = {
    "sleepstudy": "Reaction ~ scale(Days) + (1 + Days | Subject)",
    "dyestuff2": "Yield ~ 1 + (1 | Batch)",
    "btheb": "bdi ~ bdi_pre + month + btheb + (1 | subject)",
}
GROUPS = {"btheb": 15}  # of its 97 subjects, to keep the test short
COMPARISONS = 18 + 6 + 15
# Two-sided, one false alarm in ten thousand runs over all groups and quantities of one kind.
LIMIT = float(stats.norm.isf(1e-4 / (2 * 5 * COMPARISONS)))
JUDGED = 1000


@pytest.fixture(
    scope="module",
    params=["sleepstudy", "dyestuff2", pytest.param("btheb", marks=pytest.mark.long)],
)
def study(request, real_data):
    """A fit and refits without each group."""
    table = real_data(request.param)
    if request.param in GROUPS:
        table = table[
            table["subject"].isin(sorted(table["subject"].unique())[: GROUPS[request.param]])
        ]
    model = ba.Model(STUDIES[request.param], table)
    fit = ba.sample(model, seed=20261122, draws=2000)
    (group,) = model.design.groups
    models = [keep_rows(model, group.index != place) for place in range(len(group.labels))]
    return fit, ba.sample_many(models, seed=5, progress=False)


def judged(model, refit, rows):
    """Mean density of some rows over a refit's draws: its logarithm and Monte Carlo error."""
    (group,) = model.design.groups
    every = max(1, refit.draws_in_all // JUDGED)
    posterior = refit.posterior.isel(draw=slice(None, None, every))
    b = posterior["b"].to_numpy()
    cor = posterior[f"cor_{group.name}"].to_numpy() if group.pairs else None
    G = effect_covariance(posterior[f"sd_{group.name}"].to_numpy(), cor, group.pairs)
    s2 = posterior["sigma"].to_numpy() ** 2
    X, Z, y = model.design.X[rows], group.Z[rows], model.frame.y[rows]
    values = np.empty(s2.shape)
    for place in np.ndindex(*s2.shape):
        total = Z @ G[place] @ Z.T + s2[place] * np.eye(len(rows))
        values[place] = stats.multivariate_normal.logpdf(y, X @ b[place], total)
    relative = np.exp(values - values.max())
    error = float(az.mcse(relative, method="mean")) / relative.mean()
    return values.max() + np.log(relative.mean()), error


def test_density_of_every_group_is_that_of_a_refit(study):
    fit, refits = study
    left_out = groups_to_leave_out(fit.model, None)
    density, _, _ = density_by_group(fit, left_out)
    assert density.exact
    found = []
    for place, refit in enumerate(refits):
        rows = np.flatnonzero(left_out.index == place)
        value, error = judged(fit.model, refit, rows)
        if not density.bad[place]:
            found.append(
                (density.log_density[place] - value) / np.hypot(error, density.mcse[place])
            )
    assert len(found) >= 0.8 * len(refits)
    assert np.abs(found).max() < LIMIT
    # Errors that are too large would hide a difference: z has about the spread it should.
    assert np.std(found) > 0.4


def test_a_density_that_has_seen_the_group_is_told_apart(study):
    fit, refits = study
    left_out = groups_to_leave_out(fit.model, None)
    density, _, _ = density_by_group(fit, left_out)
    z = []
    for place, refit in enumerate(refits):
        value, error = judged(fit.model, refit, np.flatnonzero(left_out.index == place))
        z.append((density.within[place] - value) / np.hypot(error, density.mcse[place]))
    assert np.max(z) > LIMIT


def test_coefficients_without_a_group_are_those_of_a_refit(study):
    fit, refits = study
    density, weights, posterior = density_by_group(fit, groups_to_leave_out(fit.model, None))
    closed = coefficients_without_group(fit.model, posterior, weights)
    effective = 1 / (weights**2).sum(axis=0)
    for place, refit in enumerate(refits):
        if density.bad[place]:
            continue
        b = refit.posterior["b"]
        sd = b.std(("chain", "draw")).to_numpy()
        error = np.hypot(az.mcse(b, method="mean").to_numpy(), sd / np.sqrt(effective[place]))
        z = (closed.mean[place] - b.mean(("chain", "draw")).to_numpy()) / error
        assert np.abs(z).max() < LIMIT
        np.testing.assert_allclose(np.sqrt(closed.variance[place]), sd, rtol=0.15)


def test_crossed_groups_by_weights_and_by_refits_agree(real_data):
    """Six samples crossed with 24 plates: a plate leaves, and the samples keep their draws."""
    table = real_data("penicillin")
    fit = ba.sample(
        ba.Model("diameter ~ 1 + (1 | plate) + (1 | sample)", table), seed=20261122, draws=2000
    )
    left_out = groups_to_leave_out(fit.model, "plate")
    density, _, _ = density_by_group(fit, left_out)
    assert not density.exact
    places = [0, 5, 11, 17, 23]
    models = [keep_rows(fit.model, left_out.index != place) for place in places]
    design = fit.model.design
    for place, refit in zip(places, ba.sample_many(models, seed=6, progress=False), strict=True):
        rows = np.flatnonzero(left_out.index == place)
        posterior = refit.posterior.isel(draw=slice(None, None, 4))
        sample = posterior["u_sample"].to_numpy()[..., design.group("sample").index[rows], 0]
        mean = posterior["b"].to_numpy() + sample
        s2 = posterior["sigma"].to_numpy() ** 2
        tau2 = posterior["sd_plate"].to_numpy()[..., 0] ** 2
        values = np.empty(s2.shape)
        for k in np.ndindex(*s2.shape):
            total = tau2[k] + s2[k] * np.eye(len(rows))
            values[k] = stats.multivariate_normal.logpdf(fit.model.frame.y[rows], mean[k], total)
        relative = np.exp(values - values.max())
        error = float(az.mcse(relative, method="mean")) / relative.mean()
        value = values.max() + np.log(relative.mean())
        assert not density.bad[place]
        z = (density.log_density[place] - value) / np.hypot(error, density.mcse[place])
        assert abs(z) < LIMIT


@pytest.mark.long
def test_other_outcomes_by_weights_and_by_refits_agree():
    """Yes-or-no outcome under the joint engine: quadrature, weights, and refits through compare."""
    rng = np.random.default_rng(3)
    group = np.repeat(np.arange(12), 12)
    x = rng.normal(size=144)
    chance = 1 / (1 + np.exp(-(0.3 + 0.8 * x + rng.normal(size=12)[group])))
    table = pd.DataFrame({"y": (rng.random(144) < chance).astype(int), "x": x, "g": group})
    fit = ba.sample(ba.Model("y ~ x + (1 | g)", table, "bernoulli"), seed=4)
    left_out = groups_to_leave_out(fit.model, None)
    density, _, _ = density_by_group(fit, left_out)
    doubted = replace(density, shape=np.where(np.arange(12) < 3, 0.9, density.shape))
    refitted = with_refits(doubted, fit, left_out, most=3, seed=5)
    assert list(refitted.refitted[:4]) == [True, True, True, False]
    error = np.hypot(refitted.mcse, density.mcse)[:3]
    z = (refitted.log_density - density.log_density)[:3] / error
    assert not density.bad[:3].any()
    assert np.abs(z).max() < LIMIT
