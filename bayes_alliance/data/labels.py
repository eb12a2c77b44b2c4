"""Ids as labels: one text for one group, however the file stored it."""

from __future__ import annotations

import numpy as np
import pandas as pd


def group_labels(series: pd.Series) -> pd.Series:
    """Return the ids of a column as text.

    Whole numbers become their digits, also where gaps made them floats (``12.0`` is ``"12"``);
    text is kept to the letter; missing stays missing.

    Parameters
    ----------
    series : pandas.Series
        One id for each row.

    Returns
    -------
    pandas.Series
        The same index and name, dtype ``str``.

    Examples
    --------
    >>> import pandas as pd
    >>> group_labels(pd.Series([12.0, None, 7.0])).tolist()
    ['12', nan, '7']
    """
    # Each distinct id is written once: caseloads repeat them many times.
    positions, ids = pd.factorize(series)
    words = np.array([*(_label(value) for value in ids), None], dtype=object)
    return pd.Series(words[positions], index=series.index, name=series.name, dtype="str")


def _label(value: object) -> str:
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    if isinstance(value, np.generic):
        return str(value.item())
    return str(value)
