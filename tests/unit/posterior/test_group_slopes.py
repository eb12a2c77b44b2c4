"""The slope of each group against sums written out by hand."""

from collections.abc import Callable

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

import bayes_alliance as ba
from bayes_alliance.posterior.moderation.group_slope import _clear_of_zero

mpl.use("Agg")


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    manager = np.repeat(np.arange(12), 8)
    x, age = rng.normal(size=(2, 96))
    y = 3 + x * (1 + rng.normal(size=12)[manager]) + 0.4 * age * x + rng.normal(size=96)
    label = np.asarray([f"M{k:02d}" for k in manager])
    kind = np.where(rng.random(96) < 0.3, "a", "b")
    return pd.DataFrame({"y": y, "x": x, "age": age, "kind": kind, "m": label})


def fitted(formula: str, table: pd.DataFrame) -> ba.Fit:
    return ba.sample(ba.Model(formula, table), seed=2, draws=200, tune=300, progress=False)


@pytest.fixture(scope="module")
def crossed_fit(table: pd.DataFrame) -> ba.Fit:
    return fitted("y ~ x * age + kind + (1 + x | m)", table)


def test_slopes_are_coefficient_plus_departure_plus_interaction(
    crossed_fit: ba.Fit, table: pd.DataFrame
) -> None:
    found = ba.group_slopes(crossed_fit, "x", draws=None)
    posterior = crossed_fit.posterior
    b = posterior["b"]
    own = b.sel(coefficient="x") + b.sel(coefficient="x:age") * found.at["age"]
    assert found.at["age"] == pytest.approx(table["age"].mean(), rel=1e-12)
    own = own + posterior["u_m"].sel(m_effect="x")
    np.testing.assert_allclose(
        found.table["mean"], own.mean(("chain", "draw")).to_numpy(), rtol=1e-9, atol=1e-9
    )
    kinds = table["kind"].value_counts(normalize=True)
    assert found.at["kind"] == pytest.approx(dict(kinds), rel=1e-12)
    low = own.quantile(0.025, ("chain", "draw")).to_numpy()
    np.testing.assert_allclose(found.table["lower"], low, rtol=1e-9, atol=1e-9)


def test_lines_are_those_of_the_linear_predictor(crossed_fit: ba.Fit, table: pd.DataFrame) -> None:
    found = ba.group_slopes(crossed_fit, "x", draws=None, at={"age": 0.0})
    mean = crossed_fit.posterior.mean(("chain", "draw"))
    b, u = mean["b"], mean["u_m"].to_numpy()
    x = found.line.index.to_numpy()
    kind = next(c for c in b.coefficient.to_numpy() if "kind" in c)
    own = float(b.sel(coefficient=kind)) * float((table["kind"] == "b").mean())
    level = float(b.sel(coefficient="Intercept")) + own
    expected = (level + u[:, :1]) + (float(b.sel(coefficient="x")) + u[:, 1:]) * x
    np.testing.assert_allclose(found.lines, expected, rtol=1e-8, atol=1e-8)
    ends = table.groupby("m")["x"].agg(["min", "max"])
    np.testing.assert_allclose(found.table[["lowest", "highest"]], ends, rtol=1e-12)


def test_a_slope_centred_by_group_takes_its_label(table: pd.DataFrame) -> None:
    fit = fitted("y ~ within(x, m) + (1 + within(x, m) | m)", table)
    found = ba.group_slopes(fit, "within(x, m)", draws=None)
    own = fit.posterior["b"].sel(coefficient="within(x, m)") + fit.posterior["u_m"][..., 1]
    np.testing.assert_allclose(found.table["mean"], own.mean(("chain", "draw")), rtol=1e-9)


