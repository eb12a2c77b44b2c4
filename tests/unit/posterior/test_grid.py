"""Grids of made-up rows: what is stated, what is typical, what is refused."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

import bayes_alliance as ba
from bayes_alliance.sampling.fit import Fit


@pytest.fixture(scope="module")
def setting_fit(clients: pd.DataFrame, make_fit: Callable[..., Fit]) -> Fit:
    """Numbers, a text column, a yes or no, and a number that stands for categories."""
    rng = np.random.default_rng(2)
    data = clients.assign(
        setting=rng.choice(["ward", "home", "clinic"], len(clients)),
        trained=rng.random(len(clients)) < 0.3,
        site=rng.integers(3, 6, len(clients)),
    )
    formula = "alliance ~ stigma + setting + trained + C(site) + (1 | agency/case_manager)"
    return make_fit(ba.Model(formula, data))


def test_stated_values_are_crossed(setting_fit: Fit) -> None:
    rows = ba.grid(setting_fit, setting=["ward", "home"], stigma=[1, 2.5])
    assert rows["setting"].tolist() == ["ward", "ward", "home", "home"]
    assert rows["stigma"].tolist() == [1, 2.5, 1, 2.5]


def test_the_rest_is_typical(setting_fit: Fit) -> None:
    rows = ba.grid(setting_fit)
    data = setting_fit.model.frame.rows
    assert len(rows) == 1
    assert rows["stigma"][0] == pytest.approx(data["stigma"].mean())
    assert rows["setting"][0] == "clinic"
    assert rows["trained"][0] == pytest.approx(data["trained"].mean())
    assert rows["site"][0] == 3
    assert "agency" not in rows


def test_names_alone_spread(setting_fit: Fit) -> None:
    data = setting_fit.model.frame.rows
    rows = ba.grid(setting_fit, "stigma")
    assert len(rows) == 25
    assert rows["stigma"].min() == data["stigma"].min()
    assert rows["stigma"].max() == data["stigma"].max()
    rows = ba.grid(setting_fit, "site", "setting", "trained")
    assert len(rows) == 3 * 3 * 2
    assert rows["site"].unique().tolist() == [3, 4, 5]


def test_groups_can_be_stated(setting_fit: Fit) -> None:
    rows = ba.grid(setting_fit, agency="A01", case_manager=["M004", "M005"])
    assert rows["agency"].tolist() == ["A01", "A01"]
    found = ba.predict(setting_fit, rows, target="same")
    assert len(found.table) == 2


def test_columns_with_other_names(clients: pd.DataFrame, make_fit: Callable[..., Fit]) -> None:
    data = clients.rename(columns={"stigma": "felt stigma"})
    fit = make_fit(ba.Model("alliance ~ `felt stigma` + (1 | case_manager)", data))
    rows = ba.grid(fit, values={"felt stigma": np.array([1.0, 2.0])})
    assert rows["felt stigma"].tolist() == [1.0, 2.0]
    assert len(ba.predict(fit, rows).table) == 2


def test_a_prediction_on_the_grid_is_one_on_such_rows(setting_fit: Fit) -> None:
    rows = ba.grid(setting_fit, setting="home", stigma=3.0)
    own = pd.DataFrame(
        {"setting": ["home"], "stigma": [3.0], "trained": rows["trained"], "site": [3]}
    )
    on_grid, on_rows = (ba.predict(setting_fit, data).table["mean"][0] for data in (rows, own))
    assert on_grid == on_rows


def test_a_fit_without_rows_needs_values(null_fit: Fit, slopes_fit: Fit, tmp_path) -> None:
    bare = ba.load_fit(slopes_fit.save(tmp_path / "bare.fit", data=False))
    with pytest.raises(ba.SamplingError, match="State the values"):
        ba.grid(bare, "stigma")
    typical = ba.grid(bare)
    pd.testing.assert_frame_equal(typical, ba.grid(slopes_fit))


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"stigmaa": 1}, ba.DataError, "Did you mean 'stigma'"),
        ({"setting": ["wards"]}, ba.DataError, "not seen wards. Did you mean 'ward'"),
        ({"site": 9}, ba.DataError, "not seen 9"),
        ({"stigma": []}, ba.DataError, "There is none"),
        ({"stigma": range(2000), "trained": range(2000)}, ba.ModelError, "4000000 rows"),
    ],
)
def test_what_makes_no_grid(setting_fit: Fit, options, error, words: str) -> None:
    with pytest.raises(error, match=words):
        ba.grid(setting_fit, **options)
