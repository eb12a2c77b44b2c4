"""What tells one state of the package from another where it runs from a folder, not installed."""

from __future__ import annotations

import hashlib
from pathlib import Path


def source_version(folder: Path) -> str:
    """Name a folder by a digest of its program files."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode())
        digest.update(path.read_bytes())
    return f"source {digest.hexdigest()[:12]}"