def test_the_picture_caps_the_lines_and_the_sentence_counts(crossed_fit: ba.Fit) -> None:
    found = ba.group_slopes(crossed_fit, "x")
    axes = found.plot()
    assert len(axes.lines) == 12 + 2
    # A line ends at a step of the population's line, which is no client's own value.
    steps = set(found.line.index)
    assert all(set(line.get_xdata()) <= steps for line in axes.lines[:12])
    reach = np.diff(found.line.index.to_numpy()).max() / 2 + 1e-9
    order = np.argsort(found.table["mean"].to_numpy(), kind="stable")
    for line, k in zip(axes.lines, order, strict=False):
        ends = found.table[["lowest", "highest"]].iloc[k]
        assert np.abs(np.asarray(line.get_xdata())[[0, -1]] - ends.to_numpy()).max() <= reach
    below = int((found.table["upper"] < 0).sum())
    above = int((found.table["lower"] > 0).sum())
    said = found.sentence
    assert ("all 12 intervals include 0" in said) == (below + above == 0)
    assert f"{below} lie" in said.replace("lies", "lie") or not below
    assert f"{above} lie" in said.replace("lies", "lie") or not above
    assert "in an average group of m" in found.sentence


def test_what_does_not_vary_or_is_no_number_is_refused(
    crossed_fit: ba.Fit, table: pd.DataFrame
) -> None:
    with pytest.raises(ba.ModelError, match="does not vary"):
        ba.group_slopes(crossed_fit, "age")
    fit = fitted("y ~ kind + (1 + kind | m)", table)
    with pytest.raises(ba.ModelError, match="no number"):
        ba.group_slopes(fit, "kind")


def test_only_factors_in_which_the_slope_varies_are_named(table: pd.DataFrame) -> None:
    rows = table.assign(k=[f"K{n % 6}" for n in range(96)], j=[f"J{n % 5}" for n in range(96)])
    fit = fitted("y ~ x + age + (1 + age | j) + (1 + x | k) + (1 + x | m)", rows)
    with pytest.raises(
        ba.ModelError, match=r'group="k", group="m" there are slopes of x that vary'
    ):
        ba.group_slopes(fit, "x")
    found = ba.group_slopes(fit, "age")
    assert (found.group, found.others) == ("j", ())
    assert "grouping factors" not in str(found)
    fit = fitted("y ~ x + (1 + x | k) + (1 | j) + (1 + x | m)", rows)
    found = ba.group_slopes(fit, "x")
    assert found.group == "k"
    for shown in (str(found), found._repr_html_()):
        words = shown.replace("\n", " ").replace("&quot;", '"')
        assert 'those of k, one of 2 grouping factors whose slopes vary: group="m" asks' in words
    named = ba.group_slopes(fit, "x", group=found.others[0])
    assert "grouping factors" not in str(named)


def test_without_rows_it_says_so(crossed_fit: ba.Fit, tmp_path) -> None:
    loaded = ba.load_fit(crossed_fit.save(tmp_path / "a.fit", data=False))
    with pytest.raises(ba.SamplingError, match="needs the rows"):
        ba.group_slopes(loaded, "x")


@pytest.mark.parametrize("link", ["logit", "probit"])
def test_the_sentence_names_the_scale_of_a_link(
    make_fit: Callable[..., ba.Fit], clients: pd.DataFrame, link: str
) -> None:
    formula = "stayed ~ stigma + (1 + stigma | case_manager)"
    fit = make_fit(ba.Model(formula, clients, "bernoulli", link=link))
    said = ba.group_slopes(fit, "stigma").sentence
    assert said.startswith(f"The slope of stigma on the {link} scale is ")


def test_the_sentence_names_no_scale_of_the_outcome_itself(crossed_fit: ba.Fit) -> None:
    assert ba.group_slopes(crossed_fit, "x").sentence.startswith("The slope of x is ")


@pytest.mark.parametrize(
    ("below", "above", "words"),
    [
        (0, 0, "all 24 intervals include 0"),
        (4, 0, "of their 24 intervals 4 lie below 0, and 20 include 0"),
        (1, 22, "of their 24 intervals 1 lies below 0 and 22 lie above 0, and 1 includes 0"),
        (0, 24, "all 24 intervals lie above 0"),
        (24, 0, "all 24 intervals lie below 0"),
    ],
)
def test_intervals_clear_of_zero_in_words(below, above, words):
    assert _clear_of_zero(below, above, 24) == words
