"""Code that was compiled before is used only if it is whole, and never stops a run."""

import os
import pickle
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import bayes_alliance.kernels.compiled  # noqa: F401  # what chooses the folder runs before it
from bayes_alliance.kernels import code_folder
from bayes_alliance.kernels.kept_code import WholeCode

KEY, CODE = ("signature", "processor"), {"object code": b"\x90" * 500}
KERNELS = """
from bayes_alliance.kernels.compiled import compiled

@compiled
def called(x):
    return 2.0 * x

@compiled
def caller(x):
    return called(x) + 1.0
"""
# A folder of kernels with the package's own way of keeping their code, used once.
SCRIPT = """
import sys
from pathlib import Path
import bayes_alliance.kernels.compiled
from bayes_alliance.kernels.kept_code import keep_code_safely

folder = Path(sys.argv[1])
keep_code_safely(folder)
sys.path.insert(0, str(folder))
import made_up
print(made_up.caller(20.5), sum(made_up.caller.stats.cache_hits.values()))
"""


@pytest.fixture
def kept(tmp_path: Path) -> WholeCode:
    code = WholeCode(cache_path=str(tmp_path), filename_base="f", source_stamp="sources")
    code.save(KEY, CODE)
    return code


def files(folder: Path) -> dict[str, Path]:
    return {file.suffix: file for file in folder.iterdir()}


def test_what_was_kept_comes_back(kept: WholeCode) -> None:
    assert kept.load(KEY) == CODE
    assert kept.load(("other signature", "processor")) is None


def test_numba_could_read_it_too(kept: WholeCode, tmp_path: Path) -> None:
    assert pickle.loads(files(tmp_path)[".nbc"].read_bytes()) == CODE


def test_code_of_other_sources_is_not_used(kept: WholeCode, tmp_path: Path) -> None:
    other = WholeCode(cache_path=str(tmp_path), filename_base="f", source_stamp="changed")
    assert other.load(KEY) is None


def damage(content: bytes, way: str) -> bytes:
    half = len(content) // 2
    flipped = bytes([content[half] ^ 1])
    return {
        "empty": b"",
        "one byte": content[:1],
        "half": content[:half],
        "last byte gone": content[:-1],
        "longer": content + b"\0",
        "one bit": content[:half] + flipped + content[half + 1 :],
        "zeros": bytes(len(content)),
        "text": b"<html>not found</html>",
        "twice": content + content,
        "unsealed": pickle.dumps(CODE),
    }[way]


WAYS = [
    "empty",
    "one byte",
    "half",
    "last byte gone",
    "longer",
    "one bit",
    "zeros",
    "text",
    "twice",
    "unsealed",
]


@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
@pytest.mark.parametrize("way", WAYS)
def test_what_is_damaged_is_made_again(
    kept: WholeCode, tmp_path: Path, suffix: str, way: str
) -> None:
    file = files(tmp_path)[suffix]
    file.write_bytes(damage(file.read_bytes(), way))
    assert kept.load(KEY) is None
    kept.save(KEY, CODE)
    assert kept.load(KEY) == CODE


def test_code_that_cannot_be_written_leaves_nothing(
    kept: WholeCode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, target: str) -> None:
        raise OSError(28, "No space left on device")

    before = sorted(tmp_path.iterdir())
    monkeypatch.setattr(Path, "replace", full)
    kept.save(("another", "signature"), CODE)
    assert sorted(tmp_path.iterdir()) == before
    assert kept.load(KEY) == CODE


def run_kernels(folder: Path, script: str = SCRIPT, **environment: str) -> tuple[str, str]:
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip(), done.stderr.strip()


@pytest.fixture
def kernels(tmp_path: Path) -> Path:
    folder = tmp_path / "kernels"
    folder.mkdir()
    (folder / "made_up.py").write_text(textwrap.dedent(KERNELS))
    return folder


@pytest.mark.slow
def test_kernels_are_compiled_once_and_again_when_damaged(kernels: Path) -> None:
    assert run_kernels(kernels) == ("42.0 0", "")
    assert run_kernels(kernels) == ("42.0 1", "")
    for file in (kernels / "__pycache__").glob("made_up.caller*.nbc"):
        content = file.read_bytes()
        file.write_bytes(damage(content, "one bit"))
    result, said = run_kernels(kernels)
    assert result == "42.0 0"
    assert "is damaged and is made again." in said
    assert len(said.splitlines()) == 1
    assert run_kernels(kernels) == ("42.0 1", "")


@pytest.mark.slow
def test_where_nothing_can_be_written_code_is_kept_in_a_private_folder(
    kernels: Path, tmp_path: Path
) -> None:
    closed = tmp_path / "closed"  # a file is no folder, whoever asks
    closed.touch()
    (kernels / "__pycache__").touch()
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    places = {"HOME": str(closed), "XDG_CACHE_HOME": str(closed), "TMPDIR": str(temporary)}
    places |= {"PYTHONDONTWRITEBYTECODE": "1"}
    result, said = run_kernels(kernels, **places)
    (private,) = temporary.iterdir()
    assert result == "42.0 0"
    assert said.endswith(f"compiled code is kept in {private}.")
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    assert run_kernels(kernels, **places) == ("42.0 1", "")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such rights")
@pytest.mark.parametrize("how", ["open to all", "a link", "a file"])
def test_a_folder_that_others_could_have_made_is_not_used(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    taken = tmp_path / f"bayes_alliance-{os.geteuid()}"
    if how == "open to all":
        taken.mkdir()
        taken.chmod(0o777)
    elif how == "a link":
        (tmp_path / "theirs").mkdir(mode=0o700)
        taken.symlink_to(tmp_path / "theirs")
    else:
        taken.touch()
    code_folder.private_folder.cache_clear()
    try:
        found = code_folder.private_folder()
    finally:
        code_folder.private_folder.cache_clear()
    assert found is None or (found != taken and code_folder.is_private(found))
    assert (found is None) == (how == "a file")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such rights")
def test_a_folder_of_another_user_is_not_private(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o700)
    assert code_folder.is_private(tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    assert not code_folder.is_private(tmp_path)


# Two functions of one name, in files of one name, on one line: the rooms tell them apart.
ROOMS = """
import sys
from pathlib import Path
import bayes_alliance.kernels.compiled
from bayes_alliance.kernels.kept_code import keep_code_safely

folder = Path(sys.argv[1])
keep_code_safely(folder)
sys.path.insert(0, str(folder))
from left.made_up import caller as left
from right.made_up import caller as right
hits = [sum(f.stats.cache_hits.values()) for f in (left, right) if f(1.0)]
print(left(20.5), right(20.5), *hits)
"""


@pytest.mark.slow
def test_code_of_one_room_is_not_taken_for_that_of_another(tmp_path: Path) -> None:
    for name, source in (("left", KERNELS), ("right", KERNELS.replace("2.0", "3.0"))):
        (tmp_path / "kernels" / name).mkdir(parents=True)
        (tmp_path / "kernels" / name / "made_up.py").write_text(textwrap.dedent(source))
    for hits in ("0 0", "1 1"):
        assert run_kernels(tmp_path / "kernels", ROOMS)[0] == f"42.0 62.5 {hits}"
