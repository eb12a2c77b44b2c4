"""Fits with made-up draws and the pages written from them, made once for all report tests."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from bayes_alliance.report.content import ReportContent, build_content
from bayes_alliance.report.html import render_page
from bayes_alliance.sampling.fit import Fit

UNMISTAKABLE = 11.234567


def load_neighbour(name: str) -> ModuleType:
    """Import a file of this folder, which is no package."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parent / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def made_up() -> ModuleType:
    return load_neighbour("made_up_fit")


@pytest.fixture(scope="session")
def slopes_fit(made_up: ModuleType) -> Fit:
    """The example with slopes that vary; 1,200 draws, so that every check can pass."""
    return made_up.made_up_fit(made_up.example_model())


@pytest.fixture(scope="session")
def slopes_content(slopes_fit: Fit) -> ReportContent:
    return build_content(slopes_fit)


@pytest.fixture(scope="session")
def slopes_page(slopes_content: ReportContent) -> str:
    return render_page(slopes_content)


@pytest.fixture(scope="session")
def ordinal_fit(made_up: ModuleType) -> Fit:
    """An ordinal outcome, rows with a missing predictor, and a row with an unmistakable value."""
    table = made_up.many_groups_table(40)
    table.loc[3:9, "age"] = None
    table.loc[20, "age"] = UNMISTAKABLE
    model = made_up.Model("rating ~ age + (1 | therapist)", table, "cumulative")
    return made_up.made_up_fit(model)


@pytest.fixture(scope="session")
def ordinal_content(ordinal_fit: Fit) -> ReportContent:
    return build_content(ordinal_fit)


@pytest.fixture(scope="session")
def bad_content(made_up: ModuleType) -> ReportContent:
    fit = made_up.made_up_fit(made_up.example_model(), divergences=40)
    return build_content(fit)
