"""Nested levels are integrated out however many there are; crossed ones while it pays."""

import numpy as np
import pandas as pd
import pytest

import bayes_alliance as ba
from bayes_alliance.errors import SamplingError
from bayes_alliance.sampling.engines.collapsed.priors import reasons_against


def table(agencies: int, managers: int, clients: int) -> pd.DataFrame:
    """Clients in case managers in agencies, some of everything in the outcome."""
    rng = np.random.default_rng(2)
    manager = np.repeat(np.arange(agencies * managers), clients)
    agency = manager // managers
    outcome = rng.normal(size=agencies)[agency] + rng.normal(size=agencies * managers)[manager]
    return pd.DataFrame(
        {
            "alliance": outcome + rng.normal(size=len(manager)),
            "stigma": rng.normal(size=len(manager)),
            "agency": [f"a{k:04d}" for k in agency],
            "manager": [f"m{k:05d}" for k in manager],
            "other": [f"o{k:04d}" for k in rng.integers(agencies, size=len(manager))],
        }
    )


def test_many_agencies_of_nested_managers_are_no_reason() -> None:
    model = ba.Model(
        "alliance ~ stigma + (1 + stigma | agency) + (1 | agency:manager)", table(400, 2, 3)
    )
    assert reasons_against(model) == []


def test_many_managers_of_nested_clients_are_no_reason() -> None:
    """Visits of clients of managers of agencies: 1,200 managers and 60 agencies are left."""
    visits = table(60, 20, 6)
    visits = visits.assign(client=range(len(visits)))
    visits = pd.concat([visits, visits]).sample(frac=1.0, random_state=3)
    formula = "alliance ~ stigma + (1 | agency) + (1 + stigma | manager) + (1 | client)"
    assert reasons_against(ba.Model(formula, visits)) == []


@pytest.mark.parametrize(("raters", "refused"), [(150, False), (151, True)])
def test_as_many_may_all_meet_as_the_message_says(raters: int, refused: bool) -> None:
    rng = np.random.default_rng(1)
    rows = 160 * raters
    data = pd.DataFrame(
        {
            "y": rng.normal(size=rows),
            "rater": np.tile(np.arange(raters), 160),
            "client": np.repeat(np.arange(160), raters),
        }
    )
    reasons = reasons_against(ba.Model("y ~ 1 + (1 | rater) + (1 | client)", data))
    assert bool(reasons) == refused
    assert all("150 may all meet" in reason for reason in reasons)


def test_waves_that_cross_everything_come_last() -> None:
    """More of them than of agencies: the nested matrix stays nearly empty all the same."""
    visits = table(10, 60, 4)
    visits = pd.concat([visits.assign(client=range(len(visits)), wave=wave) for wave in range(12)])
    formula = "alliance ~ 1 + (1 | wave) + (1 | agency) + (1 | manager) + (1 | client)"
    assert reasons_against(ba.Model(formula, visits)) == []


def test_streamed_rows_are_judged_as_held_ones(tmp_path) -> None:
    data = table(200, 3, 3)
    data.to_parquet(tmp_path / "visits.parquet")
    formula = "alliance ~ stigma + (1 | other) + (1 | manager)"
    streamed = ba.Model(formula, ba.scan_table(tmp_path / "visits.parquet"))
    assert reasons_against(streamed) == reasons_against(ba.Model(formula, data)) != []


def test_many_crossed_groups_are() -> None:
    model = ba.Model("alliance ~ stigma + (1 | other) + (1 | manager)", table(200, 3, 3))
    (reason,) = reasons_against(model)
    assert "200 group effects" in reason
    assert "too many of them meet" in reason
    with pytest.raises(SamplingError, match="too many of them meet"):
        ba.sample(model, engine="collapsed", seed=1)


def test_few_crossed_groups_are_none() -> None:
    model = ba.Model("alliance ~ stigma + (1 | other) + (1 | manager)", table(60, 2, 3))
    assert reasons_against(model) == []


def test_more_upper_groups_than_their_matrix_may_have() -> None:
    model = ba.Model("alliance ~ 1 + (1 | agency) + (1 | agency:manager)", table(3001, 2, 2))
    (reason,) = reasons_against(model)
    assert "3001 group effects (at most 3000)" in reason
