"""Damaged files of every format end in a sentence, or change what was damaged and nothing else."""

import contextlib
import random
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from bayes_alliance.data.reading import read_table
from bayes_alliance.errors import DataError

ROWS = 40
TABLE = pd.DataFrame(
    {
        "id": [f"{k:04d}" for k in range(ROWS)],
        "name": [("Müller", "Ann Smith", "Özil")[k % 3] for k in range(ROWS)],
        "x": np.round(np.sin(np.arange(ROWS)) + 2, 3),
        "n": [k % 7 for k in range(ROWS)],
    }
)


def zipped(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", TABLE.to_csv(index=False))


WRITERS: dict[str, Callable[[Path], object]] = {
    "a.csv": lambda path: TABLE.to_csv(path, index=False),
    "a.tsv": lambda path: TABLE.to_csv(path, index=False, sep="\t", encoding="cp1252"),
    "s.csv": lambda path: TABLE.to_csv(path, index=False, sep=";", decimal=","),
    "a.csv.gz": lambda path: TABLE.to_csv(path, index=False),
    "a.zip": zipped,
    "a.xlsx": lambda path: TABLE.to_excel(path, index=False),
    "a.sav": lambda path: pyreadstat.write_sav(TABLE, path),
    "r.sav": lambda path: pyreadstat.write_sav(TABLE, path, row_compress=True),
    "a.zsav": lambda path: pyreadstat.write_sav(TABLE, path, compress=True),
    "a.dta": lambda path: pyreadstat.write_dta(TABLE, path),
    "o.dta": lambda path: pyreadstat.write_dta(TABLE.assign(name="b"), path, version=12),
    "a.xpt": lambda path: pyreadstat.write_xport(TABLE.assign(name="b"), path),
    "a.parquet": lambda path: TABLE.to_parquet(path),
    "a.feather": lambda path: TABLE.to_feather(path),
}
# One wrong byte, or one too many or too few: each touches a cell, in text two at the most.
CHANGES = ("flip", "add", "drop")
# What is packed in blocks without a checksum may repeat a damaged value; 8 bytes are a number.
REPEATS = frozenset({"a.parquet", "a.feather"})


def changed(raw: bytes, draw: random.Random) -> bytes:
    place, how = draw.randrange(len(raw)), draw.choice(CHANGES)
    if how == "flip":
        return raw[:place] + bytes([raw[place] ^ 1 << draw.randrange(8)]) + raw[place + 1 :]
    own = bytes([draw.randrange(256)]) if how == "add" else b""
    return raw[:place] + own + raw[place + (how == "drop") :]


def cells(table: pd.DataFrame) -> np.ndarray:
    """Return every cell as text, whole numbers and decimal commas alike."""

    def text(value: object) -> str:
        plain = str(value).replace(",", ".").strip()
        try:
            return repr(float(plain))
        except ValueError:
            return plain

    return table.astype(object).map(text).to_numpy()


@pytest.mark.slow
@pytest.mark.parametrize("name", WRITERS)
def test_a_damaged_byte_changes_its_cell_or_is_refused(tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path / name)
    raw = (tmp_path / name).read_bytes()
    whole = cells(read_table(tmp_path / name))
    draw = random.Random(3)
    outcomes = []
    for _ in range(40 if name.endswith(("csv", "tsv", "gz", "zip", "parquet", "feather")) else 12):
        found: np.ndarray | None = None
        (tmp_path / name).write_bytes(changed(raw, draw))
        begun = time.process_time()
        with contextlib.suppress(DataError):
            found = cells(read_table(tmp_path / name))
        assert time.process_time() - begun < 5
        if found is None:
            outcomes.append("refused")
            continue
        if found.shape != whole.shape:
            pytest.fail(f"{found.shape} instead of {whole.shape}")
        wrong = int((found != whole).sum())
        rows = int((found != whole).any(axis=1).sum())
        assert wrong <= 2 or name in REPEATS or rows == len(whole) == wrong, (wrong, rows)
        outcomes.append("same" if wrong == 0 else "its cell")
    assert "refused" in outcomes
