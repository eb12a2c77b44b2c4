"""All engines give the same posterior of the example, up to their Monte Carlo errors.

Each joint engine is held against the collapsed one: mean, sd, 5% and 95% quantile of every
parameter and every group effect, at a family-wise false alarm of 1e-4 over all of them.
"""

import arviz as az
import numpy as np
import pytest
from scipy import stats

import bayes_alliance as ba

JOINT = ("nutpie", "pymc", "numpyro")
FALSE_ALARM = 1e-4


def quantities(fit):
    """Every number of the posterior by name, shape (chain, draw)."""
    found = {}
    for name, values in fit.posterior.data_vars.items():
        flat = values.to_numpy().reshape(*values.shape[:2], -1)
        found |= {f"{name}[{k}]": flat[..., k] for k in range(flat.shape[-1])}
    return found


def scores(first, second):
    """Return z by quantity and statistic, and the Monte Carlo error of each mean in sds."""
    z, errors = {}, {}
    ours, theirs = quantities(first), quantities(second)
    assert set(ours) == set(theirs)
    for name in ours:
        pair = ours[name], theirs[name]
        errors[name] = np.hypot(*(az.mcse(x) for x in pair)) / pair[0].std()
        for what, statistic, options in (
            ("mean", np.mean, {"method": "mean"}),
            ("sd", lambda x: np.std(x, ddof=1), {"method": "sd"}),
            ("5%", lambda x: np.quantile(x, 0.05), {"method": "quantile", "prob": 0.05}),
            ("95%", lambda x: np.quantile(x, 0.95), {"method": "quantile", "prob": 0.95}),
        ):
            error = np.hypot(*(az.mcse(x, **options) for x in pair))
            z[name, what] = float((statistic(pair[0]) - statistic(pair[1])) / error)
    return z, errors


def apart(z, comparisons):
    limit = stats.norm.isf(FALSE_ALARM / (2 * comparisons))
    return {place: round(value, 1) for place, value in z.items() if abs(value) > limit}


@pytest.fixture(scope="module")
def collapsed(example_model):
    return ba.sample(example_model, seed=2, engine="collapsed", draws=5000)


@pytest.mark.slow
@pytest.mark.parametrize("engine", JOINT)
def test_joint_engines_agree_with_the_collapsed(engine, example_model, example_fit, collapsed):
    fit = example_fit
    if engine != "nutpie":
        # One core: PyMC would fork, which a process with JAX in it must not do.
        fit = ba.sample(example_model, seed=3, engine=engine, cores=1)
    assert fit.settings.engine == engine
    z, errors = scores(fit, collapsed)
    assert apart(z, len(JOINT) * len(z)) == {}
    # The test can see a shift: five errors are less than half a posterior sd everywhere.
    assert max(errors.values()) < 0.1


def test_another_prior_is_noticed(example_model, collapsed):
    """The same comparison, with a group sd held down by its prior."""
    study = ba.load_example("simulated_study")
    other = ba.load_model(
        "stigma_slopes", data=study, priors={"sd_case_manager[stigma]": "HalfNormal(1)"}
    )
    z, _ = scores(ba.sample(other, seed=3, engine="collapsed"), collapsed)
    found = apart(z, len(JOINT) * len(z))
    assert ("sd_case_manager[1]", "mean") in found
