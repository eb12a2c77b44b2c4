"""What every registered family must do: a family that forgets something fails here by itself.

Nothing in this file knows a family: outcomes come from its simulator, parameters from its priors.
"""

import inspect
import itertools
from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats

from bayes_alliance.errors import DataError, ModelError
from bayes_alliance.model.families.family import Family
from bayes_alliance.model.families.parameter import ORDERED, POSITIVE, REAL, UNIT
from bayes_alliance.model.families.registry import FAMILIES, find_family
from bayes_alliance.model.spec import Model

LEVELS = ("1", "2", "3", "4")
CASES = [(name, str(link)) for name, family in FAMILIES.items() for link in family.links]
EVERY = pytest.mark.parametrize(("name", "link"), CASES)
ETA = np.array([-4.0, -1.3, 0.0, 0.2, 0.9, 2.5])
# z of a test over all families, links and linear predictors; 60 tests: 1e-5 in all.
FARTHEST = 5.2


def own_parameters(family: Family, seed: int = 3) -> dict[str, np.ndarray]:
    """Draw each own parameter from its default prior, shape (1, ...)."""
    rng, found = np.random.default_rng(seed), {}
    for own in family.own:
        elements = [own.default(0.0, 1.0) for _ in own.labels(LEVELS)]
        values = np.array([prior.frozen.ppf(rng.uniform(0.3, 0.7)) for prior in elements])
        values = np.sort(values) * 0.5 if own.support.is_ordered else values
        found[own.name] = values[None] if own.dim else values
    return found


def levels_of(family: Family) -> tuple[str, ...]:
    return LEVELS if family.level is not None else ()


@cache
def simulated(name: str, link: str, eta: float, size: int = 20_000) -> np.ndarray:
    family = find_family(name, link)
    rng = np.random.default_rng([7, *f"{name}{link}{eta}".encode()])
    return family.simulate(rng, np.full(size, eta), own_parameters(family))


def as_column(family: Family, values: np.ndarray) -> pd.Series:
    return pd.Series(values.astype(int) if family.is_discrete else values, name="y")


def table(family: Family) -> pd.DataFrame:
    """Twenty rows at each linear predictor, which is x, and some weights."""
    rng = np.random.default_rng(5)
    x = np.repeat(ETA, 20)
    y = as_column(family, family.simulate(rng, x, own_parameters(family)))
    w = 0.3 + rng.random(len(x))
    return pd.DataFrame({"y": y, "x": x, "w": w, "n": 1 + np.arange(len(x)) % 3})


@pytest.mark.parametrize("weights", ["", " | weights(n)", " | weights(w, precision)", " | se(w)"])
@EVERY
def test_the_density_is_pymcs(name, link, weights, pymc_terms):
    family, data = find_family(name, link), table(find_family(name, link))
    if not family.has_residual and ("precision" in weights or "se" in weights):
        with pytest.raises(ModelError, match=r"residual variance|standard error"):
            Model(f"y{weights} ~ 0 + x", data, family=name, link=link)
        return
    # As written, so that the model's own parameters are the container's.
    priors = {own.name: "Normal(0, 5)" for own in family.own if own.is_level}
    model = Model(f"y{weights} ~ 0 + x", data, name, priors, link=link)
    frequency = model.formula.response.weight_kind == "frequency"
    row_weights = model.frame.weights
    precision = 1.0 if row_weights is None or frequency else row_weights
    own = own_parameters(model.family)
    found = model.family.log_density(model.frame.y, data["x"].to_numpy(), own, precision)
    if row_weights is not None and frequency:
        found = found * row_weights
    values = {"b": [1.0], **{key: value[0] for key, value in own.items()}}
    expected = pymc_terms(model.pymc, values, optimizer="fast_run")["y"]
    # PyMC takes differences of probabilities in ordinal models.
    np.testing.assert_allclose(found.ravel(), expected, rtol=1e-7, atol=1e-9)


def enough_values(family: Family, eta: np.ndarray, own: dict[str, np.ndarray]) -> np.ndarray:
    """Return all values of a discrete outcome but those beyond 1e-12 of its probability."""
    values = [0]
    while family.up_to(np.array([values[-1]]), eta, own)[1][0] < 1 - 1e-12:
        values.append(values[-1] + 1)
    return np.array(values, dtype=float)


