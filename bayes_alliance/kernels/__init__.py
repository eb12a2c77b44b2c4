"""Arrays in, arrays out: densities and variance algebra on NumPy, SciPy and Numba.

What is done before the first compiled kernel is done only then: numba is slow to load.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType


class _FirstKernel(MetaPathFinder):
    """Waits for the import that every compiled kernel begins with, and finds no module itself.

    Parameters
    ----------
    sources
        The folder with the kernels.
    door
        The module that all of them import.
    """

    def __init__(self, sources: Path, door: str) -> None:
        self._sources, self._door = sources, door

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Say where compiled code is kept when its turn has come."""
        if fullname == self._door:
            sys.meta_path.remove(self)
            from bayes_alliance.kernels.kept_code import keep_code_safely

            keep_code_safely(self._sources)
        return None


sys.meta_path.insert(0, _FirstKernel(Path(__file__).parent, f"{__name__}.compiled"))
