"""Mistakes that once gave a number, or gave a client away, without a word."""

from __future__ import annotations

import io
import json
import zipfile

import numpy as np
import pandas as pd
import pytest

import bayes_alliance as ba


@pytest.fixture(scope="module")
def clients() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    manager = np.repeat(np.arange(12), 8)
    frame = pd.DataFrame(
        {
            "x": rng.normal(5, 2, 96),
            "setting": np.where(rng.random(96) < 0.5, "clinic", "home"),
            "g": [f"P{k:02d}" for k in manager],
            "solo": [f"S{k // 2:02d}" if k > 1 else f"ONE{k}" for k in range(96)],
            "same": "all",
            "day": pd.Timestamp("2026-01-01"),
        }
    )
    return frame.assign(y=520 + 2 * frame["x"] + rng.normal(0, 3, 96))


def test_an_offset_on_both_sides_changes_no_prior(clients):
    shifted = clients.assign(off=1000.0 + clients["x"], y=clients["y"] + 1000 + clients["x"])
    plain = ba.Model("y ~ x + (1 | g)", clients)
    with_offset = ba.Model("y ~ x + offset(off) + (1 | g)", shifted)
    for own, other in zip(with_offset.priors.entries, plain.priors.entries, strict=True):
        # Taking 1,000 off again rounds.
        assert own.prior.arguments == pytest.approx(other.prior.arguments, rel=1e-11)
        assert own.stands == other.stands


def test_cell_means_are_where_the_outcome_is(clients):
    table = ba.Model("y ~ 0 + setting + (1 | g)", clients).priors
    locations = [table.coefficient_prior(place).arguments[0] for place in (0, 1)]
    assert locations == pytest.approx([clients["y"].mean()] * 2, rel=1e-9)


def test_cell_means_and_intercept_give_the_same_posterior(clients):
    cells = ba.sample(ba.Model("y ~ 0 + setting + (1 | g)", clients), seed=1).posterior["b"]
    usual = ba.sample(ba.Model("y ~ setting + (1 | g)", clients), seed=1).posterior["b"]
    home = usual.sel(coefficient="Intercept") + usual.sel(coefficient="setting[home]")
    ours = float(cells.sel(coefficient="setting[home]").mean())
    # The priors are the same; a tenth of the posterior sd is four Monte Carlo errors.
    assert ours == pytest.approx(float(home.mean()), abs=0.1 * float(home.std()))


def test_nothing_with_a_number_a_row_is_kept_without_data(clients, tmp_path):
    fit = ba.sample(ba.Model("y ~ x + (1 | g)", clients), seed=1, draws=50, tune=200)
    fit = ba.with_prior_predictive(ba.with_predictive(ba.with_log_likelihood(fit)))
    kept = ba.load_fit(fit.save(tmp_path / "a.fit", data=False)).idata
    assert all("row" not in group.dims for group in kept.children.values())
    assert "posterior" in kept.children


def test_the_mean_of_a_group_of_one_is_not_kept_without_data(clients, tmp_path):
    model = ba.Model("y ~ within(x, solo) + (1 | g)", clients)
    fit = ba.sample(model, seed=1, draws=50, tune=200)
    path = fit.save(tmp_path / "a.fit", data=False)
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
        saved = json.loads(archive.read("fit.json"))
    text = json.dumps(saved["model"]["predictors"][0]["part"]["learnt"])
    assert repr(float(clients["x"][0])) not in text
    again = ba.load_fit(path, data=clients)
    np.testing.assert_array_equal(again.model.design.X, model.design.X)


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("y ~ log(x - 5) + (1 | g)", "has no finite value"),
        ("y ~ 1 + (1 + sqrt(x - 5) | g)", "has no finite value"),
        ("y ~ same + (1 | g)", "has one value only"),
        ("y ~ day + (1 | g)", "holds dates or times"),
    ],
)
def test_predictors_that_give_nothing_are_refused(clients, formula, said):
    with pytest.raises(ba.DataError, match=said):
        ba.Model(formula, clients)


def test_numbers_in_an_object_column_stay_numbers(clients):
    model = ba.Model("y ~ x + (1 | g)", clients.assign(x=clients["x"].astype(object)))
    assert model.design.coefficients == ("Intercept", "x")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"priors": {"b": 5}}, "priors is"),
        ({"centred": "yes"}, "centred is"),
        ({"data": {"y": [1]}}, "data is a dict"),
        ({"formula": None}, "formula is None"),
    ],
)
def test_arguments_of_the_wrong_type_are_said_in_words(clients, options, said):
    with pytest.raises(ba.AllianceError, match=said):
        ba.Model(**{"formula": "y ~ x + (1 | g)", "data": clients, **options})


@pytest.fixture(scope="module")
def sloping(clients) -> ba.Fit:
    return ba.sample(ba.Model("y ~ x + (1 + x | g)", clients), seed=1, draws=50, tune=200)


@pytest.mark.parametrize("at", [{"x": 0, "xx": 3}, {"x": float("nan")}, "mean"])
def test_shares_are_asked_for_at_values_that_mean_something(sloping, at):
    with pytest.raises(ba.ModelError):
        ba.variance_shares(sloping, at=at)


def test_shares_of_a_centred_slope_depend_on_its_own_value(clients):
    model = ba.Model("y ~ x + (1 + within(x, g) | g)", clients)
    fit = ba.sample(model, seed=1, draws=50, tune=200)
    near, far = (
        float(ba.variance_shares(fit, at={"within(x, g)": v}).table.loc["g", "mean"])
        for v in (0, 50)
    )
    assert far > near
    beside = ba.variance_shares(fit).beside
    assert beside.at == {"within(x, g)": 0}


def test_anonymity_is_not_promised_where_names_are_coefficients(clients, tmp_path):
    fit = ba.sample(ba.Model("y ~ g + (1 | g)", clients), seed=1, draws=50, tune=200)
    with pytest.raises(ba.ModelError, match="a predictor too"):
        ba.write_report(fit, tmp_path / "a.html")
