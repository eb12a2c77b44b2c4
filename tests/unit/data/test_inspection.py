"""Every note `check_data` can write, with the table that makes it and one that does not."""

import numpy as np
import pandas as pd
import pytest

from bayes_alliance.data.examples import load_example
from bayes_alliance.data.inspection import check_data
from bayes_alliance.data.notes import name_checks
from bayes_alliance.data.reading import read_table
from bayes_alliance.errors import DataError


def study(**columns):
    """Sixty groups of three clients, with nothing wrong, and the columns given."""
    rng = np.random.default_rng(3)
    data = pd.DataFrame(
        {
            "manager": np.repeat([f"M{number:02d}" for number in range(60)], 3),
            "alliance": rng.normal(size=180),
            "stigma": rng.normal(size=180),
        }
    )
    return data.assign(**columns)


def codes(report):
    return [note.code for note in report.notes]


def only(report, code):
    (note,) = report.notes_with(code)
    return note


def test_nothing_wrong():
    data = study()
    before = data.copy(deep=True)
    report = check_data(data, outcome="alliance", groups="manager")
    assert codes(report) == ["rows"]
    assert report.level == "fine"
    assert "180 rows, 3 columns" in str(report)
    pd.testing.assert_frame_equal(data, before)


def test_missing_values():
    data = study()
    data.loc[:3, "alliance"] = np.nan
    data.loc[:5, "manager"] = None
    data.loc[:1, "stigma"] = np.nan
    report = check_data(data, "alliance", "manager")
    assert [note.columns for note in report.notes_with("missing")] == [("alliance",), ("manager",)]
    assert "4 of 180 rows (2.2%)" in report.notes_with("missing")[0].message
    assert "stigma (2)" in only(report, "missing_elsewhere").message
    # With nothing named, every column counts as used.
    assert len(check_data(data).notes_with("missing")) == 3


def test_all_missing():
    report = check_data(study(alliance=np.nan), "alliance", "manager")
    assert only(report, "all_missing").level == "bad"
    nobody = check_data(study(manager=np.nan), "alliance", "manager")
    assert only(nobody, "all_missing").columns == ("manager",)
    assert nobody.table.loc["manager", "groups"] == 0


def test_empty_and_repeated_rows():
    data = study()
    report = check_data(pd.concat([data, data.head(2)]), "alliance")
    assert report.notes_with("duplicate_rows")[0].message.startswith("2 rows repeat")
    empty = pd.DataFrame({"a": [1.0, np.nan, np.nan], "b": ["x", None, None]})
    assert only(check_data(empty), "empty_rows").message.startswith("2 rows")
    assert not check_data(empty).notes_with("duplicate_rows")


def test_duplicate_columns():
    data = study()
    data.columns = ["manager", "alliance", "alliance"]
    note = only(check_data(data, "alliance", "manager"), "duplicate_columns")
    assert note.level == "bad"
    assert note.columns == ("alliance",)


@pytest.mark.parametrize(("outcome", "level"), [("stigma", "bad"), ("alliance", "caution")])
def test_infinite(outcome, level):
    data = study()
    data.loc[[3, 5], "stigma"] = [np.inf, -np.inf]
    note = only(check_data(data, outcome, "manager"), "infinite")
    assert note.level == level
    assert "infinite in 2 rows" in note.text


def test_outcome_constant():
    note = only(check_data(study(alliance=60), "alliance", "manager"), "outcome_constant")
    assert note.level == "bad"
    assert "60 in every row" in note.text


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (["yes", "no"], "0 and 1 for two answers"),
        (["1", "2"], "0 and 1 for two answers"),
        (["61,5", "58,0"], 'decimal=","'),
        (["61", "58", "refused"], "Only 'refused' is no number"),
        (["61", "58", "x", "y"], "These are no numbers: 'x', 'y'"),
    ],
)
def test_outcome_is_text(values, words):
    data = study(alliance=np.resize(values, 180))
    note = only(check_data(data, "alliance", "manager"), "outcome_not_numeric")
    assert note.level == "bad"
    assert words in note.text


def test_truth_values_are_an_outcome():
    data = study(alliance=np.resize([True, False], 180))
    assert codes(check_data(data, "alliance", "manager")) == ["rows"]


