"""Statistics add up, in any order and any cut, and the anchor refuses what it does not fit."""

import numpy as np
import pytest

from bayes_alliance.kernels.one_factor import moments, problem
from bayes_alliance.kernels.one_factor import posterior as marginal


def densities(*many):
    prior = (np.array([1.0, -0.5]), np.array([50.0, 4.0]))
    factor = np.array([[1.1, 0.0], [0.2, 0.6]])
    return [
        marginal.density_and_gradient(problem.prepare(one, *prior), 0.8, factor).log_density
        for one in many
    ]


def reduce(data, **options):
    return moments.moments(data.y, data.X, data.Z, data.group, data.n_groups, **options)


def rows(data, chosen):
    return data._replace(
        y=data.y[chosen], X=data.X[chosen], Z=data.Z[chosen], group=data.group[chosen]
    )


def centred_columns(data, anchor):
    return np.column_stack([data.X - anchor.population.shift, data.y - anchor.outcome_shift])


def total_of(found):
    """Cross products of all rows: along the roots, and off them."""
    return found.residual + np.einsum("jak,jal->kl", found.rotated, found.rotated)


def test_the_root_holds_the_sums_of_products(study):
    data = study(1, [3, 1, 6, 2], 2, 2)
    found = reduce(data)
    centred = centred_columns(data, found.anchor)
    effects = data.Z - found.anchor.group.shift
    for j in range(4):
        mine, root = data.group == j, found.root[j]
        np.testing.assert_allclose(root.T @ root, effects[mine].T @ effects[mine], atol=1e-12)
        products = effects[mine].T @ centred[mine]
        np.testing.assert_allclose(root.T @ found.rotated[j], products, atol=1e-12)
    np.testing.assert_allclose(total_of(found), centred.T @ centred, atol=1e-12)
    assert found.n.tolist() == [3, 1, 6, 2]


@pytest.mark.parametrize("by_group", [False, True])
def test_chunks_add_up_to_the_whole(by_group, study):
    data = study(2, [5, 1, 6, 2, 9], 2, 2)
    weights = np.linspace(0.5, 2.0, 23)
    whole = reduce(data, weights=weights, by_group=by_group)
    pieces = [
        reduce(rows(data, cut), weights=weights[cut], anchor=whole.anchor, by_group=by_group)
        for cut in np.array_split(np.arange(23), 4)
    ]
    added = moments.add(moments.add(pieces[0], pieces[1]), moments.add(pieces[2], pieces[3]))
    one, other = densities(whole, added)
    assert other == pytest.approx(one, rel=1e-13)
    assert added.log_weight == pytest.approx(whole.log_weight)
    np.testing.assert_allclose(added.residual, whole.residual, atol=1e-12)
    if by_group:
        np.testing.assert_allclose(
            added.residual_by_group, whole.residual_by_group, rtol=1e-10, atol=1e-12
        )
        np.testing.assert_allclose(whole.residual_by_group.sum(axis=0), whole.residual, atol=1e-12)


def test_the_anchor_of_any_chunk_will_do(study):
    data = study(3, [5, 4, 6], 2, 2)
    strange = reduce(rows(data, np.arange(2))).anchor
    one, other = densities(reduce(data), reduce(data, anchor=strange))
    assert other == pytest.approx(one, rel=1e-12)


def test_order_of_rows_does_not_matter(study):
    data = study(4, [5, 4, 6], 2, 2)
    one, other = densities(reduce(data), reduce(rows(data, np.arange(15)[::-1])))
    assert other == pytest.approx(one, rel=1e-13)


def test_repeats_are_rows_written_out(study):
    data = study(5, [5, 4, 6], 2, 2)
    repeats = np.array([1, 2, 3] * 5)
    weights = np.linspace(0.5, 2.0, 15)
    written = np.repeat(np.arange(15), repeats)
    one, other = densities(
        reduce(data, repeats=repeats, weights=weights),
        reduce(rows(data, written), weights=weights[written]),
    )
    assert one == pytest.approx(other, rel=1e-12)


def test_many_rows_pass_through_the_block_sums(study):
    data = study(6, [3000, 3000, 4000], 2, 2)
    found = reduce(data)
    centred = centred_columns(data, found.anchor)
    np.testing.assert_allclose(total_of(found), centred.T @ centred, rtol=1e-11, atol=1e-8)


def test_what_does_not_fit_is_refused(study):
    data = study(8, [5, 4], 2, 2)
    whole = reduce(data)
    with pytest.raises(ValueError, match="rows disagree"):
        reduce(data._replace(y=data.y[:-1]))
    with pytest.raises(ValueError, match="between 0 and 0"):
        reduce(data._replace(n_groups=1))
    with pytest.raises(ValueError, match="weights must be positive"):
        reduce(data, weights=np.zeros(9))
    with pytest.raises(ValueError, match="not constant"):
        reduce(data._replace(X=data.X * 2.0), anchor=whole.anchor)
    with pytest.raises(ValueError, match="other columns"):
        reduce(data._replace(Z=data.Z[:, :1]), anchor=whole.anchor)
    with pytest.raises(ValueError, match="share one anchor"):
        moments.add(whole, reduce(data._replace(y=data.y + 1.0)))
    with pytest.raises(ValueError, match="residuals by group"):
        moments.add(whole, reduce(data, by_group=True))
