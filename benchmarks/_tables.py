"""What the scripts print: the study, the versions, one table of seconds, one of ratios."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from statistics import median

import pandas as pd
from _draws import furthest_mean
from _runs import Runs, Task

RATES = {"compilation in": "whole", "compilation out": "without_compilation"}


@dataclass(frozen=True, kw_only=True)
class Aim:
    """A ratio to be reached against a tool; ``rate`` is a key of ``RATES``."""

    tool: str
    rate: str
    ratio: float


def print_study(task: Task, groups: str) -> None:
    """Say what is fitted and where."""
    rows, levels = len(task.data), task.data[groups].nunique()
    print(f"{task.formula}; {rows:,} rows, {levels:,} groups")
    print(
        f"{task.chains} chains x ({task.tune:,} + {task.draws:,}); {os.cpu_count()} cores", end=""
    )
    print(f", {platform.machine()}, load {os.getloadavg()[0]:.1f} at the start")


def print_seconds(every: list[Runs], cold: dict[str, float] | None = None) -> None:
    """Print seconds and effective sample sizes, one tool a row, medians over seeds."""
    rows = [_row(runs, cold or {}) for runs in every if runs.fits]
    if rows:
        table = pd.DataFrame(rows).set_index("tool").dropna(axis="columns", how="all")
        print(table.round(3).to_string(na_rep="-"))
    for runs in every:
        if runs.trouble:
            print(f"{runs.tool.name}: {runs.trouble}")
    print(f"versions: {', '.join(_versions(every)) or 'none'}")


def _versions(every: list[Runs]) -> list[str]:
    """Name each package with its version, or with several where tools differ."""
    found: dict[str, set[str]] = {}
    for runs in every:
        for package, version in runs.versions.items():
            found.setdefault(package, set()).add(version)
    return [f"{package} {' and '.join(sorted(versions))}" for package, versions in found.items()]


def _row(runs: Runs, cold: dict[str, float]) -> dict[str, object]:
    row: dict[str, object] = {
        "tool": runs.tool.name,
        "seeds": len(runs.fits),
        "first use": cold.get(runs.tool.name),
        "new process": runs.new_process,
        "a fit": runs.typical("whole"),
        "compilation out": runs.typical("without_compilation"),
        "CPU": runs.typical("cpu"),
    }
    mixing = [fit.mixing for fit in runs.fits if fit.mixing is not None]
    if mixing:
        kinds = set(mixing[0].bulk)
        row["bulk ESS"] = round(median(m.smallest("bulk", kinds) for m in mixing))
        row["tail ESS"] = round(median(m.smallest("tail", kinds) for m in mixing))
        row["R-hat"] = max(m.r_hat for m in mixing)
    return row


def print_ratios(own: Runs, peers: list[Runs], aims: tuple[Aim, ...] = ()) -> None:
    """Print how many times as many effective draws a second ``own`` makes as each peer."""
    peers = [peer for peer in peers if peer.fits and peer.fits[0].mixing is not None]
    if not peers:
        return
    print(f"\nEffective draws a second, {own.tool.name} / peer, smallest over what both report:")
    for peer in peers:
        kinds = set(own.fits[0].mixing.bulk) & set(peer.fits[0].mixing.bulk)
        apart = furthest_mean(peer.fits[0].mixing, own.fits[0].mixing)
        print(f"  {peer.tool.name} ({', '.join(sorted(kinds))}; means within {apart:.2f} sd)")
        for label, seconds in RATES.items():
            bulk, tail = (
                rate_ratio(own, peer, which, seconds, kinds) for which in ("bulk", "tail")
            )
            goal = [a.ratio for a in aims if (a.tool, a.rate) == (peer.tool.name, label)]
            aim = f"  (aim {goal[0]:g})" if goal else ""
            print(f"    {label:16s} bulk {bulk:8.1f}  tail {tail:8.1f}{aim}")


def rate_ratio(own: Runs, peer: Runs, which: str, seconds: str, kinds: set[str]) -> float:
    """Ratio of the median effective draws a second."""
    own_rate, peer_rate = (
        median(f.mixing.smallest(which, kinds) / getattr(f, seconds) for f in runs.fits)
        for runs in (own, peer)
    )
    return own_rate / peer_rate


def print_times(label: str, own: float, peer: float, aim: str = "") -> None:
    """Print a ratio of two times."""
    goal = f"  (aim {aim})" if aim else ""
    print(f"  {label}: {own / peer:.2f}, {own:.3f} s / {peer:.3f} s{goal}")
