"""Every engine by its name, and which one a model gets: a new engine is added here."""

from __future__ import annotations

from collections.abc import Mapping

from bayes_alliance.errors import Advice, SamplingError, did_you_mean, listed
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.engines.collapsed.engine import CollapsedEngine
from bayes_alliance.sampling.engines.contract import Engine
from bayes_alliance.sampling.engines.numpyro import NumpyroEngine
from bayes_alliance.sampling.engines.nutpie import NutpieEngine
from bayes_alliance.sampling.engines.pymc import PymcEngine
from bayes_alliance.sampling.settings import Settings

AUTO = "auto"
ENGINES: Mapping[str, Engine] = {
    engine.name: engine
    for engine in (CollapsedEngine(), NutpieEngine(), PymcEngine(), NumpyroEngine())
}
# In the order in which they are asked; one without reasons against a model takes it.
_ASKED = (CollapsedEngine.name, NutpieEngine.name)


def chosen_engine(engine: str, model: Model) -> tuple[Engine, str]:
    """Return the engine and why it is the one.

    Raises
    ------
    SamplingError
        If there is no such engine, or it has reasons against the model.
    """
    if engine == AUTO:
        return _first_without_reasons(model)
    found = named_engine(engine)
    reasons = found.reasons_against(model)
    if reasons:
        raise SamplingError(
            _asked_for(engine),
            f"It is not exact for this model: {'; '.join(reasons)}.",
            Advice(
                python='Take engine="nutpie", or "auto" to let the package choose.',
                command_line="Take --engine nutpie, or leave the engine out.",
            ),
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
    return ENGINES[_ASKED[-1]], ENGINES[_ASKED[-1]].because(against)


def _asked_for(engine: str) -> Advice:
    return Advice(
        python=f'engine="{engine}" was asked for.',
        command_line=f"--engine {engine} was asked for.",
    )
