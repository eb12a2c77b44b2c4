"""The tools that are compared, where each is found, and what to say of one that is missing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DRIVERS = ROOT / "benchmarks" / "_peers"
PEERS_PYTHON = ROOT / ".venv-peers" / "bin" / "python"

COLLAPSED, JOINT = "collapsed", "joint nutpie"
BAMBI, BAMBI_NUTPIE = "Bambi", "Bambi + nutpie"
LME4, BRMS = "lme4", "brms"
ALL = (COLLAPSED, JOINT, BAMBI, BAMBI_NUTPIE, LME4, BRMS)


@dataclass(frozen=True, kw_only=True)
class Tool:
    """One way to fit a model: a driver, what runs it, and its engine.

    Parameters
    ----------
    name
        As printed.
    command
        What is put before the driver's ``key=value`` arguments.
    engine
        Which of the driver's engines; empty where it has one.
    table
        The kind of file it reads: ``parquet`` or ``csv``.
    missing
        Why it cannot run here; empty if it can.
    keeps_compiled
        Whether it keeps on disk what it compiled, so that the first use of a machine differs.
    """

    name: str
    command: tuple[str, ...]
    engine: str
    table: str
    missing: str
    keeps_compiled: bool


def find_tools(names: list[str], peers_python: Path) -> list[Tool]:
    """Look for each tool, in the order of the names."""
    return [_find(name, peers_python) for name in names]


def _find(name: str, peers_python: Path) -> Tool:
    if name in (COLLAPSED, JOINT):
        engine = "collapsed" if name == COLLAPSED else "nutpie"
        return _python_tool(name, Path(sys.executable), "own_fit.py", engine, "")
    if name in (BAMBI, BAMBI_NUTPIE):
        missing = "" if _runs(str(peers_python), "-c", "import bambi") else "make bench-peers"
        engine = "pymc" if name == BAMBI else "nutpie"
        return _python_tool(name, peers_python, "bambi_fit.py", engine, missing)
    found = shutil.which("Rscript") and _runs("Rscript", "-e", f"library({name})")
    return Tool(
        name=name,
        command=("Rscript", str(DRIVERS / f"{name}_fit.R")),
        engine="",
        table="csv",
        missing="" if found else f"install R and its package {name}",
        keeps_compiled=False,
    )


def _python_tool(name: str, python: Path, driver: str, engine: str, missing: str) -> Tool:
    return Tool(
        name=name,
        command=(str(python), "-W", "ignore", str(DRIVERS / driver)),
        engine=engine,
        table="parquet",
        missing=missing,
        keeps_compiled=True,
    )


def _runs(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False
