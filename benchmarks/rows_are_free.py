"""Does a gradient cost the same with 10,000 and with 1,000,000 rows of the same 2,000 groups?

Times one evaluation of the collapsed log posterior with its gradient, inside compiled code, the
two sizes in turn so that a change of the machine's load meets both. The peer is the joint model's
gradient by PyMC, at 10,000 and 100,000 rows. The pass that reads the rows is timed beside it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numba
import numpy as np

import bayes_alliance as ba
from bayes_alliance.data.simulator import simulate_study
from bayes_alliance.kernels.one_factor.posterior import log_posterior
from bayes_alliance.sampling.engines.collapsed.priors import variance_priors
from bayes_alliance.sampling.engines.collapsed.problem import collapsed_problem

GROUPS = 2_000
AIM = 1.1


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=31, help="times each is measured")
    parser.add_argument("--rows", type=int, nargs=2, default=[10_000, 1_000_000])
    parser.add_argument("--joint-rows", type=int, nargs="*", default=[10_000, 100_000])
    told = parser.parse_args()
    collapsed = alternate([collapsed_gradient(rows) for rows in told.rows], told.rounds, 200)
    print_pair("collapsed", told.rows, collapsed, f"aim {AIM:g} at most")
    if len(told.joint_rows) == 2:
        joint = alternate([joint_gradient(rows) for rows in told.joint_rows], told.rounds, 5)
        print_pair("joint model, PyMC", told.joint_rows, joint, "peer")


def make_model(rows: int) -> ba.Model:
    """Make a model of intercept and slope by group on simulated rows."""
    study = simulate_study(seed=1, clients=rows, groups=GROUPS)
    return ba.Model("alliance ~ stigma + (1 + stigma | case_manager)", study.data)


@numba.njit(nogil=True)
def evaluate(arrays: Any, priors: Any, theta: Any, gradient: Any, times: int) -> float:
    """Evaluate again and again, each time a little elsewhere."""
    total = 0.0
    for _ in range(times):
        theta[0] += 1e-9
        total += log_posterior(arrays, priors, 0, theta, gradient)
    return total


def collapsed_gradient(rows: int) -> Callable[[int], float]:
    """Return a function that evaluates the collapsed gradient so many times."""
    model = make_model(rows)
    collapsed_problem(model)  # a first call loads compiled code
    started = time.perf_counter()
    problem = collapsed_problem(model)
    spent = time.perf_counter() - started
    print(f"reading {rows:,} rows once: {spent:.3f} s, {spent / rows * 1e9:.0f} ns a row")
    priors = variance_priors(model)
    # Near the mode, as in a run; anywhere else takes the same steps.
    theta, gradient = np.log(np.full(priors.size, 3.0)), np.empty(priors.size)
    theta[-1] = 0.0
    arrays, flat = problem.inner.arrays(), priors.arrays()
    return lambda times: evaluate(arrays, flat, theta, gradient, times)


def joint_gradient(rows: int) -> Callable[[int], float]:
    """Return the same for the joint model."""
    joint = make_model(rows).pymc
    function = joint.logp_dlogp_function(ravel_inputs=True)
    function.set_extra_values({})
    from pymc.blocking import DictToArrayBijection

    start = DictToArrayBijection.map(joint.initial_point())

    def evaluate_joint(times: int) -> float:
        return sum(float(function(start)[0]) for _ in range(times))

    return evaluate_joint


def alternate(
    functions: list[Callable[[int], float]], rounds: int, times: int
) -> list[list[float]]:
    """Time the functions in turn; return seconds an evaluation, one list a function."""
    spent: list[list[float]] = [[] for _ in functions]
    for function in functions:
        function(2)
    for _ in range(rounds):
        for own, function in zip(spent, functions, strict=True):
            started = time.perf_counter()
            function(times)
            own.append((time.perf_counter() - started) / times)
    return spent


def print_pair(label: str, rows: list[int], spent: list[list[float]], aim: str) -> None:
    """Print both times and their ratio; the ratio is the median over the rounds."""
    few, many = spent
    ratio = median(b / a for a, b in zip(few, many, strict=True))
    times = ", ".join(
        f"{n:,} rows {median(s) * 1e6:.1f} us" for n, s in zip(rows, spent, strict=True)
    )
    print(f"{label}: {times}; {ratio:.3f} times ({aim})")


if __name__ == "__main__":
    main()
