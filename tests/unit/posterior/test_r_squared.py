"""R2 by level and source against plain numpy, published values and simulated variances."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import bayes_alliance as ba
from bayes_alliance import names
from bayes_alliance.errors import DataError, ModelError, SamplingError
from bayes_alliance.posterior.explained.explained_variance import ExplainedVariance
from bayes_alliance.sampling.container import draws_dataset
from bayes_alliance.sampling.fit import Fit

pytestmark = pytest.mark.slow

MakeFit = Callable[..., Fit]
PARTED = (
    "alliance ~ within(stigma, case_manager) + between(stigma, case_manager) "
    "+ (1 + within(stigma, case_manager) | case_manager)"
)
TWELVE = {
    "total": ["f1", "f2", "v", "m", "f", "fv", "fvm"],
    "within": ["f1", "v", "f1v"],
    "between": ["f2", "m"],
}


def holding(fit: Fit, arrays: Mapping[str, object]) -> Fit:
    """Put the same values into every draw."""
    shape = (fit.posterior.sizes[names.CHAIN], fit.posterior.sizes[names.DRAW])
    values = {n: np.broadcast_to(v, (*shape, *np.shape(v))).copy() for n, v in arrays.items()}
    for group in fit.model.design.groups:
        values.setdefault(names.u(group.name), fit.posterior[names.u(group.name)].to_numpy())
    return fit.with_group(names.POSTERIOR, draws_dataset(fit.model, values))


def shares(found: ExplainedVariance) -> dict[tuple[str, str], float]:
    return found.table["mean"].to_dict()


def numbers(fit: Fit) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Coefficients, covariance of the effects of case managers and sigma, all draws in a row."""
    posterior = fit.posterior
    b = posterior["b"].to_numpy().reshape(-1, posterior.sizes["coefficient"])
    sd = posterior["sd_case_manager"].to_numpy()
    sd = sd.reshape(-1, sd.shape[-1])
    G = np.einsum("di,dj->dij", sd, sd)
    if "cor_case_manager" in posterior:
        cor = posterior["cor_case_manager"].to_numpy().ravel()
        G[:, 0, 1] *= cor
        G[:, 1, 0] *= cor
    return b, G, posterior["sigma"].to_numpy().ravel()


@pytest.fixture(scope="module")
def parted_fit() -> Fit:
    return ba.sample(ba.Model(PARTED, ba.load_example("simulated_study")), seed=2)


def test_the_published_measures_are_met_at_the_published_estimates(
    real_data: Callable[[str], pd.DataFrame],
    figures: Callable[[str], dict[str, Any]],
    make_fit: MakeFit,
) -> None:
    reference = figures("teachsat_r2")
    model = ba.Model(reference["formula"], real_data(reference["table"]))
    estimates = reference["estimates"]
    G = np.array(estimates["G"])
    sd = np.sqrt(np.diag(G))
    fit = holding(
        make_fit(model, chains=2, draws=4),
        {
            "b": [estimates["b"][label] for label in model.design.coefficients],
            "sd_schoolID": sd,
            "cor_schoolID": [G[0, 1] / sd.prod()],
            "sigma": np.sqrt(estimates["sigma2"]),
        },
    )
    found = shares(ba.r2_measures(fit))
    expected = {
        (of, name): value
        for of, own in reference["r2"].items()
        for name, value in own.items()
        if name != "residual"
    }
    assert found == pytest.approx(expected, abs=1e-6)  # the reference's own rounding


