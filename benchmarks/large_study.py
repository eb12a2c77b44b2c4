"""Is a full posterior of 100,000 rows as cheap as others' point estimate?

100,000 rows of 2,000 groups against Bambi with nutpie and lme4, then 1,000,000 rows of 10,000
groups against lme4; intercept and slope by group, 4 chains of 1,000 + 1,000. Bambi is fitted with
one seed, because it takes minutes, and without correlation, which it does not have. Effects of
more than 2,000 groups are compared for 2,000 of them, evenly spaced; the time to draw all of them
counts in `a fit`, and the comparison with lme4 is also printed without it, as they are made only
when someone looks at them.
"""

from __future__ import annotations

import argparse
from statistics import median

from _options import options_for, tools_of
from _runs import Runs, Task, run_tool
from _tables import Aim, print_ratios, print_seconds, print_study, print_times
from _tools import BAMBI, BAMBI_NUTPIE, BRMS, COLLAPSED, JOINT, LME4, Tool

from bayes_alliance.data.simulator import simulate_study

ONCE = (BAMBI, BAMBI_NUTPIE, JOINT, BRMS)
SIZES = {100_000: 2_000, 1_000_000: 10_000}
TOO_LARGE_FOR = {1_000_000: ONCE}
AIMS = {100_000: "2", 1_000_000: "1"}


def main() -> None:
    """Measure and print, size by size."""
    parser = options_for(__doc__, tools=(COLLAPSED, BAMBI_NUTPIE, LME4), seeds=3)
    parser.add_argument(
        "--rows", type=int, choices=SIZES, nargs="*", default=list(SIZES), help="which sizes"
    )
    told = parser.parse_args()
    for rows in told.rows:
        compare(rows, told)
        print()


def compare(rows: int, told: argparse.Namespace) -> None:
    """Fit one size with every tool that is asked for and not too slow for it."""
    study = simulate_study(seed=1, clients=rows, groups=SIZES[rows])
    task = Task(
        data=study.data[["alliance", "stigma", "case_manager"]],
        formula="alliance ~ stigma + (1 + stigma | case_manager)",
        draws=told.draws,
        tune=told.tune,
    )
    print_study(task, "case_manager")
    tools = [tool for tool in tools_of(told) if tool.name not in TOO_LARGE_FOR.get(rows, ())]
    every = [measure(tool, task, told.seeds) for tool in tools]
    print_seconds(every)
    found = {runs.tool.name: runs for runs in every if runs.fits}
    if COLLAPSED in found:
        own = found[COLLAPSED]
        aims = (Aim(tool=BAMBI_NUTPIE, rate="compilation in", ratio=100),)
        print_ratios(own, [runs for name, runs in found.items() if name != COLLAPSED], aims)
        if LME4 in found:
            print_against_lme4(own, found[LME4], f"{AIMS[rows]} at most")


def measure(tool: Tool, task: Task, seeds: int) -> Runs:
    """Fit with every seed, or once where a fit takes minutes."""
    if tool.name in ONCE:
        return run_tool(tool, task, [1], warm_up=False)
    return run_tool(tool, task, list(range(1, seeds + 1)))


def print_against_lme4(own: Runs, lme4: Runs, aim: str) -> None:
    """Print the ratio of times, with and without the group effects."""
    point = lme4.typical("whole")
    fits = [fit.whole - fit.seconds["effects"] for fit in own.fits]
    print("Time of a full posterior / of lme4's point estimate:")
    print_times("without large group effects", median(fits), point, aim)
    print_times("with every group effect drawn", own.typical("whole"), point)


if __name__ == "__main__":
    main()
