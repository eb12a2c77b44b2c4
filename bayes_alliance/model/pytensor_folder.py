"""Where PyTensor keeps what it compiles: in the home folder, or elsewhere if that is closed to us.

It gives up where its folder cannot be made, and has to be told of another before it is loaded.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from bayes_alliance.kernels.code_folder import is_usable, private_folder, say_once

_FLAGS = "PYTENSOR_FLAGS"


def name_pytensor_folder() -> None:
    """Name another folder in PyTensor's own variable, for this process and those it starts."""
    flags = os.environ.get(_FLAGS, "")
    if "pytensor" in sys.modules or "compiledir" in flags or is_usable(_usual_folder()):
        return
    private = private_folder()
    if private is None:
        say_once("No folder can be written to in which PyTensor keeps what it compiles.")
        return
    os.environ[_FLAGS] = ",".join(filter(None, [flags, f"base_compiledir={private / 'pytensor'}"]))


def _usual_folder() -> Path:
    """Return the folder that PyTensor takes if it is told of none."""
    local = os.environ.get("LOCALAPPDATA") if sys.platform == "win32" else None
    if local is not None:
        return Path(local) / "PyTensor"
    return Path(os.environ.get("HOME") or Path.home()) / ".pytensor"
