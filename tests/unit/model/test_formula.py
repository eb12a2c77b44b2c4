"""A formula is taken apart as lme4 and brms would, and a bad one is pointed at."""

import pytest

from bayes_alliance.errors import ModelError
from bayes_alliance.model.formula import GroupTerm, parse_formula
from bayes_alliance.model.library import renamed_formula
from bayes_alliance.model.response import Response


def term(expression, *factors, correlated=True, id=None):
    return GroupTerm(
        expression=expression, factors=factors, correlated=correlated, id=id, outcome="y"
    )


POPULATION = {
    "alliance ~ 1": "1",
    "alliance ~ stigma": "stigma",
    "alliance ~ stigma * setting": "stigma * setting",
    "alliance ~ 0 + setting": "0 + setting",
    "alliance ~ -1 + setting": "- 1 + setting",
    "alliance ~ stigma - 1": "stigma - 1",
    "alliance ~ (a + b)^2": "(a + b)**2",
    "alliance ~ offset(log(months)) + stigma": "offset(log(months)) + stigma",
    "alliance ~ poly(age, 2) + bs(age, df=4)": "poly(age, 2) + bs(age, df=4)",
    "alliance ~ within(stigma, g) + between(stigma, g)": "within(stigma, g) + between(stigma, g)",
    "alliance ~ C(setting, Treatment('home')) + scale(age)": (
        "C(setting, Treatment('home')) + scale(age)"
    ),
    "alliance ~ (1 | g) + stigma": "stigma",
    "alliance ~ stigma + (1 | g) - 1": "stigma - 1",
    "alliance ~ (1 | g)": "1",
    "alliance~I(x - 1)+{x+2}": "I(x - 1) + {x+2}",
    "alliance ~ `my score`:x": "`my score`:x",
}


@pytest.mark.parametrize("text", POPULATION)
def test_population_part_is_what_stands_outside_the_bars(text):
    formula = parse_formula(text)
    assert formula.population == POPULATION[text]
    assert formula.text == text
    assert formula.response == Response(outcome="alliance")


GROUPS = {
    "(1 | g)": [term("1", "g")],
    "(1 + stigma | g)": [term("1 + stigma", "g")],
    "(1 + x || g)": [term("1 + x", "g", correlated=False)],
    "(0 + setting | g)": [term("0 + setting", "g")],
    "(1 | agency/manager)": [term("1", "agency"), term("1", "agency", "manager")],
    "(x | a/b/c)": [term("x", "a"), term("x", "a", "b"), term("x", "a", "b", "c")],
    "(1 | a:b)": [term("1", "a", "b")],
    "(1 | a:b/c)": [term("1", "a", "b"), term("1", "a", "b", "c")],
    "(1 |m| g)": [term("1", "g", id="m")],
    "(1 | m | a/b)": [term("1", "a", id="m"), term("1", "a", "b", id="m")],
    "(1 | a) + (1 | b)": [term("1", "a"), term("1", "b")],
    "(1 | g) + (0 + x | g)": [term("1", "g"), term("0 + x", "g")],
    "(1 | `case manager`)": [term("1", "case manager")],
    "(poly(age, 2) | g)": [term("poly(age, 2)", "g")],
    "((x + z)^2|g)": [term("(x + z)**2", "g")],
    "( 1 |g )": [term("1", "g")],
}


@pytest.mark.parametrize("text", GROUPS)
def test_group_terms(text):
    formula = parse_formula(f"y ~ x + {text}")
    assert list(formula.group_terms) == GROUPS[text]
    assert formula.population == "x"


RESPONSES = {
    "y": Response(outcome="y"),
    "`WAI total`": Response(outcome="WAI total"),
    "y | weights(w)": Response(outcome="y", weights="w"),
    "y|weights(`my w`)": Response(outcome="y", weights="my w"),
    "y | weights(w, precision)": Response(outcome="y", weights="w", weight_kind="precision"),
    'y | weights(w, "frequency")': Response(outcome="y", weights="w"),
    "y | se(s)": Response(outcome="y", weights="s", weight_kind="known_error"),
}


@pytest.mark.parametrize("text", RESPONSES)
def test_left_side(text):
    assert parse_formula(f"{text} ~ x").response == RESPONSES[text]