def test_outcome_is_a_copied_group_mean():
    data = study(alliance=np.repeat(np.arange(60.0), 3))
    report = check_data(data, "alliance", "manager")
    assert only(report, "outcome_constant_within_groups").level == "bad"


def test_constant_within_groups():
    setting = np.repeat(np.resize(["clinic", "community"], 60), 3)
    years = np.repeat(np.arange(60.0), 3)
    data = study(setting=setting, years=years, same=1.0)
    note = only(check_data(data, "alliance", "manager"), "constant_within_groups")
    # A column that never varies at all is not level-2 information.
    assert note.columns == ("setting", "years")
    assert note.level == "fine"
    years[0] = 99.0
    report = check_data(study(years=years), "alliance", "manager")
    assert not report.notes_with("constant_within_groups")


def test_python_objects_in_a_column_do_no_harm():
    data = study(notes=[["a", "b"]] * 180)
    assert codes(check_data(data, "alliance", "manager")) == ["rows"]


def test_similar_ids():
    data = study()
    data.loc[0, "manager"] = "M00 "
    data.loc[3, "manager"] = "m01"
    note = only(check_data(data, "alliance", "manager"), "similar_ids")
    assert note.level == "caution"
    assert "'M00' and 'M00 '" in note.text
    assert "'M01' and 'm01'" in note.text
    zeros = study(manager=np.repeat(["7", "007", *map(str, range(10, 68))], 3))
    assert "'007' and '7'" in only(check_data(zeros, groups="manager"), "similar_ids").message


@pytest.mark.parametrize(
    ("ids", "code", "words"),
    [
        (np.arange(60), "numeric_ids", "used as labels"),
        (np.arange(60.0), "float_ids", "used as labels (0)"),
        (np.arange(60) + 0.5, "fractional_ids", "such as 0.5"),
    ],
)
def test_number_ids(ids, code, words):
    report = check_data(study(manager=np.repeat(ids, 3)), "alliance", "manager")
    note = only(report, code)
    assert words in note.text
    assert note.level == ("fine" if code == "numeric_ids" else "caution")
    assert len(codes(report)) == 2


@pytest.mark.parametrize(
    ("groups", "words"),
    [(9, "9 groups: too few to say much"), (10, "depends on the prior"), (50, None)],
)
def test_few_groups(groups, words):
    data = pd.DataFrame({"g": np.arange(200) % groups, "y": np.arange(200.0)})
    notes = check_data(data, "y", "g").notes_with("few_groups")
    assert [words in note.text for note in notes] == ([True] if words else [])
    assert all(note.level == "caution" for note in notes)


def test_one_group():
    report = check_data(study(manager="M01"), "alliance", "manager")
    assert only(report, "one_group").level == "bad"
    assert not report.notes_with("few_groups")


def test_group_is_row():
    report = check_data(study(manager=[f"C{n}" for n in range(180)]), "alliance", "manager")
    assert only(report, "group_is_row").level == "bad"
    assert not report.notes_with("one_client_groups")


@pytest.mark.parametrize(("alone", "level"), [(6, "fine"), (40, "caution")])
def test_one_client_groups(alone, level):
    managers = np.array([*range(alone), *np.resize(np.arange(100, 130), 180 - alone)])
    note = only(check_data(study(manager=managers), "alliance", "manager"), "one_client_groups")
    assert note.text.startswith(f"{alone} of {alone + 30} manager groups")
    assert note.level == level


def test_nested_levels():
    agency = np.repeat([f"A{number}" for number in range(20)], 9)
    report = check_data(study(agency=agency), "alliance", ("agency", "manager"))
    note = only(report, "nested")
    assert "(1 | agency/manager)" in note.text
    assert report.table["groups"].to_dict() == {"agency": 20, "manager": 60}


def test_swapped_levels():
    agency = np.repeat([f"A{number}" for number in range(20)], 9)
    report = check_data(study(agency=agency), "alliance", ("manager", "agency"))
    note = only(report, "swapped_levels")
    assert note.level == "caution"
    assert "(1 | agency/manager)" in note.text


