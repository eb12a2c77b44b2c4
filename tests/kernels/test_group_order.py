"""Upper groups stand right after the groups they hold; without nesting nothing moves."""

import numpy as np
import pytest

from bayes_alliance.kernels.group_order import find_holders, order_groups


def placed(group, effects):
    counts = [int(g.max()) + 1 for g in group]
    order = order_groups(group, counts, effects)
    return order.holders, order.places


def test_each_agency_follows_its_managers():
    manager_of_client = np.array([2, 0, 1, 3, 2, 0, 1])
    agency_of_manager = np.array([1, 0, 1, 0])
    client = np.repeat(np.arange(7), 2)
    manager = manager_of_client[client]
    holders, (agencies, clients, managers) = placed(
        [agency_of_manager[manager], client, manager], [1, 3, 2]
    )
    np.testing.assert_array_equal(holders, [-1, 2, 0])
    assert len(clients) == 0
    # Agency 0 holds managers 1 and 3, agency 1 managers 0 and 2; a manager has two effects.
    np.testing.assert_array_equal(managers, [5, 0, 7, 2])
    np.testing.assert_array_equal(agencies, [4, 9])


def test_crossed_factors_stay_in_order_those_with_more_groups_first():
    rng = np.random.default_rng(0)
    few, some, most = (rng.integers(count, size=300) for count in (3, 5, 40))
    holders, (first, second, third) = placed([few, some, most], [2, 1, 1])
    np.testing.assert_array_equal(holders, [-1, -1, -1])
    np.testing.assert_array_equal(second, np.arange(5))
    np.testing.assert_array_equal(first, 5 + 2 * np.arange(3))
    assert len(third) == 0


def test_a_crossed_factor_comes_after_those_that_hold_one_another():
    """Though it has more groups than the upper one of them."""
    manager, client = np.arange(240) // 8, np.arange(240)
    rater = np.random.default_rng(1).integers(12, size=240)
    _, (agencies, managers, raters, _) = placed([manager // 5, manager, rater, client], [1] * 4)
    assert raters.min() > max(agencies.max(), managers.max())


def test_two_factors_with_the_same_groups_hold_nothing():
    group = np.repeat(np.arange(4), 3)
    np.testing.assert_array_equal(find_holders([group, 3 - group], [4, 4]), [-1, -1])


def test_groups_without_rows_have_a_place():
    client = np.arange(6)
    manager, agency = client // 2, client // 4
    places = order_groups([agency, manager, client], [3, 5, 6], [1, 2, 1]).places
    taken = np.concatenate([places[0], (places[1][:, None] + np.arange(2)).ravel()])
    np.testing.assert_array_equal(np.sort(taken), np.arange(13))


@pytest.mark.parametrize("programs", [2, 6])
def test_two_factors_held_by_one_both_stand_before_it(programs):
    agency = np.repeat(np.arange(3), 40)
    team = agency * 4 + np.tile(np.arange(4), 30)
    program = agency * programs + np.arange(120) // 5 % programs
    holders, (above, teams, own, _) = placed([agency, team, program, np.arange(120)], [1, 1, 1, 1])
    np.testing.assert_array_equal(holders, [-1, 0, 0, 1 if programs == 2 else 2])
    assert (teams[team] < above[agency]).all()
    assert (own[program] < above[agency]).all()
    assert above.max() == len(above) + len(teams) + len(own) - 1
