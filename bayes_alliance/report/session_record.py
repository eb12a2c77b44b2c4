"""Everything it takes to make a fit again, as plain JSON: settings, priors, versions, digests."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np

from bayes_alliance.data.provenance import EXAMPLE, READ_AS
from bayes_alliance.data.scanning import streamed_from
from bayes_alliance.errors import Place
from bayes_alliance.model.saved import column_fingerprints, fingerprint
from bayes_alliance.model.spec import Model
from bayes_alliance.sampling.fit import Fit
from bayes_alliance.sampling.run import installed_versions
from bayes_alliance.sampling.store import FINGERPRINT

RECORD_FORMAT = 2
_WRITERS = ("jinja2", "latex2mathml", "matplotlib", "pillow", "python-docx")
_DIGITS = 8  # of sums and means, whose last digits depend on the versions that add


def session_record(
    fit: Fit,
    others: Iterable[Fit] = (),
    *,
    title: str | None = None,
    question: str | None = None,
    names: Sequence[str] = (),
    called: Sequence[str] = (),
    place: Place = "python",
) -> dict[str, Any]:
    """Return what a report must hold to be made again; it holds no row of the table.

    Parameters
    ----------
    fit
        The fit the report is of.
    others
        Fits it is compared with.
    title, question, names, place
        As given to the report.
    called
        What the fits are called, the first one included.
    """
    return {
        **_fit_record(fit),
        "record_format": RECORD_FORMAT,
        "title": title,
        "asked": question,
        "names": list(names),
        "called": list(called),
        "place": place,
        "report_versions": installed_versions(),
        "written_with": writing_versions(),
        "others": [_fit_record(other) for other in others],
    }


def writing_versions() -> dict[str, str]:
    """Return the versions of all that decides how a report is laid out and drawn."""
    own = "bayes-alliance"
    return {own: installed_versions()[own], **{name: version(name) for name in _WRITERS}}


def _fit_record(fit: Fit) -> dict[str, Any]:
    model, entries = fit.model, fit.model.priors.entries
    return {
        "formula": model.formula.as_given,
        "family": model.family.name,
        "link": model.link.name,
        "priors": model.priors.strings,
        "priors_chosen": [entry.key for entry in entries if entry.chosen],
        "centring": dict(model.centring),
        "question": dict(vars(model.question)),
        "settings": fit.settings.as_dict(),
        "versions": dict(fit.versions),
        "interrupted": fit.interrupted,
        "held": fit.has_data or fit.has_sums,
        "draws": fit.draws_in_all,
        "draws_sha256": draws_digest(fit),
        "data": data_record(model),
    }


def draws_digest(fit: Fit) -> str:
    """Return a digest of the posterior draws, but for effects that are drawn again when needed."""
    digest = hashlib.sha256()
    redrawn = set(fit.redrawn_effects)
    for name in sorted(str(variable) for variable in fit.posterior.data_vars):
        if name not in redrawn:
            values = np.ascontiguousarray(fit.posterior[name].to_numpy(), dtype="<f8")
            digest.update(f"{name}{values.shape}".encode())
            digest.update(values.data)
    return digest.hexdigest()


def data_record(model: Model) -> dict[str, Any]:
    """Return what tells a model's rows from others, and where they came from if that is known."""
    frame = model.frame
    held = len(frame.rows) > 0
    return {
        "rows_in_table": frame.rows_in_table,
        "rows_used": frame.rows_used,
        "missing": dict(frame.missing),
        "columns": [str(name) for name in frame.rows.columns],
        "fingerprint": _fingerprint(model),
        "fingerprint_by_column": column_fingerprints(frame.rows) if held else {},
        "learnt_sha256": _learnt_digest(model) if held or model.stream is not None else None,
        "source": frame.source,
        "simulated": bool(frame.rows.attrs.get("simulated")),
        **_provenance(model),
    }


def _fingerprint(model: Model) -> str | None:
    """Return the digest of the rows; None for streamed ones whose sums were left out."""
    rows = model.frame.rows
    if model.stream is not None:
        return _sums_digest(model)
    if len(rows):
        return fingerprint(rows)
    kept: str = rows.attrs[FINGERPRINT]
    return None if streamed_from(rows) is not None else kept


def _provenance(model: Model) -> dict[str, Any]:
    """Return how the table was made, unless it has lost or gained rows since."""
    attributes, rows = model.frame.rows.attrs, model.frame.rows_in_table
    read_as = attributes.get(READ_AS)
    return {
        "example": attributes.get(EXAMPLE),
        "read_as": read_as if read_as and read_as["rows"] == rows else None,
        "streamed_from": streamed_from(model.frame.rows),
    }


def _learnt_digest(model: Model) -> str:
    """Return a digest of what the design learnt: rows that were dropped can count in it."""
    learnt = [part["learnt"] for part in model.design.parts]
    caseloads = [group.caseloads.tolist() for group in model.design.groups]
    text = json.dumps(_rounded([learnt, caseloads]), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _sums_digest(model: Model) -> str:
    """Return a digest of streamed rows: of their sums, to the digits that are not noise."""
    assert model.stream is not None  # asked for streamed models only
    sums = model.stream.sums
    digest = hashlib.sha256()
    for values in (sums.cells.weight, sums.cells.mean, sums.cells.products, sums.repeats):
        largest = np.abs(values).max(axis=0, initial=0.0)
        with np.errstate(divide="ignore"):
            step = np.where(largest > 0, 10.0 ** (np.floor(np.log10(largest)) - _DIGITS), 1.0)
        digest.update(np.ascontiguousarray(np.round(values / step) + 0.0, dtype="<f8").data)
    return digest.hexdigest()


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(held) for name, held in value.items()}
    if isinstance(value, list):
        return [_rounded(held) for held in value]
    return float(f"{value:.{_DIGITS}g}") if isinstance(value, float) else value
