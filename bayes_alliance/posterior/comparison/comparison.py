"""Which of several models predicts what it has not seen, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from bayes_alliance.display import as_html, as_text
from bayes_alliance.drawing import (
    BLUE,
    GREY,
    draw_intervals,
    intervals_height,
    own_axes,
    reference_line,
)
from bayes_alliance.errors import Advice, ModelError, Place, Words, counted, listed, words_for
from bayes_alliance.posterior.chosen_factor import other_factors
from bayes_alliance.posterior.comparison.comparison_table import (
    CLEAR_DIFFERENCE,
    CLEAR_ERRORS,
    RULE,
    WEIGHTS,
    choice_in_words,
    comparison_table,
    copies_in_words,
    count_parameters,
    how_in_words,
    remedy_in_words,
    units_in_words,
)
from bayes_alliance.posterior.comparison.leave_one_out import (
    LeftOutDensity,
    density_by_group,
    density_by_row,
)
from bayes_alliance.posterior.comparison.refits import with_refits
from bayes_alliance.posterior.several_fits import have_same_rows, named_fits
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.left_out import LeftOut, groups_to_leave_out, rows_to_leave_out
from bayes_alliance.sampling.linear_predictor import MEMORY_GIGABYTES

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_FEW_UNITS = 30


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """How well each model predicts what it has not seen.

    Parameters
    ----------
    unit
        What was left out one at a time: ``"row"``, or the name of a grouping factor.
    table
        One row a model, the best first: elpd (sum of log predictive densities) and its
        standard_error over rows or groups, difference from the best and
        standard_error_difference (0 for the best itself), better (in how many rows or groups it
        predicts better than the best model; NaN for that one), weight (stacking), parameters,
        mcse (Monte Carlo error of elpd), unreliable (rows or groups whose Pareto k is too large),
        refitted, draws.
    pointwise
        One row a unit: for each model its log predictive density and Pareto k, as columns with
        two levels (quantity, model). Pareto k is NaN where the model was refitted. It takes the
        place of draws, which are averaged over for each unit.
    preferred
        The simplest model that is not clearly worse than the best.
    notes
        What the reader has to know of how the numbers were made.
    units
        How many were left out one at a time: of a row that stands for several clients, each.
    """

    unit: str
    table: pd.DataFrame
    pointwise: pd.DataFrame
    preferred: str
    notes: tuple[Words, ...] = ()
    units: int

    @property
    def sentence(self) -> str:
        """The comparison in words for a paper."""
        best, row = str(self.table.index[0]), self.table.iloc[0]
        elpd, error = f"{row['elpd']:.1f}", f"standard error {row['standard_error']:.1f}"
        if len(self.table) == 1:
            alone = f"With the {self._units} left out one at a time, '{best}' has an elpd of {elpd}"
            return f"{alone} ({error}).{self._unreliable}"
        said = f"Left out one at a time, the {self._units} are predicted best by '{best}' "
        said += f"(elpd {elpd}, {error})."
        for name in self.table.index[1:]:
            said += f" {self._against(str(name))}"
        return f"{said} {choice_in_words(self.table, self.unit, self.preferred)}{self._unreliable}"

    def _against(self, name: str) -> str:
        row = self.table.loc[name]
        gap = f"'{name}' lies {0.0 - row['difference']:.1f} below it (standard error "
        gap += f"{row['standard_error_difference']:.1f}) and predicts {row['better']:.0f} of the "
        gap += f"{self.units} better"
        return f"{gap}: {'a' if self.is_clear(name) else 'no'} clear difference."

    @property
    def _units(self) -> str:
        return units_in_words(self.units, self.unit)

    @property
    def _unreliable(self) -> str:
        worst = int(self.table["unreliable"].max())
        where = " in the model with most of them" if len(self.table) > 1 else ""
        told = f" Pareto k is too large for {worst} of the {self._units}{where}."
        return told if worst else ""

    def is_clear(self, name: str) -> bool:
        """Tell whether a model is clearly worse than the best one."""
        place = list(self.table.index).index(name)
        gap, error = (
            -self.table["difference"].iloc[place],
            self.table["standard_error_difference"].iloc[place],
        )
        return bool(gap >= CLEAR_DIFFERENCE and gap >= CLEAR_ERRORS * error)

    def _notes(self, place: Place = "python") -> list[str]:
        """Say below a table how it was made, and how far it goes, in the words of a place."""
        notes = [words_for(note, place) for note in self.notes]
        if len(self.table) > 1:
            notes.append(RULE)
        if self.units < _FEW_UNITS:
            notes.append(
                f"With {self._units} the standard errors themselves are unsure, and usually too "
                "small."
            )
        if self.table["unreliable"].any():
            notes.append(words_for(remedy_in_words(self.unit), place))
        return notes

    def _weight_note(self) -> list[str]:
        return [WEIGHTS] if len(self.table) > 1 else []

    def _shown(self) -> pd.DataFrame:
        """Show weights to two decimals: a tiny one is none."""
        return self.table.assign(weight=self.table["weight"].map("{:.2f}".format))

    def __str__(self) -> str:
        title = f"Comparison by {self.unit}"
        return as_text(title, self._shown(), self.sentence, *self._notes(), *self._weight_note())

    def _repr_html_(self) -> str:
        title = f"Comparison by {self.unit}"
        return as_html(title, self._shown(), self.sentence, *self._notes(), *self._weight_note())

    def plot(self, axes: Axes | None = None) -> Axes:
        """Draw each model's difference from the best with two standard errors to either side.

        Parameters
        ----------
        axes : matplotlib.axes.Axes, optional
            Where to draw; a new figure if left out. The preferred model is blue.

        Returns
        -------
        matplotlib.axes.Axes
            The axes.
        """
        import pandas as pd

        axes = own_axes(axes, height=intervals_height(len(self.table)))
        error = CLEAR_ERRORS * self.table["standard_error_difference"]
        mean = self.table["difference"]
        shown = pd.DataFrame({"mean": mean, "lower": mean - error, "upper": mean + error})
        chosen = self.preferred if len(self.table) > 1 else None
        labels = [f"{name} (preferred)" if name == chosen else name for name in shown.index]
        draw_intervals(axes, shown, labels=labels, colour=GREY)
        first = list(shown.index).index(self.preferred)
        place = len(shown) - 1 - first
        axes.plot([shown["mean"].iloc[first]], [place], "o", color=BLUE, markersize=9)
        reference_line(axes)
        axes.set_xlabel(
            f"elpd by {self.unit}: difference from the best, ± {CLEAR_ERRORS:g} standard errors"
        )
        return axes


def compare(
    fits: Mapping[str, Fit] | Sequence[Fit],
    *,
    by: Literal["row", "group"] = "row",
    group: str | None = None,
    refits: int | Literal["all"] | None = None,
    seed: int = 1,
    memory: float = MEMORY_GIGABYTES,
) -> Comparison:
    """Compare models by how well they predict what they have not seen.

    By row: each row is left out while its group stays; the question is how well another client
    of a known case manager is predicted. By group: all rows of a group are left out, and its
    effects with them; the question is how well a case manager not yet seen is predicted. The two
    can disagree, and whether slopes vary between groups is a question of the second kind.

    For a gaussian model with one grouping factor coefficients and effects are integrated out in
    closed form, given the variances, and only the draws of these are weighted. Elsewhere all
    draws are weighted; by group the effects are integrated out, by quadrature where the outcome
    is not gaussian. Where the weights fail (Pareto k) the model is fitted again without the row
    or group: exact, with the priors and transforms of the whole data.

    Parameters
    ----------
    fits : mapping or sequence of Fit
        Fits by name, to the same outcome of the same rows.
    by : {"row", "group"}
        What is left out one at a time.
    group : str, optional
        With ``by="group"``, the grouping factor; the first one of the formula if left out, and the
        others are named. Models without it are asked for the same rows.
    refits : int or "all", optional
        The largest number of refits of a model, the worst Pareto k first; 0 for none. If left
        out, 20 with the collapsed engine and 5 with others, where a refit takes as long as the
        fit itself. A bar shows how far they are where someone is looking. What remains is counted.
        With "all" every row or group is left out by a refit, and no weights are left: with few
        groups only this is free of the bias of weights.
    seed : int
        Of the refits.
    memory : float
        Refuse, or do in blocks, what would take more gigabytes.

    Returns
    -------
    Comparison
        The models, the best first, with differences and their standard errors.

    Raises
    ------
    ModelError
        If the fits are not to the same rows and outcome, or no model has the groups.
    SamplingError
        If a fit has no rows, or too few draws. Of streamed rows the sums suffice by group, for
        models with that one grouping factor.

    References
    ----------
    .. [1] vehtari2017
    .. [2] merkle2019
    .. [3] yao2018
    .. [4] sivula2020

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> ba.compare({"fixed": fixed, "varying": varying}, by="group")  # doctest: +SKIP
    """
    named = named_fits(fits, "compare", by_row=True)
    check_asked(by, group, refits)
    check_comparable(named, by)
    densities = {}
    if by == "row":
        model = next(iter(named.values())).model
        left_out, labels = rows_to_leave_out(model), list(model.frame.positions)
    else:
        left_out = shared_groups(named, group)
        labels = list(left_out.labels)
    for name, fit in named.items():
        if by == "row":
            density = density_by_row(fit, memory=memory)
        else:
            density, _, _ = density_by_group(fit, left_out, memory=memory)
        densities[name] = with_refits(density, fit, left_out, most=refits, seed=seed)
    return _compared(named, densities, left_out, labels)


def _compared(
    fits: Mapping[str, Fit],
    densities: Mapping[str, LeftOutDensity],
    left_out: LeftOut,
    labels: Sequence[object],
) -> Comparison:
    import pandas as pd

    unit = left_out.name
    parameters = {name: count_parameters(fit.model) for name, fit in fits.items()}
    table, preferred = comparison_table(densities, parameters)
    columns = {("log_density", name): densities[name].log_density for name in table.index}
    columns |= {("pareto_k", name): densities[name].shape for name in table.index}
    pointwise = pd.DataFrame(columns, index=pd.Index(np.asarray(labels), name=unit))
    pointwise.columns.names = ["quantity", "model"]
    units = int(densities[table.index[0]].copies.sum())
    said: list[Words] = [*other_factors(unit, left_out.others)]
    if units != len(pointwise):
        said.append(copies_in_words(len(pointwise), units))
    said += how_in_words(densities, {name: fit.draws_in_all for name, fit in fits.items()})
    return Comparison(
        unit=unit,
        table=table,
        pointwise=pointwise,
        preferred=preferred,
        notes=tuple(said),
        units=units,
    )


def check_comparable(fits: Mapping[str, Fit], by: str) -> None:
    """Refuse fits whose predictive densities are not of the same thing.

    Parameters
    ----------
    fits
        By name.
    by
        ``"row"``, or ``"group"``, for which the sums of streamed rows can suffice.

    Raises
    ------
    ModelError
        If outcome, rows, or how often rows count differ.
    SamplingError
        If a fit was saved without its rows, or they were streamed and rows are to be left out.
    """
    for fit in fits.values():
        fit.need_data(
            "Comparing models" if by == "group" else "Comparing models by row",
            sums_suffice=by == "group",
            instead=Advice(
                python='compare(fits, by="group") needs the sums of streamed rows only.',
                command_line="",
            ),
        )
    if by == "group":
        _check_location_alone(fits)
    (first, one), *others = fits.items()
    for name, fit in others:
        difference = _difference(one, fit)
        if difference:
            raise ModelError(
                f"The models {first} and {name} were to be compared.",
                difference,
                "Fit both to the same outcome and the same rows; where predictors have missing "
                "values, drop those rows from the table before.",
                models=(first, name),
            )


def _check_location_alone(fits: Mapping[str, Fit]) -> None:
    """Refuse whole groups where a model predicts more than the location."""
    named = [name for name, fit in fits.items() if fit.model.predicted]
    if named:
        parameters = listed(fits[named[0]].model.predicted)
        raise ModelError(
            'A comparison by="group" was asked for.',
            f"The model {named[0]} predicts {parameters}; what its groups add to {parameters} "
            "cannot be integrated out here, as leaving a group out needs.",
            Advice(
                python='Compare by="row", or leave the formula of it out.',
                command_line="Compare by row, or leave its --formula out.",
            ),
            models=named,
        )


def _difference(one: Fit, other: Fit) -> str:
    a, b = one.model, other.model
    if a.outcome != b.outcome:
        return f"Their outcomes differ: {a.outcome} and {b.outcome}."
    if one.has_sums or other.has_sums:
        return "" if have_same_rows(a, b) else _streamed_difference(one, other)
    if len(a.frame.y) != len(b.frame.y):
        return f"They were fitted to {len(a.frame.y)} and {len(b.frame.y)} rows."
    moved = int((a.frame.positions != b.frame.positions).sum())
    if moved:
        return f"They were fitted to different rows: {moved} are not the same."
    changed = int((a.frame.y != b.frame.y).sum())
    if changed:
        return f"The values of {a.outcome} differ in {counted(int(changed), 'row')}."
    kinds = {model.family.measure for model in (a, b)}
    if len(kinds) > 1:
        named = listed(sorted(kinds))
        if a.family.is_discrete != b.family.is_discrete:
            return f"One has a density, the other a probability: {named} outcomes."
        return f"Their probabilities are of different kinds of outcomes: {named}."
    if not np.array_equal(_repeats(one), _repeats(other)):
        return "Their rows do not count equally often: the weights differ."
    return ""


def _streamed_difference(one: Fit, other: Fit) -> str:
    if not (one.has_sums and other.has_sums):
        return "The rows of one were streamed, those of the other are held."
    rows = [f"{fit.model.frame.rows_used} of {fit.streamed_from}" for fit in (one, other)]
    return (
        f"Their rows were streamed ({rows[0]}; {rows[1]}), and by source, number, weights, or mean "
        "and standard deviation of the outcome they are not the same."
    )


def _repeats(fit: Fit) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    frame, kind = fit.model.frame, fit.model.formula.response.weight_kind
    if frame.weights is None or kind != "frequency":
        return np.ones(len(frame.y))
    return frame.weights


def shared_groups(fits: Mapping[str, Fit], group: str | None) -> LeftOut:
    """Return the groups to leave out, which at least one of the models must know.

    Raises
    ------
    ModelError
        If none has such a factor.
    """
    knowing = [
        fit for fit in fits.values() if (group in fit.model.groups if group else fit.model.groups)
    ]
    model = (knowing or list(fits.values()))[0].model
    left_out = groups_to_leave_out(model, group)
    if group is not None:
        return left_out
    factors = dict.fromkeys(name for fit in fits.values() for name in fit.model.groups)
    return replace(left_out, others=tuple(name for name in factors if name != left_out.name))


def check_asked(by: str, group: str | None, refits: object) -> None:
    """Refuse what is neither rows nor groups, a factor not looked at, and no number of refits.

    Raises
    ------
    ModelError
        If so.
    """
    if by not in ("row", "group"):
        raise ModelError(
            f'A comparison by="{by}" was asked for.',
            "Rows or groups can be left out.",
            'Write by="row" or by="group".',
        )
    if by == "row" and group is not None:
        raise ModelError(
            f'A comparison by="row" with group="{group}" was asked for.',
            "Rows are left out one at a time, whatever group they are in.",
            f'Write by="group" to leave the groups of {group} out, or leave group= out.',
            group=group,
        )
    if isinstance(refits, str) and refits != "all":
        raise ModelError(
            f'A comparison with refits="{refits}" was asked for.',
            'The number of refits is a whole number, or "all".',
            'Write refits="all" to fit again without each row or group.',
        )
