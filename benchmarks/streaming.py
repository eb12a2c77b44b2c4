"""What does the pass over a Parquet file cost that memory does not hold?

A file of visits is made on the spot, written in row groups: 2,000 case managers, two predictors,
an outcome. Then, each time in a process of its own, so that peak memory is honest:

  sums      polars alone: counts, sums and sums of products by case manager, for the outcome and
            both predictors, by its streaming engine
  model     this package from scan_table() to a model ready to be sampled: the pass for levels and
            groups, and the pass for the same sums, centred
  sums only the second of these passes

Both read the same three columns and the ids, and use all cores. Compiled code is on disk and is
loaded before the clock starts.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

FORMULA = "alliance ~ stigma + sessions + (1 + stigma | case_manager)"
COLUMNS = ("stigma", "sessions", "alliance")
GROUPS = 2_000
ROWS_A_GROUP = 1_000_000
SMALL = 100_000


def main() -> None:
    """Make the file, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=float, default=1e8, help="rows of the file (default 1e8)")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each (default 3)")
    parser.add_argument("--folder", type=Path, help="where the file is made; a temporary folder")
    parser.add_argument("--only", nargs=2, help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.only:
        print(json.dumps(measure(told.only[0], Path(told.only[1]))))
        return
    with tempfile.TemporaryDirectory(dir=told.folder) as folder:
        path = Path(folder) / "visits.parquet"
        rows = int(told.rows)
        seconds = write_visits(path, rows)
        small = Path(folder) / "small.parquet"
        write_visits(small, SMALL)
        size = path.stat().st_size / 1e9
        print(f"{rows:,} rows, {size:.1f} GB of Parquet, written in {seconds:.0f} s")
        # In turn, so that whatever else the machine does meets both.
        runs = [{w: in_own_process(w, path) for w in WORK} for _ in range(told.repeats)]
        print_results(rows, runs)


def write_visits(path: Path, rows: int) -> float:
    """Write a made-up file of visits, one row group at a time; return the seconds it took."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(1)
    effects = rng.normal(size=(GROUPS, 2)) * [4.0, 1.0]
    kinds = [("case_manager", pa.int32()), *((name, pa.float64()) for name in COLUMNS)]
    schema = pa.schema(kinds)
    started = time.perf_counter()
    with pq.ParquetWriter(path, schema) as writer:
        for start in range(0, rows, ROWS_A_GROUP):
            n = min(ROWS_A_GROUP, rows - start)
            manager = rng.integers(0, GROUPS, n).astype(np.int32)
            stigma, sessions = rng.normal(2, 1, n), rng.normal(10, 3, n)
            slope = -2 + effects[manager, 1]
            alliance = 60 + effects[manager, 0] + slope * stigma + 0.3 * sessions
            alliance += rng.normal(0, 8, n)
            writer.write_table(pa.table([manager, stigma, sessions, alliance], schema=schema))
    return time.perf_counter() - started


def polars_sums(path: Path) -> dict[str, float]:
    """Add up the same sums by polars alone."""
    import polars as pl

    products = [(a, b) for i, a in enumerate(COLUMNS) for b in COLUMNS[i:]]
    wanted = [
        pl.len(),
        *(pl.col(name).sum().alias(f"sum {name}") for name in COLUMNS),
        *((pl.col(a) * pl.col(b)).sum().alias(f"{a} {b}") for a, b in products),
    ]
    pl.scan_parquet(path).group_by("case_manager").agg(wanted).collect(engine="streaming")
    return {}


def build_model(path: Path) -> dict[str, float]:
    """Build the model; also tell how long its pass for the sums took."""
    import bayes_alliance as ba
    from bayes_alliance.model.streaming import rows

    seconds: dict[str, float] = {}
    plain = rows.stream_sums

    def timed(*given: Any) -> Any:
        started = time.perf_counter()
        sums = plain(*given)
        seconds["sums only"] = time.perf_counter() - started
        return sums

    rows.stream_sums = timed
    try:
        model = ba.Model(FORMULA, ba.scan_table(path))
    finally:
        rows.stream_sums = plain
    assert model.stream is not None
    return seconds


WORK: dict[str, Callable[[Path], dict[str, float]]] = {"sums": polars_sums, "model": build_model}


def in_own_process(work: str, path: Path) -> dict[str, float]:
    """Measure in a new process."""
    command = [sys.executable, __file__, "--only", work, str(path)]
    found = subprocess.run(command, check=True, capture_output=True, text=True)
    result: dict[str, float] = json.loads(found.stdout.splitlines()[-1])
    return result


def measure(work: str, path: Path) -> dict[str, float]:
    """Load what must be loaded on a small file, then take the time of the large one."""
    WORK[work](path.with_name("small.parquet"))
    started, processor = time.perf_counter(), time.process_time()
    parts = WORK[work](path)
    return {
        "seconds": time.perf_counter() - started,
        "CPU": time.process_time() - processor,
        "GB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9,
        **parts,
    }


def print_results(rows: int, runs: list[dict[str, dict[str, float]]]) -> None:
    """Print medians over the runs, and the ratios."""

    def median(work: str, what: str) -> float:
        return statistics.median(run[work][what] for run in runs)

    print(f"{'':12}{'seconds':>10}{'ns a row':>10}{'CPU s':>10}{'peak GB':>10}")
    for work in WORK:
        seconds = median(work, "seconds")
        line = f"{work:12}{seconds:10.2f}{1e9 * seconds / rows:10.1f}"
        print(f"{line}{median(work, 'CPU'):10.2f}{median(work, 'GB'):10.2f}")
    only = median("model", "sums only")
    print(f"{'sums only':12}{only:10.2f}{1e9 * only / rows:10.1f}")
    bare = median("sums", "seconds")
    cpu = median("model", "CPU") / median("sums", "CPU")
    print(
        f"model / sums {median('model', 'seconds') / bare:.2f} by the clock, {cpu:.2f} in CPU "
        f"seconds; sums only / sums {only / bare:.2f}; peak memory "
        f"{'below' if median('model', 'GB') < 2 else 'NOT BELOW'} 2 GB"
    )


if __name__ == "__main__":
    main()
