"""Pictures hold what they were given, at every size, and nothing that could harm a page."""

from functools import partial
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure as Canvas

from bayes_alliance.checks.predictive import draw_category_check, draw_numeric_check
from bayes_alliance.posterior.groups.caterpillar import (
    LABELLED_GROUPS,
    caterpillar_height,
    draw_caterpillar,
)
from bayes_alliance.report.blocks import Figure
from bayes_alliance.report.figures import draw_caseloads, draw_coefficients
from bayes_alliance.report.style import svg_of


@pytest.fixture
def axes() -> Axes:
    return Canvas().add_subplot()


def effects(groups: int) -> pd.DataFrame:
    mean = np.random.default_rng(1).standard_normal(groups)
    return pd.DataFrame({"mean": mean, "lower": mean - 1, "upper": mean + 1})


@pytest.mark.parametrize("groups", [5, 30, LABELLED_GROUPS, LABELLED_GROUPS + 1, 300, 2000])
def test_caterpillar_of_any_size(axes: Axes, groups: int) -> None:
    table = effects(groups)
    labels = [f"G{k}" for k in range(groups)]
    assert draw_caterpillar(axes, effects=table, labels=labels) is axes
    points = np.concatenate([line.get_xdata() for line in axes.lines if line.get_marker() in "oD"])
    assert sorted(points) == pytest.approx(sorted(table["mean"]))
    shown = [text.get_text() for text in axes.get_yticklabels()]
    if groups <= LABELLED_GROUPS:
        assert shown == [labels[k] for k in np.argsort(table["mean"])]
    else:
        assert shown == []
    assert 1.5 < caterpillar_height(groups) < 13


def test_caterpillar_tells_apart_what_does_not_hold_zero(axes: Axes) -> None:
    table = pd.DataFrame({"mean": [-2, 0, 2], "lower": [-3, -1, 1], "upper": [-1, 1, 3.0]})
    draw_caterpillar(axes, effects=table, labels=["a", "b", "c"])
    by_colour = {line.get_color(): list(line.get_xdata()) for line in axes.lines[:2]}
    assert sorted(by_colour.values()) == [[-2, 2], [0]]


@pytest.mark.parametrize("groups", [30, 300])
def test_groups_that_stand_out_do_so_in_grey_print(axes: Axes, groups: int) -> None:
    draw_caterpillar(axes, effects=effects(groups), labels=[str(k) for k in range(groups)])
    dots = [line for line in axes.lines if line.get_marker() in "oD"]
    assert sorted(line.get_marker() for line in dots) == ["D", "o"]
    weights = [0.299, 0.587, 0.114]  # of red, green and blue in what the eye sees as bright
    bright = [float(np.array(to_rgb(line.get_color())) @ weights) for line in dots]
    lines = [float(lines.get_colors()[0][:3] @ weights) for lines in axes.collections]
    # A tenth of the way from black to white is seen side by side; the same grey is below 0.01.
    assert abs(bright[0] - bright[1]) > 0.1
    assert abs(lines[0] - lines[1]) > 0.1


def test_coefficients_have_a_line_at_zero(axes: Axes) -> None:
    table = pd.DataFrame({"mean": [2.0], "lower": [1.0], "upper": [3.0]}, index=["x"])
    draw_coefficients(axes, summary=table)
    assert [list(line.get_xdata()) for line in axes.lines] == [[2.0], [0, 0]]


@pytest.mark.parametrize("caseloads", [[5, 5, 5], [1, 2, 3, 1], list(range(1, 900, 7))])
def test_every_group_is_in_the_caseload_picture(axes: Axes, caseloads: list[int]) -> None:
    draw_caseloads(axes, caseloads=caseloads)
    assert sum(patch.get_height() for patch in axes.patches) == len(caseloads)


@pytest.mark.parametrize("whole", [True, False])
def test_numeric_check_counts_every_row(axes: Axes, whole: bool) -> None:
    rng = np.random.default_rng(2)
    observed = rng.normal(50, 10, 200)
    observed = observed.round() if whole else observed
    replicated = rng.normal(50, 10, (40, 200))
    draw_numeric_check(axes, observed=observed, replicated=replicated, outcome="y")
    assert axes.patches[-1].get_data().values.sum() == 200
    assert next(text.get_text() for text in axes.get_legend().get_texts()) == "observed"


def test_category_check_counts_every_row(axes: Axes) -> None:
    observed = np.array([0.0, 1, 1, 2])
    replicated = np.array([[0.0, 0, 1, 2], [0, 0, 1, 2]])
    draw_category_check(
        axes, observed=observed, replicated=replicated, outcome="y", levels=["lo", "mid", "hi"]
    )
    assert [patch.get_height() for patch in axes.patches] == [1, 2, 1]
    assert list(axes.lines[0].get_ydata()) == [2, 1, 1]


def svg(label: str, key: str = "k") -> str:
    table = pd.DataFrame({"mean": [2.0], "lower": [1.0], "upper": [3.0]}, index=[label])
    draw = partial(draw_coefficients, summary=table)
    return svg_of(Figure(key=key, caption="c", description="d", draw=draw))


@pytest.mark.parametrize("label", ["<script>alert(1)</script>", "$x_1$", "名前", "a & b"])
def test_labels_are_text_and_nothing_else(label: str) -> None:
    picture = ElementTree.fromstring(svg(label))
    assert [e for e in picture.iter() if e.tag.rpartition("}")[2] == "script"] == []
    assert label in {element.text for element in picture.iter()}


def test_pictures_scale_with_their_place_and_are_the_same_each_time() -> None:
    text = svg("x")
    root = ElementTree.fromstring(text)
    assert "viewBox" in root.attrib
    assert not {"width", "height"} & set(root.attrib)
    assert text == svg("x")
    assert "<metadata" not in text


def test_two_pictures_share_no_name() -> None:
    def names(text: str) -> set[str]:
        return {e.attrib["id"] for e in ElementTree.fromstring(text).iter() if "id" in e.attrib}

    assert names(svg("x", "one"))
    assert not names(svg("x", "one")) & names(svg("x", "two"))
