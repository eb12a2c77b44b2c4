"""Does a second process start without compiling? Time from its start to its first draws.

A new process reads a table of 160 clients, builds the model and draws 1 chain of 20 + 4, first with
empty folders for compiled code (byte code included) and then again with what the first run left
there. The files in the folder tell whether anything was compiled the second time.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from subprocess import run

from _options import options_for, tools_of
from _runs import Task, environment, run_tool
from _tools import BAMBI, BAMBI_NUTPIE, BRMS, COLLAPSED, JOINT, LME4, Tool

import bayes_alliance as ba

COLUMNS = ("first process", "second process", "files", "new files")


def main() -> None:
    """Measure and print."""
    parser = options_for(
        __doc__, tools=(COLLAPSED, JOINT, BAMBI, BAMBI_NUTPIE, LME4, BRMS), seeds=3
    )
    told = parser.parse_args()
    task = Task(
        data=ba.load_example("simulated_study")[["alliance", "stigma", "case_manager"]],
        formula="alliance ~ stigma + (1 + stigma | case_manager)",
        draws=4,
        tune=20,
        chains=1,
    )
    print(f"A Python process that imports numpy and pandas: {bare_start():.2f} s")
    print(f"{'seconds to the first draws':30s}" + "".join(f"{name:>16s}" for name in COLUMNS))
    second: dict[str, float] = {}
    for tool in tools_of(told):
        second |= print_tool(tool, task, told.seeds)
    if COLLAPSED in second:
        for name in set(second) - {COLLAPSED}:
            print(f"second process, {name} / {COLLAPSED}: {second[name] / second[COLLAPSED]:.1f}")


def print_tool(tool: Tool, task: Task, repeats: int) -> dict[str, float]:
    """Measure one tool with a folder of its own; return its second process, median of repeats."""
    with tempfile.TemporaryDirectory() as name:
        caches = Path(name) if tool.keeps_compiled else None
        first = run_tool(tool, task, [1], warm_up=False, caches=caches)
        if not first.fits:
            print(f"{tool.name}: {first.trouble}")
            return {}
        files = count(caches)
        seeds = list(range(1, repeats + 1))
        again = run_tool(tool, task, seeds, processes=repeats, warm_up=False, caches=caches)
        numbers = f"{files:16d}{count(caches) - files:16d}" if caches else f"{'-':>16s}" * 2
        print(f"{tool.name:30s}{first.new_process:16.2f}{again.new_process:16.2f}{numbers}")
    return {tool.name: again.new_process}


def count(folder: Path | None) -> int:
    """Count the files of compiled code below a folder, Python's byte code left out."""
    if folder is None:
        return 0
    return sum(path.is_file() and path.suffix != ".pyc" for path in folder.rglob("*"))


def bare_start() -> float:
    """Seconds of a second Python process that imports what every table needs."""
    with tempfile.TemporaryDirectory() as name:
        for _ in range(2):
            started = time.perf_counter()
            run(
                [sys.executable, "-c", "import numpy, pandas, pyarrow"],
                check=True,
                env=environment(Path(name)),
            )
        return time.perf_counter() - started


if __name__ == "__main__":
    main()
