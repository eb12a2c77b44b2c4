"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bayes_alliance.machine import not_written

_LONGEST = 200  # bytes of a name, of 255 that disks allow
_PROBE = bytes(65_536)  # on a full disk a file can be made and not be written to


def write_whole(path: Path, content: bytes) -> None:
    """Replace a file only when the new one is complete; permissions are those of any new file.

    Raises
    ------
    MachineError
        If the disk is full, the folder is closed to this user, and the like; nothing is left.
    """
    try:
        _write(path, content)
    except OSError as error:
        raise not_written(path, error) from error


def check_room(path: Path) -> None:
    """Try whether a file can be written in the place of ``path``, before work goes into it.

    Raises
    ------
    MachineError
        As :func:`write_whole`.
    """
    try:
        with contextlib.suppress(FileNotFoundError):
            path.lstat()  # a name that is too long is refused here
        with tempfile.TemporaryFile(dir=path.parent, prefix=_prefix(path)) as probe:
            probe.write(_PROBE)
    except OSError as error:
        raise not_written(path, error) from error


@contextlib.contextmanager
def gone_on_failure(folder: Path) -> Iterator[None]:
    """Make a folder; if it is new and what follows fails, it goes with all that is in it.

    Raises
    ------
    MachineError
        As :func:`write_whole`.
    """
    new = not folder.exists()
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise not_written(folder, error) from error
    try:
        yield
    except BaseException:
        if new:
            shutil.rmtree(folder, ignore_errors=True)
        raise


def _prefix(path: Path) -> str:
    """Return what a temporary file beside ``path`` begins with: its name, with room for more."""
    name = path.name.encode()[:_LONGEST].decode(errors="ignore")
    return f".{name}."


def _write(path: Path, content: bytes) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=_prefix(path))
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        mask = os.umask(0)  # the only way to read it is to set it
        os.umask(mask)
        Path(temporary).chmod(0o666 & ~mask)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
