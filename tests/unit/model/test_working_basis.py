"""The working basis: every column freed from those below it, in whatever way it is written."""

import numpy as np
import pandas as pd
import pytest

from bayes_alliance.errors import ModelError
from bayes_alliance.model.spec import Model

rng = np.random.default_rng(8)
ROWS = 240
TABLE = pd.DataFrame(
    {
        "y": rng.normal(50, 4, ROWS),
        "x": rng.normal(30, 2, ROWS),
        "z": rng.normal(-9, 1.5, ROWS),
        "a": rng.choice(list("pqr"), ROWS, p=[0.6, 0.3, 0.1]),
        "d": np.tile([0, 1, 1], ROWS // 3),
        "g": np.arange(ROWS) % 12,
    }
)
LOWER = {
    "y ~ x * z + I(x**2)": {"x": [0], "z": [0], "x:z": [0, 1, 2], "I(x ** 2)": [0, 1]},
    "y ~ a * x": {"a[q]": [0], "x": [0], "a[q]:x": [0, 1, 2, 3], "a[r]:x": [0, 1, 2, 3]},
    "y ~ x + z + center(x):z": {"center(x):z": [0, 1, 2]},
    "y ~ x * d": {"x:d": [0, 1, 2]},
}


def sds(formula, table=TABLE, priors=None):
    """Prior sds by element, in sds of the outcome."""
    entries = Model(formula, table, priors=priors).priors.entries
    scale = table["y"].std()
    return {e.key: e.prior.arguments[-1] / scale for e in entries if e.variable != "cor_g"}


def level_differences(formula, table=TABLE):
    """Prior sds of the differences between any two levels of a, in sds of the outcome."""
    model = Model(formula, table)
    rows = pd.DataFrame({"a": list("pqr"), "x": 30.0, "z": 0.0, "d": 0, "g": 0})
    root = model.rebuild_design(rows).X @ model.priors.basis.coefficients.to_user
    root = root * [p.arguments[1] for p in model.priors.of("b")] / table["y"].std()
    return [float(np.linalg.norm(root[i] - root[j])) for i, j in ((0, 1), (0, 2), (1, 2))]


@pytest.mark.parametrize("formula", LOWER)
def test_what_is_left_of_a_column_is_at_right_angles_to_all_below_it(formula):
    model = Model(formula, TABLE, priors={"b": "Normal(0, 1) at the means"})
    basis = model.priors.basis.coefficients
    X = model.design.X
    working = X @ basis.to_user
    np.testing.assert_allclose(working @ basis.to_working, X, rtol=1e-9, atol=1e-9)
    plain = Model(formula, TABLE).design
    for label, below in LOWER[formula].items():
        place = plain.coefficients.index(label)
        alone = [k for k in range(X.shape[1]) if "[r]" not in plain.coefficients[k]]
        if place not in alone:
            continue  # the second level is tied to the first: it is no column of its own
        column = working[:, place]
        for other in set(below) & set(alone):
            cosine = column @ X[:, other] / np.linalg.norm(column) / np.linalg.norm(X[:, other])
            assert abs(cosine) < 1e-8


def test_a_column_as_written_is_not_at_right_angles():
    """The offender of the test above."""
    X = Model("y ~ x * z", TABLE).design.X
    cosine = X[:, 3] @ X[:, 1] / np.linalg.norm(X[:, 3]) / np.linalg.norm(X[:, 1])
    assert abs(cosine) > 0.1


@pytest.mark.parametrize(
    ("term", "factor"),
    [("I(x**2/100)", 0.01), ("I((x/10)**2)", 0.01), ("I(x*x*3)", 3.0), ("I(-x**2)", 1.0)],
)
def test_a_constant_factor_is_a_unit(term, factor):
    plain = sds("y ~ x + I(x**2)")["b[I(x ** 2)]"]
    own = next(v for k, v in sds(f"y ~ x + {term}").items() if k.startswith("b[I("))
    assert own == pytest.approx(plain / factor, rel=1e-9)


def test_siblings_keep_their_own_units():
    found = sds("y ~ x + I(2*x)")
    assert found["b[x]"] == pytest.approx(2 * found["b[I(2 * x)]"])
    assert found["b[x]"] == pytest.approx(2.5 / TABLE["x"].std())


@pytest.mark.parametrize(
    ("crossed", "nested", "label"),
    [("a * x", "a + a:x", "x"), ("a * d", "a + a:d", "d"), ("a * x", "a/x", "x")],
)
def test_a_number_within_levels_has_the_scale_it_has_across_them(crossed, nested, label):
    across = sds(f"y ~ {crossed}")[f"b[a[q]:{label}]"]
    assert sds(f"y ~ {nested}")[f"b[a[r]:{label}]"] == pytest.approx(across)


def test_a_narrow_level_does_not_widen_a_prior():
    narrow = TABLE.assign(x=np.where(TABLE["a"] == "r", 30 + TABLE["x"] / 1e6, TABLE["x"]))
    for formula in ("y ~ a + a:x", "y ~ a * poly(x, 2)", "y ~ a * I(x**2)"):
        table = sds(formula, narrow)
        of_r = [v for k, v in table.items() if k.startswith("b[a[r]:")]
        of_q = [v for k, v in table.items() if k.startswith("b[a[q]:")]
        assert of_r == pytest.approx(of_q)


@pytest.mark.parametrize(
    "formula", ["y ~ a", "y ~ 0 + a", "y ~ C(a, Sum)", "y ~ a + x", "y ~ C(a, Sum) + d"]
)
def test_any_two_levels_differ_alike_in_every_coding(formula):
    assert level_differences(formula) == pytest.approx([5.0] * 3)


def test_two_balanced_values_count_like_two_categories():
    half = TABLE.assign(d=np.tile([0, 1], ROWS // 2))
    words = half.assign(d=half["d"].map({0: "no", 1: "yes"}))
    assert sds("y ~ x * d", half)["b[d]"] == pytest.approx(5.0, rel=1e-12)
    assert list(sds("y ~ x * d", half).values()) == pytest.approx(
        list(sds("y ~ x * d", words).values()), rel=1e-12
    )


def test_levels_that_never_meet_leave_the_others_tied():
    holes = TABLE.assign(k=np.tile(list("ABC"), ROWS // 3))
    holes = holes[~((holes["a"] == "r") & (holes["k"] == "C"))].reset_index(drop=True)
    model = Model("y ~ a * k", holes)
    assert "a[r]:k[C]" in model.design.aliased
    tied = [e for e in model.priors.entries if e.key.startswith("b[a[") and ":" in e.key]
    assert len(tied) == 3
    assert {e.stands for e in tied} == {"any two levels alike"}


def test_thresholds_lie_around_the_offset_and_have_the_room_of_the_slopes_at_zero():
    table = TABLE.assign(r=np.tile([1, 2, 3], ROWS // 3), off=7.0)
    plain = Model("r ~ x + z + offset(off)", table, "cumulative")
    assert [p.arguments for p in plain.priors.of("cutpoint")] == [(7.0, 5.0)] * 2
    own = {"cutpoint[1|2]": "Normal(0, 3)"}
    written = Model("r ~ x + z + offset(off)", table, "cumulative", own).priors.of("cutpoint")[1]
    shift = (TABLE[["x", "z"]].mean() / TABLE[["x", "z"]].std()).to_numpy()
    assert written.arguments == pytest.approx((7.0, np.hypot(5, 2.5 * np.linalg.norm(shift))))
    assert {e.stands for e in Model("r ~ 0 + a", table, "cumulative").priors.entries} <= {
        "as written", "at the means", "any two levels alike"
    }  # fmt: skip


def test_two_terms_that_formulae_writes_alike_are_refused():
    with pytest.raises(ModelError, match="differ in their brackets"):
        Model("y ~ x + I((x/10)**2) + I(x/10**2)", TABLE)
    assert len(Model("y ~ I(x**2) + I(x**2)", TABLE).design.coefficients) == 2


@pytest.mark.parametrize("text", ["At the means", "at  the means", "at the mean ", "AT THE MEANS"])
def test_at_the_means_in_any_spelling(text):
    model = Model("y ~ x", TABLE, priors={"b[Intercept]": f"Normal(50, 9) {text}"})
    assert model.priors.entries[0].stands == "at the means"
    plain = Model("y ~ x", TABLE, priors={"b[Intercept]": "Normal(50, 9) as written"})
    assert plain.priors.entries[0].stands == "as written"
    with pytest.raises(ModelError, match="with 'at the means' behind it"):
        Model("y ~ x", TABLE, priors={"b[Intercept]": "Normal(50, 9) in the middle"})


def test_two_blocks_of_a_factor_come_back_from_their_strings():
    """What stands as written in any case, the block without a constant, moves no other."""
    formula = "y ~ x + (1 + x | g) + (0 + z + d | g)"
    table = Model(formula, TABLE, priors={"sd_g[z]": "HalfNormal(1)"}).priors
    assert {e.key: e.stands for e in table.entries if e.variable == "sd_g"} == {
        "sd_g[Intercept]": "at the means",
        "sd_g[x]": "at the means",
        "sd_g[z]": "as written",
        "sd_g[d]": "as written",
    }
    again = Model(formula, TABLE, priors=table.strings).priors
    assert again.basis == table.basis
