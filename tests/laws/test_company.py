"""Company: a row predicted alone is predicted as it is beside others, in every model.

Rows of groups seen and new, with stated means and without, one by one against all together.
"""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bayes_alliance as ba
from bayes_alliance.data.labels import group_labels
from bayes_alliance.model import expression, transforms
from bayes_alliance.model.subset import keep_rows
from bayes_alliance.sampling.fit import Fit

STATED = "between(x, school)"
TERMS = [
    "x",
    "scale(x)",
    "standardize(z)",
    "center(z)",
    "poly(x, 2)",
    "poly(z, 3)",
    "bs(x, df=4)",
    "cr(z, df=4)",
    "log(size)",
    "scale(log(size))",
    "I(x * z)",
    "offset(z)",
    "kind",
    "C(wave)",
    "binary(kind)",
    "binary(wave)",
    "within(x, school)",
    "between(x, school)",
    "within(log(size), school)",
    "scale(between(z, region))",
    "within(scale(z), school)",
]
SLOPES = ["1", "x", "within(x, school)", "between(z, region)", "kind", "scale(z)"]
GROUPS = ["({} | school)", "({} | region/school)", "({} | region) + (1 | rater)"]
FAMILIES = {"y": "gaussian", "chosen": "bernoulli", "level": "cumulative"}


