"""How far draws from a frozen proposal may be trusted, by the weights of what was proposed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import special

from bayes_alliance import names
from bayes_alliance.kernels.pareto_smoothing import largest_good_shape, smooth_weights
from bayes_alliance.sampling.engines.independent.adaptation import share_of_weights

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]

# Weights worth less than this share of the proposals leave too few draws that differ.
LEAST_SHARE = 0.3


@dataclass(frozen=True, kw_only=True)
class Trust:
    """What the weights of the frozen proposals say.

    Parameters
    ----------
    pareto_k
        Shape of the tail of the weights; infinite where none could be fitted.
    largest_k
        Up to which so many proposals give trustworthy draws.
    share
        What the weights are worth, as a share of the proposals.
    proposals
        How many there were.
    log_evidence, log_evidence_error
        Log of the mean weight, and its Monte Carlo standard error.
    """

    pareto_k: float
    largest_k: float
    share: float
    proposals: int
    log_evidence: float
    log_evidence_error: float

    @property
    def reason_against(self) -> str:
        """Why the draws are not trusted, as a clause; empty if they are."""
        if not self.pareto_k < self.largest_k:
            return (
                f"a few weights are too large (Pareto k {self.pareto_k:.2f}, below "
                f"{self.largest_k:.2f} is wanted)"
            )
        if self.share < LEAST_SHARE:
            return (
                f"the proposals fit the posterior badly: their weights are worth {self.share:.0%} "
                f"of them, at least {LEAST_SHARE:.0%} are wanted"
            )
        return ""


def trust_in(log_weights: Array) -> Trust:
    """Judge the weights of frozen proposals.

    Parameters
    ----------
    log_weights
        Log density less log proposal density of each, shape (n,).
    """
    count = len(log_weights)
    if not np.isfinite(log_weights.max()):
        return Trust(
            pareto_k=float("inf"),
            largest_k=largest_good_shape(count),
            share=0.0,
            proposals=count,
            log_evidence=-float("inf"),
            log_evidence_error=float("inf"),
        )
    finite = np.maximum(log_weights, log_weights.max() - 700.0)
    shape = float(smooth_weights(finite[:, None]).shape[0])
    relative = np.exp(log_weights - log_weights.max())
    error = relative.std() / relative.mean() / np.sqrt(count)
    return Trust(
        pareto_k=shape if np.isfinite(shape) else float("inf"),
        largest_k=largest_good_shape(count),
        share=share_of_weights(log_weights),
        proposals=count,
        log_evidence=float(special.logsumexp(log_weights) - np.log(count)),
        log_evidence_error=float(error),
    )


@dataclass(frozen=True, kw_only=True)
class Weighed:
    """The kept weights of a fit, what they say, and why another engine drew instead, if so."""

    log_weights: Array
    trust: Trust | None
    given_up: str


def weighed(idata: xr.DataTree) -> Weighed | None:
    """Return the kept weights of a fit's container, None if nothing was proposed."""
    if names.PROPOSALS not in idata.children:
        return None
    kept = idata[names.PROPOSALS].to_dataset()
    log_weights = kept[names.LOG_WEIGHT].to_numpy()
    return Weighed(
        log_weights=log_weights,
        trust=trust_in(log_weights) if len(log_weights) else None,
        given_up=str(kept.attrs.get(names.GIVEN_UP, "")),
    )
