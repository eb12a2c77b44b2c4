"""Where an answer depends on the zero of a predictor though no row is near it.

A design is closed under a shift if its columns at ``x + s`` are combinations of those at ``x``:
then the zero of ``x`` is only a way of writing. ``0 + x``, ``x:z`` without ``x`` and ``z``, and
uncorrelated effects are not closed. Where zero is far from the rows this is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.data.report import Note
from bayes_alliance.errors import DataError, listed
from bayes_alliance.model.column_order import ColumnOrder
from bayes_alliance.model.design import Design, NewDesign, rebuild_design
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.model.prior import AT_THE_MEANS
from bayes_alliance.model.prior_table import PriorEntry, PriorTable

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
# A zero that is fewer sds away is near: the sds and slopes there say what they say at the rows.
FAR = 2.0
# Whether columns are closed does not depend on how many rows show it.
_ROWS = 1000
_ROUNDING = 1e-9
# Weights of columns that are nearly combinations of each other lose more digits than that.
_GAIN = 1e-6
_EVERY = ""


@dataclass(frozen=True, kw_only=True)
class FarZero:
    """Something that hangs on a far zero.

    Parameters
    ----------
    code
        A stable name, for programs.
    column
        Whose zero it is.
    distance
        From there to the rows' mean, in their standard deviations.
    message, remedy
        What hangs on it, and what to do.
    """

    code: str
    column: str
    distance: float
    message: str
    remedy: str


@dataclass(frozen=True, kw_only=True)
class _Shifted:
    """One numeric predictor at the rows, a little further, and the same in every row.

    The designs of ``constant`` have it at its mean, and one sd above and below it.
    """

    name: str
    low: float
    high: float
    mean: float
    sd: float
    here: NewDesign
    further: NewDesign
    constant: tuple[NewDesign, NewDesign, NewDesign]

    @property
    def words(self) -> str:
        return f"where {self.name} is 0, far from the rows ({self.low:.6g} to {self.high:.6g})"

    def found(self, code: str, message: str, remedy: str) -> FarZero:
        return FarZero(
            code=code,
            column=self.name,
            distance=abs(self.mean) / self.sd,
            message=message,
            remedy=f"{remedy}, or use center({self.name}).",
        )


@dataclass(frozen=True, kw_only=True)
class _Columns:
    """Places of columns with a far zero of one predictor, and of those that it decides."""

    far: list[int]
    tied: list[int]


def zero_notes(found: list[FarZero]) -> list[Note]:
    """Return what was found as notes on the data."""
    return [
        Note(
            level="caution",
            code=own.code,
            message=own.message,
            columns=(own.column,),
            remedy=own.remedy,
            value=own.distance,
            threshold=FAR,
        )
        for own in found
    ]


def find_far_zeros(
    design: Design,
    rows: pd.DataFrame,
    priors: PriorTable,
    *,
    repeats: Floats | None = None,
    constant_beside: bool,
) -> list[FarZero]:
    """Find what depends on a zero that is far from the rows.

    Parameters
    ----------
    design
        The model's design.
    rows
        The rows that the model uses.
    priors
        Where they stand.
    repeats
        How often each row counts, or None.
    constant_beside
        The model has a constant that is no column: thresholds.
    """
    found: list[FarZero] = []
    few = rows.iloc[:: -(-len(rows) // _ROWS)]
    for name in _numbers(design, rows):
        shifted = _shifted(design, few, rows[name], repeats)
        if shifted is None:
            continue
        found += _in_population(design, shifted, constant_beside=constant_beside)
        found += _coefficients_at_zero(design, shifted, priors, constant_beside=constant_beside)
        for group in design.groups:
            found += _in_group(group, shifted, priors)
    return found


def _numbers(design: Design, rows: pd.DataFrame) -> list[str]:
    """Return the numeric columns that stand as they are, or as a power, in some term."""
    orders = [*design.orders, *(order for group in design.groups for order in group.orders)]
    found = dict.fromkeys(name for order in orders for name in order.powers)
    kinds = {name: rows[name].dtype.kind for name in found if name in rows.columns}
    return [name for name, kind in kinds.items() if kind in "iuf"]


def _shifted(
    design: Design, few: pd.DataFrame, column: pd.Series[Any], repeats: Floats | None
) -> _Shifted | None:
    """Make the design with the predictor moved; None where a function of it does not allow it."""
    name, values = str(column.name), column.to_numpy(dtype=float)
    mean = float(np.average(values, weights=repeats))
    sd = float(np.sqrt(np.average((values - mean) ** 2, weights=repeats)))
    if sd == 0.0 or abs(mean) < sd:
        return None
    here = few[name].to_numpy(dtype=float)

    def at(new: Floats | float) -> NewDesign:
        return rebuild_design(design, few.assign(**{name: new}))

    try:
        return _Shifted(
            name=name,
            low=float(values.min()),
            high=float(values.max()),
            mean=mean,
            sd=sd,
            here=at(here),
            further=at(here + sd),
            constant=(at(mean), at(mean + sd), at(mean - sd)),
        )
    except DataError:
        return None


def _columns(
    shifted: _Shifted,
    matrix_of: Callable[[NewDesign], Floats],
    orders: Sequence[ColumnOrder],
    places: Sequence[int],
    *,
    constant_beside: bool = False,
) -> _Columns:
    """Look at some columns of a matrix of the design, with one predictor moved."""
    powers = {k: orders[k].powers[shifted.name] for k in places if shifted.name in orders[k].powers}
    at_constant = [matrix_of(design) for design in shifted.constant]
    here, further = matrix_of(shifted.here), matrix_of(shifted.further)
    whole = here[:, list(places)]
    if constant_beside:
        whole = np.column_stack([np.ones(len(whole)), whole])
    far = [k for k in powers if _is_far(shifted, [m[:, k] for m in at_constant], powers[k])]
    closed = _in_span(whole, further[:, far])
    return _Columns(far=far, tied=[k for k, own in zip(far, closed, strict=True) if not own])


def _is_far(shifted: _Shifted, columns: list[Floats], power: int) -> bool:
    """Tell whether ``(x - zero)**power`` has its zero far from the rows, from three values of x.

    Its length grows with the distance to the zero: by half or less over one sd if that is far.
    """
    centre, above, below = (float(np.sqrt((c**2).sum())) ** (1.0 / power) for c in columns)
    if centre == 0.0 or max(abs(above - centre), abs(below - centre)) * FAR > centre:
        return False
    if above == below:
        return False
    zero = shifted.mean - shifted.sd * centre / (above - centre)
    return not shifted.low <= zero <= shifted.high


def _in_span(matrix: Floats, columns: Floats) -> NDArray[np.bool_]:
    """Tell which columns are combinations of those of the matrix, up to rounding."""
    lengths = np.sqrt((matrix**2).sum(axis=0))
    scaled = matrix / np.where(lengths > 0.0, lengths, 1.0)
    rest = columns - scaled @ np.linalg.lstsq(scaled, columns, rcond=1e-14)[0]
    varying = np.sqrt(((columns - columns.mean(axis=0)) ** 2).sum(axis=0))
    return np.asarray(np.sqrt((rest**2).sum(axis=0)) <= _ROUNDING * varying)


def _in_population(
    design: Design, shifted: _Shifted, *, constant_beside: bool
) -> Iterator[FarZero]:
    every = range(len(design.coefficients))
    found = _columns(
        shifted, lambda new: new.X, design.orders, every, constant_beside=constant_beside
    )
    if not found.tied:
        return
    terms = listed(design.coefficients[k] for k in found.tied)
    one = len(found.tied) == 1
    message = (
        f"The model is tied to the point {shifted.words}: {terms} {'stands' if one else 'stand'} "
        f"without the simpler terms that belong to {'it' if one else 'them'}, so another zero "
        "would give another answer."
    )
    remedy = (
        "Add these (the constant, the predictors of a product, the first power beside a square)"
    )
    yield shifted.found("zero_decides", message, remedy)


def _coefficients_at_zero(
    design: Design, shifted: _Shifted, priors: PriorTable, *, constant_beside: bool
) -> Iterator[FarZero]:
    """Find the user's own priors of coefficients, as written, that are about a far zero."""
    every = range(len(design.coefficients))
    whole = _columns(
        shifted, lambda new: new.X, design.orders, every, constant_beside=constant_beside
    )
    here, further = shifted.here.X, shifted.further.X
    labels: list[tuple[str, str | None]] = [(names.B, label) for label in design.coefficients]
    if constant_beside:
        here = np.column_stack([np.ones(len(here)), here])
        labels.insert(0, (names.CUTPOINT, _EVERY))
    moved = [k for k in whole.far if k not in whole.tied]
    # What the others gain when the zero moves: their coefficients are then about another place.
    gains = _in_terms_of(here, further[:, moved])
    for own, k in enumerate(moved):
        gains[k + constant_beside, own] = 0.0
    about = {labels[k] for k in np.flatnonzero((np.abs(gains) > _GAIN).any(axis=1))}
    chosen = [
        entry
        for entry in priors.entries
        if entry.chosen and not entry.at_means
        if {(entry.variable, entry.element), (entry.variable, _EVERY)} & about
    ]
    if chosen:
        keys, one = listed(entry.key for entry in chosen), len(chosen) == 1
        message = (
            f"Your {'prior' if one else 'priors'} for {keys} {'is' if one else 'are'} taken as "
            f"written: {'it is' if one else 'they are'} about the point {shifted.words}."
        )
        yield shifted.found("prior_at_zero", message, _at_the_means(chosen))


