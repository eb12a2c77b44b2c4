"""How long from a CSV file to a written report, by the command line, and where does the time go?

160 rows of 30 groups, then 100,000 rows of 2,000 groups; intercept and slope by group, 4 chains of
1,000 + 1,000. Each size is run in two new processes of the command line: the second finds the
byte code and compiled code that the first left. A third process takes the same steps one by one
and tells the seconds of each; the fit's own steps are those of `fit.seconds`. With --profile it
names the functions of the package below which the report's time goes, children included, as
Python's profiler measures them (it slows what makes many small calls).
"""

from __future__ import annotations

import argparse
import cProfile
import json
import os
import pstats
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from _runs import environment

from bayes_alliance.data.simulator import simulate_study

FORMULA = "alliance ~ stigma + (1 + stigma | case_manager)"
SIZES = {160: 30, 100_000: 2_000}
AIMS = {160: 15, 100_000: 60}
SHOWN = 30
SEED = 1


def main() -> None:
    """Measure and print, size by size."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, choices=SIZES, nargs="*", default=list(SIZES))
    parser.add_argument("--format", default="html", help="html (the default), docx, md or json")
    parser.add_argument("--profile", action="store_true", help="name the functions that take long")
    parser.add_argument("--steps", type=Path, help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.steps is not None:
        take_steps(told.steps, told.format, profile=told.profile)
        return
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start")
    for rows in told.rows:
        measure(rows, told)


def measure(rows: int, told: argparse.Namespace) -> None:
    """Run one size twice by the command line, then step by step."""
    study = simulate_study(seed=SEED, clients=rows, groups=SIZES[rows])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        study.data.to_csv(folder / "clients.csv", index=False)
        print(f"\n{FORMULA}; {rows:,} rows, {SIZES[rows]:,} groups, to .{told.format}")
        program = ["-m", "bayes_alliance.cli.main", "report", "clients.csv", "--formula", FORMULA]
        program += ["--seed", str(SEED), "--out", f"report.{told.format}"]
        for run, aim in [("first", ""), ("second", f"  (aim {AIMS[rows]} s)")]:
            seconds = timed(program, folder)
            print(f"{run + ' process, all in':40s}{seconds:8.2f} s{aim}")
        size = (folder / f"report.{told.format}").stat().st_size / 1e6
        print(f"{'size of the report':40s}{size:8.2f} MB")
        sys.stdout.flush()
        steps = [__file__, "--steps", str(folder), "--format", told.format]
        timed(steps + ["--profile"] * told.profile, folder)


def timed(program: list[str], folder: Path) -> float:
    """Return the seconds of a new Python process; a bad verdict on the fit is no failure."""
    root = str(Path(__file__).parents[1])
    started = time.perf_counter()
    code = subprocess.run(
        [sys.executable, *program],
        cwd=folder,
        env={**environment(None), "PYTHONPATH": root},
        stdout=None if "--steps" in program else subprocess.DEVNULL,
        check=False,
    ).returncode
    if code not in (0, 1):
        raise SystemExit(f"{' '.join(program)} ended with {code}")
    return time.perf_counter() - started


def take_steps(folder: Path, suffix: str, *, profile: bool) -> None:
    """Take the steps of the command one by one in this process."""
    with step("import what reads and models"):
        from bayes_alliance.data.reading import read_table
        from bayes_alliance.model.spec import Model
    with step("read the table"):
        clients = read_table(folder / "clients.csv")
    with step("build the model"):
        model = Model(FORMULA, clients)
    with step("import what samples"):
        from bayes_alliance.sampling.run import sample
    with step("sample"):
        fit = sample(model, seed=SEED, progress=False)
    for name, seconds in fit.seconds.items():
        print(f"{'  of which ' + name:40s}{seconds:8.2f} s")
    with step("import what reports"):
        from bayes_alliance.report.content import build_content
        from bayes_alliance.report.writing import write_content
    profiler = cProfile.Profile()
    with step("compute what the report shows"), kept(profiler, profile):
        content = build_content(fit)
    with step("  of which the record"):
        from bayes_alliance.report.session_record import session_record

        json.dumps(session_record(fit))
    with step("draw the pictures and write"), kept(profiler, profile):
        write_content(content, folder / f"steps.{suffix}")
    if profile:
        print_profile(profiler)


@contextmanager
def step(name: str) -> Iterator[None]:
    """Print the seconds of what is done inside."""
    started = time.perf_counter()
    yield
    print(f"{name:40s}{time.perf_counter() - started:8.2f} s", flush=True)


@contextmanager
def kept(profiler: cProfile.Profile, wanted: bool) -> Iterator[None]:
    """Let the profiler watch what is done inside, if that is wanted."""
    if wanted:
        profiler.enable()
    try:
        yield
    finally:
        profiler.disable()


def print_profile(profiler: cProfile.Profile) -> None:
    """Print the package's functions by the seconds spent in them and below."""
    found = []
    for (file, _, function), (_, calls, _, seconds, _) in pstats.Stats(profiler).stats.items():
        _, inside, place = file.partition(f"{os.sep}bayes_alliance{os.sep}")
        if inside and not function.startswith("<"):
            found.append((seconds, calls, f"{place}: {function}"))
    print(f"\n{'seconds':>8s}{'calls':>8s}  function, children included")
    for seconds, calls, name in sorted(found, reverse=True)[:SHOWN]:
        print(f"{seconds:8.2f}{calls:8d}  {name}")


if __name__ == "__main__":
    main()
