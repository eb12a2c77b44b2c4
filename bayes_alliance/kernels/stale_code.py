"""Compiled code kept on disk is dropped when any kernel has changed.

Numba looks at the file of a function only, not at the files of what it calls: after one kernel
changes, its callers would go on running what they were compiled with.
"""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path

_STAMP = "sources.sha256"
_COMPILED = ("*.nbi", "*.nbc")


def drop_stale_code(folder: Path) -> bool:
    """Remove compiled kernels if the sources beside them are not those they were made of.

    Parameters
    ----------
    folder
        Holds the sources; what was compiled lies in its ``__pycache__``. Where that cannot be
        written to, numba keeps its files elsewhere and nothing is done.

    Returns
    -------
    bool
        Whether there was anything to remove.
    """
    cache = folder / "__pycache__"
    digest = _digest(folder)
    stamp = cache / _STAMP
    with contextlib.suppress(OSError):
        if stamp.is_file() and stamp.read_text(encoding="ascii") == digest:
            return False
        cache.mkdir(exist_ok=True)
        stale = [file for pattern in _COMPILED for file in cache.glob(pattern)]
        for file in stale:
            file.unlink(missing_ok=True)
        stamp.write_text(digest, encoding="ascii")
        return bool(stale)
    return False


def _digest(folder: Path) -> str:
    """Hash the names and contents of all sources."""
    digest = hashlib.sha256()
    for file in sorted(folder.glob("*.py")):
        digest.update(f"{file.name}\n".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()
