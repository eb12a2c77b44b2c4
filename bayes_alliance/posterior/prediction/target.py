"""Whom a prediction is about: groups seen, a new group, or an average one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, cast, get_args

from bayes_alliance.errors import ModelError, did_you_mean, listed
from bayes_alliance.model.spec import Model

Target = Literal["same", "new", "average"]
TARGETS = get_args(Target)
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
        For a target or factor that does not exist, or a factor without a target.
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
    return {group: _checked(target[group]) for group in model.groups}


def _checked(target: str) -> Target:
    if target not in TARGETS:
        raise ModelError(
            f"A prediction was asked for with the target {target!r}.",
            f"There is no such target. {did_you_mean(str(target), TARGETS)}".rstrip(),
            "It is 'same' for the groups seen, 'new' for a group drawn from the population, or "
            "'average' for a group whose effects are zero.",
            target=target,
        )
    return cast(Target, target)


def target_words(targets: Mapping[str, Target], *, drawn: bool) -> str:
    """Say whom it is about; ``drawn`` if new groups are drawn and not averaged over."""
    words = {**_WORDS, "new": _DRAWN} if drawn else _WORDS
    return " and ".join(words[kind].format(group) for group, kind in targets.items())
