"""What every test may ask for: the shared data, the reference results, one hypothesis profile."""

import os
from pathlib import Path

import hypothesis
import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"

# Compilation makes the first example slow, and CI must see the same examples twice.
hypothesis.settings.register_profile("local", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "local")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    return _existing(SHARED / "data")


@pytest.fixture(scope="session")
def shared_reference() -> Path:
    return _existing(SHARED / "reference")


def _existing(folder: Path) -> Path:
    assert folder.is_dir(), f"{folder.name} is missing beside the checkout, in ../shared"
    return folder
