"""Arrays in, arrays out: densities and variance algebra on NumPy, SciPy and Numba."""

import sys
from pathlib import Path

from bayes_alliance.kernels.first_kernel import FirstKernel

sys.meta_path.insert(0, FirstKernel(Path(__file__).parent, f"{__name__}.compiled"))
