"""Mean, sd and interval of every parameter, with the quality of each number beside it.

Quantities that do not exist in every draw are summarised over the draws in which they do: a
Student outcome has no variance where nu is 2 or less, and then no variance share either. Leaving
such draws out is the posterior given nu above 2, as under a prior that keeps it there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.display import as_html, as_text, in_sentences
from bayes_alliance.errors import ModelError, did_you_mean, listed
from bayes_alliance.model.predictor_checks import is_finite_number
from bayes_alliance.posterior.chain_diagnostics import diagnose_chains
from bayes_alliance.posterior.predicted_words import predicted_sentences
from bayes_alliance.sampling.engines.contract import public_variables
from bayes_alliance.sampling.fit import Fit, check_fit

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

DIRECTION = "probability_of_direction"  # column: probability of the likelier sign
COLUMNS = ("mean", "sd", "lower", "upper", "mcse_mean", "mcse_sd", "ess_bulk", "ess_tail", "r_hat")
_BLOCK = 4_000_000  # numbers of a block of quantities
Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Numbers for people, with the Monte Carlo error of each.

    Parameters
    ----------
    table
        One row a parameter: mean, sd, lower, upper, mcse_mean, mcse_sd, ess_bulk, ess_tail,
        r_hat (as in vehtari2021; the tails are the 5% and 95% quantiles). The last five are NaN
        for what does not vary.
    draws
        The draws the numbers are of.
    prob
        Probability of the intervals, which are equal-tailed.
    notes
        What the numbers of parameters with a formula of their own mean, in sentences.
    """

    table: pd.DataFrame
    draws: xr.Dataset
    prob: float
    notes: tuple[str, ...] = ()

    @property
    def interval(self) -> str:
        """The interval in words."""
        return interval_words(self.prob)

    def __str__(self) -> str:
        return as_text("Summary", self.table, self.interval, *self.notes)

    def _repr_html_(self) -> str:
        return as_html("Summary", self.table, self.interval, *self.notes)


def interval_words(prob: float) -> str:
    """Say what kind of interval it is."""
    return f"{100 * prob:g}% equal-tailed intervals"


def interval_phrase(row: Any, prob: float) -> str:
    """Return an estimate with its interval: ``61.2 (95% interval 59 to 63.4)``."""
    values = [float(row[name]) for name in ("mean", "lower", "upper")]
    mean, lower, upper = in_sentences(values)
    return f"{mean} ({prob:.0%} interval {lower} to {upper})"


def check_prob(prob: float) -> None:
    """Refuse what is no probability between 0 and 1.

    Raises
    ------
    ModelError
        If so.
    """
    if not is_finite_number(prob) or not 0 < prob < 1:
        raise ModelError(
            f"Intervals of probability {prob!r} were asked for.",
            "A probability lies between 0 and 1.",
            "Write prob=0.95 for 95% intervals.",
        )


def summary_table(draws: xr.Dataset, prob: float) -> pd.DataFrame:
    """Summarise draws, dims (chain, draw, ...), one row an element."""
    import pandas as pd

    sample = (names.CHAIN, names.DRAW)
    arrays = [draws[name].transpose(*sample, ...) for name in draws.data_vars]
    numbers = [summary_numbers(array.to_numpy(), prob) for array in arrays]
    labels = [label for array in arrays for label in element_labels(array)]
    table = np.concatenate(numbers) if numbers else np.empty((0, len(COLUMNS)))
    return pd.DataFrame(table, index=labels, columns=list(COLUMNS))


