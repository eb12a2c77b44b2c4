"""On which priors several models of the same data differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bayes_alliance.model.prior_table import PriorEntry
from bayes_alliance.model.spec import Model
from bayes_alliance.posterior.evidence.rescaled_priors import has_scale

if TYPE_CHECKING:
    import pandas as pd

ABSENT = "not in the model"


@dataclass(frozen=True, kw_only=True)
class DifferingPriors:
    """The priors a Bayes factor between models depends on.

    Parameters
    ----------
    table
        One row a parameter whose prior is not the same in all models, one column a model.
    scaled
        Those that are made wider and narrower: the parameters that only some models have, or,
        where all have the same ones, those with different priors. Correlations have no scale.
    """

    table: pd.DataFrame
    scaled: tuple[str, ...]


def differing_priors(models: Mapping[str, Model]) -> DifferingPriors:
    """Compare the priors of models, by parameter."""
    import pandas as pd

    entries = {name: {e.key: e for e in m.priors.entries} for name, m in models.items()}
    keys = list(dict.fromkeys(key for own in entries.values() for key in own))
    rows: dict[str, list[PriorEntry | None]] = {
        key: [own.get(key) for own in entries.values()] for key in keys
    }
    differing = {
        key: found for key, found in rows.items() if len({without_rounding(e) for e in found}) > 1
    }
    only_some = [key for key, found in differing.items() if None in found]
    candidates = [
        key
        for key in only_some or differing
        if all(has_scale(entry.prior) for entry in differing[key] if entry is not None)
    ]
    table = pd.DataFrame(
        [
            [ABSENT if entry is None else entry.in_place for entry in found]
            for found in differing.values()
        ],
        index=pd.Index(list(differing), name="parameter"),
        columns=list(models),
    )
    return DifferingPriors(table=table, scaled=tuple(candidates))


def without_rounding(entry: PriorEntry | None) -> tuple[object, ...]:
    """Return what two entries share that differ by rounding only, as in designs of other size."""
    if entry is None:
        return ()
    own_place = entry.chosen and not entry.at_means and entry.element is not None
    numbers = (f"{number:.9g}" for number in entry.prior.arguments)
    return own_place, entry.prior.distribution, *numbers
