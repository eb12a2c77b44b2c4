"""Sentences on where priors stand: there where they do, and only there."""

from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from bayes_alliance.model.spec import Model
from bayes_alliance.report.sections.model_section import standing_words

INTERCEPT = "The prior of the intercept is about score where every predictor has its mean"
SPREAD = "The prior of the standard deviation between therapists in the intercept holds where"
SLOPES = "The effect of age changes along a predictor."
LEVELS = "any two categories are expected to differ alike"
THRESHOLDS = "The priors of the thresholds are about where they lie when every predictor has"
CELLS = "The prior that stands beside clinic[A] is about the mean of score over all rows"
EVERY = (INTERCEPT, SPREAD, SLOPES, LEVELS, THRESHOLDS, CELLS)


@pytest.fixture(scope="module")
def table(made_up: ModuleType) -> pd.DataFrame:
    table = made_up.many_groups_table(12)
    return table.assign(clinic=np.array(["A", "B", "C"])[np.arange(len(table)) % 3])


@pytest.mark.parametrize(
    ("formula", "options", "said"),
    [
        ("score ~ 1 + (1 | therapist)", {}, ()),
        ("score ~ age + (1 | therapist)", {}, (INTERCEPT,)),
        ("score ~ age + (1 + age | therapist)", {}, (INTERCEPT, SPREAD)),
        ("score ~ age + (1 + age || therapist)", {}, (INTERCEPT,)),
        ("score ~ age * returned", {}, (INTERCEPT, "The effects of age and returned change along")),
        ("score ~ age * clinic", {}, (INTERCEPT, SLOPES, LEVELS)),
        ("score ~ age + I(age**2)", {}, (INTERCEPT, SLOPES)),
        ("score ~ 0 + clinic", {}, (CELLS, LEVELS)),
        ("rating ~ age", {"family": "cumulative"}, (THRESHOLDS,)),
        ("score ~ age", {"priors": {"b[Intercept]": "Normal(0, 9)"}}, ()),
    ],
)
def test_what_is_said(
    table: pd.DataFrame, formula: str, options: dict[str, str], said: tuple[str, ...]
) -> None:
    found = " ".join(standing_words(Model(formula, table, **options)))
    for sentence in said:
        assert sentence in found
    for sentence in set(EVERY) - set(said):
        assert sentence not in found
    assert ("a star" in found) == bool(said)
