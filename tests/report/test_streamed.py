"""Streamed rows are described from their counts and sums; a fit saved without them says why not."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bayes_alliance as ba
from bayes_alliance.report.blocks import Block, Figure, Items, Notice, Paragraph, Section, Table
from bayes_alliance.report.content import ReportContent, build_content

pytestmark = pytest.mark.slow

SLOPES = "alliance ~ stigma + (1 + stigma | case_manager)"


def data_section_of(fit: ba.Fit) -> Section:
    return section_of(build_content(fit), "data")


def section_of(content: ReportContent, key: str) -> Section:
    (section,) = (section for section in content.sections if section.key == key)
    return section


def words_of(section: Section) -> str:
    return " ".join(_words(section.blocks))


def _words(blocks: tuple[Block, ...]) -> Iterator[str]:
    for block in blocks:
        if isinstance(block, Paragraph | Notice):
            yield block.text
        elif isinstance(block, Items):
            yield from block.items
        elif isinstance(block, Figure):
            yield f"{block.caption} {block.description}"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    rows = ba.load_example("simulated_study")
    where = np.random.default_rng(2).choice(["home", "ward"], len(rows))
    # Without what marks them as simulated, which a stream does not carry.
    table = pd.DataFrame(rows.to_dict("list")).assign(place=where, age=np.arange(len(rows)) + 20.0)
    table["agency"] = [f"A{int(str(m)[-1]) % 3}" for m in table["case_manager"]]
    table.to_parquet(tmp_path / "visits.parquet")
    return tmp_path / "visits.parquet"


def both(path: Path, formula: str) -> tuple[ba.Fit, ba.Fit]:
    """Return the fit of rows in memory, and the same draws for the streamed model."""
    model = ba.Model(formula, pd.read_parquet(path))
    held = ba.sample(model, seed=1, progress=False)
    streamed = ba.Model(formula, ba.scan_table(path))
    return held, replace(held, model=streamed, has_data=False)


def test_streamed_rows_are_described_unless_their_sums_were_left_out(
    path: Path, tmp_path: Path
) -> None:
    model = ba.Model("alliance ~ stigma + (1 | case_manager)", ba.scan_table(path))
    fit = ba.sample(model, seed=1, progress=False)
    content = build_content(fit)
    section = section_of(content, "data")
    first = section.blocks[0]
    assert isinstance(first, Paragraph)
    assert first.text.startswith("All 160 rows")
    assert "model of 160 rows" in content.subtitle
    (table,) = (block for block in section.blocks if isinstance(block, Table))
    assert table.frame.loc["case_manager", "groups"] == 30
    assert any(isinstance(block, Figure) for block in section.blocks)
    checks = section_of(content, "computation")
    (passed,) = (block.frame for block in checks.blocks if isinstance(block, Table))
    assert "R-hat" in passed.index
    assert "prior conflict" in passed.index
    assert "not looked at" not in words_of(checks)
    loaded = data_section_of(ba.load_fit(fit.save(tmp_path / "visits.fit")))
    assert loaded.blocks[0] == first
    bare = build_content(ba.load_fit(fit.save(tmp_path / "visits.fit", data=False)))
    (only,) = section_of(bare, "data").blocks
    assert isinstance(only, Paragraph)
    assert "read as a stream" in only.text
    assert "saved without the sums" in only.text
    assert "your_table" not in only.text
    assert "not looked at" in words_of(section_of(bare, "computation"))
    for key in ("sensitivity", "influence"):
        assert "saved without them: fit.save(path) keeps them" in words_of(section_of(bare, key))


def without_what_was_not_looked_at(content: ReportContent) -> ReportContent:
    """Leave out the sentence that says what cannot be seen in a stream; it has to be there."""
    data = section_of(content, "data")
    *blocks, last = data.blocks
    assert isinstance(last, Items)
    kept = tuple(item for item in last.items if "columns that the model does not use" not in item)
    assert len(kept) == len(last.items) - 1
    short = [*blocks, *([Items(items=kept)] if kept else [])]
    own = replace(data, blocks=tuple(short))
    sections = tuple(own if section.key == "data" else section for section in content.sections)
    return replace(content, sections=sections)


@pytest.mark.slow
@pytest.mark.parametrize(
    "formula", [SLOPES, "alliance ~ stigma + place + (1 + place | case_manager)"]
)
def test_a_streamed_fit_shows_what_the_fit_of_the_same_rows_shows(path: Path, formula: str) -> None:
    # Neutral numbers are drawn by the rows, which a stream does not hold: other ones there.
    held, streamed = (build_content(fit, names="case_manager") for fit in both(path, formula))
    streamed = without_what_was_not_looked_at(streamed)
    assert held.level == streamed.level != "bad"
    for key in ("data", "results", "slopes", "sensitivity", "influence", "limits"):
        here, there = section_of(held, key), section_of(streamed, key)
        assert words_of(there) == words_of(here), key
        assert [type(block) for block in there.blocks] == [type(block) for block in here.blocks]
        for one, other in zip(here.blocks, there.blocks, strict=True):
            if isinstance(one, Table):
                assert isinstance(other, Table)
                assert_same_numbers(other.frame, one.frame)
    *answers, verdict = streamed.conclusions
    assert answers == [answer for answer in held.conclusions if answer in answers]
    assert "Whether the model fits the data was not checked" in verdict  # by rows, which it lacks
    figures = [b.key for b in section_of(streamed, "slopes").blocks if isinstance(b, Figure)]
    assert [key.split("-")[0] for key in figures] == ["slopes", "share"][formula != SLOPES :]
    assert "random sample of the rows" in words_of(section_of(streamed, "predictive"))


def assert_same_numbers(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Allow for the float error of sums taken in another order."""
    # Two draws that rounding swaps change places among the ranks, and the diagnostics a little.
    ranked = [name for name in ("r_hat", "ess_bulk", "ess_tail") if name in expected]
    rest = expected.drop(columns=ranked)
    pd.testing.assert_frame_equal(found.drop(columns=ranked), rest, rtol=1e-6, atol=1e-8)
    pd.testing.assert_frame_equal(found[ranked], expected[ranked], rtol=1e-3)


@pytest.mark.slow
def test_what_the_sums_cannot_tell_stands_in_words_once(path: Path, tmp_path: Path) -> None:
    formula = "alliance ~ stigma + log(age) + (1 + stigma | agency/case_manager)"
    streamed = both(path, formula)[1]
    content = build_content(streamed)
    assert content.level != "bad"
    slopes = words_of(section_of(content, "slopes"))
    assert slopes.count("along stigma are left out.") == 1
    assert "It depends on where age is" in slopes
    assert "State a value: group_slopes(fit, 'stigma', at={\"age\": ...})." in slopes
    assert any(isinstance(block, Figure) for block in section_of(content, "slopes").blocks)
    influence = words_of(section_of(content, "influence"))
    assert influence.count("of the only factor") == 2
    assert "power-scaling" in words_of(section_of(content, "sensitivity"))
    bare = build_content(ba.load_fit(streamed.save(tmp_path / "bare.fit", data=False)))
    said = words_of(section_of(bare, "slopes"))
    assert "Lines and slopes of each group: This needs the sums" in said
