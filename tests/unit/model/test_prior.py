"""Priors as strings: what is read, what is refused, and that reading back gives the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayes_alliance.errors import ModelError
from bayes_alliance.model.prior import DISTRIBUTIONS, Prior, parse_prior

READ = {
    "Normal(70, 20)": Prior("Normal", (70.0, 20.0)),
    "Normal(mu=70, sigma=20)": Prior("Normal", (70.0, 20.0)),
    "Normal(sigma=20, mu=70)": Prior("Normal", (70.0, 20.0)),
    "Normal(70, sigma=20)": Prior("Normal", (70.0, 20.0)),
    " Normal( -1.5 , 2e1 ) ": Prior("Normal", (-1.5, 20.0)),
    "HalfNormal(0.5)": Prior("HalfNormal", (0.5,)),
    "HalfStudentT(3, 2)": Prior("HalfStudentT", (3.0, 2.0)),
    "StudentT(4, 0, 2.5)": Prior("StudentT", (4.0, 0.0, 2.5)),
    "StudentT(nu=4, sigma=2, mu=-1)": Prior("StudentT", (4.0, -1.0, 2.0)),
    "Exponential(1)": Prior("Exponential", (1.0,)),
    "Gamma(2, 0.1)": Prior("Gamma", (2.0, 0.1)),
    "Uniform(-2, 3)": Prior("Uniform", (-2.0, 3.0)),
    "Flat()": Prior("Flat", ()),
    "LKJ(2)": Prior("LKJ", (2.0,)),
    "LKJ(eta=1.5)": Prior("LKJ", (1.5,)),
}


@pytest.mark.parametrize("text", READ)
def test_read(text):
    assert parse_prior(text, key="b") == READ[text]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Normall(0, 1)", "Did you mean 'Normal'?"),
        ("normal(0, 1)", "Did you mean 'Normal'?"),
        ("Beta(1, 1)", "There is no distribution Beta."),
        ("Normal(0, 1, 2)", "It has 3 arguments. Normal takes (mu, sigma)."),
        ("Normal(sd=3)", "Normal has no argument sd. Normal takes (mu, sigma)."),
        ("Normal(0, mu=1)", "It gives mu twice."),
        ("StudentT()", "It lacks nu, mu, sigma. StudentT takes (nu, mu, sigma)."),
        ("StudentT(nu=4, sigma=2)", "Write StudentT(nu=4, mu=..., sigma=2) with a number for mu"),
        ("Normal(0)", "It lacks sigma. Normal takes (mu, sigma). Write Normal(mu=0, sigma=...)"),
        ("Gamma(2)", "It lacks beta."),
        ("Normal(0, 0)", "Its sigma is 0, which is impossible. sigma must be a number greater"),
        ("Normal(0, -1)", "Its sigma is -1, which is impossible."),
        ("Exponential(-2)", "Its lam is -2, which is impossible."),
        ("LKJ(0)", "Its eta is 0, which is impossible."),
        ("Normal(1e999, 1)", "Its mu is inf, which is impossible. mu must be finite."),
        ("Normal(0, 1e999)", "Its sigma is inf"),
        ("Uniform(3, 3)", "Its lower end is not below its upper end."),
        ("Uniform(3, 1)", "Its lower end is not below its upper end."),
        ("Normal(x, 1)", "Its mu is not a number."),
        ("Normal('0', 1)", "Its mu is not a number."),
        ("Normal(True, 1)", "Its mu is not a number."),
        ("Normal(0, [1])", "Its sigma is not a number."),
        ("Normal(0, 2 * 3)", "Its sigma is not a number."),
        ("Normal(*[0, 1])", "is not a number"),
        ("Normal(**{'mu': 0})", "has no argument None"),
        ("Normal", "not a distribution with its arguments"),
        ("Normal(0, 1", "not a distribution with its arguments"),
        ("0.5", "not a distribution with its arguments"),
        ("", "not a distribution with its arguments"),
        ("pm.Normal(0, 1)", "not a distribution with its arguments"),
        ("Normal(0, 1) + 1", "not a distribution with its arguments"),
        ("__import__('os').getcwd()", "not a distribution with its arguments"),
        ("Normal(0,\x001)", "not a distribution with its arguments"),
        ("Normal(nan, 1)", "Its mu is not a number."),
        ("Normal(0, 1e400)", "Its sigma is inf, which is impossible."),
        ("Normal(-1e101, 1)", "Its mu is -1e+101, which is impossible."),
        ("Normal({[]: 1}, 1)", "Its mu is not a number."),
    ],
)
def test_refused_with_what_was_asked_and_what_to_do(text, found):
    with pytest.raises(ModelError) as caught:
        parse_prior(text, key="sd_case_manager[stigma]")
    message = str(caught.value)
    assert message.startswith(f"The prior of sd_case_manager[stigma] was given as {text!r}.")
    assert found in message


@pytest.mark.parametrize("name", [n for n, kind in DISTRIBUTIONS.items() if kind.arguments])
def test_no_argument_is_filled_in(name):
    arguments = DISTRIBUTIONS[name].arguments
    for missing in arguments:
        given = ", ".join(f"{a}={k + 0.5}" for k, a in enumerate(arguments) if a != missing)
        with pytest.raises(ModelError, match=f"It lacks {missing}") as caught:
            parse_prior(f"{name}({given})", key="b")
        assert f"{missing}=..." in str(caught.value)


def test_an_unknown_distribution_lists_all():
    with pytest.raises(ModelError) as caught:
        parse_prior("Zipf(2)", key="b")
    assert all(name in str(caught.value) for name in DISTRIBUTIONS)


positive = st.floats(1e-8, 1e8)
real = st.floats(-1e8, 1e8)


@st.composite
def priors(draw):
    name = draw(st.sampled_from([n for n in DISTRIBUTIONS if n != "Uniform"]))
    kind = DISTRIBUTIONS[name]
    return Prior(
        name, tuple(draw(positive if a in kind.positive else real) for a in kind.arguments)
    )


@given(prior=priors())
def test_written_with_all_digits_it_reads_back_the_same(prior):
    assert parse_prior(prior.written, key="b") == prior


def test_shown_as_the_user_would_write_it():
    assert str(Prior("Normal", (70.0, 20.0))) == "Normal(70, 20)"
    assert str(Prior("Flat", ())) == "Flat()"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Normal(0, 1)", "95% between -1.96 and 1.96"),
        ("HalfNormal(1)", "95% between 0.0313 and 2.24"),
        ("Uniform(0, 1)", "95% between 0.0250 and 0.975"),
        ("Flat()", "every value alike (improper)"),
        ("LKJ(1)", "every correlation matrix alike"),
        ("LKJ(2)", "correlations near 0 favoured"),
        ("LKJ(0.5)", "correlations near 0 disfavoured"),
    ],
)
def test_in_words(text, words):
    assert parse_prior(text, key="b").in_words() == words


@pytest.mark.parametrize(
    ("text", "reason"), [("Flat()", "An improper prior"), ("LKJ(2)", "correlation matrices")]
)
def test_priors_without_a_density_of_numbers(text, reason):
    with pytest.raises(ModelError, match=reason):
        _ = parse_prior(text, key="b").frozen


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Normal(" + "9" * 400 + ", 1)", "Its mu is inf, which is impossible."),
        ("Normal(" + "-" * 400 + "1, 1)", "Its mu is not a number."),
        ("(" * 240 + ")" * 240, "not a distribution with its arguments"),
        ("Normal(" * 60 + "1" + ")" * 60, "not a number"),
        ("Normal(0, " + "1" * 10_000_000 + ")", "It has 10,000,011 characters; the most"),
    ],
)
def test_received_priors_of_any_size_end_in_one_short_error(text, found):
    with pytest.raises(ModelError) as caught:
        parse_prior(text, key="b[" + "x" * 10_000 + "]")
    assert found in str(caught.value)
    assert len(caught.value.sentences) == 3
    assert len(str(caught.value)) < 1000
