"""Ids as labels: one text for one group, however the file stored it, and one order of them."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
import pandas as pd

from bayes_alliance.data.provenance import AS_WRITTEN
from bayes_alliance.errors import DataError

_DIGITS = re.compile(r"(\d+)", re.ASCII)
_PLAIN_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)

type OrderKey = tuple[int, float, tuple[tuple[int, str], ...], str]


def group_labels(series: pd.Series) -> pd.Series:
    """Return the ids of a column as text.

    Whole numbers become their digits, also where gaps made them floats (``12.0`` is ``"12"``);
    text is kept to the letter; missing stays missing. Numbers that :func:`read_table` read from
    another text (``3.10``) have that text again.

    Parameters
    ----------
    series : pandas.Series
        One id for each row.

    Returns
    -------
    pandas.Series
        The same index and name, dtype ``str``.

    Raises
    ------
    DataError
        If cells are lists or the like.

    Examples
    --------
    >>> import pandas as pd
    >>> group_labels(pd.Series([12.0, None, 7.0])).tolist()
    ['12', nan, '7']
    """
    # Each distinct id is written once: caseloads repeat them many times.
    try:
        positions, ids = pd.factorize(series)
    except TypeError as error:
        raise DataError(
            f"The column {series.name} was to be used.",
            "Its cells hold lists or other collections, not one value each.",
            "Make a column with one value a row first.",
            column=series.name,
        ) from error
    written = texts_of(series)
    labels = [id_label(value) for value in ids]
    words = np.array([*(written.get(label, label) for label in labels), None], dtype=object)
    return pd.Series(words[positions], index=series.index, name=series.name, dtype="str")


def texts_of(series: pd.Series) -> dict[str, str]:
    """Return what the file had for the numbers of a column, by label, where that is not the label.

    Only for numbers: two of them never share a text, so that no groups are joined by it.
    """
    kind = series.dtype
    if not pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_bool_dtype(kind):
        return {}
    found: dict[str, str] = series.attrs.get(AS_WRITTEN, {}).get(series.name, {})
    return found


def id_label(value: object) -> str:
    """Return the text of one id: a whole number's digits, else the value as Python writes it."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    if isinstance(value, np.float32 | np.float16):
        return str(value)  # 3.1, where the same bits as a longer float are 3.0999999046325684
    if isinstance(value, pd.Timestamp) and value.tz is None and value == value.normalize():
        return value.date().isoformat()  # as a text file has it
    if isinstance(value, np.generic):
        return str(value.item())
    return str(value)


def sorted_labels(labels: Iterable[str]) -> list[str]:
    """Return labels in the order of groups: numbers by size, then text, P2 before P10.

    The order depends on nothing but the labels, so that every way to read a table has it.

    Examples
    --------
    >>> sorted_labels(["P10", "10", "2.5", "P2", "2"])
    ['2', '2.5', '10', 'P2', 'P10']
    """
    return sorted(labels, key=order_key)


def order_key(label: str) -> OrderKey:
    """Return what one label is sorted by."""
    pieces = tuple(_piece(p) if k % 2 else (0, p) for k, p in enumerate(_DIGITS.split(label)))
    if _PLAIN_NUMBER.fullmatch(label):
        return 0, float(label), pieces, label
    return 1, 0.0, pieces, label


def _piece(digits: str) -> tuple[int, str]:
    """Return what digits are sorted by: as numbers, however long."""
    plain = digits.lstrip("0")
    return len(plain), plain


def factorized(labels: pd.Series) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the place of each row's group, and the groups in their order."""
    codes, uniques = pd.factorize(labels)
    order = sorted(range(len(uniques)), key=lambda k: order_key(str(uniques[k])))
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    return place[codes], tuple(str(uniques[k]) for k in order)
