"""The net: what every verb, model and report says of fixed fits is what it said before.

A change that is meant to change no number or word leaves every snapshot as it is; one that is
meant to is renewed with ``pytest tests/net --renew-net`` and read in the difference.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from net_tests.described import model_text
from net_tests.fixed_fits import CASES
from net_tests.questions import DESCRIBED, ELSEWHERE, VERBS, WITHOUT_A_FIT, asking
from net_tests.reported import report_text
from net_tests.snapshots import HERE
from net_tests.told import asked

import bayes_alliance as ba

REPORTS = {
    "slopes_of_the_library": ("json", "html"),
    "student_nested": ("json",),
    "bernoulli_slopes": ("json",),
    "counts_slopes": ("json", "md"),
    "ordinal_logit": ("json", "md"),
    "without_groups": ("json",),
    "streamed_slopes": ("json",),
}
# By quadrature within quadrature, or by bridges: seconds each.
LONG_VERBS = {"log_evidence", "bayes_factors"}
LONG_CASES = {
    ("ordinal_probit_nested", verb)
    for verb in ("compare", "influence", "with_group_log_likelihood")
}


def snapshot(case: str, verb: str) -> str:
    return f"{case}/{verb}.txt"


def verbs_of_cases() -> list[Any]:
    return [
        pytest.param(
            case,
            verb,
            id=f"{case}-{verb}",
            marks=[pytest.mark.slow] if verb in LONG_VERBS or (case, verb) in LONG_CASES else [],
        )
        for case in CASES
        for verb in VERBS
    ]


def formats_of_cases() -> list[Any]:
    return [
        pytest.param(case, suffix, id=f"{case}-{suffix}", marks=pytest.mark.slow)
        for case, suffixes in REPORTS.items()
        for suffix in suffixes
    ]


@pytest.mark.parametrize("case", CASES)
def test_a_model_describes_itself_as_before(
    case: str, asked_of: Callable[[str], Any], keep: Callable[..., None]
) -> None:
    stands = asked_of(case)
    keep(snapshot(case, "Model"), model_text(stands.fit.model, stands.rows), stands.folder)


@pytest.mark.parametrize(("case", "verb"), verbs_of_cases())
def test_a_verb_answers_as_before(
    case: str, verb: str, asked_of: Callable[[str], Any], keep: Callable[..., None]
) -> None:
    stands = asked_of(case)
    names = asking(stands)
    answers = [
        f"# {question}\n{asked(lambda q=question: eval(q, names))}" for question in VERBS[verb]
    ]
    keep(snapshot(case, verb), "\n\n".join(answers), stands.folder)


@pytest.mark.parametrize(("case", "suffix"), formats_of_cases())
def test_a_report_says_what_it_said(
    case: str,
    suffix: str,
    asked_of: Callable[[str], Any],
    keep: Callable[..., None],
    tmp_path: Path,
) -> None:
    stands = asked_of(case)
    keep(
        snapshot(case, f"report_{suffix}"), report_text(stands.fit, tmp_path, suffix), stands.folder
    )


def test_every_public_name_is_in_the_net_or_says_why_not() -> None:
    places = [set(VERBS), DESCRIBED, set(ELSEWHERE), WITHOUT_A_FIT]
    assert set().union(*places) == set(ba.__all__)
    assert sum(map(len, places)) == len(ba.__all__)


def test_every_snapshot_belongs_to_a_question(renewing: bool) -> None:
    expected = {snapshot(case, verb) for case in CASES for verb in (*VERBS, "Model")}
    expected |= {
        snapshot(case, f"report_{suffix}") for case, own in REPORTS.items() for suffix in own
    }
    kept = {str(place.relative_to(HERE).as_posix()) for place in HERE.rglob("*.txt")}
    for name in kept - expected if renewing else ():
        (HERE / name).unlink()
        kept.discard(name)
    assert kept == expected
