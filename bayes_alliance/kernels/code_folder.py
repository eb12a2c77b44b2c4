"""Folders that compiled code can be kept in, and one in the temporary folder that is ours alone.

Whoever can write to such a folder decides what this process runs.
"""

from __future__ import annotations

import atexit
import functools
import logging
import os
import shutil
import stat
import tempfile
from pathlib import Path

_PROBE = bytes(65_536)  # on a full disk a file can be made and not be written to
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def is_usable(folder: Path) -> bool:
    """Tell whether files can be written to the folder, which is made if it is not there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(_PROBE)
    except OSError:
        return False
    return True


@functools.cache
def private_folder() -> Path | None:
    """Return a folder in the temporary folder that only this user can write to or read.

    It stays for the next run, unless somebody else took its name: then one is made that goes
    with this process. None if there is no temporary folder.
    """
    try:
        place = Path(tempfile.gettempdir())
        kept = place / f"bayes_alliance-{_user()}"
        if _is_safe(place):
            kept.mkdir(mode=0o700, exist_ok=True)
            if is_private(kept) and is_usable(kept):
                return kept
        made = Path(tempfile.mkdtemp(prefix="bayes_alliance-"))
    except OSError:
        return None
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made if is_usable(made) else None


def is_private(folder: Path) -> bool:
    """Tell whether this is a folder of this user, no link, that is closed to everybody else."""
    found = folder.lstat()
    closed = os.name == "nt" or not found.st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    return stat.S_ISDIR(found.st_mode) and _is_mine(found) and closed


@functools.cache
def say_once(text: str) -> None:
    """Say in one line what is done about compiled code, the first time only."""
    logging.getLogger("bayes_alliance").warning(text)


def _is_safe(place: Path) -> bool:
    """Tell whether nobody else can put another folder in the place of one of ours."""
    found = place.stat()
    return (
        os.name == "nt" or not found.st_mode & _OTHERS_WRITE or bool(found.st_mode & stat.S_ISVTX)
    )


def _is_mine(found: os.stat_result) -> bool:
    return os.name == "nt" or found.st_uid == os.geteuid()


def _user() -> int:
    """Return the number of the user; on Windows the temporary folder is the user's own."""
    return 0 if os.name == "nt" else os.geteuid()
