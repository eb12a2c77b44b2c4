"""The fits of the posterior's tests, for the checks that are built on them."""

import importlib.util
from pathlib import Path

FITS = Path(__file__).parents[1] / "posterior" / "conftest.py"
spec = importlib.util.spec_from_file_location("posterior_fits", FITS)
assert spec is not None
assert spec.loader is not None
fits = importlib.util.module_from_spec(spec)
spec.loader.exec_module(fits)

clients, make_fit = fits.clients, fits.make_fit
null_fit, slopes_fit, nested_fit, tiny_fit = (
    fits.null_fit,
    fits.slopes_fit,
    fits.nested_fit,
    fits.tiny_fit,
)
bernoulli_fit, ordinal_fit, student_fit = fits.bernoulli_fit, fits.ordinal_fit, fits.student_fit
