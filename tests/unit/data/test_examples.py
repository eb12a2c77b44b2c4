"""The example shows the published pattern, by a likelihood written out here and nowhere else."""

from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from bayes_alliance.data.examples import list_examples, load_example
from bayes_alliance.errors import DataError


class Restricted(NamedTuple):
    """Estimates of a mixed model by restricted maximum likelihood."""

    coefficients: np.ndarray
    errors: np.ndarray
    group_covariance: np.ndarray
    residual_variance: float
    deviance: float


def restricted_likelihood(y, x, z, groups) -> Restricted:
    """Fit y = x b + z u + e by groups; the covariance of u in units of the residual variance."""
    rows = [np.flatnonzero(groups == label) for label in np.unique(groups)]
    lower = np.tril_indices(z.shape[1])

    def profile(values):
        factor = np.zeros((z.shape[1], z.shape[1]))
        factor[lower] = values
        a, b, yy, log_det = 0.0, 0.0, 0.0, 0.0
        for i in rows:
            half = z[i] @ factor
            v = np.eye(len(i)) + half @ half.T
            log_det += np.linalg.slogdet(v)[1]
            solved = np.linalg.solve(v, np.column_stack([x[i], y[i]]))
            a = a + x[i].T @ solved[:, :-1]
            b = b + x[i].T @ solved[:, -1]
            yy += y[i] @ solved[:, -1]
        coefficients = np.linalg.solve(a, b)
        free = len(y) - x.shape[1]
        s2 = (yy - b @ coefficients) / free
        deviance = log_det + np.linalg.slogdet(a)[1] + free * np.log(s2)
        errors = np.sqrt(s2 * np.diag(np.linalg.inv(a)))
        return Restricted(coefficients, errors, s2 * factor @ factor.T, s2, deviance)

    start = (0.3 * np.eye(z.shape[1]))[lower]
    found = minimize(lambda v: profile(v).deviance, start, method="Nelder-Mead", tol=1e-7)
    assert found.success
    return profile(found.x)


@pytest.fixture(scope="module")
def study():
    return load_example("simulated_study")


@pytest.fixture(scope="module")
def parts(study):
    one = np.ones((len(study), 1))
    x = np.column_stack([one, study["stigma"]])
    return study["alliance"].to_numpy(dtype=float), one, x, study["case_manager"].to_numpy()


def test_case_managers_hold_about_a_ninth_of_the_variance(parts):
    y, one, _, groups = parts
    null = restricted_likelihood(y, one, one, groups)
    between = null.group_covariance[0, 0]
    assert 0.10 < between / (between + null.residual_variance) < 0.12


def test_analysis_of_variance_agrees_on_the_share(study):
    y, groups = study["alliance"], study.groupby("case_manager")["alliance"]
    sizes, number = groups.size(), groups.ngroups
    within = ((y - groups.transform("mean")) ** 2).sum() / (len(y) - number)
    between = (sizes * (groups.mean() - y.mean()) ** 2).sum() / (number - 1)
    typical = (len(y) - (sizes**2).sum() / len(y)) / (number - 1)
    variance = (between - within) / typical
    # The same target from another estimator, which weighs unequal caseloads differently.
    assert 0.08 < variance / (variance + within) < 0.14


def test_stigma_is_near_the_edge_and_varies_by_case_manager(parts):
    y, one, x, groups = parts
    slopes = restricted_likelihood(y, x, x, groups)
    assert -2.0 < slopes.coefficients[1] / slopes.errors[1] < -1.6
    intercepts = restricted_likelihood(y, x, one, groups)
    # Beyond the 99% point of chi-squared with two degrees of freedom: it clearly varies.
    assert intercepts.deviance - slopes.deviance > 9.21


def test_estimates_are_near_the_truth_it_was_drawn_from(parts):
    y, _, x, groups = parts
    fit = restricted_likelihood(y, x, x, groups)
    sds = np.sqrt(np.diag(fit.group_covariance))
    # Wide: one table's estimates, of which the standard errors are about this large.
    np.testing.assert_allclose(fit.coefficients, [59.0, -2.0], atol=1.5)
    np.testing.assert_allclose(sds, [3.4, 4.2], atol=1.0)
    assert fit.residual_variance**0.5 == pytest.approx(9.0, abs=1.0)


def test_looks_like_a_study(study):
    assert list(study.columns) == [
        "client",
        "case_manager",
        "alliance",
        "stigma",
        "months_in_care",
        "setting",
    ]
    assert len(study) == study["client"].nunique() == 160
    assert study["case_manager"].nunique() == 30
    assert study["alliance"].dtype == np.int64
    assert study["alliance"].between(12, 84).all()
    assert abs(study["stigma"].mean()) < 0.1
    assert study["stigma"].std() == pytest.approx(1.0, abs=0.1)
    assert study["alliance"].mean() == pytest.approx(59.0, abs=2.0)
    assert study["alliance"].std() == pytest.approx(11.0, abs=1.0)
    assert not study.isna().any().any()


def test_is_always_the_same_table(study):
    pd.testing.assert_frame_equal(study, load_example("simulated_study"))
    # Documentation quotes results of this table: a change of its numbers must be noticed.
    assert study["alliance"].head(4).tolist() == [72, 52, 59, 64]
    assert study["stigma"].head(4).tolist() == [-0.86, -1.27, 0.13, 1.43]


def test_says_that_it_is_simulated(study):
    assert study.attrs["simulated"] is True
    assert study.attrs["source"].startswith("Simulated, not real clients.")
    assert "Kondrat & Early" in study.attrs["source"]
    listing = list_examples().set_index("name")
    assert listing.loc["simulated_study", "rows"] == len(study)
    assert listing.loc["simulated_study", "simulated"]
    assert listing.loc["simulated_study", "what"].startswith("Simulated")


def test_every_listed_example_loads():
    listing = list_examples()
    assert len(listing)
    for name, rows in zip(listing["name"], listing["rows"], strict=True):
        assert len(load_example(name)) == rows


def test_unknown_example():
    with pytest.raises(DataError) as caught:
        load_example("simulated-study")
    assert "Did you mean 'simulated_study'?" in str(caught.value)
