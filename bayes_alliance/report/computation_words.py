"""How the draws were made, in a sentence or two."""

from __future__ import annotations

from bayes_alliance import names
from bayes_alliance.report.wording import count, plural
from bayes_alliance.sampling.fit import Fit

_ENGINES = {
    "collapsed": "with the coefficients and group effects integrated out in closed form and drawn "
    "exactly afterwards; the remaining parameters were sampled with the No-U-Turn sampler of "
    "nutpie",
    "nutpie": "with the No-U-Turn sampler of nutpie on the model written in PyMC",
    "numpyro": "with the No-U-Turn sampler of NumPyro on the model written in PyMC",
    "pymc": "with the No-U-Turn sampler of PyMC",
}


def computation_words(fit: Fit, *, sources: str = "") -> str:
    """Say which engine drew how many draws, and what was thrown away; ``sources`` are cited."""
    settings, sizes = fit.settings, fit.idata[names.POSTERIOR].sizes
    chains, draws = int(sizes[names.CHAIN]), int(sizes[names.DRAW])
    how = _ENGINES.get(settings.engine, f"by the engine {settings.engine}")
    stopped = " The run was stopped early." if fit.interrupted else ""
    return (
        f"The posterior was computed {how}{f' {sources}' if sources else ''}. Of each of "
        f"{plural(chains, 'chain')} {plural(draws, 'draw')} were kept, {count(chains * draws)} in "
        f"all, after {plural(settings.tune, 'warm-up draw')} (target acceptance "
        f"{settings.target_accept:g}, seed {settings.seed}).{stopped}"
    )
