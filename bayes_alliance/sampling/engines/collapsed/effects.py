"""From draws of theta to everything that was integrated out, at once or some draws at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.errors import SamplingError
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.engines.collapsed.priors import variance_priors
from bayes_alliance.sampling.engines.collapsed.problem import CollapsedProblem
from bayes_alliance.sampling.engines.collapsed.scales import Scales, scales_of
from bayes_alliance.sampling.working_scale import user_effects

Array = NDArray[np.float64]
_CHUNK_BYTES = 256e6
# Fewer numbers than these are recovered before a second thread has begun.
_WORTH_A_THREAD = 5e6
# Larger effects are drawn again when they are looked at: 4,000 draws of 7,800 group effects.
STORED_BYTES = 250e6


def is_stored(draws: int, numbers: int) -> bool:
    """Tell whether so many draws of so many numbers are kept, not made when they are looked at."""
    return 8.0 * draws * numbers <= STORED_BYTES


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """Exact draws of coefficients and group effects given the draws of theta.

    Parameters
    ----------
    model
        The model, with its rows.
    theta
        Draws of the unconstrained variance parameters, shape (chain, draw, k).
    seed
        Together with the number of the draw it says which draw it is.
    problem
        The sums of the model's rows.
    cores
        Threads that recover all draws; a draw does not depend on them.
    """

    model: Model
    theta: Array
    seed: int
    problem: CollapsedProblem
    cores: int = 1

    @cached_property
    def scales(self) -> Scales:
        """Standard deviations, correlations and roots of G of every draw."""
        return scales_of(self.theta, variance_priors(self.model))

    @property
    def draws(self) -> int:
        """Number of draws over all chains."""
        return int(self.theta.shape[0] * self.theta.shape[1])

    @property
    def is_large(self) -> bool:
        """Whether the effects are too many to be stored."""
        return not is_stored(self.draws, self.problem.numbers_a_draw)

    @property
    def step(self) -> int:
        """Draws to make at a time."""
        return max(1, int(_CHUNK_BYTES / (8 * self.problem.numbers_a_draw)))

    def recover(self, numbers: NDArray[np.int64]) -> tuple[Array, list[Array]]:
        """Return coefficients (draw, p) and the effects of every factor (draw, group, effect)."""
        coefficients, effects = self._drawn(numbers, effects=True)
        groups = self.model.design.groups
        pairs = zip(groups, effects, strict=True)
        return coefficients, [user_effects(self.model, group, own) for group, own in pairs]

    def _drawn(self, numbers: NDArray[np.int64], *, effects: bool) -> tuple[Array, Sequence[Array]]:
        scales = self.scales
        return self.problem.recover(
            s2=scales.sigma[numbers] ** 2,
            factors=[factor[numbers] for factor in scales.factor],
            seed=self.seed,
            draws=numbers,
            sampled=scales.sampled[numbers],
            with_effects=effects,
        )

    def everything(self) -> tuple[Array, list[Array]]:
        """Recover all draws."""
        parts = self._on_all_cores(self.recover)
        effects = zip(*(part[1] for part in parts), strict=True)
        return np.concatenate([p[0] for p in parts]), [np.concatenate(own) for own in effects]

    def coefficients(self) -> Array:
        """Recover the coefficients of all draws, and keep no effect."""
        return np.concatenate(self._on_all_cores(lambda own: self._drawn(own, effects=False)[0]))

    def _on_all_cores[T](self, work: Callable[[NDArray[np.int64]], T]) -> list[T]:
        """Do some work on stretches of the draws, in their order; the kernels hold no lock."""
        _ = self.scales  # computed once, before threads could do it twice
        numbers = self.draws * self.problem.numbers_a_draw
        threads = self.cores if numbers >= _WORTH_A_THREAD else 1
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(work, self._steps(threads)))

    def effects_again(self, numbers: NDArray[np.int64], factor: int, known: Array | None) -> Array:
        """Recover the effects of one factor a second time.

        Raises
        ------
        SamplingError
            If the coefficients that come with them are not the ``known`` ones, shape (draw, p).
        """
        coefficients, effects = self.recover(numbers)
        if known is not None and not np.allclose(
            coefficients, known[numbers], rtol=1e-6, atol=1e-9
        ):
            raise SamplingError(
                "Group effects that were not stored were to be drawn again.",
                "The versions of bayes-alliance or numpy here draw other numbers than those that "
                "made this fit.",
                "Use the versions the fit names in fit.versions, or sample again.",
            )
        return effects[factor]

    def _steps(self, threads: int) -> list[NDArray[np.int64]]:
        numbers = np.arange(self.draws)
        step = max(1, min(self.step, self.draws) // threads)
        return [numbers[start : start + step] for start in range(0, self.draws, step)]
