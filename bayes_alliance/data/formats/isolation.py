"""Reading with a library that a damaged file may break: in a process of its own, with limits."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bayes_alliance.data.formats.contract import Content
from bayes_alliance.errors import Advice, DataError, MachineError, Words

_PROGRAM = Path(__file__).with_name("isolated.py")
# Beside what Python and the libraries take: more than any sound file needs.
_MEMORY, _MEMORY_A_BYTE = 3 << 30, 64
_SECONDS, _BYTES_A_SECOND = 4, 1 << 20
_WAIT = 60  # seconds for a computer that is busy, beside those of computing


def need(package: str, what: str) -> None:
    """Refuse a file whose library is not installed.

    Raises
    ------
    DataError
        With the command that installs it.
    """
    if importlib.util.find_spec(package.replace("-", "_")) is None:
        raise DataError(
            f"{what} was to be read.",
            f"That is done by {package}, which is not installed.",
            "Install it with: pip install 'bayes-alliance[files]'.",
            package=package,
        )


def read_apart[Read](
    content: Content,
    what: str,
    found: Callable[[dict[str, Any], Path], Read],
    *,
    named: str,
    save_again: Words,
    **asked: Any,
) -> Read:
    """Read a file in a process of its own, which may break and is stopped if it takes too much.

    Parameters
    ----------
    content
        The file.
    what
        ``columns`` or ``sheets``.
    found
        Makes of what the process left (facts, and the folder with its files) what is wanted.
    named
        What the file is, in a sentence.
    save_again
        What to do if it is damaged.
    asked
        What else the process is to know.
    """
    with tempfile.TemporaryDirectory() as folder, content.on_disk() as path:
        order = {
            "what": what,
            "path": str(path.resolve()),
            "out": folder,
            "memory": _MEMORY + _MEMORY_A_BYTE * content.size,
            "seconds": _SECONDS + content.size // _BYTES_A_SECOND,
            **asked,
        }
        ended = _run(order)
        place = Path(folder) / "about.json"
        try:
            about = json.loads(place.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise _broken(content, named, ended, save_again) from error
        if "error" in about:
            raise _refused(content, named, about, save_again)
        return found(about, Path(folder))


def _run(order: dict[str, Any]) -> int | None:
    """Run the program; return how it ended, None if it had to be stopped."""
    quiet = {
        **os.environ,
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "ARROW_DEFAULT_MEMORY_POOL": "system",
    }
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(_PROGRAM), json.dumps(order)],
            env=quiet,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_WAIT + 4 * order["seconds"],
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None
    except OSError as error:
        raise MachineError(
            "A file was to be read in a process of its own.",
            "The computer allowed none.",
            "Close other programs and try again.",
        ) from error
    return done.returncode


def _broken(content: Content, named: str, ended: int | None, save_again: Words) -> DataError:
    return DataError(
        f"{content.name} was to be read as {named}.",
        "It is damaged: reading it took more time or memory than a sound file of its size can "
        "take, or broke the library that reads it.",
        save_again,
        file=content.name,
        ended=ended,
    )


def _refused(content: Content, named: str, about: dict[str, Any], save_again: Words) -> DataError:
    """Return the error of what the library said."""
    message = about["message"].strip().partition("\n")[0].rstrip(".")
    opening = f"{content.name} was to be read as {named}."
    if "encoding" in message.lower() or about["error"] in ("UnicodeDecodeError", "LookupError"):
        return DataError(
            opening,
            f"Its letters are not in the encoding that was expected ({message}).",
            Advice(
                python='Name another, such as encoding="cp1252" or encoding="latin1"; if none '
                "fits, the file is damaged.",
                command_line="Name another, such as --encoding cp1252 or --encoding latin1; if "
                "none fits, the file is damaged.",
            ),
            file=content.name,
        )
    if about["error"] == "PasswordError":
        return DataError(opening, "It is protected by a password.", "Save it without one.")
    if about["error"] == "TooLargeError":
        return DataError(
            opening,
            f"A sheet says that it has {message}, too many to hold.",
            "Delete what is empty below and beside the table, or save the sheet as .csv.",
        )
    return DataError(
        opening,
        f"It is damaged or cut short ({message}).",
        save_again,
        file=content.name,
        library_said=about["message"],
    )
