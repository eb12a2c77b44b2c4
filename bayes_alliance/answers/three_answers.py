"""The answers to the three questions of the seed study, as one record, and what is said of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_alliance import names
from bayes_alliance.checks.fit_to_data import MISFIT
from bayes_alliance.checks.verdict import Verdict, VerdictPart
from bayes_alliance.data.report import Note
from bayes_alliance.display import as_html, as_text, number
from bayes_alliance.drawing import BELOW, BESIDE, BLUE, INK, faint_grid, folded, own_axes
from bayes_alliance.errors import Place, words_for
from bayes_alliance.posterior.claims.claim import Hypothesis
from bayes_alliance.posterior.claims.claim_strength import (
    probability_in_words,
    strength_in_words,
)
from bayes_alliance.posterior.comparison.comparison import Comparison
from bayes_alliance.posterior.comparison.comparison_table import CLEAR_ERRORS
from bayes_alliance.posterior.evidence.bayes_factor import BayesFactors
from bayes_alliance.posterior.shares.variance import Shares
from bayes_alliance.posterior.summaries import DIRECTION
from bayes_alliance.sampling.fit import Fit

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

NULL, FIXED, VARYING = "null", "fixed slope", "varying slopes"
VARY, DO_NOT, OPEN = "vary", "do not", "open"
_VOTES = {"for": VARY, "against": DO_NOT}
# An sd of the slopes that moves the outcome by so many residual sds per sd of the predictor.
NOTABLE_MOVE = 0.1
_TITLE = "Three questions"
_REASON = (
    "The two ask different things. The Bayes factor asks under which model, with its priors, these "
    "data are more probable; elpd asks how well a new group of {group} is predicted, whose own "
    "slope is not known yet."
)
# By elpd, by Bayes factor; without the pairs that agree.
_MEANING = {
    (OPEN, VARY): "So slopes that vary describe these data better, but help little to predict a "
    "new group.",
    (
        OPEN,
        DO_NOT,
    ): "So one slope for all describes these data better than slopes that vary as "
    "much as the prior expects, and predicts a new group about as well.",
    (VARY, OPEN): "So slopes that vary predict a new group better, but whether they describe these "
    "data better is open or depends on the prior.",
    (DO_NOT, OPEN): "So one slope for all predicts a new group better, but whether it describes "
    "these data better is open or depends on the prior.",
    (VARY, DO_NOT): "So the priors may fit badly: look at them before either model is believed.",
    (DO_NOT, VARY): "So slopes that vary describe these data better, yet predict a new group "
    "worse: look at how slopes are distributed over the groups.",
}
_AGREED = {
    VARY: "Taken together: slopes that vary.",
    DO_NOT: "Taken together: one slope for all, unless slopes vary less than the prior expects.",
    OPEN: "Taken together: neither model can be ruled out; report both.",
}


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
    varying_shares
        Those of the model whose slopes vary, averaged over the predictor of the rows.
    slope
        The slope of the model whose slopes vary, and the probability of its sign.
    slope_sd
        Summary of the standard deviation of the slopes.
    notable_sd, notable_probability, notable_prior
        A standard deviation of the slopes that moves the outcome by a tenth of the residual
        standard deviation per standard deviation of the predictor, the probability that it is
        larger than this, and that by the prior.
    comparison
        Elpd with and without varying slopes, one group left out at a time.
    factors
        Bayes factor of varying slopes against a fixed one, at half, one and two times the scale
        of the prior of their standard deviation.
    verdict
        The model with the most serious verdict, and that verdict.
    model_part
        What the verdict on the model with varying slopes says of that model: whether it fits. The
        other two are there to be compared with it.
    dropped
        Rows left out because they lack one of the columns.
    seen
        What was seen in the data that asks for a look.
    prob
        Probability of the intervals.
    """

    outcome: str
    predictor: str
    group: str
    fits: Mapping[str, Fit]
    shares: Shares
    varying_shares: Shares
    slope: Hypothesis
    slope_sd: pd.Series[Any]
    notable_sd: float
    notable_probability: float
    notable_prior: float
    comparison: Comparison
    factors: BayesFactors
    verdict: tuple[str, Verdict]
    model_part: VerdictPart
    dropped: int
    prob: float
    seen: tuple[Note, ...] = ()

    @property
    def table(self) -> pd.DataFrame:
        """One row a number: question, estimate, lower, upper, what they are; a probability of."""
        import pandas as pd

        interval = f"{self.prob:.0%} interval"
        share: Any = self.shares.table.loc[self.group]
        averaged: Any = self.varying_shares.table.loc[self.group]
        slope = self.slope.table.iloc[0]
        nothing = [np.nan, ""]
        sign = [slope[DIRECTION], f"slope {'below' if slope['mean'] < 0 else 'above'} 0"]
        large = [self.notable_probability, f"sd above {number(self.notable_sd)}"]
        names_of = f"{self.predictor}, by {self.group}"
        rows = {
            f"share of {self.group}, model without {self.predictor}": [
                1,
                *_ends(share),
                interval,
                *nothing,
            ],
            f"share of {self.group}, {VARYING}, over the rows": [
                1,
                *_ends(averaged),
                interval,
                *nothing,
            ],
            f"slope of {self.predictor}": [2, *_ends(slope), interval, *sign],
            f"sd of the slopes of {names_of}": [3, *_ends(self.slope_sd), interval, *large],
            f"elpd by {self.group}: {VARYING} minus {FIXED}": self._elpd_row,
            f"Bayes factor: {VARYING} to {FIXED}": self._factor_row,
        }
        columns = [
            "question", "estimate", "lower", "upper", "range", "probability", "probability of",
        ]  # fmt: skip
        return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("quantity")

    @property
    def _elpd_row(self) -> list[object]:
        gap, error = self._gap
        half = CLEAR_ERRORS * error
        said = f"{CLEAR_ERRORS:g} standard errors"
        return [3, gap, gap - half, gap + half, said, np.nan, ""]

    @property
    def _factor_row(self) -> list[object]:
        factors = self.factors.sensitivity.loc[VARYING]
        ends = [factors["x 1"], factors.min(), factors.max()]
        probability = self.factors.table.loc[VARYING, "probability"]
        asked = "varying slopes, from even odds"
        return [3, *ends, "half to double prior scale", probability, asked]

    @property
    def _gap(self) -> tuple[float, float]:
        """Elpd of varying slopes minus that of a fixed one, and its standard error."""
        table = self.comparison.table
        worse = table.iloc[1]
        difference = float(worse["difference"])
        sign = 1.0 if worse.name == VARYING else -1.0
        return sign * difference + 0.0, float(worse["standard_error_difference"])

    @property
    def votes(self) -> dict[str, str]:
        """What both ways say of the slopes: ``"vary"``, ``"do not"`` or ``"open"``.

        The interval of the slopes' standard deviation is no vote: it never reaches 0, whatever
        the data.
        """
        worse = str(self.comparison.table.index[1])
        clear = self.comparison.is_clear(worse)
        term = self.factors.terms.get(VARYING)
        found = None if term is None else term.judgement
        by_factor = OPEN if found is None else _VOTES.get(found.kind, OPEN)
        by_elpd = (DO_NOT if worse == VARYING else VARY) if clear else OPEN
        return {"elpd": by_elpd, "bayes factor": by_factor}

    @property
    def sentences(self) -> tuple[str, ...]:
        """One answer a question; if a fit is bad, a warning in their place."""
        if self.withheld:
            return self.items
        return (self._first, self._slope_sentence, " ".join(self.third_answer))

    @property
    def withheld(self) -> bool:
        """Whether a fit is bad, so that no answer is given."""
        return self.verdict[1].level == "bad"

    @property
    def _first(self) -> str:
        without = self.shares.sentence_in(f"In a model without {self.predictor}")
        return f"{without} {self.varying_shares.sentence_in('With slopes that vary')}"

    @property
    def _slope_sentence(self) -> str:
        row = self.slope.table.iloc[0]
        negative = row["mean"] < 0
        direction = "negative" if negative else "positive"
        claim = f"the slope of {self.predictor} is {direction}"
        return (
            f"One unit more of {self.predictor} goes with {self.outcome} being "
            f"{'lower' if negative else 'higher'} by {number(abs(float(row['mean'])))} on average "
            f"({self.prob:.0%} interval of the slope {_interval(row)}). "
            f"{strength_in_words(claim, self.slope.probability)}"
        )

    @property
    def third_answer(self) -> tuple[str, ...]:
        """The third answer part by part: votes, sd of the slopes, elpd, Bayes factor, together."""
        question = f"whether the slope of {self.predictor} depends on {self.group}"
        by_elpd, by_factor = self.votes["elpd"], self.votes["bayes factor"]
        return (
            sum_up_votes(by_elpd, by_factor, question),
            *self._sd_sentences,
            self.comparison.sentence,
            self.factors.sentence,
            reconcile_votes(by_elpd, by_factor, self.group),
        )

    @property
    def _sd_sentences(self) -> tuple[str, str]:
        return (
            f"The slopes of {self.predictor} have a standard deviation of "
            f"{number(float(self.slope_sd['mean']))} between groups of {self.group} "
            f"({self.prob:.0%} interval {_interval(self.slope_sd)}). Such an interval never "
            "reaches 0, so it does not count as an answer.",
            f"The probability that it exceeds {number(self.notable_sd)} is "
            f"{probability_in_words(self.notable_probability)}; by the prior alone it is "
            f"{probability_in_words(self.notable_prior)}. A standard deviation of that size "
            f"moves {self.outcome} by {NOTABLE_MOVE:g} residual standard deviations per standard "
            f"deviation of {self.predictor}.",
        )

    @property
    def items(self) -> tuple[str, ...]:
        """The answers as they are shown, in the words of Python."""
        return self.items_in("python")

    def items_in(self, place: Place) -> tuple[str, ...]:
        """Return the answers as they are shown: numbered, the third in its parts.

        Parameters
        ----------
        place
            Where they are shown: what to do about a bad fit is in its words.
        """
        if self.withheld:
            name, verdict = self.verdict
            failed = " ".join(f.said_in(place) for f in verdict.findings if f.level == "bad")
            return (f"The answers are withheld: the model '{name}' failed a check. {failed}",)
        votes, *parts = self.third_answer
        return (f"1. {self._first}", f"2. {self._slope_sentence}", f"3. {votes}", *parts)

    @property
    def sentence(self) -> str:
        """All answers, one after another."""
        return " ".join(self.sentences)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader has to know: what was seen in the data, rows dropped, the seed."""
        seen = [f"{note.level}: {note.text}" for note in self.seen]
        return (*self.fits[VARYING].notes, *seen, *self._on_fits("python"))

    def notes_on_fits_in(self, place: Place) -> tuple[str, ...]:
        """Return the notes without what was seen in the data, in the words of a place."""
        return (*self.fits[VARYING].notes, *self._on_fits(place))

    def _on_fits(self, place: Place) -> tuple[str, ...]:
        fit = self.fits[VARYING]
        rows = f"{fit.model.frame.rows_used} rows, {len(fit.model.design.groups[0].labels)} groups"
        left_out = f"; {self.dropped} rows lack a value and were left out" if self.dropped else ""
        used = f"{rows}{left_out}. Seed {fit.settings.seed}, engine {fit.settings.engine}."
        few = self.comparison._notes(place)
        return (*self._on_model(place), used, *few)

    def _on_model(self, place: Place) -> list[str]:
        """Say whether the model behind the answers fits the data, and what to do if not."""
        if self.withheld:
            return []
        misfits = [f for f in self.model_part.findings if f.code == MISFIT]
        fits = self.model_part.on_fit
        remedies = (words_for(f.remedy, place) for f in misfits)
        return [" ".join([f"{fits[0].upper()}{fits[1:]}.", *remedies])]

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
        lines = f"thin: groups of {self.group}; thick: population"
        axes.set_xlabel(folded(f"{self.predictor}\n({lines})", BELOW))
        axes.set_ylabel(folded(self.outcome, BESIDE))
        return axes

    def __str__(self) -> str:
        return as_text(_TITLE, self.table, *self.items, *self.notes)

    def _repr_html_(self) -> str:
        return as_html(_TITLE, self.table, *self.items, *self.notes)


def _interval(row: pd.Series[Any]) -> str:
    return f"{number(float(row['lower']))} to {number(float(row['upper']))}"


def _ends(row: pd.Series[Any]) -> list[float]:
    return [float(row["mean"]), float(row["lower"]), float(row["upper"])]


def sum_up_votes(by_elpd: str, by_factor: str, question: str) -> str:
    """Say how many of the two ways answer the question, and how.

    Parameters
    ----------
    by_elpd, by_factor
        ``"vary"``, ``"do not"`` or ``"open"``.
    question
        Beginning with *whether*.
    """
    votes = {by_elpd, by_factor}
    if votes == {VARY, DO_NOT}:
        return f"The two ways of asking {question} contradict each other."
    if votes == {OPEN}:
        return f"The data do not say {question}."
    says = "says that it does" if VARY in votes else "speaks against it"
    if OPEN in votes:
        return f"One of two ways of asking {question} {says}; the other leaves it open."
    says = "say that it does" if VARY in votes else "speak against it"
    return f"Both ways of asking {question} {says}."


def reconcile_votes(by_elpd: str, by_factor: str, group: str) -> str:
    """Say what the answers mean together, and where they differ, why."""
    if by_elpd == by_factor:
        return _AGREED[by_elpd]
    return f"{_REASON.format(group=group)} {_MEANING[by_elpd, by_factor]}"
