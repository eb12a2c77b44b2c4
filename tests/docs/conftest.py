"""The pages of the site, and a table with every column their examples speak of."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def checkout() -> Path:
    return CHECKOUT


@pytest.fixture(scope="session")
def pages() -> dict[str, str]:
    """Return the text of every page, and of the README, by name."""
    files = [CHECKOUT / "README.md", *sorted((CHECKOUT / "docs").rglob("*.md"))]
    return {str(f.relative_to(CHECKOUT)): f.read_text(encoding="utf-8") for f in files}


@pytest.fixture(scope="session")
def clients() -> pd.DataFrame:
    """Return 120 rows: six agencies, 24 case managers in them, outcomes of every kind."""
    rng = np.random.default_rng(8)
    place = np.arange(120)
    return pd.DataFrame(
        {
            "alliance": rng.normal(60, 9, 120),
            "stays": rng.integers(0, 2, 120),
            "answer": np.tile([1, 2, 3, 4, 5], 24),
            "stigma": rng.normal(size=120),
            "months_in_care": rng.integers(1, 60, 120),
            "setting": np.where(place // 5 % 2, "clinic", "community"),
            "case_manager": [f"CM{n // 5:02d}" for n in place],
            "agency": [f"A{n // 20}" for n in place],
            "weight": rng.integers(1, 4, 120),
            "error": rng.uniform(1, 3, 120),
        }
    )
