"""Influence of groups: against refits, against a planted outlier, and what it says."""

from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

import bayes_alliance as ba
from bayes_alliance.checks.group_shifts import quantities_of
from bayes_alliance.drawing import ORANGE
from bayes_alliance.errors import ModelError, SamplingError
from bayes_alliance.model.subset import keep_rows
from bayes_alliance.posterior.comparison import leave_one_out
from bayes_alliance.sampling.group_sums import coefficients_without_group
from bayes_alliance.sampling.left_out import groups_to_leave_out

pytestmark = pytest.mark.slow

mpl.use("Agg")


def study(groups=12, each=8, slope=1.0):
    rng = np.random.default_rng(5)
    group = np.repeat(np.arange(groups), each)
    x = rng.normal(size=len(group))
    y = 10 + slope * x + 2 * rng.normal(size=groups)[group] + 2 * rng.normal(size=len(group))
    return pd.DataFrame({"y": y, "x": x, "g": [f"g{k:02d}" for k in group]})


@pytest.fixture(scope="module")
def quiet():
    return ba.sample(ba.Model("y ~ x + (1 | g)", study()), seed=1)


def fit_with_odd_group(change):
    """Group g04 has another slope than the 1 of all others."""
    table = study()
    table["y"] += np.where(table["g"] == "g04", change * table["x"], 0.0)
    return ba.sample(ba.Model("y ~ x + (1 | g)", table), seed=1)


@pytest.fixture(scope="module")
def odd():
    return fit_with_odd_group(-7)


@pytest.fixture(scope="module")
def glaring():
    return fit_with_odd_group(-10)


def row_of(found, group, variable, element=""):
    table = found.table
    hit = (
        (table["group"] == group) & (table["variable"] == variable) & (table["element"] == element)
    )
    assert hit.sum() == 1
    return table[hit].iloc[0]


def test_every_quantity_of_every_group_is_there(quiet):
    found = ba.influence(quiet)
    assert found.group == "g"
    assert found.exact
    quantities = found.table[["variable", "element"]].drop_duplicates()
    assert list(quantities.itertuples(index=False, name=None)) == [
        ("b", "Intercept"),
        ("b", "x"),
        ("sd_g", "Intercept"),
        ("sigma", ""),
        ("share", "g"),
    ]
    assert len(found.table) == 12 * 5
    assert (found.table["caseload"] == 8).all()


def test_it_is_what_a_refit_says(odd):
    """The planted group and a quiet one; priors frozen."""
    found = ba.influence(odd)
    for label in ("g04", "g07"):
        group = odd.model.design.group("g")
        left = keep_rows(odd.model, group.index != group.labels.index(label))
        refit = ba.sample(left, seed=9, draws=2000)
        posterior = refit.posterior
        draws = {
            ("b", "x"): posterior["b"].sel(coefficient="x"),
            ("b", "Intercept"): posterior["b"].sel(coefficient="Intercept"),
            ("sigma", ""): posterior["sigma"],
            ("sd_g", "Intercept"): posterior["sd_g"][..., 0],
        }
        for (variable, element), values in draws.items():
            row = row_of(found, label, variable, element)
            sd = float(values.std())
            # Both from thousands of draws, but few effective ones remain where weights differ.
            assert row["mean_without"] == pytest.approx(float(values.mean()), abs=0.15 * sd)
            assert row["sd_without"] == pytest.approx(sd, rel=0.15)
        above = float((draws["b", "x"] > 0).mean())
        assert row_of(found, label, "b", "x")["probability_positive_without"] == pytest.approx(
            above, abs=0.02
        )


def test_the_planted_group_is_found_and_named(glaring, quiet):
    # Pareto k of so odd a group lies on either side of 0.7: a refit does not hang on that.
    found = ba.influence(glaring, refit=True, seed=2)
    assert found.largest["group"].iloc[0] == "g04"
    slope = row_of(found, "g04", "b", "x")
    assert slope["mean_without"] > slope["mean"] + 0.15
    assert "depends on one group of g" in found.sentence
    assert "g04" in found.sentence
    calm = ba.influence(quiet)
    assert calm.largest["shift"].abs().iloc[0] < found.largest["shift"].abs().iloc[0]


