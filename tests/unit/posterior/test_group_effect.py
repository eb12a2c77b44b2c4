"""Group effects, raw departures and ranks, against plain numpy."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from scipy import stats

import bayes_alliance as ba
from bayes_alliance.kernels.group_least_squares import least_squares_by_group
from bayes_alliance.posterior.groups.group_rank import ranks_from_highest
from bayes_alliance.sampling.fit import Fit


@pytest.fixture(scope="module")
def far_table() -> pd.DataFrame:
    """Predictors far from zero: a year, a test score, a category, a 0 or 1; eight groups."""
    rng = np.random.default_rng(3)
    size = 120
    table = pd.DataFrame(
        {
            "x": rng.normal(2015, 3, size=size),
            "z": rng.normal(100, 15, size=size),
            "w": rng.integers(0, 2, size=size),
            "s": rng.choice(["east", "north", "west"], size=size, p=[0.5, 0.3, 0.2]),
            "g": rng.permutation(np.resize([*"abcdefgh"], size)),
        }
    )
    y = 50 + (table["x"] - 2015) + rng.normal(size=size)
    return table.assign(y=y, met=(y > y.median()).astype(int))


def flat(fit: Fit, name: str) -> np.ndarray:
    values = fit.posterior[name].to_numpy()
    return values.reshape(-1, *values.shape[2:])


def test_numbers_are_those_of_the_draws(slopes_fit):
    effects = ba.group_effects(slopes_fit)
    u = flat(slopes_fit, "u_case_manager")
    table = effects.table.set_index(["group", "effect"])
    assert list(effects.table)[:7] == [
        "group",
        "effect",
        "mean",
        "sd",
        "lower",
        "upper",
        "caseload",
    ]
    for k, label in enumerate(slopes_fit.model.design.groups[0].labels):
        row = table.loc[(label, "stigma")]
        assert row["mean"] == pytest.approx(u[:, k, 1].mean())
        assert row["lower"] == pytest.approx(np.quantile(u[:, k, 1], 0.025))
        rows = slopes_fit.model.frame.rows
        assert row["caseload"] == (rows["case_manager"] == label).sum()


def test_raw_intercepts_are_mean_residuals(null_fit):
    rows = null_fit.model.frame.rows
    residual = rows["alliance"] - flat(null_fit, "b")[:, 0].mean()
    expected = residual.groupby(rows["case_manager"]).mean()
    table = ba.group_effects(null_fit).table.set_index("group")
    np.testing.assert_allclose(table["raw"], expected.loc[table.index], rtol=1e-10)
    # Known variances would shrink by n tau^2 / (n tau^2 + sigma^2); every group has eight rows.
    shrunken = np.polyfit(table["raw"], table["mean"], 1)[0]
    tau2 = flat(null_fit, "sd_case_manager")[:, 0] ** 2
    factor = np.mean(8 * tau2 / (8 * tau2 + flat(null_fit, "sigma") ** 2))
    # Monte Carlo error of 40 group means from 4,000 draws, and that b is not known: 2%.
    assert shrunken == pytest.approx(factor, rel=0.02)


def test_raw_slopes_are_a_regression_a_group(slopes_fit):
    rows, b = slopes_fit.model.frame.rows, flat(slopes_fit, "b").mean(axis=0)
    residual = rows["alliance"] - b[0] - b[1] * rows["stigma"]
    written = ba.group_effects(slopes_fit, as_written=True)
    table = written.table.set_index(["group", "effect"])["raw"]
    placed = ba.group_effects(slopes_fit).table.set_index(["group", "effect"])["raw"]
    middle = rows["stigma"].mean()
    checked = 0
    for label, places in rows.groupby("case_manager").groups.items():
        x, r = rows.loc[places, "stigma"], residual[places]
        if len(x) < 2:
            assert np.isnan(table[(label, "stigma")])
            continue
        slope, intercept = np.polyfit(x, r, 1)
        assert table[(label, "stigma")] == pytest.approx(slope, rel=1e-6)
        assert table[(label, "Intercept")] == pytest.approx(intercept, rel=1e-6)
        there = intercept + slope * middle
        assert placed[(label, "at the means")] == pytest.approx(there, rel=1e-6, abs=1e-9)
        checked += 1
    assert checked > 20


def test_upper_groups_keep_what_lies_within_them(nested_fit):
    """An agency's raw departure holds its managers; a manager's is without the agency's effect."""
    rows, b = nested_fit.model.frame.rows, flat(nested_fit, "b").mean(axis=0)
    residual = rows["alliance"] - b[0] - b[1] * rows["stigma"]
    agency = ba.group_effects(nested_fit, group="agency").table.set_index("group")
    expected = residual.groupby(rows["agency"]).mean()
    np.testing.assert_allclose(agency["raw"], expected.loc[agency.index], rtol=1e-9)
    left = residual - rows["agency"].map(agency["mean"])
    manager = ba.group_effects(nested_fit, group="agency:case_manager").table.set_index("group")
    expected = left.groupby(rows["agency"] + ":" + rows["case_manager"]).mean()
    np.testing.assert_allclose(manager["raw"], expected.loc[manager.index], rtol=1e-9)


