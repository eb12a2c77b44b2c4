"""Groups, ranks, pictures and sentences stand at the means: what the model predicts there says so.

Simulated studies with predictors far from zero: years near 2015, test scores near 100, a scale from
1 to 5. What is said of a group is held against two other roads: the prediction for the group at the
means less that for an average group, and, where every group has the same clients, ``group_means``.
"""

from __future__ import annotations

import re
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure as Page

import bayes_alliance as ba
from bayes_alliance.display import place
from bayes_alliance.posterior.groups.group_rank import ranks_from_highest
from bayes_alliance.report import results as of_report
from bayes_alliance.report.blocks import Figure, Paragraph, Table
from bayes_alliance.report.group_labels import shown_labels
from bayes_alliance.report.results import collect_results
from bayes_alliance.report.sections.groups_section import groups_section
from bayes_alliance.sampling.fit import Fit

SAMPLED = {"draws": 60, "tune": 150, "chains": 2, "progress": False}


class Asked(NamedTuple):
    """A model of a study; ``alike`` where the groups' own clients average out at the means."""

    formula: str
    factor: str
    alike: bool


MODELS = [
    Asked("y ~ year + (1 + year | g)", "g", alike=True),
    Asked("y ~ year*iq + (1 + year + iq | g)", "g", alike=True),
    Asked("y ~ stigma*iq + sex + (1 + stigma*iq | g)", "g", alike=True),
    Asked("y ~ year + sex + (1 + year*sex | g)", "g", alike=True),
    Asked("y ~ stigma + I(stigma**2) + (1 + stigma + I(stigma**2) | g)", "g", alike=False),
    Asked("y ~ year + stigma + (1 + year | h/g)", "h:g", alike=True),
    Asked("y ~ iq + (1 + iq | g) + (1 + stigma | w)", "g", alike=True),
]


def study(seed: int, *, alike: bool) -> pd.DataFrame:
    """Return clients of 10 groups: the same combinations in each, or some of them at random."""
    rng = np.random.default_rng(seed)
    own = list(
        product(
            2015 + np.array([-3.0, 0.0, 1.0, 2.0]) + int(rng.integers(0, 3)),
            np.round(rng.normal(100, 15, size=3), 1),
            [1.0, 2.0, 5.0],
            ["f", "m"],
        )
    )
    table = pd.concat(
        [
            pd.DataFrame(own, columns=["year", "iq", "stigma", "sex"]).assign(
                g=f"G{k:02d}", h=f"H{k % 4}"
            )
            for k in range(10)
        ],
        ignore_index=True,
    )
    group = table["g"].str[1:].astype(int)
    slope = {"year": 0.7, "iq": 0.1, "stigma": 1.0}
    y = 50 + 2 * rng.normal(size=10)[group] + 3 * rng.normal(size=len(table))
    for name, sd in slope.items():
        # The groups cross below the means: who is best at zero is not who is best here.
        y = y + (sd * rng.normal(size=10)[group] + sd / 2) * (table[name] - table[name].mean())
    table = table.assign(y=y, w=rng.permutation(np.resize(["W1", "W2", "W3", "W4", "W5"], 720)))
    return table if alike else table.sample(frac=0.4, random_state=seed).reset_index(drop=True)


def fitted(asked: Asked, seed: int, *, alike: bool) -> Fit:
    model = ba.Model(asked.formula, study(seed, alike=alike))
    return ba.sample(model, seed=seed, **SAMPLED)


def predicted(fit: Fit, factor: str) -> np.ndarray:
    """Return each group's prediction at the means less that of an average group, by draw."""
    design = fit.model.design.group(factor)
    rows = fit.model.frame.rows
    numbers = {name: rows[name].mean() for name in ("year", "iq", "stigma") if name in rows}
    sexes = rows["sex"].value_counts(normalize=True) if "sex" in rows else {"": 1.0}
    found = 0.0
    for sex, share in dict(sexes).items():
        here = {**numbers, **({"sex": sex} if sex else {})}
        table = pd.DataFrame(
            [
                here | dict(zip(design.factors, label.split(":"), strict=True))
                for label in design.labels
            ]
        )
        theirs, common = (
            ba.predict(fit, table.assign(**_first(fit)), target=_targets(fit, factor, own))
            for own in ("same", "average")
        )
        gap = theirs.draws["prediction"].to_numpy() - common.draws["prediction"].to_numpy()
        found = found + share * gap
    return np.asarray(found)


def _targets(fit: Fit, factor: str, own: str) -> dict[str, str]:
    """Look at the groups, in those they lie in; of factors that cross at an average group."""
    inside = set(fit.model.design.group(factor).factors)
    above = {g.name: "same" for g in fit.model.design.groups if set(g.factors) < inside}
    return {name: above.get(name, "average") for name in fit.model.groups} | {factor: own}


