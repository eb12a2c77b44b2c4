"""Raw and expected means of groups, against plain numpy."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy.special import expit

import bayes_alliance as ba


def by_group(rows, values: np.ndarray, labels) -> np.ndarray:
    """Average values, shape (draw, row), within case managers."""
    return np.stack([values[:, rows["case_manager"] == label].mean(1) for label in labels], -1)


def effects_of_rows(fit, labels) -> np.ndarray:
    """Group effects of each row, shape (draw, row, effect)."""
    u = fit.posterior["u_case_manager"].to_numpy()
    place = {label: k for k, label in enumerate(labels)}
    rows = fit.model.frame.rows["case_manager"].map(place).to_numpy()
    return u.reshape(-1, *u.shape[2:])[:, rows]


def test_a_numeric_outcome(slopes_fit):
    rows, labels = slopes_fit.model.frame.rows, slopes_fit.model.design.groups[0].labels
    b = slopes_fit.posterior["b"].to_numpy().reshape(-1, 2)
    u, x = effects_of_rows(slopes_fit, labels), rows["stigma"].to_numpy()
    eta = b[:, :1] + b[:, 1:] * x + u[:, :, 0] + u[:, :, 1] * x
    means = ba.group_means(slopes_fit, draws=None)
    ours = means.draws["mean"].to_numpy().reshape(-1, len(labels))
    np.testing.assert_allclose(ours, by_group(rows, eta, labels), rtol=1e-10)
    raw = rows.groupby("case_manager")["alliance"].mean()
    np.testing.assert_allclose(means.table["raw"], raw.loc[list(labels)], rtol=1e-10)
    assert means.overall == pytest.approx(rows["alliance"].mean())
    # Drawn towards the middle: expected means spread less than raw ones.
    assert means.table["mean"].std() < means.table["raw"].std()


def test_a_yes_or_no_outcome(bernoulli_fit):
    rows, labels = bernoulli_fit.model.frame.rows, bernoulli_fit.model.design.groups[0].labels
    b = bernoulli_fit.posterior["b"].to_numpy().reshape(-1, 2)
    u, x = effects_of_rows(bernoulli_fit, labels), rows["stigma"].to_numpy()
    p = expit(b[:, :1] + b[:, 1:] * x + u[:, :, 0] + u[:, :, 1] * x)
    means = ba.group_means(bernoulli_fit, draws=None)
    ours = means.draws["mean"].to_numpy().reshape(-1, len(labels))
    np.testing.assert_allclose(ours, by_group(rows, p, labels), rtol=1e-10)


def test_an_ordinal_outcome_counts_from_one(ordinal_fit):
    rows, labels = ordinal_fit.model.frame.rows, ordinal_fit.model.design.groups[0].labels
    b = ordinal_fit.posterior["b"].to_numpy().reshape(-1, 1)
    cuts = ordinal_fit.posterior["cutpoint"].to_numpy().reshape(-1, 3)
    eta = b * rows["stigma"].to_numpy() + effects_of_rows(ordinal_fit, labels)[:, :, 0]
    above = expit(eta[:, :, None] - cuts[:, None])  # P(more than k categories)
    chances = -np.diff(above, axis=2, prepend=1, append=0)
    score = chances @ np.arange(1, 5)
    means = ba.group_means(ordinal_fit, draws=None)
    ours = means.draws["mean"].to_numpy().reshape(-1, len(labels))
    np.testing.assert_allclose(ours, by_group(rows, score, labels), rtol=1e-10)
    raw = rows.groupby("case_manager")["rating"].mean()
    np.testing.assert_allclose(means.table["raw"], raw.loc[list(labels)], rtol=1e-10)


def test_rows_that_count_twice_count_twice(clients, make_fit):
    counted = clients.assign(times=np.tile([1, 3], len(clients) // 2))
    model = ba.Model("stayed | weights(times) ~ 1 + (1 | case_manager)", counted, "bernoulli")
    means = ba.group_means(make_fit(model, draws=4)).table.set_index("group")
    long = counted.loc[counted.index.repeat(counted["times"])]
    raw = long.groupby("case_manager")["stayed"].mean()
    np.testing.assert_allclose(means["raw"], raw.loc[means.index], rtol=1e-10)


def test_what_it_says_and_draws(bernoulli_fit):
    means = ba.group_means(bernoulli_fit, draws=200)
    assert "200 of the 1,000 draws" in str(means)
    assert "order of the groups is uncertain" in means._repr_html_()
    assert "range from" in means.sentence
    axes = Figure().add_subplot()
    assert means.plot(axes) is axes
    assert means.overall in [line.get_xdata()[0] for line in axes.lines]


def test_what_cannot_be_given(slopes_fit, tmp_path):
    bare = ba.load_fit(slopes_fit.save(tmp_path / "a.fit", data=False))
    with pytest.raises(ba.SamplingError, match="mean of a group"):
        ba.group_means(bare)
    with pytest.raises(ba.ModelError, match="no such groups"):
        ba.group_means(slopes_fit, group="agency")
    with pytest.raises(ba.SamplingError, match="limit"):
        ba.group_means(slopes_fit, memory=1e-9)
