"""Arrays in, arrays out: densities and variance algebra on NumPy, SciPy and Numba."""

from pathlib import Path

from bayes_alliance.kernels.stale_code import drop_stale_code

drop_stale_code(Path(__file__).parent)