def _first(fit: Fit) -> dict[str, Any]:
    """Return a group of the crossed factor, whose effect is left out."""
    return {"w": "W1"} if "w" in fit.model.groups else {}


def disagreements(fit: Fit, asked: Asked, *, alike: bool) -> list[str]:
    """Name what does not stand at the means."""
    found = collect_results(fit)
    effects = next(e for e in found.groups if e.group == asked.factor)
    (variable,) = effects.draws.data_vars
    own = effects.draws[variable].to_numpy()[..., 0]
    other = predicted(fit, asked.factor)
    wrong = [] if np.allclose(own, other, rtol=1e-8, atol=1e-8) else ["departures"]
    wrong += _ranks(effects, other.reshape(-1, other.shape[-1]))
    if alike and asked.alike and asked.factor == "g":
        means = ba.group_means(fit, group="g", draws=None).draws["mean"].to_numpy()
        # The same clients in every group: their means differ by the groups' effects alone.
        apart = means - means.mean(axis=-1, keepdims=True)
        alone = own - own.mean(axis=-1, keepdims=True)
        if "w" not in fit.model.groups:  # whose slopes are met by chance, in groups of g
            wrong += [] if np.allclose(alone, apart, rtol=1e-8, atol=1e-8) else ["group_means"]
            wrong += _ranks(effects, means.reshape(-1, means.shape[-1]))
    return [*wrong, *_shown(fit, found, asked.factor, other)]


def _ranks(effects: Any, values: np.ndarray) -> list[str]:
    ranks = effects.ranks[effects.ranks["effect"] == effects.effects[0]]["mean"]
    same = np.allclose(ranks, ranks_from_highest(values).mean(axis=0), atol=1e-12)
    return [] if same else ["ranks"]


def _shown(fit: Fit, found: Any, factor: str, other: np.ndarray) -> list[str]:
    """Look at what the report draws and says of the groups."""
    labels = shown_labels([fit], named=frozenset(fit.model.design.group(factor).factors))
    section = groups_section(found, labels)
    assert section is not None
    means = np.sort(other.mean(axis=(0, 1)))
    figures = [b for b in section.blocks if isinstance(b, Figure) and f"-{factor}" in b.key]
    drawn = next(b for b in figures if b.key.startswith("groups-"))
    axes = drawn.draw(Page().add_subplot())
    full = [line.get_xdata() for line in axes.lines if line.get_color() not in ("none", "#444444")]
    dots = np.sort(np.concatenate([x for x in full if len(x) and not np.allclose(x, 0)]))
    wrong = [] if np.allclose(dots, means, rtol=1e-8, atol=1e-8) else ["picture"]
    group, rows = fit.model.design.group(factor), fit.model.frame.rows
    columns = dict.fromkeys(name for part in group.parts for name in part["columns"])
    for name in (c for c in columns if rows[c].dtype.kind == "f"):
        said = f"{name} ({place(rows[name].mean(), sd=float(rows[name].std(ddof=0)))})"
        tables = [b.caption for b in section.blocks if isinstance(b, Table)]
        told = [b.text for b in section.blocks if isinstance(b, Paragraph) and "Of the" in b.text]
        ranks = [b.caption for b in figures if b.key.startswith("ranks-")]
        texts = [drawn.caption, *ranks[:1], *tables[:1], *told[:1]]
        wrong += [f"no place of {name}: {text[:40]}" for text in texts if said not in text]
        close = float(re.search(rf"{name} \(([\d.]+)\)", texts[0])[1]) if not wrong else 0.0
        if close and abs(close - rows[name].mean()) > 0.01 * rows[name].std():
            wrong.append(f"the mean of {name} is written {close}")
    return wrong


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 3])
def test_groups_stand_at_the_means(number):
    asked = MODELS[number]
    fit = fitted(asked, number, alike=True)
    assert disagreements(fit, asked, alike=True) == []


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("seed", range(50))
def test_fifty_studies_stand_at_the_means(seed):
    asked, alike = MODELS[seed % len(MODELS)], seed % 3 > 0
    fit = fitted(asked, seed, alike=alike)
    assert disagreements(fit, asked, alike=alike) == []


@pytest.mark.slow
def test_groups_at_zero_are_seen(monkeypatch):
    """The offender is how it was: effects of the design, at the year 0."""
    asked = MODELS[0]
    fit = fitted(asked, 2, alike=False)
    assert disagreements(fit, asked, alike=False) == []
    monkeypatch.setattr(
        of_report,
        "group_effects",
        lambda f, **asked: ba.group_effects(f, **asked, as_written=True),
    )
    wrong = disagreements(fit, asked, alike=False)
    assert {"departures", "ranks", "picture"} <= set(wrong)
    assert any(text.startswith("no place of year") for text in wrong)
