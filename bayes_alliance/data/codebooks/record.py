"""The codebook: what each variable of a table is called, how it is coded, what is no answer."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from bayes_alliance.data.codebooks.writing import write_codebook
from bayes_alliance.display import as_html, as_text
from bayes_alliance.errors import DataError, did_you_mean, listed

if TYPE_CHECKING:
    import pandas as pd

type MeasurementLevel = Literal["nominal", "ordinal", "scale", ""]

LEVELS: tuple[MeasurementLevel, ...] = ("nominal", "ordinal", "scale", "")
_VALUES_SHOWN = 4


@dataclass(frozen=True, kw_only=True)
class Variable:
    """One column in the words of those who made the table.

    Codes are texts here, whole numbers without a point (``"-99"``), Stata's and SAS's own missing
    values with one (``".a"``): a column of numbers compares them as numbers.

    Attributes
    ----------
    name : str
        The column.
    label : str
        What it is called in a sentence; empty if nobody said.
    values : Mapping[str, str]
        Label of each labelled code, in the order of the codes.
    missing : tuple of str
        Codes that mean "no answer".
    missing_ranges : tuple of (float, float)
        Ranges of numbers that do, ends included.
    level : {"nominal", "ordinal", "scale", ""}
        Level of measurement; empty if nobody said.
    unit : str
        Of what the numbers are: ``"years"``.
    possible : (float, float) or None
        The smallest and the largest number there can be.
    """

    name: str
    label: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    missing_ranges: tuple[tuple[float, float], ...] = ()
    level: MeasurementLevel = ""
    unit: str = ""
    possible: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", MappingProxyType(dict(self.values)))
        self._check()

    def _check(self) -> None:
        ranges = [*self.missing_ranges, *([self.possible] if self.possible is not None else [])]
        wrong = [r for r in ranges if any(map(math.isnan, r)) or r[0] > r[1]]
        if wrong or self.level not in LEVELS:
            found = (
                f"The range {wrong[0][0]:g} to {wrong[0][1]:g} is none."
                if wrong
                else (f"The level of measurement is '{self.level}'.")
            )
            raise DataError(
                f"A codebook was to describe {self.name}.",
                found,
                "A range goes from the smaller to the larger number; a level is nominal, ordinal "
                "or scale, or left out.",
                variable=self.name,
            )

    @property
    def answers(self) -> Mapping[str, str]:
        """The labelled codes that are answers: those of "no answer" are left out."""
        return MappingProxyType({c: w for c, w in self.values.items() if not self.is_missing(c)})

    @property
    def says_nothing(self) -> bool:
        """Whether nothing but the name is known."""
        return self == Variable(name=self.name)

    def is_missing(self, code: str) -> bool:
        """Tell whether a code means "no answer"."""
        if code in self.missing:
            return True
        number = as_number(code)
        if number is None:
            return False
        known = (as_number(own) for own in self.missing)
        return any(number == own for own in known) or any(
            low <= number <= high for low, high in self.missing_ranges
        )

    def __hash__(self) -> int:
        return hash((self.name, self.label, tuple(self.values.items()), self.missing))


@dataclass(frozen=True, kw_only=True)
class Codebook:
    """What the variables of a table mean, in the order of its columns.

    Attributes
    ----------
    variables : tuple of Variable
        One for each column that something is known of.
    source : str
        The file it was read from.
    """

    variables: tuple[Variable, ...] = ()
    source: str = ""

    def __post_init__(self) -> None:
        names = [variable.name for variable in self.variables]
        twice = (
            sorted({name for name in names if names.count(name) > 1})
            if len(set(names)) < len(names)
            else []
        )
        if twice:
            raise DataError(
                "A codebook was to describe each variable once.",
                f"It describes {listed(twice)} more than once.",
                "Leave one of them.",
                variables=twice,
            )

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the variables."""
        return tuple(variable.name for variable in self.variables)

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __iter__(self) -> Iterator[Variable]:
        return iter(self.variables)

    def __len__(self) -> int:
        return len(self.variables)

    def __getitem__(self, name: str) -> Variable:
        """Return what is known of a variable.

        Raises
        ------
        DataError
            If nothing is.
        """
        for variable in self.variables:
            if variable.name == name:
                return variable
        raise DataError(
            f"The codebook was asked for {name}.",
            f"It has {listed(self.names) or 'no variable'}.",
            f"{did_you_mean(name, self.names)}Name a variable as the table spells it.",
            variable=name,
        )

    def of(self, name: str) -> Variable:
        """Return what is known of a column; of one that it does not have, only the name."""
        return self[name] if name in self else Variable(name=name)

    def save(self, path: str | Path) -> None:
        """Write the codebook as ``.toml`` or ``.csv``; a file of that name is replaced.

        Raises
        ------
        DataError
            If the suffix is another.
        MachineError
            If it cannot be written.
        """
        write_codebook(to_json(self)["variables"], Path(path))

    @property
    def table(self) -> pd.DataFrame:
        """One row a variable: label, level, value labels, codes for no answer, range."""
        import pandas as pd

        rows = [
            [v.label, v.level, _values_in_words(v), missing_in_words(v), _range(v)]
            for v in self.variables
        ]
        headings = ["label", "level", "values", "no answer", "possible"]
        index = pd.Index(self.names, name="variable", dtype="str")
        return pd.DataFrame(rows, index=index, columns=headings)

    @property
    def _title(self) -> str:
        return f"Codebook: {len(self)} variables" + (f" of {self.source}" if self.source else "")

    def __str__(self) -> str:
        """Return the codebook as text for a terminal."""
        return as_text(self._title, self.table)

    def _repr_html_(self) -> str:
        return as_html(self._title, self.table)


