"""A codebook: shown, written, edited, given back; bounded and refused where it is wrong."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import bayes_alliance as ba
from bayes_alliance.data.codebooks.files import read_codebook
from bayes_alliance.data.codebooks.record import Codebook, Variable, from_json, to_json
from bayes_alliance.data.inspection import check_data
from bayes_alliance.errors import DataError

FULL = Codebook(
    variables=(
        Variable(
            name="age",
            label="Age of the client",
            values={"-99": "refused", "999": "not asked"},
            missing=("-99",),
            missing_ranges=((990.0, 999.0), (-math.inf, -1.5)),
            level="scale",
            unit="years",
            possible=(0.0, 110.0),
        ),
        Variable(name="arm", values={"1": "waiting", "2": "=treated"}, level="nominal"),
        Variable(name="a = b; \"c\" 'd'", label="ä\n\x7f'", missing=("none", ".a", "0.5")),
        Variable(name="plain"),
    )
)


@pytest.mark.parametrize("suffix", [".toml", ".csv"])
def test_what_is_written_is_read_again(tmp_path: Path, suffix: str) -> None:
    FULL.save(tmp_path / f"words{suffix}")
    found = read_codebook(tmp_path / f"words{suffix}")
    wanted = FULL
    if suffix == ".csv":  # cells have no line ends to lose
        wanted = Codebook(variables=(*FULL.variables[:2], FULL.variables[3]))
        found = Codebook(variables=(*found.variables[:2], found.variables[3]))
    assert found.variables == wanted.variables
    assert from_json(to_json(FULL)).variables == FULL.variables


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\t\x00"), min_size=1).filter(
    lambda text: text == text.strip() and not text.startswith("'") and ".." not in text
)


@given(
    st.lists(
        st.builds(
            Variable,
            name=TEXTS,
            label=TEXTS | st.just(""),
            values=st.dictionaries(TEXTS, TEXTS, max_size=3),
            missing=st.lists(TEXTS, max_size=3, unique=True).map(tuple),
            level=st.sampled_from(["nominal", "ordinal", "scale", ""]),
        ),
        max_size=4,
        unique_by=lambda variable: variable.name,
    )
)
def test_any_words_survive(tmp_path_factory: pytest.TempPathFactory, own: list[Variable]) -> None:
    place = tmp_path_factory.mktemp("words") / "a.toml"
    Codebook(variables=tuple(own)).save(place)
    for found, wanted in zip(read_codebook(place), own, strict=True):
        assert dict(found.values) == dict(wanted.values)
        assert (found.name, found.label, found.level) == (wanted.name, wanted.label, wanted.level)
        assert [float(c) if _is_number(c) else c for c in found.missing] == [
            float(c) if _is_number(c) else c for c in wanted.missing
        ]


def _is_number(code: str) -> bool:
    try:
        return math.isfinite(float(code))
    except ValueError:
        return False


def test_a_codebook_makes_a_plain_file_the_same_table(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,age,arm,word\nA,30,1,3\nB,-99,2,refused\nC,995,1,4\n")
    (tmp_path / "words.toml").write_text(
        "[variables.age]\nmissing = [-99]\nmissing_ranges = [[990, 999]]\npossible = [0, 25]\n"
        '[variables.arm]\nlevel = "nominal"\nvalues = { 1 = "waiting", 2 = "treated" }\n'
        '[variables.word]\nmissing = ["refused"]\n[variables.gone]\nlabel = "Not there"\n'
    )
    table = ba.read_table(tmp_path / "a.csv", codebook=tmp_path / "words.toml")
    assert table["age"].isna().tolist() == [False, True, True]
    assert table["arm"].tolist() == ["waiting", "treated", "waiting"]
    assert table["word"].tolist()[::2] == [3.0, 4.0]
    assert np.isnan(table["word"].iloc[1])
    report = check_data(table)
    assert "in 1 row: 30" in report.notes_with("read_impossible_values")[0].message
    assert "gone, which is not in the table" in report.notes_with("read_codebook_names")[0].message
    assert ba.codebook(table)["arm"].level == "nominal"


def test_the_users_codebook_counts_more_than_the_files_own(shared_data: Path) -> None:
    file = shared_data / "files" / "haven_agency.sav"
    words = Codebook(variables=(Variable(name="sex", missing=("1",)),))
    table = ba.read_table(file, codebook=words)
    assert set(table["sex"].dropna()) == {2, 3, 9}
    assert ba.codebook(table)["age"].missing == ("-1",)


def test_a_file_read_with_its_own_codebook_is_the_same_table(
    shared_data: Path, tmp_path: Path
) -> None:
    file = shared_data / "files" / "haven_agency.sav"
    table = ba.read_table(file)
    for name in ("words.toml", "words.csv"):
        ba.codebook(table).save(tmp_path / name)
        again = ba.read_table(file, codebook=tmp_path / name)
        pd.testing.assert_frame_equal(again, table)
        assert ba.codebook(again).variables == ba.codebook(table).variables


def test_labels_that_are_alike_or_partial_make_no_categories(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,y\n1,1\n2,2\n")
    words = Codebook(
        variables=(
            Variable(name="x", level="nominal", values={"1": "same", "2": "same"}),
            Variable(name="y", level="nominal", values={"1": "one"}),
        )
    )
    table = ba.read_table(tmp_path / "a.csv", codebook=words)
    assert table["x"].tolist() == table["y"].tolist() == [1, 2]


def test_a_table_that_remembers_nothing_has_its_columns_named() -> None:
    words = ba.codebook(pd.DataFrame({"a": [1], "b": [2]}))
    assert words.names == ("a", "b")
    assert all(variable.says_nothing for variable in words)
    with pytest.raises(DataError, match="no table"):
        ba.codebook(3)  # type: ignore[arg-type]


BAD = {
    "no toml": "[variables",
    "another table": "[columns.a]\n",
    "a key of no meaning": '[variables.a]\nlable = "x"\n',
    "a level that is none": '[variables.a]\nlevel = "interval"\n',
    "a range that is none": "[variables.a]\npossible = [3, 1]\n",
    "a range of one": "[variables.a]\nmissing_ranges = [[3]]\n",
    "codes that are none": "[variables.a]\nmissing = [[1]]\n",
    "labels that are none": "[variables.a]\nvalues = { 1 = 2 }\n",
    "a variable that is none": "[variables]\na = 1\n",
    "not a number": "[variables.a]\npossible = [nan, 1]\n",
    "deep": "a = " + "[" * 100_000,
}


@pytest.mark.parametrize("name", BAD)
def test_a_wrong_codebook_is_refused_with_the_variable(tmp_path: Path, name: str) -> None:
    (tmp_path / "words.toml").write_text(BAD[name])
    with pytest.raises(DataError) as caught:
        read_codebook(tmp_path / "words.toml")
    assert str(caught.value).count(".") >= 3


def test_files_that_are_no_codebooks(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    (tmp_path / "big.toml").write_bytes(b"#" * (9 << 20))
    (tmp_path / "b.toml").write_bytes(b"\xff\xfe")
    for name in ("a.csv", "big.toml", "b.toml", "none.toml", "a.docx"):
        with pytest.raises(DataError, match="to be read as a codebook"):
            read_codebook(tmp_path / name)
    with pytest.raises(DataError, match=r"Use \.toml or \.csv"):
        FULL.save(tmp_path / "a.docx")


def test_no_cell_of_a_codebook_is_a_formula(tmp_path: Path) -> None:
    FULL.save(tmp_path / "words.csv")
    cells = [
        c for line in (tmp_path / "words.csv").read_text().splitlines() for c in line.split(",")
    ]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@"))]
    assert "'=treated" in cells
