"""Chains of every family start where its posterior is, and as far apart as it is wide.

The posterior comes from quadrature over the group effects and a plain Metropolis walk, which
share nothing with the sampler nor with what draws the starts.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import special

import bayes_alliance as ba
from bayes_alliance import names
from bayes_alliance.model.families.family import Family
from bayes_alliance.model.families.registry import FAMILIES
from bayes_alliance.random_streams import Stream, generator
from bayes_alliance.sampling.engines.likely_values import likely_values

pytestmark = pytest.mark.slow
GROUPS, ROWS, STARTS, STEPS = 20, 8, 100, 12_000
LEVELS = ("1", "2", "3", "4")
NODES, WEIGHTS = special.roots_hermitenorm(41)


def model_of(family: Family) -> ba.Model:
    """Groups whose effects vary with a standard deviation of one, other values at their medians."""
    rng = np.random.default_rng(8)
    group = np.repeat(np.arange(GROUPS), ROWS)
    own = {}
    for part in family.own:
        middle = np.array([part.default(0.0, 1.0).frozen.ppf(0.5) for _ in part.labels(LEVELS)])
        own[part.name] = np.linspace(-1.5, 1.5, len(middle))[None, None] if part.dim else middle
    y = np.ravel(family.simulate(rng, rng.normal(size=GROUPS)[group], own))
    table = pd.DataFrame({"y": y.astype(int) if family.is_discrete else y, "g": group.astype(str)})
    return ba.Model("y ~ (1 | g)", table, family=family.name)


class Marginal:
    """The log posterior of coefficient, log sd and own parameters, group effects integrated out."""

    def __init__(self, model: ba.Model) -> None:
        self.model, self.group = model, model.design.groups[0]
        self.coefficients = len(model.design.coefficients)
        self.real = {p.name: bool(p.dim) for p in model.family.own}

    def point(self, values) -> np.ndarray:
        """Return likely values as one vector."""
        own = [v if self.real[k] else np.log(v) for k, v in values.own.items()]
        ((root,),) = values.roots.values()
        return np.concatenate([values.coefficients, np.log(np.abs(root)).ravel(), *own])

    def __call__(self, point: np.ndarray) -> float:
        model, at = self.model, self.coefficients
        b, log_sd, rest = point[:at], point[at], point[at + 1 :]
        priors = model.priors
        total = log_sd + self._prior(names.sd("g"), [np.exp(log_sd)])
        total += self._prior(names.B, b) if at else 0.0
        own = {}
        for name, is_real in self.real.items():
            count = len(priors.of(name))
            values, rest = rest[:count], rest[count:]
            if is_real and np.any(np.diff(values) <= 0.0):
                return -np.inf
            own[name] = values[None, None] if is_real else np.exp(values)[:, None]
            total += self._prior(name, np.ravel(own[name])) + (0.0 if is_real else values.sum())
        eta = model.design.X @ b + np.exp(log_sd) * NODES[:, None]
        rows = model.family.log_density(model.frame.y, eta, own)
        sums = np.zeros((len(NODES), GROUPS))
        np.add.at(sums, (slice(None), self.group.index), rows)
        return float(total + special.logsumexp(sums, axis=0, b=WEIGHTS[:, None]).sum())

    def _prior(self, name: str, values) -> float:
        priors = self.model.priors.of(name)
        return float(sum(p.frozen.logpdf(v) for p, v in zip(priors, values, strict=True)))


def walk(density: Marginal, start: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Return a Metropolis walk with normal steps."""
    rng = np.random.default_rng(3)
    steps = rng.multivariate_normal(np.zeros(len(start)), covariance * 5.7 / len(start), STEPS)
    heights = np.log(rng.random(STEPS))
    here, value, found = start, density(start), []
    for step, height in zip(steps, heights, strict=True):
        other = density(here + step)
        if other - value > height:
            here, value = here + step, other
        found.append(here)
    return np.array(found[STEPS // 8 :])


def is_like(starts: np.ndarray, posterior: np.ndarray) -> bool:
    """Whether starts lie about where the posterior does, and vary at least nearly as much."""
    mean, sd = posterior.mean(axis=0), posterior.std(axis=0)
    off = (starts.mean(axis=0) - mean) / sd
    ratio = starts.std(axis=0) / sd
    print(off.round(2), ratio.round(2), flush=True)
    # 100 starts: a mean is known to 0.1 sd, an sd to 7%, and the walk's own to 6%.
    return bool((np.abs(off) < 1.0).all() and (ratio > 0.7).all() and (ratio < 2.5).all())


@pytest.mark.parametrize("name", FAMILIES)
def test_starts_are_where_the_posterior_is_and_as_wide(name):
    model = model_of(FAMILIES[name])
    density = Marginal(model)
    drawn = [likely_values(model, generator(k, Stream.STARTS)) for k in range(STARTS)]
    starts = np.array([density.point(values) for values in drawn])
    assert all(np.isfinite(density(start)) for start in starts)
    posterior = walk(density, starts.mean(axis=0), np.cov(starts.T))
    assert is_like(starts, posterior)
    # Offenders: half as wide, and two standard deviations beside.
    middle = starts.mean(axis=0)
    assert not is_like(middle + 0.5 * (starts - middle), posterior)
    assert not is_like(starts + 2.0 * starts.std(axis=0), posterior)
