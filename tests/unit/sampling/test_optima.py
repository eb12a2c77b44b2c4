"""Optima of made-up densities: all that matter are found, once each, with their shares."""

import numpy as np
import pytest
from scipy import special

from bayes_alliance.sampling.engines.climb import climb
from bayes_alliance.sampling.engines.collapsed.optima import is_narrow_ridge, start_places
from bayes_alliance.sampling.engines.optima import find_optima, nearest

EVEN = np.eye(2)
NONE_SIGNED = np.zeros(2, dtype=bool)


def mixture(shares, centres, roots):
    """Return the density of a mixture of normals with its slope, and a count of its calls."""
    calls = []

    def density(place):
        calls.append(1)
        inverse = [np.linalg.inv(root @ root.T) for root in roots]
        away = [place - centre for centre in centres]
        logs = np.array(
            [
                np.log(share) - np.linalg.slogdet(root)[1] - 0.5 * a @ precision @ a
                for share, root, precision, a in zip(shares, roots, inverse, away, strict=True)
            ]
        )
        owners = special.softmax(logs)
        slopes = [-precision @ a for precision, a in zip(inverse, away, strict=True)]
        return float(special.logsumexp(logs)), np.tensordot(owners, slopes, axes=1)

    return density, calls


def no_turn(place):
    return np.ones_like(place)


def seek(density, begin, signed=NONE_SIGNED, signs=no_turn):
    return find_optima(density, begin[:1], begin[1:], signed, signs, np.random.default_rng(1))


AROUND = [np.array([x, y]) for x in (-6.0, 0.5, 7.0) for y in (-3.0, 4.0)]


@pytest.mark.parametrize("share", [0.1, 0.4, 0.5])
def test_both_tops_are_found_with_their_shares(share):
    centres = [np.array([-4.0, 0.0]), np.array([4.0, 1.0])]
    density, _ = mixture([1 - share, share], centres, [EVEN, 0.3 * EVEN])
    optima = seek(density, AROUND)
    assert len(optima.tops) == 2
    by_place = sorted(zip([t.place[0] for t in optima.tops], optima.weights, strict=True))
    # 200 points a top: a share is known to about 0.03.
    assert [w for _, w in by_place] == pytest.approx([1 - share, share], abs=0.05)
    assert [x for x, _ in by_place] == pytest.approx([-4.0, 4.0], abs=0.05)
    assert len(optima.competing) == 2
    assert (optima.chances > 0.25).all()


def test_a_top_of_almost_no_mass_is_no_competitor_and_no_chain_starts_there():
    centres = [np.array([-6.0, 0.0]), np.array([6.0, 1.0])]
    density, _ = mixture([1 - 1e-9, 1e-9], centres, [EVEN, EVEN])
    optima = seek(density, AROUND)
    assert len(optima.tops) == 2
    assert optima.competing == (0,)
    assert optima.chances.tolist() == [1.0, 0.0]
    start = start_places(density, optima)
    assert all(np.abs(start(seed)[0] + 6.0) < 9.0 for seed in range(50))


def test_two_tops_that_chains_cross_between_are_one():
    centres = [np.array([-1.2, 0.0]), np.array([1.2, 0.0])]
    density, _ = mixture([0.5, 0.5], centres, [EVEN, EVEN])
    assert len(seek(density, AROUND).tops) == 1
    centres = [3.0 * centre for centre in centres]
    density, _ = mixture([0.5, 0.5], centres, [EVEN, EVEN])
    assert len(seek(density, AROUND).tops) == 2


def test_mirrored_copies_are_one_top_and_a_top_at_zero_counts_once():
    """Of an sd with a sign: a spike at zero, and a copy of the other top on each side."""
    centres = [np.array([0.0, 0.0]), np.array([4.0, 0.0]), np.array([-4.0, 0.0])]
    density, _ = mixture([0.4, 0.3, 0.3], centres, [np.diag([0.1, 1.0]), EVEN, EVEN])

    def signs(place):
        return np.array([1.0 if place[0] > 0 else -1.0, 1.0])

    begin = [np.array([x, 0.3]) for x in (5.0, -5.0, 0.05, -0.04)]
    optima = seek(density, begin, np.array([True, False]), signs)
    assert len(optima.tops) == 2
    assert optima.weights == pytest.approx([0.6, 0.4], abs=0.06)
    assert optima.tops[0].place[0] == pytest.approx(4.0, abs=0.05)
    unmirrored = seek(density, begin)
    assert len(unmirrored.tops) == 3


def test_a_narrow_ridge_is_climbed_and_named():
    """A thousand times as long as wide, across the axes, as intercepts of year 0 and slopes are."""
    turned = np.array([[1.0, -1.0], [1.0, 1.0]]) / np.sqrt(2.0)
    root = turned @ np.diag([1.0, 1e-3])
    density, calls = mixture([1.0], [np.array([1.0, 1.0])], [root])
    optima = seek(density, [np.array([0.0, -2.0]), np.array([3.0, 3.0])])
    assert optima.tops[0].place == pytest.approx([1.0, 1.0], abs=1e-2)
    np.testing.assert_allclose(optima.tops[0].root @ optima.tops[0].root.T, root @ root.T, rtol=0.1)
    assert len(calls) < 300
    assert is_narrow_ridge(optima)
    density, _ = mixture([1.0], [np.array([1.0, 1.0])], [np.diag([1.0, 1e-3])])
    assert not is_narrow_ridge(seek(density, [np.array([0.0, -2.0])]))


def test_a_search_is_cheap_where_there_is_one_top():
    density, calls = mixture([1.0], [np.array([1.0, -1.0])], [EVEN])
    seek(density, [np.array([4.0 * k, 8.0 - k]) for k in range(12)])
    assert len(calls) < 250


def test_no_top_is_none():
    """A density that rises for ever, as under an improper prior, and one that is nowhere."""
    assert seek(lambda x: (float(x.sum()), np.ones(2)), AROUND) is None
    assert seek(lambda x: (-np.inf, np.zeros(2)), AROUND) is None
    assert climb(lambda x: (np.nan, x), np.ones(2), most_steps=10) is None


def test_chains_start_farther_apart_than_the_posterior_and_by_their_seed_alone():
    density, _ = mixture([1.0], [np.array([1.0, -1.0])], [np.diag([1.0, 0.1])])
    optima = seek(density, AROUND)
    start = start_places(density, optima)
    places = np.array([start(seed) for seed in range(400)])
    assert (places.std(axis=0) > np.array([1.4, 0.14])).all()
    assert len(np.unique(places[:, 0])) == 400
    np.testing.assert_array_equal(start(7), places[7])


def test_a_place_without_density_is_no_start():
    inner, _ = mixture([1.0], [np.zeros(2)], [EVEN])

    def density(place):
        return inner(place) if np.abs(place).max() < 1.0 else (-np.inf, np.zeros(2))

    optima = seek(inner, AROUND)
    start = start_places(density, optima)
    assert all(np.isfinite(density(start(seed))[0]) for seed in range(100))


def test_points_belong_to_the_top_whose_mass_is_densest_there():
    centres = [np.array([0.0, 0.0]), np.array([4.0, 0.0])]
    density, _ = mixture([0.5, 0.5], centres, [EVEN, 0.1 * EVEN])
    tops = sorted(seek(density, centres).tops, key=lambda top: top.place[0])
    assert nearest(tops, np.array([[2.0, 0.0], [3.9, 0.0], [0.0, 1.0]])).tolist() == [0, 1, 0]
