"""Group log likelihoods against scipy's normal density and plain quadrature."""

import arviz as az
import numpy as np
import pytest
from scipy import integrate, stats
from scipy.special import logsumexp

from bayes_alliance.errors import ModelError, SamplingError
from bayes_alliance.kernels.shares import effect_covariance
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling import group_likelihood
from bayes_alliance.sampling.group_likelihood import log_likelihood_of, with_group_log_likelihood
from bayes_alliance.sampling.group_sums import density_given_coefficients, sums_suffice
from bayes_alliance.sampling.left_out import (
    LeftOut,
    groups_to_leave_out,
    only_group,
    split_effects,
)
from bayes_alliance.sampling.predictive import with_log_likelihood


def one_draw(fit, chain, draw):
    return fit.posterior.isel(chain=chain, draw=draw)


def covariance_of(model, draw, name):
    group = model.design.group(name)
    cor = draw[f"cor_{name}"].to_numpy() if group.pairs else None
    return effect_covariance(draw[f"sd_{name}"].to_numpy(), cor, group.pairs)


def normal_density(model, draw, rows, left_out):
    """Density of some rows: effects that other rows share are given, the others integrated."""
    design, frame = model.design, model.frame
    mean = design.offset[rows] + design.X[rows] @ draw["b"].to_numpy()
    s2 = float(draw["sigma"]) ** 2 if "sigma" in draw else 1.0
    weight = np.ones(len(frame.y)) if frame.weights is None else frame.weights
    total = np.diag(s2 / weight[rows])
    outside = np.setdiff1d(np.arange(len(frame.y)), rows)
    for group in design.groups:
        shared = np.isin(group.index[rows], group.index[outside])
        effects = draw[f"u_{group.name}"].to_numpy()[group.index[rows]]
        mean = mean + np.where(shared, (group.Z[rows] * effects).sum(axis=1), 0.0)
        Z = np.where(shared[:, None], 0.0, group.Z[rows])
        same = group.index[rows][:, None] == group.index[rows][None]
        total += np.where(same, Z @ covariance_of(model, draw, group.name) @ Z.T, 0.0)
    return stats.multivariate_normal.logpdf(frame.y[rows], mean, total)


