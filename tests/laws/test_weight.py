"""The law of the weight: a row with the weight 3 is three rows, whatever is asked of them."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import bayes_alliance as ba
from bayes_alliance import names
from bayes_alliance.checks import predictive
from bayes_alliance.model import group_design
from bayes_alliance.model.subset import keep_rows, leave_one_client_out
from bayes_alliance.posterior.comparison import leave_one_out
from bayes_alliance.posterior.explained import implied_variance
from bayes_alliance.posterior.groups import group_mean
from bayes_alliance.sampling import row_blocks, row_sums
from bayes_alliance.sampling.container import (
    draws_dataset,
    label_dataset,
    observed_dataset,
    stats_dataset,
)
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.settings import make_settings
from bayes_alliance.sampling.written_out import WrittenOut

OUTCOMES = {"gaussian": "y", "student": "y", "bernoulli": "met", "cumulative": "rating"}
FORMULAS = [
    "x * within(z, g) + between(z, g) + (1 + x | g)",
    "scale(x) * f + (1 | top/g)",
    "poly(x, 2) + f + (1 | g) + (1 | worker)",
]
# Ranks of draws that tie but for their last digits, and what is made of them.
NOISE = ("ess", "mcse", "r_hat")


# Quadrature is placed by second differences of the log density, which keep six or seven digits: how
# rows are summed moves the answers by 1e-7. Who forgets the weights moves them by 1e-2.
SEARCHED = {"influence": 1e-5, "compare by group": 1e-5}


def table(seed: int, rows: int = 24) -> pd.DataFrame:
    """Return rows of six groups, each of which stands for one to four clients."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "y": rng.normal(size=rows).round(2),
            "met": rng.permutation(np.resize([0, 1, 1], rows)),
            "rating": rng.permutation(np.resize([1, 2, 3], rows)),
            "x": rng.normal(3, 1, size=rows).round(2),
            "z": rng.normal(size=rows).round(1),
            "f": rng.permutation(np.resize(["a", "b"], rows)),
            "g": [f"g{k % 6}" for k in range(rows)],
            "top": [f"t{k % 6 % 3}" for k in range(rows)],
            "worker": rng.permutation(np.resize(["w1", "w2", "w3", "w4"], rows)),
            "n": rng.permutation(np.resize([1, 2, 4], rows)),
        }
    )


def written(data: pd.DataFrame) -> pd.DataFrame:
    return data.loc[np.repeat(data.index, data["n"])].reset_index(drop=True)


def models(data, right, family):
    outcome = OUTCOMES[family]
    counted = ba.Model(f"{outcome} | weights(n) ~ {right}", data, family)
    return counted, ba.Model(f"{outcome} ~ {right}", written(data), family)


def draws_of(model, shape=(2, 60)) -> dict[str, np.ndarray]:
    """Return draws around plausible values, the same for every model with the same labels."""
    rng = np.random.default_rng(1)
    made = {names.B: 0.3 * rng.normal(size=(*shape, len(model.design.coefficients)))}
    for group in model.design.groups:
        made[names.sd(group.name)] = rng.uniform(0.3, 0.6, (*shape, len(group.effects)))
        if group.pairs:
            made[names.cor(group.name)] = rng.uniform(-0.4, 0.4, (*shape, len(group.pairs)))
        size = (*shape, len(group.labels), len(group.effects))
        made[names.u(group.name)] = 0.4 * rng.normal(size=size)
    if names.SIGMA in model.family.parameters:
        made[names.SIGMA] = rng.uniform(0.8, 1.2, shape)
    if names.NU in model.family.parameters:
        made[names.NU] = rng.uniform(4, 9, shape)
    if names.CUTPOINT in model.family.parameters:
        made[names.CUTPOINT] = np.sort(rng.normal(size=(*shape, len(model.frame.levels) - 1)))
    return made


