"""Reports name no group that was not asked for, in any byte of any format."""

import base64
import dataclasses
import io
import re
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

import bayes_alliance as ba
from bayes_alliance import names as variables
from bayes_alliance.report.blocks import Figure, Heading, Paragraph, Table
from bayes_alliance.report.content import ReportContent, build_content
from bayes_alliance.report.group_labels import Replacements, check_names, shown_labels
from bayes_alliance.report.report_data import report_data, write_data
from bayes_alliance.report.writing import write_content
from bayes_alliance.sampling.fit import Fit

AGENCY, MANAGER, CLIENT = "Agzq", "Maxj", "Clwv"
NESTED = "alliance ~ stigma + (1 + stigma | agency/case_manager)"
CROSSED = "alliance ~ stigma + (1 | agency) + (1 | case_manager) + (1 | client)"


def study() -> pd.DataFrame:
    """Return visits of clients of case managers of agencies, whose ids cannot be mistaken."""
    rng = np.random.default_rng(2)
    agency, manager, client = np.arange(360) // 60, np.arange(360) // 12, np.arange(360) // 3
    table = pd.DataFrame(
        {
            "agency": [f"{AGENCY}{k}" for k in agency],
            # Nested ids that start anew in every agency, and blanks and marks as people type them.
            "case_manager": [f"{MANAGER} O'{'ABCDE'[k % 5]}.-{k % 5}" for k in manager],
            "client": [f"{CLIENT}{k:03d}" for k in client],
            "stigma": rng.normal(3, 1, 360).round(1),
        }
    )
    level = 3 * rng.normal(size=6)[agency] + 3 * rng.normal(size=30)[manager]
    table["alliance"] = 50 + level - table["stigma"] + 4 * rng.normal(size=360)
    # One that is hard to overlook, so that prose has somebody to speak of.
    table.loc[manager == 7, "alliance"] += 25
    return table


@pytest.fixture(scope="module")
def nested(made_up: ModuleType) -> Fit:
    return made_up.made_up_fit(made_up.Model(NESTED, study()))


@pytest.fixture(scope="module")
def crossed(made_up: ModuleType) -> Fit:
    return made_up.made_up_fit(made_up.Model(CROSSED, study()))


def bytes_of(folder: Path) -> bytes:
    """Return all that is written: parts of packages unpacked, embedded files decoded."""
    parts = []
    for place in sorted(folder.rglob("*")):
        if place.is_file():
            parts += [place.name.encode(), place.read_bytes()]
            if place.suffix == ".docx":
                package = zipfile.ZipFile(io.BytesIO(parts[-1]))
                parts += [package.read(name) for name in package.namelist()]
    for part in list(parts):
        parts += [base64.b64decode(found) for found in re.findall(rb"base64,([\w+/=]+)", part)]
    return b"\n".join(parts)


def drawn_texts(content: ReportContent) -> str:
    """Return every text of every picture: what is pixels in a file can be read by people."""
    texts = []
    for figure in (b for s in content.sections for b in s.blocks if isinstance(b, Figure)):
        picture, axes = plt.subplots()
        figure.draw(axes)
        texts += [text.get_text() for text in picture.findobj(Text)]
        plt.close(picture)
    return "\n".join(texts)


def named_in(content: ReportContent, folder: Path, suffixes: Sequence[str]) -> set[str]:
    """Return whose names can be read anywhere in the report, in any of the formats."""
    folder.mkdir()
    for suffix in suffixes:
        write_content(content, folder / f"report.{suffix}")
    written = bytes_of(folder) + drawn_texts(content).encode()
    return {name for name in (AGENCY, MANAGER, CLIENT) if name.encode() in written}


# All formats are written from one content: JSON and the texts of the pictures hold all of it.
ALL, CONTENT = ("html", "docx", "md", "json"), ("json",)
ASKED = [
    ("nested", (), set(), CONTENT),
    ("nested", ("agency",), {AGENCY}, CONTENT),
    ("nested", ("case_manager",), {MANAGER}, CONTENT),
    ("nested", ("agency:case_manager",), {AGENCY, MANAGER}, CONTENT),
    ("crossed", (), set(), ALL),
    ("crossed", ("client", "agency"), {CLIENT, AGENCY}, CONTENT),
    pytest.param("nested", (), set(), ALL, marks=pytest.mark.long),
    pytest.param("nested", ("agency",), {AGENCY}, ALL, marks=pytest.mark.long),
    pytest.param("crossed", ("case_manager",), {MANAGER}, ALL, marks=pytest.mark.long),
]


