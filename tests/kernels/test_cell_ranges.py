"""Ranges by cell, whatever the cut into batches."""

import numpy as np

from bayes_alliance.kernels.cell_sums import widen_ranges


def test_ranges_are_those_of_each_cells_rows():
    rng = np.random.default_rng(1)
    values, cell = rng.normal(size=500), rng.integers(1, 8, size=500)
    lowest, highest = np.full(8, np.inf), np.full(8, -np.inf)
    for part in np.array_split(np.arange(500), 3):
        widen_ranges(values[part], cell[part], lowest, highest)
    for k in range(1, 8):
        assert lowest[k] == values[cell == k].min()
        assert highest[k] == values[cell == k].max()
    assert lowest[0] == np.inf
    assert highest[0] == -np.inf
