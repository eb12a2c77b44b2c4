"""The prose of whole reports over a grid of cases: it never says more than the numbers do."""

import json
import re
from collections.abc import Callable, Iterator
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import bayes_alliance as ba
from bayes_alliance import names
from bayes_alliance.errors import Place
from bayes_alliance.report.blocks import Checklist, Equation, Figure, Items, Notice, Paragraph
from bayes_alliance.report.content import ReportContent, build_content
from bayes_alliance.report.html import render_page
from bayes_alliance.report.markdown import render_markdown
from bayes_alliance.report.report_data import report_data, write_data
from bayes_alliance.report.reproduction.told_content import figures_of, told_content
from bayes_alliance.sampling.fit import Fit

SLOPES = "alliance ~ stigma + (1 + stigma | case_manager)"
CLAIMS = ("almost certainly", "very probably", "is probably")


def moved(
    fit: Fit, variable: str, element: str | None, value: Callable[[xr.DataArray], object]
) -> Fit:
    """Return the fit with the draws of one element made anew."""
    posterior = fit.posterior.copy(deep=True)
    values = posterior[variable].to_numpy().copy()
    if element is None:
        values[...] = value(posterior[variable])
    else:
        dim = posterior[variable].dims[-1]
        k = list(posterior[dim].to_numpy()).index(element)
        values[..., k] = value(posterior[variable][..., k])
    posterior[variable] = (posterior[variable].dims, values)
    return fit.with_group(names.POSTERIOR, posterior)


@pytest.fixture(scope="module")
def cases(
    made_up: ModuleType, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Callable[[], object]]:
    """How to make the fits of each case, made when asked for."""
    example, table = made_up.example_model, made_up.many_groups_table(40)
    table["calls"] = np.digitize(table["score"], [6, 9, 12, 15, 18])
    table["ward"] = [f"W{k % 7}" for k in range(len(table))]
    table["clinic"] = [f"C{int(t[1:]) % 8}" for t in table["therapist"]]
    holes = table.assign(age=table["age"].where(table.index % 9 != 0))
    few = table[table["therapist"] < "T0004"].assign(therapist=lambda t: t["therapist"])
    capped = table.assign(score=table["score"].clip(upper=table["score"].quantile(0.7)))
    fit = made_up.made_up_fit
    folder = tmp_path_factory.mktemp("fits")

    def model(formula: str, rows: pd.DataFrame = table, family: str = "gaussian") -> Fit:
        return fit(made_up.Model(formula, rows, family))

    def sampled(formula: str) -> Fit:
        return ba.sample(ba.Model(formula, table), seed=1, progress=False)

    def slope(mean: float) -> Fit:
        noise = np.random.default_rng(1).standard_normal((4, 300))
        return moved(fit(example(SLOPES)), names.B, "stigma", lambda _: mean + noise)

    def streamed() -> Fit:
        path = folder / "rows.parquet"
        ba.load_example("simulated_study").to_parquet(path)
        return ba.sample(ba.Model(SLOPES, ba.scan_table(path)), seed=1, progress=False)

    def near_zero(values: xr.DataArray) -> object:
        return 0.01 * values

    return {
        "nothing there": lambda: slope(0.0),
        "clear positive": lambda: slope(5.0),
        "clear negative": lambda: slope(-5.0),
        "boundary": lambda: moved(
            fit(example("alliance ~ 1 + (1 | case_manager)")), "sd_case_manager", None, near_zero
        ),
        "bad": lambda: fit(example(SLOPES), divergences=40),
        "few groups": lambda: model("score ~ age + (1 | therapist)", few),
        "several fits": lambda: [
            fit(example(SLOPES)), fit(example("alliance ~ stigma + (1 | case_manager)"), seed=6)
        ],
        "one of several bad": lambda: [
            fit(example(SLOPES)),
            fit(example("alliance ~ stigma + (1 | case_manager)"), divergences=40),
        ],
        "binary": lambda: model("returned ~ age + (1 | therapist)", family="bernoulli"),
        "ordinal": lambda: model("rating ~ age + (1 | therapist)", family="cumulative"),
        "counts": lambda: model("calls ~ age + (1 | therapist)", family="poisson"),
        "student": lambda: model("score ~ age + (1 | therapist)", family="student"),
        "nested": lambda: sampled("score ~ age + (1 | clinic/therapist)"),
        "crossed": lambda: sampled("score ~ age + (1 | therapist) + (1 + age || ward)"),
        "no groups": lambda: model("score ~ age"),
        "no predictors": lambda: model("score ~ 1 + (1 | therapist)"),
        "missing rows": lambda: model("score ~ age + (1 | therapist)", holes),
        "ceiling": lambda: model("score ~ age + (1 | therapist)", capped),
        "streamed": streamed,
        "streamed and loaded": lambda: ba.load_fit(streamed().save(folder / "s.fit")),
        "streamed and bare": lambda: ba.load_fit(streamed().save(folder / "b.fit", data=False)),
        "without rows": lambda: ba.load_fit(
            fit(example(SLOPES)).save(folder / "a.fit", data=False)
        ),
    }  # fmt: skip


