"""A streamed model is the model in memory: design, priors, density, draws; or it is refused."""

from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pytest

import bayes_alliance as ba
from bayes_alliance.model.streaming import sums as streamed_sums
from bayes_alliance.model.streaming.cells import find_cells
from bayes_alliance.model.streaming.columns import Evaluated, plan_columns
from bayes_alliance.sampling import store
from bayes_alliance.sampling.archive import read_archive
from bayes_alliance.sampling.engines.collapsed import effects as collapsed_effects
from bayes_alliance.sampling.engines.collapsed.priors import variance_priors
from bayes_alliance.sampling.engines.collapsed.problem import collapsed_problem
from bayes_alliance.sampling.linear_predictor import check_redrawn_fit

pytestmark = pytest.mark.slow

FORMULAS = [
    "y ~ 1 + (1 | manager)",
    "y ~ x + (1 | id)",
    "y ~ x + z + place + (1 + x | manager)",
    "y ~ x * place + (1 + place | id)",
    "y ~ 0 + place + x + (0 + x | id)",
    "y ~ 0 + x + (1 | id)",
    "y ~ x + (1 + x || id)",
    "y ~ log(z + 20) + scale(x) + center(z) + (1 + scale(x) | id)",
    "y ~ within(x, id) + between(x, id) + (1 + within(x, id) | id)",
    "y ~ within(x, manager) + between(x, manager) + (1 | manager)",
    "y ~ x + home + size + (1 | id)",
    "y ~ x + place:size + (1 | home)",
    "y ~ x + C(year) + (1 | year)",
    "y ~ x + offset(z) + (0 + place | id)",
    "y | weights(count) ~ x + (1 + x | id)",
    "y | weights(precise, precision) ~ x + (1 | id)",
    "y | se(precise) ~ x + (1 | manager)",
    "y ~ x + (1 | id) + (1 | team)",
    "y ~ x + (1 + x | manager) + (1 + x | team)",
    "y ~ x + (1 | team/manager)",
    "y ~ x + (1 | team:id)",
    "y | weights(count) ~ 0 + place + (1 | id) + (0 + place | team)",
    "y ~ x + between(z, manager) + (1 | id)",
]


def make_table():
    rng = np.random.default_rng(3)
    n = 2000
    table = pd.DataFrame(
        {
            "id": rng.integers(5, 70, n),
            "team": rng.choice(list("pqrst"), n),
            "x": rng.normal(2, 1, n),
            "z": rng.normal(10, 3, n),
            "place": rng.choice(["home", "clinic", "ward"], n),
            "home": rng.random(n) < 0.4,
            "count": rng.integers(1, 5, n),
            "precise": rng.uniform(0.5, 2, n),
            "year": rng.integers(2018, 2022, n),
            "size": pd.Categorical(
                rng.choice(["low", "mid", "high"], n), categories=["low", "mid", "high", "never"]
            ),
        }
    )
    table["manager"] = table["id"].map(lambda k: f"M{k:02d}")
    table["y"] = 1 + 0.5 * table["x"] + rng.normal(size=80)[table["id"]] + rng.normal(size=n)
    return table


def with_gaps(table):
    """Miss values in every kind of column; a group and a level lose all of their rows."""
    rng = np.random.default_rng(4)
    n = len(table)
    table = table.assign(id=table["id"].astype("Int64"))
    table.loc[n - 3, "x"] = np.nan
    table.loc[rng.integers(0, n, 40), "place"] = None
    table.loc[rng.integers(0, n, 30), "id"] = pd.NA
    table.loc[table["manager"] == "M10", "z"] = np.nan
    table.loc[table["place"] == "ward", "y"] = np.nan
    return table


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    whole = make_table()
    whole.to_parquet(folder / "whole.parquet")
    with_gaps(whole).to_parquet(folder / "gaps.parquet")
    return folder


