"""The log evidence: quadrature, PyMC's density, and what is refused."""

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy import integrate, special, stats

import bayes_alliance as ba
from bayes_alliance import names
from bayes_alliance.model.prior import Prior
from bayes_alliance.posterior.evidence.bridge_target import (
    free_numbers,
    full_target,
    integrated_target,
    log_ordered_mass,
)
from bayes_alliance.sampling.container import draws_dataset
from bayes_alliance.sampling.engines.collapsed.priors import variance_priors
from bayes_alliance.sampling.engines.collapsed.problem import collapsed_problem
from bayes_alliance.sampling.engines.collapsed.scales import scales_of
from bayes_alliance.sampling.working_scale import user_scales

pytestmark = pytest.mark.slow

SCHOOLS = {
    "effect": [28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0],
    "se": [15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0],
}


@pytest.fixture(scope="module")
def schools_fit():
    """Mean and between-school sd are the two unknowns once the effects are integrated out."""
    table = pd.DataFrame(SCHOOLS).assign(school=[f"s{k}" for k in range(8)])
    priors = {"b[Intercept]": "Normal(0, 5)", "sd_school": "HalfCauchy(5)"}
    return ba.sample(ba.Model("effect | se(se) ~ 1 + (1 | school)", table, priors=priors), seed=1)


def schools_by_quadrature():
    y, se = (np.array(SCHOOLS[name])[:, None] for name in ("effect", "se"))

    def given_tau(tau):
        def over_mu(mu):
            rows = stats.norm(mu, np.hypot(se, tau)).logpdf(y).sum(axis=0)
            return np.exp(rows + stats.norm(0, 5).logpdf(mu) + 30)

        inner = integrate.fixed_quad(over_mu, -40, 40, n=200)[0]
        return inner * stats.halfcauchy(0, 5).pdf(tau)

    return np.log(integrate.quad(given_tau, 0, np.inf, limit=300)[0]) - 30


def test_two_parameters_equal_their_integral_by_quadrature(schools_fit):
    evidence = ba.log_evidence(schools_fit)
    assert evidence.integrated
    assert evidence.log_evidence == pytest.approx(schools_by_quadrature(), abs=0.01)


def test_a_bridge_over_everything_gives_the_same(schools_fit):
    evidence = ba.log_evidence(schools_fit, integrate=False)
    assert int(evidence.table["dimensions"].iloc[0]) == 1 + 1 + 8
    difference = evidence.log_evidence - schools_by_quadrature()
    assert abs(difference) < 4 * evidence.mcse < 0.2


def rows_by_hand(clients):
    """A model without groups; its draws by resampling a fine grid, its evidence by summing it."""
    rows = clients.iloc[::16].assign(alliance=lambda t: t["alliance"] / 10)
    priors = {"b[Intercept]": "Normal(6, 1)", "sigma": "HalfNormal(1)"}
    model = ba.Model("alliance ~ 1", rows, priors=priors)
    y = model.frame.y
    mu, log_sigma = np.meshgrid(np.linspace(4, 8, 801), np.linspace(-2, 1.5, 701), indexing="ij")
    squares = ((y - y.mean()) ** 2).sum() + len(y) * (mu - y.mean()) ** 2
    log_density = -0.5 * squares / np.exp(2 * log_sigma)
    log_density -= len(y) * (log_sigma + 0.5 * np.log(2 * np.pi))
    log_density += stats.norm(6, 1).logpdf(mu) + log_sigma
    log_density += stats.halfnorm(0, 1).logpdf(np.exp(log_sigma))
    cell = (4 / 800) * (3.5 / 700)
    evidence = special.logsumexp(log_density) + np.log(cell)
    rng = np.random.default_rng(2)
    weight = np.exp(log_density - log_density.max()).ravel()
    places = rng.choice(weight.size, size=8000, p=weight / weight.sum())
    jitter = rng.uniform(-0.5, 0.5, size=(2, 8000)) * [[4 / 800], [3.5 / 700]]
    draws = {
        names.B: (mu.ravel()[places] + jitter[0]).reshape(4, 2000, 1),
        names.SIGMA: np.exp(log_sigma.ravel()[places] + jitter[1]).reshape(4, 2000),
    }
    return model, draws, evidence


def test_a_model_without_groups_equals_its_integral(clients, make_fit):
    model, draws, truth = rows_by_hand(clients)
    fit = make_fit(model).with_group(names.POSTERIOR, draws_dataset(model, draws))
    evidence = ba.log_evidence(fit)
    assert not evidence.integrated
    assert evidence.log_evidence == pytest.approx(truth, abs=0.01)


def test_runs_with_other_seeds_differ_by_less_than_a_fiftieth(clients):
    model = ba.Model("alliance ~ stigma + (1 | case_manager)", clients)
    found = [ba.log_evidence(ba.sample(model, seed=seed)).log_evidence for seed in range(5)]
    assert max(found) - min(found) < 0.02
    assert len(set(found)) == 5


def test_the_seed_decides_the_proposals(null_fit):
    first, again, other = (ba.log_evidence(null_fit, seed=s).log_evidence for s in (1, 1, 2))
    assert first == again != other


