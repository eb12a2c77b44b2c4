"""Reports as someone might send them who means harm: a sentence, or what they truly say."""

from __future__ import annotations

import json
import os
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bayes_alliance as ba
from bayes_alliance.errors import AllianceError
from bayes_alliance.report.report_data import WORD_ELEMENT, read_report_data
from bayes_alliance.report.reproduction import reproducing
from bayes_alliance.report.session_record import data_record

pytestmark = pytest.mark.slow

Data = dict[str, Any]
SECONDS, LETTERS = 10.0, 2_000
PLACES = ("../../etc/passwd", "/etc/passwd", "//server/share/x.csv", r"C:\x.csv", "/dev/zero")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    study = ba.load_example("simulated_study")
    fit = ba.sample(ba.Model("alliance ~ stigma + (1 | case_manager)", study), seed=1, draws=40,
                    tune=100, chains=2, progress=False)  # fmt: skip
    folder = tmp_path_factory.mktemp("reports")
    paths = ba.write_report(fit, [folder / f"r{s}" for s in (".json", ".html", ".docx")])
    return {path.suffix: path for path in paths}


@pytest.fixture(scope="module")
def original(written: dict[str, Path]) -> Data:
    data: Data = json.loads(written[".json"].read_text(encoding="utf-8"))
    return data


@pytest.fixture
def data(original: Data) -> Data:
    return deepcopy(original)


def outcome(path: Path) -> str | bool:
    """Return the sentence a report ends in, or whether it comes out again; both soon."""
    started = time.perf_counter()
    try:
        found = ba.reproduce(path)
    except AllianceError as error:
        refusal = error
    else:
        refusal = None
    assert time.perf_counter() - started < SECONDS
    if refusal is None:
        assert len(found.sentence) < LETTERS
        return found.agree
    # What was asked, what was found, what to do.
    assert len(refusal.sentences) == 3
    assert len(str(refusal)) < LETTERS
    return str(refusal)


def refused(path: Path, words: str = "") -> None:
    said = outcome(path)
    assert isinstance(said, str), said
    assert words in said


def sent(folder: Path, data: Data | str) -> Path:
    text = data if isinstance(data, str) else json.dumps(data)
    (folder / "sent.json").write_text(text, encoding="utf-8")
    return folder / "sent.json"


def test_a_report_sent_as_it_was_written_comes_out(data: Data, tmp_path: Path) -> None:
    """The checks below fail for what is changed, not for how it is written."""
    assert outcome(sent(tmp_path, data)) is True


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("draws", 10**9, "2,000,000,200 draws"), ("tune", 10**12, "draws"),
        ("chains", 10**9, "draws"), ("max_tree_depth", 10**6, "2^1000000 steps"),
        ("draws", 1.5, "no report as this"), ("draws", True, "no report as this"),
        ("draws", -5, "at least 4"), ("chains", 0, "at least 1"), ("seed", 2**40, "Seeds end"),
        ("seed", 10**17, "Seeds end"), ("target_accept", 2, "probability"),
        ("engine", "os.system", "no such engine"), ("engine", ["x"], "no report as this"),
        ("more", 1, "no report as this"),
    ],
)  # fmt: skip
def test_settings_out_of_bounds_are_refused(
    data: Data, name: str, value: Any, words: str, tmp_path: Path
) -> None:
    data["record"]["settings"][name] = value
    refused(sent(tmp_path, data), words)


