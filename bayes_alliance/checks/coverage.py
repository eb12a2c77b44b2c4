"""Do predictive intervals cover as many outcomes as they should? Each row from the others."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.display import as_html, as_text
from bayes_alliance.drawing import BLUE, INK, own_axes
from bayes_alliance.errors import SamplingError, counted
from bayes_alliance.random_streams import Stream, generator
from bayes_alliance.sampling.fit import Fit, check_fit
from bayes_alliance.sampling.linear_predictor import (
    copies_of_rows,
    copy_weights,
    draw_blocks,
    evaluate,
    precision_weights,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

Array = NDArray[np.float64]
_NOMINAL = (0.5, 0.8, 0.95)
_POINTS = 39
_FALSE_ALARM = 0.01
_BAD_K = 0.7
_CLEAR = 3  # standard errors from where a right model has them
_CHUNK_NUMBERS = 4e6
_STEPS = 12


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """How often the outcomes lie within their predictive intervals, each row left out in turn.

    Parameters
    ----------
    table
        One row an interval: ``nominal`` and ``observed`` share of the rows within it, and the
        ``lower`` and ``upper`` end of what chance alone would give in 95 of 100 data sets.
    rows
        Position of each row's outcome in its prediction (the probability integral transform),
        and the Pareto k of its weights. It takes the place of draws: each row has its own weights
        of all of them, which are not kept.
    curve
        At equally spaced positions, index ``position``: ``excess``, the observed minus the
        uniform distribution function, and the band ``lower`` to ``upper`` it stays in with a
        probability of 99% if the model is right.
    rows_in_all
        Rows of the model, each as often as it counts, of which those in ``rows`` were looked at.
    """

    table: pd.DataFrame
    rows: LeftOutRows
    curve: pd.DataFrame
    rows_in_all: int

    @property
    def calibrated(self) -> bool:
        """Whether the positions stay within the band."""
        excess = self.curve["excess"]
        return bool(((excess >= self.curve["lower"]) & (excess <= self.curve["upper"])).all())

    @property
    def sentence(self) -> str:
        """What the check says, in a sentence or two."""
        last = _inside(self.table.iloc[[-1]])
        if self.calibrated:
            kept = (
                f"The predictive intervals cover as they should: {last}, each row being left out."
            )
            return _beyond_chance(self.table) or kept
        position = self.rows.position
        faults, facts = _faults(self.rows, self.table), []
        if "too low" in faults or "too high" in faults:
            above = float(np.average(position > 0.5, weights=self.rows.counts))
            facts.append(f"{above:.0%} of the outcomes lie above the middle of their prediction")
        off = self.table[_narrow(self.table) | _wide(self.table)]
        if len(off):
            facts.append(_inside(off))
        words = " and ".join(faults) or "of another shape than the outcomes"
        said = " and ".join(facts) or last
        return f"The predictions are {words}: {said}, each row being left out."

    def _notes(self) -> list[str]:
        notes = [self.sentence]
        if len(self.rows.rows) < self.rows_in_all:
            notes.append(f"On {len(self.rows.rows)} of {self.rows_in_all} rows, drawn at random.")
        bad = int((~(self.rows.pareto_k <= _BAD_K)).sum())
        if bad:
            notes.append(
                f"Uncertain for {counted(bad, 'row')} of much influence (Pareto k above {_BAD_K})."
            )
        return notes

    def plot(self, axes: Axes | None = None) -> Axes:
        """Draw how far the positions stray from uniform, over the band of a right model.

        Parameters
        ----------
        axes
            Where to draw; a new figure if left out.
        """
        axes = own_axes(axes)
        at = self.curve.index
        band = (self.curve["lower"], self.curve["upper"])
        axes.fill_between(at, *band, color=BLUE, alpha=0.25, linewidth=0, label="right model, 99%")
        axes.step(at, self.curve["excess"], where="mid", color=INK, linewidth=1.6, label="observed")
        axes.axhline(0, color=BLUE, linewidth=0.8)
        axes.set_xlim(0, 1)
        axes.set_xlabel("position of each outcome in its prediction (0 to 1)")
        axes.set_ylabel("share below, minus expected")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, fontsize="small")
        return axes

    def __str__(self) -> str:
        return as_text("Coverage of predictive intervals", self.table, *self._notes())

    def _repr_html_(self) -> str:
        return as_html("Coverage of predictive intervals", self.table, *self._notes())


def check_coverage(fit: Fit, *, rows: int = 2000, seed: int | None = None) -> Coverage:
    """Check that predictive intervals cover as many outcomes as they should.

    Each row is predicted from all other rows, by weighting the draws (Pareto-smoothed importance
    sampling, no refit), and the position of its outcome in that prediction is taken: the
    leave-one-out probability integral transform (LOO-PIT). If the model is right, positions are
    uniform; a hill means predictions that are too wide, a valley ones that are too narrow, a
    slope a bias. The group keeps its other rows, so that this judges the rows within groups.

    Parameters
    ----------
    fit : Fit
        A fit with its rows.
    rows : int
        Look at this many rows at most, drawn at random.
    seed : int, optional
        Chooses the rows and, for outcomes in steps, the place within a step; the fit's own if
        left out.

    Returns
    -------
    Coverage
        Promised against observed coverage; its picture shows all positions.

    Raises
    ------
    SamplingError
        If the fit was saved without its rows, or no row is asked for.

    References
    ----------
    .. [1] vehtari2017
    .. [2] saeilynoja2022

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> ba.check_coverage(fit)  # doctest: +SKIP
    """
    check_fit(fit, "check_coverage", by_row=True)
    fit.need_data("A check of predictive intervals")
    if rows < 1:
        raise SamplingError(
            f"The intervals of {counted(rows, 'row')} were to be checked.",
            "At least one row is needed.",
            "Leave rows= out to have up to 2,000.",
        )
    own = fit.settings.seed if seed is None else seed
    ends = np.cumsum(copies_of_rows(fit.model))
    available = int(ends[-1])
    if available > rows:
        rng = generator(own, Stream.ROWS_TO_COVER)
        chosen = np.sort(rng.choice(available, size=rows, replace=False))
    else:
        chosen = np.arange(available)
    found = leave_rows_out(fit, np.searchsorted(ends, chosen, side="right"), own)
    return Coverage(
        table=_table(found),
        rows=found,
        curve=_curve(found),
        rows_in_all=available,
    )


def _narrow(table: pd.DataFrame) -> pd.Series[bool]:
    return table["observed"] < table["lower"]


def _wide(table: pd.DataFrame) -> pd.Series[bool]:
    return table["observed"] > table["upper"]


def _faults(rows: LeftOutRows, table: pd.DataFrame) -> list[str]:
    """Say what is wrong with predictions: where they lie, and how wide they are.

    Positions near the ends mean intervals that are too narrow, whichever end it is: predictions
    that all lie too low are too sure of themselves as well. Where some intervals hold too few
    outcomes and others too many, as with an outcome that has ends, neither would be true.
    """
    position, count = rows.position, rows.counts.sum()
    shift = (np.average(position, weights=rows.counts) - 0.5) * np.sqrt(12 * count)
    off_centre = np.average((position - 0.5) ** 2, weights=rows.counts)
    spread = (12 * off_centre - 1) * np.sqrt(count * 5 / 4)  # the sd of that ratio: sqrt(4/5n)
    narrow, wide = bool(_narrow(table).any()), bool(_wide(table).any())
    faults = []
    if abs(shift) > _CLEAR:
        faults.append("too low" if shift > 0 else "too high")
    if narrow and wide:
        faults.append("of another shape than the outcomes")
    elif spread > _CLEAR and not wide:
        faults.append("too sure of themselves")
    elif spread < -_CLEAR and not narrow:
        faults.append("wider than they need be")
    return faults


def _beyond_chance(table: pd.DataFrame) -> str:
    """Name intervals that hold more or fewer outcomes than chance explains, if any does."""
    wide, narrow = _wide(table), _narrow(table)
    which = [word for word, off in (("more", wide), ("fewer", narrow)) if off.any()]
    if not which:
        return ""
    return (
        f"{_inside(table[wide | narrow])}, each row being left out: {' or '.join(which)} than "
        "chance explains, though the positions of all outcomes stay within the band of a right "
        "model."
    )


def _inside(rows: pd.DataFrame) -> str:
    """Say how many outcomes lie in some of the intervals."""
    shares = [f"{observed:.0%}" for observed in rows["observed"]]
    first, *rest = [
        f"{share} {'of the outcomes lie ' if k == 0 else ''}in their {name} interval"
        for k, (share, name) in enumerate(zip(shares, rows.index, strict=True))
    ]
    return ", ".join([first, *rest[:-1]]) + (f" and {rest[-1]}" if rest else "")


def _table(rows: LeftOutRows) -> pd.DataFrame:
    import pandas as pd
    from scipy.stats import binom

    count, off_centre = _count(rows), 2 * np.abs(rows.position - 0.5)
    nominal = np.asarray(_NOMINAL)
    return pd.DataFrame(
        {
            "nominal": nominal,
            "observed": [
                float(np.average(off_centre <= share, weights=rows.counts)) for share in _NOMINAL
            ],
            "lower": binom.ppf(0.025, count, nominal) / count,
            "upper": binom.ppf(0.975, count, nominal) / count,
        },
        index=pd.Index([f"{share:.0%}" for share in _NOMINAL], name="interval"),
    )


def _count(rows: LeftOutRows) -> int:
    """Return how many outcomes the positions are worth."""
    return max(1, round(float(rows.counts.sum())))


def _curve(rows: LeftOutRows) -> pd.DataFrame:
    """Return the distribution function minus the uniform one, with its simultaneous band."""
    import pandas as pd
    from scipy.stats import binom

    count = _count(rows)
    points = np.arange(1, _POINTS + 1) / (_POINTS + 1)
    tail = pointwise_limit(count, _POINTS, _FALSE_ALARM)
    below = np.average(rows.position <= points[:, None], axis=1, weights=rows.counts)
    return pd.DataFrame(
        {
            "excess": below - points,
            "lower": binom.ppf(tail / 2, count, points) / count - points,
            "upper": binom.isf(tail / 2, count, points) / count - points,
        },
        index=pd.Index(points, name="position"),
    )


@dataclass(frozen=True, kw_only=True)
class LeftOutRows:
    """Rows, each judged by what the others predict for it.

    Parameters
    ----------
    rows
        Their places among the model's rows.
    position
        Probability, by the other rows, of an outcome as small as the row's own; for outcomes in
        steps a random place within the step. Uniform for a model that predicts as it should.
    pareto_k
        Tail of each row's importance weights; above 0.7 its position is not to be relied on.
    counts
        How much each counts, shape (row,): one, or less where frequency weights are no counts.
    """

    rows: NDArray[np.int64]
    position: Array
    pareto_k: Array
    counts: Array


def leave_rows_out(fit: Fit, rows: NDArray[np.int64], seed: int) -> LeftOutRows:
    """Weight the draws by one over each row's density, smoothed, and place its outcome.

    A row that is named several times stands for several clients, of which one leaves at a time.
    """
    import xarray as xr
    from arviz_stats.accessors import AzStatsDaAccessor

    smoothed: Any = AzStatsDaAccessor
    sizes = fit.idata[names.POSTERIOR].sizes
    shape = (sizes[names.CHAIN], sizes[names.DRAW])
    rng = generator(seed, Stream.LEFT_OUT_POSITIONS)
    position, pareto_k = np.empty(len(rows)), np.empty(len(rows))
    step = max(1, int(_CHUNK_NUMBERS / fit.draws_in_all))
    for start in range(0, len(rows), step):
        places = slice(start, start + step)
        density, low, high = _judged(fit, rows[places])
        logs = xr.DataArray(density.reshape(*shape, -1), dims=(names.CHAIN, names.DRAW, names.ROW))
        with warnings.catch_warnings():  # a bad tail is told by its k
            warnings.filterwarnings("ignore", message="Estimated shape parameter of Pareto")
            log_weights, k = smoothed(logs).psislw()  # of one over the density: it turns the sign
        weights = np.exp(log_weights.transpose(..., names.ROW).to_numpy().reshape(low.shape))
        weights /= weights.sum(axis=0)
        share = rng.random(low.shape[1])
        position[places] = (weights * (low + share * (high - low))).sum(axis=0)
        pareto_k[places] = k.to_numpy()
    counts = np.broadcast_to(copy_weights(fit.model), len(fit.model.frame.y))[rows]
    return LeftOutRows(rows=rows, position=position, pareto_k=pareto_k, counts=counts)


def _judged(fit: Fit, rows: NDArray[np.int64]) -> tuple[Array, Array, Array]:
    """Return, by draw and row, the log density of the outcome and the probability up to it."""
    model, y = fit.model, fit.model.frame.y[rows]
    precision, one = (
        np.broadcast_to(weights(model), len(model.frame.y))[rows]
        for weights in (precision_weights, copy_weights)
    )
    density, low, high = (np.empty((fit.draws_in_all, len(rows))) for _ in range(3))
    step = max(1, int(_CHUNK_NUMBERS / len(rows)))
    for places, arrays in draw_blocks(fit.posterior, step):
        own = evaluate(model, arrays, rows)
        eta = own.pop(names.MEAN_PARAMETER)
        density[places] = one * model.family.log_density(y, eta, own, precision)
        low[places], high[places] = model.family.up_to(y, eta, own, precision)
    return density, low, high


@cache
def pointwise_limit(data_sets: int, kept: int, alpha: float) -> float:
    """Return the two-sided tail probability that uniform ranks undercut with probability alpha.

    It lies between alpha over the number of points and alpha, and is found by bisection on the
    exact probability of staying inside the band at every point.
    """
    low, high = np.log(alpha / kept), np.log(alpha)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _leaves_band(data_sets, kept, float(np.exp(middle))) <= alpha:
            low = middle
        else:
            high = middle
    return float(np.exp(low))


def _leaves_band(data_sets: int, kept: int, tail: float) -> float:
    """Return the probability that uniform ranks leave the pointwise band at any point.

    The counts below the points are a Markov chain with binomial steps; what is inside the band
    is carried along.
    """
    from scipy.stats import binom

    points = np.arange(1, kept + 1) / (kept + 1)
    lowest = np.asarray(binom.ppf(tail / 2, data_sets, points), dtype=np.int64)
    highest = np.asarray(binom.isf(tail / 2, data_sets, points), dtype=np.int64)
    counts, inside = np.zeros(1, dtype=np.int64), np.ones(1)
    before = 0.0
    for point, first, last in zip(points, lowest, highest, strict=True):
        following = np.arange(first, last + 1)
        steps = following[:, None] - counts[None, :]
        share = (point - before) / (1 - before)
        inside = binom.pmf(steps, (data_sets - counts)[None, :], share) @ inside
        counts, before = following, point
    return float(1 - inside.sum())