def _in_terms_of(matrix: Floats, columns: Floats) -> Floats:
    """Return the weights of a matrix' columns that make others, all at their lengths."""
    lengths = np.sqrt((matrix**2).sum(axis=0))
    scaled = matrix / np.where(lengths > 0.0, lengths, 1.0)
    own = np.sqrt((columns**2).sum(axis=0))
    wanted = columns / np.where(own > 0.0, own, 1.0)
    return np.asarray(np.linalg.lstsq(scaled, wanted, rcond=1e-14)[0])


def _in_group(group: GroupDesign, shifted: _Shifted, priors: PriorTable) -> Iterator[FarZero]:
    def matrix_of(design: NewDesign) -> Floats:
        return design.Z[group.name]

    whole = _columns(shifted, matrix_of, group.orders, range(len(group.effects)))
    if not whole.far:
        return
    if whole.tied:
        yield _alike_at_zero(group, shifted, [group.effects[k] for k in whole.tied])
        return
    blocks = [_columns(shifted, matrix_of, group.orders, block) for block in group.blocks]
    tied = [group.effects[k] for own in blocks for k in own.tied]
    if tied:
        yield _uncorrelated_at_zero(group, shifted, tied)
        return
    for block in group.blocks:
        chosen = _chosen(group, block, priors)
        if chosen and len(block) > 1 and set(block) & set(whole.far):
            yield _written_at_zero(group, shifted, chosen)
            return