FORMULAS = {
    "slopes": ("alliance ~ stigma + offset(age) + (1 + stigma | manager)", "manager"),
    "uncorrelated": ("alliance ~ stigma + (1 + stigma || manager)", "manager"),
    "precision": ("alliance | weights(precise, precision) ~ stigma + (1 | manager)", "manager"),
    "meta": ("alliance | se(precise) ~ 1 + (1 | manager)", "manager"),
    "nested, upper": ("alliance ~ stigma + (1 + stigma | agency/manager)", "agency"),
    "nested, lower": ("alliance ~ stigma + (1 + stigma | agency/manager)", "agency:manager"),
    "crossed": ("alliance ~ stigma + (1 | manager) + (1 + stigma | setting)", "setting"),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_gaussian_groups_against_scipy(name, clients, make_fit):
    formula, group = FORMULAS[name]
    model = Model(formula, clients)
    fit = make_fit(model)
    found = with_group_log_likelihood(fit, group=group).idata["group_log_likelihood"]["alliance"]
    index = model.design.group(group).index
    assert found.dims == ("chain", "draw", group)
    for chain, draw in [(0, 0), (1, 4)]:
        for k, label in enumerate(model.design.group(group).labels):
            rows = np.flatnonzero(index == k)
            expected = normal_density(model, one_draw(fit, chain, draw), rows, group)
            value = found.isel(chain=chain, draw=draw).sel({group: label}).item()
            assert value == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("name", ["slopes", "uncorrelated", "precision", "meta"])
def test_sums_and_rows_agree(name, clients, make_fit):
    model = Model(FORMULAS[name][0], clients)
    fit, left_out = make_fit(model), groups_to_leave_out(model, None)
    assert sums_suffice(model, left_out)
    by_sums = density_given_coefficients(model, fit.posterior)
    by_rows = log_likelihood_of(model, fit.posterior, split_effects(model, left_out))
    np.testing.assert_allclose(by_sums, by_rows, rtol=1e-9)


@pytest.mark.parametrize(
    ("formula", "family"),
    [
        ("met | weights(counts) ~ stigma + (1 | manager)", "bernoulli"),
        ("rating ~ stigma + (1 | manager)", "cumulative"),
        ("alliance ~ stigma + (1 | manager)", "student"),
    ],
)
def test_other_outcomes_against_plain_quadrature(formula, family, clients, make_fit):
    model = Model(formula, clients, family)
    fit = make_fit(model, draws=4)
    found = with_group_log_likelihood(fit).idata["group_log_likelihood"][model.outcome]
    (group,) = model.design.groups
    weights = model.frame.weights
    for chain, draw in [(0, 0), (1, 2)]:
        one = one_draw(fit, chain, draw)
        parameters = {n: one[n].to_numpy()[None, None] for n in model.family.parameters}
        eta = model.design.X @ one["b"].to_numpy()
        for k in range(len(group.labels)):
            rows = group.index == k
            repeats = 1.0 if weights is None else weights[rows]

            def joint(v, rows=rows, repeats=repeats, eta=eta, one=one, parameters=parameters):
                moved = eta[rows] + v * one["sd_manager"].item()
                density = model.family.log_density(model.frame.y[rows], moved[None], parameters)
                return np.exp((repeats * density).sum() + stats.norm.logpdf(v) + 40)

            value, _ = integrate.quad(joint, -10, 10, epsrel=1e-10, epsabs=0, limit=200)
            # Eleven nodes; Student's integrand is the least normal of the three.
            tolerance = 2e-2 if family == "student" else 1e-3
            assert found[chain, draw, k].item() == pytest.approx(np.log(value) - 40, abs=tolerance)


def plain_points(root):
    """Many fixed nodes a dimension, wherever the mass lies: effects and log weights."""
    q = len(root)
    some, weights = np.polynomial.hermite_e.hermegauss(60 if q == 1 else 18)
    logs = np.log(weights / weights.sum())
    points = np.stack(np.meshgrid(*[some] * q, indexing="ij"), axis=-1).reshape(-1, q)
    return points @ root.T, sum(np.meshgrid(*[logs] * q, indexing="ij")).ravel()


def nested_density(model, draw, rows):
    """Log density of an agency's rows: plain quadrature over managers, then over the agency."""
    agency, manager = (model.design.group(name) for name in ("agency", "agency:manager"))
    roots = [np.linalg.cholesky(covariance_of(model, draw, g.name)) for g in (agency, manager)]
    outer, outer_weights = plain_points(roots[0])
    inner, inner_weights = plain_points(roots[1])
    parameters = {n: draw[n].to_numpy()[None, None] for n in model.family.parameters}
    eta = model.design.offset + model.design.X @ draw["b"].to_numpy()
    total = outer_weights.copy()
    for k in np.unique(manager.index[rows]):
        mine = rows[manager.index[rows] == k]
        moved = np.zeros((len(outer), len(inner)))
        for row in mine:
            added = (outer @ agency.Z[row])[:, None] + inner @ manager.Z[row]
            one = model.family.log_density(
                model.frame.y[[row]], eta[row] + added.reshape(-1, 1), parameters
            )
            moved += one.reshape(moved.shape)
        total += logsumexp(moved + inner_weights, axis=1)
    return logsumexp(total)


@pytest.mark.parametrize(
    ("formula", "family"),
    [
        ("met ~ stigma + (1 | agency/manager)", "bernoulli"),
        ("met ~ stigma + (1 + stigma || agency) + (1 + stigma | agency:manager)", "bernoulli"),
        ("rating ~ stigma + (1 | agency/manager)", "cumulative"),
    ],
)
def test_smaller_groups_within_groups_against_plain_quadrature(formula, family, clients, make_fit):
    """An integral within an integral, which adaptive nodes must meet for outcomes of steps."""
    model = Model(formula, clients, family)
    fit = make_fit(model)
    found = with_group_log_likelihood(fit, group="agency").idata["group_log_likelihood"]
    index = model.design.group("agency").index
    for chain, draw in [(0, 0), (1, 4)]:
        one = one_draw(fit, chain, draw)
        for k, label in enumerate(model.design.group("agency").labels):
            expected = nested_density(model, one, np.flatnonzero(index == k))
            value = found[model.outcome].isel(chain=chain, draw=draw).sel(agency=label).item()
            assert value == pytest.approx(expected, abs=1e-3)


def test_groups_without_effects_of_their_own_add_up(clients, make_fit):
    """Agencies left out of a model of managers within them: the managers' densities in sum."""
    model = Model("met ~ stigma + (1 | agency:manager)", clients, "bernoulli")
    fit = make_fit(model)
    agency, manager = clients["agency"].factorize(sort=True)[0], model.design.groups[0]
    left_out = LeftOut(name="agency", labels=("north", "south"), index=agency)
    found = log_likelihood_of(model, fit.posterior, split_effects(model, left_out))
    by_manager = log_likelihood_of(
        model, fit.posterior, split_effects(model, groups_to_leave_out(model, None))
    )
    south = np.array([label.startswith("south") for label in manager.labels])
    expected = np.column_stack(
        [by_manager[:, ~south].sum(axis=1), by_manager[:, south].sum(axis=1)]
    )
    np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.filterwarnings("ignore:Estimated shape parameter")  # the draws are invented
def test_it_stands_where_arviz_does_not_look(clients, make_fit):
    fit = with_log_likelihood(make_fit(Model("met ~ 1 + (1 | manager)", clients), draws=50))
    before = az.loo(fit.idata).elpd
    assert az.loo(with_group_log_likelihood(fit).idata).elpd == before


def test_draws_can_be_thinned(slopes):
    fit = with_group_log_likelihood(slopes, draws=4)
    thin = fit.idata["group_log_likelihood"]
    assert dict(thin.sizes) == {"chain": 2, "draw": 2, "manager": 3}
    whole = with_group_log_likelihood(slopes).idata["group_log_likelihood"]["alliance"]
    np.testing.assert_allclose(thin["alliance"], whole.isel(draw=thin["draw"].to_numpy()))


def test_one_group_of_a_split_is_computed_alone(clients, make_fit):
    model = Model("alliance ~ stigma + (1 + stigma | agency/manager)", clients)
    fit, left_out = make_fit(model), groups_to_leave_out(model, "agency")
    split = split_effects(model, left_out)
    whole = log_likelihood_of(model, fit.posterior, split)
    for k in range(2):
        alone = log_likelihood_of(model, fit.posterior, only_group(split, k))
        np.testing.assert_allclose(alone[:, 0], whole[:, k], rtol=1e-12)


def test_draws_of_a_fit_without_the_group_will_do(clients, make_fit):
    """Effects the fit does not know are integrated out, so that they need no draws."""
    model = Model("alliance ~ stigma + (1 | agency/manager)", clients)
    split = only_group(split_effects(model, groups_to_leave_out(model, "agency")), 0)
    posterior = make_fit(model).posterior
    north = [label for label in posterior["agency:manager"].to_numpy() if label.startswith("north")]
    without = posterior.drop_sel({"agency": ["north"], "agency:manager": north})
    expected = log_likelihood_of(model, posterior, split)
    np.testing.assert_array_equal(log_likelihood_of(model, without, split), expected)


def test_what_has_no_exact_order_is_refused_by_name(clients, make_fit):
    crossed_inside = Model(
        "alliance ~ 1 + (1 | agency) + (1 | agency:manager) + (1 | agency:setting)", clients
    )
    with pytest.raises(ModelError, match="cross one another"):
        with_group_log_likelihood(make_fit(crossed_inside), group="agency")
    with pytest.raises(ModelError, match="Did you mean 'manager'"):
        with_group_log_likelihood(
            make_fit(Model("met ~ 1 + (1 | manager)", clients)), group="manger"
        )
    with pytest.raises(ModelError, match="no groups"):
        with_group_log_likelihood(make_fit(Model("alliance ~ stigma", clients)))


def test_what_would_not_fit_is_refused(slopes):
    with pytest.raises(SamplingError, match="groups"):
        with_group_log_likelihood(slopes, memory=1e-9)


@pytest.mark.parametrize("name", ["nested, upper", "ordinal"])
def test_blocks_of_draws_do_not_show(name, clients, make_fit, monkeypatch):
    formula, group = FORMULAS.get(name, ("rating ~ stigma + (1 | manager)", "manager"))
    model = Model(formula, clients, "cumulative" if name == "ordinal" else "gaussian")
    fit = make_fit(model)
    split = split_effects(model, groups_to_leave_out(model, group))
    whole = log_likelihood_of(model, fit.posterior, split)
    monkeypatch.setattr(group_likelihood, "_BLOCK_NORMAL", 3 * 36)
    monkeypatch.setattr(group_likelihood, "_BLOCK_QUADRATURE", 3 * 36)
    # Quadrature starts a block where the last one ended: its nodes move a little.
    tolerance = 1e-3 if name == "ordinal" else 1e-10
    found = log_likelihood_of(model, fit.posterior, split)
    np.testing.assert_allclose(found, whole, atol=tolerance)
