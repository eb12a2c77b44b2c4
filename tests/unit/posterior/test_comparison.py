"""The verb: what it says, what it prefers, and what it refuses."""

from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.special import logsumexp
from scipy.stats import norm

import bayes_alliance as ba
from bayes_alliance import names
from bayes_alliance.errors import ModelError, SamplingError
from bayes_alliance.posterior.comparison import leave_one_out
from bayes_alliance.posterior.comparison.comparison import Comparison
from bayes_alliance.posterior.comparison.comparison_table import comparison_table, count_parameters
from bayes_alliance.posterior.comparison.leave_one_out import (
    LeftOutDensity,
    density_by_group,
    density_by_row,
)
from bayes_alliance.sampling.container import draws_dataset
from bayes_alliance.sampling.left_out import groups_to_leave_out

pytestmark = pytest.mark.slow

mpl.use("Agg")


@pytest.fixture(scope="module")
def with_stigma(clients):
    return ba.sample(ba.Model("alliance ~ stigma + (1 | case_manager)", clients), seed=4)


@pytest.fixture(scope="module")
def without_groups(clients):
    """Its coefficients' posterior is normal given sigma; drawn here without an engine."""
    model = ba.Model("alliance ~ stigma", clients)
    fit = ba.sample(ba.Model("alliance ~ stigma + (1 | case_manager)", clients), seed=4)
    X, y = model.design.X, model.frame.y
    rng = np.random.default_rng(1)
    sigma2 = (y - y.mean()).var() * 320 / rng.chisquare(318, size=(4, 500))
    solved = np.linalg.solve(X.T @ X, X.T @ y)
    root = np.linalg.cholesky(np.linalg.inv(X.T @ X))
    b = solved + np.sqrt(sigma2)[..., None] * (rng.normal(size=(4, 500, 2)) @ root.T)
    posterior = draws_dataset(model, {names.B: b, names.SIGMA: np.sqrt(sigma2)})
    tree = xr.DataTree.from_dict({names.POSTERIOR: posterior})
    return replace(fit, model=model, idata=tree)


def test_numbers_come_from_the_pointwise_ones(null_fit, with_stigma):
    found = ba.compare({"null": null_fit, "stigma": with_stigma})
    points = {
        name: density_by_row(f) for name, f in {"null": null_fit, "stigma": with_stigma}.items()
    }
    assert found.unit == "row"
    assert list(found.table.index) == ["stigma", "null"]
    for name, density in points.items():
        np.testing.assert_array_equal(found.pointwise["log_density", name], density.log_density)
        np.testing.assert_array_equal(found.pointwise["pareto_k", name], density.shape)
        assert found.table.loc[name, "elpd"] == pytest.approx(density.elpd)
    gap = points["null"].log_density - points["stigma"].log_density
    row = found.table.loc["null"]
    assert row["difference"] == pytest.approx(gap.sum())
    assert row["standard_error_difference"] == pytest.approx(np.sqrt(320) * gap.std(ddof=1))
    assert row["better"] == (gap > 0).sum()
    assert found.table["weight"].sum() == pytest.approx(1.0)
    assert np.isnan(found.table.loc["stigma", "better"])


def test_by_group_the_effects_are_integrated_out(null_fit, with_stigma):
    found = ba.compare([null_fit, with_stigma], by="group")
    assert found.unit == "case_manager"
    assert list(found.pointwise.index) == list(null_fit.model.design.group("case_manager").labels)
    density, _, _ = density_by_group(null_fit, groups_to_leave_out(null_fit.model, None))
    name = "alliance ~ 1 + (1 | case_manager)"
    assert found.table.loc[name, "elpd"] == pytest.approx(density.elpd)


