"""Parameters of a family with a formula of their own: read, built, given priors, put into PyMC."""

import numpy as np
import pandas as pd
import pytest

import bayes_alliance as ba
from bayes_alliance.errors import ModelError
from bayes_alliance.model.group_design import Effect
from bayes_alliance.model.saved import model_from_json, model_to_json

LINES = [
    "alliance ~ stigma + (1 + stigma |m| case_manager)",
    "sigma ~ stigma + (1 |m| case_manager)",
]


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(4)
    group = np.repeat(np.arange(12), 8)
    stigma = rng.normal(2.5, 0.8, len(group))
    sigma = np.exp(0.5 + 0.2 * stigma)
    alliance = 50 - stigma + rng.normal(size=12)[group] + sigma * rng.normal(size=len(group))
    return pd.DataFrame(
        {"alliance": alliance, "stigma": stigma, "case_manager": [f"M{k}" for k in group]}
    )


@pytest.fixture(scope="module")
def model(table):
    return ba.Model(LINES, table)


def test_every_effect_says_what_it_is_part_of(model):
    (group,) = model.design.groups
    assert group.effects == ("Intercept", "stigma", "sigma_Intercept")
    assert group.varying[2] == Effect(
        outcome="alliance", parameter="sigma", coefficient="Intercept"
    )
    assert group.blocks == ((0, 1, 2),)
    assert [own.parameter for own in model.design.predictors] == ["mu", "sigma"]
    assert model.design.predicted[0].coefficients == ("Intercept", "stigma")
    assert model.predicted == ("sigma",)
    assert model.family.parameters == ()


@pytest.mark.parametrize(
    ("lines", "blocks", "effects"),
    [
        (["(1 | g)", "(1 | g)"], ((0,), (1,)), ("Intercept", "sigma_Intercept")),
        (["(1 |m| g)", "(1 |k| g)"], ((0,), (1,)), ("Intercept", "sigma_Intercept")),
        (["(1 |m| g)", "(1 |m| g)"], ((0, 1),), ("Intercept", "sigma_Intercept")),
        (
            ["(1 |m| g) + (0 + x || g)", "(1 + x |m| g)"],
            ((0, 1, 2), (3,)),
            ("Intercept", "sigma_Intercept", "sigma_x", "x"),
        ),
        (["x", "(1 | g)"], ((0,),), ("sigma_Intercept",)),
    ],
)
def test_effects_of_one_name_between_bars_are_one_block(lines, blocks, effects):
    rng = np.random.default_rng(1)
    table = pd.DataFrame(rng.normal(size=(24, 2)), columns=["y", "x"]).assign(g=[*"abcdef"] * 4)
    model = ba.Model([f"y ~ {lines[0]}", f"sigma ~ {lines[1]}"], table)
    assert model.design.groups[0].blocks == blocks
    assert model.design.groups[0].effects == effects
    assert model.centring == {"g": "non-centred"}


def test_the_order_of_the_formulas_makes_no_difference(table, model):
    turned = ba.Model(LINES[::-1], table)
    assert turned.design.groups[0].varying == model.design.groups[0].varying
    assert turned.priors.strings == model.priors.strings


def test_columns_of_one_predictor_are_not_freed_from_those_of_another(table):
    lines = ["alliance ~ (1 + stigma |m| case_manager)", "sigma ~ (1 + stigma |m| case_manager)"]
    basis = ba.Model(lines, table).priors.basis.effects["case_manager"]
    mean = table["stigma"].mean()
    own = np.array([[1.0, mean], [0.0, 1.0]])
    np.testing.assert_allclose(basis.to_working, np.kron(np.eye(2), own))


def test_default_priors_stand_on_the_scale_of_the_link(table, model):
    scale = table["alliance"].std()
    priors = {entry.key: entry for entry in model.priors.entries}
    assert priors["b_sigma[Intercept]"].prior.arguments == pytest.approx((np.log(scale), 1.25))
    assert priors["b_sigma[Intercept]"].stands == "at the means"
    assert priors["b_sigma[stigma]"].prior.arguments == pytest.approx(
        (0.0, 1.25 / table["stigma"].std())
    )
    assert priors["sd_case_manager[sigma_Intercept]"].prior.arguments == pytest.approx((3, 0.25))
    assert "sigma" not in priors


def test_another_unit_of_the_outcome_moves_the_prior_of_sigma_alone(table, model):
    moved = ba.Model(LINES, table.assign(alliance=100 * table["alliance"]))
    one, other = (m.priors.of("b_sigma") for m in (model, moved))
    assert other[0].arguments[0] - one[0].arguments[0] == pytest.approx(np.log(100))
    assert other[1] == one[1]


def test_priors_of_the_user_are_taken(table):
    given = {"b_sigma": "Normal(0, 0.3)", "sd_case_manager[sigma_Intercept]": "HalfNormal(0.2)"}
    model = ba.Model(LINES, table, priors=given)
    chosen = {entry.key for entry in model.priors.entries if entry.chosen}
    assert chosen == {"b_sigma[stigma]", "sd_case_manager[sigma_Intercept]"}


def test_an_aliased_column_of_sigma_is_left_out_and_named(table):
    lines = ["alliance ~ stigma", "sigma ~ stigma + five"]
    model = ba.Model(lines, table.assign(five=5.0))
    assert model.design.aliased == ("sigma_five",)
    assert model.design.predicted[0].coefficients == ("Intercept", "stigma")


def test_student_predicts_its_degrees_of_freedom_too(table):
    model = ba.Model(["alliance ~ stigma", "sigma ~ stigma", "nu ~ 1"], table, family="student")
    assert model.predicted == ("sigma", "nu")
    assert {"b_sigma", "b_nu"} <= set(model.priors.variables)


