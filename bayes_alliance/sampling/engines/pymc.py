"""PyMC's own NUTS on the joint model: the plain version beside the fast ones."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from bayes_alliance.errors import SamplingError
from bayes_alliance.model.pymc_model import build_pymc
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.engines.contract import Drawn, public_variables
from bayes_alliance.sampling.engines.joint_engine import JointEngine, repeatable_compilation
from bayes_alliance.sampling.engines.joint_starts import all_notes, chain_starts
from bayes_alliance.sampling.progress import ChainState, Progress
from bayes_alliance.sampling.settings import Settings

STATS = (
    "diverging",
    "energy",
    "tree_depth",
    "reached_max_treedepth",
    "n_steps",
    "step_size",
    "acceptance_rate",
    "lp",
)


class PymcEngine(JointEngine):
    """PyMC's NUTS."""

    name = "pymc"
    words = "with the No-U-Turn sampler of PyMC"

    def compile(self, model: Model) -> Any:
        """Build the PyMC model; PyMC compiles it at each run."""
        return None

    def draw(self, program: Any, model: Model, settings: Settings, progress: Progress) -> Drawn:
        """Sample; Ctrl-C keeps what was drawn."""
        import pymc as pm

        starts = chain_starts(model, seed=settings.seed, chains=settings.chains)
        with build_pymc(model), repeatable_compilation(), _interruptions():
            tree = pm.sample(
                draws=settings.draws,
                tune=settings.tune,
                chains=settings.chains,
                # PyMC forks for more, which a process with JAX in it must not do.
                cores=1 if "jax" in sys.modules else settings.cores,
                random_seed=settings.seed,
                initvals=[start.values for start in starts],
                init="adapt_diag",
                nuts_sampler="pymc",
                var_names=public_variables(model),
                progressbar=False,
                quiet=True,
                compute_convergence_checks=False,
                callback=_watcher(settings, progress),
                nuts={
                    "target_accept": settings.target_accept,
                    "max_treedepth": settings.max_tree_depth,
                },
            )
        return replace(drawn_from_tree(tree, model, settings), notes=all_notes(starts))


@contextlib.contextmanager
def _interruptions() -> Iterator[None]:
    """PyMC has one word for a run that was stopped in its warm-up; say it as the others do."""
    try:
        yield
    except ValueError as error:
        if "Not enough samples" not in str(error):
            raise
        raise _nothing_to_keep() from error


def _nothing_to_keep() -> SamplingError:
    return SamplingError(
        "Sampling was interrupted.",
        "No chain had finished its warm-up, so there is nothing to keep.",
        "Let it run longer, or ask for a shorter tune.",
        interrupted=True,
    )


def drawn_from_tree(tree: Any, model: Model, settings: Settings) -> Drawn:
    """Take the container's variables out of the tree PyMC returns."""
    posterior = tree["posterior"].dataset
    stats = tree["sample_stats"].dataset
    interrupted = posterior.sizes["chain"] * posterior.sizes["draw"] < (
        settings.chains * settings.draws
    )
    if interrupted and posterior.sizes["draw"] < 4:
        raise _nothing_to_keep()
    numbers = {name: stats[name].to_numpy() for name in STATS if name in stats}
    # NumPyro tells the depth of each tree only.
    numbers.setdefault("reached_max_treedepth", numbers["tree_depth"] >= settings.max_tree_depth)
    return Drawn(
        posterior={name: posterior[name].to_numpy() for name in public_variables(model)},
        stats=numbers,
        interrupted=interrupted,
    )


def _watcher(settings: Settings, progress: Progress) -> Any:
    done = [0] * settings.chains
    divergences = [0] * settings.chains
    total = settings.tune + settings.draws

    def watch(trace: Any, draw: Any) -> None:
        done[draw.chain] += 1
        if draw.stats and draw.stats[0].get("diverging") and not draw.tuning:
            divergences[draw.chain] += 1
        progress.show(
            [
                ChainState(done=d, total=total, divergences=v)
                for d, v in zip(done, divergences, strict=True)
            ]
        )

    return watch
