"""The model library: every file is whole, and its words become the user's columns."""

import tomllib
from pathlib import Path

import pytest

from bayes_alliance.data.examples import load_example
from bayes_alliance.errors import DataError, ModelError
from bayes_alliance.model.library import list_models, load_model

NAMES = ["null", "stigma", "stigma_slopes", "within_between"]
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def study():
    return load_example("simulated_study")


def test_the_list_says_what_each_is_for():
    models = list_models()
    assert list(models.table.index) == NAMES
    assert list(models.table.columns) == ["question", "formula", "family"]
    for entry in models.models:
        assert entry.question.endswith("?")
        assert entry.columns
    assert "stigma_slopes" in str(models)
    assert "stigma_slopes" in models._repr_html_()


def test_every_reference_is_in_the_bibliography():
    bibliography = (ROOT / "docs" / "references.bib").read_text(encoding="utf-8")
    for entry in list_models().models:
        assert f"{{{entry.reference}," in bibliography


@pytest.mark.parametrize("name", NAMES)
def test_files_have_the_known_keys_only(name):
    content = tomllib.loads((ROOT / "models" / f"{name}.toml").read_text(encoding="utf-8"))
    known = {"question", "formula", "family", "reference", "columns", "priors"}
    assert {"question", "formula", "family", "reference", "columns"} <= set(content) <= known


@pytest.mark.parametrize("name", NAMES)
def test_each_fits_the_example_as_it_stands(name, study):
    model = load_model(name, data=study)
    assert model.question.name == name
    assert model.groups == ("case_manager",)
    assert len(model.frame.y) == 160


def test_random_slopes_have_slopes(study):
    group = load_model("stigma_slopes", data=study).design.group("case_manager")
    assert group.effects == ("Intercept", "stigma")
    assert group.pairs == ((0, 1),)


def test_columns_are_mapped_and_groups_follow(study):
    renamed = study.rename(
        columns={"alliance": "wai_total", "stigma": "Link scale (mean)", "case_manager": "cm"}
    )
    columns = {"alliance": "wai_total", "stigma": "Link scale (mean)", "case_manager": "cm"}
    model = load_model("stigma_slopes", data=renamed, columns=columns)
    assert model.formula.text == (
        "wai_total ~ `Link scale (mean)` + (1 + `Link scale (mean)` | cm)"
    )
    assert model.outcome == "wai_total"
    assert model.groups == ("cm",)
    assert model.design.coefficients == ("Intercept", "Link scale (mean)")
    assert "sd_cm" in model.priors.variables
    own = load_model("stigma_slopes", data=study)
    assert [e.prior for e in own.priors.entries] == [e.prior for e in model.priors.entries]


def test_within_and_between_follow_too(study):
    renamed = study.rename(columns={"case_manager": "case manager"})
    model = load_model("within_between", data=renamed, columns={"case_manager": "case manager"})
    assert model.groups == ("case manager",)
    means = renamed.groupby("case manager")["stigma"].transform("mean")
    assert (abs(model.design.X[:, 2] - means) < 1e-12).all()


def test_priors_are_in_the_users_words(study):
    renamed = study.rename(columns={"case_manager": "cm"})
    model = load_model(
        "null", data=renamed, columns={"case_manager": "cm"}, priors={"sd_cm": "HalfNormal(3)"}
    )
    assert [str(p) for p in model.priors.of("sd_cm")] == ["HalfNormal(3)"]


def test_another_family(study):
    assert load_model("null", data=study, family="student").family.name == "student"


def test_an_unknown_model_offers_a_close_one(study):
    with pytest.raises(ModelError, match="Did you mean 'stigma_slopes'") as caught:
        load_model("stigma_slope", data=study)
    assert "null, stigma" in str(caught.value)


def test_an_unknown_word_offers_a_close_one(study):
    with pytest.raises(ModelError, match="Did you mean 'alliance'"):
        load_model("null", data=study, columns={"aliance": "wai"})


def test_a_missing_column_tells_how_to_name_it(study):
    with pytest.raises(DataError) as caught:
        load_model("stigma", data=study.rename(columns={"stigma": "stigma_mean"}))
    message = str(caught.value)
    assert "needs a column for 'stigma': perceived stigma" in message
    assert "Did you mean 'stigma_mean'?" in message
    assert "columns={'stigma': 'your_column'}" in message
    assert "--column" not in message
    assert "--column stigma=your_column" in caught.value.said_in("command line")
