"""What the pages say can be typed: names exist, formulas are models, tests are where they stand."""

import ast
import inspect
import re
from pathlib import Path

import pandas as pd
import pytest

import bayes_alliance as ba
from bayes_alliance.cli.main import app
from bayes_alliance.errors import ModelError

CODE = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SHELL = re.compile(r"^bayes-alliance (\w+)", re.MULTILINE)
DIRECTIVE = re.compile(r"^::: bayes_alliance\.(\w+)$", re.MULTILINE)
TEST_PATH = re.compile(r"`(tests/[\w/.]+)`")


def code_of(pages: dict[str, str], name: str) -> list[str]:
    return CODE.findall(pages[name])


def models_in(code: str) -> list[ast.Call]:
    """Return the calls of ``ba.Model`` in a block of code."""
    calls = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
    return [c for c in calls if isinstance(c.func, ast.Attribute) and c.func.attr == "Model"]


def built(call: ast.Call, clients: pd.DataFrame) -> ba.Model:
    """Build the model of a call as it is written."""
    expression = compile(ast.Expression(call), "page", "eval")
    return eval(expression, {"ba": ba, "clients": clients, "visits": clients})


def test_every_block_of_code_is_python_with_names_that_exist(pages: dict[str, str]) -> None:
    blocks = [(name, block) for name in pages for block in code_of(pages, name)]
    assert len(blocks) > 15
    for name, block in blocks:
        ast.parse(block)
        unknown = set(re.findall(r"\bba\.(\w+)", block)) - set(ba.__all__)
        assert unknown == set(), name


def wrong_calls(code: str) -> list[str]:
    """Return the calls of public names whose arguments these do not take."""
    wrong = []
    for call in (node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)):
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        by_name = {keyword.arg: None for keyword in call.keywords if keyword.arg}
        if name in ba.__all__ and "..." not in ast.unparse(call):
            try:
                inspect.signature(getattr(ba, name)).bind(*call.args, **by_name)
            except TypeError as error:
                wrong.append(f"{ast.unparse(call)}: {error}")
    return wrong


def is_python(text: str) -> bool:
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


def test_calls_have_arguments_that_are_taken(pages: dict[str, str]) -> None:
    """In blocks of code, and in the running text and tables."""
    for name, text in pages.items():
        inline = [piece for piece in re.findall(r"`([^`\n]+)`", text) if "(fit" in piece]
        for code in [*code_of(pages, name), *filter(is_python, inline)]:
            assert wrong_calls(code) == [], name


@pytest.mark.parametrize("code", ["ba.sample(model, sed=1)", 'predict(fit, rows, "new")'])
def test_an_argument_that_is_not_taken_is_seen(code: str) -> None:
    assert wrong_calls(code)


@pytest.mark.parametrize(
    "name",
    ["docs/coming_from.md", "docs/guide/models.md", "docs/guide/priors.md", "docs/index.md"],
)
def test_every_model_on_a_page_can_be_built(
    pages: dict[str, str], name: str, clients: pd.DataFrame
) -> None:
    calls = [call for block in code_of(pages, name) for call in models_in(block)]
    assert calls
    for call in calls:
        assert len(built(call, clients).design.coefficients) > 0 or "answer" in ast.unparse(call)


def test_every_tool_has_its_models(pages: dict[str, str], clients: pd.DataFrame) -> None:
    """Each section of the page has one model at least, in our own formula."""
    sections = re.split(r"^## ", pages["docs/coming_from.md"], flags=re.MULTILINE)[1:]
    tools = {section.partition("\n")[0]: section for section in sections}
    for tool in ("lme4", "brms", "HLM", "Mplus", "SPSS MIXED"):
        assert any(models_in(block) for block in CODE.findall(tools[tool])), tool


def test_a_formula_that_cannot_be_read_is_seen(clients: pd.DataFrame) -> None:
    call = models_in('ba.Model("alliance ~ stigma + (1 | case_manager", clients)')[0]
    with pytest.raises(ModelError):
        built(call, clients)


def test_formula_pieces_of_the_guide_are_the_languages_own(
    pages: dict[str, str], clients: pd.DataFrame
) -> None:
    """Each piece in the left column of the guide's table makes a model."""
    table = pages["docs/guide/models.md"].partition("## Families")[0]
    cells = [
        line.partition("` | ")[0] + "`" for line in table.splitlines() if line.startswith("| `")
    ]
    pieces = [piece for cell in cells for piece in re.findall(r"`([^`]+)`", cell)]
    columns = {"x": "stigma", "g": "case_manager", "y": "alliance", "w": "weight", "s": "error"}
    made = clients.rename(columns={old: new for new, old in columns.items()})
    made = made.assign(stigma=made["x"], x=made["x"].abs() + 1)
    assert len(pieces) >= 18
    for piece in pieces:
        left, right = (piece, "1") if piece.startswith("y |") else ("y", piece)
        ba.Model(f"{left} ~ 1 + {right}", made)


def test_commands_exist(pages: dict[str, str]) -> None:
    known = {command.name for command in app.registered_commands}
    asked = {name for text in pages.values() for name in SHELL.findall(text)}
    assert asked
    assert asked <= known


def test_the_api_pages_hold_every_public_name_once(pages: dict[str, str]) -> None:
    found = [name for text in pages.values() for name in DIRECTIVE.findall(text)]
    assert sorted(found) == sorted(set(ba.__all__) - {"__version__"})


def test_tests_stand_where_the_pages_say(pages: dict[str, str], checkout: Path) -> None:
    named = {path for text in pages.values() for path in TEST_PATH.findall(text)}
    assert len(named) > 40
    assert [path for path in sorted(named) if not (checkout / path).exists()] == []


def test_every_statistic_names_its_tests(pages: dict[str, str]) -> None:
    sections = re.split(r"^## ", pages["docs/statistics.md"], flags=re.MULTILINE)[1:]
    untested = [s.partition("\n")[0] for s in sections if "`tests/" not in s]
    assert untested == ["The field's figures"]