NAMES = [
    "nothing there", "clear positive", "clear negative", "boundary", "bad", "few groups",
    "several fits", "one of several bad", "binary", "ordinal", "counts", "student", "nested",
    "crossed", "no groups", "no predictors", "missing rows", "ceiling", "streamed",
    "streamed and loaded", "streamed and bare", "without rows",
]  # fmt: skip


@pytest.fixture(scope="module")
def report(cases: dict[str, Callable[[], object]]) -> Callable[..., ReportContent]:
    fits: dict[str, object] = {}
    made: dict[tuple[str, Place], ReportContent] = {}

    def content(name: str, place: Place = "python") -> ReportContent:
        if name not in fits:
            fits[name] = cases[name]()
        if (name, place) not in made:
            made[name, place] = build_content(fits[name], place=place)  # type: ignore[arg-type]
        return made[name, place]

    return content


def texts(content: ReportContent, *keys: str) -> Iterator[str]:
    """Every sentence of a report, or of some of its sections."""
    if not keys:
        yield from (content.title, content.subtitle, *content.conclusions)
        yield from (f"{notice.title} {notice.text}" for notice in content.notices)
    for section in content.sections:
        if keys and section.key not in keys:
            continue
        for block in section.blocks:
            if isinstance(block, Paragraph):
                yield block.text
            elif isinstance(block, Items):
                yield from block.items
            elif isinstance(block, Notice):
                yield f"{block.title} {block.text}"
            elif isinstance(block, Figure):
                yield f"{block.caption} {block.description}"
            elif isinstance(block, Equation):
                yield block.words
            elif isinstance(block, Checklist):
                yield from (f"{item.asked} {item.answer}" for item in block.items)


def whole(content: ReportContent, *keys: str) -> str:
    return "\n".join(texts(content, *keys))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_prose_holds_for_every_kind_of_fit(
    report: Callable[[str], ReportContent], name: str
) -> None:
    content = report(name)
    text = whole(content)
    assert "significan" not in text.lower()
    assert not re.search(r"\bnan\b|\bNone\b|\binf\b|\{\w+\}|<function|About (under|over)", text)
    assert not re.search(
        r"(?<![\w.])-\d", "\n".join(texts(content, "results", "slopes", "influence"))
    )
    keys = [
        figure.key for s in content.sections for figure in s.blocks if isinstance(figure, Figure)
    ]
    assert len(keys) == len(set(keys))
    for section in content.sections:
        assert section.blocks, section.key
        for block in section.blocks:
            if isinstance(block, Figure):
                assert block.description.rstrip().endswith("."), block.key
            if isinstance(block, Checklist):
                known = {s.key for s in content.sections}
                assert {item.section for item in block.items} <= known | {None}
                for item in block.items:
                    assert item.answer.strip()
                    assert (item.section is None) <= (
                        "eft to the author" in item.answer or "No" in item.answer
                    )


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_report_speaks_in_the_words_of_its_place(
    report: Callable[..., ReportContent], place_words: ModuleType, name: str
) -> None:
    for text in place_words.sentences(report(name)):
        assert not place_words.option_words(text), text
    for text in place_words.sentences(report(name, "command line")):
        assert not place_words.python_words(text), text


@pytest.mark.slow
def test_the_words_of_the_other_place_would_be_seen(
    report: Callable[..., ReportContent], place_words: ModuleType
) -> None:
    """The same reports, held against the rule of the other place, break it."""
    said = place_words.sentences(report("without rows"))
    found = {word for text in said for word in place_words.python_words(text)}
    assert {"load_fit(path, data=your_table", "priors="} <= found
    said = place_words.sentences(report("without rows", "command line"))
    found = {word for text in said for word in place_words.option_words(text)}
    assert {"--data", "--prior"} <= found
    plain = 'Write --prior "b=Normal(0, 5)", --missing x=99, or y ~ bs(x, df=4) + (1 | g).'
    assert not place_words.python_words(plain)
    assert not place_words.option_words("One unit more of x – or -3 – and long-term care.")


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_kind_comes_back_from_its_data(
    report: Callable[[str], ReportContent], name: str
) -> None:
    """What is held against a received page is that very page, if nobody changed it."""
    content = report(name)
    data = json.loads(write_data(report_data(content)))
    told = told_content(data, figures_of(content))
    assert report_data(told) == data
    assert render_page(told) == render_page(content)
    assert render_markdown(told, folder="f") == render_markdown(content, folder="f")


def test_strength_of_a_claim_follows_the_draws(report: Callable[[str], ReportContent]) -> None:
    keys = ("in-short", "methods")
    nothing = whole(report("nothing there"), *keys)
    assert "leave open whether the slope of stigma" in nothing
    assert not any(
        f"{claim} positive" in nothing or f"{claim} negative" in nothing for claim in CLAIMS
    )
    positive, negative = (
        whole(report(f"clear {sign}"), *keys) for sign in ("positive", "negative")
    )
    assert "almost certainly positive" in positive
    assert "negative: probability" not in positive
    assert "almost certainly negative" in negative
    assert "alliance being lower" in negative


