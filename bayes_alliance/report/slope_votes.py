"""Two ways of asking whether slopes vary: what they say together, and why they may differ."""

from __future__ import annotations

VARY, DO_NOT, OPEN = "vary", "do not", "open"

_REASON = (
    "The two ask different things. The Bayes factor asks under which model, with its priors, these "
    "data are more probable; elpd asks how well a new group of {group} is predicted, whose own "
    "slope is not known yet."
)
# By elpd, by Bayes factor; without the pairs that agree.
_MEANING = {
    (OPEN, VARY): "So slopes that vary describe these data better, but help little to predict a "
    "new group.",
    (
        OPEN,
        DO_NOT,
    ): "So one slope for all describes these data better than slopes that vary as "
    "much as the prior expects, and predicts a new group about as well.",
    (VARY, OPEN): "So slopes that vary predict a new group better, but whether they describe these "
    "data better is open or depends on the prior.",
    (DO_NOT, OPEN): "So one slope for all predicts a new group better, but whether it describes "
    "these data better is open or depends on the prior.",
    (VARY, DO_NOT): "So the priors may fit badly: look at them before either model is believed.",
    (DO_NOT, VARY): "So slopes that vary describe these data better, yet predict a new group "
    "worse: look at how slopes are distributed over the groups.",
}
_AGREED = {
    VARY: "Taken together: slopes that vary.",
    DO_NOT: "Taken together: one slope for all, unless slopes vary less than the prior expects.",
    OPEN: "Taken together: neither model can be ruled out; report both.",
}


def sum_up_votes(by_elpd: str, by_factor: str, question: str) -> str:
    """Say how many of the two ways answer the question, and how.

    Parameters
    ----------
    by_elpd, by_factor
        ``"vary"``, ``"do not"`` or ``"open"``.
    question
        Beginning with *whether*.
    """
    votes = {by_elpd, by_factor}
    if votes == {VARY, DO_NOT}:
        return f"The two ways of asking {question} contradict each other."
    if votes == {OPEN}:
        return f"The data do not say {question}."
    says = "says that it does" if VARY in votes else "speaks against it"
    if OPEN in votes:
        return f"One of two ways of asking {question} {says}; the other leaves it open."
    says = "say that it does" if VARY in votes else "speak against it"
    return f"Both ways of asking {question} {says}."


def reconcile_votes(by_elpd: str, by_factor: str, group: str) -> str:
    """Say what the answers mean together, and where they differ, why."""
    if by_elpd == by_factor:
        return _AGREED[by_elpd]
    return f"{_REASON.format(group=group)} {_MEANING[by_elpd, by_factor]}"
