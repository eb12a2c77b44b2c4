"""Categories of an ordinal outcome that nobody chose."""

from __future__ import annotations

from collections.abc import Sequence

from bayes_alliance import names
from bayes_alliance.errors import Advice, DataError, listed
from bayes_alliance.model.frame import ModelFrame
from bayes_alliance.model.prior_table import PriorTable


def empty_categories(frame: ModelFrame) -> list[str]:
    """Return the categories of an ordinal outcome that no row of the model is in."""
    return [level for k, level in enumerate(frame.levels) if not (frame.y == k).any()]


def category_words(which: Sequence[str]) -> str:
    """Name one category or several: ``the category 4``, ``the categories 4, 7``."""
    return f"the {'category' if len(which) == 1 else 'categories'} {listed(which)}"


def check_thresholds_known(outcome: str, frame: ModelFrame, priors: PriorTable) -> PriorTable:
    """Return the priors; refuse a category nobody chose where they do not place its thresholds.

    Raises
    ------
    DataError
        If there is such a category and the thresholds have an improper prior.
    """
    empty = empty_categories(frame)
    if empty and not all(prior.proper for prior in priors.of(names.CUTPOINT)):
        raise DataError(
            f"The outcome {outcome} was to be modelled as {len(frame.levels)} ordered categories.",
            f"Nobody is in {category_words(empty)}, and the thresholds have improper priors.",
            Advice(
                python="Give the thresholds a proper prior, for example "
                "priors={'cutpoint': 'Normal(0, 5)'}, or join categories.",
                command_line="Give the thresholds a proper prior, for example "
                '--prior "cutpoint=Normal(0, 5)", or join categories.',
            ),
            outcome=outcome,
            empty=empty,
        )
    return priors
