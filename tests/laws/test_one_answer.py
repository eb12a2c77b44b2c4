"""One answer: the same quantity asked of two verbs is one number, under one name."""

from collections.abc import Callable
from html import unescape
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import bayes_alliance as ba
from bayes_alliance import names
from bayes_alliance.cli.main import app
from bayes_alliance.display import number, place
from bayes_alliance.model.families.cumulative import Cumulative
from bayes_alliance.report import results as of_report
from bayes_alliance.report import sentences
from bayes_alliance.report.prose import figure, percent
from bayes_alliance.report.report_data import read_report_data
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


@pytest.mark.parametrize("method", ["scores", "category_scores"])
def test_an_offender_is_seen(fit_of, monkeypatch, method):
    """Observed outcomes, or expected ones, count categories from 0, as one verb did."""
    fit = fit_of(SCALES["1 to 4"], 1)
    assert disagreements(fit) == []
    from_zero = {
        "scores": lambda self, levels, codes: codes,
        "category_scores": lambda self, levels: np.arange(float(len(levels))),
    }
    monkeypatch.setattr(Cumulative, method, from_zero[method])
    assert disagreements(fit)


def test_another_offender_is_seen(fit_of, monkeypatch):
    """Every verb takes places for numbers: they agree with each other, not with the scale."""
    fit = fit_of(SCALES["steps that differ"], 1)
    monkeypatch.setattr(
        Cumulative, "category_scores", lambda self, levels: np.arange(1.0, len(levels) + 1)
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


YEARS = "y ~ year*iq + (1 + year | g)"
LENGTH = ("--seed", "3", "--draws", "500", "--tune", "300", "--chains", "2")


def far_study() -> pd.DataFrame:
    """Predictors far from zero, slopes that vary: where a number holds makes a difference."""
    rng = np.random.default_rng(8)
    group = rng.permutation(np.resize(np.arange(12), 180))
    year, iq = rng.integers(2012, 2020, 180), np.round(rng.normal(100, 15, 180), 1)
    slope = 0.8 + 0.7 * rng.normal(size=12)[group]
    y = 50 + 2 * rng.normal(size=12)[group] + slope * (year - 2017) + 0.1 * (iq - 100)
    noise = 2 * rng.normal(size=180)
    return pd.DataFrame({"y": y + noise, "year": year, "iq": iq, "g": [f"G{k:02d}" for k in group]})


class Doors(NamedTuple):
    """What the commands printed and wrote, and the fits behind it."""

    fit: Fit
    fitted: str
    concluded: str
    report: dict[str, Any]
    page: str
    answers: Any
    answered: str


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Doors]:
    folder = tmp_path_factory.mktemp("doors")
    table, saved = folder / "study.csv", folder / "a.fit"
    far_study().to_csv(table, index=False)

    def run(*arguments: object) -> str:
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        assert result.exit_code in (0, 1), result.output
        return result.output

    fitted = run("fit", table, "--formula", YEARS, "--out", saved, *LENGTH)
    columns = {"outcome": "y", "predictor": "year", "group": "g"}
    asked = [word for name, value in columns.items() for word in (f"--{name}", value)]
    answered = run("answer", table, *asked, *LENGTH)
    length = {"seed": 3, "draws": 500, "tune": 300, "chains": 2}
    answers = ba.answer_questions(pd.read_csv(table), **columns, **length)

    def through() -> Doors:
        json, page = folder / "a.json", folder / "a.html"
        concluded = run("report", saved, "--out", json, "--out", page, "--names", "g")
        return Doors(
            fit=ba.load_fit(saved),
            fitted=" ".join(fitted.split()),
            concluded=" ".join(concluded.split()),
            report=read_report_data(json),
            page=unescape(page.read_text(encoding="utf-8")),
            answers=answers,
            answered=" ".join(answered.split()),
        )

    return through


def written(report: dict[str, Any], caption: str) -> tuple[str, pd.DataFrame]:
    """Return the caption and the numbers of a report's table."""
    blocks = (block for section in report["sections"] for block in section["blocks"])
    table = next(b for b in blocks if b["kind"] == "table" and b["caption"].startswith(caption))
    index = [row["label"] for row in table["rows"]]
    values = [row["values"] for row in table["rows"]]
    return table["caption"], pd.DataFrame(values, index=index, columns=table["columns"])


