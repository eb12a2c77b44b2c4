"""What the model tests share: one table with every kind of column, and PyMC without a compiler."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest


def make_clients(rows: int = 48, seed: int = 5) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    agency = np.repeat(["north", "south"], rows // 2)
    manager = np.tile(np.repeat(["m1", "m2", "m3", "m4"], 3), rows // 12)
    score = rng.normal(size=rows)
    return pd.DataFrame(
        {
            "alliance": 50 + 3 * score + rng.normal(size=rows),
            "met": np.tile([0, 1], rows // 2),
            "rating": np.tile([1, 2, 3, 4], rows // 4),
            "stigma": score,
            "age": 20 + 40 * rng.random(rows),
            "setting": pd.Series(np.tile(["ward", "home", "clinic"], rows // 3), dtype="str"),
            "grade": pd.Categorical(
                np.tile(["low", "mid", "high"], rows // 3), categories=["low", "mid", "high"]
            ),
            "new": np.tile([True, False, False, True], rows // 4),
            "wave": np.tile([1, 2, 3], rows // 3),
            "counts": np.tile([1, 2, 1, 3], rows // 4),
            "precise": 0.5 + rng.random(rows),
            "agency": agency,
            "manager": manager,
            "my score": score,
        }
    )


@pytest.fixture
def clients() -> pd.DataFrame:
    return make_clients()


@pytest.fixture(scope="session")
def plain_function() -> Callable[..., Callable[..., Any]]:
    """Make a PyTensor function that runs in plain Python: nothing is compiled."""
    import pytensor
    from pytensor.compile.mode import Mode

    def function(inputs: list[Any], outputs: Any, optimizer: str = "fast_compile") -> Any:
        mode = Mode(linker="py", optimizer=optimizer)
        return pytensor.function(inputs, outputs, mode=mode, on_unused_input="ignore")

    return function


@pytest.fixture(scope="session")
def evaluate(plain_function: Callable[..., Any]) -> Callable[..., Any]:
    """Evaluate a PyTensor expression once; ``fast_run`` has the engines' own rewriting."""

    def value(outputs: Any, given: dict[Any, Any] | None = None, **options: str) -> Any:
        inputs = dict(given or {})
        return plain_function(list(inputs), outputs, **options)(*inputs.values())

    return value


@pytest.fixture(scope="session")
def pymc_terms(evaluate: Callable[..., Any]) -> Callable[..., dict[str, np.ndarray]]:
    """Every term of a PyMC model's log density, by name, at stated (untransformed) values."""

    def terms(built: Any, values: dict[str, Any], **options: str) -> dict[str, np.ndarray]:
        inputs = {}
        for variable in built.free_RVs:
            value = np.asarray(values[variable.name], dtype="float64")
            transform = built.rvs_to_transforms[variable]
            if transform is not None:
                value = evaluate(transform.forward(value, *variable.owner.inputs))
            inputs[built.rvs_to_values[variable]] = value
        factors = [*built.basic_RVs, *built.potentials]
        found = evaluate(built.logp(vars=factors, sum=False, jacobian=False), inputs, **options)
        return {str(factor.name): value for factor, value in zip(factors, found, strict=True)}

    return terms
