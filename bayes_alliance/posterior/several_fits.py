"""Several fits for one question: each by a name to show, and whether they are of the same rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from bayes_alliance.errors import ModelError
from bayes_alliance.model.spec import Model
from bayes_alliance.model.streaming.rows import StreamedRows
from bayes_alliance.sampling.fit import Fit, check_fit

# The means of a column, summed in another order: float error.
_SAME = 1e-9


def several_fits(fits: Any, verb: str, *, by_row: bool = False) -> list[Fit]:
    """Return the fits of a mapping or a sequence, or one, as a list.

    Parameters
    ----------
    fits
        What was given.
    verb
        The verb it was given to.
    by_row
        Whether the verb knows parameters that differ from row to row.

    Raises
    ------
    ModelError
        If there is none, or something among them is no fit.
    """
    given: Any = fits.values() if isinstance(fits, Mapping) else fits
    several: list[Any] = list(given) if _are_several(given) else [given]
    if not several:
        raise ModelError(
            f"{verb} takes one fit or several.",
            "No fit was given.",
            f"Write {verb}([fit, other_fit]).",
        )
    for fit in several:
        check_fit(fit, verb, by_row=by_row)
    return several


def named_fits(fits: Any, verb: str, *, by_row: bool = False) -> dict[str, Fit]:
    """Return the fits by name; fits without one are called by their formula, and numbered.

    Raises
    ------
    ModelError
        As :func:`several_fits`.
    """
    several = several_fits(fits, verb, by_row=by_row)
    if isinstance(fits, Mapping):
        return {str(name): fit for name, fit in fits.items()}
    formulas = [fit.model.formula.text for fit in several]
    return {
        text if formulas.count(text) == 1 else f"{text} ({k})": fit
        for k, (text, fit) in enumerate(zip(formulas, several, strict=True), start=1)
    }


def _are_several(given: object) -> bool:
    return isinstance(given, Iterable) and not isinstance(given, str | bytes | Fit)


def have_same_rows(one: Model, other: Model) -> bool:
    """Tell whether two models have the same outcome, of the same kind, in the same rows.

    Rows that were streamed are not held. Theirs are the same if they come from the same place,
    are as many and count as often, and the outcome (less its offset) has the same mean and
    variance.
    """
    if one.outcome != other.outcome or one.family.measure != other.family.measure:
        return False
    if one.stream is None or other.stream is None:
        return one.stream is other.stream and _are_held_alike(one, other)
    return _are_streamed_alike(one.stream, other.stream)


def _are_held_alike(one: Model, other: Model) -> bool:
    mine, theirs = one.frame, other.frame
    weights, others = (
        np.ones(len(f.y)) if f.weights is None else f.weights for f in (mine, theirs)
    )
    return (
        np.array_equal(mine.positions, theirs.positions)
        and np.array_equal(mine.y, theirs.y)
        and np.array_equal(weights, others)
    )


def _are_streamed_alike(one: StreamedRows, other: StreamedRows) -> bool:
    if one.source != other.source or one.frame.rows_used != other.frame.rows_used:
        return False
    (mean, sd), (its_mean, its_sd) = _outcome(one), _outcome(other)
    return bool(
        np.isclose(one.sums.repeats.sum(), other.sums.repeats.sum(), rtol=_SAME)
        and np.isclose(one.sums.log_weight.sum(), other.sums.log_weight.sum(), rtol=_SAME)
        and np.isclose(sd, its_sd, rtol=_SAME)
        and np.isclose(mean, its_mean, rtol=_SAME, atol=_SAME * sd)
    )


def _outcome(stream: StreamedRows) -> tuple[float, float]:
    """Return the outcome's mean and standard deviation over all rows."""
    sums = stream.sums.unweighted
    mean = sums.total_mean[-1]
    between = sums.weight @ (sums.mean[:, -1] - mean) ** 2
    squares = sums.products[:, -1, -1].sum() + between
    return float(mean), float(np.sqrt(squares / sums.weight.sum()))