def _alike_at_zero(group: GroupDesign, shifted: _Shifted, effects: list[str]) -> FarZero:
    one = len(effects) == 1
    message = (
        f"{listed(effects)} {'varies' if one else 'vary'} between the groups of {group.name} "
        f"without the simpler terms that belong to {'it' if one else 'them'}: the groups are taken "
        f"to be alike {shifted.words}."
    )
    remedy = f"Let these vary too, as in (1 + {shifted.name} | {group.name})"
    return shifted.found("groups_alike_at_zero", message, remedy)


def _uncorrelated_at_zero(group: GroupDesign, shifted: _Shifted, effects: list[str]) -> FarZero:
    message = (
        f"The effect of {listed(effects)} is taken to be uncorrelated with the other effects of "
        f"{group.name} {shifted.words}. At the rows they are then strongly correlated, whatever "
        "the data say."
    )
    return shifted.found("uncorrelated_at_zero", message, "Put them into one term with |")


def _written_at_zero(group: GroupDesign, shifted: _Shifted, chosen: list[PriorEntry]) -> FarZero:
    message = (
        f"Your prior for {listed(entry.key for entry in chosen)} is taken as written, and so are "
        f"those of the effects of {group.name} that belong together: they are about the groups "
        f"{shifted.words}."
    )
    return shifted.found("prior_at_zero", message, _at_the_means(chosen))


def _at_the_means(chosen: list[PriorEntry]) -> str:
    """Say what to write; at the means a coefficient takes a normal prior only."""
    priors = [
        "Normal(location, sd)"
        if entry.variable == names.B and entry.prior.distribution != "Normal"
        else str(entry.prior)
        for entry in chosen
    ]
    return "Write " + " and ".join(f'"{prior} {AT_THE_MEANS}"' for prior in priors)


def _chosen(group: GroupDesign, block: Sequence[int], priors: PriorTable) -> list[PriorEntry]:
    """Return the user's own priors of a block's sds and correlations that stand as written."""
    effects = {group.effects[k] for k in block}
    return [
        entry
        for entry in priors.entries
        if entry.chosen and not entry.at_means
        if (entry.variable == names.sd(group.name) and entry.element in effects)
        or entry.variable == names.cor(group.name)
    ]
