"""What a model makes of its columns, and the code its errors advise: it has to run."""

import json
import threading

import numpy as np
import pandas as pd
import pytest

import bayes_alliance as ba
from bayes_alliance.model.expression import describe
from bayes_alliance.model.families.registry import FAMILIES
from bayes_alliance.model.formula import parse_formula
from bayes_alliance.model.plain_columns import number_categories, with_categories


def advised(error, before, names):
    """Run the code that stands behind some words of an error's last sentence."""
    code = str(error).partition(before)[2]
    code = code[: code.rindex(")") + 1]
    return eval(code, names)


def file_with(folder, **columns):
    path = folder / "table.csv"
    pd.DataFrame(columns).to_csv(path, index=False)
    return ba.read_table(path)


@pytest.fixture
def table(tmp_path):
    rng = np.random.default_rng(1)
    return file_with(
        tmp_path,
        y=rng.normal(size=24).round(4),
        score=["3", "3.0", "2", "1.5", "4", "5"] * 4,
        site=["3.1", "3.10", "2", "7"] * 6,
    )


def test_numbers_that_stayed_text_are_numbers_for_a_model(table):
    assert table["score"].dtype == "str"
    numbers = table.assign(score=table["score"].astype(float))
    formula = "y ~ score + I(score**2) + within(score, site) + (1 + score | site)"
    found, plain = ba.Model(formula, table), ba.Model(formula, numbers)
    np.testing.assert_array_equal(found.design.X, plain.design.X)
    assert found.design.groups[0].labels == ("2", "3.1", "3.10", "7")
    new = found.rebuild_design(table.iloc[:5])
    np.testing.assert_array_equal(new.X, plain.design.X[:5])
    np.testing.assert_array_equal(new.index["site"], plain.design.groups[0].index[:5])
    outcome = ba.Model("score ~ y + (1 | site)", table)
    np.testing.assert_array_equal(outcome.frame.y, numbers["score"])


def test_categories_and_ids_keep_their_text(table):
    model = ba.Model("y ~ C(score) + (1 | site)", table)
    assert "C(score)[3.0]" in model.design.coefficients
    assert len(model.design.coefficients) == 6


def test_a_number_and_an_id_in_one_is_refused_with_code_that_runs(table):
    with pytest.raises(ba.DataError, match="was to be a number and to name groups too") as caught:
        ba.Model("y ~ score + (1 | score)", table)
    better = advised(caught.value, "for example ", {"data": table})
    ba.Model("y ~ `score as number` + (1 | score)", better)


def test_an_id_that_is_a_number_too_keeps_one_label(tmp_path):
    rng = np.random.default_rng(2)
    table = file_with(tmp_path, y=rng.normal(size=24), dose=["1.50", "2.50", "3.25"] * 8)
    model = ba.Model("y ~ dose + (1 | dose)", table)
    assert model.design.groups[0].labels == ("1.5", "2.5", "3.25")
    new = model.rebuild_design(table.iloc[:3])
    assert new.index["dose"].tolist() == [0, 1, 2]
    centred = ba.Model("y ~ dose + between(x, dose)", table.assign(x=np.arange(24.0)))
    assert centred.rebuild_design(table.assign(x=0.0)).X[0, 2] == centred.design.X[0, 2]


ADVICE = [
    ("bernoulli", ["yes", "no", "yes"], "for example ", [1, 0, 1]),
    ("bernoulli", pd.Categorical([1, 2, 1]), "for example ", [0, 1, 0]),
    ("gaussian", ["1.5", "2", "3"], "convert them with ", [1.5, 2, 3]),
    ("gaussian", pd.Categorical([3, 1, 2]), "convert them with ", [3, 1, 2]),
    ("cumulative", ["low", "high", "low"], "then use it: ", [0, 1, 0]),
    ("cumulative", pd.Categorical(["low", "high"]), "then use it: ", [0, 1]),
    ("cumulative", pd.Categorical(["b", "a"], categories=["b", "a"]), "their order: ", [0, 1]),
]


@pytest.mark.parametrize("name", ["score", "a score", "it's", 'say "so"'])
@pytest.mark.parametrize(("family", "values", "before", "expected"), ADVICE)
def test_advised_code_runs_and_helps(family, values, before, expected, name):
    data = pd.DataFrame({name: values})
    with pytest.raises(ba.DataError) as caught:
        FAMILIES[family].coded(data[name])
    assert "['high', 'low']" not in str(caught.value)  # the alphabet is nobody's order
    better = advised(caught.value, before, {"data": data, "order": ["low", "high"]})
    assert FAMILIES[family].coded(better[name])[0].tolist() == expected


def test_no_code_is_advised_where_none_helps():
    data = pd.DataFrame({"score": ["low", "high"]})
    with pytest.raises(ba.DataError, match="Code it as numbers, one for each answer"):
        FAMILIES["gaussian"].coded(data["score"])
    many = pd.DataFrame({"score": [f"level {k}" for k in range(30)]})
    with pytest.raises(ba.DataError, match="or an ordered pandas Categorical"):
        FAMILIES["cumulative"].coded(many["score"])


