"""Leaving rows and groups out by weights, against ArviZ, closed forms and refits."""

from dataclasses import replace

import arviz as az
import numpy as np
import pytest
from scipy.special import logsumexp

import bayes_alliance as ba
from bayes_alliance.errors import SamplingError
from bayes_alliance.posterior.comparison import leave_one_out, refits
from bayes_alliance.posterior.comparison.comparison_table import stacking_weights
from bayes_alliance.posterior.comparison.leave_one_out import (
    density_by_group,
    density_by_row,
    relative_efficiency,
)
from bayes_alliance.posterior.comparison.refits import (
    density_after_refit,
    refit_without,
    with_refits,
)
from bayes_alliance.sampling import row_blocks
from bayes_alliance.sampling.left_out import (
    groups_to_leave_out,
    rows_to_leave_out,
    split_effects,
)

pytestmark = pytest.mark.slow


@pytest.mark.filterwarnings("ignore:Estimated shape parameter")
def test_rows_are_what_arviz_says(slopes_fit):
    found = density_by_row(slopes_fit, integrate=False)
    assert not found.exact
    efficiency = relative_efficiency(slopes_fit.model.groups, slopes_fit.posterior)
    filled = ba.with_log_likelihood(slopes_fit)
    loo = az.loo(filled.idata, pointwise=True, reff=efficiency)
    np.testing.assert_allclose(found.log_density, loo.elpd_i.to_numpy(), rtol=1e-9)
    np.testing.assert_allclose(found.shape, loo.pareto_k.to_numpy(), atol=1e-9)
    assert found.elpd == pytest.approx(loo.elpd)
    assert (found.within - found.log_density).sum() == pytest.approx(loo.p)
    assert found.limit == pytest.approx(loo.good_k)


def test_in_closed_form_rows_are_the_same_with_less_error_and_better_weights(slopes_fit):
    closed, weighted = density_by_row(slopes_fit), density_by_row(slopes_fit, integrate=False)
    assert closed.exact
    # The weights' own estimate of their error has a finite variance where k is below 1/4 only.
    good = weighted.shape < 0.25
    assert good.sum() > 50
    z = (closed.log_density - weighted.log_density) / np.hypot(closed.mcse, weighted.mcse)
    assert np.abs(z[good]).max() < 4.5  # as many comparisons of one run
    assert np.sum(closed.mcse**2) < 0.25 * np.sum(weighted.mcse**2)
    assert np.nanmax(closed.shape) < 0.5 < np.nanmax(weighted.shape)


def test_rows_that_cannot_be_trusted_are_refitted(slopes_fit):
    """Two rows in doubt, by weights and by refits; then the same by draws of the effects."""
    rows = rows_to_leave_out(slopes_fit.model)
    shape = np.zeros(len(rows.labels))
    shape[[5, 60]] = 0.9, np.nan
    for integrate in (True, False):
        density = replace(density_by_row(slopes_fit, integrate=integrate), shape=shape)
        once = with_refits(density, slopes_fit, rows, most=1, seed=5)
        assert list(np.flatnonzero(once.refitted)) == [60]
        assert list(np.flatnonzero(once.bad)) == [5]
        both = with_refits(density, slopes_fit, rows, most=20, seed=5)
        assert list(np.flatnonzero(both.refitted)) == [5, 60]
        error = np.hypot(both.mcse, density.mcse)
        assert (np.abs(both.log_density - density.log_density) <= 5 * error).all()
        untouched = ~both.refitted
        np.testing.assert_array_equal(both.log_density[untouched], density.log_density[untouched])


def test_blocks_in_closed_form_do_not_show(slopes_fit, monkeypatch):
    whole = density_by_row(slopes_fit)
    monkeypatch.setattr(leave_one_out, "_BLOCK_NUMBERS", 7 * slopes_fit.draws_in_all)
    np.testing.assert_allclose(density_by_row(slopes_fit).log_density, whole.log_density)


def test_blocks_of_rows_do_not_show(null_fit, monkeypatch):
    whole = density_by_row(null_fit, integrate=False)
    monkeypatch.setattr(row_blocks, "_BLOCK_BYTES", 8 * 4000 * 77)
    places = [part for part, _ in row_blocks.log_likelihood_blocks(null_fit, null_fit.posterior)]
    assert [part.stop - part.start for part in places] == [77, 77, 77, 77, 12]
    again = density_by_row(null_fit, integrate=False)
    np.testing.assert_allclose(again.log_density, whole.log_density)


