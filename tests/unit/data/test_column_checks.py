"""Each rule about a column with what it must catch and what it must leave alone."""

import numpy as np
import pandas as pd
import pytest

from bayes_alliance.data.inspection import check_data
from bayes_alliance.data.notes.code_checks import find_codes
from bayes_alliance.data.notes.name_checks import note_alike_names, note_two_names
from bayes_alliance.data.notes.outcome_checks import note_outcome_shape
from bayes_alliance.data.notes.predictor_uses import note_few_values
from bayes_alliance.data.notes.repeat_checks import looks_like_people, note_repeated_ids
from bayes_alliance.data.notes.text_checks import holds_dates, note_text

RNG = np.random.default_rng(7)
LIKERT = np.tile([1.0, 2, 2, 3, 3, 3, 4, 4, 5], 10)
AGES = RNG.integers(18, 78, 200).astype(float)
SCORES = RNG.normal(50, 10, 200).round(1)
TAIL = np.repeat(np.arange(7.0), [50, 30, 15, 8, 4, 2, 1])


@pytest.mark.parametrize(
    ("values", "codes"),
    [
        ([*AGES, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99], {99}),
        ([*AGES, 999, 999, 998], {998, 999}),
        ([*LIKERT, 9, 9, 9], {9}),
        ([*LIKERT, 8, 8, 9], {8, 9}),
        ([*LIKERT, -1, -1], {-1}),
        ([*SCORES, -9, -9, 999, 999], {-9, 999}),
        ([*np.tile([0.0, 1], 30), 7, 7, 7], {7}),
        ([*AGES, -99, -99], {-99}),
    ],
)
def test_codes_are_found(values, codes):
    assert set(find_codes(np.array(values)).codes) == codes


@pytest.mark.parametrize(
    "values",
    [
        [*AGES, 99],  # once
        LIKERT,
        [*LIKERT + 2, 9, 9],  # steps from 3 to 7: 9 is no code of such a scale
        [*TAIL, 9, 9],  # the tail of a count
        np.tile([1.0, 2, 3, 9], 20),  # doses of a design
        np.tile([-1.0, 0, 1], 20),  # a contrast
        np.tile([-1.0, 0, 5, 10, 30], 14),  # minutes
        np.arange(1.0, 1000),  # numbers that go on
        [*np.repeat([3.0, 4, 5, 6], [4, 99, 3, 80]), *[8.0] * 100],  # cylinders of cars
    ],
)
def test_what_is_no_code_is_left_alone(values):
    assert find_codes(np.asarray(values, dtype=float)) is None


def keys(*texts, used=True):
    return [note.code for note in note_text(pd.Series(texts, name="x", dtype="str"), used=used)]


def test_words_among_numbers_and_what_is_text_all_the_same():
    numbers = [str(k % 30) for k in range(40)]
    assert keys(*numbers, "refused", "n.a.") == ["words_among_numbers"]
    assert keys(*numbers) == []
    assert keys(*numbers, "12b", "13b") == []  # ids
    assert keys(*[f"{k},5" for k in range(20)]) == ["decimal_comma"]
    assert keys(*["low", "high"] * 20) == []


@pytest.mark.parametrize(
    "texts",
    [
        ["2024-01-31", "2024-02-01"],
        ["31.01.2024", "1.2.24"],
        ["1/31/2024", "12/1/2024 10:30"],
        ["31 Jan 2024", "1-Feb-24"],
        ["January 31, 2024", "Feb 1 2024"],
        ["2024-01-31T10:00:00Z", "2024-02-01T11:00:00Z"],
    ],
)
def test_dates_in_usual_forms(texts):
    assert holds_dates(pd.Series(texts, dtype="str"))


def test_the_code_that_makes_days_of_dates_runs():
    for day, last in (("31.01.2024", 396), ("01/31/2024", 396), ("2024-01-31", 396)):
        data = pd.DataFrame({"d": [day, day.replace("2024", "2025"), day.replace("2024", "2023")]})
        (note,) = note_text(data["d"], used=True)
        code = str(note.remedy).partition(": ")[2].rstrip(".")
        days = eval(code, {"data": data, "pandas": pd})["days"]
        assert days.tolist() == [365, 365 + last - 30, 0]


def test_what_is_no_date():
    for texts in (["1.2", "1.3"], ["1-2", "2-3"], ["2024", "2025"], ["2024-01-31", "later"]):
        assert not holds_dates(pd.Series(texts, dtype="str"))


def test_names_of_categories_used_as_amounts():
    region = pd.Series(np.tile([1, 2, 3], 60), name="region")
    noise = pd.Series(RNG.normal(size=180), name="y")
    assert note_few_values(region, noise + np.array([0, 4, 1])[region - 1])
    assert not note_few_values(region, noise + np.array([0, 1, 4])[region - 1])  # one way
    assert not note_few_values(region, noise)
    assert not note_few_values(region * 10, noise + np.array([0, 4, 1])[region - 1])  # doses


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("A. Young", "A Young"),
        ("A. Young", "Young, A"),
        ("A Young", "Alice Young"),
        ("b  smith", "B Smith"),
        ("Smith-Jones", "Smith Jones"),
        ("C-17", "c 17"),
        ("P01", "P1"),
        ("007", "7"),
        ("1.5", "1.50"),
    ],
)
def test_names_that_may_be_one(one, other):
    assert note_alike_names([one, other, "North"], "g")