def test_a_model_without_the_groups_is_asked_for_the_same_rows(with_stigma, without_groups):
    """Managers differ (an sd of 3.6 against 6 within), and 40 of them show it, if only just."""
    found = ba.compare({"groups": with_stigma, "none": without_groups}, by="group", refits=0)
    assert found.table.index[0] == "groups"
    assert found.table.loc["groups", "weight"] > 0.6
    assert found.table.loc["none", "better"] < 20
    # Rows of a manager are independent in the model without: their densities add up given b.
    draws, model = without_groups.posterior, without_groups.model
    eta = draws["b"].to_numpy().reshape(-1, 2) @ model.design.X.T
    by_row = norm.logpdf(model.frame.y, eta, draws["sigma"].to_numpy().reshape(-1, 1))
    of_first = by_row[:, :8].sum(axis=1)
    raw = -(logsumexp(-of_first) - np.log(len(of_first)))  # plain importance sampling
    assert found.pointwise["log_density", "none"].iloc[0] == pytest.approx(raw, abs=0.02)


def test_the_simpler_of_two_like_models_is_preferred(null_fit, clients):
    noise = clients.assign(noise=np.random.default_rng(6).normal(size=len(clients)))
    more = ba.sample(ba.Model("alliance ~ noise + (1 | case_manager)", noise), seed=1)
    for by in ("row", "group"):
        found = ba.compare({"noise": more, "null": null_fit}, by=by)
        assert found.preferred == "null"
        worse = found.table.index[1]
        assert not found.is_clear(worse)
        assert "no clear difference" in found.sentence


def made_up(points, shape=0.1):
    size = len(points)
    return LeftOutDensity(
        unit="g",
        log_density=np.asarray(points, dtype=float),
        mcse=np.full(size, 0.01),
        shape=np.full(size, shape),
        refitted=np.zeros(size, dtype=bool),
        within=np.asarray(points, dtype=float),
        limit=0.7,
        draws=4000,
        copies=np.ones(size, dtype=int),
    )


@pytest.mark.parametrize(
    ("gap", "noise", "preferred"),
    [
        (3.9, 0.0, "simple"),  # below 4, however sure
        (4.1, 0.0, "rich"),
        (10.0, 2.0, "simple"),  # below two standard errors, 2 * sqrt(40) * 2 = 25
        (30.0, 2.0, "rich"),
    ],
)
def test_the_rule_of_preference(gap, noise, preferred):
    wiggle = noise * np.tile([1.0, -1.0], 20)
    densities = {
        "simple": made_up(np.full(40, -3.0) - gap / 40 + wiggle),
        "rich": made_up([-3.0] * 40),
    }
    table, chosen = comparison_table(densities, {"simple": 3, "rich": 5})
    assert table.index[0] == "rich"
    assert chosen == preferred


def test_units_that_cannot_be_trusted_are_counted_and_said():
    densities = {"a": made_up([-3.0, -2.0], shape=0.9), "b": made_up([-4.0, -3.5])}
    table, _ = comparison_table(densities, {"a": 1, "b": 1})
    assert list(table["unreliable"]) == [2, 0]


@pytest.fixture
def noise_beside_null():
    """Twenty groups; the richer model predicts them better, by less than the rule asks for."""
    densities = {"null": made_up([-3.0] * 20), "noise": made_up([-2.9] * 20)}
    table, preferred = comparison_table(densities, {"null": 3, "noise": 4})
    columns = {("log_density", n): densities[n].log_density for n in table.index}
    return Comparison(
        unit="ag:g", table=table, pointwise=pd.DataFrame(columns), preferred=preferred, units=20
    )


def test_the_simpler_model_suffices_for_a_stated_purpose(noise_beside_null):
    assert noise_beside_null.sentence.endswith(
        "For predicting unseen groups the simpler model, 'null', suffices."
    )
    by_row = replace(noise_beside_null, unit="row")
    assert "For predicting unseen rows" in by_row.sentence


def test_a_clear_winner_is_preferred_and_equals_are_not_called_simpler(noise_beside_null):
    far = noise_beside_null.table.assign(difference=[0.0, -9.0])
    clear = replace(noise_beside_null, table=far, preferred="noise")
    assert clear.sentence.endswith("For predicting unseen groups 'noise' is preferred.")
    equal = replace(noise_beside_null, table=noise_beside_null.table.assign(parameters=4))
    assert equal.sentence.endswith(
        "none is preferred: those that are not clearly worse are equally simple."
    )


