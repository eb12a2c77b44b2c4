"""From the parts of the variance to measures: each source over the total, and over its level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bayes_alliance.posterior.explained.explained_variance import Array, Measure
from bayes_alliance.posterior.explained.implied_variance import ImpliedVariance

TOTAL = "total"


@dataclass(frozen=True, kw_only=True)
class _Source:
    """One source of variance: where it lies, and whether its value needs columns at one level.

    Stray are slopes of columns that do not vary below the level of the groups.
    """

    name: str
    meaning: str
    level: int
    value: Array
    needs_levels: bool
    stray: bool = False


def measures_of(parts: ImpliedVariance) -> list[Measure]:
    """Return all R2 measures of a model; without a share where they do not exist."""
    sources = [] if parts.crossed else [*_fixed(parts), *_slopes(parts), *_means(parts)]
    of_total = _of_total(parts, sources)
    named = {measure.name for measure in of_total}
    sums = [measure for measure in _sums(parts) if measure.name not in named]
    return [*of_total, *sums, *_of_levels(parts, sources)]


def _two(parts: ImpliedVariance) -> bool:
    return len(parts.factors) == 1


def _fixed(parts: ImpliedVariance) -> list[_Source]:
    two = ("within groups", "between groups")
    return [
        _Source(
            name=f"f{level + 1}",
            meaning=f"predictors {two[level] if _two(parts) else f'at level {level + 1}'}",
            level=level,
            value=parts.fixed[..., level],
            needs_levels=True,
        )
        for level in range(parts.fixed.shape[-1])
    ]


def _slopes(parts: ImpliedVariance) -> list[_Source]:
    """Return one source a factor and level of its columns, at the lower of the two."""
    return [
        _Source(
            name="v" if _two(parts) else f"v{level + 1}{factor + 1}",
            meaning="slopes that vary between groups"
            if _two(parts)
            else f"slopes at level {level + 1} that vary at level {factor + 1}",
            level=min(level, factor),
            value=value,
            needs_levels=not _two(parts),
            stray=level >= factor,
        )
        for (level, factor), value in parts.slopes.items()
    ]


def _means(parts: ImpliedVariance) -> list[_Source]:
    return [
        _Source(
            name="m" if _two(parts) else f"m{factor + 1}",
            meaning="differences between groups"
            if _two(parts)
            else f"differences between groups of level {factor + 1}",
            level=factor,
            value=parts.means[..., factor - 1],
            needs_levels=False,
        )
        for factor in range(1, len(parts.factors) + 1)
    ]


def _of_total(parts: ImpliedVariance, sources: list[_Source]) -> list[Measure]:
    """Give every source of the total; sources of one name are added up.

    A source that is 0 in every draw is 0 of any variance, whatever stands in the way of others.
    """
    first = {source.name: source for source in reversed(sources)}
    sums = {
        name: np.asarray(np.sum([s.value for s in sources if s.name == name], axis=0))
        for name in dict.fromkeys(source.name for source in sources)
    }
    return [
        Measure(
            of=TOTAL,
            name=name,
            meaning=first[name].meaning,
            share=None
            if first[name].needs_levels and parts.obstacle and value.any()
            else value / parts.total,
        )
        for name, value in sums.items()
    ]


def _share(value: Array, variance: Array) -> Array:
    """Divide; NaN where a level has no variance at all."""
    there = variance > 0
    return np.where(there, value / np.where(there, variance, 1.0), np.nan)


def _sums(parts: ImpliedVariance) -> list[Measure]:
    f, v, m = parts.all_fixed, parts.all_slopes, parts.all_means
    sums = {
        "v": (v, "slopes that vary between groups"),
        "m": (m, "differences between groups"),
        "f": (f, "all predictors, one slope for all groups"),
        "fv": (f + v, "predictors, with slopes that vary"),
        "fvm": (f + v + m, "predictors, varying slopes and differences between groups"),
    }
    return [
        Measure(of=TOTAL, name=name, meaning=meaning, share=value / parts.total)
        for name, (value, meaning) in sums.items()
    ]


def _of_levels(parts: ImpliedVariance, sources: list[_Source]) -> list[Measure]:
    """Give every source of the variance of its own level; those of level 1 also together."""
    measures: list[Measure] = []
    for level in range(parts.fixed.shape[-1] if sources else 0):
        here = [s for s in sources if s.level == level and not (s.stray and parts.obstacle)]
        explained = np.sum([source.value for source in here], axis=0)
        variance = explained + parts.residual if level == 0 else explained
        of = ("within", "between")[level] if _two(parts) else f"level {level + 1}"
        shares = [(source.name, source.meaning, source.value) for source in here]
        if level == 0:
            meaning = f"{here[0].meaning}, with slopes that vary"
            shares.append(("f1v", meaning, explained))
        measures += [
            Measure(
                of=of,
                name=name,
                meaning=meaning,
                share=None
                if parts.obstacle and np.any(value)
                else _share(np.asarray(value), variance),
            )
            for name, meaning, value in shares
        ]
    return measures
