"""What the engines have in common that sample the model as PyMC has it, and its compiler."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator

from bayes_alliance.errors import listed
from bayes_alliance.model.spec import Model


class JointEngine:
    """Every unknown is sampled: coefficients, group effects and variance parameters together."""

    sources: tuple[str, ...] = ("hoffman2014",)
    is_joint = True
    is_quick = False
    compiles = False
    side_by_side = False
    keeps_effects = True

    def reasons_against(self, model: Model) -> list[str]:
        """Ask for the rows: the joint form holds every model whose rows are there."""
        if len(model.frame.y):
            return []
        return [
            f"the model holds none of its {model.frame.rows_used} rows, which were streamed or "
            "left out when its fit was saved"
        ]

    def because(self, against_others: list[str]) -> str:
        """Say why nothing is integrated out."""
        return f"Group effects are sampled: {listed(against_others)}."


@contextlib.contextmanager
def repeatable_compilation() -> Iterator[None]:
    """Keep sums in the order in which they are written, and leave out a note about BLAS.

    Fast mathematics would let LLVM reorder sums as it likes, and it likes another order for
    functions it has just made than for those it reads back from the disk: the first fit after a
    compilation had other last digits, and soon other draws, than all later ones.
    """
    import pytensor

    with warnings.catch_warnings(), pytensor.config.change_flags(numba__fastmath=False):
        # The numba backend brings a BLAS of its own.
        warnings.filterwarnings("ignore", message="PyTensor could not link to a BLAS")
        yield
