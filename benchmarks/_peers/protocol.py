"""What a driver is told and what it hands back; needs numpy only.

A driver is started with ``key=value`` arguments and appends one JSON object a line to
``report.jsonl`` in its folder: the versions, then one line a fit with its seconds by step and the
clock time at which its draws were there. The draws lie beside it, as ``<seed>.npz``. CPU seconds
count all threads and finished child processes, so they mean something on a busy machine too.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

STEPS = ("build", "compile", "sample", "effects")


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a driver is to fit; ``engine`` chooses among the tools of one driver."""

    data: str
    formula: str
    folder: Path
    seeds: tuple[int, ...]
    draws: int
    tune: int
    chains: int
    engine: str
    most_groups: int


def read_job() -> Job:
    """Read the arguments of this process."""
    told = dict(argument.split("=", 1) for argument in sys.argv[1:])
    return Job(
        data=told["data"],
        formula=told["formula"],
        folder=Path(told["folder"]),
        seeds=tuple(int(seed) for seed in told["seeds"].split(",")),
        draws=int(told["draws"]),
        tune=int(told["tune"]),
        chains=int(told["chains"]),
        engine=told["engine"],
        most_groups=int(told["most_groups"]),
    )


def report_versions(job: Job, versions: dict[str, str]) -> None:
    """Say which versions run."""
    _append(job, {"event": "versions", "versions": versions})


def cpu_seconds() -> float:
    """Return what this process and its children have used."""
    return sum(os.times()[:4])


def report_fit(job: Job, seed: int, *, cpu: float, **seconds: float) -> None:
    """Say that the draws of a fit are there, and what it and each of its steps took."""
    steps = {step: seconds.pop(step, 0.0) for step in STEPS}
    assert not seconds, seconds
    _append(job, {"event": "fit", "seed": seed, "at": time.time(), "cpu": cpu, **steps})


def keep_draws(job: Job, seed: int, quantities: dict[str, Any]) -> None:
    """Write draws, shape (chain, draw, ...), under ``b``, ``sigma``, ``sd``, ``cor`` and ``u``."""
    flat = {name: _flat(values) for name, values in quantities.items() if values}
    np.savez(job.folder / f"{seed}.npz", **flat)


def _flat(values: list[Any]) -> Any:
    arrays = [np.asarray(v, dtype=float) for v in values]
    return np.concatenate([a.reshape(*a.shape[:2], -1) for a in arrays], axis=2)


def _append(job: Job, line: dict[str, Any]) -> None:
    with (job.folder / "report.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")
