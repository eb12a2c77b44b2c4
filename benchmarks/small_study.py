"""How many effective draws a second does a small study give, against every peer?

160 clients of 30 case managers, intercept and slope by case manager, 4 chains of 1,000 + 1,000.
Seconds are counted from a table in memory to draws in memory, with the compilation that a user
pays at each fit, and without it. The columns of the table:

  first use        a new process up to its first fit, nothing compiled yet, byte code included
  new process      the same once compiled code is kept on disk, where the tool keeps any
  a fit            from table to draws in a process that has fitted before, compilation in
  compilation out  from table to draws
  CPU              seconds of all cores together; brms without its compilation

Ratios compare the smallest ESS over the quantities that both report (Bambi has no correlation).
Priors and sampler settings but the numbers of draws are each tool's own defaults.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from _options import options_for, tools_of
from _runs import Runs, Task, run_tool
from _tables import Aim, print_ratios, print_seconds, print_study, print_times
from _tools import ALL, BAMBI, BAMBI_NUTPIE, BRMS, COLLAPSED, JOINT, LME4, Tool

import bayes_alliance as ba

AIMS = (
    Aim(tool=BAMBI, rate="compilation in", ratio=80),
    Aim(tool=BAMBI_NUTPIE, rate="compilation in", ratio=40),
    Aim(tool=JOINT, rate="compilation out", ratio=5),
)


def main() -> None:
    """Measure and print."""
    parser = options_for(__doc__, tools=ALL)
    parser.add_argument("--brms-seeds", type=int, default=2, help="fits of brms (default 2)")
    parser.add_argument(
        "--processes", type=int, default=2, help="processes the seeds are spread on"
    )
    parser.add_argument("--no-first-use", action="store_true", help="leave the first use out")
    told = parser.parse_args()
    task = Task(
        data=ba.load_example("simulated_study")[["alliance", "stigma", "case_manager"]],
        formula="alliance ~ stigma + (1 + stigma | case_manager)",
        draws=told.draws,
        tune=told.tune,
    )
    print_study(task, "case_manager")
    every: list[Runs] = []
    cold: dict[str, float] = {}
    for tool in tools_of(told):
        with tempfile.TemporaryDirectory() as name:
            caches = Path(name) if tool.keeps_compiled and not told.no_first_use else None
            if caches:
                first = run_tool(tool, task, [1], warm_up=False, caches=caches)
                cold |= {tool.name: first.new_process} if first.fits else {}
            every.append(measure(tool, task, told, caches))
    print_seconds(every, cold)
    found = {runs.tool.name: runs for runs in every if runs.fits}
    if COLLAPSED in found:
        own = found[COLLAPSED]
        print_ratios(own, [runs for name, runs in found.items() if name != COLLAPSED], AIMS)
        if LME4 in found:
            print("Time of a full posterior / of lme4's point estimate:")
            print_times("a fit", own.typical("whole"), found[LME4].typical("whole"))


def measure(tool: Tool, task: Task, told: argparse.Namespace, caches: Path | None) -> Runs:
    """Fit with seeds 1, 2, ...; brms, which compiles for a minute, with fewer."""
    if tool.name == BRMS:
        few = min(told.seeds, told.brms_seeds)
        return run_tool(tool, task, list(range(1, few + 1)), warm_up=False)
    seeds = list(range(1, told.seeds + 1))
    return run_tool(tool, task, seeds, processes=told.processes, caches=caches)


if __name__ == "__main__":
    main()
