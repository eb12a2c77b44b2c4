"""How many clients a row stands for: what frequency weights do to counts and to what is learnt.

A row with the weight 3 is three rows. Whatever is counted, averaged or learnt from rows goes
through here, so that a table of counts and the table written out in full give the same model.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes_alliance.errors import DataError
from bayes_alliance.model.response import Response

Floats = NDArray[np.float64]
# As many rows are written out for a spline that can only learn from rows; more tell no more.
_MOST_WRITTEN_OUT = 1_000_000


def clients_of_rows(response: Response, table: pd.DataFrame) -> Floats | None:
    """Return how many clients each row stands for, or None where each is one.

    A row without a weight stands for nobody: written out, it would not be there.
    """
    if response.repeats is None:
        return None
    numbers = pd.to_numeric(table[response.repeats], errors="coerce")
    counts = np.nan_to_num(numbers.to_numpy(dtype=float, na_value=np.nan))
    return np.asarray(np.clip(counts, 0.0, None))


@dataclass(frozen=True, kw_only=True)
class Repeats:
    """How many clients the rows stand for; None where each is one.

    Parameters
    ----------
    of_rows
        Of the rows that the model uses.
    of_table
        Of all rows of the table.
    """

    of_rows: Floats | None = None
    of_table: Floats | None = None


def check_enough_clients(response: Response, clients: float) -> None:
    """Refuse frequency weights that sum to less than two clients.

    Raises
    ------
    DataError
        If they do, as weights do that were scaled to sum to one.
    """
    if response.repeats is not None and clients < 2:
        raise DataError(
            f"The column {response.repeats} was given as frequency weights: how many clients each "
            "row stands for.",
            f"They sum to {clients:.3g}, less than two clients in all.",
            "Give counts of clients, or leave the weights out.",
            column=response.repeats,
        )


def counted_by_group(
    index: NDArray[np.int64], groups: int, repeats: Floats | None = None
) -> NDArray[Any]:
    """Return the clients of each group: whole numbers, unless the weights are not."""
    if repeats is None:
        return np.bincount(index, minlength=groups)
    return as_counts(np.bincount(index, repeats, groups))


def as_counts(clients: Floats) -> NDArray[Any]:
    """Return numbers of clients as integers where all of them are."""
    whole = np.round(clients)
    return whole.astype(np.int64) if np.array_equal(whole, clients) else clients


def written_out(repeats: Floats) -> NDArray[np.int64]:
    """Return how often each row is written for whoever can only learn from rows.

    As often as it counts, if those are whole numbers; else, or if there are very many of them, in
    proportion, to a millionth.
    """
    total = repeats.sum()
    if total <= _MOST_WRITTEN_OUT and np.array_equal(repeats, np.round(repeats)):
        return repeats.astype(np.int64)
    return np.ceil(repeats / total * _MOST_WRITTEN_OUT).astype(np.int64)


@dataclass
class _Counted:
    """A transform that learns from every client its rows stand for."""

    transform: Any
    repeats: Floats

    def __call__(self, x: Any, *others: Any, **options: Any) -> Any:
        if not self.transform.params_set:
            learn: Callable[..., None] | None = getattr(self.transform, "learn", None)
            if learn is not None:
                learn(x, self.repeats, *others, **options)
            else:
                times = written_out(self.repeats)
                self.transform(np.repeat(np.asarray(x), times), *others, **options)
        return self.transform(x, *others, **options)


@contextlib.contextmanager
def counting_clients(calls: Iterable[Any], repeats: Floats | None) -> Iterator[None]:
    """Let the calls of a formula that learn do so from rows that count several times."""
    plain = [] if repeats is None else [(call, call.stateful_transform) for call in calls]
    for call, transform in plain:
        assert repeats is not None
        call.stateful_transform = _Counted(transform, repeats)
    try:
        yield
    finally:
        for call, transform in plain:
            call.stateful_transform = transform
