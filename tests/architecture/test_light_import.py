"""Importing the package and asking for help load none of the heavy libraries."""

import subprocess
import sys

HEAVY = ("arviz", "matplotlib", "numba", "nutpie", "pymc", "pytensor")
HELP = """
import runpy
sys.argv = ["bayes-alliance", "--help"]
try:
    runpy.run_module("bayes_alliance.cli.main", run_name="__main__")
except SystemExit as end:
    assert not end.code, end.code
"""


def run(program: str) -> tuple[str, set[str]]:
    """Run ``program`` in a fresh interpreter; return its output and the heavy libraries it loads.

    A library counts as loaded through any part of it, ``arviz_base`` for ``arviz`` included.
    """
    report = "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    result = subprocess.run(
        [sys.executable, "-c", f"import sys\n{program}\n{report}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    loaded = result.stderr.splitlines()[-1].split()
    return result.stdout, {name for name in loaded if name.partition("_")[0] in HEAVY}


def test_import_is_light() -> None:
    assert run("import bayes_alliance")[1] == set()


def test_listing_the_public_names_is_light() -> None:
    assert run("import bayes_alliance; dir(bayes_alliance)")[1] == set()


def test_help_is_light() -> None:
    output, heavy = run(HELP)
    assert "usage" in output.lower()
    assert heavy == set()


def test_a_heavy_import_is_seen() -> None:
    assert "matplotlib" in run("import bayes_alliance\nimport matplotlib")[1]
    assert "arviz_base" in run("import arviz_base")[1]
