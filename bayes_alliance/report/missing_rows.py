"""Why a fit does not hold its rows, and what gives a report that needs them."""

from __future__ import annotations

from bayes_alliance.errors import GIVE_ROWS, Advice, Words
from bayes_alliance.sampling.fit import Fit


def why_not(fit: Fit, *, sums_suffice: bool = False) -> Words:
    """Say why what needs the rows, or the sums of streamed ones, is not there, and what to do."""
    if fit.streamed_from is not None and sums_suffice:
        why = (
            "This needs the sums made of the rows, which were read as a stream, and the fit was "
            "saved without them"
        )
        return Advice(
            python=f"{why}: fit.save(path) keeps them, fit.save(path, data=False) does not.",
            command_line=f"{why}.",
        )
    if fit.streamed_from is not None:
        return (
            "This needs the rows themselves. They were read as a stream and never kept, so that "
            "no saved file brings them back: fit the model to a random sample of the rows, read "
            "into memory, and look at it there."
        )
    why = "This needs the rows the model was fitted to, and the fit was saved without them."
    return GIVE_ROWS.after(why)
