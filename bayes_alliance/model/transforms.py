"""Transforms that learn from the data once and are plain numbers afterwards.

Each follows formulae's protocol for stateful transforms: callable, with ``params_set``. What it
has learnt are its attributes, which ``plain_json.py`` writes as JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes_alliance.data.labels import group_labels

Numbers = NDArray[np.float64]


class Scale:
    """Standardise: subtract the mean, divide by the standard deviation (n - 1, as in R)."""

    __stateful_transform__ = True

    def __init__(self) -> None:
        self.params_set = False
        self.mean = float("nan")
        self.sd = float("nan")

    def __call__(self, x: Any) -> Any:
        """Return ``(x - mean) / sd`` with the values learnt at the first call."""
        if not self.params_set:
            self.mean = float(np.mean(x))
            self.sd = float(np.std(x, ddof=1))
            self.params_set = True
        return (x - self.mean) / self.sd

    def learn(self, x: Any, repeats: Numbers) -> None:
        """Learn from rows that stand for several clients each."""
        values, counts = _present(x, repeats)
        self.mean = float(np.average(values, weights=counts))
        squares = float(counts @ (values - self.mean) ** 2)
        self.sd = float(np.sqrt(squares / (counts.sum() - 1.0)))
        self.params_set = True


class Center:
    """Subtract the mean."""

    __stateful_transform__ = True

    def __init__(self) -> None:
        self.params_set = False
        self.mean = float("nan")

    def __call__(self, x: Any) -> Any:
        """Return ``x - mean`` with the mean learnt at the first call."""
        if not self.params_set:
            self.mean = float(np.mean(x))
            self.params_set = True
        return x - self.mean

    def learn(self, x: Any, repeats: Numbers) -> None:
        """Learn from rows that stand for several clients each."""
        values, counts = _present(x, repeats)
        self.mean = float(np.average(values, weights=counts))
        self.params_set = True


class Poly:
    """Orthogonal polynomials, as formulae's own, whose sums can count a row several times."""

    __stateful_transform__ = True

    def __init__(self) -> None:
        self.params_set = False
        self.degree = 1
        self.raw = False
        self.alpha: dict[int, float] = {}
        self.norms2: dict[int, float] = {}

    def __call__(self, x: Any, degree: int = 1, raw: bool = False) -> Any:
        """Return the powers 1 to ``degree``, orthogonal over the rows of the first call."""
        if not (self.params_set or self.alpha):  # fits were saved by formulae's, which sets none
            self.learn(x, np.ones(len(x)), degree, raw)
        if self.raw:
            return np.column_stack([np.power(x, k) for k in range(1, self.degree + 1)])
        values = np.asarray(x, dtype=np.float64)
        powers = np.ones((len(values), self.degree + 1))
        for k in range(1, self.degree + 1):
            powers[:, k] = self._next(values, powers, k)
        norms = [np.sqrt(self.norms2[k]) for k in range(1, self.degree + 1)]
        return powers[:, 1:] / np.array(norms)

    def learn(self, x: Any, repeats: Numbers, degree: int = 1, raw: bool = False) -> None:
        """Learn from rows that stand for several clients each."""
        self.degree, self.raw, self.params_set = degree, raw, True
        values = np.asarray(x, dtype=np.float64)
        powers = np.ones((len(values), 0 if raw else degree + 1))
        for k in range(powers.shape[1]):
            powers[:, k] = self._next(values, powers, k) if k else 1.0
            squares = repeats * powers[:, k] ** 2
            self.norms2[k] = float(np.sum(squares))
            self.alpha[k] = float(np.sum(values * squares) / self.norms2[k])

    def _next(self, x: Numbers, powers: Numbers, k: int) -> Numbers:
        """Return the polynomial of degree k from the two before it."""
        found = (x - self.alpha[k - 1]) * powers[:, k - 1]
        if k >= 2:
            found -= self.norms2[k - 1] / self.norms2[k - 2] * powers[:, k - 2]
        return np.asarray(found)


def _present(x: Any, repeats: Numbers) -> tuple[Numbers, Numbers]:
    """Return the values that are there, and how often each counts."""
    values = np.asarray(x, dtype=np.float64)
    there = ~np.isnan(values)
    return values[there], repeats[there]


