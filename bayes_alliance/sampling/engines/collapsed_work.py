"""When several grouping factors leave so much for each gradient that sampling them is faster."""

from __future__ import annotations

import numpy as np

from bayes_alliance.kernels.crossed_work import elimination_steps, steps_if_all_meet
from bayes_alliance.kernels.group_order import count_dense
from bayes_alliance.model.spec import Model

# Effects that all meet one another cost the cube of their number; sampling them does not.
MOST_THAT_MEET = 150
# Their sums are first made as square matrices, up to four at a time: 72 MB each at this many.
MOST_DENSE_EFFECTS = 3_000


def too_much_work(model: Model) -> list[str]:
    """Say why a model's upper levels cannot be integrated out in reasonable time, if so."""
    groups = model.design.groups
    if len(groups) < 2:
        return []
    counts, effects = [len(g.labels) for g in groups], [len(g.effects) for g in groups]
    dense = count_dense(counts, effects)
    beside = f"beside its largest grouping factor it has {dense} group effects"
    if dense > MOST_DENSE_EFFECTS:
        return [f"{beside} (at most {MOST_DENSE_EFFECTS})"]
    steps = elimination_steps(_group_of_rows(model), counts, effects)
    if steps > steps_if_all_meet(MOST_THAT_MEET):
        meet = f"{MOST_THAT_MEET} may all meet, or more if nested"
        return [f"{beside}, and too many of them meet ({meet})"]
    return []


def _group_of_rows(model: Model) -> list[np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Return the group of each row, factor by factor; of each cell where rows are streamed."""
    if model.stream is not None:
        return list(model.stream.group_of_cell)
    return [np.asarray(g.index, dtype=np.int64) for g in model.design.groups]
