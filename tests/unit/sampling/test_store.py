"""Saved fits: whole or refused, written at once or not at all, and with or without the clients."""

import io
import json
import os
import re
import warnings
import zipfile
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import bayes_alliance as ba
from bayes_alliance.errors import DataError, MachineError, SamplingError
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.archive import read_archive, write_archive
from bayes_alliance.sampling.loading import load_fit
from bayes_alliance.sampling.predictive import with_log_likelihood, with_predictive
from bayes_alliance.sampling.prior_draws import with_prior_predictive

pytestmark = pytest.mark.slow


@pytest.fixture(params=["nested", "frequency", "ordinal"])
def model(request, make_model):
    """Writing takes a while, so three kinds stand for all: pairs, weights, categories."""
    return make_model(request.param)


def assert_same_draws(first, second):
    assert set(first.children) == set(second.children)
    for name in first.children:
        xr.testing.assert_identical(first[name].to_dataset(), second[name].to_dataset())


def test_a_fit_comes_back_whole(fit, tmp_path):
    full = with_prior_predictive(with_predictive(with_log_likelihood(fit)), draws=3)
    full = replace(full, interrupted=True, notes=("Simulated.",))
    path = full.save(tmp_path / "study.fit")
    assert path == tmp_path / "study.fit"
    back = load_fit(path)
    assert_same_draws(full.idata, back.idata)
    assert back.settings == full.settings
    assert back.seconds == full.seconds
    assert back.versions == full.versions
    assert (back.interrupted, back.has_data, back.notes) == (True, True, ("Simulated.",))
    model, original = back.model, full.model
    assert model.formula == original.formula
    assert model.priors == original.priors
    assert model.link == original.link
    pd.testing.assert_frame_equal(model.frame.rows, original.frame.rows)
    np.testing.assert_array_equal(model.frame.y, original.frame.y)
    np.testing.assert_array_equal(model.frame.positions, original.frame.positions)
    np.testing.assert_array_equal(model.design.X, original.design.X)
    for group, before in zip(model.design.groups, original.design.groups, strict=True):
        np.testing.assert_array_equal(group.Z, before.Z)
        np.testing.assert_array_equal(group.index, before.index)


def test_a_loaded_fit_goes_on_as_the_saved_one(fit, tmp_path):
    back = load_fit(fit.save(tmp_path / "study.fit"))
    for verb in (with_log_likelihood, with_predictive):
        assert_same_draws(verb(fit).idata, verb(back).idata)


def test_columns_of_every_kind_survive(make_fit, clients, tmp_path):
    table = clients.assign(
        grade=pd.Categorical(["b", "a", "c"] * 12, categories=["c", "b", "a"], ordered=True),
        ward=pd.Categorical(["x", "y"] * 18),
        number=pd.array([1, 2, 3] * 12, dtype="Int64"),
        flag=[True, False] * 18,
        mixed=pd.Series([1, "A2", 3.0] * 12, dtype=object),
        big=np.repeat([2**53 + 1, 2**53 + 3], 18),
    )
    formula = "grade ~ number + flag + ward + (1 | mixed) + (1 | big)"
    fit = make_fit(Model(formula, table, family="cumulative"))
    back = load_fit(fit.save(tmp_path / "study.fit")).model
    assert back.frame.levels == ("c", "b", "a")
    np.testing.assert_array_equal(back.frame.y, fit.model.frame.y)
    np.testing.assert_array_equal(back.design.X, fit.model.design.X)
    for group, before in zip(back.design.groups, fit.model.design.groups, strict=True):
        assert group.labels == before.labels
        np.testing.assert_array_equal(group.index, before.index)


def test_without_its_rows_nothing_of_a_client_is_in_the_file(fit, clients, tmp_path):
    full = with_prior_predictive(with_predictive(with_log_likelihood(fit)), draws=3)
    path = full.save(tmp_path / "study.fit", data=False)
    members = read_archive(path)
    assert "rows.parquet" not in members
    names = {name.split("/")[1] for name in members if name.startswith("draws.zarr/")}
    # A row's log likelihood gives its outcome back, so it stays out with the rest.
    assert names == {"zarr.json", "posterior", "sample_stats", "prior", "constant_data"}
    # The numbers themselves: as text in the JSON, as bytes anywhere.
    outcome = full.model.frame.y
    assert outcome.tobytes() not in b"".join(members.values())
    stigma = clients["stigma"].iloc[0]
    assert repr(float(stigma)).encode() not in b"".join(members.values())


def test_the_mean_of_a_group_of_one_is_that_clients_value(make_fit, clients, tmp_path):
    alone = clients.assign(manager=clients["manager"].where(clients.index != 5, "alone"))
    fit = make_fit(Model("alliance ~ between(stigma, manager) + (1 | agency)", alone))
    value = repr(float(clients["stigma"].iloc[5])).encode()
    kept = read_archive(fit.save(tmp_path / "kept.fit"))["fit.json"]
    assert value in kept
    path = fit.save(tmp_path / "study.fit", data=False)
    assert value not in read_archive(path)["fit.json"]
    means = alone.groupby("manager")["stigma"].mean()
    new = alone[alone["manager"] == "m1"].head(2)
    rebuilt = load_fit(path).model.rebuild_design(new)
    np.testing.assert_allclose(rebuilt.X[:, 1], means["m1"])


