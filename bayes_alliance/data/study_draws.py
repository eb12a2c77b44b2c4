"""The draws behind a simulated study: caseloads, predictors, group effects, outcomes."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from numpy.random import Generator

from bayes_alliance.data.study_outcomes import Array, Positions
from bayes_alliance.data.study_settings import (
    CLIENT,
    MONTHS,
    MONTHS_CHANCE,
    MONTHS_SIZE,
    SETTING,
    StudySettings,
)


def draw_clients(s: StudySettings, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the table of clients and the group effects it was drawn with."""
    # A stream for each part, so that changing one part leaves the draws of the others alone.
    streams = [np.random.default_rng(part) for part in np.random.SeedSequence(seed).spawn(7)]
    caseloads, settings, effects, x, months, noise, gaps = streams
    position = np.repeat(np.arange(s.groups), _caseloads(s, caseloads))
    community = settings.permutation(s.groups) % 2 == 1
    u = _group_effects(s, effects)
    values = _predictor(s, position, x)
    months_in_care = 1 + months.negative_binomial(MONTHS_SIZE, MONTHS_CHANCE, size=s.clients)
    eta = s.intercept + u[position, 0] + (s.slope + u[position, 1]) * values
    eta += s.months_slope * months_in_care + s.setting_effect * community[position]
    labels = _labels(s.group, s.groups)
    data = pd.DataFrame(
        {
            CLIENT: _labels(CLIENT, s.clients),
            s.group: labels.to_numpy()[position],
            s.outcome: s.kind.draw(noise, eta, s.own),
            s.predictor: values,
            MONTHS: months_in_care,
            SETTING: np.where(community, "community", "clinic")[position],
        }
    ).astype({s.group: "str", SETTING: "str"})
    for name in (s.outcome, s.predictor):
        gone = gaps.random(s.clients) < s.missing
        if gone.any():
            data[name] = data[name].astype("float64").mask(gone)
    names = ["Intercept", s.predictor]
    return data, pd.DataFrame(u, index=pd.Index(labels, name=s.group), columns=names)


def _caseloads(s: StudySettings, rng: Generator) -> Positions:
    """Draw unequal caseloads: every group one client, the rest by gamma-distributed shares."""
    if s.caseload_variation == 0:
        return np.full(s.groups, s.clients // s.groups) + (
            np.arange(s.groups) < s.clients % s.groups
        )
    shares = rng.gamma(s.caseload_variation**-2, size=s.groups)
    return 1 + rng.multinomial(s.clients - s.groups, shares / shares.sum())


def _group_effects(s: StudySettings, rng: Generator) -> Array:
    z = rng.standard_normal((s.groups, 2))
    slopes = s.cor * z[:, 0] + np.sqrt(1 - s.cor**2) * z[:, 1]
    return np.column_stack([s.sd_intercept * z[:, 0], s.sd_slope * slopes])


def _predictor(s: StudySettings, position: Positions, rng: Generator) -> Array:
    between = s.predictor_sd_between * rng.standard_normal(s.groups)
    within = s.predictor_sd_within * rng.standard_normal(s.clients)
    return between[position] + within


def _labels(name: str, count: int) -> pd.Series:
    """Return ids such as CM07: the initials of the column's words and a running number."""
    initials = "".join(word[0] for word in re.findall(r"[^\W\d_]+", name)).upper() or "G"
    width = len(str(count))
    numbers = range(1, count + 1)
    return pd.Series([f"{initials}{number:0{width}d}" for number in numbers], dtype="str")
