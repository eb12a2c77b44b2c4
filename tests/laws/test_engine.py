"""The engine law: which engine, how many cores, what size of pieces, change no answer."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import bayes_alliance as ba
from bayes_alliance import names
from bayes_alliance.kernels import dense
from bayes_alliance.kernels.unconstrained import constrain
from bayes_alliance.kernels.variance_priors import add_priors
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.engines.collapsed import effects as collapsed_effects
from bayes_alliance.sampling.engines.collapsed import problem as collapsed_problem
from bayes_alliance.sampling.engines.collapsed.priors import variance_priors
from bayes_alliance.sampling.engines.collapsed.scales import scales_of


def factors_of(model, scales, place, rows):
    """Return each grouping factor, its columns where the priors stand, written out by rows."""
    bases = model.priors.basis.effects
    return [
        dense.Factor(
            columns=bases[group.name].columns(group.Z)[rows],
            group=group.index[rows],
            covariance=root[place] @ root[place].T,
        )
        for group, root in zip(model.design.groups, scales.factor, strict=True)
    ]


def prior_of(model):
    """Return working columns, means and variances of all coefficients."""
    mean, sd = np.array([prior.arguments for prior in model.priors.of(names.B)]).reshape(-1, 2).T
    return model.priors.basis.coefficients.columns(model.design.X), mean, sd**2


def theta_prior(model, at):
    """Return the log density of the priors at a place, with the Jacobian of its logarithms."""
    priors = variance_priors(model)
    full = np.append(0.0, at) if priors.known_sigma else np.array(at)
    total = 0.0 if priors.known_sigma else full[0]
    place, first = 1, 0
    for last in priors.block_ends:
        blocks = np.ascontiguousarray(priors.blocks[first:last])
        q, first = int(blocks.sum()), last
        total += constrain(full, place, blocks, np.empty(q), np.empty((q, q)))
        place += q + sum(int(n * (n - 1) // 2) for n in blocks)
    return total + add_priors(priors.arrays(), full, np.zeros(len(full)))


def written_out(model, places):
    """Return the density at places with every covariance matrix written out."""
    scales = scales_of(places[None], variance_priors(model))
    columns, mean, variance = prior_of(model)
    weights, y = model.frame.weights, model.frame.y - model.design.offset
    counted = model.formula.response.weights == "n"
    times = weights.astype(int) if counted else np.ones(len(y), dtype=int)
    rows = np.repeat(np.arange(len(y)), times)
    values = []
    for place, own in enumerate(places):
        likelihood = dense.log_density(
            y[rows],
            columns[rows],
            factors_of(model, scales, place, rows),
            scales.sigma[place] ** 2,
            mean,
            np.diag(variance),
            weights=None if counted or weights is None else weights,
        )
        values.append(likelihood + theta_prior(model, own))
    return np.array(values)


def difference(first, second):
    return np.max(np.abs(first - second) / np.abs(first))


@settings(max_examples=15)
@given(data=st.data(), seed=st.integers(0, 9999), far=st.sampled_from([0.0, 3.0, 100.0]))
def test_the_collapsed_density_is_that_of_the_priors_where_they_stand(
    formulas, study, places, densities, data, seed, far
):
    model = Model(data.draw(formulas()).text, study(seed, far=far))
    at = places(model, seed)
    assert difference(written_out(model, at), densities(model, at)) <= 1e-8


STREAMED = [
    "y ~ x*z + w*a + (1 + x | g)",
    "y | weights(n) ~ a*x + I(x**2) + offset(o) + (1 + w | h/g)",
    "y | se(e) ~ 0 + a + b*a + scale(x)*z + (1 | g) + (x | h)",
]


@pytest.mark.parametrize("formula", STREAMED)
@pytest.mark.parametrize("rows_a_batch", [7, 1000])
def test_streamed_rows_have_the_density_of_held_ones(
    formula, rows_a_batch, study, places, densities, tmp_path
):
    table = study(5, far=3.0)
    table.to_parquet(tmp_path / "table.parquet")
    held = Model(formula, table)
    streamed = Model(formula, ba.scan_table(tmp_path / "table.parquet", rows_a_batch=rows_a_batch))
    at = places(held, 5)
    assert difference(densities(held, at), densities(streamed, at)) <= 1e-8


def test_the_joint_density_integrates_to_the_collapsed_one(study, places, densities):
    """Anywhere: joint density = collapsed density times that of all else, given the variances."""
    model = Model("y ~ x*z + a + (1 + x | g)", study(6, far=3.0), centred=False)
    at = places(model, 6)
    found = [joint_less_conditional(model, own, seed) for seed, own in enumerate(at)]
    jacobian = np.array([own[:3].sum() + np.log1p(-(np.tanh(own[3]) ** 2)) for own in at])
    rest = found - (densities(model, at) - jacobian)
    # Up to a constant: (cor + 1) / 2 has a density of half the range.
    np.testing.assert_allclose(rest, rest[0], rtol=0, atol=1e-8 * np.abs(found).max())
    assert rest[0] == pytest.approx(np.log(2.0), abs=1e-6)


def joint_less_conditional(model, at, seed):
    """Return PyMC's joint log density less that of coefficients and effects given the variances.

    Effects are standard normals there; where they and the coefficients lie does not matter.
    """
    sigma, sd, cor = np.exp(at[0]), np.exp(at[1:3]), np.tanh(at[3])
    rng = np.random.default_rng(seed)
    (group,) = model.design.groups
    columns, mean, variance = prior_of(model)
    b = mean + 0.3 * np.sqrt(variance) * rng.normal(size=len(mean))
    standard = rng.normal(size=(len(group.labels), 2))
    root = sd[:, None] * np.array([[1.0, 0.0], [cor, np.sqrt(1.0 - cor**2)]])
    whitened = model.priors.basis.effects["g"].columns(group.Z) @ root
    factor = dense.Factor(columns=whitened, group=group.index, covariance=np.eye(2))
    centre, covariance = dense.conditional(
        model.frame.y, columns, [factor], sigma**2, mean, np.diag(variance)
    )
    values = {
        model.priors.sampled_name(names.B): b,
        model.priors.sampled_name(names.sd("g")): sd,
        "half_g_0": (cor + 1.0) / 2.0,
        "standard_g_0": standard,
        names.SIGMA: sigma,
    }
    whole = np.concatenate([b, standard.ravel()])
    given = stats.multivariate_normal(centre, covariance, allow_singular=True).logpdf(whole)
    return log_joint(model.pymc, values) - given


def log_joint(built, values):
    """Return a PyMC model's log density at untransformed values, by plain Python."""
    import pytensor
    from pytensor.compile.mode import Mode

    mode = Mode(linker="py", optimizer="fast_compile")
    inputs = {}
    for variable in built.free_RVs:
        value = np.asarray(values[variable.name], dtype="float64")
        transform = built.rvs_to_transforms[variable]
        if transform is not None:
            moved = transform.forward(value, *variable.owner.inputs)
            value = pytensor.function([], moved, mode=mode)()
        inputs[built.rvs_to_values[variable]] = value
    density = built.logp(jacobian=False)
    function = pytensor.function(list(inputs), density, mode=mode, on_unused_input="ignore")
    return float(function(*inputs.values()))


