"""The equation says what the design says, for every kind of model."""

from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from bayes_alliance.model.spec import Model
from bayes_alliance.report.equation import as_label, equation_in_words, model_equation, symbol_words
from bayes_alliance.report.prior_equation import number_text, prior_equation


@pytest.fixture(scope="module")
def table(made_up: ModuleType) -> pd.DataFrame:
    table = made_up.many_groups_table(40)
    clinic = table["therapist"].str[1:].astype(int) % 6
    return table.assign(
        clinic=[f"C{k}" for k in clinic],
        ward=[f"W{k % 7}" for k in range(len(table))],
        size=clinic.astype(float),
        weight=1.0 + np.arange(len(table)) % 3,
    )


def lines(table: pd.DataFrame, formula: str, family: str = "gaussian") -> tuple[str, ...]:
    return model_equation(Model(formula, table, family)).lines


def test_two_levels_with_a_slope_that_varies(table: pd.DataFrame) -> None:
    assert lines(table, "score ~ age + (1 + age | therapist)") == (
        r"\text{Level 1 (rows):}",
        r"\text{score}_{ij} = \beta_{0j} + \beta_{1j}\,\text{age}_{ij} + e_{ij}",
        r"\text{Level 2 (therapists):}",
        r"\beta_{0j} = \gamma_{0} + u_{0j}",
        r"\beta_{1j} = \gamma_{1} + u_{1j}",
        r"\text{Distributions:}",
        r"e_{ij} \sim \operatorname{Normal}(0, \sigma^{2})",
        r"u_{0j} \sim \operatorname{Normal}(0, \tau_{u0}^{2})",
        r"u_{1j} \sim \operatorname{Normal}(0, \tau_{u1}^{2})",
        r"\operatorname{cor}(u_{0j}, u_{1j}) = \rho_{u01}",
    )


def test_uncorrelated_effects_have_no_correlation(table: pd.DataFrame) -> None:
    model = Model("score ~ age + (1 + age || therapist)", table)
    assert not [
        line
        for line in model_equation(model).lines
        if r"\operatorname{cor}" in line or r"\rho" in line
    ]
    assert "not correlated" in model_equation(model).words
    assert "ρ" not in symbol_words(model)


def test_what_is_the_same_within_a_group_stands_at_its_level(table: pd.DataFrame) -> None:
    found = lines(table, "score ~ age + size + (1 | clinic)")
    assert r"\beta_{0j} = \gamma_{0} + \gamma_{2}\,\text{size}_{j} + u_{0j}" in found
    assert "size" not in found[1]


def test_nested_groups_carry_the_index_of_the_upper_one(table: pd.DataFrame) -> None:
    found = lines(table, "score ~ size + (1 | clinic/therapist)")
    assert found[1] == r"\text{score}_{ijk} = \beta_{0jk} + e_{ijk}"
    assert found[2] == r"\text{Levels 2 to 3:}"
    assert found[3] == r"\beta_{0jk} = \gamma_{0} + \gamma_{1}\,\text{size}_{k} + v_{0k} + u_{0jk}"


def test_crossed_groups_stand_in_brackets(table: pd.DataFrame) -> None:
    found = lines(table, "score ~ age + (1 | therapist) + (1 + age | ward)")
    assert found[1].startswith(r"\text{score}_{i(jk)} = \beta_{0jk} + \beta_{1k}\,\text{age}")
    assert r"\beta_{1k} = \gamma_{1} + v_{1k}" in found


@pytest.mark.parametrize(
    ("formula", "family", "first", "last"),
    [
        (
            "returned ~ age + (1 | therapist)",
            "bernoulli",
            r"\operatorname{logit}\,\Pr(\text{returned}_{ij} = 1) = ",
            "u_{0j}",
        ),
        (
            "rating ~ age + (1 | therapist)",
            "cumulative",
            r"\operatorname{logit}\,\Pr(\text{rating}_{ij} > c) = -\theta_{c}",
            "u_{0j}",
        ),
        ("score ~ 1 + (1 | therapist)", "student", r"\text{score}_{ij} = ", "u_{0j}"),
        (
            "score ~ age",
            "gaussian",
            r"\text{score}_{i} = \gamma_{0} + \gamma_{1}\,\text{age}_{i}",
            "e_{i}",
        ),
        (
            "score ~ 0 + age + (0 + age | therapist)",
            "gaussian",
            r"\text{score}_{ij} = \beta_{1j}",
            "u_{1j}",
        ),
    ],
)
def test_families(table: pd.DataFrame, formula: str, family: str, first: str, last: str) -> None:
    found = lines(table, formula, family)
    assert found[1].startswith(first)
    assert found[-1].startswith(last)
    assert any("e_{" in line for line in found) == (family in ("gaussian", "student"))


def test_weights_and_known_errors_stand_in_the_residual(table: pd.DataFrame) -> None:
    model = Model("score | weights(weight, precision) ~ 1 + (1 | therapist)", table)
    assert (
        r"e_{ij} \sim \operatorname{Normal}(0, \sigma^{2} / \text{weight}_{ij})"
        in model_equation(model).lines
    )
    known = Model("score | se(weight) ~ 1 + (1 | therapist)", table)
    assert (
        r"e_{ij} \sim \operatorname{Normal}(0, \text{weight}_{ij}^{2})"
        in model_equation(known).lines
    )
    assert "known standard error weight" in model_equation(known).words