def fit_of(model) -> Fit:
    draws = draws_of(model)
    tree = {
        names.POSTERIOR: draws_dataset(model, draws),
        names.SAMPLE_STATS: stats_dataset({"diverging": np.zeros((2, 60), bool)}),
    }
    if model.stream is None:
        tree |= {names.OBSERVED: observed_dataset(model), names.CONSTANT: label_dataset(model)}
    made = make_settings(
        engine="nutpie",
        engine_reason="It was invented.",
        seed=3,
        chains=2,
        draws=60,
        tune=0,
        target_accept=0.9,
        max_tree_depth=10,
        cores=1,
    )
    idata = xr.DataTree.from_dict(tree)
    return Fit(model=model, idata=idata, settings=made, seconds={}, versions={})


def _contextual(fit):
    if not any("between(" in name for name in fit.model.design.coefficients):
        return []
    found = ba.contextual_effects(fit)
    return [found.table, [vars(own) for own in found.reliability.values()], found.notes]


def _slopes_of_groups(fit):
    if "x" not in fit.model.design.groups[0].effects:
        return []
    found = ba.group_slopes(fit, "x")
    return [found.table, found.line, found.at, found.sentence]


def _compared(fit, **how):
    found = ba.compare({"one": fit, "same": fit}, refits=0, **how)
    return [found.table, found.sentence]


def _predictive(fit, **how):
    found = ba.check_predictive(fit, draws=40, seed=5, **how)
    return [found.table, found.observed, found.sentence]


def _coverage(fit):
    found = ba.check_coverage(fit, seed=5)
    return [found.table, found.rows.position, found.curve, found.sentence]


def _simple(fit):
    by = "within(z, g)" if "within(z, g)" in fit.model.design.coefficients else "f"
    found = ba.simple_slopes(fit, "x", by=by)
    return [found.table, found.observed, found.sentence]


VERBS = {
    "caseloads": lambda f: [g.caseloads for g in f.model.design.groups],
    "priors": lambda f: [[e.prior.arguments for e in f.model.priors.entries]],
    "data_report": lambda f: [f.model.data_report.nesting.table],
    "variance_shares": lambda f: [ba.variance_shares(f, average=True).table],
    "shares of all": lambda f: [ba.variance_shares(f, average=True, of="total").table],
    "client_correlations": lambda f: [ba.client_correlations(f, average=True).table],
    "r2_measures": lambda f: [ba.r2_measures(f).table],
    "nakagawa_r2": lambda f: [ba.nakagawa_r2(f).table],
    "contextual_effects": _contextual,
    "group_effects": lambda f: [ba.group_effects(f).table],
    "group_means": lambda f: [(m := ba.group_means(f)).table, m.overall],
    "group_slopes": _slopes_of_groups,
    "summarize": lambda f: [ba.summarize(f).table],
    "prior_sensitivity": lambda f: [ba.prior_sensitivity(f).table],
}
WITH_ROWS = {
    "simple_slopes": _simple,
    "grid": lambda f: [ba.grid(f, "x")],
    "predict": lambda f: [ba.predict(f, ba.grid(f, "x"), seed=1).table],
    "averages": lambda f: [ba.predict(f, by=(), target="same").table],
    "contrast": lambda f: [ba.contrast(f, "x", seed=1).table],
    "slopes": lambda f: [ba.slopes(f, "x", target="same").table],
    "compare": _compared,
    "compare by group": lambda f: _compared(f, by="group", group=f.model.groups[-1]),
    "check_predictive": _predictive,
    "check_predictive by group": lambda f: _predictive(f, by="group"),
    "check_coverage": _coverage,
    "influence": lambda f: [ba.influence(f, group=f.model.groups[-1]).table],
}


def asked(verb, fit):
    """Return what a verb answers, or that it refuses."""
    try:
        return verb(fit)
    except ba.AllianceError as error:
        return [str(error)]


def plain(value):
    if isinstance(value, pd.DataFrame):
        kept = [c for c in value.columns if not str(c).startswith(NOISE)]
        return value[kept].reset_index().to_dict("list")
    return value.tolist() if isinstance(value, np.ndarray) else value