def test_large_data_uses_fewer_draws(null_fit, monkeypatch):
    monkeypatch.setattr(leave_one_out, "_BY_ROW", 320 * 1500)
    thin = density_by_row(null_fit)
    assert thin.draws == 1500
    assert thin.limit < 0.7
    # Both estimate the same sum; their errors are known, and partly shared.
    monkeypatch.setattr(leave_one_out, "_BY_ROW", 1e9)
    full = density_by_row(null_fit)
    assert abs(thin.elpd - full.elpd) < 5 * np.sqrt((thin.mcse**2).sum())


def test_groups_given_nothing_are_the_joint_density(clients):
    """With sd and sigma nearly known, leaving a group out has a closed form in the intercept."""
    priors = {
        "sd_case_manager": "LogNormal(1.0986, 0.0001)",
        "sigma": "LogNormal(1.7918, 0.0001)",
        "b[Intercept]": "Normal(50, 10)",
    }
    model = ba.Model("alliance ~ 1 + (1 | case_manager)", clients, priors=priors)
    fit = ba.sample(model, seed=1, draws=500, tune=500)
    density, weights, _ = density_by_group(fit, groups_to_leave_out(model, None))
    variance, tau2 = 36.0, 9.0
    y = model.frame.y.reshape(40, 8)
    precision = 8 / (variance + 8 * tau2)
    for j in (0, 17):
        others = np.delete(y, j, axis=0)
        total = 1 / 100 + 39 * precision
        mean = (50 / 100 + precision * others.mean(axis=1).sum()) / total
        cov = variance * np.eye(8) + tau2 + 1 / total
        rest = y[j] - mean
        expected = -0.5 * (
            8 * np.log(2 * np.pi) + np.linalg.slogdet(cov)[1] + rest @ np.linalg.solve(cov, rest)
        )
        # The priors of sd and sigma leave a relative 1e-4 of play.
        assert density.log_density[j] == pytest.approx(expected, abs=5e-3)
    assert density.exact
    np.testing.assert_allclose(weights.sum(axis=0), 1.0)


def test_closed_form_and_weighted_coefficients_agree(slopes_fit, monkeypatch):
    left_out = groups_to_leave_out(slopes_fit.model, None)
    closed, _, _ = density_by_group(slopes_fit, left_out)
    monkeypatch.setattr(leave_one_out, "sums_suffice", lambda *_: False)
    weighted, _, _ = density_by_group(slopes_fit, left_out)
    assert closed.exact
    assert not weighted.exact
    good = ~closed.bad & ~weighted.bad
    assert good.sum() > 25
    z = (closed.log_density - weighted.log_density) / np.hypot(closed.mcse, weighted.mcse)
    assert np.abs(z[good]).max() < 4.5  # thirty comparisons of one run, partly shared draws


def test_what_cannot_be_trusted_is_refitted(tiny_fit):
    left_out = groups_to_leave_out(tiny_fit.model, None)
    density, _, _ = density_by_group(tiny_fit, left_out)
    doubtful = replace(density, shape=np.array([0.9, 0.1, np.nan, 0.2, 0.3]))
    assert list(doubtful.bad) == [True, False, True, False, False]
    once = with_refits(doubtful, tiny_fit, left_out, most=1, seed=5)
    assert list(once.refitted) == [False, False, True, False, False]
    assert list(once.bad) == [True, False, False, False, False]
    both = with_refits(doubtful, tiny_fit, left_out, most=20, seed=5)
    assert list(both.refitted) == [True, False, True, False, False]
    error = np.hypot(both.mcse, density.mcse)
    assert (np.abs(both.log_density - density.log_density)[[0, 2]] < 5 * error[[0, 2]]).all()
    np.testing.assert_array_equal(both.log_density[[1, 3, 4]], density.log_density[[1, 3, 4]])
    untouched = with_refits(doubtful, tiny_fit, left_out, most=0, seed=5)
    assert not untouched.refitted.any()


