"""Learnt state as plain JSON and back: numbers, text, arrays, dictionaries, splines."""

from __future__ import annotations

from typing import Any

import numpy as np


def to_json(value: Any) -> Any:
    """Return the value in JSON's own types; what JSON lacks becomes a tagged dictionary."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float | np.floating):
        return float(value)
    if isinstance(value, np.integer | np.bool_):
        return value.item()
    if isinstance(value, np.ndarray):
        return {"array": value.tolist(), "dtype": str(value.dtype), "shape": list(value.shape)}
    if isinstance(value, list | tuple):
        return {"list": [to_json(v) for v in value]}
    if isinstance(value, dict):
        return {"items": [[to_json(k), to_json(v)] for k, v in value.items()]}
    if hasattr(value, "c") and hasattr(value, "x") and hasattr(value, "extrapolate"):
        extrapolate = value.extrapolate
        return {
            "polynomial": [to_json(value.c), to_json(value.x)],
            "extrapolate": extrapolate if isinstance(extrapolate, str) else bool(extrapolate),
        }
    raise TypeError(f"{type(value).__name__} has no plain JSON form")


def from_json(value: Any) -> Any:
    """Undo :func:`to_json`."""
    if not isinstance(value, dict):
        return value
    if "array" in value:
        return np.asarray(value["array"], dtype=value["dtype"]).reshape(value["shape"])
    if "list" in value:
        return [from_json(v) for v in value["list"]]
    if "items" in value:
        return {from_json(k): from_json(v) for k, v in value["items"]}
    from scipy.interpolate import PPoly

    coefficients, knots = (from_json(part) for part in value["polynomial"])
    return PPoly(coefficients, knots, extrapolate=value["extrapolate"])
