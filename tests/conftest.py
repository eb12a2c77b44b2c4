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


@pytest.fixture(scope="session")
def example_model():
    """Random slopes of stigma by case manager, on the simulated study."""
    import bayes_alliance as ba

    return ba.load_model("stigma_slopes", data=ba.load_example("simulated_study"))


@pytest.fixture(scope="session")
def example_program(example_model):
    """The joint model, compiled once for all tests that sample it."""
    import bayes_alliance as ba

    return ba.compile_model(example_model, engine="nutpie")


@pytest.fixture(scope="session")
def example_fit(example_model, example_program):
    """Four chains of 1,000 draws by nutpie, seed 1."""
    import bayes_alliance as ba

    return ba.sample(example_model, seed=1, compiled=example_program)
