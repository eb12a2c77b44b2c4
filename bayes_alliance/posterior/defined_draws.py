"""Quantities that do not exist in every draw: summarised over the draws in which they do.

A Student outcome has no variance where nu is 2 or less, and then no variance share either. Leaving
such draws out is the posterior given nu above 2, as under a prior that keeps it there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.posterior.chain_diagnostics import diagnose_chains
from bayes_alliance.posterior.summaries import COLUMNS, element_labels, summary_numbers

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

Array = NDArray[np.float64]


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