@pytest.mark.slow
def test_a_bad_fit_withholds_every_claim(report: Callable[[str], ReportContent]) -> None:
    content = report("bad")
    assert content.notices[0].title == "This fit is not to be relied on"
    text = whole(content)
    assert not any(claim in text for claim in CLAIMS)
    assert "About " not in text
    assert "goes with" not in text
    (methods,) = [s for s in content.sections if s.key == "methods"]
    assert [type(block) for block in methods.blocks] == [Notice]
    assert "Left out, because the fit failed" in whole(content, "sensitivity")
    assert "simulated from the model" not in text
    assert "does not reproduce" not in text
    assert "Not answered: the fit failed" in whole(content, "checklist")
    assert "Left to the author: Left out" not in whole(content, "checklist")
    assert "depends on one group" not in text


@pytest.mark.slow
def test_a_spread_of_nothing_is_called_that(report: Callable[[str], ReportContent]) -> None:
    text = whole(report("boundary"), "in-short")
    assert "It may be next to nothing." in text


@pytest.mark.slow
def test_few_groups_are_a_limit_and_a_finding(report: Callable[[str], ReportContent]) -> None:
    content = report("few groups")
    assert "There are only 4 groups" in whole(content, "limits")
    assert "4 groups of therapist say little" in whole(content, "computation")


@pytest.mark.slow
def test_several_fits_are_compared_by_short_names(report: Callable[[str], ReportContent]) -> None:
    content = report("several fits")
    text = whole(content, "comparison")
    assert "'Model 1'" in text
    assert "'Model 2'" in text
    methods = whole(content, "methods")
    assert "Model 2, alliance ~ stigma + (1 | case_manager)" in methods
    assert "Merkle" in methods
    bad = whole(report("one of several bad"), "comparison")
    assert "Nothing is compared, because the fit of 'Model 2' failed" in bad


@pytest.mark.slow
def test_scales_are_named_where_there_is_a_link(report: Callable[[str], ReportContent]) -> None:
    for name in ("binary", "ordinal"):
        text = whole(report(name), "in-short", "limits")
        assert "(logit scale)" in text
        assert "odds" in text
        assert "fixed by convention" in text
    text = whole(report("counts"), "in-short", "limits")
    assert "of the variance in calls (log scale)" in text
    assert "rate ratio" in text
    assert "that of a lognormal variable with the counts' mean and variance" in text
    assert "fixed by convention" not in text
    assert "Poisson" in whole(report("counts"), "methods")


@pytest.mark.slow
def test_levels_are_named_one_by_one(report: Callable[[str], ReportContent]) -> None:
    nested, crossed = (whole(report(name), "in-short") for name in ("nested", "crossed"))
    assert "between therapists within clinics" in nested
    assert "between clinics" in nested
    assert "between wards" in crossed
    assert "between" not in whole(report("no groups"), "in-short")
    assert "slope" not in whole(report("no predictors"), "in-short")


@pytest.mark.slow
def test_rows_left_out_and_ceilings_are_limits(report: Callable[[str], ReportContent]) -> None:
    assert "had a missing value and were left out" in whole(report("missing rows"), "limits")
    assert "lacked a value" in whole(report("missing rows"), "methods")
    assert re.search(
        r"3\d% of the rows have the highest value of score", whole(report("ceiling"), "limits")
    )
    assert "ceiling" not in whole(report("missing rows"), "limits")


@pytest.mark.slow
def test_streamed_rows_give_shares_of_their_sums_and_never_a_wrong_advice(
    report: Callable[[str], ReportContent],
) -> None:
    for name in ("streamed", "streamed and loaded"):
        text = whole(report(name))
        assert "on average over the rows; at the mean of stigma (0.05) it is" in text, name
        assert "your_table" not in text
        assert "random sample of the rows" in whole(report(name), "predictive")
    bare = whole(report("streamed and bare"))
    assert "for which no rows are needed" in bare
    assert "your_table" not in bare
    saved = whole(report("without rows"), "predictive")
    assert "load_fit(path, data=your_table)" in saved


@pytest.mark.slow
def test_an_anonymous_report_names_no_group_that_stands_out() -> None:
    rng = np.random.default_rng(3)
    level = np.r_[rng.normal(0, 0.4, 23), 6.0].repeat(5)
    ward = np.repeat([f"Ward{k:02d}" for k in range(24)], 5)
    table = pd.DataFrame({"ward": ward, "score": level + rng.normal(size=120)})
    fit = ba.sample(ba.Model("score ~ 1 + (1 | ward)", table), seed=1, progress=False)
    named = build_content(fit, names=["ward"])
    for key in ("groups", "influence", "methods"):
        assert "Ward23" in whole(named, key), key
    hidden = build_content(fit)
    assert not re.search(r"Ward\d", whole(hidden))
    assert re.search(r"ward \d+", whole(hidden, "groups"))
