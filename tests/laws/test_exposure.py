"""The law of exposure: counts of parts of a time or of the whole, of time in days or in weeks."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bayes_alliance as ba
from bayes_alliance import names
from bayes_alliance.model.families.poisson import Poisson
from bayes_alliance.sampling.row_blocks import log_likelihood_blocks

TERMS = ["x + (1 | g)", "x * f + (1 + x | g)", "0 + f + (1 | g) + (1 | h)"]
OFFSET = " + offset(log_time)"


def table(seed: int, rows: int = 36) -> pd.DataFrame:
    """Return times with the events in them, none in a few."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "x": rng.normal(size=rows),
            "f": np.resize(["low", "mid", "high"], rows),
            "g": rng.permutation(np.resize([*"abcdef"], rows)),
            "h": rng.permutation(np.resize([*"stuv"], rows)),
            "time": rng.uniform(0.2, 5.0, size=rows),
            "events": rng.poisson(2.0, size=rows),
        }
    ).pipe(with_log_time)


def with_log_time(times: pd.DataFrame) -> pd.DataFrame:
    return times.assign(log_time=np.log(times["time"]))


def in_parts(whole: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return each row as one to four parts of its time, with the events that fell into each."""
    rng = np.random.default_rng(seed)
    parts = []
    for _, row in whole.iterrows():
        shares = rng.dirichlet(np.ones(rng.integers(1, 5)))
        events = rng.multinomial(row["events"], shares)
        parts += [
            {**row.to_dict(), "time": row["time"] * share, "events": count}
            for share, count in zip(shares, events, strict=True)
        ]
    return with_log_time(pd.DataFrame(parts))


def priors_of(model: ba.Model) -> dict[str, str]:
    """Return a prior as written for every parameter: it knows nothing of the rows."""
    of_groups = {names.sd(group): "HalfNormal(0.5)" for group in model.groups}
    of_columns = {f"b[{name}]": "Normal(0, 1)" for name in model.design.coefficients}
    return {**of_columns, **of_groups}


def log_likelihood(fit: ba.Fit) -> np.ndarray:
    blocks = log_likelihood_blocks(fit, fit.posterior)
    return sum(values.sum(axis=1) for _, values in blocks)


def unevenness(prior_fit, formula: str, whole: pd.DataFrame, parts: pd.DataFrame) -> float:
    """Return how much two log densities differ by more than a constant, at draws of the prior."""
    models = [ba.Model(formula, data, "poisson") for data in (whole, parts)]
    fits = [
        prior_fit(ba.Model(formula, data, "poisson", priors_of(model)), 30, 4)
        for data, model in zip((whole, parts), models, strict=True)
    ]
    for name in (names.B, names.u("g")):
        np.testing.assert_allclose(*(fit.posterior[name] for fit in fits), rtol=1e-12)
    between = log_likelihood(fits[1]) - log_likelihood(fits[0])
    return float(np.ptp(between))


@settings(max_examples=20)
@given(seed=st.integers(0, 9999), terms=st.sampled_from(TERMS))
def test_parts_of_a_time_say_what_the_whole_says(prior_fit, seed, terms):
    whole = table(seed)
    formula = f"events ~ {terms}{OFFSET}"
    assert unevenness(prior_fit, formula, whole, in_parts(whole, seed)) < 1e-8


@settings(max_examples=20)
@given(seed=st.integers(0, 9999), terms=st.sampled_from(TERMS))
def test_default_levels_are_of_all_events_in_all_the_time(seed, terms):
    whole = table(seed)
    formula = f"events ~ {terms.replace('0 + ', '')}{OFFSET}"
    levels = [level(ba.Model(formula, data, "poisson")) for data in (whole, in_parts(whole, seed))]
    assert levels[0] == pytest.approx(levels[1], abs=1e-9)


@settings(max_examples=20)
@given(
    seed=st.integers(0, 9999),
    terms=st.sampled_from(TERMS),
    unit=st.sampled_from([1e-6, 1 / 7, 24.0, 1e6]),
)
def test_another_unit_of_time_moves_the_level_alone(prior_fit, differences, seed, terms, unit):
    times = table(seed)
    others = with_log_time(times.assign(time=times["time"] * unit))
    formula = f"events ~ {terms.replace('0 + ', '')}{OFFSET}"
    here, there = (ba.Model(formula, data, "poisson") for data in (times, others))
    assert set(differences(here, there)) == {"offset", "priors"}
    assert level(there) == pytest.approx(level(here) - np.log(unit), abs=1e-9)
    rest = [[e.prior for e in model.priors.entries[1:]] for model in (here, there)]
    assert rest[0] == rest[1]


def level(model: ba.Model) -> float:
    """Return where the default prior of the intercept is centred."""
    assert model.priors.entries[0].element == names.INTERCEPT
    return float(model.priors.entries[0].prior.arguments[0])


def test_offenders_are_caught(prior_fit, monkeypatch):
    """A density without its exposure, and a level from the mean of the counts."""
    whole = table(3)
    parts, formula = in_parts(whole, 3), f"events ~ {TERMS[0]}{OFFSET}"
    honest = Poisson.log_density

    def without_exposure(self, y, eta, own, weight=1.0):
        return honest(self, y, eta - eta.mean(axis=-1, keepdims=True), own, weight)

    monkeypatch.setattr(Poisson, "log_density", without_exposure)
    assert unevenness(prior_fit, formula, whole, parts) > 0.1
    monkeypatch.setattr(
        Poisson, "location_and_scale", lambda self, y, offset, weights: (np.log(y.mean()), 1.0)
    )
    levels = [level(ba.Model(formula, data, "poisson")) for data in (whole, parts)]
    assert abs(levels[0] - levels[1]) > 0.1
