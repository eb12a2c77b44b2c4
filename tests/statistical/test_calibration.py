"""Simulation-based calibration of the exact engines, short and long, and what it must notice.

The long run (``make calibrate``) ranks 1,000 truths a study and commits the ranks; it goes on
where it was stopped, and starts afresh when the sources it covers change or the file is deleted.
"""

import ast
import hashlib
import json
import tokenize
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from statistical_tests.calibration import (
    FAMILY_WISE,
    JOINT,
    Ranks,
    judge_ranks,
    rank_truths,
)

from bayes_alliance import names
from bayes_alliance.checks.coverage import pointwise_limit
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.container import draws_dataset
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.prior_draws import draw_prior

CHECKOUT = Path(__file__).resolve().parents[2]
RESULTS = Path(__file__).parent / "results"
# What computes the posterior: the engine, and every kernel and engine file it imports. The model
# stage only hands over design and priors, which other tests hold.
ENGINE = "bayes_alliance/sampling/engines/collapsed/engine.py"
COVERED = (
    "bayes_alliance.kernels.",
    "bayes_alliance.sampling.engines.collapsed.",
    "bayes_alliance.sampling.working_scale",
)
# The independent engine is that, its own files and how it seeks optima.
INDEPENDENT_ENGINE = "bayes_alliance/sampling/engines/independent/engine.py"
INDEPENDENT_COVERED = (
    *COVERED,
    "bayes_alliance.sampling.engines.independent.",
    "bayes_alliance.sampling.engines.climb",
    "bayes_alliance.sampling.engines.optima",
)
DATA_SETS, BLOCK, KEPT, DRAWS, FIRST_SEED = 1000, 50, 99, 2000, 2024


@dataclass(frozen=True, kw_only=True)
class Study:
    """A formula, its groups of equal size (lower within upper, if there are two) and its priors.

    Without priors they are the defaults of its own table; ``zero`` moves the predictor.
    """

    formula: str
    groups: Mapping[str, int]
    rows_a_group: int
    priors: Mapping[str, str] | None
    zero: float = 0.0

    @property
    def model(self) -> Model:
        sizes = tuple(self.groups.values())
        places = np.indices(sizes).reshape(len(sizes), -1).repeat(self.rows_a_group, axis=1)
        rng = np.random.default_rng(20)
        table = pd.DataFrame(
            {name: pd.Series(p).astype("str") for name, p in zip(self.groups, places, strict=True)}
        )
        rows = len(table)
        table = table.assign(
            x=self.zero + rng.normal(size=rows),
            y=rng.normal(size=rows),
            place=np.tile(["clinic", "home", "ward"], rows)[:rows],
        )
        return Model(self.formula, table, priors=self.priors)


COMMON = {"b[Intercept]": "Normal(0, 2)", "b[x]": "Normal(0, 1)", "sigma": "HalfNormal(1)"}
STUDIES = {
    "slopes": Study(
        formula="y ~ x + (1 + x | g)",
        groups={"g": 20},
        rows_a_group=6,
        priors={**COMMON, "sd_g": "HalfNormal(1)", "cor_g": "LKJ(2)"},
    ),
    "nested": Study(
        formula="y ~ x + (1 | a/b)",
        groups={"a": 6, "b": 4},
        rows_a_group=4,
        priors={**COMMON, "sd_a": "HalfNormal(1)", "sd_a:b": "HalfNormal(1)"},
    ),
    # The defaults, where they stand far from the predictor's zero.
    "defaults": Study(
        formula="y ~ x * place + (1 + x | g)",
        groups={"g": 20},
        rows_a_group=6,
        priors=None,
        zero=2015.0,
    ),
}


# Long runs by their results' file: the engine and the study.
RUNS = {name: ("collapsed", name) for name in STUDIES} | {
    f"independent_{name}": ("independent", name) for name in STUDIES
}
# Those whose results are committed: a new run is added when it has been made.
COMMITTED = tuple(STUDIES)


def as_prior(fit: Fit) -> Fit:
    """Give the prior out as the posterior."""
    rng = np.random.default_rng(fit.settings.seed)
    draws = draw_prior(fit.model, KEPT, rng)
    return fit.with_group(names.POSTERIOR, draws_dataset(fit.model, draws))


def too_wide(fit: Fit) -> Fit:
    """Spread the draws of every group effect by a fifth too much."""
    effects = fit.posterior["u_g"]
    mean = effects.mean((names.CHAIN, names.DRAW))
    wide = (mean + 1.2 * (effects - mean)).transpose(*effects.dims)
    return fit.with_group(names.POSTERIOR, fit.posterior.assign(u_g=wide))


