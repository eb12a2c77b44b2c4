"""Why a fit does not hold its rows, and what gives a report that needs them."""

from __future__ import annotations

from bayes_alliance.sampling.fit import Fit


def why_not(fit: Fit, *, sums_suffice: bool = False) -> str:
    """Say why what needs the rows, or the sums of streamed ones, is not there, and what to do."""
    if fit.streamed_from is not None and sums_suffice:
        return (
            "This needs the sums made of the rows, which were read as a stream, and the fit was "
            "saved without them: fit.save(path) keeps them, fit.save(path, data=False) does not."
        )
    if fit.streamed_from is not None:
        return (
            "This needs the rows themselves. They were read as a stream and never kept, so that "
            "no saved file brings them back: fit the model to a random sample of the rows, read "
            "into memory, and look at it there."
        )
    return (
        "This needs the rows the model was fitted to, and the fit was saved without them: give "
        "them with load_fit(path, data=your_table), or --data FILE on the command line."
    )
