"""How often is each word of evidence said, and how often rightly?

Studies are simulated with 30 and 100 groups of 10, a share of the outcome's variance between groups
of 0, .05 or .11, and a slope of 0 or .2 standard deviations. Two terms are weighed in each: the
slope (`y ~ 1 + (1 | g)` against `y ~ x + (1 | g)`) and the group (`y ~ x` against the same), by
quadrature over the two standard deviations on the density with everything else integrated out, so
that no factor has a Monte Carlo error. A third term, slopes that vary (sd 0 or .22), is weighed by
`bayes_factors` itself. A tenth of the studies is weighed again with `10 x + 50` for `x`, and some
slopes by the verb. `--write` keeps the numbers as JSON, `--table` as Markdown.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import special, stats

import bayes_alliance as ba
from bayes_alliance.posterior.evidence.bridge_target import integrated_density
from bayes_alliance.posterior.evidence.term import rescaled_model, term_between, with_entries
from bayes_alliance.posterior.evidence.term_evidence import DECIDING, judge

GROUPS, SHARES, SLOPES = (30, 100), (0.0, 0.05, 0.11), (0.0, 0.2)
SLOPE_SDS = (0.0, 0.22)
EACH = 10
# Of log sigma and log sd of the groups: fine beside their posterior, wide beside their prior.
SIGMA_STEP, SIGMA_REACH, TAU_STEP = 0.014, 0.35, 0.12
NO_GROUP = -25.0


def simulated(cell: Sequence[float], number: int) -> pd.DataFrame:
    """Return one study; its numbers depend on the cell and the number alone."""
    groups, share, slope, slope_sd = cell
    rng = np.random.default_rng([20261130, number, *(int(1000 * value) for value in cell)])
    g = np.repeat(np.arange(int(groups)), EACH)
    x = rng.normal(size=len(g))
    level, own = rng.normal(size=(2, int(groups)))
    rest = np.sqrt(1 - share - slope**2 - slope_sd**2)
    y = slope * x + np.sqrt(share) * level[g] + slope_sd * own[g] * x
    y = y + rest * rng.normal(size=len(g))
    return pd.DataFrame({"y": y, "x": x, "g": [f"g{k}" for k in g]})


def log_likelihood(model: ba.Model, sigmas: np.ndarray, taus: np.ndarray) -> np.ndarray:
    """Return the likelihood over log sigma and log sd of the groups, coefficients integrated."""
    points = np.stack(np.meshgrid(sigmas, taus, indexing="ij"), axis=-1).reshape(-1, 2)
    values = integrated_density(model)(points).reshape(len(sigmas), len(taus))
    return values - log_prior(model, "sigma", sigmas)[:, None] - log_prior(model, "sd_g", taus)


def log_prior(model: ba.Model, name: str, logs: np.ndarray) -> np.ndarray:
    """Return the prior density of the logarithm of a standard deviation."""
    (prior,) = model.priors.of(name)
    _, scale = prior.arguments
    return np.log(2) + stats.t.logpdf(np.exp(logs), 3, scale=scale) + logs


def exact_factors(table: pd.DataFrame) -> dict[str, dict[float, float]]:
    """Return log Bayes factors of both terms at half, one and two times their scale.

    That of the slope is there at five times too, the scale of a fit's default prior.
    """
    full, level = (ba.Model(f"y ~ {x} + (1 | g)", table) for x in ("x", "1"))
    within = table["y"] - table.groupby("g")["y"].transform("mean")
    middle = np.log(np.sqrt((within**2).sum() / (len(table) * (1 - 1 / EACH))))
    sigmas = np.arange(middle - SIGMA_REACH, middle + SIGMA_REACH, SIGMA_STEP)
    taus = np.arange(-8.0, 1.0, TAU_STEP)
    weight = log_prior(full, "sigma", sigmas)[:, None] + np.log(SIGMA_STEP)

    def evidence(model: ba.Model) -> float:
        own = log_prior(model, "sd_g", taus) + np.log(TAU_STEP)
        return float(special.logsumexp(log_likelihood(model, sigmas, taus) + weight + own))

    term = term_between(level, full)
    assert term is not None
    without = evidence(level)
    slope = {
        scale: evidence(with_entries(full, term.at_scale(scale))) - without
        for scale in (*DECIDING, 5.0)
    }
    likelihood = log_likelihood(full, sigmas, taus) + weight
    none = log_likelihood(full, sigmas, np.array([NO_GROUP])) + weight
    group = {}
    for scale in DECIDING:
        wider = rescaled_model(full, ["sd_g[Intercept]"], scale)
        own = log_prior(wider, "sd_g", taus) + np.log(TAU_STEP)
        group[scale] = float(special.logsumexp(likelihood + own) - special.logsumexp(none))
    return {"slope": slope, "group": group}


def word(logs: dict[float, float], errors: dict[float, float] | None = None) -> str:
    """Return the word for three factors."""
    found = judge(logs, errors or dict.fromkeys(DECIDING, 0.0))
    return {
        "for": f"for, {found.strength}",
        "against": f"against, {found.strength}",
        "hardly any": "hardly any",
        "depends": "depends on the prior",
        "open": "no word",
    }[found.kind]


def weighed_by_verb(table: pd.DataFrame, smaller: str, larger: str, seed: int) -> Any:
    """Return the evidence for a term as the package gives it."""
    fits = {
        name: ba.sample(ba.Model(formula, table), seed=seed, progress=False)
        for name, formula in (("without", smaller), ("with", larger))
    }
    return ba.bayes_factors(fits).terms["with"]


SLOPE_PAIR = ("y ~ 1 + (1 | g)", "y ~ x + (1 | g)")
VARYING_PAIR = ("y ~ x + (1 | g)", "y ~ x + (1 + x | g)")


def exact_cells(studies: int) -> list[dict[str, Any]]:
    """Weigh slope and group in every cell."""
    rows = []
    for cell in product(GROUPS, SHARES, SLOPES):
        slopes, groups, as_fitted, moved = Counter[str](), Counter[str](), 0, 0.0
        first: list[dict[str, Any]] = []
        for number in range(studies):
            table = simulated((*cell, 0.0), number)
            found = exact_factors(table)
            slopes[word(found["slope"])] += 1
            groups[word(found["group"])] += 1
            as_fitted += found["slope"][5.0] <= -np.log(3)
            if number < studies // 10:
                there = exact_factors(table.assign(x=10 * table["x"] + 50))
                moved = max(
                    moved,
                    *(abs(there[k][s] - found[k][s]) for k in found for s in DECIDING),
                )
            if number < 2:
                first.append(found)
        rows.append(
            {
                "groups": cell[0], "share": cell[1], "slope": cell[2], "studies": studies,
                "words": {"slope": dict(slopes), "group": dict(groups)},
                "slope absent with the prior of a fit": int(as_fitted),
                "largest difference for 10 x + 50": moved,
                "first": [{k: list(map(float, v.values())) for k, v in f.items()} for f in first],
            }
        )  # fmt: skip
        print(rows[-1], flush=True)
    return rows


def varying_cells(studies: int) -> list[dict[str, Any]]:
    """Weigh slopes that vary by the verb, in a tenth of the studies at 10 x + 50 too."""
    rows = []
    for groups, slope_sd in product(GROUPS, SLOPE_SDS):
        words, moved = Counter[str](), 0.0
        for number in range(studies):
            table = simulated((groups, 0.11, 0.2, slope_sd), number)
            found = weighed_by_verb(table, *VARYING_PAIR, seed=number + 1)
            logs = found.table["log_bayes_factor"].to_dict()
            words[word(logs, found.table["mcse"].to_dict())] += 1
            if number < max(2, studies // 10):
                other = table.assign(x=10 * table["x"] + 50)
                there = weighed_by_verb(other, *VARYING_PAIR, seed=number + 1).table
                gap = (there["log_bayes_factor"] - found.table["log_bayes_factor"]).abs()
                moved = max(
                    moved, float((gap / np.hypot(there["mcse"], found.table["mcse"])).max())
                )
        rows.append(
            {
                "groups": groups, "slope sd": slope_sd, "studies": studies, "words": dict(words),
                "largest difference for 10 x + 50, in Monte Carlo errors": moved,
            }
        )  # fmt: skip
        print(rows[-1], flush=True)
    return rows


def verb_against_quadrature(studies: int) -> dict[str, float]:
    """Return how far the verb's factors of a slope are from the exact ones, in its errors."""
    gaps, errors = [], []
    for number in range(studies):
        table = simulated((30, 0.05, 0.2, 0.0), number)
        exact = exact_factors(table)["slope"]
        found = weighed_by_verb(table, *SLOPE_PAIR, seed=number + 1).table
        for scale in DECIDING:
            row = found.loc[scale]
            gaps.append((row["log_bayes_factor"] - exact[scale]) / row["mcse"])
            errors.append(row["mcse"])
    return {
        "factors": len(gaps),
        "root mean square, in Monte Carlo errors": float(np.sqrt(np.mean(np.square(gaps)))),
        "largest, in Monte Carlo errors": float(np.abs(gaps).max()),
        "largest Monte Carlo error": float(max(errors)),
    }


