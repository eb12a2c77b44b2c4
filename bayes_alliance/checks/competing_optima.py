"""Whether the posterior has several optima that each hold a part of the mass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bayes_alliance import names
from bayes_alliance.checks.finding import Finding
from bayes_alliance.sampling.engines.optima import COMPETES
from bayes_alliance.sampling.fit import Fit

if TYPE_CHECKING:
    import xarray as xr

# Draws that hold other shares than the optima's own, by more than this, missed a part.
SHARE_APART = 0.1
# With fewer crossings over all chains, their shares of the draws are where they happened to start.
CROSSINGS = 20
_MOST_SHOWN = 3


def check_optima(fit: Fit) -> list[Finding]:
    """Say which optima compete, with their shares of the mass and of the draws."""
    if names.OPTIMA not in fit.idata.children:
        return []
    optima = fit.idata[names.OPTIMA].to_dataset()
    masses = optima[names.WEIGHT].to_numpy()
    draws = optima[names.SHARE_OF_DRAWS].to_numpy()
    crossings = int(optima[names.CROSSINGS][0])
    apart = crossings < CROSSINGS and float(np.abs(masses - draws).max()) > SHARE_APART
    what, values = _differ_most_in(fit, optima)
    shown = [
        f"{mass:.0%} of the mass near {what} = {value:.3g} ({share:.0%} of the draws)"
        for mass, value, share in list(zip(masses, values, draws, strict=True))[:_MOST_SHOWN]
    ]
    more = "" if len(masses) <= _MOST_SHOWN else f", and {len(masses) - _MOST_SHOWN} more"
    went = f"The chains went from one to another {crossings} times"
    told = "the draws do not hold them in their shares" if apart else "the draws hold both answers"
    return [
        Finding(
            level="bad" if apart else "caution",
            code="competing_optima",
            where=what,
            value=float(masses[1]),
            threshold=COMPETES,
            message=f"{len(masses)} different answers fit prior and data about as well: "
            f"{'; '.join(shown)}{more}. {went}; {told}.",
            remedy=f"Say which is meant by a firmer prior on {what}, or report each by itself; "
            "longer chains alone do not settle it. If you wrote priors for a group's standard "
            "deviations, leave them out once: the defaults stand at the means of the predictors.",
        )
    ]


def _differ_most_in(fit: Fit, optima: xr.Dataset) -> tuple[str, np.ndarray]:
    """Return the label of what the two heaviest optima differ most in, and its value at each."""
    found: dict[str, tuple[float, np.ndarray]] = {}
    for group in fit.model.design.groups:
        sds = optima[names.sd(group.name)].to_numpy()
        for k, effect in enumerate(group.effects):
            found[f"{names.sd(group.name)}[{effect}]"] = _on_logs(sds[:, k])
        if group.pairs:
            cors = optima[names.cor(group.name)].to_numpy()
            for k, label in enumerate(group.pair_labels):
                own = np.arctanh(np.clip(cors[:, k], -1 + 1e-12, 1 - 1e-12))
                found[f"{names.cor(group.name)}[{label}]"] = (abs(own[0] - own[1]), cors[:, k])
    if names.SIGMA in optima:
        found[names.SIGMA] = _on_logs(optima[names.SIGMA].to_numpy())
    label = max(found, key=lambda name: found[name][0])
    return label, found[label][1]


def _on_logs(sds: np.ndarray) -> tuple[float, np.ndarray]:
    """Return how far apart two standard deviations are as a ratio, in logs, and all of them."""
    first, second = np.log(np.maximum(sds[:2], 1e-300))
    return abs(float(first - second)), sds
