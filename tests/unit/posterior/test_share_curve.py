"""The variance partition as a function of a predictor."""

import dataclasses
import re

import numpy as np
import pytest
from matplotlib.figure import Figure

import bayes_alliance as ba


def test_every_point_is_the_share_at_that_value(slopes_fit):
    curve = ba.share_curve(slopes_fit, "stigma", values=[1.0, 2.5, 4.0])
    for k, x in enumerate([1.0, 2.5, 4.0]):
        there = ba.variance_shares(slopes_fit, at={"stigma": x})
        ours = curve.draws["share"].isel(value=k)
        np.testing.assert_allclose(ours, there.draws["share"], rtol=1e-12)
        rows = curve.table[curve.table["stigma"] == x].set_index("level")
        np.testing.assert_allclose(rows["mean"], there.table["mean"], rtol=1e-12)


def test_default_values_cover_what_was_observed(slopes_fit):
    curve = ba.share_curve(slopes_fit, "stigma")
    x = slopes_fit.model.frame.rows["stigma"]
    values = curve.draws["value"].to_numpy()
    assert (values[0], values[-1]) == (x.min(), x.max())
    assert (np.diff(values) > 0).all()
    np.testing.assert_allclose(curve.draws["share"].sum("level"), 1, rtol=1e-12)
    axes = Figure().add_subplot()
    assert curve.plot(axes) is axes
    drawn = curve.table.loc[curve.table["level"] == "case_manager", "mean"]
    np.testing.assert_allclose(axes.lines[0].get_ydata(), 100 * drawn)
    assert axes.get_xlabel() == "stigma"
    assert "stigma" in str(curve)
    assert "stigma" in curve._repr_html_()


