"""The checkout and its package, as the architecture tests read them."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def checkout() -> Path:
    return Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def package(checkout: Path) -> Path:
    return checkout / "bayes_alliance"


@pytest.fixture(scope="session")
def package_files(package: Path) -> list[Path]:
    files = sorted(package.rglob("*.py"))
    assert len(files) > 3, "the package's files were not found"
    return files