def test_least_squares_by_group_is_weighted_and_knows_what_it_cannot_tell():
    rng = np.random.default_rng(1)
    group = np.repeat([0, 1, 2, 3], [6, 6, 1, 4])
    Z = np.column_stack([np.ones(17), rng.normal(size=17)])
    Z[group == 3, 1] = 2.0  # a column that does not vary in its group
    y, w = rng.normal(size=17), rng.uniform(0.5, 3, size=17)
    found = least_squares_by_group(y, Z, group, 4, w)
    for k in (0, 1):
        root = np.sqrt(w[group == k])
        expected = np.linalg.lstsq(Z[group == k] * root[:, None], y[group == k] * root)[0]
        np.testing.assert_allclose(found[k], expected, rtol=1e-9)
    assert np.isnan(found[2:]).all()
    far = np.column_stack([np.ones(17), Z[:, 1] * 1e6])
    scaled = least_squares_by_group(y, far, group, 4, w)
    np.testing.assert_allclose(scaled[:2, 1] * 1e6, found[:2, 1], rtol=1e-6)


def test_ranks_are_scipys(slopes_fit):
    u = flat(slopes_fit, "u_case_manager").copy()
    u[:, :, 0] += u[:, :, 1] * slopes_fit.model.frame.rows["stigma"].mean()
    expected = stats.rankdata(-u, axis=1)  # (draw, group, effect)
    ranks = ba.group_effects(slopes_fit, margin=1.5).ranks.set_index(["group", "effect"])
    for k, label in enumerate(slopes_fit.model.design.groups[0].labels):
        for e, effect in enumerate(("at the means", "stigma")):
            row, places = ranks.loc[(label, effect)], expected[:, k, e]
            assert row["mean"] == pytest.approx(places.mean())
            low, high = np.quantile(places, [0.025, 0.975], method="inverted_cdf")
            assert (row["lower"], row["upper"]) == (low, high)
            assert row["highest_fifth"] == pytest.approx((places <= 6).mean())
            assert row["below"] == pytest.approx((u[:, k, e] < -1.5).mean())
            assert row["above"] == pytest.approx((u[:, k, e] > 1.5).mean())
    assert "best_fifth" not in ranks


def test_the_best_end_turns_the_ranks_round(null_fit):
    high = ba.group_effects(null_fit, best="high").ranks
    low = ba.group_effects(null_fit, best="low").ranks
    neutral = ba.group_effects(null_fit).ranks
    np.testing.assert_allclose(high["mean"] + low["mean"], 41)
    np.testing.assert_array_equal(high["mean"], neutral["mean"])
    # Eight of forty are best in every draw, whichever end that is.
    for table in (high, low):
        assert table["best_fifth"].sum() == pytest.approx(8)
    u = flat(null_fit, "u_case_manager")[:, :, 0]
    lowest = (stats.rankdata(u, axis=1) <= 8).mean(axis=0)
    np.testing.assert_allclose(low["best_fifth"], lowest)


@pytest.mark.slow
def test_true_ranks_lie_in_their_intervals_as_often_as_said():
    """Over groups drawn from the prior the 80% intervals of the ranks hold 80% of the truths."""
    inside = []
    for seed in range(12):
        study = ba.simulate_study(seed=seed, clients=240, groups=30, sd_slope=0.0)
        fit = ba.sample(ba.Model("alliance ~ stigma + (1 | case_manager)", study.data), seed=seed)
        ranks = ba.group_effects(fit, prob=0.8).ranks.set_index("group")
        truth = study.truth["group_effects"].iloc[:, 0].rank(ascending=False)
        truth = truth.reindex(ranks.index)
        inside.append(((truth >= ranks["lower"]) & (truth <= ranks["upper"])).mean())
    # 360 ranks, tied to one another within a study: 0.8 give or take four standard errors of the
    # studies' own proportions; discrete intervals hold a little more than they say.
    error = np.std(inside, ddof=1) / np.sqrt(len(inside))
    assert 0.8 - 4 * error < np.mean(inside) < 0.85 + 4 * error
    assert error < 0.04


