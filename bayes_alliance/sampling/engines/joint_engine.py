"""What the engines have in common that sample the model as it is written in PyMC."""

from __future__ import annotations

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