def test_weights_are_said_to_be_no_probabilities_and_tiny_ones_are_nought(noise_beside_null):
    shown = noise_beside_null.table.assign(weight=[1.0, 3.2e-9])
    text = str(replace(noise_beside_null, table=shown))
    assert "no probabilities of the models" in text
    assert "e-09" not in text
    assert "0.00" in text


def test_a_single_fit_is_neither_best_nor_preferred(null_fit):
    found = ba.compare(null_fit)
    axes = found.plot()
    told = str(found) + "".join(label.get_text() for label in axes.get_yticklabels())
    mpl.pyplot.close("all")
    for words in ("best", "referred", "tacking", "suffices"):
        assert words not in told
    assert f"has an elpd of {found.table['elpd'].iloc[0]:.1f}" in found.sentence


@pytest.mark.parametrize(
    ("unit", "says"), [("row", "look at those rows"), ("g", "look at those groups")]
)
def test_bad_pareto_k_is_counted_in_the_sentence(noise_beside_null, unit, says):
    table = noise_beside_null.table.assign(unreliable=[2, 3])
    found = replace(noise_beside_null, unit=unit, table=table)
    units = "20 rows" if unit == "row" else "20 groups of g"
    assert f"Pareto k is too large for 3 of the {units}" in found.sentence
    text = str(found)
    assert "this elpd is optimistic" in text
    assert says in text
    assert "raise refits=" in text
    assert 'by="group"' not in text
    assert "optimistic" not in str(noise_beside_null)


def test_groups_within_groups_are_named(noise_beside_null):
    assert "With 20 groups of ag:g the standard errors" in str(noise_beside_null)


def test_parameters_are_those_with_a_prior(slopes_fit, null_fit):
    assert count_parameters(null_fit.model) == 3  # intercept, sd, sigma
    assert (
        count_parameters(slopes_fit.model) == 6
    )  # two coefficients, two sds, a correlation, sigma


def test_quadrature_serves_other_outcomes(bernoulli_fit, clients, make_fit):
    other = make_fit(ba.Model("stayed ~ 1 + (1 | case_manager)", clients, "bernoulli"))
    found = ba.compare({"slopes": bernoulli_fit, "null": other}, by="group", refits=0)
    assert np.isfinite(found.pointwise["log_density"]).all(axis=None)
    # Eight yes or no answers: no density can exceed one.
    assert (found.pointwise["log_density"] < 0).all(axis=None)


def test_it_shows_itself(null_fit, with_stigma):
    found = ba.compare({"null": null_fit, "stigma": with_stigma}, by="group")
    text = str(found)
    assert "Comparison by case_manager" in text
    assert found.sentence in text
    assert "standard errors, is not clear" in found._repr_html_()
    axes = found.plot()
    assert axes.get_xlabel().startswith("elpd by case_manager")
    assert len(axes.get_yticklabels()) == 2
    assert any("preferred" in label.get_text() for label in axes.get_yticklabels())
    assert found.plot(axes) is axes
    mpl.pyplot.close("all")


def test_few_groups_are_said_to_be_few(tiny_fit):
    found = ba.compare([tiny_fit], by="group")
    assert "With 5 groups of case_manager the standard errors" in str(found)
    assert found.table["difference"].iloc[0] == 0


