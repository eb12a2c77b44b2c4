"""Fits as someone might send them who means harm: refused in one sentence, or the same fit."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import bayes_alliance as ba
from bayes_alliance.errors import AllianceError
from bayes_alliance.sampling.archive import read_archive
from bayes_alliance.sampling.loading import load_fit

Members = dict[str, bytes]
CHUNK = "draws.zarr/posterior/b/c/0/0/0"
NODE = "draws.zarr/posterior/b/zarr.json"


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> Path:
    study = ba.load_example("simulated_study")
    model = ba.Model("alliance ~ stigma + (1 + stigma | case_manager)", study)
    fit = ba.sample(model, seed=1, draws=40, tune=100, chains=2)
    return fit.save(tmp_path_factory.mktemp("saved") / "study.fit")


@pytest.fixture(scope="module")
def members(saved) -> Members:
    return read_archive(saved)


@pytest.fixture(scope="module")
def original(saved):
    return load_fit(saved)


def write(path: Path, members: Members, *, pack: int = zipfile.ZIP_STORED) -> Path:
    """Write members with digests that fit them, as a forger would."""
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in members.items()}
    with zipfile.ZipFile(path, "w", pack) as archive:
        archive.writestr("manifest.json", json.dumps(digests))
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def changed(members: Members, name: str, change: Callable[[dict], object]) -> Members:
    """Change a JSON member in place of itself."""
    content = json.loads(members[name])
    change(content)
    return members | {name: json.dumps(content).encode()}


def refusal(path: Path) -> str:
    with pytest.raises(AllianceError) as caught:
        load_fit(path)
    return str(caught.value)


def test_the_forgers_way_of_writing_alone_is_accepted(members, original, tmp_path):
    """The checks below fail for what is changed, not for how it is written."""
    back = load_fit(write(tmp_path / "same.fit", members))
    xr.testing.assert_identical(
        back.idata["posterior"].to_dataset(), original.idata["posterior"].to_dataset()
    )


@pytest.mark.parametrize("engine", ["stan", "", "auto", ["collapsed"], None])
def test_an_engine_that_is_none_of_this_package_is_refused(members, tmp_path, engine):
    forged = changed(members, "fit.json", lambda meta: meta["settings"].update(engine=engine))
    found = refusal(write(tmp_path / "forged.fit", forged))
    assert "no fit as this package writes" in found
    if isinstance(engine, str):
        assert "no engine of this package drew it" in found


@pytest.mark.parametrize(
    "name",
    [
        "draws.zarr/../../out.txt", "draws.zarr//out.txt", "/out.txt", "../out.txt",
        "draws.zarr/C:\\out.txt", "draws.zarr/posterior/../../../out.txt", "draws.zarr/./out.txt",
        "draws.zarr/posterior/b/c/0/0/../../../../../../out.txt", "draws.zarr/", "out.fit",
        "draws.zarr/posterior/b/c/9/9/9", "draws.zarr/posterior/inner.zip",
    ],
)  # fmt: skip
def test_no_member_is_written_anywhere(members, name, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    places = (tmp_path, tmp_path.parent, Path(tempfile.gettempdir()), Path("/"))
    before = {found for place in places for found in place.glob("out*")} | set(tmp_path.rglob("*"))
    path = write(tmp_path / "here" / "forged.fit", members | {name: b"written"})
    assert "no fit as this package writes" in refusal(path)
    after = {found for place in places for found in place.glob("out*")} | set(tmp_path.rglob("*"))
    assert after - before == {path}


def test_a_member_twice_or_a_packed_one_is_refused(members, tmp_path):
    path = write(tmp_path / "twice.fit", members)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("fit.json", members["fit.json"])
    assert "cut short or changed" in refusal(path)
    bomb = members | {"draws.zarr/posterior/b/c/0/0/0": bytes(10**8)}
    assert "cut short or changed" in refusal(write(tmp_path / "bomb.fit", bomb, pack=8))


class Harm:
    """Runs code when it is unpickled."""

    def __reduce__(self):
        return (Path.touch, (Path("harm.txt"),))


def test_older_zarr_with_pickled_objects_runs_no_code(members, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    array = {
        "zarr_format": 2, "shape": [1], "chunks": [1], "dtype": "|O", "fill_value": None,
        "order": "C", "filters": [{"id": "pickle"}], "compressor": None,
    }  # fmt: skip
    pickled = {
        "draws.zarr/posterior/x/.zarray": json.dumps(array).encode(),
        "draws.zarr/posterior/x/.zattrs": b'{"_ARRAY_DIMENSIONS": ["chain"]}',
        "draws.zarr/posterior/x/0": pickle.dumps(Harm()),
        "draws.zarr/posterior/.zgroup": b'{"zarr_format": 2}',
    }
    refusal(write(tmp_path / "beside.fit", members | pickled))
    alone = {k: v for k, v in members.items() if not k.startswith("draws.zarr/posterior")}
    refusal(write(tmp_path / "alone.fit", alone | pickled))
    for codec in ("pickle", "numcodecs.pickle", "msgpack2", "json2", "gzip"):
        forged = changed(members, NODE, lambda node, c=codec: node.update(codecs=[{"name": c}]))
        refusal(write(tmp_path / "codec.fit", forged))
    assert not Path("harm.txt").exists()


def frame(content: bytes, stated: int | None = None) -> bytes:
    """Pack zeros as zarr does, possibly under another stated length."""
    from numcodecs import Zstd

    packed = bytearray(Zstd(level=1).encode(content))
    if stated is not None:
        kind = packed[4] >> 6
        width, start = (1, 2, 4, 8)[kind], 5 + (not packed[4] & 32)
        packed[start : start + width] = (stated - 256 * (width == 2)).to_bytes(width, "little")
    return bytes(packed)


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def bombs(members: Members) -> dict[str, Members]:
    """Return files that say or hold more than they have room for."""
    huge = changed(members, NODE, lambda n: n.update(shape=[2, 10**9, 2]))
    huge[NODE] = huge[NODE].replace(b"[2, 40, 2]", b"[2, 1000000000, 2]")
    tiny = {"name": "regular", "configuration": {"chunk_shape": [1, 1, 1]}}
    many = changed(members, NODE, lambda n: n.update(shape=[2, 7 * 10**6, 2], chunk_grid=tiny))
    old = many | changed(many, "fit.json", lambda m: m.update(format=4))
    pieces = changed(members, NODE, lambda n: n.update(shape=[2, 10**7, 2]))
    bomb = members | {CHUNK: frame(bytes(2 * 10**8))}
    lying = members | {CHUNK: frame(bytes(2 * 10**8), stated=2 * 40 * 2 * 8)}
    label = "draws.zarr/posterior/coefficient/c/0"
    labels = members | {label: frame(bytes(3 * 10**8))}
    count = members | {label: frame((10**9).to_bytes(4, "little") + bytes(8))}
    found = (huge, many, old, pieces, bomb, lying, labels, count)
    return {str(number): forged for number, forged in enumerate(found)}


def test_what_unpacks_to_more_than_a_file_can_hold_is_refused_at_once(members, tmp_path):
    for name, forged in bombs(members).items():
        path = write(tmp_path / f"{name}.fit", forged)
        assert seconds(lambda path=path: refusal(path)) < 10.0


# Each file is read in a process of its own that has loaded the package and nothing else.
READ_APART = """
import json, os, resource, sys, time
import pandas, pyarrow.parquet, xarray, zarr
from bayes_alliance.errors import AllianceError
from bayes_alliance.sampling.loading import load_fit