MODELS = {
    "three correlated": "alliance ~ stigma + (1 + stigma + age | case_manager)",
    "uncorrelated": "alliance ~ stigma + (1 + stigma || case_manager)",
    "two terms": "alliance ~ stigma + (1 | case_manager) + (1 + stigma | agency)",
}


@pytest.mark.parametrize("name", MODELS)
def test_free_numbers_lead_back_to_the_draws(name, clients):
    table = clients.assign(age=np.random.default_rng(3).normal(size=len(clients)))
    model = ba.Model(MODELS[name], table, priors={"b[stigma]": "StudentT(3, 0, 2)"})
    fit = ba.sample(model, seed=1, chains=2, draws=50, tune=100)
    theta, priors = free_numbers(fit), variance_priors(model)
    assert theta.shape == (2, 50, priors.size)
    scales = scales_of(theta, priors)
    np.testing.assert_allclose(scales.sigma, fit.posterior["sigma"].to_numpy().ravel(), rtol=1e-12)
    stigma = fit.posterior["b"].sel(coefficient="stigma").to_numpy().ravel()
    np.testing.assert_array_equal(scales.sampled[:, 0], stigma)
    for k, group in enumerate(model.design.groups):
        own = user_scales(model, group, scales.factor[k])
        sd = fit.posterior[f"sd_{group.name}"].to_numpy().reshape(100, -1)
        np.testing.assert_allclose(own.sd, sd, rtol=1e-9)
        for m in range(len(group.pairs)):
            cor = fit.posterior[f"cor_{group.name}"].to_numpy().reshape(100, -1)[:, m]
            # Near 1 the correlation itself no longer holds the digits.
            np.testing.assert_allclose(own.cor[:, m], cor, atol=1e-9)


@pytest.mark.parametrize("fixture", ["slopes_fit", "nested_fit"])
def test_the_density_of_many_points_is_that_of_each(fixture, request):
    fit = request.getfixturevalue(fixture)
    target = integrated_target(fit)
    points = target.points.reshape(-1, target.dimensions)[:20]
    one, priors = collapsed_problem(fit.model).density(), variance_priors(fit.model).arrays()
    expected = [one(priors, 0, point, np.empty(target.dimensions)) for point in points]
    np.testing.assert_allclose(target.log_density(points), expected, rtol=1e-13)


PYMC = {
    "bernoulli": ("stayed ~ stigma + (1 | case_manager)", {}, None),
    "student": ("alliance ~ stigma + (1 + stigma | case_manager)", {}, True),
    "cumulative": ("rating ~ stigma + (1 | case_manager)", {}, False),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    "family", ["bernoulli", "cumulative", pytest.param("student", marks=pytest.mark.long)]
)
def test_the_density_of_everything_is_pymcs(family, clients, make_fit):
    """Up to constants that are known: z is half the log odds, thresholds have their mass back."""
    formula, priors, centred = PYMC[family]
    model = ba.Model(formula, clients, family, priors, centred=centred)
    fit = make_fit(model, chains=2, draws=4)
    ours = full_target(fit).log_density(full_target(fit).points.reshape(8, -1))
    theirs = pymc_densities(model, fit)
    known = {"student": np.log(2.0), "cumulative": special.gammaln(4)}.get(family, 0.0)
    np.testing.assert_allclose(ours - theirs, known, rtol=0, atol=1e-7 * np.abs(theirs).max())


def pymc_densities(model, fit):
    """PyMC's log density at the fit's draws, by its own transforms."""
    built = model.pymc
    density = built.compile_logp(jacobian=True)
    found = []
    for k in range(8):
        here = {name: v[divmod(k, 4)] for name, v in all_values(model, fit).items()}
        point = {}
        for variable in built.free_RVs:
            value = built.rvs_to_values[variable]
            transform = built.rvs_to_transforms[variable]
            free = here[variable.name]
            if transform is not None:
                free = transform.forward(free, *variable.owner.inputs).eval()
            point[value.name] = free
        found.append(float(density(point)))
    return np.array(found)


def all_values(model, fit):
    """The draws under the names of PyMC's free variables."""
    values = {name: v.to_numpy() for name, v in fit.posterior.data_vars.items()}
    (group,) = model.design.groups
    basis = model.priors.basis
    T = basis.effects["case_manager"].to_working
    # By plain algebra: what has the priors is T b, T u and T G T'.
    values["working_b"] = values["b"] @ basis.coefficients.to_working.T
    if "cutpoint" in values:
        moved = values["b"] @ basis.coefficients.constant
        values["working_cutpoint"] = values["cutpoint"] - moved[..., None]
    sd, u = values["sd_case_manager"], values["u_case_manager"] @ T.T
    if group.pairs:
        cor = values["cor_case_manager"][..., 0]
        G = (
            sd[..., :, None]
            * sd[..., None, :]
            * (np.eye(2) + cor[..., None, None] * np.eye(2)[::-1])
        )
        G = T @ G @ T.T
        sd = np.sqrt(np.diagonal(G, axis1=-2, axis2=-1))
        values["working_sd_case_manager"] = sd
        values["half_case_manager_0"] = (G[..., 0, 1] / sd[..., 0] / sd[..., 1] + 1) / 2
        values["effects_case_manager_0_first"] = u[..., 0]
        values["effects_case_manager_0_second"] = u[..., 1]
    values["standard_case_manager_0"] = u / sd[..., None, :]
    return values


