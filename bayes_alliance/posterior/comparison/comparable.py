"""Which fits may be compared: the same outcome of the same rows, left out in the same groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from bayes_alliance.errors import Advice, ModelError, counted, listed
from bayes_alliance.posterior.evidence.same_rows import have_same_rows
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.left_out import LeftOut, groups_to_leave_out


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