def test_priors_wear_the_symbols_of_the_equation(table: pd.DataFrame) -> None:
    priors = {"b": "Normal(0, 5)", "sd_therapist": "HalfNormal(2)", "sigma": "HalfNormal(3)"}
    model = Model("score ~ age + (1 + age | therapist)", table, priors=priors)
    found = prior_equation(model).lines
    assert r"\gamma_{1} \sim \operatorname{Normal}(0, 5)" in found
    assert r"\tau_{u0}, \tau_{u1} \sim \operatorname{HalfNormal}(2)" in found
    assert r"\rho_{u01} \sim \operatorname{LKJ}(2)" in found
    assert r"\sigma \sim \operatorname{HalfNormal}(3)" in found


def test_priors_at_the_means_wear_a_star_that_is_spelt_out(table: pd.DataFrame) -> None:
    far = table.assign(age=table["age"] - table["age"].mean() + 2000)
    found = prior_equation(Model("score ~ age + (1 + age | therapist)", far))
    lines = found.lines
    assert any(line.startswith(r"\gamma_{0}^{*} \sim \operatorname{Normal}(") for line in lines)
    assert any(line.startswith(r"\gamma_{1} \sim ") for line in lines)
    assert any(
        line.startswith(r"\tau_{u0}^{*} \sim \operatorname{HalfStudentT}(3,") for line in lines
    )
    assert r"\rho_{u01}^{*} \sim \operatorname{LKJ}(2)" in lines
    assert lines[-3:] == (
        r"\gamma_{0}^{*} = \gamma_{0} + 2000\,\gamma_{1}",
        r"\tau_{u0}^{*} = \operatorname{sd}(u_{0j} + 2000\,u_{1j})",
        r"\rho_{u01}^{*} = \operatorname{cor}(u_{0j} + 2000\,u_{1j}, u_{1j})",
    )
    assert "Intercept at the means is Intercept and 2000 times age added up" in found.words


def test_levels_of_a_category_hang_together(table: pd.DataFrame) -> None:
    found = prior_equation(Model("score ~ clinic", table[table["clinic"] < "C4"])).lines
    pairs = [
        rf"\operatorname{{cor}}(\gamma_{{{i}}}, \gamma_{{{j}}})"
        for i, j in ((1, 2), (1, 3), (2, 3))
    ]
    assert f"{', '.join(pairs)} = 0.5" in found


def test_thresholds_at_the_means_are_spelt_out(table: pd.DataFrame) -> None:
    far = table.assign(age=table["age"] - table["age"].mean() + 40)
    found = prior_equation(Model("rating ~ age + (1 | therapist)", far, "cumulative")).lines
    assert r"\theta_{c}^{*} = \theta_{c} - 40\,\gamma_{1}" in found
    assert any(line.startswith(r"\theta_{1}^{*}, \theta_{2}^{*}") for line in found)


def test_what_stands_as_written_has_no_star(table: pd.DataFrame) -> None:
    own = {"b[Intercept]": "Normal(10, 5)", "sd_therapist": "HalfNormal(2)"}
    found = prior_equation(Model("score ~ age + (1 + age | therapist)", table, priors=own))
    assert not [line for line in found.lines if "*" in line]
    assert "at the means" not in found.words


@pytest.mark.parametrize(
    ("value", "text"),
    [(2.5, "2.5"), (2000.4, "2000"), (4.04e6, r"4.04 \cdot 10^{6}"), (2e-5, r"2 \cdot 10^{-5}")],
)
def test_numbers_of_formulas_have_powers_that_can_be_read(value: float, text: str) -> None:
    assert number_text(value) == text


def test_long_sums_are_broken_into_lines(table: pd.DataFrame) -> None:
    wide = table.assign(
        **{f"x{k}": np.random.default_rng(k).normal(size=len(table)) for k in range(9)}
    )
    found = lines(wide, f"score ~ {' + '.join(f'x{k}' for k in range(9))} + (1 | therapist)")
    assert sum(line.startswith(r"\quad +") for line in found) == 2
    assert max(line.count(" + ") for line in found) <= 4


@pytest.mark.parametrize("name", ["case_manager", "50%_done", "a{b}", r"tab\le", "x^2~$", "R&D #1"])
def test_names_are_plain_text_for_every_reader_of_latex(name: str) -> None:
    inside = as_label(name).removeprefix(r"\text{").removesuffix("}")
    assert not set(inside) & set(r"\_^~$%{}&#")


def test_every_formula_becomes_mathml(table: pd.DataFrame) -> None:
    from latex2mathml.converter import convert

    model = Model("rating ~ age + size + (1 + age | clinic/therapist)", table, "cumulative")
    for line in (*model_equation(model).lines, *prior_equation(model).lines):
        assert convert(line).startswith("<math")


@pytest.mark.parametrize("family", ["gaussian", "bernoulli"])
def test_rows_that_count_several_times_are_said_to(table: pd.DataFrame, family: str) -> None:
    outcome = {"gaussian": "score", "bernoulli": "returned"}[family]
    said = equation_in_words(Model(f"{outcome} | weights(weight) ~ age", table, family))
    assert said.endswith("Each row counts weight times in the likelihood.")
    assert "times in the likelihood" not in equation_in_words(
        Model(f"{outcome} ~ age", table, family)
    )
