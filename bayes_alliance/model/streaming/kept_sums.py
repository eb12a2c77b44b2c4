"""The sums of streamed rows as bytes, and back to the last bit: no pickle."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
import pandas as pd

from bayes_alliance.kernels.cell_sums import CellSums
from bayes_alliance.model.design import Design
from bayes_alliance.model.frame import ModelFrame
from bayes_alliance.model.streaming.ranges import ObservedRange
from bayes_alliance.model.streaming.rows import StreamedRows, group_of_cell
from bayes_alliance.model.streaming.sums import StreamedSums
from bayes_alliance.model.streaming.typical_rows import typical_rows

ARRAYS, CELLS, WORDS = "sums.npz", "sums_cells.parquet", "sums.json"
_SUMS = tuple(field.name for field in fields(CellSums))
_OF_CELLS, _OF_ROWS = "cells", "unweighted"
_ENDS = ("lowest", "highest")


def stream_to_bytes(stream: StreamedRows) -> dict[str, bytes]:
    """Return all that a model keeps of its streamed rows, as members of an archive."""
    sums = stream.sums
    arrays = {_place(_OF_CELLS, name): getattr(sums.cells, name) for name in _SUMS}
    weighted = sums.unweighted is not sums.cells
    if weighted:
        arrays |= {_place(_OF_ROWS, name): getattr(sums.unweighted, name) for name in _SUMS}
    arrays |= {"repeats": sums.repeats, "log_weight": sums.log_weight}
    for end in _ENDS:
        own = [getattr(values, end) for values in sums.ranges.values()]
        arrays[end] = np.asarray(own).reshape(len(own), len(sums.repeats))
    arrays |= {f"constant_{k}": constant for k, constant in enumerate(stream.constants)}
    words = {
        "weighted": weighted,
        "mean_inverse_weight": sums.mean_inverse_weight,
        "ranges": {n: [own.only_two, own.truths] for n, own in sums.ranges.items()},
        "whole_weights": sums.whole_weights,
        "half_ranges": list(sums.half_ranges),
        "frequency": sums.frequency,
        "squared_weights": sums.squared_weights,
        "places": [list(own) for own in stream.places],
        "source": stream.source,
        "sorted_levels": dict(stream.sorted_levels),
    }
    table, numbers = io.BytesIO(), io.BytesIO()
    stream.cells.to_parquet(table, index=False)
    np.savez(numbers, allow_pickle=False, **arrays)
    return {
        ARRAYS: numbers.getvalue(),
        CELLS: table.getvalue(),
        WORDS: json.dumps(words).encode(),
    }


def stream_from_bytes(
    members: Mapping[str, bytes], frame: ModelFrame, design: Design
) -> StreamedRows:
    """Undo :func:`stream_to_bytes`, for the frame and the design of a loaded model."""
    words = json.loads(members[WORDS])
    with np.load(io.BytesIO(members[ARRAYS]), allow_pickle=False) as arrays:
        sums = _sums(arrays, words)
        constants = tuple(arrays[f"constant_{k}"] for k in range(len(words["places"])))
    cells = pd.read_parquet(io.BytesIO(members[CELLS]))
    places = tuple(tuple(own) for own in words["places"])
    typical, outcome = typical_rows(design, sums.counted, places)
    return StreamedRows(
        frame=frame,
        design=design,
        typical_design=typical,
        typical_outcome=outcome,
        sums=sums,
        places=places,
        constants=constants,
        group_of_cell=tuple(group_of_cell(group, cells) for group in design.groups),
        cells=cells,
        source=words["source"],
        sorted_levels=words["sorted_levels"],
    )


def _place(kind: str, name: str) -> str:
    return f"{kind}_{name}"


def _sums(arrays: Any, words: dict[str, Any]) -> StreamedSums:
    cells = CellSums(**{name: arrays[_place(_OF_CELLS, name)] for name in _SUMS})
    unweighted = cells
    if words["weighted"]:
        unweighted = CellSums(**{name: arrays[_place(_OF_ROWS, name)] for name in _SUMS})
    return StreamedSums(
        cells=cells,
        unweighted=unweighted,
        repeats=arrays["repeats"],
        log_weight=arrays["log_weight"],
        mean_inverse_weight=words["mean_inverse_weight"],
        whole_weights=words["whole_weights"],
        half_ranges=tuple(words.get("half_ranges", ())),  # older files do not say it
        frequency=words.get("frequency", False),
        squared_weights=words.get("squared_weights", 0.0),
        ranges={
            name: ObservedRange(lowest=lowest, highest=highest, only_two=two, truths=truths)
            for (name, (two, truths)), lowest, highest in zip(
                words["ranges"].items(), *(arrays[end] for end in _ENDS), strict=True
            )
        },
    )
