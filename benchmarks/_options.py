"""Options that every script shares."""

from __future__ import annotations

import argparse
from pathlib import Path

from _tools import ALL, PEERS_PYTHON, Tool, find_tools


def options_for(question: str | None, *, tools: tuple[str, ...], seeds: int = 10):
    """Return a parser with the shared options; its help opens with the question."""
    parser = argparse.ArgumentParser(
        description=question, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=seeds, help=f"fits a tool (default {seeds})")
    parser.add_argument(
        "--tools",
        type=lambda text: [name.strip() for name in text.split(",")],
        default=list(tools),
        metavar="NAMES",
        help=f"which, with commas: {', '.join(ALL)} (default {', '.join(tools)})",
    )
    parser.add_argument(
        "--peers-python",
        type=Path,
        default=PEERS_PYTHON,
        help="the Python that has Bambi (default .venv-peers, made by make bench-peers)",
    )
    parser.add_argument("--draws", type=int, default=1000, help="kept draws a chain")
    parser.add_argument("--tune", type=int, default=1000, help="warm-up draws a chain")
    return parser


def tools_of(told: argparse.Namespace) -> list[Tool]:
    """Look for the tools that were asked for."""
    unknown = [name for name in told.tools if name not in ALL]
    if unknown:
        raise SystemExit(f"--tools: {', '.join(unknown)}? There are: {', '.join(ALL)}.")
    return find_tools(told.tools, told.peers_python)
