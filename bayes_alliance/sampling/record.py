"""What a fit holds, whoever made it: the model, the draws, and whether its rows are there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

from bayes_alliance import names
from bayes_alliance.data.scanning import streamed_from
from bayes_alliance.errors import GIVE_ROWS, Advice, SamplingError, Words
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.settings import Settings

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True, kw_only=True, eq=False)
class FitRecord:
    """The parts of a fit; :class:`Fit` is saved and shown too."""

    model: Model
    idata: xr.DataTree
    settings: Settings
    seconds: Mapping[str, float]
    versions: Mapping[str, str]
    interrupted: bool = False
    has_data: bool = True
    notes: tuple[str, ...] = field(default=())

    @property
    def posterior(self) -> xr.Dataset:
        """The posterior draws as one dataset."""
        return self.idata[names.POSTERIOR].to_dataset()

    @property
    def draws_in_all(self) -> int:
        """Draws over all chains."""
        sizes = self.idata[names.POSTERIOR].sizes
        return int(sizes[names.CHAIN] * sizes[names.DRAW])

    @property
    def follows_trajectories(self) -> bool:
        """Whether trajectories were followed after a warm-up, which may diverge or be cut short."""
        return names.DIVERGING in self.idata[names.SAMPLE_STATS]

    @property
    def streamed_from(self) -> str | None:
        """Where the rows were streamed from, or None if they were in memory."""
        return streamed_from(self.model.frame.rows)

    @property
    def redrawn_effects(self) -> tuple[str, ...]:
        """Variables with group effects too large to store: drawn again when looked at."""
        variables = self.idata[names.POSTERIOR].data_vars
        return tuple(str(name) for name, v in variables.items() if names.REDRAWN in v.attrs)

    def with_group(self, name: str, dataset: xr.Dataset) -> Self:
        """Return a new fit whose container has one more group (or another in its place)."""
        import xarray as xr

        tree = self.idata.copy()
        tree[name] = xr.DataTree(dataset)
        return replace(self, idata=tree)

    @property
    def has_sums(self) -> bool:
        """Whether it holds the sums of rows that were streamed."""
        return self.model.stream is not None

    def need_data(self, what: str, *, sums_suffice: bool = False, instead: Words = "") -> None:
        """Refuse what needs the clients' rows when the fit does not hold them.

        Parameters
        ----------
        what
            What needs them.
        sums_suffice
            Whether the sums of streamed rows can stand for them.
        instead
            What a fit of streamed rows has, as a sentence.

        Raises
        ------
        SamplingError
            If neither is there.
        """
        if sums_suffice and self.has_sums:
            return
        if self.streamed_from is not None:
            sums = ", or their sums" if sums_suffice else ""
            lost = ", and the fit was saved without their sums" if sums_suffice else ""
            keep = "Save the fit with data=True, which keeps the sums. Or read" if sums else "Read"
            kept = "Ask whoever made the fit for one with the sums. Or fit" if sums else "Fit"
            raise SamplingError(
                f"{what} needs the rows the model was fitted to{sums}.",
                f"They were streamed from {self.streamed_from} and are not held{lost}.",
                *([instead] if instead else []),
                Advice(
                    python=f"{keep} a sample of the rows into memory, and fit the model to it for "
                    "this.",
                    command_line=f"{kept} the model to a file with a sample of the rows for this.",
                ),
            )
        if not self.has_data:
            raise SamplingError(
                f"{what} needs the rows the model was fitted to.",
                "This fit was saved without them.",
                GIVE_ROWS,
            )
