"""The law of ids: groups renamed one to one are the same groups, through a file too."""

import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import bayes_alliance as ba

FORMULAS = [
    "y ~ x + (1 | g)",
    "y ~ within(x, g) + between(x, g) + (1 + within(x, g) | g)",
    "y ~ x + (1 | top/g)",
    "y ~ C(g) + (1 | top)",
]
# Texts that a reader may take for numbers, and each beside another that is the same number.
LOOKS = [
    *("1", "+1", "01", "1.0", "1.00", "1e0", "10", "1E1", "010", "1e+01", "3.1", "3.10", "-0", "0"),
    *(
        "0.0",
        "007",
        "7",
        "1_000",
        "1000",
        "1,000",
        "½",
        "\u0661",
        "\u0663.1",
        "inf",
        "-inf",
        "1e400",
    ),
    *("9007199254740993", "9007199254740992", "12345678901234567890", "0x10", "1e5", "100000"),
    *("true", "TRUE", "True", "false", "P2", "P10", "p2", "A:B", "A", "12-05", "None"),
    *("1/2", "#1", "é", "''", "yes", "no", "T", "F"),
]


@st.composite
def renamings(draw) -> list[str]:
    some = st.one_of(
        st.sampled_from(LOOKS), st.from_regex(r"[+-]?\d{1,3}(\.\d{0,2})?", fullmatch=True)
    )
    # -0.0 is what rounding leaves of small numbers: the one text that is taken for another, 0.0.
    known = some.filter(
        lambda text: float(text or 1) != 0 if text[:1] == "-" and "." in text else True
    )
    return draw(st.lists(known, min_size=6, max_size=6, unique=True))


def table() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    rows = 48
    return pd.DataFrame(
        {
            "y": rng.normal(size=rows).round(3),
            "x": rng.normal(size=rows).round(3),
            "g": [f"id{k}" for k in rng.permutation(np.arange(rows) % 6)],
            "top": ["s", "t", "u", "v"] * 12,
        }
    )


def with_ids(ids: list[str]) -> pd.DataFrame:
    data = table()
    return data.assign(g=data["g"].map({f"id{k}": text for k, text in enumerate(ids)}))


def through_csv(data: pd.DataFrame, folder, read=ba.read_table) -> pd.DataFrame:
    path = folder / "table.csv"
    data.to_csv(path, index=False)
    return read(path)


def kept_apart(differences, ids, folder, formula, read=ba.read_table) -> list[str]:
    """Return in what a model of renamed ids differs from the original's, labels aside."""
    plain, data = ba.Model(formula, table()), with_ids(ids)
    found = []
    for stored in (data, through_csv(data, folder, read)):
        try:
            model = ba.Model(formula, stored)
        except ba.DataError as refusal:  # a level called inf among numbers
            if refusal.facts.get("column") != "g":
                raise
            continue
        found += differences(plain, model, labels=False) if "C(" not in formula else []
        groups = len(set(stored["g"].astype("str")))
        found += ["ids"] if groups != 6 else []
        found += [] if "top/g" in formula or "C(" in formula else _lost(model, ids)
    return found


def _lost(model, ids) -> list[str]:
    """Return ids that have another text, but for 12.0, which is how floats write 12."""
    (group,) = model.design.groups
    return sorted(set(group.labels) - set(ids) - {text.removesuffix(".0") for text in ids})


@settings(max_examples=30)
@given(renamings(), st.sampled_from(FORMULAS))
@example(["3.1", "3.10", "1E1", "10", "+1", "1"], FORMULAS[0])
@example(["3.10", "3.20", "4.00", "5.00", "6.70", "8.00"], FORMULAS[1])
@example(["1e5", "2e5", "3e5", "4e5", "5e5", "6e5"], FORMULAS[0])
@example(["1_000", "1000", "01000", "+1000", "1e3", "1,000"], FORMULAS[3])
def test_groups_renamed_one_to_one_are_the_same(differences, tmp_path_factory, ids, formula):
    folder = tmp_path_factory.mktemp("ids")
    assert kept_apart(differences, ids, folder, formula) == []


def test_the_file_of_the_issue_has_six_groups(tmp_path):
    data = with_ids(["3.1", "3.10", "1E1", "10", "+1", "1"])
    read = through_csv(data, tmp_path)
    model = ba.Model("y ~ x + (1 | g)", read)
    assert model.design.groups[0].labels == ("1", "+1", "3.1", "3.10", "1E1", "10")
    said = [note.message for note in model.data_report.notes if note.code == "numbers_as_text"]
    assert len(said) == 1
    assert said[0].startswith("g writes one number in two ways, such as +1 and 1, and was read")


@pytest.mark.parametrize(
    "sorted_ids",
    [
        ["-3", "1", "2", "10", "100"],
        ["P1", "P2", "P10", "P100"],
        ["2", "2.5", "10", "A", "A2", "A10", "B"],
        ["1:2", "1:10", "2:1", "10:1"],
        ["0007", "7", "8", "12345678901234567890"],
    ],
)
def test_groups_stand_in_the_order_of_their_numbers(sorted_ids):
    rng = np.random.default_rng(3)
    ids = np.repeat(sorted_ids, 4)
    data = pd.DataFrame({"y": rng.normal(size=len(ids)), "g": rng.permutation(ids)})
    assert list(ba.Model("y ~ 1 + (1 | g)", data).design.groups[0].labels) == sorted_ids


@given(st.lists(st.text(max_size=6), unique=True))
def test_the_order_is_total_and_of_the_labels_alone(labels):
    from bayes_alliance.data.labels import sorted_labels

    assert sorted_labels(labels) == sorted_labels(reversed(labels))


def test_an_offender_is_caught(differences, tmp_path):
    """A reader that makes numbers of whatever looks like them joins groups."""
    ids = ["3.1", "3.10", "1E1", "10", "+1", "1"]

    def careless(path):
        return pd.read_csv(io.StringIO(path.read_text()))

    found = kept_apart(differences, ids, tmp_path, FORMULAS[0], careless)
    assert "ids" in found
    assert "partition" in found
