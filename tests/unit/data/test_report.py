"""The records a look at the data returns."""

import dataclasses

import pandas as pd
import pytest

from bayes_alliance.data.report import DataReport, GroupReport, Note


def group(**caseloads):
    return GroupReport(name="case_manager", caseloads=pd.Series(caseloads, dtype="int64"))


def report(*notes):
    groups = (group(CM1=4, CM2=1, CM3=9),)
    return DataReport(rows=14, outcome="alliance", groups=groups, notes=notes)


FINE = Note(level="fine", code="rows", message="14 rows.")
CAUTION = Note(level="caution", code="few_groups", message="3 groups <few>.", columns=("g",))
BAD = Note(level="bad", code="one_group", message="One group.")


def test_group_numbers():
    found = group(CM1=4, CM2=1, CM3=9)
    assert (found.groups, found.smallest, found.median, found.largest) == (3, 1, 4.0, 9)
    assert found.one_client == 1


def test_no_groups_at_all():
    found = group()
    assert (found.groups, found.smallest, found.largest, found.one_client) == (0, 0, 0, 0)
    assert pd.isna(found.median)


def test_table_has_one_row_for_each_group_column():
    table = report().table
    assert table.index.tolist() == ["case_manager"]
    assert table.loc["case_manager"].tolist() == [3, 1, 4.0, 9, 1]
    empty = DataReport(rows=3, outcome=None, groups=(), notes=()).table
    assert empty.shape == (0, 5)


def test_caseloads_by_column():
    assert report().caseloads["case_manager"]["CM3"] == 9


@pytest.mark.parametrize(
    ("notes", "level"),
    [((), "fine"), ((FINE,), "fine"), ((FINE, CAUTION), "caution"), ((BAD, CAUTION), "bad")],
)
def test_level_is_the_worst(notes, level):
    assert report(*notes).level == level


def test_notes_by_code():
    assert report(FINE, CAUTION).notes_with("few_groups") == (CAUTION,)
    assert report(FINE).notes_with("few_groups") == ()


def test_shows_itself():
    text = str(report(FINE, CAUTION))
    assert text.splitlines()[0] == "Data: 14 rows, outcome alliance"
    assert "caution: 3 groups <few>. [few_groups]" in text
    page = report(CAUTION)._repr_html_()
    assert "&lt;few&gt;" in page
    assert "case_manager" in page
    assert str(DataReport(rows=3, outcome=None, groups=(), notes=())).startswith("Data: 3 rows\n")


def test_records_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        report().rows = 3
