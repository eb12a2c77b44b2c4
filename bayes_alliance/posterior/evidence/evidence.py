"""The log evidence of a model: how well it, priors included, foretold the data."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import special

from bayes_alliance import names
from bayes_alliance.display import as_html, as_text
from bayes_alliance.drawing import draw_intervals, intervals_height, own_axes
from bayes_alliance.errors import ModelError, SamplingError, listed
from bayes_alliance.kernels.bridge import (
    Bridge,
    Centred,
    bridge,
    fitted_normal,
    log_standard_normal,
    log_symmetrized,
)
from bayes_alliance.model.spec import Model
from bayes_alliance.posterior.evidence.bridge_target import (
    Target,
    count_free_numbers,
    full_target,
    integrated_target,
)
from bayes_alliance.random_streams import Stream, generator
from bayes_alliance.sampling.engines.collapsed.priors import reasons_against, variance_priors
from bayes_alliance.sampling.engines.independent.trust import weighed
from bayes_alliance.sampling.fit import Fit, check_fit
from bayes_alliance.sampling.linear_predictor import frequency_weights
from bayes_alliance.sampling.thinning import thinned

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes

_TITLE = "Log evidence"
# Pareto k below which the variance of weights is finite, and with it the error that is stated.
_LARGEST_K = 0.5
BRIDGE, WEIGHTS = "bridge sampling", "importance sampling"
# More would cost time and change the second decimal little; over every effect they still help.
_MOST_DRAWS = {True: 4000, False: 12_000}
# Draws of one half for every free number, so that their covariance can be told.
_DRAWS_A_NUMBER = 3
_UNSURE = 0.1
Array = NDArray[np.float64]
_PIECE = 2048


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """The log evidence (log marginal likelihood) of one model, natural logarithm.

    It is one number for all draws together: :attr:`draws` holds the estimates it is the mean of.

    Parameters
    ----------
    log_evidence, mcse
        The estimate and its Monte Carlo standard error.
    estimates
        What it is the mean of, shape (repeat, half): see :func:`log_evidence`.
    table
        One row: log_evidence, mcse, draws used (proposals, where it is of their weights),
        dimensions of what was integrated by them.
    integrated
        Whether coefficients and group effects were integrated out beforehand.
    how
        What it was estimated by: bridge sampling, or importance sampling.
    formula
        The model's.
    scaled_priors
        Parameters whose prior is the default, which is scaled to the data.
    """

    log_evidence: float
    mcse: float
    estimates: NDArray[np.float64]
    table: pd.DataFrame
    integrated: bool
    how: str
    formula: str
    scaled_priors: tuple[str, ...]

    @property
    def draws(self) -> xr.Dataset:
        """The estimates, in the place of draws: ``log_evidence``, dims (repeat, half)."""
        import xarray as xr

        return xr.Dataset({"log_evidence": (("repeat", "half"), self.estimates)})

    @property
    def sentence(self) -> str:
        """The number in one sentence for a paper."""
        digits = max(1, int(np.ceil(-np.log10(max(self.mcse, 1e-3)))))
        return (
            f"The log evidence of {self.formula} is {self.log_evidence:.{digits}f} "
            f"({self.how}, Monte Carlo standard error {self.mcse:.2g})."
        )

    def _shown(self) -> pd.DataFrame:
        return self.table.assign(log_evidence=self.table["log_evidence"].map("{:.2f}".format))

    def _notes(self) -> list[str]:
        built = (
            "with coefficients and group effects integrated out exactly"
            if self.integrated
            else "over every parameter and group effect"
        )
        made = "bridge was built" if self.how == BRIDGE else "weights are those of proposals made"
        notes = [self.sentence, f"The {made} {built}."]
        if self.mcse > _UNSURE:
            notes.append("Too unsure for a Bayes factor: take more draws.")
        if self.scaled_priors:
            notes.append(f"Default priors, scaled to the data: {listed(self.scaled_priors)}.")
        return notes

    def plot(self, axes: Axes | None = None) -> Axes:
        """Draw every estimate the number is the mean of, with twice the Monte Carlo error.

        Parameters
        ----------
        axes
            Where to draw; a new figure if left out.
        """
        import pandas as pd

        rows = [
            (f"repeat {r + 1}, half {h + 1}", value)
            for (r, h), value in np.ndenumerate(self.estimates)
        ]
        values = np.asarray([self.log_evidence, *(value for _, value in rows)])
        spread = np.asarray([2 * self.mcse, *np.zeros(len(rows))])
        table = pd.DataFrame({"mean": values, "lower": values - spread, "upper": values + spread})
        axes = own_axes(axes, height=intervals_height(len(table)))
        draw_intervals(axes, table, labels=["mean", *(label for label, _ in rows)])
        axes.ticklabel_format(axis="x", useOffset=False)
        axes.locator_params(axis="x", nbins=5)
        axes.set_xlabel("log evidence (natural logarithm)")
        return axes

    def __str__(self) -> str:
        return as_text(_TITLE, self._shown(), *self._notes())

    def _repr_html_(self) -> str:
        return as_html(_TITLE, self._shown(), *self._notes())


def log_evidence(
    fit: Fit, *, seed: int | None = None, repeats: int = 2, integrate: bool | None = None
) -> Evidence:
    """Estimate the log evidence of a fit's model by bridge sampling, or from kept weights.

    The evidence is the probability density of the data under the model, averaged over its priors.
    A normal distribution is fitted to one half of the draws and the optimal bridge (Meng and
    Wong) is built between it and the other half, the posterior made symmetric on the way (the
    warp of Meng and Schilling); then the halves change places. Where the model is gaussian the
    bridge spans only the few variance parameters, so that it is good to about 0.01 whatever the
    number of groups; elsewhere it spans every group effect too, and its error grows with them.

    Independent draws are made of proposals whose mean weight is the evidence. Where their weights
    have no heavy tail (Pareto k below 0.5) that is taken, with its error, and nothing is drawn.

    Parameters
    ----------
    fit : Fit
        A fit with its rows, or of streamed ones, and with proper priors, by any engine. At most
        4,000 draws are used, evenly spaced, and 12,000 where the bridge spans every group effect.
    seed : int, optional
        Of the proposals; the fit's own if left out.
    repeats : int
        How often the proposals are drawn.
    integrate : bool, optional
        Whether to integrate coefficients and group effects out first; if left out, wherever that
        is exact.

    Returns
    -------
    Evidence
        The estimate, its Monte Carlo standard error and the estimates it is the mean of. The
        error is the relative error of the evidence (Fruehwirth-Schnatter, with the draws'
        autocorrelation) or half the disagreement of the halves, whichever is larger.

    Raises
    ------
    ModelError
        If a prior is improper, or the likelihood is none (weights that are no counts).
    SamplingError
        If the fit was saved without its rows or has too few draws, or ``integrate=True`` is not
        exact.

    References
    ----------
    .. [1] meng1996
    .. [2] meng2002
    .. [3] fruehwirth2004
    .. [4] gronau2017

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> print(ba.log_evidence(fit))  # doctest: +SKIP
    """
    import pandas as pd

    check_fit(fit, "log_evidence")
    check_evidence_exists(fit, repeats)
    integrated = _integrated(fit, integrate)
    if not integrated:
        fit.need_data("The evidence, bridged over all group effects,")
    weights = _of_weights(fit, repeats) if integrated else None
    runs, draws, dimensions = weights or _bridged(fit, integrated, repeats, seed)
    row = {
        "log_evidence": runs.log_evidence,
        "mcse": runs.mcse,
        "draws": draws,
        "dimensions": dimensions,
    }
    return Evidence(
        log_evidence=runs.log_evidence,
        mcse=runs.mcse,
        estimates=runs.estimates,
        table=pd.DataFrame([row], index=[fit.model.outcome]),
        integrated=integrated,
        how=BRIDGE if weights is None else WEIGHTS,
        formula=fit.model.formula.text,
        scaled_priors=tuple(
            e.key
            for e in fit.model.priors.entries
            if not e.chosen and e.prior.kind.support != "correlation"
        ),
    )


def _of_weights(fit: Fit, repeats: int) -> tuple[BridgeRuns, int, int] | None:
    """Return the evidence of a fit's kept weights, as if they were so many bridges.

    With it of how many proposals, in how many dimensions; None if the fit has no weights, or they
    have too heavy a tail.
    """
    kept = weighed(fit.idata)
    if kept is None or kept.given_up or kept.trust is None or kept.trust.pareto_k >= _LARGEST_K:
        return None
    parts = [kept.log_weights[k :: 2 * repeats] for k in range(2 * repeats)]
    each = np.asarray([special.logsumexp(part) - np.log(len(part)) for part in parts])
    # The mean of logs lies a little below the log of the mean, which is the estimate.
    moved = each - each.mean() + kept.trust.log_evidence
    runs = BridgeRuns(estimates=moved.reshape(repeats, 2), mcse=kept.trust.log_evidence_error)
    return runs, len(kept.log_weights), fit.idata[names.UNCONSTRAINED].sizes[names.THETA_DIM]


def _bridged(
    fit: Fit, integrated: bool, repeats: int, seed: int | None
) -> tuple[BridgeRuns, int, int]:
    """Build the bridges; also return how many draws they rest on, in how many dimensions."""
    used = fit.with_group(names.POSTERIOR, thinned(fit.posterior, _MOST_DRAWS[integrated]))
    _check_draws(used, integrated)
    target = integrated_target(used) if integrated else full_target(used)
    runs = run_bridges(target, repeats=repeats, seed=fit.settings.seed if seed is None else seed)
    return runs, used.draws_in_all, target.dimensions


def check_evidence_exists(fit: Fit, repeats: int) -> None:
    """Refuse fits whose evidence is not defined or cannot be had.

    Raises
    ------
    ModelError, SamplingError
        See :func:`log_evidence`.
    """
    asked = "The evidence of a model was asked for."
    # The sums of streamed rows suffice for the collapsed density.
    fit.need_data("The evidence", sums_suffice=not reasons_against(fit.model))
    improper = [e.key for e in fit.model.priors.entries if not e.prior.proper]
    if improper:
        raise ModelError(
            asked,
            f"The prior of {listed(improper)} is improper: it does not integrate to one, so the "
            "evidence is known only up to an arbitrary factor.",
            "Give every parameter a proper prior, for example Normal(0, 5) or HalfNormal(5).",
            improper=improper,
        )
    if not _count_rows(fit.model):
        raise ModelError(
            asked,
            f"Its weights ({fit.model.formula.response.weights}) are not whole numbers, so they "
            "count no rows and the likelihood is not that of any data.",
            "Leave the weights out, or write weights(w, precision) if they are precisions.",
        )
    if repeats < 1:
        raise SamplingError(
            f"repeats={repeats} was asked for.",
            "The proposals must be drawn at least once.",
            "Leave it out to have the default.",
        )


def _count_rows(model: Model) -> bool:
    """Tell whether frequency weights, if any, are whole numbers."""
    if model.stream is not None:
        return model.formula.response.weight_kind != "frequency" or model.stream.sums.whole_weights
    counts = np.asarray(frequency_weights(model))
    return np.array_equal(counts, np.round(counts))


def _integrated(fit: Fit, wanted: bool | None) -> bool:
    reasons = reasons_against(fit.model)
    if wanted and reasons:
        raise SamplingError(
            "The evidence with integrate=True was asked for.",
            f"Integrating is not exact for this model: {listed(reasons)}.",
            "Leave integrate= out.",
            reasons=reasons,
        )
    return not reasons if wanted is None else wanted


def _check_draws(fit: Fit, integrated: bool) -> None:
    model, half = fit.model, fit.draws_in_all // 2
    size = variance_priors(model).size if integrated else count_free_numbers(model)
    needed = _DRAWS_A_NUMBER * size
    if half >= needed:
        return
    possible = needed <= _MOST_DRAWS[False] // 2
    raise SamplingError(
        "The evidence of a model was asked for.",
        f"The bridge spans {size} parameters and group effects and is fitted to half of "
        f"{2 * half} draws, which are too few.",
        f"Sample at least {2 * needed} draws in all."
        if possible
        else "Compare the models by leave-one-group-out instead.",
        dimensions=size,
        draws=2 * half,
    )


@dataclass(frozen=True, kw_only=True)
class BridgeRuns:
    """Estimates of one log evidence.

    Parameters
    ----------
    estimates
        Shape (repeat, half): the proposal is fitted to one half of each chain and the bridge built
        to the other, then the other way round; each repeat draws new proposals.
    mcse
        Monte Carlo standard error of their mean, as the estimates' own variances and the
        disagreement of the halves tell it, whichever is larger.
    """

    estimates: Array
    mcse: float

    @property
    def log_evidence(self) -> float:
        """The mean of all estimates."""
        return float(self.estimates.mean())


def run_bridges(target: Target, *, repeats: int, seed: int) -> BridgeRuns:
    """Estimate the log evidence of a target.

    Parameters
    ----------
    target
        Draws and density.
    repeats
        How often proposals are drawn.
    seed
        Of the proposals.
    """
    half = target.points.shape[1] // 2
    halves = (target.points[:, :half], target.points[:, -half:])
    rng = generator(seed, Stream.BRIDGE_PROPOSALS)
    sides = [_half(target, fitted, used, repeats, rng) for fitted, used in (halves, halves[::-1])]
    estimates = np.asarray([[run.log_ratio for run in runs] for runs, _ in sides]).T
    return BridgeRuns(estimates=estimates, mcse=_error(estimates, [v for _, v in sides]))


def _half(
    target: Target, fitted: Array, used: Array, repeats: int, rng: np.random.Generator
) -> tuple[list[Bridge], float]:
    """Build bridges from one half's normal to the other half; also give their mean's variance."""
    size = target.dimensions
    normal = fitted_normal(fitted.reshape(-1, size))
    place = normal.standardized(used.reshape(-1, size))
    at_draws = _log_ratio(target.log_density, normal, place).reshape(used.shape[:2])
    effective = _effective(at_draws)
    runs = []
    for _ in range(repeats):
        drawn = rng.standard_normal(place.shape)
        ratios = _log_ratio(target.log_density, normal, drawn)
        runs.append(bridge(at_draws, ratios, effective_draws=effective))
    own = float(np.mean([np.var(run.at_draws) / _effective(run.at_draws) for run in runs]))
    proposals = float(np.mean([np.var(run.at_proposals) / run.at_proposals.size for run in runs]))
    # Repeats share the posterior draws: only the proposals' part averages out.
    return runs, own + proposals / repeats


def _log_ratio(log_density: Callable[[Array], Array], normal: Centred, standard: Array) -> Array:
    """Return log target less log proposal at standardized points, the target made symmetric."""
    points = np.concatenate([normal.back(standard), normal.back(-standard)])
    pieces = [points[k : k + _PIECE] for k in range(0, len(points), _PIECE)]
    with ThreadPoolExecutor() as pool:
        values = np.concatenate(list(pool.map(log_density, pieces)))
    values = np.where(np.isnan(values), -np.inf, values)
    here, mirrored = np.split(values, 2)
    scaled = log_symmetrized(here, mirrored) + normal.log_determinant
    return np.asarray(scaled - log_standard_normal(standard))


def _effective(values: Array) -> float:
    """Return the effective number of draws for a mean, shape (chain, draw)."""
    import arviz as az

    found = float(az.ess(values, method="mean"))
    return found if np.isfinite(found) else float(values.size)


def _error(estimates: Array, variances: list[float]) -> float:
    stated = float(np.sqrt(np.sum(variances))) / 2
    apart = abs(float(estimates[:, 0].mean() - estimates[:, 1].mean())) / 2
    return max(stated, apart)
