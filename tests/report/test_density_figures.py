"""Densities of draws integrate to one, and stop where their support does."""

import numpy as np
import pytest
from matplotlib.figure import Figure as Canvas
from scipy.stats import halfnorm, kstest, norm

import bayes_alliance as ba
from bayes_alliance.posterior.shares.variance import variance_shares
from bayes_alliance.report.figures import (
    MOST_PANELS,
    density,
    draw_panels,
    draw_share_densities,
    learnt,
    panels_of,
)
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.prior_draws import draw_prior


def test_a_density_is_that_of_the_draws() -> None:
    draws = norm(2, 3).rvs(40_000, random_state=1)
    x, height = density(draws, -10, 14)
    # 40,000 draws: the smoothed height is off by a few hundredths of the peak.
    np.testing.assert_allclose(height, norm(2, 3).pdf(x), atol=0.05 * norm(2, 3).pdf(2))
    assert np.trapezoid(height, x) == pytest.approx(1, abs=0.01)


def test_draws_that_press_against_a_bound_keep_their_height_there() -> None:
    draws = halfnorm(scale=2).rvs(40_000, random_state=2)
    x, height = density(draws, 0, 9)
    assert height[0] == pytest.approx(halfnorm(scale=2).pdf(x[0]), rel=0.07)
    assert np.trapezoid(height, x) == pytest.approx(1, abs=0.02)


def test_draws_that_do_not_vary_have_a_density() -> None:
    _, height = density(np.full(100, 0.5), 0, 1)
    assert np.isfinite(height).all()
    assert height.max() > 10


def test_panels_hold_every_number_with_a_prior(slopes_fit: Fit) -> None:
    panels = panels_of(slopes_fit)
    assert [panel.label for panel in panels] == [
        "b[Intercept]", "b[stigma]",
        "sd_case_manager[Intercept at the means]", "sd_case_manager[stigma]",
        "sigma", "cor_case_manager[Intercept ~ stigma at the means]",
    ]  # fmt: skip
    posterior = slopes_fit.posterior
    sd = posterior["sd_case_manager"].sel(case_manager_effect="stigma").to_numpy().ravel()
    np.testing.assert_array_equal(panels[3].draws, sd)


def test_what_was_learnt_compares_the_widths(slopes_fit: Fit) -> None:
    stigma = panels_of(slopes_fit)[1]
    low, high = stigma.prior.ppf([0.16, 0.84])
    assert learnt(stigma) == pytest.approx(2 * stigma.draws.std() / (high - low))


def test_the_prior_of_a_correlation_is_that_of_lkj_matrices() -> None:
    table = ba.load_example("simulated_study")
    model = ba.Model(
        "alliance ~ 1 + (1 + stigma + months_in_care | case_manager)",
        table,
        priors={"cor_case_manager": "LKJ(3)"},
    )
    fit = ba.sample(model, seed=1, chains=2, draws=50, tune=50, progress=False)
    drawn = draw_prior(model, 4000, np.random.default_rng(1))["cor_case_manager"][0]
    panels = [panel for panel in panels_of(fit) if panel.label.startswith("cor_")]
    assert [panel.label for panel in panels] == [
        "cor_case_manager[Intercept ~ stigma]",
        "cor_case_manager[Intercept ~ months_in_care]",
        "cor_case_manager[stigma ~ months_in_care]",
    ]
    for k, panel in enumerate(panels):
        np.testing.assert_array_equal(
            panel.draws, fit.posterior["cor_case_manager"].to_numpy()[..., k].ravel()
        )
        # False alarm 1e-4 for each of the three.
        assert kstest(drawn[:, k], panel.prior.cdf).pvalue > 1e-4


def test_pictures_are_drawn_with_a_panel_each(slopes_fit: Fit) -> None:
    panels = panels_of(slopes_fit)
    axes = draw_panels(Canvas().add_subplot(), panels=panels)
    assert [inset.get_title() for inset in axes.child_axes][:3] == [
        "b[Intercept]", "b[stigma]", "sd_case_manager\n[Intercept]\nat the means",
    ]  # fmt: skip
    assert len(axes.child_axes) == len(panels) < MOST_PANELS
    # A standard deviation has no density below 0, before or after the data.
    assert axes.child_axes[2].get_xlim()[0] >= 0
    shares = variance_shares(slopes_fit, at={"stigma": 0.0})
    drawn = draw_share_densities(Canvas().add_subplot(), shares=shares, labels=["a", "b"])
    assert [label.get_text() for label in drawn.get_yticklabels()] == ["a", "b"]
