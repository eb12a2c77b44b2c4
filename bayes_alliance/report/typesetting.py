"""The sentences of a report set anew, whoever wrote them: real minus signs, labels hidden."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bayes_alliance.report.blocks import (
    Block,
    Checklist,
    Figure,
    Items,
    Notice,
    Paragraph,
    Section,
    Table,
)
from bayes_alliance.report.wording import with_minus


def typeset(section: Section) -> Section:
    """Return the section with its sentences set as a printer would; cells and code stay."""
    blocks = (
        retold_notice(block, with_minus)
        if isinstance(block, Notice)
        else _retold(block, with_minus)
        for block in section.blocks
    )
    return replace(section, blocks=tuple(blocks))


def retold(section: Section, words: Callable[[str], str]) -> Section:
    """Return the section with every sentence put otherwise, those of its notices too."""
    return replace(section, blocks=tuple(_retold_all(block, words) for block in section.blocks))


def _retold_all(block: Block, words: Callable[[str], str]) -> Block:
    if isinstance(block, Notice):
        return retold_notice(block, words)
    if isinstance(block, Checklist):
        items = (replace(item, answer=words(item.answer)) for item in block.items)
        return replace(block, items=tuple(items))
    return _retold(block, words)


def retold_notice(notice: Notice, words: Callable[[str], str]) -> Notice:
    """Return the notice with every sentence put otherwise."""
    facts = tuple((name, words(said)) for name, said in notice.facts)
    return replace(notice, title=words(notice.title), text=words(notice.text), facts=facts)


def _retold(block: Block, words: Callable[[str], str]) -> Block:
    if isinstance(block, Paragraph):
        return Paragraph(text=words(block.text))
    if isinstance(block, Items):
        return Items(items=tuple(words(item) for item in block.items))
    if isinstance(block, Figure):
        description = words(block.description)
        return replace(block, caption=words(block.caption), description=description)
    if isinstance(block, Table):
        notes = tuple(words(note) for note in block.notes)
        return replace(block, caption=words(block.caption), notes=notes)
    return block
