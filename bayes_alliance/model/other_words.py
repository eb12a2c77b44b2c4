"""The words of other tools, and what says the same here."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from bayes_alliance.errors import Advice, Words, did_you_mean

if TYPE_CHECKING:
    from bayes_alliance.model.tokens import Token

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

# From a family elsewhere to that of the same outcomes here, with its link where it says one.
_FAMILIES: Mapping[str, tuple[str, str | None]] = {
    **dict.fromkeys(("normal", "norm", "linear", "continuous", "identity"), ("gaussian", None)),
    **dict.fromkeys(("lm", "lmer", "ols", "regress", "gaussianidentity"), ("gaussian", None)),
    **dict.fromkeys(("binomial", "binary", "logit", "logistic", "glogit"), ("bernoulli", None)),
    **dict.fromkeys(("dichotomous", "melogit", "meqrlogit"), ("bernoulli", None)),
    **dict.fromkeys(("probit", "meprobit"), ("bernoulli", "probit")),
    "cloglog": ("bernoulli", "cloglog"),
    **dict.fromkeys(("ordinal", "ordered", "clm", "clmm", "polr", "ologit"), ("cumulative", None)),
    **dict.fromkeys(("cumulativelogit", "cumlogit", "meologit", "grm"), ("cumulative", None)),
    **dict.fromkeys(("oprobit", "meoprobit", "cumulativeprobit"), ("cumulative", "probit")),
    **dict.fromkeys(("t", "studentt", "tdist", "scat", "robust"), ("student", None)),
}
_CALL = re.compile(r"\s*([\w.]+)\s*\(\s*(?:link\s*=\s*)?[\"']?(\w*)[\"']?\s*\)\s*")
_OUTCOMES = {"bernoulli": "for an outcome of 0 and 1", "cumulative": "for ordered answers"}
_COUNTS = ("poisson", "negbinomial", "negativebinomial", "nbinom", "gamma", "beta", "lognormal")


def same_function(callee: str, arguments: Sequence[object], valid: Collection[str]) -> str:
    """Return what to write in the place of a function of another tool, or one spelt like it."""
    x, y = (*map(str, arguments), "x", "level")[:2]
    here = _TWO_WAYS.get(callee) or _FUNCTIONS.get(callee)
    if here is not None:
        return f"For {callee}() write {here.format(x=x, y=y)}. "
    return did_you_mean(callee, valid)


def same_family(name: str, links: Mapping[str, Sequence[str]]) -> Words:
    """Return what to write for a family of another tool, or one spelt like it; may be empty.

    Parameters
    ----------
    name
        As it was written: ``binomial``, ``bernoulli(logit)``.
    links
        The families there are, and the links of each, the default first.
    """
    called = _CALL.fullmatch(name)
    bare, link = (called[1], called[2] or None) if called else (name, None)
    plain = re.sub(r"[\W_]", "", bare.lower())
    if plain in _COUNTS:
        return "Counts, shares and times have no family of their own in this version."
    found, own_link = _FAMILIES.get(plain, (bare.lower() if bare.lower() in links else None, None))
    if found is None:
        return did_you_mean(name, links).rstrip()
    link = link or own_link
    usual = link is None or link not in links[found] or link == links[found][0]
    of = f", {_OUTCOMES[found]}" if found in _OUTCOMES else ""
    python = f'Write family="{found}"' + ("" if usual else f', link="{link}"')
    other = "" if usual else f" (its {link} link is to be had in Python only)"
    return Advice(python=f"{python}{of}.", command_line=f"Write --family {found}{of}{other}.")


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


def same_outline(tokens: Sequence[Token]) -> str:
    """Return what to write for a formula that has no tilde, or more than one; may be empty."""
    words = {token.text for token in tokens if token.kind == "name"}
    signs = {token.text for token in tokens if token.depth == 0 and token.kind == "symbol"}
    if "random" in words and "~" in signs:
        return "nlme's random = ~ 1 | g is here a term of the formula: + (1 | g)."
    if words & {"ON", "on"} and "~" not in signs:
        return "Mplus's ON is here a ~, and a + stands between predictors."
    if words & {"BY", "WITH"} and "~" not in signs:
        return "SPSS's y BY a WITH x is here y ~ C(a) + x."
    if "=" in signs and "~" not in signs:
        return "The outcome stands left of a ~, in the place of the =."
    return ""
