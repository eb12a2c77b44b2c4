"""Arguments of the wrong Python type: said in words before anything else is looked at."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from bayes_alliance.data.scanning import ScannedTable
from bayes_alliance.errors import DataError, ModelError


def check_types(formula: object, data: object, priors: object, centred: object) -> None:
    """Refuse arguments of a model that are of another type than they must be.

    Raises
    ------
    ModelError, DataError
        Naming the argument, what it is and what it must be.
    """
    several = isinstance(formula, list | tuple) and all(isinstance(one, str) for one in formula)
    if not isinstance(formula, str) and not several:
        raise _wrong("formula", formula, "'alliance ~ stigma + (1 | case_manager)'")
    if not isinstance(data, pd.DataFrame | ScannedTable):
        raise DataError(
            "A model was to be built.",
            f"data is a {type(data).__name__}, not a pandas DataFrame.",
            "Give the table read_table() returns, or pandas.DataFrame(data); scan_table() for more "
            "rows than memory holds.",
        )
    strings = isinstance(priors, Mapping) and all(isinstance(v, str) for v in priors.values())
    if priors is not None and not strings:
        raise _wrong("priors", priors, "{'b': 'Normal(0, 5)'}, a string for each key")
    if centred is not None and not isinstance(centred, bool):
        raise _wrong("centred", centred, "True, False or None")


def _wrong(argument: str, value: object, example: str) -> ModelError:
    return ModelError(
        "A model was to be built.",
        f"{argument} is {value!r}, of the type {type(value).__name__}.",
        f"Write {argument} as {example}.",
        argument=argument,
    )