def test_many_blocks_give_the_ranks_of_one(monkeypatch, slopes_fit):
    from bayes_alliance.posterior.groups import group_rank

    whole = ba.group_effects(slopes_fit, margin=1).ranks
    monkeypatch.setattr(group_rank, "_BLOCK", 977)
    monkeypatch.setattr(group_rank, "_GROUPS", 7)
    pd.testing.assert_frame_equal(ba.group_effects(slopes_fit, margin=1).ranks, whole)


def test_ranks_from_highest_by_hand():
    assert ranks_from_highest(np.array([[3.0, -1.0, 7.0]])).tolist() == [[2, 3, 1]]


def test_five_groups(tiny_fit):
    effects = ba.group_effects(tiny_fit, best="high")
    assert len(effects.ranks) == 5
    assert effects.ranks["best_fifth"].sum() == pytest.approx(1)
    assert "of 5 places" in effects.sentence


def test_every_output_has_the_caution(slopes_fit):
    effects = ba.group_effects(slopes_fit, best="high")
    for text in (str(effects), effects._repr_html_()):
        assert "order of the groups is uncertain" in text
        assert "1 is the best, the highest" in text
    assert "next to nothing" in effects.sentence
    for draw in (effects.plot, effects.plot_ranks):
        axes = Figure().add_subplot()
        assert draw(axes, effect="stigma") is axes
        assert "no league table" in axes.get_xlabel()
        assert "stigma" in axes.get_xlabel()
    with pytest.raises(ba.ModelError, match="Did you mean 'stigma'"):
        effects.plot(effect="stgma")


def test_the_sentence_follows_the_ranks(null_fit):
    """Groups that lie far apart are told apart: forty effects of sd 1 with errors of 0.001."""
    import dataclasses

    effects = ba.group_effects(null_fit)
    rng = np.random.default_rng(1)
    u = effects.draws["u_case_manager"]
    sharp = u * 0 + rng.normal(size=(40, 1)) + 0.001 * rng.normal(size=u.shape)
    table = effects.table.assign(lower=[1.0] * 40)
    certain = dataclasses.replace(
        effects, draws=effects.draws.assign(u_case_manager=sharp), table=table
    )
    assert "40 differ clearly" in certain.sentence
    assert "fairly known" in certain.sentence


def test_groups_whose_ranks_are_known_are_named_before_the_typical_one(null_fit):
    """Two of forty groups stand far out at the ends; the others cannot be told apart."""
    import dataclasses

    effects = ba.group_effects(null_fit)
    u = effects.draws["u_case_manager"]
    labels = effects.design.labels
    made = np.random.default_rng(1).normal(size=u.shape)
    made[:, :, 3] += 100
    made[:, :, 7] -= 100
    said = dataclasses.replace(effects, draws=effects.draws.assign(u_case_manager=u * 0 + made))
    known = f"Well known are the ranks (1 is the highest) of {labels[3]} (1), {labels[7]} (40);"
    assert known in said.sentence
    assert "of a typical group is known to within" in said.sentence
    assert "says next to nothing" in said.sentence
    assert "Well known" not in effects.sentence


@pytest.mark.parametrize(
    ("groups", "fifth"), [(1, 1), (2, 1), (5, 1), (6, 1), (7, 1), (8, 2), (12, 2), (13, 3), (40, 8)]
)
def test_a_fifth_is_the_nearest_number_of_groups(groups, fifth):
    from bayes_alliance.posterior.groups.group_rank import fifth_of

    assert fifth_of(groups) == fifth


def test_one_of_six_groups_is_a_fifth_and_the_note_says_so(clients, make_fit):
    six = clients[clients["case_manager"] < "M006"]
    effects = ba.group_effects(make_fit(ba.Model("alliance ~ 1 + (1 | case_manager)", six)))
    assert effects.ranks["highest_fifth"].sum() == pytest.approx(1)
    assert "1 of 6 groups (17%) count as a fifth." in str(effects)


def test_hollow_dots_are_the_raw_departures(null_fit):
    effects = ba.group_effects(null_fit)
    axes = effects.plot(Figure().add_subplot())
    hollow = [line for line in axes.lines if line.get_color() == "none"]
    drawn = np.concatenate([line.get_xdata() for line in hollow])
    np.testing.assert_allclose(np.sort(drawn), np.sort(effects.table["raw"]))