def test_categories_are_places_not_a_line(clients, make_fit):
    settings = np.tile(["clinic", "home"], len(clients) // 2)
    model = ba.Model(
        "alliance ~ setting + (1 + setting | agency/case_manager)", clients.assign(setting=settings)
    )
    curve = ba.share_curve(make_fit(model), "setting")
    assert list(curve.draws["value"].to_numpy()) == ["clinic", "home"]
    axes = curve.plot(Figure().add_subplot())
    assert [text.get_text() for text in axes.get_xticklabels()] == ["clinic", "home"]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == list(curve.levels)


def test_two_values_are_two_points(clients, make_fit):
    model = ba.Model("alliance ~ stayed + (1 + stayed | case_manager)", clients)
    assert list(ba.share_curve(make_fit(model), "stayed").draws["value"]) == [0, 1]


def test_an_effect_centred_by_group_has_its_own_range(clients, make_fit):
    label = "within(stigma, case_manager)"
    fit = make_fit(ba.Model(f"alliance ~ stigma + (1 + {label} | case_manager)", clients))
    curve = ba.share_curve(fit, label)
    centred = clients["stigma"] - clients.groupby("case_manager")["stigma"].transform("mean")
    values = curve.draws["value"].to_numpy()
    np.testing.assert_allclose(values[[0, -1]], [centred.min(), centred.max()], rtol=1e-10)


def test_response_scale_along_a_predictor_without_a_varying_slope(clients, make_fit):
    model = ba.Model("stayed ~ stigma + (1 | case_manager)", clients, "bernoulli")
    fit = make_fit(model, draws=50)
    curve = ba.share_curve(fit, "stigma", values=[1, 3], scale="response")
    there = ba.variance_shares(fit, at={"stigma": 3}, scale="response")
    ours = curve.draws["share"].isel(value=1)
    np.testing.assert_allclose(ours, there.draws["share"], rtol=1e-8)


def test_the_sentence_is_as_sure_as_the_draws(slopes_fit):
    curve = ba.share_curve(slopes_fit, "stigma", values=[2.0, 2.001])
    share = curve.draws["share"].sel(level="case_manager")
    rising = float((share[:, :, 1] > share[:, :, 0]).mean())
    said = curve.sentence
    assert ("is open" in said) == (max(rising, 1 - rising) < 0.9)
    sure = dataclasses.replace(
        curve, draws=curve.draws.assign(share=curve.draws["share"] * 0 + [[1, 0], [0.5, 0.5]])
    )
    assert "smaller with probability above 0.999" in sure.sentence


def test_whole_values_of_the_predictor_are_written_as_such(slopes_fit):
    said = ba.share_curve(slopes_fit, "stigma", values=[0.0, 2.5, 9.0]).sentence
    assert re.findall(r"stigma = (\S+?)[ ;]", said)[:2] == ["0", "9"]


@pytest.mark.parametrize(
    ("middle", "extreme", "side"), [(0.1, "lowest", "above"), (0.9, "highest", "below")]
)
def test_a_curve_that_turns_is_not_called_open(slopes_fit, middle, extreme, side):
    """Both ends near 0.6, their order open; every draw turns in the middle at the second end."""
    curve = ba.share_curve(slopes_fit, "stigma", values=[1.0, 2.0, 3.0])
    share = curve.draws["share"]
    noise = 0.01 * np.random.default_rng(1).normal(size=share.shape[:2])
    values = np.stack([0.6 + noise, np.full_like(noise, middle), 0.6 - noise], axis=-1)
    values[:, :, 0] = np.where(np.arange(share.sizes["draw"]) % 20 == 0, middle, values[:, :, 0])
    made = np.stack([values, 1 - values], axis=-1)
    where = list(share["level"].to_numpy()).index("case_manager")
    made = made if where == 0 else made[..., ::-1]
    means = values.mean(axis=(0, 1))
    table = curve.table.copy()
    table.loc[table["level"] == "case_manager", "mean"] = means
    turned = dataclasses.replace(curve, draws=curve.draws.assign(share=share * 0 + made))
    said = dataclasses.replace(turned, table=table).sentence
    assert "open" not in said
    assert f"in between it is {extreme}, {100 * middle:.0f}% (95% interval" in said
    assert f"at stigma = 2, and the first end lies {side} that with probability 0.950" in said
    assert "the second with probability above 0.999." in said
    sure = share.copy(data=np.broadcast_to([[0.6] * 2, [middle] * 2, [0.6] * 2], share.shape))
    said = dataclasses.replace(curve, draws=curve.draws.assign(share=sure)).sentence
    assert f"and each end lies {side} that with probability above 0.999." in said


def test_a_turn_near_the_start_does_not_hide_that_the_share_grows(slopes_fit):
    curve = ba.share_curve(slopes_fit, "stigma", values=[1.0, 2.0, 3.0])
    share = curve.draws["share"]
    noise = 0.1 * np.random.default_rng(1).normal(size=share.shape[:2])
    values = np.stack([0.3 + noise, np.full_like(noise, 0.295), 0.9 + 0 * noise], axis=-1)
    made = np.stack([values, values], axis=-1)
    said = dataclasses.replace(curve, draws=curve.draws.assign(share=share * 0 + made)).sentence
    probability = float((values[..., 0] > 0.295).mean())
    assert f"probability {probability:.3f}, the second with probability above 0.999" in said
    assert "between the ends, the latter is larger with probability above 0.999" in said


@pytest.mark.parametrize(
    ("predictor", "options", "said"),
    [
        ("stgma", {}, "Did you mean 'stigma'"),
        ("stigma", {"at": {"stigma": 1}}, "Take stigma out"),
        ("stigma", {"values": []}, "No value"),
        ("stigma", {"values": [1, float("nan")]}, "finite"),
        ("stigma", {"at": {"age": 1}}, "age"),
    ],
)
def test_curves_that_cannot_be_drawn(slopes_fit, predictor, options, said):
    with pytest.raises(ba.ModelError, match=said):
        ba.share_curve(slopes_fit, predictor, **options)


def test_a_slope_that_does_not_vary_gives_no_curve(nested_fit):
    with pytest.raises(ba.ModelError, match="does not vary between groups"):
        ba.share_curve(nested_fit, "stigma")


def test_other_slopes_stand_at_their_means_or_where_stated(clients, make_fit):
    table = clients.assign(age=np.linspace(20, 70, len(clients)))
    fit = make_fit(ba.Model("alliance ~ stigma + (1 + stigma + age | case_manager)", table))
    middle = ba.share_curve(fit, "stigma", values=[1, 2])
    assert middle.at == {"age": pytest.approx(45)}
    assert "at the mean of age (45)" in middle.sentence
    curve = ba.share_curve(fit, "stigma", values=[1, 2], at={"age": 40})
    there = ba.variance_shares(fit, at={"stigma": 2, "age": 40}).draws["share"]
    np.testing.assert_allclose(curve.draws["share"].isel(value=1), there, rtol=1e-12)
    assert "age = 40" in curve.sentence


def test_without_rows_the_range_is_asked_for(slopes_fit, tmp_path):
    fit = ba.load_fit(slopes_fit.save(tmp_path / "a.fit", data=False))
    with pytest.raises(ba.SamplingError, match="range of stigma"):
        ba.share_curve(fit, "stigma")
    assert len(ba.share_curve(fit, "stigma", values=[1, 2]).table) == 4


def test_a_student_curve_is_that_given_nu_above_two(make_fit, clients):
    model = ba.Model("alliance ~ stigma + (1 + stigma | case_manager)", clients, "student")
    fit = make_fit(model)
    nu = fit.posterior["nu"].copy()
    nu[1, :7] = 1.5
    broken = fit.with_group("posterior", fit.posterior.assign(nu=nu))
    found = ba.share_curve(broken, "stigma", values=[1.0, 2.0, 3.0])
    share = found.draws["share"].sel(level="case_manager").to_numpy()
    there = nu.to_numpy() > 2
    rows = found.table[found.table["level"] == "case_manager"]
    np.testing.assert_allclose(rows["mean"], share[there].mean(axis=0), rtol=1e-12)  # float error
    assert found.undefined == 7
    assert found.sentence.startswith("Given that nu is above 2, as in 993 of the 1,000 draws")
    rising = (share[there][:, 2] > share[there][:, 0]).mean()
    assert rising > 0.999
    assert found.sentence.endswith("the latter is larger with probability above 0.999.")
    found.plot()


def test_without_rows_the_values_are_asked_for(slopes_fit):
    without = dataclasses.replace(slopes_fit, has_data=False)
    with pytest.raises(ba.SamplingError, match=r"values=\[\.\.\.\]"):
        ba.share_curve(without, "stigma")
    assert len(ba.share_curve(without, "stigma", values=[-1.0, 0.0, 1.0]).table) > 0
