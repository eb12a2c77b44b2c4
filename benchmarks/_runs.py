"""Run a tool's driver in a process of its own and read what it hands back."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import pandas as pd
from _draws import Mixing, measure_draws
from _tools import Tool


@dataclass(frozen=True, kw_only=True)
class Task:
    """A model of a table, the same for every tool.

    Parameters
    ----------
    data
        The rows.
    formula
        As every tool understands it.
    draws, tune, chains
        Settings of the samplers; everything else is left at each tool's own default.
    most_groups
        Group effects are compared for this many groups at most, evenly spaced.
    limit
        Seconds after which a run is stopped.
    """

    data: pd.DataFrame
    formula: str
    draws: int = 1000
    tune: int = 1000
    chains: int = 4
    most_groups: int = 2000
    limit: float = 3600.0

    def write(self, folder: Path) -> None:
        """Write the rows for every kind of tool."""
        self.data.to_parquet(folder / "rows.parquet", index=False)
        self.data.to_csv(folder / "rows.csv", index=False)


@dataclass(frozen=True, kw_only=True)
class OneFit:
    """One fit: seconds by step, CPU seconds, and how its draws mix (None where there are none)."""

    seed: int
    seconds: dict[str, float]
    cpu: float
    mixing: Mixing | None

    @property
    def whole(self) -> float:
        """Seconds from the table in memory to draws in memory."""
        return sum(self.seconds.values())

    @property
    def without_compilation(self) -> float:
        """The same, the compilation left out."""
        return self.whole - self.seconds["compile"]


@dataclass(frozen=True, kw_only=True)
class Runs:
    """All fits of one tool.

    Parameters
    ----------
    tool
        Who made them.
    fits
        One a seed.
    process_seconds
        From the start of each process to its first fit: start, imports, reading, compilation.
    versions
        What ran.
    trouble
        Why there are no fits; empty if there are.
    """

    tool: Tool
    fits: tuple[OneFit, ...] = ()
    process_seconds: tuple[float, ...] = ()
    versions: dict[str, str] = field(default_factory=dict)
    trouble: str = ""

    def typical(self, what: str) -> float:
        """Median over the fits of ``whole``, ``without_compilation`` or ``cpu``, in seconds."""
        return median(getattr(fit, what) for fit in self.fits)

    @property
    def new_process(self) -> float:
        """Median over the processes of the seconds to the first fit."""
        return median(self.process_seconds)


def run_tool(
    tool: Tool,
    task: Task,
    seeds: list[int],
    *,
    processes: int = 1,
    warm_up: bool = True,
    caches: Path | None = None,
) -> Runs:
    """Fit a task with every seed, spread over some processes, one after the other.

    Parameters
    ----------
    tool, task, seeds
        Who does what how often.
    processes
        Each process fits its share of the seeds; its first fit tells what a new process costs.
    warm_up
        Whether that first fit is an extra one, with seed 0, which counts nowhere else.
    caches
        Folder for what is compiled, byte code included; the usual ones if left out.
    """
    if tool.missing:
        return Runs(tool=tool, trouble=f"missing here: {tool.missing}")
    shares = [share for share in (seeds[k::processes] for k in range(processes)) if share]
    fits: list[OneFit] = []
    starts: list[float] = []
    versions: dict[str, str] = {}
    for share in shares:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            task.write(folder)
            started = time.time()
            trouble = _run(tool, task, [0] * warm_up + share, folder, caches)
            if trouble:
                return Runs(tool=tool, trouble=trouble)
            told = [json.loads(line) for line in (folder / "report.jsonl").open()]
            reports = [line for line in told if line["event"] == "fit"]
            versions |= next(line["versions"] for line in told if line["event"] == "versions")
            starts.append(reports[0]["at"] - started)
            fits += [_one_fit(line, folder) for line in reports[warm_up:]]
    return Runs(tool=tool, fits=tuple(fits), process_seconds=tuple(starts), versions=dict(versions))


def _run(tool: Tool, task: Task, seeds: list[int], folder: Path, caches: Path | None) -> str:
    """Run the driver; return what went wrong, in one line."""
    told = {
        "data": folder / f"rows.{tool.table}",
        "formula": task.formula,
        "folder": folder,
        "seeds": ",".join(map(str, seeds)),
        "draws": task.draws,
        "tune": task.tune,
        "chains": task.chains,
        "engine": tool.engine,
        "most_groups": task.most_groups,
    }
    command = [*tool.command, *(f"{key}={value}" for key, value in told.items())]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=task.limit,
            env=environment(caches),
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"stopped after {task.limit:.0f} s"
    last = " / ".join(done.stderr.strip().splitlines()[-4:])
    return f"failed: {last or 'without a message'}" if done.returncode else ""


def environment(caches: Path | None) -> dict[str, str]:
    """Let Python keep its byte code, as it does on a user's machine."""
    kept = {key: v for key, v in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    if caches is None:
        return kept
    return kept | {
        "NUMBA_CACHE_DIR": str(caches / "numba"),
        "PYTENSOR_FLAGS": f"base_compiledir={caches / 'pytensor'}",
        "PYTHONPYCACHEPREFIX": str(caches / "byte_code"),
    }


def _one_fit(line: dict[str, Any], folder: Path) -> OneFit:
    seconds = {step: line[step] for step in ("build", "compile", "sample", "effects")}
    return OneFit(
        seed=line["seed"],
        seconds=seconds,
        cpu=line["cpu"],
        mixing=measure_draws(folder, line["seed"]),
    )
