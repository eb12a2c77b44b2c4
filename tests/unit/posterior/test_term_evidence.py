"""Evidence for and against a term: which term it is, against exact integration, and in words."""

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

import bayes_alliance as ba
from bayes_alliance.posterior.evidence.scaled_evidence import DrawsOfPriors
from bayes_alliance.posterior.evidence.small_effect import small_effect
from bayes_alliance.posterior.evidence.term import term_between
from bayes_alliance.posterior.evidence.term_evidence import (
    CURVE,
    TermEvidence,
    crosses_a_limit,
    factor_table,
    judge,
)

SCALES = (0.5, 1.0, 2.0)


def made_up(logs, *, error=0.01, curve=None, **others):
    told = {"priors": ("b[x] ~ Normal(0, 2)",), "free": "full", "fixed": "null"} | others
    curve = dict(zip(SCALES, logs, strict=True)) if curve is None else curve
    return TermEvidence(
        table=factor_table(SCALES, logs, [error] * 3),
        curve=factor_table(list(curve), list(curve.values()), [error] * len(curve)),
        **told,
    )


@pytest.mark.parametrize(
    ("factors", "kind", "strength"),
    [
        ((25, 27, 30), "for", "strong"),
        ((25, 27, 10), "for", "positive"),  # the weakest of the three
        ((160, 200, 1e9), "for", "very strong"),
        ((2, 3.5, 4), "depends", ""),
        ((25, 10, 2), "depends", ""),
        ((0.6, 0.3, 0.15), "against", "positive"),  # at the named scale alone
        ((0.9, 0.2, 0.01), "against", "positive"),
        ((0.1, 0.04, 0.02), "against", "strong"),
        ((1.3, 1.2, 0.9), "hardly any", "hardly any"),
        ((0.9, 0.5, 0.2), "hardly any", "hardly any"),
        ((1.3, 1.1, 0.2), "depends", ""),
        ((4, 0.9, 0.5), "depends", ""),
    ],
)
def test_three_factors_make_one_word(factors, kind, strength):
    logs = dict(zip(SCALES, np.log(factors), strict=True))
    found = judge(logs, dict.fromkeys(SCALES, 0.001))
    assert (found.kind, found.strength) == (kind, strength)


@pytest.mark.parametrize("limit", [3.0, 20.0, 150.0])
@pytest.mark.parametrize("sign", [-1, 1])
def test_there_is_no_word_where_the_error_crosses_its_limit(limit, sign):
    log = sign * np.log(limit)
    near, far = (dict.fromkeys(SCALES, log + sign * step) for step in (0.03, 0.05))
    errors = dict.fromkeys(SCALES, 0.02)  # two of them reach 0.04
    assert judge(near, errors).kind == "open"
    assert judge(far, errors).kind != "open"
    assert crosses_a_limit(near[1.0], 0.02)
    assert not crosses_a_limit(far[1.0], 0.02)
    unknown = judge(far, dict.fromkeys(SCALES, float("nan")))
    assert unknown.kind == "open"


SENTENCES = {
    "clear": (
        (3.2, 3.3, 3.4),
        "27.1 times as probable under full as under null",
        "strong evidence for full.",
    ),
    "weaker": (
        (3.4, 3.2, 2.6),
        "given the prior b[x] ~ Normal(0, 2)",
        "positive evidence for full, as the weakest of the three says.",
    ),
    "against": (
        (-2.4, -3.3, -4.0),
        "27.1 times as probable under null as under full",
        "strong evidence against effects of the size that the prior b[x] ~ Normal(0, 2) expects.",
    ),
    "little": (
        (0.5, 0.6, 0.7),
        "1.65 times with half and 2.01 times with double its scale",
        "hardly any evidence, for full or for null.",
    ),
    "turned": (
        (1.4, 0.5, -2.5),
        "depends on the prior",
        "from 0.0821 to 4.06 times between half and double its scale.",
    ),
    "huge": ((30.0, 31.0, 32.0), "over a million times as probable under full", "very strong"),
}


