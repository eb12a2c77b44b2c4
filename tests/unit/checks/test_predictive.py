"""Predictive checks: statistics against loops, data sets against with_predictive, wrong models."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

import bayes_alliance as ba
from bayes_alliance import names
from bayes_alliance.checks.predictive import draw_numeric_check
from bayes_alliance.checks.replications import group_statistics, row_statistics

mpl.use("Agg")
MANAGER = "case_manager"


def by_hand(y, frame, predictor=None):
    """The group statistics of one data set, group by group in pandas."""
    groups = frame.assign(y=y).groupby(MANAGER)
    means, sds = groups["y"].mean(), groups["y"].std().dropna()
    found = {
        f"sd of the means of {MANAGER}": means.std(),
        f"smallest mean of {MANAGER}": means.min(),
        f"largest mean of {MANAGER}": means.max(),
        f"mean of the sds within {MANAGER}": sds.mean(),
        f"variation of the sds between groups of {MANAGER}": sds.std(),
    }
    if predictor is not None:
        slopes, weights = [], []
        for _, rows in groups:
            if len(rows) >= 3:
                slopes.append(np.polyfit(rows[predictor], rows["y"], 1)[0])
                weights.append(rows[predictor].var(ddof=0) * len(rows))
        middle = np.average(slopes, weights=weights)
        spread = np.average((np.array(slopes) - middle) ** 2, weights=weights) ** 0.5
        found[f"sd of the slopes of {predictor} by {MANAGER}"] = spread
    return found


def test_group_statistics_are_those_of_a_loop(slopes_fit):
    model = slopes_fit.model
    rng = np.random.default_rng(6)
    y = model.frame.y + rng.normal(size=(5, len(model.frame.y))) + 1e4
    found = group_statistics(model, model.design.groups[0])(y)
    for k, draw in enumerate(y):
        expected = by_hand(draw, model.frame.rows, "stigma")
        assert set(found) == set(expected)
        for label, value in expected.items():
            assert found[label][k] == pytest.approx(value, rel=1e-9), label


def test_slopes_of_every_predictor_where_none_varies(clients):
    table = clients.assign(setting=np.tile(["ward", "home"], len(clients) // 2))
    model = ba.Model(f"alliance ~ stigma + setting + (1 | {MANAGER})", table)
    found = group_statistics(model, model.design.groups[0])(model.frame.y[None])
    slopes = [label for label in found if label.startswith("sd of the slopes")]
    assert len(slopes) == 2
    stigma = f"sd of the slopes of stigma by {MANAGER}"
    assert found[stigma][0] == pytest.approx(by_hand(model.frame.y, table, "stigma")[stigma])


def test_a_predictor_of_the_groups_has_no_slopes_within_them(clients):
    of_groups = clients.groupby(MANAGER)["stigma"].transform("mean")
    model = ba.Model(f"alliance ~ size + (1 | {MANAGER})", clients.assign(size=of_groups))
    found = group_statistics(model, model.design.groups[0])(model.frame.y[None])
    assert not [label for label in found if "slopes" in label]


def test_groups_of_one_client_leave_out_what_does_not_exist():
    rng = np.random.default_rng(2)
    manager = np.array([*"aabcdefghij"])
    table = pd.DataFrame({"y": rng.normal(size=11), "x": rng.normal(size=11), "g": manager})
    model = ba.Model("y ~ x + (1 | g)", table)
    found = group_statistics(model, model.design.groups[0])(model.frame.y[None])
    assert list(found) == ["sd of the means of g", "smallest mean of g", "largest mean of g"]


def test_row_statistics_suit_the_outcome(bernoulli_fit, ordinal_fit):
    y = bernoulli_fit.model.frame.y
    assert row_statistics(bernoulli_fit.model)(y[None]) == {"share of 1": pytest.approx([y.mean()])}
    shares = row_statistics(ordinal_fit.model)(ordinal_fit.model.frame.y[None])
    assert list(shares) == [f"share of {k}" for k in (1, 2, 3, 4)]
    assert sum(share[0] for share in shares.values()) == pytest.approx(1)


def test_numbers_are_those_of_with_predictive(slopes_fit):
    """Made a few at a time or all at once: the same data sets, the same table."""
    fit = ba.with_predictive(slopes_fit, draws=200, seed=9)
    made = fit.idata[names.POSTERIOR_PREDICTIVE]["alliance"].to_numpy().reshape(200, -1)
    found = ba.check_predictive(slopes_fit, draws=200, seed=9)
    assert np.array_equal(found.replicated, made)
    pd.testing.assert_frame_equal(found.table, ba.check_predictive(fit).table)
    y = slopes_fit.model.frame.y
    sds = made.std(axis=1, ddof=1)
    row = found.table.loc["sd"]
    assert row["observed"] == pytest.approx(y.std(ddof=1))
    assert row[["lower", "predicted", "upper"]].tolist() == pytest.approx(
        np.quantile(sds, [0.025, 0.5, 0.975])
    )
    assert row["p"] == np.mean(sds > y.std(ddof=1))
    assert found.replications == 200


def test_prior_numbers_are_those_of_with_prior_predictive(slopes_fit):
    fit = ba.with_prior_predictive(slopes_fit, draws=300, seed=9)
    found = ba.check_predictive(slopes_fit, kind="prior", draws=300, seed=9)
    assert np.array_equal(
        found.replicated, fit.idata[names.PRIOR_PREDICTIVE]["alliance"].to_numpy()[0]
    )
    again = ba.check_predictive(fit, kind="prior", by="row")
    assert again.table.loc["mean", "predicted"] == found.table.loc["mean", "predicted"]
    assert str(found).startswith("Prior predictive check")


def test_rows_and_groups_show_their_own_statistics(nested_fit):
    rows = ba.check_predictive(nested_fit, by="row", draws=40)
    both = ba.check_predictive(nested_fit, draws=40)
    agencies = ba.check_predictive(nested_fit, group="agency", draws=40)
    assert list(rows.table.index) == [
        "mean",
        "sd",
        "smallest value",
        "largest value",
        "skewness of the residuals",
        "kurtosis of the residuals",
    ]
    assert list(both.table.index[6:]) == [
        "sd of the means of agency",
        "sd of the means of agency:case_manager",
    ]
    assert agencies.replicated.shape == (40, 10)
    means = nested_fit.model.frame.rows.assign(y=nested_fit.model.frame.y).groupby("agency")["y"]
    assert agencies.observed == pytest.approx(means.mean().to_numpy())
    assert both.table.loc["sd of the means of agency"].equals(
        agencies.table.loc["sd of the means of agency"]
    )


def test_by_group_the_first_factor_is_shown_and_the_others_named(slopes_fit, nested_fit):
    found = ba.check_predictive(slopes_fit, by="group", draws=20)
    assert (found.unit, found.others) == (MANAGER, ())
    assert "grouping factors" not in str(found)
    first = ba.check_predictive(nested_fit, by="group", draws=20)
    assert first.unit == "agency"
    words = str(first).replace("\n", " ")
    assert 'those of agency, one of 2 grouping factors: group="agency:case_manager"' in words
    named = ba.check_predictive(nested_fit, by="group", group=first.others[0], draws=20)
    assert named.unit == "agency:case_manager"
    assert named.others == ()


def test_an_unknown_group_or_kind_is_refused(slopes_fit):
    with pytest.raises(ba.ModelError, match="Did you mean 'case_manager'"):
        ba.check_predictive(slopes_fit, group="case_manger")
    with pytest.raises(ba.ModelError, match='by="row" or by="group"'):
        ba.check_predictive(slopes_fit, by="level")
    with pytest.raises(ba.ModelError, match="whatever group they are in"):
        ba.check_predictive(slopes_fit, by="row", group=MANAGER)
    with pytest.raises(ba.SamplingError, match='kind="posterior" or kind="prior"'):
        ba.check_predictive(slopes_fit, kind="prio")


def test_large_data_keep_some_replications_only(slopes_fit, monkeypatch):
    whole = ba.check_predictive(slopes_fit, draws=200, seed=9)
    monkeypatch.setattr("bayes_alliance.checks.predictive._NUMBERS_KEPT", 160 * 50)
    monkeypatch.setattr("bayes_alliance.sampling.linear_predictor._CHUNK_BYTES", 8 * 160 * 7)
    some = ba.check_predictive(slopes_fit, draws=200, seed=9)
    # Noise is drawn chunk by chunk from one stream, so that the data sets are the same.
    assert np.array_equal(some.replicated, whole.replicated[::4])
    pd.testing.assert_frame_equal(some.table, whole.table)


@pytest.fixture(scope="module")
def varying(clients):
    """Slopes that vary by 6 and a spread that differs between two halves of the managers."""
    rng = np.random.default_rng(7)
    manager = clients[MANAGER].str[1:].astype(int).to_numpy()
    slope = 6 * rng.normal(size=40)[manager]
    noise = np.where(manager % 2, 2.0, 10.0) * rng.normal(size=len(clients))
    stigma = clients["stigma"] - clients["stigma"].mean()
    return clients.assign(stigma=stigma, alliance=60 + slope * stigma + noise)


def test_a_model_without_the_slopes_is_caught_and_one_with_them_is_not(varying):
    label = f"sd of the slopes of stigma by {MANAGER}"
    fixed = ba.sample(ba.Model(f"alliance ~ stigma + (1 | {MANAGER})", varying), seed=2)
    slopes = ba.sample(ba.Model(f"alliance ~ stigma + (1 + stigma | {MANAGER})", varying), seed=2)
    assert label in ba.check_predictive(fixed, group=MANAGER).unusual
    assert label not in ba.check_predictive(slopes, group=MANAGER).unusual


def test_unequal_spread_within_groups_is_caught(varying):
    fit = ba.sample(ba.Model(f"alliance ~ stigma + (1 + stigma | {MANAGER})", varying), seed=2)
    found = ba.check_predictive(fit, group=MANAGER)
    assert f"variation of the sds between groups of {MANAGER}" in found.unusual
    assert "does not reproduce" in found.sentence


def test_the_true_model_is_not_accused(nested_fit):
    assert ba.check_predictive(nested_fit, by="row").unusual == ()
    for group in ("agency", "agency:case_manager"):
        assert ba.check_predictive(nested_fit, group=group).unusual == ()


def test_priors_the_data_contradict_are_caught(clients):
    model = ba.Model(
        f"alliance ~ 1 + (1 | {MANAGER})", clients, priors={"b[Intercept]": "Normal(0, 1)"}
    )
    found = ba.check_predictive(ba.sample(model, seed=1), kind="prior")
    assert "mean" in found.unusual
    assert "Under the priors, data like these would be very unusual" in found.sentence


@pytest.mark.parametrize("by", ["row", "group"])
@pytest.mark.parametrize("name", ["slopes_fit", "bernoulli_fit", "ordinal_fit", "student_fit"])
def test_every_outcome_has_its_picture(request, name, by):
    found = ba.check_predictive(request.getfixturevalue(name), by=by, draws=40)
    figure, axes = plt.subplots()
    assert found.plot(axes) is axes
    assert axes.get_xlabel() == found.shown
    assert axes.get_ylabel() == ("rows" if by == "row" else "groups")
    assert found.sentence in found._repr_html_()
    plt.close(figure)


def test_the_draws_are_the_statistics_of_every_replication(slopes_fit):
    for group in (None, MANAGER):
        found = ba.check_predictive(slopes_fit, group=group, draws=60)
        made = found.draws["value"]
        assert made.dims == ("replication", "statistic")
        assert made.sizes["replication"] == found.replications
        assert list(made["statistic"].to_numpy()) == list(found.table.index)
        lower, middle, upper = np.quantile(made, [0.025, 0.5, 0.975], axis=0)
        expected = found.table[["lower", "predicted", "upper"]].to_numpy().T
        np.testing.assert_array_equal([lower, middle, upper], expected)


def test_the_picture_has_as_many_bins_on_any_processor():
    counts = set()
    for seed in range(40):
        rng = np.random.default_rng(seed)
        observed, replicated = rng.normal(50, 9, 90), rng.normal(50, 9, (30, 90))
        axes = plt.figure().add_subplot()
        draw_numeric_check(axes, observed=observed, replicated=replicated, outcome="score")
        edges = axes.patches[-1].get_data().edges
        counts.add(len(edges))
        assert edges[-1] >= observed.max()
        plt.close(axes.figure)
    assert counts == {26}


def test_a_prior_that_reaches_far_beyond_does_not_hide_what_was_observed():
    observed = np.random.default_rng(1).poisson(5, 200).astype(float)
    near = np.random.default_rng(2).poisson(5, (40, 200)).astype(float)
    far = np.where(np.arange(200) < 20, 1e9, near)
    for replicated, said in ((near, ""), (far, "\n(not shown: 10% of the replicated rows)")):
        _, axes = plt.subplots()
        draw_numeric_check(axes, observed=observed, replicated=replicated, outcome="calls")
        assert axes.get_xlabel() == f"calls{said}"
        assert axes.get_xlim()[1] < 6 * (observed.max() + 1)
        plt.close(axes.figure)
