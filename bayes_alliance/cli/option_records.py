"""Options that belong together, written once as a record and shared by several commands."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, get_type_hints


def spread_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Return the command with each record among its parameters replaced by the record's fields.

    Typer knows parameters only, so that a record shared by two commands would otherwise be
    written out twice.
    """
    hints = get_type_hints(command, include_extras=True)
    parameters: list[inspect.Parameter] = []
    records: dict[str, Any] = {}
    for name, parameter in inspect.signature(command).parameters.items():
        if is_dataclass(hints[name]):
            records[name] = hints[name]
            parameters += _field_parameters(hints[name])
        else:
            parameters.append(
                parameter.replace(annotation=hints[name], kind=inspect.Parameter.KEYWORD_ONLY)
            )

    def run(**options: Any) -> Any:
        made = {
            name: record(**{field.name: options.pop(field.name) for field in fields(record)})
            for name, record in records.items()
        }
        return command(**options, **made)

    functools.update_wrapper(run, command)
    del run.__wrapped__  # type: ignore[attr-defined]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in parameters}
    return run


def _field_parameters(record: Any) -> list[inspect.Parameter]:
    hints = get_type_hints(record, include_extras=True)
    return [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            annotation=hints[field.name],
            default=inspect.Parameter.empty if field.default is MISSING else field.default,
        )
        for field in fields(record)
    ]


def split_pair(text: str, option: str, example: str) -> tuple[str, str]:
    """Split ``name=value`` at its first equals sign.

    Raises
    ------
    typer.BadParameter
        If there is none, or nothing stands on one side of it.
    """
    import typer

    name, sign, value = (part.strip() for part in text.partition("="))
    if not (sign and name and value):
        raise typer.BadParameter(f"'{text}' is not of the form {example}.", param_hint=option)
    return name, value
