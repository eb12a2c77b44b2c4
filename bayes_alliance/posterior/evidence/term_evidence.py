"""The evidence for or against one term, with the prior that it rests on: a record, and words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.display import number
from bayes_alliance.drawing import BLUE, INK, PALE, faint_grid, own_axes
from bayes_alliance.errors import listed
from bayes_alliance.posterior.claims.claim_strength import probability_in_words

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

Array = NDArray[np.float64]
LOG, ERROR, FACTOR = "log_bayes_factor", "mcse", "bayes_factor"
# Multiples of the named scale in the picture, from an eighth to eight times.
CURVE = tuple(float(2.0 ** (k / 2)) for k in range(-6, 7))
_LIMITS = (3.0, 20.0, 150.0)
_PRIORS_SHOWN = 3
# Powers of ten that a picture shows at least, a little more than 3 to 1 either way.
_LEAST_HEIGHT = 0.6
# Over more of them the limits of the words would lie on one another.
_MOST_LABELLED = 9.0

# Least Bayes factor, and what Kass and Raftery call it.
_STRENGTHS = ((150.0, "very strong"), (20.0, "strong"), (3.0, "positive"), (0.0, "hardly any"))
_HARDLY = "hardly any"
_SPEAKS = float(np.log(3.0))
# The multiples of the named prior's scale that decide, and the Monte Carlo errors to either side.
DECIDING = (0.5, 1.0, 2.0)
WIDTHS = 2.0
_THOUSANDS = 1000.0  # from here on with three digits and a comma
Kind = Literal["for", "against", "hardly any", "depends", "open"]


@dataclass(frozen=True, kw_only=True)
class TermEvidence:
    """How much more probable the data are with a term than without it.

    Parameters
    ----------
    free, fixed
        What the models with and without the term are called.
    table
        One row a multiple of the named prior's scale: log_bayes_factor (natural logarithm, above
        0 for the term), its Monte Carlo standard error mcse, bayes_factor. Half, one and two
        times decide the word.
    curve
        The same from an eighth to eight times, where the draws can tell. It decides nothing.
    priors
        The named prior of each parameter of the term, in words.
    own
        Parameters whose prior there is the user's own, as written.
    small
        In words, a size below which an effect is small; empty if there is none.
    small_probability
        The posterior probability that it is smaller, under the priors of the fit.
    unlike
        What both models have, with defaults that are not the same.
    under
        How the data stand to what is free or fixed: ``"under"`` a model, ``"with"`` a value.
    """

    free: str
    fixed: str
    table: pd.DataFrame
    curve: pd.DataFrame
    priors: tuple[str, ...]
    own: tuple[str, ...] = ()
    small: str = ""
    small_probability: float = float("nan")
    unlike: tuple[str, ...] = ()
    under: str = "under"

    @property
    def judgement(self) -> Judgement | None:
        """What the factors at half, one and two times the scale say; None if these were not asked.

        No word is given where two Monte Carlo errors to either side leave more than one.
        """
        if not set(DECIDING) <= set(self.table.index):
            return None
        return judge(self._column(LOG), self._column(ERROR))

    @property
    def smallest_scale(self) -> float:
        """The smallest multiple of the scale at which the word against the term still holds.

        Read off the curve; NaN where the word is not one against it.
        """
        found = self.judgement
        if found is None or found.kind != "against":
            return float("nan")
        curve = self.curve[self.curve.index <= 1.0].sort_index(ascending=False)
        scales = np.log(curve.index.to_numpy(dtype=float))
        over = -curve[LOG].to_numpy(dtype=float) - least_factor(found.strength)
        under = np.flatnonzero(over < 0)
        if not under.size:
            return float(np.exp(scales[-1]))
        k = int(under[0])
        step = over[k - 1] / (over[k - 1] - over[k]) if k else 0.0
        return float(np.exp(scales[k - 1] + step * (scales[k] - scales[k - 1])))

    @property
    def sentence(self) -> str:
        """The factors with their prior, and the word for them."""
        found = self.judgement
        if found is None:
            return f"{self._at_named_scale}."
        return {
            "for": self._in_favour,
            "against": self._against,
            "hardly any": self._hardly,
            "depends": self._depends,
            "open": self._open,
        }[found.kind](found)

    def _in_favour(self, found: Judgement) -> str:
        logs = self._column(LOG)
        words = {strength_of_factor(logs[scale]) for scale in DECIDING}
        weakest = ", as the weakest of the three says" if len(words) > 1 else ""
        return (
            f"{self._at_named_scale}; {self._at_others()}: {found.strength} evidence for "
            f"{self.free}{weakest}."
        )

    def _against(self, found: Judgement) -> str:
        log_factor = -self._column(LOG)[1.0]
        scale, narrowest = self.smallest_scale, float(self.curve.index.min())
        holds = f"It holds down to {number(scale)} times that scale"
        if scale <= narrowest * (1 + 1e-9):
            holds += ", the narrowest tried"
        return (
            f"The data are {times_in_words(log_factor)} times as probable {self.under} "
            f"{self.fixed} as {self.under} {self.free}: {found.strength} evidence against effects "
            f"of the size that {self._prior} {'expects' if self._one_prior else 'expect'}. "
            f"{holds}.{self._small_sentence}"
        )

    def _hardly(self, _: Judgement) -> str:
        return (
            f"{self._at_named_scale}; {self._at_others()}: hardly any evidence, for {self.free} "
            f"or for {self.fixed}."
        )

    def _depends(self, _: Judgement) -> str:
        logs = self._column(LOG)
        values = [logs[scale] for scale in DECIDING]
        return (
            f"What the data say of {self.free} against {self.fixed} depends on the prior: they are "
            f"{times_in_words(logs[1.0])} times as probable {self.under} {self.free}, given "
            f"{self._prior}, and from {times_in_words(min(values))} to "
            f"{times_in_words(max(values))} times between half and double {self._its} scale."
        )

    def _open(self, _: Judgement) -> str:
        logs, errors = self._column(LOG), self._column(ERROR)
        unsure = [s for s in (1.0, *DECIDING) if crosses_a_limit(logs[s], errors[s])]
        scale = unsure[0] if unsure else 1.0
        width = WIDTHS * errors[scale]
        ends = [times_in_words(logs[scale] + sign * width) for sign in (-1, 1)]
        where = "" if scale == 1.0 else f"{scale_in_words(scale)} the scale of "
        return (
            f"The draws are too few for a word on {self.free} against {self.fixed}: the data are "
            f"{times_in_words(logs[scale])} times as probable {self.under} {self.free}, given "
            f"{where}{self._prior}, and two Monte Carlo errors to either side, {ends[0]} to "
            f"{ends[1]}, allow more than one word. Take more draws."
        )

    @property
    def _at_named_scale(self) -> str:
        log_factor = self._column(LOG)[1.0]
        more, less = (self.free, self.fixed) if log_factor >= 0 else (self.fixed, self.free)
        return (
            f"The data are {times_in_words(abs(log_factor))} times as probable {self.under} {more} "
            f"as {self.under} {less}, given {self._prior}"
        )

    def _at_others(self) -> str:
        """Say the other two factors, in the same direction as the named one."""
        logs = self._column(LOG)
        sign = 1.0 if logs[1.0] >= 0 else -1.0
        words = {scale: times_in_words(sign * logs[scale]) for scale in DECIDING}
        if len(set(words.values())) == 1:
            return f"the same with half and with double {self._its} scale"
        said = " and ".join(
            f"{times} times with {scale_in_words(scale)}"
            for scale, times in words.items()
            if scale != 1.0
        )
        return f"{said} {self._its} scale"

    @property
    def _small_sentence(self) -> str:
        if not self.small:
            return ""
        said = probability_in_words(self.small_probability)
        return f" The probability that {self.small} is {said}."

    @property
    def _one_prior(self) -> bool:
        return len(self.priors) == 1

    @property
    def _its(self) -> str:
        return "its" if self._one_prior else "their"

    @property
    def _prior(self) -> str:
        whose = "your" if self.own else "the"
        noun = "prior" if self._one_prior else "priors"
        return f"{whose} {noun} {listed(self.priors, shown=_PRIORS_SHOWN)}"

    def _column(self, name: str) -> dict[float, float]:
        values = self.table[name].to_numpy(dtype=float).tolist()
        return dict(zip(self.table.index.to_numpy(dtype=float).tolist(), values, strict=True))

    def plot(self, axes: Axes | None = None) -> Axes:
        """Draw the factor over the scale of the prior; dots decide the word, the line nothing.

        Parameters
        ----------
        axes
            Where to draw; a new figure if left out. The band reaches two Monte Carlo errors.
        """
        axes = own_axes(axes)
        draw_factors(axes, self.curve, self.table, colour=BLUE, label=self.free)
        finish_factors(axes, f"Bayes factor, {self.free} to {self.fixed}")
        return axes


def factor_table(
    scales: Sequence[float], logs: Sequence[float] | Array, errors: Sequence[float] | Array
) -> pd.DataFrame:
    """Return log Bayes factors by prior scale as a table, with the factors."""
    import pandas as pd

    values = np.asarray(logs, dtype=float)
    with np.errstate(over="ignore"):
        factors = np.exp(values)
    return pd.DataFrame(
        {LOG: values, ERROR: np.asarray(errors, dtype=float), FACTOR: factors},
        index=pd.Index(np.asarray(scales, dtype=float), name="prior_scale"),
    )


def draw_factors(
    axes: Axes, curve: pd.DataFrame, table: pd.DataFrame, *, colour: str, label: str
) -> None:
    """Draw one term's factors, powers of ten, over multiples of the prior's scale."""
    scales = np.log2(curve.index.to_numpy(dtype=float))
    middle = curve[LOG].to_numpy(dtype=float) / np.log(10)
    half = WIDTHS * curve[ERROR].to_numpy(dtype=float) / np.log(10)
    axes.fill_between(scales, middle - half, middle + half, color=colour, alpha=0.2, linewidth=0)
    axes.plot(scales, middle, color=colour, linewidth=1.4)
    dots = np.log2(table.index.to_numpy(dtype=float))
    values = table[LOG].to_numpy(dtype=float) / np.log(10)
    axes.plot(dots, values, "o", color=colour, label=label)


def finish_factors(axes: Axes, label: str) -> None:
    """Label the axes of factors, with the limits of the words."""
    low, high = axes.get_ylim()
    low, high = min(low, -_LEAST_HEIGHT), max(high, _LEAST_HEIGHT)
    for limit in (*_LIMITS, *(1 / limit for limit in _LIMITS)):
        if low < np.log10(limit) < high:
            axes.axhline(np.log10(limit), color=PALE, linewidth=0.9)
    axes.axhline(0.0, color=INK, linewidth=0.9, linestyle=(0, (4, 3)))
    axes.set_ylim(low, high)
    if high - low <= _MOST_LABELLED:
        factors = {0.0: "1"}
        for limit in (*_LIMITS, 1e3, 1e6):
            factors |= {np.log10(limit): f"{limit:,.0f}", -np.log10(limit): f"1/{limit:,.0f}"}
        shown = {place: text for place, text in factors.items() if low <= place <= high}
        axes.set_yticks(list(shown), labels=list(shown.values()))
    else:
        label = f"{label}, powers of ten"
    ticks = [0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0]
    axes.set_xticks(np.log2(ticks), labels=["1/8", "1/4", "1/2", "1", "2", "4", "8"])
    axes.set_xlabel("times the scale of the named prior")
    axes.set_ylabel(label)
    faint_grid(axes)


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What three Bayes factors say of a term together.

    Parameters
    ----------
    kind
        ``"for"`` the term if all three are 3 and more; ``"against"`` if that at the named scale
        is a third and less; ``"hardly any"`` if the named one lies between, none is 3 and more,
        and none a third and less unless the named one is below 1; ``"depends"`` on the prior in
        all other cases; ``"open"`` where the Monte Carlo errors leave more than one of these.
    strength
        The word: that of the weakest of the three *for*, of the one at the named scale
        *against*; empty where the answer depends on the prior or is open.
    """

    kind: Kind
    strength: str


