"""The default joint engine: nutpie's NUTS on PyTensor's numba backend."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from bayes_alliance.model.pymc_model import build_pymc, data_arrays
from bayes_alliance.model.pymc_priors import shared_arguments
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.engines.contract import Drawn, public_variables
from bayes_alliance.sampling.engines.numba_compilation import quiet_compilation
from bayes_alliance.sampling.engines.nutpie_run import run_nutpie
from bayes_alliance.sampling.progress import Progress
from bayes_alliance.sampling.settings import Settings

_ONE_AT_A_TIME = threading.Lock()


class NutpieEngine:
    """nutpie on the joint model."""

    name = "nutpie"

    def compile(self, model: Model) -> Any:
        """Compile the joint model's density and gradient with numba."""
        import nutpie

        with quiet_compilation():
            return nutpie.compile_pymc_model(
                build_pymc(model), var_names=public_variables(model), backend="numba"
            )

    def draw(self, program: Any, model: Model, settings: Settings, progress: Progress) -> Drawn:
        """Sample; Ctrl-C keeps what was drawn."""
        values = {**data_arrays(model), **shared_arguments(model.priors)}
        # The compiler drops data it does not need, such as weights that are all one.
        known = [variable for variable in program.shared_var_keys if variable.name in values]
        ready = program.with_data(**{variable.name: values[variable.name] for variable in known})
        ready = replace(ready, initial_point_func=_start_points(program, known, values))
        return run_nutpie(ready, public_variables(model), settings, progress)


def _start_points(
    program: Any, variables: list[Any], values: dict[str, Any]
) -> Callable[[Any], Any]:
    """Return the program's starting points for these data.

    They are drawn by a function that reads the shared variables themselves, which ``with_data``
    leaves alone; several data sets may be sampled by one program at a time.
    """

    def start(seed: Any) -> Any:
        with _ONE_AT_A_TIME:
            for variable in variables:
                variable.set_value(np.asarray(values[variable.name], dtype=variable.dtype))
            return program.initial_point_func(seed)

    return start
