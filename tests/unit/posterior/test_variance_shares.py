"""Variance shares against plain formulas, and every way of asking that has no answer."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import bayes_alliance as ba
from bayes_alliance.posterior.standing import effect_rows
from bayes_alliance.sampling.fit import Fit


def flat(fit: Fit, name: str) -> np.ndarray:
    """Return draws with chains joined, shape (draw, ...)."""
    values = fit.posterior[name].to_numpy()
    return values.reshape(-1, *values.shape[2:])


def share_draws(shares: ba.variance_shares, level: str) -> np.ndarray:
    return shares.draws["share"].sel(level=level).to_numpy().ravel()


def effect_covariances(fit: Fit, group: str) -> np.ndarray:
    """Two effects: the covariance matrix of every draw, written out."""
    sd, cor = flat(fit, f"sd_{group}"), flat(fit, f"cor_{group}")[:, 0]
    off = cor * sd[:, 0] * sd[:, 1]
    return np.array([[sd[:, 0] ** 2, off], [off, sd[:, 1] ** 2]]).transpose(2, 0, 1)


def with_nu(fit: Fit, low: float) -> Fit:
    """Return the fit with nu = 1.5 in the draws where it was below ``low``."""
    tree = fit.idata.copy()
    nu = tree["posterior"]["nu"]
    tree["posterior"]["nu"] = nu.where(nu > low, 1.5)
    return dataclasses.replace(fit, idata=tree)


def test_the_rows_of_a_groups_effects_at_stated_values(clients):
    model = ba.Model("alliance ~ 1 + (1 + rating + scale(stigma) | case_manager)", clients)
    stigma = clients["stigma"]
    values = {"rating": [2.0, 0.0], "stigma": [stigma.mean() + stigma.std(), stigma.mean()]}
    rows = effect_rows(model.design.group("case_manager"), values, 2)
    np.testing.assert_allclose(rows, [[1.0, 2.0, 1.0], [1.0, 0.0, 0.0]], atol=1e-12)  # float error


def test_random_intercepts_are_the_intraclass_correlation(null_fit):
    tau, sigma = flat(null_fit, "sd_case_manager")[:, 0], flat(null_fit, "sigma")
    shares = ba.variance_shares(null_fit)
    expected = tau**2 / (tau**2 + sigma**2)
    np.testing.assert_allclose(share_draws(shares, "case_manager"), expected, rtol=1e-12)
    assert shares.table.loc["case_manager", "mean"] == pytest.approx(expected.mean(), rel=1e-12)
    bounds = np.quantile(expected, [0.025, 0.975])
    shown = shares.table.loc["case_manager", ["lower", "upper"]].to_numpy(float)
    np.testing.assert_allclose(shown, bounds, rtol=1e-3)  # ArviZ interpolates quantiles its own way
    assert list(shares.icc.index) == ["case_manager"]


def test_slopes_at_a_value(slopes_fit):
    x = 3.2
    z = np.array([1, x])
    v = np.einsum("i,dij,j->d", z, effect_covariances(slopes_fit, "case_manager"), z)
    expected = v / (v + flat(slopes_fit, "sigma") ** 2)
    shares = ba.variance_shares(slopes_fit, at={"stigma": x})
    np.testing.assert_allclose(share_draws(shares, "case_manager"), expected, rtol=1e-12)


def test_average_is_the_mean_of_the_variance_over_rows(slopes_fit):
    x = slopes_fit.model.frame.rows["stigma"].to_numpy()
    Z = np.column_stack([np.ones_like(x), x])
    G = effect_covariances(slopes_fit, "case_manager")
    v = np.mean([np.einsum("i,dij,j->d", z, G, z) for z in Z], axis=0)
    expected = v / (v + flat(slopes_fit, "sigma") ** 2)
    shares = ba.variance_shares(slopes_fit, average=True)
    np.testing.assert_allclose(share_draws(shares, "case_manager"), expected, rtol=1e-12)


def test_total_has_the_variance_of_the_predictors_in(slopes_fit):
    x = slopes_fit.model.frame.rows["stigma"].to_numpy()
    b = flat(slopes_fit, "b")
    f = b[:, 1] ** 2 * x.var(ddof=1)
    parts = ba.variance_shares(slopes_fit, average=True, of="total")
    left = ba.variance_shares(slopes_fit, average=True)
    share = share_draws(parts, "predictors")
    residual = flat(slopes_fit, "sigma") ** 2
    v = residual * share_draws(left, "case_manager") / share_draws(left, "residual")
    np.testing.assert_allclose(share, f / (f + v + residual), rtol=1e-10)
    np.testing.assert_allclose(parts.draws["share"].sum("level"), 1, rtol=1e-12)
    assert list(parts.icc.index) == ["case_manager"]


def test_offsets_are_part_of_what_predicts(clients, make_fit):
    with_offset = clients.assign(known=2 * clients["stigma"])
    fit = make_fit(ba.Model("alliance ~ 1 + offset(known) + (1 | case_manager)", with_offset))
    shares = ba.variance_shares(fit, of="total")
    f = 4 * clients["stigma"].var()
    tau, sigma = flat(fit, "sd_case_manager")[:, 0], flat(fit, "sigma")
    expected = f / (f + tau**2 + sigma**2)
    np.testing.assert_allclose(share_draws(shares, "predictors"), expected, rtol=1e-10)


def test_nested_levels_have_one_share_each(nested_fit):
    a, m = flat(nested_fit, "sd_agency")[:, 0], flat(nested_fit, "sd_agency:case_manager")[:, 0]
    total = a**2 + m**2 + flat(nested_fit, "sigma") ** 2
    shares = ba.variance_shares(nested_fit)
    np.testing.assert_allclose(share_draws(shares, "agency"), a**2 / total, rtol=1e-12)
    manager = share_draws(shares, "agency:case_manager")
    np.testing.assert_allclose(manager, m**2 / total, rtol=1e-12)


def test_rows_that_count_twice_count_twice(clients, make_fit):
    """A model of rows with frequencies has the shares of the table with the rows written out."""
    counted = clients.assign(times=np.tile([1, 2], len(clients) // 2))
    long = counted.loc[counted.index.repeat(counted["times"])]
    formula = "alliance ~ stigma + (1 + stigma | case_manager)"
    short_fit = make_fit(
        ba.Model(formula.replace("alliance ", "alliance | weights(times) "), counted)
    )
    long_fit = dataclasses.replace(short_fit, model=ba.Model(formula, long))
    for of in ("residual", "total"):
        ours = ba.variance_shares(short_fit, average=True, of=of).draws["share"]
        theirs = ba.variance_shares(long_fit, average=True, of=of).draws["share"]
        np.testing.assert_allclose(ours, theirs, rtol=1e-10)


def test_shares_do_not_change_with_the_unit_of_the_outcome(clients):
    """Default priors scale with the data, so that the same seed gives the same shares."""
    formula = "alliance ~ stigma + (1 | case_manager)"
    tenfold = clients.assign(alliance=10 * clients["alliance"])
    a = ba.variance_shares(ba.sample(ba.Model(formula, clients), seed=4), of="total")
    b = ba.variance_shares(ba.sample(ba.Model(formula, tenfold), seed=4), of="total")
    # Rounded prior scales differ in their third digit; a tenth of an sd is far beyond that.
    np.testing.assert_allclose(a.table["mean"], b.table["mean"], atol=0.1 * a.table["sd"].min())


def test_five_groups_say_how_unsure_they_are(tiny_fit):
    shares = ba.variance_shares(tiny_fit)
    row = shares.table.loc["case_manager"]
    assert row["upper"] - row["lower"] > 0.3
    assert "it may be next to nothing" in shares.sentence.lower() or "poorly" in shares.sentence


def test_probability_of_a_share_above_a_threshold(null_fit):
    shares = ba.variance_shares(null_fit)
    values = share_draws(shares, "case_manager")
    found = shares.probability(above=0.15)
    assert found.loc["case_manager", "probability"] == pytest.approx((values > 0.15).mean())
    p = found.loc["case_manager", "probability"]
    independent = np.sqrt(p * (1 - p) / len(values))
    # NUTS draws of a variance are worth between a tenth of as many and, anticorrelated, a few more.
    assert 0.5 * independent < found.loc["case_manager", "mcse"] < 3.2 * independent
    assert shares.probability(above=0.0).loc["residual", "probability"] == 1
    with pytest.raises(ba.ModelError, match="between 0 and 1"):
        shares.probability(above=5)


def test_student_variance_is_that_of_a_student_variable(student_fit):
    nu, sigma = flat(student_fit, "nu"), flat(student_fit, "sigma")
    tau = flat(student_fit, "sd_case_manager")[:, 0]
    expected = tau**2 / (tau**2 + sigma**2 * nu / (nu - 2))
    shares = ba.variance_shares(student_fit)
    np.testing.assert_allclose(share_draws(shares, "case_manager"), expected, rtol=1e-12)
    assert not shares.notes


def test_a_student_share_is_that_given_nu_above_two(student_fit):
    broken = with_nu(student_fit, 4.0)
    shares = ba.variance_shares(broken)
    undefined = flat(broken, "nu") <= 2
    assert 0 < undefined.sum() < undefined.size
    np.testing.assert_array_equal(np.isnan(share_draws(shares, "case_manager")), undefined)
    assert shares.undefined == undefined.sum()
    nu, sigma = flat(broken, "nu")[~undefined], flat(broken, "sigma")[~undefined]
    tau = flat(broken, "sd_case_manager")[~undefined, 0]
    expected = tau**2 / (tau**2 + sigma**2 * nu / (nu - 2))
    row = shares.table.loc["case_manager"]
    ends = np.quantile(expected, [0.025, 0.975])
    np.testing.assert_allclose(
        row[["mean", "sd", "lower", "upper"]].astype(float),
        [expected.mean(), expected.std(ddof=1), *ends],
        rtol=1e-12,  # float error
    )
    # The draws are independent: the error of a mean is sd over the root of their number, which
    # the estimate of the effective number meets within some tenths.
    error = expected.std(ddof=1) / np.sqrt(expected.size)
    assert row["mcse_mean"] == pytest.approx(error, rel=0.3)
    assert row["r_hat"] < 1.02
    kept = f"{expected.size:,} of the {nu.size + int(undefined.sum()):,} draws"
    assert shares.sentence.startswith(f"Given that nu is above 2, as in {kept}")
    assert "nu is 2 or less" in str(shares)
    above = shares.probability(above=0.1).loc["case_manager"]
    assert above["probability"] == pytest.approx((expected > 0.1).mean())
    shares.plot(Figure().add_subplot())
    alike = ba.client_correlations(broken)
    assert alike.table["mean"].iloc[0] == pytest.approx(expected.mean())
    assert "Given that nu is above 2" in alike.sentence


def test_a_chain_without_a_share_is_left_out(student_fit):
    tree = student_fit.idata.copy()
    nu = tree["posterior"]["nu"]
    tree["posterior"]["nu"] = nu.where(nu["chain"] > 0, 1.5)
    shares = ba.variance_shares(dataclasses.replace(student_fit, idata=tree))
    whole = ba.variance_shares(student_fit).draws["share"].to_numpy()[1:, :, 0]
    row = shares.table.loc["case_manager"]
    assert row["mean"] == pytest.approx(whole.mean(), rel=1e-12)
    assert np.isfinite(row.astype(float)).all()


def test_a_student_variance_that_never_exists_is_said(student_fit):
    never = with_nu(student_fit, 99.0)
    shares = ba.variance_shares(never)
    assert shares.table.isna().all(axis=None)
    assert "no share can be given: in no draw" in shares.sentence
    assert shares.probability(above=0.1)["probability"].isna().all()
    assert "No correlation can be given" in ba.client_correlations(never).sentence


def test_link_variance_is_the_residual_of_a_yes_or_no(bernoulli_fit):
    z = np.array([1, 2.0])
    v = np.einsum("i,dij,j->d", z, effect_covariances(bernoulli_fit, "case_manager"), z)
    shares = ba.variance_shares(bernoulli_fit, at={"stigma": 2})
    expected = v / (v + np.pi**2 / 3)
    np.testing.assert_allclose(share_draws(shares, "case_manager"), expected, rtol=1e-12)
    assert shares.scale == "link (logit)"
    assert "link (logit) scale" in shares.sentence


def test_the_response_scale_of_a_numeric_outcome_is_its_own(null_fit):
    link, response = ba.variance_shares(null_fit), ba.variance_shares(null_fit, scale="response")
    pd.testing.assert_frame_equal(link.table, response.table)
    assert response.scale == "outcome"


def test_sentence_and_picture(slopes_fit, null_fit):
    shares = ba.variance_shares(slopes_fit, at={"stigma": 2.5})
    assert "at stigma = 2.5" in shares.sentence.replace("2.50", "2.5")
    assert "not explained by the predictors" in shares.sentence
    assert "not explained by the predictors" not in ba.variance_shares(null_fit).sentence
    assert (
        "predictors, on average over the rows, "
        in ba.variance_shares(slopes_fit, average=True).sentence
    )
    axes = Figure().add_subplot()
    assert shares.plot(axes) is axes
    assert list(axes.lines[0].get_xdata()) == pytest.approx(list(100 * shares.table["mean"]))
    assert shares.plot().figure.axes
    assert "case_manager" in shares._repr_html_()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"at": "mean"}, "no place"),
        ({"at": {"stigma": 1}, "average": True}, "two different answers"),
        ({"at": {"stgma": 1, "stigma": 0}}, "Did you mean 'stigma'"),
        ({"at": {"stigma": float("inf")}}, "finite"),
        ({"average": True, "of": "all"}, "of is 'all'"),
        ({"average": True, "scale": "respons"}, "Did you mean 'response'"),
        ({"average": True, "prob": 95}, "between 0 and 1"),
    ],
)
def test_what_has_no_answer_is_refused(slopes_fit, options, said):
    with pytest.raises(ba.ModelError, match=said):
        ba.variance_shares(slopes_fit, **options)


def test_models_without_groups_or_residual_are_refused(clients, make_fit):
    with pytest.raises(ba.ModelError, match="no groups"):
        ba.variance_shares(make_fit(ba.Model("alliance ~ stigma", clients)))
    known = clients.assign(error=1.0)
    fit = make_fit(ba.Model("alliance | se(error) ~ 1 + (1 | case_manager)", known))
    with pytest.raises(ba.ModelError, match="known standard errors"):
        ba.variance_shares(fit)


def test_a_fit_without_rows_knows_no_average(slopes_fit, tmp_path):
    fit = ba.load_fit(slopes_fit.save(tmp_path / "a.fit", data=False))
    with pytest.raises(ba.SamplingError, match="Averaging"):
        ba.variance_shares(fit, average=True)
    there = ba.variance_shares(fit, at={"stigma": 2}).table
    pd.testing.assert_frame_equal(there, ba.variance_shares(slopes_fit, at={"stigma": 2}).table)


def test_precision_weights_are_averaged_and_need_the_rows(clients, make_fit, tmp_path):
    weighted = clients.assign(precise=np.tile([1.0, 4.0], len(clients) // 2))
    fit = make_fit(ba.Model("alliance | weights(precise, precision) ~ 1 + (1 | agency)", weighted))
    tau, sigma = flat(fit, "sd_agency")[:, 0], flat(fit, "sigma")
    expected = tau**2 / (tau**2 + sigma**2 * (1 + 1 / 4) / 2)
    shares = ba.variance_shares(fit)
    np.testing.assert_allclose(share_draws(shares, "agency"), expected, rtol=1e-12)
    assert "averaged over the precision weights" in str(shares)
    with pytest.raises(ba.SamplingError, match="precision weights"):
        ba.variance_shares(ba.load_fit(fit.save(tmp_path / "a.fit", data=False)))


def test_one_default_with_the_means_beside_it(slopes_fit, null_fit):
    """Averaged over the rows; the share at the means is the one that at="means" gives."""
    shares = ba.variance_shares(slopes_fit)
    averaged = ba.variance_shares(slopes_fit, average=True)
    pd.testing.assert_frame_equal(shares.table, averaged.table)
    there = ba.variance_shares(slopes_fit, at="means")
    pd.testing.assert_frame_equal(shares.beside.table, there.table)
    pd.testing.assert_frame_equal(ba.variance_shares(slopes_fit, average=False).table, there.table)
    mean = slopes_fit.model.frame.rows["stigma"].mean()
    by_hand = ba.variance_shares(slopes_fit, at={"stigma": mean})
    np.testing.assert_allclose(there.table, by_hand.table, rtol=1e-9)
    assert f"At the mean of stigma ({mean:.2f}): case_manager" in str(shares)
    assert "on average over the rows" in shares.sentence
    assert f"at the mean of stigma ({mean:.2f})" in there.sentence
    plain = ba.variance_shares(null_fit)
    assert plain.beside is None
    assert not plain.average
