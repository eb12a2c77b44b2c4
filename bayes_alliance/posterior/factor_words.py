"""What to say where the first of several grouping factors was judged because none was named."""

from __future__ import annotations

from collections.abc import Sequence

from bayes_alliance.errors import listed


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