@pytest.mark.parametrize(
    "labels",
    [
        ["A+", "A-", "A"],
        ["1-2", "2-1"],
        ["A:b", "B:a"],
        ["1.1", "11", "-1", "1"],
        ["Alice Young", "Anna Young", "A Young"],  # nobody knows which
        ["Miller", "Mills"],
        ["M1", "M10", "M11"],
    ],
)
def test_names_that_are_two(labels):
    assert not note_alike_names(labels, "g")


def test_cells_with_two_names():
    rest = [f"team {letter}" for letter in "abcdefgh"]
    for cell in ("Young / Smith", "Young; Smith", "Young & Smith", "A Young and B Smith"):
        assert note_two_names(["A Young", "B Smith", cell, *rest], "g"), cell
    assert note_two_names(["Young", "Smith", "Young, Smith", *rest], "g")
    for cell in ("Young, A", "Research and Care", "North/1", "A/B"):
        assert not note_two_names(["A Young", "B Smith", cell, *rest], "g"), cell


def visits(alike):
    """Return 40 clients with five visits each, of ten managers."""
    client = np.repeat(np.arange(40), 5)
    y = RNG.normal(size=200) + alike * RNG.normal(size=40)[client]
    return client, client // 4, y


def test_visits_of_clients_that_the_model_does_not_know():
    client, manager, y = visits(alike=1.5)
    table = pd.DataFrame({"client": client, "k": client, "age": client % 7, "row": np.arange(200)})
    (note,) = note_repeated_ids(table[["client"]], ["client"], [manager], y)
    assert note.columns == ("client",)
    assert note.value > 0.3
    # By where it lies, whatever it is called; not where the model has it, or what is coarser.
    assert note_repeated_ids(table[["k"]], ["k"], [manager], y)
    assert not note_repeated_ids(table[["k"]], ["k"], [manager, client], y)
    assert not note_repeated_ids(table[["age", "row"]], ["age", "row"], [manager], y)
    site = pd.DataFrame({"site_id": manager // 2})
    assert not note_repeated_ids(site, ["site_id"], [manager], y)
    _, _, unlike = visits(alike=0.0)
    assert not note_repeated_ids(table[["client"]], ["client"], [manager], unlike)


def test_names_of_people():
    assert all(map(looks_like_people, ["client", "patientID", "subj", "PID", "childid", "case_no"]))
    assert not any(map(looks_like_people, ["agency", "age", "grid_size", "paid", "said"]))


def shapes(y):
    return [note.code for note in note_outcome_shape("y", np.asarray(y, dtype=float))]


def test_outcomes_that_a_normal_distribution_can_hardly_have():
    assert shapes(RNG.negative_binomial(1, 0.2, 300)) == ["outcome_counts"]
    assert shapes(RNG.beta(0.5, 1.5, 300)) == ["outcome_shares"]
    assert shapes(np.minimum(RNG.normal(50, 10, 300).round(), 56)) == ["outcome_at_end"]
    assert shapes(RNG.binomial(1, 0.4, 300)) == ["outcome_two_values"]
    for fine in (
        RNG.normal(50, 10, 300),
        RNG.binomial(27, 0.4, 300),  # a sum of items
        RNG.beta(20, 20, 300),
        RNG.exponential(30_000, 300).round(),  # incomes
        LIKERT,
    ):
        assert shapes(fine) == []


def test_real_tables_raise_nothing_that_is_false(packaged_name, real_data):
    """Judged one by one: the cautions that these tables raise without a model, and no others."""
    silent = {"missing", "duplicate_rows"}
    found = check_data(real_data(packaged_name)).notes
    assert {note.code for note in found if note.level != "fine"} - silent == set()


def test_ids_that_cross_the_groups_are_not_alike_by_chance():
    """Ids drawn at random say nothing, however many groups the outcome is freed from."""
    rng = np.random.default_rng(8)
    manager = np.arange(600) // 10
    said = 0
    for _ in range(40):
        table = pd.DataFrame({"client": rng.permutation(np.arange(600) // 5)})
        said += bool(note_repeated_ids(table, ["client"], [manager], rng.normal(size=600)))
    assert said == 0


def test_no_slope_on_an_outcome_that_holds_codes_itself():
    """Without the codes of one column only, the slope would be that on the other's codes."""
    rng = np.random.default_rng(4)
    x = rng.normal(20, 4, 400).round()
    table = pd.DataFrame({"y": (50 - x + rng.normal(0, 5, 400)).round(), "x": x})
    coded = table.assign(x=table["x"].where(np.arange(400) % 40 > 0, 999.0))
    (note,) = (n for n in check_data(coded, "y").notes if n.code == "codes")
    assert "the slope of y on it is" in str(note)
    coded["y"] = coded["y"].where(np.arange(400) % 25 > 0, 999.0)
    notes = [n for n in check_data(coded, "y").notes if n.code == "codes"]
    assert {n.columns for n in notes} == {("x",), ("y",)}
    assert not any("slope" in str(n) for n in notes)
