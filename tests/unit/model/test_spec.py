"""The public face of a model: what it shows, and that it can be trusted not to change."""

import dataclasses

import numpy as np
import pytest

from bayes_alliance.errors import DataError, ModelError
from bayes_alliance.model.spec import Model


@pytest.fixture
def model(clients):
    return Model("alliance ~ stigma + (1 + stigma | manager)", clients)


def test_it_shows_its_parts(model):
    table = model.table[""]
    assert table["formula"] == "alliance ~ stigma + (1 + stigma | manager)"
    assert table["family"] == "gaussian (identity)"
    assert table["rows"] == "48 of 48"
    assert table["manager"] == "4 groups; varying: Intercept, stigma"
    assert repr(model) == ("Model('alliance ~ stigma + (1 + stigma | manager)', 48 rows, gaussian)")
    for text in (str(model), model._repr_html_()):
        assert "sd_manager[stigma]" in text


def test_it_cannot_be_changed(model):
    with pytest.raises(dataclasses.FrozenInstanceError):
        model.link = "log"


def test_later_changes_to_the_table_do_not_reach_it(clients):
    model = Model("alliance ~ stigma", clients)
    y, X = model.frame.y.copy(), model.design.X.copy()
    clients.loc[:, "alliance"] = 0.0
    clients.loc[:, "stigma"] = 9.0
    np.testing.assert_array_equal(model.frame.y, y)
    np.testing.assert_array_equal(model.design.X, X)
    assert (model.frame.rows["stigma"] != 9.0).all()


def test_new_rows_in_all_parts_at_once(clients):
    model = Model("alliance ~ setting + offset(age) + (1 + stigma | manager)", clients)
    rows = clients.iloc[[4, 9]].assign(manager=["m3", "somebody new"])
    design = model.rebuild_design(rows.drop(columns="alliance"))
    np.testing.assert_array_equal(design.X, model.design.X[[4, 9]])
    np.testing.assert_array_equal(design.offset, rows["age"])
    np.testing.assert_array_equal(design.Z["manager"], model.design.group("manager").Z[[4, 9]])
    np.testing.assert_array_equal(design.index["manager"], [2, -1])


def test_ordinal_new_rows_have_no_intercept_either(clients):
    model = Model("rating ~ stigma + setting", clients, family="cumulative")
    assert model.design.coefficients == ("stigma", "setting[home]", "setting[ward]")
    np.testing.assert_array_equal(model.rebuild_design(clients).X, model.design.X)


@pytest.mark.parametrize("column", ["sigma", "b", "chain", "row", "nu", "residual"])
def test_reserved_names(column, clients):
    with pytest.raises(DataError, match=r"uses that name for one of its own|use that name"):
        Model(f"alliance ~ (1 | {column})", clients.rename(columns={"manager": column}))
    with pytest.raises(DataError, match="use that name"):
        Model(f"{column} ~ stigma", clients.rename(columns={"alliance": column}))


def test_an_outcome_named_like_a_groups_variable(clients):
    with pytest.raises(DataError, match="sd_manager"):
        Model("sd_manager ~ (1 | manager)", clients.rename(columns={"alliance": "sd_manager"}))


def test_swapping_formula_and_priors_is_noticed(clients):
    with pytest.raises(ModelError, match="The keys are"):
        Model("alliance ~ stigma", clients, priors={"alliance": "Normal(0, 1)"})


def test_a_model_is_built_without_pymc(clients):
    """Building reads and checks; the heavy libraries are for sampling."""
    import subprocess
    import sys

    code = (
        "import sys, pandas as pd, bayes_alliance as ba;"
        "t = pd.DataFrame({'y': [1.0, 2, 4, 3], 'x': [0.0, 1, 0, 2], 'g': list('aabb')});"
        "m = ba.Model('y ~ x + (1 + x | g)', t); str(m); m.data_report;"
        "bad = {'pymc', 'pytensor', 'numba', 'nutpie', 'arviz', 'matplotlib'} & set(sys.modules);"
        "assert not bad, bad"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=60)
