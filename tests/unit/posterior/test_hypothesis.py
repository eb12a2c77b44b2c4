"""Claims: the language against Python's own, the numbers against plain numpy on the draws."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

import bayes_alliance as ba
from bayes_alliance import names
from bayes_alliance.posterior.claims.claim_strength import probability_and_error
from bayes_alliance.posterior.claims.hypothesis_expression import parse_hypothesis
from bayes_alliance.posterior.claims.quantity import quantity_places, ways_to_write
from bayes_alliance.posterior.shares.share_words import measure_words, place_words
from bayes_alliance.posterior.standing import NO_PLACE

mpl.use("Agg")
RNG = np.random.default_rng(4)
DRAWS = {name: RNG.normal(size=(2, 50)) for name in ("a", "b", "c")}
SLOPE_SD = "sd_case_manager[stigma]"


@pytest.mark.parametrize(
    "text",
    [
        "a < b",
        "a + b * c - 2 <= 1",
        "-a ** 2 > -b",
        "2 ** a ** 2 >= c",
        "(a + b) * c < abs(a - 3.5e-1)",
        "a - (b - c) > 0",
        "a / (b / c) < a / b / c",
        "exp(-a) > sqrt(abs(b)) + log(2)",
        "-(-a) < +b",
        "a - -b > .5",
        "(2 ** a) ** c > 1",
        "(-a) ** 2 < 1.",
    ],
)
def test_arithmetic_is_python_s(text):
    functions = {"abs": np.abs, "exp": np.exp, "sqrt": np.sqrt, "log": np.log}
    (part,) = parse_hypothesis(text, {name: name for name in DRAWS})
    sides = part.left.values(DRAWS), part.right.values(DRAWS)
    expected = eval(text, functions, DRAWS)
    assert not expected.all()
    assert expected.any()
    again = eval(part.text, functions, DRAWS)
    left, right = np.broadcast_arrays(*sides)
    found = {"<": left < right, ">": left > right, "<=": left <= right, ">=": left >= right}
    assert np.array_equal(found[part.sign], expected)
    assert np.array_equal(again, expected)
    assert np.allclose(eval(part.difference, functions, DRAWS), left - right)


def test_a_chain_is_each_of_its_comparisons():
    parts = parse_hypothesis("0 < a < b <= 3", {"a": "a", "b": "b"})
    assert [part.text for part in parts] == ["0 < a", "a < b", "b <= 3"]


@pytest.mark.parametrize(
    "written", ["within(x, g)", "b[within(x,g)]", "b['within(x, g)']", '"within(x, g)"']
)
def test_a_label_may_hold_any_text(written):
    known = {"within(x, g)": "b[within(x, g)]", "b[within(x, g)]": "b[within(x, g)]", "x": "b[x]"}
    (part,) = parse_hypothesis(f"{written} - 2 * x < 0", known)
    assert part.text == "b[within(x, g)] - 2 * b[x] < 0"


def test_the_longest_known_name_is_read():
    known = {"stigma": "b[stigma]", "stigma:age": "b[stigma:age]", "log(age)": "b[log(age)]"}
    (part,) = parse_hypothesis("stigma:age + stigma > log(age)", known)
    assert part.text == "b[stigma:age] + b[stigma] > b[log(age)]"
    with pytest.raises(ba.ModelError, match="no stigma:month"):
        parse_hypothesis("stigma:month > 0", known)


@pytest.mark.parametrize(
    ("claim", "says"),
    [
        ("stgma < 0", "The fit has no stgma. Did you mean 'stigma'?"),
        ("sd_case_manger[stigma] > 1", "Did you mean 'sd_case_manager[stigma]'?"),
        (
            "sd_case_manager > 1",
            "sd_case_manager has 2 elements. Name one of them: sd_case_manager[Intercept], "
            "sd_case_manager[stigma].",
        ),
        ("stigma < 0 or sigma > 1", "joined with 'and'"),
        ("stigma < 0 & sigma > 1", "joined with 'and'"),
        ("stigma < 0 and sigma", "It compares nothing."),
        ("2stigma < 1", "write 2 * stigma."),
        ("1 > 2 b[stigma]", "write 2 * b[stigma]."),
        ("3(stigma + 1) < 1", "write 3 * (stigma + 1)."),
        ("stigma", "It compares nothing."),
        ("stigma = 0", "rope="),
        ("stigma == 0", "bayes_factors"),
        ("stigma != 0", "rope="),
        ("1 < 2", "is about no quantity of the fit"),
        ("stigma < 1 < 2", "'1 < 2' is about no quantity"),
        ("stigma <", "missing at the end"),
        ("", "missing at the end"),
        ("(stigma < 0", "not closed"),
        ("stigma + * 3 < 0", "missing before '* 3 < 0'"),
        ("stigma 3 < 0", "Something is wrong at '3 < 0'"),
        ("__import__('os') < 0", "The fit has no __import__"),
        ("log(stigma) < 0", "no finite value in"),
        ("stigma / 0 < 0", "no finite value in 4000 of 4000 draws"),
        ("share[case_manger] > 0.1", "Did you mean 'share[case_manager]'?"),
    ],
)
def test_what_cannot_be_judged_is_refused_by_name(slopes_fit, claim, says):
    with pytest.raises(ba.ModelError) as caught:
        ba.hypothesis(slopes_fit, claim)
    assert says in str(caught.value)


@pytest.mark.parametrize("rope", [(1, 1), (2, 1), (0, np.inf), (1,)])
def test_an_impossible_rope_is_refused(slopes_fit, rope):
    with pytest.raises(ba.ModelError, match="practical equivalence"):
        ba.hypothesis(slopes_fit, "stigma < 0", rope=rope)


def test_numbers_are_those_of_the_draws(slopes_fit):
    found = ba.hypothesis(slopes_fit, "stigma < -1", rope=(-0.5, 0.5), prob=0.9)
    values = slopes_fit.posterior["b"].sel(coefficient="stigma").to_numpy() + 1
    row = found.table.loc["b[stigma] - (-1)"]
    assert row["probability"] == found.probability == np.mean(values < 0)
    assert row["mean"] == pytest.approx(values.mean(), rel=1e-12)
    assert [row["lower"], row["upper"]] == pytest.approx(np.quantile(values, [0.05, 0.95]))
    assert row["probability_of_direction"] == max(np.mean(values < 0), np.mean(values > 0))
    assert row["rope"] == np.mean((values >= -0.5) & (values <= 0.5))
    assert row["odds"] == pytest.approx(np.mean(values < 0) / np.mean(values >= 0))
    assert np.isnan(row["evidence"])
    assert np.array_equal(found.draws["difference"][..., 0], values)
    assert np.array_equal(found.draws["holds"][..., 0], values < 0)


def test_every_kind_of_quantity_is_found_at_its_place(slopes_fit, ordinal_fit):
    posterior = slopes_fit.posterior
    group = slopes_fit.model.design.groups[0]
    label = group.labels[6]
    expected = {
        "sigma": posterior["sigma"],
        SLOPE_SD: posterior["sd_case_manager"][..., 1],
        "cor_case_manager": posterior["cor_case_manager"][..., 0],
        "cor_case_manager[Intercept ~ stigma]": posterior["cor_case_manager"][..., 0],
        f"u_case_manager[{label}, stigma]": posterior["u_case_manager"][:, :, 6, 1],
    }
    for name, values in expected.items():
        assert np.array_equal(
            ba.hypothesis(slopes_fit, f"{name} > 0").draws["difference"][..., 0], values
        )
    second = ordinal_fit.posterior["cutpoint"]
    between = str(second[second.dims[-1]].to_numpy()[1])
    found = ba.hypothesis(ordinal_fit, f"cutpoint[{between}] > 0")
    assert np.array_equal(found.draws["difference"][..., 0], second[..., 1])


def test_shares_are_those_of_variance_shares(slopes_fit, nested_fit):
    shares = ba.variance_shares(slopes_fit, at={"stigma": 1})
    found = ba.hypothesis(slopes_fit, "share[case_manager] > 0.05", at={"stigma": 1})
    values = shares.draws["share"].sel(level="case_manager").to_numpy()
    assert found.probability == np.mean(values > 0.05)
    lower, upper = ba.hypothesis(nested_fit, "share[agency] > share[agency:case_manager]"), None
    both = ba.variance_shares(nested_fit).draws["share"]
    upper = both.sel(level="agency") > both.sel(level="agency:case_manager")
    assert lower.probability == float(upper.mean())


def test_shares_can_be_averaged_over_the_rows(slopes_fit):
    claim = "share[case_manager] > 0.05"
    found = ba.hypothesis(slopes_fit, claim)
    values = ba.variance_shares(slopes_fit, average=True).draws["share"][..., 0].to_numpy()
    assert found.probability == np.mean(values > 0.05)
    where = place_words(NO_PLACE, average=True)
    assert found.sentence.endswith(f"Shares are of the variance the predictors leave{where}.")
    stated = ba.hypothesis(slopes_fit, claim, at={"stigma": 1}).sentence
    assert stated.endswith("Shares are of the variance the predictors leave at stigma = 1.")
    assert "Shares" not in ba.hypothesis(slopes_fit, "stigma < 0").sentence
    with pytest.raises(ba.ModelError, match="two different answers"):
        ba.hypothesis(slopes_fit, claim, at={"stigma": 1}, average=True)


def test_shares_of_an_outcome_with_a_link_say_their_scale(ordinal_fit):
    sentence = ba.hypothesis(ordinal_fit, "share[case_manager] > 0.05").sentence
    assert sentence.endswith(f"{measure_words('link (logit)')}.")
    assert "logit" in sentence


def test_claims_are_joined(slopes_fit):
    found = ba.hypothesis(
        slopes_fit, "stigma < -1 and 3 < sigma < 8 and sd_case_manager[stigma] > 2"
    )
    posterior = slopes_fit.posterior
    b, sigma = posterior["b"][..., 1], posterior["sigma"]
    together = (b < -1) & (sigma > 3) & (sigma < 8) & (posterior["sd_case_manager"][..., 1] > 2)
    assert found.probability == float(together.mean())
    assert len(found.table) == 5


def test_a_chain_holds_where_all_of_it_does(slopes_fit):
    found = ba.hypothesis(slopes_fit, "-1 < stigma < 1")
    values = slopes_fit.posterior["b"].sel(coefficient="stigma").to_numpy()
    assert found.probability == np.mean((values > -1) & (values < 1))
    assert list(found.table.index) == ["-1 - b[stigma]", "b[stigma] - 1", "all together"]
    assert "Estimate" not in found.sentence


def test_monte_carlo_error_is_that_of_draws_that_depend_on_each_other():
    """Over 400 runs of autocorrelated chains the probability spreads as its error says."""
    rng, remembered = np.random.default_rng(8), 0.6
    noise = rng.normal(size=(500, 400, 4)) * np.sqrt(1 - remembered**2)
    chains = np.empty_like(noise)
    chains[0] = rng.normal(size=(400, 4))
    for step in range(1, len(noise)):
        chains[step] = remembered * chains[step - 1] + noise[step]
    runs = [probability_and_error((chains[:, k] < 0.5).T) for k in range(400)]
    spread = np.std([probability for probability, _ in runs], ddof=1)
    said = np.mean([error for _, error in runs])
    independent = np.sqrt(0.69 * 0.31 / 2000)
    assert said > 1.5 * independent
    # The sd of a sample of 400 is known to 1/sqrt(800) = 3.5%; 15% is over four of those.
    assert spread == pytest.approx(said, rel=0.15)


def test_evidence_is_posterior_over_prior_odds(slopes_fit):
    fit = ba.with_prior(slopes_fit, draws=2000, seed=3)
    row = ba.hypothesis(fit, f"{SLOPE_SD} < 2").table.iloc[0]
    before = (fit.idata[names.PRIOR]["sd_case_manager"][..., 1] < 2).to_numpy().mean()
    after = (fit.posterior["sd_case_manager"][..., 1] < 2).to_numpy().mean()
    assert row["prior"] == before
    assert row["evidence"] == pytest.approx(after / (1 - after) / (before / (1 - before)))
    # The delta method by hand; prior draws are independent.
    relative = np.hypot(
        row["mcse"] / (after * (1 - after)), 1 / np.sqrt(2000 * before * (1 - before))
    )
    assert row["mcse_evidence"] == pytest.approx(row["evidence"] * relative, rel=0.1)


def test_a_claim_all_draws_share_keeps_an_error_and_no_false_certainty(slopes_fit):
    found = ba.hypothesis(slopes_fit, "sigma > 0")
    assert found.probability == 1
    assert found.table["odds"].iloc[0] == np.inf
    assert 0 < found.table["mcse"].iloc[0] < 1 / 4000
    assert "over 0.999" in found.sentence
    assert "beyond what this many draws can say" in str(found)


@pytest.mark.parametrize(
    ("bound", "words"),
    [(-30, "There is little doubt that 'b[stigma] < -30' is wrong"), (30, "There is little doubt")],
)
def test_words_follow_the_probability(slopes_fit, bound, words):
    assert ba.hypothesis(slopes_fit, f"stigma < {bound}").sentence.startswith(words)


def test_words_change_with_the_probability_and_never_claim_significance(slopes_fit):
    bounds = np.quantile(slopes_fit.posterior["b"][..., 1], [0.03, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97])
    sentences = [ba.hypothesis(slopes_fit, f"stigma < {b:.4f}").sentence for b in bounds]
    starts = {sentence.partition(" '")[0] for sentence in sentences}
    assert len(starts) == len(bounds)
    assert not [s for s in sentences if "significan" in s]


def test_sentence_gives_the_estimate_of_the_left_side(slopes_fit):
    shifted = ba.hypothesis(slopes_fit, "stigma < -10", rope=(-1, 1)).sentence
    mean = float(slopes_fit.posterior["b"][..., 1].mean())
    assert f"The estimate of b[stigma] is {mean:.3g}" in shifted
    assert "between -11 and -9" in shifted


def test_picture_shows_the_claim_s_share(slopes_fit):
    found = ba.hypothesis(slopes_fit, "stigma < -1", rope=(-0.5, 0.5))
    figure, axes = plt.subplots()
    assert found.plot(axes) is axes
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels[0] == f"holds ({found.probability:.2f})"
    assert axes.get_xlabel() == "b[stigma] (posterior)"
    plt.close(figure)


def test_a_coefficient_called_like_a_variable_needs_its_brackets():
    table = pd.DataFrame({"y": RNG.normal(size=40), "sigma": RNG.normal(size=40)})
    model = ba.Model("y ~ sigma", table)
    written = ways_to_write(model, quantity_places(model))
    assert written["sigma"] == "sigma"
    assert written["b[sigma]"] == "b[sigma]"


def test_record_shows_itself(slopes_fit):
    found = ba.hypothesis(slopes_fit, "stigma < 0")
    assert "b[stigma] &lt; 0" in found._repr_html_()
    assert found.sentence in str(found)


@pytest.mark.parametrize(
    ("options", "given", "leave"),
    [
        ({"at": {"stigma": 1}}, "at={'stigma': 1}", "Leave at= out"),
        ({"average": True}, "average=True", "Leave average= out"),
        (
            {"at": {"stigma": 1}, "average": True},
            "at={'stigma': 1} and average=True",
            "Leave at= and average= out",
        ),
    ],
)
def test_where_a_share_holds_is_refused_in_a_claim_of_no_share(slopes_fit, options, given, leave):
    with pytest.raises(ba.ModelError) as caught:
        ba.hypothesis(slopes_fit, "stigma < 0 and sigma > 1", **options)
    said = str(caught.value)
    assert f"with {given}." in said
    assert "it is about b[stigma], sigma." in said
    assert leave in said
    assert ba.hypothesis(slopes_fit, "stigma < 0", at={}).standing == ""


def test_several_claims_make_one_table(slopes_fit):
    claims = ["stigma < 0", f"-1 < stigma < 0 and {SLOPE_SD} > 1"]
    found = ba.hypothesis(slopes_fit, claims, rope=(-0.5, 0.5))
    assert list(found.table.index) == claims
    for claim in claims:
        alone = ba.hypothesis(slopes_fit, claim, rope=(-0.5, 0.5))
        pd.testing.assert_series_equal(
            found.table.loc[claim], alone.table.iloc[-1], check_names=False
        )
        assert alone.sentence in str(found)
    named = ba.hypothesis(slopes_fit, {"it hurts": claims[0], "it varies": f"{SLOPE_SD} > 1"})
    assert list(named.table.index) == ["it hurts", "it varies"]
    assert named.claims["it hurts"].probability == found.table["probability"].iloc[0]
    assert named.sentences[0].startswith("it hurts: ")
    assert not found.sentences[0].startswith("stigma")


@pytest.mark.parametrize("claims", [[], {}, ["stigma < 0", "stigma < 0"], ["stigma < 0", 3], 3])
def test_what_is_no_list_of_claims_is_refused(slopes_fit, claims):
    with pytest.raises(ba.ModelError, match=r"Several claims.*two have one name"):
        ba.hypothesis(slopes_fit, claims)


def test_claims_about_what_is_of_lower_order_say_where_it_holds(slopes_fit):
    group = slopes_fit.model.design.groups[0].labels[0]
    for name in (
        "b[Intercept]",
        f"u_case_manager[{group}, Intercept]",
        "sd_case_manager[Intercept]",
    ):
        sentence = ba.hypothesis(slopes_fit, f"{name} > 0.1").sentence
        assert sentence.endswith(f"{name} is as the formula writes it: at predictor value 0.")
    for name in ("stigma", f"u_case_manager[{group}, stigma]", "sd_case_manager[stigma]", "sigma"):
        assert "predictor value 0" not in ba.hypothesis(slopes_fit, f"{name} > 0.1").sentence
