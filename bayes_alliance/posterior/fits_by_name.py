"""Several fits for one question, each by a name to show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bayes_alliance.errors import ModelError
from bayes_alliance.sampling.fit import Fit, check_fit


def named_fits(fits: Any, verb: str) -> dict[str, Fit]:
    """Return the fits by name; fits without one are called by their formula, and numbered.

    Parameters
    ----------
    fits
        A mapping from names to fits, a sequence of fits, or one.
    verb
        The verb they were given to.

    Raises
    ------
    ModelError
        If there is none, or something among them is no fit.
    """
    given: Any = fits.values() if isinstance(fits, Mapping) else fits
    several: list[Any] = list(given) if _are_several(given) else [given]
    if not several:
        raise ModelError(
            "Models were to be compared.",
            "No fit was given.",
            f'Write {verb}({{"fixed": fit, "varying": other_fit}}).',
        )
    for fit in several:
        check_fit(fit, verb)
    if isinstance(fits, Mapping):
        return {str(name): fit for name, fit in fits.items()}
    formulas = [fit.model.formula.text for fit in several]
    return {
        text if formulas.count(text) == 1 else f"{text} ({k})": fit
        for k, (text, fit) in enumerate(zip(formulas, several, strict=True), start=1)
    }


def _are_several(given: object) -> bool:
    return isinstance(given, Iterable) and not isinstance(given, str | bytes | Fit)
