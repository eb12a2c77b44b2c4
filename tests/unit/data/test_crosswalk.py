"""Spellings of one name: what is proposed, what is not, and what an edited table does."""

import numpy as np
import pandas as pd
import pytest

import bayes_alliance as ba
from bayes_alliance.errors import DataError

ONE_NAME = [
    ("Anna Young", "anna young", "case"),
    ("Anna Young", "Anna  Young ", "blanks"),
    ("Anna Young", "Anna Young.", "punctuation"),
    ("Jose Perez", "José Pérez", "accents"),
    ("Anna Young", "Young, Anna", "order of words"),
    ("Anna Young", "A. Young", "initials"),
    ("Anna Young", "Anna Yuong", "one letter"),
    ("Anna Young", "Anna Youngg", "one letter"),
    ("Anna Young", "Ana Young", "one letter"),
]
TWO = [
    ("Anna Young", "Hanna Yong"),
    ("CM-01", "CM-02"),
    ("Team A", "Team B"),
    ("Ann Lee", "Ann Lea"),
    ("North 12", "North 21"),
    ("A+", "A"),
]


def table(*spellings, times=(9, 1)) -> pd.DataFrame:
    return pd.DataFrame({"manager": np.repeat(list(spellings), times[: len(spellings)])})


@pytest.mark.parametrize(("name", "written", "why"), ONE_NAME)
def test_what_may_be_one_name_is_proposed_with_its_reason(name, written, why):
    found = ba.propose_names(table(name, written), "manager")
    assert found.names == 1
    assert found.table.loc[written, "name"] == name
    assert found.table.loc[written, "why"] == why
    assert found.table.loc[name, "why"] == ""
    assert found.changes.index.tolist() == [written]


@pytest.mark.parametrize(("one", "other"), TWO)
def test_what_are_two_names_is_left_alone(one, other):
    assert ba.propose_names(table(one, other), "manager").names == 2


def test_slips_are_rare_and_have_one_name_to_be_a_slip_of():
    both_common = table("Anna Young", "Anne Young", times=(9, 8))
    assert ba.propose_names(both_common, "manager").names == 2
    between = table("Anna Young", "Anno Young", "Anne Young", times=(9, 1, 9))
    assert ba.propose_names(between, "manager").names == 3
    initials = table("Anna Young", "A. Young", "Alma Young", times=(9, 1, 9))
    assert ba.propose_names(initials, "manager").names == 3


def test_cells_with_two_names_are_marked_and_left():
    names = [f"Manager {letter}ck" for letter in "BDJKLMNPR"]
    data = pd.DataFrame({"manager": [*names, "Manager Bck / Manager Dck"]})
    found = ba.propose_names(data, "manager")
    (row,) = found.changes.itertuples()
    assert (row.Index, row.name, row.why) == (
        "Manager Bck / Manager Dck", "Manager Bck / Manager Dck", "two names?",
    )  # fmt: skip


def test_a_folder_of_spellings_comes_down_to_its_people():
    """Twenty-eight managers, each written in up to four ways."""
    rng = np.random.default_rng(1)
    first = ["Anna", "Boris", "Clara", "David", "Elena", "Frank", "Greta"]
    last = ["Youngblood", "Petersen", "Okonkwo", "Fischer"]
    people = [f"{one} {two}" for one in first for two in last]
    ways = [str.lower, str.upper, lambda own: ", ".join(own.split()[::-1]), lambda own: f" {own}"]
    rows = [
        ways[rng.integers(4)](own) if rng.random() < 0.2 else own
        for own in people
        for _ in range(10)
    ]
    data = pd.DataFrame({"manager": rows})
    assert data["manager"].nunique() > 60
    found = ba.propose_names(data, "manager")
    assert sorted(found.table["name"].unique()) == sorted(people)
    cleaned = ba.use_names(data, found)
    assert cleaned["manager"].tolist() == [own for own in people for _ in range(10)]
    assert len(data.columns) == len(cleaned.columns)


def test_saved_edited_and_used_again(tmp_path):
    data = table("Anna Young", "ANNA YOUNG", "Bo Berg", times=(5, 1, 2))
    data.loc[len(data)] = [None]
    path = ba.propose_names(data, "manager").save(tmp_path / "names.csv")
    edited = path.read_text(encoding="utf-8-sig").replace("ANNA YOUNG,Anna Young", "ANNA YOUNG,Al")
    path.write_text(edited.replace(",", ";"), encoding="utf-8")
    again = ba.load_names(path, column="manager")
    assert again.names == 3
    cleaned = ba.use_names(data, again)["manager"]
    assert cleaned.value_counts().to_dict() == {"Anna Young": 5, "Al": 1, "Bo Berg": 2}
    assert cleaned.isna().sum() == 1
    with pytest.raises(DataError, match="somebody may have edited it"):
        again.save(path)


def test_a_new_spelling_is_refused(tmp_path):
    found = ba.propose_names(table("Anna Young", "Bo Berg"), "manager")
    with pytest.raises(DataError, match="does not have 'Cy Coe'"):
        ba.use_names(table("Anna Young", "Cy Coe"), found)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "lacks lines"),
        ("written\na\n", "'written' and 'name'"),
        ("written,name\na,a\na,b\n", "It has a twice"),
        ("written,name\na,\n", "no name for a"),
        ("written,name\na, \n", "no name for a"),
        ("written,name\n\xff\n", "no name"),
    ],
)
def test_what_is_no_table_of_names(tmp_path, text, words):
    path = tmp_path / "names.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        ba.load_names(path, column="manager")
    assert words in str(caught.value)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        ba.load_names(tmp_path / "none.csv", column="manager")
    (tmp_path / "bytes.csv").write_bytes(b"written,name\n\xff\xfe,a\n")
    with pytest.raises(DataError, match="cannot be read"):
        ba.load_names(tmp_path / "bytes.csv", column="manager")
    with pytest.raises(DataError, match="Did you mean 'manager'"):
        ba.propose_names(table("a", "b"), "manger")


def test_the_record_shows_itself():
    found = ba.propose_names(table("Anna Young", "anna young"), "manager")
    assert str(found).startswith("manager: 2 spellings of 1 name")
    assert "anna young" in found._repr_html_()
