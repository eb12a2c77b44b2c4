"""Does integrating out pay with several grouping factors, nested and crossed?

Penicillin (24 plates crossed with 6 samples) and classroom (312 classrooms nested in 107 schools)
from `../shared/data` beside the checkout, or from `--data`. The collapsed engine against the joint
model under nutpie, compilation out; other tools on request. The means of both must agree.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd
from _options import options_for, tools_of
from _runs import Task, run_tool
from _tables import print_ratios, print_seconds, print_study
from _tools import COLLAPSED, JOINT, ROOT

# Classroom ids are unique across schools, so these terms are the nested model in every tool.
STUDIES = {
    "penicillin": ("diameter ~ 1 + (1 | plate) + (1 | sample)", "plate"),
    "classroom": (
        "mathgain ~ mathkind_c + girl + minority + ses + (1 | school) + (1 | classroom)",
        "classroom",
    ),
}


def main() -> None:
    """Measure and print."""
    parser = options_for(__doc__, tools=(COLLAPSED, JOINT))
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    told = parser.parse_args()
    for name, (formula, group) in STUDIES.items():
        path = told.data / f"{name}.csv"
        if not path.exists():
            print(f"{name}: missing, {path.name} is not in the folder given by --data")
            continue
        compare(pd.read_csv(path), formula, group, told)
        print()


def compare(data: pd.DataFrame, formula: str, group: str, told: argparse.Namespace) -> None:
    """Fit one study with every tool."""
    task = Task(data=data, formula=formula, draws=told.draws, tune=told.tune)
    print_study(task, group)
    every = [run_tool(tool, task, list(range(1, told.seeds + 1))) for tool in tools_of(told)]
    print_seconds(every)
    found = {runs.tool.name: runs for runs in every if runs.fits}
    if COLLAPSED in found:
        print_ratios(found[COLLAPSED], [r for name, r in found.items() if name != COLLAPSED])


if __name__ == "__main__":
    main()
