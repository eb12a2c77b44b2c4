"""What a report says of few groups: three shares, and how far the prior decides."""

from types import ModuleType

import pandas as pd
import pytest

from bayes_alliance.checks.shares_by_prior import SharesByPrior
from bayes_alliance.data.examples import load_example
from bayes_alliance.model.spec import Model
from bayes_alliance.report.blocks import Heading, Table
from bayes_alliance.report.content import ReportContent, build_content
from bayes_alliance.report.prose import percent
from bayes_alliance.report.sections.sensitivity_section import few_groups_sentence
from bayes_alliance.sampling.fit import Fit


@pytest.fixture(scope="module")
def few_fit(made_up: ModuleType) -> Fit:
    """Six case managers of the example."""
    clients = load_example("simulated_study")
    few = clients[clients["case_manager"].isin(sorted(clients["case_manager"].unique())[:6])]
    return made_up.made_up_fit(Model(made_up.SLOPES, few))


def found(low: float, own: float, high: float) -> SharesByPrior:
    table = pd.DataFrame(
        {"prior": "HalfNormal(1)", "mean": [low, own, high], "lower": 0.0, "upper": 0.5},
        index=[0.5, 1.0, 2.0],
    )
    return SharesByPrior(group="case_manager", table=table, where="", prob=0.95)


@pytest.mark.parametrize(
    ("shares", "verdict"),
    [
        ((0.11, 0.12, 0.125), "hardly matters"),
        ((0.11, 0.13, 0.15), "has a say"),
        ((0.08, 0.15, 0.21), "decides a good part"),
    ],
)
def test_the_verdict_follows_the_distance(
    few_fit: Fit, shares: tuple[float, float, float], verdict: str
) -> None:
    said = few_groups_sentence(found(*shares), few_fit.model.design.group("case_manager"))
    assert said.startswith("6 groups (case managers) tell little about how much groups differ")
    assert verdict in said
    assert all(percent(share) in said for share in shares)


@pytest.mark.slow
def test_few_groups_have_a_table(few_fit: Fit) -> None:
    content = build_content(few_fit)
    (section,) = (own for own in content.sections if own.key == "sensitivity")
    headings = [block.text for block in section.blocks if isinstance(block, Heading)]
    assert "Few groups: the share under other priors" in headings
    (table,) = (
        block
        for block in section.blocks
        if isinstance(block, Table) and block.caption.endswith("by the width of the prior")
    )
    assert list(table.frame.index) == ["half as wide", "as in this analysis", "twice as wide"]
    assert "on average over the rows" in table.caption
    (limits,) = (own for own in content.sections if own.key == "limits")
    assert "see the share under other priors in the section on sensitivity" in str(limits.blocks)


def test_many_groups_have_none(slopes_content: ReportContent) -> None:
    (section,) = (own for own in slopes_content.sections if own.key == "sensitivity")
    assert "Few groups" not in str(section.blocks)
