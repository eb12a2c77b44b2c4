"""A row's density given all others, against the dense normal distribution of all rows."""

import numpy as np
import pytest
from scipy import stats

from bayes_alliance.kernels.shares import effect_covariance
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.row_sums import row_density_blocks, rows_have_closed_form

FORMULAS = {
    "slopes": "alliance ~ stigma + offset(age) + (1 + stigma | manager)",
    "uncorrelated": "alliance ~ stigma + (1 + stigma || manager)",
    "precision": "alliance | weights(precise, precision) ~ stigma + (1 | manager)",
    "meta": "alliance | se(precise) ~ 1 + (1 | manager)",
    "counts": "alliance | weights(counts) ~ stigma + (1 | manager)",
    "no coefficients": "alliance ~ 0 + (1 | manager)",
}
PRIORS = {"b[stigma]": "StudentT(4, 0, 2)"}


def dense(model, draw, row):
    """Log density of one copy of a row given all others, from the mean and covariance of all."""
    design, frame = model.design, model.frame
    copies = np.ones(len(frame.y), dtype=int)
    precision = np.ones(len(frame.y))
    if frame.weights is not None and model.formula.response.weight_kind == "frequency":
        copies = frame.weights.astype(int)
    elif frame.weights is not None:
        precision = frame.weights
    at = np.repeat(np.arange(len(frame.y)), copies)
    (group,) = design.groups
    cor = draw[f"cor_{group.name}"].to_numpy() if group.pairs else None
    G = effect_covariance(draw[f"sd_{group.name}"].to_numpy(), cor, group.pairs)
    s2 = float(draw["sigma"]) ** 2 if "sigma" in draw else 1.0
    Z, index = group.Z[at], group.index[at]
    total = np.where(index[:, None] == index, Z @ G @ Z.T, 0.0) + np.diag(s2 / precision[at])
    mean = design.offset[at].copy()
    columns = model.priors.basis.coefficients.columns(design.X)  # those with independent priors
    for k, prior in enumerate(model.priors.of("b")):
        x = columns[at, k]
        if prior.distribution == "Normal":
            mean += x * prior.arguments[0]
            total += prior.arguments[1] ** 2 * np.outer(x, x)
        else:
            mean += x * float(draw["b"][k])
    out = np.arange(len(at)) == np.flatnonzero(at == row)[0]
    solved = np.linalg.solve(total[np.ix_(~out, ~out)], total[np.ix_(~out, out)])
    rest = frame.y[at] - mean
    expected = solved.T @ rest[~out]
    covariance = total[np.ix_(out, out)] - solved.T @ total[np.ix_(~out, out)]
    return stats.multivariate_normal.logpdf(rest[out], expected, covariance)


@pytest.mark.parametrize("student", [False, True])
@pytest.mark.parametrize("name", FORMULAS)
def test_every_row_against_the_dense_normal(name, student, clients, make_fit):
    formula = FORMULAS[name]
    kept = student and "~ stigma" in formula
    model = Model(formula, clients, priors=PRIORS if kept else None)
    assert rows_have_closed_form(model)
    posterior = make_fit(model).posterior
    draws = posterior.sizes["chain"] * posterior.sizes["draw"]
    found = np.full((draws, len(model.frame.y)), np.nan)
    for places, values in row_density_blocks(model, posterior, numbers=7 * draws):
        assert len(places) <= 7
        found[:, places] = values
    for draw in (0, draws - 1):
        one = posterior.isel(
            chain=draw // posterior.sizes["draw"], draw=draw % posterior.sizes["draw"]
        )
        expected = [dense(model, one, row) for row in range(len(model.frame.y))]
        np.testing.assert_allclose(found[draw], expected, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("far", [0.0, 2000.0])
def test_a_year_and_its_square_leave_rows_out_as_they_do_near_zero(far, clients, make_fit):
    """The variances are those of the fit near zero, whose columns hold all digits."""
    formula = "alliance ~ stigma + I(stigma**2) + (1 | manager)"
    near = make_fit(Model(formula, clients))
    moved = Model(formula, clients.assign(stigma=clients["stigma"] + far))
    expected, found = (
        next(row_density_blocks(model, near.posterior, numbers=1e9))[1]
        for model in (near.model, moved)
    )
    # A square keeps 2,000 / sd squared of its 16 digits.
    np.testing.assert_allclose(found, expected, atol=1e-12 * max(1.0, far**2))


def test_some_rows_alone_are_the_same(slopes):
    (whole,) = row_density_blocks(slopes.model, slopes.posterior, numbers=1e9)
    rows = np.array([30, 2])
    ((places, values),) = row_density_blocks(slopes.model, slopes.posterior, rows, numbers=1e9)
    assert sorted(places) == [2, 30]
    column = {place: k for k, place in enumerate(whole[0])}
    expected = whole[1][:, [column[place] for place in places]]
    np.testing.assert_allclose(values, expected, rtol=1e-12)


def test_a_group_of_one_row_is_known_by_its_spread_alone(clients, make_fit):
    """Its row's density is that of a new group: variance of effect, residual and coefficients."""
    table = clients.assign(manager=[f"own {k}" for k in range(len(clients))])
    table.loc[1:, "manager"] = clients["manager"].iloc[1:]
    model = Model("alliance ~ 1 + (1 | manager)", table, priors={"b[Intercept]": "Normal(50, 1)"})
    posterior = make_fit(model).posterior
    ((places, values),) = row_density_blocks(model, posterior, np.array([0]), numbers=1e9)
    assert list(places) == [0]
    one = posterior.isel(chain=0, draw=0)
    assert values[0, 0] == pytest.approx(dense(model, one, 0), rel=1e-9)


@pytest.mark.parametrize(
    ("formula", "family"),
    [
        ("alliance ~ 1 + (1 | agency/manager)", "gaussian"),
        ("alliance ~ stigma", "gaussian"),
        ("alliance ~ 1 + (1 | manager)", "student"),
    ],
)
def test_other_models_have_none(formula, family, clients):
    assert not rows_have_closed_form(Model(formula, clients, family))
