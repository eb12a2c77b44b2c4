"""Numbers and group names as they are written in the report's prose."""

from types import SimpleNamespace

import pytest

from bayes_alliance.report.prose import (
    column_words,
    count,
    counted_groups,
    figure,
    is_word,
    joined,
    many_groups,
    one_group,
    percent,
    plural,
    probability,
)


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0%"),
        (0.0004, "under 0.1%"),
        (0.034, "3.4%"),
        (0.12345, "12%"),
        (0.992, "99.2%"),
        (0.9999, "over 99.9%"),
        (1.0, "100%"),
        (float("nan"), "–"),
    ],
)
def test_percent(share: float, text: str) -> None:
    assert percent(share) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "over 0.999"),
        (0.0, "under 0.001"),
        (0.974, "0.97"),
        (0.995, "0.995"),
        (0.005, "0.005"),
    ],
)
def test_probability_is_never_written_as_certain(value: float, text: str) -> None:
    assert probability(value) == text


def test_figure_has_a_real_minus_sign() -> None:
    assert figure(-2.5) == "\N{MINUS SIGN}2.50"


def test_count_and_plural() -> None:
    assert (count(2000), count(12345)) == ("2000", "12,345")
    assert (plural(1, "row"), plural(3, "row")) == ("1 row", "3 rows")
    assert plural(2, "point asks", "points ask") == "2 points ask"


def test_joined() -> None:
    assert (joined(["a"]), joined(["a", "b", "c"])) == ("a", "a, b and c")


@pytest.mark.parametrize(
    ("column", "words", "reads"),
    [
        ("case_manager", "case manager", True),
        ("therapist_id", "therapist", True),
        ("g", "g", False),
        ("class", "class", False),
        ("cm17x", "cm17x", False),
    ],
)
def test_column_words(column: str, words: str, reads: bool) -> None:
    assert (column_words(column), is_word(column)) == (words, reads)


@pytest.mark.parametrize(
    ("factors", "one", "many"),
    [
        (("case_manager",), "case manager", "case managers"),
        (("agency",), "agency", "agencies"),
        (("survey",), "survey", "surveys"),
        (
            ("agency", "case_manager"),
            "case manager within agency",
            "case managers within agencies",
        ),
        (("g1",), "group of g1", "the groups of g1"),
    ],
)
def test_group_names(made_up, factors: tuple[str, ...], one: str, many: str) -> None:
    import dataclasses

    group = made_up.example_model().design.groups[0]
    named = dataclasses.replace(group, name=":".join(factors), factors=factors)
    assert (one_group(named), many_groups(named)) == (one, many)


@pytest.mark.parametrize(
    ("factors", "number", "words"),
    [
        (("case_manager",), 1, "1 case manager"),
        (("case_manager",), 12_345, "12,345 case managers"),
        (("agency", "manager"), 2, "2 managers within agencies"),
        (("g1",), 1, "1 group of g1"),
        (("g1",), 20_000, "20,000 groups of g1"),
    ],
)
def test_groups_are_counted(factors: tuple[str, ...], number: int, words: str) -> None:
    group = SimpleNamespace(factors=factors, name=":".join(factors), labels=range(number))
    assert counted_groups(group) == words  # type: ignore[arg-type]
