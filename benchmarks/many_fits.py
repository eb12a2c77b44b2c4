"""How long does a planner wait for 1,000 fits of a study of 160 clients?

Simulated studies of 160 clients of 30 case managers, each fitted with intercept and slope by case
manager, 4 chains of 1,000 + 1,000, by one call of `sample_many` that keeps the posterior means.
All in: from the tables to what is kept. Peers: the joint model through the same call with fewer
fits, its compilation left out and counted apart, and lme4's point estimate of one study.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
from _runs import Task, run_tool
from _tables import print_times
from _tools import LME4, find_tools

import bayes_alliance as ba
from bayes_alliance.data.simulator import simulate_study

FORMULA = "alliance ~ stigma + (1 + stigma | case_manager)"
AIM = 0.25


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fits", type=int, default=1000)
    parser.add_argument("--joint-fits", type=int, default=20, help="0 leaves the joint model out")
    parser.add_argument("--cores", type=int, default=2)
    told = parser.parse_args()
    tables = [simulate_study(seed=seed).data for seed in range(told.fits)]
    fit_all(tables[:2], told.cores, "auto")  # what a process pays once is measured elsewhere
    each = print_batch("collapsed", tables, told.cores, "auto", f"aim {AIM:g}")
    if told.joint_fits:
        some = tables[: told.joint_fits]
        started = time.perf_counter()
        ready = ba.compile_model(ba.Model(FORMULA, some[0]), engine="nutpie")
        print(f"the joint model is compiled in {time.perf_counter() - started:.1f} s, once a shape")
        joint = print_joint(some, ready)
        print_times("collapsed / joint model, compilation out", each, joint)
    (lme4,) = find_tools([LME4], Path())
    runs = run_tool(lme4, Task(data=tables[0], formula=FORMULA), list(range(1, 21)))
    if runs.fits:
        print_times("collapsed / lme4's point estimate", each, runs.typical("whole"))
    else:
        print(f"lme4: {runs.trouble}")


def kept(fit: ba.Fit) -> dict[str, float]:
    """Keep the posterior means of everything but the group effects."""
    means = fit.posterior[["b", "sigma", "sd_case_manager", "cor_case_manager"]].mean()
    return {str(name): float(value) for name, value in means.items()}


def fit_all(tables: list[pd.DataFrame], cores: int, engine: str) -> float:
    """Return the seconds from tables to kept means."""
    started = time.perf_counter()
    models = [ba.Model(FORMULA, table) for table in tables]
    means = ba.sample_many(models, seed=1, cores=cores, keep=kept, engine=engine, progress=False)
    spent = time.perf_counter() - started
    assert len(means) == len(tables)
    assert all(np.isfinite(list(one.values())).all() for one in means)
    return spent


def print_batch(
    label: str, tables: list[pd.DataFrame], cores: int, engine: str, note: str
) -> float:
    """Print the time of a batch and return the seconds a fit."""
    spent = fit_all(tables, cores, engine)
    each = spent / len(tables)
    print(
        f"{label}: {len(tables):,} fits, {cores} cores: {spent:.1f} s, {each:.3f} s a fit ({note})"
    )
    return each


def print_joint(tables: list[pd.DataFrame], ready: object) -> float:
    """Fit the joint model of some tables with one compiled program; return the seconds a fit."""
    started = time.perf_counter()
    for seed, table in enumerate(tables):
        kept(ba.sample(ba.Model(FORMULA, table), seed=seed, compiled=ready, progress=False))
    each = (time.perf_counter() - started) / len(tables)
    print(f"joint model: {len(tables)} fits, {each:.3f} s a fit, compilation out")
    return each


if __name__ == "__main__":
    main()
