"""Driver: Bambi as its users call it, with PyMC's NUTS or with nutpie."""

from __future__ import annotations

import time
from importlib.metadata import version

import bambi
import numpy as np
import nutpie
import pandas as pd
from protocol import Job, cpu_seconds, keep_draws, read_job, report_fit, report_versions

PACKAGES = ("bambi", "pymc", "pytensor", "nutpie", "formulae", "numpy")
_spent: list[float] = []


def count_compilation() -> None:
    """Let nutpie's compilation, which happens inside ``pm.sample``, say how long it took."""
    compile_model = nutpie.compile_pymc_model

    def counted(*arguments: object, **options: object) -> object:
        started = time.perf_counter()
        program = compile_model(*arguments, **options)
        _spent.append(time.perf_counter() - started)
        return program

    nutpie.compile_pymc_model = counted


def main() -> None:
    job = read_job()
    data = pd.read_parquet(job.data)
    count_compilation()
    for seed in job.seeds:
        _spent.clear()
        started, cpu = time.perf_counter(), cpu_seconds()
        model = bambi.Model(job.formula, data)
        model.build()
        built = time.perf_counter()
        tree = model.fit(
            draws=job.draws,
            tune=job.tune,
            chains=job.chains,
            random_seed=seed,
            inference_method=job.engine,
            progressbar=False,
        )
        whole = time.perf_counter() - built
        compiling = _compilation(job, tree, whole)
        report_fit(
            job,
            seed,
            cpu=cpu_seconds() - cpu,
            build=built - started,
            compile=compiling,
            sample=whole - compiling,
        )
        if seed == job.seeds[0]:
            report_versions(job, {name: version(name) for name in PACKAGES})
        keep_draws(job, seed, quantities(tree["posterior"].to_dataset(), job))


def _compilation(job: Job, tree: object, whole: float) -> float:
    """Return what compiling took: nutpie's own, or what PyMC does not count as sampling."""
    if job.engine == "nutpie":
        return sum(_spent)
    return whole - float(tree["posterior"].attrs["sampling_time"])


def quantities(posterior: object, job: Job) -> dict[str, list[object]]:
    """Sort Bambi's variables: those with a bar belong to groups."""
    sorted_ = {name: [] for name in ("b", "sigma", "sd", "u")}
    for name, variable in posterior.data_vars.items():
        if "|" not in name:
            sorted_["sigma" if name == "sigma" else "b"].append(variable.to_numpy())
        elif name.endswith("_sigma"):
            sorted_["sd"].append(variable.to_numpy())
        else:
            values = variable.to_numpy()
            step = max(1, -(-values.shape[-1] // job.most_groups))
            sorted_["u"].append(np.ascontiguousarray(values[..., ::step]))
    return sorted_


if __name__ == "__main__":
    main()
