"""What does each question cost after the fit, at 100,000 rows and 2,000 groups?

One fit with an intercept and a slope by group, 4 chains x (1,000 + 1,000), is sampled and saved
once. Each verb then runs in a process of its own, twice: the first call loads code, the second is
the verb alone. Memory is the most the process ever held, less what it held before the first call.
The ratio is to the time of sampling in the same run; where ArviZ answers the same question, it is
timed as a peer.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

import bayes_alliance as ba
from bayes_alliance.data.simulator import simulate_study

SLOPES = "alliance ~ stigma + (1 + stigma | case_manager)"
INTERCEPTS = "alliance ~ stigma + (1 | case_manager)"
GIB = 2**20  # ru_maxrss counts KiB

Fits = tuple[ba.Fit, ba.Fit]
VERBS: dict[str, Callable[[Fits], Any]] = {
    "diagnose": lambda fits: ba.diagnose(fits[0]),
    "variance_shares(average=True)": lambda fits: ba.variance_shares(fits[0], average=True),
    "share_curve": lambda fits: ba.share_curve(fits[0], "stigma"),
    "client_correlations": lambda fits: ba.client_correlations(fits[0], at={"stigma": 2.0}),
    "r2_measures": lambda fits: ba.r2_measures(fits[0]),
    "bayes_r2": lambda fits: ba.bayes_r2(fits[0]),
    "group_effects": lambda fits: ba.group_effects(fits[0]),
    "predict(average)": lambda fits: ba.predict(fits[0], ba.grid(fits[0], stigma=[1, 2, 3])),
    "slopes": lambda fits: ba.slopes(fits[0], "stigma"),
    "hypothesis": lambda fits: ba.hypothesis(fits[0], "stigma < 0"),
    "compare by row": lambda fits: ba.compare(pair(fits), by="row"),
    "compare by group": lambda fits: ba.compare(pair(fits), by="group"),
    "log_evidence": lambda fits: ba.log_evidence(fits[0]),
    "bayes_factors": lambda fits: ba.bayes_factors(pair(fits)),
    "prior_sensitivity": lambda fits: ba.prior_sensitivity(fits[0]),
    "check_predictive": lambda fits: ba.check_predictive(fits[0]),
    "check_coverage": lambda fits: ba.check_coverage(fits[0]),
    "influence": lambda fits: ba.influence(fits[0]),
    "ArviZ summary, as diagnose": lambda fits: arviz_summary(fits[0]),
    "ArviZ loo, as half of compare by row": lambda fits: arviz_loo(fits[0]),
}


def main() -> None:
    """Measure and print; with ``--verb`` measure one, for the process that asks."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--groups", type=int, default=2_000)
    parser.add_argument("--verbs", nargs="+", choices=VERBS, default=list(VERBS), metavar="VERB")
    parser.add_argument("--verb", choices=VERBS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.verb:
        print(json.dumps(measured(told.verb, told.folder)))
        return
    print(f"{told.rows:,} rows, {told.groups:,} groups; {os.cpu_count()} cores", end="")
    print(f", load {os.getloadavg()[0]:.1f} at the start")
    with tempfile.TemporaryDirectory() as folder:
        sampling = fit_both(Path(folder), told.rows, told.groups)
        print(f"sampling {SLOPES}: {sampling:.2f} s")
        print_table({verb: in_a_process(verb, folder) for verb in told.verbs}, sampling)


def pair(fits: Fits) -> dict[str, ba.Fit]:
    """Name both fits."""
    return {"slopes vary": fits[0], "slopes fixed": fits[1]}


def fit_both(folder: Path, rows: int, groups: int) -> float:
    """Sample and save both models; return the seconds of the one with slopes."""
    study = simulate_study(seed=1, clients=rows, groups=groups)
    seconds = []
    for name, formula in (("slopes", SLOPES), ("intercepts", INTERCEPTS)):
        model = ba.Model(formula, study.data)
        ba.sample(model, seed=2, draws=10, tune=10, chains=1)  # loads compiled code
        started = time.perf_counter()
        fit = ba.sample(model, seed=1)
        seconds.append(time.perf_counter() - started)
        fit.save(folder / f"{name}.fit")
    return seconds[0]


def in_a_process(verb: str, folder: str) -> dict[str, float] | str:
    """Measure one verb in a process of its own; return its figures, or what it said."""
    command = [sys.executable, __file__, "--verb", verb, "--folder", folder]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        return ran.stderr.strip().splitlines()[-1]
    return dict(json.loads(ran.stdout.splitlines()[-1]))


def measured(verb: str, folder: Path) -> dict[str, float]:
    """Time a verb twice, and see what memory it takes."""
    fits = (ba.load_fit(folder / "slopes.fit"), ba.load_fit(folder / "intercepts.fit"))
    before, seconds = most_memory(), []
    for _ in range(2):
        started, cpu = time.perf_counter(), time.process_time()
        VERBS[verb](fits)
        seconds.append((time.perf_counter() - started, time.process_time() - cpu))
    (first, _), (second, cpu_second) = seconds
    return {
        "first call": first,
        "second call": second,
        "CPU": cpu_second,
        "memory, GiB": (most_memory() - before) / GIB,
    }


def most_memory() -> int:
    """Return the most memory the process has held, in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def arviz_summary(fit: ba.Fit) -> Any:
    """Summarise every quantity of the posterior by ArviZ."""
    import arviz as az

    return az.summary(fit.posterior, round_to="none")


def arviz_loo(fit: ba.Fit) -> Any:
    """Leave out every row by ArviZ."""
    import arviz as az

    return az.loo(ba.with_log_likelihood(fit, memory=8).idata)


def print_table(found: dict[str, dict[str, float] | str], sampling: float) -> None:
    """Print one verb a row, then what failed."""
    rows = {verb: figures for verb, figures in found.items() if isinstance(figures, dict)}
    table = pd.DataFrame.from_dict(rows, orient="index")
    table["times sampling"] = table["second call"] / sampling
    print(table.round(2).to_string())
    for verb, said in found.items():
        if isinstance(said, str):
            print(f"{verb}: {said}")


if __name__ == "__main__":
    main()
