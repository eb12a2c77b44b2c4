"""Every name that a spreadsheet can hold is kept to the letter, in every format, and stays text."""

import html.parser
import io
import json
import re
import warnings

import docx
import numpy as np
import pandas as pd
import pytest

from bayes_alliance.errors import DataError
from bayes_alliance.report.writing import as_cells, write_report
from bayes_alliance.sampling.loading import load_fit

NAMES = {
    "slash": "drinks/week",
    "new line": "first\nsecond",
    "tab": "left\tright",
    "control": "one\x01two",
    "long": "n" * 10_000,
    "right to left": "\u202ecba",
    "hebrew": "\u200f\u05e9\u05dc\u05d5\u05dd",
    "zero width": "zero\u200bwidth",
    "decomposed": "Ze\u0301ro",
    "composed": "Z\u00e9ro",
    "emoji": "🙂👩\u200d👧",
    "dollar": "$x_1$ & $$y$$",
    "backslash": "a\\frac{b}",
    "pipe": "a | b || c",
    "quotes": """it's "quoted\"""",
    "script": "<script>alert(1)</script>",
    "image": "<img src=x onerror=alert(2)>",
    "entity": "&amp; &lt;b&gt;",
    "power": "x^2",
    "brackets": "x[1]",
    "colon": "p:q",
    "star": "p*q",
    "format": "100%d %s {0} {x}",
    "spreadsheet": '=HYPERLINK("http://x","y")',
    "plus": "+1",
    "minus": "-1+2",
    "at": "@SUM(A1)",
    "keyword": "lambda",
    "function": "log",
    "variable": "sigma",
    "literal": "None",
    "effects": "u_client",
    "trailing": "name ",
    "blank": " ",
    "number": "2024",
    "windows": "con",
    "dots": "..",
    "markdown": "# *x* _y_ [z](http://w)",
}
REFUSED = {
    "drinks/week": "A slash parts groups",
    "a\\b": "A backslash parts folders",
    "a\x00b": "It holds a sign that is none",
    "..": "A name of dots only",
    "n" * 10_000: "It is longer than the 200 bytes",
    "é" * 101: "It is longer than the 200 bytes",
    "sigma": "The results use that name",
    "chain": "The results use that name",
}


FEW = (
    "slash",
    "control",
    "script",
    "dollar",
    "backslash",
    "pipe",
    "power",
    "right to left",
    "format",
)


def table(columns, labels) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    size = 4 * len(labels)
    numbers = {name: rng.normal(size=size) for name in columns}
    return pd.DataFrame(
        {
            "score": rng.normal(size=size),
            "kind": list(labels) * 4,
            "who": np.repeat(list(labels), 4),
            **numbers,
        }
    )


def quoted(name):
    return f"`{name}`"


def everywhere(made_up, labels):
    """Return a fit in which every name is a predictor, a level and a group, and one a slope."""
    terms = " + ".join(map(quoted, labels))
    formula = f"score ~ {terms} + C(kind) + (1 + `drinks/week` | who)"
    return made_up.made_up_fit(made_up.Model(formula, table(labels, labels)), draws=30)


def test_names_are_columns_levels_and_groups_to_the_letter(made_up, tmp_path):
    made = everywhere(made_up, list(NAMES.values()))
    made.save(tmp_path / "names.fit")
    for fit in (made, load_fit(tmp_path / "names.fit")):
        assert set(NAMES.values()) <= set(fit.model.design.coefficients)
        assert set(fit.model.design.group("who").labels) == set(NAMES.values())
        levels = fit.model.design.part["columns"]["kind"]["levels"]
        assert set(levels) == set(NAMES.values())
    rows = table(NAMES.values(), NAMES.values())
    new = made.model.rebuild_design(rows)
    place = made.model.design.coefficients.index("x^2")
    assert np.array_equal(new.X[:, place], rows["x^2"])


@pytest.mark.parametrize("name", REFUSED, ids=lambda name: ascii(name[:12]))
@pytest.mark.parametrize("formula", ["{} ~ x + (1 | g)", "y ~ x + (1 | {})"])
def test_what_cannot_name_a_result_is_refused_before_sampling(made_up, name, formula):
    rows = pd.DataFrame({"y": [1.0, 2, 4, 3], "x": [0.0, 1, 0, 2], "g": [*"abab"]})
    asked = "y" if formula.startswith("{}") else "g"
    with pytest.raises(DataError, match=REFUSED[name]) as caught:
        made_up.Model(formula.format(quoted(name)), rows.rename(columns={asked: name}))
    assert len(str(caught.value)) < 600
    assert caught.value.facts["columns"] == [name]