def test_without_its_rows_a_fit_says_what_it_cannot_do(fit, tmp_path):
    back = load_fit(fit.save(tmp_path / "study.fit", data=False))
    assert not back.has_data
    assert "rows" in back.table.index
    assert back.draws_in_all == fit.draws_in_all
    for verb in (with_log_likelihood, with_predictive, with_prior_predictive):
        with pytest.raises(SamplingError, match=r"load_fit\(path, data=your_table\)"):
            verb(back)


def test_its_own_table_brings_the_rows_back(fit, clients, tmp_path):
    path = fit.save(tmp_path / "study.fit", data=False)
    back = load_fit(path, data=clients)
    assert back.has_data
    np.testing.assert_array_equal(back.model.design.X, fit.model.design.X)
    likelihood = with_log_likelihood(back).idata["log_likelihood"][fit.model.outcome]
    expected = with_log_likelihood(fit).idata["log_likelihood"][fit.model.outcome]
    np.testing.assert_array_equal(likelihood, expected)


def test_another_table_is_refused(slopes, clients, tmp_path):
    path = slopes.save(tmp_path / "study.fit", data=False)
    changed = clients.copy()
    changed.loc[3, "stigma"] += 0.01
    for table in (changed, clients.iloc[::-1], clients.iloc[:-1], clients.assign(agency="x")):
        if table["stigma"].equals(clients["stigma"]):
            assert load_fit(path, data=table).has_data  # agency is not in the model
            continue
        with pytest.raises(DataError, match="not the ones the model was fitted to"):
            load_fit(path, data=table)


def test_what_differs_in_another_table_is_named(slopes, clients, tmp_path):
    bare, whole = (slopes.save(tmp_path / f"{data}.fit", data=data) for data in (False, True))
    changed = clients.assign(stigma=clients["stigma"] + (clients.index == 3))
    cases = [
        (changed, "other values, or another order of the rows, in stigma."),
        (clients.iloc[::-1], "in alliance, "),
        (clients.iloc[:-1], "it has 35 rows, the fit's had 36. Give"),
        ([1, 2], "It is a list, and no table"),
    ]
    for path in (bare, whole, load_fit(bare).save(tmp_path / "again.fit")):
        for table, says in cases:
            with pytest.raises(DataError, match=re.escape(says)):
                load_fit(path, data=table)


def test_a_file_is_read_as_it_was_then(clients, tmp_path):
    import bayes_alliance as ba

    text = clients.assign(stigma=clients["stigma"].where(clients.index != 5, -99))
    text.to_csv(tmp_path / "t.csv", sep=";", decimal=",", index=False)
    table = ba.read_table(tmp_path / "t.csv", separator=";", decimal=",", missing=[-99])
    model = ba.Model("alliance ~ stigma + (1 | manager)", table)
    fit = ba.sample(model, seed=1, draws=50, tune=100, progress=False)
    path = fit.save(tmp_path / "bare.fit", data=False)
    assert load_fit(path, data=tmp_path / "t.csv").model.frame.rows_used == 35


def test_saved_twice_without_rows_it_still_knows_its_table(slopes, clients, tmp_path):
    once = load_fit(slopes.save(tmp_path / "once.fit", data=False))
    twice = load_fit(once.save(tmp_path / "twice.fit"))
    assert not twice.has_data
    path = twice.save(tmp_path / "thrice.fit")
    assert load_fit(path, data=clients).has_data
    with pytest.raises(DataError):
        load_fit(path, data=clients.iloc[::-1])


