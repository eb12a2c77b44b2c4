"""How reliable a score is: alpha and omega with intervals, within groups and between them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes_alliance.data.report import Note
from bayes_alliance.data.scales.scoring import ScaleScores
from bayes_alliance.display import as_html, as_text, number
from bayes_alliance.errors import DataError, did_you_mean, listed
from bayes_alliance.kernels.two_level_covariance import draw_covariances
from bayes_alliance.posterior.chain_diagnostics import diagnose_chains
from bayes_alliance.posterior.summaries import check_prob
from bayes_alliance.random_streams import Stream, generator

Array = NDArray[np.float64]
ALL, WITHIN, BETWEEN = "all rows", "within groups", "between groups"
_TUNE = 300
_SWEEPS = 60
_R_HAT = 1.01
_FEW_GROUPS = 20


@dataclass(frozen=True, kw_only=True)
class Reliability:
    """Alpha and omega of each score, at each level.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a score and level: items, and for alpha and omega the median of the draws (they
        are skewed), the ends of the interval, effective draws and R-hat.
    draws : Mapping[tuple of str, ndarray]
        Draws by score, level and measure, each of shape (chain, draw).
    notes : tuple of Note
        What to keep in mind.
    prob : float
        Probability of the intervals.
    seed : int
        Which gives the same numbers again.
    """

    table: pd.DataFrame
    draws: Mapping[tuple[str, str, str], Array]
    notes: tuple[Note, ...]
    prob: float
    seed: int

    @property
    def sentences(self) -> tuple[str, ...]:
        """One sentence a score and level."""
        said = []
        for names, row in self.table.iterrows():
            score, level = names if isinstance(names, tuple) else (names, ALL)
            where = "" if level == ALL else f" {level}"
            said.append(
                f"Omega of {score}{where} is {row['omega']:.2f} ({row['omega_lower']:.2f} to "
                f"{row['omega_upper']:.2f}), alpha {row['alpha']:.2f} ({row['alpha_lower']:.2f} to "
                f"{row['alpha_upper']:.2f}), with {100 * self.prob:g}% intervals."
            )
        return tuple(said)

    def __str__(self) -> str:
        parts = [as_text("Reliability", self.table), *self.sentences, *map(str, self.notes)]
        return "\n\n".join(parts)

    def _repr_html_(self) -> str:
        return as_html("Reliability", self.table)


def reliability(
    scores: ScaleScores,
    *,
    group: str | None = None,
    prob: float = 0.95,
    draws: int = 1000,
    chains: int = 4,
    seed: int | None = None,
) -> Reliability:
    r"""Say how reliable the scores of a scale are.

    Alpha is :math:`\frac{k}{k - 1}(1 - \operatorname{tr}\Sigma / 1'\Sigma 1)` of the covariance
    :math:`\Sigma` of the items; omega is :math:`(\sum\lambda)^2 / ((\sum\lambda)^2 + \sum\psi)`
    of the one factor that fits its correlations best. Both are computed of each drawn covariance.
    With ``group`` there are two: within groups, for how clients of one case manager differ, and
    between groups, for how case managers do; there, where few groups tell little, one factor is
    assumed. Answers count as numbers; what a row lacks is drawn along, missing at random.

    Parameters
    ----------
    scores : ScaleScores
        From :func:`score_scale`.
    group : str, optional
        The column of the groups; all rows are one sample without it.
    prob : float
        Probability of the intervals.
    draws, chains : int
        Draws a chain, and chains.
    seed : int, optional
        Same seed, same numbers. If left out, one is drawn and recorded.

    Returns
    -------
    Reliability

    Raises
    ------
    DataError
        If the group is no column, or there are too few rows for so many items.

    References
    ----------
    .. [1] geldhof2014
    .. [2] pfadt2022

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> scores = ba.score_scale(clients, "wai_sr", "wai_{}")  # doctest: +SKIP
    >>> ba.reliability(scores, group="case_manager", seed=1)  # doctest: +SKIP
    """
    check_prob(prob)
    seed = secrets.randbelow(2**31) if seed is None else seed
    values, places, groups = _sample(scores, group)
    found = _levels(values, places, draws, chains, seed)
    kept = {
        (score, level, measure): of(covariance[..., items, :][..., items])
        for score, items in _places(scores).items()
        for level, covariance in found.items()
        for measure, of in (("alpha", alpha_of), ("omega", omega_of))
    }
    table = _table(kept, scores, tuple(found), prob)
    seen = (note for note in scores.notes if note.level != "fine")
    notes = (*seen, *_notes(table, groups))
    return Reliability(table=table, draws=kept, notes=notes, prob=prob, seed=seed)


def _places(scores: ScaleScores) -> dict[str, list[int]]:
    """Return the places of each score's items among all items."""
    return {score: [item - 1 for item in items] for score, items in scores.scores.items()}


def _sample(scores: ScaleScores, group: str | None) -> tuple[Array, NDArray[np.int64] | None, int]:
    """Return the answers of the rows that have any, and the place of each row's group."""
    keep = scores.answers.notna().any(axis=1)
    places, groups = None, 0
    if group is not None:
        if group not in scores.data.columns:
            raise DataError(
                f"Reliability was asked for within and between the groups of {group}.",
                f"The table has no column {group}.",
                f"{did_you_mean(group, scores.data.columns)}It has "
                f"{listed(scores.data.columns, shown=20)}.",
            )
        keep &= scores.data[group].notna()
        codes, labels = pd.factorize(scores.data.loc[keep, group])
        places, groups = codes.astype(np.int64), len(labels)
    values = scores.answers[keep].to_numpy()
    _check_size(scores, values, groups if group is not None else None)
    return values, places, groups