def as_markdown(found: dict[str, Any]) -> str:
    """Write how often each word was said, in per cent of the studies."""
    head = ["term", "groups", "truth", "studies", "for, strong or more", "for, positive",
            "hardly any", "depends", "against, positive or more", "no word"]  # fmt: skip
    rows: list[list[str]] = []
    for name, truth in (("slope", "slope"), ("group", "share")):
        keys = list(dict.fromkeys((row["groups"], row[truth]) for row in found["exact"]))
        for groups, value in keys:
            own = [r for r in found["exact"] if (r["groups"], r[truth]) == (groups, value)]
            words: Counter[str] = sum((Counter(r["words"][name]) for r in own), Counter())
            rows.append([name, groups, f"{truth} {value:g}", *_shares(words)])
    for row in found["varying"]:
        label = f"sd of the slopes {row['slope sd']:g}"
        rows.append(["slopes that vary", row["groups"], label, *_shares(Counter(row["words"]))])
    lines = [" | ".join(head), " | ".join("---" for _ in head)]
    lines += [" | ".join(map(str, row)) for row in rows]
    return "".join(f"| {line} |\n" for line in lines)


def _shares(words: Counter[str]) -> list[str]:
    total = sum(words.values())
    parts = (
        ("for, strong", "for, very strong"), ("for, positive",), ("hardly any",),
        ("depends on the prior",), ("against, positive", "against, strong", "against, very strong"),
        ("no word",),
    )  # fmt: skip
    return [str(total), *(f"{sum(words[w] for w in own) / total:.0%}" for own in parts)]


def main() -> None:
    """Simulate, weigh, and keep."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--studies", type=int, default=150, help="in each cell, by quadrature")
    parser.add_argument("--fits", type=int, default=40, help="in each cell, by the verb")
    parser.add_argument("--write", type=Path, help="keep the numbers in this JSON file")
    parser.add_argument("--table", type=Path, help="keep the table in this Markdown file")
    told = parser.parse_args()
    started = time.perf_counter()
    found = {
        "exact": exact_cells(told.studies),
        "varying": varying_cells(told.fits),
        "verb": verb_against_quadrature(min(told.fits, 20)),
    }
    print(found["verb"])
    print(as_markdown(found))
    print(f"{time.perf_counter() - started:.0f} s")
    if told.write:
        told.write.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if told.table:
        told.table.write_text(as_markdown(found), encoding="utf-8")


if __name__ == "__main__":
    main()
