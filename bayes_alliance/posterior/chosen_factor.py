"""The grouping factor that was asked for, or the first, and what is said where none was named."""

from __future__ import annotations

from collections.abc import Sequence

from bayes_alliance.errors import ModelError, did_you_mean, listed
from bayes_alliance.sampling.fit import Fit


def chosen_group(fit: Fit, group: str | None, what: str) -> str:
    """Return the factor asked for, or the first.

    Raises
    ------
    ModelError
        If the model has no such factor.
    """
    groups = fit.model.groups
    if not groups:
        raise ModelError(
            f"{what} of groups were asked for.",
            "The model has no groups.",
            "Add a group term, such as (1 | case_manager).",
        )
    chosen = groups[0] if group is None else group
    if chosen not in groups:
        raise ModelError(
            f"{what} of {chosen} were asked for.",
            f"The model has no such groups. {did_you_mean(chosen, groups)}".rstrip(),
            f"It has {listed(groups)}.",
            group=chosen,
        )
    return chosen


def unnamed_factors(fit: Fit, group: str | None) -> tuple[str, ...]:
    """Return the factors beside the first one, where none was asked for by name."""
    return fit.model.groups[1:] if group is None else ()


def other_factors(judged: str, others: Sequence[str], *, of: str = "grouping factors") -> list[str]:
    """Name the factor whose groups were looked at and how to ask for the others, if there are any.

    Parameters
    ----------
    judged
        The factor.
    others
        All others; none where the user named the factor.
    of
        What they are all called.
    """
    if not others:
        return []
    typed = listed(f'group="{name}"' for name in others)
    rest = "the other" if len(others) == 1 else "the others"
    return [
        f"The groups are those of {judged}, one of {len(others) + 1} {of}: {typed} asks for {rest}."
    ]
