"""Doubling the draws: what moved is found, and by how much."""

import numpy as np
import pytest

from bayes_alliance import names
from bayes_alliance.report.results import collect_results
from bayes_alliance.report.sections.checklist_section import compare_halves
from bayes_alliance.sampling.fit import Fit


def test_independent_draws_hardly_move(slopes_fit: Fit) -> None:
    found = compare_halves(collect_results(slopes_fit))
    assert found is not None
    assert found.draws == 600
    # Half against all of 1,200 independent draws: an sd of sqrt(1/600 - 1/1200), of 6 parameters.
    assert found.shift < 4 * np.sqrt(1 / 1200)
    assert "cannot show a region that all chains miss" in found.sentence


def test_a_drift_is_found_where_it_is(slopes_fit: Fit) -> None:
    posterior = slopes_fit.posterior.copy(deep=True)
    sigma = posterior[names.SIGMA].to_numpy().copy()
    sigma[:, 150:] += 2 * sigma.std()
    posterior[names.SIGMA] = (posterior[names.SIGMA].dims, sigma)
    results = collect_results(slopes_fit.with_group(names.POSTERIOR, posterior))
    found = compare_halves(results)
    assert found is not None
    assert found.where == "sigma"
    # The mean of all lies one old sd above that of the first half; the new sd is sqrt(2) old ones.
    assert found.shift == pytest.approx(1 / np.sqrt(2), abs=0.06)
    assert "moved" in found.sentence
    assert "hardly" not in found.sentence