@pytest.mark.parametrize("order", [("agency", "manager"), ("manager", "agency")])
def test_moved_between_groups(order):
    agency = np.repeat([f"A{number}" for number in range(20)], 9)
    agency[0] = "A7"
    report = check_data(study(agency=agency), "alliance", order)
    note = only(report, "partially_crossed")
    assert "1 of 60 manager appear under more than one agency: M00 (A0, A7)" in note.text
    assert note.level == "caution"


def test_ids_that_repeat_across_groups():
    # Each agency numbers its own case managers from 1.
    agency = np.repeat([f"A{number}" for number in range(20)], 9)
    data = study(agency=agency, manager=np.tile(np.repeat([1, 2, 3], 3), 20))
    report = check_data(data, "alliance", ("agency", "manager"))
    note = only(report, "ids_repeat_across_groups")
    assert "3 of 3 manager ids occur under several agency" in note.text
    assert "(1 | agency/manager)" in note.text
    assert "every pair occurs" in only(report, "crossed").message


def test_one_to_one_levels():
    report = check_data(study(name=study()["manager"].str.lower()), groups=("name", "manager"))
    assert only(report, "one_to_one").level == "caution"


def test_three_levels_are_compared_in_pairs():
    agency = np.repeat([f"A{number}" for number in range(20)], 9)
    region = np.repeat(["R1", "R2"], 90)
    data = study(agency=agency, region=region)
    report = check_data(data, "alliance", ("region", "agency", "manager"))
    assert len(report.notes_with("nested")) == 3


def test_psychiatrists(real_data):
    data = real_data("schizo_psychiatrists")
    report = check_data(data, outcome="panss_change", groups="psychiatrist")
    assert report.table.loc["psychiatrist", "groups"] == 198
    assert report.caseloads["psychiatrist"].sum() == 2123
    assert report.table.loc["psychiatrist", "one_client"] == 24
    assert report.level == "fine"


def test_classrooms(real_data):
    data = real_data("classroom")
    report = check_data(data, outcome="mathgain", groups=("school", "classroom"))
    assert report.table["groups"].tolist() == [107, 312]
    assert only(report, "nested").columns == ("school", "classroom")


def test_pupils_of_schools(real_data):
    report = check_data(real_data("hsb82"), outcome="mathach", groups="school")
    assert report.table["groups"].tolist() == [160]
    assert report.caseloads["school"].sum() == 7185


def test_every_packaged_table_can_be_looked_at(packaged_name, real_data):
    data = real_data(packaged_name)
    assert check_data(data, groups=data.columns[0]).rows == len(data)


def test_every_real_file_can_be_looked_at(shared_data):
    for file in sorted(shared_data.glob("*.csv")):
        data = read_table(file)
        assert check_data(data, groups=data.columns[0]).rows == len(data), file.name


def test_example_is_in_order():
    report = check_data(load_example("simulated_study"), "alliance", "case_manager")
    assert report.table.loc["case_manager", "groups"] == 30
    assert only(report, "constant_within_groups").columns == ("setting",)
    assert report.level == "caution"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"outcome": "aliance"}, "Did you mean 'alliance'?"),
        ({"groups": ("manager", "agency")}, "'agency' was to be checked"),
        ({"groups": "manager/client"}, "one by one"),
        ({"outcome": "manager", "groups": "manager"}, "cannot be both"),
    ],
)
def test_columns_that_cannot_be_used(arguments, words):
    with pytest.raises(DataError) as caught:
        check_data(study(), **arguments)
    assert words in str(caught.value)


@pytest.mark.parametrize("data", [pd.DataFrame(), study().head(0), pd.DataFrame(index=[1, 2])])
def test_empty_tables(data):
    with pytest.raises(DataError) as caught:
        check_data(data)
    assert "It is empty" in str(caught.value)


def test_something_else_than_a_table():
    with pytest.raises(DataError) as caught:
        check_data({"a": [1]})
    assert "It is a dict" in str(caught.value)


def test_each_name_is_taken_apart_once(monkeypatch):
    """Where 100,000 groups have names, that is what looking at them takes."""
    taken = []
    key = name_checks.name_key
    monkeypatch.setattr(name_checks, "name_key", lambda label: taken.append(label) or key(label))
    labels = [f"P{k}" for k in range(50)]
    assert name_checks.note_alike_names(labels, "g") == []
    assert name_checks.note_two_names(labels, "g") == []
    assert sorted(taken) == sorted(labels)
