"""What is asked of a fit whose model predicts sigma: an answer, or a refusal that names others."""

import inspect

import numpy as np
import pytest
from scipy import stats

import bayes_alliance as ba
from bayes_alliance import names
from bayes_alliance.errors import ModelError
from bayes_alliance.sampling.fit import FOR_PREDICTED
from bayes_alliance.sampling.linear_predictor import draw_blocks, evaluate
from bayes_alliance.sampling.location import location_of

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
}
ADDS = {"with_log_likelihood", "with_predictive", "with_prior", "with_prior_predictive"}
ARGUMENTS = {
    "hypothesis": ("b[stigma] > 0",),
    "point_bayes_factor": ("b[stigma]",),
    "simple_slopes": ("stigma",),
    "group_slopes": ("stigma",),
    "share_curve": ("stigma",),
    "slopes": ("stigma",),
    "contrast": ({"stigma": [1, 2]},),
    "grid": (),
    "predict": (),
    "write_report": ("report.html",),
}
KEYWORDS = {"simple_slopes": {"by": "stigma"}}


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


@pytest.mark.parametrize("name", ANSWERS)
def test_a_verb_answers(fit, name):
    assert ANSWERS[name](fit) is not None


@pytest.mark.parametrize("name", sorted(set(verbs_of_fits()) - set(ANSWERS) - ADDS))
def test_every_other_verb_refuses_before_any_work(fit, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError) as refused:
        verbs_of_fits()[name](fit, *ARGUMENTS.get(name, ()), **KEYWORDS.get(name, {}))
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