def test_closed_form_and_weighted_draws_agree(quiet, monkeypatch):
    closed = ba.influence(quiet)
    monkeypatch.setattr(leave_one_out, "sums_suffice", lambda *_: False)
    weighted = ba.influence(quiet)
    assert not weighted.exact
    np.testing.assert_array_equal(weighted.table["element"], closed.table["element"])
    gap = closed.table["mean_without"] - weighted.table["mean_without"]
    # Weighting the coefficients too leaves a few hundred effective draws at the largest k, and
    # the largest of sixty differences is near three of their standard errors.
    good = weighted.table["reliable"] & closed.table["reliable"]
    assert good.sum() >= 50
    assert (gap.abs() / closed.table["sd_without"])[good].max() < 0.2


def test_coefficients_that_are_not_integrated_keep_their_draws(monkeypatch):
    model = ba.Model("y ~ x + (1 | g)", study(), priors={"b[x]": "StudentT(3, 0, 5)"})
    fit = ba.sample(model, seed=1)
    closed = ba.influence(fit)
    assert closed.exact
    monkeypatch.setattr(leave_one_out, "sums_suffice", lambda *_: False)
    weighted = ba.influence(fit)
    gap = (closed.table["mean_without"] - weighted.table["mean_without"]).abs()
    # Monte Carlo error, where both sets of weights can be trusted: one odd group's cannot.
    sure = closed.table["reliable"] & weighted.table["reliable"]
    assert sure.mean() > 0.8
    assert (gap / closed.table["sd_without"])[sure].max() < 0.15


def test_shares_are_averaged_where_slopes_vary_or_stated():
    fit = ba.sample(ba.Model("y ~ x + (1 + x | g)", study()), seed=1)
    assert "averaged" in ba.influence(fit).note
    stated = ba.influence(fit, at={"x": 0})
    assert stated.note == ""
    share = ba.variance_shares(fit, at={"x": 0}).table.loc["g", "mean"]
    assert row_of(stated, "g00", "share", "g")["mean"] == pytest.approx(share)
    with pytest.raises(ModelError, match="z"):
        ba.influence(fit, at={"z": 0})


def test_a_share_that_does_not_exist_is_said():
    table = study().assign(se=1.0)
    fit = ba.sample(ba.Model("y | se(se) ~ 1 + (1 | g)", table), seed=1)
    found = ba.influence(fit)
    assert "No variance shares" in found.note
    assert "share" not in set(found.table["variable"])


def test_refits_replace_what_cannot_be_trusted(odd, monkeypatch):
    """With a limit that no k meets every group is refitted, at most as many as allowed."""
    monkeypatch.setattr(leave_one_out, "largest_good_shape", lambda draws: -1.0)
    rough = ba.influence(odd)
    assert not rough.table["reliable"].any()
    assert "rough figure" in rough.sentence
    found = ba.influence(odd, refit=True, refits=1, seed=3)
    again = found.table[found.table["refitted"]]
    assert again["group"].nunique() == 1
    assert again["reliable"].all()
    assert again["pareto_k"].isna().all()
    label = again["group"].iloc[0]
    ours, theirs = row_of(found, label, "b", "x"), row_of(rough, label, "b", "x")
    # One group, two ways: half a posterior sd at worst for the largest k of all.
    assert ours["mean_without"] == pytest.approx(
        theirs["mean_without"], abs=0.5 * theirs["sd_without"]
    )


