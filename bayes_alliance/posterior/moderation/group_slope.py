"""The slope of a predictor in each group, and each group's own line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.errors import ModelError, did_you_mean, listed
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.posterior.groups.chosen_factor import chosen_group, unnamed_factors
from bayes_alliance.posterior.moderation.group_slope_record import GroupSlopes
from bayes_alliance.posterior.shares.predictor_range import is_ranged, observed_values
from bayes_alliance.posterior.shares.stated_values import (
    effect_rows,
    population_rows,
    population_variables,
    sloping_variables,
)
from bayes_alliance.posterior.standing import Standing, standing_of
from bayes_alliance.posterior.summaries import DIRECTION, check_prob
from bayes_alliance.sampling.fit import Fit, check_fit
from bayes_alliance.sampling.linear_predictor import MEMORY_GIGABYTES, check_memory
from bayes_alliance.sampling.thinning import thinned

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

Array = NDArray[np.float64]
DRAWS = 1000


def group_slopes(
    fit: Fit,
    predictor: str,
    *,
    group: str | None = None,
    at: Mapping[str, Any] | None = None,
    draws: int | None = DRAWS,
    memory: float = MEMORY_GIGABYTES,
    prob: float = 0.95,
) -> GroupSlopes:
    """Give the slope of a predictor in each group: the common slope plus the group's deviation.

    The slope is the rise of a group's line from the lowest to the highest observed value of the
    predictor, per unit: for a straight line its slope, with interactions the slope at the stated
    values of the other predictors. It is on the link scale where the outcome has one.

    Parameters
    ----------
    fit : Fit
        A fit with its rows, or with the sums of streamed ones, in which the slope varies between
        groups.
    predictor : str
        A numeric column whose slope varies, or the effect itself where it is centred by group.
    group : str, optional
        The grouping factor; the first one of the formula if left out, and the others in which the
        slope varies are named.
    at : Mapping, optional
        Values of the other predictors; numbers stand at their mean and categories are averaged
        over their levels if left out.
    draws : int, optional
        Use about so many draws, evenly spaced; all of them if None.
    memory : float
        Refuse what would take more gigabytes.
    prob : float
        Probability of the intervals, which are equal-tailed.

    Returns
    -------
    GroupSlopes
        One row a group; its picture shows every group's line over the population's band.

    Raises
    ------
    ModelError
        If the predictor is no number or its slope does not vary between the groups.
    SamplingError
        If the fit was saved without its rows, a value has to be stated where they were streamed,
        or the draws would take more than ``memory``.

    References
    ----------
    .. [1] bauer2005

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> ba.group_slopes(fit, "stigma").plot()  # doctest: +SKIP
    """
    check_fit(fit, "group_slopes")
    check_prob(prob)
    fit.need_data("The slope of each group", sums_suffice=True)
    design = fit.model.design.group(chosen_group(fit, group, "The slopes"))
    grid = np.asarray(_checked_range(fit, predictor, design), float)
    standing = _standing(fit, predictor, at)
    values = standing.along(predictor, grid.tolist())
    held = thinned(fit.posterior[[names.u(design.name), *_population(fit)]], draws)
    size = held.sizes[names.CHAIN] * held.sizes[names.DRAW]
    check_memory("The slope of each group", size, 2 * len(design.labels), memory, unit="lines")
    common = _common_line(fit, held, values, len(grid))
    effects = effect_rows(design, values, len(grid))
    departures = held[names.u(design.name)].to_numpy()
    rise = (effects[-1] - effects[0]) / (grid[-1] - grid[0])
    slope = ((common[..., -1] - common[..., 0]) / (grid[-1] - grid[0]))[..., None]
    slopes = slope + departures @ rise
    return GroupSlopes(
        predictor=predictor,
        group=design.name,
        table=_table(slopes, design, _observed(fit, predictor, design), prob),
        draws=_dataset(slopes, slope[..., 0], design),
        line=_line(common, grid, prob),
        lines=common.mean(axis=(0, 1)) + departures.mean(axis=(0, 1)) @ effects.T,
        standing=standing,
        outcome=fit.model.outcome,
        link=fit.model.link.name if fit.model.family.on_link_scale else "",
        prob=prob,
        others=tuple(name for name in unnamed_factors(fit, group) if _varies(fit, predictor, name)),
    )


def _checked_range(fit: Fit, predictor: str, group: GroupDesign) -> list[Any]:
    """Return values over the observed range of a predictor that is one of the group's effects.

    Raises
    ------
    ModelError
        If it is not, or no number.
    """
    valid = [name for name in sloping_variables(fit) if _is_of(group, name)]
    elsewhere = [f'group="{g}"' for g in fit.model.groups if _varies(fit, predictor, g)]
    instead = (
        f" With {listed(elsewhere)} there are slopes of {predictor} that vary." if elsewhere else ""
    )
    asked = f"The slope of {predictor} in each group of {group.name} was asked for."
    if predictor not in valid:
        raise ModelError(
            asked,
            f"That slope does not vary. {did_you_mean(predictor, valid)}".rstrip(),
            f"Slopes that vary there: {listed(valid) or 'none'}.{instead}",
            predictor=predictor,
        )
    # Of streamed rows the range was kept of every number.
    text = fit.has_sums and not is_ranged(fit, predictor)
    values = [] if text else observed_values(fit, predictor)
    if text or not all(isinstance(value, int | float) for value in values):
        raise ModelError(
            asked,
            f"{predictor} is no number{_such_as(values)}.",
            "Ask for its effects with group_effects.",
            predictor=predictor,
        )
    return values


def _such_as(values: list[Any]) -> str:
    return f": it holds such as {listed(values, shown=3)}" if values else ""


def _is_of(group: GroupDesign, name: str) -> bool:
    return any(name in part["columns"] or name in part["labels"] for part in group.parts)


def _varies(fit: Fit, predictor: str, group: str) -> bool:
    return _is_of(fit.model.design.group(group), predictor)


def _standing(fit: Fit, predictor: str, at: Mapping[str, Any] | None) -> Standing:
    """Return where the other predictors stand."""
    known = dict.fromkeys([*population_variables(fit), *sloping_variables(fit)])
    return standing_of(
        fit,
        [name for name in known if name != predictor],
        at=at,
        asked=f"The slope of {predictor} in each group was asked for.",
        call=f"group_slopes(fit, {predictor!r}",
    )


def _population(fit: Fit) -> list[str]:
    return [names.B] if fit.model.design.coefficients else []


def _common_line(fit: Fit, held: xr.Dataset, values: Mapping[str, Any], count: int) -> Array:
    """Return the line of the average group, shape (chain, draw, value)."""
    matrix, offset = population_rows(fit.model, values, count)
    sizes = (held.sizes[names.CHAIN], held.sizes[names.DRAW], count)
    if not fit.model.design.coefficients:
        return np.broadcast_to(offset, sizes)
    return np.asarray(held[names.B].to_numpy() @ matrix.T + offset)


def _observed(fit: Fit, predictor: str, group: GroupDesign) -> tuple[Array, Array]:
    """Return the lowest and the highest value of the predictor in each group."""
    rows, stream, index = fit.model.frame.rows, fit.model.stream, group.index
    if stream is not None:
        index = stream.group_of_cell[fit.model.groups.index(group.name)]
        column = (stream.sums.ranges[predictor].lowest, stream.sums.ranges[predictor].highest)
    elif predictor in rows.columns:
        column = (rows[predictor].to_numpy(float),) * 2
    else:
        column = (group.Z[:, group.effects.index(predictor)],) * 2
    lowest, highest = np.full(len(group.labels), np.inf), np.full(len(group.labels), -np.inf)
    np.minimum.at(lowest, index, column[0])
    np.maximum.at(highest, index, column[1])
    return lowest, highest


def _table(
    slopes: Array, group: GroupDesign, observed: tuple[Array, Array], prob: float
) -> pd.DataFrame:
    import pandas as pd

    flat = slopes.reshape(-1, slopes.shape[-1])
    lower, upper = np.quantile(flat, [(1 - prob) / 2, (1 + prob) / 2], axis=0)
    return pd.DataFrame(
        {
            "group": list(group.labels),
            "mean": flat.mean(axis=0),
            "sd": flat.std(axis=0, ddof=1),
            "lower": lower,
            "upper": upper,
            DIRECTION: np.maximum(below := (flat < 0).mean(axis=0), 1 - below),
            "lowest": observed[0],
            "highest": observed[1],
            "caseload": group.caseloads,
        }
    )


def _line(common: Array, grid: Array, prob: float) -> pd.DataFrame:
    import pandas as pd

    flat = common.reshape(-1, len(grid))
    lower, upper = np.quantile(flat, [(1 - prob) / 2, (1 + prob) / 2], axis=0)
    columns = {"mean": flat.mean(axis=0), "lower": lower, "upper": upper}
    return pd.DataFrame(columns, index=pd.Index(grid, name="value"))


def _dataset(slopes: Array, slope: Array, group: GroupDesign) -> xr.Dataset:
    import xarray as xr

    sample = (names.CHAIN, names.DRAW)
    return xr.Dataset(
        {"slope": ((*sample, group.name), slopes), "common_slope": (sample, slope)},
        coords={group.name: np.asarray(group.labels, dtype=object)},
    )
