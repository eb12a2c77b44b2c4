"""Intervals of the R2 measures are calibrated: truths from the prior rank evenly among draws."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from statistical_tests.calibration import JOINT, Ranks, judge_ranks

import bayes_alliance as ba
from bayes_alliance import names
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.prior_draws import draw_prior
from bayes_alliance.sampling.thinning import thinned

DATA_SETS, KEPT, GROUPS, EACH = 120, 49, 15, 6
FORMULA = "y ~ within(x, g) + between(x, g) + (1 + within(x, g) | g)"
PRIORS = {
    "b": "Normal(0, 1)",
    "b[Intercept]": "Normal(0, 1)",
    "sd_g": "HalfNormal(1)",
    "cor_g": "LKJ(2)",
    "sigma": "HalfNormal(1)",
}


def predictor() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(31)
    g = np.repeat(np.arange(GROUPS), EACH)
    return g, rng.normal(size=GROUPS)[g] + rng.normal(size=len(g))


def model_of(y: np.ndarray) -> ba.Model:
    g, x = predictor()
    table = pd.DataFrame({"y": y, "x": x, "g": [f"g{k:02d}" for k in g]})
    return ba.Model(FORMULA, table, priors=PRIORS)


def true_measures(b: np.ndarray, sd: np.ndarray, sigma: float) -> dict[str, float]:
    """The twelve measures of one truth, from the centred predictor's variances."""
    g, x = predictor()
    means = np.array([x[g == k].mean() for k in g])
    f1, f2 = b[1] ** 2 * np.var(x - means, ddof=1), b[2] ** 2 * np.var(means, ddof=1)
    v, m = sd[1] ** 2 * np.var(x - means, ddof=1), sd[0] ** 2
    inside, total = f1 + v + sigma**2, f1 + f2 + v + m + sigma**2
    of_total = {"f1": f1, "f2": f2, "v": v, "m": m, "f": f1 + f2, "fv": f1 + f2 + v}
    of_total["fvm"] = total - sigma**2
    return {
        **{f"{name} of total": value / total for name, value in of_total.items()},
        **{f"{n} of within": own / inside for n, own in {"f1": f1, "v": v, "f1v": f1 + v}.items()},
        **{f"{n} of between": own / (f2 + m) for n, own in {"f2": f2, "m": m}.items()},
    }


def with_noise(fit: Fit) -> Fit:
    """Overstate the residual sd of every draw by a third."""
    posterior = fit.posterior
    return fit.with_group(names.POSTERIOR, posterior.assign(sigma=posterior["sigma"] * 4 / 3))


def ranks_of(change: Callable[[Fit], Fit], found: list[dict[str, dict[str, int]]]) -> Ranks:
    own = [one[change.__name__] for one in found]
    counts = {name: np.bincount([r[name] for r in own], minlength=KEPT + 1) for name in own[0]}
    # The judge reads the number of data sets from this entry; any of them has it.
    first = next(iter(counts.values()))
    return Ranks(counts={**counts, JOINT: first}, least_ess=np.inf, divergences=0)


def as_it_is(fit: Fit) -> Fit:
    return fit


@pytest.fixture(scope="module")
def found() -> list[dict[str, dict[str, int]]]:
    rng = np.random.default_rng(32)
    base = model_of(rng.normal(size=GROUPS * EACH))
    truths = {name: v[0] for name, v in draw_prior(base, DATA_SETS, rng).items()}
    group = base.design.groups[0]
    eta = truths["b"] @ base.design.X.T
    eta += np.einsum("drq,rq->dr", truths["u_g"][:, group.index], group.Z)
    outcomes = eta + truths["sigma"][:, None] * rng.normal(size=eta.shape)
    models = [model_of(y) for y in outcomes]
    places = {id(model): k for k, model in enumerate(models)}

    def ranked(fit: Fit) -> dict[str, dict[str, int]]:
        k = places[id(fit.model)]
        true = true_measures(truths["b"][k], truths["sd_g"][k], float(truths["sigma"][k]))
        few = fit.with_group(names.POSTERIOR, thinned(fit.posterior, KEPT))
        accounts = {}
        for change in (as_it_is, with_noise):
            draws = ba.r2_measures(change(few)).draws["r2"]
            labels, values = draws["measure"].to_numpy(), draws.to_numpy()[0]
            assert set(labels) == set(true)
            below = (values < [true[label] for label in labels]).sum(axis=0)
            accounts[change.__name__] = dict(zip(labels, below.tolist(), strict=True))
        return accounts

    return list(ba.sample_many(models, seed=33, chains=1, draws=1500, keep=ranked))


@pytest.mark.slow
@pytest.mark.long
def test_every_measure_is_calibrated(found: list[dict[str, dict[str, int]]]) -> None:
    table = judge_ranks(ranks_of(as_it_is, found))
    assert len(table) == 13
    assert table["calibrated"].all(), table


@pytest.mark.slow
@pytest.mark.long
def test_intervals_around_the_wrong_residual_are_noticed(
    found: list[dict[str, dict[str, int]]],
) -> None:
    table = judge_ranks(ranks_of(with_noise, found))
    assert not table["calibrated"]["fvm of total"]
    assert not table["calibrated"]["f1v of within"]