def test_few_groups_by_weights_are_said_to_be_flattered_and_refits_free_of_it(tiny_fit, null_fit):
    weighted = ba.compare({"one": tiny_fit}, by="group")
    told = "too high on average, which its Monte Carlo error (mcse) does not cover"
    assert any(told in note and 'refits="all"' in note for note in map(str, weighted.notes))
    exact = ba.compare({"one": tiny_fit}, by="group", refits="all")
    assert exact.notes[-1] == "Fitted again without each group: one."
    assert not any(told in str(note) for note in exact.notes)
    assert exact.pointwise["pareto_k"].isna().all(axis=None)
    assert exact.table["refitted"].iloc[0] == 5
    # The same quantity two ways: within a tenth a group where weights can be trusted.
    gap = exact.pointwise["log_density"] - weighted.pointwise["log_density"]
    sure = weighted.pointwise["pareto_k"]["one"] < 0.5
    assert gap["one"][sure].abs().max() < 0.1
    for many in (ba.compare([null_fit], by="group", refits=0), ba.compare([tiny_fit], refits=0)):
        assert not any(told in note for note in many.notes)


def test_names_are_formulas_and_numbered_where_they_repeat(null_fit):
    found = ba.compare([null_fit, null_fit])
    assert sorted(found.table.index) == [
        "alliance ~ 1 + (1 | case_manager) (1)",
        "alliance ~ 1 + (1 | case_manager) (2)",
    ]


def refusal(clients, make_fit, **changes):
    formula = changes.pop("formula", "alliance ~ 1 + (1 | case_manager)")
    family = changes.pop("family", "gaussian")
    return make_fit(ba.Model(formula, clients.assign(**changes), family))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"formula": "stayed ~ 1 + (1 | case_manager)"}, "outcomes differ"),
        (
            {"stigma": lambda d: d["stigma"].where(d.index != 3), "formula": "alliance ~ stigma"},
            "319",
        ),
        ({"alliance": lambda d: d["alliance"].where(d.index != 3)}, "319 rows"),
        ({"alliance": lambda d: d["alliance"] + (d.index == 3)}, "differ in 1 row\\."),
        (
            {
                "w": lambda d: 1 + d.index % 2,
                "formula": "alliance | weights(w) ~ 1 + (1 | case_manager)",
            },
            "count equally often",
        ),
    ],
)
def test_what_is_not_comparable_is_refused(changes, words, clients, null_fit, make_fit):
    other = refusal(clients, make_fit, **changes)
    with pytest.raises(ModelError, match=words):
        ba.compare({"one": null_fit, "other": other})


def test_a_density_is_not_compared_with_a_probability(clients, make_fit):
    numeric = make_fit(ba.Model("stayed ~ 1 + (1 | case_manager)", clients))
    binary = make_fit(ba.Model("stayed ~ 1 + (1 | case_manager)", clients, "bernoulli"))
    with pytest.raises(ModelError, match="probability"):
        ba.compare([numeric, binary])


def test_different_rows_of_the_same_number_are_refused(clients, make_fit):
    first, second = (
        clients.assign(stigma=clients["stigma"].where(clients.index != k)) for k in (0, 1)
    )
    fits = [make_fit(ba.Model("alliance ~ stigma", table)) for table in (first, second)]
    with pytest.raises(ModelError, match="different rows"):
        ba.compare(fits)


def test_other_refusals(null_fit, without_groups, tmp_path):
    with pytest.raises(ModelError, match='by="client"'):
        ba.compare([null_fit], by="client")
    with pytest.raises(ModelError, match='refits="every"'):
        ba.compare([null_fit], refits="every")
    with pytest.raises(ModelError, match="No fit"):
        ba.compare({})
    with pytest.raises(ModelError, match="no groups"):
        ba.compare([without_groups], by="group")
    with pytest.raises(ModelError, match="Did you mean 'case_manager'"):
        ba.compare([null_fit], by="group", group="case_manger")
    saved = ba.load_fit(null_fit.save(tmp_path / "bare.fit", data=False))
    with pytest.raises(SamplingError, match="without them"):
        ba.compare([saved])


def test_the_table_is_plain_pandas(null_fit):
    found = ba.compare(null_fit)
    assert isinstance(found.table, pd.DataFrame)
    assert list(found.table.columns) == [
        "elpd",
        "standard_error",
        "difference",
        "standard_error_difference",
        "better",
        "weight",
        "parameters",
        "mcse",
        "unreliable",
        "refitted",
        "draws",
    ]


