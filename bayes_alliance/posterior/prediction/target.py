"""Whom a prediction is about: groups seen, a new group, or an average one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast, get_args

from bayes_alliance.errors import ModelError, counted, did_you_mean, listed
from bayes_alliance.model.group_design import combined_labels
from bayes_alliance.model.spec import Model
from bayes_alliance.posterior.shared_groups import containers, need_nesting
from bayes_alliance.sampling.fit import Fit

if TYPE_CHECKING:
    import pandas as pd

Target = Literal["same", "new", "either", "average"]
TARGETS = get_args(Target)
LOOKED_AT = ("same", "either")  # which group a row names makes a difference
DRAWN_FROM = ("new", "either")  # groups may come from the population
_WORDS = {
    "same": "for the groups of {} in the data",
    "new": "averaged over the population of groups of {}",
    "average": "for an average group of {}, with effects of zero",
}
_DRAWN = "for a new group of {}, drawn from the population"


def chosen_targets(model: Model, target: str | Mapping[str, str]) -> dict[str, Target]:
    """Return the target of every grouping factor.

    Parameters
    ----------
    model
        The model.
    target
        One for all factors, or one for each: ``{"agency": "same", "agency:manager": "new"}``.

    Raises
    ------
    ModelError
        For a target or factor that does not exist, a factor without a target, or groups that were
        seen inside groups that were not.
    """
    if isinstance(target, str):
        return {group: _checked(target) for group in model.groups}
    unknown = [group for group in target if group not in model.groups]
    missing = [group for group in model.groups if group not in target]
    if unknown or missing:
        hint = did_you_mean(unknown[0], model.groups) if unknown else ""
        raise ModelError(
            f"A prediction was asked for with a target for {listed(target) or 'no factor'}.",
            f"The grouping factors are {listed(model.groups) or 'none'}. {hint}".rstrip(),
            "Name each of them once, or give one target for all.",
            unknown=unknown,
            missing=missing,
        )
    targets = {group: _checked(target[group]) for group in model.groups}
    _check_containers(model, targets)
    return targets


def _check_containers(model: Model, targets: Mapping[str, Target]) -> None:
    """Refuse a group that was seen inside one that was not."""
    for group, outer in containers(model.design).items():
        moved = [name for name in outer if targets[name] not in LOOKED_AT]
        if targets[group] in LOOKED_AT and moved:
            raise ModelError(
                f"A prediction was asked for with the target {targets[group]!r} for {group} and "
                f"{targets[moved[0]]!r} for {moved[0]}.",
                f"Every group of {group} lies in one of {moved[0]}, and takes it along.",
                f"Ask for {targets[group]!r} for both, or for 'new' or 'average' for {group} too.",
                group=group,
                outer=moved[0],
            )


def target_with_new(model: Model, targets: Mapping[str, Target], groups: Iterable[str]) -> str:
    """Return the argument, as it is typed, that takes new groups of some factors.

    Groups within those are new with them; what is asked of the others stays.
    """
    within, chosen = containers(model.design), set(groups)
    wanted = {
        name: "new" if name in chosen or chosen & set(within[name]) else kind
        for name, kind in targets.items()
    }
    alike = set(wanted.values()) == {"new"}
    return "target='new'" if alike else f"target={json.dumps(wanted)}"


def check_targets_nest(fit: Fit, targets: Mapping[str, Target]) -> None:
    """Ask for the rows where only they tell whether groups seen lie in groups that are not.

    Raises
    ------
    SamplingError
        If the fit was saved without its rows.
    """
    for group, kind in targets.items():
        for other in targets:
            if other != group and kind in LOOKED_AT and targets[other] not in LOOKED_AT:
                need_nesting(fit, inner=group, outer=other)


def _checked(target: str) -> Target:
    if target not in TARGETS:
        raise ModelError(
            f"A prediction was asked for with the target {target!r}.",
            f"There is no such target. {did_you_mean(str(target), TARGETS)}".rstrip(),
            "It is 'same' for the groups seen, 'new' for a group drawn from the population, "
            "'either' for whichever of these two a row's group is, or 'average' for a group whose "
            "effects are zero.",
            target=target,
        )
    return cast(Target, target)


def check_drawn(targets: Mapping[str, Target]) -> None:
    """Refuse to draw a new group where none is wanted.

    Raises
    ------
    ModelError
        If no factor has the target ``new`` or ``either``.
    """
    if not set(DRAWN_FROM) & set(targets.values()):
        found = listed(f"{kind!r} for {group}" for group, kind in targets.items())
        raise ModelError(
            "kind='group' was asked for, which draws a new group.",
            f"The target is {found}." if targets else "The model has no groups.",
            "Ask for target='new', or for kind='mean'.",
        )


@dataclass(frozen=True, kw_only=True)
class SeenAndNew:
    """How many rows are of groups seen and of new ones, and of how many.

    Parameters
    ----------
    rows_seen, seen
        Rows of groups in the data, and how many groups.
    rows_new, new
        Rows of other groups that they name, and those groups.
    unnamed
        Rows that name no group: each is in a new one of its own.
    """

    rows_seen: int
    seen: int
    rows_new: int
    new: tuple[str, ...]
    unnamed: int


def seen_and_new(
    model: Model, targets: Mapping[str, Target], rows: pd.DataFrame
) -> dict[str, SeenAndNew]:
    """Count rows and groups of every factor whose target is ``either``."""
    found = {}
    for group in model.design.groups:
        if targets[group.name] != "either":
            continue
        if set(group.factors) - set(rows.columns):
            found[group.name] = SeenAndNew(
                rows_seen=0, seen=0, rows_new=0, new=(), unnamed=len(rows)
            )
            continue
        labels = combined_labels(rows, group.factors)
        known, named = labels.isin(group.labels), labels.notna()
        found[group.name] = SeenAndNew(
            rows_seen=int(known.sum()),
            seen=labels[known].nunique(),
            rows_new=int((named & ~known).sum()),
            new=tuple(labels[named & ~known].unique()),
            unnamed=int((~named).sum()),
        )
    return found


def target_words(
    targets: Mapping[str, Target], counts: Mapping[str, SeenAndNew], *, drawn: bool
) -> str:
    """Say whom it is about; ``drawn`` if new groups are drawn and not averaged over."""
    words = {**_WORDS, "new": _DRAWN} if drawn else _WORDS
    alike: dict[str, list[str]] = {}
    for group, kind in targets.items():
        if kind != "either":
            alike.setdefault(kind, []).append(group)
    said = [words[kind].format(" and ".join(which)) for kind, which in alike.items()]
    said += [_either_words(group, count, words["new"]) for group, count in counts.items()]
    return " and ".join(said)


def new_group_notes(counts: Mapping[str, SeenAndNew]) -> tuple[str, ...]:
    """Name the groups that were not seen, since a typing error makes one."""
    return tuple(
        f"Groups of {group} that the model has not seen: {listed(count.new)}."
        for group, count in counts.items()
        if count.new
    )


def _either_words(group: str, count: SeenAndNew, new: str) -> str:
    seen = f"{counted(count.rows_seen, 'row')} of {counted(count.seen, 'group')}"
    parts = [f"{counted(count.rows_new, 'row')} of {counted(len(count.new), 'new group')}"]
    if count.unnamed:
        unnamed = f"{counted(count.unnamed, 'row')} without a group"
        parts = [unnamed] if not count.new else [*parts, unnamed]
    known = f"for the groups of {group} in the data"
    if not count.new and not count.unnamed:
        return f"{known} ({seen}, none new)"
    if not count.seen:
        return f"{new.format(group)} ({' and '.join(parts)}, none seen)"
    return f"{known} ({seen}) or {new.format(group)} ({' and '.join(parts)})"
