"""Correlations of two clients, against clients that were drawn."""

import numpy as np
import pytest
from matplotlib.figure import Figure

import bayes_alliance as ba
from bayes_alliance.posterior.shared_groups import containers, is_chain, lowest

PAIRS = 400_000


def test_nested_groups_by_simulation(nested_fit):
    """Draw pairs of clients from the model at its first posterior draw, and correlate them."""
    p = nested_fit.posterior.isel(chain=0, draw=0)
    a, m, s = (float(p[k].squeeze()) for k in ("sd_agency", "sd_agency:case_manager", "sigma"))
    rng = np.random.default_rng(1)
    agency, manager, other = (t * rng.normal(size=PAIRS) for t in (a, m, m))
    noise = s * rng.normal(size=(3, PAIRS))
    one, colleague, elsewhere = (
        agency + manager + noise[0],
        agency + manager + noise[1],
        agency + other + noise[2],
    )
    found = ba.client_correlations(nested_fit).draws["correlation"].isel(chain=0, draw=0)
    error = 5 / np.sqrt(PAIRS)
    same_manager, same_agency = found.sel(same="agency:case_manager"), found.sel(same="agency")
    assert float(same_manager) == pytest.approx(np.corrcoef(one, colleague)[0, 1], abs=error)
    assert float(same_agency) == pytest.approx(np.corrcoef(one, elsewhere)[0, 1], abs=error)


def test_nesting_is_seen_in_the_ids_too(clients):
    implicit = ba.Model("alliance ~ stigma + (1 | agency) + (1 | case_manager)", clients).design
    assert containers(implicit) == {"agency": (), "case_manager": ("agency",)}
    assert is_chain(containers(implicit))
    explicit = ba.Model("alliance ~ stigma + (1 | agency/case_manager)", clients).design
    assert containers(explicit) == {"agency": (), "agency:case_manager": ("agency",)}


def test_crossed_factors_are_not_nested(clients, make_fit):
    crossed = clients.assign(day=np.tile(["mo", "tu", "we", "th"], len(clients) // 4))
    model = ba.Model("alliance ~ 1 + (1 | day) + (1 | case_manager)", crossed)
    assert containers(model.design) == {"day": (), "case_manager": ()}
    assert lowest(containers(model.design)) == ("day", "case_manager")
    assert not is_chain(containers(model.design))
    fit = make_fit(model)
    found = ba.client_correlations(fit)
    assert list(found.table.index) == ["day", "case_manager", "day and case_manager"]
    shares = ba.variance_shares(fit).draws["share"]
    both = found.draws["correlation"].sel(same="day and case_manager")
    np.testing.assert_allclose(both, 1 - shares.sel(level="residual"), rtol=1e-12)


def test_of_one_factor_it_is_the_share(null_fit, slopes_fit):
    for fit, options in ((null_fit, {}), (slopes_fit, {"at": {"stigma": 2}})):
        ours = ba.client_correlations(fit, **options).draws["correlation"].sel(same="case_manager")
        share = ba.variance_shares(fit, **options).draws["share"].sel(level="case_manager")
        np.testing.assert_allclose(ours, share, rtol=1e-12)


def test_averaged_over_the_rows(slopes_fit):
    ours = ba.client_correlations(slopes_fit, average=True)
    share = ba.variance_shares(slopes_fit, average=True)
    found = ours.draws["correlation"].sel(same="case_manager")
    np.testing.assert_allclose(found, share.draws["share"].sel(level="case_manager"), rtol=1e-12)
    assert "on average over the rows" in ours.sentence


def test_what_it_says_and_draws(nested_fit):
    found = ba.client_correlations(nested_fit)
    assert "of the same agency but not of the same agency:case_manager and" in found.sentence
    assert "share every group it lies in" in str(found)
    assert "correlation" in found.plot(Figure().add_subplot()).get_xlabel()
    assert "agency" in found._repr_html_()


def test_slopes_are_averaged_over_unless_a_place_is_asked_for(slopes_fit):
    found = ba.client_correlations(slopes_fit)
    averaged = ba.client_correlations(slopes_fit, average=True)
    np.testing.assert_array_equal(found.table, averaged.table)
    assert "on average over the rows" in found.sentence
    assert "at the mean of stigma" in ba.client_correlations(slopes_fit, at="means").sentence


def test_without_rows_only_the_formula_tells_of_nesting(clients, make_fit, tmp_path):
    """Else the agency would be left out of what two clients of a case manager share, unsaid."""
    implicit = make_fit(ba.Model("alliance ~ 1 + (1 | agency) + (1 | case_manager)", clients))
    path = implicit.save(tmp_path / "implicit.fit", data=False)
    with pytest.raises(ba.SamplingError, match=r"case_manager in those of agency.*data="):
        ba.client_correlations(ba.load_fit(path))
    whole = ba.client_correlations(ba.load_fit(path, data=clients)).table
    np.testing.assert_array_equal(whole, ba.client_correlations(implicit).table)
    explicit = make_fit(ba.Model("alliance ~ 1 + (1 | agency/case_manager)", clients))
    bare = ba.load_fit(explicit.save(tmp_path / "explicit.fit", data=False))
    np.testing.assert_array_equal(
        ba.client_correlations(bare).table, ba.client_correlations(explicit).table
    )
