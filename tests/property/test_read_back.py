"""Any table written to any format is read back as it was."""

import re
import string
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pyreadstat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bayes_alliance.data.missing_codes import BLANKS, NUMBER
from bayes_alliance.data.reading import read_table

Write = Callable[[pd.DataFrame, Path], object]

WORDS = st.text(string.ascii_letters + "äöüßéñ ,;'", min_size=1, max_size=12).filter(
    lambda text: (
        text == text.strip()
        and text not in BLANKS
        and not NUMBER.fullmatch(text)
        and not re.search("[äöüßéñ]{2}", text)  # tells of no word in any encoding
        and text.lower() not in ("true", "false", "inf", "infinity")
    )
)
NUMBERS = st.decimals(-9999, 9999, places=2).map(float)
NAMES = st.text(string.ascii_lowercase, min_size=1, max_size=6)


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    """Draw a table with an id, words, numbers with gaps and whole numbers."""
    rows = draw(st.integers(3, 8))

    def column(values: st.SearchStrategy[object]) -> list[object]:
        return draw(st.lists(values, min_size=rows, max_size=rows))

    names = draw(st.lists(NAMES, min_size=3, max_size=3, unique=True))
    own = [column(WORDS), column(st.none() | NUMBERS), column(st.integers(-500, 500))]
    table = pd.DataFrame(dict(zip(names, own, strict=True)))
    table.insert(0, "id_", [f"c{k:02d}" for k in range(rows)])
    table[names[1]] = table[names[1]].astype("float64")
    return table


def text(separator: str, decimal: str, encoding: str = "utf-8") -> Write:
    return lambda table, path: table.to_csv(
        path, index=False, sep=separator, decimal=decimal, encoding=encoding
    )


QUICK: dict[str, tuple[str, Write]] = {
    "commas": ("a.csv", text(",", ".")),
    "semicolons": ("a.csv", text(";", ",")),
    "tabs": ("a.tsv", text("\t", ".")),
    "tabs and commas": ("a.txt", text("\t", ",")),
    "windows": ("a.csv", text(";", ",", "cp1252")),
    "utf-16": ("a.csv", text(";", ",", "utf-16")),
    "packed": ("a.csv.bz2", text(",", ".")),
    "parquet": ("a.parquet", lambda table, path: table.to_parquet(path)),
    "feather": ("a.feather", lambda table, path: table.to_feather(path)),
}
APART: dict[str, tuple[str, Write]] = {
    "excel": ("a.xlsx", lambda table, path: table.to_excel(path, index=False)),
    "spss": ("a.sav", lambda table, path: pyreadstat.write_sav(table, path)),
    "spss, short": (
        "a.sav",
        lambda table, path: pyreadstat.write_sav(table, path, row_compress=True),
    ),
    "spss, packed": (
        "a.zsav",
        lambda table, path: pyreadstat.write_sav(table, path, compress=True),
    ),
    "stata": ("a.dta", lambda table, path: pyreadstat.write_dta(table, path)),
}


def check(table: pd.DataFrame, name: str, write: Write) -> None:
    with TemporaryDirectory() as folder:
        write(table, Path(folder) / name)
        found = read_table(Path(folder) / name)
    assert found.columns.tolist() == table.columns.tolist()
    assert len(found) == len(table)
    for column in table.columns:
        if table[column].dtype == "float64":
            np.testing.assert_array_equal(found[column].astype("float64"), table[column])
        else:
            assert found[column].tolist() == table[column].tolist(), column


@pytest.mark.parametrize("form", QUICK)
@given(table=tables())
@settings(max_examples=40)
def test_what_is_written_is_read(form: str, table: pd.DataFrame) -> None:
    name, write = QUICK[form]
    # One number tells how all are written: 1,234 alone may be two.
    check(table.assign(sure=[0.5, *[1.25] * (len(table) - 1)]), name, write)


@pytest.mark.slow
@pytest.mark.parametrize("form", APART)
@given(table=tables())
@settings(max_examples=6)
def test_what_is_written_is_read_in_a_process_of_its_own(form: str, table: pd.DataFrame) -> None:
    check(table, *APART[form])
