"""How well draws mix: the same computation, by ArviZ, on every tool's draws."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import arviz as az
import numpy as np
import xarray as xr

GROUP_EFFECTS = "u"


@dataclass(frozen=True, kw_only=True)
class Mixing:
    """Smallest effective sample sizes, by kind of quantity.

    Parameters
    ----------
    bulk, tail
        By kind: ``b``, ``sigma``, ``sd``, ``cor``, ``u``.
    r_hat
        The largest of all kinds but the group effects.
    means, sds
        Posterior means and sds by kind, the group effects left out.
    """

    bulk: dict[str, float]
    tail: dict[str, float]
    r_hat: float
    means: dict[str, Any]
    sds: dict[str, Any]

    def smallest(self, which: str, kinds: set[str]) -> float:
        """Smallest ``bulk`` or ``tail`` ESS over some kinds."""
        values = getattr(self, which)
        return min(values[kind] for kind in kinds)


def measure_draws(folder: Path, seed: int) -> Mixing | None:
    """Read and measure the draws of one fit; None for a tool that has none."""
    arrays = _read(folder, seed)
    if not arrays:
        return None
    draws = xr.Dataset(
        {kind: (("chain", "draw", f"{kind}_place"), values) for kind, values in arrays.items()}
    )
    single = draws.drop_vars(GROUP_EFFECTS)
    over = ("chain", "draw")
    return Mixing(
        bulk=_extreme(az.ess(draws, method="bulk").min()),
        tail=_extreme(az.ess(draws, method="tail").min()),
        r_hat=max(_extreme(az.rhat(single).max()).values()),
        means={kind: values.to_numpy() for kind, values in single.mean(over).items()},
        sds={kind: values.to_numpy() for kind, values in single.std(over).items()},
    )


def furthest_mean(one: Mixing, other: Mixing) -> float:
    """Largest difference of posterior means, in posterior sds of the other."""
    kinds = one.means.keys() & other.means.keys()
    return max(
        float(np.abs((one.means[kind] - other.means[kind]) / other.sds[kind]).max())
        for kind in kinds
    )


def _extreme(dataset: xr.Dataset) -> dict[str, float]:
    return {str(kind): float(value) for kind, value in dataset.items()}


def _read(folder: Path, seed: int) -> dict[str, Any]:
    """Read ``.npz`` of Python drivers, or raw doubles of R's, whose first dimension is fastest."""
    if (folder / f"{seed}.npz").exists():
        with np.load(folder / f"{seed}.npz") as file:
            return dict(file)
    arrays = {}
    for path in folder.glob(f"{seed}_*.f64"):
        _, kind, *sizes = path.stem.split("_")
        shape = tuple(int(size) for size in sizes)
        arrays[kind] = np.fromfile(path).reshape(shape, order="F").transpose(1, 0, 2)
    return arrays