@pytest.mark.parametrize("case", SENTENCES)
def test_the_sentence_follows_the_numbers(case):
    logs, first, second = SENTENCES[case]
    sentence = made_up(logs).sentence
    assert first in sentence
    assert second in sentence
    assert "significan" not in sentence
    assert "b[x] ~ Normal(0, 2)" in sentence


def test_a_rough_bridge_has_no_word():
    sentence = made_up((1.0, 1.2, 1.3), error=0.4).sentence
    assert sentence.startswith("The draws are too few for a word on full against null")
    assert "3.32 times as probable" in sentence
    assert "1.49 to 7.39" in sentence  # exp(1.2 - 0.8) and exp(1.2 + 0.8)
    assert not any(word in sentence for word in ("positive", "strong", "hardly"))


def test_without_half_and_two_there_is_no_word():
    one = replace(made_up((3.2, 3.3, 3.4)), table=factor_table([1.0], [3.3], [0.01]))
    assert one.judgement is None
    assert "27.1 times as probable" in one.sentence
    assert "strong" not in one.sentence


def test_the_smallest_scale_is_where_the_word_ends():
    """A factor of 1 / (6 c) at c times the scale reaches a third at a half."""
    curve = {scale: -np.log(6 * scale) for scale in CURVE}
    found = made_up(tuple(-np.log(6 * np.array(SCALES)) + 1e-12), curve=curve, error=1e-9)
    assert found.judgement.strength == "positive"
    assert found.smallest_scale == pytest.approx(0.5, abs=1e-6)
    deep = {scale: -np.log(100 * scale) for scale in CURVE}
    strong = made_up(tuple(-np.log(100 * np.array(SCALES))), curve=deep, error=1e-9)
    # A factor of 20 at a fifth of the scale.
    assert strong.smallest_scale == pytest.approx(0.2, abs=1e-6)
    assert "It holds down to 0.200 times that scale." in strong.sentence
    ever = made_up((-4.0, -4.0, -4.0), curve=dict.fromkeys(CURVE, -4.0))
    assert "It holds down to 0.125 times that scale, the narrowest tried." in ever.sentence
    assert np.isnan(made_up((3.2, 3.3, 3.4)).smallest_scale)


def test_what_is_small_is_said_beside_evidence_against_only():
    told = {"small": "b[x] lies between -0.1 and 0.1", "small_probability": 0.931}
    against, in_favour = made_up((-2.4, -3.3, -4.0), **told), made_up((3.2, 3.3, 3.4), **told)
    assert "The probability that b[x] lies between -0.1 and 0.1 is 0.93." in against.sentence
    assert "lies between" not in in_favour.sentence
    assert "your prior b[x]" in made_up((3.2, 3.3, 3.4), own=("b[x]",)).sentence


def test_the_picture_shows_the_curve_and_the_dots():
    curve = {scale: -np.log(6 * scale) for scale in CURVE}
    found = made_up(tuple(-np.log(6 * np.array(SCALES))), curve=curve)
    axes = found.plot()
    line, dots = axes.get_lines()[:2]
    np.testing.assert_allclose(line.get_ydata(), np.array(list(curve.values())) / np.log(10))
    np.testing.assert_allclose(dots.get_xdata(), [-1, 0, 1])
    plt.close(axes.figure)


FORMULAS = {
    "none": "y ~ 1 + (1 | g)",
    "x": "y ~ x + (1 | g)",
    "z": "y ~ z + (1 | g)",
    "both": "y ~ x + z + (1 | g)",
    "product": "y ~ x * z + (1 | g)",
    "slopes": "y ~ x + (1 + x | g)",
    "apart": "y ~ x + (1 + x || g)",
    "crossed": "y ~ x + (1 | g) + (1 | h)",
    "category": "y ~ a + (1 | g)",
    "levels": "y ~ 0 + a + (1 | g)",
    "no level": "y ~ 0 + x + (1 | g)",
    "offset": "y ~ x + z + offset(w) + (1 | g)",
}


