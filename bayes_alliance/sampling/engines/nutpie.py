"""The default joint engine: nutpie's NUTS on PyTensor's numba backend."""

from __future__ import annotations

from typing import Any

from bayes_alliance.model.pymc_model import build_pymc, data_arrays
from bayes_alliance.model.pymc_priors import shared_arguments
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.engines.contract import Drawn, public_variables
from bayes_alliance.sampling.engines.numba_compilation import quiet_compilation
from bayes_alliance.sampling.engines.nutpie_run import run_nutpie
from bayes_alliance.sampling.progress import Progress
from bayes_alliance.sampling.settings import Settings


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
        known = {variable.name for variable in program.shared_var_keys}
        # The compiler drops data it does not need, such as weights that are all one.
        used = {name: value for name, value in values.items() if name in known}
        return run_nutpie(program.with_data(**used), public_variables(model), settings, progress)
