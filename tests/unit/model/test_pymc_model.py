"""The joint PyMC model has the density written in the documentation, term by term."""

import numpy as np
import pytest
from scipy import stats

from bayes_alliance.errors import DataError
from bayes_alliance.model.families.registry import FAMILIES
from bayes_alliance.model.parametrization import chosen_centring
from bayes_alliance.model.pymc_model import build_coords, build_pymc, data_arrays
from bayes_alliance.model.spec import Model

pytestmark = pytest.mark.slow

PRIORS = {
    "b[Intercept]": "Normal(50, 10)",
    "b": "StudentT(4, 0, 3)",
    "b[age]": "Laplace(0, 0.5)",
    "sigma": "Gamma(2, 0.5)",
}


def inputs_and_outputs(built, outputs, values, evaluate):
    """Evaluate deterministic variables at values of the free ones on their unbounded scale."""
    return evaluate(
        built.replace_rvs_by_values(outputs),
        {built.rvs_to_values[v]: values[v.name] for v in built.free_RVs},
    )


def unbounded_point(built, seed, evaluate):
    rng = np.random.default_rng(seed)
    shapes = evaluate([v.shape for v in built.free_RVs])
    points = {}
    for variable, shape in zip(built.free_RVs, shapes, strict=True):
        if variable.name.startswith("cholesky"):
            shape = (shape[0] * (shape[0] - 1) // 2,)
        points[variable.name] = rng.normal(scale=0.7, size=tuple(shape))
    return points


def named(built, names):
    return [built[name] for name in names]


def log_density(built, values, evaluate, *, jacobian):
    inputs = {built.rvs_to_values[v]: values[v.name] for v in built.free_RVs}
    factors = [*built.free_RVs, *built.observed_RVs]
    terms = evaluate(built.logp(vars=factors, sum=False, jacobian=jacobian), inputs)
    return {v.name: np.asarray(t).sum() for v, t in zip(factors, terms, strict=True)}


def covariance(sd, cor, group):
    matrix = np.diag(sd**2)
    for value, (i, j) in zip(np.atleast_1d(cor), group.pairs, strict=True):
        matrix[i, j] = matrix[j, i] = value * sd[i] * sd[j]
    return matrix


GROUP_TERMS = [
    "(1 | manager)",
    "(1 + stigma | manager)",
    "(1 + stigma || manager)",
    "(1 + stigma + age | manager)",
    "(1 + stigma | manager) + (0 + age + wave | manager)",
    "(1 + stigma | manager) + (0 + age | manager)",
    "(1 | agency/manager) + (0 + stigma | wave)",
]


@pytest.mark.parametrize("centred", [True, False])
@pytest.mark.parametrize("terms", GROUP_TERMS)
def test_effects_are_normal_with_the_stated_covariance(terms, centred, clients, evaluate):
    model = Model(f"alliance ~ stigma + age + {terms}", clients, priors=PRIORS, centred=centred)
    built = build_pymc(model)
    point = unbounded_point(built, 3, evaluate)
    found = log_density(built, point, evaluate, jacobian=False)
    for group in model.design.groups:
        wanted = [f"u_{group.name}", f"sd_{group.name}"]
        wanted += [f"cor_{group.name}"] if group.pairs else []
        u, sd, *cor = inputs_and_outputs(built, named(built, wanted), point, evaluate)
        matrix = covariance(sd, cor[0] if cor else [], group)
        expected = stats.multivariate_normal.logpdf(u, cov=matrix).sum()
        own = [f"effects_{group.name}_", f"standard_{group.name}_"]
        terms_found = sum(v for name, v in found.items() if name.startswith(tuple(own)))
        if not centred:  # standard normals: the change of scale is what the logs differ by
            expected += len(group.labels) * np.linalg.slogdet(matrix)[1] / 2
        assert terms_found == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("terms", [GROUP_TERMS[2], *GROUP_TERMS[-2:]])
def test_the_likelihood_reads_the_effects(terms, clients, evaluate):
    model = Model(f"alliance ~ stigma + age + {terms} + offset(wave)", clients, priors=PRIORS)
    built = build_pymc(model)
    point = unbounded_point(built, 4, evaluate)
    groups = model.design.groups
    wanted = ["b", "sigma", *(f"u_{group.name}" for group in groups)]
    b, sigma, *effects = inputs_and_outputs(built, named(built, wanted), point, evaluate)
    eta = clients["wave"] + b[0] + b[1] * clients["stigma"] + b[2] * clients["age"]
    for group, u in zip(groups, effects, strict=True):
        for row in range(len(clients)):
            eta[row] += group.Z[row] @ u[group.index[row]]
    y = clients["alliance"].to_numpy()
    expected = FAMILIES["gaussian"].log_density(y, eta.to_numpy(), {"sigma": sigma}).sum()
    found = log_density(built, point, evaluate, jacobian=False)["alliance"]
    assert found == pytest.approx(expected, rel=1e-10)


def test_top_level_priors_are_the_stated_ones(clients, evaluate, pymc_terms):
    model = Model(
        "alliance ~ stigma + age + (1 + stigma | manager)",
        clients,
        priors={**PRIORS, "cor_manager": "LKJ(3)", "sd_manager[stigma]": "Uniform(0, 4)"},
    )
    built = build_pymc(model)
    names = {v.name for v in built.free_RVs}
    assert {"b_Normal", "b_StudentT", "b_Laplace", "sd_manager_Uniform", "sigma"} <= names
    point = {name: 0.3 + 0 * x for name, x in unbounded_point(built, 1, evaluate).items()}
    terms = pymc_terms(built, point)
    assert terms["b_Normal"] == pytest.approx(stats.norm(50, 10).logpdf([0.3]))
    assert terms["b_StudentT"] == pytest.approx(stats.t(4, 0, 3).logpdf([0.3]))
    assert terms["b_Laplace"] == pytest.approx(stats.laplace(0, 0.5).logpdf([0.3]))
    assert terms["sigma"] == pytest.approx(stats.gamma(2, scale=2).logpdf(0.3))
    assert terms["sd_manager_Uniform"] == pytest.approx(np.log([1 / 4]))
    # Two effects: (cor + 1) / 2 is Beta(eta, eta).
    assert terms["half_manager_0"] == pytest.approx(stats.beta(3, 3).logpdf(0.3))


def test_elements_of_mixed_priors_stand_in_their_order(clients, evaluate):
    model = Model("alliance ~ stigma + age", clients, priors=PRIORS)
    built = build_pymc(model)
    point = {
        "b_Normal": np.array([1.0]),
        "b_StudentT": np.array([2.0]),
        "b_Laplace": np.array([3.0]),
        "sigma": np.array(0.0),
    }
    (b,) = inputs_and_outputs(built, named(built, ["b"]), point, evaluate)
    assert model.design.coefficients == ("Intercept", "stigma", "age")
    np.testing.assert_array_equal(b, [1.0, 2.0, 3.0])


def test_three_correlated_effects_have_the_lkj_density(clients, evaluate, plain_function):
    """On the unbounded scale: (eta - 1) log det R plus the log of the change of variables."""
    eta = 2.5
    model = Model(
        "alliance ~ 1 + (1 + stigma + age | manager)",
        clients,
        priors={"cor_manager": f"LKJ({eta})"},
    )
    built = build_pymc(model)
    point = unbounded_point(built, 6, evaluate)
    free = {built.rvs_to_values[v]: point[v.name] for v in built.free_RVs}
    (place,) = (k for k, v in enumerate(built.free_RVs) if v.name == "cholesky_manager_0")
    (term,) = built.logp(vars=[built["cholesky_manager_0"]], sum=False, jacobian=True)
    (cor,) = built.replace_rvs_by_values([built["cor_manager"]])
    function = plain_function(list(free), [cor, term.sum()])

    def at(x):
        return function(*[x if k == place else v for k, v in enumerate(free.values())])

    def expected(x):
        step = 1e-5
        moves = step * np.eye(3)
        jacobian = np.array([(at(x + m)[0] - at(x - m)[0]) / (2 * step) for m in moves])
        r12, r13, r23 = at(x)[0]
        matrix = np.array([[1, r12, r13], [r12, 1, r23], [r13, r23, 1]])
        return (eta - 1) * np.linalg.slogdet(matrix)[1] + np.linalg.slogdet(jacobian)[1]

    first, second = np.array([0.4, -0.3, 0.8]), np.array([-0.9, 0.2, 0.1])
    # Central differences with a step of 1e-5 are right to about 1e-9.
    assert at(first)[1] - at(second)[1] == pytest.approx(
        expected(first) - expected(second), rel=1e-6
    )


def test_thresholds_are_kept_in_order(clients, evaluate):
    model = Model("rating ~ stigma", clients, family="cumulative")
    built = build_pymc(model)
    for seed in range(3):
        point = unbounded_point(built, seed, evaluate)
        (cutpoint,) = inputs_and_outputs(built, named(built, ["cutpoint"]), point, evaluate)
        assert (np.diff(cutpoint) > 0).all()


def test_coordinates_are_the_users_own_words(clients):
    model = Model("rating ~ setting + (1 + stigma | agency/manager)", clients, family="cumulative")
    coords = build_coords(model)
    assert coords == {
        "coefficient": ["setting[home]", "setting[ward]"],
        "agency": ["north", "south"],
        "agency_effect": ["Intercept", "stigma"],
        "agency_pair": ["Intercept ~ stigma"],
        "agency:manager": [f"{a}:m{m}" for a in ("north", "south") for m in (1, 2, 3, 4)],
        "agency:manager_effect": ["Intercept", "stigma"],
        "agency:manager_pair": ["Intercept ~ stigma"],
        "cutpoint_between": ["1|2", "2|3", "3|4"],
    }
    assert set(coords) <= set(model.pymc.coords)
    assert model.pymc is model.pymc


def test_everything_that_changes_with_the_data_is_data(clients):
    model = Model("alliance | weights(counts) ~ stigma + (1 | manager)", clients)
    built = model.pymc
    arrays = data_arrays(model)
    assert set(arrays) == {v.name for v in built.data_vars}
    for variable in built.data_vars:
        np.testing.assert_array_equal(variable.get_value(), arrays[variable.name])


@pytest.mark.parametrize("outcome", ["X", "offset", "weights", "data", "y", "mu", "Z_manager2"])
def test_an_outcome_may_have_a_short_name(outcome, clients):
    table = clients.rename(columns={"alliance": outcome})
    built = Model(f"{outcome} | weights(precise) ~ stigma + (1 | manager)", table).pymc
    assert built.potentials[0].name == outcome


@pytest.mark.parametrize("formula", ["`team/score` ~ 1", "alliance ~ (1 | `team/score`)"])
def test_slashes_are_refused_before_anything_is_sampled(formula, clients):
    table = clients.assign(**{"team/score": np.tile([1.0, 2.0], 24)})
    with pytest.raises(DataError, match="one is team/score"):
        Model(formula, table)
    # As a predictor the column is welcome.
    assert Model("alliance ~ `team/score`", table).design.coefficients[1] == "team/score"


def test_a_model_without_coefficients_or_groups_is_built(clients, pymc_terms):
    terms = pymc_terms(Model("alliance ~ 0", clients).pymc, {"sigma": 2.0})
    expected = stats.norm(0, 2).logpdf(clients["alliance"])
    np.testing.assert_allclose(terms["alliance"], expected)


def test_groups_with_much_data_are_centred(clients):
    few = Model("alliance ~ (1 + stigma | manager) + (1 | agency)", clients)
    assert few.centring == {"manager": "non-centred", "agency": "non-centred"}
    twice = clients.loc[clients.index.repeat(3)].reset_index(drop=True)
    # 72 rows an agency are enough for two effects; 36 a manager for one, not for two.
    many = Model("alliance ~ (1 + stigma | manager) + (1 + stigma | agency)", twice)
    assert many.centring == {"manager": "non-centred", "agency": "centred"}
    assert chosen_centring(many.design, many.frame.y, True) == {
        "manager": "centred",
        "agency": "centred",
    }
    assert chosen_centring(many.design, many.frame.y, False)["agency"] == "non-centred"
