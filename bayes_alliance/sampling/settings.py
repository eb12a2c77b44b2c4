"""How a run is done: one frozen record, checked when it is made."""

from __future__ import annotations

import os
import secrets
from dataclasses import asdict, dataclass
from numbers import Real
from typing import Any

from bayes_alliance.errors import Advice, SamplingError

SEEDS = 2**31  # the engines take no larger ones


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything about a run but the model.

    Raises
    ------
    SamplingError
        For a number outside its range.

    Parameters
    ----------
    engine
        The engine that ran.
    engine_reason
        Why that one.
    seed
        The seed; with the same versions on the same kind of machine it gives the same draws.
    seed_given
        False if the seed was drawn for the user.
    chains, draws, tune
        Number of chains, of kept draws a chain, of warm-up draws a chain.
    target_accept
        Acceptance the step size is tuned to; higher is slower and follows tighter curves.
    max_tree_depth
        Longest trajectory, as a power of two.
    cores
        Chains that run at a time.
    """

    engine: str
    engine_reason: str
    seed: int
    seed_given: bool
    chains: int
    draws: int
    tune: int
    target_accept: float
    max_tree_depth: int
    cores: int

    def __post_init__(self) -> None:
        """Refuse numbers outside their range."""
        least = {
            "chains": (self.chains, 1),
            "draws": (self.draws, 4),
            "tune": (self.tune, 0),
            "max_tree_depth": (self.max_tree_depth, 1),
            "cores": (self.cores, 1),
            "seed": (self.seed, 0),
        }
        for name, (value, low) in least.items():
            if value < low:
                raise SamplingError(
                    _asked(name, value),
                    f"It must be at least {low}.",
                    "Leave it out to have the default.",
                )
        if self.seed >= SEEDS:
            raise SamplingError(
                _asked("seed", self.seed),
                f"Seeds end at {SEEDS - 1}.",
                "Give a smaller one, or leave it out to have one drawn and shown.",
            )
        if not 0 < self.target_accept < 1:
            raise SamplingError(
                _asked("target_accept", self.target_accept),
                "It is a probability.",
                "Give a number between 0 and 1; the default is 0.9.",
            )

    @property
    def length_and_tuning(self) -> dict[str, Any]:
        """What another run of the same kind takes over: all but engine, seed and cores."""
        taken_over = ("chains", "draws", "tune", "target_accept", "max_tree_depth")
        return {name: getattr(self, name) for name in taken_over}

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as plain JSON."""
        return asdict(self)


def _asked(name: str, value: float) -> Advice:
    option = name.replace("_", "-")
    return Advice(
        python=f"{name}={value} was asked for.", command_line=f"--{option} {value} was asked for."
    )


def make_settings(*, seed: int | None, cores: int | None, chains: int, **rest: Any) -> Settings:
    """Fill in what a user left open: a fresh seed, and as many cores as the machine has."""
    available = os.process_cpu_count() if hasattr(os, "process_cpu_count") else os.cpu_count()
    return Settings(
        seed=secrets.randbelow(SEEDS) if seed is None else int(seed),
        seed_given=seed is not None,
        cores=min(chains, (available or 1) if cores is None else cores),
        chains=chains,
        **rest,
    )


def check_gigabytes(memory: object) -> None:
    """Refuse a limit of memory that is none; infinity is one.

    Raises
    ------
    SamplingError
        If it is not a number greater than 0.
    """
    if isinstance(memory, bool) or not isinstance(memory, Real) or not float(memory) > 0:
        raise SamplingError(
            f"memory={memory!r} was asked for.",
            "It is a limit in gigabytes and must be a number greater than 0.",
            "Leave it out to have the default.",
            memory=memory,
        )