def apart(found: Doors) -> list[str]:
    """Name the quantities of which two doors give different numbers, or other places."""
    fit, pairs, missing = found.fit, {}, []
    shares = ba.variance_shares(fit)
    share, ends = shares.table.loc["g"], ["mean", "lower", "upper"]
    caption, in_report = written(found.report, "Shares of the variance")
    pairs["share, report"] = in_report.loc["between the groups of g", ends] / 100, share[ends]
    claim = ba.hypothesis(fit, "share[g] > 0.3")
    pairs["share, claim"] = claim.table["mean"].iloc[0] + 0.3, share["mean"]
    pairs["share, clients"] = ba.client_correlations(fit).table["mean"].iloc[0], share["mean"]
    own = found.answers.fits["varying slopes"]
    pairs["share, answer"] = (
        found.answers.table["estimate"].iloc[1],
        ba.variance_shares(own).table["mean"].loc["g"],
    )
    for door, text in {
        "verb": shares.sentence,
        "claim": claim.sentence,
        "caption": caption,
        "conclusion": found.concluded,
        "page": found.page,
        "answer": found.answered,
    }.items():
        missing += [] if "on average over the rows" in text else [f"share, place, {door}"]
    there = shares.beside.table["mean"].loc["g"]
    for text in (found.concluded, found.page):
        for value in (share["mean"], there):
            missing += [] if percent(value) in text else ["share, in words"]
    slope = ba.slopes(fit, "year", target="average").table["mean"].iloc[0]
    groups = ba.group_slopes(fit, "year", draws=None)
    pairs["slope, groups"] = groups.draws["common_slope"].mean(), slope
    for text in (found.concluded, found.page):
        missing += [] if f"slope {figure(slope)}" in text else ["slope, in words"]
        missing += [] if f"at the mean of iq ({place_of(fit, 'iq')})" in text else ["slope, place"]
    summary = ba.summarize(fit).table
    for label in ("b[year]", "b[year:iq]", "sd_g[year]", "sigma"):
        row = f"{label} {number(summary['mean'].loc[label])}"
        missing += [] if row in found.fitted else [f"{label}, fit"]
    lower = "b[Intercept], b[year], b[iq] and sd_g[Intercept] are as the formula writes"
    missing += [] if lower in found.fitted else ["estimates, place, fit"]
    for caption, labels in {
        "Coefficients": ["b[Intercept]", "b[year]"],
        "Standard deviations": ["sd_g[Intercept]", "sd_g[year]", "sigma"],
    }.items():
        numbers = written(found.report, caption)[1]
        pairs[f"{caption}, report"] = numbers.loc[labels, ends], summary.loc[labels, ends]
    effects = ba.group_effects(fit)
    caption, numbers = written(found.report, "Deviations of")
    pairs["group effect, report"] = numbers["mean"], effects.table["mean"]
    where = f"at the mean of year ({place_of(fit, 'year')})"
    texts = [caption, found.page, effects.sentence, str(effects)]
    missing += [] if all(where in text for text in texts) else ["group effect, place"]
    missing += [] if effects.sentence in found.page else ["ranks, in words"]
    level = effects.table[effects.table["effect"] == "at the means"]["mean"]
    pairs["group effect, predicted"] = level, predicted_departures(fit)
    pair = {name: found.answers.fits[name] for name in ("fixed slope", "varying slopes")}
    pairs["evidence, answer"] = (
        found.answers.table["estimate"].iloc[5],
        ba.bayes_factors(pair, against="fixed slope").sensitivity.loc["varying slopes", "x 1"],
    )
    missing += [
        f"{name}, answer on the command line"
        for name, value in found.answers.table["estimate"].items()
        if f"{name} {int(found.answers.table['question'].loc[name])} {number(value)}"
        not in found.answered
    ]
    return missing + [
        name
        for name, (one, other) in pairs.items()
        if not np.allclose(np.asarray(one, float), np.asarray(other, float), rtol=1e-8, atol=1e-8)
    ]


def place_of(fit: Fit, name: str) -> str:
    column = fit.model.frame.rows[name]
    return place(float(column.mean()), sd=float(column.std(ddof=0)))


def predicted_departures(fit: Fit) -> Any:
    """Return what is predicted for each group at the means, less that of an average one."""
    rows = ba.grid(fit, g=list(fit.model.design.group("g").labels))
    own, common = (
        ba.predict(fit, rows, target=target).draws["prediction"].mean(("chain", "draw"))
        for target in ("same", "average")
    )
    return own.to_numpy() - common.to_numpy()


@pytest.mark.slow
def test_every_door_gives_one_number_with_its_place(doors):
    assert apart(doors()) == []


@pytest.mark.slow
def test_offenders_at_other_doors_are_seen(doors, monkeypatch):
    """As it was: the report looks at the groups at the year 0, and at shares at the means."""

    def as_written(fit: Fit, **asked: Any) -> Any:
        return ba.group_effects(fit, **asked, as_written=True)

    monkeypatch.setattr(of_report, "group_effects", as_written)
    monkeypatch.setattr(
        of_report, "variance_shares", lambda fit: ba.variance_shares(fit, at="means")
    )
    monkeypatch.setattr(sentences, "population_effects", lambda fit: None)
    seen = set(apart(doors()))
    assert {"share, report", "share, place, conclusion", "share, in words"} <= seen
    assert {"slope, in words", "slope, place"} <= seen
    assert {"group effect, report", "group effect, place", "ranks, in words"} <= seen
