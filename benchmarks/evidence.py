"""How far off is a log evidence, with group effects integrated out and by a bridge over them all?

Every gaussian reference in `../shared/reference` beside the checkout has an exact log evidence,
good to 0.004, and that of brms with bridgesampling over every group effect, with the error it
states. Ours is shown both ways, from the same draws: with coefficients and effects integrated
out, and over all of them. Differences are from the exact number. `--write` keeps the table as
Markdown.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
from _tools import ROOT

import bayes_alliance as ba

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
    references = reader()
    rows = []
    for name in told.cases:
        rows.append(measured(name, references, told.draws, told.seed))
        print(rows[-1], flush=True)
    table = pd.DataFrame(rows)
    print(table.to_string(index=False))
    if told.write:
        told.write.write_text(as_markdown(table), encoding="utf-8")


def reader() -> Any:
    """Return the module that reads references for the tests: it builds the same models."""
    path = ROOT / "tests" / "reference" / "conftest.py"
    spec = importlib.util.spec_from_file_location("reference_cases", path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path.name} of the reference tests is missing")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclasses look themselves up there
    spec.loader.exec_module(module)
    return module


def measured(name: str, references: Any, draws: int, seed: int) -> dict[str, object]:
    """Return one row of the table."""
    reference = references.read_reference(name)
    exact, peer = reference["exact"], reference["log_marginal_likelihood"]
    model = references.reference_model(reference)
    fit = ba.sample(model, seed=seed, draws=draws, progress=False)
    started = time.perf_counter()
    integrated = ba.log_evidence(fit)
    seconds = time.perf_counter() - started
    truth = exact["log_marginal_likelihood"]
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
    theirs = peer["log_marginal_likelihood"] - truth
    row["brms, over all effects"] = difference(theirs, peer["approx_se_logml"])
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
