"""Whether the model fits the data, as findings of the verdict: what it misses, and what to do.

Data sets are simulated from the posterior for the same rows and compared with the data in several
statistics. All of them together object to a model that is right in at most 5 of 100 studies.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.checks.finding import Finding, Misfit
from bayes_alliance.checks.replications import (
    FALSE_ALARM,
    KURTOSIS,
    Looked,
    expected_outcomes,
    group_aspects,
    merged,
    on_scores,
    row_aspects,
)
from bayes_alliance.data.notes.outcome_checks import PILED_WHERE_UNLIKE, note_outcome_shape
from bayes_alliance.display import number
from bayes_alliance.errors import GIVE_ROWS, Advice, Words, in_words, listed
from bayes_alliance.model.group_design import GroupDesign
from bayes_alliance.model.repeats import counted_by_group
from bayes_alliance.model.spec import Model
from bayes_alliance.random_streams import Stream, generator
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.left_out import on_rows
from bayes_alliance.sampling.linear_predictor import chunks, precision_weights
from bayes_alliance.sampling.thinning import thinned
from bayes_alliance.sampling.written_out import written_out

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]
MISFIT, FITS, NOT_CHECKED = "misfit", "reproduces_the_data", "fit_not_checked"
# Simulated data sets: enough that none as extreme as the data is an objection of that rate.
_FEWEST_SETS = 1000
_SETS_A_STATISTIC = 2 / FALSE_ALARM  # two ends
# More rows are looked at in part, so that a verdict stays a matter of a second.
MOST_ROWS = 4000
_NUMBERS = 8e6
# Group effects that are not stored are made again for each draw: fewer draws, each used more often.
_DRAWS_OF_REDRAWN = 100
_SHOWN = 3
# Whole numbers of so many values are ordered categories rather than a quantity.
FEW_STEPS = 10
_FEWEST_PILED = 5
_SKEWED = 1.0
_NO_FAMILY = frozenset({"outcome_counts", "outcome_shares"})
_SDS, _CLIENTS = "standard deviations", "predictions of single rows"


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One statistic of the data beside those of simulated data sets.

    Parameters
    ----------
    name
        Of the statistic.
    looked
        What it is about.
    observed, predicted, lower, upper
        In the data; median and 95% interval of the simulated ones.
    p
        Two-sided tail probability of the observed one, from counts of data sets.
    """

    name: str
    looked: Looked
    observed: float
    predicted: float
    lower: float
    upper: float
    p: float

    @property
    def words(self) -> str:
        """The statistic as it is said, with its figures."""
        small = ", a small difference" if self.small else ""
        return (
            f"the {self.name} ({number(self.observed)} in the data; {number(self.lower)} to "
            f"{number(self.upper)} expected{small})"
        )

    @property
    def small(self) -> bool:
        """Whether data and model differ little, however surely they do."""
        return abs(self.observed - self.predicted) <= self.looked.small

    @property
    def distance(self) -> float:
        """How far the data lie from the simulated ones, in half widths of these."""
        half = max((self.upper - self.lower) / 2, 1e-12 * max(1.0, abs(self.predicted)))
        return abs(self.observed - self.predicted) / half


def check_fit_to_data(fit: Fit, *, draws_sound: bool) -> list[Finding]:
    """Say what the model does not reproduce, or that it reproduces what was looked at.

    Parameters
    ----------
    fit
        The fit.
    draws_sound
        Whether its draws can be trusted; others cannot tell whether the model fits.
    """
    if not draws_sound:
        why = "the draws have to be sound first"
        return [_not_checked(f"Whether the model fits the data was not checked: {why}.")]
    if not fit.has_data:
        why = "it takes the rows, which this fit does not hold"
        remedy = "" if fit.model.stream is not None else GIVE_ROWS
        return [_not_checked(f"Whether the model fits the data was not checked: {why}.", remedy)]
    compared, sets, rows = compare_with_simulated(fit)
    limit = FALSE_ALARM / len(compared)
    against = sorted((c for c in compared if c.p < limit), key=lambda c: -c.distance)
    if against:
        return list(_objections(fit, against, limit))
    some = "" if rows is None else f", on {rows:,} of the rows"
    return [
        Finding(
            level="fine",
            code=FITS,
            where="",
            value=min(c.p for c in compared),
            threshold=limit,
            message=f"Data simulated from the model look like the data in {len(compared)} "
            f"respects: {listed([c.name for c in compared], shown=6)} ({sets:,} simulated data "
            f"sets{some}).",
        )
    ]


def _not_checked(message: str, remedy: Words = "") -> Finding:
    return Finding(
        level="fine",
        code=NOT_CHECKED,
        where="",
        value=float("nan"),
        threshold=float("nan"),
        message=message,
        remedy=remedy,
    )


