"""Weakly informative priors, scaled to the data by one pure function.

A slope may change the outcome by a few standard deviations per standard deviation of its
predictor; the intercept is where the outcome may be when every predictor of the design *as
written* is 0, so it is wider the further 0 lies from the data.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.model.design import Design
from bayes_alliance.model.families import Family
from bayes_alliance.model.prior import Prior

Element = tuple[str, str | None]
_WIDTH = 2.5
_DIGITS = 3


def default_priors(
    design: Design, y: NDArray[np.float64], family: Family, levels: tuple[str, ...]
) -> Mapping[Element, Prior]:
    """Return one prior an element of each top-level parameter.

    Parameters
    ----------
    design
        The design on its own scale; nothing is centred behind the user's back.
    y
        The outcome; only mean and standard deviation of what the offset leaves are used, and
        only for numeric ones.
    family
        Decides the scale: the outcome's own, or the link's.
    levels
        Categories of an ordinal outcome.

    Returns
    -------
    Mapping
        From (variable, element label or None) to its prior, in the container's order.
    """
    rest = y - design.offset
    numeric = family.outcome == "numeric"
    scale = float(np.std(rest, ddof=1)) if numeric else 1.0
    centre = float(np.mean(rest)) if numeric else 0.0
    priors: dict[Element, Prior] = {}
    locations, widths = _population(design, centre, scale)
    for label, location, width in zip(design.coefficients, locations, widths, strict=True):
        prior = Prior("Normal", (_rounded(location), _rounded(_WIDTH * width)))
        priors[names.B, label] = prior
    for between in threshold_labels(levels):
        width = _threshold_width(design.X)
        priors[names.CUTPOINT, between] = Prior("Normal", (0.0, _rounded(2 * _WIDTH * width)))
    for group in design.groups:
        for effect, width in zip(group.effects, _widths(group.Z), strict=True):
            prior = Prior("HalfStudentT", (3.0, _rounded(scale * width)))
            priors[names.sd(group.name), effect] = prior
        if group.pairs:
            priors[names.cor(group.name), None] = Prior("LKJ", (2.0,))
    if "sigma" in family.parameters:
        priors[names.SIGMA, None] = Prior("HalfStudentT", (3.0, _rounded(scale)))
    if "nu" in family.parameters:
        priors[names.NU, None] = Prior("Gamma", (2.0, 0.1))
    return priors


def threshold_labels(levels: tuple[str, ...]) -> tuple[str, ...]:
    """Return one label a threshold: ``3|4`` lies between the categories 3 and 4."""
    return tuple(f"{low}|{high}" for low, high in pairwise(levels))


def _widths(columns: NDArray[np.float64]) -> list[float]:
    """Return the scale of each column's effect, in units of the outcome's scale."""
    sds = columns.std(axis=0, ddof=1)
    varies = sds > 1e-12 * (1 + np.abs(columns).max(axis=0, initial=0.0))
    shift = np.sum((columns.mean(axis=0)[varies] / sds[varies]) ** 2)
    at_zero = float(np.sqrt(1 + shift))
    return [1 / float(sds[k]) if varies[k] else at_zero for k in range(columns.shape[1])]


def _population(
    design: Design, centre: float, scale: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return where each coefficient's prior lies, and its width.

    Without an intercept the level of the outcome must come from the other columns: where they
    add up to a constant (the means of cells) each takes its part of it, else the scale is that of
    the outcome around 0.
    """
    widths = scale * np.asarray(_widths(design.X))
    locations = np.zeros(len(widths))
    if names.INTERCEPT in design.coefficients:
        locations[design.coefficients.index(names.INTERCEPT)] = centre
        return locations, widths
    ones = np.ones(len(design.X))
    parts = np.linalg.lstsq(design.X, ones, rcond=None)[0]
    parts[np.abs(parts) < 1e-12] = 0.0  # rounding would show as a prior's odd location
    if np.allclose(design.X @ parts, ones, atol=1e-8):
        return centre * parts, np.sqrt(widths**2 + (scale * parts) ** 2)
    return locations, widths * np.hypot(scale, centre) / scale


def _threshold_width(columns: NDArray[np.float64]) -> float:
    constant = np.ones((len(columns), 1))
    return _widths(np.column_stack([constant, columns]))[0]


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