def both_models(path, formula, **options):
    in_memory = ba.Model(formula, pd.read_parquet(path), **options)
    return in_memory, ba.Model(formula, ba.scan_table(path, rows_a_batch=300), **options)


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("name", ["whole", "gaps"])
def test_density_design_and_priors_are_those_in_memory(tables, name, formula):
    in_memory, streamed = both_models(tables / f"{name}.parquet", formula)
    assert streamed.design.coefficients == in_memory.design.coefficients
    assert str(streamed.priors) == str(in_memory.priors)
    for own, other in zip(streamed.design.groups, in_memory.design.groups, strict=True):
        assert own.labels == other.labels
        assert own.effects == other.effects
        assert own.blocks == other.blocks
        assert own.upper_labels == other.upper_labels
        np.testing.assert_array_equal(own.caseloads, other.caseloads)
    check_same_density(in_memory, streamed)


def check_same_density(in_memory, streamed):
    first, second = collapsed_problem(in_memory), collapsed_problem(streamed)
    priors, same = variance_priors(in_memory), variance_priors(streamed)
    rng = np.random.default_rng(0)
    for _ in range(10):
        theta = rng.normal(0, 0.7, priors.size)
        gradients = np.empty((2, priors.size))
        known = int(priors.known_sigma)
        here = first.density()(priors.arrays(), known, theta, gradients[0])
        there = second.density()(same.arrays(), known, theta, gradients[1])
        # Only the order of summation differs.
        assert there == pytest.approx(here, rel=1e-9, abs=1e-9)
        np.testing.assert_allclose(gradients[1], gradients[0], rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("formula", [FORMULAS[2], FORMULAS[7], FORMULAS[8], FORMULAS[11]])
def test_new_rows_get_the_columns_they_get_in_memory(tables, formula):
    in_memory, streamed = both_models(tables / "gaps.parquet", formula)
    rows = in_memory.frame.rows.iloc[[5, 90, 7]]
    here, there = in_memory.rebuild_design(rows), streamed.rebuild_design(rows)
    # Means and standard deviations are summed in another order.
    np.testing.assert_allclose(there.X, here.X, rtol=1e-12, atol=1e-12)
    for group in in_memory.groups:
        np.testing.assert_allclose(there.Z[group], here.Z[group], rtol=1e-12, atol=1e-12)
        np.testing.assert_array_equal(there.index[group], here.index[group])


@pytest.mark.parametrize("formula", [FORMULAS[2], FORMULAS[18]])
def test_effects_are_recovered_alike_given_the_variances(tables, formula):
    found = []
    for model in both_models(tables / "gaps.parquet", formula):
        problem = collapsed_problem(model)
        factors = [np.tile(0.5 * np.eye(len(g.effects)), (20, 1, 1)) for g in model.design.groups]
        drawn = problem.recover(
            s2=np.linspace(0.5, 2.0, 20),
            factors=factors,
            seed=3,
            draws=np.arange(20),
            sampled=np.zeros((20, 0)),
        )
        found.append([drawn[0], *drawn[1]])
    for here, there in zip(*found, strict=True):
        # The same normals; the sums differ by their order.
        np.testing.assert_allclose(there, here, rtol=1e-9, atol=1e-9)


@pytest.mark.slow
def test_the_posterior_is_the_one_in_memory(tables):
    tables = [
        ba.summarize(ba.sample(model, seed=seed, progress=False)).table
        for seed, model in enumerate(both_models(tables / "gaps.parquet", FORMULAS[2]))
    ]
    here, there = tables
    error = np.hypot(here["mcse_mean"], there["mcse_mean"])
    # Eight quantities, each beyond five errors of a difference with probability 6e-7.
    assert (np.abs(here["mean"] - there["mean"]) < 5 * error).all()
    assert (np.abs(there["sd"] / here["sd"] - 1) < 0.15).all()


def test_batches_change_nothing(tables):
    sums = [
        ba.Model(FORMULAS[2], ba.scan_table(tables / "whole.parquet", rows_a_batch=k)).stream.sums
        for k in (7, 100_000)
    ]
    np.testing.assert_array_equal(sums[0].cells.products, sums[1].cells.products)
    np.testing.assert_array_equal(sums[0].cells.mean, sums[1].cells.mean)


def test_plain_terms_are_made_without_the_formula(tables):
    whole = pd.read_parquet(tables / "whole.parquet").head(200)
    levels = {"place": ("clinic", "home", "ward")}
    place = pd.Categorical(whole["place"], categories=list(levels["place"]))
    rows = whole[["id", "x", "z"]].assign(place=place)
    kinds = []
    for formula in (
        "y ~ x * place + (1 + x | id)",
        "y ~ within(x, id) + between(x, id):z + scale(z) + center(x):place + (1 | id)",
        "y ~ log(z + 20) + x + (1 | id)",
    ):
        parts = ba.Model(formula, whole).design.parts
        own = {**levels, "id": tuple(sorted(whole["id"].unique()))}
        plan = plan_columns(parts, rows, own, has_offset=False)
        kinds.append([isinstance(recipe, Evaluated) for recipe in plan.recipes])
    assert kinds == [[False] * 5, [False] * 6, [True, False]]


def test_group_means_are_those_of_rows_that_have_both(tables):
    lazy = pl.scan_parquet(tables / "whole.parquet").with_row_index("row")
    nan = pl.when(pl.col("row") % 7 == 0).then(float("nan"))
    gaps = lazy.with_columns(
        y=nan.otherwise(pl.col("y")), year=nan.otherwise(pl.col("year").cast(float))
    )
    formula = "y ~ within(x, year) + between(z, manager) + (1 | id)"
    in_memory = ba.Model(formula, gaps.collect().to_pandas())
    check_same_density(in_memory, ba.Model(formula, ba.scan_table(gaps, rows_a_batch=300)))


def test_a_query_is_streamed_as_it_stands(tables):
    lazy = pl.scan_parquet(tables / "whole.parquet").filter(pl.col("z") > 8)
    lazy = lazy.with_columns(double=2 * pl.col("x"))
    in_memory = ba.Model("y ~ double + (1 | manager)", lazy.collect().to_pandas())
    streamed = ba.Model("y ~ double + (1 | manager)", ba.scan_table(lazy, rows_a_batch=300))
    check_same_density(in_memory, streamed)


def test_the_report_has_the_counts_of_the_report_in_memory(tables):
    formula = "y ~ x + place + (1 | team/manager)"
    in_memory, streamed = (m.data_report for m in both_models(tables / "gaps.parquet", formula))
    assert streamed.missing == in_memory.missing
    assert streamed.rows_in_table == in_memory.rows_in_table
    assert streamed.rows_used == in_memory.rows_used
    assert streamed.rows_in_table - streamed.rows_used == len(in_memory.dropped)
    pd.testing.assert_frame_equal(streamed.nesting.table, in_memory.nesting.table)
    own, needs_rows = ("rows", "not_looked_at"), ("rows", "constant_within_groups", "dropped_where")
    assert {n.message for n in streamed.notes if n.code not in own} == {
        n.message for n in in_memory.notes if n.code not in needs_rows
    }


def test_sorted_categories_name_the_level_of_comparison(tables):
    lazy = pl.scan_parquet(tables / "whole.parquet")
    levels = pl.Enum(["ward", "home", "clinic", *"pqrst"])
    for kind, first in [(pl.Categorical, ["clinic"]), (levels, []), (pl.String, [])]:
        own = ba.scan_table(lazy.with_columns(pl.col("place", "team").cast(pl.String).cast(kind)))
        model = ba.Model("y ~ place + (1 | team)", own)
        notes = [n for n in model.data_report.notes if n.code == "levels_sorted"]
        assert [n.columns for n in notes] == [("place",)] * len(first)
        assert all(
            f"compared, is {level}" in n.message for n, level in zip(notes, first, strict=True)
        )
        reference = "ward" if kind == levels else "clinic"
        assert f"place[{reference}]" not in model.design.coefficients


def test_collinear_columns_and_odd_weights_are_noted(tables):
    table = pl.scan_parquet(tables / "whole.parquet").with_columns(twice=2 * pl.col("x") + 1)
    model = ba.Model("y | weights(precise) ~ x + twice + (1 | id)", ba.scan_table(table))
    codes = {note.code for note in model.data_report.notes}
    assert {"collinear", "pseudo_posterior"} <= codes
    plain = ba.Model("y | weights(count) ~ x + z + (1 | id)", ba.scan_table(table))
    assert not {"collinear", "pseudo_posterior"} & {note.code for note in plain.data_report.notes}


@pytest.mark.parametrize(
    ("formula", "found"),
    [
        ("y ~ bs(x, df=4) + (1 | id)", "bs(x"),
        ("y ~ poly(x, 2) + (1 | id)", "poly(x, 2)"),
        ("y ~ x + (1 + poly(z, 2) | id)", "poly(z, 2)"),
        ("y ~ binary(place, 'home') + (1 | id)", "binary(place"),
        ("y ~ scale(log(z)) + (1 | id)", "scale(log(z))"),
        ("y ~ within(x + z, id) + (1 | id)", "within(x + z, id)"),
    ],
)
def test_terms_that_need_their_whole_column_are_refused_by_name(tables, formula, found):
    with pytest.raises(ba.ModelError, match="streamed") as caught:
        ba.Model(formula, ba.scan_table(tables / "whole.parquet"))
    assert found.replace(" ", "") in str(caught.value).replace(" ", "")


def test_families_and_models_without_groups_are_refused(tables):
    scanned = ba.scan_table(tables / "whole.parquet")
    with pytest.raises(ba.ModelError, match="family is student"):
        ba.Model("y ~ x + (1 | id)", scanned, "student")
    with pytest.raises(ba.ModelError, match="no groups"):
        ba.Model("y ~ x", scanned)


def changed(tables, **columns):
    lazy = pl.scan_parquet(tables / "whole.parquet").with_row_index("row")
    return ba.scan_table(lazy.with_columns(**columns))


def test_tables_that_cannot_answer_are_refused(tables):
    formula = "y ~ x + (1 | id)"
    infinite = pl.when(pl.col("row") == 1900).then(float("inf")).otherwise(pl.col("x"))
    for columns, words in [
        ({"x": infinite}, "1 infinite values"),
        ({"x": pl.when(pl.col("row") == 9).then(1e200).otherwise(pl.col("x"))}, "too large"),
        ({"y": pl.lit(3.0)}, "constant"),
        ({"y": pl.col("place")}, "not numeric"),
        ({"x": pl.lit(None, dtype=pl.Float64)}, "No row has all of them"),
        ({"id": pl.lit(1)}, "one group only"),
        ({"id": pl.col("row")}, "group of its own"),
        ({"x": pl.lit("2024-01-01").str.to_date()}, "neither numbers nor categories"),
    ]:
        with pytest.raises(ba.DataError, match=words):
            ba.Model(formula, changed(tables, **columns))
    with pytest.raises(ba.DataError, match=r"log\(z\) has no finite value"):
        ba.Model("y ~ log(z) + (1 | id)", changed(tables, z=pl.col("row") - 1900.0))
    with pytest.raises(ba.DataError, match="Did you mean 'place'"):
        ba.Model("y ~ plase + (1 | id)", changed(tables))
    with pytest.raises(ba.DataError, match="greater than 0"):
        ba.Model("y | weights(z) ~ x + (1 | id)", changed(tables, z=pl.col("x") * 0))
    with pytest.raises(ba.DataError, match="rows"):
        ba.Model(formula, ba.scan_table(pl.scan_parquet(tables / "whole.parquet").head(0)))


def test_infinite_values_are_counted_in_the_whole_table(tables):
    three = pl.when(pl.col("row").is_in([2, 700, 1900])).then(float("inf"))
    with pytest.raises(ba.DataError, match="It has 3 infinite values"):
        ba.Model("y ~ x + (1 | id)", changed(tables, x=three.otherwise(pl.col("x"))))


def test_values_a_formula_makes_are_not_counted_in_some_rows_only(tables):
    below = pl.when(pl.col("row") < 3).then(-1.0).otherwise(pl.col("z"))
    with pytest.raises(ba.DataError, match=r"log\(z\) has no finite value in some rows"):
        ba.Model("y ~ log(z) + (1 | id)", changed(tables, z=below))


def test_a_group_without_a_value_of_the_averaged_column_is_dropped(tables):
    lazy = pl.scan_parquet(tables / "whole.parquet")
    lazy = lazy.with_columns(x=pl.when(pl.col("id") == 9).then(None).otherwise(pl.col("x")))
    formula = "y ~ x + between(x, id) + (1 | team)"
    in_memory = ba.Model(formula, lazy.collect().to_pandas())
    check_same_density(in_memory, ba.Model(formula, ba.scan_table(lazy, rows_a_batch=300)))


def second_time(monkeypatch, lazy):
    """Let the second pass read other rows than the first."""
    read = streamed_sums.batches
    monkeypatch.setattr(
        streamed_sums, "batches", lambda table, *rest: read(replace(table, lazy=lazy), *rest)
    )


@pytest.mark.parametrize(
    "other",
    [
        {"id": pl.when(pl.col("row") == 700).then(33.5).otherwise(pl.col("id"))},
        {"id": pl.when(pl.col("row") == 700).then(1e6).otherwise(pl.col("id"))},
        {"team": pl.when(pl.col("row") == 700).then(pl.lit("new")).otherwise(pl.col("team"))},
        {"id": pl.when(pl.col("row") == 700).then(9).otherwise(pl.col("id"))},
    ],
)
@pytest.mark.parametrize("kind", [pl.Int64, pl.Float64])
@pytest.mark.parametrize("weights", ["", " | weights(count)"])
def test_rows_that_change_between_the_passes_are_refused(tables, monkeypatch, other, kind, weights):
    lazy = pl.scan_parquet(tables / "whole.parquet").with_row_index("row")
    # Only even ids, so that there are whole numbers between the groups.
    lazy = lazy.with_columns(id=(pl.col("id") // 2 * 2).cast(kind))
    second_time(monkeypatch, lazy.with_columns(**other).with_columns(pl.col("id").cast(kind)))
    for groups in ("(1 | id) + (1 | team)", "(1 | team) + (1 | id:team)"):
        with pytest.raises(ba.DataError, match="changed while it was read"):
            ba.Model(f"y{weights} ~ x + {groups}", ba.scan_table(lazy, rows_a_batch=300))


@pytest.mark.parametrize("rows", [1999, 2001])
def test_a_row_more_or_less_is_noticed(tables, monkeypatch, rows):
    lazy = pl.scan_parquet(tables / "whole.parquet")
    second_time(monkeypatch, pl.concat([lazy, lazy]).head(rows))
    with pytest.raises(ba.DataError, match=f"it had 2000 rows, then {rows}, and 1 groups"):
        ba.Model("y ~ x + (1 | id)", ba.scan_table(lazy, rows_a_batch=300))


def test_a_gap_that_comes_up_late_is_noticed(tables, monkeypatch):
    lazy = pl.scan_parquet(tables / "whole.parquet")
    second_time(monkeypatch, lazy.with_columns(x=pl.lit(None, dtype=pl.Float64)))
    with pytest.raises(ba.DataError, match="changed while it was read: the column x has a gap"):
        ba.Model("y ~ x + (1 | id)", ba.scan_table(lazy))


@pytest.mark.parametrize("step", [1, 10_000_000])
def test_ids_beyond_the_signed_numbers_are_groups(tables, step):
    lazy = pl.scan_parquet(tables / "whole.parquet")
    signed = ba.Model("y ~ x + (1 | id)", ba.scan_table(lazy))
    number = pl.lit(2**63, dtype=pl.UInt64) + pl.col("id").cast(pl.UInt64) * step
    for groups in ("(1 | id)", "(1 | id:team)"):
        signed = ba.Model(f"y ~ x + {groups}", ba.scan_table(lazy))
        large = ba.Model(f"y ~ x + {groups}", ba.scan_table(lazy.with_columns(id=number)))
        np.testing.assert_array_equal(
            np.sort(large.stream.sums.cells.mean, axis=0),
            np.sort(signed.stream.sums.cells.mean, axis=0),
        )


def test_combinations_that_cannot_be_numbered_are_refused():
    columns = list("abcdefgh")
    combinations = pd.DataFrame({name: np.arange(300) for name in columns})
    with pytest.raises(ba.ModelError, match="2\\^63"):
        find_cells(combinations, columns, {})


def test_a_query_that_cannot_run_is_refused_in_words(tables):
    lazy = pl.scan_parquet(tables / "whole.parquet")
    for kind in (pl.Float64, pl.Enum(["ward", "home"])):
        broken = lazy.with_columns(x=pl.col("place").cast(kind))
        with pytest.raises(ba.DataError, match="could not be read"):
            ba.Model("y ~ x + (1 | id)", ba.scan_table(broken))


def test_sums_that_would_not_fit_are_refused_with_their_size(tables):
    with pytest.raises(ba.ModelError, match="GB; the limit is"):
        ba.Model("y ~ x + (1 | id)", ba.scan_table(tables / "whole.parquet", memory=1e-6))


@pytest.fixture(scope="module")
def streamed_fit(tables):
    model = ba.Model("y ~ x + (1 | id)", ba.scan_table(tables / "whole.parquet"))
    return ba.sample(model, seed=1, draws=200, tune=300, chains=2, progress=False)


def test_what_needs_rows_says_that_they_were_streamed(streamed_fit):
    assert not streamed_fit.has_data
    for verb in (ba.with_log_likelihood, ba.with_predictive, ba.check_predictive):
        with pytest.raises(ba.SamplingError, match=r"streamed from .*whole\.parquet"):
            verb(streamed_fit)
    assert "observed_data" not in streamed_fit.idata.children
    with pytest.raises(ba.ModelError, match="none of its 2000 rows"):
        _ = streamed_fit.model.pymc


def test_what_needs_no_rows_works(streamed_fit):
    assert float(ba.variance_shares(streamed_fit).table["mean"].sum()) == pytest.approx(1.0)
    assert len(ba.summarize(streamed_fit).table) == 4
    assert "2000 of 2000" in str(streamed_fit.model)
    assert "2000 rows" in repr(streamed_fit.model)


def test_a_saved_fit_comes_back_with_its_sums(streamed_fit, tmp_path):
    loaded = ba.load_fit(streamed_fit.save(tmp_path / "streamed.fit"))
    np.testing.assert_array_equal(loaded.posterior["b"], streamed_fit.posterior["b"])
    assert not loaded.has_data
    assert str(loaded.model.data_report) == str(streamed_fit.model.data_report)
    again = ba.sample(loaded.model, seed=1, draws=200, tune=300, chains=2, progress=False)
    for name, values in streamed_fit.posterior.data_vars.items():
        np.testing.assert_array_equal(again.posterior[name], values)


def test_a_fit_saved_without_its_sums_says_so(streamed_fit, tmp_path):
    path = streamed_fit.save(tmp_path / "bare.fit", data=False)
    assert not [name for name in read_archive(path) if name.startswith("sums")]
    loaded = ba.load_fit(path)
    with pytest.raises(ba.SamplingError, match="none of its 2000 rows"):
        ba.sample(loaded.model, seed=1)
    with pytest.raises(ba.DataError, match=r"streamed from .*whole\.parquet.*data=True") as caught:
        _ = loaded.model.data_report
    assert "load_fit" not in str(caught.value)


@pytest.mark.parametrize("formula", [FORMULAS[k] for k in (2, 8, 12, 15, 16, 19, 20, 21)])
@pytest.mark.parametrize("name", ["whole", "gaps"])
def test_effects_too_large_to_store_come_back_bit_by_bit(
    tables, name, formula, monkeypatch, tmp_path
):
    monkeypatch.setattr(collapsed_effects, "STORED_BYTES", 0.0)
    # As if they were beyond what may be made at once.
    monkeypatch.setattr(store, "check_redrawn_fit", lambda what, fit: pytest.fail(what))
    model = ba.Model(formula, ba.scan_table(tables / f"{name}.parquet"))
    fit = ba.sample(model, seed=1, draws=20, tune=100, chains=2, progress=False)
    path = fit.save(tmp_path / "once.fit")
    assert not [place for place in read_archive(path) if "posterior/u_" in place]
    twice = ba.load_fit(path).save(tmp_path / "twice.fit")
    for loaded in (ba.load_fit(path), ba.load_fit(twice)):
        assert loaded.redrawn_effects == fit.redrawn_effects != ()
        for variable in fit.redrawn_effects:
            np.testing.assert_array_equal(loaded.posterior[variable], fit.posterior[variable])
        assert loaded.posterior.coords.equals(fit.posterior.coords)
        check_same_density(fit.model, loaded.model)


def test_effects_too_large_to_make_at_once_need_the_sums(tables, monkeypatch, tmp_path):
    monkeypatch.setattr(collapsed_effects, "STORED_BYTES", 0.0)
    monkeypatch.setattr(
        store, "check_redrawn_fit", lambda what, fit: check_redrawn_fit(what, fit, 1e-6)
    )
    model = ba.Model("y ~ x + (1 | id)", ba.scan_table(tables / "whole.parquet"))
    fit = ba.sample(model, seed=1, draws=20, tune=100, chains=2, progress=False)
    assert ba.load_fit(fit.save(tmp_path / "sums.fit")).redrawn_effects
    with pytest.raises(ba.SamplingError, match=r"at once.*Save it with data=True"):
        fit.save(tmp_path / "bare.fit", data=False)


def test_a_loaded_streamed_fit_asks_for_no_table(streamed_fit, tables, tmp_path):
    path = streamed_fit.save(tmp_path / "streamed.fit")
    # Saved, loaded and saved again it still knows.
    path = ba.load_fit(path).save(tmp_path / "again.fit")
    with pytest.raises(ba.SamplingError, match=r"streamed from .*whole\.parquet") as caught:
        ba.with_log_likelihood(ba.load_fit(path))
    assert "load_fit" not in str(caught.value)
    for table in (pd.read_parquet(tables / "whole.parquet"), ba.scan_table(tables)):
        with pytest.raises(ba.DataError, match=r"streamed from .*Load it without data="):
            ba.load_fit(path, data=table)


def test_a_scanned_table_gives_no_rows_back(tables, tmp_path):
    model = ba.Model("y ~ x + (1 | id)", pd.read_parquet(tables / "whole.parquet"))
    fit = ba.sample(model, seed=1, draws=20, tune=50, chains=2, progress=False)
    path = fit.save(tmp_path / "bare.fit", data=False)
    with pytest.raises(ba.DataError, match=r"scanned table, whose rows are not held.*in memory"):
        ba.load_fit(path, data=ba.scan_table(tables / "whole.parquet"))


def test_priors_the_engine_cannot_do_do_not_end_in_a_model_without_rows(tables):
    priors = {"b": "HalfNormal(2)"}
    model = ba.Model("y ~ x + (1 | id)", ba.scan_table(tables / "whole.parquet"), priors=priors)
    with pytest.raises(ba.SamplingError, match="No engine can do that") as caught:
        ba.sample(model, seed=1)
    for words in ("which has bounds", "none of its 2000 rows", "a table in memory"):
        assert words in str(caught.value)
    with pytest.raises(ba.SamplingError, match="It cannot sample this model") as caught:
        ba.sample(model, engine="collapsed", seed=1)
    assert "nutpie" not in str(caught.value)
