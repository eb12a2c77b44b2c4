"""A bar is shown only where it can be seen, and never for the price of a warning."""

import io
import sys
from types import SimpleNamespace

import pandas as pd
import pytest

import bayes_alliance as ba
from bayes_alliance.sampling import progress
from bayes_alliance.sampling.engines.registry import ENGINES
from bayes_alliance.sampling.progress import BarProgress, NoProgress, make_progress


class ZMQInteractiveShell:
    """Stands for the shell of a notebook, which is known by its class's name."""


@pytest.fixture
def in_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    shell = SimpleNamespace(get_ipython=ZMQInteractiveShell)
    monkeypatch.setitem(sys.modules, "IPython", shell)
    monkeypatch.setattr(sys, "stdout", io.StringIO())


@pytest.mark.usefixtures("in_notebook")
@pytest.mark.parametrize(("widgets", "shown"), [(object(), BarProgress), (None, NoProgress)])
def test_a_notebook_has_a_bar_if_it_can_draw_one(
    monkeypatch: pytest.MonkeyPatch, widgets: object, shown: type
) -> None:
    monkeypatch.setattr(progress, "find_spec", lambda name: widgets)
    assert isinstance(make_progress("collapsed", None), shown)


def test_a_pipe_has_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert isinstance(make_progress("collapsed", None), NoProgress)


def test_a_terminal_has_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(isatty=lambda: True))
    assert isinstance(make_progress("collapsed", None), BarProgress)


@pytest.mark.parametrize(("wanted", "shown"), [(True, BarProgress), (False, NoProgress)])
def test_a_wish_is_obeyed(wanted: bool, shown: type) -> None:
    assert isinstance(make_progress("collapsed", wanted), shown)


def said_while_compiling(monkeypatch: pytest.MonkeyPatch, engine: str, wanted: bool | None) -> str:
    """What a terminal shows until a model is compiled."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    def compiles(self: object, model: object) -> None:
        raise StopHereError

    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(type(ENGINES[engine]), "compile", compiles)
    table = pd.DataFrame({"y": [1.0, 2.0, 4.0, 3.0, 2.0, 5.0], "g": list("aabbcc")})
    with pytest.raises(StopHereError):
        ba.sample(ba.Model("y ~ (1 | g)", table), engine=engine, progress=wanted)
    return terminal.getvalue()


class StopHereError(Exception):
    """Where the engine would compile."""


@pytest.mark.parametrize(
    ("engine", "wanted", "said"),
    [
        ("nutpie", None, True),
        ("nutpie", True, True),
        ("nutpie", False, False),
        ("collapsed", None, False),
    ],
)
def test_a_compilation_is_told(
    monkeypatch: pytest.MonkeyPatch, engine: str, wanted: bool | None, said: bool
) -> None:
    found = said_while_compiling(monkeypatch, engine, wanted)
    assert ("Compiling the model (nutpie)" in found) == said