@pytest.fixture(scope="module")
def small():
    """Forty rows of eight groups, and another factor that crosses them."""
    rng = np.random.default_rng(12)
    g, h = np.repeat(np.arange(8), 5), np.tile(np.arange(5), 8)
    x = rng.normal(30, 4, size=40)
    z, w = rng.normal(size=(2, 40))
    y = 20 + 0.3 * x + 1.5 * rng.normal(size=8)[g] + rng.normal(size=5)[h] + 3 * rng.normal(size=40)
    a = np.array(list("pqr"))[rng.integers(3, size=40)]
    return pd.DataFrame({"y": y, "x": x, "z": z, "w": w, "a": a, "g": g, "h": h}).astype(
        {"g": str, "h": str}
    )


@pytest.fixture(scope="module")
def models(small):
    return {name: ba.Model(formula, small) for name, formula in FORMULAS.items()}


@pytest.mark.parametrize(
    ("smaller", "larger", "keys"),
    [
        ("none", "x", ["b[x]"]),
        ("none", "both", ["b[x]", "b[z]"]),
        ("both", "product", ["b[x:z]"]),
        ("x", "product", ["b[z]", "b[x:z]"]),
        ("x", "slopes", ["sd_g[x]", "cor_g"]),
        ("none", "slopes", ["b[x]", "sd_g[x]", "cor_g"]),
        ("x", "apart", ["sd_g[x]"]),
        ("x", "crossed", ["sd_h[Intercept]"]),
        ("none", "category", ["b[a[q]]", "b[a[r]]"]),
        ("none", "levels", ["b[a[q]]", "b[a[r]]"]),  # the constant stands in the first level
    ],
)
def test_the_term_is_what_one_model_has_beyond_the_other(models, smaller, larger, keys):
    term = term_between(models[smaller], models[larger])
    assert [entry.key for entry in term.entries] == keys
    assert term_between(models[larger], models[smaller]) is None


@pytest.mark.parametrize(
    ("smaller", "larger"),
    [
        ("x", "z"),  # each has what the other has not
        ("x", "x"),
        ("no level", "x"),  # a level is no effect
        ("apart", "slopes"),  # a correlation alone has no scale
        ("x", "offset"),
    ],
)
def test_models_that_differ_in_more_have_no_term(models, smaller, larger):
    assert term_between(models[smaller], models[larger]) is None


def test_a_label_that_is_another_column_is_no_shared_part(small, models):
    moved = ba.Model(FORMULAS["both"], small.assign(x=small["x"].sample(frac=1).to_numpy()))
    assert term_between(models["x"], moved) is None
    assert term_between(models["x"], models["both"]) is not None
    rolled = ba.Model(FORMULAS["both"], small.assign(g=np.roll(small["g"], 1)))
    assert term_between(models["x"], rolled) is None


def test_priors_of_ones_own_are_used_as_written_and_must_be_shared(small, models):
    own = ba.Model(FORMULAS["both"], small, priors={"b[z]": "Normal(1, 0.3)"})
    term = term_between(models["x"], own)
    assert term.own == ("b[z]",)
    assert term.in_words == ("b[z] ~ Normal(1, 0.3)",)
    assert term.at_scale(2.0)[0].prior.arguments == (1.0, 0.6)
    default = term_between(models["x"], models["both"])
    width = 0.5 * small["y"].std() / small["z"].std()
    assert default.own == ()
    assert default.entries[0].prior.arguments == pytest.approx((0.0, width))
    unlike = ba.Model(FORMULAS["both"], small, priors={"sigma": "HalfNormal(1)"})
    assert term_between(models["x"], unlike) is None
    alike = ba.Model(FORMULAS["x"], small, priors={"sigma": "HalfNormal(1)"})
    assert term_between(alike, unlike) is not None


