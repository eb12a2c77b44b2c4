"""What is asked of a fit whose model predicts sigma: an answer, or a refusal that names others."""

import inspect
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

import bayes_alliance as ba
from bayes_alliance import names
from bayes_alliance.errors import ModelError
from bayes_alliance.sampling.fit import FOR_PREDICTED
from bayes_alliance.sampling.linear_predictor import draw_blocks, evaluate
from bayes_alliance.sampling.parameter_view import location_of

LINES = [
    "alliance ~ stigma + (1 + stigma |m| case_manager)",
    "sigma ~ stigma + (1 |m| case_manager)",
]


@pytest.fixture(scope="module")
def fit(clients, make_fit):
    return make_fit(ba.Model(LINES, clients), draws=50)


def by_hand(fit):
    """Return mean and sigma of every row and draw, with nothing of the package's own sums."""
    rows, posterior = fit.model.frame.rows, fit.posterior
    x = rows["stigma"].to_numpy()
    effects = posterior["u_case_manager"].sel(case_manager=rows["case_manager"].tolist())
    u = dict(zip(effects["case_manager_effect"].to_numpy(), effects.to_numpy().T, strict=True))
    u = {str(name): values.T for name, values in u.items()}
    b = posterior["b"].to_numpy()[..., None]
    s = posterior["b_sigma"].to_numpy()[..., None]
    mean = b[:, :, 0] + b[:, :, 1] * x + u["Intercept"] + u["stigma"] * x
    sigma = np.exp(s[:, :, 0] + s[:, :, 1] * x + u["sigma_Intercept"])
    return mean, sigma


def test_every_parameter_is_evaluated_by_row(fit):
    mean, sigma = by_hand(fit)
    for places, arrays in draw_blocks(fit.posterior, 20):
        found = evaluate(fit.model, arrays)
        flat = (values.reshape(200, -1)[places] for values in (mean, sigma))
        for name, expected in zip(("mu", "sigma"), flat, strict=True):
            np.testing.assert_allclose(found[name], expected, rtol=1e-12)


def test_the_log_likelihood_is_that_of_each_rows_own_sigma(fit):
    mean, sigma = by_hand(fit)
    found = ba.with_log_likelihood(fit).idata[names.LOG_LIKELIHOOD]["alliance"].to_numpy()
    expected = stats.norm.logpdf(fit.model.frame.y, mean, sigma)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_effects_say_in_coordinates_what_they_are_part_of(fit):
    labels = fit.idata[names.CONSTANT].to_dataset()
    assert labels["case_manager_effect_parameter"].to_numpy().tolist() == ["mu", "mu", "sigma"]
    assert labels["case_manager_effect_coefficient"].to_numpy().tolist() == [
        "Intercept",
        "stigma",
        "Intercept",
    ]
    assert fit.posterior["case_manager_effect"].to_numpy().tolist()[2] == "sigma_Intercept"


def test_a_saved_fit_is_the_same_again(fit, tmp_path):
    for data in (True, False):
        again = ba.load_fit(fit.save(tmp_path / "a.fit", data=data))
        assert again.model.formula == fit.model.formula
        assert again.posterior.equals(fit.posterior)
        np.testing.assert_array_equal(
            ba.summarize(again).table["mean"], ba.summarize(fit).table["mean"]
        )


def test_the_view_on_the_location_has_its_coefficients_and_effects_alone(fit):
    view = location_of(fit)
    assert view.model.predicted == ()
    assert view.model.design.groups[0].effects == ("Intercept", "stigma")
    assert view.posterior["cor_case_manager"].sizes["case_manager_pair"] == 1
    assert "b_sigma" not in view.posterior
    kept = view.posterior["u_case_manager"].to_numpy()
    np.testing.assert_array_equal(kept, fit.posterior["u_case_manager"].to_numpy()[..., :2])
    with pytest.raises(KeyError, match="sigma"):
        ba.with_log_likelihood(view)


def test_a_fit_without_predicted_parameters_is_its_own_view(null_fit):
    assert location_of(null_fit) is null_fit