def same(one, two, tolerance) -> bool:
    one, two = plain(one), plain(two)
    if isinstance(one, dict):
        return one.keys() == two.keys() and all(same(one[k], two[k], tolerance) for k in one)
    if isinstance(one, list | tuple):
        pairs = zip(one, two, strict=False)
        return len(one) == len(two) and all(same(a, b, tolerance) for a, b in pairs)
    if isinstance(one, str) or not np.isscalar(one):
        return one == two
    return bool(np.isclose(float(one), float(two), rtol=tolerance, atol=tolerance, equal_nan=True))


def differing(counted, full, verbs) -> list[str]:
    return [
        name
        for name, verb in verbs.items()
        if not same(asked(verb, counted), asked(verb, full), SEARCHED.get(name, 1e-8))
    ]


@settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(st.integers(0, 10_000), st.sampled_from(FORMULAS), st.sampled_from(["gaussian", *OUTCOMES]))
def test_every_verb_counts_a_row_as_often_as_its_weight_says(seed, right, family):
    counted, full = (fit_of(model) for model in models(table(seed), right, family))
    assert differing(counted, full, {**VERBS, **WITH_ROWS}) == []


def unweighted(*_):
    return 1.0


def every_row_once(model):
    origin = np.arange(len(model.frame.y))
    return WrittenOut(model=model, origin=origin, counts=None, clients=float(len(origin)))


def rows_of_groups(index, groups, _repeats=None):
    return np.bincount(index, minlength=groups)


OFFENDERS = {
    "a group's mean without weights": (group_mean, "frequency_weights", unweighted, "group_means"),
    "R2 over rows": (implied_variance, "frequency_weights", unweighted, "r2_measures"),
    "replicated rows": (predictive, "written_out", every_row_once, "check_predictive"),
    "rows as caseloads": (group_design, "counted_by_group", rows_of_groups, "caseloads"),
    "whole rows left out": (row_sums, "copy_weights", row_sums.frequency_weights, "compare"),
    "each row's density once": (
        leave_one_out,
        "copies_of_rows",
        lambda model: np.ones(len(model.frame.y), dtype=int),
        "compare",
    ),
}


@pytest.mark.parametrize("offender", OFFENDERS)
def test_who_forgets_the_weights_is_caught(offender, monkeypatch):
    module, name, forgetful, verb = OFFENDERS[offender]
    monkeypatch.setattr(module, name, forgetful)
    counted, full = (fit_of(model) for model in models(table(4), FORMULAS[0], "gaussian"))
    assert differing(counted, full, {verb: {**VERBS, **WITH_ROWS}[verb]}) == [verb]


def test_whole_rows_left_out_are_caught_without_a_closed_form_too(monkeypatch):
    monkeypatch.setattr(row_blocks, "copy_weights", row_sums.frequency_weights)
    counted, full = (fit_of(model) for model in models(table(4), FORMULAS[0], "bernoulli"))
    assert differing(counted, full, {"compare": WITH_ROWS["compare"]}) == ["compare"]


PARTS = ["scale(x)", "center(x)", "poly(x, 3)", "bs(x, df=5)", "cr(x, df=4)", "scale(log(x + 9))",
         "between(scale(z), g)", "scale(within(z, g))"]  # fmt: skip