def summary_numbers(values: NDArray[np.float64], prob: float) -> NDArray[np.float64]:
    """Summarise draws, shape (chain, draw, ...), in the columns COLUMNS, one row an element."""
    check_prob(prob)
    flat = values.reshape(*values.shape[:2], -1)
    size = max(1, _BLOCK // max(1, flat.shape[0] * flat.shape[1]))
    parts = [_described(flat[..., k : k + size], prob) for k in range(0, flat.shape[2], size)]
    found = diagnose_chains(flat)
    quality = [found.mcse_mean, found.mcse_sd, found.ess_bulk, found.ess_tail, found.r_hat]
    described = np.concatenate(parts) if parts else np.empty((0, 4))
    return np.column_stack([described, *quality])


def _described(values: NDArray[np.float64], prob: float) -> NDArray[np.float64]:
    """Return mean, sd and the interval's ends; what does not vary has an sd of exactly 0."""
    each = np.ascontiguousarray(values.reshape(-1, values.shape[2]).T, dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):  # infinite draws have no sd
        ends = np.quantile(each, [(1 - prob) / 2, (1 + prob) / 2], axis=1)
        spread = each.std(axis=1, ddof=1) if each.shape[1] > 1 else np.full(len(each), np.nan)
        columns = np.column_stack([each.mean(axis=1), spread, *ends])
    constant = (each == each[:, :1]).all(axis=1)
    columns[constant] = each[constant][:, [0, 0, 0, 0]] * [1, 0, 1, 1]
    return columns


def element_labels(array: xr.DataArray) -> list[str]:
    """Name each element of a variable, dims (chain, draw, ...): ``b[stigma]``, ``sigma``."""
    along = [[str(label) for label in array[dim].to_numpy()] for dim in array.dims[2:]]
    name = str(array.name)
    if not along:
        return [name]
    places = np.ndindex(*map(len, along))
    return [
        f"{name}[{', '.join(own[k] for own, k in zip(along, place, strict=True))}]"
        for place in places
    ]


def summarize(fit: Fit, *, variables: Sequence[str] | None = None, prob: float = 0.95) -> Summary:
    """Summarise the posterior.

    Parameters
    ----------
    fit : Fit
        Any fit.
    variables : sequence of str, optional
        Container variables, for example ``["b", "sigma"]``; everything but the group effects if
        left out (see :func:`group_effects` for those).
    prob : float
        Probability of the intervals.

    Returns
    -------
    Summary
        A record that shows itself as a table.

    Raises
    ------
    ModelError
        For a variable the model does not have.

    References
    ----------
    .. [1] vehtari2021

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> ba.summarize(fit, variables=["b"])  # doctest: +SKIP
    """
    check_fit(fit, "summarize", by_row=True)
    valid = public_variables(fit.model)
    effects = {names.u(group) for group in fit.model.groups}
    chosen = [v for v in valid if v not in effects] if variables is None else list(variables)
    unknown = [v for v in chosen if v not in valid]
    if unknown:
        raise ModelError(
            f"A summary of {listed(unknown)} was asked for.",
            f"The model has no such variable. {did_you_mean(unknown[0], valid)}".rstrip(),
            f"It has {listed(valid, shown=20)}.",
            unknown=unknown,
        )
    draws = fit.posterior[chosen]
    notes = tuple(predicted_sentences(fit.model, draws, prob))
    return Summary(table=summary_table(draws, prob), draws=draws, prob=prob, notes=notes)


def existing(values: Array) -> NDArray[np.bool_]:
    """Tell in which draws every number exists; values of shape (chain, draw, ...)."""
    return np.asarray(~np.isnan(values).any(axis=tuple(range(2, values.ndim))))


def summary_where_defined(array: xr.DataArray, prob: float) -> pd.DataFrame:
    """Summarise the draws that exist, dims (chain, draw, ...), in the columns of a summary.

    Where a quantity does not exist in a draw, none of those that lack any draw is looked at there.
    All NaN where no draw is left.
    """
    import pandas as pd

    numbers = numbers_where_defined(array.to_numpy(), prob)
    return pd.DataFrame(numbers, index=element_labels(array), columns=list(COLUMNS))


def numbers_where_defined(values: Array, prob: float) -> Array:
    """Summarise the draws that exist, shape (chain, draw, ...), one row an element."""
    flat = values.reshape(*values.shape[:2], -1)
    lacking = np.isnan(flat)
    partly = lacking.any(axis=(0, 1)) & ~lacking.all(axis=(0, 1))
    numbers = np.empty((flat.shape[2], len(COLUMNS)))
    numbers[~partly] = summary_numbers(flat[..., ~partly], prob)
    if partly.any():
        numbers[partly] = _of_existing(flat[..., partly], prob)
    return numbers


def _of_existing(values: Array, prob: float) -> Array:
    """Summarise the draws in which every quantity exists.

    R-hat and ESS are those of chains from which the other draws were taken out, all cut to the
    same length.
    """
    there = existing(values)
    if not there.any():
        return np.full((values.shape[2], len(COLUMNS)), np.nan)
    numbers = summary_numbers(values[there][None], prob)
    found = diagnose_chains(existing_chains(values))
    # The errors are those of all that is left, not only of the chains' common length.
    longer = np.sqrt(np.prod(_shape(there)) / there.sum())
    columns = {
        "ess_bulk": found.ess_bulk,
        "ess_tail": found.ess_tail,
        "r_hat": found.r_hat,
        "mcse_mean": found.mcse_mean * longer,
        "mcse_sd": found.mcse_sd * longer,
    }
    for name, column in columns.items():
        numbers[:, COLUMNS.index(name)] = column
    return numbers


def existing_chains(values: Array) -> Array:
    """Return the draws that exist as chains of one length, (chain, draw, ...): the last of each."""
    there = existing(values)
    length = _shape(there)[1]
    return np.stack([values[k][there[k]][-length:] for k in range(len(values)) if there[k].any()])


def _shape(there: NDArray[np.bool_]) -> tuple[int, int]:
    """Return how many chains have such draws, and the smallest number of them."""
    counts = there.sum(axis=1)
    counts = counts[counts > 0]
    return len(counts), int(counts.min())


def given_words(undefined: int, draws: int) -> str:
    """Say what is taken as given, ahead of a sentence; nothing where all draws count."""
    if not undefined:
        return ""
    kept = f"{draws - undefined:,} of the {draws:,} draws"
    return f"Given that nu is above 2, as in {kept} (elsewhere a Student outcome has no variance), "


def after_given(given: str, sentence: str) -> str:
    """Put what is taken as given ahead of a sentence."""
    return f"{given}{sentence[0].lower()}{sentence[1:]}" if given else sentence
