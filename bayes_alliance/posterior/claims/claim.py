"""How probable a claim about the parameters is, given the data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from bayes_alliance import names
from bayes_alliance.display import as_html, as_text, in_sentences
from bayes_alliance.drawing import BLUE, ORANGE, PALE, faint_grid, own_axes, reference_line
from bayes_alliance.errors import ModelError, listed
from bayes_alliance.model.predictor_checks import is_finite_number
from bayes_alliance.posterior.claims.claim_strength import (
    probability_in_words,
    strength_in_words,
    weigh_claim,
)
from bayes_alliance.posterior.claims.hypothesis_expression import (
    COMPARISONS,
    Comparison,
    parse_hypothesis,
)
from bayes_alliance.posterior.claims.quantity import (
    names_a_share,
    quantity_draws,
    quantity_places,
    ways_to_write,
    where_claims_stand,
)
from bayes_alliance.posterior.shares.share_request import ShareRequest, share_request
from bayes_alliance.posterior.summaries import DIRECTION, check_prob, interval_words, summary_table
from bayes_alliance.sampling.fit import Fit, check_fit

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes

Array = NDArray[np.float64]
COMPARISON = "comparison"
TOGETHER = "all together"
_BINS = 60


@overload
def hypothesis(  # type: ignore[overload-overlap]  # a text is a sequence too
    fit: Fit,
    claim: str,
    *,
    at: Mapping[str, Any] | str | None = None,
    average: bool | None = None,
    rope: tuple[float, float] | None = None,
    prob: float = 0.95,
) -> Hypothesis: ...
@overload
def hypothesis(
    fit: Fit,
    claim: Sequence[str] | Mapping[str, str],
    *,
    at: Mapping[str, Any] | str | None = None,
    average: bool | None = None,
    rope: tuple[float, float] | None = None,
    prob: float = 0.95,
) -> Hypotheses: ...
def hypothesis(
    fit: Fit,
    claim: str | Sequence[str] | Mapping[str, str],
    *,
    at: Mapping[str, Any] | str | None = None,
    average: bool | None = None,
    rope: tuple[float, float] | None = None,
    prob: float = 0.95,
) -> Hypothesis | Hypotheses:
    """Judge a claim about parameters and variance shares by its posterior probability.

    A claim compares two expressions: ``"stigma < 0"``, ``"sd_case_manager[stigma] > 0.1"``,
    ``"b[stigma] + b[age] > 0"``, ``"share[case_manager] > 0.05"``, a chain such as
    ``"-1 < stigma < 1"``, or several that hold together, ``"stigma < 0 and sigma > 1"``.
    Quantities are named as in :func:`summarize`; a coefficient goes by its label alone, whatever
    text that holds (``within(stigma, case_manager)``), and group effects by group and effect
    (``u_case_manager[CM07, stigma]``). There are ``+ - * / **``, parentheses, ``abs``, ``sqrt``,
    ``exp`` and ``log``. A known label goes before a function of that name.

    Parameters
    ----------
    fit : Fit
        Any fit. Where it has prior draws (:func:`with_prior`), the posterior odds are set
        against the prior odds: the Bayes factor of the claim against its opposite.
    claim : str, sequence of str or Mapping[str, str]
        What is claimed. Several claims, each judged by itself, make one table; those of a mapping
        keep their names: ``{"stigma hurts": "stigma < 0"}``.
    at : Mapping[str, float], optional
        Predictor values for variance shares, as in :func:`variance_shares`; refused where the
        claim names no share.
    average : bool, optional
        As there: variance shares are averaged over the rows unless ``at`` states a place; refused
        likewise.
    rope : tuple of two floats, optional
        The region of practical equivalence: how far left may be from right and still count as
        equal to it. Its ends are differences, left minus right, whatever the sign in the claim:
        with ``"x > 0.2"``, ``rope=(-0.1, 0.1)`` means x between 0.1 and 0.3. For x itself near
        zero, claim ``"x > 0"``.
    prob : float
        Probability of the intervals.

    Returns
    -------
    Hypothesis or Hypotheses
        Probability, odds, estimate and interval of left minus right; for several claims a row
        each.

    Raises
    ------
    ModelError
        For what cannot be read, an unknown quantity, a claim of equality (probability 0 on a
        continuous scale), an expression that has no value in some draws, or ``at`` and
        ``average`` in a claim without a share.

    References
    ----------
    .. [1] kruschke2018
    .. [2] makowski2019

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> ba.hypothesis(fit, "stigma < 0", rope=(-0.5, 0.5))  # doctest: +SKIP
    >>> ba.hypothesis(fit, ["stigma < 0", "sd_case_manager > 2"])  # doctest: +SKIP
    """
    check_fit(fit, "hypothesis", by_row=True)
    check_prob(prob)
    _check_rope(rope)
    named = _named_claims(claim)
    judged = {
        name: _judge(fit, one, at=at, average=average, rope=rope, prob=prob)
        for name, one in named.items()
    }
    if isinstance(claim, str):
        return judged[claim]
    return Hypotheses(claims=judged, named=isinstance(claim, Mapping))


def _named_claims(claim: Any) -> dict[str, str]:
    """Return the claims by their names: their own text where they have none."""
    if isinstance(claim, str):
        return {claim: claim}
    given = list(claim.items()) if isinstance(claim, Mapping) else []
    if not given and isinstance(claim, Iterable):
        given = [(one, one) for one in claim]
    named = {str(name): one for name, one in given}
    if not named or len(named) < len(given) or not all(isinstance(one, str) for _, one in given):
        raise ModelError(
            "Several claims were to be judged.",
            "There is none, one is no text, or two have one name.",
            'Write ["stigma < 0", "sigma > 1"], or with names {"first": "stigma < 0"}.',
        )
    return named


def _judge(
    fit: Fit,
    claim: str,
    *,
    at: Mapping[str, Any] | str | None,
    average: bool | None,
    rope: tuple[float, float] | None,
    prob: float,
) -> Hypothesis:
    import xarray as xr

    places = quantity_places(fit.model)
    parts = parse_hypothesis(claim, ways_to_write(fit.model, places))
    _check_about_the_fit(claim, parts)
    if not names_a_share(places, _wanted(parts)):
        _check_share_options(claim, _wanted(parts), at, average=average)
    asked = _share_request(fit, claim, _wanted(parts), at, average=average)
    difference, holds = _judged(fit, parts, asked)
    dims = (names.CHAIN, names.DRAW, COMPARISON)
    draws = xr.Dataset(
        {"difference": (dims, difference), "holds": (dims, holds)},
        coords={COMPARISON: np.asarray([part.difference for part in parts], dtype=object)},
    )
    prior = _by_the_prior(fit, parts, asked)
    text = " and ".join(part.text for part in parts)
    first = parts[0]
    number_right = not first.right.quantities
    return Hypothesis(
        text=text,
        table=_table(draws, prior, rope, prob),
        draws=draws,
        rope=rope,
        prob=prob,
        subject=first.left.text if number_right else first.difference,
        against=float(first.right.values({})) if number_right else 0.0,
        standing=where_claims_stand(fit, _wanted(parts), asked),
    )


def _check_rope(rope: tuple[float, float] | None) -> None:
    if rope is None:
        return
    ends = tuple(rope) if np.iterable(rope) else ()
    if len(ends) != 2 or not all(map(is_finite_number, ends)) or ends[0] >= ends[1]:
        raise ModelError(
            f"The region of practical equivalence was given as {rope!r}.",
            "It needs a lower and a higher finite end.",
            "Write it as in rope=(-0.5, 0.5).",
        )


def _check_about_the_fit(claim: str, parts: tuple[Comparison, ...]) -> None:
    for part in parts:
        if not (part.left.quantities or part.right.quantities):
            raise ModelError(
                f"The claim {claim!r} was to be judged.",
                f"'{part.text}' is about no quantity of the fit.",
                "Compare a quantity with a number or with another quantity.",
            )


def _check_share_options(
    claim: str, wanted: list[str], at: Mapping[str, Any] | str | None, *, average: bool | None
) -> None:
    options: dict[str, Any] = {"at": at} if at else {}
    options |= {"average": average} if average is not None else {}
    if not options:
        return
    given = " and ".join(f"{name}={value!r}" for name, value in options.items())
    raise ModelError(
        f"The claim {claim!r} was to be judged with {given}.",
        "That says where a variance share holds, and the claim names none: it is about "
        f"{listed(dict.fromkeys(wanted))}.",
        f"Leave {' and '.join(f'{name}=' for name in options)} out, or claim something of a "
        "share, such as share[case_manager] > 0.05.",
        options=tuple(options),
    )


def _share_request(
    fit: Fit,
    claim: str,
    wanted: list[str],
    at: Mapping[str, Any] | str | None,
    *,
    average: bool | None,
) -> ShareRequest:
    asked, call = f"The claim {claim!r} was to be judged.", f"hypothesis(fit, {claim!r}"
    if not names_a_share(quantity_places(fit.model), wanted):
        return ShareRequest(asked=asked, call=call)
    return share_request(fit, asked=asked, call=call, at=at, average=average)


def _by_the_prior(
    fit: Fit, parts: tuple[Comparison, ...], asked: ShareRequest
) -> NDArray[np.bool_] | None:
    """Return whether the comparisons hold in the prior draws; None if the fit has none."""
    if names.PRIOR not in fit.idata.children:
        return None
    of_prior = fit.with_group(names.POSTERIOR, fit.idata[names.PRIOR].to_dataset())
    return _judged(of_prior, parts, asked)[1]


def _wanted(parts: tuple[Comparison, ...]) -> list[str]:
    return [name for part in parts for side in (part.left, part.right) for name in side.quantities]


def _judged(
    fit: Fit, parts: tuple[Comparison, ...], asked: ShareRequest
) -> tuple[Array, NDArray[np.bool_]]:
    """Return left minus right, and whether the comparison holds, (chain, draw, comparison)."""
    draws = quantity_draws(fit, _wanted(parts), quantity_places(fit.model), asked)
    shape = next(iter(draws.values())).shape
    differences, holds = [], []
    with np.errstate(all="ignore"):  # what has no value is refused below, by name
        for part in parts:
            left, right = part.left.values(draws), part.right.values(draws)
            _check_values(part, np.broadcast_to(left - right, shape))
            differences.append(np.broadcast_to(left - right, shape))
            holds.append(np.broadcast_to(COMPARISONS[part.sign](left, right), shape))
    return np.stack(differences, axis=-1).astype(float), np.stack(holds, axis=-1)


def _check_values(part: Comparison, values: Array) -> None:
    missing = int((~np.isfinite(values)).sum())
    if missing:
        raise ModelError(
            f"The claim '{part.text}' was to be judged.",
            f"'{part.difference}' has no finite value in {missing} of {values.size} draws.",
            "Look for a division by 0, a root or logarithm of a negative number, or a Student "
            "outcome whose residual variance does not exist (nu <= 2).",
            draws=missing,
        )


def _table(
    draws: xr.Dataset,
    prior: NDArray[np.bool_] | None,
    rope: tuple[float, float] | None,
    prob: float,
) -> pd.DataFrame:
    import pandas as pd

    summary = summary_table(draws[["difference"]], prob)
    summary.index = pd.Index([str(d) for d in draws[COMPARISON].to_numpy()], name=COMPARISON)
    values, holds = draws["difference"].to_numpy(), draws["holds"].to_numpy()
    table = summary[["mean", "sd", "lower", "upper"]].copy()
    judged = pd.DataFrame(
        [
            weigh_claim(holds[..., k], None if prior is None else prior[..., k])
            for k in range(len(table))
        ],
        index=table.index,
    )
    table = pd.concat([table, judged], axis=1)
    above, below = (values > 0).mean(axis=(0, 1)), (values < 0).mean(axis=(0, 1))
    table[DIRECTION] = np.maximum(above, below)
    table["rope"] = np.nan
    if rope is not None:
        table["rope"] = ((values >= rope[0]) & (values <= rope[1])).mean(axis=(0, 1))
    table[["ess_bulk", "r_hat"]] = summary[["ess_bulk", "r_hat"]]
    if len(table) > 1:
        whole = weigh_claim(holds.all(axis=-1), None if prior is None else prior.all(axis=-1))
        table.loc[TOGETHER] = pd.Series(whole)
    return table


@dataclass(frozen=True, kw_only=True)
class Hypothesis:
    """How far the posterior supports a claim.

    Parameters
    ----------
    text
        The claim in full names.
    table
        One row a comparison (and one for all of a chain together): mean, sd, lower, upper of left
        minus right; ``probability`` that it holds, with its Monte Carlo error ``mcse``; ``odds``;
        ``prior``, the probability by the prior, and ``evidence``, the posterior over the prior
        odds, with ``mcse_evidence`` (all NaN without prior draws);
        ``probability_of_direction``, that of the likelier sign; ``rope``, the share of the draws
        within it (NaN without one); ess_bulk and r_hat.
    draws
        Variables ``difference`` and ``holds``, dims (chain, draw, comparison).
    rope
        The region that counts as no difference, in the units of left minus right.
    prob
        Probability of the intervals.
    subject, against
        What the sentence gives the estimate of, and the number it is held against: the left side
        where the right one is a number, else left minus right.
    standing
        Where and on which scale variance shares hold; empty if the claim names none.
    """

    text: str
    table: pd.DataFrame
    draws: xr.Dataset
    rope: tuple[float, float] | None
    prob: float
    subject: str
    against: float = 0.0
    standing: str = ""

    @property
    def probability(self) -> float:
        """Posterior probability of the whole claim."""
        return float(self.table["probability"].iloc[-1])

    @property
    def sentence(self) -> str:
        """What the posterior says of the claim, in one or two sentences."""
        first = strength_in_words(f"'{self.text}'", self.probability)
        if len(self.table) > 1:
            return f"{first} {self.standing}".rstrip()
        row = self.table.iloc[0]
        inside = ""
        if self.rope is not None:
            low, high = (f"{end + self.against:g}" for end in self.rope)
            inside = f"; {row['rope']:.0%} of its posterior lies between {low} and {high}"
        values = [float(row[name]) + self.against for name in ("mean", "lower", "upper")]
        mean, lower, upper = in_sentences(values)
        estimate = f"{mean}, {self.prob:.0%} interval {lower} to {upper}"
        own = f"The estimate of {self.subject} is {estimate}{inside}."
        return f"{first} {own} {self.standing}".rstrip()

    def _notes(self) -> list[str]:
        notes = [f"{interval_words(self.prob)} of left minus right."]
        if np.isinf(self.table["odds"]).any() or (self.table["odds"] == 0).any():
            notes.append("Where all draws agree, the odds are beyond what this many draws can say.")
        if self.table["prior"].isna().all():
            notes.append("For the evidence, posterior over prior odds, take with_prior(fit) first.")
        else:
            if self.table["evidence"].isna().any():
                notes.append("Where all prior draws agree, there is no ratio of odds.")
            notes.append(
                "The evidence rests on the priors of the fit, which are made for estimating: the "
                "wider they are, the more it favours a claim that something is small. "
                "bayes_factors and point_bayes_factor weigh under the prior of a test, in words."
            )
        return notes

    def plot(self, axes: Axes | None = None) -> Axes:
        """Draw the posterior, the part for which the claim holds in blue.

        Parameters
        ----------
        axes
            Where to draw; a new figure if left out. Of a chain, the first comparison is drawn.
        """
        axes = own_axes(axes)
        holds = self.draws["holds"][..., 0].to_numpy().ravel()
        values = self.draws["difference"][..., 0].to_numpy().ravel() + self.against
        edges = np.histogram_bin_edges(values, _BINS)
        if edges[0] < self.against < edges[-1]:  # an edge there, so that no bar is partly true
            edges = np.union1d(edges, [self.against])
        for chosen, colour, label in ((holds, BLUE, "holds"), (~holds, PALE, "does not hold")):
            density = np.histogram(values[chosen], edges)[0] / np.diff(edges) / len(values)
            text = f"{label} ({probability_in_words(float(chosen.mean()))})"
            axes.stairs(density, edges, fill=True, color=colour, label=text)
        if self.rope is not None:
            ends = (end + self.against for end in self.rope)
            axes.axvspan(*ends, color=ORANGE, alpha=0.18, label="no difference to speak of")
        reference_line(axes, self.against)
        faint_grid(axes)
        axes.set_yticks([])
        axes.set_xlabel(f"{self.subject} (posterior)")
        axes.set_ylim(bottom=0)
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, fontsize="small")
        return axes

    def __str__(self) -> str:
        return as_text(self.text, self.table, self.sentence, *self._notes())

    def _repr_html_(self) -> str:
        return as_html(self.text, self.table, self.sentence, *self._notes())


@dataclass(frozen=True, kw_only=True)
class Hypotheses:
    """Several claims, each judged by itself.

    Parameters
    ----------
    claims
        What the posterior says of each, by its name.
    named
        Whether the names are the user's own, and not the claims' text.
    """

    claims: Mapping[str, Hypothesis]
    named: bool

    @property
    def table(self) -> pd.DataFrame:
        """One row a claim, its name at the head: the columns of :class:`Hypothesis`.

        A claim of several comparisons has its probability and odds; NaN stands in the place of
        an estimate, which only each comparison has.
        """
        import pandas as pd

        rows = {name: one.table.iloc[-1] for name, one in self.claims.items()}
        return pd.DataFrame(rows.values(), index=pd.Index(list(rows), name="claim"))

    @property
    def sentences(self) -> tuple[str, ...]:
        """What the posterior says of each claim."""
        return tuple(
            f"{name}: {one.sentence}" if self.named else one.sentence
            for name, one in self.claims.items()
        )

    def _notes(self) -> list[str]:
        return list(dict.fromkeys(note for one in self.claims.values() for note in one._notes()))

    def __str__(self) -> str:
        return as_text("Claims", self.table, *self.sentences, *self._notes())

    def _repr_html_(self) -> str:
        return as_html("Claims", self.table, *self.sentences, *self._notes())
