"""The order law: rows, columns and terms may stand in any order."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bayes_alliance import names
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.engines.collapsed.priors import variance_priors


def same_place(first, second, at, sd_places):
    """Return the places of the second model that are those of the first, correlations zero."""
    here, there = sd_places(first), sd_places(second)
    assert here.keys() == there.keys()
    one, two = np.zeros_like(at), np.zeros_like(at)
    moved = {place: there[key] for key, place in here.items()}
    if not variance_priors(first).known_sigma:
        moved[0] = 0
    for old, new in moved.items():
        one[:, old], two[:, new] = at[:, old], at[:, old]
    return one, two


def difference(first, second, at, sd_places, densities):
    one, two = same_place(first, second, at, sd_places)
    here = densities(first, one)
    return np.max(np.abs(densities(second, two) - here) / np.abs(here))


@settings(max_examples=12)
@given(data=st.data(), seed=st.integers(0, 9999))
def test_rows_columns_and_terms_in_any_order(
    formulas, study, places, densities, sd_places, data, seed
):
    asked, rng = data.draw(formulas()), np.random.default_rng(seed)
    table = study(seed, far=3.0)
    zero = asked.pieces[:1] if asked.pieces[0] == "0" else []
    terms = [*asked.pieces[len(zero) :], *asked.effects]
    text = f"{asked.response} ~ {' + '.join([*zero, *rng.permutation(terms)])}"
    shuffled = table.sample(frac=1.0, random_state=seed)[list(rng.permutation(table.columns))]
    first, second = Model(asked.text, table), Model(text, shuffled)
    assert difference(first, second, places(first, seed), sd_places, densities) <= 1e-8


WRITTEN_OUT = [
    ("a*x", "a + x + a:x"),
    ("a*x", "x:a + x + a"),
    ("x*z", "x:z + z + x"),
    ("x*z*a", "x + z + a + x:z + x:a + z:a + x:z:a"),
    ("a*b", "b:a + a + b"),
    ("b + b:a", "b:a + b"),
    ("a*x + z", "a:x + z + x + a + x:a"),
    ("x + I(x**2)", "I(x**2) + x"),
    ("x + z + I(x*z)", "x*z"),
]
NESTED = [
    ("(1 | h/g)", "(1 | h) + (1 | h:g)"),
    ("(1 | h/g)", "(1 | h:g) + (1 | h)"),
    ("(1 + x + z | g)", "(1 + z + x | g)"),
    ("(1 + x | g)", "(x | g)"),
    ("(1 + a | g)", "(a + 1 | g)"),
]


@pytest.mark.parametrize(("short", "long"), WRITTEN_OUT)
def test_terms_written_out(short, long, study, places, densities, sd_places):
    first, second = (Model(f"y ~ {own} + (1 | g)", study(3, far=3.0)) for own in (short, long))
    assert difference(first, second, places(first, 3), sd_places, densities) <= 1e-8
    assert len(first.design.coefficients) == len(second.design.coefficients)


@pytest.mark.parametrize(("short", "long"), NESTED)
def test_group_terms_written_out(short, long, study, places, densities, sd_places):
    first, second = (Model(f"y ~ x + z + a + {own}", study(3, far=3.0)) for own in (short, long))
    assert difference(first, second, places(first, 3), sd_places, densities) <= 1e-8


def test_each_term_once_and_after_what_it_contains(study):
    model = Model("y ~ b:a + x:b + b:x + b + x + (1 | g)", study(1))
    assert model.design.coefficients == (
        "Intercept", "b[yes]", "b[no]:a[mid]", "b[no]:a[top]", "b[yes]:a[mid]", "b[yes]:a[top]",
        "x", "x:b[yes]",
    )  # fmt: skip


def test_an_offender_is_seen(study, places, densities, sd_places):
    """A basis that frees each column from those that happen to stand to its left."""
    table = study(4, far=3.0)
    texts = [f"y ~ {own} + (1 | g)" for own in ("x + z", "z + x")]
    table = table.assign(z=table["z"] + 2 * table["x"])

    def offending(text):
        model = Model(text, table)
        X = model.design.X
        own = {}
        for k, label in enumerate(model.design.coefficients[1:], start=1):
            left = X[:, k] - X[:, :k] @ np.linalg.lstsq(X[:, :k], X[:, k])[0]
            own[f"{names.B}[{label}]"] = f"Normal(0, {float(5 / left.std())!r})"
        return Model(text, table, priors=own)

    first, second = (offending(text) for text in texts)
    assert difference(first, second, places(first, 3), sd_places, densities) > 1e-6
    first, second = (Model(text, table) for text in texts)
    assert difference(first, second, places(first, 3), sd_places, densities) <= 1e-8
