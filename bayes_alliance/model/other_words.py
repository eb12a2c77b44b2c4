"""The words of other tools, and what says the same here."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from bayes_alliance.errors import did_you_mean

# From a function of R, Stata, Mplus or SAS to what is written here; {x} and {y} are its arguments.
_CATEGORY, _CURVE = "C({x})", "bs({x}, df=4)"
_SQUARE, _PLAIN = "I({x}**2)", "{x}"
_FUNCTIONS: Mapping[str, str] = {
    **dict.fromkeys(("factor", "as.factor", "as_factor", "as.character", "cat"), _CATEGORY),
    **dict.fromkeys(("as.ordered", "ordered", "dummy"), _CATEGORY),
    **dict.fromkeys(("relevel", "fct_relevel"), "C({x}, Treatment({y}))"),
    **dict.fromkeys(("s", "t2", "smooth", "spline", "pspline", "gam", "loess", "lo"), _CURVE),
    **dict.fromkeys(("ns", "rcs", "rcspline"), _CURVE),
    **dict.fromkeys(("square", "sq", "pow", "power", "quadratic"), _SQUARE),
    **dict.fromkeys(("as.numeric", "as.integer", "as_numeric", "numeric", "num"), _PLAIN),
    **dict.fromkeys(("ln", "loge", "lg"), "log({x})"),
    **dict.fromkeys(("std", "zscore", "z", "standardise"), "scale({x})"),
    **dict.fromkeys(("grandmean", "centre", "mean_center"), "center({x})"),
    **dict.fromkeys(("groupmean", "group_mean", "cwc", "within_group"), "within({x}, g)"),
    **dict.fromkeys(("re", "random", "ranef", "vc", "ri"), "(1 | {x})"),
}
_DEVIATION = "center({x}) from the mean of all rows, within({x}, g) from that of each group g"
_TWO_WAYS = {"gmc": _DEVIATION, "cgm": _DEVIATION, "demean": _DEVIATION}


def same_function(callee: str, arguments: Sequence[object], valid: Collection[str]) -> str:
    """Return what to write in the place of a function of another tool, or one spelt like it."""
    x, y = (*map(str, arguments), "x", "level")[:2]
    here = _TWO_WAYS.get(callee) or _FUNCTIONS.get(callee)
    if here is not None:
        return f"For {callee}() write {here.format(x=x, y=y)}. "
    return did_you_mean(callee, valid)


def same_column(name: str, columns: Collection[str]) -> str:
    """Return what Stata's ``i.arm`` and ``c.age`` are here, or a column spelt like the name."""
    kind, dot, column = name.partition(".")
    if dot and column in columns and re.fullmatch(r"i|ib\d*|c", kind):
        return f"For {name} write {column if kind == 'c' else f'C({column})'}. "
    return did_you_mean(name, columns)


def same_sign(sign: str) -> str:
    """Return what a sign that means nothing here stands for in other tools; may be empty."""
    return {
        ".": "A dot for all other columns is not read: name the predictors, joined by +.",
        "#": "Stata's a##b is here a * b, and a#b is a:b.",
        ";": "Leave the ; out: a formula ends by itself.",
        "$": "Name the column alone, without the table before a $.",
    }.get(sign, "")
