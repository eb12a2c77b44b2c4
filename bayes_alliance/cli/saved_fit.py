"""Loading a saved fit, with the table that it may lack."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bayes_alliance.cli.table_options import TableOptions, load_table

if TYPE_CHECKING:
    from bayes_alliance.sampling.fit import Fit


def load_saved_fit(file: Path, table: TableOptions, data: Path | None) -> Fit:
    """Load a fit; its table, where one is given, is read as it was then or as the options say."""
    from bayes_alliance.sampling.loading import load_fit

    given = data if data is None or table == TableOptions() else load_table(data, table)
    return load_fit(file, data=given)
