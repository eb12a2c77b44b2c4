"""NumPyro's NUTS on the joint model, through JAX; an extra."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from typing import Any

from bayes_alliance.errors import Advice, SamplingError
from bayes_alliance.model.pymc_model import build_pymc
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.engines.contract import Drawn, public_variables
from bayes_alliance.sampling.engines.joint_engine import JointEngine, repeatable_compilation
from bayes_alliance.sampling.engines.joint_starts import all_notes, chain_starts
from bayes_alliance.sampling.engines.pymc import drawn_from_tree
from bayes_alliance.sampling.progress import Progress
from bayes_alliance.sampling.settings import Settings


class NumpyroEngine(JointEngine):
    """NumPyro's NUTS, chains side by side in one program."""

    name = "numpyro"
    words = "with the No-U-Turn sampler of NumPyro on the model written in PyMC"

    def compile(self, model: Model) -> Any:
        """Check that JAX is there; it compiles at the first draw."""
        absent = [n for n in ("jax", "numpyro") if importlib.util.find_spec(n) is None]
        if absent:
            raise SamplingError(
                Advice(
                    python='engine="numpyro" was asked for.',
                    command_line="--engine numpyro was asked for.",
                ),
                f"It needs {' and '.join(absent)}, which this environment lacks.",
                'Install it with pip install "bayes-alliance[numpyro]", or leave the engine out.',
            )

    def draw(self, program: Any, model: Model, settings: Settings, progress: Progress) -> Drawn:
        """Sample; it cannot be interrupted without losing the draws."""
        from pymc.sampling.jax import sample_numpyro_nuts

        starts = chain_starts(model, seed=settings.seed, chains=settings.chains)
        with build_pymc(model), repeatable_compilation():
            tree = sample_numpyro_nuts(
                draws=settings.draws,
                tune=settings.tune,
                chains=settings.chains,
                target_accept=settings.target_accept,
                random_seed=settings.seed,
                initvals=[start.values for start in starts],
                jitter=False,
                var_names=public_variables(model),
                progressbar=False,
                chain_method="vectorized",
                compute_convergence_checks=False,
                nuts_kwargs={"max_tree_depth": settings.max_tree_depth},
            )
        return replace(drawn_from_tree(tree, model, settings), notes=all_notes(starts))
