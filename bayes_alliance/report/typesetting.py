"""Real minus signs in the prose of a report, whoever wrote the sentence."""

from __future__ import annotations

from dataclasses import replace

from bayes_alliance.report.blocks import Block, Figure, Items, Paragraph, Section, Table
from bayes_alliance.report.wording import with_minus


def typeset(section: Section) -> Section:
    """Return the section with its sentences set as a printer would; cells and code stay."""
    return replace(section, blocks=tuple(_typeset(block) for block in section.blocks))


def _typeset(block: Block) -> Block:
    if isinstance(block, Paragraph):
        return Paragraph(text=with_minus(block.text))
    if isinstance(block, Items):
        return Items(items=tuple(with_minus(item) for item in block.items))
    if isinstance(block, Figure):
        description = with_minus(block.description)
        return replace(block, caption=with_minus(block.caption), description=description)
    if isinstance(block, Table):
        notes = tuple(with_minus(note) for note in block.notes)
        return replace(block, caption=with_minus(block.caption), notes=notes)
    return block