@pytest.mark.parametrize(("name", "written"), [("y", "y"), ("a score", "`a score`")])
def test_the_code_for_a_transformed_outcome_runs(name, written):
    data = pd.DataFrame({name: [1.0, 2.0]})
    with pytest.raises(ba.ModelError) as caught:
        parse_formula(f"log({written}) ~ 1")
    code = str(caught.value).partition("for example with ")[2].rstrip(".")
    names = {"data": data}
    exec(code, names)
    assert names["data"][f"log_{name}"].tolist() == [0.0, np.log(2)]


@pytest.mark.parametrize(("formula", "name"), [("sigma ~ x", "sigma"), ("y ~ (1 | `a/b`)", "a/b")])
def test_the_code_for_a_name_that_is_taken_runs(formula, name):
    data = pd.DataFrame({"y": np.arange(6.0), "x": np.arange(6.0) % 4, "a/b": [1, 1, 2, 2, 3, 3]})
    data = data.rename(columns={"y": name}) if name == "sigma" else data
    with pytest.raises(ba.DataError) as caught:
        ba.Model(formula, data)
    better = advised(caught.value, "for example with ", {"data": data})
    assert name not in better.columns
    assert len(better.columns) == len(data.columns)


@pytest.mark.parametrize("call", ["within", "between"])
@pytest.mark.parametrize("kind", ["str", "category", "object"])
def test_categories_have_no_group_mean(call, kind):
    data = pd.DataFrame({"y": np.arange(8.0), "g": [1, 2] * 4, "f": ["in care", "out"] * 4})
    with pytest.raises(ba.ModelError, match="holds categories, such as 'out'") as caught:
        ba.Model(f"y ~ {call}(f, g) + (1 | g)", data.astype({"f": kind}))
    sentences = str(caught.value)
    better = advised(sentences.partition(", and write")[0], "for example ", {"data": data})
    formula = sentences.partition("and write ")[2].rstrip(".")
    assert formula == f"{call}(is_out, g)"
    ba.Model(f"y ~ {formula} + (1 | g)", better)


def test_a_group_of_group_means_is_a_column():
    data = pd.DataFrame({"y": np.arange(8.0), "g": [1, 2] * 4, "x": np.arange(8)})
    with pytest.raises(ba.ModelError, match=r"The group, I\(g\), is no column"):
        ba.Model("y ~ within(x, I(g))", data)


def test_labels_of_coded_numbers_do_not_depend_on_their_type():
    data = pd.DataFrame({"y": np.arange(9.0), "wave": [1, 2, 3] * 3})
    for kind in ("int8", "float64", "Int64", "object"):
        model = ba.Model("y ~ C(wave) + wave", data.astype({"wave": kind}))
        assert "C(wave)[2]" in model.design.coefficients


def test_complex_numbers_are_no_predictor():
    data = pd.DataFrame({"y": np.arange(4.0), "x": np.arange(4) + 1j})
    with pytest.raises(ba.DataError, match="complex numbers"):
        ba.Model("y ~ x", data)


def test_calls_are_compared_and_the_library_is_left_as_it_is():
    """Another thread that uses formulae must not see what this package needs of it."""
    from formulae.terms.call_resolver import LazyCall

    before, seen, stop = LazyCall.__eq__, set(), threading.Event()

    def watch():
        while not stop.is_set():
            seen.add(LazyCall.__eq__)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        for _ in range(50):
            found = describe("scale(log(x)) + scale(x) + scale(log(x))", ["x"])
    finally:
        stop.set()
        watcher.join()
    assert len(found.common_terms) == 3  # the constant and two terms
    assert seen == {before}


def test_categories_of_numbers_are_kept_beside_a_parquet_file(tmp_path):
    """Parquet has their numbers only: a reversed scale would be read the other way round."""
    rows = pd.DataFrame(
        {
            "y": pd.Categorical([3, 1, 2, 3], categories=[3, 2, 1], ordered=True),
            "new": pd.Categorical([True, False, True, True]),
            "f": pd.Categorical(["b", "a", "b", "a"], categories=["b", "a"]),
        }
    )
    kept = json.loads(json.dumps(number_categories(rows)))
    assert set(kept) == {"y", "new"}
    rows.to_parquet(tmp_path / "rows.parquet")
    table = pd.read_parquet(tmp_path / "rows.parquet")
    careless, careful = (
        FAMILIES["cumulative"].coded(one["y"])[0].tolist()
        for one in (table, with_categories(table, kept))
    )
    assert careful == FAMILIES["cumulative"].coded(rows["y"])[0].tolist() == [0, 2, 1, 0]
    assert careless == [2, 0, 1, 2]
    pd.testing.assert_frame_equal(with_categories(table, kept), rows)
