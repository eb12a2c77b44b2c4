"""Whether the model fits: what it does not reproduce is named, models that fit are let alone."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import bayes_alliance as ba
from bayes_alliance.checks import fit_to_data
from bayes_alliance.checks.finding import Misfit, merged_misfits
from bayes_alliance.checks.fit_to_data import FITS, MISFIT, NOT_CHECKED
from bayes_alliance.checks.replications import FALSE_ALARM

FORMULA = "y ~ x + (1 | g)"


def study(seed=1, groups=30, each=8, **columns):
    """Clients of groups with means that differ; `columns` make others from x, effect and noise."""
    rng = np.random.default_rng(seed)
    g = np.repeat(np.arange(groups), each)
    x, u, e = rng.normal(size=len(g)), rng.normal(size=groups)[g], rng.normal(size=len(g))
    found = {"x": x, "g": [f"G{k:02d}" for k in g], "y": 50 + 2 * x + 2 * u + 5 * e}
    return pd.DataFrame(found | {name: make(rng, x, u, e) for name, make in columns.items()})


def fitted(data, formula=FORMULA, family="gaussian", **options):
    return ba.sample(ba.Model(formula, data, family), seed=2, draws=400, tune=400, **options)


def counts(rng, x, u, e):
    return rng.poisson(np.exp(1 + 0.4 * x + 0.6 * u + 0.7 * e))


MISFITS = {
    "counts": (counts, "smallest value", 'family="poisson"'),
    "shares": (
        lambda rng, x, u, e: rng.beta(0.4, 2.5, size=len(x)),
        "skewness of the residuals",
        "no family for shares yet",
    ),
    "floor": (lambda rng, x, u, e: np.maximum(2 * u + 5 * e, -4), "smallest value", "lowest value"),
    "ceiling": (lambda rng, x, u, e: np.minimum(u + 3 * e, 3), "largest value", "highest value"),
    "tails": (
        lambda rng, x, u, e: u + rng.standard_t(2.5, size=len(x)),
        "kurtosis of the residuals",
        'family="student"',
    ),
    "light tails": (
        lambda rng, x, u, e: 10 * rng.random(len(x)),
        "kurtosis of the residuals",
        "that its scale does not have",
    ),
    "skewed": (
        lambda rng, x, u, e: np.exp(0.3 * u + 0.8 * e),
        "skewness of the residuals",
        "np.log(data['y'])",
    ),
    "yes and no": (
        lambda rng, x, u, e: (u + 2 * e > 2.5).astype(int),
        "skewness of the residuals",
        'family="bernoulli"',
    ),
    "few steps": (
        lambda rng, x, u, e: np.digitize(u + 2 * e, [-1.0, -0.7, -0.4, 3]),
        "kurtosis of the residuals",
        'family="cumulative"',
    ),
}


@pytest.mark.parametrize("case", MISFITS)
def test_what_is_not_reproduced_is_named_with_what_to_do(case):
    make, statistic, advice = MISFITS[case]
    verdict = ba.diagnose(fitted(study(y=make)))
    assert verdict.on_draws.level == "fine"
    assert verdict.on_model.level == verdict.level == "caution"
    finding = verdict.found(MISFIT)[0]
    assert statistic in finding.where
    assert finding.value < finding.threshold
    assert advice in str(finding.remedy)
    assert "the draws are sound; the model does not reproduce the " in verdict.sentence
    assert " in the data; " in verdict.sentence
    assert "so its answers are not final: a model that reproduces " in verdict.sentence
    assert "may change standard deviations, shares of the variance" in verdict.sentence
    assert finding.message.endswith("single rows, and to a lesser degree the average slopes.")


def test_a_small_misfit_does_not_sound_like_a_failed_model():
    """Of many rows a skewness of a third is seen, and it moves hardly an average."""
    skewed = study(groups=60, each=40, y=lambda rng, x, u, e: u + rng.gamma(36, 1 / 6, len(x)))
    verdict = ba.diagnose(fitted(skewed))
    (finding,) = verdict.found(MISFIT)
    assert finding.level == "caution"
    assert finding.misfit is not None
    assert finding.misfit.small
    assert "skewness of the residuals (0." in finding.message
    assert "expected, a small difference)" in finding.message
    assert "does not quite reproduce the skewness" in verdict.sentence
    assert "so its answers are not final" in verdict.sentence
    assert ", but hardly the average slopes" in verdict.sentence


def test_several_misfits_together_change_what_each_changes():
    one = Misfit(features=("a",), may_change=("p", "q"), changes_less=("r",), small=True)
    other = Misfit(features=("b", "c"), may_change=("q", "s"), changes_less=("r", "p"))
    whole = merged_misfits([one, other])
    assert whole.features == ("a", "b", "c")
    assert whole.clause == "the model does not reproduce a, b and 1 more"
    assert whole.consequence == (
        "a model that reproduces them may change p, q and s, and to a lesser degree r"
    )
    assert one.consequence == "a model that reproduces it may change p and q, but hardly r"
    swapped = Misfit(features=("d",), may_change=("r",))
    assert merged_misfits([one, swapped]).changes_less == ()


def test_one_advice_for_an_outcome_without_a_family():
    """What was seen in the data and what the model does not reproduce ask for the same."""
    verdict = ba.diagnose(fitted(study(y=counts)))
    (seen,), misfits = verdict.found("outcome_counts"), verdict.found(MISFIT)
    assert seen.remedy in [finding.remedy for finding in misfits]
    assert "logarithm" not in str(verdict)


def test_slopes_that_vary_and_sds_that_differ_are_named():
    uneven = study(y=lambda rng, x, u, e: 4 * u * x + e, groups=20, each=10)
    (finding,) = ba.diagnose(fitted(uneven)).found(MISFIT)[:1]
    assert "sd of the slopes of x by g" in finding.where
    found = ba.diagnose(fitted(uneven)).found(MISFIT)
    assert any("(1 + x | g)" in str(f.remedy) for f in found)
    assert not ba.diagnose(fitted(uneven, "y ~ x + (1 + x | g)")).found(MISFIT)
    sds = study(y=lambda rng, x, u, e: u + np.exp(u) * e, groups=20, each=10)
    found = ba.diagnose(fitted(sds)).found(MISFIT)
    assert any("variation of the sds between groups of g" in f.where for f in found)


def test_models_that_fit_are_let_alone():
    """At most one of twenty right models is objected to; of 24 more than 5 in one of 200 runs."""
    formulas = (FORMULA, "y ~ x + (1 + x | g)")
    objected = 0
    for seed in range(24):
        fit = fitted(study(seed, groups=10 + seed, each=4 + seed % 7), formulas[seed % 2])
        found = fit_to_data.check_fit_to_data(fit, draws_sound=True)
        objected += any(finding.code == MISFIT for finding in found)
    assert stats.binom.sf(5, 24, FALSE_ALARM) < 0.005
    assert objected <= 5


@pytest.mark.parametrize("name", ["null_fit", "nested_fit"])
def test_a_model_that_fits_is_said_to(request, name):
    verdict = ba.diagnose(request.getfixturevalue(name))
    (finding,) = (f for f in verdict.findings if f.code == FITS)
    assert finding.about == "model"
    assert "look like the data" in finding.message
    assert "the model fits the data in what was looked at" in verdict.sentence


@pytest.mark.parametrize("name", ["bernoulli_fit", "ordinal_fit", "student_fit"])
def test_every_outcome_is_looked_at(request, name):
    """Their draws are invented, so that they may fit or not."""
    fit = request.getfixturevalue(name)
    assert {f.code for f in fit_to_data.check_fit_to_data(fit, draws_sound=True)} <= {FITS, MISFIT}


def test_where_no_rows_are_held_it_is_said(null_fit, tmp_path):
    null_fit.save(tmp_path / "less.fit", data=False)
    verdict = ba.diagnose(ba.load_fit(tmp_path / "less.fit"))
    (finding,) = (f for f in verdict.findings if f.code == NOT_CHECKED)
    assert not verdict.on_model.checked
    assert "whether the model fits the data was not checked" in verdict.sentence
    assert "load_fit(path, data=your_table)" in str(finding)


def test_draws_that_are_not_sound_do_not_tell(null_fit):
    moved = null_fit.posterior.copy(deep=True)
    moved["b"][1] += 3 * float(moved["b"].std(dim=["chain", "draw"]).max())
    verdict = ba.diagnose(null_fit.with_group("posterior", moved))
    assert verdict.on_draws.level == "bad"
    assert "the draws have to be sound first" in str(verdict)
    assert not verdict.found(MISFIT)


def test_of_many_rows_some_are_looked_at(monkeypatch):
    wrong, right = fitted(study(y=counts)), fitted(study(groups=40, each=12))
    monkeypatch.setattr(fit_to_data, "MOST_ROWS", 120)
    compared, _, rows = fit_to_data.compare_with_simulated(right)
    assert rows == 120
    assert all(0 < c.p <= 1 for c in compared)
    assert not ba.diagnose(right).found(MISFIT)
    assert "on 120 of the rows" in str(ba.diagnose(right))
    assert ba.diagnose(wrong).found(MISFIT)


def test_rows_that_stand_for_several_clients_are_looked_at_as_these():
    data = study(groups=12, each=4)
    several = data.assign(n=np.tile([1, 3, 2, 1], 12))
    weighted = fitted(several, "y | weights(n) ~ x + (1 | g)")
    written = several.loc[several.index.repeat(several["n"])].reset_index(drop=True)
    whole = fitted(written)
    for one, other in zip(
        fit_to_data.compare_with_simulated(weighted)[0],
        fit_to_data.compare_with_simulated(whole)[0],
        strict=True,
    ):
        assert one.name == other.name
        assert one.observed == pytest.approx(other.observed, rel=0.02), one.name


def test_the_verdict_is_the_same_each_time(null_fit):
    assert str(ba.diagnose(null_fit)) == str(ba.diagnose(null_fit))
