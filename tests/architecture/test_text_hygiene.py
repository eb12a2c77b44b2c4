"""No tracked text names a machine, an index address or unfinished work."""

import re
import subprocess
from pathlib import Path

import pytest

# Spelt in pieces, so that this file does not find itself.
MACHINE_PATH = re.compile(r"(?:^|[^\w.])/(?:work|farm|root|tmp|home)" + r"/[a-z.]", re.IGNORECASE)
INDEX_ADDRESS = re.compile(
    "|".join(["index" + "-url", "/sim" + r"ple(?:/|\"|$)", "files.python" + "hosted"])
)
UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK|for n" + r"ow)\b")


def tracked(checkout: Path) -> list[Path]:
    """List the files that git has or would add, the deleted ones left out."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=True,
    )
    names = {name for name in listing.stdout.split("\0") if name}
    return sorted(checkout / name for name in names if (checkout / name).is_file())


def lines_with(pattern: re.Pattern[str], files: list[Path]) -> list[str]:
    """Name the places in text files where the pattern occurs; pictures are passed over."""
    found = []
    for file in files:
        content = file.read_bytes()
        if b"\0" in content:
            continue
        lines = content.decode("utf-8").splitlines()
        found += [f"{file.name}:{n}" for n, line in enumerate(lines, 1) if pattern.search(line)]
    return found


@pytest.mark.parametrize("pattern", [MACHINE_PATH, INDEX_ADDRESS], ids=["machine", "index"])
def test_tracked_text_names_no_place(checkout: Path, pattern: re.Pattern[str]) -> None:
    assert lines_with(pattern, tracked(checkout)) == []


def test_the_package_holds_no_unfinished_work(checkout: Path, package: Path) -> None:
    files = [file for file in tracked(checkout) if file.is_relative_to(package)]
    assert len(files) > 3
    assert lines_with(UNFINISHED, files) == []


def test_no_lock_file_is_tracked(checkout: Path) -> None:
    """A lock file of uv names the index it was made with."""
    assert "uv.lock" not in {file.name for file in tracked(checkout)}


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (MACHINE_PATH, 'path = "' + "/" + 'home/ann/clients.csv"'),
        (MACHINE_PATH, "/" + "work/clients.csv"),
        (INDEX_ADDRESS, "--extra-index" + "-url https://example.org"),
        (INDEX_ADDRESS, "https://example.org/sim" + "ple/"),
        (UNFINISHED, "# TO" + "DO: later"),
        (UNFINISHED, "kept for n" + "ow"),
    ],
)
def test_what_must_not_be_there_is_seen(
    tmp_path: Path, pattern: re.Pattern[str], text: str
) -> None:
    file = tmp_path / "made_up.py"
    file.write_text(f"first = 1\n{text}\n")
    assert lines_with(pattern, [file]) == ["made_up.py:2"]


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (MACHINE_PATH, "../shared/work/notes, team" + "work/hours, a/work/b"),
        (INDEX_ADDRESS, "a simple model"),
        (UNFINISHED, "before nowadays"),
    ],
)
def test_what_may_be_there_is_left_alone(
    tmp_path: Path, pattern: re.Pattern[str], text: str
) -> None:
    file = tmp_path / "made_up.py"
    file.write_text(text)
    assert lines_with(pattern, [file]) == []
