"""The user's priors in the place of the defaults: the more specific wins, the rest stays."""

import numpy as np
import pytest

from bayes_alliance.errors import ModelError
from bayes_alliance.model.prior import Prior
from bayes_alliance.model.spec import Model

FORMULA = "alliance ~ stigma + age + (1 + stigma | manager)"


def model(clients, priors=None, formula=FORMULA, **options):
    return Model(formula, clients, priors=priors, **options)


def chosen(model):
    return {e.key: str(e.prior) for e in model.priors.entries if e.chosen}


def test_without_a_word_all_are_defaults(clients):
    assert chosen(model(clients)) == {}
    assert [e.key for e in model(clients).priors.entries] == [
        "b[Intercept]",
        "b[stigma]",
        "b[age]",
        "sd_manager[Intercept]",
        "sd_manager[stigma]",
        "cor_manager",
        "sigma",
    ]


def test_b_leaves_the_intercept_out(clients):
    assert chosen(model(clients, {"b": "Normal(0, 5)"})) == {
        "b[stigma]": "Normal(0, 5)",
        "b[age]": "Normal(0, 5)",
    }


def test_the_more_specific_wins_in_any_order(clients):
    pairs = [("b[age]", "Normal(1, 1)"), ("b", "Normal(0, 5)"), ("b[Intercept]", "Flat()")]
    for order in (pairs, pairs[::-1]):
        assert chosen(model(clients, dict(order))) == {
            "b[Intercept]": "Flat()",
            "b[stigma]": "Normal(0, 5)",
            "b[age]": "Normal(1, 1)",
        }


def test_the_issues_example(clients):
    priors = {
        "b[Intercept]": "Normal(70, 20)",
        "b": "Normal(0, 5)",
        "sd_manager": "HalfNormal(0.5)",
        "sd_manager[stigma]": "HalfStudentT(3, 2)",
        "cor_manager": "LKJ(2)",
        "sigma": "Exponential(1)",
    }
    assert chosen(model(clients, priors)) == {
        "b[Intercept]": "Normal(70, 20)",
        "b[stigma]": "Normal(0, 5)",
        "b[age]": "Normal(0, 5)",
        "sd_manager[Intercept]": "HalfNormal(0.5)",
        "sd_manager[stigma]": "HalfStudentT(3, 2)",
        "cor_manager": "LKJ(2)",
        "sigma": "Exponential(1)",
    }


def test_a_choice_that_is_the_default_is_still_the_users(clients):
    default = model(clients).priors.strings["sigma"]
    table = model(clients, {"sigma": default}).priors
    assert [e.chosen for e in table.entries if e.variable == "sigma"] == [True]


def test_thresholds_one_by_one(clients):
    ordinal = model(
        clients,
        {"cutpoint": "Normal(0, 3)", "cutpoint[1|2]": "Normal(-2, 1)"},
        "rating ~ stigma + (1 | manager)",
        family="cumulative",
    )
    assert ordinal.priors.of("cutpoint") == (
        Prior("Normal", (-2.0, 1.0)),
        Prior("Normal", (0.0, 3.0)),
        Prior("Normal", (0.0, 3.0)),
    )


def test_thresholds_of_two_distributions_could_not_be_kept_in_order(clients):
    with pytest.raises(ModelError, match="different distributions: Normal, StudentT"):
        model(
            clients,
            {"cutpoint[1|2]": "StudentT(3, -2, 1)"},
            "rating ~ stigma",
            family="cumulative",
        )


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("B", "Did you mean 'b'?"),
        ("b[stigmaa]", "Did you mean 'b[stigma]'?"),
        ("sd_managr", "Did you mean 'sd_manager'?"),
        ("sd_manager[age]", "sd_manager[stigma]"),
        ("cor_manager[Intercept ~ stigma]", "cor_manager"),
        ("sigma[1]", "sigma"),
        ("nu", "The keys are b, sd_manager"),
        ("cutpoint", "The keys are"),
        ("Intercept", "Did you mean 'b[Intercept]'?"),
        ("u_manager", "Did you mean"),
    ],
)
def test_an_unknown_key_lists_the_valid_ones(key, hint, clients):
    with pytest.raises(ModelError) as caught:
        model(clients, {key: "Normal(0, 1)"})
    assert hint in str(caught.value)
    assert caught.value.facts["key"] == key
    assert "b[stigma]" in caught.value.facts["valid"]


@pytest.mark.parametrize(
    ("key", "prior", "remedy"),
    [
        ("sigma", "Normal(0, 1)", "It must be positive"),
        ("sigma", "Flat()", "It must be positive"),
        ("sigma", "Uniform(-1, 1)", "It must be positive"),
        ("sd_manager", "StudentT(3, 0, 1)", "It must be positive"),
        ("sd_manager[stigma]", "LKJ(2)", "It must be positive"),
        ("cor_manager", "Normal(0, 1)", "Correlations take LKJ(eta)"),
        ("cor_manager", "Uniform(-1, 1)", "Correlations take LKJ(eta)"),
        ("b", "LKJ(2)", "Take a distribution of a number"),
    ],
)
def test_a_prior_must_fit_its_parameter(key, prior, remedy, clients):
    with pytest.raises(ModelError) as caught:
        model(clients, {key: prior})
    assert remedy in str(caught.value)
    assert prior.partition("(")[0] in str(caught.value)