# The caret stands under the sign or term that cannot be read.
POINTED = {
    "y ~ x $ z": "      ^",
    "y ~ x z": "      ^",
    "y ~ x if z": "      ^",
    "y ~ log(x z)": "          ^",
    "y ~ 1e-1 + x": "     ^",
    "y ~ x 'z'": "      ^",
    "y ~ (x)(z)": "       ^",
    "y ~ x, z": "     ^",
    "y ~ x % z": "      ^",
    "y ~ x // z": "      ^",
    "y ~ x == z": "      ^",
    "y ~ x = z": "      ^",
    "y ~ x[1]": "     ^",
    "y ~ x:": "     ^",
    "y ~ x *": "      ^",
    "y ~ * x": "    ^",
    "y ~ x * : z": "      ^",
    "y ~ (x +) z": "       ^",
    "y ~ x^2": "     ^",
    "y ~ (x + z**2)^2": "          ^",
    "y ~ x +": "       ^",
    "y ~ x + + z": "        ^",
    "y ~ x + -z": "        ^",
    "y ~ ": "    ^",
    "y ~": "   ^",
    "y x": "   ^",
    "": "^",
    "y ~ x ~ z": "      ^",
    "~ x": "^",
    "log(y) ~ x": "^",
    "y + z ~ x": "^",
    "3 ~ x": "^",
    "y ~ (x": "    ^",
    "y ~ x)": "     ^",
    "y ~ (x]": "      ^",
    "y ~ {x)": "      ^",
    "y ~ (1 | g": "    ^",
    "y ~ (1 | )": "       ^",
    "y ~ ( | g)": "      ^",
    "y ~ (1 | g + x | h)": "       ^",
    "y ~ 1 | g": "    ^",
    "y ~ x + 1 | g": "        ^",
    "y ~ x:(1 | g)": "         ^",
    "y ~ (1 | g):x": "       ^",
    "y ~ x - (1 | g)": "      ^",
    "y ~ (1 | g + h)": "         ^",
    "y ~ (1 | log(g))": "         ^",
    "y ~ (1 | 3)": "         ^",
    "y ~ (1 | g/g)": "         ^",
    "y | foo(w) ~ x": "    ^",
    "y | ~ x": "  ^",
    "y | weights(w, often) ~ x": "               ^",
    "y | weights() ~ x": "    ^",
    "y | trials(n) ~ x": "    ^",
    "mvbind(y1, y2) ~ x": "^",
    "y ~ (1 | mm(a, b))": "         ^",
}


@pytest.mark.parametrize("text", POINTED)
def test_an_error_points_at_its_place(text):
    with pytest.raises(ModelError) as caught:
        parse_formula(text)
    caret = POINTED[text]
    lines = str(caught.value).splitlines()
    assert lines[1] == f"    {text}"
    assert lines[2] == f"    {caret}"
    assert caught.value.facts["place"] == caret.index("^")
    assert caught.value.facts["formula"] == text
    # What was found before the picture, what to do after it.
    assert lines[0].strip().endswith(".")
    assert lines[3].strip()


def test_words_of_later_versions_are_named():
    with pytest.raises(ModelError, match=r"trials\(\) is not part of this version"):
        parse_formula("y | trials(n) ~ x")
    # As a column the same word is welcome.
    assert parse_formula("y ~ trials").population == "trials"


def test_columns_take_the_place_of_words():
    formula = "alliance ~ within(stigma, manager) + stigma:stigma2 + (1 + stigma | manager)"
    renamed = renamed_formula(
        formula, {"alliance": "wai_total", "stigma": "Link score", "manager": "cm"}
    )
    assert renamed == (
        "wai_total ~ within(`Link score`, cm) + `Link score`:stigma2 + (1 + `Link score` | cm)"
    )


def test_functions_and_quoted_words_are_not_renamed():
    words = {"scale": "x", "stigma": "x"}
    assert renamed_formula("y ~ scale(stigma) + `stigma`", words) == "y ~ scale(x) + `stigma`"


@pytest.mark.parametrize(
    ("column", "written"),
    [("wai", "wai"), ("Größe", "Größe"), ("2nd", "`2nd`"), ("_x", "`_x`"), ("a-b", "`a-b`")],
)
def test_names_are_quoted_where_they_need_it(column, written):
    renamed = renamed_formula("y ~ x", {"x": column})
    assert renamed == f"y ~ {written}"
    assert parse_formula(renamed).population == written
