"""Columns of an expression: as R would make them, and the same again from plain JSON."""

import json

import numpy as np
import pandas as pd
import pytest

from bayes_alliance.errors import DataError, ModelError
from bayes_alliance.model.group_mean_terms import with_whole_groups
from bayes_alliance.model.linear import apply_part, learn_part

EXPRESSIONS = [
    "1",
    "0",
    "stigma",
    "0 + setting",
    "stigma * setting",
    "stigma:setting",
    "setting/stigma",
    "setting:agency",
    "grade",
    "grade * stigma",
    "new * age",
    "C(wave)",
    "C(wave) * setting",
    "C(setting, Treatment('home'))",
    "C(setting, Treatment('home')) * age",
    "C(setting, Sum) * stigma",
    "C(grade, Sum)",
    "S(setting)",
    "T(setting, 'ward')",
    "scale(age)",
    "standardize(age) * setting",
    "center(age)",
    "within(stigma, manager)",
    "between(stigma, manager)",
    "within(stigma, manager) + between(stigma, manager)",
    "within(scale(age), agency)",
    "scale(within(stigma, manager))",
    "within(`my score`, manager) * setting",
    "poly(age, 2)",
    "poly(age, 3, raw=True)",
    "bs(age, df=4)",
    "bs(age, df=5, degree=2)",
    "cr(age, df=4)",
    "poly(age, 2):setting",
    "scale(log(age)) + scale(stigma)",
    "offset(log(age)) + stigma",
    "offset(stigma) + offset(age)",
    "offset(2)",
    "log(age) + sqrt(age) + np.exp(stigma)",
    "I(age**2) + {age + stigma}",
    "I(age > 40)",
    "exp(scale(stigma))",
    "`my score` + age",
    "(stigma + age + setting)^2",
]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_the_state_makes_the_same_columns(expression, clients):
    expression = expression.replace("^", "**")
    part = learn_part(expression, clients, clients)
    kept = json.loads(json.dumps(part.state))
    matrix, offset = apply_part(kept, clients)
    # The state is learnt once and read back digit for digit.
    np.testing.assert_array_equal(matrix, part.matrix)
    np.testing.assert_array_equal(offset, part.offset)
    assert len(part.labels) == part.matrix.shape[1] == len(set(part.labels))


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_new_rows_are_done_row_by_row_with_what_was_learnt(expression, clients):
    """A few old rows in another order give the old rows' columns: nothing is learnt anew."""
    part = learn_part(expression.replace("^", "**"), clients, clients)
    some = [30, 7, 7, 12]
    matrix, offset = apply_part(part.state, clients.iloc[some])
    np.testing.assert_allclose(matrix, part.matrix[some], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(offset, part.offset[some], rtol=1e-12)


def columns(expression, clients, all_rows=None):
    part = learn_part(expression, clients, clients if all_rows is None else all_rows)
    return dict(zip(part.labels, part.matrix.T, strict=True)), part


def test_treatment_contrast_against_the_chosen_level(clients):
    found, _ = columns("C(setting, Treatment('home'))", clients)
    assert list(found) == [
        "Intercept",
        "C(setting, Treatment('home'))[clinic]",
        "C(setting, Treatment('home'))[ward]",
    ]
    np.testing.assert_array_equal(
        found["C(setting, Treatment('home'))[ward]"], clients["setting"] == "ward"
    )


def test_sum_contrast_codes_the_last_level_minus_one(clients):
    found, _ = columns("C(setting, Sum)", clients)
    expected = {"clinic": (1, 0), "home": (0, 1), "ward": (-1, -1)}
    coded = np.column_stack([found["C(setting, Sum)[clinic]"], found["C(setting, Sum)[home]"]])
    np.testing.assert_array_equal(coded, [expected[s] for s in clients["setting"]])


def test_a_categorical_column_keeps_the_order_of_its_levels(clients):
    found, _ = columns("grade", clients)
    assert list(found) == ["Intercept", "grade[mid]", "grade[high]"]
    reordered = clients.assign(
        grade=clients["grade"].cat.reorder_categories(["high", "low", "mid"])
    )
    assert list(columns("grade", reordered)[0]) == ["Intercept", "grade[low]", "grade[mid]"]


def test_a_level_nobody_has_makes_no_column(clients):
    wider = clients.assign(grade=clients["grade"].cat.add_categories(["top"]))
    assert list(columns("grade", wider)[0]) == ["Intercept", "grade[mid]", "grade[high]"]


def test_without_intercept_every_level_has_its_column(clients):
    found, _ = columns("0 + setting", clients)
    assert list(found) == ["setting[clinic]", "setting[home]", "setting[ward]"]
    np.testing.assert_array_equal(sum(found.values()), 1.0)


def test_interactions_multiply(clients):
    found, _ = columns("stigma * setting", clients)
    assert list(found) == [
        "Intercept",
        "stigma",
        "setting[home]",
        "setting[ward]",
        "stigma:setting[home]",
        "stigma:setting[ward]",
    ]
    np.testing.assert_array_equal(
        found["stigma:setting[ward]"], clients["stigma"] * (clients["setting"] == "ward")
    )


def test_nested_predictors_have_a_slope_for_each_level(clients):
    found, _ = columns("setting/stigma", clients)
    assert [label for label in found if ":" in label] == [
        "setting[clinic]:stigma",
        "setting[home]:stigma",
        "setting[ward]:stigma",
    ]
    np.testing.assert_array_equal(
        found["setting[home]:stigma"], clients["stigma"] * (clients["setting"] == "home")
    )


def test_true_and_false_count_as_one_and_zero(clients):
    found, _ = columns("new", clients)
    np.testing.assert_array_equal(found["new"], clients["new"].astype(float))


def test_scale_divides_by_the_sample_standard_deviation(clients):
    found, part = columns("scale(age)", clients)
    age = clients["age"]
    np.testing.assert_allclose(found["scale(age)"], (age - age.mean()) / age.std(ddof=1))
    # One new row is placed on the old scale, not on its own.
    matrix, _ = apply_part(part.state, pd.DataFrame({"age": [age.mean() + age.std(ddof=1)]}))
    np.testing.assert_allclose(matrix, [[1.0, 1.0]])


def test_within_and_between_add_up_to_the_predictor(clients):
    found, _ = columns("within(stigma, manager) + between(stigma, manager)", clients)
    means = clients.groupby("manager")["stigma"].transform("mean")
    np.testing.assert_allclose(found["between(stigma, manager)"], means)
    np.testing.assert_allclose(found["within(stigma, manager)"], clients["stigma"] - means)


def test_group_means_use_every_row_that_has_the_predictor(clients):
    """Rows dropped for another missing value still count in the group's mean."""
    used = clients.iloc[5:]
    found, _ = columns("between(stigma, manager)", used.reset_index(drop=True), clients)
    means = clients.groupby("manager")["stigma"].mean()
    expected = used["manager"].map(means)
    np.testing.assert_allclose(found["between(stigma, manager)"], expected)
    alone = used.groupby("manager")["stigma"].transform("mean")
    assert not np.allclose(found["between(stigma, manager)"], alone)


def test_group_means_pass_over_rows_without_predictor_or_group(clients):
    table = clients.copy()
    table.loc[3, "stigma"] = np.nan
    table.loc[8, "manager"] = np.nan
    used = table.dropna(subset=["stigma", "manager"]).reset_index(drop=True)
    found, _ = columns("between(stigma, manager)", used, table)
    means = used.groupby("manager")["stigma"].transform("mean")
    np.testing.assert_allclose(found["between(stigma, manager)"], means)


def test_new_rows_of_an_old_group_take_the_old_mean(clients):
    _, part = columns("within(stigma, manager) + between(stigma, manager)", clients)
    old = clients.loc[clients["manager"] == "m2", "stigma"].mean()
    rows = pd.DataFrame({"stigma": [9.0, 1.0], "manager": ["m2", "m2"]})
    matrix, _ = apply_part(part.state, rows)
    np.testing.assert_allclose(matrix, [[1, 9 - old, old], [1, 1 - old, old]])


def test_a_new_group_takes_the_average_mean_or_the_stated_one(clients):
    """Never that of its new rows: a row would be predicted otherwise beside another."""
    _, part = columns("within(stigma, manager) + between(stigma, manager)", clients)
    rows = pd.DataFrame({"stigma": [9.0, 1.0, 0.0], "manager": ["new", "new", "m1"]})
    average, own = (
        clients["stigma"].mean(),
        clients.loc[clients["manager"] == "m1", "stigma"].mean(),
    )
    matrix, _ = apply_part(part.state, rows)
    means = np.array([average, average, own])
    np.testing.assert_allclose(matrix[:, 1:], np.column_stack([rows["stigma"] - means, means]))
    for name in ("between(stigma, manager)", "between(stigma,manager)"):
        stated = rows.assign(**{name: [3.0, np.nan, 4.0]})
        means = np.array([3.0, average, 4.0])
        matrix, _ = apply_part(part.state, stated)
        np.testing.assert_allclose(matrix[:, 1:], np.column_stack([rows["stigma"] - means, means]))


@pytest.mark.parametrize("outer", ["scale(between(log(size), manager))", "between(size, manager)"])
def test_a_mean_inside_another_function_may_be_stated(clients, outer):
    table = clients.assign(size=np.exp(clients["stigma"]))
    _, part = columns(outer, table)
    inner = "between(log(size), manager)" if "log" in outer else outer
    rows = pd.DataFrame({"size": [1.0, 5.0], "manager": ["new", "m1"]})
    plain, _ = apply_part(part.state, rows)
    stated, _ = apply_part(part.state, rows.assign(**{inner: [0.5, 0.5]}))
    assert stated[0, 1] == stated[1, 1]
    assert stated[0, 1] != pytest.approx(plain[0, 1])


def test_whole_groups_make_their_means(clients):
    _, part = columns("within(stigma, manager) + between(log(age), manager)", clients)
    rows = pd.DataFrame({"stigma": [9.0, 1.0], "age": [20.0, 60.0], "manager": ["new", "new"]})
    whole = with_whole_groups(part.state, rows)
    matrix, _ = apply_part(whole, rows)
    np.testing.assert_allclose(matrix[:, 1:], [[4, np.log(1200) / 2], [-4, np.log(1200) / 2]])
    other = rows.assign(manager="another")  # the average group stays as it was
    np.testing.assert_allclose(apply_part(whole, other)[0], apply_part(part.state, other)[0])


def test_a_success_is_learnt(clients):
    """On new rows, the lowest value there had become the success."""
    _, part = columns("binary(setting)", clients)
    levels = sorted(clients["setting"].unique())
    rows = pd.DataFrame({"setting": levels[::-1]})
    alone = np.concatenate([apply_part(part.state, rows.iloc[[k]])[0] for k in range(len(rows))])
    np.testing.assert_array_equal(alone, apply_part(part.state, rows)[0])
    assert alone[:, -1].tolist() == [0.0] * (len(levels) - 1) + [1.0]


def test_group_ids_are_labels_however_they_are_stored(clients):
    numbered = clients.assign(manager=clients["manager"].str[1:].astype("int64"))
    _, part = columns("between(stigma, manager)", numbered)
    kept = json.loads(json.dumps(part.state))
    as_floats = numbered.assign(manager=numbered["manager"].astype(float))
    np.testing.assert_array_equal(apply_part(kept, as_floats)[0], part.matrix)


def test_offsets_are_no_columns(clients):
    found, part = columns("offset(log(age)) + stigma + offset(2)", clients)
    assert list(found) == ["Intercept", "stigma"]
    np.testing.assert_allclose(part.offset, np.log(clients["age"]) + 2)


def test_orthogonal_polynomials_are_those_of_r(clients):
    """R: poly(c(1, 2, 3, 4, 5), 2); columns are orthonormal, signs as there."""
    rows = pd.DataFrame({"x": [1.0, 2, 3, 4, 5]})
    found, part = columns("poly(x, 2)", rows)
    expected = [
        [-0.6324555, -0.3162278, 0.0, 0.3162278, 0.6324555],
        [0.5345225, -0.2672612, -0.5345225, -0.2672612, 0.5345225],
    ]
    np.testing.assert_allclose(list(found.values())[1:], expected, atol=5e-8)
    # predict(poly(1:5, 2), 6) in R: 0.9486833, 1.8708287
    new, _ = apply_part(part.state, pd.DataFrame({"x": [6.0]}))
    np.testing.assert_allclose(new[0, 1:], [0.9486833, 1.8708287], atol=5e-8)


def test_splines_of_new_rows_keep_the_old_knots(clients):
    """A spline space holds the straight line, so its columns fit one exactly, also in new rows."""
    part = learn_part("bs(age, df=5)", clients, clients)
    coefficients, *_ = np.linalg.lstsq(part.matrix, clients["age"].to_numpy(), rcond=None)
    new = pd.DataFrame({"age": np.linspace(clients["age"].min(), clients["age"].max(), 7)})
    matrix, _ = apply_part(part.state, new)
    np.testing.assert_allclose(matrix @ coefficients, new["age"], rtol=1e-9)


def test_missing_column_in_new_rows(clients):
    part = learn_part("stigma * setting", clients, clients)
    with pytest.raises(DataError, match="They lack setting") as caught:
        apply_part(part.state, clients[["stigma"]])
    assert caught.value.facts["missing"] == ["setting"]


def test_a_level_that_was_never_seen(clients):
    part = learn_part("setting", clients, clients)
    with pytest.raises(DataError, match="levels that were in the data"):
        apply_part(part.state, pd.DataFrame({"setting": ["prison"]}))


def test_new_levels_in_another_dtype(clients):
    """The same values as text, as a Categorical with other levels, or as objects."""
    part = learn_part("setting + grade", clients, clients)
    rows = clients.iloc[:6]
    other = rows.assign(
        setting=pd.Categorical(rows["setting"], categories=["ward", "attic", "home", "clinic"]),
        grade=rows["grade"].astype(object),
    )
    np.testing.assert_array_equal(apply_part(part.state, other)[0], part.matrix[:6])


def test_nullable_numbers_are_numbers(clients):
    nullable = clients.assign(age=clients["age"].astype("Float64"))
    found, _ = columns("age", nullable)
    np.testing.assert_array_equal(found["age"], clients["age"])


def test_a_transform_that_cannot_be_had_says_so(clients):
    with pytest.raises(ModelError, match=r"bs\(age, df=2\)"):
        learn_part("bs(age, df=2)", clients, clients)
    with pytest.raises(DataError, match=r"log\(stigma\) has no finite value in \d+ rows"):
        learn_part("log(stigma)", clients, clients)


@pytest.mark.parametrize(
    "call", ["within(age)", "between(age, manager, 3)", "within(age, g=manager)"]
)
def test_group_means_take_a_predictor_and_a_group(call, clients):
    with pytest.raises(ModelError, match=r"Write (within|between)\(predictor, group\)"):
        learn_part(call, clients, clients)


def test_unknown_functions_offer_the_known(clients):
    with pytest.raises(ModelError, match="Did you mean 'scale'") as caught:
        learn_part("scal(age)", clients, clients)
    assert caught.value.facts["function"] == "scal"


def test_nothing_is_printed(clients, capsys):
    learn_part("setting * poly(age, 2)", clients, clients)
    with pytest.raises(DataError):
        apply_part(
            learn_part("setting", clients, clients).state, pd.DataFrame({"setting": ["prison"]})
        )
    assert capsys.readouterr() == ("", "")
