"""The median odds ratio against pairs of groups that were drawn."""

import numpy as np
import pytest
from matplotlib.figure import Figure

import bayes_alliance as ba
from bayes_alliance.display import number


def test_median_over_pairs_of_groups(bernoulli_fit):
    """Draw pairs of groups, take the larger odds over the smaller, and look up the median."""
    found = ba.median_odds_ratio(bernoulli_fit, at={"stigma": 1.5}).draws["odds_ratio"]
    p = bernoulli_fit.posterior.isel(chain=0, draw=0)
    sd, cor = p["sd_case_manager"].to_numpy(), float(p["cor_case_manager"].squeeze())
    G = np.outer(sd, sd) * np.array([[1, cor], [cor, 1]])
    pairs = np.random.default_rng(1).multivariate_normal([0, 0], G, size=(200_000, 2))
    logits = pairs @ np.array([1, 1.5])
    expected = np.exp(np.median(np.abs(logits[:, 0] - logits[:, 1])))
    # The median of 200,000 pairs: its logarithm is known to about 0.5%.
    assert float(found[0, 0, 0]) == pytest.approx(expected, rel=0.02)


def test_each_level_by_its_formula(clients, make_fit):
    fit = make_fit(ba.Model("rating ~ stigma + (1 | agency/case_manager)", clients, "cumulative"))
    found = ba.median_odds_ratio(fit)
    for level in ("agency", "agency:case_manager"):
        tau = fit.posterior[f"sd_{level}"].to_numpy()[..., 0]
        expected = np.exp(np.sqrt(2) * tau * 0.674489750196)
        ours = found.draws["odds_ratio"].sel(level=level)
        np.testing.assert_allclose(ours, expected, rtol=1e-10)
    assert found.table["lower"].min() > 1
    assert "between two groups of agency and" in found.sentence
    expected = np.median(found.draws["odds_ratio"], axis=(0, 1))
    np.testing.assert_allclose(found.table["median"], expected, rtol=1e-12)
    assert all(number(value) in found.sentence for value in found.table["median"])
    # The mean leans on the longest draws: the sentence and the picture do not state it.
    assert (found.table["mean"] > 1.01 * found.table["median"]).all()
    assert "odds" in str(found)
    assert "odds" in found._repr_html_()
    axes = found.plot(Figure().add_subplot())
    assert any(np.array_equal(line.get_xdata(), expected) for line in axes.lines)
    assert 1.0 in [line.get_xdata()[0] for line in axes.lines]


def test_averaged_slopes(bernoulli_fit):
    found = ba.median_odds_ratio(bernoulli_fit, average=True).draws["odds_ratio"][..., 0]
    share = ba.variance_shares(bernoulli_fit, average=True).draws["share"].sel(level="case_manager")
    tau = np.sqrt(np.pi**2 / 3 * share / (1 - share))
    np.testing.assert_allclose(found, np.exp(np.sqrt(2) * tau * 0.674489750196), rtol=1e-10)


@pytest.mark.parametrize(
    ("family", "link", "said"),
    [
        ("gaussian", None, "gaussian"),
        ("student", None, "student"),
        ("bernoulli", "probit", "probit"),
    ],
)
def test_what_has_no_odds_is_refused_by_name(clients, make_fit, family, link, said):
    outcome = "stayed" if family == "bernoulli" else "alliance"
    model = ba.Model(f"{outcome} ~ stigma + (1 | case_manager)", clients, family, link=link)
    with pytest.raises(ba.ModelError, match=said):
        ba.median_odds_ratio(make_fit(model, draws=4))


def test_slopes_are_averaged_over_unless_a_place_is_asked_for(bernoulli_fit):
    found = ba.median_odds_ratio(bernoulli_fit)
    averaged = ba.median_odds_ratio(bernoulli_fit, average=True)
    np.testing.assert_array_equal(found.table, averaged.table)
    assert "at the mean of" in ba.median_odds_ratio(bernoulli_fit, at="means").sentence
