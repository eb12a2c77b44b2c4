"""How often each word of evidence is said: the recorded studies, and a few of them made again.

Made by `benchmarks/words_of_evidence.py`, which weighs slopes and groups by exact quadrature.
"""

import importlib.util
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
RECORDED = json.loads((Path(__file__).parent / "results" / "words_of_evidence.json").read_text())
SAID_FOR = ("for, positive", "for, strong", "for, very strong")
SAID_AGAINST = ("against, positive", "against, strong", "against, very strong")


@pytest.fixture(scope="module")
def script():
    path = ROOT / "benchmarks" / "words_of_evidence.py"
    spec = importlib.util.spec_from_file_location("words_of_evidence", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def said(term, **cell):
    """How often each word was said of a term in cells, and in how many studies."""
    words = Counter()
    for row in RECORDED["exact"]:
        if all(row[name] == value for name, value in cell.items()):
            words.update(row["words"][term])
    return words, sum(words.values())


def share(words, kinds):
    return sum(words[kind] for kind in kinds) / sum(words.values())


def test_there_are_enough_studies_and_every_one_has_a_word():
    assert sum(row["studies"] for row in RECORDED["exact"]) >= 500
    for row in RECORDED["exact"]:
        for words in row["words"].values():
            assert sum(words.values()) == row["studies"]


@pytest.mark.parametrize("groups", [30, 100])
def test_what_is_not_there_is_seldom_said_to_be(groups):
    """A word for a term where there is none would be a false alarm; one of 20 is too often."""
    for term, cell in (("slope", {"slope": 0.0}), ("group", {"share": 0.0})):
        words, _ = said(term, groups=groups, **cell)
        assert share(words, SAID_FOR) < 0.03
        assert share(words, SAID_FOR[1:]) < 0.01
        assert share(words, SAID_AGAINST) > 0.5


@pytest.mark.parametrize("groups", [30, 100])
def test_what_is_there_is_seldom_denied(groups):
    slopes, _ = said("slope", groups=groups, slope=0.2)
    assert share(slopes, SAID_AGAINST) < 0.02
    assert share(slopes, SAID_FOR) > 0.7
    shares, _ = said("group", groups=groups, share=0.11)
    assert share(shares, SAID_AGAINST) < 0.05
    assert share(shares, SAID_FOR) > 0.6


def test_another_unit_and_zero_make_no_difference():
    # To rounding: the quadrature has no Monte Carlo error.
    assert max(row["largest difference for 10 x + 50"] for row in RECORDED["exact"]) < 1e-6
    key = "largest difference for 10 x + 50, in Monte Carlo errors"
    assert max(row[key] for row in RECORDED["varying"]) < 4


def test_the_verb_agrees_with_quadrature():
    verb = RECORDED["verb"]
    assert verb["root mean square, in Monte Carlo errors"] < 1.5
    assert verb["largest Monte Carlo error"] < 0.05


def test_the_docs_show_what_was_recorded(script):
    shown = (ROOT / "docs" / "words_of_evidence_table.md").read_text(encoding="utf-8")
    assert shown == script.as_markdown(RECORDED)


@pytest.mark.slow
def test_recorded_studies_can_be_made_again(script):
    for row in RECORDED["exact"]:
        if row["groups"] > 30:
            continue
        table = script.simulated((row["groups"], row["share"], row["slope"], 0.0), 0)
        found = script.exact_factors(table)
        for term, values in found.items():
            np.testing.assert_allclose(list(values.values()), row["first"][0][term], atol=1e-6)
    wider = script.simulated((30, 0.0, 0.2, 0.0), 0)
    wider["y"] += 0.05 * wider["x"]
    other = script.exact_factors(wider)["slope"][1.0]
    own = next(r for r in RECORDED["exact"] if (r["share"], r["slope"]) == (0.0, 0.2))
    assert abs(other - own["first"][0]["slope"][1]) > 0.1  # another study is noticed
