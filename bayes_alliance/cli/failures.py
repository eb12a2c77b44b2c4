"""What a command does when something goes wrong: one sentence or three, never a traceback."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import typer

from bayes_alliance.errors import AllianceError

FINE, VERDICT_BAD, INPUT_BAD, UNEXPECTED, STOPPED = 0, 1, 2, 3, 130
TRACEBACK: ContextVar[bool] = ContextVar("traceback", default=False)


def guarded(command: Callable[..., Any]) -> Callable[..., Any]:
    """Return the command with its errors turned into messages and exit codes."""

    @functools.wraps(command)
    def run(*arguments: Any, **options: Any) -> Any:
        try:
            return command(*arguments, **options)
        except (typer.Exit, typer.Abort, typer.BadParameter):
            raise
        except KeyboardInterrupt:
            _say("Stopped before anything was written.")
            raise typer.Exit(STOPPED) from None
        except AllianceError as error:
            return _fail(f"Error: {error.said_in('command line')}", error, INPUT_BAD)
        except Exception as error:
            message = str(error).partition("\n")[0]
            text = f"Unexpected error: {type(error).__name__}: {message}"
            hint = "This should not happen. `bayes-alliance --traceback ...` shows where it did."
            return _fail(f"{text}\n{hint}", error, UNEXPECTED)

    return run


def _fail(text: str, error: Exception, code: int) -> None:
    if TRACEBACK.get():
        raise error
    _say(text)
    raise typer.Exit(code) from None


def _say(text: str) -> None:
    print(text, file=sys.stderr)
