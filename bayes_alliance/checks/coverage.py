"""Do predictive intervals cover as many outcomes as they should? Each row from the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.checks.left_out_rows import LeftOutRows, leave_rows_out
from bayes_alliance.checks.rank_bands import pointwise_limit
from bayes_alliance.display import as_html, as_text
from bayes_alliance.drawing import BLUE, INK, own_axes
from bayes_alliance.errors import SamplingError, counted
from bayes_alliance.random_streams import Stream, generator
from bayes_alliance.sampling.fit import Fit, check_fit
from bayes_alliance.sampling.linear_predictor import copies_of_rows

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

Array = NDArray[np.float64]
_NOMINAL = (0.5, 0.8, 0.95)
_POINTS = 39
_FALSE_ALARM = 0.01
_BAD_K = 0.7
_CLEAR = 3  # standard errors from where a right model has them


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
    check_fit(fit, "check_coverage")
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
