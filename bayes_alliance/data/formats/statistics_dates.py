"""Dates and times of SPSS, Stata and SAS, which are numbers with a format."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_SPSS_START, _START = np.datetime64("1582-10-14"), np.datetime64("1960-01-01")
_DAY = 86_400.0
_FIRST, _LAST = np.datetime64("0001-01-01", "us"), np.datetime64("9999-12-31T23:59:59", "us")
_SPSS_DATES = frozenset({"DATE", "ADATE", "EDATE", "JDATE", "SDATE", "QYR", "MOYR", "WKYR"})
_SPSS_STAMPS = frozenset({"DATETIME", "YMDHMS"})
_SAS_DATES = re.compile(
    r"DATE|DAY|(DD|MM|YY)(MM|DD|YY)|(DDMMYY|MMDDYY|YYMMDD)[BCDNPS]?|JULIAN|JULDAY|MONYY|YYMM[CDNPS]?"
    r"|MMYY[CDNPS]?|YYQ[CDNPS]?|YEAR|MONTH|QTR|WEEKDAT[EX]|WORDDAT[EX]|WEEK[UVW]|[EB]8601DA"
    r"|IS8601DA|NLDATE\w*|EURDF\w+|MINGUO|NENGO"
)
_SAS_STAMPS = re.compile(r"DATETIME|DATEAMPM|MDYAMPM|DTDATE|[EB]8601D[TN]|IS8601DT|NLDATM\w*")
_SAS_TIMES = re.compile(r"TIME|TIMEAMPM|TOD|HHMM|HOUR|MMSS|[EB]8601TM|IS8601TM|NLTIME\w*")


def dates_of(values: Floats, form: str, program: str) -> tuple[pd.Series, int] | None:
    """Return a column of dates or times, and how many no calendar has; None if it is numbers.

    Parameters
    ----------
    values
        Numbers as the file has them; NaN where there is none.
    form
        The column's format in the words of the program.
    program
        ``sav``, ``por``, ``dta``, ``sas7bdat`` or ``xport``.
    """
    kind = _kind(form, program)
    if kind is None:
        return None
    what, unit = kind
    if what == "time":
        return _times(values * unit), 0
    start = _SPSS_START if program in ("sav", "por") else _START
    if what == "whole" and program == "dta":
        return _stata_periods(values, form)
    seconds = np.floor(values * unit / _DAY) * _DAY if what == "day" else values * unit
    return _calendar(start, seconds)


def _kind(form: str, program: str) -> tuple[str, float] | None:
    """Return what numbers of a format are, and how many seconds one of them is."""
    if program in ("sav", "por"):
        word = re.match(r"[A-Z]*", form)
        name = word[0] if word else ""
        if name in _SPSS_DATES:
            return "day", 1.0
        if name in _SPSS_STAMPS:
            return "stamp", 1.0
        return ("time", 1.0) if name in ("TIME", "DTIME", "MTIME") else None
    if program == "dta":
        return _stata_kind(form)
    name = re.sub(r"[\d.]+$", "", form.upper())
    if _SAS_STAMPS.fullmatch(name):
        return "stamp", 1.0
    if _SAS_TIMES.fullmatch(name):
        return "time", 1.0
    return ("day", _DAY) if _SAS_DATES.fullmatch(name) else None


def _stata_kind(form: str) -> tuple[str, float] | None:
    found = re.match(r"%-?(t[cCdwmqhy]|d)(.*)", form)
    if not found:
        return None
    word, rest = found.groups()
    if word in ("tc", "tC"):
        # A format that shows no day: the time of one.
        only_time = bool(rest) and not re.search(
            r"[CYMNnDdJj]", rest.replace("MM", "").replace("SS", "")
        )
        return ("time" if only_time else "stamp"), 1e-3
    return ("day", _DAY) if word in ("td", "d") else ("whole", 1.0)


def _stata_periods(values: Floats, form: str) -> tuple[pd.Series, int]:
    """Return the first day of weeks, months, quarters, half-years and years."""
    word = form.lstrip("%-")[1]
    known = np.isfinite(values)
    whole = np.where(known, values, 0).clip(-1e6, 1e6).astype("int64")
    months = {"m": whole, "q": 3 * whole, "h": 6 * whole, "y": 12 * (whole - 1960)}
    if word == "w":  # 52 weeks a year, the last of which is longer
        days = (whole // 52 * 12).astype("datetime64[M]") - np.datetime64(0, "M")
        first = (np.datetime64("1960-01") + days.astype("timedelta64[M]")).astype("datetime64[D]")
        stamps = first + (7 * (whole % 52)).astype("timedelta64[D]")
    else:
        stamps = (np.datetime64("1960-01") + months[word].astype("timedelta64[M]")).astype(
            "datetime64[D]"
        )
    return _bounded(stamps.astype("datetime64[us]"), known)


def _calendar(start: np.datetime64, seconds: Floats) -> tuple[pd.Series, int]:
    known = np.isfinite(seconds)
    most = 4e11  # seconds, beyond any calendar
    micro = np.round(np.where(known, seconds, 0).clip(-most, most) * 1e6).astype("int64")
    return _bounded(start.astype("datetime64[us]") + micro.astype("timedelta64[us]"), known)


def _bounded(stamps: NDArray[np.datetime64], known: NDArray[np.bool_]) -> tuple[pd.Series, int]:
    inside = (stamps >= _FIRST) & (stamps <= _LAST)
    column = pd.Series(stamps).mask(~(known & inside))
    return column, int((known & ~inside).sum())


def _times(seconds: Floats) -> pd.Series:
    """Write times as people do; tables have no type for them."""
    return pd.Series([_time(own) if np.isfinite(own) else None for own in seconds], dtype="str")


def _time(seconds: float) -> str:
    micro = round(abs(seconds) * 1e6)
    whole, rest = divmod(micro, 1_000_000)
    fraction = f".{rest:06d}".rstrip("0") if rest else ""
    sign = "-" if seconds < 0 else ""
    return f"{sign}{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}{fraction}"
