"""Bayes factors between fits, never without the priors they depend on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bayes_alliance.display import as_html, as_text, cells
from bayes_alliance.drawing import BLUE, ORANGE, own_axes
from bayes_alliance.errors import ModelError, did_you_mean, listed
from bayes_alliance.posterior.evidence.evidence import Evidence, check_evidence_exists, log_evidence
from bayes_alliance.posterior.evidence.scaled_evidence import ScaledEvidence
from bayes_alliance.posterior.evidence.small_effect import small_effect
from bayes_alliance.posterior.evidence.term import Term, at_scale, differing_priors, term_between
from bayes_alliance.posterior.evidence.term_evidence import (
    CURVE,
    DECIDING,
    ERROR,
    FACTOR,
    LOG,
    WIDTHS,
    TermEvidence,
    crosses_a_limit,
    draw_factors,
    factor_table,
    finish_factors,
    scale_in_words,
    strength_of_factor,
    times_in_words,
)
from bayes_alliance.posterior.several_fits import have_same_rows, named_fits
from bayes_alliance.sampling.fit import Fit

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes

PRIOR_SCALES = DECIDING
_ASKED = "Bayes factors were asked for."
Pair = tuple["pd.DataFrame", TermEvidence | None, tuple[str, ...]]
_TITLE = "Bayes factors"
_LOG_ERROR = "mcse_log_bayes_factor"
_COLOURS = (BLUE, ORANGE, "#009E73", "#CC79A7")


def bayes_factors(
    fits: Mapping[str, Fit] | Sequence[Fit],
    *,
    against: str | None = None,
    prior_scales: Sequence[float] = PRIOR_SCALES,
    seed: int | None = None,
    repeats: int = 2,
    refits: bool = True,
) -> BayesFactors:
    """Weigh models of the same data against one another by their evidence.

    A Bayes factor is the ratio of two models' evidence. However many the data, it depends on the
    prior of what one model has and the other lacks, and a prior that is good for estimating is a
    bad one for that: it expects effects of many standard deviations, beside which a real one
    counts as absent. Such a term is therefore weighed under a prior of its own, which the
    sentence names: coefficients ``Normal(0, 0.5 s / scale)``, half a standard deviation s of the
    outcome for one of the column; standard deviations of group effects ``HalfStudentT(3, s / 2)``;
    your own prior of it as you wrote it. What both models share keeps its prior.

    Words follow three scales of that prior, half, one and two times. Evidence *for* a term is
    that of the weakest of the three, if all three are at least 3. Evidence *against* it is that
    at the named scale, against effects of the size that it expects, with the smallest scale
    at which it holds. Else the answer depends on the prior, and there is no word where the
    Monte Carlo error leaves more than one.

    Models of which neither has all that the other has are weighed under the priors of the fits.

    The factors at other scales come from the draws; only where these would rest on a few of them
    is a model fitted again.

    Parameters
    ----------
    fits : mapping or sequence of Fit
        Two or more fits to the same rows, by the names to show; by their formulas if there are
        none.
    against : str, optional
        The model the others are held against; the first if left out.
    prior_scales : sequence of float
        Multiples of the scale of the priors in question. 1 is always among them; without half and
        two there are no words. With ``(1,)`` a model is fitted again only where the named prior
        itself needs it.
    seed : int, optional
        Of the bridges and new fits; each fit's own if left out.
    repeats : int
        As in :func:`log_evidence`.
    refits : bool
        Whether a model may be fitted again where its draws tell too little of the evidence under
        another prior. Without, that is refused.

    Returns
    -------
    BayesFactors
        Log evidence under the priors of the fits; Bayes factors with their errors, words, and
        posterior model probabilities when all models are equally probable beforehand, at
        each scale.

    Raises
    ------
    ModelError
        For fewer than two fits, an unknown name, or fits to different rows or outcomes.
    SamplingError
        As :func:`log_evidence`; or if a new fit is needed and ``refits`` is false.

    References
    ----------
    .. [1] kass1995
    .. [2] gronau2017

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> ba.bayes_factors({"fixed": fixed, "varying": varying})  # doctest: +SKIP
    """
    fits = named_fits(fits, "bayes_factors")
    chosen = _checked(fits, against, prior_scales)
    for fit in fits.values():
        check_evidence_exists(fit, repeats)
    scales = sorted({1.0, *map(float, prior_scales)})
    weighed = {
        name: ScaledEvidence(
            fit=fit,
            fitted=log_evidence(fit, seed=seed, repeats=repeats),
            seed=seed,
            repeats=repeats,
            refits=refits,
        )
        for name, fit in fits.items()
    }
    pairs = {name: _pair(weighed, name, chosen, scales) for name in fits if name != chosen}
    return BayesFactors(
        evidence=_evidence_table({name: own.fitted for name, own in weighed.items()}),
        factors={name: table for name, (table, _, _) in pairs.items()},
        terms={name: term for name, (_, term, _) in pairs.items() if term is not None},
        scaled={name: keys for name, (_, _, keys) in pairs.items()},
        draws=_bridges(weighed),
        against=chosen,
        how=tuple(sorted({own.fitted.how for own in weighed.values()})),
        priors=differing_priors({name: fit.model for name, fit in fits.items()}).table,
        notes=_notes(weighed, pairs),
    )


def _pair(
    weighed: Mapping[str, ScaledEvidence], name: str, against: str, scales: Sequence[float]
) -> Pair:
    """Weigh one model against another: factors, what they say of a term, and what was scaled."""
    one, other = weighed[name], weighed[against]
    for larger, smaller, sign in ((name, against, 1.0), (against, name, -1.0)):
        term = term_between(weighed[smaller].fit.model, weighed[larger].fit.model)
        if term is not None:
            found = _term_evidence(weighed, larger, smaller, term, scales)
            table = factor_table(
                scales, sign * found.table[LOG].to_numpy(), found.table[ERROR].to_numpy()
            )
            return table, found, tuple(entry.key for entry in term.scaled)
    keys = differing_priors({against: other.fit.model, name: one.fit.model}).scaled
    scales = list(scales) if keys else [1.0]
    logs, errors = [], []
    for scale in scales:
        values = [own.under(at_scale(own.entries(keys), scale)) for own in (one, other)]
        logs.append(values[0].value - values[1].value)
        errors.append(float(np.hypot(values[0].mcse, values[1].mcse)))
    return factor_table(scales, logs, errors), None, keys


def _term_evidence(
    weighed: Mapping[str, ScaledEvidence],
    larger: str,
    smaller: str,
    term: Term,
    scales: Sequence[float],
) -> TermEvidence:
    """Weigh a term under its prior in a test, at every scale."""
    whole, less = weighed[larger], weighed[smaller].fitted
    found = [whole.under(term.at_scale(scale)) for scale in scales]
    table = factor_table(
        scales,
        [own.value - less.log_evidence for own in found],
        [float(np.hypot(own.mcse, less.mcse)) for own in found],
    )
    curve = {s: own for s in CURVE if (own := whole.from_draws(term.at_scale(s))) is not None}
    small = small_effect(whole.fit.model, term.scaled, whole.draws)
    return TermEvidence(
        free=larger,
        fixed=smaller,
        table=table,
        curve=factor_table(
            list(curve),
            [own.value - less.log_evidence for own in curve.values()],
            [float(np.hypot(own.mcse, less.mcse)) for own in curve.values()],
        ),
        priors=term.in_words,
        own=term.own,
        unlike=term.unlike,
        small="" if small is None else small.words,
        small_probability=float("nan") if small is None else small.probability,
    )


def _evidence_table(evidence: Mapping[str, Evidence]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        {
            "log_evidence": [e.log_evidence for e in evidence.values()],
            "mcse": [e.mcse for e in evidence.values()],
        },
        index=pd.Index(list(evidence), name="model"),
    )


def _bridges(weighed: Mapping[str, ScaledEvidence]) -> xr.Dataset:
    import xarray as xr

    estimates = np.stack([own.fitted.estimates for own in weighed.values()])
    return xr.Dataset(
        {"log_evidence": (("model", "repeat", "half"), estimates)},
        coords={"model": np.asarray(list(weighed), dtype=object)},
    )


def _checked(fits: Mapping[str, Fit], against: str | None, scales: Sequence[float]) -> str:
    if len(fits) < 2:
        raise ModelError(
            _ASKED,
            "One fit was given.",
            'Give two or more: {"null": null, "full": full}.',
        )
    first = next(iter(fits))
    chosen = first if against is None else against
    if chosen not in fits:
        raise ModelError(
            f"Bayes factors against {chosen!r} were asked for.",
            f"There is no such fit. {did_you_mean(chosen, fits)}".rstrip(),
            f"The fits are {listed(fits)}.",
            against=chosen,
        )
    if not all(np.isfinite(scale) and scale > 0 for scale in scales):
        raise ModelError(
            _ASKED,
            f"Among the prior scales {listed(scales)} one is not greater than zero.",
            "Leave prior_scales= out for half, one and double.",
        )
    other = [name for name, fit in fits.items() if not have_same_rows(fit.model, fits[first].model)]
    if other:
        raise ModelError(
            _ASKED,
            f"{listed(other)} was not fitted to the outcome and rows of {first}.",
            "Fit all models to the same rows: drop those with a missing value in any used column "
            "first.",
            other=other,
        )
    return chosen


def _notes(weighed: Mapping[str, ScaledEvidence], pairs: Mapping[str, Pair]) -> tuple[str, ...]:
    notes = [
        f"The default prior of {listed(term.unlike)} is not the same in {term.free} and "
        f"{term.fixed}, and the factor rests on that too."
        for _, term, _ in pairs.values()
        if term is not None and term.unlike
    ]
    scaled = {key for own in weighed.values() for key in own.fitted.scaled_priors}
    if scaled:
        notes.append(f"Default priors of the fits, scaled to the data: {listed(sorted(scaled))}.")
    return tuple(notes)


@dataclass(frozen=True, kw_only=True)
class BayesFactors:
    """How much more probable the data are under one model than under another.

    Parameters
    ----------
    evidence
        One row a model: log_evidence under the priors of the fits, its Monte Carlo standard
        error mcse.
    factors
        By model, against one of them: one row a multiple of the scale of the priors in question,
        with log_bayes_factor (natural logarithm), its Monte Carlo standard error mcse, and
        bayes_factor.
    terms
        By model, where one of the two has all that the other has and a term more: the evidence
        for that term, with the prior that it is weighed under.
    scaled
        By model, the parameters whose priors were made wider and narrower, all at once.
    draws
        No draws, but what each log evidence is the mean of: ``log_evidence``, dims (model, repeat,
        half), see :func:`log_evidence`.
    against
        The model the others are held against.
    how
        What the evidence was estimated by: bridge sampling, importance sampling, or both.
    priors
        Parameters whose prior differs between the models, one column a model: those of the fits.
    notes
        What else to know.
    """

    evidence: pd.DataFrame
    factors: Mapping[str, pd.DataFrame]
    terms: Mapping[str, TermEvidence]
    scaled: Mapping[str, tuple[str, ...]]
    draws: xr.Dataset
    against: str
    how: tuple[str, ...]
    priors: pd.DataFrame
    notes: tuple[str, ...] = ()

    @property
    def table(self) -> pd.DataFrame:
        """One row a model: its evidence as fitted, and the factors under the named priors.

        Columns log_evidence and mcse; log_bayes_factor, mcse_log_bayes_factor and bayes_factor
        against one model; as_fitted, the factor under the priors of the fits; probability, that
        of the model when all are equally probable beforehand.
        """
        table = self.evidence.join(self._at_scale(1.0))
        logs = table["log_evidence"]
        with np.errstate(over="ignore"):
            table["as_fitted"] = np.exp(logs - logs[self.against])
        return table[[*(c for c in table.columns if c != "probability"), "probability"]]

    @property
    def tables(self) -> dict[float, pd.DataFrame]:
        """The factors and probabilities at every multiple of the priors' scale, one row a model."""
        return {scale: self._at_scale(scale) for scale in self._scales}

    def _at_scale(self, scale: float) -> pd.DataFrame:
        """Return the factors at one multiple of the priors' scale.

        A factor that rests on no prior with a scale is the same at all.
        """
        import pandas as pd

        rows = {}
        for name in self.evidence.index:
            if name == self.against:
                # The model held against itself is no estimate: its factor has no error.
                rows[name] = [0.0, 0.0, 1.0]
                continue
            found = self.factors[name]
            place = list(found.index).index(scale if scale in found.index else 1.0)
            rows[name] = found[[LOG, ERROR, FACTOR]].to_numpy(dtype=float)[place].tolist()
        table = pd.DataFrame.from_dict(rows, orient="index", columns=[LOG, _LOG_ERROR, FACTOR])
        weight = np.exp(table[LOG] - table[LOG].max())
        return table.assign(probability=weight / weight.sum()).rename_axis("model")

    @property
    def _scales(self) -> list[float]:
        """The multiples of the priors' scales."""
        return sorted({float(scale) for found in self.factors.values() for scale in found.index})

    @property
    def sensitivity(self) -> pd.DataFrame:
        """Bayes factors at every prior scale: one row a model, one column a scale."""
        import pandas as pd

        columns = {f"x {scale:g}": own[FACTOR] for scale, own in self.tables.items()}
        return pd.DataFrame(columns)

    @property
    def sentence(self) -> str:
        """What is to be said of each model that is held against the other."""
        return " ".join(self.sentences)

    @property
    def sentences(self) -> tuple[str, ...]:
        """The sentences of each model by itself."""
        return tuple(
            self.terms[name].sentence if name in self.terms else self._sentence(name)
            for name in self.factors
        )

    def _sentence(self, name: str) -> str:
        """Say the factor of two models that differ in more than a term, as they were fitted."""
        values = self._values(name)
        (log_factor, error), rest = values[1.0], {s: v for s, v in values.items() if s != 1}
        if not abs(log_factor) >= WIDTHS * error:
            return (
                f"The bridge is too rough to tell {name} from {self.against}: the log Bayes "
                f"factor is {log_factor:.2g} with a Monte Carlo standard error of {error:.2g}."
            )
        winner, loser = (name, self.against) if log_factor > 0 else (self.against, name)
        sign = 1.0 if log_factor > 0 else -1.0
        strength = (
            "the Monte Carlo error leaves more than one word for it: take more draws"
            if crosses_a_limit(log_factor, error)
            else f"{strength_of_factor(sign * log_factor)} evidence for {winner}"
        )
        claim = (
            f"The data are {times_in_words(sign * log_factor)} times as probable under {winner} "
            f"as under {loser} with the priors of the fits ({strength})"
        )
        if not rest:
            return f"{claim}."
        logs = {scale: sign * value for scale, (value, _) in rest.items()}
        words = {strength_of_factor(abs(value)) for value in (sign * log_factor, *logs.values())}
        said = " and ".join(
            f"{times_in_words(value)} times with {scale_in_words(scale)}"
            for scale, value in logs.items()
        )
        if min(logs.values()) < 0:
            verdict = ", so the answer depends on the prior"
        else:
            verdict = "" if len(words) == 1 else ", so its strength depends on the prior"
        return f"{claim}; {said} the prior scale of {listed(self.scaled[name])}{verdict}."

    def _values(self, name: str) -> dict[float, tuple[float, float]]:
        found = self.factors[name]
        rows = zip(found.index.to_numpy(dtype=float), found[[LOG, ERROR]].to_numpy(), strict=True)
        return {float(scale): (float(log), float(error)) for scale, (log, error) in rows}

    def plot(self, axes: Axes | None = None) -> Axes:
        """Draw the Bayes factors of each model over the scale of the priors in question.

        Parameters
        ----------
        axes
            Where to draw; a new figure if left out. Bands reach two Monte Carlo errors; the dots
            decide the words, the curve from an eighth to eight times the scale decides nothing.
        """
        axes = own_axes(axes)
        for k, (name, found) in enumerate(self.factors.items()):
            term = self.terms.get(name)
            curve = found
            if term is not None:
                curve = term.curve.assign(**{LOG: self._sign(name) * term.curve[LOG]})
            label = f"{name} against {self.against}"
            draw_factors(axes, curve, found, colour=_COLOURS[k % len(_COLOURS)], label=label)
        finish_factors(axes, "Bayes factor")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), fontsize="small")
        return axes

    def _sign(self, name: str) -> float:
        return 1.0 if self.terms[name].free == name else -1.0

    def _shown(self) -> pd.DataFrame:
        """Show logarithms to two decimals: significant digits would hide differences."""
        table = self.table
        logarithms = {name: table[name].map("{:.2f}".format) for name in ("log_evidence", LOG)}
        return table.assign(**logarithms)

    def _priors_in_words(self) -> list[str]:
        if not len(self.priors):
            return ["The models' priors are the same, so there is none to make wider."]
        lines = ["Priors of the fits on which they differ:", self.priors.to_string()]
        if len(self._scales) > 1:
            lines += [self._scaled_title, cells(self.sensitivity).to_string()]
        changed = {key for keys in self.scaled.values() for key in keys}
        fixed = [key for key in self.priors.index if key not in changed]
        if fixed and len(self._scales) > 1:
            lines.append(f"Left as they are: {listed(fixed)}.")
        return lines

    @property
    def _scaled_title(self) -> str:
        changed = dict.fromkeys(key for keys in self.scaled.values() for key in keys)
        return f"Bayes factors with the prior scale of {listed(changed)} changed:"

    def __str__(self) -> str:
        title = f"{_TITLE} against {self.against}"
        return as_text(title, self._shown(), *self._priors_in_words(), self.sentence, *self.notes)

    def _repr_html_(self) -> str:
        title = f"{_TITLE} against {self.against}"
        parts = [as_html(title, self._shown(), self.sentence, *self.notes)]
        if len(self.priors):
            parts.append(as_html("Priors of the fits on which they differ", self.priors))
        if len(self._scales) > 1:
            parts.append(as_html(self._scaled_title.rstrip(":"), self.sensitivity))
        return "".join(parts)
