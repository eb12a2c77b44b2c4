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
from bayes_alliance.kernels.signed_scales import signed_units, slope_at, theta_at, thetas_at
from bayes_alliance.kernels.variance_priors import VariancePriors
from bayes_alliance.sampling.engines.collapsed.optima import (
    PlaceDensity,
    StartPlaces,
    collapsed_optima,
    is_narrow_ridge,
    start_places,
)
from bayes_alliance.sampling.engines.collapsed.problem import CollapsedProblem
from bayes_alliance.sampling.engines.collapsed.start import measure, positive_places
from bayes_alliance.sampling.engines.nutpie_run import run_nutpie
from bayes_alliance.sampling.engines.optima import Optima, nearest
from bayes_alliance.sampling.progress import Progress
from bayes_alliance.sampling.settings import Settings

Array = NDArray[np.float64]
PLACE, ENTRY = "place", "entry_of_place"


@dataclass(frozen=True, kw_only=True)
class CompetingOptima:
    """Optima that each hold a part of the mass.

    Parameters
    ----------
    theta
        Where they are, shape (optimum, k).
    weights
        Their shares of the mass.
    draws
        Shares of the draws nearest to each.
    crossings
        How often a chain went from one to another, over all chains.
    """

    theta: Array
    weights: Array
    draws: Array
    crossings: int


@dataclass(frozen=True, kw_only=True)
class ThetaDraws:
    """Draws of theta, shape (chain, draw, k), with sampler statistics.

    ``competing`` is None unless optima compete.
    """

    values: Array
    stats: dict[str, Array]
    interrupted: bool
    competing: CompetingOptima | None


def sample_theta(
    problem: CollapsedProblem, priors: VariancePriors, settings: Settings, progress: Progress
) -> ThetaDraws:
    """Sample the variance parameters."""
    size = measure(problem, priors)
    units = signed_units(priors, size.resolution)
    optima = collapsed_optima(problem, priors, units, size, settings.seed)
    start = start_places(PlaceDensity(problem, priors, units), optima)
    try:
        program = compiled_program(problem, priors, units, start)
    except (AttributeError, TypeError, ImportError) as error:
        warnings.warn(
            f"nutpie's inside has moved ({error}); sampling goes on through its public door, "
            "which is slower.",
            RuntimeWarning,
            stacklevel=2,
        )
        program = public_program(problem, priors, units, start)
    ridge = is_narrow_ridge(optima)
    run = run_nutpie(program, [PLACE], settings, progress, ridge=ridge)
    values = theta_of(run.posterior[PLACE], units, priors)
    return ThetaDraws(
        values=values,
        stats=dict(run.stats),
        interrupted=run.interrupted,
        competing=competing_optima(optima, values, units, priors),
    )


def competing_optima(
    optima: Optima, theta: Array, units: Array, priors: VariancePriors
) -> CompetingOptima | None:
    """Say what competes, and where the draws of theta, shape (chain, draw, k), went."""
    if len(optima.competing) < 2:
        return None
    tops = [optima.tops[k] for k in optima.competing]
    flat = theta.reshape(-1, theta.shape[-1])
    owner = nearest(tops, positive_places(flat, units[int(priors.known_sigma) :]))
    chains = owner.reshape(theta.shape[:2])
    return CompetingOptima(
        theta=theta_of(np.stack([top.place for top in tops]), units, priors),
        weights=optima.weights[list(optima.competing)],
        draws=np.bincount(owner, minlength=len(tops)) / len(owner),
        crossings=int((chains[:, 1:] != chains[:, :-1]).sum()),
    )


def theta_of(places: Array, units: Array, priors: VariancePriors) -> Array:
    """Return the theta of each sampled place, shape (chain, draw, k)."""
    flat = np.ascontiguousarray(places).reshape(-1, places.shape[-1])
    return thetas_at(flat, units, int(priors.known_sigma), priors.arrays()).reshape(places.shape)


def compiled_program(
    problem: CollapsedProblem, priors: VariancePriors, units: Array, start: StartPlaces
) -> Any:
    """Return a nutpie model whose density is a C function."""
    from nutpie import _lib
    from nutpie.sample import CompiledModel

    function, kept = problem.callback(priors, units)
    size = priors.size
    make_sampler = _lib.PySampler.from_pymc

    class CollapsedProgram(CompiledModel):  # type: ignore[misc]
        """nutpie's view of the collapsed density."""

        n_dim = property(lambda self: size)
        shapes = property(lambda self: {PLACE: (size,)})
        coords = property(lambda self: {ENTRY: np.arange(size)})

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

    from bayes_alliance.kernels.one_factor.callback_parts import c_identity

    table = address_table(kept)
    alive, address = (table, kept), table.ctypes.data
    sizes, dims = {ENTRY: size}, {PLACE: (ENTRY,)}
    variables = _lib.PyVariable.new_variables([PLACE], ["float64"], [(size,)], sizes, dims)
    return _lib.PyMcModel(
        _lib.LogpFunc(function, address, alive),
        _lib.ExpandFunc(size, size, c_identity.address, address, alive),
        variables,
        size,
        sizes,
        {ENTRY: np.arange(size)},
        start,
        None,
    )


def public_program(
    problem: CollapsedProblem, priors: VariancePriors, units: Array, start: StartPlaces
) -> Any:
    """Return the same through nutpie's public door for Python functions."""
    from nutpie.compiled_pyfunc import from_pyfunc

    size = priors.size
    function, flat, known = problem.density(), priors.arrays(), int(priors.known_sigma)

    def make_density() -> Callable[[Array], tuple[float, Array]]:
        def density(place: Array) -> tuple[float, Array]:
            theta, gradient, here = np.empty(size), np.empty(size), np.ascontiguousarray(place)
            value = theta_at(here, units, known, flat, theta)
            value += function(flat, known, theta, gradient)
            slope_at(here, units, known, flat, gradient)
            return float(value), gradient

        return density

    def make_expand(*seeds: Any) -> Callable[[Array], dict[str, Array]]:
        return lambda place: {PLACE: np.array(place)}

    return from_pyfunc(
        size,
        make_density,
        make_expand,
        [np.dtype("float64")],
        [(size,)],
        [PLACE],
        coords={ENTRY: np.arange(size)},
        dims={PLACE: (ENTRY,)},
        make_initial_point_fn=start,
    )
