"""What a command does when something goes wrong: one sentence or three, never a traceback."""

from __future__ import annotations

import functools
import os
import select
import sys
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, NoReturn

import typer

from bayes_alliance.errors import AllianceError

FINE, VERDICT_BAD, INPUT_BAD, UNEXPECTED, STOPPED = 0, 1, 2, 3, 130
OUTPUT_CLOSED = 141  # as a shell says of a program whose reader has gone
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
            _say("Stopped before the end.")
            raise typer.Exit(STOPPED) from None
        except AllianceError as error:
            return _fail(f"Error: {error.said_in('command line')}", error, INPUT_BAD)
        except Exception as error:
            if isinstance(error, BrokenPipeError) and _output_closed():
                raise  # the reader of the output has gone, such as `head`; no pipe of our own
            message = str(error).partition("\n")[0]
            text = f"Unexpected error: {type(error).__name__}: {message}"
            hint = "This should not happen. `bayes-alliance --traceback ...` shows where it did."
            return _fail(f"{text}\n{hint}", error, UNEXPECTED)

    return run


def outputs_flushed() -> bool:
    """Write what is still buffered; tell whether it could be."""
    try:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    except BrokenPipeError:
        return False
    return True


def _output_closed() -> bool:
    """Tell whether nobody reads one of the program's two outputs any more."""
    if not outputs_flushed():
        return True
    try:  # an output without a buffer had nothing to flush
        asked = select.poll()
        for stream in (sys.stdout, sys.stderr):
            asked.register(stream.fileno(), select.POLLERR)
    except (AttributeError, OSError):  # no such call on Windows, or no file behind the output
        return False
    return any(event & select.POLLERR for _, event in asked.poll(0))


def leave_closed_outputs() -> NoReturn:
    """End without a word; what is still buffered goes nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for number in (1, 2):
        try:
            os.fstat(number)
        except OSError:
            continue
        os.dup2(nowhere, number)
    raise SystemExit(OUTPUT_CLOSED)


def _fail(text: str, error: Exception, code: int) -> None:
    if TRACEBACK.get():
        raise error
    _say(text)
    raise typer.Exit(code) from None


def _say(text: str) -> None:
    print(text, file=sys.stderr)
