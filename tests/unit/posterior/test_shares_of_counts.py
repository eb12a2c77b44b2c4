"""Shares of counts on the log scale: the residual variance is that of the place asked about."""

import numpy as np
import pandas as pd
import pytest

import bayes_alliance as ba
from bayes_alliance.report.results import collect_results
from bayes_alliance.sampling.fit import Fit

SLOPES = "calls ~ stigma + (1 + stigma | case_manager)"


@pytest.fixture(scope="module")
def counted(clients: pd.DataFrame) -> pd.DataFrame:
    rng = np.random.default_rng(4)
    calls = rng.poisson(np.exp(1 - 0.3 * (clients["stigma"] - 2.5)))
    return clients.assign(calls=calls, hours=1 + np.arange(len(clients)) % 5)


@pytest.fixture(scope="module")
def count_fit(counted: pd.DataFrame, make_fit) -> Fit:
    return make_fit(ba.Model(SLOPES, counted, "poisson"))


def share_at(fit: Fit, stigma: float, offset: float = 0.0) -> np.ndarray:
    """Compute the share at a place draw by draw, from nothing but the definition."""
    posterior = fit.posterior
    b = posterior["b"].to_numpy().reshape(-1, 2)
    sd = posterior["sd_case_manager"].to_numpy().reshape(len(b), -1)
    between = sd[:, 0] ** 2
    if sd.shape[1] > 1:
        cor = posterior["cor_case_manager"].to_numpy().reshape(-1)
        between = between + 2 * stigma * cor * sd[:, 0] * sd[:, 1] + (stigma * sd[:, 1]) ** 2
    mean = np.exp(b[:, 0] + b[:, 1] * stigma + offset + between / 2)
    return np.asarray(between / (between + np.log(1 + 1 / mean)))


def shares_of(found) -> np.ndarray:
    return found.draws["share"].sel(level="case_manager").to_numpy().reshape(-1)


def test_shares_at_a_place_are_of_the_mean_there(count_fit: Fit) -> None:
    for stigma in (0.5, 4.0):
        found = ba.variance_shares(count_fit, at={"stigma": stigma})
        np.testing.assert_allclose(shares_of(found), share_at(count_fit, stigma), rtol=1e-9)
    # The mean differs between places by much more than that.
    assert abs(share_at(count_fit, 0.5) / share_at(count_fit, 4.0) - 1).max() > 0.05


def test_the_curve_goes_through_them(count_fit: Fit) -> None:
    curve = ba.share_curve(count_fit, "stigma", values=[0.5, 4.0])
    share = curve.draws["share"].sel(level="case_manager").to_numpy()
    for k, stigma in enumerate((0.5, 4.0)):
        np.testing.assert_allclose(share[..., k].ravel(), share_at(count_fit, stigma), rtol=1e-9)


def test_shares_depend_on_predictors_whose_slopes_do_not_vary(counted, make_fit) -> None:
    model = ba.Model("calls ~ stigma + offset(log(hours)) + (1 | case_manager)", counted, "poisson")
    fit = make_fit(model)
    found = ba.variance_shares(fit, at={"stigma": 3.0, "hours": 4.0})
    np.testing.assert_allclose(shares_of(found), share_at(fit, 3.0, np.log(4.0)), rtol=1e-9)
    averaged = ba.variance_shares(fit)
    assert averaged.average
    assert averaged.beside is not None
    assert len(ba.share_curve(fit, "stigma", at={"hours": 4.0}).table) > 2


def test_without_rows_a_place_has_shares_and_the_average_says_what_it_needs(
    count_fit: Fit, tmp_path
) -> None:
    fit = ba.load_fit(count_fit.save(tmp_path / "bare.fit", data=False))
    found = ba.variance_shares(fit, at={"stigma": 4.0})
    np.testing.assert_allclose(shares_of(found), share_at(count_fit, 4.0), rtol=1e-9)
    for asked in (
        ba.variance_shares,
        ba.client_correlations,
        lambda fit: ba.hypothesis(fit, "share[case_manager] > 0.05"),
    ):
        with pytest.raises(ba.SamplingError, match="saved without them") as caught:
            asked(fit)
        assert "nu is" not in str(caught.value)


def test_a_fit_without_predictors_needs_no_rows(counted, make_fit, tmp_path) -> None:
    fit = make_fit(ba.Model("calls ~ 1 + (1 | case_manager)", counted, "poisson"))
    whole = ba.variance_shares(fit)
    bare = ba.variance_shares(ba.load_fit(fit.save(tmp_path / "bare.fit", data=False)))
    np.testing.assert_allclose(shares_of(whole), shares_of(bare), rtol=1e-12)
    assert np.isfinite(shares_of(whole)).all()


def test_words_of_counts_are_not_those_of_yes_or_no(count_fit: Fit, bernoulli_fit: Fit) -> None:
    assert "lognormal variable with the counts' mean" in str(ba.nakagawa_r2(count_fit))
    assert "residual variance of that link" in str(ba.nakagawa_r2(bernoulli_fit))
    said = str(ba.group_effects(count_fit))
    assert "yes-or-no" not in said
    assert "An outcome with a link has no deviations" in said


def test_counts_and_yes_or_no_are_not_compared(counted, make_fit) -> None:
    table = counted.assign(calls=(counted["calls"] > 2).astype(int))
    fits = {
        family: make_fit(ba.Model("calls ~ 1 + (1 | case_manager)", table, family))
        for family in ("poisson", "bernoulli")
    }
    with pytest.raises(ba.ModelError, match="different kinds of outcomes: binary, count"):
        ba.compare(fits)


def test_a_report_without_rows_says_why_shares_are_not_there(count_fit: Fit, tmp_path) -> None:
    fit = ba.load_fit(count_fit.save(tmp_path / "bare.fit", data=False))
    shares = collect_results(fit).shares
    assert isinstance(shares, str)
    assert "saved without them" in shares
