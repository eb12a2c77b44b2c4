"""All priors of a model: the defaults, the user's own in their place, shown as a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bayes_alliance import names
from bayes_alliance.display import as_html, as_text
from bayes_alliance.errors import ModelError, did_you_mean, listed
from bayes_alliance.model.default_priors import Element
from bayes_alliance.model.prior import Prior, parse_prior

if TYPE_CHECKING:
    import pandas as pd

_CORRELATION = "correlation"


@dataclass(frozen=True, kw_only=True)
class PriorEntry:
    """The prior of one element of one parameter.

    Parameters
    ----------
    variable, element
        Container variable and the element's label (None for a single number).
    prior
        The prior.
    chosen
        True if the user gave it, False if it is the default scaled to the data.
    """

    variable: str
    element: str | None
    prior: Prior
    chosen: bool

    @property
    def key(self) -> str:
        """The key under which the user can set this very prior."""
        return _key(self.variable, self.element)


@dataclass(frozen=True, kw_only=True)
class PriorTable:
    """Every prior of a model, in the container's order."""

    entries: tuple[PriorEntry, ...]

    def of(self, variable: str) -> tuple[Prior, ...]:
        """Return the priors of one variable, in the order of its elements."""
        return tuple(e.prior for e in self.entries if e.variable == variable)

    @property
    def variables(self) -> tuple[str, ...]:
        """Every top-level parameter that has a prior."""
        return tuple(dict.fromkeys(e.variable for e in self.entries))

    @property
    def strings(self) -> dict[str, str]:
        """Every prior as one string by its key: ``Model(..., priors=table.strings)`` freezes them.

        Numbers are written with all their digits.
        """
        return {entry.key: entry.prior.written for entry in self.entries}

    @property
    def table(self) -> pd.DataFrame:
        """One row a prior: parameter, prior, in words, and where it comes from."""
        import pandas as pd

        return pd.DataFrame(
            {
                "prior": [str(e.prior) for e in self.entries],
                "in words": [e.prior.in_words() for e in self.entries],
                "from": [
                    "you" if e.chosen else "default, scaled to the data" for e in self.entries
                ],
            },
            index=pd.Index([e.key for e in self.entries], name="parameter"),
        )

    def __str__(self) -> str:
        return as_text("Priors", self.table)

    def _repr_html_(self) -> str:
        return as_html("Priors", self.table)


def build_priors(defaults: Mapping[Element, Prior], chosen: Mapping[str, str] | None) -> PriorTable:
    """Put the user's priors in the place of the defaults.

    Parameters
    ----------
    defaults
        From :func:`default_priors`.
    chosen
        One string a key. A key without brackets is for all of that kind, the more specific wins,
        and ``b`` leaves ``b[Intercept]`` out.

    Raises
    ------
    ModelError
        For a key the model does not have, a string that is no prior, or a prior whose support
        does not fit the parameter.
    """
    chosen = dict(chosen or {})
    elements = list(defaults)
    _check_keys(chosen, elements)
    parsed = {key: parse_prior(text, key=key) for key, text in chosen.items()}
    entries = []
    for variable, element in elements:
        own = parsed.get(_key(variable, element))
        if own is None and (variable, element) != (names.B, names.INTERCEPT):
            own = parsed.get(variable)
        prior = defaults[variable, element] if own is None else own
        entry = PriorEntry(variable=variable, element=element, prior=prior, chosen=own is not None)
        _check_support(entry, defaults[variable, element])
        entries.append(entry)
    _check_thresholds(entries)
    return PriorTable(entries=tuple(entries))


def _check_thresholds(entries: list[PriorEntry]) -> None:
    """Thresholds are kept in order as one vector, so they share a distribution."""
    kinds = {e.prior.distribution for e in entries if e.variable == names.CUTPOINT}
    if len(kinds) > 1:
        raise ModelError(
            "The thresholds were given their priors.",
            f"They have different distributions: {listed(sorted(kinds))}.",
            f"Give all of them the same one, under the key {names.CUTPOINT!r}; their arguments may "
            "differ.",
            distributions=sorted(kinds),
        )


def _key(variable: str, element: str | None) -> str:
    return variable if element is None else f"{variable}[{element}]"


def _check_keys(chosen: Iterable[str], elements: list[Element]) -> None:
    valid = list(dict.fromkeys([v for v, _ in elements] + [_key(v, e) for v, e in elements]))
    for key in chosen:
        if key not in valid:
            raise ModelError(
                f"A prior was given for {key!r}.",
                f"The model has no such parameter. {did_you_mean(key, valid)}".rstrip(),
                f"The keys are {listed(valid, shown=30)}.",
                key=key,
                valid=valid,
            )


def _check_support(entry: PriorEntry, default: Prior) -> None:
    """Hold a prior's support against what its parameter can be."""
    needed, found = default.kind.support, entry.prior.kind.support
    positive = found == "positive" or (found == "interval" and entry.prior.arguments[0] >= 0)
    fits: dict[Any, bool] = {
        _CORRELATION: found == _CORRELATION,
        "positive": positive,
        "real": found != _CORRELATION,
    }
    if not fits[needed]:
        remedy = {
            _CORRELATION: "Correlations take LKJ(eta), for example LKJ(2).",
            "positive": "It must be positive: HalfNormal, HalfStudentT, HalfCauchy, Exponential, "
            "Gamma, InverseGamma, LogNormal or Weibull.",
            "real": "Take a distribution of a number, for example Normal(0, 5).",
        }[needed]
        raise ModelError(
            f"The prior of {entry.key} was given as {entry.prior}.",
            f"{entry.prior.distribution} does not fit that parameter.",
            remedy,
            key=entry.key,
        )
