"""The law of doors: one table makes one model, whichever way it came in."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bayes_alliance as ba

FORMULAS = [
    "y ~ x + grade + (1 | site)",
    "y ~ x * grade + flag + (1 + x | number)",
    "y ~ within(x, site) + between(x, site) + C(number) + (1 | site)",
    "y ~ flag + text + (1 | number) + (1 | site)",
]
LEVELS = ["mid", "high", "low", "never"]


@st.composite
def tables(draw) -> pd.DataFrame:
    """A table without categories, whose order no text file can hold, but with gaps."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows = draw(st.integers(30, 50))
    sites = draw(st.sampled_from([["3.1", "3.10", "10"], ["P10", "P2", "p2"], ["007", "7", "8"]]))
    table = pd.DataFrame(
        {
            "y": rng.normal(size=rows),
            "x": rng.integers(-5, 6, rows),
            "grade": rng.permutation(np.resize(["low", "mid", "high"], rows)),
            "flag": rng.permutation(np.resize([True, False], rows)),
            "text": rng.permutation(np.resize(["b", "a", "A"], rows)),
            "number": rng.permutation(np.resize([2, 10, 1, 33], rows)),
            "site": rng.permutation(np.resize(sites, rows)),
            "unused": np.arange(rows),
        }
    )
    for name in draw(st.sets(st.sampled_from(["x", "text", "number", "site"]))):
        table[name] = table[name].astype("object")
        table.loc[int(rng.integers(rows)), name] = None
    return table


def through(table: pd.DataFrame, door: str, folder):
    """Return the table as it comes through a door; a text file has no categories."""
    path = folder / f"table.{door}"
    if door == "frame":
        return table
    if door == "scan":
        table.to_parquet(folder / "table.parquet")
        return ba.scan_table(folder / "table.parquet")
    if door == "parquet":
        table.to_parquet(path)
    else:
        table.to_csv(path, index=False, sep={"csv": ",", "tsv": "\t"}[door])
    return ba.read_table(path)


@pytest.mark.parametrize("door", ["csv", "tsv", "parquet"])
@settings(max_examples=15)
@given(tables(), st.sampled_from(FORMULAS))
def test_one_table_makes_one_model(differences, tmp_path_factory, door, table, formula):
    folder = tmp_path_factory.mktemp("doors")
    model = ba.Model(formula, through(table, door, folder))
    assert differences(ba.Model(formula, table), model) == []


def with_categories(ordered: bool = False, rows: int = 40) -> pd.DataFrame:
    rng = np.random.default_rng(8)
    grade = rng.permutation(np.resize(LEVELS[:3], rows))
    return pd.DataFrame(
        {
            "y": rng.normal(size=rows),
            "x": rng.normal(size=rows),
            "grade": pd.Categorical(grade, categories=LEVELS, ordered=ordered),
            "site": np.arange(rows) % 5,
        }
    )


@pytest.mark.parametrize("ordered", [False, True])
def test_categories_keep_their_order_and_reference(differences, tmp_path, ordered):
    table = with_categories(ordered)
    formula = "y ~ x * grade + (1 + grade | site)"
    plain = ba.Model(formula, table)
    read = through(table, "parquet", tmp_path)
    assert read["grade"].cat.categories.tolist() == LEVELS
    assert read["grade"].cat.ordered == ordered
    assert differences(plain, ba.Model(formula, read)) == []
    assert plain.design.coefficients[2:4] == ("grade[high]", "grade[low]")


def test_the_order_survives_parts_of_a_file_with_other_levels_first(tmp_path):
    from pyarrow import parquet

    table = with_categories().sort_values("grade", ascending=False, ignore_index=True)
    table["grade"] = table["grade"].cat.remove_unused_categories()
    path = tmp_path / "parts.parquet"
    table.to_parquet(path, row_group_size=7)
    assert parquet.ParquetFile(path).num_row_groups > 3
    assert ba.read_table(path)["grade"].cat.categories.tolist() == LEVELS[:3]


@pytest.mark.parametrize("kind", ["arrow", "polars"])
def test_other_writers_categories_keep_their_order(tmp_path, kind):
    table = with_categories()
    path = tmp_path / "table.parquet"
    if kind == "polars":
        import polars as pl

        columns = {name: table[name].to_list() for name in table}
        wide = pl.DataFrame(columns, schema_overrides={"grade": pl.Enum(LEVELS)})
        wide.write_parquet(path)
    else:
        import pyarrow as pa
        from pyarrow import parquet

        parquet.write_table(pa.Table.from_pandas(table), path)
    assert ba.read_table(path)["grade"].cat.categories.tolist() == LEVELS


def test_an_ordered_outcome_is_accepted(tmp_path, differences):
    table = with_categories(ordered=True)
    table["grade"] = table["grade"].cat.remove_unused_categories()
    formula = "grade ~ x + (1 | site)"
    read = through(table, "parquet", tmp_path)
    models = [ba.Model(formula, data, "cumulative") for data in (table, read)]
    assert differences(*models) == []
    assert models[1].frame.levels == ("mid", "high", "low")


@pytest.mark.slow
@pytest.mark.parametrize("formula", [*FORMULAS[:2], "y ~ x * kind + (1 + kind | site)"])
def test_a_stream_makes_the_same_model(tmp_path, formula):
    table = _streamed()
    plain, stream = ba.Model(formula, table), ba.Model(formula, through(table, "scan", tmp_path))
    assert stream.design.coefficients == plain.design.coefficients
    assert [g.labels for g in stream.design.groups] == [g.labels for g in plain.design.groups]
    assert [g.effects for g in stream.design.groups] == [g.effects for g in plain.design.groups]
    for own, others in zip(stream.priors.entries, plain.priors.entries, strict=True):
        # Sums of rows in another order: the last digits differ.
        assert own.prior.arguments == pytest.approx(others.prior.arguments, rel=1e-10)


@pytest.mark.slow
def test_a_category_of_numbers_is_named_where_the_file_has_lost_it(tmp_path):
    table = with_categories().assign(wave=pd.Categorical(np.arange(40) % 3))
    formula = "y ~ x + wave + (1 | site)"
    for door in ("parquet", "scan"):
        model = ba.Model(formula, through(table, door, tmp_path))
        (note,) = (n for n in model.data_report.notes if n.code == "lost_categories")
        assert note.columns == ("wave",)
        assert "wave" in model.design.coefficients


def _streamed() -> pd.DataFrame:
    rng = np.random.default_rng(9)
    table = with_categories(rows=60).rename(columns={"grade": "kind"})
    return table.assign(
        x=rng.integers(-100, 100, 60).astype("int8"),
        grade=np.resize(["low", "mid", "high"], 60),
        flag=np.resize([True, False], 60),
        number=rng.permutation(np.resize([2, 10, 1, 33], 60)).astype("int8"),
        site=rng.permutation(np.resize(["P10", "P2", "3.10", "3.1", "10"], 60)),
    )


def test_an_offender_is_caught(differences, tmp_path):
    """A door that sorts categories has another reference."""
    table = with_categories()
    formula = "y ~ grade + (1 | site)"
    careless = through(table, "parquet", tmp_path)
    careless["grade"] = careless["grade"].astype("str")
    found = differences(ba.Model(formula, table), ba.Model(formula, careless))
    assert "coefficients" in found
