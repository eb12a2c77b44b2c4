"""How much faster is a fit of 160 clients when coefficients and group effects are integrated out?

Prints, for the example study (intercept and slope by case manager), the smallest bulk ESS over
coefficients, standard deviations, correlation, sigma and group effects, per second, as medians
over seeds: the collapsed engine, and the joint model under nutpie in the same run. Ratios are
what counts; seconds are those of the machine it ran on.
"""

from __future__ import annotations

import statistics
import time

import arviz as az

import bayes_alliance as ba

SEEDS = range(10)


def smallest_ess(fit: ba.Fit) -> float:
    """Smallest bulk ESS over every reported quantity."""
    ess = az.ess(fit.posterior, method="bulk")
    return min(float(values.min()) for values in ess.data_vars.values())


def main() -> None:
    """Measure and print."""
    model = ba.load_model("stigma_slopes", data=ba.load_example("simulated_study"))
    rates: dict[str, list[float]] = {}
    seconds: dict[str, list[float]] = {}
    first: dict[str, float] = {}
    for engine in ("collapsed", "nutpie"):
        started = time.perf_counter()
        ready = ba.compile_model(model, engine=engine)
        ba.sample(model, seed=0, compiled=ready, draws=10, tune=10, progress=False)
        first[engine] = time.perf_counter() - started
        for seed in SEEDS:
            started = time.perf_counter()
            fit = ba.sample(model, seed=seed, compiled=ready, progress=False)
            spent = time.perf_counter() - started
            rates.setdefault(engine, []).append(smallest_ess(fit) / spent)
            seconds.setdefault(engine, []).append(spent)
    for engine in rates:
        each, rate = statistics.median(seconds[engine]), statistics.median(rates[engine])
        print(
            f"{engine:10s} first use {first[engine]:6.2f} s, then {each:6.3f} s a fit; "
            f"smallest bulk ESS per second {rate:8.0f}"
        )
    ratio = statistics.median(rates["collapsed"]) / statistics.median(rates["nutpie"])
    print(f"collapsed / joint nutpie, compilation excluded: {ratio:.1f}")


if __name__ == "__main__":
    main()