class _GroupMean:
    """The mean of a predictor in each group, learnt from all rows that have both.

    ``stated`` holds means that were given for single rows, NaN where none was. It belongs to the
    rows, not to what was learnt.
    """

    __stateful_transform__ = True
    stated: Numbers | None = None

    def __init__(self) -> None:
        self.params_set = False
        self.means: dict[str, float] = {}
        self.sizes: dict[str, float] = {}
        self.average: float | None = None

    def learn(self, x: Any, repeats: Numbers, group: Any) -> None:
        """Learn from rows that stand for several clients each."""
        labels = group_labels(pd.Series(group)).reset_index(drop=True)
        sums = pd.DataFrame({"clients": repeats, "sum": repeats * np.asarray(x, dtype=float)})
        found = sums[repeats > 0].groupby(labels[repeats > 0]).sum()
        whole = found["clients"].eq(found["clients"].round()).all()
        clients = found["clients"].astype(int) if whole else found["clients"]
        self.sizes = {str(label): count for label, count in clients.to_dict().items()}
        means = found["sum"] / found["clients"]
        self.means = {str(label): mean for label, mean in means.to_dict().items()}
        self.average = average_mean(self.means, self.sizes)
        self.params_set = True

    def mean_of(self, x: Any, group: Any) -> Numbers:
        """Return the mean that each row's group has: stated, its own, or the average one.

        The rows of a group not seen before do not make its mean: which others are predicted
        beside a row must not change its prediction.
        """
        labels = group_labels(pd.Series(group)).reset_index(drop=True)
        if not self.params_set:
            groups = pd.Series(np.asarray(x, dtype=float)).groupby(labels)
            self.means = {str(label): float(mean) for label, mean in groups.mean().items()}
            self.sizes = {str(label): int(count) for label, count in groups.count().items()}
            self.average = average_mean(self.means, self.sizes)
            self.params_set = True
        average = self.average
        if average is None:  # of a fit saved before it was kept, or of streamed rows
            average = average_mean(self.means, self.sizes)
        own = np.asarray(labels.map(self.means), dtype=np.float64)
        own = np.where(np.isnan(own), average, own)
        return own if self.stated is None else np.where(np.isnan(self.stated), own, self.stated)


def average_mean(means: Mapping[str, float], sizes: Mapping[str, float]) -> float:
    """Return the mean an average group has: over all rows that were learnt from, not all groups.

    It is what the group of a client drawn at random has, on average.
    """
    if not means:
        return float("nan")
    weights = [sizes.get(label, 1) for label in means]
    return float(np.average(list(means.values()), weights=weights))


class Between(_GroupMean):
    """``between(x, g)``: the group's mean of x."""

    def __call__(self, x: Any, group: Any) -> Numbers:
        """Return the group mean of every row."""
        return self.mean_of(x, group)


class Within(_GroupMean):
    """``within(x, g)``: x minus its group's mean."""

    def __call__(self, x: Any, group: Any) -> Numbers:
        """Return the deviation of every row from its group mean."""
        return np.asarray(np.asarray(x, dtype=np.float64) - self.mean_of(x, group))


class Binary:
    """``binary(x, success)``: 1 where x is the success, else 0; its lowest value if none is named.

    Learnt, since new rows need not have it.
    """

    __stateful_transform__ = True

    def __init__(self) -> None:
        self.params_set = False
        self.success: Any = None

    def __call__(self, x: Any, success: Any = None) -> Numbers:
        """Return 1.0 or 0.0 for every row."""
        values = pd.Series(np.asarray(x))
        if not self.params_set:
            found = sorted(values.unique().tolist())
            self.success = found[0] if success is None else success
            if self.success not in found:
                raise ValueError(f"no value is {self.success!r}")
            self.params_set = True
        return np.asarray(values == self.success, dtype=np.float64)


OWN_TRANSFORMS: dict[str, type] = {
    "scale": Scale,
    "center": Center,
    "poly": Poly,
    "within": Within,
    "between": Between,
    "binary": Binary,
    "B": Binary,
}
GROUP_MEANS = ("within", "between")
