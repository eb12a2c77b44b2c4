"""Leaving each row out equals refitting without it, on real data with rows no weights can mend.

The refit is judged without the package's own integrals: the row's density given coefficients and
group effects, averaged over the refit's draws. Priors and transforms are those of the whole data.
"""

from __future__ import annotations

import arviz as az
import numpy as np
import pytest
from scipy import stats

import bayes_alliance as ba
from bayes_alliance.model.subset import keep_rows
from bayes_alliance.posterior.comparison.leave_one_out import density_by_row
from bayes_alliance.posterior.comparison.refits import with_refits
from bayes_alliance.sampling.left_out import rows_to_leave_out

pytestmark = pytest.mark.slow
LONG = pytest.mark.long

STUDIES = {
    "sleepstudy": "Reaction ~ Days + (1 + Days | Subject)",
    "btheb": "bdi ~ bdi_pre + month + btheb + (1 | subject)",
    "penicillin": "diameter ~ 1 + (1 | plate) + (1 | sample)",
}
# One reaction time with a digit that is not its own: seven residual sds off, which a refit's draws
# still reach, and fourteen, which they hardly do.
OUTLIER, SLIP, FAR_SLIP = ("sleepstudy", 57), 200.0, 400.0
ROWS = 12
# Two-sided, one false alarm in ten thousand runs over all rows of all studies.
LIMIT = float(stats.norm.isf(1e-4 / (2 * 4 * ROWS)))


@pytest.fixture(
    scope="module",
    params=[
        "sleepstudy",
        "outlier",
        *(pytest.param(s, marks=LONG) for s in ("btheb", "penicillin")),
    ],
)
def study(request, real_data):
    """A fit, the rows whose weights are worst with and without integrating, and refits."""
    name = OUTLIER[0] if request.param == "outlier" else request.param
    table = real_data(name)
    if request.param == "outlier":
        table.loc[OUTLIER[1], "Reaction"] += SLIP
    fit = ba.sample(ba.Model(STUDIES[name], table), seed=20261122, draws=2000)
    weighted = density_by_row(fit, integrate=False)
    places = np.argsort(-weighted.shape)[:ROWS]
    everyone = np.arange(len(fit.model.frame.y))
    models = [keep_rows(fit.model, everyone != place) for place in places]
    refits = ba.sample_many(models, seed=5, draws=2000, progress=False)
    return (
        fit,
        weighted,
        places,
        [judged(fit.model, refit, place) for refit, place in zip(refits, places, strict=True)],
    )


def judged(model, refit, place):
    """Mean density of a row over a refit's draws: its logarithm and Monte Carlo error."""
    posterior = refit.posterior
    eta = posterior["b"].to_numpy() @ model.design.X[place]
    variance = posterior["sigma"].to_numpy() ** 2
    for group in model.design.groups:
        label = group.labels[group.index[place]]
        if label in posterior[group.name]:
            u = posterior[f"u_{group.name}"].sel({group.name: label}).to_numpy()
            eta = eta + u @ group.Z[place]
        else:  # its only row: an intercept of which nothing else is known
            variance = variance + posterior[f"sd_{group.name}"].to_numpy()[..., 0] ** 2
    values = stats.norm.logpdf(model.frame.y[place], eta, np.sqrt(variance))
    relative = np.exp(values - values.max())
    error = float(az.mcse(relative, method="mean")) / relative.mean()
    return values.max() + np.log(relative.mean()), error


def scores(density, places, truth):
    return np.array([
        (density.log_density[place] - value) / np.hypot(error, density.mcse[place])
        for place, (value, error) in zip(places, truth, strict=True)
    ])  # fmt: skip


def test_with_refits_where_needed_every_row_is_that_of_a_refit(study):
    fit, _, places, truth = study
    density = with_refits(density_by_row(fit), fit, rows_to_leave_out(fit.model), most=20, seed=8)
    assert not density.bad.any()
    assert np.abs(scores(density, places, truth)).max() < LIMIT


def test_plain_weights_with_refits_are_right_too(study):
    """The route of every other model: weights of all draws, and refits where Pareto k is bad."""
    fit, weighted, places, truth = study
    density = with_refits(weighted, fit, rows_to_leave_out(fit.model), most=ROWS, seed=9)
    assert np.abs(scores(density, places, truth)).max() < LIMIT


def test_without_refits_the_outlier_is_told_apart(real_data):
    """Its weights are optimistic by whole units, and their k says so, however they are made."""
    name, place = OUTLIER
    table = real_data(name)
    table.loc[place, "Reaction"] += FAR_SLIP
    fit = ba.sample(ba.Model(STUDIES[name], table), seed=20261122, draws=2000)
    everyone = np.arange(len(table))
    refit = ba.sample(keep_rows(fit.model, everyone != place), seed=3, draws=2000)
    value, _ = judged(fit.model, refit, place)
    for integrate in (True, False):
        density = density_by_row(fit, integrate=integrate)
        assert density.bad[place]
        assert density.log_density[place] > value + 2
    # So far out few draws of a refit reach it either, and that is said.
    found = ba.compare({"far": fit})
    assert found.table["refitted"].iloc[0] >= 1
    assert "so far out that few draws reach them: far (1)." in str(found)