@pytest.mark.parametrize("part", PARTS)
def test_what_a_formula_learns_it_learns_from_clients(part):
    data = table(2)
    counted, full = models(data, f"{part} + (1 | g)", "gaussian")
    every = np.repeat(np.arange(len(data)), data["n"])
    np.testing.assert_allclose(counted.design.X[every], full.design.X, rtol=1e-8, atol=1e-10)
    again = counted.rebuild_design(data.drop(columns="n"))
    np.testing.assert_allclose(again.X, counted.design.X, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("right", ["scale(x) + within(z, g) + between(z, g) + (1 + x | g)"])
def test_streamed_rows_count_as_often_too(right):
    pl = pytest.importorskip("polars")
    data = table(6)
    scans = [ba.scan_table(pl.from_pandas(rows).lazy()) for rows in (data, written(data))]
    counted = fit_of(ba.Model(f"y | weights(n) ~ {right}", scans[0]))
    full = fit_of(ba.Model(f"y ~ {right}", scans[1]))
    assert differing(counted, full, VERBS) == []


@pytest.mark.parametrize("family", ["gaussian", "bernoulli"])
def test_weights_that_are_no_counts_weigh_by_the_same_sums(family):
    """Three quarters of every weight: the same means, and as many clients as they sum to."""
    data = table(3)
    some = data.assign(n=data["n"] * 0.75)
    outcome = OUTCOMES[family]
    less, whole = (
        ba.Model(f"{outcome} | weights(n) ~ {FORMULAS[0]}", rows, family) for rows in (some, data)
    )
    assert less.clients == 0.75 * whole.clients
    np.testing.assert_allclose(less.design.X, whole.design.X, rtol=1e-12, atol=1e-12)
    one, two = fit_of(less), fit_of(whole)
    for verb in ("group_means", "contextual_effects"):  # nothing in them divides by n - 1
        np.testing.assert_allclose(
            VERBS[verb](one)[0]["mean"], VERBS[verb](two)[0]["mean"], rtol=1e-10
        )
    mean = np.average(data[outcome], weights=data["n"])
    statistic = "mean" if family == "gaussian" else "share of 1"
    table_of_check = ba.check_predictive(one, draws=20, seed=1).table
    assert table_of_check.loc[statistic, "observed"] == pytest.approx(mean)
    for verb in WITH_ROWS.values():
        assert verb(one)


@pytest.mark.parametrize("right", ["x + (1 | g)", "x + (1 | top/g)"])
def test_quadrature_takes_as_many_points_as_clients_ask_for(right):
    """Groups of many clients need fewer points; so do those of few rows that stand for many."""
    data = table(7).assign(n=lambda t: 10 * t["n"])
    counted, full = (fit_of(model) for model in models(data, right, "bernoulli"))
    verbs = {"compare by group": lambda f: _compared(f, by="group")}
    assert differing(counted, full, verbs) == []


def test_a_model_without_one_client_is_the_one_of_the_other_rows():
    data = table(8)
    counted, full = models(data, "x + (1 + x | g)", "gaussian")
    for row in (0, int(np.argmax(data["n"])), int(np.argmin(data["n"]))):
        some = leave_one_client_out(counted, row)
        first = int(np.flatnonzero(np.repeat(np.arange(len(data)), data["n"]) == row)[0])
        others = keep_rows(full, np.arange(len(full.frame.y)) != first)
        assert some.frame.weights.sum() == len(others.frame.y)
        ours, theirs = some.design.groups[0], others.design.groups[0]
        assert ours.labels == theirs.labels
        assert ours.caseloads.tolist() == theirs.caseloads.tolist()
        weights = some.frame.weights
        np.testing.assert_allclose(weights @ some.design.X, others.design.X.sum(axis=0))


@pytest.mark.parametrize("share", [1.0, 0.75])
def test_a_saved_fit_still_counts(share, tmp_path):
    data = table(9).assign(n=lambda t: share * t["n"])
    fit = fit_of(ba.Model("y | weights(n) ~ between(z, g) + (1 | g)", data))
    again = ba.load_fit(fit.save(tmp_path / "a.fit"))
    bare = ba.load_fit(fit.save(tmp_path / "b.fit", data=False))
    for loaded in (again, bare):
        assert loaded.model.clients == fit.model.clients
        caseloads = loaded.model.design.groups[0].caseloads
        assert caseloads.tolist() == fit.model.design.groups[0].caseloads.tolist()
    assert differing(fit, again, {**VERBS, **WITH_ROWS}) == []