def test_levels_of_a_category_have_one_prior_and_a_size_together(small, models):
    term = term_between(models["none"], models["category"])
    width = ba.Model(FORMULAS["category"], small).priors.of("b")[1].arguments[1] / 5
    (words,) = term.in_words
    assert words.startswith(f"b[a[q]], b[a[r]] ~ Normal(0, {width:#.3g}")
    draws = DrawsOfPriors(values={e.place: np.zeros((1, 9)) for e in term.scaled}, entries={})
    found = small_effect(models["category"], term.scaled, draws)
    assert found.words == f"no two levels of a differ by {0.2 * small['y'].std():#.3g} or more"
    assert found.probability == 1.0
    # Some of the levels say nothing of how far all of them lie apart.
    assert small_effect(models["category"], term.scaled[:1], draws) is None
    assert small_effect(models["category"], term.scaled, draws, around=0.5) is None
    slope = term_between(models["none"], models["x"])
    draws = DrawsOfPriors(values={e.place: np.zeros((1, 9)) for e in slope.scaled}, entries={})
    found = small_effect(models["x"], slope.scaled, draws)
    limit = 0.1 * small["y"].std() / small["x"].std()
    assert found.words == f"b[x] lies between {-limit:#.3g} and {limit:#.3g}"
    assert found.probability == 1.0
    own = ba.Model(FORMULAS["x"], small, priors={"b[x]": "Normal(0, 9)"})
    same = small_effect(own, term_between(models["none"], own).scaled, draws)
    assert same.words == found.words  # what is small does not follow from one's own prior


@pytest.mark.parametrize("formula", ["y ~ a + (1 | g)", "y ~ C(a, Sum) + x + (1 | g)"])
def test_the_range_of_levels_is_that_of_their_simulated_means(small, formula):
    """Effects of the levels from the model's own design, not from the coding of its columns."""
    model = ba.Model(formula, small)
    basis = model.priors.basis.coefficients
    b = np.random.default_rng(4).normal(0, 0.6, (2, 400, len(model.design.coefficients)))
    entries = [e for e in model.priors.entries if e.stands == "any two levels alike"]
    places = {label: k for k, label in enumerate(model.design.coefficients)}
    working = b @ basis.to_working.T
    draws = {e.place: working[..., places[e.element]] for e in entries}
    own = [places[e.element] for e in entries]
    first = [int(np.flatnonzero(small["a"] == level)[0]) for level in "pqr"]
    means = b[..., own] @ model.design.X[np.ix_(first, own)].T
    found = small_effect(model, entries, DrawsOfPriors(values=draws, entries={}))
    limit = 0.2 * small["y"].std()
    expected = float((np.ptp(means, axis=-1) < limit).mean())
    assert 0.1 < expected < 0.9
    assert found.words == f"no two levels of a differ by {limit:#.3g} or more"
    assert found.probability == pytest.approx(expected, abs=1e-12)
    # No coefficient alone is the range: with any of them left out it would be smaller.
    assert found.probability < float((np.abs(b[..., own]).max(axis=-1) < limit).mean()) + 1e-12


def test_defaults_that_a_term_moves_are_named(models):
    """Uncorrelated slopes put the sd of the intercept to x = 0, which is far from the rows."""
    term = term_between(models["x"], models["apart"])
    assert term.unlike == ("sd_g[Intercept]",)
    assert term_between(models["x"], models["slopes"]).unlike == ()


STEP = 0.1
LOG_SIGMA, LOG_TAU = np.arange(-0.2, 2.6, STEP), np.arange(-6, 3.2, STEP)
LOG_THIRD = LOG_TAU[::3]


def half_t(log_values, scale, step):
    """Log density of the logarithm of a half-t(3) number, times the step of its grid."""
    values = np.exp(log_values)
    return np.log(2) + stats.t.logpdf(values, 3, scale=scale) + log_values + np.log(step)


