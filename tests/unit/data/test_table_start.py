"""Where a table starts and ends: taken where it is beyond doubt and said, else refused."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bayes_alliance.data.describing import codebook
from bayes_alliance.data.inspection import check_data
from bayes_alliance.data.reading import read_table
from bayes_alliance.errors import DataError

BODY = "id,alliance,stigma,visits\nC1,50,1.5,3\nC2,61,2.5,4\nC3,47,1.0,9\n"
NAMES = ["id", "alliance", "stigma", "visits"]


def read(folder: Path, text: str, **options: Any) -> pd.DataFrame:
    path = folder / "a.csv"
    path.write_text(text, encoding="utf-8")
    return read_table(path, **options)


def said(table: pd.DataFrame) -> str:
    return " ".join(n.text for n in check_data(table).notes if n.code.startswith("read_"))


@pytest.mark.parametrize(
    "above",
    [
        "Client survey 2024\n",
        "Client survey 2024\n\nAgency North\n\n",
        '"Client survey, spring"\n',
        "Client survey 2024,,,\n,,,\n",
        "Exported,2024-05-12\n",
    ],
)
def test_titles_above_the_names_are_left_out_and_said(tmp_path: Path, above: str) -> None:
    table = read(tmp_path, above + BODY)
    assert table.columns.tolist() == NAMES
    assert table["alliance"].tolist() == [50, 61, 47]
    assert "no data: '" in said(table)


def test_a_plain_table_is_taken_as_it_is_and_nothing_is_said(tmp_path: Path) -> None:
    table = read(tmp_path, BODY)
    assert len(table) == 3
    assert said(table) == ""


def test_where_the_names_are_in_doubt_the_first_rows_are_shown(tmp_path: Path) -> None:
    text = "A survey\n1,2,3\n4,5,6\n7,8,9\n"
    with pytest.raises(DataError) as caught:
        read(tmp_path, text)
    assert "It begins with line 1: A survey; line 2: 1 | 2 | 3" in str(caught.value)
    assert "header=2" in str(caught.value)
    assert "--header 2" in caught.value.said_in("command line")
    assert read(tmp_path, text, header=2).columns.tolist() == ["1", "2", "3"]


def test_the_row_that_is_named_is_taken(tmp_path: Path) -> None:
    table = read(tmp_path, "a,b,c,d\n1,2,3,4\n" + BODY, header=3)
    assert table.columns.tolist() == NAMES
    assert table.attrs["read_as"]["header"] == [3, 3]
    both = read(tmp_path, "wave,,two,\n" + BODY, header=(1, 2))
    assert both.columns.tolist() == ["wave_id", "wave_alliance", "two_stigma", "two_visits"]


def test_names_in_two_rows(tmp_path: Path) -> None:
    text = "id,alliance,,stigma,\n,t1,t2,t1,t2\nC1,1,2,3,4\nC2,5,6,7,8\nC3,5,6,7,8\n"
    table = read(tmp_path, text)
    assert table.columns.tolist() == ["id", "alliance_t1", "alliance_t2", "stigma_t1", "stigma_t2"]
    assert table["stigma_t2"].tolist() == [4, 8, 8]
    assert "made of lines 1 and 2" in said(table)


def test_repeated_names_take_the_row_above(tmp_path: Path) -> None:
    text = ",Alliance,,Stigma,\nid,t1,t2,t1,t2\nC1,1,2,3,4\nC2,5,6,7,8\nC3,5,6,7,8\n"
    assert read(tmp_path, text).columns.tolist()[1:3] == ["Alliance_t1", "Alliance_t2"]


QUALTRICS = (
    "ResponseId,Q1,Q2\n"
    '"Response ID","How often, on the whole?","How old are you?"\n'
    '"{""ImportId"":""_recordId""}","{""ImportId"":""QID1""}","{""ImportId"":""QID2""}"\n'
    "R_1,3,40\nR_2,5,38\n"
)


def test_questions_and_ids_of_qualtrics(tmp_path: Path) -> None:
    table = read(tmp_path, QUALTRICS)
    assert table["Q1"].tolist() == [3, 5]
    assert codebook(table)["Q1"].label == "How often, on the whole?"
    assert "Qualtrics" in said(table)


@pytest.mark.parametrize("labels_first", [False, True])
def test_a_row_of_labels_beside_the_names(tmp_path: Path, labels_first: bool) -> None:
    rows = ["record_id,q1,q2", "Record ID,How often?,How old?"]
    text = "\n".join([*(reversed(rows) if labels_first else rows), "1,3,40", "2,5,38", "3,5,39\n"])
    table = read(tmp_path, text)
    assert table.columns.tolist() == ["record_id", "q1", "q2"]
    assert table["q2"].tolist() == [40, 38, 39]
    assert codebook(table)["q2"].label == "How old?"
    assert "the labels of the columns" in said(table)


def test_a_first_row_of_words_is_data_where_other_rows_have_words(tmp_path: Path) -> None:
    table = read(tmp_path, "id,name,x\nA,Ann,refused\nB,Bo,2\nC,Cy,3\n")
    assert len(table) == 3


@pytest.mark.parametrize(
    ("below", "code"),
    [
        ("Total,158,5.0,16\n", "read_totals"),
        ("Mean,52.67,1.67,5.33\n", "read_totals"),
        ("Summe,158,,\nMittelwert,52.7,,\n", "read_totals"),
        (",158,5.0,16\n", "read_totals"),
        ("\nSource: the agency\n", "read_remarks"),
        ("* without those who left early\n", "read_remarks"),
        ("\nn = 3\n", "read_remarks"),
        ("Total,158,5.0,16\n\nSource: files\n", "read_totals"),
    ],
)
def test_totals_and_remarks_below_are_left_out_and_said(
    tmp_path: Path, below: str, code: str
) -> None:
    longer = BODY + "C4,40,2.0,1\n" if below.startswith(",") else BODY
    below = below.replace("158,5.0,16", "198,7.0,17") if longer != BODY else below
    table = read(tmp_path, longer + below)
    assert table["id"].tolist() == ["C1", "C2", "C3", "C4"][: len(longer.splitlines()) - 1]
    assert table["alliance"].dtype == "int64"
    (note,) = check_data(table).notes_with(code)
    assert "skip_last=0" in note.text


def test_what_only_looks_like_a_total_is_asked_about(tmp_path: Path) -> None:
    text = BODY + "Total,700,900,3\n"
    with pytest.raises(DataError) as caught:
        read(tmp_path, text)
    assert "Line 5 begins with 'Total', but its numbers are not those" in str(caught.value)
    assert "skip_last=1" in str(caught.value)
    assert len(read(tmp_path, text, skip_last=1)) == 3
    assert len(read(tmp_path, text, skip_last=0)) == 4


def test_an_id_alone_is_a_client_without_answers(tmp_path: Path) -> None:
    table = read(tmp_path, BODY + "C4,,,\n")
    assert table["id"].tolist() == ["C1", "C2", "C3", "C4"]
    assert said(table) == ""


def test_a_second_table_is_not_read_into_the_first(tmp_path: Path) -> None:
    text = BODY + "\ncode,meaning,what,other\n1,yes,2,3\n"
    with pytest.raises(DataError, match="Line 6 looks like the names of a second table"):
        read(tmp_path, text)
    assert len(read(tmp_path, text, skip_last=2)) == 3


def test_blank_columns_are_left_out_and_said(tmp_path: Path) -> None:
    table = read(tmp_path, "id,,x,\nA,,1,\nB,,2,\n")
    assert table.columns.tolist() == ["id", "x"]
    assert "1 column without a name and without values was left out" in said(table)


def test_names_that_are_numbers_are_asked_about(tmp_path: Path) -> None:
    table = read(tmp_path, "5,6\n4,7\n3,8\n")
    assert check_data(table).notes_with("read_numbers_as_names")[0].level == "caution"
