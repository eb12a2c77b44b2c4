"""Streamed rows are described from their counts; a fit saved without them says why not."""

from pathlib import Path

import bayes_alliance as ba
from bayes_alliance.report.blocks import Figure, Items, Paragraph, Section, Table
from bayes_alliance.report.content import build_content


def data_section_of(fit: ba.Fit) -> Section:
    return next(section for section in build_content(fit).sections if section.key == "data")


def test_streamed_rows_are_described_unless_their_sums_were_left_out(tmp_path: Path) -> None:
    path = tmp_path / "visits.parquet"
    ba.load_example("simulated_study").to_parquet(path)
    model = ba.Model("alliance ~ stigma + (1 | case_manager)", ba.scan_table(path))
    fit = ba.sample(model, seed=1, chains=2, draws=200, tune=200, progress=False)
    section = data_section_of(fit)
    first = section.blocks[0]
    assert isinstance(first, Paragraph)
    assert first.text.startswith("All 160 rows")
    (table,) = (block for block in section.blocks if isinstance(block, Table))
    assert table.frame.loc["case_manager", "groups"] == 30
    assert any(isinstance(block, Figure) for block in section.blocks)
    sections = build_content(fit).sections
    checks = next(section for section in sections if section.key == "computation").blocks
    (passed,) = (block.frame for block in checks if isinstance(block, Table))
    assert "R-hat" in passed.index
    assert "prior conflict" not in passed.index
    assert any("not looked at" in item for b in checks if isinstance(b, Items) for item in b.items)
    loaded = data_section_of(ba.load_fit(fit.save(tmp_path / "visits.fit")))
    assert loaded.blocks[0] == first
    loaded = data_section_of(ba.load_fit(fit.save(tmp_path / "visits.fit", data=False)))
    (only,) = loaded.blocks
    assert isinstance(only, Paragraph)
    assert "read as a stream" in only.text
    assert "saved without the sums" in only.text
    assert "your_table" not in only.text
