"""The three questions of the seed study, answered from a table in one go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from bayes_alliance import names
from bayes_alliance.answers.three_answers import FIXED, NOTABLE_MOVE, NULL, VARYING, Answers
from bayes_alliance.checks.finding import SEVERITY
from bayes_alliance.checks.verdict import Verdict, diagnose
from bayes_alliance.data.notes.text_checks import note_text
from bayes_alliance.data.report import Note
from bayes_alliance.errors import Advice, DataError, did_you_mean, listed
from bayes_alliance.model.library import load_model
from bayes_alliance.model.plain_columns import plain_predictor
from bayes_alliance.posterior.claims.claim import hypothesis
from bayes_alliance.posterior.comparison.comparison import compare
from bayes_alliance.posterior.evidence.bayes_factor import bayes_factors
from bayes_alliance.posterior.shares.variance import variance_shares
from bayes_alliance.posterior.summaries import check_prob, summarize
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.run import sample

if TYPE_CHECKING:
    import pandas as pd

_LIBRARY = {NULL: "null", FIXED: "stigma", VARYING: "stigma_slopes"}


def answer_questions(
    data: pd.DataFrame,
    *,
    outcome: str = "alliance",
    predictor: str = "stigma",
    group: str = "case_manager",
    priors: Mapping[str, str] | None = None,
    seed: int | None = None,
    engine: str = "auto",
    draws: int = 1000,
    tune: int = 1000,
    chains: int = 4,
    target_accept: float = 0.9,
    prob: float = 0.95,
    on_fit: Callable[[str, Fit], object] | None = None,
) -> Answers:
    """Answer three questions: how much is the group, does the predictor matter, does it depend.

    How much of the outcome's variance lies between the groups (a model without predictor)? Is
    there a slope of the predictor (a model whose slopes may vary)? Does the slope depend on the
    group? The last is answered two ways, which need not agree: how well groups not yet seen are
    predicted with and without varying slopes (elpd, one group left out at a time), and the Bayes
    factor, with the words of :func:`bayes_factors`. The slopes' standard deviation is shown with
    its interval, which never reaches 0 and so answers nothing by itself.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a client. Rows that lack one of the three columns are dropped from all models, and
        counted.
    outcome, predictor, group : str
        Columns: a numeric outcome, a numeric predictor, and who the client sees.
    priors : Mapping[str, str], optional
        As in :class:`Model`, in the words of your columns; each model takes those it has.
    seed : int, optional
        Same seed, same answers. If left out, one is drawn, shown and recorded.
    engine, draws, tune, chains, target_accept
        As in :func:`sample`.
    prob : float
        Probability of the intervals.
    on_fit : Callable[[str, Fit], object], optional
        Called with the name of a model and its fit as soon as it is sampled, so that draws can be
        kept whatever becomes of what follows.

    Returns
    -------
    Answers
        One table, a sentence an answer, and the fits behind them.

    Raises
    ------
    DataError
        If a column is missing or not numeric.
    ModelError, SamplingError
        As the verbs it calls.

    References
    ----------
    .. [1] kondrat2010

    Examples
    --------
    >>> import bayes_alliance as ba
    >>> ba.answer_questions(ba.load_example("simulated_study"), seed=1)  # doctest: +SKIP
    """
    check_prob(prob)
    columns = {"alliance": outcome, "stigma": predictor, "case_manager": group}
    rows = _complete_rows(data, columns)
    seen = seen_in_table(data, outcome=outcome, predictor=predictor, group=group)
    settings = {"engine": engine, "draws": draws, "tune": tune, "chains": chains}
    fits: dict[str, Fit] = {}
    for name, library in _LIBRARY.items():
        words = {
            word: column for word, column in columns.items() if name != NULL or word != "stigma"
        }
        own = _priors_it_has(library, rows, words, priors)
        model = load_model(library, data=rows, columns=words, priors=own)
        # The later models take the seed that was drawn for the first.
        seed = fits[NULL].settings.seed if fits else seed
        fits[name] = sample(model, seed=seed, target_accept=target_accept, **settings)  # type: ignore[arg-type]
        if on_fit is not None:
            on_fit(name, fits[name])
    return _answered(fits, seen, len(data) - len(rows), group, prob)


def seen_in_table(
    data: pd.DataFrame, *, outcome: str, predictor: str, group: str
) -> tuple[Note, ...]:
    """Return what is seen in the columns of the three questions, before any model is fitted.

    Raises
    ------
    DataError
        As :func:`answer_questions`.
    """
    columns = {"alliance": outcome, "stigma": predictor, "case_manager": group}
    _complete_rows(data, columns)
    # Of the whole table, so that dropped rows are seen by arm and occasion.
    largest = load_model(_LIBRARY[VARYING], data=data, columns=columns)
    return tuple(note for note in largest.data_report.notes if note.is_told)


def _answered(
    fits: Mapping[str, Fit], seen: tuple[Note, ...], dropped: int, group: str, prob: float
) -> Answers:
    varying = fits[VARYING]
    (label,) = (c for c in varying.model.design.coefficients if c != names.INTERCEPT)
    slope = varying.posterior[names.B].sel({names.COEFFICIENT: label})
    sign = "<" if float(slope.mean()) < 0 else ">"
    pair = {name: fits[name] for name in (FIXED, VARYING)}
    sds = summarize(varying, variables=[names.sd(group)], prob=prob)
    notable, probability, before = _notable_sd(varying, group)
    verdicts = {name: diagnose(fit) for name, fit in fits.items()}
    return Answers(
        outcome=varying.model.outcome,
        predictor=label,
        group=group,
        fits=dict(fits),
        shares=variance_shares(fits[NULL], prob=prob),
        varying_shares=variance_shares(varying, prob=prob),
        slope=hypothesis(varying, f"b[{label}] {sign} 0", prob=prob),
        slope_sd=sds.table.iloc[1],
        notable_sd=notable,
        notable_probability=probability,
        notable_prior=before,
        comparison=compare(pair, by="group", group=group),
        factors=bayes_factors(pair, against=FIXED),
        verdict=_worst(verdicts),
        model_part=verdicts[VARYING].on_model,
        dropped=dropped,
        seen=seen,
        prob=prob,
    )


def _notable_sd(fit: Fit, group: str) -> tuple[float, float, float]:
    """Return an sd of slopes worth speaking of; its posterior and prior probability."""
    x = fit.model.design.group(group).Z[:, 1]
    notable = NOTABLE_MOVE * float(fit.posterior[names.SIGMA].mean()) / float(x.std())
    sds = fit.posterior[names.sd(group)].isel({names.effect(group): 1})
    # The sd of a slope of the highest order is the same at the means and as written.
    prior = fit.model.priors.of(names.sd(group))[1]
    return notable, float((sds > notable).mean()), 1 - float(prior.frozen.cdf(notable))


def _worst(verdicts: Mapping[str, Verdict]) -> tuple[str, Verdict]:
    """Return the model whose verdict is the most serious, with it."""
    return max(verdicts.items(), key=lambda item: SEVERITY[item[1].level])


def _priors_it_has(
    library: str,
    rows: pd.DataFrame,
    columns: Mapping[str, str],
    priors: Mapping[str, str] | None,
) -> Mapping[str, str] | None:
    """Return the wishes this model has a place for; all of them for the largest, which checks."""
    if not priors or library == _LIBRARY[VARYING]:
        return priors
    known = load_model(library, data=rows, columns=columns).priors
    valid = {entry.key for entry in known.entries} | set(known.variables)
    return {key: prior for key, prior in priors.items() if key in valid}


def _complete_rows(data: pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
    """Return the rows that all three models can use.

    Raises
    ------
    DataError
        If a column is missing, is asked for twice, or is not numeric.
    """
    wanted = list(columns.values())
    asked = f"The columns {listed(wanted)} were asked for."
    if not hasattr(data, "dropna"):
        raise DataError(
            "Three questions about a table were asked.",
            f"A {type(data).__name__} was given in its place.",
            "Give the clients' table: the models are fitted here. Read it with read_table(path).",
        )
    missing = [name for name in wanted if name not in data.columns]
    if missing:
        raise DataError(
            asked,
            f"The table has no {missing[0]}. {did_you_mean(missing[0], data.columns)}".rstrip(),
            f"It has {listed(data.columns, shown=20)}. Say which of them are the outcome, the "
            "predictor and the group.",
            missing=missing,
        )
    if len(set(wanted)) < len(wanted):
        raise DataError(asked, "One of them is there twice.", "Name three different columns.")
    for name in wanted[:2]:
        if plain_predictor(data[name]).dtype.kind not in "iufb":
            raise _not_numeric(asked, data[name])
    return data.dropna(subset=wanted)


def _not_numeric(asked: str, column: pd.Series[Any]) -> DataError:
    """Say what is in a column that should be a number, and what to do."""
    seen = note_text(column, used=True)
    if seen:
        return DataError(asked, seen[0].message, seen[0].remedy, column=column.name)
    return DataError(
        asked,
        f"{column.name} is not numeric: it holds such as {listed(column.dropna()[:2])}.",
        Advice(
            python="Score it first, or fit models of your own with Model and sample.",
            command_line="Score it first, or fit a model of your own with the command fit.",
        ),
        column=column.name,
    )
