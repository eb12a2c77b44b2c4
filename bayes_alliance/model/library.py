"""The model library: one TOML file a model, with the question it answers.

The user's own column names take the place of a model's words in its formula.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from keyword import iskeyword
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bayes_alliance.display import as_html, as_text
from bayes_alliance.errors import Advice, DataError, ModelError, did_you_mean, listed
from bayes_alliance.model.record import Question
from bayes_alliance.model.spec import Model
from bayes_alliance.model.tokens import tokenize

if TYPE_CHECKING:
    import pandas as pd

_INSTALLED = Path(__file__).parents[1] / "library"
_CHECKOUT = Path(__file__).parents[2] / "models"


@dataclass(frozen=True, kw_only=True)
class LibraryModel:
    """One model of the library, as its file has it.

    Parameters
    ----------
    name, question, formula, family, reference
        What the file says.
    columns
        The words of the formula that stand for columns, and what each means.
    priors
        Priors that differ from the defaults, in the words of the formula.
    """

    name: str
    question: str
    formula: str | tuple[str, ...]
    family: str
    reference: str
    columns: Mapping[str, str]
    priors: Mapping[str, str]

    @property
    def formula_text(self) -> str:
        """The formula, or all of them, one behind the other."""
        return self.formula if isinstance(self.formula, str) else "; ".join(self.formula)


@dataclass(frozen=True, kw_only=True)
class ModelList:
    """The models of the library."""

    models: tuple[LibraryModel, ...]

    @property
    def table(self) -> pd.DataFrame:
        """One row a model: question, formula, family."""
        import pandas as pd

        return pd.DataFrame(
            {
                "question": [m.question for m in self.models],
                "formula": [m.formula_text for m in self.models],
                "family": [m.family for m in self.models],
            },
            index=pd.Index([m.name for m in self.models], name="model"),
        )

    def __str__(self) -> str:
        return as_text("Models", self.table)

    def _repr_html_(self) -> str:
        return as_html("Models", self.table)


def list_models() -> ModelList:
    """Return the models of the library with the question each answers.

    Returns
    -------
    ModelList
        A record with one row a model.

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> list(ba.list_models().table.index)
    ['null', 'stigma', 'stigma_slopes', 'within_between']
    """
    folder = _INSTALLED if _INSTALLED.is_dir() else _CHECKOUT
    return ModelList(models=tuple(_read(path) for path in sorted(folder.glob("*.toml"))))


def load_model(
    name: str,
    *,
    data: pd.DataFrame,
    columns: Mapping[str, str] | None = None,
    priors: Mapping[str, str] | None = None,
    family: str | None = None,
    centred: bool | None = None,
) -> Model:
    """Take a model from the library and put your own columns in.

    Parameters
    ----------
    name : str
        One of :func:`list_models`.
    data : pandas.DataFrame
        Your table.
    columns : Mapping[str, str], optional
        From the model's words to your columns, for example ``{"alliance": "wai_total"}``. Words
        left out are columns of that very name. Group names follow.
    priors : Mapping[str, str], optional
        As in :class:`Model`, in the words of your columns; they win over the library's.
    family : str, optional
        Another family than the library's.
    centred : bool, optional
        As in :class:`Model`.

    Returns
    -------
    Model
        The model on your table, with its question.

    Raises
    ------
    ModelError
        For an unknown model or word.
    DataError
        If a column is not in the table.

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> clients = ba.load_example("simulated_study")
    >>> ba.load_model("null", data=clients).formula.text
    'alliance ~ 1 + (1 | case_manager)'
    """
    entry = _find(name, list_models().models)
    mapping = dict(columns or {})
    unknown = [word for word in mapping if word not in entry.columns]
    if unknown:
        raise ModelError(
            f"Columns were given for {listed(unknown)}.",
            f"The model {name} has no such word. {did_you_mean(unknown[0], entry.columns)}"
            f"Its words are {listed(entry.columns)}.",
            Advice(
                python="Write, for example, columns={'alliance': 'wai_total'}.",
                command_line="Write, for example, --column alliance=wai_total.",
            ),
            unknown=unknown,
        )
    _check_columns(entry, mapping, data)
    question = Question(name=entry.name, text=entry.question, reference=entry.reference)
    return Model(
        renamed_formula(entry.formula, mapping)
        if isinstance(entry.formula, str)
        else [renamed_formula(line, mapping) for line in entry.formula],
        data,
        family or entry.family,
        {**entry.priors, **(priors or {})},
        centred=centred,
        question=question,
    )


def _check_columns(entry: LibraryModel, mapping: Mapping[str, str], data: pd.DataFrame) -> None:
    for word, meaning in entry.columns.items():
        column = mapping.get(word, word)
        if column not in data.columns:
            raise DataError(
                f"The model {entry.name} needs a column for '{word}': {meaning}.",
                f"The table has no column {column}. {did_you_mean(column, data.columns)}"
                f"It has {listed(data.columns)}.",
                Advice(
                    python=f"Say which column it is: columns={{'{word}': 'your_column'}}.",
                    command_line=f"Say which column it is: --column {word}=your_column.",
                ),
                missing=[column],
            )


def _find(name: str, models: Iterable[LibraryModel]) -> LibraryModel:
    by_name = {model.name: model for model in models}
    if name not in by_name:
        raise ModelError(
            f"The model {name!r} was asked for.",
            f"The library has no such model. {did_you_mean(name, by_name)}".rstrip(),
            f"It has {listed(by_name)}.",
            name=name,
        )
    return by_name[name]


def _lines(formula: str | list[str]) -> str | tuple[str, ...]:
    """Return one formula, or those of several parameters."""
    return formula if isinstance(formula, str) else tuple(formula)


def _read(path: Path) -> LibraryModel:
    """Read a file that the package brings along; none that a user names, so it has no bound."""
    content: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    return LibraryModel(
        name=path.stem,
        question=content["question"],
        formula=_lines(content["formula"]),
        family=content["family"],
        reference=content["reference"],
        columns=content["columns"],
        priors=content.get("priors", {}),
    )


def renamed_formula(formula: str, columns: Mapping[str, str]) -> str:
    """Put columns in the place of words; names that need it get backquotes.

    Parameters
    ----------
    formula
        A formula in a model's own words.
    columns
        From word to column; words that are not in it stay.
    """
    pieces: list[str] = []
    place = 0
    tokens = tokenize(formula)
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        call = following is not None and following.text == "("
        if token.kind == "name" and token.text in columns and not call:
            pieces += [formula[place : token.start], _written(columns[token.text])]
            place = token.end
    return "".join([*pieces, formula[place:]])


def _written(column: str) -> str:
    plain = column.isidentifier() and column[0].isalpha() and not iskeyword(column)
    return column if plain else f"`{column}`"
