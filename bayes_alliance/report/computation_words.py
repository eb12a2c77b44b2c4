"""How the draws were made, in a sentence or two."""

from __future__ import annotations

from bayes_alliance import names
from bayes_alliance.report.wording import count, plural
from bayes_alliance.sampling.engines.registry import engine_of
from bayes_alliance.sampling.fit import Fit


def computation_words(fit: Fit, *, sources: str = "") -> str:
    """Say which engine drew how many draws, and what was thrown away; ``sources`` are cited."""
    settings, sizes = fit.settings, fit.idata[names.POSTERIOR].sizes
    chains, draws = int(sizes[names.CHAIN]), int(sizes[names.DRAW])
    how = engine_of(settings).words
    stopped = " The run was stopped early." if fit.interrupted else ""
    return (
        f"The posterior was computed {how}{f' {sources}' if sources else ''}. Of each of "
        f"{plural(chains, 'chain')} {plural(draws, 'draw')} were kept, {count(chains * draws)} in "
        f"all, after {plural(settings.tune, 'warm-up draw')} (target acceptance "
        f"{settings.target_accept:g}, seed {settings.seed}).{stopped}"
    )
