"""The only place where streams of random numbers are named.

A seed alone would give two purposes the same numbers: the prior's draws would be those of the
new groups. Every purpose has a key of its own instead, under one key of the package, so that the
streams also differ from those a user spawns from the same seed.

Three kinds of random numbers are made elsewhere: the engines' own, from the seed handed to them;
the simulator's, which has a seed of its own; and the normals that put integrated effects back,
which the kernels take from a Philox counter keyed by (seed, draw), another generator than this
one, so that a saved fit makes its effects again bit by bit. The Sobol points of an integral are
always the same, and need no stream.
"""

from __future__ import annotations

from enum import IntEnum, unique

import numpy as np

_PACKAGE = int.from_bytes(b"ball")


@unique
class Stream(IntEnum):
    """What random numbers are drawn for; a number that was given is never given again."""

    REPLICATED_OUTCOMES = 1
    PRIOR_DRAWS = 2
    PRIOR_OUTCOMES = 3
    LEFT_OUT_POSITIONS = 4
    ROWS_TO_COVER = 5
    NEW_GROUPS = 6
    PREDICTED_OUTCOMES = 7
    BRIDGE_PROPOSALS = 8
    STARTS = 9
    SEED_OF_A_FIT = 10
    CALIBRATION_TRUTHS = 11
    OPTIMA = 12
    DATA_FOR_THE_VERDICT = 13
    RELIABILITY = 14
    PROPOSALS = 15
    INDEPENDENT_DRAWS = 16


def generator(seed: int, stream: Stream, *more: int) -> np.random.Generator:
    """Return the generator of a stream, or of a numbered part of it such as one new group."""
    return np.random.default_rng(_sequence(seed, stream, more))


def derived_seed(seed: int, stream: Stream, *more: int, below: int) -> int:
    """Return a seed made from another one, for what takes a whole number."""
    return int(_sequence(seed, stream, more).generate_state(1)[0]) % below


def _sequence(seed: int, stream: Stream, more: tuple[int, ...]) -> np.random.SeedSequence:
    return np.random.SeedSequence(seed, spawn_key=(_PACKAGE, int(stream), *more))