REFUSED = {
    "two outcomes": (["alliance ~ 1", "stigma ~ 1"], "gaussian", "explains one outcome"),
    "no outcome": (["sigma ~ 1", "sigma ~ stigma"], "gaussian", "None explains an outcome"),
    "twice": (["alliance ~ 1", "sigma ~ 1", "sigma ~ stigma"], "gaussian", "More than one"),
    "not of the family": (["alliance ~ 1", "sigma ~ 1"], "poisson", "No parameter of this family"),
    "thresholds": (["alliance ~ 1", "cutpoint ~ 1"], "cumulative", "No parameter of this family"),
    "known errors": (["alliance | se(stigma) ~ 1", "sigma ~ 1"], "gaussian", "errors of the out"),
    "none": ([], "gaussian", "0 formulas"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_predicted_is_refused_by_name(table, name):
    lines, family, said = REFUSED[name]
    with pytest.raises(ModelError, match=said):
        ba.Model(lines, table, family=family)


def test_a_scanned_table_is_refused(table, tmp_path):
    path = tmp_path / "clients.parquet"
    table.to_parquet(path)
    with pytest.raises(ModelError, match="It predicts sigma"):
        ba.Model(LINES, ba.scan_table(path))


def test_a_model_is_written_and_read_again(table, model):
    again = model_from_json(model_to_json(model), model.frame.rows, model.frame.positions)
    assert again.formula == model.formula
    assert again.priors == model.priors
    assert again.design.groups[0].varying == model.design.groups[0].varying
    np.testing.assert_array_equal(again.design.predicted[0].X, model.design.predicted[0].X)


def test_what_it_learnt_holds_for_new_rows(model):
    rows = pd.DataFrame({"stigma": [1.0, 2.0], "case_manager": ["M3", "new"]})
    new = model.rebuild_design(rows)
    X, offset = new.predicted["sigma"]
    np.testing.assert_array_equal(X, [[1, 1], [1, 2]])
    np.testing.assert_array_equal(offset, 0.0)
    assert new.index["case_manager"].tolist()[1] == -1


def test_a_file_of_the_library_may_have_several_formulas(table, tmp_path, monkeypatch):
    from bayes_alliance.model import library

    (tmp_path / "varying_sigma.toml").write_text(
        'question = "?"\nreference = ""\nfamily = "gaussian"\n'
        'formula = ["y ~ x + (1 |m| g)", "sigma ~ x + (1 |m| g)"]\n'
        '[columns]\ny = "outcome"\nx = "predictor"\ng = "group"\n'
    )
    monkeypatch.setattr(library, "_INSTALLED", tmp_path)
    columns = {"y": "alliance", "x": "stigma", "g": "case_manager"}
    model = ba.load_model("varying_sigma", data=table, columns=columns)
    assert model.formula.lines[1] == "sigma ~ stigma + (1 |m| case_manager)"
    assert "sigma ~ x" in ba.list_models().table.loc["varying_sigma", "formula"]


def by_hand(table):
    """Write the model of the test below in PyMC, with nothing of this package."""
    import pymc as pm
    import pytensor.tensor as pt

    group = pd.factorize(table["case_manager"])[0]
    x = table["stigma"].to_numpy()
    with pm.Model() as built:
        b = pm.Normal("b", [50.0, 0.0], [10.0, 5.0], shape=2)
        b_sigma = pm.Normal("b_sigma", [0.0, 0.0], [1.0, 0.5], shape=2)
        sd = pm.HalfNormal("sd_case_manager", [2.0, 0.5], shape=2)
        half = pm.Beta("half_case_manager_0", 3.0, 3.0)
        z = pm.Normal("standard_case_manager_0", shape=(12, 2))
        rho = 2 * half - 1
        u = sd[0] * z[:, 0]
        v = sd[1] * (rho * z[:, 0] + pt.sqrt(1 - rho**2) * z[:, 1])
        mean = b[0] + b[1] * x + u[group]
        scale = pt.exp(b_sigma[0] + b_sigma[1] * x + v[group])
        pm.StudentT("y", nu=7.0, mu=mean, sigma=scale, observed=table["alliance"].to_numpy())
    return built


@pytest.mark.slow
def test_the_density_is_that_of_a_model_written_by_hand(table):
    priors = {
        "b[Intercept]": "Normal(50, 10)",
        "b[stigma]": "Normal(0, 5)",
        "b_sigma[Intercept]": "Normal(0, 1)",
        "b_sigma[stigma]": "Normal(0, 0.5)",
        "sd_case_manager[Intercept]": "HalfNormal(2)",
        "sd_case_manager[sigma_Intercept]": "HalfNormal(0.5)",
        "cor_case_manager": "LKJ(3)",
    }
    lines = ["alliance ~ stigma + (1 |m| case_manager)", LINES[1]]
    model = ba.Model(lines, table, "student", {**priors, "nu": "Uniform(6.999, 7.001)"})
    own, hand = model.pymc, by_hand(table)
    assert {rv.name for rv in own.free_RVs} - {"nu"} == {rv.name for rv in hand.free_RVs}
    rng = np.random.default_rng(3)
    own_density, density = (m.compile_logp(jacobian=False) for m in (own, hand))
    differences = []
    for _ in range(4):
        start = hand.initial_point()
        point = {name: v + 0.2 * rng.normal(size=np.shape(v)) for name, v in start.items()}
        middle = {name: v for name, v in own.initial_point().items() if name.startswith("nu")}
        differences.append(own_density({**point, **middle}) - density(point))
    assert np.ptp(differences) < 1e-6 * abs(np.mean(differences)) + 1e-3
    wrong = density({**point, "b_sigma": point["b_sigma"] + 0.1})
    assert abs(wrong - density(point)) > 0.1