@EVERY
def test_the_density_adds_up_to_one_and_to_its_distribution_function(name, link):
    family = find_family(name, link)
    own = own_parameters(family)
    for at in ETA[1:5]:
        eta = np.array([at])
        if family.is_discrete:
            values = enough_values(family, eta, own)
            density = np.exp([family.log_density(v[None], eta, own)[0] for v in values])
            both = np.array([np.ravel(family.up_to(v[None], eta, own)) for v in values])
            assert density.sum() == pytest.approx(1.0, abs=1e-9)
            np.testing.assert_allclose(both[:, 1], np.cumsum(density), atol=1e-9)
            np.testing.assert_allclose(both[:, 0], np.cumsum(density) - density, atol=1e-9)
            continue
        for end in (at - 0.7, at + 2.0, np.inf):
            area, _ = integrate.quad(
                lambda y, eta=eta: np.exp(family.log_density(np.array([y]), eta, own, 2.0)[0]),
                -np.inf,
                end,
            )
            below, up_to = family.up_to(np.array([end]), eta, own, 2.0)
            assert below[0] == up_to[0] == pytest.approx(area, abs=1e-6)


@EVERY
def test_the_simulator_follows_the_distribution_function(name, link):
    """The randomised distribution function of simulated outcomes is uniform."""
    family, rng = find_family(name, link), np.random.default_rng(9)
    own = own_parameters(family)
    for eta in ETA[1:5]:
        drawn = simulated(name, link, float(eta))
        low, high = family.up_to(drawn, np.full(drawn.shape, eta), own)
        place = low + rng.random(drawn.shape) * (high - low)
        assert stats.kstest(place, "uniform").pvalue > 1e-7


@EVERY
def test_mean_and_variance_are_the_simulators(name, link):
    family, levels = find_family(name, link), levels_of(find_family(name, link))
    own = own_parameters(family)
    for eta in ETA[1:5]:
        scores = family.scores(levels, simulated(name, link, float(eta)))
        at = np.array([[eta]])
        mean = float(family.expected(at, own, levels)[0, 0])
        variance = float(family.outcome_variance(at, own, levels)[0, 0])
        z = (scores.mean() - mean) / (scores.std() / np.sqrt(len(scores)))
        assert abs(z) < FARTHEST
        if np.isfinite(variance):
            squares = (scores - mean) ** 2
            error = squares.std() / np.sqrt(len(scores))
            assert abs(squares.mean() - variance) < max(FARTHEST * error, 1e-12)


@EVERY
def test_means_over_groups_are_integrals(name, link):
    """Mean and variance where the linear predictor is normal, by fifty nodes of Gauss-Hermite."""
    family, levels = find_family(name, link), levels_of(find_family(name, link))
    own = own_parameters(family)
    nodes, weights = np.polynomial.hermite_e.hermegauss(50)
    weights = weights / weights.sum()
    for centre, variance in itertools.product((-1.0, 0.4), (0.2, 1.1)):
        at = (centre + np.sqrt(variance) * nodes)[:, None]
        means = family.expected(at, own, levels)[:, 0]
        within = family.outcome_variance(at, own, levels)[:, 0]
        mean = weights @ means
        whole = weights @ within + weights @ (means - mean) ** 2
        one, v = np.array([[centre]]), np.array([[variance]])
        found = family.expected(one, own, levels, v)
        assert found[0, 0] == pytest.approx(mean, abs=1e-6)
        spread = family.outcome_variance(one, own, levels, v)
        assert spread[0, 0] == pytest.approx(whole, abs=1e-6, nan_ok=True)


@EVERY
def test_covariances_of_those_who_share_a_group_are_integrals(name, link):
    """What a family knows in closed form is what the quadrature of all families finds."""
    family, levels = find_family(name, link), levels_of(find_family(name, link))
    cases = np.array(list(itertools.product((-1.0, 0.4), (0.0, 0.2, 1.1), (0.0, 0.3))))
    eta, shared, rest = cases.T
    own = {k: np.repeat(v[None], len(eta), 0) for k, v in own_parameters(family).items()}
    own = {k: v.reshape(len(eta), 1, *v.shape[2:]) for k, v in own.items()}
    found = family.shared_covariance(eta, shared, rest, own, levels)
    expected = Family.shared_covariance(family, eta, shared, rest, own, levels)
    # The quadrature is made for means between bounds; of lognormal ones it has five digits.
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-8)