@pytest.mark.parametrize(("which", "names", "expected", "suffixes"), ASKED)
@pytest.mark.slow
def test_only_those_asked_for_are_named(
    which: str,
    names: tuple[str, ...],
    expected: set[str],
    suffixes: Sequence[str],
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> None:
    fit = request.getfixturevalue(which)
    assert named_in(build_content(fit, names=names), tmp_path / "out", suffixes) == expected


@pytest.mark.slow
def test_a_name_anywhere_is_caught(nested: Fit, tmp_path: Path) -> None:
    """The look through every byte finds an offender: in pixels, in a cell, in the record."""
    content = build_content(nested)

    def with_block(block: Figure | Table) -> ReportContent:
        section = dataclasses.replace(content.sections[-1], blocks=(block,))
        return dataclasses.replace(content, sections=(section,), record={})

    picture = Figure(key="k", caption="c", description="d", draw=lambda axes: axes)
    spoken = dataclasses.replace(picture, draw=lambda axes: axes.set_title(f"{CLIENT}003") and axes)
    cell = Table(
        caption="c", frame=pd.DataFrame({"a": [1.0]}, index=[MANAGER]), headings={}, row_heading="r"
    )
    assert named_in(with_block(picture), tmp_path / "none", ALL) == set()
    assert named_in(with_block(spoken), tmp_path / "drawn", ALL) == {CLIENT}
    assert named_in(with_block(cell), tmp_path / "cell", ALL) == {MANAGER}
    kept = dataclasses.replace(with_block(picture), record={"source": AGENCY})
    assert named_in(kept, tmp_path / "record", ALL) == {AGENCY}


def test_texts_that_name_a_group_are_put_otherwise(nested: Fit) -> None:
    """Whoever wrote them: a note of the fit stands for any sentence."""
    fit = dataclasses.replace(nested, notes=(f"{AGENCY}3:{MANAGER} O'B.-1 of {AGENCY}3 is odd.",))
    notice = build_content(fit).notices[-1]
    assert re.fullmatch(r"case manager \d+ of agency \d is odd\.", notice.text)
    notice = build_content(fit, names=["agency"]).notices[-1]
    assert re.fullmatch(rf"{AGENCY}3: case manager \d+ of {AGENCY}3 is odd\.", notice.text)


def numbered(table: pd.DataFrame) -> pd.DataFrame:
    """Return the study with numbers as ids, which no search for words would find."""
    starts = {"agency": 700_000, "case_manager": 800_000, "client": 900_000}
    codes = {name: pd.factorize(table[name])[0] + start for name, start in starts.items()}
    return table.assign(**codes)


@pytest.mark.slow
@pytest.mark.parametrize("formula", [NESTED, CROSSED])
def test_numbers_as_ids_are_hidden_too(formula: str, made_up: ModuleType) -> None:
    """Managers of several agencies, and ids that are numbers here and text there, are quoted."""
    table = numbered(study()).astype({"client": object})
    table.loc[::7, "client"] = table.loc[::7, "client"].astype(str)
    fit = made_up.made_up_fit(made_up.Model(formula, table))
    notes = " ".join(note.text for note in fit.model.data_report.notes)
    # Managers of several agencies are no question where the formula has them within agencies.
    assert bool(re.search(r"\b[789]000\d\d", notes)) == (formula == CROSSED)
    ids = re.compile(r"\b[789]00\d\d\d\b")
    content = build_content(fit)
    said = write_data(report_data(content)) + drawn_texts(content)
    assert not [said[found.start() - 80 : found.end()] for found in ids.finditer(said)]
    agencies = re.compile(r"\b700\d\d\d\b")
    named = write_data(report_data(build_content(fit, names=["agency"])))
    assert set(ids.findall(named)) == set(agencies.findall(named)) != set()


def test_what_is_seen_in_the_data_names_nobody(made_up: ModuleType) -> None:
    """Neither the ends of ids beside a code, nor an agency that is not in the model."""
    table = study().assign(agency=[f"{AGENCY}{k // 120}" for k in range(360)])
    table["case_manager"] = 101 + np.arange(360) // 12
    table.loc[:3, "case_manager"] = 999
    table.loc[table["agency"].eq(f"{AGENCY}1") & (table.index % 2 == 0), "alliance"] = np.nan
    fit = made_up.made_up_fit(made_up.Model("alliance ~ stigma + (1 | case_manager)", table))
    own = {note.code: note.message for note in fit.model.data_report.notes}
    assert "lie between 101 and 130" in own["codes"]
    assert f"where it is {AGENCY}0" in own["dropped_where"]
    said = write_data(report_data(build_content(fit)))
    assert "far from its other ids" in said
    assert "How many differs by agency. More than chance" in said
    assert not re.search(rf"lie between|{AGENCY}\d", said)
    # An arm is no group, and is told in full.
    arms = table.assign(agency=np.where(table.index % 2 == 0, "new", "usual"))
    fit = made_up.made_up_fit(made_up.Model("alliance ~ stigma + (1 | case_manager)", arms))
    assert "where it is new" in write_data(report_data(build_content(fit)))


@pytest.mark.slow
@pytest.mark.parametrize("make", [study, lambda: numbered(study())])
def test_a_failed_fit_names_nobody_either(
    make: Callable[[], pd.DataFrame], made_up: ModuleType
) -> None:
    """Its findings name the effects whose chains disagree, in the verdict and in checklists."""
    fit = made_up.made_up_fit(made_up.Model(NESTED, make()), divergences=9)
    draws = fit.posterior.copy(deep=True)
    for group in fit.model.groups:
        draws[variables.u(group)][0, :, 2, 0] += 30
    fit = fit.with_group(variables.POSTERIOR, draws)
    ids = re.compile(rf"\b[789]00\d\d\d\b|{AGENCY}|{MANAGER}|{CLIENT}")
    assert ids.search(" ".join(finding.where for finding in ba.diagnose(fit).findings))
    content = build_content(fit)
    assert content.level == "bad"
    said = write_data(report_data(content)) + drawn_texts(content)
    assert not [said[found.start() - 80 : found.end()] for found in ids.finditer(said)]
    assert re.search(r"u_agency\[agency \d, Intercept\]", said)


def test_one_label_has_one_number_everywhere(nested: Fit, crossed: Fit) -> None:
    shown = shown_labels([nested])
    partly = shown_labels([nested], named=frozenset({"case_manager"}))
    agencies = shown.by_group["agency"]
    assert partly.by_group["agency"] == agencies
    upper = {own.split(": ")[0] for own in partly.by_group["agency:case_manager"].values()}
    assert upper == set(agencies.values())
    assert shown_labels([nested, crossed]).by_group["agency"] == agencies


def test_people_have_no_place_one_by_one_unless_asked_for(crossed: Fit) -> None:
    def shown(names: tuple[str, ...]) -> tuple[set[str], str, list[str]]:
        content = build_content(crossed, names=names)
        own = [b for s in content.sections for b in s.blocks]
        figures = {block.key for block in own if isinstance(block, Figure)}
        texts = " ".join(block.text for block in own if isinstance(block, Paragraph | Heading))
        rows = [b for b in own if isinstance(b, Table) and b.row_heading == "client"]
        return figures, texts, [str(label) for table in rows for label in table.frame.index]

    figures, texts, rows = shown(())
    assert "ranks-case_manager" in figures
    assert "ranks-client" not in figures
    assert "groups-client-Intercept" in figures
    assert rows == []
    assert not re.search(r"client \d", texts)
    assert 'names=["client"]' in texts
    figures, _, rows = shown(("client",))
    assert "ranks-client" in figures
    assert len(rows) == 120


def test_a_name_that_is_no_factor_is_refused(nested: Fit) -> None:
    with pytest.raises(
        ba.ModelError, match=r"Did you mean 'case_manager'.*are agency, agency:case"
    ):
        check_names([nested.model], ["case_managr"])
    with pytest.raises(ba.ModelError, match="no such grouping factor"):
        ba.write_report(nested, "report.html", names=["stigma"])
    assert check_names([nested.model], "agency") == {"agency"}


def test_the_program_in_the_report_asks_for_the_same_names(nested: Fit) -> None:
    section = build_content(nested, names=["agency"], title="Ours").sections[-1]
    assert 'write_report(fit, "report.html", title="Ours", names=["agency"])' in str(section)


def test_labels_are_found_quickly_and_where_they_stand_alone() -> None:
    instead = {f"C{k}": f"client {k}" for k in range(100_000)} | {"(x)": "y", "A & B": "both"}
    made = Replacements(instead=instead)
    assert made.made_in("C1, C10 and XC1, (x) of A & B, A & Bs") == (
        "client 1, client 10 and XC1, y of both, A & Bs"
    )
    started = time.perf_counter()
    for k in range(2000):
        made.made_in(f"Nothing of anybody in sentence {k}, nor in the words that follow here.")
    assert time.perf_counter() - started < 5  # 200 million looks would take longer
