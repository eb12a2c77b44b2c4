"""One answer: the same quantity asked of two verbs is one number, under one name."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bayes_alliance as ba
from bayes_alliance import names
from bayes_alliance.checks import outcome_statistics
from bayes_alliance.model import ordered_categories
from bayes_alliance.posterior.groups import group_mean
from bayes_alliance.sampling.fit import Fit

SCALES = {
    "1 to 4": [1, 2, 3, 4],
    "0 to 3": [0, 1, 2, 3],
    "steps that differ": pd.CategoricalDtype([0, 2, 5, 6], ordered=True),
    "words": pd.CategoricalDtype(["never", "rarely", "often", "always"], ordered=True),
    "one that nobody chose": [1, 2, 4],
}


def study(scale: Any, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    steps = list(scale.categories) if isinstance(scale, pd.CategoricalDtype) else scale
    chosen = rng.permutation(np.resize(np.arange(len(steps)), 48))
    rated = pd.Series([steps[k] for k in chosen])
    return pd.DataFrame(
        {
            "rating": rated.astype(scale) if isinstance(scale, pd.CategoricalDtype) else rated,
            "x": rng.normal(2, 1, size=48),
            "kind": rng.permutation(np.resize(["home", "ward"], 48)),
            "g": rng.permutation(np.resize([*"abcdef"], 48)),
        }
    )


@pytest.fixture(scope="module")
def fit_of(prior_fit) -> Callable[..., Fit]:
    def made(scale: Any, seed: int, draws: int = 30) -> Fit:
        model = ba.Model("rating ~ x + kind + (1 + x | g)", study(scale, seed), "cumulative")
        return prior_fit(model, draws, seed)

    return made


def scores_of(fit: Fit) -> np.ndarray:
    """Return what the categories count as, written down by hand from the scale."""
    levels = fit.model.frame.levels
    own = {"never": 1, "rarely": 2, "often": 3, "always": 4}
    return np.array([float(own.get(level, level)) for level in levels])


def disagreements(fit: Fit) -> list[str]:
    """Name the verbs that give another expected score than the probabilities do."""
    probability = ba.predict(fit, target="same", kind="probability").draws["prediction"]
    score = (probability.to_numpy() @ scores_of(fit))[0]
    group = fit.model.design.group("g")
    expected = np.stack([score[:, group.index == k].mean(axis=1) for k in range(6)], axis=1)
    raw = scores_of(fit)[fit.model.frame.y.astype(int)]
    raw_means = np.array([raw[group.index == k].mean() for k in range(6)])
    means = ba.group_means(fit)
    check = ba.check_predictive(fit, group="g", draws=10).table["observed"]
    contrast = ba.contrast(fit, "kind", target="same").draws["contrast"].to_numpy()
    rows = fit.model.frame.rows
    both = [
        (
            ba.predict(fit, rows.assign(kind=kind), target="same", kind="probability")
            .draws["prediction"]
            .to_numpy()
            @ scores_of(fit)
        ).mean(axis=-1)
        for kind in ("home", "ward")
    ]
    answers = {
        "predict": (ba.predict(fit, target="same").draws["prediction"].to_numpy()[0], score),
        "predict by group": (
            ba.predict(fit, target="same", by="g").table.set_index("g")["mean"][list("abcdef")],
            expected.mean(axis=0),
        ),
        "group_means": (means.draws["mean"].to_numpy()[0], expected),
        "group_means, raw": (means.table["raw"], raw_means),
        "group_means, overall": (means.overall, raw.mean()),
        "check_predictive, smallest": (check["smallest mean of g"], raw_means.min()),
        "check_predictive, largest": (check["largest mean of g"], raw_means.max()),
        "check_predictive, sd": (check["sd of the means of g"], raw_means.std(ddof=1)),
        "contrast": (contrast[..., 0], both[1] - both[0]),
    }
    # Sums in another order, and an integral that is exact to 1e-9.
    return [name for name, (a, b) in answers.items() if not np.allclose(a, b, atol=1e-7)]


@settings(max_examples=8, deadline=None)
@given(scale=st.sampled_from(sorted(SCALES)), seed=st.integers(0, 1000))
def test_an_expected_score_is_one_number(fit_of, scale, seed):
    assert disagreements(fit_of(SCALES[scale], seed)) == []


@pytest.mark.parametrize("scale", sorted(SCALES))
def test_shares_on_the_response_scale_are_of_the_same_scores(fit_of, scale):
    """The share of an average over rows, from the covariance of two clients of a group."""
    fit = fit_of(SCALES[scale], 5, draws=4)
    model, at = fit.model, {"x": 2.0, "kind": "home"}
    row = pd.DataFrame({key: [value] for key, value in at.items()})
    draws = fit.posterior
    b = draws[names.B].to_numpy()[0]
    design = model.rebuild_design(row.assign(g="new"))
    sd = draws[names.sd("g")].to_numpy()[0]
    cor = draws[names.cor("g")].to_numpy()[0][:, 0]
    z = np.array([1.0, 2.0])
    variance = (z[0] * sd[:, 0]) ** 2 + (z[1] * sd[:, 1]) ** 2
    variance += 2 * z[0] * z[1] * sd[:, 0] * sd[:, 1] * cor
    nodes, weights = np.polynomial.hermite_e.hermegauss(200)
    weights = weights / weights.sum()
    eta = (b @ design.X[0])[:, None] + np.sqrt(variance)[:, None] * nodes
    cuts = draws[names.CUTPOINT].to_numpy()[0]
    above = 1 / (1 + np.exp(-(eta[..., None] - cuts[:, None])))
    edges = np.concatenate([np.ones((*eta.shape, 1)), above, np.zeros((*eta.shape, 1))], axis=-1)
    chances = edges[..., :-1] - edges[..., 1:]
    mean = chances @ scores_of(fit)
    square = chances @ scores_of(fit) ** 2
    whole = square @ weights - (mean @ weights) ** 2
    between = mean**2 @ weights - (mean @ weights) ** 2
    shares = ba.variance_shares(fit, at=at, scale="response")
    found = shares.draws["share"].to_numpy()[0]
    # Gauss and Hermite's 200 points: 1e-3 where a prior's sd makes steps of the curve.
    np.testing.assert_allclose(found[..., 0].ravel(), between / whole, atol=2e-3)
    assert any("Categories count as" in note for note in shares.notes)


@pytest.mark.parametrize("place", [group_mean, outcome_statistics])
def test_an_offender_is_seen(fit_of, monkeypatch, place):
    """One verb counts categories from 0, as one did."""
    fit = fit_of(SCALES["1 to 4"], 1)
    assert disagreements(fit) == []
    monkeypatch.setattr(place, "as_scores", lambda levels, codes: codes)
    assert disagreements(fit)


def test_another_offender_is_seen(fit_of, monkeypatch):
    """Every verb takes places for numbers: they agree with each other, not with the scale."""
    fit = fit_of(SCALES["steps that differ"], 1)
    monkeypatch.setattr(
        ordered_categories, "category_scores", lambda levels: np.arange(1.0, len(levels) + 1)
    )
    assert "predict" in disagreements(fit)


@pytest.mark.parametrize("verb", ["predict", "contrast", "slopes", "group_means", "check"])
def test_every_output_says_what_categories_count_as(fit_of, verb):
    fit = fit_of(SCALES["0 to 3"], 1)
    made = {
        "predict": lambda: ba.predict(fit, ba.grid(fit)),
        "contrast": lambda: ba.contrast(fit, "kind"),
        "slopes": lambda: ba.slopes(fit, "x"),
        "group_means": lambda: ba.group_means(fit),
        "check": lambda: ba.check_predictive(fit, group="g", draws=10),
    }
    said = str(made[verb]())
    assert "ategories count as" in said
    assert "0 to 3" in said