def judge(logs: Mapping[float, float], errors: Mapping[float, float]) -> Judgement:
    """Judge a term by the log Bayes factors at half, one and two times the named scale.

    Parameters
    ----------
    logs
        Natural logarithms of the factors for the term, by scale.
    errors
        Their Monte Carlo standard errors.
    """
    steps = (-WIDTHS, 0.0, WIDTHS)
    corners = product(*([logs[s] + step * errors[s] for step in steps] for s in DECIDING))
    found = {_judged(*corner) for corner in corners}
    return found.pop() if len(found) == 1 else Judgement(kind="open", strength="")


def _judged(half: float, one: float, two: float) -> Judgement:
    if not np.isfinite([half, one, two]).all():
        return Judgement(kind="open", strength="")
    least, most = min(half, one, two), max(half, one, two)
    if least >= _SPEAKS:
        return Judgement(kind="for", strength=strength_of_factor(least))
    if one <= -_SPEAKS:
        return Judgement(kind="against", strength=strength_of_factor(-one))
    if most < _SPEAKS and (one < 0.0 or least > -_SPEAKS):
        return Judgement(kind="hardly any", strength=_HARDLY)
    return Judgement(kind="depends", strength="")


def crosses_a_limit(log_factor: float, error: float) -> bool:
    """Tell whether two Monte Carlo errors to either side leave more than one word."""
    ends = [log_factor - WIDTHS * error, log_factor + WIDTHS * error]
    words = {(strength_of_factor(abs(end)), end > 0 and abs(end) >= _SPEAKS) for end in ends}
    return len(words) > 1


def least_factor(strength: str) -> float:
    """Return the logarithm of the least factor that a word is said of."""
    return float(np.log(next(least for least, words in _STRENGTHS if words == strength)))


def strength_of_factor(log_factor: float) -> str:
    """Name the strength of evidence of a Bayes factor above one (kass1995)."""
    return next(words for least, words in _STRENGTHS if np.exp(min(log_factor, 700.0)) >= least)


def times_in_words(log_factor: float) -> str:
    """Write a Bayes factor; beyond a million its size says nothing more."""
    if log_factor > np.log(1e6):
        return "over a million"
    if log_factor < -np.log(1e6):
        return "under a millionth"
    factor = float(np.exp(log_factor))
    return f"{float(f'{factor:.3g}'):,.0f}" if factor >= _THOUSANDS else number(factor)


def scale_in_words(scale: float) -> str:
    """Name a multiple of a prior's scale."""
    return {0.5: "half", 2.0: "double"}.get(scale, f"{scale:.2g} times")