CLOSED = "Coefficients and group effects were integrated out in closed form, given the variances: "


def test_fewer_draws_are_said(null_fit, monkeypatch):
    assert ba.compare({"null": null_fit}).notes == (f"{CLOSED}null.",)
    monkeypatch.setattr(leave_one_out, "_BY_ROW", 320 * 1500)
    found = ba.compare({"null": null_fit})
    assert found.notes[1:] == ("Not all draws were used, for speed: null.",)
    assert found.table["draws"].iloc[0] == 1500
    assert found.notes[1] in str(found)


def test_rows_are_refitted_where_k_is_bad_and_what_remains_is_said(clients):
    """One client's outcome is a slip of the pen, forty residual sds off: no weights can mend it."""
    slip = clients.assign(alliance=clients["alliance"] + 240.0 * (clients.index == 17))
    fit = ba.sample(ba.Model("alliance ~ stigma + (1 | case_manager)", slip), seed=1)
    without = ba.compare({"slip": fit}, refits=0)
    assert without.pointwise["pareto_k", "slip"].iloc[17] > 0.7
    left = int(without.table["unreliable"].iloc[0])
    assert left >= 1
    assert f"Pareto k is too large for {left} of the 320 rows" in without.sentence
    found = ba.compare({"slip": fit}, refits=1)
    assert found.table["refitted"].iloc[0] == 1
    assert found.table["unreliable"].iloc[0] == left - 1
    assert np.isnan(found.pointwise["pareto_k", "slip"].iloc[17])
    assert "Fitted again without a row whose Pareto k was too large: slip (once)." in str(found)
    # The weights had seen the slip: they call it far less surprising than it is.
    values = [f.pointwise["log_density", "slip"].iloc[17] for f in (found, without)]
    assert values[0] < values[1] - 5


def test_smaller_groups_within_a_group_are_integrated_by_quadrature(clients, make_fit):
    model = ba.Model("stayed ~ stigma + (1 | agency/case_manager)", clients, "bernoulli")
    found = ba.compare({"nested": make_fit(model, draws=60)}, by="group", group="agency", refits=0)
    assert "quadrature within quadrature: nested." in str(found)
    assert (found.pointwise["log_density"] < 0).all(axis=None)


def test_a_model_beside_itself_lies_nothing_below(null_fit):
    found = ba.compare({"one": null_fit, "again": null_fit})
    assert "lies 0.0 below it" in found.sentence
    alone = ba.compare({"one": null_fit})
    assert alone.sentence.startswith("With the 320 rows left out one at a time, 'one' has")


def test_the_first_of_several_factors_is_judged_and_the_others_named(nested_fit, null_fit):
    found = ba.compare({"nested": nested_fit}, by="group", refits=0)
    told = 'those of agency, one of 2 grouping factors: group="agency:case_manager" asks for'
    assert found.unit == "agency"
    assert "groups of agency" in found.sentence
    for shown in (str(found), found._repr_html_()):
        assert told in shown.replace("\n", " ").replace("&quot;", '"')
    named = ba.compare({"nested": nested_fit}, by="group", group="agency:case_manager", refits=0)
    assert named.unit == "agency:case_manager"
    assert "grouping factors" not in str(named)
    assert "grouping factors" not in str(ba.compare({"one": null_fit}, by="group", refits=0))
    # What only one of the models knows can be asked for as well.
    both = ba.compare({"one": null_fit, "nested": nested_fit}, by="group", refits=0)
    assert both.unit == "case_manager"
    assert 'one of 3 grouping factors: group="agency", group="agency:case_manager"' in both.notes[0]


def test_a_factor_that_would_not_be_looked_at_is_refused(null_fit):
    with pytest.raises(ModelError, match=r'by="group" to leave the groups of case_manager out'):
        ba.compare([null_fit], group="case_manager")
