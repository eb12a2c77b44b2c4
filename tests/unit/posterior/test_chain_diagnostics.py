"""Our R-hat, ESS and Monte Carlo errors against ArviZ's, one quantity at a time."""

import warnings

import arviz as az
import numpy as np
import pytest
import xarray as xr
from arviz_stats.base import array_stats

import bayes_alliance as ba
from bayes_alliance import names
from bayes_alliance.posterior.chain_diagnostics import TAILS, diagnose_chains
from bayes_alliance.posterior.summaries import COLUMNS, element_labels, summary_table

QUANTITIES = 8
SAMPLE = (names.CHAIN, names.DRAW)


def drifting(memory: float, chains: int, draws: int, seed: int = 1) -> np.ndarray:
    """Return autoregressive chains, shape (chain, draw, quantity)."""
    noise = np.random.default_rng(seed).standard_normal((chains, draws, QUANTITIES))
    values = noise.copy()
    for t in range(1, draws):
        values[:, t] = memory * values[:, t - 1] + np.sqrt(1 - memory**2) * noise[:, t]
    return values


KINDS = {
    "independent": lambda *shape: drifting(0.0, *shape),
    "slow": lambda *shape: drifting(0.95, *shape),
    "alternating": lambda *shape: drifting(-0.9, *shape),
    "tied": lambda *shape: np.round(2 * drifting(0.3, *shape)),
    "apart": lambda *shape: drifting(0.3, *shape) + np.arange(shape[0])[:, None, None],
    "heavy": lambda *shape: np.random.default_rng(2).standard_t(1.2, size=(*shape, QUANTITIES)),
    "wandering": lambda *shape: np.cumsum(drifting(0.0, *shape), axis=1),
    "indicator": lambda *shape: (drifting(0.5, *shape) > 1.9).astype(float),
    "far from 0": lambda *shape: 1e6 + drifting(0.5, *shape),
}
SHAPES = [(4, 1000), (4, 999), (3, 250), (1, 300), (2, 51), (4, 11), (4, 6), (4, 5), (4, 4), (2, 9)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_numbers_are_those_of_arviz(kind: str, shape: tuple[int, int]) -> None:
    values = KINDS[kind](*shape)
    found = diagnose_chains(values)
    ours = np.stack([found.mcse_mean, found.mcse_sd, found.ess_bulk, found.ess_tail, found.r_hat])
    each = np.moveaxis(values, 2, 0)
    with np.errstate(all="ignore"):
        theirs = np.stack(
            [
                array_stats.mcse(each, method="mean"),
                array_stats.mcse(each, method="sd"),
                array_stats.ess(each, method="bulk"),
                array_stats.ess(each, method="tail", prob=TAILS),
                array_stats.rhat(each),
            ]
        )
    varies = np.ptp(values, axis=(0, 1)) > 0
    # Float error: sums of some thousand terms; squares of a million lose six digits of them.
    limit = 1e-7 if kind == "far from 0" else 1e-10
    np.testing.assert_allclose(ours[:, varies], theirs[:, varies], rtol=limit)
    assert np.isnan(ours[:, ~varies]).all()


def test_blocks_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    values = drifting(0.5, 4, 100)
    whole = diagnose_chains(values)
    monkeypatch.setattr("bayes_alliance.posterior.chain_diagnostics._BLOCK", 900)
    parts = diagnose_chains(values)
    # A processor may transform several quantities at once, with a last digit of its own.
    np.testing.assert_allclose(whole.ess_bulk, parts.ess_bulk, rtol=1e-10)
    np.testing.assert_allclose(whole.r_hat, parts.r_hat, rtol=1e-10)


def test_one_bad_quantity_leaves_the_others_alone() -> None:
    values = drifting(0.5, 4, 100)
    alone = diagnose_chains(values)
    values[2, 5, 3] = np.nan
    values[..., 4] = 7.25
    found = diagnose_chains(values)
    for name in ("mcse_mean", "mcse_sd", "ess_bulk", "ess_tail", "r_hat"):
        got, before = getattr(found, name), getattr(alone, name)
        assert np.isnan(got[[3, 4]]).all()
        others = [0, 1, 2, 5, 6, 7]
        np.testing.assert_allclose(got[others], before[others], rtol=1e-10)


def labelled(values: np.ndarray) -> xr.Dataset:
    return xr.Dataset(
        {
            "b": ((*SAMPLE, "coefficient"), values[..., :2]),
            "u": ((*SAMPLE, "group", "effect"), values[..., 2:6].reshape(*values.shape[:2], 2, 2)),
            "sigma": (SAMPLE, values[..., 6]),
            "plain": ((*SAMPLE, "nameless"), values[..., 6:]),
        },
        coords={"coefficient": ["Intercept", "x"], "group": ["G1", "G2"], "effect": ["a", "b"]},
    )


def test_the_table_is_that_of_arviz_but_for_the_tails() -> None:
    draws = labelled(drifting(0.4, 4, 300))
    ours = summary_table(draws, 0.9)
    theirs = az.summary(draws, ci_prob=0.9, ci_kind="eti", round_to="none")
    theirs = theirs.rename(columns={"eti90_lb": "lower", "eti90_ub": "upper"}).astype(float)
    assert list(ours.index) == list(theirs.index)
    assert tuple(ours.columns) == COLUMNS
    same = [name for name in COLUMNS if name != "ess_tail"]
    np.testing.assert_allclose(ours[same], theirs[same], rtol=1e-10)  # float error
    with az.rc_context({"stats.ci_prob": 0.5}):  # ArviZ's tails are those of a global setting
        again = summary_table(draws, 0.9)
    np.testing.assert_array_equal(ours, again)


def test_labels_are_taken_from_coordinates() -> None:
    draws = labelled(drifting(0.4, 2, 10))
    assert element_labels(draws["u"]) == ["u[G1, a]", "u[G1, b]", "u[G2, a]", "u[G2, b]"]
    assert element_labels(draws["sigma"]) == ["sigma"]


@pytest.mark.parametrize("constant", [0.0, 0.1, -3.7e9])
def test_what_does_not_vary_is_summarised_without_a_warning(constant: float) -> None:
    values = drifting(0.4, 4, 100)
    values[..., 1] = constant
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        row = summary_table(labelled(values), 0.95).loc["b[x]"]
    assert list(row[["mean", "sd", "lower", "upper"]]) == [constant, 0.0, constant, constant]
    assert row[["mcse_mean", "mcse_sd", "ess_bulk", "ess_tail", "r_hat"]].isna().all()


@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_draws_without_a_number_are_summarised_without_a_warning(value: float) -> None:
    values = drifting(0.4, 4, 100)
    values[0, 3, 1] = value
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = summary_table(labelled(values), 0.95)
    assert not np.isfinite(table.loc["b[x]", ["mean", "sd", "mcse_mean"]]).any()
    assert np.isfinite(table.drop(index="b[x]")).all(axis=None)


def test_group_effects_are_the_summary_of_the_same_draws(slopes_fit: ba.Fit) -> None:
    found = ba.group_effects(slopes_fit, as_written=True).table
    expected = summary_table(slopes_fit.posterior[["u_case_manager"]], 0.95)
    shared = [name for name in COLUMNS if name != "mcse_sd"]
    np.testing.assert_allclose(found[shared], expected[shared], rtol=1e-10)
    named = [
        f"u_case_manager[{group}, {effect}]"
        for group, effect in zip(found["group"], found["effect"], strict=True)
    ]
    assert named == list(expected.index)