@pytest.mark.parametrize(
    "formula",
    [
        "alliance ~ " + " + ".join(["stigma"] * 10**5), "alliance ~ I(10**100000000*stigma)",
        "alliance ~ bs(stigma, df=10**8)", "alliance ~ " + "(" * 5_000 + "stigma" + ")" * 5_000,
        "alliance ~ __import__('os').system('touch harm')", "alliance ~ poly(stigma, 10**7)",
        "", "\x1b[2J", "alliance ~ I(stigma**9**9**9)", "alliance ~ stigma + (1 | ../../x)",
    ],
)  # fmt: skip
def test_formulas_are_bounded_and_run_nothing(
    data: Data, formula: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    data["record"]["formula"] = formula
    refused(sent(tmp_path, data))
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize(
    ("formulas", "words"),
    [
        ([], "0 formulas"), ([""] * 10_001, "too many formulas"),
        (["alliance ~ stigma" + " " * 6_000] * 2, "too long"), ([["alliance ~ 1"]], "no report as"),
        (["alliance ~ stigma", "sigma ~ " + "(" * 4_000], "cannot be built"),
        (["alliance ~ stigma", "sigma ~ __import__('os').system('touch harm')"], "cannot be built"),
    ],
)  # fmt: skip
def test_lists_of_formulas_are_bounded_and_run_nothing(
    data: Data, formulas: Any, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    data["record"]["formula"] = formulas
    refused(sent(tmp_path, data), words)
    assert not (tmp_path / "harm").exists()


def test_a_model_without_a_report_is_refused_before_it_is_sampled(
    data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reproducing, "remade_fit", lambda *_: pytest.fail("was sampled"))
    lines = [data["record"]["formula"], "sigma ~ stigma"]
    model = ba.Model(lines, ba.load_example("simulated_study"))
    own = {"formula": lines, "priors": model.priors.strings, "data": data_record(model)}
    data["record"] |= own
    refused(sent(tmp_path, data), "this model predicts sigma")


@pytest.mark.parametrize(
    "prior", ["Normal(0, 10**400)", "Normal(0, " + "1" * 9_000 + ")", "exec('1')", "Normal(0, 0)",
              "Normal(" * 3_000, "Normal(0, 1e999)", "x" * 10**6],
)  # fmt: skip
def test_priors_are_bounded(data: Data, prior: str, tmp_path: Path) -> None:
    data["record"]["priors"]["sigma"] = prior
    refused(sent(tmp_path, data))


@pytest.mark.parametrize(
    ("find", "put", "words"),
    [
        ('"seed": 1,', '"seed": 1, "seed": 2,', "comes twice"),
        ('"seed": 1,', '"seed": NaN,', "NaN"),
        ('"seed": 1,', '"seed": -Infinity,', "Infinity"), ('"seed": 1,', '"seed": 1e999,', "large"),
        ('"seed": 1,', '"seed": ' + "9" * 5_000 + ",", "too long"),
        ('"title": ', '"title": "\\ud800", "x": ', "half a letter"),
        ('"title": ', '"x": ' + "[" * 60 + "]" * 60 + ', "title": ', "too deep"),
        ('"title": ', '"x": ' + "[" * 10**6 + "]" * 10**6 + ', "title": ', "too deep"),
        ('"title": ', '"x": [' + "0," * 6 * 10**6 + '0], "title": ', "values"),
        ('"title": ', '"x": 1, "title": ', "not those of a report"),
    ],
)  # fmt: skip
def test_json_that_no_report_has_is_refused(
    original: Data, find: str, put: str, words: str, tmp_path: Path
) -> None:
    text = json.dumps(original)
    assert find in text
    refused(sent(tmp_path, text.replace(find, put, 1)), words)


OPENED: list[str] = []
_WATCHED: list[bool] = []


def watch(event: str, arguments: tuple[Any, ...]) -> None:
    if _WATCHED and event in ("open", "os.listdir", "os.scandir", "socket.connect", "os.system"):
        OPENED.append(str(arguments[0]))


@pytest.fixture
def opened() -> Iterator[list[str]]:
    """Every path that is opened meanwhile; a hook cannot be taken off, so it is switched."""
    if not OPENED:
        OPENED.append("")
        sys.addaudithook(watch)
    del OPENED[1:]
    _WATCHED.append(True)
    yield OPENED
    _WATCHED.clear()


@pytest.mark.parametrize("place", PLACES)
def test_no_path_of_a_record_is_opened(
    data: Data, place: str, tmp_path: Path, opened: list[str]
) -> None:
    path = sent(tmp_path, data)
    outcome(path)
    assert str(path) in opened  # the hook sees what is opened
    own = data["record"]["data"]
    read_as = {"file": place, "rows": 160, "encoding": "utf-8", "missing": [], "separator": None,
               "decimal": "."}  # fmt: skip
    for change in (
        {"example": place}, {"example": None, "streamed_from": place},
        {"example": None, "read_as": read_as},
    ):  # fmt: skip
        data["record"]["data"] = own | change
        refused(sent(tmp_path, data))
    assert not [name for name in opened if name.endswith((place, "passwd", "zero"))]


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "folder.json").mkdir()
    refused(tmp_path / "folder.json", "no file")
    refused(tmp_path / "gone.json", "could not be read")
    with (tmp_path / "large.json").open("wb") as file:
        file.truncate(10**9)
    refused(tmp_path / "large.json", "1,000,000,000 bytes")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.json")
        refused(tmp_path / "pipe.json", "no file")
        (tmp_path / "zero.html").symlink_to("/dev/zero")
        refused(tmp_path / "zero.html", "no file")
        (tmp_path / "m.md").write_text("# Title")
        (tmp_path / "m_figures").mkdir()
        (tmp_path / "m_figures" / "report.json").symlink_to("/dev/zero")
        refused(tmp_path / "m.md", "no file")


def test_word_documents_that_unpack_to_more_are_refused(
    written: dict[str, Path], tmp_path: Path
) -> None:
    with zipfile.ZipFile(written[".docx"]) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    path = tmp_path / "sent.docx"

    def write(*more: tuple[str, bytes]) -> Path:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
            for name, content in [*parts.items(), *more]:
                package.writestr(name, content)
        return path

    assert outcome(write()) is True
    refused(write(("word/x.bin", bytes(3 * 10**8))), "unpacks to too much")
    refused(write(("word/x.xml", b"<a>" + b"<b/>" * 6 * 10**6 + b"</a>")), "too many elements")
    laughs = b'<!DOCTYPE a [<!ENTITY b "ha">]><a>&b;</a>'
    refused(write(("customXml/item9.xml", laughs)), "a type of its own")
    with pytest.warns(UserWarning, match="Duplicate"):
        write(("word/document.xml", parts["word/document.xml"]))
    refused(path, "comes twice")
    namespace, _, name = WORD_ELEMENT[1:].partition("}")
    deep = f'<{name} xmlns="{namespace}">{"[" * 10**6}</{name}>'
    for part in [own for own in parts if own.startswith("customXml/item")]:
        parts[part] = deep.encode()
    refused(write())


@pytest.mark.parametrize(
    "extra",
    ["<svg " * 2 * 10**6, "<" * 5 * 10**6, "<p>x</p>\n" * 5 * 10**5, "<script " * 10**6,
     "<svg <" * 10**6 + "</svg>", "&" * 10**7, "\n" * 10**7],
)  # fmt: skip
def test_pages_made_to_be_slow_are_told_soon(
    written: dict[str, Path], extra: str, tmp_path: Path
) -> None:
    page = written[".html"].read_text(encoding="utf-8")
    for place, kept in (("</main>", extra + "</main>"), ("<main>", "<main>" + extra)):
        (tmp_path / "sent.html").write_text(page.replace(place, kept), encoding="utf-8")
        assert outcome(tmp_path / "sent.html") is False


def test_formulas_of_a_page_made_to_be_slow_are_told(data: Data, tmp_path: Path) -> None:
    """The data of a page are its own: what sets them must not be stopped by them."""
    deep = ("\\sqrt{" * 5_000, "{" * 10**5, "\\text{" * 10**4, "x + " * 10**5)
    for line in (*deep, "x_" * 10**4, "\\left(" * 3_000, "\\frac{", "\\{" * 10**4):
        for section in data["sections"]:
            for block in section["blocks"]:
                if block["kind"] == "equation":
                    block["lines"] = [line]
        held = json.dumps(data).replace("<", "\\u003c")
        page = f'<script type="application/json" id="report-data">{held}</script>'
        (tmp_path / "sent.html").write_text(page, encoding="utf-8")
        said = outcome(tmp_path / "sent.html")
        assert ("formulas" in str(said)) if line in deep else said is False


VALUES = [
    None, -1, 0, 10**9, 10**17, 1e308, -1e308, 1e-320, "", "../x", [], {}, True, "\x1b[31m\u202e",
    "I(10**10**8 * stigma)", "x" * 20_000, [[[]]], "Infinity", 0.1, "99%",
]  # fmt: skip
# What says nothing that is shown: versions decide by being others, a file's own name does not.
UNSEEN = {"source", "simulated", "streamed_from", "example", "read_as", "cores", "seed_given"}


def mutated(data: Data, rng: np.random.Generator) -> tuple[str, ...]:
    """Put something else at a random place of the data, more often than not of its record."""
    tree: Any = data["record"] if rng.random() < 0.6 else data
    path: tuple[str, ...] = () if tree is data else ("record",)
    while True:
        keys: list[Any] = list(tree) if isinstance(tree, dict) else list(range(len(tree)))
        if not keys:
            return path
        key = keys[int(rng.integers(len(keys)))]
        path = (*path, str(key))
        if isinstance(tree[key], dict | list) and tree[key] and rng.random() < 0.85:
            tree = tree[key]
            continue
        kind = rng.random()
        if kind < 0.15:
            del tree[key]
        elif kind < 0.25 and isinstance(tree, dict):
            tree[f"{key}x"] = tree.pop(key)
        elif kind < 0.35 and isinstance(tree, list):
            tree.append(deepcopy(tree[key]))
        else:
            tree[key] = VALUES[int(rng.integers(len(VALUES)))]
        return path


@pytest.mark.parametrize(
    "part", [0, *(pytest.param(k, marks=pytest.mark.long) for k in range(1, 16))]
)
def test_random_changes_end_in_a_sentence_or_are_told(
    part: int, original: Data, tmp_path: Path
) -> None:
    """Over three hundred in all: never another exception, never slow, none passed over."""
    rng = np.random.default_rng([part, 13])
    ended: list[str | bool] = []
    for _ in range(20):
        data = deepcopy(original)
        path = mutated(data, rng)
        if data == original:
            continue
        said = outcome(sent(tmp_path, data))
        ended.append(said)
        assert said is not True or path[0] == "record", path
    assert any(isinstance(said, str) for said in ended)


@pytest.mark.parametrize("suffix", [".json", ".html", ".docx"])
def test_random_bytes_end_in_a_sentence_or_are_told(
    suffix: str, written: dict[str, Path], tmp_path: Path
) -> None:
    rng = np.random.default_rng(7)
    content = written[suffix].read_bytes()
    changes: list[Callable[[bytearray], object]] = [
        lambda raw: raw.__delitem__(slice(int(rng.integers(len(raw))), None)),
        lambda raw: raw.__setitem__(int(rng.integers(len(raw))), int(rng.integers(256))),
        lambda raw: raw.extend(raw[:1000]),
        lambda raw: raw.__setitem__(slice(100, 164), bytes(rng.integers(0, 256, 64, np.uint8))),
    ]
    for change in changes * 2:
        raw = bytearray(content)
        change(raw)
        (tmp_path / f"sent{suffix}").write_bytes(raw)
        outcome(tmp_path / f"sent{suffix}")


def test_data_of_a_report_are_read_within_bounds_by_themselves(data: Data, tmp_path: Path) -> None:
    data["sections"][0]["blocks"].append({"kind": "import os"})
    with pytest.raises(ba.DataError, match="block of another kind"):
        read_report_data(sent(tmp_path, data))
