"""What is compiled computes the same, whether it was just made or is read back from the disk."""

from __future__ import annotations

import pytensor
import pytest

from bayes_alliance.sampling.engines import nutpie
from bayes_alliance.sampling.engines.joint_engine import repeatable_compilation
from bayes_alliance.sampling.engines.nutpie import NutpieEngine


class StopHereError(Exception):
    """Where the engine would begin to compile."""


def test_sums_keep_their_order(monkeypatch):
    before = pytensor.config.numba__fastmath
    with repeatable_compilation():
        assert pytensor.config.numba__fastmath is False
    assert pytensor.config.numba__fastmath == before
    seen = []

    def build(model):
        seen.append(pytensor.config.numba__fastmath)
        raise StopHereError

    monkeypatch.setattr(nutpie, "build_pymc", build)
    with pytest.raises(StopHereError):
        NutpieEngine().compile(None)
    assert seen == [False]
