"""What each group, left out, would do to the results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bayes_alliance.checks.group_shifts import (
    CLEAR_ERRORS,
    NOTICEABLE,
    Quantities,
    Shifts,
    quantities_of,
    weighted_draws,
    with_refits,
    without_each,
)
from bayes_alliance.display import as_html, as_text, number
from bayes_alliance.drawing import (
    BLUE,
    ORANGE,
    faint_grid,
    folded,
    intervals_height,
    own_axes,
    reference_line,
)
from bayes_alliance.errors import Advice, Place, words_for
from bayes_alliance.posterior.chosen_factor import other_factors
from bayes_alliance.posterior.comparison.leave_one_out import density_by_group
from bayes_alliance.sampling.fit import Fit, check_fit
from bayes_alliance.sampling.group_sums import need_groups
from bayes_alliance.sampling.left_out import LeftOut, groups_to_leave_out
from bayes_alliance.sampling.linear_predictor import MEMORY_GIGABYTES

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes

_SHOWN = 10
_SURE: dict[str, Any] = {"color": BLUE, "alpha": 0.35}
_ROUGH: dict[str, Any] = {"color": BLUE, "alpha": 0.25, "fillstyle": "none"}
_LARGE = 1.0  # posterior standard deviations


@dataclass(frozen=True, kw_only=True)
class Influence:
    """How the posterior would move if a group had not been in the data.

    Parameters
    ----------
    group
        Name of the grouping factor.
    table
        One row a group and quantity: group, variable, element, mean (all groups in),
        mean_without, mcse (its Monte Carlo error), sd_without, shift (in posterior standard
        deviations; NaN for what does not vary), mcse_shift (its Monte Carlo error; both means are
        of the same draws), probability_positive and probability_positive_without (of being above
        0), pareto_k (the larger of that of the weights and that of the weights times the
        quantity; NaN where the model was refitted), reliable (Pareto k is small enough, and the
        error too small to make a noticeable shift or to hide one), refitted, caseload.
    draws
        The draws and what turns them into draws without a group: ``value``, dims (chain, draw,
        quantity), and ``weight``, dims (chain, draw, group), which sums to one for each group.
        Where ``exact``, the table's coefficients are averaged in closed form instead, and where
        the model was refitted the refit's draws count, which are not kept.
    exact
        Whether coefficients and effects were integrated out in closed form.
    others
        The model's other grouping factors, where none was named and the first one is judged.
    note
        How the variance shares were made, or why there are none, and whether draws were thinned.
    """

    group: str
    table: pd.DataFrame
    draws: xr.Dataset
    exact: bool
    others: tuple[str, ...] = ()
    note: str = ""

    @property
    def largest(self) -> pd.DataFrame:
        """The rows that move most, the largest shift first; behind them what is not reliable."""
        size = self.table["shift"].abs().to_numpy()
        unsure = ~self.table["reliable"].to_numpy()
        return self.table.iloc[np.lexsort((-size, unsure))]

    @property
    def sentence(self) -> str:
        """What matters, in one or two sentences for a paper."""
        row = self.largest.iloc[0]
        shift, error = abs(float(row["shift"])), CLEAR_ERRORS * float(row["mcse_shift"])
        moved = self._moved(row)
        if not row["reliable"]:
            return f"What any one group of {self.group} decides cannot be told.{self._rough}"
        if shift >= _LARGE:
            return f"A result depends on one group of {self.group}: {moved}.{self._rough}"
        if shift >= NOTICEABLE:
            said = f"Leaving one group of {self.group} out changes a result noticeably: {moved}."
            return said + self._rough
        none = "As far as it can be told, no single group" if self._rough else "No single group"
        within = ", within Monte Carlo error," if shift <= error else ""
        said = f"{none} of {self.group} decides a result: the largest change{within} is {moved}."
        return said + self._rough

    @property
    def _rough(self) -> str:
        """Say what cannot be told, and what would tell."""
        unsure = self.table[~self.table["reliable"]]
        if unsure.empty:
            return ""
        groups = unsure["group"].nunique()
        row = unsure.iloc[int(unsure["shift"].abs().fillna(-1.0).argmax())]
        remedy = "more draws" if unsure["refitted"].all() else "a refit"
        return (
            f" For {groups} of the groups some changes are rough figures, the largest that of "
            f"{quantity_name(row['variable'], row['element'])} without {row['group']} "
            f"({abs(float(row['shift'])):.1f} posterior standard deviations, Monte Carlo error "
            f"{float(row['mcse_shift']):.1f}): {remedy} would tell."
        )

    def _moved(self, row: Any) -> str:
        what = quantity_name(row["variable"], row["element"])
        return (
            f"{what} from {number(float(row['mean']))} to {number(float(row['mean_without']))}, "
            f"{abs(float(row['shift'])):.1f} posterior standard deviations, without {row['group']}"
        )

    def _notes(self, place: Place = "python") -> list[str]:
        how = (
            "Coefficients and group effects integrated out in closed form, no refit."
            if self.exact
            else "The draws weighted by one over the density of the group's rows."
        )
        refits = self.table.loc[self.table["refitted"], "group"].nunique()
        again = f" {refits} groups by refits." if refits else ""
        unsure = self.table[~self.table["reliable"] & ~self.table["refitted"]]
        told = (
            "Pareto k or Monte Carlo error too large for some changes without "
            f"{unsure['group'].nunique()} of the groups"
        )
        bad = Advice(
            python=f"{told}: refit=True fits again without them.",
            command_line=f"{told}: more draws (--draws) may tell.",
        )
        return [
            self.sentence,
            *other_factors(self.group, self.others),
            how + again,
            *([self.note] if self.note else []),
            *([words_for(bad, place)] if len(unsure) else []),
        ]

    def __str__(self) -> str:
        title = f"Influence of each group of {self.group}, largest first"
        return as_text(title, self.largest.head(_SHOWN), *self._notes())

    def _repr_html_(self) -> str:
        title = f"Influence of each group of {self.group}, largest first"
        return as_html(title, self.largest.head(_SHOWN), *self._notes())

    def plot(self, axes: Axes | None = None) -> Axes:
        """Draw every group's shift of every quantity; the largest of each is named.

        What is not reliable is drawn as a faint ring, and never named.

        Parameters
        ----------
        axes : matplotlib.axes.Axes, optional
            Where to draw; a new figure if left out.

        Returns
        -------
        matplotlib.axes.Axes
            The axes.
        """
        parts = list(self.table.groupby(["variable", "element"], sort=False))
        axes = own_axes(axes, height=intervals_height(len(parts)))
        places = np.arange(len(parts))[::-1]
        for place, (_, part) in zip(places, parts, strict=True):
            sure = part[part["reliable"]]
            for own, style in ((sure, _SURE), (part[~part["reliable"]], _ROUGH)):
                axes.plot(own["shift"], np.full(len(own), place), "o", **style)
            if sure["shift"].notna().any():
                worst = sure.iloc[int(sure["shift"].abs().argmax())]
                x, name = float(worst["shift"]), str(worst["group"])
                axes.plot([x], [place], "o", color=ORANGE)
                axes.annotate(name, (x, place), (0, 5), textcoords="offset points", ha="center")
        axes.set_yticks(places, labels=[folded(quantity_name(*key)) for key, _ in parts])
        axes.set_ylim(-0.6, len(parts) - 0.2)
        axes.margins(x=0.12)
        faint_grid(axes)
        reference_line(axes)
        axes.set_xlabel(f"change without one {self.group}, in posterior sd")
        return axes


def influence(
    fit: Fit,
    *,
    group: str | None = None,
    at: Mapping[str, Any] | None = None,
    refit: bool = False,
    refits: int = 20,
    seed: int = 1,
    memory: float = MEMORY_GIGABYTES,
) -> Influence:
    """Say what each group, left out, would do to each coefficient, standard deviation and share.

    The draws are weighted by one over the density of the group's rows, its effects integrated out,
    which turns them into draws without the group. For a gaussian model with one grouping factor
    the coefficients are moreover integrated in closed form, so that only the variance parameters
    are weighted. Pareto k, of the weights and of each quantity under them, and the Monte Carlo
    error of each mean say where weights cannot stand in for a refit: the weights alone may behave
    where the quantity, a standard deviation of few groups, has too long a tail.

    Parameters
    ----------
    fit : Fit
        A fit with its rows and at least one grouping factor, or with the sums of streamed ones and
        one factor.
    group : str, optional
        Name of the factor; the first one of the formula if left out, and the others are named.
    at : Mapping, optional
        Predictor values for the variance shares, as in :func:`variance_shares`. Where slopes vary
        and it is left out, the shares are averaged over the rows.
    refit : bool
        Fit the model again without the groups for which a change is not reliable.
    refits : int
        The largest number of refits, the worst Pareto k first.
    seed : int
        Of the refits.
    memory : float
        Refuse what would take more gigabytes.

    Returns
    -------
    Influence
        One row a group and quantity, with its shift in posterior standard deviations.

    Raises
    ------
    ModelError
        If the model has no such factor.
    SamplingError
        If the fit has no rows, or fewer than 100 draws.

    References
    ----------
    .. [1] vehtari2024

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> ba.influence(fit, group="case_manager")  # doctest: +SKIP
    """
    check_fit(fit, "influence")
    left_out = groups_to_leave_out(fit.model, group)
    need_groups(fit, left_out, "The influence of the groups")
    density, weights, posterior = density_by_group(fit, left_out, memory=memory)
    quantities, note = quantities_of(fit, posterior, at)
    shifts = without_each(fit, posterior, quantities, weights, density)
    if refit:
        shifts = with_refits(shifts, fit, left_out, at, limit=density.limit, most=refits, seed=seed)
    caseloads = fit.model.design.group(left_out.name).caseloads
    table = influence_table(left_out, caseloads, quantities, shifts, density.limit)
    if density.draws < fit.draws_in_all:
        note = f"{note} {density.draws} of {fit.draws_in_all} draws were used, for speed.".strip()
    return Influence(
        group=left_out.name,
        table=table,
        draws=weighted_draws(posterior, quantities, weights, left_out),
        exact=density.exact,
        others=left_out.others,
        note=note,
    )


def quantity_name(variable: object, element: object) -> str:
    """Name a quantity as the tables of the posterior do: ``b[stigma]``, ``sigma``."""
    return f"{variable}[{element}]" if element else str(variable)


def influence_table(
    left_out: LeftOut,
    caseloads: NDArray[np.int64],
    quantities: Quantities,
    shifts: Shifts,
    limit: float,
) -> pd.DataFrame:
    """Return one row a group and quantity; ``limit`` is the largest Pareto k to be trusted."""
    import pandas as pd

    whole, without = shifts.whole, shifts.without
    groups, many = without.mean.shape
    return pd.DataFrame(
        {
            "group": np.repeat(np.asarray(left_out.labels, dtype=object), many),
            "variable": np.tile(np.asarray(quantities.variables, dtype=object), groups),
            "element": np.tile(np.asarray(quantities.elements, dtype=object), groups),
            "mean": np.tile(whole.mean, groups),
            "mean_without": without.mean.ravel(),
            "mcse": without.mcse.ravel(),
            "sd_without": without.sd.ravel(),
            "shift": shifts.shift.ravel(),
            "mcse_shift": shifts.mcse_shift.ravel(),
            "probability_positive": np.tile(whole.above_zero, groups),
            "probability_positive_without": without.above_zero.ravel(),
            "pareto_k": shifts.shape.ravel(),
            "reliable": shifts.reliable(limit).ravel(),
            "refitted": np.repeat(shifts.refitted, many),
            "caseload": np.repeat(caseloads, many),
        }
    )
