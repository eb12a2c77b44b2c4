"""How far off is a log evidence, with group effects integrated out and by a bridge over them all?

Every gaussian reference in `tests/reference/figures` has an exact log evidence, good to 0.004, and
that of brms with bridgesampling over every group effect, with the error it states. A table that
only `../shared` beside the checkout has is named as missing where that is not there. Ours is shown
both ways, from the same draws: with coefficients and effects integrated out, and over all of them.
Differences are from the exact number. `--write` keeps the table as Markdown.
"""

from __future__ import annotations

import argparse
import importlib.util
import time
import tomllib
from pathlib import Path
from typing import Any

import pandas as pd
from _tools import ROOT

import bayes_alliance as ba

FIGURES = ROOT / "tests" / "reference" / "figures"
CASES = (
    "dyestuff2",
    "sleepstudy",
    "penicillin",
    "stigma_states",
    "btheb",
    "schizo_psychiatrists",
    "hsb82",
    "classroom",
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", nargs="+", choices=CASES, default=CASES)
    parser.add_argument("--draws", type=int, default=2500, help="of each of four chains")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", type=Path, help="keep the table in this Markdown file")
    told = parser.parse_args()
    data = tests_module("conftest.py")
    rows = []
    for name in told.cases:
        figures = tomllib.loads((FIGURES / f"{name}.toml").read_text(encoding="utf-8"))
        path = data.SHARED / "data" / f"{figures['table']}.csv"
        if figures["table"] not in data.PACKAGED and not path.exists():
            print(f"{name}: missing, {path.name} is not in ../shared/data")
            continue
        rows.append(measured(name, figures, data.read_real(figures["table"]), told))
        print(rows[-1], flush=True)
    table = pd.DataFrame(rows)
    print(table.to_string(index=False))
    if told.write:
        told.write.write_text(as_markdown(table), encoding="utf-8")


def tests_module(name: str) -> Any:
    """Return a module of the tests, a folder that is no package: it reads the same tables."""
    spec = importlib.util.spec_from_file_location("read_for_tests", ROOT / "tests" / name)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{name} of the tests is missing")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def measured(
    name: str, figures: dict[str, Any], table: pd.DataFrame, told: argparse.Namespace
) -> dict[str, object]:
    """Return one row of the table."""
    evidence = figures["evidence"]
    model = ba.Model(figures["formula"], table, figures["family"], figures["priors"])
    fit = ba.sample(model, seed=told.seed, draws=told.draws, progress=False)
    started = time.perf_counter()
    integrated = ba.log_evidence(fit)
    seconds = time.perf_counter() - started
    truth = evidence["log"]
    row = {
        "case": name,
        "effects": sum(len(g.labels) * len(g.effects) for g in model.design.groups),
        "exact": f"{truth:.3f}",
        "integrated": difference(integrated.log_evidence - truth, integrated.mcse),
        "seconds": f"{seconds:.1f}",
    }
    started = time.perf_counter()
    try:
        whole = ba.log_evidence(fit, integrate=False)
        row["over all effects"] = difference(whole.log_evidence - truth, whole.mcse)
    except ba.SamplingError as refusal:
        row["over all effects"] = f"refused: {refusal}"
    row["its seconds"] = f"{time.perf_counter() - started:.1f}"
    theirs = evidence["bridge"] - truth
    row["brms, over all effects"] = difference(theirs, evidence["bridge_se"])
    return row


def difference(value: float, error: float) -> str:
    """Write a difference with the error that is stated for it."""
    return f"{value:+.3f} ± {error:.3f}"


def as_markdown(table: pd.DataFrame) -> str:
    """Write the table, its head in words."""
    head = {
        "case": "case",
        "effects": "group effects",
        "exact": "exact log evidence",
        "integrated": "`log_evidence`, effects integrated out",
        "seconds": "s",
        "over all effects": "`log_evidence(integrate=False)`",
        "its seconds": "s",
        "brms, over all effects": "brms + bridgesampling",
    }
    lines = [" | ".join(head[name] for name in table.columns)]
    lines.append(" | ".join("---" for _ in table.columns))
    lines += [" | ".join(str(value) for value in row) for row in table.to_numpy()]
    told = (
        "Difference from the exact log evidence ± the standard error that the method itself "
        "states. The exact numbers are good to 0.004. Made by `benchmarks/evidence.py`.\n\n"
    )
    return told + "".join(f"| {line} |\n" for line in lines)


if __name__ == "__main__":
    main()