ALLOWED = [name for name in NAMES.values() if name not in REFUSED and "/" not in name]


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in ALLOWED if "\\" not in n], ids=ascii)
@pytest.mark.parametrize("formula", ["{} ~ age + (1 | who)", "score ~ age + (1 | {})"])
def test_any_other_names_the_outcome_and_the_groups(made_up, tmp_path, name, formula):
    asked = "score" if formula.startswith("{}") else "who"
    rows = table(["age"], NAMES.values()).rename(columns={asked: name})
    fit = made_up.made_up_fit(made_up.Model(formula.format(quoted(name)), rows), draws=20)
    fit.save(tmp_path / "one.fit")
    model = load_fit(tmp_path / "one.fit").model
    assert name in (model.outcome, *model.groups)


class _Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.words = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, words):
        self.words.append(words)


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(FEW, marks=pytest.mark.slow, id="few"),
        pytest.param(tuple(NAMES), marks=pytest.mark.long, id="all"),
    ],
)
def written(request, made_up, tmp_path_factory):
    """The names of a report, and the report in every format."""
    labels = [NAMES[key] for key in request.param]
    folder = tmp_path_factory.mktemp("hostile")
    places = [folder / f"r.{kind}" for kind in ("html", "docx", "md", "json")]
    title = " ".join(name for name in labels if len(name) < 100)
    with warnings.catch_warnings():
        # A name of 10,000 letters leaves no room beside it.
        warnings.filterwarnings("ignore", "constrained_layout not applied", UserWarning)
        warnings.filterwarnings("ignore", "Glyph", UserWarning)
        write_report(everywhere(made_up, labels), places, title=title, names=["who"])
    return labels, {place.suffix: place for place in places}


def plain(text):
    return re.sub(r"[\s\x00-\x1f\ufffd]+", "", text)


def test_the_page_holds_them_as_text(written):
    labels, places = written
    page = _Page(places[".html"].read_text(encoding="utf-8"))
    assert [tag for tag, _ in page.tags].count("script") == 2
    assert not [tag for tag, own in page.tags if "onerror" in own or own.get("src") == "x"]
    words = plain("".join(page.words))
    assert [name for name in labels if plain(name) not in words] == []


def test_the_document_opens_and_holds_them(written):
    labels, places = written
    document = docx.Document(io.BytesIO(places[".docx"].read_bytes()))
    cells = {plain(c.text) for t in document.tables for row in t.rows for c in row.cells}
    assert [name for name in labels if not any(plain(name) in cell for cell in cells)] == []


def test_markdown_makes_no_element_of_them(written):
    labels, places = written
    text = places[".md"].read_text(encoding="utf-8")
    prose = re.sub(r"^(`{3,}).*?^\1$", "", text, flags=re.DOTALL | re.MULTILINE)
    assert len(prose) < len(text)
    assert not re.search(r"(?<!\\)<(?!a id=|/a>)[a-zA-Z/!]", prose)
    told = plain(re.sub(r"\\([\\`*_\[\]<>|$~^#+-])", r"\1", text))
    assert [name for name in labels if plain(name) not in told] == []
    for drawing in (places[".md"].parent / "r_figures").iterdir():
        assert re.fullmatch(r"[\w.-]+", drawing.name)


def test_the_data_hold_them_to_the_letter(written):
    labels, places = written
    held = json.loads(places[".json"].read_text(encoding="utf-8"))

    def texts(item):
        if isinstance(item, dict):
            return [*item, *(text for part in item.values() for text in texts(part))]
        return [text for part in item for text in texts(part)] if isinstance(item, list) else [item]

    found = {text for text in texts(held) if isinstance(text, str)}
    assert set(labels) <= found


def test_a_spreadsheet_runs_no_cell_of_the_numbers():
    texts = ["=1+1", "+1+1", "-1+2", "@SUM(A1)", "\t=1", "plain", "-0.5", "a=b"]
    frame = pd.DataFrame(
        {"=x": texts, "number": np.arange(8.0) - 4}, index=pd.Index(texts, name="q")
    )
    back = pd.read_csv(io.StringIO(as_cells(frame).to_csv()), index_col="q", dtype={"'=x": str})
    shown = ["'=1+1", "'+1+1", "'-1+2", "'@SUM(A1)", "'\t=1", "plain", "-0.5", "a=b"]
    assert list(back.index) == list(back["'=x"]) == shown
    assert list(back["number"]) == list(frame["number"])
    assert list(frame["=x"]) == texts