def _objections(fit: Fit, against: list[Compared], limit: float) -> Iterator[Finding]:
    """Yield a finding for each thing that is to be done, with all statistics that ask for it."""
    by_remedy: dict[tuple[str, str, str], list[Compared]] = {}
    for own in against:
        looked = own.looked
        by_remedy.setdefault((looked.aspect, looked.group, looked.slope), []).append(own)
    for found in by_remedy.values():
        may_change, changes_less = depends_on(fit.model, found[0].looked)
        misfit = Misfit(
            features=tuple(c.words for c in found),
            may_change=may_change,
            changes_less=changes_less,
            small=all(c.small for c in found),
        )
        yield Finding(
            level="caution",
            code=MISFIT,
            where=listed([c.name for c in found]),
            value=min(c.p for c in found),
            threshold=limit,
            message=f"The model does not reproduce {in_words(misfit.features, shown=_SHOWN)}. "
            "Expected is what 95% of data sets simulated from the model have; "
            f"{misfit.consequence}.",
            remedy=advice_on(
                fit.model,
                found[0].looked,
                heavy_tails=_heavy_tails(found),
                more=found[0].observed > found[0].predicted,
            ),
            misfit=misfit,
        )


def _heavy_tails(found: list[Compared]) -> bool:
    """Tell whether residuals lie farther out than the model has them; else the scale may end."""
    return any(c.name == KURTOSIS and c.observed > c.predicted for c in found)


def compare_with_simulated(fit: Fit) -> tuple[list[Compared], int, int | None]:
    """Compare the data with simulated ones in every statistic.

    Returns
    -------
    compared
        One a statistic.
    sets
        How many data sets were simulated.
    rows
        How many rows were looked at, where these are not all.
    """
    written = written_out(fit.model)
    rng = generator(fit.settings.seed, Stream.DATA_FOR_THE_VERDICT)
    every = len(written.model.frame.y)
    some = every > MOST_ROWS
    chosen = np.sort(rng.choice(every, MOST_ROWS, replace=False)) if some else np.arange(every)
    model = on_rows(written.model, chosen) if some else written.model
    counts = None if written.counts is None else written.counts[chosen]
    looked = _aspects(fit, model, counts)
    observed = [own.of(model.frame.y[None]) for own in looked]
    size = sum(map(len, observed))
    sets = max(_FEWEST_SETS, int(np.ceil(_SETS_A_STATISTIC * size)))
    parameters = thinned(fit.posterior, _DRAWS_OF_REDRAWN if fit.redrawn_effects else sets)
    made = _made(model, parameters, merged_of(looked), sets, rng)
    compared = [
        _compared(name, own, float(value[0]), made[name])
        for own, values in zip(looked, observed, strict=True)
        for name, value in values.items()
    ]
    return compared, len(next(iter(made.values()))), len(chosen) if some else None


def merged_of(looked: list[Looked]) -> Looked:
    """Return all statistics as one."""
    return replace(looked[0], of=merged(looked))


def _aspects(fit: Fit, model: Model, counts: Array | None) -> list[Looked]:
    """Return what is looked at: the rows, and every factor with groups that are there."""
    expected = expected_outcomes(model, fit.posterior)
    found = row_aspects(model, counts, expected)
    for group in model.design.groups:
        there = _present(group, counts)
        if len(there.labels) > 1:
            each = 1.0 if counts is None else counts
            found += [on_scores(model, own) for own in group_aspects(model, there, each)]
    return found


def _present(group: GroupDesign, counts: Array | None) -> GroupDesign:
    """Return the factor with the groups of some rows only."""
    left, index = np.unique(group.index, return_inverse=True)
    return replace(
        group,
        labels=tuple(group.labels[k] for k in left),
        index=index.astype(np.int64),
        caseloads=counted_by_group(index, len(left), counts),
    )