def test_no_pickle_is_in_the_file(fit, tmp_path):
    members = read_archive(fit.save(tmp_path / "study.fit"))
    kinds = {name.rpartition("/")[2] for name in members if not name.startswith("draws.zarr")}
    assert kinds == {"fit.json", "rows.parquet"}
    json.loads(members["fit.json"])
    for name, content in members.items():
        # Protocol 2 and later start so; object arrays would be pickled in zarr.
        assert not content.startswith((b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")), name


def whole(tmp_path, slopes):
    path = slopes.save(tmp_path / "study.fit")
    return path, path.read_bytes()


def test_cut_short_at_any_length_it_is_refused(slopes, tmp_path):
    path, content = whole(tmp_path, slopes)
    lengths = {0, 1, 4, 100, len(content) // 2, len(content) - 100, len(content) - 1}
    for length in sorted(lengths | set(range(0, len(content), len(content) // 40))):
        path.write_bytes(content[:length])
        with pytest.raises(SamplingError, match="cut short or changed"):
            load_fit(path)


def test_one_changed_byte_never_changes_a_fit(slopes, tmp_path):
    """Refused, or (in the zip's own dates and flags) without any effect on what is read."""
    path, content = whole(tmp_path, slopes)
    members = read_archive(path)
    rng = np.random.default_rng(4)
    first_name = content.index(b"manifest.json")
    directory = content.index(b"PK\x01\x02")
    places = [
        *range(first_name + 200),
        *range(directory, directory + 300),
        *range(len(content) - 60, len(content)),
        *rng.integers(len(content), size=400),
    ]
    refused = 0
    for place in places:
        broken = bytearray(content)
        broken[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(broken)
        try:
            found = read_archive(path)
        except SamplingError:
            refused += 1
        else:
            assert found == members
    # Nine bytes in ten are content, names, sizes or sums.
    assert refused > 0.8 * len(places)


def test_a_file_that_says_two_members_of_one_name(slopes, tmp_path):
    """A second fit.json hidden behind the first is not read."""
    path = slopes.save(tmp_path / "study.fit")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("fit.json", json.dumps({"format": 1}))
    with pytest.raises(SamplingError, match="changed"):
        load_fit(path)


def make_zip(path, members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    path.write_bytes(buffer.getvalue())


@pytest.mark.parametrize(
    ("members", "found"),
    [
        ({"word/document.xml": "<w/>"}, "a zip file, but not a saved fit"),
        ({}, "a zip file, but not a saved fit"),
        ({"manifest.json": "not json", "a.js": "1"}, "changed"),
        ({"manifest.json": '{"name": "an extension"}', "a.js": "1"}, "changed"),
        ({"manifest.json": "[]", "a.js": "1"}, "changed"),
        ({"manifest.json": "{}"}, "not a saved fit"),
        ({"manifest.json": b"\xff\xfe", "a.js": "1"}, "changed"),
    ],
)
def test_a_foreign_zip(members, found, tmp_path):
    make_zip(tmp_path / "other.zip", members)
    with pytest.raises(SamplingError, match=found):
        load_fit(tmp_path / "other.zip")


def test_other_files_and_none(tmp_path):
    (tmp_path / "table.csv").write_text("a,b\n1,2\n")
    with pytest.raises(SamplingError, match="cut short or changed"):
        load_fit(tmp_path / "table.csv")
    with pytest.raises(SamplingError, match="There is no such file"):
        load_fit(tmp_path / "nowhere.fit")
    with pytest.raises(SamplingError, match="There is no such file"):
        load_fit(tmp_path)


def test_a_newer_format_asks_for_a_newer_version(slopes, tmp_path):
    path = slopes.save(tmp_path / "study.fit")
    written_as(99, path)
    with pytest.raises(SamplingError, match="Update bayes-alliance"):
        load_fit(path)


@pytest.mark.parametrize("older", [1, 2])
def test_older_formats_of_fits_with_rows_are_read(slopes, older, tmp_path):
    loaded = load_fit(written_as(older, slopes.save(tmp_path / "study.fit")))
    assert loaded.has_data
    xr.testing.assert_identical(loaded.posterior, slopes.posterior)


def test_streamed_sums_of_an_older_format_are_refused_in_words(clients, tmp_path):
    clients.to_parquet(tmp_path / "clients.parquet")
    table = ba.scan_table(tmp_path / "clients.parquet")
    fit = ba.sample(
        ba.Model("alliance ~ stigma + (1 | manager)", table),
        seed=6, draws=20, tune=50, chains=2, progress=False,
    )  # fmt: skip
    path = written_as(2, fit.save(tmp_path / "study.fit"))
    words = (
        r"to be loaded\. Its rows were .* less in their sums \(format 2.*scan_table\('.*seed=6\."
    )
    with pytest.raises(SamplingError, match=words):
        load_fit(path)
    # Without their sums nothing is missing from what was saved.
    bare = load_fit(written_as(2, fit.save(tmp_path / "bare.fit", data=False)))
    np.testing.assert_array_equal(bare.posterior["b"], fit.posterior["b"])


def written_as(number, path):
    """Write another format's number into a saved fit."""
    members = read_archive(path)
    meta = json.loads(members["fit.json"])
    return write_archive(
        path, {**members, "fit.json": json.dumps({**meta, "format": number}).encode()}
    )


def test_a_failure_leaves_the_old_file(slopes, tmp_path, monkeypatch):
    path = slopes.save(tmp_path / "study.fit")
    before = path.read_bytes()

    def full_disk(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(MachineError, match="The disk is full"):
        with_log_likelihood(slopes).save(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["study.fit"]


def test_an_interruption_leaves_the_old_file(slopes, tmp_path, monkeypatch):
    path = slopes.save(tmp_path / "study.fit")
    before = path.read_bytes()

    def stop(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(zipfile.ZipFile, "writestr", stop)
    with pytest.raises(KeyboardInterrupt):
        slopes.save(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["study.fit"]


def test_an_old_file_is_replaced_whole(slopes, tmp_path):
    path = with_log_likelihood(slopes).save(tmp_path / "study.fit")
    slopes.save(path)
    assert "log_likelihood" not in load_fit(path).idata.children


def test_saving_into_no_folder(slopes, tmp_path):
    with pytest.raises(SamplingError, match="There is no folder"):
        slopes.save(tmp_path / "nowhere" / "study.fit")


def test_a_path_may_be_text(slopes, tmp_path):
    path = slopes.save(str(tmp_path / "study.fit"))
    assert load_fit(str(path)).settings == slopes.settings