def accounts(fit: Fit) -> dict[str, Fit]:
    return {"engine": fit, "prior": as_prior(fit), "wide": too_wide(fit)}


@pytest.fixture(scope="module")
def short_run() -> dict[str, Ranks]:
    return rank_truths(
        STUDIES["slopes"].model, data_sets=100, seed=7, kept=KEPT, draws=1000, reported=accounts
    )


@pytest.mark.slow
def test_the_engine_is_calibrated_on_a_hundred_data_sets(short_run: dict[str, Ranks]) -> None:
    ranks = short_run["engine"]
    table = judge_ranks(ranks)
    # 2 coefficients, 2 sds, 1 correlation, sigma, 20 groups with 2 effects, the joint likelihood.
    assert (ranks.data_sets, len(table)) == (100, 47)
    assert table["calibrated"].all(), table[~table["calibrated"]]


@pytest.mark.slow
def test_the_independent_engine_is_calibrated_on_fifty_data_sets() -> None:
    ranks = rank_truths(
        STUDIES["nested"].model, data_sets=50, seed=8, kept=KEPT, draws=400, engine="independent"
    )[""]
    table = judge_ranks(ranks)
    assert (ranks.data_sets, ranks.divergences) == (50, 0)
    assert table["calibrated"].all(), table[~table["calibrated"]]


@pytest.mark.slow
def test_an_engine_that_returns_its_prior_is_noticed_by_the_joint_likelihood_alone(
    short_run: dict[str, Ranks],
) -> None:
    calibrated = judge_ranks(short_run["prior"])["calibrated"]
    assert not calibrated[JOINT]
    assert calibrated.drop(JOINT).all()


@pytest.mark.slow
def test_effects_a_fifth_too_wide_are_noticed_by_the_joint_likelihood(
    short_run: dict[str, Ranks],
) -> None:
    assert not judge_ranks(short_run["wide"])["calibrated"][JOINT]


@pytest.mark.calibration
@pytest.mark.parametrize("name", RUNS)
def test_the_engine_is_calibrated_on_a_thousand_data_sets(name: str) -> None:
    for ranks in resumed(name):
        write_results(name, ranks)
    assert_calibrated(read_results(name))


def resumed(name: str) -> Iterator[Ranks]:
    """Yield the ranks so far after every further block, from where the file stands."""
    ranks = read_results(name) if is_current(name) else None
    while ranks is None or ranks.data_sets < DATA_SETS:
        done = 0 if ranks is None else ranks.data_sets
        block = rank_truths(
            STUDIES[RUNS[name][1]].model,
            data_sets=BLOCK,
            seed=FIRST_SEED + done // BLOCK,
            kept=KEPT,
            draws=DRAWS,
            engine=RUNS[name][0],
        )[""]
        ranks = block if ranks is None else ranks.joined(block)
        yield ranks


def assert_calibrated(ranks: Ranks) -> None:
    assert ranks.data_sets == DATA_SETS
    # Every chain holds at least twice as many effective draws as are kept, evenly spaced.
    assert ranks.least_ess >= 2 * KEPT
    table = judge_ranks(ranks, family_wise=FAMILY_WISE / len(STUDIES))
    assert table["calibrated"].all(), table[~table["calibrated"]]


@pytest.mark.parametrize("name", COMMITTED)
def test_the_committed_calibration_passes(name: str) -> None:
    assert_calibrated(read_results(name))


@pytest.mark.parametrize("name", COMMITTED)
def test_the_committed_calibration_covers_these_sources(name: str) -> None:
    assert is_current(name), (
        "the sources changed since: run `make calibrate` and commit its results"
    )


def setting(name: str) -> dict[str, object]:
    """Return all that the results depend on but the versions of other packages."""
    numbers = {"kept": KEPT, "draws": DRAWS, "first_seed": FIRST_SEED, "block": BLOCK}
    engine, study = RUNS[name]
    return {**asdict(STUDIES[study]), **numbers, "sources": sources_digest(engine)}


def is_current(name: str) -> bool:
    file = RESULTS / f"{name}.json"
    return file.exists() and json.loads(file.read_text())["setting"] == setting(name)


def read_results(name: str) -> Ranks:
    saved = json.loads((RESULTS / f"{name}.json").read_text())
    counts = {key: np.array(row.split(), dtype=np.int64) for key, row in saved["counts"].items()}
    return Ranks(counts=counts, least_ess=saved["least_ess"], divergences=saved["divergences"])


