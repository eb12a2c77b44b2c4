"""Whether the chains found the posterior: R-hat, ESS, divergences, energy, tree depth, optima."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bayes_alliance import names
from bayes_alliance.checks.finding import Finding
from bayes_alliance.errors import Advice, listed
from bayes_alliance.sampling.engines.independent.trust import LEAST_SHARE, Weighed, weighed
from bayes_alliance.sampling.engines.optima import COMPETES
from bayes_alliance.sampling.fit import Fit

if TYPE_CHECKING:
    import xarray as xr

R_HAT = 1.01
R_HAT_APART = 1.05  # chains this far apart are no matter of more draws
ESS = 400.0
ESS_BAD = 100.0
ESS_MEANINGFUL = 200.0  # with fewer, an R-hat just over 1.01 is no small matter
E_BFMI = 0.3
_FIRMER = "a firmer prior on the group standard deviations"

# Draws that hold other shares than the optima's own, by more than this, missed a part.
SHARE_APART = 0.1
# With fewer crossings over all chains, their shares of the draws are where they happened to start.
CROSSINGS = 20
_MOST_SHOWN = 3
_NO_TRAJECTORY = (
    "Divergences, energy and tree depth do not apply: no trajectory was followed. Neither R-hat "
    "nor these weights see a part of the posterior that no proposal reaches; that is why every "
    "optimum that was found is proposed about."
)


def check_r_hat(table: pd.DataFrame) -> Finding:
    """Hold the rank-normalised split R-hat of every reported quantity against 1.01.

    Just above it, up to 1.05, more draws are what is missing if each of these quantities has 200
    effective ones already.
    """
    values = table["r_hat"].dropna()
    worst = float(values.max()) if len(values) else float("nan")
    over = values[values > R_HAT].sort_values(ascending=False)
    if not len(over):
        return _fine("r_hat", worst, R_HAT, f"The chains agree: R-hat is at most {worst:.3f}.")
    effective = float(table["ess_bulk"][table["r_hat"] > R_HAT].min())
    where = listed(over.index)
    if worst <= R_HAT_APART and effective >= ESS_MEANINGFUL:
        return Finding(
            level="caution",
            code="r_hat",
            where=where,
            value=worst,
            threshold=R_HAT,
            message=f"The chains agree closely, not fully: R-hat is up to {worst:.3f}, at most "
            f"{R_HAT} is wanted, with at least {effective:.0f} effective draws ({where}).",
            remedy="Draw more: twice as many draws bring it down if nothing else is wrong.",
        )
    return Finding(
        level="bad",
        code="r_hat",
        where=where,
        value=worst,
        threshold=R_HAT,
        message=f"The chains disagree: R-hat is up to {worst:.3f} ({where}).",
        remedy="Sample longer (double tune and draws); if that does not help, the model asks "
        "for more than the data holds: simplify it or state firmer priors.",
    )


def check_ess(table: pd.DataFrame, column: str) -> Finding:
    """Hold the bulk or tail effective sample size of every reported quantity against 400."""
    values = table[column].dropna()
    least = float(values.min()) if len(values) else float("nan")
    what = {"ess_bulk": "means", "ess_tail": "interval ends"}[column]
    low = values[values < ESS].sort_values()
    if len(low):
        factor = int(np.ceil(ESS / max(least, 1.0)))
        return Finding(
            level="caution" if least > ESS_BAD else "bad",
            code=column,
            where=listed(low.index),
            value=least,
            threshold=ESS,
            message=f"Too few effective draws for the {what}: {least:.0f} ({listed(low.index)}).",
            remedy=f"Ask for about {max(2, factor)} times as many draws.",
        )
    message = f"Enough effective draws for the {what}: at least {least:.0f}."
    return _fine(column, least, ESS, message)


def check_divergences(fit: Fit) -> Finding:
    """Count divergent transitions; there should be none."""
    stats = fit.idata[names.SAMPLE_STATS]
    if "diverging" not in stats:
        return _fine("divergences", 0.0, 0.0, "This engine cannot diverge.")
    count = int(stats["diverging"].sum())
    if count == 0:
        return _fine("divergences", 0.0, 0.0, "No divergent transition.")
    share = count / fit.draws_in_all
    return Finding(
        level="bad" if share > 0.001 else "caution",
        code="divergences",
        where="the sampler",
        value=float(count),
        threshold=0.0,
        message=f"{count} divergences in {fit.draws_in_all} draws: the sampler missed a part of "
        "the posterior that curves too sharply.",
        remedy=Advice(
            python="Raise target_accept (0.95, then 0.99); if they stay, try centred=True or "
            f"centred=False in Model, or {_FIRMER}.",
            command_line="Raise --target-accept (0.95, then 0.99); if they stay, try "
            f"{_FIRMER}, with --prior.",
        ),
    )


def check_energy(fit: Fit) -> Finding:
    """Hold the energy diagnostic E-BFMI of every chain against 0.3."""
    stats = fit.idata[names.SAMPLE_STATS]
    if "energy" not in stats:
        return _fine("e_bfmi", float("nan"), E_BFMI, "This engine reports no energy.")
    energy = stats["energy"].to_numpy()
    variance = energy.var(axis=1)
    moves = np.square(np.diff(energy, axis=1)).mean(axis=1)
    ratio = np.divide(moves, variance, out=np.full(len(moves), np.nan), where=variance > 0)
    least = float(np.nanmin(ratio)) if np.isfinite(ratio).any() else float("nan")
    if least < E_BFMI:
        return Finding(
            level="caution",
            code="e_bfmi",
            where=f"chain {int(np.nanargmin(ratio))}",
            value=least,
            threshold=E_BFMI,
            message=f"The energy moves slowly (E-BFMI {least:.2f}): tails may be missed.",
            remedy="Sample longer, or use a firmer prior on standard deviations near 0.",
        )
    return _fine("e_bfmi", least, E_BFMI, f"The energy moves freely (E-BFMI {least:.2f}).")


def check_tree_depth(fit: Fit) -> Finding:
    """Count trajectories that ended at the greatest allowed length."""
    stats = fit.idata[names.SAMPLE_STATS]
    if "reached_max_treedepth" not in stats:
        return _fine("tree_depth", 0.0, 0.0, "No trajectory was cut short.")
    share = float(stats["reached_max_treedepth"].mean())
    if share > 0.01:
        return Finding(
            level="caution",
            code="tree_depth",
            where="the sampler",
            value=share,
            threshold=0.01,
            message=f"{share:.0%} of the trajectories were cut short: sampling is slow, not wrong.",
            remedy=Advice(
                python="Raise max_tree_depth to 12, or scale the predictors.",
                command_line="Scale the predictors in the file.",
            ),
        )
    return _fine("tree_depth", share, 0.01, "Trajectories were long enough.")


def check_stuck_chains(fit: Fit) -> Finding:
    """Look for chains that hardly move: one value repeated, or an sd far below the others'."""
    posterior = fit.posterior
    stuck: dict[int, list[str]] = {}
    for name in posterior.data_vars:
        if name in {names.u(group) for group in fit.model.groups}:
            continue
        values = posterior[name].to_numpy()
        flat = values.reshape(*values.shape[:2], -1)
        spread = flat.std(axis=1)
        usual = np.median(spread, axis=0)
        for chain in np.flatnonzero(
            (spread < 0.01 * usual).any(axis=1) | (spread == 0).any(axis=1)
        ):
            stuck.setdefault(int(chain), []).append(str(name))
    if not stuck:
        return _fine("stuck_chain", 0.0, 0.0, "Every chain moved.")
    chains = listed(f"chain {chain}" for chain in stuck)
    return Finding(
        level="bad",
        code="stuck_chain",
        where=chains,
        value=float(len(stuck)),
        threshold=0.0,
        message=f"{chains} hardly moved from one value.",
        remedy="Sample again with another seed; if it happens again, look for priors or predictors "
        "on an impossible scale.",
    )


def _fine(code: str, value: float, threshold: float, message: str) -> Finding:
    return Finding(
        level="fine",
        code=code,
        where="",
        value=value,
        threshold=threshold,
        message=message,
    )


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


def check_proposals(fit: Fit) -> list[Finding]:
    """Say what the weights of the proposals are worth, or why these were given up."""
    found = weighed(fit.idata)
    if found is None:
        return []
    return [
        Finding(
            level="fine",
            code="proposals",
            where="",
            value=found.trust.share if found.trust else float("nan"),
            threshold=LEAST_SHARE,
            message=_on_proposals(found),
        )
    ]


def _on_proposals(found: Weighed) -> str:
    trust = found.trust
    if found.given_up or trust is None:
        return (
            f"Independent draws were given up: {found.given_up}. The No-U-Turn sampler drew "
            "instead, and its draws are judged by themselves."
        )
    return (
        f"The proposals fit the posterior: their weights are worth {trust.share:.0%} of "
        f"{trust.proposals:,} (Pareto k {trust.pareto_k:.2f}, less than {trust.largest_k:.2f} is "
        f"wanted). {_NO_TRAJECTORY}"
    )
