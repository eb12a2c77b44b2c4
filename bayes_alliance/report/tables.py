"""The tables of a report, and how a cell is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bayes_alliance.checks.predictive import PredictiveCheck
from bayes_alliance.errors import Advice, Place, words_for
from bayes_alliance.model.data_report import ModelDataReport
from bayes_alliance.model.spec import Model
from bayes_alliance.posterior.groups.group_effect import GroupEffects
from bayes_alliance.posterior.shares.share_words import beside_words, place_words
from bayes_alliance.posterior.shares.variance import Shares
from bayes_alliance.posterior.summaries import DIRECTION, Summary
from bayes_alliance.report.blocks import Table
from bayes_alliance.report.prose import (
    count,
    figure,
    level_name,
    many_groups,
    probability,
    with_minus,
)
from bayes_alliance.report.sentences import Slope

if TYPE_CHECKING:
    import pandas as pd

DIAGNOSTICS = frozenset({"mcse_mean", "mcse_sd", "ess_bulk", "ess_tail", "r_hat"})
HEADINGS = {
    "mcse_mean": "MCSE of\N{NO-BREAK SPACE}mean",
    "mcse_sd": "MCSE of\N{NO-BREAK SPACE}sd",
    "ess_bulk": "ESS bulk",
    "ess_tail": "ESS tail",
    "r_hat": "R\N{NON-BREAKING HYPHEN}hat",
    "negative": "P(<\N{NO-BREAK SPACE}0)",
    "p": "P",
    "caseload": "rows",
}
_COUNTS = frozenset({"median", "value", "threshold"})
_PROBABILITIES = frozenset({"negative", "p", "probability", DIRECTION})
SHARE_COLUMNS = ("mean", "sd", "lower", "upper", "mcse_mean", "mcse_sd")
_ACCURACY = (
    "MCSE is the Monte Carlo error of the number; ESS the number of independent draws it is worth "
    "(at least 400 wanted); R-hat compares the chains (at most 1.01 wanted)."
)

_OWN_PRIOR = Advice(
    python='priors={"b": "Normal(0, 5)"}', command_line='with --prior "b=Normal(0, 5)"'
)


def cell(column: str, value: Any) -> str:
    """Write one cell; how depends on what the column holds."""
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "–" if value is None else str(value)
    if value != value:
        return "–"
    if column in ("ess_bulk", "ess_tail"):
        return count(value)
    if column in _COUNTS and value == round(value):
        return count(value)
    if column == "r_hat":
        return f"{value:.3f}"
    if column in _PROBABILITIES:
        return probability(value)
    if column == "weight":
        return f"{value:.2f}"
    return count(value) if isinstance(value, int) else figure(value)


def is_numeric(table: Table, column: str) -> bool:
    """Tell whether a column holds numbers, which are set flush right."""
    return table.frame[column].dtype.kind in "iuf"


def _interval_headings(prob: float) -> dict[str, str]:
    tail = 50 * (1 - prob)
    return {**HEADINGS, "lower": f"{tail:g}%", "upper": f"{100 - tail:g}%"}


def share_table(shares: Shares, model: Model) -> Table:
    """Shares of the variance in per cent, one row a level."""
    frame = shares.table.copy()
    shown = [column for column in SHARE_COLUMNS if column in frame.columns]
    frame[shown] = 100 * frame[shown]
    frame = _named(frame, model)
    scale = model.link.note
    where = place_words(shares.standing, average=shares.average)
    there = shares.beside
    beside = [beside_words(_named(there.icc, model), there.standing, shares.prob)] if there else []
    return Table(
        caption=f"Shares of the variance of {model.outcome}, in per cent{scale}{where}",
        frame=frame,
        headings=_interval_headings(shares.prob),
        row_heading="level",
        diagnostics=DIAGNOSTICS,
        notes=(*beside, _ACCURACY),
    )


def _named(levels: pd.DataFrame, model: Model) -> pd.DataFrame:
    """Return a table whose levels are named for people."""
    return levels.set_axis([level_name(model, str(level)) for level in levels.index])


def summary_table(summary: Summary, caption: str, *, row_heading: str = "parameter") -> Table:
    """Put a posterior summary as it is into a table."""
    return Table(
        caption=caption,
        frame=summary.table,
        headings=_interval_headings(summary.prob),
        row_heading=row_heading,
        diagnostics=DIAGNOSTICS,
    )


def coefficient_table(
    summary: Summary, slopes: list[Slope], coefficients: tuple[str, ...], caption: str
) -> Table:
    """Add the probability of a negative value to the summary of the coefficients."""
    negative = {slope.name: slope.negative for slope in slopes}
    frame = summary.table.copy()
    frame.insert(
        frame.columns.to_list().index("upper") + 1,
        "negative",
        [negative.get(name, float("nan")) for name in coefficients],
    )
    return Table(
        caption=caption,
        frame=frame,
        headings=_interval_headings(summary.prob),
        row_heading="coefficient",
        diagnostics=DIAGNOSTICS,
        notes=("P(< 0) is the probability that the coefficient is negative.",),
    )


def group_table(effects: GroupEffects, labels: dict[str, str], model: Model) -> Table:
    """One row a group and effect, under the labels the report shows."""
    frame = effects.table.drop(columns="raw")
    # In the order of what is shown: the table's own order would give anonymous groups away.
    places = {label: place for place, label in enumerate(labels)}
    order = sorted(range(len(frame)), key=lambda k: places[str(frame["group"].iloc[k])])
    frame = frame.iloc[order]
    frame["group"] = [labels[str(label)] for label in frame["group"]]
    where = f", {effects.standing.words}" if effects.standing.places else ""
    return Table(
        caption=f"Deviations of {many_groups(model.design.group(effects.group))}{where}",
        frame=frame.set_index("group"),
        headings=_interval_headings(0.95),
        row_heading=effects.group,
        diagnostics=DIAGNOSTICS,
    )


def prior_table(model: Model, place: Place = "python") -> Table:
    """Every prior, in numbers and in words; the numbers keep the hyphen of the program."""
    frame = model.priors.table
    frame["in words"] = frame["in words"].map(with_minus)
    return Table(
        caption="Priors",
        frame=frame,
        headings={},
        row_heading="parameter",
        notes=(
            "A prior can be changed by its name in the first column, for example "
            f"{words_for(_OWN_PRIOR, place)}. It is then taken as written; with the words at the "
            'means behind it, as in "Normal(50, 10) at the means", it stands where the default '
            "does.",
        ),
    )


def data_tables(report: ModelDataReport) -> tuple[Table, ...]:
    """Caseloads by grouping column, and missing values by column where there are any."""
    tables = []
    if len(report.nesting.table):
        tables.append(
            Table(
                caption="Groups and their rows",
                frame=report.nesting.table,
                headings={"one_client": "with one row"},
                row_heading="column",
            )
        )
    if report.missing:
        tables.append(
            Table(
                caption="Missing values in the columns used (a row may count in several)",
                frame=report.table,
                headings={},
                row_heading="column",
            )
        )
    return tuple(tables)


def predictive_table(check: PredictiveCheck) -> Table:
    """Observed statistics beside the ones the model replicates."""
    return Table(
        caption=f"Statistics of the outcome, observed and replicated from the {check.kind}",
        frame=check.table,
        headings={
            "predicted": "replicated",
            "lower": "2.5%",
            "upper": "97.5%",
            "p": "P(replicated > observed)",
        },
        row_heading="statistic",
        notes=(
            f"P is the share of data sets simulated from the {check.kind} with a larger value; "
            "near 0 or 1 they are unlike the data in that respect.",
            *filter(None, [check.scoring]),
        ),
    )
