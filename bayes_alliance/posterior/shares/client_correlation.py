"""How alike two clients of one group are: the correlation of their outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_alliance import names
from bayes_alliance.display import as_html, as_text
from bayes_alliance.drawing import draw_intervals, intervals_height, own_axes
from bayes_alliance.posterior.shared_groups import containers, need_nesting
from bayes_alliance.posterior.shares.share_request import LINK, RESPONSE_DRAWS, share_request
from bayes_alliance.posterior.shares.share_words import measure_words, place_notes, place_words
from bayes_alliance.posterior.shares.variance_parts import split_variance
from bayes_alliance.posterior.standing import Standing
from bayes_alliance.posterior.summaries import (
    after_given,
    given_words,
    interval_phrase,
    interval_words,
    summary_where_defined,
)
from bayes_alliance.sampling.fit import Fit, check_fit

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes

_SAME = "same"
_MEANING = (
    "Two clients who share a group share every group it lies in; those who share an upper group "
    "only have different lower ones."
)


@dataclass(frozen=True, kw_only=True)
class ClientCorrelations:
    """Correlations of the outcomes of two clients with the same predictors.

    Parameters
    ----------
    table
        One row for what the two share, in the columns of a :class:`Summary`.
    draws
        Variable ``correlation``, dims (chain, draw, same).
    standing
        Where the predictors of both clients stand.
    average
        Whether it is averaged over the predictors of the rows.
    scale
        As in :class:`Shares`.
    prob
        Probability of the intervals.
    notes
        What a reader has to know about the numbers.
    undefined
        As in :class:`Shares`.
    inside
        For each grouping factor, those whose groups hold whole groups of it.
    """

    table: pd.DataFrame
    draws: xr.Dataset
    standing: Standing
    average: bool
    scale: str
    prob: float
    notes: tuple[str, ...] = ()
    undefined: int = 0
    inside: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def at(self) -> Mapping[str, Any]:
        """The predictor values of both clients."""
        return self.standing.values

    @property
    def sentence(self) -> str:
        """The correlations in one sentence for a paper."""
        if self.table["mean"].isna().any():
            return "No correlation can be given: in no draw does the residual variance exist."
        where = place_words(self.standing, average=self.average) + ("," if self.average else "")
        parts = [
            f"{interval_phrase(row, self.prob)} for two clients of {self._shared(str(same))}"
            for same, row in self.table.iterrows()
        ]
        size = self.draws.sizes[names.CHAIN] * self.draws.sizes[names.DRAW]
        return after_given(
            given_words(self.undefined, size),
            f"The correlation of two clients' outcomes{measure_words(self.scale)}{where} is "
            f"{', '.join(parts[:-1])}{' and ' if len(parts) > 1 else ''}{parts[-1]}.",
        )

    def _shared(self, same: str) -> str:
        """Name what the two share, and the lower groups that they do not."""
        lower = [name for name, above in self.inside.items() if same in above]
        return f"the same {same}" + (f" but not of the same {' or '.join(lower)}" if lower else "")

    def plot(self, axes: Axes | None = None) -> Axes:
        """Draw each correlation with its interval."""
        axes = own_axes(axes, height=intervals_height(len(self.table)))
        labels = [f"same {same}" for same in self.table.index]
        draw_intervals(axes, self.table, labels=labels)
        axes.set_xlim(0, 1)
        axes.set_xlabel("correlation of two clients' outcomes")
        return axes

    def _notes(self) -> list[str]:
        nested = [_MEANING] if len(self.table) > 1 else []
        return [
            *place_notes(self.standing, average=self.average),
            *nested,
            *self.notes,
            f"Scale: {self.scale}. {interval_words(self.prob)}.",
        ]

    def __str__(self) -> str:
        return as_text("Correlations of two clients", self.table, *self._notes())

    def _repr_html_(self) -> str:
        return as_html("Correlations of two clients", self.table, *self._notes())


def client_correlations(
    fit: Fit,
    *,
    at: Mapping[str, Any] | str | None = None,
    average: bool | None = None,
    scale: str = LINK,
    draws: int | None = RESPONSE_DRAWS,
    prob: float = 0.95,
) -> ClientCorrelations:
    """Say how alike two clients are who have a group in common and the same predictors.

    For nested groups, such as case managers of agencies, two clients of one case manager share
    the agency as well; two clients of one agency only have different case managers. For crossed
    groups there is one answer for each factor and one for all of them together.

    Parameters
    ----------
    fit : Fit
        A fit with at least one grouping factor.
    at, average, scale, draws, prob
        As in :func:`variance_shares`; both clients have the stated predictors.

    Returns
    -------
    ClientCorrelations
        One row for what the two share, with intervals.

    Raises
    ------
    ModelError
        As for :func:`variance_shares`.
    SamplingError
        As there, and if several factors may lie in one another and no row is there to tell.

    References
    ----------
    .. [1] goldstein2002

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> ba.client_correlations(fit, at={"stigma": 0})  # doctest: +SKIP
    """
    import xarray as xr

    check_fit(fit, "client_correlations", by_row=True)
    asked, call = "Correlations of two clients were asked for.", "client_correlations(fit"
    request = share_request(
        fit, asked=asked, call=call, at=at, average=average, scale=scale, draws=draws
    )
    found = split_variance(fit, request)
    need_nesting(fit)
    correlation = np.stack([s / found.total for s in found.shared.values()], axis=-1)[:, :, 0]
    values = xr.Dataset(
        {"correlation": ((names.CHAIN, names.DRAW, _SAME), correlation)},
        coords={_SAME: np.asarray(list(found.shared), dtype=object)},
    )
    table = summary_where_defined(values["correlation"], prob)
    table.index = list(found.shared)
    return ClientCorrelations(
        table=table.rename_axis(_SAME),
        draws=values,
        standing=request.standing,
        average=request.average,
        scale=found.scale,
        prob=prob,
        notes=found.notes,
        undefined=found.undefined,
        inside=containers(fit.model.design),
    )
