"""NUTS by nutpie on the compiled density: chains in parallel, no interpreter in the loop.

nutpie has no public door for a C function, so its compiled-model class is filled by hand. Should
its inside move, the public door for Python functions takes over, with one warning.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.kernels.pointers import address_table
from bayes_alliance.kernels.problem import Problem
from bayes_alliance.kernels.variance_priors import VariancePriors
from bayes_alliance.sampling.engines.collapsed_problem import CollapsedProblem
from bayes_alliance.sampling.engines.nutpie_run import run_nutpie
from bayes_alliance.sampling.progress import Progress
from bayes_alliance.sampling.settings import Settings

Array = NDArray[np.float64]
THETA, PLACE = "theta", "place_in_theta"


@dataclass(frozen=True, kw_only=True)
class ThetaDraws:
    """Draws of theta, shape (chain, draw, k), with sampler statistics."""

    values: Array
    stats: dict[str, Array]
    interrupted: bool


def sample_theta(
    problem: CollapsedProblem, priors: VariancePriors, settings: Settings, progress: Progress
) -> ThetaDraws:
    """Sample the variance parameters."""
    try:
        program = compiled_program(problem, priors)
    except (AttributeError, TypeError, ImportError) as error:
        warnings.warn(
            f"nutpie's inside has moved ({error}); sampling goes on through its public door, "
            "which is slower.",
            RuntimeWarning,
            stacklevel=2,
        )
        program = public_program(problem, priors)
    run = run_nutpie(program, [THETA], settings, progress)
    return ThetaDraws(
        values=run.posterior[THETA], stats=dict(run.stats), interrupted=run.interrupted
    )


def compiled_program(problem: CollapsedProblem, priors: VariancePriors) -> Any:
    """Return a nutpie model whose density is a C function."""
    from nutpie import _lib
    from nutpie.sample import CompiledModel

    function, kept = problem.callback(priors)
    size, start = priors.size, start_points(problem, priors)
    make_sampler = _lib.PySampler.from_pymc

    class CollapsedProgram(CompiledModel):  # type: ignore[misc]
        """nutpie's view of the collapsed density."""

        n_dim = property(lambda self: size)
        shapes = property(lambda self: {THETA: (size,)})
        coords = property(lambda self: {PLACE: np.arange(size)})

        def _make_sampler(
            self, sampler_settings: Any, init_mean: Any, cores: Any, *rest: Any
        ) -> Any:
            model = self._make_model(init_mean)
            return make_sampler(sampler_settings, cores, model, *rest)

        def _make_model(self, init_mean: Any) -> Any:
            return _native_model(function, kept, size, start)

    program = CollapsedProgram(dims={})
    # Where nutpie's inside has moved it shows here, while the public door is still open.
    program._make_model(None)
    return program


def _native_model(function: int, kept: list[Any], size: int, start: Any) -> Any:
    """Fill nutpie's own model; it keeps the table and the arrays alive."""
    from nutpie import _lib

    from bayes_alliance.kernels.callback_parts import c_identity

    table = address_table(kept)
    alive, address = (table, kept), table.ctypes.data
    sizes, dims = {PLACE: size}, {THETA: (PLACE,)}
    variables = _lib.PyVariable.new_variables([THETA], ["float64"], [(size,)], sizes, dims)
    return _lib.PyMcModel(
        _lib.LogpFunc(function, address, alive),
        _lib.ExpandFunc(size, size, c_identity.address, address, alive),
        variables,
        size,
        sizes,
        {PLACE: np.arange(size)},
        start,
        None,
    )


def public_program(problem: CollapsedProblem, priors: VariancePriors) -> Any:
    """Return the same through nutpie's public door for Python functions."""
    from nutpie.compiled_pyfunc import from_pyfunc

    size = priors.size
    function, flat, known = problem.density(), priors.arrays(), int(priors.known_sigma)

    def make_density() -> Callable[[Array], tuple[float, Array]]:
        def density(theta: Array) -> tuple[float, Array]:
            gradient = np.empty(size)
            value = function(flat, known, np.ascontiguousarray(theta), gradient)
            return float(value), gradient

        return density

    def make_expand(*seeds: Any) -> Callable[[Array], dict[str, Array]]:
        return lambda theta: {THETA: np.array(theta)}

    return from_pyfunc(
        size,
        make_density,
        make_expand,
        [np.dtype("float64")],
        [(size,)],
        [THETA],
        coords={PLACE: np.arange(size)},
        dims={THETA: (PLACE,)},
        make_initial_point_fn=start_points(problem, priors),
    )


def start_points(problem: CollapsedProblem, priors: VariancePriors) -> Callable[[int], Array]:
    """Return a function from a seed to a starting point near the scale of the data."""
    inner = problem.inner
    rows = max(2.0, inner.rows)
    spread = np.sqrt(max(inner.residual[-1, -1], 1e-12) / rows)
    typical = 1.0 if priors.known_sigma else spread
    full = np.zeros(priors.size + priors.known_sigma)
    full[priors.places] = np.where(priors.positive == 1, np.log(0.5 * typical), 0.0)
    full[0] = np.log(spread)
    _scale_by_columns(full, inner, priors, typical)
    if inner.prior.sampled.size:
        full[-inner.prior.sampled.size :] = inner.prior.origin[inner.prior.sampled]
    centre = full[int(priors.known_sigma) :]

    def start(seed: int) -> Array:
        jitter = np.random.default_rng(seed).uniform(-0.5, 0.5, size=priors.size)
        return np.asarray(centre + jitter)

    return start


def _scale_by_columns(full: Array, inner: Problem, priors: VariancePriors, typical: float) -> None:
    """Start sds of slopes at the scale of their columns; possible for one grouping factor."""
    if len(priors.block_ends) == 1:
        q = inner.n_effects
        lengths = np.sqrt((inner.root**2).sum(axis=(0, 2)) / max(2.0, inner.rows))
        full[1 : 1 + q] = np.log(0.5 * typical / np.maximum(lengths, 1e-12))