def _made(
    model: Model, parameters: xr.Dataset, looked: Looked, sets: int, rng: np.random.Generator
) -> Mapping[str, Array]:
    """Simulate data sets, from each draw so many that there are enough; keep their statistics."""
    drawn = parameters.sizes[names.CHAIN] * parameters.sizes[names.DRAW]
    made: list[dict[str, Array]] = []
    for chunk in chunks(model, parameters):
        for _ in range(-(-sets // drawn)):
            outcomes = model.family.simulate(
                rng, chunk.eta, chunk.parameters, precision_weights(model)
            )
            made.append(looked.of(outcomes))
    return {label: np.concatenate([m[label] for m in made]) for label in made[0]}


def _compared(name: str, looked: Looked, observed: float, made: Array) -> Compared:
    lower, middle, upper = np.quantile(made, [0.025, 0.5, 0.975])
    # Rounding must not make a tie a difference.
    near = 1e-9 * max(abs(observed), float(np.abs(made).max()))
    beyond = min(int((made >= observed - near).sum()), int((made <= observed + near).sum()))
    return Compared(
        name=name,
        looked=looked,
        observed=observed,
        predicted=float(middle),
        lower=float(lower),
        upper=float(upper),
        p=min(1.0, 2 * (beyond + 1) / (len(made) + 1)),
    )


def advice_on(model: Model, looked: Looked, *, heavy_tails: bool, more: bool) -> Words:
    """Return what to do about an aspect of the data that the model does not reproduce.

    Parameters
    ----------
    model, looked
        The model, and the aspect.
    heavy_tails
        Whether residuals lie farther out than the model has them.
    more
        Whether the statistic that is farthest off is larger in the data than simulated.
    """
    if looked.aspect == "distribution":
        return _on_distribution(model, heavy_tails=heavy_tails, more=more)
    if looked.aspect == "slopes":
        return _on_slopes(model, looked)
    if looked.aspect == "means":
        return _see(
            f"Look for groups of {looked.group} that stand out, and for a predictor of the groups "
            "that the model lacks",
            looked.group,
        )
    if looked.aspect == "sds":
        return _see(
            f"Clients differ more within some groups of {looked.group} than within others, and the "
            "model has one residual standard deviation for all: intervals of single groups are too "
            "wide in some and too narrow in others",
            looked.group,
        )
    return "Look at the priors: they hold the model away from the data."


def depends_on(model: Model, looked: Looked) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return which answers may change in a model that reproduces an aspect, and which less."""
    slopes = "the average slopes"
    if looked.aspect == "distribution":
        if model.frame.levels:
            return ("the predicted shares of the answers",), (slopes,)
        return (_SDS, "shares of the variance", _CLIENTS), (slopes,)
    if looked.aspect == "means":
        group = looked.group
        return (f"how much {group} matters", f"what is said of single groups of {group}"), (slopes,)
    if looked.aspect == "sds":
        return (f"intervals of single groups of {looked.group}", _CLIENTS), (slopes,)
    if looked.aspect == "slopes":
        slope, group = looked.slope, looked.group
        if slope in model.design.group(group).effects:
            return (f"how much the slope of {slope} varies between groups of {group}",), (slopes,)
        return (f"the interval of the slope of {slope}",), ()
    return ("every answer",), ()


def _on_distribution(model: Model, *, heavy_tails: bool, more: bool) -> Words:
    """Say which form of the outcome there is, from the values that were observed."""
    name, y = model.outcome, model.frame.y
    if not model.family.has_residual:
        of_rows = any(len(group.labels) == len(y) for group in model.design.groups)
        return model.family.misfit_remedy(name, more=more, of_rows=of_rows)
    values, whole = np.unique(y), bool((y == np.round(y)).all())
    if len(values) == 2:
        coded = list(values) == [0, 1]
        after = "" if coded else "after coding them as 0 and 1"
        return _family(f"{name} has two values only", "bernoulli", after)
    # What was seen in the data says the same.
    seen = [note for note in note_outcome_shape(name, y) if note.code in _NO_FAMILY]
    if seen:
        return seen[0].remedy
    if whole and len(values) <= FEW_STEPS:
        return _family(f"{name} has {len(values)} values only, in steps", "cumulative")
    piled = _piled_up(y, values)
    if piled:
        return (
            f"{piled}; the model does not know that the scale ends there. Take slopes as averages, "
            "do not rely on predictions of single rows, and say that who "
            "lies beyond its end is not distinguished."
        )
    skewness = float(np.mean((y - y.mean()) ** 3) / y.std() ** 3)
    if values[0] > 0 and skewness > _SKEWED:
        return _logarithm(f"{name} is above 0 and skewed: analyse its logarithm", name)
    if heavy_tails and model.family.heavier_tails:
        return _family("If single outcomes lie far out", model.family.heavier_tails)
    return _see(
        f"The model may predict values of {name} that its scale does not have: take slopes as "
        "averages, and do not rely on predictions of single rows",
        "",
    )


def _piled_up(y: Array, values: Array) -> str:
    """Say how many rows have the lowest or highest value, where that is a floor or ceiling."""
    found = []
    for end, which in ((values[0], "lowest"), (values[-1], "highest")):
        count = int((y == end).sum())
        if count >= max(_FEWEST_PILED, PILED_WHERE_UNLIKE * len(y)):
            found.append(f"{count} of {len(y)} rows have the {which} value, {end:g}")
    return " and ".join(found)


def _family(why: str, family: str, after: str = "") -> Advice:
    then = f", {after}" if after else ""
    return Advice(
        python=f'{why}: use family="{family}"{then}.',
        command_line=f"{why}: fit the model with --family {family}{then}.",
    )


def _logarithm(why: str, name: str) -> Advice:
    return Advice(
        python=f"{why}, data.assign(**{{{f'log_{name}'!r}: np.log(data[{name!r}])}}).",
        command_line=f"{why}, in a new column of the file.",
    )


def _see(what: str, group: str) -> Advice:
    chosen = f', group="{group}"' if group else ""
    return Advice(
        python=f"{what}. check_predictive(fit{chosen}).plot() shows it.",
        command_line=f"{what}. Its picture is among the predictive checks.",
    )


def _on_slopes(model: Model, looked: Looked) -> Words:
    slope, group = looked.slope, looked.group
    if slope in model.design.group(group).effects:
        return _see(f"Look for groups of {group} with a slope of {slope} that stands out", group)
    plain = slope in model.frame.rows.columns
    how = f": (1 + {slope} | {group})" if plain and ":" not in group else ""
    return f"Let the slope of {slope} vary between the groups of {group}{how}."
