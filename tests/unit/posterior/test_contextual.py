"""Within, between and contextual effects, and how reliable the group means are."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import bayes_alliance as ba
from bayes_alliance.errors import ModelError
from bayes_alliance.model.group_mean_terms import group_mean_terms, interacting_components
from bayes_alliance.posterior.moderation.contextual import MeanReliability, mean_reliability
from bayes_alliance.sampling.fit import Fit

MakeFit = Callable[..., Fit]
WITHIN, BETWEEN = "within(stigma, case_manager)", "between(stigma, case_manager)"
KINDS = ["within", "between", "contextual"]


def fit_of(make_fit: MakeFit, predictors: str, table: pd.DataFrame | None = None) -> Fit:
    used = ba.load_example("simulated_study") if table is None else table
    return make_fit(ba.Model(f"alliance ~ {predictors} + (1 | case_manager)", used))


def drawn(fit: Fit, label: str) -> np.ndarray:
    return fit.posterior["b"].sel(coefficient=label).to_numpy()


def test_the_contextual_effect_is_between_minus_within(make_fit: MakeFit) -> None:
    fit = fit_of(make_fit, f"{WITHIN} + {BETWEEN}")
    found = ba.contextual_effects(fit)
    b_w, b_b = drawn(fit, WITHIN), drawn(fit, BETWEEN)
    plain = np.stack([b_w, b_b, b_b - b_w], axis=-1)
    np.testing.assert_array_equal(found.draws["slope"], plain)
    assert found.table.index.tolist() == [("stigma", "case_manager", kind) for kind in KINDS]
    np.testing.assert_allclose(found.table["mean"], plain.mean(axis=(0, 1)))
    above = (plain > 0).mean(axis=(0, 1))
    np.testing.assert_allclose(
        found.table["probability_of_direction"], np.maximum(above, 1 - above)
    )


def test_beside_the_predictor_itself_the_mean_has_the_contextual_effect(
    make_fit: MakeFit,
) -> None:
    fit = fit_of(make_fit, f"stigma + {BETWEEN}")
    b_x, b_m = drawn(fit, "stigma"), drawn(fit, BETWEEN)
    plain = np.stack([b_x, b_x + b_m, b_m], axis=-1)
    np.testing.assert_array_equal(ba.contextual_effects(fit).draws["slope"], plain)


def test_both_ways_of_writing_it_have_one_posterior() -> None:
    table = ba.load_example("simulated_study")
    flat = {"b": "Normal(0, 1000)"}
    found = []
    for first in (WITHIN, "stigma"):
        formula = f"alliance ~ {first} + {BETWEEN} + (1 | case_manager)"
        fit = ba.sample(ba.Model(formula, table, priors=flat), seed=4)
        found.append(ba.contextual_effects(fit))
    one, other = (own.table for own in found)
    error = np.hypot(one["mcse_mean"], other["mcse_mean"])
    # Six means that are compared, four Monte Carlo errors each.
    assert ((one["mean"] - other["mean"]).abs() < 4 * error).all()
    own = [asdict(f.reliability["stigma", "case_manager"]) for f in found]
    assert own[0] == pytest.approx(own[1])


def test_several_predictors_each_have_their_rows(make_fit: MakeFit) -> None:
    months = "within(log(months_in_care + 1), case_manager)"
    means = months.replace("within", "between", 1)
    fit = fit_of(make_fit, f"{WITHIN} + {months} + {means} + {BETWEEN}")
    found = ba.contextual_effects(fit)
    predictors = found.table.index.get_level_values("predictor").unique().tolist()
    assert predictors == ["log(months_in_care + 1)", "stigma"]
    expected = drawn(fit, means) - drawn(fit, months)
    kept = found.draws["slope"].isel(effect=2)
    np.testing.assert_array_equal(kept, expected)
    assert set(found.reliability) == {(p, "case_manager") for p in predictors}


def test_means_of_another_group_are_not_its_pair(make_fit: MakeFit) -> None:
    table = ba.load_example("simulated_study").assign(
        agency=lambda t: t["case_manager"].str.slice(0, 3)
    )
    fit = fit_of(make_fit, f"{WITHIN} + between(stigma, agency)", table)
    with pytest.raises(ModelError, match="No predictor has both"):
        ba.contextual_effects(fit)


@pytest.mark.parametrize("predictors", ["stigma", "1", WITHIN, BETWEEN, f"setting + {BETWEEN}"])
def test_half_a_pair_is_refused_with_what_to_write(make_fit: MakeFit, predictors: str) -> None:
    with pytest.raises(ModelError, match=r"Write within\(x, group\) \+ between\(x, group\)"):
        ba.contextual_effects(fit_of(make_fit, predictors))


@pytest.mark.parametrize(
    ("predictors", "noted"),
    [
        (f"{WITHIN} + {BETWEEN}", False),
        (f"{WITHIN} * setting + {BETWEEN}", True),
        (f"stigma * setting + {BETWEEN}", True),
        (f"{WITHIN} + {BETWEEN} + setting * months_in_care", False),
    ],
)
def test_an_interaction_is_noted(make_fit: MakeFit, predictors: str, noted: bool) -> None:
    found = ba.contextual_effects(fit_of(make_fit, predictors))
    assert any("interacts" in note for note in found.notes) == noted


def test_the_recorded_state_says_what_a_column_is(make_fit: MakeFit) -> None:
    table = ba.load_example("simulated_study").rename(columns={"stigma": "my stigma"})
    fit = fit_of(
        make_fit, "within(`my stigma`, case_manager) * between(`my stigma`, case_manager)", table
    )
    state = fit.model.design.part
    terms = {term.kind: term for term in group_mean_terms(state)}
    assert set(terms) == {"within", "between"}
    means = table.groupby("case_manager")["my stigma"].mean()
    for term in terms.values():
        assert (term.predictor, term.column, term.group) == ("my stigma",) * 2 + ("case_manager",)
        assert term.label in fit.model.design.coefficients
        assert dict(term.means) == pytest.approx(means.to_dict())
        assert dict(term.sizes) == table["case_manager"].value_counts().to_dict()
    assert interacting_components(state) == {term.label for term in terms.values()}


def reliability_of(table: pd.DataFrame, prob: float = 0.95) -> MeanReliability:
    groups = table.groupby("g")["x"]
    sizes, means = groups.size(), groups.mean()
    deviations = (table["x"] - groups.transform("mean")).to_numpy()
    rows = table["g"].map(sizes).to_numpy(dtype=float)
    return mean_reliability(deviations, rows, means.to_numpy(), sizes.to_numpy(dtype=float), prob)


def made_up(groups: int, each: int, icc: float, rng: np.random.Generator) -> pd.DataFrame:
    g = np.repeat(np.arange(groups), each)
    x = np.sqrt(icc) * rng.normal(size=groups)[g] + np.sqrt(1 - icc) * rng.normal(size=len(g))
    return pd.DataFrame({"g": g, "x": x})


def test_reliability_is_one_minus_one_over_f() -> None:
    table = made_up(12, 5, 0.3, np.random.default_rng(1))
    found = reliability_of(table)
    f = stats.f_oneway(*[own.to_numpy() for _, own in table.groupby("g")["x"]]).statistic
    assert found.reliability == pytest.approx(1 - 1 / f)
    assert found.caseload == pytest.approx(5)
    assert found.groups == 12
    # Spearman-Brown: the reliability of a mean of five.
    assert found.reliability == pytest.approx(found.icc * 5 / (1 + 4 * found.icc))


def test_the_interval_of_the_reliability_covers_as_often_as_stated() -> None:
    rng = np.random.default_rng(2)
    truth = 0.3 * 6 / (1 + 5 * 0.3)
    made = [reliability_of(made_up(20, 6, 0.3, rng), 0.8) for _ in range(600)]
    covered = sum(own.lower <= truth <= own.upper for own in made)
    # 480 of 600 are expected; the sd of the count is 9.8, four of them are 39.
    assert 441 <= covered <= 519


def test_groups_that_do_not_differ_have_no_reliability() -> None:
    table = pd.DataFrame({"g": np.repeat([0, 1], 4), "x": np.tile([1.0, 2.0, 3.0, 4.0], 2)})
    found = reliability_of(table)
    assert (found.reliability, found.lower, found.icc) == (0.0, 0.0, 0.0)


def test_one_row_a_group_has_no_reliability_to_know() -> None:
    found = reliability_of(pd.DataFrame({"g": np.arange(6), "x": np.arange(6.0)}))
    assert np.isnan(found.reliability)


def test_reliability_by_the_verb_is_that_of_the_rows(make_fit: MakeFit) -> None:
    table = ba.load_example("simulated_study")
    found = ba.contextual_effects(fit_of(make_fit, f"{WITHIN} + {BETWEEN}"))
    own = found.reliability["stigma", "case_manager"]
    plain = table.rename(columns={"case_manager": "g", "stigma": "x"})
    assert asdict(own) == pytest.approx(asdict(reliability_of(plain)))
    assert f"reliability is {own.reliability:.2f}" in found.notes[-1]
    assert "With 30 groups, fewer than 100" in found.notes[-1]


def test_means_that_do_not_differ_are_said_to_tell_nothing(make_fit: MakeFit) -> None:
    table = ba.load_example("simulated_study")
    own = table["stigma"] - table.groupby("case_manager")["stigma"].transform("mean")
    noise = np.random.default_rng(1).normal(0, 0.05, size=30)
    moved = own + table["case_manager"].map(
        dict(zip(sorted(set(table["case_manager"])), noise, strict=True))
    )
    fit = fit_of(make_fit, f"{WITHIN} + {BETWEEN}", table.assign(stigma=moved))
    found = ba.contextual_effects(fit)
    assert found.reliability["stigma", "case_manager"].reliability == 0
    assert "differ no more than chance" in found.notes[-1]


def test_means_that_use_rows_without_an_outcome_count_them(make_fit: MakeFit) -> None:
    table = ba.load_example("simulated_study").astype({"alliance": float})
    whole = ba.contextual_effects(fit_of(make_fit, f"{WITHIN} + {BETWEEN}", table))
    table.loc[[0, 40, 80], "alliance"] = np.nan
    found = ba.contextual_effects(fit_of(make_fit, f"{WITHIN} + {BETWEEN}", table))
    own, full = (f.reliability["stigma", "case_manager"] for f in (found, whole))
    assert own.caseload == full.caseload
    # The same means; the spread within groups is that of 157 of the 160 rows.
    assert own.reliability == pytest.approx(full.reliability, abs=0.03)


def test_the_record_shows_itself(make_fit: MakeFit, clients: pd.DataFrame) -> None:
    import matplotlib.pyplot as plt

    fit = fit_of(make_fit, f"{WITHIN} + {BETWEEN}")
    found = ba.contextual_effects(fit, prob=0.9)
    _, axes = plt.subplots()
    assert found.plot(axes) is axes
    assert [t.get_text() for t in axes.get_yticklabels()] == [f"stigma, {k}" for k in KINDS]
    assert "change in alliance per unit" in axes.get_xlabel()
    plt.close("all")
    assert "Contextual effects" in str(found)
    assert "90% equal-tailed" in str(found)
    assert "<table" in found._repr_html_()
    positive = (drawn(fit, BETWEEN) > drawn(fit, WITHIN)).mean()
    sign = "positive" if positive >= 0.5 else "negative"
    assert f"it is {sign} with probability {max(positive, 1 - positive):.2f}" in found.sentence
    slope = drawn(fit, WITHIN).mean()
    change = "lower" if slope < 0 else "higher"
    assert f"goes with alliance {change} by {abs(slope):.3g} (90% interval" in found.sentence
    formula = f"stayed ~ {WITHIN} + {BETWEEN} + (1 | case_manager)"
    logit = ba.contextual_effects(make_fit(ba.Model(formula, clients, "bernoulli")))
    assert "stayed (logit scale)" in logit.sentence


def test_a_fit_without_rows_still_has_the_effects(tmp_path: Path, make_fit: MakeFit) -> None:
    fit = fit_of(make_fit, f"{WITHIN} + {BETWEEN}")
    bare = ba.load_fit(fit.save(tmp_path / "bare.fit", data=False))
    found = ba.contextual_effects(bare)
    pd.testing.assert_frame_equal(found.table, ba.contextual_effects(fit).table)
    assert found.reliability == {}
    assert "needs the rows" in found.notes[-1]