def as_number(code: str) -> float | None:
    """Return what number a code is, if it is one."""
    try:
        number = float(code)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def missing_in_words(variable: Variable) -> str:
    """Write the codes for no answer, with their labels: ``9 (not asked), 990 to 999``."""
    single = [
        f"{code} ({variable.values[code]})" if code in variable.values else code
        for code in variable.missing
    ]
    ranges = [_range_with_labels(variable, low, high) for low, high in variable.missing_ranges]
    return ", ".join([*single, *ranges])


def _range_with_labels(variable: Variable, low: float, high: float) -> str:
    inside = [
        label
        for code, label in variable.values.items()
        if (number := as_number(code)) is not None and low <= number <= high
    ]
    return _range_in_words(low, high) + (f" ({listed(inside)})" if inside else "")


def _range_in_words(low: float, high: float) -> str:
    if low == -math.inf or high == math.inf:
        return f"{high:g} and less" if low == -math.inf else f"{low:g} and more"
    return f"{low:g} to {high:g}"


def _values_in_words(variable: Variable) -> str:
    shown = [f"{code} {label}" for code, label in variable.answers.items()]
    more = len(shown) - _VALUES_SHOWN
    return ", ".join(shown[:_VALUES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _range(variable: Variable) -> str:
    words = "" if variable.possible is None else _range_in_words(*variable.possible)
    return f"{words} {variable.unit}".strip()


def to_json(codebook: Codebook) -> dict[str, Any]:
    """Return a codebook as plain JSON; what nobody said is left out."""
    return {
        "source": codebook.source,
        "variables": [
            {name: _plain(value) for name, value in vars(variable).items() if value}
            for variable in codebook.variables
        ],
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    # JSON has no infinity.
    return str(value) if isinstance(value, float) and math.isinf(value) else value


def from_json(saved: Mapping[str, Any]) -> Codebook:
    """Undo :func:`to_json`."""
    return Codebook(
        variables=tuple(_variable(one) for one in saved["variables"]), source=saved["source"]
    )


def _variable(saved: Mapping[str, Any]) -> Variable:
    own = dict(saved)
    own["missing"] = tuple(own.get("missing", ()))
    own["missing_ranges"] = tuple(
        (float(low), float(high)) for low, high in own.get("missing_ranges", ())
    )
    if "possible" in own:
        own["possible"] = (float(own["possible"][0]), float(own["possible"][1]))
    return Variable(**own)