def _check_size(scores: ScaleScores, values: Array, groups: int | None) -> None:
    rows, items = values.shape
    asked = f"Reliability of {scores.key.title} was asked for."
    if rows <= items:
        raise DataError(
            asked,
            f"{rows} rows have answers to its {items} items.",
            "It takes more rows than items: score the subscales by keys of their own, or wait.",
        )
    if groups is not None and groups < 3:
        raise DataError(
            asked,
            f"There are {groups} groups, which say nothing of how groups differ.",
            "Leave group= out.",
        )
    flat = [n for n, own in zip(scores.answers, values.T, strict=True) if _is_flat(own)]
    if flat:
        raise DataError(
            asked,
            f"Item {listed(flat)} has one answer in all rows, or none.",
            "Such an item tells nobody from another: leave it out, with a key of your own.",
            items=flat,
        )


def _is_flat(column: Array) -> bool:
    there = column[~np.isnan(column)]
    return len(there) < 2 or float(np.ptp(there)) == 0


def _levels(
    values: Array, places: NDArray[np.int64] | None, draws: int, chains: int, seed: int
) -> dict[str, Array]:
    """Return draws of the covariance at each level, (chain, draw, item, item)."""
    scales = 0.5 * np.nanstd(values, axis=0)  # half of an item's variance between groups is much
    drawn = [
        draw_covariances(
            values,
            places,
            scales,
            generator(seed, Stream.RELIABILITY, chain),
            tune=_TUNE,
            draws=draws,
        )
        for chain in range(chains)
    ]
    within = np.stack([own.within for own in drawn])
    if places is None:
        return {ALL: within}
    between = np.stack([own.between for own in drawn if own.between is not None])
    return {WITHIN: within, BETWEEN: between}


def alpha_of(covariance: Array) -> Array:
    """Return coefficient alpha of covariances, shape (..., item, item)."""
    items = covariance.shape[-1]
    own = np.trace(covariance, axis1=-2, axis2=-1)
    return np.asarray(items / (items - 1) * (1 - own / covariance.sum(axis=(-2, -1))))


def omega_of(covariance: Array) -> Array:
    """Return coefficient omega of the one factor nearest to covariances, (..., item, item)."""
    sds = np.sqrt(np.diagonal(covariance, axis1=-2, axis2=-1))
    correlation = covariance / (sds[..., :, None] * sds[..., None, :])
    loadings = _one_factor(correlation)
    common = (sds * loadings).sum(axis=-1) ** 2
    own = (sds**2 * (1 - loadings**2)).sum(axis=-1)
    return np.asarray(common / (common + own))


def _one_factor(correlation: Array) -> Array:
    """Return the loadings whose products are nearest to the correlations, by least squares."""
    items = correlation.shape[-1]
    vector = np.linalg.eigh(correlation)[1][..., -1]
    loadings = np.clip(vector * np.sqrt(0.4 * items), -1.0, 1.0)
    squares = (loadings**2).sum(axis=-1)
    for _ in range(_SWEEPS):
        for k in range(items):
            own = loadings[..., k]
            top = (correlation[..., k, :] * loadings).sum(axis=-1) - own
            others = squares - own**2
            new = np.clip(top / others, -1.0, 1.0)
            loadings[..., k] = new
            squares = others + new**2
    return np.asarray(loadings)


def _table(
    kept: Mapping[tuple[str, str, str], Array],
    scores: ScaleScores,
    levels: tuple[str, ...],
    prob: float,
) -> pd.DataFrame:
    ends = (1 - prob) / 2, (1 + prob) / 2
    rows, index = [], []
    for score, items in scores.scores.items():
        for level in levels:
            row: dict[str, float | int] = {"items": len(items)}
            for measure in ("alpha", "omega"):
                values = kept[score, level, measure]
                lower, upper = np.quantile(values, ends)
                chains = diagnose_chains(values[..., None])
                row |= {
                    measure: float(np.median(values)),
                    f"{measure}_lower": float(lower),
                    f"{measure}_upper": float(upper),
                    f"{measure}_ess": float(chains.ess_bulk[0]),
                    f"{measure}_r_hat": float(chains.r_hat[0]),
                }
            rows.append(row)
            index.append((score, level))
    names = pd.MultiIndex.from_tuples(index, names=["score", "level"])
    return pd.DataFrame(rows, index=names)


def _notes(table: pd.DataFrame, groups: int) -> tuple[Note, ...]:
    notes = []
    worst = float(table[["alpha_r_hat", "omega_r_hat"]].to_numpy().max())
    if worst > _R_HAT:
        notes.append(
            Note(
                level="caution",
                code="reliability_r_hat",
                message=f"The chains do not agree yet: R-hat is up to {number(worst, digits=4)}.",
                value=worst,
                threshold=_R_HAT,
                remedy="Ask for more draws, such as draws=4000.",
            )
        )
    if 0 < groups < _FEW_GROUPS:
        notes.append(
            Note(
                level="caution",
                code="reliability_few_groups",
                message=f"{groups} groups say little of how items go together between groups: "
                "alpha and omega there lean on the prior.",
                value=float(groups),
                threshold=float(_FEW_GROUPS),
            )
        )
    return tuple(notes)
