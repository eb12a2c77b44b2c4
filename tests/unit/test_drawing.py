"""Labels of rows in pictures: short ones as they are, long ones folded so that points have room."""

import pytest

from bayes_alliance.drawing import folded


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("b[stigma]", "b[stigma]"),
        ("sd_case_manager[Intercept]\nat the means", "sd_case_manager[Intercept]\nat the means"),
        (
            "b[perceived_stigma_of_the_first_subscale]",
            "b[perceived_stigma_\nof_the_first_subscale]",
        ),
        ("x" * 40, f"{'x' * 20}\n{'x' * 20}"),
    ],
)
def test_labels_are_folded_at_a_mark(label: str, shown: str) -> None:
    assert folded(label) == shown


def test_of_very_long_labels_both_ends_stay() -> None:
    one, other = (f"b[{'a_long_name_' * 8}{end}]" for end in ("first", "second"))
    assert folded(one) != folded(other)
    assert all(len(line) <= 30 for text in (one, other) for line in folded(text).split("\n"))
    assert "…" in folded(one)


def test_lines_of_a_label_are_folded_by_themselves():
    name = "internalised_stigma_of_mental_illness_sum"
    assert folded(name, 60) == name
    assert folded(name) == "internalised_stigma_\nof_mental_illness_sum"
    assert folded(f"{name}\n(thick: population)") == f"{folded(name)}\n(thick: population)"
    words = "Slope of expected rating (categories count as 1 to 5) along stigma"
    assert folded(words, 36).replace("\n", " ") == words
    assert all(len(line) <= 36 for line in folded(words, 36).split("\n"))