@EVERY
def test_the_residual_variance_is_one_number_a_draw(name, link):
    family = find_family(name, link)
    for mean in (0.0, 1e-8, 0.5, 1e30, np.inf) if family.residual_needs_mean else (None,):
        at = None if mean is None else np.array([mean])
        variance = family.residual_variance(own_parameters(family), at)
        assert variance.shape == (1,)
        assert np.isfinite(variance).all()
        assert (variance >= 0).all()
    assert family.has_residual or family.residual_is
    assert family.has_residual or family.residual_of


@EVERY
def test_nothing_is_lost_far_out(name, link):
    """Means and variances far out have no end, or are 0; they are never undefined."""
    family, levels = find_family(name, link), levels_of(find_family(name, link))
    eta = np.array([[-1000.0], [-800.0], [0.0], [800.0], [1000.0]])
    for variance in (None, np.array([[0.0]]), np.array([[800.0]])):
        assert not np.isnan(family.expected(eta, own_parameters(family), levels, variance)).any()
        spread = family.outcome_variance(eta, own_parameters(family), levels, variance)
        assert not np.isnan(spread).any()


@EVERY
def test_slopes_are_those_of_the_density(name, link):
    family, step = find_family(name, link), 1e-4
    own, y = own_parameters(family), table(find_family(name, link))["y"].to_numpy(float)
    y = y - y.min() if family.level is not None else y
    eta = table(family)["x"].to_numpy()
    low, here, high = (family.log_density(y, eta + k * step, own) for k in (-1, 0, 1))
    first, second = family.slopes(y, eta, own)
    np.testing.assert_allclose(first, (high - low) / (2 * step), rtol=1e-6, atol=1e-6)
    ahead, behind = (family.slopes(y, eta + k * step, own)[0] for k in (1, -1))
    np.testing.assert_allclose(second, (ahead - behind) / (2 * step), rtol=1e-5, atol=1e-6)
    assert here.shape == first.shape == second.shape


@EVERY
def test_methods_on_draws_broadcast_them_against_rows(name, link):
    family, draws, rows = find_family(name, link), 5, 7
    rng = np.random.default_rng(1)
    own = {
        key: np.repeat(value[None], draws, axis=0).reshape(draws, 1, *value.shape[1:])
        for key, value in own_parameters(family).items()
    }
    eta = rng.normal(size=(draws, rows))
    y = family.simulate(rng, eta, own, 1.0)
    assert y.shape == (draws, rows)
    for found in (
        family.log_density(y, eta, own, 1.0),
        *family.slopes(y, eta, own, 1.0),
        *family.up_to(y, eta, own, 1.0),
        family.expected(eta, own, levels_of(family)),
        family.outcome_variance(eta, own, levels_of(family)),
    ):
        assert np.broadcast_shapes(found.shape, (draws, rows)) == (draws, rows)


@EVERY
def test_a_column_is_coded_or_refused(name, link):
    family = find_family(name, link)
    drawn = simulated(name, link, 0.2)[:200]
    y, levels = family.coded(as_column(family, drawn))
    np.testing.assert_allclose(y, drawn)
    assert len(levels) == (len(LEVELS) if family.level is not None else 0)
    with pytest.raises(DataError, match="constant"):
        family.coded(as_column(family, np.ones(20)))
    with pytest.raises(DataError):
        family.coded(pd.Series(["a", "b", "c"] * 9, name="y"))
    if family.is_discrete:
        with pytest.raises(DataError):
            family.coded(pd.Series(np.linspace(0.1, 5.3, 40), name="y"))


@EVERY
def test_every_parameter_has_a_prior_where_it_may_lie(name, link):
    family = find_family(name, link)
    for own in family.own:
        for _ in own.labels(LEVELS):
            prior = own.default(0.3, 2.0)
            low, high = prior.frozen.ppf([1e-6, 1 - 1e-6])
            free = own.support.free(np.array([[low, high]]))
            assert np.isfinite(free).all()
            np.testing.assert_allclose(own.support.constrained(free)[0], [[low, high]], rtol=1e-9)
    model = Model("y ~ x", table(family), name, link=link)
    assert set(family.parameters) <= set(model.priors.variables)
    assert all(prior.proper for own in family.parameters for prior in model.priors.of(own))


