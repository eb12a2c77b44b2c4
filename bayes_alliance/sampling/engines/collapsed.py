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
from bayes_alliance.kernels.moments import moments
from bayes_alliance.kernels.problem import Problem, prepare
from bayes_alliance.kernels.recover import recover_seeded
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.engines.collapsed_priors import (
    reasons_against,
    sampled_coefficients,
    variance_priors,
)
from bayes_alliance.sampling.engines.collapsed_sampler import ThetaDraws, sample_theta
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
        return Drawn(
            posterior=_posterior(model, problem, scales, settings, theta),
            stats=theta.stats,
            interrupted=theta.interrupted,
        )


def collapsed_problem(model: Model) -> Problem:
    """Read the sums of a model's rows, once, and join them with the coefficients' prior."""
    design, frame = model.design, model.frame
    (group,) = design.groups
    frequency = model.formula.response.weight_kind == "frequency"
    sums = moments(
        frame.y - design.offset,
        design.X,
        group.Z,
        group.index,
        len(group.labels),
        weights=None if frequency else frame.weights,
        repeats=frame.weights if frequency else None,
    )
    sampled = sampled_coefficients(model)
    integrated = np.setdiff1d(np.arange(len(design.coefficients)), sampled)
    normal = [model.priors.of(names.B)[k].arguments for k in integrated]
    prior = np.asarray(normal, dtype=float).reshape(len(normal), 2)
    return prepare(sums, prior[:, 0], prior[:, 1] ** 2, integrated=integrated)


def _posterior(
    model: Model, problem: Problem, scales: Scales, settings: Settings, theta: ThetaDraws
) -> dict[str, Array]:
    (group,) = model.design.groups
    chains, draws = theta.values.shape[:2]
    coefficients, effects = _recovered(problem, scales, settings.seed)
    posterior: dict[str, Array] = {names.sd(group.name): scales.sd}
    if model.design.coefficients:
        posterior[names.B] = coefficients
    if group.pairs:
        first, second = np.asarray(group.pairs).T
        posterior[names.cor(group.name)] = scales.correlation[:, first, second]
    if names.SIGMA in model.family.parameters:
        posterior[names.SIGMA] = scales.sigma
    posterior[names.u(group.name)] = effects
    return {
        name: values.reshape(chains, draws, *values.shape[1:]) for name, values in posterior.items()
    }


def _recovered(problem: Problem, scales: Scales, seed: int) -> tuple[Array, Array]:
    """Draw coefficients and group effects, some draws at a time."""
    total = len(scales.sigma)
    numbers_each = problem.n_groups * problem.n_effects + problem.prior.kept.size
    step = max(1, int(_CHUNK_BYTES / (8 * max(1, numbers_each))))
    parts = [
        recover_seeded(
            problem,
            scales.sigma[start : start + step] ** 2,
            scales.factor[start : start + step],
            seed=seed,
            draws=np.arange(start, min(start + step, total)),
            sampled=scales.sampled[start : start + step],
        )
        for start in range(0, total, step)
    ]
    return (
        np.concatenate([part.coefficients for part in parts]),
        np.concatenate([part.effects for part in parts]),
    )
