"""What a command does when something goes wrong: one sentence or three, never a traceback."""

from __future__ import annotations

import _thread
import contextlib
import functools
import io
import os
import select
import signal
import sys
import threading
from collections.abc import Callable
from contextvars import ContextVar
from types import FrameType
from typing import Any, NoReturn

import typer

from bayes_alliance.display import on_screen
from bayes_alliance.errors import AllianceError, MachineError
from bayes_alliance.machine import condition, what_to_do

FINE, VERDICT_BAD, INPUT_BAD, UNEXPECTED, MACHINE, STOPPED = 0, 1, 2, 3, 4, 130
OUTPUT_CLOSED = 141  # as a shell says of a program whose reader has gone
TRACEBACK: ContextVar[bool] = ContextVar("traceback", default=False)


# Code that a compiler calls back swallows Ctrl-C and fails later in words of its own.
_STOP_ASKED = threading.Event()
_MOMENT = 0.05  # seconds, after which what was called back has returned


def notice_stop() -> None:
    """Remember that Ctrl-C was pressed, and stop as ever."""

    def stop(number: int, frame: FrameType | None) -> None:
        _STOP_ASKED.set()
        signal.default_int_handler(number, frame)

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, stop)
        sys.unraisablehook = _stop_again


def _stop_again(lost: sys.UnraisableHookArgs) -> None:
    """Stop once more where code that Python calls back swallowed the first stop."""
    if isinstance(lost.exc_value, KeyboardInterrupt):
        again = threading.Timer(_MOMENT, _thread.interrupt_main)
        again.daemon = True
        again.start()
    else:
        sys.__unraisablehook__(lost)


def stop_was_asked() -> bool:
    """Tell whether Ctrl-C was pressed, whatever error came of it."""
    return _STOP_ASKED.is_set()


def forget_stop() -> None:
    """Go on after a stop that was answered: what fails from here on is a fault."""
    _STOP_ASKED.clear()


def guarded(command: Callable[..., Any]) -> Callable[..., Any]:
    """Return the command with its errors turned into messages and exit codes."""

    @functools.wraps(command)
    def run(*arguments: Any, **options: Any) -> Any:
        try:
            return command(*arguments, **options)
        except (typer.Exit, typer.Abort, typer.BadParameter):
            raise
        except KeyboardInterrupt:
            say("Stopped before the end.")
            raise typer.Exit(STOPPED) from None
        except AllianceError as error:
            return _fail(f"Error: {error.said_in('command line')}", error, _code_of(error))
        except Exception as error:
            if stop_was_asked() and not TRACEBACK.get():
                say("Stopped before the end.")
                raise typer.Exit(STOPPED) from None
            if reader_has_gone(error):
                raise
            refused = _refused(error)
            if refused is not None:
                return _fail(refused, error, MACHINE)
            message = str(error).partition("\n")[0]
            text = f"Unexpected error: {type(error).__name__}: {message}"
            hint = "This should not happen. `bayes-alliance --traceback ...` shows where it did."
            return _fail(f"{text}\n{hint}", error, UNEXPECTED)

    return run


def _code_of(error: AllianceError) -> int:
    if error.facts.get("interrupted"):
        return STOPPED
    return MACHINE if isinstance(error, MachineError) else INPUT_BAD


def _refused(error: Exception) -> str | None:
    """Return what is said where the computer refused something, whatever was being done."""
    found = condition(error)
    if found is None:
        return None
    place = getattr(error, "filename", None)
    where = "" if place is None else f" It concerns {place}."
    return f"Error: The command could not be carried out. {found}{where} {what_to_do(error)}"


def open_closed_outputs() -> None:
    """Give outputs that were closed before the program began a place that takes everything.

    Otherwise the next file that is opened gets their number, and what is said goes into it.
    """
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115


def take_any_letter() -> None:
    """Let outputs whose encoding lacks a letter show another in its place."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="replace")


def outputs_flushed() -> bool:
    """Write what is still buffered; tell whether somebody reads it.

    Where it cannot be written, as on a full disk, the program ends.
    """
    try:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    except BrokenPipeError:
        return False
    except OSError as error:
        with contextlib.suppress(OSError):
            found = condition(error) or f"{error.strerror}."
            say(f"Error: What was to be said could not be written. {found}")
        leave_closed_outputs(MACHINE)
    return True


def reader_has_gone(error: BaseException) -> bool:
    """Tell whether an error is that of an output closed by its reader, such as `head`.

    Pipes of our own break too, which is a fault.
    """
    return isinstance(error, BrokenPipeError) and _output_closed()


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


def leave_closed_outputs(code: int = OUTPUT_CLOSED) -> NoReturn:
    """End without a word; what is still buffered goes nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for number in (1, 2):
        try:
            os.fstat(number)
        except OSError:
            continue
        os.dup2(nowhere, number)
    raise SystemExit(code)


def _fail(text: str, error: Exception, code: int) -> None:
    if TRACEBACK.get():
        raise error
    say(text)
    raise typer.Exit(code) from None


def say(text: str) -> None:
    """Say something beside the output, which may be read by another program."""
    print(on_screen(text), file=sys.stderr)
