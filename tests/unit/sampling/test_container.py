"""The container has ArviZ's groups and the user's own labels."""

from dataclasses import replace

import arviz as az
import numpy as np

from bayes_alliance import names
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.engines.contract import public_variables


def test_dims_and_labels_of_random_slopes(slopes):
    posterior = slopes.posterior
    assert posterior["b"].dims == ("chain", "draw", "coefficient")
    assert posterior["sd_manager"].dims == ("chain", "draw", "manager_effect")
    assert posterior["cor_manager"].dims == ("chain", "draw", "manager_pair")
    assert posterior["u_manager"].dims == ("chain", "draw", "manager", "manager_effect")
    assert posterior["sigma"].dims == ("chain", "draw")
    assert posterior["coefficient"].to_numpy().tolist() == ["Intercept", "stigma"]
    assert posterior["manager"].to_numpy().tolist() == ["m1", "m2", "m3"]
    assert posterior["manager_pair"].to_numpy().tolist() == ["Intercept ~ stigma"]
    assert posterior["u_manager"].sel(manager="m2", manager_effect="stigma").shape == (2, 5)


def test_an_engine_must_deliver_exactly_what_the_container_holds(fit):
    assert set(fit.posterior.data_vars) == set(public_variables(fit.model))


def test_what_labels_are_made_of_is_kept_in_parts(make_fit, clients):
    """Nobody has to take a label apart again."""
    model = Model("alliance ~ 1 + (1 + stigma + age | agency/manager)", clients)
    labels = make_fit(model).idata[names.CONSTANT].to_dataset()
    group = "agency:manager"
    assert labels[names.effect_coefficient(group)].values.tolist() == ["Intercept", "stigma", "age"]
    assert set(labels[names.effect_outcome(group)].values) == {"alliance"}
    assert set(labels[names.effect_parameter(group)].values) == {"mu"}
    pairs = zip(
        labels[names.pair_first(group)].values, labels[names.pair_second(group)].values, strict=True
    )
    assert list(pairs) == [("Intercept", "stigma"), ("Intercept", "age"), ("stigma", "age")]
    upper = labels[names.upper(group)]
    assert upper.dims == (group,)
    assert upper.sel({group: "south:m2"}).item() == "south"
    assert names.upper("agency") not in labels


def test_rows_are_places_in_the_users_table(make_fit, clients):
    gappy = clients.copy()
    gappy.loc[[0, 7], "stigma"] = np.nan
    fit = make_fit(Model("alliance ~ stigma", gappy))
    observed = fit.idata[names.OBSERVED]["alliance"]
    assert observed.dims == ("row",)
    np.testing.assert_array_equal(observed["row"], [r for r in range(36) if r not in (0, 7)])
    np.testing.assert_array_equal(observed, gappy["alliance"].drop([0, 7]))


def test_a_variable_of_the_outcomes_name_does_not_disturb(make_fit, clients):
    fit = make_fit(Model("stigma ~ age + (1 | manager)", clients))
    assert list(fit.idata[names.OBSERVED].data_vars) == ["stigma"]


def test_arviz_reads_it_unchanged(fit):
    summary = az.summary(fit.idata, round_to="none")
    values = sum(v[0, 0].size for v in fit.posterior.data_vars.values())
    assert len(summary) == values
    assert set(fit.idata.children) == {
        "posterior", "sample_stats", "observed_data", "constant_data"
    }  # fmt: skip


def test_a_fit_shows_itself(slopes):
    table = slopes.table[""]
    assert table["formula"] == slopes.model.formula.text
    assert table["draws"] == "2 chains x 5"
    assert table["seed"] == "3"
    assert slopes.draws_in_all == 10
    assert repr(slopes) == f"Fit({slopes.model.formula.text!r}, 10 draws)"
    assert "observed_data" in str(slopes)
    assert "observed_data" in slopes._repr_html_()


def test_a_new_group_makes_a_new_fit(slopes):
    again = slopes.with_group("extra", slopes.posterior[["b"]])
    assert "extra" in again.idata.children
    assert "extra" not in slopes.idata.children
    replaced = again.with_group("extra", slopes.posterior[["sigma"]])
    assert list(replaced.idata["extra"].data_vars) == ["sigma"]


def test_an_interrupted_fit_says_so(slopes):
    assert "Interrupted" in str(replace(slopes, interrupted=True))
    assert "Interrupted" not in str(slopes)
