"""The collapsed engine: NUTS on the few variance parameters of a Gaussian model.

Coefficients and group effects are integrated out exactly and drawn back afterwards, each from
its conditional normal. A draw costs the same whatever the number of rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.errors import SamplingError
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.engines.collapsed_priors import reasons_against, variance_priors
from bayes_alliance.sampling.engines.collapsed_problem import CollapsedProblem, collapsed_problem
from bayes_alliance.sampling.engines.collapsed_sampler import sample_theta
from bayes_alliance.sampling.engines.collapsed_scales import Scales, scales_of
from bayes_alliance.sampling.engines.contract import Drawn
from bayes_alliance.sampling.progress import Progress
from bayes_alliance.sampling.settings import Settings

Array = NDArray[np.float64]
_CHUNK_BYTES = 256e6


class CollapsedEngine:
    """Exact integration of coefficients and group effects, NUTS for the rest."""

    name = "collapsed"

    def compile(self, model: Model) -> Any:
        """Refuse models it cannot do; its kernels are compiled once a machine, not here."""
        reasons = reasons_against(model)
        if reasons:
            raise SamplingError(
                'engine="collapsed" was asked for.',
                f"It is not exact for this model: {'; '.join(reasons)}.",
                'Take engine="nutpie", or "auto" to let the package choose.',
                reasons=reasons,
            )

    def draw(self, program: Any, model: Model, settings: Settings, progress: Progress) -> Drawn:
        """Sample the variance parameters, then draw everything else given them."""
        problem = collapsed_problem(model)
        priors = variance_priors(model)
        theta = sample_theta(problem, priors, settings, progress)
        scales = scales_of(theta.values, priors)
        posterior = _posterior(model, problem, scales, settings.seed)
        shape = theta.values.shape[:2]
        return Drawn(
            posterior={k: v.reshape(*shape, *v.shape[1:]) for k, v in posterior.items()},
            stats=theta.stats,
            interrupted=theta.interrupted,
        )


def _posterior(
    model: Model, problem: CollapsedProblem, scales: Scales, seed: int
) -> dict[str, Array]:
    """Name the draws as the container does, chains one behind the other."""
    posterior: dict[str, Array] = {}
    coefficients, effects = _recovered(problem, scales, seed)
    if model.design.coefficients:
        posterior[names.B] = coefficients
    for k, group in enumerate(model.design.groups):
        posterior[names.sd(group.name)] = scales.sd[k]
        if group.pairs:
            first, second = np.asarray(group.pairs).T
            posterior[names.cor(group.name)] = scales.correlation[k][:, first, second]
        posterior[names.u(group.name)] = effects[k]
    if names.SIGMA in model.family.parameters:
        posterior[names.SIGMA] = scales.sigma
    return posterior


def _recovered(problem: CollapsedProblem, scales: Scales, seed: int) -> tuple[Array, list[Array]]:
    """Draw coefficients and group effects, some draws at a time."""
    total = len(scales.sigma)
    step = max(1, int(_CHUNK_BYTES / (8 * problem.numbers_a_draw)))
    coefficients: list[Array] = []
    effects: list[list[Array]] = [[] for _ in scales.sd]
    for start in range(0, total, step):
        here = slice(start, min(start + step, total))
        part = problem.recover(
            s2=scales.sigma[here] ** 2,
            factors=[factor[here] for factor in scales.factor],
            seed=seed,
            draws=np.arange(here.start, here.stop),
            sampled=scales.sampled[here],
        )
        coefficients.append(part[0])
        for own, new in zip(effects, part[1], strict=True):
            own.append(new)
    return np.concatenate(coefficients), [np.concatenate(own) for own in effects]
