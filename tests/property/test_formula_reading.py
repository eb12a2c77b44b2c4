"""Formulas are read as formulae reads them; whatever is written ends in a model or one error."""

import time
import warnings

import numpy as np
import pandas as pd
import pytest
from formulae.parser import Parser
from formulae.resolver import Resolver
from formulae.scanner import Scanner
from formulae.terms import Model as Terms

import bayes_alliance as ba
from bayes_alliance.errors import AllianceError, ModelError
from bayes_alliance.model.calls import parsed_expression

EXPRESSIONS = (
    "1 + x + z + x", "x * z * c - x:z", "(x + z + c)**2", "0 + x + 1", "x / (z + c)", "1 - 1",
    "x:z + z:x", "- 1 + x", "x + 0 + z", "log(x) + log(x) + I(x + z)", "x - x", "x + z - 1 + 1",
)  # fmt: skip


COLUMNS = ("x", "z", "c", "f", "`x^2`", "`a b`", "`:|`", "naïve", "g", "missing", "`", "_x", "x.1")
_GOOD = tuple(name for name in COLUMNS if name not in ("missing", "`", "g"))
_NUMBERS = ("0", "1", "2", "-1", "3.5", ".5", "101", "10**9", "9" * 400, "1e5", "0x1F", "1_000")
_SIGNS = ("+", "-", "*", ":", "/", "**", "^", "|", "||", "~", "==", "<", "//", "%", ",", "=", "@")
_CALLS = (
    "I", "C", "log", "sqrt", "scale", "center", "within", "between", "poly", "bs", "cr", "offset",
    "np.log", "np.load", "eval", "factor", "s", "exec", "__import__", "hsgp", "T", "S", "B", "p",
)  # fmt: skip
_ODD = (
    "(", ")", "[", "]", "{", "}", "'it", '"', "\\", "\x00", "\x01", "\t", "\n", "\xa0", "$", "#",
    "\u202e", "\u200b", "\ud800", "🙂", "None", "True", "lambda", "...", ".", "é", "e\u0301", "?",
)  # fmt: skip


def random_formula(rng):
    """Return a formula that may or may not be one."""
    right = _sum(rng, depth=int(rng.integers(0, 4)))
    if rng.random() < 0.5:
        right += f" + ({_sum(rng, depth=1)} | {_chosen(rng, ('g', 'f', 'f/g', 'f:g', 'c'))})"
    text = f"y ~ {right}"
    for _ in range(int(rng.integers(0, 4)) if rng.random() < 0.4 else 0):
        place = int(rng.integers(0, len(text) + 1))
        text = text[:place] + _chosen(rng, (*_ODD, *_SIGNS, *_NUMBERS)) + text[place:]
    return text


def random_expression(rng):
    """Return a right side of the words and signs that formulae has too."""
    return _sum(rng, depth=int(rng.integers(0, 4)), plain=True)


def _sum(rng, *, depth, plain=False):
    parts = [_part(rng, depth, plain) for _ in range(int(rng.integers(1, 5)))]
    signs = ("+", "+", "-", "*", ":", "/")
    if not plain and rng.random() < 0.05:
        signs = _SIGNS
    joined = parts[0]
    for part in parts[1:]:
        joined += f" {_chosen(rng, signs)} {part}"
    return joined


def _part(rng, depth, plain):
    kind = rng.random()
    if depth and kind < 0.25:
        return f"({_sum(rng, depth=depth - 1, plain=plain)})"
    if depth and kind < 0.5:
        name = _chosen(rng, ("I", "log", "scale", "center") if plain else _CALLS)
        simple = plain or rng.random() < 0.6
        inner = _chosen(rng, ("x", "z")) if simple else _sum(rng, depth=depth - 1)
        more = f", {_chosen(rng, (*_NUMBERS, 'df=4', 'g', 'degree=2'))}" if not plain else ""
        return f"{name}({inner}{more if rng.random() < 0.4 else ''})"
    usual = plain or rng.random() < 0.9
    if kind < 0.55:
        return _chosen(rng, ("0", "1") if usual else _NUMBERS)
    return _chosen(rng, COLUMNS[:5] if plain else _GOOD if usual else COLUMNS)


def _chosen(rng, options):
    return options[int(rng.integers(len(options)))]


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    rng = np.random.default_rng(6)
    numbers = {name: rng.gamma(2, size=24) for name in ("y", "x", "z", "x^2", "a b", ":|", "naïve")}
    words = {"c": list("abcd") * 6, "f": list("uvw") * 8, "g": [*"klmnop"] * 4}
    return pd.DataFrame({**numbers, **words, "_x": rng.normal(size=24), "x.1": range(24)})


def as_formulae(expression):
    found = Resolver(Parser(Scanner(expression).scan()).parse()).resolve()
    return found if isinstance(found, Terms) else Terms(found)


def names_of(read, expression):
    try:
        return [term.name for term in read(expression).common_terms]
    except ModelError as error:
        return "power" if "power" in str(error) else "refused"
    except Exception:
        return "refused"


def test_chains_are_read_as_formulae_reads_them():
    rng = np.random.default_rng(20261201)
    drawn = [random_expression(rng) for _ in range(600)]
    found = {text: names_of(parsed_expression, text) for text in (*EXPRESSIONS, *drawn)}
    assert found == {text: names_of(as_formulae, text) for text in found}
    read = [names for names in found.values() if names != "refused"]
    assert len(read) > 200
    assert max(map(len, read)) > 8


def test_a_text_may_hold_the_other_quotation_mark():
    call = parsed_expression("""C(c, Treatment("it's"))""").common_terms[1].components[0].call
    assert call.args[1].args[0].value == "it's"


def ends(formula, rows):
    """Return whether a model, and not one error, came of it: in time and in silence."""
    started = time.perf_counter()
    told = None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            ba.Model(formula, rows)
        except AllianceError as error:
            told = error
    assert time.perf_counter() - started < 10
    if told is not None:
        # Where the formula itself is shown, with a caret, it says what was asked.
        shown = str(told.sentences[1]).startswith("\n")
        assert len(told.sentences) == (2 if shown else 3)
        assert len(str(told)) < 3000
    return told is None


def test_whatever_is_written_ends_in_a_model_or_one_error(rows):
    rng = np.random.default_rng(4)
    models = [ends(random_formula(rng), rows) for _ in range(300)]
    assert 30 < sum(models) < 270


@pytest.mark.slow
def test_thousands_of_formulas_end_in_a_model_or_one_error(rows):
    rng = np.random.default_rng(5)
    models = [ends(random_formula(rng), rows) for _ in range(4000)]
    assert sum(models) > 500
