"""Does integrating out pay with several grouping factors, nested and crossed?

Penicillin (24 plates crossed with 6 samples) and classroom (312 classrooms nested in 107 schools)
from `../shared/data` beside the checkout, or from `--data`; and 3,600 simulated visits of 1,800
clients of 300 case managers in 20 agencies. The collapsed engine against the joint model under
nutpie, compilation out; other tools on request. The means of both must agree.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
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
VISITS = "alliance ~ stigma + (1 | agency) + (1 | case_manager) + (1 | client)"


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
    compare(simulated_visits(seed=1), VISITS, "client", told)


def simulated_visits(*, seed: int) -> pd.DataFrame:
    """Draw two visits of each of 6 clients of each of 15 case managers of each of 20 agencies."""
    rng = np.random.default_rng(seed)
    client = np.repeat(np.arange(1800), 2)
    manager, agency = client // 6, client // 90
    stigma = rng.normal(size=len(client))
    effects = rng.normal(size=20)[agency] + rng.normal(size=300)[manager]
    alliance = 50 - stigma + effects + 2 * rng.normal(size=1800)[client]
    return pd.DataFrame(
        {
            "alliance": alliance + 3 * rng.normal(size=len(client)),
            "stigma": stigma,
            "client": client,
            "case_manager": manager,
            "agency": agency,
        }
    )


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
