"""Several fits for one question, each by a name to show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bayes_alliance.errors import ModelError
from bayes_alliance.sampling.fit import Fit, check_fit


def several_fits(fits: Any, verb: str) -> list[Fit]:
    """Return the fits of a mapping or a sequence, or one, as a list.

    Parameters
    ----------
    fits
        What was given.
    verb
        The verb it was given to.

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
        check_fit(fit, verb)
    return several


def named_fits(fits: Any, verb: str) -> dict[str, Fit]:
    """Return the fits by name; fits without one are called by their formula, and numbered.

    Raises
    ------
    ModelError
        As :func:`several_fits`.
    """
    several = several_fits(fits, verb)
    if isinstance(fits, Mapping):
        return {str(name): fit for name, fit in fits.items()}
    formulas = [fit.model.formula.text for fit in several]
    return {
        text if formulas.count(text) == 1 else f"{text} ({k})": fit
        for k, (text, fit) in enumerate(zip(formulas, several, strict=True), start=1)
    }


def _are_several(given: object) -> bool:
    return isinstance(given, Iterable) and not isinstance(given, str | bytes | Fit)
