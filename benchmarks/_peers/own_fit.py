"""Driver: this package, with the collapsed engine or the joint model under nutpie."""

from __future__ import annotations

import time

import pandas as pd
from protocol import Job, cpu_seconds, keep_draws, read_job, report_fit, report_versions

import bayes_alliance as ba


def main() -> None:
    job = read_job()
    data = pd.read_parquet(job.data)
    compiled = None
    for seed in job.seeds:
        started, cpu = time.perf_counter(), cpu_seconds()
        model = ba.Model(job.formula, data)
        built = time.perf_counter()
        # The user may hand a compiled model on, so it is paid once; here it counts in every fit.
        compiled = compiled or ba.compile_model(model, engine=job.engine)
        ready = time.perf_counter()
        fit = ba.sample(
            model,
            seed=seed,
            draws=job.draws,
            tune=job.tune,
            chains=job.chains,
            compiled=compiled,
            progress=False,
        )
        sampled = time.perf_counter()
        effects = group_effects(fit, job)
        report_fit(
            job,
            seed,
            cpu=cpu_seconds() - cpu,
            build=built - started,
            compile=compiled.seconds,
            sample=sampled - ready,
            effects=time.perf_counter() - sampled,
        )
        if seed == job.seeds[0]:
            report_versions(job, dict(fit.versions))
        keep_draws(job, seed, others(fit) | {"u": effects})


def group_effects(fit: ba.Fit, job: Job) -> list[object]:
    """Take the effects out of the fit; large ones are drawn again here."""
    effects = []
    for group in fit.model.design.groups:
        step = max(1, -(-len(group.labels) // job.most_groups))
        effects.append(fit.posterior[f"u_{group.name}"].isel({group.name: slice(None, None, step)}))
    return [u.to_numpy() for u in effects]


def others(fit: ba.Fit) -> dict[str, list[object]]:
    posterior, groups = fit.posterior, [group.name for group in fit.model.design.groups]
    return {
        "b": [posterior["b"].to_numpy()],
        "sigma": [posterior["sigma"].to_numpy()],
        "sd": [posterior[f"sd_{g}"].to_numpy() for g in groups],
        "cor": [posterior[f"cor_{g}"].to_numpy() for g in groups if f"cor_{g}" in posterior],
    }


if __name__ == "__main__":
    main()
