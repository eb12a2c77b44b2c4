"""ArviZ without docstrings, as under ``python -OO``: it adds to those of its functions."""

from __future__ import annotations

import sys
from typing import Any


def _leave(*_arguments: Any) -> None:
    """Do nothing."""


def ready_arviz() -> None:
    """Keep ArviZ from adding to docstrings that are not there."""
    if sys.flags.optimize > 1:
        from arviz_stats.base import stats_utils

        stats_utils.update_docstring = _leave
