"""Ctrl-C keeps what was drawn and says so, or says why there is nothing to keep."""

import json
import random
import signal
import subprocess
import sys
import time

import pytest

import bayes_alliance as ba

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


# Saves one fit over and over, as a command does once.
SAVES = """
import sys
import bayes_alliance as ba

fit = ba.load_fit(sys.argv[1])
print("ready", flush=True)
while True:
    fit.save(sys.argv[2])
"""


def stopped_while_saving(saved, target, signal_sent, moment):
    """Stop a process so many seconds after its first save began; return what it says."""
    process = subprocess.Popen(
        [sys.executable, "-c", SAVES, str(saved), str(target)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n"
    time.sleep(moment)
    process.send_signal(signal_sent)
    return process.communicate(timeout=60)[1]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    model = ba.Model("alliance ~ 1 + (1 | case_manager)", ba.load_example("simulated_study"))
    fit = ba.sample(model, seed=1, tune=200, draws=200, chains=2)
    return fit.save(tmp_path_factory.mktemp("interrupted") / "saved.fit")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("signal_sent", "times"),
    [
        (signal.SIGINT, 1),
        (signal.SIGKILL, 1),
        pytest.param(signal.SIGINT, 20, marks=pytest.mark.long),
        pytest.param(signal.SIGKILL, 20, marks=pytest.mark.long),
    ],
)
def test_whoever_stops_a_save_has_the_whole_file_or_none(saved, tmp_path, signal_sent, times):
    chance = random.Random(times)
    for time_ in range(times):
        folder = tmp_path / str(time_)
        folder.mkdir()
        stopped_while_saving(saved, folder / "a.fit", signal_sent, chance.uniform(0.0, 0.3))
        rest = {path.name for path in folder.iterdir()} - {"a.fit"}
        if (folder / "a.fit").exists():
            assert ba.load_fit(folder / "a.fit").settings.seed == 1
        # Nobody can clean up after being killed; what is left is hidden and its name says of what.
        assert all(name.startswith(".a.fit.") for name in rest)
        assert len(rest) <= (0 if signal_sent == signal.SIGINT else 1)