def write_results(name: str, ranks: Ranks) -> None:
    counts = {key: " ".join(map(str, row)) for key, row in ranks.counts.items()}
    content = {
        "setting": setting(name),
        "data_sets": ranks.data_sets,
        "least_ess": round(ranks.least_ess, 1),
        "divergences": ranks.divergences,
        "counts": counts,
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n")


@cache  # what was loaded when a run began, even if a file is edited while it runs
def sources_digest(engine: str) -> str:
    """Hash what the covered sources do: their comments, docstrings and layout may change."""
    digest = hashlib.sha256()
    for file in covered_by(engine):
        digest.update(f"{file.relative_to(CHECKOUT).as_posix()}\n{code_of(file)}\n".encode())
    return digest.hexdigest()


def covered_by(engine: str) -> list[Path]:
    """Return the files that compute the posterior by an engine."""
    if engine == "collapsed":
        return covered_files(CHECKOUT / ENGINE, COVERED)
    return covered_files(CHECKOUT / INDEPENDENT_ENGINE, INDEPENDENT_COVERED)


def covered_files(file: Path, covered: tuple[str, ...]) -> list[Path]:
    """Return the file and all covered files it imports, inside functions too, in order."""
    found: set[Path] = set()
    waiting = [file]
    while waiting:
        here = waiting.pop()
        found.add(here)
        imports = [
            n for n in ast.walk(ast.parse(here.read_text())) if isinstance(n, ast.ImportFrom)
        ]
        modules = {n.module for n in imports if n.module and n.module.startswith(covered)}
        paths = {CHECKOUT / f"{module.replace('.', '/')}.py" for module in modules}
        waiting.extend(paths - found)
    return sorted(found)


def test_the_digest_covers_the_kernels_the_engine_calls() -> None:
    kernels = CHECKOUT / "bayes_alliance" / "kernels"
    covered = set(covered_by("collapsed"))
    called = ("one_factor/callback", "one_factor/recover", "crossed/posterior", "envelope")
    assert {kernels / f"{name}.py" for name in called} <= covered
    assert kernels / "bridge.py" not in covered
    independent = set(covered_by("independent"))
    assert covered < independent
    assert kernels / "folded_mixture.py" in independent - covered


def code_of(file: Path) -> str:
    """Return the tokens of a source file without comments, docstrings and line breaks."""
    with tokenize.open(file) as stream:
        tokens = list(tokenize.generate_tokens(stream.readline))
    kept = [token for token in tokens if token.type not in (tokenize.COMMENT, tokenize.NL)]
    starts = (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
    before = [tokenize.NEWLINE, *(token.type for token in kept)]
    return "\n".join(
        token.string
        for token, previous in zip(kept, before, strict=False)
        if not (token.type == tokenize.STRING and previous in starts)
    )


def test_the_digest_sees_code_and_nothing_else(tmp_path: Path) -> None:
    def code(text: str) -> str:
        file = tmp_path / "made_up.py"
        file.write_text(text)
        return code_of(file)

    plain = code('def f(a):\n    """Doc."""\n    return a + "x"\n')
    assert plain == code('# why\ndef f(\n    a\n):\n    """Other."""\n    return a + "x"  # so\n')
    assert plain != code('def f(a):\n    """Doc."""\n    return a + "y"\n')
    assert plain != code('def f(a):\n    """Doc."""\n    return a - "x"\n')


def uniform_ranks(rng: np.random.Generator, data_sets: int, kept: int) -> Ranks:
    ranks = rng.integers(0, kept + 1, size=data_sets)
    return Ranks(
        counts={JOINT: np.bincount(ranks, minlength=kept + 1)}, least_ess=np.inf, divergences=0
    )


def test_uniform_ranks_leave_the_band_as_often_as_stated() -> None:
    rng = np.random.default_rng(4)
    judged = [
        judge_ranks(uniform_ranks(rng, 50, 19), family_wise=0.2)["calibrated"].item()
        for _ in range(400)
    ]
    # 80 alarms are expected (a few less, as counts are whole numbers); four sds of 8.
    assert 48 <= 400 - sum(judged) <= 112


@pytest.mark.parametrize("power", [0.8, 1.25])
def test_ranks_drawn_to_one_side_are_noticed(power: float) -> None:
    shifted = np.floor(100 * np.random.default_rng(5).random(1000) ** power).astype(int)
    ranks = Ranks(
        counts={JOINT: np.bincount(shifted, minlength=100)}, least_ess=np.inf, divergences=0
    )
    assert not judge_ranks(ranks)["calibrated"].item()


def test_the_band_is_wider_for_more_quantities() -> None:
    assert pointwise_limit(200, 49, 0.001) < pointwise_limit(200, 49, 0.01) < 0.01