def peak():
    unit = 1e6 if sys.platform == "linux" else 1e9
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit

for path in sys.argv[1:]:
    if os.fork() == 0:
        before, began = peak(), time.process_time()
        try:
            load_fit(path)
            how = "loaded"
        except AllianceError:
            how = "refused"
        except BaseException as error:
            how = type(error).__name__
        print(json.dumps([path, how, peak() - before, time.process_time() - began]), flush=True)
        os._exit(0)
    os.wait()
"""


def read_apart(paths: list[Path]) -> list[tuple[str, str, float, float]]:
    """Return of each file its name, how it ended, the memory it took in GB, and its seconds."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", READ_APART, *map(str, paths)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
    )
    return [tuple(json.loads(line)) for line in done.stdout.splitlines()]


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="measures each file in a process of its own")
@pytest.mark.parametrize("part", [0, *(pytest.param(k, marks=pytest.mark.long) for k in (1, 2, 3))])
def test_no_file_takes_a_gigabyte_or_ten_seconds(part, members, tmp_path):
    rng = np.random.default_rng(100 + part)
    forged = bombs(members) if part == 0 else {}
    forged |= {f"changed-{k}": mutated(members, rng)[0] for k in range(40)}
    paths = [write(tmp_path / f"{name}.fit", own) for name, own in forged.items()]
    if part == 0:
        rows = pd.DataFrame({"x": np.zeros(10**7), "y": "a"})
        paths += [
            write(tmp_path / "packed.fit", members | {CHUNK: bytes(10**9)}, pack=8),
            write(tmp_path / "rows.fit", members | {"rows.parquet": parquet(rows)}),
            write(tmp_path / "nest.fit", members | {"fit.json": b"[" * 10**7 + b"]" * 10**7}),
        ]
    found = read_apart(paths)
    assert len(found) == len(paths)  # none ended its process
    for _, how, gigabytes, taken in found:
        assert how in ("loaded", "refused")
        assert gigabytes < 1.0
        assert taken < 10.0
    assert max(gigabytes for *_, gigabytes, _ in found) > 0.001  # something was measured


