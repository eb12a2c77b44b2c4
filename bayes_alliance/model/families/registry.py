"""Every family by its name: a new one is added here, and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from bayes_alliance.errors import Advice, ModelError, Words, did_you_mean, listed
from bayes_alliance.model.families.bernoulli import Bernoulli
from bayes_alliance.model.families.cumulative import Cumulative
from bayes_alliance.model.families.family import Family
from bayes_alliance.model.families.gaussian import Gaussian
from bayes_alliance.model.families.poisson import Poisson
from bayes_alliance.model.families.student import Student

_KINDS: tuple[type[Family], ...] = (Gaussian, Student, Bernoulli, Cumulative, Poisson)
#: Each with its default link.
FAMILIES: Mapping[str, Family] = {kind.name: kind(link=kind.links[0]) for kind in _KINDS}

_CALL = re.compile(r"\s*([\w.]+)\s*\(\s*(?:link\s*=\s*)?[\"']?(\w*)[\"']?\s*\)\s*")
_WITHOUT_FAMILY = ("gamma", "beta", "lognormal", "weibull", "exponential", "betabinomial")
# Counts that vary more than Poisson ones, as other programs call them.
_VARYING_COUNTS = (
    *("negbinomial", "negativebinomial", "nbinom", "nbinom1", "nbinom2", "nb", "nb1", "nb2"),
    *("menbreg", "nbreg", "quasipoisson", "geometric", "zip", "zinb", "zeroinflatedpoisson"),
    *("zeroinflatednegbinomial", "hurdlepoisson", "hurdlenegbinomial", "truncatedpoisson"),
)


def find_family(name: str, link: str | None, *, known_error: bool = False) -> Family:
    """Return the family with the link to use; with known standard errors it has no sigma.

    Raises
    ------
    ModelError
        For a name or link that is not there; it lists the ones that are.
    """
    if name not in FAMILIES:
        hint = _same_family(name)
        raise ModelError(
            f"The family {name!r} was asked for.",
            "There is no such family.",
            *([hint] if hint else []),
            f"The families are {listed(FAMILIES)}.",
            family=name,
        )
    family = FAMILIES[name]
    links = {own.name: own for own in family.links}
    chosen = family.link.name if link is None else link
    if chosen not in links:
        raise ModelError(
            f"The link {link!r} was asked for with the family {name}.",
            f"{name} has no such link.",
            f"It has {listed(links)}.",
            link=link,
        )
    found = replace(family, link=links[chosen])
    return found.with_known_error() if known_error else found


def _same_family(name: str) -> Words:
    """Return what to write for a family of another program, ``binomial`` or ``bernoulli(logit)``.

    It may be a family spelt like it, or empty.
    """
    called = _CALL.fullmatch(name)
    bare, link = (called[1], called[2] or None) if called else (name, None)
    plain = re.sub(r"[\W_]", "", bare.lower())
    if plain in _WITHOUT_FAMILY:
        return (
            "Shares, times and counts out of a known number have no family of their own in this "
            "version."
        )
    if plain in _VARYING_COUNTS:
        rows = (
            "with a column obs that numbers the rows and a term (1 | obs): each row has an effect "
            "of its own, so that counts vary more than their mean."
        )
        return Advice(
            python=f'Write family="poisson", {rows}', command_line=f"Write --family poisson, {rows}"
        )
    named = {
        name: (one, link) for one in FAMILIES.values() for name, link in one.other_names.items()
    }
    found, own_link = named.get(plain, (FAMILIES.get(bare.lower()), None))
    if found is None:
        return did_you_mean(name, FAMILIES).rstrip()
    link = link or own_link
    usual = link in (None, found.link.name) or link not in {own.name for own in found.links}
    of = f", {found.purpose}" if found.purpose else ""
    python = f'Write family="{found.name}"' + ("" if usual else f', link="{link}"')
    other = "" if usual else f" (its {link} link is to be had in Python only)"
    return Advice(python=f"{python}{of}.", command_line=f"Write --family {found.name}{of}{other}.")
