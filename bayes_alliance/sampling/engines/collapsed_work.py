"""When several grouping factors leave so much for each gradient that sampling them is faster."""

from __future__ import annotations

import numpy as np

from bayes_alliance.kernels.crossed_work import elimination_steps
from bayes_alliance.model.spec import Model

# The work that 150 effects leave which all meet one another: as slow as sampling them.
MOST_STEPS = 150**3 // 3
# Their sums are first made as one square matrix: this many take 72 MB.
MOST_DENSE_EFFECTS = 3_000


def too_much_work(model: Model) -> list[str]:
    """Say why a model's upper levels cannot be integrated out in reasonable time, if so."""
    groups = model.design.groups
    if len(groups) < 2:
        return []
    dense = dense_effects(model)
    beside = f"beside its largest grouping factor it has {dense} group effects"
    if dense > MOST_DENSE_EFFECTS:
        return [f"{beside} (at most {MOST_DENSE_EFFECTS})"]
    group = _group_of_rows(model)
    counts = [len(g.labels) for g in groups]
    steps = elimination_steps(group, counts, [len(g.effects) for g in groups])
    if steps > MOST_STEPS:
        return [f"{beside}, and too many of them meet (150 may all meet, or more if nested)"]
    return []


def dense_effects(model: Model) -> int:
    """Count the group effects outside the grouping factor that has the most groups."""
    groups = model.design.groups
    eliminated = int(np.argmax([len(g.labels) for g in groups]))
    return sum(len(g.labels) * len(g.effects) for k, g in enumerate(groups) if k != eliminated)


def _group_of_rows(model: Model) -> list[np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Return the group of each row, factor by factor; of each cell where rows are streamed."""
    if model.stream is not None:
        return list(model.stream.group_of_cell)
    return [np.asarray(g.index, dtype=np.int64) for g in model.design.groups]
