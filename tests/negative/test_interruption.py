"""Ctrl-C keeps what was drawn and says so, or says why there is nothing to keep."""

import json
import subprocess
import sys

import pytest

# Runs in a process group of its own, and sends Ctrl-C to all of it as a terminal does, once the
# chains have made as many draws as stated.
SCRIPT = """
import json, os, signal, sys
import numpy as np
import bayes_alliance as ba
from bayes_alliance.sampling import run
from bayes_alliance.sampling.progress import NoProgress

engine, tune, draws, stop_at, path = sys.argv[1], *map(int, sys.argv[2:5]), sys.argv[5]

class Watch(NoProgress):
    sent = False
    def show(self, chains):
        if not self.sent and min(chain.done for chain in chains) >= stop_at:
            self.sent = True
            os.killpg(os.getpgid(0), signal.SIGINT)

run.make_progress = lambda engine, wanted: Watch()
model = ba.Model("alliance ~ 1 + (1 | case_manager)", ba.load_example("simulated_study"))
try:
    fit = ba.sample(model, seed=1, engine=engine, tune=tune, draws=draws, chains=2, cores=2)
except ba.SamplingError as error:
    print(json.dumps({"error": str(error)}))
else:
    again = ba.load_fit(fit.save(path))
    print(json.dumps({
        "interrupted": fit.interrupted,
        "saved": again.interrupted,
        "sizes": dict(fit.idata["posterior"].sizes),
        "stats": dict(fit.idata["sample_stats"].sizes),
        "finite": all(bool(np.isfinite(v).all()) for v in fit.posterior.data_vars.values()),
        "mean": float(fit.posterior["b"].mean()),
        "text": str(fit),
    }))
"""


def run(tmp_path, engine, *, tune, draws, stop_at):
    numbers = (str(n) for n in (tune, draws, stop_at))
    command = [sys.executable, "-c", SCRIPT, engine, *numbers, str(tmp_path / "kept.fit")]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=300, start_new_session=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("engine", "draws"),
    [
        ("collapsed", 2_000_000),
        pytest.param("nutpie", 300_000, marks=pytest.mark.long),
        pytest.param("pymc", 100_000, marks=pytest.mark.long),
    ],
)
def test_what_was_drawn_is_kept(engine, draws, tmp_path):
    found = run(tmp_path, engine, tune=300, draws=draws, stop_at=400)
    assert found["interrupted"]
    assert found["saved"]
    assert "Interrupted: it holds what had been drawn by then." in found["text"]
    assert found["sizes"]["chain"] == found["stats"]["chain"]
    assert 4 <= found["sizes"]["draw"] == found["stats"]["draw"] < draws
    assert found["finite"]
    # Where the long run lies: 58.3 with a posterior sd of 1.
    assert abs(found["mean"] - 58.3) < 5


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["collapsed", "pymc"])
def test_in_the_warm_up_there_is_nothing_to_keep(engine, tmp_path):
    found = run(tmp_path, engine, tune=1_000_000, draws=1000, stop_at=50)
    assert "Sampling was interrupted." in found["error"]
    assert "there is nothing to keep" in found["error"]