def test_the_twelve_measures_are_those_of_plain_numpy_in_every_draw(parted_fit: Fit) -> None:
    b, G, sigma = numbers(parted_fit)
    table = parted_fit.model.frame.rows
    of_group = table.groupby("case_manager")["stigma"].transform("mean")
    within, between = (table["stigma"] - of_group).to_numpy(), of_group.to_numpy()
    # The mean of the centred column is zero, so that m is the variance of the intercepts.
    f1, f2 = b[:, 1] ** 2 * np.var(within, ddof=1), b[:, 2] ** 2 * np.var(between, ddof=1)
    v, m = G[:, 1, 1] * np.var(within, ddof=1), G[:, 0, 0]
    total = f1 + f2 + v + m + sigma**2
    inside = f1 + v + sigma**2
    expected = {
        "total": [f1, f2, v, m, f1 + f2, f1 + f2 + v, f1 + f2 + v + m],
        "within": [f1, v, f1 + v],
        "between": [f2, m],
    }
    over = {"total": total, "within": inside, "between": f2 + m}
    found = ba.r2_measures(parted_fit)
    kept = found.draws["r2"].to_numpy().reshape(len(b), -1)
    plain = np.column_stack([x / over[of] for of, own in expected.items() for x in own])
    np.testing.assert_allclose(kept, plain, rtol=1e-9)
    wanted = [(of, name) for of, own in TWELVE.items() for name in own]
    assert found.table.index.tolist() == wanted
    assert list(zip(found.draws["of"].values, found.draws["name"].values, strict=True)) == wanted
    np.testing.assert_allclose(found.table["mean"], plain.mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(found.table["lower"], np.quantile(plain, 0.025, axis=0), rtol=1e-6)


def test_a_predictor_at_several_levels_leaves_the_measures_of_the_total(slopes_fit: Fit) -> None:
    found = ba.r2_measures(slopes_fit)
    missing = found.table.index[found.table["mean"].isna()].tolist()
    assert missing == [("total", "f1"), ("total", "f2")] + [
        (of, name) for of in ("within", "between") for name in TWELVE[of]
    ]
    assert "vary at several levels: stigma" in found.notes[-1]
    b, G, sigma = numbers(slopes_fit)
    x = slopes_fit.model.frame.rows["stigma"].to_numpy()
    f, v = b[:, 1] ** 2 * np.var(x, ddof=1), G[:, 1, 1] * np.var(x, ddof=1)
    z = np.array([1.0, x.mean()])
    m = np.einsum("i,dij,j->d", z, G, z)
    total = f + v + m + sigma**2
    plain = {"v": v, "m": m, "f": f, "fv": f + v, "fvm": f + v + m}
    for name, value in plain.items():
        own = found.draws["r2"].sel(measure=f"{name} of total").to_numpy().ravel()
        np.testing.assert_allclose(own, value / total, rtol=1e-9)


def test_split_parts_one_slope_by_the_group_means(slopes_fit: Fit) -> None:
    found = shares(ba.r2_measures(slopes_fit, split=True))
    whole = shares(ba.r2_measures(slopes_fit))
    assert found["total", "f1"] + found["total", "f2"] == pytest.approx(found["total", "f"])
    assert all(found["total", name] == pytest.approx(whole["total", name]) for name in ("f", "fvm"))
    between = [value for (of, _), value in found.items() if of == "between"]
    assert sum(between) == pytest.approx(1.0)
    rows = slopes_fit.model.frame.rows
    means = rows.groupby("case_manager")["stigma"].transform("mean")
    ratio = np.var(means, ddof=1) / np.var(rows["stigma"], ddof=1)
    assert found["total", "f2"] / found["total", "f"] == pytest.approx(ratio)


def test_levels_are_read_from_the_data_not_from_names(make_fit: MakeFit) -> None:
    """Columns that are called anything, but lie at one level, have all twelve measures."""
    table = ba.load_example("simulated_study")
    means = table.groupby("case_manager")["stigma"].transform("mean")
    table = table.assign(between=table["stigma"] - means, within=means)
    model = ba.Model("alliance ~ between + within + (1 + between | case_manager)", table)
    found = ba.r2_measures(make_fit(model))
    assert found.table["mean"].notna().all()
    b = found.draws["r2"]
    assert float(b.sel(measure="f1 of within").min()) >= 0
    by_name = make_fit(ba.Model(PARTED, table))
    pd.testing.assert_frame_equal(found.table, ba.r2_measures(by_name).table, rtol=1e-8)


def test_a_slope_of_a_group_level_column_has_no_level_below(make_fit: MakeFit) -> None:
    table = ba.load_example("simulated_study")
    table = table.assign(load=table.groupby("case_manager")["stigma"].transform("size"))
    model = ba.Model("alliance ~ load + (1 + load | case_manager)", table)
    found = ba.r2_measures(make_fit(model))
    assert "do not vary within them: load" in found.notes[-1]
    assert (found.table.loc["within", "mean"] == 0).all()  # nothing that explains varies within
    assert found.table.loc["between", "mean"].isna().all()
    assert "split=True" in found.notes[-1]
    split = shares(ba.r2_measures(make_fit(model), split=True))
    assert split["within", "f1v"] == pytest.approx(0.0, abs=1e-12)
    assert split["between", "v"] > 0


def test_one_dropped_outcome_does_not_cost_the_levels(make_fit: MakeFit) -> None:
    """Group means use all rows, so the centred column of the others is not quite centred."""
    table = ba.load_example("simulated_study").astype({"alliance": float})
    table.loc[3, "alliance"] = np.nan
    fit = make_fit(ba.Model(PARTED, table))
    found = shares(ba.r2_measures(fit))
    assert found["total", "f1"] + found["total", "f2"] == pytest.approx(found["total", "f"])
    assert found["between", "f2"] + found["between", "m"] == pytest.approx(1.0)
    of_total = [found["total", name] for name in ("f1", "f2", "v", "m")]
    assert sum(of_total) == pytest.approx(found["total", "fvm"])


def test_without_predictors_everything_is_between_groups(null_fit: Fit) -> None:
    found = ba.r2_measures(null_fit)
    icc = ba.variance_shares(null_fit).table.loc["case_manager"]
    row = found.table.loc[("total", "fvm")]
    assert row["mean"] == pytest.approx(icc["mean"])
    assert row["lower"] == pytest.approx(icc["lower"])
    assert found.table.loc[("total", "f"), "mean"] == 0
    assert np.isnan(found.table.loc[("total", "f"), "r_hat"])
    assert found.sentence.startswith("Differences between groups make up")


def test_a_level_without_variance_has_no_measures(make_fit: MakeFit) -> None:
    """Slopes that vary around one intercept: nothing lies between the groups."""
    table = ba.load_example("simulated_study")
    means = table.groupby("case_manager")["stigma"].transform("mean")
    formula = "alliance ~ 0 + own + (0 + own | case_manager)"
    model = ba.Model(formula, table.assign(own=table["stigma"] - means))
    found = ba.r2_measures(make_fit(model))
    assert found.table.loc["between", "mean"].isna().all()
    assert found.table.loc["within", "mean"].notna().all()
    assert shares(found)["total", "m"] == 0


THREE = (
    "y ~ x1 + x2 + x3 + (1 + x1 | manager) + (1 + x1 + x2 | agency)",
    {
        "b": [10.0, 0.8, -1.2, 0.9],
        "sd_manager": [1.1, 0.4],
        "cor_manager": [0.3],
        "sd_agency": [0.7, 0.3, 0.5],
        "cor_agency": [0.2, -0.3, 0.1],
        "sigma": 1.5,
    },
)


def three_levels(agencies: int, managers: int, clients: int, seed: int) -> pd.DataFrame:
    """Predictors with a mean of 0 and a variance of 1, each at one level; any outcome."""
    rng = np.random.default_rng(seed)
    manager = np.repeat(np.arange(agencies * managers), clients)
    agency = manager // managers
    x1 = rng.normal(size=len(manager))
    x2 = rng.normal(size=agencies * managers)[manager]
    x3 = rng.normal(size=agencies)[agency]
    x1 -= pd.Series(x1).groupby(manager).transform("mean").to_numpy()
    x2 -= pd.Series(x2).groupby(agency).transform("mean").to_numpy()
    x3 -= x3.mean()
    return pd.DataFrame(
        {
            "y": rng.normal(size=len(manager)),
            "x1": x1 / np.std(x1, ddof=1),
            "x2": x2 / np.std(x2, ddof=1),
            "x3": x3 / np.std(x3, ddof=1),
            "manager": [f"m{k}" for k in manager],
            "agency": [f"a{k}" for k in agency],
        }
    )


def test_three_levels_have_their_known_components(make_fit: MakeFit) -> None:
    table = three_levels(12, 6, 5, seed=5)
    formula, truth = THREE
    fit = holding(make_fit(ba.Model(formula, table), chains=2, draws=4), truth)
    found = ba.r2_measures(fit)
    # With unit variances and zero means every part is a square.
    f1, f2, f3 = 0.8**2, 1.2**2, 0.9**2
    v12, v13, v23, m2, m3 = 0.4**2, 0.3**2, 0.5**2, 1.1**2, 0.7**2
    level = {"level 1": f1 + v12 + v13 + 1.5**2, "level 2": f2 + v23 + m2, "level 3": f3 + m3}
    total = sum(level.values())
    of_total = {"f1": f1, "f2": f2, "f3": f3, "v12": v12, "v13": v13, "v23": v23}
    of_total |= {"m2": m2, "m3": m3, "v": v12 + v13 + v23, "m": m2 + m3, "f": f1 + f2 + f3}
    of_total |= {"fv": of_total["f"] + of_total["v"], "fvm": total - 1.5**2}
    expected = {("total", name): value / total for name, value in of_total.items()}
    own = {
        "level 1": {"f1": f1, "v12": v12, "v13": v13, "f1v": f1 + v12 + v13},
        "level 2": {"f2": f2, "v23": v23, "m2": m2},
        "level 3": {"f3": f3, "m3": m3},
    }
    for of, values in own.items():
        expected |= {(of, name): value / level[of] for name, value in values.items()}
    assert set(shares(found)) == set(expected)
    assert shares(found) == pytest.approx(expected, rel=1e-9)
    assert "Level 2 is manager." in found.notes
    assert "Level 3 is agency." in found.notes


def test_the_parts_of_three_levels_are_the_variance_of_simulated_outcomes(
    make_fit: MakeFit,
) -> None:
    """Outcomes from the same truth, over many data sets, vary by what the parts add up to."""
    table = three_levels(200, 10, 5, seed=6)
    formula, truth = THREE
    model = ba.Model(formula, table)
    fit = holding(make_fit(model, chains=1, draws=4), truth)
    found = shares(ba.r2_measures(fit))
    rng = np.random.default_rng(7)
    eta = model.design.X @ truth["b"]
    outcomes = np.repeat(eta[:, None], 200, axis=1)
    for group in model.design.groups:
        sd, cor = np.array(truth[names.sd(group.name)]), np.eye(len(group.effects))
        for k, (i, j) in enumerate(group.pairs):
            cor[i, j] = cor[j, i] = truth[names.cor(group.name)][k]
        root = np.linalg.cholesky(cor * np.outer(sd, sd))
        u = rng.normal(size=(200, len(group.labels), len(sd))) @ root.T
        outcomes += np.einsum("nrq,rq->rn", u[:, group.index], group.Z)
    variance = np.var(outcomes, axis=0, ddof=1)
    error = 4 * np.std(variance, ddof=1) / np.sqrt(200)
    # All but the residual: no rows were simulated around the linear predictor.
    implied = 1.5**2 * found["total", "fvm"] / (1 - found["total", "fvm"])
    # A sample of 200 agencies loses a two-hundredth of what varies between agencies.
    assert abs(variance.mean() - implied) < error + 0.7**2 / 200


def test_three_levels_with_two_factors_are_found_in_the_data(make_fit: MakeFit) -> None:
    table = three_levels(8, 4, 5, seed=8)
    written = make_fit(ba.Model("y ~ x1 + x2 + x3 + (1 | agency/manager)", table))
    seen = make_fit(ba.Model("y ~ x1 + x2 + x3 + (1 | agency) + (1 | manager)", table))
    assert ba.r2_measures(written).table["mean"].notna().all()
    pd.testing.assert_frame_equal(ba.r2_measures(written).table, ba.r2_measures(seen).table)


def test_a_group_mean_at_two_levels_is_parted_by_what_the_notes_say(
    clients: pd.DataFrame, make_fit: MakeFit
) -> None:
    """within() and between() are in the formula already, and between() varies at two levels."""
    label = "between(stigma, case_manager)"
    formula = f"alliance ~ within(stigma, case_manager) + {label} + (1 | agency/case_manager)"
    fit = make_fit(ba.Model(formula, clients))
    found = ba.r2_measures(fit)
    assert f"several levels: {label}. r2_measures(fit, split=True) parts them" in found.notes[-1]
    assert "in the formula" not in found.notes[-1]
    assert ba.r2_measures(fit, split=True).table["mean"].notna().all()
    slopes = [place for place in found.table.index if place[1].startswith("v")]
    assert len(slopes) == 7
    assert (found.table.loc[slopes, "mean"] == 0).all()


def test_the_printed_table_leaves_out_what_does_not_exist(slopes_fit: Fit) -> None:
    found = ba.r2_measures(slopes_fit)
    line = "Do not exist here: f1, f2 of total; f1, v, f1v of within; f2, m of between."
    for text in (str(found), found._repr_html_()):
        assert line in text
    body = str(found).split("95% equal-tailed")[0]
    assert "fvm" in body
    assert not any(f" {name} " in body for name in ("f1", "f2", "f1v"))
    assert "Do not exist" not in str(ba.r2_measures(slopes_fit, split=True))


def test_crossed_factors_have_the_measures_of_the_total(make_fit: MakeFit) -> None:
    rng = np.random.default_rng(9)
    table = pd.DataFrame(
        {"y": rng.normal(size=120), "x": rng.normal(size=120), "g": rng.integers(0, 8, 120)}
    ).assign(h=np.tile(np.arange(6), 20))
    table = table.astype({"g": "str", "h": "str"})
    fit = make_fit(ba.Model("y ~ x + (1 | g) + (1 | h)", table))
    found = ba.r2_measures(fit)
    assert found.table.index.tolist() == [("total", n) for n in ("v", "m", "f", "fv", "fvm")]
    assert "crossed" in found.notes[-1]
    posterior = fit.posterior
    m = (posterior["sd_g"] ** 2).sum("g_effect") + (posterior["sd_h"] ** 2).sum("h_effect")
    f = posterior["b"].sel(coefficient="x") ** 2 * table["x"].var()
    total = m + f + posterior["sigma"] ** 2
    np.testing.assert_allclose(found.draws["r2"].sel(measure="m of total"), m / total, rtol=1e-9)
    np.testing.assert_allclose(found.draws["r2"].sel(measure="f of total"), f / total, rtol=1e-9)


def test_the_measures_do_not_depend_on_the_units(make_fit: MakeFit) -> None:
    table = ba.load_example("simulated_study")
    model = ba.Model(PARTED, table)
    fit = make_fit(model)
    scaled = ba.Model(PARTED, table.assign(stigma=table["stigma"] * 1000 + 7))
    posterior = fit.posterior
    arrays = {name: posterior[name].to_numpy().copy() for name in posterior.data_vars}
    arrays["b"][..., 1:] /= 1000
    arrays["sd_case_manager"][..., 1] /= 1000
    moved = make_fit(scaled).with_group(names.POSTERIOR, draws_dataset(scaled, arrays))
    found = ba.r2_measures(moved).table["mean"]
    pd.testing.assert_series_equal(found, ba.r2_measures(fit).table["mean"], rtol=1e-8)


def test_nakagawa_is_marginal_and_conditional(slopes_fit: Fit, bernoulli_fit: Fit) -> None:
    for fit in (slopes_fit, bernoulli_fit):
        found = ba.nakagawa_r2(fit).draws["r2"].to_numpy().reshape(-1, 2)
        b = fit.posterior["b"].to_numpy().reshape(-1, 2)
        sd = fit.posterior["sd_case_manager"].to_numpy().reshape(-1, 2)
        cor = fit.posterior["cor_case_manager"].to_numpy().ravel()
        x = fit.model.frame.rows["stigma"].to_numpy()
        # The average over rows of z' G z, for z = (1, x): the extension to random slopes.
        random = np.mean(
            sd[:, :1] ** 2 + 2 * (cor * sd[:, 0] * sd[:, 1])[:, None] * x + (sd[:, 1:] * x) ** 2,
            axis=1,
        )
        fixed = np.var(b[:, 1:] * x, axis=1, ddof=1)
        gaussian = fit.model.family.name == "gaussian"
        own = fit.posterior["sigma"].to_numpy().ravel() ** 2 if gaussian else np.pi**2 / 3
        total = fixed + random + own
        plain = np.column_stack([fixed / total, (fixed + random) / total])
        # Slopes count with n - 1 here and with n in the average: one part in 160 of a share.
        np.testing.assert_allclose(found, plain, rtol=1 / 150)


def test_nakagawa_agrees_with_the_measures_of_the_total(nested_fit: Fit) -> None:
    marginal, conditional = ba.nakagawa_r2(nested_fit).table["mean"]
    found = shares(ba.r2_measures(nested_fit))
    assert marginal == pytest.approx(found["total", "f"])
    assert conditional == pytest.approx(found["total", "fvm"])


@pytest.mark.parametrize("population", ["stigma", "1", "0"])
def test_an_offset_is_part_of_what_predicts(
    population: str, clients: pd.DataFrame, make_fit: MakeFit
) -> None:
    """The R2 verbs and the shares of the total tell one story."""
    rng = np.random.default_rng(5)
    table = clients.assign(known=clients["stigma"] + rng.normal(size=len(clients)))
    formula = f"alliance ~ {population} + offset(3 * known) + (1 | case_manager)"
    fit = make_fit(ba.Model(formula, table))
    share = ba.variance_shares(fit, of="total").draws["share"]
    f, fvm = (ba.r2_measures(fit).draws["r2"].sel(measure=f"{n} of total") for n in ("f", "fvm"))
    marginal, conditional = np.moveaxis(ba.nakagawa_r2(fit).draws["r2"].to_numpy(), -1, 0)
    for ours in (f, marginal):
        np.testing.assert_allclose(ours, share.sel(level="predictors"), rtol=1e-9)
    for ours in (fvm, conditional):
        np.testing.assert_allclose(ours, 1 - share.sel(level="residual"), rtol=1e-9)


def test_an_offset_at_several_levels_stands_in_the_way(
    clients: pd.DataFrame, make_fit: MakeFit
) -> None:
    formula = "alliance ~ 1 + offset(stigma) + (1 | case_manager)"
    found = ba.r2_measures(make_fit(ba.Model(formula, clients)))
    assert "vary at several levels: the offset" in found.notes[-1]
    assert np.isnan(found.table.loc[("total", "f1"), "mean"])


def test_bayes_r2_is_that_of_plain_numpy(slopes_fit: Fit) -> None:
    found = ba.bayes_r2(slopes_fit, draws=None)
    posterior = slopes_fit.posterior
    b = posterior["b"].to_numpy().reshape(-1, 2)
    u = posterior["u_case_manager"].to_numpy().reshape(len(b), -1, 2)
    x = slopes_fit.model.frame.rows["stigma"].to_numpy()
    own = u[:, slopes_fit.model.design.groups[0].index]
    eta = (b[:, :1] + own[..., 0]) + (b[:, 1:] + own[..., 1]) * x
    explained = np.var(eta, axis=1, ddof=1)
    plain = explained / (explained + posterior["sigma"].to_numpy().ravel() ** 2)
    np.testing.assert_allclose(found.draws["r2"].to_numpy().ravel(), plain, rtol=1e-9)


def test_bayes_r2_of_yes_or_no_is_on_the_scale_of_the_outcome(bernoulli_fit: Fit) -> None:
    found = ba.bayes_r2(bernoulli_fit, draws=None)
    posterior = bernoulli_fit.posterior
    b = posterior["b"].to_numpy().reshape(-1, 2)
    u = posterior["u_case_manager"].to_numpy().reshape(len(b), -1, 2)
    x = bernoulli_fit.model.frame.rows["stigma"].to_numpy()
    own = u[:, bernoulli_fit.model.design.groups[0].index]
    p = 1 / (1 + np.exp(-(b[:, :1] + own[..., 0]) - (b[:, 1:] + own[..., 1]) * x))
    explained = np.var(p, axis=1, ddof=1)
    plain = explained / (explained + np.mean(p * (1 - p), axis=1))
    np.testing.assert_allclose(found.draws["r2"].to_numpy().ravel(), plain, rtol=1e-9)


def test_bayes_r2_says_how_many_draws_it_used(slopes_fit: Fit) -> None:
    found = ba.bayes_r2(slopes_fit, draws=200)
    assert found.draws.sizes == {"chain": 4, "draw": 50, "measure": 1}
    assert "200 of 4000 draws" in found.notes[0]


def test_frequency_weights_are_rows_written_out(make_fit: MakeFit, clients: pd.DataFrame) -> None:
    times = np.random.default_rng(3).integers(1, 4, size=len(clients))
    table = clients.assign(times=times)
    formula = "stayed{} ~ stigma + (1 | case_manager)"
    counted = make_fit(ba.Model(formula.format(" | weights(times)"), table, "bernoulli"))
    spelt = table.loc[np.repeat(table.index, times)].reset_index(drop=True)
    written = make_fit(ba.Model(formula.format(""), spelt, "bernoulli"))
    for verb in (ba.nakagawa_r2, ba.r2_measures, ba.bayes_r2):
        pd.testing.assert_frame_equal(verb(counted).table, verb(written).table)


def test_a_student_residual_needs_more_than_two_degrees(student_fit: Fit) -> None:
    posterior = student_fit.posterior
    sigma, nu = posterior["sigma"].to_numpy(), posterior["nu"].to_numpy()
    sd = posterior["sd_case_manager"].to_numpy()[..., 0]
    f = posterior["b"].to_numpy()[..., 1] ** 2 * student_fit.model.frame.rows["stigma"].var()
    total = f + sd**2 + sigma**2 * nu / (nu - 2)
    found = ba.nakagawa_r2(student_fit)
    np.testing.assert_allclose(found.draws["r2"][..., 0], f / total, rtol=1e-9)
    low = nu.copy()
    low[0, :3] = 1.5
    heavy = student_fit.with_group(
        names.POSTERIOR, posterior.assign(nu=(posterior["nu"].dims, low))
    )
    there = low > 2
    given = ba.nakagawa_r2(heavy).table.iloc[0]
    expected = (f / total)[there]
    assert given["mean"] == pytest.approx(expected.mean(), rel=1e-9)
    assert given["upper"] == pytest.approx(np.quantile(expected, 0.975), rel=1e-9)
    kept = f"{there.sum():,} of the {there.size:,} draws"
    for verb in (ba.nakagawa_r2, ba.r2_measures, ba.bayes_r2):
        found = verb(heavy)
        assert np.isfinite(found.table.loc["total", "mean"]).any()
        assert any("nu is 2 or less" in note for note in found.notes)
        assert found.sentence.startswith(f"Given that nu is above 2, as in {kept}")
        assert np.isnan(found.draws["r2"].to_numpy()[0, :3]).any(axis=-1).all()
    never = student_fit.with_group(
        names.POSTERIOR, posterior.assign(nu=(posterior["nu"].dims, np.full_like(nu, 1.5)))
    )
    for verb in (ba.nakagawa_r2, ba.r2_measures, ba.bayes_r2):
        found = verb(never)
        assert found.table.loc["total", "mean"].isna().all()
        assert "nan" not in found.sentence
        assert "not known" in found.sentence or "cannot be said" in found.sentence


def test_other_families_say_their_scale(bernoulli_fit: Fit, ordinal_fit: Fit) -> None:
    assert "Scale: link (logit), with the residual variance of that link." in (
        ba.r2_measures(bernoulli_fit).notes
    )
    assert ba.nakagawa_r2(ordinal_fit).table["mean"].between(0, 1).all()
    # Pasted without the notes, they must not contradict the R2 on the outcome's scale.
    assert "of the variance of stayed on the logit scale" in ba.r2_measures(bernoulli_fit).sentence
    assert "R2 of rating on the logit scale, of" in ba.nakagawa_r2(ordinal_fit).sentence
    assert "scale" not in ba.bayes_r2(bernoulli_fit).sentence
    with pytest.raises(ModelError, match="the family is cumulative"):
        ba.bayes_r2(ordinal_fit)


def test_each_record_shows_itself(parted_fit: Fit, nested_fit: Fit) -> None:
    import matplotlib.pyplot as plt

    for verb in (ba.r2_measures, ba.nakagawa_r2, ba.bayes_r2):
        for fit in (parted_fit, nested_fit):
            found = verb(fit)
            axes = found.plot()
            labels = [label.get_text() for label in axes.get_yticklabels()]
            assert len(labels) == found.table["mean"].notna().sum()
            assert "share of the variance, 95% equal-tailed" in axes.get_xlabel()
            plt.close("all")
            assert found.title in str(found)
            assert "<table" in found._repr_html_()
            assert isinstance(found.draws, xr.Dataset)
            row = found.table.iloc[-1 if verb is not ba.r2_measures else 6]
            if fit is parted_fit:
                assert f"{row['mean']:.0%} (95% interval {row['lower']:.0%}" in found.sentence


def test_a_plot_may_be_drawn_on_given_axes(parted_fit: Fit) -> None:
    import matplotlib.pyplot as plt

    _, axes = plt.subplots()
    assert ba.nakagawa_r2(parted_fit).plot(axes) is axes
    plt.close("all")


def test_narrower_intervals_lie_inside(parted_fit: Fit) -> None:
    wide, narrow = ba.r2_measures(parted_fit), ba.r2_measures(parted_fit, prob=0.5)
    assert (narrow.table["lower"] > wide.table["lower"]).all()
    assert (narrow.table["upper"] < wide.table["upper"]).all()
    assert narrow.notes[0] == "50% equal-tailed intervals."


@pytest.mark.parametrize("verb", [ba.r2_measures, ba.nakagawa_r2])
def test_what_has_no_levels_is_refused(verb: Callable[..., object], make_fit: MakeFit) -> None:
    table = ba.load_example("simulated_study")
    with pytest.raises(ModelError, match=r"one level only.*bayes_r2"):
        verb(make_fit(ba.Model("alliance ~ stigma", table)))
    known = table.assign(error=1.0)
    with pytest.raises(ModelError, match="known standard errors"):
        verb(make_fit(ba.Model("alliance | se(error) ~ stigma + (1 | case_manager)", known)))


@pytest.mark.parametrize("verb", [ba.r2_measures, ba.nakagawa_r2, ba.bayes_r2])
def test_a_fit_without_rows_says_so(
    verb: Callable[..., object], tmp_path: Path, slopes_fit: Fit
) -> None:
    bare = ba.load_fit(slopes_fit.save(tmp_path / "bare.fit", data=False))
    with pytest.raises((SamplingError, DataError), match="saved without"):
        verb(bare)


def test_bayes_r2_needs_no_groups(make_fit: MakeFit) -> None:
    table = ba.load_example("simulated_study")
    fit = make_fit(ba.Model("alliance ~ stigma", table))
    f = fit.posterior["b"].sel(coefficient="stigma") ** 2 * table["stigma"].var()
    record = ba.bayes_r2(fit)
    found = record.draws["r2"][..., 0]
    np.testing.assert_allclose(found, f / (f + fit.posterior["sigma"] ** 2), rtol=1e-9)
    assert record.sentence.startswith("The predictors explain ")
    assert record.table.index.tolist() == [("total", "marginal")]
    assert "onditional" not in f"{record.sentence}{record}"