ANSWERS = {
    "summarize": lambda fit: ba.summarize(fit).table.index,
    "diagnose": lambda fit: ba.diagnose(fit).findings,
    "check_predictive": lambda fit: ba.check_predictive(fit, draws=50),
    "check_coverage": ba.check_coverage,
    "prior_sensitivity": ba.prior_sensitivity,
    "compare": lambda fit: ba.compare([fit, fit], refits=0),
    "predict": lambda fit: [ba.predict(fit), ba.predict(fit, kind="outcome", target="same")],
    "contrast": lambda fit: ba.contrast(fit, {"stigma": [1.0, 2.0]}),
    "slopes": lambda fit: ba.slopes(fit, "stigma"),
    "grid": lambda fit: ba.grid(fit, "stigma"),
    "simple_slopes": lambda fit: ba.simple_slopes(fit, "stigma", by="stayed"),
    "group_slopes": lambda fit: ba.group_slopes(fit, "stigma"),
    "group_means": ba.group_means,
    "contextual_effects": ba.contextual_effects,
    "group_effects": lambda fit: [ba.group_effects(fit), ba.group_effects(fit, parameter="sigma")],
    "hypothesis": lambda fit: ba.hypothesis(fit, "b_sigma[stigma] > 0"),
    "variance_shares": ba.variance_shares,
    "share_curve": lambda fit: ba.share_curve(fit, "stigma"),
    "client_correlations": ba.client_correlations,
    "bayes_r2": ba.bayes_r2,
    "r2_measures": ba.r2_measures,
    "nakagawa_r2": ba.nakagawa_r2,
}
ADDS = {"with_log_likelihood", "with_predictive", "with_prior", "with_prior_predictive"}
ARGUMENTS = {"point_bayes_factor": ("b[stigma]",), "write_report": ("report.html",)}


def verbs_of_fits():
    """Return every public verb whose first argument is a fit, or several."""
    found = {}
    for name in ba.__all__:
        own = getattr(ba, name)
        if inspect.isfunction(own):
            first = next(iter(inspect.signature(own).parameters), "")
            if first in ("fit", "fits"):
                found[name] = own
    return found


def test_the_refusal_names_the_verbs_that_answer():
    assert set(FOR_PREDICTED) == set(ANSWERS)
    assert set(FOR_PREDICTED) <= set(verbs_of_fits())


LOCATIONS = {
    "simple_slopes": "alliance ~ stigma * stayed + (1 | case_manager)",
    "contextual_effects": "alliance ~ within(stigma, agency) + between(stigma, agency)",
}


@pytest.mark.parametrize("name", ANSWERS)
def test_a_verb_answers(clients, make_fit, fit, name):
    if name in LOCATIONS:
        fit = make_fit(ba.Model([LOCATIONS[name], LINES[1]], clients), draws=50)
    assert ANSWERS[name](fit) is not None


def test_predicted_outcomes_have_each_rows_own_sigma(fit):
    mean, sigma = by_hand(fit)
    found = ba.predict(fit, kind="outcome", target="same").draws["prediction"].to_numpy()
    scaled = ((found.reshape(*mean.shape) - mean) / sigma).reshape(len(mean) * 50, -1)
    # 64,000 standard normals: their mean and variance within five standard errors.
    assert abs(scaled.mean()) < 5 / np.sqrt(scaled.size)
    assert abs(scaled.var() - 1) < 5 * np.sqrt(2 / scaled.size)
    assert np.abs(scaled.std(axis=0) - 1).max() < 0.35


def test_new_groups_have_their_own_sigma(fit):
    """Outcomes of new groups vary by the groups, and by sigma averaged over the groups."""
    rows = {"stigma": [2.0], "case_manager": ["new"]}
    found = ba.predict(fit, rows, kind="outcome", target="new").draws["prediction"].to_numpy()
    sd = fit.posterior["sd_case_manager"].to_numpy()
    b = fit.posterior["b_sigma"].to_numpy()
    eta = b[..., 0] + 2 * b[..., 1]
    within = np.exp(2 * eta + 2 * sd[..., 2] ** 2)
    between = ba.variance_shares(fit, at={"stigma": 2.0}).draws["share"].to_numpy()[..., 0]
    expected = within / (1 - between)
    # 200 draws: the standard error of their variance is a tenth of it.
    assert found.var() == pytest.approx(expected.mean(), rel=0.5)