@pytest.mark.parametrize("formula", ["y ~ x + a + (1 + x | g)", "y ~ x + (1 | g) + (1 + x | h)"])
def test_pieces_and_cores_change_no_bit(formula, study, places, fit_at, monkeypatch):
    model = Model(formula, study(7, far=3.0))
    at = places(model, 7, 40).reshape(2, 20, -1)
    whole = fit_at(model, at).posterior
    monkeypatch.setattr(collapsed_effects, "_CHUNK_BYTES", 3000.0)
    monkeypatch.setattr(collapsed_effects, "_WORTH_A_THREAD", 0.0)
    for cores in (1, 3):
        pieces = fit_at(model, at, cores=cores).posterior
        assert all(np.array_equal(whole[name], pieces[name]) for name in whole)


@pytest.mark.slow
def test_one_seed_makes_one_fit(study):
    model = Model("y ~ x*z + a + (1 + x | g)", study(8, far=2010.0))
    fits = [
        ba.sample(model, seed=3, draws=50, tune=50, chains=2, cores=cores, progress=False)
        for cores in (1, 2, 1)
    ]
    for other in fits[1:]:
        assert all(
            np.array_equal(fits[0].posterior[name], other.posterior[name])
            for name in fits[0].posterior
        )


def test_an_offender_is_seen(study, places, densities, monkeypatch):
    """Sums of the columns as written, under the priors of those at the means."""
    model = Model("y ~ x*z + (1 + x | g)", study(9, far=3.0))
    at = places(model, 9)
    assert difference(written_out(model, at), densities(model, at)) <= 1e-8
    monkeypatch.setattr(collapsed_problem, "population_columns", lambda model: model.design.X)
    assert difference(written_out(model, at), densities(model, at)) > 1e-6
