"""A fit of streamed rows answers what the fit of the same rows in memory answers.

Both are given the same draws, so that only the way from draws to answers differs: from sums, or
from rows. The tolerances are float error, of sums taken in another order.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import bayes_alliance as ba

pytestmark = pytest.mark.slow

CLOSE = {"rtol": 1e-7, "atol": 1e-8}


def make_table() -> pd.DataFrame:
    rng = np.random.default_rng(8)
    n, managers = 600, 25
    manager = rng.integers(0, managers, n)
    x = rng.normal(2, 1, n)
    table = pd.DataFrame(
        {
            "manager": [f"M{k:02d}" for k in manager],
            "agency": [f"A{k % 4}" for k in manager],
            "x": x,
            "z": rng.normal(10, 3, n),
            "home": rng.random(n) < 0.4,
            "kind": rng.choice(["a", "b", "c"], n, p=[0.2, 0.5, 0.3]),
            "setting": rng.integers(0, 2, n),
            "times": rng.integers(1, 4, n),
            "precise": rng.uniform(0.5, 2, n),
        }
    )
    slope = 0.5 + 0.4 * rng.normal(size=managers)[manager]
    level = 1 + 0.7 * rng.normal(size=managers)[manager]
    table["y"] = level + slope * x + 0.3 * table["setting"] + rng.normal(size=n)
    # A group whose one client lies far out: its weights cannot stand in for a refit.
    far = table.iloc[:1].assign(manager="M99", agency="A0", x=2.0, y=40.0)
    return pd.concat([table, far], ignore_index=True)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    place = tmp_path_factory.mktemp("streamed") / "clients.parquet"
    make_table().to_parquet(place)
    return place


def both(path, formula):
    """Return the fit of rows in memory and the same draws for the streamed model."""
    held = ba.sample(
        ba.Model(formula, pd.read_parquet(path)), seed=3, draws=150, tune=250, progress=False
    )
    return held, lent(held, path)


def lent(held, path):
    model = ba.Model(held.model.formula.text, ba.scan_table(path, rows_a_batch=100))
    return replace(held, model=model, has_data=False)


SLOPES = "y ~ x + setting + (1 + x | manager)"
WEIGHTED = (
    "y | weights(times) ~ x + (1 + x | manager)",
    "y | weights(precise, precision) ~ x + (1 + x | manager)",
)


@pytest.fixture(scope="module")
def slopes(path):
    return both(path, SLOPES)


@pytest.fixture(scope="module")
def intercepts(path):
    return both(path, "y ~ x + setting + (1 | manager)")


@pytest.fixture(scope="module")
def nested(path):
    return both(path, "y ~ x + (1 + x | agency/manager)")


@pytest.fixture(scope="module")
def weighted(path):
    return [both(path, formula) for formula in WEIGHTED]


def assert_same_tables(there, here):
    """Compare numbers closely and words as they are."""
    assert list(there.index) == list(here.index)
    # From ranks, where float error can swap two draws: a step, however small the error.
    by_rank = [name for name in ("ess_bulk", "ess_tail", "r_hat") if name in here.columns]
    there, here = there.drop(columns=by_rank), here.drop(columns=by_rank)
    pd.testing.assert_frame_equal(there, here, check_exact=False, rtol=1e-6, atol=1e-8)


def assert_same_draws(there, here):
    for name in here.data_vars:
        np.testing.assert_allclose(there[name], here[name], **CLOSE)


@pytest.mark.parametrize("of", ["residual", "total"])
@pytest.mark.parametrize("name", ["slopes", "nested", "intercepts"])
def test_averaged_shares_come_from_the_sums(request, name, of):
    held, streamed = request.getfixturevalue(name)
    here = ba.variance_shares(held, average=True, of=of)
    there = ba.variance_shares(streamed, average=True, of=of)
    assert_same_draws(there.draws, here.draws)
    assert there.sentence == here.sentence
    assert there._notes() == here._notes()


def test_averaged_shares_of_weighted_rows_count_them_as_in_memory(weighted):
    for held, streamed in weighted:
        for of in ("residual", "total"):
            here = ba.variance_shares(held, average=True, of=of)
            there = ba.variance_shares(streamed, average=True, of=of)
            assert_same_draws(there.draws, here.draws)
            assert there._notes() == here._notes()
    assert here.weighted


def test_the_variance_of_an_offset_is_not_in_the_sums(path):
    held, streamed = both(path, "y ~ x + offset(z) + (1 + x | manager)")
    here, there = (ba.variance_shares(fit, average=True) for fit in (held, streamed))
    assert_same_draws(there.draws, here.draws)
    with pytest.raises(ba.SamplingError, match=r"that of the offset.*sample of the rows"):
        ba.variance_shares(streamed, average=True, of="total")


@pytest.mark.parametrize("name", ["slopes", "nested", "intercepts"])
def test_prior_sensitivity_comes_from_the_sums(request, name):
    held, streamed = request.getfixturevalue(name)
    here, there = ba.prior_sensitivity(held), ba.prior_sensitivity(streamed)
    # Differences of log likelihoods of a thousand or so, to float error.
    assert_same_tables(there.table, here.table)
    assert there.pareto_k == pytest.approx(here.pareto_k, abs=1e-5)
    assert there.notes == here.notes


def test_prior_sensitivity_of_weighted_rows_comes_from_the_sums(weighted):
    for held, streamed in weighted:
        assert_same_tables(ba.prior_sensitivity(streamed).table, ba.prior_sensitivity(held).table)


def test_the_likelihood_of_all_rows_is_that_of_the_rows(path, slopes, nested, weighted):
    """Against normal densities summed over the rows, by scipy."""
    from scipy import stats

    from bayes_alliance.sampling.log_prior import joint_log_likelihood

    for held, streamed in (slopes, nested, *weighted):
        design, frame, draws = held.model.design, held.model.frame, held.posterior
        eta = draws["b"].to_numpy() @ design.X.T
        for group in design.groups:
            effects = draws[f"u_{group.name}"].to_numpy()[:, :, group.index]
            eta = eta + (effects * group.Z).sum(axis=-1)
        kind = held.model.formula.response.weight_kind
        own = np.ones(len(frame.y)) if frame.weights is None else frame.weights
        sd = draws["sigma"].to_numpy()[..., None]
        if kind == "precision":
            sd = sd / np.sqrt(own)
        density = stats.norm.logpdf(frame.y, eta, sd)
        expected = (density * own if kind == "frequency" else density).sum(axis=-1)
        np.testing.assert_allclose(joint_log_likelihood(streamed), expected, rtol=1e-9)


def assert_same_places(there, here):
    """Means and shares from sums differ from those of rows in their last digits."""
    assert there.keys() == here.keys()
    for name, value in here.items():
        assert there[name] == pytest.approx(value, rel=1e-9), name


@pytest.mark.parametrize("name", ["slopes", "nested"])
def test_slopes_of_groups_come_from_the_sums(request, name):
    held, streamed = request.getfixturevalue(name)
    for group in held.model.groups:
        here = ba.group_slopes(held, "x", group=group, draws=None)
        there = ba.group_slopes(streamed, "x", group=group, draws=None)
        assert_same_tables(there.table, here.table)
        assert_same_draws(there.draws, here.draws)
        np.testing.assert_allclose(there.lines, here.lines, **CLOSE)
        assert_same_places(there.at, here.at)
        assert there.sentence == here.sentence


@pytest.mark.parametrize(
    ("formula", "predictor"),
    [
        ("y ~ x * z + kind + home + (1 + x | manager)", "x"),
        ("y ~ scale(x) + kind + (1 + scale(x) | manager)", "x"),
        ("y ~ setting * home + (1 + setting | manager)", "setting"),
        ("y ~ x + home + (1 + home | manager)", "home"),
        ("y ~ within(x, manager) + between(x, manager) + (1 + within(x, manager) | manager)",
         "within(x, manager)"),
    ],
)  # fmt: skip
def test_ranges_and_typical_values_are_those_of_the_rows(path, formula, predictor, tmp_path):
    held, streamed = both(path, formula)
    loaded = ba.load_fit(streamed.save(tmp_path / "streamed.fit"))
    here = ba.group_slopes(held, predictor, draws=None)
    for fit in (streamed, loaded):
        there = ba.group_slopes(fit, predictor, draws=None)
        assert_same_places(there.at, here.at)
        assert_same_tables(there.table, here.table)
        pd.testing.assert_frame_equal(there.line, here.line, rtol=1e-7, atol=1e-8)
    one, other = (ba.share_curve(fit, predictor) for fit in (held, streamed))
    assert_same_tables(other.table, one.table)


def test_a_value_the_sums_do_not_tell_is_asked_for(path):
    held, streamed = both(path, "y ~ x + log(z + 20) + (1 + x | manager)")
    with pytest.raises(ba.SamplingError, match=r'where z is.*at=\{"z": ...\}'):
        ba.group_slopes(streamed, "x")
    here, there = (ba.group_slopes(fit, "x", at={"z": 9.0}) for fit in (held, streamed))
    assert_same_tables(there.table, here.table)


def test_slopes_of_a_category_are_refused_as_in_memory(path):
    for fit in both(path, "y ~ x + kind + (1 + kind | manager)"):
        with pytest.raises(ba.ModelError, match="kind is no number"):
            ba.group_slopes(fit, "kind")


def test_groups_are_left_out_by_their_sums(slopes, intercepts):
    here, there = (
        ba.compare({"slopes": one, "intercepts": two}, by="group", refits=0)
        for one, two in zip(slopes, intercepts, strict=True)
    )
    pd.testing.assert_frame_equal(there.pointwise, here.pointwise, rtol=1e-6, atol=1e-6)
    assert_same_tables(there.table, here.table)
    assert there.sentence == here.sentence


def test_weights_are_in_the_densities_of_groups(weighted):
    for held, streamed in weighted:
        here, there = (ba.compare([fit], by="group", refits=0) for fit in (held, streamed))
        # Sums of the logarithms of the weights, group by group, are a part of them.
        pd.testing.assert_frame_equal(there.pointwise, here.pointwise, rtol=1e-6, atol=1e-6)


def test_refits_leave_the_sums_of_a_group_out(intercepts):
    here, there = (ba.compare([fit], by="group", seed=4) for fit in intercepts)
    assert here.table["refitted"].iloc[0] > 0
    # Few parameters: the draws of refits stay together, so only float error is left.
    pd.testing.assert_frame_equal(there.pointwise, here.pointwise, rtol=1e-6, atol=1e-6)
    assert_same_tables(there.table, here.table)


def test_influence_comes_from_the_sums(intercepts, slopes):
    for held, streamed in (intercepts, slopes):
        here, there = ba.influence(held), ba.influence(streamed)
        assert_same_tables(there.table, here.table)
        assert there.sentence == here.sentence
    held, streamed = intercepts
    here, there = (ba.influence(fit, refit=True, refits=1, seed=2) for fit in intercepts)
    assert here.table["refitted"].any()
    assert_same_tables(there.table, here.table)


def test_the_same_seed_gives_the_same_answers(path):
    """Not lent draws: each samples. With one effect a group the draws stay together."""
    formula = "y ~ x + setting + (1 | manager)"
    models = (
        ba.Model(formula, pd.read_parquet(path)),
        ba.Model(formula, ba.scan_table(path, rows_a_batch=100)),
    )
    held, streamed = (
        ba.sample(model, seed=5, draws=150, tune=250, progress=False) for model in models
    )
    np.testing.assert_allclose(streamed.posterior["b"], held.posterior["b"], **CLOSE)
    here, there = (ba.compare([fit], by="group", refits=0) for fit in (held, streamed))
    assert_same_tables(there.table, here.table)
    here, there = (ba.prior_sensitivity(fit) for fit in (held, streamed))
    assert_same_tables(there.table, here.table)


def test_a_loaded_fit_answers_as_before(slopes, tmp_path):
    _, streamed = slopes
    loaded = ba.load_fit(streamed.save(tmp_path / "streamed.fit"))
    for ask in (
        lambda fit: ba.compare([fit], by="group", refits=0),
        ba.prior_sensitivity,
        lambda fit: ba.group_slopes(fit, "x"),
        lambda fit: ba.variance_shares(fit, average=True),
        ba.group_means,
        ba.group_effects,
        ba.r2_measures,
        ba.nakagawa_r2,
    ):
        assert_same_tables(ask(loaded).table, ask(streamed).table)


def test_without_its_sums_a_fit_says_what_keeps_them(slopes, tmp_path):
    _, streamed = slopes
    bare = ba.load_fit(streamed.save(tmp_path / "bare.fit", data=False))
    for ask in (
        lambda fit: ba.compare([fit], by="group"),
        ba.prior_sensitivity,
        ba.influence,
        lambda fit: ba.group_slopes(fit, "x"),
        lambda fit: ba.variance_shares(fit, average=True),
        ba.log_evidence,
        lambda fit: ba.point_bayes_factor(fit, "x"),
        ba.group_means,
        ba.r2_measures,
        ba.nakagawa_r2,
    ):
        with pytest.raises(ba.SamplingError, match=r"without their sums.*data=True.*Or read"):
            ask(bare)


@pytest.mark.parametrize("name", ["slopes", "nested", "intercepts"])
def test_means_and_raw_departures_of_groups_come_from_the_sums(request, name):
    held, streamed = request.getfixturevalue(name)
    for group in held.model.groups:
        here, there = (ba.group_means(fit, group=group, draws=None) for fit in (held, streamed))
        assert_same_tables(there.table, here.table)
        assert_same_draws(there.draws, here.draws)
        assert there.overall == pytest.approx(here.overall, rel=1e-9)
        assert there.sentence == here.sentence
        here, there = (ba.group_effects(fit, group=group) for fit in (held, streamed))
        assert here.table["raw"].notna().any()
        assert_same_tables(there.table, here.table)
        assert there.notes == here.notes


def test_weights_count_in_means_and_raw_departures_as_in_memory(weighted):
    for held, streamed in weighted:
        assert_same_tables(ba.group_effects(streamed).table, ba.group_effects(held).table)
    (held, streamed), (_, precise) = weighted
    assert_same_tables(ba.group_means(streamed).table, ba.group_means(held).table)
    # Of rows that weigh by their precision, the sums by group hold the weighted mean only.
    with pytest.raises(ba.SamplingError, match=r"mean of a group needs the rows.*Read a sample"):
        ba.group_means(precise)


OWN = "within(x, manager) + between(x, manager) + (1 + within(x, manager) | manager)"


@pytest.mark.parametrize(
    "formula",
    [
        SLOPES,
        f"y ~ {OWN}",
        "y ~ x + (1 + x | agency/manager)",
        "y ~ kind + (1 | agency) + (1 | setting)",
        "y ~ 1 + (1 | manager)",
        *WEIGHTED,
    ],
)
def test_explained_variance_comes_from_the_sums(path, formula):
    held, streamed = both(path, formula)
    here, there = (ba.nakagawa_r2(fit) for fit in (held, streamed))
    assert_same_draws(there.draws, here.draws)
    assert (there.sentence, there.notes) == (here.sentence, here.notes)
    here, there = (ba.r2_measures(fit) for fit in (held, streamed))
    assert there.sentence == here.sentence
    if "precision" in formula:
        # v, m and their sums, as of all rows; what is of single levels is left out, and said so.
        assert {"f", "v", "m", "fv", "fvm"} == {name for _, name in there.table.index}
        for row in there.table.index:
            assert there.table["mean"][row] == pytest.approx(here.table["mean"][row], rel=1e-9)
        assert there.notes[-1].startswith("Of streamed rows with precision weights")
        return
    assert_same_tables(there.table, here.table)
    assert there.notes == here.notes
    here, there = (ba.r2_measures(fit, split=True) for fit in (held, streamed))
    assert_same_draws(there.draws, here.draws)


def test_an_offset_stands_in_the_way_of_means_and_explained_variance(path):
    _, streamed = both(path, "y ~ x + offset(z) + (1 + x | manager)")
    for verb in (ba.group_means, ba.r2_measures, ba.nakagawa_r2):
        with pytest.raises(ba.SamplingError, match=r"needs the rows.*Read a sample"):
            verb(streamed)


@pytest.mark.parametrize("name", ["slopes", "intercepts"])
def test_a_point_is_weighed_by_the_sums(request, name):
    held, streamed = request.getfixturevalue(name)
    here, there = (
        ba.point_bayes_factor(fit, "setting", prior_scales=(1,)) for fit in (held, streamed)
    )
    assert_same_tables(there.table, here.table)
    assert_same_draws(there.draws, here.draws)
    if name == "intercepts":  # one effect a group: draws of new fits stay together
        here, there = (ba.point_bayes_factor(fit, "setting", seed=4) for fit in (held, streamed))
        assert_same_tables(there.table, here.table)


def test_points_are_weighed_by_weighted_sums(weighted):
    for held, streamed in weighted:
        here, there = (
            ba.point_bayes_factor(fit, "x", prior_scales=(1,)) for fit in (held, streamed)
        )
        assert_same_tables(there.table, here.table)


def test_raw_departures_without_sums_say_why_they_are_missing(slopes, tmp_path):
    _, streamed = slopes
    bare = ba.load_fit(streamed.save(tmp_path / "bare.fit", data=False))
    found = ba.group_effects(bare)
    assert found.table["raw"].isna().all()
    assert any("saved without them (data=False)" in note for note in found.notes)


def test_a_simple_slope_of_streamed_rows_names_the_sum_that_it_is(path):
    held, streamed = both(path, "y ~ x * z + (1 | manager)")
    words = r'Where they multiply.*hypothesis\(fit, "x \+ 2 \* x:z > 0"\).*Read a sample'
    with pytest.raises(ba.SamplingError, match=words):
        ba.simple_slopes(streamed, "x", by="z", values=[2.0])
    here = ba.simple_slopes(held, "x", by="z", values=[2.0])
    there = ba.hypothesis(streamed, "x + 2 * x:z > 0")
    # Slopes are differences over a ten-thousandth of an sd, which costs a few digits.
    np.testing.assert_allclose(
        there.draws["difference"][..., 0], here.draws["slope"][..., 0], rtol=1e-5
    )


def test_what_sums_cannot_do_names_the_reason_and_the_way_out(path, slopes, nested):
    held, streamed = slopes
    with pytest.raises(ba.SamplingError, match=r'streamed from .*compare\(fits, by="group"\)'):
        ba.compare([streamed])
    with pytest.raises(ba.ModelError, match="rows of one were streamed"):
        ba.compare([held, streamed], by="group")
    words = r"factors agency, agency:manager.*only factor.*agency as its only grouping factor"
    for verb in (ba.influence, ba.with_group_log_likelihood):
        with pytest.raises(ba.SamplingError, match=words):
            verb(nested[1])
    with pytest.raises(ba.SamplingError, match=words):
        ba.compare([nested[1]], by="group")
    _, other = both(path, "y ~ x + (1 | agency)")
    with pytest.raises(ba.SamplingError, match=r"factor agency: .*groups left out.*manager as"):
        ba.compare([streamed, other], by="group")


def test_streamed_fits_of_other_rows_are_not_compared(path, slopes, tmp_path):
    make_table().iloc[:500].to_parquet(tmp_path / "fewer.parquet")
    held, streamed = slopes
    fewer = lent(held, tmp_path / "fewer.parquet")
    with pytest.raises(ba.ModelError, match=r"streamed \(601 of .*500 of .*not the same"):
        ba.compare([streamed, fewer], by="group")
