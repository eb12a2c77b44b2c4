"""The first proposal: a wide and a wider t distribution about every optimum that may matter."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.sampling.engines.independent.mixture import Mixture
from bayes_alliance.sampling.engines.optima import Optima

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

# An optimum whose mass, by Laplace's approximation, is further (in logs) from the best is left out.
_MATTERS = 12.0
_MOST_OPTIMA = 4
# Times the covariance that the curvature says, and how much is proposed from each.
_WIDTHS, _SHARES = (1.5, 9.0), (0.75, 0.25)
# Sign patterns double with each: the sds that are surest to be far from zero are not folded, and
# what is proposed below zero has no density.
_MOST_FOLDED = 5


def first_mixture(optima: Optima, signed: Integers) -> Mixture:
    """Return what is proposed from before anything is learnt.

    Parameters
    ----------
    optima
        Tops of the density, the heaviest first.
    signed
        Places of the standard deviations that have a sign.
    """
    masses = np.asarray([top.log_mass for top in optima.tops])
    kept = [k for k in np.argsort(-masses) if masses[k] > masses.max() - _MATTERS][:_MOST_OPTIMA]
    tops = [optima.tops[k] for k in kept]
    # Laplace's masses may be far off: an optimum of little mass has its points too.
    shares = 0.5 * np.exp(masses[kept] - masses.max()) + 0.5
    covariances = [top.root @ top.root.T for top in tops]
    sds = np.sqrt(np.diagonal(covariances, axis1=1, axis2=2))
    nearness = np.min([top.place / sd for top, sd in zip(tops, sds, strict=True)], axis=0)[signed]
    folded = np.sort(signed[np.argsort(nearness, kind="stable")[:_MOST_FOLDED]])
    return Mixture(
        weights=np.concatenate([share * shares / shares.sum() for share in _SHARES]),
        means=np.concatenate([[top.place for top in tops]] * len(_WIDTHS)),
        scales=np.concatenate([width * np.asarray(covariances) for width in _WIDTHS]),
        folded=np.ascontiguousarray(folded, dtype=np.int64),
    )