def test_far_raw_departures_stay_in_the_picture():
    from bayes_alliance.posterior.groups.caterpillar import draw_caterpillar

    table = pd.DataFrame(
        {"mean": [0.0, 1.0, 2.0], "lower": [-1.0, 0.0, 1.0], "upper": [1.0, 2.0, 3.0]}
    ).assign(raw=[-500.0, 1.0, np.nan])
    axes = draw_caterpillar(Figure().add_subplot(), effects=table, labels=["a", "b", "c"])
    assert axes.get_xlim()[0] > -10
    assert sorted(line.get_marker() for line in axes.lines if line.get_color() == "none") == [
        "<",
        "o",
    ]


def test_outcomes_without_raw_departures_say_so(bernoulli_fit, slopes_fit, tmp_path):
    effects = ba.group_effects(bernoulli_fit)
    assert effects.table["raw"].isna().all()
    assert "group_means(fit)" in str(effects)
    effects.plot(Figure().add_subplot())
    bare = ba.load_fit(slopes_fit.save(tmp_path / "a.fit", data=False))
    without = ba.group_effects(bare)
    assert without.table["raw"].isna().all()
    assert "rows are not at hand" in str(without)
    there = ba.group_effects(slopes_fit)
    pd.testing.assert_frame_equal(
        without.table.drop(columns="raw"), there.table.drop(columns="raw")
    )
    pd.testing.assert_frame_equal(without.ranks, there.ranks)


def design_means(fit: Fit, term: str) -> dict[str, np.ndarray]:
    """Return by hand what varies between groups, where predictors stand at their means."""
    rows = fit.model.frame.rows
    x, z = rows["x"].mean(), rows["z"].mean()
    north, west = ((rows["s"] == level).mean() for level in ("north", "west"))
    return {
        "x": {"at the means": [1, x], "x": [0, 1]},
        "x*z": {
            "at the means": [1, x, z, x * z],
            "x": [0, 1, 0, z],
            "z": [0, 0, 1, x],
            "x:z": [0, 0, 0, 1],
        },
        "x + I(x**2)": {
            "at the means": [1, x, x * x],
            "x": [0, 1, 2 * x],
            "I(x ** 2)": [0, 0, 1],
        },
        "x*s": {
            "at the means": [1, x, north, west, x * north, x * west],
            "x": [0, 1, 0, 0, north, west],
            "s[north]": [0, 0, 1, 0, x, 0],
            "s[west]": [0, 0, 0, 1, 0, x],
            "x:s[north]": [0, 0, 0, 0, 1, 0],
            "x:s[west]": [0, 0, 0, 0, 0, 1],
        },
        "0 + s": {
            "at the means": [1 - north - west, north, west],
            "s[north]": [-1, 1, 0],
            "s[west]": [-1, 0, 1],
        },
        "log(z)": {"at the means": [1, np.log(z)], "z": [0, 1 / z]},
        "scale(x)": {
            "at the means": [1, 0],
            "x": [0, 1 / rows["x"].std()],
        },
        "within(x, g)": {"at the means": [1, 0], "within(x, g)": [0, 1]},
        "x + w": {
            "at the means": [1, x, rows["w"].mean()],
            "x": [0, 1, 0],
            "w": [0, 0, 1],
        },
    }[term]  # fmt: skip


@pytest.mark.parametrize(
    "term",
    [
        "x",
        "x*z",
        "x + I(x**2)",
        "x*s",
        "0 + s",
        "log(z)",
        "scale(x)",
        "within(x, g)",
        "x + w",
    ],
)
@pytest.mark.parametrize("family", ["gaussian", "bernoulli"])
def test_groups_stand_at_the_means(far_table, make_fit, term, family, tmp_path):
    """Whatever varies between groups, and without rows too: the design keeps the means."""
    outcome = "y" if family == "gaussian" else "met"
    fit = make_fit(
        ba.Model(f"{outcome} ~ x + z + w + s + ({term} | g)", far_table, family), draws=20
    )
    effects, u = ba.group_effects(fit), fit.posterior["u_g"].to_numpy()
    expected = design_means(fit, term)
    assert effects.effects == tuple(expected)
    for label, row in expected.items():
        found = effects.draws["departure"].sel(g_effect=label).to_numpy()
        # A slope of a curve is a difference over a ten-thousandth of a standard deviation.
        close = 1e-6 if term == "log(z)" and label == "z" else 1e-9
        np.testing.assert_allclose(found, u @ np.asarray(row, float), rtol=close, atol=1e-9)
    bare = ba.load_fit(fit.save(tmp_path / "bare.fit", data=False))
    pd.testing.assert_frame_equal(
        ba.group_effects(bare).table.drop(columns="raw"), effects.table.drop(columns="raw")
    )
    pd.testing.assert_frame_equal(ba.group_effects(bare).ranks, effects.ranks)


