"""Every engine by its name, and which one a model gets: a new engine is added here."""

from __future__ import annotations

from collections.abc import Mapping

from bayes_alliance.errors import Advice, SamplingError, did_you_mean, listed
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.engines.collapsed.engine import CollapsedEngine
from bayes_alliance.sampling.engines.contract import Engine
from bayes_alliance.sampling.engines.independent.engine import IndependentEngine
from bayes_alliance.sampling.engines.numpyro import NumpyroEngine
from bayes_alliance.sampling.engines.nutpie import NutpieEngine
from bayes_alliance.sampling.engines.pymc import PymcEngine
from bayes_alliance.sampling.settings import Settings

AUTO = "auto"
ENGINES: Mapping[str, Engine] = {
    engine.name: engine
    for engine in (
        IndependentEngine(),
        CollapsedEngine(),
        NutpieEngine(),
        PymcEngine(),
        NumpyroEngine(),
    )
}
# In the order in which they are asked; one without reasons against a model takes it.
# IndependentEngine.name comes first when the ranks of its long calibration are kept.
_ASKED = (CollapsedEngine.name, NutpieEngine.name)

# What one engine cannot do another can, unless the rows are not there.
_NO_ENGINE = Advice(
    python="Build the model on a table in memory, or on a sample of its rows, or change what is in "
    "the way.",
    command_line="Fit the model to a file with a sample of the rows, or change what is in the way.",
)


def chosen_engine(engine: str, model: Model) -> tuple[Engine, str]:
    """Return the engine and why it is the one.

    Raises
    ------
    SamplingError
        If there is no such engine, it has reasons against the model, or every engine has.
    """
    if engine == AUTO:
        return _first_without_reasons(model)
    found = named_engine(engine)
    reasons = found.reasons_against(model)
    if reasons:
        raise SamplingError(
            _asked_for(engine),
            f"It cannot sample this model: {'; '.join(reasons)}.",
            _instead_of(found, model),
            reasons=reasons,
        )
    return found, "You asked for it."


def named_engine(engine: str) -> Engine:
    """Return the engine of a name.

    Raises
    ------
    SamplingError
        If there is none.
    """
    if engine not in ENGINES:
        raise SamplingError(
            _asked_for(engine),
            f"There is no such engine. {did_you_mean(engine, ENGINES)}".rstrip(),
            f"The engines are {listed([AUTO, *ENGINES])}.",
            engine=engine,
        )
    return ENGINES[engine]


def engine_of(settings: Settings) -> Engine:
    """Return the engine that drew a fit; a fit of no engine of this package is not loaded."""
    return ENGINES[settings.engine]


def _first_without_reasons(model: Model) -> tuple[Engine, str]:
    """Ask each engine in turn; what the ones before had against the model is the reason why."""
    against: list[str] = []
    for engine in (ENGINES[name] for name in _ASKED):
        reasons = engine.reasons_against(model)
        if not reasons:
            return engine, engine.because(against)
        against += reasons
    raise SamplingError(
        "The model was to be sampled.",
        f"No engine can do that: {'; '.join(against)}.",
        _NO_ENGINE,
        reasons=against,
    )


def _instead_of(engine: Engine, model: Model) -> Advice:
    """Name the engine that the model gets when none is asked for, if there is one."""
    others = [ENGINES[name] for name in _ASKED if name != engine.name]
    able = next((other.name for other in others if not other.reasons_against(model)), None)
    if able is None:
        return _NO_ENGINE
    return Advice(
        python=f'Take engine="{able}", or "auto" to let the package choose.',
        command_line=f"Take --engine {able}, or leave the engine out.",
    )


def _asked_for(engine: str) -> Advice:
    return Advice(
        python=f'engine="{engine}" was asked for.',
        command_line=f"--engine {engine} was asked for.",
    )