def study(seed: int, rows: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    school = rng.permutation(np.arange(rows) % 8)
    return pd.DataFrame(
        {
            "y": rng.normal(size=rows),
            "chosen": np.arange(rows) % 2,
            "level": np.arange(rows) % 4,
            "x": rng.normal(3, 2, size=rows),
            "z": rng.uniform(-1, 1, size=rows) + 0.2 * school,
            "size": rng.gamma(3, 10, size=rows) + 1,
            "kind": rng.permutation(np.resize(["home", "ward", "clinic"], rows)),
            "wave": rng.permutation(np.resize([0, 1, 2], rows)),
            "school": [f"S{k}" for k in school],
            "region": [f"R{k % 3}" for k in school],
            "rater": rng.permutation(np.resize(["a", "b", "c", "d"], rows)),
        }
    )


def newcomers(table: pd.DataFrame, seed: int, rows: int = 7) -> pd.DataFrame:
    """Return rows of known groups and of new ones, some of which state the mean of x."""
    rng = np.random.default_rng([seed, 1])
    found = table.sample(rows, random_state=seed).reset_index(drop=True)
    for name in ("x", "z", "size"):  # inside the range: splines say nothing outside it
        found[name] = rng.uniform(table[name].min(), table[name].max(), size=rows)
    new = rng.random(rows) < 0.5
    found["school"] = np.where(new, rng.choice(["new", "other"], size=rows), found["school"])
    found["region"] = np.where(new, rng.choice(["R0", "R9"], size=rows), found["region"])
    return found.assign(**{STATED: np.where(rng.random(rows) < 0.3, 4.0, np.nan)})


def columns_of(model: ba.Model, rows: pd.DataFrame) -> np.ndarray:
    made = model.rebuild_design(rows)
    return np.column_stack([made.X, made.offset, *made.Z.values(), *made.index.values()])


def lonely(rows: pd.DataFrame) -> list[pd.DataFrame]:
    return [rows.iloc[[k]].reset_index(drop=True) for k in range(len(rows))]


def changes_in_company(model: ba.Model, rows: pd.DataFrame) -> bool:
    alone = np.concatenate([columns_of(model, row) for row in lonely(rows)])
    # The same sums in another order: 1e-12 of a column's size.
    return not np.allclose(alone, columns_of(model, rows), rtol=1e-12, atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    terms=st.lists(st.sampled_from(TERMS), min_size=1, max_size=3, unique=True),
    cross=st.booleans(),
    slope=st.sampled_from(SLOPES),
    groups=st.sampled_from(GROUPS),
    outcome=st.sampled_from(list(FAMILIES)),
)
def test_a_row_has_the_same_columns_alone(seed, terms, cross, slope, groups, outcome):
    single = [term for term in terms if term.startswith(("offset", "bs", "cr"))]  # never crossed
    plain = [term for term in terms if term not in single]
    population = " + ".join(
        ["1", *single, *([(" * " if cross else " + ").join(plain)] * bool(plain))]
    )
    table = study(seed)
    formula = f"{outcome} ~ {population} + {groups.format(slope)}"
    model = ba.Model(formula, table, FAMILIES[outcome])
    assert not changes_in_company(model, newcomers(table, seed)), formula


def test_every_term_by_itself():
    table = study(1)
    for term in TERMS:
        model = ba.Model(f"y ~ {term} + (1 | school)", table)
        assert not changes_in_company(model, newcomers(table, 1)), term


class MeanOfNewRows(transforms.Between):
    """The offender: rows of a new group make its mean, as they did once."""

    def mean_of(self, x: Any, group: Any) -> np.ndarray:
        known = super().mean_of(x, group)
        labels = group_labels(pd.Series(group)).reset_index(drop=True)
        here = pd.Series(np.asarray(x, dtype=float)).groupby(labels).transform("mean")
        return np.where(labels.isin(self.means), known, here)


class ScaledOnNewRows(transforms.Scale):
    """The other offender: new rows are standardised by themselves."""

    def __call__(self, x: Any) -> Any:
        self.params_set = False
        return np.nan_to_num(super().__call__(x))


@pytest.mark.filterwarnings("ignore:Degrees of freedom", "ignore:invalid value")
@pytest.mark.parametrize(
    ("name", "offender", "term"),
    [("between", MeanOfNewRows, "between(x, school)"), ("scale", ScaledOnNewRows, "scale(x)")],
)
def test_an_offender_is_seen(monkeypatch, name, offender, term):
    table = study(1)
    model = ba.Model(f"y ~ {term} + (1 | school)", table)
    rows = newcomers(table, 1).drop(columns=STATED).assign(school="new")
    assert not changes_in_company(model, rows)
    monkeypatch.setitem(expression._OWN, name, offender)
    assert changes_in_company(model, rows)


FORMULA = "{} ~ within(x, school) + between(x, school) * kind + scale(z) + (1 + scale(z) | school)"


@pytest.fixture(scope="module")
def fits(prior_fit) -> dict[str, Fit]:
    models = {o: ba.Model(FORMULA.format(o), study(3), FAMILIES[o]) for o in FAMILIES}
    return {outcome: prior_fit(model) for outcome, model in models.items()}


def draws_of(found: Any) -> np.ndarray:
    return next(iter(found.draws.data_vars.values())).to_numpy()


@pytest.mark.parametrize("outcome", list(FAMILIES))
@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 10_000), target=st.sampled_from(["new", "either", "average"]))
def test_every_verb_says_the_same_of_a_row_alone(fits, outcome, seed, target):
    fit = fits[outcome]
    rows = newcomers(study(3), seed, rows=3)
    asked = {"target": target}
    verbs = {
        "predict": lambda row: ba.predict(fit, row, **asked),
        "predict on the link scale": lambda row: ba.predict(fit, row, scale="link", **asked),
        "contrast": lambda row: ba.contrast(fit, "x", row, by=None, **asked),
        "contrast of a mean": lambda row: ba.contrast(fit, STATED, row, by=None, **asked),
        "slopes": lambda row: ba.slopes(fit, "x", row, by=None, **asked),
    }
    for name, verb in verbs.items():
        together = draws_of(verb(rows))
        alone = np.concatenate([draws_of(verb(row)) for row in lonely(rows)], axis=2)
        # The mean over new groups is an integral, exact to 1e-9 by as many points as the rows need;
        # a slope is a difference of two over a width of 2e-4 standard deviations.
        np.testing.assert_allclose(
            alone, together, rtol=1e-9, atol=1e-5 if name == "slopes" else 1e-8, err_msg=name
        )


@pytest.mark.parametrize("outcome", list(FAMILIES))
def test_the_rows_of_a_grid_stand_alone_too(fits, outcome):
    fit = fits[outcome]
    rows = ba.grid(fit, "kind", **{STATED: [1.0, 5.0]})
    assert (rows["x"] == rows[STATED]).all()
    together = draws_of(ba.predict(fit, rows))
    alone = [draws_of(ba.predict(fit, row)) for row in lonely(rows)]
    np.testing.assert_allclose(np.concatenate(alone, axis=2), together, rtol=1e-9, atol=1e-8)


def test_rows_left_out_do_not_take_their_groups_along():
    """Refits without a group keep what whole groups taught; so do the rows that were left out."""
    model = ba.Model(FORMULA.format("y"), study(3))
    keep = model.design.group("school").index != 2
    smaller = keep_rows(model, keep)
    np.testing.assert_array_equal(smaller.design.X, model.design.X[keep])
    for rows in (keep, ~keep):
        again = smaller.rebuild_design(model.frame.rows[rows])
        np.testing.assert_allclose(again.X, model.design.X[rows], rtol=1e-12, atol=1e-12)
