"""Transforms that learn from the data once and are plain numbers afterwards.

Each follows formulae's protocol for stateful transforms: callable, with ``params_set``. What it
has learnt are its attributes, which ``plain_json.py`` writes as JSON.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from bayes_alliance.data.labels import group_labels


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


class _GroupMean:
    """The mean of a predictor in each group, learnt from all rows that have both."""

    __stateful_transform__ = True

    def __init__(self) -> None:
        self.params_set = False
        self.means: dict[str, float] = {}
        self.sizes: dict[str, int] = {}

    def mean_of(self, x: Any, group: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Return the row's group mean; a group not seen before has the mean of its new rows."""
        values = pd.Series(np.asarray(x, dtype=float))
        labels = group_labels(pd.Series(group)).reset_index(drop=True)
        here = values.groupby(labels).mean()
        if not self.params_set:
            self.means = {str(label): float(mean) for label, mean in here.items()}
            counts = values.groupby(labels).count()
            self.sizes = {str(label): int(count) for label, count in counts.items()}
            self.params_set = True
        known = {**{str(k): float(v) for k, v in here.items()}, **self.means}
        return np.asarray(labels.map(known), dtype=np.float64)


class Between(_GroupMean):
    """``between(x, g)``: the group's mean of x."""

    def __call__(self, x: Any, group: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Return the group mean of every row."""
        return self.mean_of(x, group)


class Within(_GroupMean):
    """``within(x, g)``: x minus its group's mean."""

    def __call__(self, x: Any, group: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Return the deviation of every row from its group mean."""
        return np.asarray(np.asarray(x, dtype=np.float64) - self.mean_of(x, group))


OWN_TRANSFORMS: dict[str, type] = {"scale": Scale, "within": Within, "between": Between}
GROUP_MEANS = ("within", "between")
