"""Fixed fits, made once, and the option that renews their snapshots."""

import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

# The folder is no package: under this name its files find each other.
_FOLDER = ModuleType("net_tests")
_FOLDER.__path__ = [str(Path(__file__).parent)]
sys.modules.setdefault("net_tests", _FOLDER)

RENEW, RENEWED = "--renew-net", pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(RENEW, action="store_true", help="keep what the fixed fits answer now")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[RENEWED] = []


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Show what was renewed, so that nothing changes unseen."""
    for lines in config.stash.get(RENEWED, []):
        terminalreporter.write_line(lines)


@pytest.fixture(scope="session")
def asked_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Any]:
    """Return the maker of a fixed fit with what stands beside it; each is made once."""
    from net_tests.fixed_fits import make_case

    return cache(lambda name: make_case(name, tmp_path_factory.mktemp("net")))


@pytest.fixture
def keep(request: pytest.FixtureRequest) -> Callable[[str, str, Path], None]:
    """Return what holds a text against its snapshot."""
    from net_tests.snapshots import compared
    from net_tests.told import without_place

    renew = request.config.getoption(RENEW, default=False)

    def hold(name: str, found: str, folder: Path) -> None:
        different = compared(name, without_place(found, folder), renew=renew)
        if renew and different:
            request.config.stash[RENEWED].append(different)
        elif different:
            pytest.fail(f"{different}\nIf it is meant: pytest tests/net {RENEW}", pytrace=False)

    return hold


@pytest.fixture
def renewing(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption(RENEW, default=False))