def test_counts_are_rows(clients):
    """A row that counts twice is two rows."""
    few = clients.iloc[::2]
    twice = few.assign(times=1 + (np.arange(len(few)) % 2))
    model = ba.Model("alliance | weights(times) ~ 1 + (1 | case_manager)", twice)
    long = twice.loc[twice.index.repeat(twice["times"])].reset_index(drop=True)
    priors = model.priors.strings
    found = [
        ba.log_evidence(ba.sample(ba.Model(formula, table, priors=priors), seed=1)).log_evidence
        for formula, table in (
            ("alliance | weights(times) ~ 1 + (1 | case_manager)", twice),
            ("alliance ~ 1 + (1 | case_manager)", long),
        )
    ]
    assert found[0] == pytest.approx(found[1], abs=0.02)


@pytest.mark.parametrize(
    ("arguments", "mass"),
    [
        ([(0, 1)], 1.0),
        ([(0, 2)] * 4, 1 / 24),
        ([(0, 1), (1, 1)], float(stats.norm.cdf(1 / np.sqrt(2)))),
        ([(0, 1), (0, 3)], 0.5),
        ([(2, 1e-3), (0, 5)], float(stats.norm.cdf(-0.4))),
    ],
)
def test_the_mass_of_thresholds_in_order(arguments, mass):
    priors = [Prior("Normal", pair) for pair in arguments]
    assert np.exp(log_ordered_mass(priors)) == pytest.approx(mass, rel=1e-4)


def test_three_unlike_thresholds_against_simulation():
    """A million draws hold the mass to 0.0005."""
    arguments = [(-1, 1.0), (0, 2.0), (0.5, 1.0)]
    priors = [Prior("Normal", pair) for pair in arguments]
    drawn = np.random.default_rng(4).normal(*np.transpose(arguments), size=(1_000_000, 3))
    simulated = (np.diff(drawn, axis=1) > 0).all(axis=1).mean()
    assert np.exp(log_ordered_mass(priors)) == pytest.approx(simulated, abs=0.002)


def test_what_is_not_defined_is_refused(clients, null_fit, bernoulli_fit):
    formula = "alliance ~ 1 + (1 | case_manager)"
    flat = ba.Model(formula, clients, priors={"sd_case_manager": "HalfFlat()"})
    with pytest.raises(ba.ModelError, match=r"sd_case_manager\[Intercept\] is improper"):
        ba.log_evidence(ba.sample(flat, seed=1, draws=20, tune=100))
    weighted = clients.assign(w=0.5 + np.arange(len(clients)) % 2)
    pseudo = ba.Model(f"alliance | weights(w) {formula[9:]}", weighted)
    with pytest.raises(ba.ModelError, match="count no rows"):
        ba.log_evidence(ba.sample(pseudo, seed=1, draws=20, tune=100))
    with pytest.raises(ba.SamplingError, match="without them"):
        ba.log_evidence(replace(null_fit, has_data=False))
    with pytest.raises(ba.SamplingError, match="at least once"):
        ba.log_evidence(null_fit, repeats=0)
    with pytest.raises(ba.SamplingError, match="bernoulli, not gaussian"):
        ba.log_evidence(bernoulli_fit, integrate=True)
    # 2 + 2 + 1 + 40 x 2 numbers by 3, from each half of 1,000 draws: 255 would do, 100 do not.
    few = bernoulli_fit.with_group(names.POSTERIOR, bernoulli_fit.posterior.isel(draw=slice(0, 50)))
    with pytest.raises(ba.SamplingError, match="85 parameters and group effects") as raised:
        ba.log_evidence(few)
    assert raised.value.facts == {"dimensions": 85, "draws": 200}
    assert "Sample at least 510 draws" in str(raised.value)


def test_the_record_shows_itself(null_fit):
    evidence = ba.log_evidence(null_fit, repeats=3)
    assert evidence.estimates.shape == (3, 2)
    assert evidence.log_evidence == pytest.approx(evidence.estimates.mean())
    assert evidence.draws["log_evidence"].dims == ("repeat", "half")
    np.testing.assert_array_equal(evidence.draws["log_evidence"], evidence.estimates)
    assert evidence.table["mcse"].iloc[0] == evidence.mcse
    assert f"{evidence.log_evidence:.2f}" in str(evidence)
    assert "Default priors, scaled to the data: b[Intercept]" in str(evidence)
    assert evidence.sentence.startswith("The log evidence of alliance ~ 1 + (1 | case_manager)")
    assert "integrated out exactly" in evidence._repr_html_()
    axes = evidence.plot()
    assert len(axes.get_yticks()) == 7
    plt.close(axes.figure)
    unsure = replace(evidence, mcse=0.5)
    assert "Too unsure" in str(unsure)
    assert "Too unsure" not in str(evidence)
