"""The answers to the three questions of the seed study, as one record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_alliance import names
from bayes_alliance.checks.structure import NEAR_ZERO
from bayes_alliance.checks.verdict import Verdict
from bayes_alliance.display import as_html, as_text, number
from bayes_alliance.drawing import BLUE, INK, faint_grid, own_axes
from bayes_alliance.posterior.claims.claim_record import Hypothesis
from bayes_alliance.posterior.claims.claim_strength import strength_in_words
from bayes_alliance.posterior.comparison.comparison import Comparison
from bayes_alliance.posterior.evidence.bayes_factor_record import BayesFactors
from bayes_alliance.posterior.shares.variance import Shares
from bayes_alliance.posterior.summaries import DIRECTION
from bayes_alliance.sampling.fit import Fit

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

NULL, FIXED, VARYING = "null", "fixed slope", "varying slopes"
_CLEAR_FACTOR = 3.0
_NORMAL = 1.96
_TITLE = "Three questions"


@dataclass(frozen=True, kw_only=True)
class Answers:
    """How much is the group, does the predictor matter, and does that depend on the group.

    Parameters
    ----------
    outcome, predictor, group
        The columns (the predictor by its coefficient's label).
    fits
        By name: ``"null"``, ``"fixed slope"``, ``"varying slopes"``.
    shares
        Variance shares of the null model.
    slope
        The slope of the model whose slopes vary, and the probability of its sign.
    slope_sd, slope_sd_tail
        Summary of the standard deviation of the slopes, and its 5% and 95% quantiles.
    comparison
        Elpd with and without varying slopes, one group left out at a time.
    factors
        Bayes factor of varying slopes against a fixed one, at three prior scales.
    verdict
        The model with the most serious verdict, and that verdict.
    dropped
        Rows left out because they lack one of the columns.
    prob
        Probability of the intervals.
    """

    outcome: str
    predictor: str
    group: str
    fits: Mapping[str, Fit]
    shares: Shares
    slope: Hypothesis
    slope_sd: pd.Series[Any]
    slope_sd_tail: tuple[float, ...]
    comparison: Comparison
    factors: BayesFactors
    verdict: tuple[str, Verdict]
    dropped: int
    prob: float

    @property
    def table(self) -> pd.DataFrame:
        """One row a number: its question, estimate, lower, upper, what they are, probability."""
        import pandas as pd

        interval = f"{self.prob:.0%} interval"
        share: Any = self.shares.table.loc[self.group]
        slope = self.slope.table.iloc[0]
        gap, error = self._gap
        factors = self.factors.sensitivity.loc[VARYING]
        error_words = "1.96 standard errors"
        prior_words = "half to double prior scale"
        slopes = f"{self.predictor}, by {self.group}"
        rows = {
            f"share of {self.group}": [1, *_ends(share), interval, np.nan],
            f"slope of {self.predictor}": [2, *_ends(slope), interval, slope[DIRECTION]],
            f"sd of the slopes of {slopes}": [3, *_ends(self.slope_sd), interval, np.nan],
            f"elpd by {self.group}: {VARYING} minus {FIXED}": [
                3,
                gap,
                gap - _NORMAL * error,
                gap + _NORMAL * error,
                error_words,
                np.nan,
            ],
            f"Bayes factor: {VARYING} to {FIXED}": [
                3,
                factors["x 1"],
                factors.min(),
                factors.max(),
                prior_words,
                self.factors.table.loc[VARYING, "probability"],
            ],
        }
        columns = ["question", "estimate", "lower", "upper", "range", "probability"]
        return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("quantity")

    @property
    def _gap(self) -> tuple[float, float]:
        """Elpd of varying slopes minus that of a fixed one, and its standard error."""
        table = self.comparison.table
        worse = table.iloc[1]
        difference = float(worse["difference"])
        sign = 1.0 if worse.name == VARYING else -1.0
        return sign * difference + 0.0, float(worse["se_difference"])

    @property
    def votes(self) -> dict[str, str]:
        """What each of the three says of the slopes: ``"vary"``, ``"do not"`` or ``"open"``."""
        worse = str(self.comparison.table.index[1])
        clear = self.comparison.is_clear(worse)
        low, high = self.slope_sd_tail
        factors = self.factors.sensitivity.loc[VARYING].to_numpy(dtype=float)
        by_factor = "open"
        if (factors > _CLEAR_FACTOR).all():
            by_factor = "vary"
        elif (factors < 1 / _CLEAR_FACTOR).all():
            by_factor = "do not"
        return {
            "sd": "vary" if low > NEAR_ZERO * high else "open",
            "elpd": ("do not" if worse == VARYING else "vary") if clear else "open",
            "bayes factor": by_factor,
        }

    @property
    def sentences(self) -> tuple[str, ...]:
        """One answer a question; if a fit is bad, a warning in their place."""
        name, verdict = self.verdict
        if verdict.level == "bad":
            failed = " ".join(
                f"{f.message} {f.remedy}" for f in verdict.findings if f.level == "bad"
            )
            return (f"The answers are withheld: the model '{name}' failed a check. {failed}",)
        return (self.shares.sentence, self._slope_sentence, self._third)

    @property
    def _slope_sentence(self) -> str:
        row = self.slope.table.iloc[0]
        negative = row["mean"] < 0
        direction = "negative" if negative else "positive"
        claim = f"the slope of {self.predictor} is {direction}"
        return (
            f"One unit more of {self.predictor} goes with {self.outcome} being "
            f"{'lower' if negative else 'higher'} by {number(abs(float(row['mean'])))} on average "
            f"({self.prob:.0%} interval of the slope {_spread(row)}). "
            f"{strength_in_words(claim, self.slope.probability)}"
        )

    @property
    def _third(self) -> str:
        reach = "" if self.votes["sd"] == "vary" else ", which reaches down to 0"
        sd = (
            f"The slopes of {self.predictor} have a standard deviation of "
            f"{number(float(self.slope_sd['mean']))} between groups of {self.group} "
            f"({self.prob:.0%} interval {_spread(self.slope_sd)}){reach}."
        )
        return " ".join([self._in_sum, sd, self.comparison.sentence, self.factors.sentence])

    @property
    def _in_sum(self) -> str:
        votes = list(self.votes.values())
        question = f"whether the slope of {self.predictor} depends on {self.group}"
        if set(votes) == {"vary"}:
            return f"All three ways of asking {question} say that it does."
        if "vary" not in votes and "do not" in votes:
            return f"Nothing speaks for a slope of {self.predictor} that depends on {self.group}."
        if "vary" in votes and "do not" in votes:
            return f"The three ways of asking {question} contradict each other."
        if set(votes) == {"open"}:
            return f"The data do not say {question}."
        if votes.count("vary") == 1:
            return f"One of three ways of asking {question} says that it does; two leave it open."
        return f"Two of three ways of asking {question} say that it does; one leaves it open."

    @property
    def sentence(self) -> str:
        """All answers, one after another."""
        return " ".join(self.sentences)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader has to know: where the data come from, rows dropped, the seed."""
        fit = self.fits[VARYING]
        rows = f"{fit.model.frame.rows_used} rows, {len(fit.model.design.groups[0].labels)} groups"
        left_out = f"; {self.dropped} rows lack a value and were left out" if self.dropped else ""
        used = f"{rows}{left_out}. Seed {fit.settings.seed}, engine {fit.settings.engine}."
        few = self.comparison._notes()
        return (*fit.notes, used, *few)

    def plot(self, axes: Axes | None = None) -> Axes:
        """Draw the line of each group, over what was observed of the predictor in it.

        Parameters
        ----------
        axes
            Where to draw; a new figure if left out. The thick line is the population's.
        """
        axes = own_axes(axes)
        fit = self.fits[VARYING]
        group = fit.model.design.groups[0]
        x = group.Z[:, 1]
        middle = fit.posterior[names.B].mean((names.CHAIN, names.DRAW)).to_numpy()
        effects = fit.posterior[names.u(group.name)].mean((names.CHAIN, names.DRAW)).to_numpy()
        lowest, highest = np.full(len(group.labels), np.inf), np.full(len(group.labels), -np.inf)
        np.minimum.at(lowest, group.index, x)
        np.maximum.at(highest, group.index, x)
        ends = np.stack([lowest, highest])
        axes.plot(
            ends, middle[0] + effects[:, 0] + (middle[1] + effects[:, 1]) * ends,
            color=BLUE, linewidth=0.9, alpha=0.55,
        )  # fmt: skip
        whole = np.asarray([x.min(), x.max()])
        axes.plot(whole, middle[0] + middle[1] * whole, color=INK, linewidth=2.4)
        faint_grid(axes)
        axes.set_xlabel(f"{self.predictor} (thin: groups of {self.group}; thick: population)")
        axes.set_ylabel(self.outcome)
        return axes

    def __str__(self) -> str:
        return as_text(_TITLE, self.table, *self.sentences, *self.notes)

    def _repr_html_(self) -> str:
        return as_html(_TITLE, self.table, *self.sentences, *self.notes)


def _spread(row: pd.Series[Any]) -> str:
    return f"{number(float(row['lower']))} to {number(float(row['upper']))}"


def _ends(row: pd.Series[Any]) -> list[float]:
    return [float(row["mean"]), float(row["lower"]), float(row["upper"])]
