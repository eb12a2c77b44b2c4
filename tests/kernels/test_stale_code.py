"""What was compiled from other sources must not run, and what is still right must be kept."""

from pathlib import Path

import pytest

import bayes_alliance.kernels.compiled
from bayes_alliance.kernels.kept_code import drop_stale_code


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "called.py").write_text("x = 1\n")
    (tmp_path / "caller.py").write_text("y = 1\n")
    (tmp_path / "__pycache__").mkdir()
    compile_something(tmp_path)
    return tmp_path


def compile_something(folder: Path) -> None:
    for name in ("caller.f.nbi", "caller.f.1.nbc", "caller.cpython-313.pyc"):
        (folder / "__pycache__" / name).touch()


def compiled(folder: Path) -> set[str]:
    return {file.suffix for file in (folder / "__pycache__").glob("caller*")}


def test_code_of_unknown_sources_is_dropped(folder: Path) -> None:
    assert drop_stale_code(folder, folder / "__pycache__")
    assert compiled(folder) == {".pyc"}


def test_code_of_these_sources_is_kept(folder: Path) -> None:
    drop_stale_code(folder, folder / "__pycache__")
    compile_something(folder)
    assert not drop_stale_code(folder, folder / "__pycache__")
    assert compiled(folder) == {".nbi", ".nbc", ".pyc"}


@pytest.mark.parametrize("change", ["edited", "renamed", "removed", "added", "added in a room"])
def test_any_change_drops_the_code_of_callers(folder: Path, change: str) -> None:
    drop_stale_code(folder, folder / "__pycache__")
    compile_something(folder)
    called = folder / "called.py"
    if change == "edited":
        called.write_text("x = 2\n")
    elif change == "renamed":
        called.rename(folder / "other.py")
    elif change == "removed":
        called.unlink()
    elif change == "added in a room":
        (folder / "room").mkdir()
        (folder / "room" / "new.py").touch()
    else:
        (folder / "new.py").touch()
    assert drop_stale_code(folder, folder / "__pycache__")
    assert compiled(folder) == {".pyc"}


def test_where_nothing_can_be_written_nothing_is_done(folder: Path) -> None:
    (folder / "__pycache__").rename(folder / "elsewhere")
    (folder / "__pycache__").touch()
    assert not drop_stale_code(folder, folder / "__pycache__")


def test_the_kernels_in_use_are_those_beside_their_sources() -> None:
    (own,) = bayes_alliance.kernels.__path__
    assert not drop_stale_code(Path(own), Path(own) / "__pycache__")
