"""The prior curve of every small picture is the distribution of what is drawn beside it."""

from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kstest

from bayes_alliance import names
from bayes_alliance.model.spec import Model
from bayes_alliance.report.figures import Panel, panels_of, without_panel
from bayes_alliance.sampling.container import draws_dataset
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.prior_draws import draw_prior

# One false alarm in 100,000 panels; the draws are of one seed, so a test that passes goes on to.
_ALARM = 1e-5
MODELS = [
    ("score ~ year * age + (1 + year | therapist)", {}, {}),
    ("score ~ year + clinic + (1 + year | therapist)", {}, {}),
    ("score ~ 0 + clinic + year + (1 + year || therapist)", {}, {}),
    ("score ~ year * clinic + (1 + year | therapist) + (0 + age | therapist)", {}, {}),
    ("rating ~ year + clinic + (1 + year | therapist)", {"family": "cumulative"}, {}),
    ("score ~ year + (1 + year | therapist)", {}, {"sd_therapist[Intercept]": "HalfNormal(2)"}),
    ("score ~ year + age", {"family": "student"}, {"b[year]": "Normal(1, 2)"}),
]


@pytest.fixture(scope="module")
def table(made_up: ModuleType) -> pd.DataFrame:
    table = made_up.many_groups_table(12)
    rng = np.random.default_rng(7)
    return table.assign(
        year=2010 + rng.integers(0, 11, len(table)),
        clinic=np.array(["A", "B", "C"])[np.arange(len(table)) % 3],
    )


def before_any_data(made_up: ModuleType, model: Model) -> Fit:
    """Return a fit whose posterior is the prior."""
    drawn = draw_prior(model, 8000, np.random.default_rng(11))
    fit = made_up.made_up_fit(model)
    return fit.with_group(names.POSTERIOR, draws_dataset(model, drawn))


def wrong(panels: tuple[Panel, ...]) -> list[str]:
    """Name the panels whose draws are not of the distribution drawn as their prior."""
    return [own.label for own in panels if kstest(own.draws, own.prior.cdf).pvalue < _ALARM]


@pytest.mark.parametrize(("formula", "options", "priors"), MODELS)
def test_draws_of_the_prior_follow_the_curve_of_the_prior(
    made_up: ModuleType,
    table: pd.DataFrame,
    formula: str,
    options: dict[str, str],
    priors: dict[str, str],
) -> None:
    model = Model(formula, table, priors=priors, **options)
    fit = before_any_data(made_up, model)
    panels = panels_of(fit)
    assert len(panels) == sum(
        np.prod(fit.posterior[name].shape[2:], dtype=int) for name in model.priors.variables
    )
    assert not wrong(panels)
    assert without_panel(model) == ()


def test_a_prior_at_the_means_beside_the_sd_as_written_is_caught(
    made_up: ModuleType, table: pd.DataFrame
) -> None:
    fit = before_any_data(made_up, Model("score ~ year + (1 + year | therapist)", table))
    panels = panels_of(fit)
    (moved,) = (k for k, own in enumerate(panels) if own.label.startswith("sd_therapist[Inter"))
    assert panels[moved].label == "sd_therapist[Intercept at the means]"
    as_written = fit.posterior["sd_therapist"].to_numpy()[..., 0].ravel()
    offender = Panel(
        label="offender", prior=panels[moved].prior, bounds=(0, np.inf), draws=as_written
    )
    assert wrong((offender,)) == ["offender"]


def test_what_has_no_curve_is_left_out_and_named(made_up: ModuleType, table: pd.DataFrame) -> None:
    priors = {"b[year]": "StudentT(3, 0, 2)", "sigma": "HalfFlat()"}
    model = Model("score ~ year + (1 | therapist)", table, priors=priors)
    # Year 0 is 2,015 times the slope away from the means, where the intercept has its prior.
    assert without_panel(model) == ("b[Intercept]", "sigma")
    labels = [panel.label for panel in panels_of(made_up.made_up_fit(model))]
    assert labels == ["b[year]", "sd_therapist[Intercept]"]


def test_thresholds_with_different_priors_have_no_curve(table: pd.DataFrame) -> None:
    priors = {"cutpoint[1|2]": "Normal(-2, 1)"}
    model = Model("rating ~ clinic", table, "cumulative", priors=priors)
    assert len([key for key in without_panel(model) if key.startswith("cutpoint")]) == 4
