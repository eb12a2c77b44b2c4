"""How often each way of asking says that slopes vary: where they do not, and where they do.

Measured over 40 tables each (30 groups of 8, residual sd 1): with one slope for all, elpd by group
left the question open 40 times; the Bayes factor said "do not" 23 times and left it open 17 times;
the probability of a notable sd never exceeded .91. With slopes of sd 0.5, elpd said "vary" 8
times, the Bayes factor 33 times, and that probability was above .98 in three of four; no way denied
it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import bayes_alliance as ba
from bayes_alliance.answers.three_answers import DO_NOT, VARY

pytestmark = pytest.mark.calibration

TABLES, GROUPS, EACH = 40, 30, 8
NOTABLE = 0.95
# A way that is wrong in one table of twenty exceeds this once in ten thousand runs.
MOST_WRONG = int(stats.binom.isf(1e-4, TABLES, 0.05))


def simulated(seed, spread):
    rng = np.random.default_rng([seed, int(10 * spread)])
    group = np.repeat(np.arange(GROUPS), EACH)
    x = rng.normal(size=len(group))
    level = 0.5 * rng.normal(size=GROUPS)[group]
    slope = -0.3 + spread * rng.normal(size=GROUPS)[group]
    y = level + slope * x + rng.normal(size=len(group))
    return pd.DataFrame({"y": y, "x": x, "g": [f"g{k:02d}" for k in group]})


def asked_of_many(spread):
    """What the three ways say of every table."""
    said = []
    for seed in range(1, TABLES + 1):
        answers = ba.answer_questions(
            simulated(seed, spread), outcome="y", predictor="x", group="g", seed=seed
        )
        said.append({**answers.votes, "notable": answers.notable_probability})
    found = pd.DataFrame(said)
    print(found[["elpd", "bayes factor"]].apply(pd.Series.value_counts))
    print(found["notable"].describe())
    return found


def test_slopes_that_do_not_vary_are_seldom_said_to():
    found = asked_of_many(0.0)
    for way in ("elpd", "bayes factor"):
        assert (found[way] == VARY).sum() <= MOST_WRONG
    assert (found["notable"] > NOTABLE).sum() <= MOST_WRONG
    assert (found["bayes factor"] == DO_NOT).sum() > TABLES / 3


def test_slopes_that_vary_are_seldom_denied_and_mostly_seen():
    found = asked_of_many(0.5)
    for way in ("elpd", "bayes factor"):
        assert (found[way] == DO_NOT).sum() <= MOST_WRONG
    assert (found["bayes factor"] == VARY).sum() > TABLES / 2
    assert (found["notable"] > NOTABLE).sum() > TABLES / 2
    # A new group's own slope is unknown, so that elpd by group sees less.
    assert (found["elpd"] == VARY).sum() > 0