def test_a_refit_integrates_what_no_other_row_informs(nested_fit):
    """Without an agency its case managers are unknown too, and are integrated out with it."""
    left_out = groups_to_leave_out(nested_fit.model, "agency")
    split = split_effects(nested_fit.model, left_out)
    found = refit_without(
        nested_fit,
        left_out,
        [3],
        lambda place, refit: (refit, density_after_refit(split, nested_fit, place, refit)),
        seed=2,
    )
    refit, (value, error) = found[3]
    assert "A03" not in refit.posterior["agency"]
    assert refit.posterior.sizes["agency:case_manager"] == 36
    weighted, _, _ = density_by_group(nested_fit, left_out)
    assert not weighted.bad[3]
    assert abs(value - weighted.log_density[3]) < 4.5 * np.hypot(error, weighted.mcse[3])


def test_few_draws_are_refused(clients, make_fit):
    fit = make_fit(ba.Model("alliance ~ 1 + (1 | case_manager)", clients), chains=2, draws=20)
    with pytest.raises(SamplingError, match="40 draws"):
        density_by_row(fit)


def test_stacking_is_optimal():
    rng = np.random.default_rng(1)
    points = rng.normal(-2, 1, size=(300, 3)) + np.array([0.1, 0.0, -0.3])
    weights = stacking_weights(points)
    assert weights.sum() == pytest.approx(1.0)
    ratio = np.exp(points - logsumexp(points + np.log(weights), axis=1)[:, None]).mean(axis=0)
    # At the optimum models in use have ratio one, the others less.
    np.testing.assert_allclose(ratio[weights > 1e-6], 1.0, atol=1e-6)
    assert (ratio < 1 + 1e-6).all()


def test_stacking_survives_groups_of_many_rows():
    """A group's density can be exp(-5000): it must not underflow."""
    points = np.array([[-5000.0, -5001.0], [-4000.0, -3999.0], [-10.0, -12.0]])
    weights = stacking_weights(points)
    assert np.isfinite(weights).all()
    shift = np.array([[4990.0], [3990.0], [0.0]])
    np.testing.assert_allclose(weights, stacking_weights(points + shift))


@pytest.mark.filterwarnings("ignore:Estimated shape parameter")
def test_stacking_agrees_with_arviz(slopes_fit):
    table = ba.load_example("simulated_study")
    other = ba.sample(ba.Model("alliance ~ 1 + (1 | case_manager)", table), seed=2)
    loos = {
        name: az.loo(ba.with_log_likelihood(fit).idata, pointwise=True)
        for name, fit in {"varying": slopes_fit, "null": other}.items()
    }
    theirs = az.compare(loos, round_to="none")["weight"]
    points = np.column_stack([loos[name].elpd_i.to_numpy() for name in theirs.index])
    np.testing.assert_allclose(stacking_weights(points), theirs, atol=2e-3)  # their tolerance


def test_densities_too_small_for_a_number_leave_no_nan():
    """A group whose draws differ by thousands of units: all its weight lies on the worst draw."""
    values = np.column_stack([np.linspace(-4000.0, 0.0, 400), np.linspace(-3.0, 0.0, 400)])
    log_density, error, shape, within, weights = leave_one_out._from_draws(values, 1.0)
    assert np.isfinite([log_density, error, within]).all()
    assert -4000 < log_density[0] < -3000  # the worst draws decide a mean over 1 / density
    assert within[0] == pytest.approx(logsumexp(values[:, 0]) - np.log(400))
    # Where nothing is too small, the weighted mean and its delta-method error, written plainly.
    density = np.exp(values[:, 1])
    mean = weights[:, 1] @ density
    assert log_density[1] == pytest.approx(np.log(mean))
    spread = np.sqrt(weights[:, 1] ** 2 @ (density - mean) ** 2)
    assert error[1] == pytest.approx(spread / mean)
    assert np.isfinite(shape[1])


def test_refits_left_to_the_verb_are_fewer_where_they_are_slow(tiny_fit, monkeypatch):
    asked = []
    monkeypatch.setattr(refits, "refit_without", lambda *args, **_: asked.append(args[2]) or {})
    left_out = rows_to_leave_out(tiny_fit.model)
    bad = replace(density_by_row(tiny_fit), shape=np.full(len(left_out.labels), 2.0))
    slow = replace(tiny_fit, settings=replace(tiny_fit.settings, engine="nutpie"))
    for fit in (tiny_fit, slow):
        with_refits(bad, fit, left_out, most=None, seed=1)
    with_refits(bad, slow, left_out, most=7, seed=1)
    most = min(20, len(left_out.labels))
    assert [len(places) for places in asked] == [most, 5, 7]