def test_nested_groups_leave_with_their_smaller_ones():
    table = study().assign(h=lambda d: [f"h{int(g[1:]) // 3}" for g in d["g"]])
    fit = ba.sample(ba.Model("y ~ x + (1 | h/g)", table), seed=1)
    found = ba.influence(fit, group="h")
    assert not found.exact
    assert found.table["group"].nunique() == 4
    assert np.isfinite(found.table["mean_without"]).all()
    assert "grouping factors" not in str(found)
    first = ba.influence(fit)
    assert first.group == "h"
    assert "of h" in first.sentence
    for shown in (str(first), first._repr_html_()):
        words = shown.replace("\n", " ").replace("&quot;", '"')
        assert 'those of h, one of 2 grouping factors: group="h:g" asks for the other.' in words
    assert ba.influence(fit, group=first.others[0]).group == "h:g"


@pytest.fixture(scope="module")
def nested():
    """Four large groups: under a wide prior their sd has a long tail, whatever the weights do."""
    table = study().assign(h=lambda d: [f"h{int(g[1:]) // 3}" for g in d["g"]])
    wide = {"sd_h": "HalfCauchy(50)"}
    return ba.sample(ba.Model("y ~ x + (1 | h/g)", table, priors=wide), seed=1)


def test_what_is_called_reliable_agrees_with_refits_within_its_error(nested, monkeypatch):
    found = ba.influence(nested, group="h").table
    left_out = groups_to_leave_out(nested.model, "h")
    weights_alone = leave_one_out.density_by_group(nested, left_out)[0]
    sound = found["group"].isin(np.asarray(left_out.labels)[~weights_alone.bad])
    spread = found["variable"].isin(["sd_h", "share"])
    assert (~found["reliable"] & sound & spread).any()
    monkeypatch.setattr(leave_one_out, "largest_good_shape", lambda draws: -1.0)
    again = ba.influence(nested, group="h", refit=True, seed=5).table
    assert again["refitted"].all()
    gap = (found["mean_without"] - again["mean_without"]).abs()
    z = gap / np.hypot(found["mcse"], again["mcse"])
    assert found["reliable"].sum() >= 12
    # The largest of two dozen t ratios with some twenty degrees of freedom each.
    assert z[found["reliable"]].max() < 5
    # The control: what is not reliable is off by more than its own error says.
    assert z[~found["reliable"]].max() > 5


def test_groups_are_refitted_where_only_the_quantity_has_a_long_tail(nested):
    found = ba.influence(nested, group="h")
    unsure = found.table[~found.table["reliable"]]
    again = ba.influence(nested, group="h", refit=True, refits=1, seed=3)
    first = again.table.loc[again.table["refitted"], "group"].unique()
    worst = unsure.loc[unsure["pareto_k"].idxmax(), "group"]
    assert list(first) == [worst]


def test_closed_form_by_batches_is_that_of_all_draws(quiet):
    left_out = groups_to_leave_out(quiet.model, "g")
    _, weights, posterior = leave_one_out.density_by_group(quiet, left_out)
    direct = coefficients_without_group(quiet.model, posterior, weights)
    table = ba.influence(quiet).table
    rows = table[table["variable"] == "b"]
    for column, numbers in (
        ("mean_without", direct.mean[:-1]),
        ("sd_without", np.sqrt(direct.variance[:-1])),
        ("probability_positive_without", direct.above_zero[:-1]),
        ("mean", np.tile(direct.mean[-1], (12, 1))),
    ):
        np.testing.assert_allclose(rows[column], numbers.ravel(), rtol=1e-7)


