"""What the posterior says, a folder a question; and ArviZ made ready for ``python -OO``."""

import sys
from typing import Any


def _leave(*_arguments: Any) -> None:
    """Do nothing."""


def _ready_arviz() -> None:
    """Keep ArviZ from adding to docstrings that are not there, as under ``python -OO``."""
    if sys.flags.optimize > 1:
        from arviz_stats.base import stats_utils

        stats_utils.update_docstring = _leave


_ready_arviz()
