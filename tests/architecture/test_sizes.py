"""Every file can be read in one sitting and every function in one look."""

import ast
from pathlib import Path

import pytest

FILE_LINES = 500
FUNCTION_LINES = 40


def function_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count the lines of a function from its ``def``, without those of its docstring."""
    assert function.end_lineno is not None
    lines = function.end_lineno - function.lineno + 1
    if ast.get_docstring(function, clean=False) is not None:
        docstring = function.body[0]
        assert docstring.end_lineno is not None
        lines -= docstring.end_lineno - docstring.lineno + 1
    return lines


def too_long(file: Path) -> list[str]:
    """Name the file, and each of its functions, that is over the limit."""
    text = file.read_text(encoding="utf-8")
    lines = len(text.splitlines())
    found = [f"{file.name}: {lines} lines"] if lines > FILE_LINES else []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = function_lines(node)
            if lines > FUNCTION_LINES:
                found.append(f"{file.name}: {node.name}, {lines} lines")
    return found


def test_files_and_functions_are_short(package_files: list[Path]) -> None:
    assert [entry for file in package_files for entry in too_long(file)] == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("x = 1\n" * 500, []),
        ("x = 1\n" * 501, ["made_up.py: 501 lines"]),
        ("def f():\n" + "    x = 1\n" * 39, []),
        ("def f():\n" + "    x = 1\n" * 40, ["made_up.py: f, 41 lines"]),
        ('def f():\n    """Doc.\n\n    More.\n    """\n' + "    x = 1\n" * 39, []),
        (
            "class C:\n    async def g(self):\n" + "        x = 1\n" * 40,
            ["made_up.py: g, 41 lines"],
        ),
    ],
    ids=["file", "long_file", "function", "long_function", "docstring_is_free", "long_method"],
)
def test_what_is_too_long_is_seen(tmp_path: Path, text: str, found: list[str]) -> None:
    file = tmp_path / "made_up.py"
    file.write_text(text)
    assert too_long(file) == found
