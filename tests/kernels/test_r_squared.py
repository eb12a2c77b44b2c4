"""The parts of the implied variance against plain numpy, and against the published functions."""

import numpy as np
import pandas as pd
import pytest

from bayes_alliance.kernels.r_squared import (
    explained_by_coefficients,
    explained_by_means,
    explained_by_slopes,
    level_covariances,
    level_of_each,
    weighted_means,
)

RNG = np.random.default_rng(8)
ROWS = 300
MANAGER = RNG.integers(0, 24, size=ROWS)
AGENCY = (np.arange(24) // 4)[MANAGER]
COLUMNS = np.column_stack(
    [
        np.ones(ROWS),
        RNG.normal(size=ROWS) + RNG.normal(size=24)[MANAGER] + 5,
        RNG.normal(size=24)[MANAGER],
        RNG.normal(size=6)[AGENCY],
    ]
)
ONES = np.ones(ROWS)


def portions() -> list[np.ndarray]:
    """The three parts of every column, by pandas."""
    frame = pd.DataFrame(COLUMNS)
    of_manager = frame.groupby(MANAGER).transform("mean")
    of_agency = frame.groupby(AGENCY).transform("mean")
    return [
        (frame - of_manager).to_numpy(),
        (of_manager - of_agency).to_numpy(),
        of_agency.to_numpy(),
    ]


def test_each_level_has_the_covariance_of_its_own_part() -> None:
    found = level_covariances(COLUMNS, [MANAGER, AGENCY], ONES)
    for level, part in zip(found, portions(), strict=True):
        np.testing.assert_allclose(level, np.cov(part.T), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("groups", [[], [MANAGER], [MANAGER, AGENCY]], ids=len)
def test_the_levels_add_up_to_the_total_covariance(groups: list[np.ndarray]) -> None:
    found = level_covariances(COLUMNS, groups, ONES)
    assert len(found) == len(groups) + 1
    np.testing.assert_allclose(found.sum(axis=0), np.cov(COLUMNS.T), rtol=1e-12, atol=1e-12)


def test_rounding_is_not_variance() -> None:
    centred = portions()[0][:, [1]]
    found = level_covariances(centred, [MANAGER, AGENCY], ONES)[:, 0, 0]
    assert found.tolist() == [pytest.approx(np.var(centred, ddof=1)), 0.0, 0.0]
    assert weighted_means(centred, ONES).tolist() == [0.0]
    assert weighted_means(COLUMNS, ONES) == pytest.approx(COLUMNS.mean(axis=0))


def test_a_row_of_weight_three_counts_as_three_rows() -> None:
    times = RNG.integers(1, 4, size=ROWS)
    found = level_covariances(COLUMNS, [MANAGER, AGENCY], times.astype(float))
    written_out = np.repeat(np.arange(ROWS), times)
    expected = level_covariances(
        COLUMNS[written_out], [MANAGER[written_out], AGENCY[written_out]], np.ones(times.sum())
    )
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_no_columns_have_no_variance() -> None:
    assert level_covariances(np.zeros((ROWS, 0)), [MANAGER], ONES).shape == (2, 0, 0)


def test_the_level_of_a_column_is_read_from_its_variance() -> None:
    covariances = level_covariances(COLUMNS, [MANAGER, AGENCY], ONES)
    # A constant, one that varies everywhere, one of case managers (and so of agencies), one of
    # agencies alone.
    assert level_of_each(covariances, 0.01).tolist() == [-1, -2, -2, 2]
    centred = np.column_stack([portions()[0][:, 1], portions()[1][:, 1]])
    by_part = level_covariances(centred, [MANAGER, AGENCY], ONES)
    assert level_of_each(by_part, 0.01).tolist() == [0, 1]


@pytest.mark.parametrize(("stray", "level"), [(0.09, 0), (0.11, -2)])
def test_a_hundredth_of_the_variance_may_lie_elsewhere(stray: float, level: int) -> None:
    group = np.repeat([0, 1], 50)
    within = np.tile([-1.0, 1.0], 50)
    # Variance shares of 1 / (1 + stray^2) and stray^2 / (1 + stray^2): 0.8% and 1.2% strays.
    column = (within + stray * np.where(group, 1.0, -1.0))[:, None]
    covariances = level_covariances(column, [group], np.ones(100))
    assert level_of_each(covariances, 0.01).tolist() == [level]


def test_what_coefficients_explain_is_the_variance_of_their_predictor() -> None:
    b = RNG.normal(size=(5, 4))
    covariance = level_covariances(COLUMNS, [], ONES)[0]
    expected = np.var(COLUMNS @ b.T, axis=0, ddof=1)
    np.testing.assert_allclose(explained_by_coefficients(b, covariance), expected, rtol=1e-12)


def test_slopes_and_means_make_up_the_average_variance_between_groups() -> None:
    root = RNG.normal(size=(3, 4, 4))
    effects = root @ root.transpose(0, 2, 1)
    covariance = level_covariances(COLUMNS, [], ONES)[0] * (ROWS - 1) / ROWS
    means = weighted_means(COLUMNS, ONES)
    found = explained_by_slopes(effects, covariance) + explained_by_means(effects, means)
    expected = np.einsum("ri,dij,rj->d", COLUMNS, effects, COLUMNS) / ROWS
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_the_published_measures_are_met_at_the_published_estimates(real_data, figures) -> None:
    reference, table = figures("teachsat_r2"), real_data("teachsat")
    estimates = reference["estimates"]
    group = pd.factorize(table["schoolID"])[0].astype(np.int64)
    ones = np.ones(len(table))
    X = np.column_stack([ones, table[["salary_c", "s_t_ratio"]]])
    Z = np.column_stack([ones, table["salary_c"]])
    within, between = level_covariances(X, [group], ones)
    b, effects = np.array(list(estimates["b"].values())), np.array(estimates["G"])
    f1 = explained_by_coefficients(b, within)
    f2 = explained_by_coefficients(b, between)
    v = explained_by_slopes(effects, level_covariances(Z, [], ones)[0])
    m = explained_by_means(effects, weighted_means(Z, ones))
    residual = estimates["sigma2"]
    parts = {"f1": f1, "f2": f2, "v": v, "m": m, "residual": residual}
    sums = {"f": f1 + f2, "fv": f1 + f2 + v, "fvm": f1 + f2 + v + m, "f1v": f1 + v}
    for scope, total in {
        "total": f1 + f2 + v + m + residual,
        "within": f1 + v + residual,
        "between": f2 + m,
    }.items():
        expected = reference["r2"][scope]
        found = {name: (parts | sums)[name] / total for name in expected}
        assert found == pytest.approx(expected, abs=1e-6)  # the reference's own rounding