def likelihoods(table, *, slope=None, crossed=False):
    """Log likelihood by sd of the residuals and of each factor, with the coefficients integrated.

    ``slope`` is the prior sd of the slope of x at the means, None without one. Each point is a
    dense normal density.
    """
    y, x = table["y"].to_numpy(), table["x"].to_numpy()
    same_g, same_h = (
        np.equal.outer(table[name].to_numpy(), table[name].to_numpy()) for name in "gh"
    )
    fixed = (2.5 * y.std(ddof=1)) ** 2 * np.ones((len(y), len(y)))
    if slope is not None:
        fixed = fixed + slope**2 * np.outer(x - x.mean(), x - x.mean())
    third = LOG_THIRD if crossed else np.array([-np.inf])
    values = np.empty((len(LOG_SIGMA), len(LOG_TAU), len(third)))
    of_groups = (
        np.exp(2 * LOG_TAU)[:, None, None, None] * same_g
        + np.exp(2 * third)[:, None, None] * same_h
    )
    outcome = np.broadcast_to((y - y.mean())[:, None], (*of_groups.shape[:3], 1))
    for i, log_sigma in enumerate(LOG_SIGMA):
        root = np.linalg.cholesky(fixed + of_groups + np.exp(2 * log_sigma) * np.eye(len(y)))
        rest = np.linalg.solve(root, outcome)[..., 0]
        logs = np.log(np.diagonal(root, axis1=-2, axis2=-1)).sum(-1)
        values[i] = -0.5 * (rest**2).sum(-1) - logs - len(y) / 2 * np.log(2 * np.pi)
    return values


def integrated(table, values, crossed=None):
    """Log evidence; ``crossed`` is the scale of the half-t prior of the second factor's sd."""
    s = table["y"].std()
    prior = half_t(LOG_SIGMA, s, STEP)[:, None, None] + half_t(LOG_TAU, s / 2, STEP)[None, :, None]
    third = 0.0 if crossed is None else half_t(LOG_THIRD, crossed, 3 * STEP)
    return special.logsumexp(values + prior + third)


def exact(table, slope=None):
    return integrated(table, likelihoods(table, slope=slope))


@pytest.mark.slow
def test_a_slope_is_weighed_as_exact_integration_does(small, models):
    fits = {name: ba.sample(models[name], seed=4) for name in ("none", "x")}
    found = ba.bayes_factors(fits)
    width = 0.5 * small["y"].std() / small["x"].std()
    null = exact(small)
    for scale, table in found.tables.items():
        row = table.loc["x"]
        expected = exact(small, scale * width) - null
        assert row["mcse_log_bayes_factor"] < 0.02
        assert row["log_bayes_factor"] == pytest.approx(
            expected, abs=4 * row["mcse_log_bayes_factor"] + 1e-3
        )
        # A prior a quarter wider would be seen.
        other = exact(small, 1.25 * scale * width) - null
        assert abs(row["log_bayes_factor"] - other) > 5 * row["mcse_log_bayes_factor"]
    fitted = exact(small, 5 * width) - null
    assert np.log(found.table.loc["x", "as_fitted"]) == pytest.approx(fitted, abs=0.05)


@pytest.mark.slow
def test_a_group_sd_is_weighed_as_exact_integration_does(small, models):
    fits = {name: ba.sample(models[name], seed=4) for name in ("x", "crossed")}
    found = ba.bayes_factors(fits)
    s = small["y"].std()
    slope = 2.5 * s / small["x"].std()
    null, with_second = exact(small, slope), likelihoods(small, slope=slope, crossed=True)
    for scale, table in found.tables.items():
        row = table.loc["crossed"]
        expected = integrated(small, with_second, crossed=scale * s / 2) - null
        assert row["mcse_log_bayes_factor"] < 0.03
        assert row["log_bayes_factor"] == pytest.approx(
            expected, abs=4 * row["mcse_log_bayes_factor"] + 2e-3
        )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("smaller", "larger"), [("none", "x"), ("x", "slopes"), ("both", "product"), ("x", "crossed")]
)
def test_a_predictors_unit_and_zero_do_not_matter(small, smaller, larger):
    moved = small.assign(x=10 * small["x"] + 50)
    here, there = (
        ba.bayes_factors(
            {name: ba.sample(ba.Model(FORMULAS[name], t), seed=6) for name in (smaller, larger)}
        )
        for t in (small, moved)
    )
    for scale in SCALES:
        one, other = (found.tables[scale].loc[larger] for found in (here, there))
        error = np.hypot(one["mcse_log_bayes_factor"], other["mcse_log_bayes_factor"])
        assert abs(one["log_bayes_factor"] - other["log_bayes_factor"]) < 4 * error
        assert error < 0.05
    assert here.terms[larger].small_probability == pytest.approx(
        there.terms[larger].small_probability, abs=0.03
    )
