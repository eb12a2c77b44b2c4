"""The left side of a formula: the outcome column and what is known about its rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bayes_alliance.errors import in_the_table
from bayes_alliance.model.tokens import Token, point_at

WeightKind = Literal["frequency", "precision", "known_error"]
_WEIGHT_KINDS: tuple[WeightKind, ...] = ("frequency", "precision")


@dataclass(frozen=True, kw_only=True)
class Response:
    """The outcome and its annotations.

    Parameters
    ----------
    outcome
        Column with the outcome.
    weights
        Column with one positive number a row, or None.
    weight_kind
        ``"frequency"``: the row's log likelihood counts that many times, as in brms;
        ``"precision"``: its residual variance is divided by the weight, as in lme4;
        ``"known_error"``: the column holds the row's standard error, and there is no sigma.
    """

    outcome: str
    weights: str | None = None
    weight_kind: WeightKind = "frequency"

    @property
    def repeats(self) -> str | None:
        """Column that says how many clients each row stands for, or None."""
        return self.weights if self.weight_kind == "frequency" else None


def parse_response(text: str, tokens: tuple[Token, ...]) -> Response:
    """Read ``y``, ``y | weights(w)``, ``y | weights(w, precision)`` or ``y | se(s)``.

    Raises
    ------
    ModelError
        If the left side is anything else; it says what may stand there.
    """
    if not tokens:
        raise point_at(text, 0, "No outcome stands left of the '~'.", "Write its column there.")
    first = tokens[0]
    if first.kind not in ("name", "quoted") or (len(tokens) > 1 and tokens[1].text != "|"):
        raise point_at(
            text,
            first.start,
            "Left of the '~' stands one column of the table.",
            in_the_table(
                "If the outcome is transformed, make it a column first, for example with "
                f"{_made_first(tokens)}.",
                "If the outcome is transformed, make it a column",
            ),
        )
    outcome = first.text.strip("`")
    if len(tokens) == 1:
        return Response(outcome=outcome)
    column, kind = _annotation(text, tokens[2:], tokens[1])
    return Response(outcome=outcome, weights=column, weight_kind=kind)


def _made_first(tokens: tuple[Token, ...]) -> str:
    """Write the code that makes ``log(y)`` a column, with what the formula has if it is that."""
    match [token.text for token in tokens]:
        case ["log" | "log1p" | "log2" | "log10" | "sqrt" | "exp" as function, "(", column, ")"]:
            name = column.strip("`")
        case _:
            function, name = "log", "alliance"
    new = f"{function}_{name}"
    return f"import numpy; data = data.assign(**{{{new!r}: numpy.{function}(data[{name!r}])}})"


def _annotation(text: str, tokens: tuple[Token, ...], bar: Token) -> tuple[str, WeightKind]:
    """Read what stands behind the outcome's bar: a column and what it is."""
    match [token.text for token in tokens]:
        case ["weights", "(", column, ")"]:
            return column.strip("`"), "frequency"
        case ["weights", "(", column, ",", kind, ")"]:
            known = next((k for k in _WEIGHT_KINDS if k == kind.strip("\"'")), None)
            if known is None:
                raise point_at(
                    text,
                    tokens[4].start,
                    f"Weights cannot be of the kind {kind!r}.",
                    "They are frequency (the row counts that often) or precision (its variance "
                    "is divided by the weight).",
                )
            return column.strip("`"), known
        case ["se", "(", column, ")"]:
            return column.strip("`"), "known_error"
    raise point_at(
        text,
        tokens[0].start if tokens else bar.start,
        "Behind the outcome's bar this version reads weights(column) or se(column).",
        "Write alliance | weights(w), alliance | weights(w, precision) or effect | se(error).",
    )
