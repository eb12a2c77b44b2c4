"""Rows that stand for several clients, written out: one row a client."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.model.spec import Model, changed_model
from bayes_alliance.sampling.left_out import on_rows
from bayes_alliance.sampling.linear_predictor import copies_of_rows, frequency_weights

Array = NDArray[np.float64]
_MOST_ROWS = 1_000_000


@dataclass(frozen=True, kw_only=True)
class WrittenOut:
    """A model with one row for each client.

    Parameters
    ----------
    model
        The model on these rows, for computing from draws of the whole; never sampled.
    origin
        Row of the model that each comes from, shape (row,).
    counts
        How much each counts, shape (row,): less than one where weights are no counts, more where
        so many are meant that not all of them are written. None where each counts one.
    clients
        How many clients all rows stand for.
    """

    model: Model
    origin: NDArray[np.int64]
    counts: Array | None
    clients: float


def has_copies(model: Model) -> bool:
    """Tell whether rows stand for other numbers of clients than one each."""
    return bool(np.any(frequency_weights(model) != 1.0))


def written_out(model: Model) -> WrittenOut:
    """Write the rows of a model out, each as often as its frequency weight says.

    A weight of 2.5 makes three rows that count 5/6 each. Of more than a million clients a million
    are written, in proportion, and count for the others.
    """
    origin = np.arange(len(model.frame.y))
    if not has_copies(model):
        return WrittenOut(model=model, origin=origin, counts=None, clients=float(len(origin)))
    weights = frequency_weights(model)
    copies = copies_of_rows(model)
    if copies.sum() > max(_MOST_ROWS, len(copies)):
        share = _MOST_ROWS / copies.sum()
        copies = np.maximum(1, np.floor(copies * share)).astype(np.int64)
    origin = np.repeat(origin, copies)
    each = weights / copies
    counts = None if (each == 1.0).all() else each[origin]
    rows = on_rows(model, origin)
    plain = changed_model(rows, frame=replace(rows.frame, weights=None))
    return WrittenOut(model=plain, origin=origin, counts=counts, clients=float(weights.sum()))
