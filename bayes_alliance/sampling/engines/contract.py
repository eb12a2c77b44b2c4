"""What every engine takes and gives, so that nothing downstream knows which one ran."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.model.pymc_priors import fixed_arguments
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.progress import Progress
from bayes_alliance.sampling.settings import Settings

Arrays = Mapping[str, Any]  # arrays, or effects that are made when asked for


@dataclass(frozen=True, kw_only=True)
class Proposals:
    """How good the proposals were that independent draws are made of.

    Parameters
    ----------
    log_weights
        Log posterior density, the evidence included, less log proposal density of everything that
        was proposed, shape (n,); empty where nothing was.
    given_up
        Why another engine drew instead, as a clause; empty if none did.
    """

    log_weights: NDArray[np.float64]
    given_up: str = ""


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """Draws as an engine returns them.

    Parameters
    ----------
    posterior
        Container variables, shape (chain, draw, ...).
    stats
        Sampler statistics in ArviZ's names, shape (chain, draw).
    interrupted
        True if the user stopped the run early; what was drawn is kept.
    unconstrained
        What the collapsed engine moved in, shape (chain, draw, k): logarithms of sigma and of
        the standard deviations, transformed correlations, coefficients it did not integrate out.
    optima
        Where optima compete: the shares of the mass and of the draws about each, how often chains
        crossed, and the parameters there, shape (1, optimum, ...). None where one rules alone,
        or none was sought.
    proposals
        How good proposals were, where draws are made of them or were to be.
    engine
        The engine that drew, where it is another than the one that was asked; empty otherwise.
    notes
        What is unusual about this run, for the fit.
    """

    posterior: Arrays
    stats: Arrays
    interrupted: bool = False
    unconstrained: NDArray[np.float64] | None = None
    optima: Arrays | None = None
    proposals: Proposals | None = None
    engine: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Compiled:
    """A model made ready to sample by one engine.

    Parameters
    ----------
    engine
        The engine it is for.
    shape
        What must be the same for another data set to be sampled without compiling again.
    program
        The engine's own object.
    seconds
        How long compiling took.
    """

    engine: str
    shape: tuple[Any, ...]
    program: Any
    seconds: float


class Engine(Protocol):
    """Compile a model once, then draw from it as often as wanted.

    What else has to be known of an engine it says itself; nothing downstream asks for its name.
    """

    name: str
    #: How it computes a posterior, behind "The posterior was computed".
    words: str
    #: Works to cite for that, by their keys in the list of references.
    sources: tuple[str, ...]
    #: Whether it samples the model as it is written in PyMC.
    is_joint: bool
    #: Whether a fit of a common study takes about a second, so that refits are offered freely.
    is_quick: bool
    #: Whether models of one shape share a compiled program.
    compiles: bool
    #: Whether it releases the interpreter's lock, so that fits may run side by side.
    side_by_side: bool
    #: Whether it keeps group effects of any size; else it draws large ones again when needed.
    keeps_effects: bool

    def reasons_against(self, model: Model) -> list[str]:
        """Say why it cannot draw from a model's posterior; empty if it can."""
        ...

    def because(self, against_others: list[str]) -> str:
        """Say why it is taken, where the engines asked before had these reasons."""
        ...

    def compile(self, model: Model) -> Any:
        """Return the engine's own compiled object."""
        ...

    def draw(self, program: Any, model: Model, settings: Settings, progress: Progress) -> Drawn:
        """Sample the posterior of this model, whose shape is the compiled one's."""
        ...


def model_shape(model: Model) -> tuple[Any, ...]:
    """Return what two models must share to be sampled by one compiled program."""
    design = model.design
    groups = tuple(
        (g.name, len(g.labels), g.varying, g.blocks, model.centring[g.name]) for g in design.groups
    )
    response = model.formula.response
    return (
        model.outcome,
        model.family.name,
        model.link.name,
        tuple((own.parameter, own.coefficients) for own in design.predictors),
        groups,
        model.frame.levels,
        response.weight_kind if response.weights else None,
        fixed_arguments(model.priors),
    )


def public_variables(model: Model) -> list[str]:
    """Return the variables an engine must deliver, in the container's order."""
    design = model.design
    variables = [own.variable for own in design.predictors if own.coefficients]
    for group in design.groups:
        variables.append(names.sd(group.name))
        if group.pairs:
            variables.append(names.cor(group.name))
    variables.extend(model.family.parameters)
    return [*variables, *(names.u(group.name) for group in design.groups)]


def keep_complete(posterior: Arrays, stats: Arrays, lengths: list[int]) -> tuple[Arrays, Arrays]:
    """Cut the chains of an interrupted run to what all chains that count have.

    Chains that hold less than half of the longest are left out; the others are cut to the
    shortest of them.
    """
    longest = max(lengths)
    kept = [chain for chain, length in enumerate(lengths) if length and 2 * length >= longest]
    shortest = min(lengths[chain] for chain in kept)
    places = np.asarray(kept)

    def cut(arrays: Arrays) -> Arrays:
        return {name: values[places, :shortest] for name, values in arrays.items()}

    return cut(posterior), cut(stats)
