"""Bayes factors of a yes-or-no outcome, from the joint engine to the prior's scales, end to end.

Sickness in 15 herds of cattle (cbpp): is it rarer after the first period? The oracle integrates
every herd's effect and then the three numbers that are left on fixed grids, once for each scale of
the slope's prior.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

import bayes_alliance as ba

pytestmark = [pytest.mark.slow, pytest.mark.long]

PRIORS = {"b[Intercept]": "Normal(-2, 1.5)", "sd_herd": "HalfNormal(1)"}
SLOPE_SD = 1.0


@pytest.fixture(scope="module")
def cattle(real_data):
    """Two rows a herd and period: how many were sick, and how many were not."""
    table = real_data("cbpp")
    late = (table["period"] > 1).astype(int)
    parts = [
        pd.DataFrame({"sick": sick, "late": late, "herd": table["herd"], "count": count})
        for sick, count in ((1, table["incidence"]), (0, table["size"] - table["incidence"]))
    ]
    rows = pd.concat(parts, ignore_index=True)
    return rows[rows["count"] > 0].reset_index(drop=True)


STEP = 0.12
INTERCEPTS, SLOPES, SDS = np.arange(-5, 1, STEP), np.arange(-4, 2, STEP), np.arange(0.05, 4, 0.1)


def integrated_likelihood(cattle, slopes):
    """Log likelihood with the herds' effects integrated out, (sd, intercept, slope)."""
    cells = cattle.groupby(["herd", "late", "sick"])["count"].sum()
    nodes, weights = np.polynomial.hermite_e.hermegauss(30)
    log_weights = np.log(weights / weights.sum())
    found = np.zeros((len(SDS), len(INTERCEPTS), len(slopes)))
    for total, sd in zip(found, SDS, strict=True):
        eta = INTERCEPTS[:, None] + sd * nodes
        for herd in cattle["herd"].unique():
            both = np.zeros((len(INTERCEPTS), len(slopes), len(nodes)))
            for (_, late, sick), count in cells[[herd]].items():
                linear = (eta[:, None] + late * slopes[:, None]) if late else eta[:, None]
                both += count * special.log_expit(linear if sick else -linear)
            total += special.logsumexp(both + log_weights, axis=-1)
    return found


def quadrature(likelihood, slopes, slope_sd):
    """Log evidence of the model with the slope, under one scale of its prior."""
    prior = stats.norm.logpdf(slopes, 0, slope_sd) + np.log(STEP) if slope_sd else np.zeros(1)
    prior = prior + (stats.norm.logpdf(INTERCEPTS, -2, 1.5) + np.log(STEP))[:, None]
    return special.logsumexp(
        likelihood + prior + (stats.halfnorm.logpdf(SDS) + np.log(0.1))[:, None, None]
    )


def test_the_factor_and_its_sensitivity_are_those_of_quadrature(cattle):
    formula = "sick | weights(count) ~ {} + (1 | herd)"
    models = {
        "same": ba.Model(formula.format("1"), cattle, "bernoulli", PRIORS),
        "later": ba.Model(
            formula.format("late"),
            cattle,
            "bernoulli",
            PRIORS | {"b[late]": f"Normal(0, {SLOPE_SD})"},
        ),
    }
    fits = {name: ba.sample(model, seed=20261122) for name, model in models.items()}
    assert {fit.settings.engine for fit in fits.values()} == {"nutpie"}
    found = ba.bayes_factors(fits)
    assert found.scaled["later"] == ("b[late]",)
    nothing = np.zeros(1)
    null = quadrature(integrated_likelihood(cattle, nothing), nothing, 0.0)
    likelihood = integrated_likelihood(cattle, SLOPES)
    exact = {s: quadrature(likelihood, SLOPES, s * SLOPE_SD) for s in found.tables}
    for name, evidence in (("same", null), ("later", exact[1.0])):
        row = found.table.loc[name]
        assert row["mcse"] < 0.05
        assert row["log_evidence"] == pytest.approx(evidence, abs=4 * row["mcse"] + 1e-3)
    for scale, table in found.tables.items():
        row = table.loc["later"]
        # Six comparisons and the grid's own error, below 0.001.
        error = 4 * row["mcse_log_bayes_factor"] + 1e-3
        assert row["log_bayes_factor"] == pytest.approx(exact[scale] - null, abs=error)
    # The three scales differ by far more than their errors: the comparison can tell them apart.
    spread = np.ptp([table.loc["later", "log_bayes_factor"] for table in found.tables.values()])
    assert spread > 8 * found.table["mcse"].max()
    assert "b[late]" in found.sentence
