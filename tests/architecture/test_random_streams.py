"""No two purposes share random numbers, and none are made behind the back of the one place."""

import ast
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from bayes_alliance.random_streams import Stream, derived_seed, generator

MAKERS = {
    "default_rng",
    "SeedSequence",
    "Philox",
    "PCG64",
    "PCG64DXSM",
    "MT19937",
    "SFC64",
    "RandomState",
    "Sobol",
}
ELSEWHERE = {
    "random_streams.py": {"default_rng", "SeedSequence"},
    "data/simulator.py": {"default_rng", "SeedSequence"},  # a study has a seed of its own
    "kernels/one_factor/recover.py": {
        "Philox"
    },  # saved fits make their effects again from (seed, draw)
    "kernels/integrated_likelihood.py": {"Sobol"},  # points of an integral, always the same
}


def makers(source: str) -> set[str]:
    """Return what the source calls to make random numbers, however it was imported."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Attribute(attr=name) | ast.Name(id=name) if name in MAKERS:
                found.add(name)
            case ast.ImportFrom(names=imported):
                found |= {alias.name for alias in imported if alias.name in MAKERS}
            case ast.Import(names=imported):
                found |= {alias.name for alias in imported if alias.name == "random"}
            # numpy's own global state: np.random.normal and its like
            case ast.Call(func=ast.Attribute(value=ast.Attribute(attr="random"), attr=name)):
                found |= {name} - {"Generator"}
    return found


def test_generators_are_made_in_one_place(package: Path, package_files: list[Path]) -> None:
    found = {
        file.relative_to(package).as_posix(): makers(file.read_text()) for file in package_files
    }
    assert {name: made for name, made in found.items() if made} == ELSEWHERE


@pytest.mark.parametrize(
    "offender",
    [
        "import numpy as np\nrng = np.random.default_rng([seed, 5])",
        "from numpy.random import default_rng as anything",
        "import numpy\nnumpy.random.SeedSequence(1).spawn(3)",
        "import numpy as np\nnp.random.normal()",
        "import random",
    ],
)
def test_an_offender_is_seen(offender: str) -> None:
    assert makers(offender)


def first(rng: np.random.Generator) -> tuple[float, ...]:
    return tuple(rng.random(4))


@pytest.mark.parametrize("seed", [0, 1, 2**31 - 1])
def test_streams_and_their_parts_are_distinct(seed: int) -> None:
    drawn = [
        first(generator(seed, stream, *more))
        for stream in Stream
        for more in [(), (0,), (1,), (0, 0), (0, 1), (1, 0)]
    ]
    drawn += [first(np.random.default_rng([seed, stream])) for stream in Stream]
    drawn += [first(np.random.default_rng(part)) for part in np.random.SeedSequence(seed).spawn(20)]
    drawn += [first(np.random.Generator(np.random.Philox(key=[seed, draw]))) for draw in range(20)]
    drawn += [first(np.random.default_rng(seed))]
    assert all(a != b for a, b in combinations(drawn, 2))


def test_a_stream_is_the_same_each_time() -> None:
    """Numbers that moved would silently change what a seed gives: rename, never renumber."""
    assert first(generator(1, Stream.NEW_GROUPS, 0)) == first(generator(1, Stream.NEW_GROUPS, 0))
    assert {stream.name: int(stream) for stream in Stream} == {
        "REPLICATED_OUTCOMES": 1,
        "PRIOR_DRAWS": 2,
        "PRIOR_OUTCOMES": 3,
        "LEFT_OUT_POSITIONS": 4,
        "ROWS_TO_COVER": 5,
        "NEW_GROUPS": 6,
        "PREDICTED_OUTCOMES": 7,
        "BRIDGE_PROPOSALS": 8,
        "STARTS": 9,
        "SEED_OF_A_FIT": 10,
        "CALIBRATION_TRUTHS": 11,
        "OPTIMA": 12,
        "DATA_FOR_THE_VERDICT": 13,
        "RELIABILITY": 14,
        "PROPOSALS": 15,
        "INDEPENDENT_DRAWS": 16,
    }


def test_derived_seeds_differ_and_stay_below() -> None:
    seeds = [derived_seed(3, Stream.SEED_OF_A_FIT, place, below=2**31) for place in range(200)]
    assert len(set(seeds)) == 200
    assert max(seeds) < 2**31
    assert seeds[:3] == [derived_seed(3, Stream.SEED_OF_A_FIT, n, below=2**31) for n in range(3)]
