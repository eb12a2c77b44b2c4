"""The only place where variables, dimensions and groups of the container are spelt.

Everything that reads or writes ``fit.idata`` asks here for a name, so that no name is ever
taken apart again: what a name was built from is kept in coordinates.
"""

from __future__ import annotations

from collections.abc import Iterable

from bayes_alliance.errors import DataError, in_the_table, listed, shortened

CHAIN = "chain"
DRAW = "draw"
ROW = "row"
COEFFICIENT = "coefficient"
INTERCEPT = "Intercept"
MEAN_PARAMETER = "mu"

B = "b"
SIGMA = "sigma"
NU = "nu"
CUTPOINT = "cutpoint"
CUTPOINT_DIM = "cutpoint_between"

POSTERIOR = "posterior"
SAMPLE_STATS = "sample_stats"
LOG_LIKELIHOOD = "log_likelihood"
GROUP_LOG_LIKELIHOOD = "group_log_likelihood"
LOG_PRIOR = "log_prior"
POSTERIOR_PREDICTIVE = "posterior_predictive"
PRIOR = "prior"
PRIOR_PREDICTIVE = "prior_predictive"
OBSERVED = "observed_data"
CONSTANT = "constant_data"
UNCONSTRAINED = "unconstrained_posterior"
OPTIMA = "optima"
PROPOSALS = "proposals"

RESIDUAL = "residual"
THETA = "theta"
REDRAWN = "redrawn"
THETA_DIM = "theta_dim"
OPTIMUM = "optimum"
WEIGHT = "share_of_mass"
SHARE_OF_DRAWS = "share_of_draws"
CROSSINGS = "crossings"
DIVERGING = "diverging"
GIVEN_UP = "given_up"
LOG_WEIGHT = "log_weight"
PROPOSAL = "proposal"

_PREDICTED = {f"{B}_{SIGMA}", f"{B}_{NU}"}
_RESERVED = frozenset(
    {CHAIN, DRAW, ROW, COEFFICIENT, B, SIGMA, NU, CUTPOINT, CUTPOINT_DIM, RESIDUAL}
    | {f"working_{name}" for name in (B, CUTPOINT, *_PREDICTED)}
    | {f"{name}_{COEFFICIENT}" for name in (SIGMA, NU)}
    | _PREDICTED
)

# What parts folders, here or on another system, and what ends a name.
_NEVER = {
    "/": "A slash parts groups from variables in the container of the results.",
    "\\": "A backslash parts folders, and results are saved by their names.",
    "\x00": "It holds a sign that is none, which no file can have in its name.",
}
_LONGEST = 200


def b(parameter: str) -> str:
    """Variable with the population coefficients of the location, or of another parameter."""
    return B if parameter == MEAN_PARAMETER else f"{B}_{parameter}"


def coefficient(parameter: str) -> str:
    """Dimension over those coefficients."""
    return COEFFICIENT if parameter == MEAN_PARAMETER else f"{parameter}_{COEFFICIENT}"


def effect_label(parameter: str, coefficient: str) -> str:
    """Label of a group effect: that of the coefficient it varies, before it its parameter."""
    return coefficient if parameter == MEAN_PARAMETER else f"{parameter}_{coefficient}"


def sd(group: str) -> str:
    """Variable with the standard deviations of a group's effects."""
    return f"sd_{group}"


def working(variable: str) -> str:
    """Variable of a joint model on the scale its prior stands on; never in the container."""
    return f"working_{variable}"


def cor(group: str) -> str:
    """Variable with the correlations between a group's effects."""
    return f"cor_{group}"


def u(group: str) -> str:
    """Variable with the group effects themselves."""
    return f"u_{group}"


def effect(group: str) -> str:
    """Dimension over the effects (intercept, slopes) of a group."""
    return f"{group}_effect"


def effect_outcome(group: str) -> str:
    """Coordinate along the effects: the outcome each effect belongs to."""
    return f"{group}_effect_outcome"


def effect_parameter(group: str) -> str:
    """Coordinate along the effects: the distributional parameter each effect belongs to."""
    return f"{group}_effect_parameter"


def effect_coefficient(group: str) -> str:
    """Coordinate along the effects: the coefficient each effect varies."""
    return f"{group}_effect_coefficient"


def pair(group: str) -> str:
    """Dimension over the pairs of effects of a group."""
    return f"{group}_pair"


def pair_first(group: str) -> str:
    """Coordinate along the pairs: the first effect."""
    return f"{group}_pair_first"


def pair_second(group: str) -> str:
    """Coordinate along the pairs: the second effect."""
    return f"{group}_pair_second"


def pair_label(first: str, second: str) -> str:
    """Label of one pair of effects, for people to read."""
    return f"{first} ~ {second}"


def combined(parts: Iterable[str]) -> str:
    """Name of a group made of several columns (``agency:case_manager``); also its labels."""
    return ":".join(parts)


def upper(group: str) -> str:
    """Coordinate along a nested group: the label of the group it lies in."""
    return f"{group}_in"


def check_not_reserved(columns: Iterable[str], groups: Iterable[str]) -> None:
    """Refuse outcome and group names that would collide with the container's own names.

    Raises
    ------
    DataError
        If a column is called like a variable or dimension of the container, or as none can be.
    """
    columns, groups = list(columns), list(groups)
    for name in [*columns, *groups]:
        _check_can_be_kept(name)
    taken = set(_RESERVED)
    for group in groups:
        own = sd(group), cor(group), u(group), effect(group), pair(group), upper(group)
        taken |= {*own, working(sd(group))}
    clash = sorted({c for c in [*columns, *groups] if c in taken})
    if clash:
        new = f"{clash[0]}_column"
        raise DataError(
            f"The model needs a column called {listed(clash)}.",
            "The results use that name for one of their own variables or dimensions.",
            in_the_table(
                f"Rename it, for example with data.rename(columns={{{clash[0]!r}: {new!r}}}).",
                f"Rename it, for example to {new},",
            ),
            columns=clash,
        )


def _check_can_be_kept(name: str) -> None:
    """Refuse a name that no variable can have where results are saved: it becomes a folder's."""
    held = [said for sign, said in _NEVER.items() if sign in name]
    long = len(name.encode(errors="replace")) > _LONGEST
    if not held and not long and name.strip("."):
        return
    found = held[0] if held else "A name of dots only is that of a folder."
    new = name.translate(dict.fromkeys(map(ord, _NEVER), "_")).strip(".") or "renamed"
    if long:
        found = f"It is longer than the {_LONGEST} bytes there are for one in a saved fit."
        new = f"{new[:20]}_short"
    raise DataError(
        f"The outcome and the groups give the results their names; one is {shortened(name, 80)}.",
        found,
        in_the_table(
            "Rename it, for example with "
            f"data.rename(columns={{{shortened(name, 80)!r}: {new!r}}}).",
            f"Rename it, for example to {new},",
        ),
        columns=[name],
    )