@EVERY
def test_where_the_outcome_lies(name, link):
    family, data = find_family(name, link), table(find_family(name, link))
    y, levels = family.coded(data["y"])
    centre, scale = family.location_and_scale(y, np.zeros(len(y)), None)
    assert np.isfinite(centre)
    assert scale > 0
    moved, same = family.location_and_scale(y, np.full(len(y), 0.5), np.ones(len(y)))
    assert same == pytest.approx(scale)
    assert moved != pytest.approx(centre)
    assert family.small_difference(y) > 0
    for looked in family.row_statistics(y, levels):
        values = looked.of(np.stack([y, y]), None)
        assert values
        assert all(value.shape == (2,) for value in values.values())
        twice = looked.of(np.stack([y, y]), np.full(len(y), 2.0))
        # The sd of rows that count twice has the divisor of twice as many.
        assert values.keys() == twice.keys()
        assert all(twice[k] == pytest.approx(v, rel=0.02) for k, v in values.items())


@EVERY
def test_it_has_words(name, link):
    family = find_family(name, link)
    said = [family.name, family.description, family.target("calm"), family.left_words("calm")]
    said += [family.left_side("calm"), family.value_words.format("calm"), family.measure]
    said += [own.words for own in family.own] + [own.symbol for own in family.own]
    assert all(said)
    assert all("calm" in text for text in said[2:6])
    assert not any("{}" in text for text in said)
    assert bool(family.residual_latex("s")) == all(family.residual_words()) == family.has_residual
    for more, of_rows in itertools.product((True, False), repeat=2):
        remedy = family.misfit_remedy("calm", more=more, of_rows=of_rows)
        assert bool(remedy) != family.has_residual
        assert family.has_residual or remedy.endswith(".")
    words = family.outcome_words("calm")
    assert not words or ("calm" in words and words.endswith("."))
    assert "calm" in family.varies.format("calm")
    raised = family.link.raises.format(direction="lower", target="calm")
    assert "lower" in raised
    assert "calm" in raised
    assert "calm" in family.link.words.format("calm")


@EVERY
def test_the_link_goes_there_and_back(name, link):
    family = find_family(name, link)
    means = family.link.inverse(ETA)
    np.testing.assert_allclose(family.link.forward(means), ETA, rtol=1e-9, atol=1e-12)
    flat = family.link.mean(ETA[:, None], np.zeros((1, 1)))[:, 0]
    np.testing.assert_allclose(flat, means, rtol=1e-12)


def test_a_family_that_forgets_something_cannot_be_made():
    forgetful = type("Forgetful", (Family,), {"name": "forgetful", "links": ()})
    assert inspect.isabstract(forgetful)
    with pytest.raises(TypeError, match="abstract"):
        forgetful(link=FAMILIES["gaussian"].link)


def test_a_family_that_is_wrong_is_caught(monkeypatch):
    """The contract can fail: a density of another scale, a mean that lies elsewhere."""
    kind = type(FAMILIES["gaussian"])
    density, mean = kind.log_density, kind.expected
    monkeypatch.setattr(kind, "log_density", lambda self, *a: density(self, *a) + 0.01)
    with pytest.raises(AssertionError):
        test_the_density_adds_up_to_one_and_to_its_distribution_function("gaussian", "identity")
    monkeypatch.setattr(kind, "expected", lambda self, *a: mean(self, *a) + 0.1)
    with pytest.raises(AssertionError):
        test_mean_and_variance_are_the_simulators("gaussian", "identity")


@pytest.mark.parametrize("support", [REAL, POSITIVE, UNIT, ORDERED])
def test_every_support_goes_there_and_back_with_its_jacobian(support):
    """The log Jacobian is the log determinant of central differences."""
    free, step = np.array([[-0.7, 0.2, 1.1], [0.4, -1.3, 0.6]]), 1e-6
    values, log_jacobian = support.constrained(free)
    np.testing.assert_allclose(support.free(values), free, rtol=1e-9, atol=1e-12)
    for row, found in zip(free, log_jacobian, strict=True):
        ahead, behind = (support.constrained(row + s * np.eye(3))[0] for s in (step, -step))
        matrix = (ahead - behind) / (2 * step)
        assert found == pytest.approx(np.linalg.slogdet(matrix)[1], abs=1e-7)
