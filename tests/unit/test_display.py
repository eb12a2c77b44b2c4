"""How values of predictors are written: true to the predictor's own scale."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayes_alliance.display import place


@pytest.mark.parametrize(
    ("value", "sd", "shown"),
    [
        (2016.632, 2.1, "2016.63"),
        (2016.632, None, "2016.63"),
        (2.9371, 0.84, "2.94"),
        (100.31, 15.2, "100.3"),
        (123456.789, 5000.0, "123500"),
        (3.0, None, "3"),
        (-0.0001, 1.0, "0"),
        (0.333333, None, "0.333"),
        ("ward", None, "ward"),
        (True, None, "True"),
        (np.float64(2015.0), 3.0, "2015"),
    ],
)
def test_places_have_the_digits_they_need(value, sd, shown):
    assert place(value, sd=sd) == shown


@given(
    value=st.floats(-1e6, 1e6),
    sd=st.floats(1e-3, 1e4),
)
def test_a_place_is_off_by_at_most_a_hundredth_of_its_sd(value, sd):
    assert abs(float(place(value, sd=sd)) - value) <= 0.01 * sd * (1 + 1e-9)


def test_three_digits_would_be_another_place():
    """The offender: how it was written, a fifth of a standard deviation off."""
    assert abs(float(f"{2016.632:.3g}") - 2016.632) > 0.01 * 2.1
