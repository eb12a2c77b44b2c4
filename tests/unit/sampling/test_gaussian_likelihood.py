"""The likelihood from sums equals the sum over the rows."""

import numpy as np
import pandas as pd
import pytest

import bayes_alliance as ba
from bayes_alliance import names
from bayes_alliance.sampling import gaussian_likelihood
from bayes_alliance.sampling.gaussian_likelihood import gaussian_log_likelihood, sums_suffice

FORMULAS = [
    "alliance ~ stigma + offset(age) + (1 + stigma | manager)",
    "alliance ~ 1 + (1 | manager)",
    "alliance ~ 0 + (1 + age || manager)",
    "alliance ~ stigma * setting",
    "alliance | weights(precise, precision) ~ stigma + (1 | manager)",
    "alliance | weights(counts) ~ stigma + (1 | manager)",
    "alliance | se(precise) ~ 1 + (1 + stigma | manager)",
]


def of_rows(fit):
    rows = ba.with_log_likelihood(fit).idata[names.LOG_LIKELIHOOD][fit.model.outcome]
    return rows.sum(names.ROW).to_numpy().ravel()


@pytest.mark.parametrize("formula", FORMULAS)
def test_sums_stand_for_rows(clients, make_fit, formula, monkeypatch):
    fit = make_fit(ba.Model(formula, clients), chains=3, draws=7)
    assert sums_suffice(fit.model)
    found = gaussian_log_likelihood(fit.model, fit.posterior)
    assert found == pytest.approx(of_rows(fit), rel=1e-12)
    monkeypatch.setattr(gaussian_likelihood, "_BLOCK_NUMBERS", 1)
    again = gaussian_log_likelihood(fit.model, fit.posterior)
    assert again == pytest.approx(found, rel=1e-13)


def test_an_outcome_far_from_zero_loses_no_digits(clients, make_fit):
    """Offsets of a million in outcome and predictor: what differs between draws is kept."""
    far = clients.assign(alliance=clients["alliance"] + 1e6, stigma=clients["stigma"] + 1e4)
    model = ba.Model("alliance ~ stigma + (1 + stigma | manager)", far)
    fit = make_fit(model, chains=2, draws=9)
    posterior = fit.posterior.copy(deep=True)
    rng = np.random.default_rng(1)
    slope = 2 + 0.01 * rng.normal(size=(2, 9))
    level = 1e6 + 50 - slope * 1e4
    posterior["b"] = (posterior["b"].dims, np.stack([level, slope], axis=-1))
    posterior["u_manager"] = posterior["u_manager"] * 1e-4
    fit = fit.with_group(names.POSTERIOR, posterior)
    # The rows' own sum carries an error of 1e6 * 1e-16 in each residual.
    assert gaussian_log_likelihood(fit.model, fit.posterior) == pytest.approx(
        of_rows(fit), rel=1e-8
    )


def test_other_models_are_left_to_the_rows(clients):
    for formula, family in [
        ("alliance ~ 1 + (1 | agency/manager)", "gaussian"),
        ("alliance ~ 1 + (1 | manager)", "student"),
        ("met ~ 1 + (1 | manager)", "bernoulli"),
    ]:
        assert not sums_suffice(ba.Model(formula, pd.DataFrame(clients), family))
