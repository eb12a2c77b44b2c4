"""The default joint engine: nutpie's NUTS on PyTensor's numba backend."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.model.pymc_model import build_pymc, data_arrays
from bayes_alliance.model.pymc_priors import shared_arguments
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.engines.contract import Drawn, public_variables
from bayes_alliance.sampling.engines.joint_engine import JointEngine, repeatable_compilation
from bayes_alliance.sampling.engines.joint_starts import JointStart, all_notes, joint_start
from bayes_alliance.sampling.engines.nutpie_run import run_nutpie
from bayes_alliance.sampling.progress import Progress
from bayes_alliance.sampling.settings import Settings

# Squared ratio of a ridge's length to its width: beyond, each draw takes very many steps.
_RIDGE = 1_000.0
# Of so many group effects learning the directions costs less than it gains.
_FEW = 100
_ONE_AT_A_TIME = threading.Lock()


class NutpieProgram(NamedTuple):
    """nutpie's compiled model, and the shared variables its starting point is read from."""

    compiled: Any
    starts: dict[str, Any]


class NutpieEngine(JointEngine):
    """nutpie on the joint model."""

    name = "nutpie"
    words = "with the No-U-Turn sampler of nutpie on the model written in PyMC"
    compiles = True
    side_by_side = True

    def compile(self, model: Model) -> NutpieProgram:
        """Compile the joint model's density and gradient with numba."""
        import nutpie
        import pytensor

        with repeatable_compilation():
            built = build_pymc(model)
            first = joint_start(model, 0).values
            starts = {rv.name: pytensor.shared(np.asarray(first[rv.name])) for rv in built.free_RVs}
            compiled = nutpie.compile_pymc_model(
                built,
                initial_points=dict(starts),
                jitter_rvs=set(),
                var_names=public_variables(model),
                backend="numba",
            )
        return NutpieProgram(compiled, starts)

    def draw(
        self, program: NutpieProgram, model: Model, settings: Settings, progress: Progress
    ) -> Drawn:
        """Sample; Ctrl-C keeps what was drawn."""
        values = {**data_arrays(model), **shared_arguments(model.priors)}
        # The compiler drops data it does not need, such as weights that are all one.
        known = [
            variable for variable in program.compiled.shared_var_keys if variable.name in values
        ]
        ready = program.compiled.with_data(**{v.name: values[v.name] for v in known})
        started: list[JointStart] = []
        ready = replace(ready, initial_point_func=_start_points(program, model, started))
        drawn = run_nutpie(
            ready, public_variables(model), settings, progress, ridge=learns_directions(model)
        )
        return replace(drawn, notes=all_notes(started))


def learns_directions(model: Model) -> bool:
    """Tell whether the sampler is to learn in which directions the posterior is long.

    It pays where priors make a narrow ridge, and where the mean of well-known group effects goes
    closely with a coefficient; it costs the cube of the number of unknowns.
    """
    effects = sum(len(group.labels) * len(group.effects) for group in model.design.groups)
    return is_narrow_ridge(model) or ("centred" in model.centring.values() and effects <= _FEW)


def is_narrow_ridge(model: Model) -> bool:
    """Tell whether columns whose coefficients or correlated effects are sampled are nearly alike.

    So are a constant and a year where priors stand at year 0.
    """
    basis = model.priors.basis
    predictors = [own for own in model.design.predictors if own.coefficients]
    sampled = [basis.populations[own.variable].columns(own.X) for own in predictors]
    for group in model.design.groups:
        columns = basis.effects[group.name].columns(group.Z)
        sampled += [
            columns[:, [k for k in block if k in group.places_of(own.parameter)]]
            for block in group.blocks
            for own in model.design.predictors
        ]
    return any(_squared_condition(columns) > _RIDGE for columns in sampled)


def _squared_condition(columns: NDArray[np.float64]) -> float:
    """Return how much longer the longest combination of unit columns is than the shortest."""
    size = np.sqrt((columns**2).sum(axis=0))
    unit = columns[:, size > 0.0] / size[size > 0.0]
    values = np.linalg.eigvalsh(unit.T @ unit)
    return float(values[-1] / max(values[0], np.finfo(float).tiny)) if len(values) else 1.0


def _start_points(
    program: NutpieProgram, model: Model, started: list[JointStart]
) -> Callable[[Any], Any]:
    """Return a function from a chain's seed to its starting point for these data.

    Several data sets may be sampled by one program at a time. The starts are put into the list.
    """

    def start(seed: Any) -> Any:
        found = joint_start(model, int(seed))
        started.append(found)
        with _ONE_AT_A_TIME:
            for name, variable in program.starts.items():
                variable.set_value(np.asarray(found.values[name], dtype=variable.dtype))
            return program.compiled.initial_point_func(seed)

    return start
