"""What a computer refuses to do, through no fault of the program: in sentences."""

from __future__ import annotations

import errno
from pathlib import Path

from bayes_alliance.errors import Advice, MachineError

_CONDITIONS = {
    errno.ENOSPC: "The disk is full.",
    errno.EDQUOT: "The room you may use on this disk is used up.",
    errno.EFBIG: "Files of this size are not allowed here.",
    errno.EACCES: "You have no right to do that there.",
    errno.EPERM: "You have no right to do that there.",
    errno.EROFS: "Nothing can be written to that disk.",
    errno.EIO: "The disk reports a fault.",
    errno.ENAMETOOLONG: "The name is too long for this disk.",
    errno.EMFILE: "Too many files are open.",
    errno.ENFILE: "Too many files are open.",
    errno.ENOMEM: "The computer has no memory left.",
    errno.EAGAIN: "The computer allows no more processes or threads.",
}
_MORE_MEMORY = "Ask for fewer draws or chains, close other programs, or use a computer with more."


def condition(error: BaseException) -> str | None:
    """Return what the computer refused, as a sentence; None if the error is of another kind."""
    if _is_about_memory(error):
        return _CONDITIONS[errno.ENOMEM]
    if not isinstance(error, OSError):
        return None
    if "temporary directory" in str(error):  # as Python says of all it has tried
        return "There is no folder for temporary files."
    return _CONDITIONS.get(error.errno or 0)


def _is_about_memory(error: BaseException) -> bool:
    """Tell whether memory is what is missing, for a library that is loaded too."""
    loading = isinstance(error, ImportError) and "failed to map segment" in str(error)
    lacking = getattr(error, "errno", None) == errno.ENOMEM
    return isinstance(error, MemoryError) or loading or lacking


def not_written(path: Path, error: OSError) -> MachineError:
    """Return the error of a file that could not be written."""
    return MachineError(
        f"The file {path} was to be written.",
        condition(error) or f"That could not be done: {error.strerror or error}.",
        Advice(
            python="Make room, or choose another place; what was computed is still in memory.",
            command_line="Make room, or choose another place.",
        ),
        path=path,
        errno=error.errno,
    )


def what_to_do(error: BaseException) -> str:
    """Return the advice for a condition that no single step of the program can mend."""
    if _is_about_memory(error):
        return _MORE_MEMORY
    if "temporary directory" in str(error):
        return "Make one and name it in the variable TMPDIR."
    return "Mend that, or use another folder, and run the command again."
