"""Compiled code kept on disk is dropped when any kernel has changed.

Numba looks at the file of a function only, not at the files of what it calls: after one kernel
changes, its callers would go on running what they were compiled with.
"""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path

_STAMP = "sources.sha256"
# With what a process left that was killed while it wrote.
_COMPILED = ("*.nbi", "*.nbc", "*.nb[ic].tmp.*")


def drop_stale_code(sources: Path, cache: Path) -> bool:
    """Remove compiled kernels if the sources are not those they were made of.

    Parameters
    ----------
    sources
        The folder with the kernels.
    cache
        Where what was compiled lies; where it cannot be written to, nothing is done.

    Returns
    -------
    bool
        Whether there was anything to remove.
    """
    digest = sources_digest(sources)
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


def sources_digest(folder: Path) -> str:
    """Hash the names and contents of all sources, those in rooms of their own too."""
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*.py")):
        digest.update(f"{file.relative_to(folder).as_posix()}\n".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()