def test_shifts_that_errors_could_make_are_not_claimed(odd):
    found = ba.influence(odd)
    calm = found.table.assign(shift=0.1, mcse_shift=0.02, reliable=True)

    def said(**changes):
        return replace(found, table=calm.assign(**changes)).sentence

    first = np.arange(len(calm)) == 0
    assert said().startswith("No single group of g decides a result: the largest change is b[")
    assert "largest change, within Monte Carlo error, is" in said(mcse_shift=0.06)
    assert "changes a result noticeably" in said(shift=np.where(first, 0.8, 0.1))
    rough = {
        "shift": np.where(first, 0.8, 0.1),
        "mcse_shift": np.where(first, 0.5, 0.02),
        "reliable": ~first,
    }
    assert said(**rough) == said(**rough, refitted=False)
    assert said(**rough).startswith("As far as it can be told, no single group of g decides")
    assert "noticeably" not in said(**rough)
    assert (
        "For 1 of the groups some changes are rough figures, the largest that of b[Intercept] "
        "without g00 (0.8 posterior standard deviations, Monte Carlo error 0.5): a refit would "
        "tell." in said(**rough)
    )
    assert said(**rough, refitted=True).endswith("more draws would tell.")
    none = said(reliable=False, shift=3.0)
    assert none.startswith("What any one group of g decides cannot be told.")


def test_what_is_not_reliable_stands_last_and_is_drawn_as_a_ring(odd):
    found = ba.influence(odd)
    unsure = np.arange(len(found.table)) == 1  # the slope without the first group
    table = found.table.assign(reliable=~unsure, shift=np.where(unsure, 9.0, 0.1))
    found = replace(found, table=table)
    assert found.largest["shift"].iloc[-1] == 9.0
    axes = found.plot()
    rings = [
        line for line in axes.lines if line.get_fillstyle() == "none" and len(line.get_xdata())
    ]
    assert [float(line.get_xdata()[0]) for line in rings] == [9.0]
    named = [line for line in axes.lines if line.get_color() == ORANGE]
    assert all(float(line.get_xdata()[0]) < 1 for line in named)
    mpl.pyplot.close("all")


def test_it_shows_itself(odd):
    found = ba.influence(odd)
    assert found.sentence in str(found)
    assert "largest first" in found._repr_html_()
    axes = found.plot()
    assert axes.get_xlabel() == "change without one g, in posterior sd"
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "b[Intercept]",
        "b[x]",
        "sd_g[Intercept]",
        "sigma",
        "share[g]",
    ]
    assert "g04" in {text.get_text() for text in axes.texts}
    assert found.plot(axes) is axes
    mpl.pyplot.close("all")


def test_what_cannot_be_asked_is_refused(quiet, tmp_path):
    with pytest.raises(ModelError, match="no such groups"):
        ba.influence(quiet, group="h")
    bare = ba.load_fit(quiet.save(tmp_path / "bare.fit", data=False))
    with pytest.raises(SamplingError, match="without them"):
        ba.influence(bare)


def test_the_draws_and_their_weights_are_those_of_the_table(quiet):
    found = ba.influence(quiet)
    draws = found.draws
    assert draws["value"].dims == ("chain", "draw", "quantity")
    assert draws["weight"].dims == ("chain", "draw", "group")
    np.testing.assert_allclose(draws["weight"].sum(("chain", "draw")), 1.0, rtol=1e-9)
    weighted = (draws["value"] * draws["weight"]).sum(("chain", "draw"))
    # Coefficients are averaged in closed form, so that their weighted draws only come near.
    rows = found.table[(found.table["variable"] != "b") & ~found.table["refitted"]]
    for _, row in rows.iterrows():
        name = f"{row['variable']}[{row['element']}]" if row["element"] else row["variable"]
        own = float(weighted.sel(quantity=name, group=row["group"]))
        assert own == pytest.approx(row["mean_without"], rel=1e-9)
    np.testing.assert_array_equal(draws["value"].sel(quantity="sigma"), quiet.posterior["sigma"])


def test_shares_that_do_not_exist_in_some_draws_are_left_out_and_said(student_fit):
    posterior = student_fit.posterior
    nu = posterior["nu"].copy()
    nu[0, :3] = 1.5
    broken = student_fit.with_group("posterior", posterior.assign(nu=nu))
    found, note = quantities_of(broken, broken.posterior, None)
    assert "share" not in found.variables
    assert note == "No variance shares: in 3 draws they do not exist (nu <= 2)."
    assert "share" in quantities_of(student_fit, posterior, None)[0].variables