def parquet(table: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    return buffer.getvalue()


def test_rows_that_are_not_the_saved_ones_are_refused(members, tmp_path):
    rows = pd.read_parquet(io.BytesIO(members["rows.parquet"]))
    other = rows.assign(alliance=rows["alliance"] + 1)
    text = refusal(write(tmp_path / "other.fit", members | {"rows.parquet": parquet(other)}))
    assert "its rows are not the ones that were saved" in text
    text = refusal(write(tmp_path / "few.fit", members | {"rows.parquet": parquet(rows[:-1])}))
    assert "another number of rows" in text
    many = pd.concat([rows.assign(case_manager="x" * 10**6)] * 4, ignore_index=True)
    forged = changed(members, "fit.json", lambda m: m["model"].update(rows_used=len(many)))
    text = refusal(write(tmp_path / "long.fit", forged | {"rows.parquet": parquet(many)}))
    assert "unpack to more" in text


def test_missing_pieces_other_labels_and_other_numbers_are_refused(members, tmp_path):
    without = {name: content for name, content in members.items() if name != CHUNK}
    assert "missing" in refusal(write(tmp_path / "without.fit", without))
    swap = members["draws.zarr/posterior/coefficient/c/0"]
    names = frame(np.array([2, 1], "<u4").tobytes()[:4] + b"\1\0\0\0a\1\0\0\0b")
    assert swap != names
    forged = members | {"draws.zarr/posterior/coefficient/c/0": names}
    assert "other labels" in refusal(write(tmp_path / "labels.fit", forged))
    forged = changed(members, "fit.json", lambda m: m["settings"].update(draws=10**9))
    assert "another number of draws" in refusal(write(tmp_path / "draws.fit", forged))
    # Attributes that readers of such files turn numbers into others by change none here.
    scaled = changed(members, NODE, lambda n: n["attributes"].update(scale_factor=2.0))
    back = load_fit(write(tmp_path / "scaled.fit", scaled))
    np.testing.assert_array_equal(
        back.posterior["b"], load_fit(write(tmp_path / "same.fit", members)).posterior["b"]
    )


def test_a_nest_of_brackets_is_refused(members, tmp_path):
    for name in ("fit.json", NODE, "draws.zarr/zarr.json"):
        nested = members | {name: b"[" * 10**6 + b"]" * 10**6}
        refusal(write(tmp_path / "nested.fit", nested))


def mutated(members: Members, rng: np.random.Generator) -> tuple[Members, str]:
    """Change one thing of a member, in its bytes or in its JSON."""
    name = str(rng.choice(list(members)))
    content = members[name]
    kind = str(rng.choice(["flip", "cut", "drop", "double", "rename", "json", "json", "json"]))
    if kind == "drop":
        return {k: v for k, v in members.items() if k != name}, kind
    if kind == "rename":
        other = str(
            rng.choice(["../x", "draws.zarr/x", name + "x", str(rng.choice(list(members)))])
        )
        return {k: v for k, v in members.items() if k != name} | {other: content}, kind
    if kind == "json" and name.endswith(".json"):
        tree = json.loads(content)
        _mutate(tree, rng)
        return members | {name: json.dumps(tree).encode()}, kind
    raw = bytearray(content)
    if kind == "cut":
        raw = raw[: int(rng.integers(len(raw)))]
    elif kind == "double":
        raw = raw + raw
    elif raw:
        raw[int(rng.integers(len(raw)))] ^= int(rng.integers(1, 256))
    return members | {name: bytes(raw)}, "bytes"


def _mutate(tree: object, rng: np.random.Generator) -> None:
    """Put something else at a random place of a JSON tree."""
    values = [None, -1, 0, 10**9, 10**30, 1e308, "", "../x", [], {}, True, "I(10**10**8 * stigma)"]
    while True:
        keys = list(tree) if isinstance(tree, dict) else list(range(len(tree)))
        if not keys:
            return
        key = keys[int(rng.integers(len(keys)))]
        inner = tree[key]
        if isinstance(inner, dict | list) and inner and rng.random() < 0.8:
            tree = inner
            continue
        tree[key] = values[int(rng.integers(len(values)))]
        return


@pytest.mark.slow
@pytest.mark.parametrize(
    "part", [0, *(pytest.param(k, marks=pytest.mark.long) for k in range(1, 20))]
)
def test_random_changes_end_in_a_sentence_or_in_the_same_draws(part, members, original, tmp_path):
    """A thousand in all: never another exception, never slow, never other numbers by metadata."""
    rng = np.random.default_rng(part)
    accepted, said = 0, [0]
    for number in range(50):
        forged, kind = mutated(members, rng)
        path = write(tmp_path / f"{number}.fit", forged)
        started = time.perf_counter()
        try:
            back = load_fit(path)
        except AllianceError as error:
            back = None
            said.append(len(str(error)))
        assert time.perf_counter() - started < 10.0
        if back is None:
            continue
        accepted += 1
        if kind != "bytes":
            for name in original.idata.children:
                ours, theirs = original.idata[name].to_dataset(), back.idata[name].to_dataset()
                np.testing.assert_equal(
                    {k: v.to_numpy() for k, v in theirs.data_vars.items()},
                    {k: v.to_numpy() for k, v in ours.data_vars.items()},
                )
    assert accepted < 40
    assert max(said) < 2_000
