"""Records of options become options of a command."""

import inspect
from dataclasses import dataclass

import pytest
import typer

from bayes_alliance.cli.options import split_pair, spread_options


@dataclass(frozen=True, kw_only=True)
class Size:
    width: int
    height: int = 2


def area(name: str, size: Size, unit: str = "m") -> str:
    return f"{name}: {size.width * size.height} {unit}"


def test_fields_stand_in_the_place_of_their_record() -> None:
    spread = spread_options(area)
    assert list(inspect.signature(spread).parameters) == ["name", "width", "height", "unit"]
    assert inspect.signature(spread).parameters["height"].default == 2
    assert inspect.signature(spread).parameters["width"].default is inspect.Parameter.empty
    assert spread(name="a", width=3, height=4, unit="km") == area(
        "a", Size(width=3, height=4), "km"
    )


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("b=Normal(0, 5)", ("b", "Normal(0, 5)")),
        ("b[x] = HalfNormal(sigma=2)", ("b[x]", "HalfNormal(sigma=2)")),
    ],
)
def test_a_pair_is_split_at_its_first_equals_sign(text: str, pair: tuple[str, str]) -> None:
    assert split_pair(text, "--prior", "a=b") == pair


@pytest.mark.parametrize("text", ["b", "=b", "b=", "="])
def test_half_a_pair_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="not of the form a=b"):
        split_pair(text, "--prior", "a=b")