def test_frequency_weights_count_in_the_means(far_table, make_fit):
    weighted = far_table.assign(n=np.resize([1, 3], len(far_table)))
    out = weighted.loc[weighted.index.repeat(weighted["n"])].reset_index(drop=True)
    fits = [
        make_fit(ba.Model(formula, table), draws=20)
        for formula, table in (
            ("y | weights(n) ~ x + (1 + x * s | g)", weighted),
            ("y ~ x + (1 + x * s | g)", out),
        )
    ]
    one, two = (ba.group_effects(fit).standing.values for fit in fits)
    assert one["x"] == pytest.approx(two["x"], rel=1e-12)
    assert one["s"] == pytest.approx(two["s"], rel=1e-12)


def test_at_moves_the_groups_and_every_output_says_where(far_table, make_fit):
    fit = make_fit(ba.Model("y ~ x + z + (1 + x * z + s | g)", far_table), draws=20)
    u = fit.posterior["u_g"].to_numpy()
    moved = ba.group_effects(fit, at={"x": 2011.5, "s": "west"})
    z = fit.model.frame.rows["z"].mean()
    row = np.array([1, 2011.5, z, 0, 1, 2011.5 * z])
    labels = fit.model.design.groups[0].effects
    order = ["Intercept", "x", "z", "s[north]", "s[west]", "x:z"]
    row = row[[order.index(label) for label in labels]]
    found = moved.draws["departure"].sel(g_effect="at x = 2011.5, s = west, else at the means")
    np.testing.assert_allclose(found.to_numpy(), u @ row, rtol=1e-9, atol=1e-9)
    told = f"at x = 2011.5 and s = west, at the mean of z ({z:.1f})"
    for text in (str(moved), moved._repr_html_(), moved.sentence):
        assert told in text
    for draw in (moved.plot, moved.plot_ranks):
        assert told in draw(Figure().add_subplot()).get_xlabel()
    assert "averaged over s" in ba.group_effects(fit).sentence
    written = ba.group_effects(fit, as_written=True)
    assert written.effects == labels
    assert "intercepts at predictor value 0" in str(written)
    np.testing.assert_array_equal(written.draws["u_g"], u)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"at": {"xx": 1}}, "does not depend on xx"),
        ({"at": {"x": float("nan")}}, "finite"),
        ({"at": {"s": "nrth"}}, "one of its categories"),
        ({"at": "mean"}, "no place"),
        ({"at": {"x": 1}, "as_written": True}, "two different answers"),
    ],
)
def test_places_that_cannot_be(far_table, make_fit, options, said):
    fit = make_fit(ba.Model("y ~ x + (1 + x + s | g)", far_table), draws=4)
    with pytest.raises(ba.ModelError, match=said):
        ba.group_effects(fit, **options)


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"group": "case_managers"}, ba.ModelError, "Did you mean 'case_manager'"),
        ({"best": "highest"}, ba.ModelError, "Did you mean 'high'"),
        ({"margin": -1}, ba.ModelError, "margin"),
        ({"prob": 0}, ba.ModelError, "between 0 and 1"),
        ({"memory": 1e-6}, ba.SamplingError, "limit"),
        ({"draws": 0}, ba.SamplingError, "At least one draw"),
    ],
)
def test_what_cannot_be_given(slopes_fit, options, error, said):
    with pytest.raises(error, match=said):
        ba.group_effects(slopes_fit, **options)


def test_the_first_of_several_factors_is_shown_and_the_others_named(nested_fit, slopes_fit):
    told = 'those of agency, one of 2 grouping factors: group="agency:case_manager" asks for'
    for verb in (ba.group_effects, ba.group_means):
        found = verb(nested_fit)
        assert found.group == "agency"
        for shown in (str(found), found._repr_html_()):
            assert told in shown.replace("\n", " ").replace("&quot;", '"')
        named = verb(nested_fit, group=found.others[0])
        assert named.group == "agency:case_manager"
        for quiet in (named, verb(slopes_fit)):
            assert "grouping factors" not in str(quiet)
