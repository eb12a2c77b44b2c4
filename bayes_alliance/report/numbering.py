"""Tables and figures are numbered through the report, so that a text can cite them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bayes_alliance.report.blocks import Checklist, Figure, Table

if TYPE_CHECKING:
    from bayes_alliance.report.content import ReportContent

MANY_ROWS = 60  # a table with more rows is folded away, or stands at the end


def block_numbers(content: ReportContent) -> dict[int, int]:
    """Return the number of each table, checklist and figure by the identity of its block."""
    blocks = [block for section in content.sections for block in section.blocks]
    tables = [block for block in blocks if isinstance(block, Table | Checklist)]
    figures = [block for block in blocks if isinstance(block, Figure)]
    return {id(block): number for kind in (tables, figures) for number, block in enumerate(kind, 1)}
