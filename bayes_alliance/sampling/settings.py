"""How a run is done: one frozen record, checked when it is made."""

from __future__ import annotations

import os
import secrets
from dataclasses import asdict, dataclass
from typing import Any

from bayes_alliance.errors import SamplingError

_SEEDS = 2**31


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything about a run but the model.

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

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as plain JSON."""
        return asdict(self)


def make_settings(
    *,
    engine: str,
    engine_reason: str,
    seed: int | None,
    chains: int,
    draws: int,
    tune: int,
    target_accept: float,
    max_tree_depth: int,
    cores: int | None,
) -> Settings:
    """Check the wishes of a user and fill in what was left open.

    Raises
    ------
    SamplingError
        For a number outside its range.
    """
    least = {
        "chains": (chains, 1),
        "draws": (draws, 4),
        "tune": (tune, 0),
        "max_tree_depth": (max_tree_depth, 1),
        "cores": (1 if cores is None else cores, 1),
        "seed": (0 if seed is None else seed, 0),
    }
    for name, (value, low) in least.items():
        if value < low:
            raise SamplingError(
                f"{name}={value} was asked for.",
                f"It must be at least {low}.",
                "Leave it out to have the default.",
            )
    if seed is not None and seed >= _SEEDS:
        raise SamplingError(
            f"seed={seed} was asked for.",
            f"Seeds end at {_SEEDS - 1}.",
            "Give a smaller one, or leave it out to have one drawn and shown.",
        )
    if not 0 < target_accept < 1:
        raise SamplingError(
            f"target_accept={target_accept} was asked for.",
            "It is a probability.",
            "Give a number between 0 and 1; the default is 0.9.",
        )
    available = os.process_cpu_count() if hasattr(os, "process_cpu_count") else os.cpu_count()
    return Settings(
        engine=engine,
        engine_reason=engine_reason,
        seed=secrets.randbelow(_SEEDS) if seed is None else int(seed),
        seed_given=seed is not None,
        chains=chains,
        draws=draws,
        tune=tune,
        target_accept=target_accept,
        max_tree_depth=max_tree_depth,
        cores=min(chains, cores or available or 1),
    )