def test_the_residual_variance_of_shares_is_that_of_the_place_it_is_asked_at(fit):
    place = {"stigma": 3.0}
    own = fit.posterior
    sd, cor = (own[f"{name}_case_manager"].to_numpy() for name in ("sd", "cor"))
    z = np.array([1.0, 3.0])
    between = (z[0] * sd[..., 0]) ** 2 + (z[1] * sd[..., 1]) ** 2
    between += 2 * z[1] * cor[..., 0] * sd[..., 0] * sd[..., 1]
    b = own["b_sigma"].to_numpy()
    within = np.exp(2 * (b[..., 0] + 3 * b[..., 1]) + 2 * sd[..., 2] ** 2)
    found = ba.variance_shares(fit, at=place)
    np.testing.assert_allclose(
        found.draws["share"].to_numpy()[..., 0], between / (between + within), rtol=1e-10
    )
    assert "where the predictors stand" in str(found)
    assert "averaged over the rows" in str(ba.variance_shares(fit))


def test_a_constant_sigma_gives_the_shares_of_a_plain_model(clients, make_fit):
    """Where nothing predicts sigma but a constant, exp(constant) is sigma."""
    plain = make_fit(ba.Model("alliance ~ stigma + (1 + stigma | case_manager)", clients))
    model = ba.Model(["alliance ~ stigma + (1 + stigma | case_manager)", "sigma ~ 1"], clients)
    held = (
        plain.posterior.assign(
            b_sigma=(
                ("chain", "draw", "sigma_coefficient"),
                np.log(plain.posterior["sigma"].to_numpy())[..., None],
            )
        )
        .drop_vars("sigma")
        .assign_coords(sigma_coefficient=["Intercept"])
    )
    same = replace(plain.with_group(names.POSTERIOR, held), model=model)
    for verb in (ba.variance_shares, ba.bayes_r2, ba.r2_measures, ba.nakagawa_r2):
        one, other = verb(plain).table["mean"], verb(same).table["mean"]
        np.testing.assert_allclose(one, other, rtol=1e-9)
    for kind in ("mean", "outcome"):
        one, other = (ba.predict(f, kind=kind).table["mean"] for f in (plain, same))
        np.testing.assert_allclose(one, other, rtol=1e-9)
    likelihoods = (ba.with_log_likelihood(f).idata[names.LOG_LIKELIHOOD] for f in (plain, same))
    one, other = (tree["alliance"].to_numpy() for tree in likelihoods)
    np.testing.assert_allclose(one, other, rtol=1e-9)


def test_effects_on_sigma_are_those_of_the_container(fit):
    effects = ba.group_effects(fit, parameter="sigma")
    own = fit.posterior["u_case_manager"].sel(case_manager_effect="sigma_Intercept")
    np.testing.assert_allclose(effects.table["mean"], own.mean(("chain", "draw")), rtol=1e-12)
    assert effects.table["raw"].isna().all()
    assert str(effects).startswith("Effects of case_manager on sigma")
    with pytest.raises(ModelError, match="The model predicts sigma"):
        ba.group_effects(fit, parameter="nu")


def test_the_summary_says_what_a_coefficient_of_sigma_means(fit):
    ratio = float(np.exp(fit.posterior["b_sigma"][..., 1]).median())
    (first, *_) = ba.summarize(fit).notes
    assert first.startswith("With one more of stigma, the residual standard deviation is ")
    assert f"{100 * (ratio - 1):.1f}% larger" in first


@pytest.mark.parametrize("name", sorted(set(verbs_of_fits()) - set(ANSWERS) - ADDS))
def test_every_other_verb_refuses_before_any_work(fit, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError) as refused:
        verbs_of_fits()[name](fit, *ARGUMENTS.get(name, ()))
    asked, found, what_to_do = refused.value.sentences
    assert name in str(asked)
    assert "differs from row to row" in str(found)
    assert "summarize" in str(what_to_do)
    assert not list(tmp_path.iterdir())


def test_groups_are_not_left_out_where_sigma_has_effects(fit):
    with pytest.raises(ModelError, match="cannot be integrated out"):
        ba.compare([fit, fit], by="group")


def test_the_collapsed_engine_says_why_not(fit):
    with pytest.raises(ba.SamplingError, match="it predicts sigma"):
        ba.sample(fit.model, engine="collapsed")
