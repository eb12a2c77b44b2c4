"""What does each question cost after the fit, at 100,000 rows and 2,000 groups?

One fit with an intercept and a slope by group, 4 chains x (1,000 + 1,000), is sampled and saved
once. Each verb then runs in a process of its own, twice: the first call loads code, the second is
the verb alone. Memory is the most the process ever held, less what it held before the first call.
The ratio is to the time of sampling in the same run; where ArviZ answers the same question, it is
timed as a peer. Each verb's line is printed as soon as it is measured. `--write` keeps the lines as
Markdown.
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

import bayes_alliance as ba
from bayes_alliance.data.simulator import simulate_study

SLOPES = "alliance ~ stigma + (1 + stigma | case_manager)"
INTERCEPTS = "alliance ~ stigma + (1 | case_manager)"
GIB = 2**20  # ru_maxrss counts KiB

COLUMNS = ("first call", "second call", "CPU", "memory, GiB", "times sampling")

Fits = tuple[ba.Fit, ba.Fit]
VERBS: dict[str, Callable[[Fits], Any]] = {
    "summarize": lambda fits: ba.summarize(fits[0]),
    "diagnose": lambda fits: ba.diagnose(fits[0]),
    "variance_shares(average=True)": lambda fits: ba.variance_shares(fits[0], average=True),
    "share_curve": lambda fits: ba.share_curve(fits[0], "stigma"),
    "client_correlations": lambda fits: ba.client_correlations(fits[0], at={"stigma": 2.0}),
    "r2_measures": lambda fits: ba.r2_measures(fits[0]),
    "bayes_r2": lambda fits: ba.bayes_r2(fits[0]),
    "group_effects": lambda fits: ba.group_effects(fits[0]),
    "group_means": lambda fits: ba.group_means(fits[0]),
    "group_slopes": lambda fits: ba.group_slopes(fits[0], "stigma"),
    "predict(average)": lambda fits: ba.predict(fits[0], ba.grid(fits[0], stigma=[1, 2, 3])),
    "contrast": lambda fits: ba.contrast(fits[0], "stigma"),
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
WIDTH = max(len(verb) for verb in VERBS)


def main() -> None:
    """Measure and print; with ``--verb`` measure one, for the process that asks."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=100_000, help="clients (default 100,000)")
    parser.add_argument("--groups", type=int, default=2_000, help="groups (default 2,000)")
    parser.add_argument("--verbs", nargs="+", choices=VERBS, default=list(VERBS), metavar="VERB")
    parser.add_argument("--draws", type=int, default=1000, help="kept draws a chain")
    parser.add_argument("--tune", type=int, default=1000, help="warm-up draws a chain")
    parser.add_argument("--seed", type=int, default=1, help="of the study and of its fits")
    parser.add_argument("--write", type=Path, help="keep the table in this Markdown file")
    parser.add_argument("--verb", choices=VERBS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.verb:
        print(json.dumps(measured(told.verb, told.folder)))
        return
    study = f"{told.rows:,} rows, {told.groups:,} groups; {os.cpu_count()} cores"
    print(f"{study}, load {os.getloadavg()[0]:.1f} at the start", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        sampling = fit_both(Path(folder), told)
        seconds = f"sampling {SLOPES}: {sampling:.2f} s"
        print(f"{seconds}\n{line('', COLUMNS)}", flush=True)
        found = {}
        for verb in told.verbs:
            found[verb] = as_cells(in_a_process(verb, folder), sampling)
            print(line(verb, found[verb]), flush=True)
    if told.write:
        told.write.write_text(as_markdown(f"{study}; {seconds}", found), encoding="utf-8")


def pair(fits: Fits) -> dict[str, ba.Fit]:
    """Name both fits."""
    return {"slopes vary": fits[0], "slopes fixed": fits[1]}


def fit_both(folder: Path, told: argparse.Namespace) -> float:
    """Sample and save both models; return the seconds of the one with slopes."""
    study = simulate_study(seed=told.seed, clients=told.rows, groups=told.groups)
    seconds = []
    for name, formula in (("slopes", SLOPES), ("intercepts", INTERCEPTS)):
        model = ba.Model(formula, study.data)
        ba.sample(model, seed=2, draws=10, tune=10, chains=1, progress=False)  # loads compiled code
        started = time.perf_counter()
        fit = ba.sample(model, seed=told.seed, draws=told.draws, tune=told.tune, progress=False)
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


def as_cells(found: dict[str, float] | str, sampling: float) -> tuple[str, ...]:
    """Write the figures of a verb, or the one thing it said instead."""
    if isinstance(found, str):
        return (found,)
    figures = found | {"times sampling": found["second call"] / sampling}
    return tuple(f"{figures[column]:.2f}" for column in COLUMNS)


def line(verb: str, cells: tuple[str, ...]) -> str:
    """Set a verb's cells under one another; what it said stands as it is."""
    if len(cells) == 1:
        return f"{verb:{WIDTH}}  {cells[0]}"
    return f"{verb:{WIDTH}}" + "".join(f"{cell:>16}" for cell in cells)


def as_markdown(study: str, found: dict[str, tuple[str, ...]]) -> str:
    """Write the lines as a table."""
    rows = [("verb", *COLUMNS), ("---",) * (1 + len(COLUMNS))]
    rows += [(f"`{verb}`", *cells) for verb, cells in found.items()]
    table = "".join(f"| {' | '.join(row)} |\n" for row in rows)
    return f"{study}. Seconds. Made by `benchmarks/verbs.py`.\n\n{table}"


if __name__ == "__main__":
    main()
