"""A progress bar where someone is looking: the terminal or a notebook, and nowhere else."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from types import TracebackType
from typing import Any, Protocol, Self


@dataclass(frozen=True, kw_only=True)
class ChainState:
    """How far one chain is: draws done, draws to do (warm-up included), divergences."""

    done: int
    total: int
    divergences: int


class Progress(Protocol):
    """Something that can show how far the chains are."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
    def show(self, chains: list[ChainState]) -> None:
        """Show the state of all chains."""
        ...


class NoProgress:
    """Show nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        return None

    def show(self, chains: list[ChainState]) -> None:
        """Show nothing."""


class BarProgress:
    """One bar: chains, draws, divergences, time left."""

    def __init__(self, engine: str) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar: Any = Progress(
            TextColumn("[bold]Sampling[/] ({task.fields[engine]})"),
            BarColumn(),
            TextColumn("{task.completed:,.0f}/{task.total:,.0f} draws"),
            TextColumn("{task.fields[chains]} chains"),
            TextColumn("{task.fields[divergences]} divergences"),
            TimeRemainingColumn(),
        )
        self._task: Any = self._bar.add_task("", total=1, engine=engine, chains=0, divergences=0)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._bar.stop()

    def show(self, chains: list[ChainState]) -> None:
        """Add the chains up and redraw."""
        self._bar.update(
            self._task,
            completed=sum(chain.done for chain in chains),
            total=max(1, sum(chain.total for chain in chains)),
            chains=f"{sum(chain.done >= chain.total for chain in chains)}/{len(chains)}",
            divergences=sum(chain.divergences for chain in chains),
        )


def make_progress(engine: str, wanted: bool | None) -> Progress:
    """Return a bar if wanted, or if None and someone is looking."""
    show = someone_looks() if wanted is None else wanted
    return BarProgress(engine) if show else NoProgress()


@contextlib.contextmanager
def told_of_compilation(engine: str, wanted: bool | None) -> Iterator[None]:
    """Say while it lasts that a model is being compiled, if wanted or if someone is looking."""
    if not (someone_looks() if wanted is None else wanted):
        yield
        return
    from rich.console import Console

    with Console().status(f"Compiling the model ({engine}), which may take a minute"):
        yield


def someone_looks() -> bool:
    """Say whether a bar would be seen: in a terminal, or in a notebook that can draw one."""
    return sys.stdout.isatty() or (_in_notebook() and find_spec("ipywidgets") is not None)


def _in_notebook() -> bool:
    shell = sys.modules.get("IPython")
    instance = shell.get_ipython() if shell is not None else None
    return instance is not None and instance.__class__.__name__ == "ZMQInteractiveShell"