@pytest.mark.parametrize(
    ("key", "prior"),
    [
        ("sigma", "Uniform(0, 100)"),
        ("sd_manager", "HalfFlat()"),
        ("b", "HalfNormal(2)"),
        ("b", "Uniform(-1, 1)"),
        ("sd_manager", "InverseGamma(2, 2)"),
    ],
)
def test_unusual_priors_that_do_fit(key, prior, clients):
    assert prior in chosen(model(clients, {key: prior})).values()


def test_the_strings_freeze_the_priors(clients):
    """Given back to another table, the same numbers to the last digit."""
    first = model(clients).priors
    shifted = clients.assign(alliance=clients["alliance"] * 3)
    second = model(shifted, first.strings).priors
    assert [e.prior for e in second.entries] == [e.prior for e in first.entries]
    assert all(e.chosen for e in second.entries)


def test_the_table_says_who_chose(clients):
    table = model(clients, {"sigma": "Exponential(1)"}).priors.table
    assert table.loc["sigma"].tolist() == [
        "Exponential(1)", "95% between 0.0253 and 3.69", "as written", "you"
    ]  # fmt: skip
    assert set(table.drop(index="sigma")["from"]) == {"default, scaled to the data"}
    assert table.index.name == "parameter"


def test_shown_as_text_and_html(clients):
    priors = model(clients).priors
    assert "cor_manager" in str(priors)
    assert "LKJ(2)" in priors._repr_html_()


def test_a_prior_of_ones_own_is_taken_as_written_and_the_others_stay(clients):
    table = model(clients, {"b[stigma]": "Normal(0, 1)"}).priors
    rows = table.basis.coefficients.to_working
    assert rows[1].tolist() == [0.0, 1.0, 0.0]
    np.testing.assert_allclose(rows[0], [1.0, clients["stigma"].mean(), clients["age"].mean()])
    own = model(clients, {"b[Intercept]": "Normal(0, 1)"}).priors
    assert own.basis.coefficients.to_working[0].tolist() == [1.0, 0.0, 0.0]
    assert own.entries[0].stands == "as written"


def test_a_prior_of_ones_own_may_stand_at_the_means(clients):
    table = model(clients, {"b[Intercept]": "Normal(60, 10) at the means"}).priors
    (entry,) = [e for e in table.entries if e.chosen]
    assert (str(entry.prior), entry.stands) == ("Normal(60, 10)", "at the means")
    assert table.basis == model(clients).priors.basis
    with pytest.raises(ModelError, match="At the means a coefficient takes a normal prior"):
        model(clients, {"b[Intercept]": "Cauchy(60, 10) at the means"})


def test_one_sd_of_a_block_puts_the_block_as_written(clients):
    table = model(clients, {"sd_manager[stigma]": "HalfNormal(1)"}).priors
    of_group = [e for e in table.entries if "manager" in e.variable]
    assert {e.stands for e in of_group} == {"as written"}
    assert table.basis.effects["manager"].is_trivial
    x, sd = clients["stigma"], clients["alliance"].std()
    at_zero = np.sqrt(1 + (x.mean() / x.std()) ** 2)
    assert of_group[0].prior.arguments == pytest.approx((3.0, sd / 2 * at_zero))


def test_a_block_stands_in_one_place(clients):
    mixed = {
        "sd_manager[stigma]": "HalfNormal(1)",
        "sd_manager[Intercept]": "HalfNormal(1) at the means",
    }
    with pytest.raises(
        ModelError,
        match=r"sd_manager\[Intercept\] stands at the means, sd_manager\[stigma\] as written",
    ):
        model(clients, mixed)


@pytest.mark.parametrize(
    ("formula", "priors"),
    [
        (FORMULA, None),
        (FORMULA, {"b[stigma]": "Normal(0, 1)"}),
        (FORMULA, {"sd_manager": "HalfNormal(1)"}),
        ("alliance ~ setting * stigma + (1 | manager)", None),
        ("alliance ~ setting * stigma + (1 | manager)", {"b[setting[home]]": "Normal(0, 1)"}),
        ("alliance ~ 0 + setting + stigma + (0 + setting | manager)", None),
    ],
)
def test_the_strings_bring_the_basis_back(formula, priors, clients):
    first = model(clients, priors, formula).priors
    again = model(clients, first.strings, formula).priors
    assert [e.prior for e in again.entries] == [e.prior for e in first.entries]
    assert [e.stands for e in again.entries] == [e.stands for e in first.entries]
    assert again.basis == first.basis
