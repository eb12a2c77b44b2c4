"""One file that is whole or refused: a zip with a manifest of digests, written atomically.

A fit may come by e-mail from anyone. Its draws are zarr arrays of the few kinds this package
writes, read from memory: no path of the file is ever a path on the disk, no codec but the named
ones runs, and no array is unpacked whose size, stated in its head, is out of proportion.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import struct
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bayes_alliance.errors import CHOOSE_A_FIT, SamplingError
from bayes_alliance.whole_file import check_room, write_whole

if TYPE_CHECKING:
    import xarray as xr

_MANIFEST = "manifest.json"
# What zipfile raises for a file that is no zip, ends early, or says impossible things of itself.
_UNREADABLE = (
    zipfile.BadZipFile,
    EOFError,
    OSError,
    ValueError,
    NotImplementedError,
    RuntimeError,
    struct.error,
    zlib.error,
)

# Unpacked a file may be so many times its size, and so many bytes in any case.
_RATIO, _ALWAYS = 100, 256_000_000
_ITEM_BYTES = {
    "bool": 1, "int8": 1, "uint8": 1, "int16": 2, "uint16": 2, "int32": 4, "uint32": 4, "int64": 8,
    "uint64": 8, "float32": 4, "float64": 8, "string": 0,
}  # fmt: skip
_NODE = "zarr.json"
_GROUP_FIELDS = {"attributes", "zarr_format", "node_type"}
_ARRAY_FIELDS = _GROUP_FIELDS | {
    "shape", "data_type", "chunk_grid", "chunk_key_encoding", "fill_value", "codecs",
    "dimension_names", "storage_transformers",
}  # fmt: skip
_KEYS = {"name": "default", "configuration": {"separator": "/"}}
_MOST_AXES = 8
# Older formats leave pieces out, so that their members do not say how many there may be.
_MOST_PIECES = 100_000
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_TEXTS = "string", "large_string"


def write_archive(path: Path, members: Mapping[str, bytes]) -> Path:
    """Write all members or nothing; an existing file is replaced only when the new one is whole.

    Raises
    ------
    SamplingError
        If the folder does not exist, or the path is a folder.
    MachineError
        If the disk is full, the folder is closed to this user, and the like.
    """
    check_archive_path(path)
    manifest = {name: hashlib.sha256(content).hexdigest() for name, content in members.items()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(_MANIFEST, json.dumps(manifest))
        for name, content in members.items():
            archive.writestr(name, content)
    write_whole(path, buffer.getvalue())
    return path


def check_archive_path(path: Path) -> None:
    """Refuse a place where no fit can be saved, before hours of work go into it.

    Raises
    ------
    SamplingError, MachineError
        As :func:`write_archive`.
    """
    asked = f"The fit was to be saved as {path}."
    if path.is_dir():
        raise SamplingError(asked, "That is a folder.", "Choose another name.")
    if not path.parent.is_dir():
        raise SamplingError(
            asked,
            f"There is no folder {path.parent}.",
            "Make the folder first, or choose another place.",
        )
    check_room(path)


def read_archive(path: Path) -> dict[str, bytes]:
    """Read all members and check each against the manifest.

    Raises
    ------
    SamplingError
        If the file is not there, is no archive of this package, was cut short or was changed.
    """
    asked = f"The fit {path} was to be loaded."
    if not path.is_file():
        raise SamplingError(asked, "There is no such file.", "Check the path.")
    try:
        with zipfile.ZipFile(path) as archive:
            if not _is_plain(archive.infolist(), path.stat().st_size):
                raise _damaged(asked)
            members = {name: archive.read(name) for name in archive.namelist()}
    except _UNREADABLE as error:
        raise _damaged(asked) from error
    if _MANIFEST not in members or len(members) == 1:
        raise SamplingError(asked, "It is a zip file, but not a saved fit.", CHOOSE_A_FIT)
    try:
        manifest = json.loads(members.pop(_MANIFEST))
    except ValueError as error:
        raise _damaged(asked) from error
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in members.items()}
    if digests != manifest:
        raise _damaged(asked)
    return members


def _is_plain(members: list[zipfile.ZipInfo], size: int) -> bool:
    """Tell whether members are as this package writes them, each once and not packed.

    What is not packed cannot unpack to more than the file.
    """
    names = [member.filename for member in members]
    return (
        len(set(names)) == len(names)
        and all(member.compress_type == zipfile.ZIP_STORED for member in members)
        and all(member.file_size == member.compress_size for member in members)
        and sum(member.file_size for member in members) <= size
    )


def _damaged(asked: str) -> SamplingError:
    return SamplingError(
        asked,
        "The file was cut short or changed after it was written.",
        "Take a whole copy, or fit the model again; nothing is read from a damaged file.",
    )


class NotAFitError(Exception):
    """A member is not what this package writes; the text says what it is instead."""


def draws_of(members: Mapping[str, bytes], *, whole: bool) -> xr.DataTree:
    """Unpack draws that are as this package writes them.

    Parameters
    ----------
    members
        The files of a zarr hierarchy by their keys, such as ``posterior/b/zarr.json``.
    whole
        Whether every chunk must be there; fits of older formats leave chunks of zeros out.

    Raises
    ------
    NotAFitError
        For any other kind of array, size or member.
    """
    import xarray as xr
    import zarr
    from zarr.core.buffer import default_buffer_prototype

    _check_hierarchy(members, whole=whole)
    buffer = default_buffer_prototype().buffer
    store = zarr.storage.MemoryStore({k: buffer.from_bytes(v) for k, v in members.items()})
    # Numbers as they are stored: no scale, no mask, no date is made of them.
    tree: xr.DataTree = xr.open_datatree(
        store,  # type: ignore[arg-type]  # the zarr engine takes its own stores
        engine="zarr",
        consolidated=False,
        mask_and_scale=False,
        decode_times=False,
    )
    tree = tree.load()
    for node in tree.subtree:
        for array in node.variables.values():
            array.attrs.pop("_FillValue", None)
    return tree


def _check_hierarchy(members: Mapping[str, bytes], *, whole: bool) -> None:
    room = _room(sum(map(len, members.values())))
    unpacked, known = 0, set()
    left = len(members) if whole else _MOST_PIECES
    for key, content in members.items():
        if key.rpartition("/")[2] != _NODE:
            continue
        known.add(key)
        node = json.loads(content)
        if not isinstance(node, dict) or node.get("zarr_format") != 3:
            raise NotAFitError("its draws are not zarr version 3")
        if node.get("node_type") == "group":
            _need(set(node) <= _GROUP_FIELDS, "a group of draws has other entries")
            continue
        chunk = _check_array(node)
        unpacked += max(math.prod(node["shape"]), 1) * max(_ITEM_BYTES[node["data_type"]], 1)
        _need(max(unpacked, chunk) <= room, "its draws unpack to more than the file can hold")
        chunks = _chunk_keys(key.removesuffix(_NODE), node, left)
        left -= len(chunks)
        _need(not whole or chunks <= members.keys(), "some of its draws are missing")
        labels = node["data_type"] == "string"
        items = math.prod(node["chunk_grid"]["configuration"]["chunk_shape"])
        for name in chunks & members.keys():
            unpacked += _check_chunk(members[name], chunk)
            if labels:
                _check_labels(members[name], items)
            _need(unpacked <= 2 * room, "its draws unpack to more than the file can hold")
        known |= chunks
    _need(members.keys() <= known, "there is something beside its draws")


def _check_array(node: Mapping[str, Any]) -> int:
    """Refuse an array of another kind; return the bytes of a chunk, 0 for strings."""
    _need(node.get("node_type") == "array", "a node is neither group nor array")
    _need(set(node) <= _ARRAY_FIELDS, "an array has other entries")
    kind = node["data_type"]
    _need(isinstance(kind, str) and kind in _ITEM_BYTES, "an array is of another type")
    grid = node["chunk_grid"]
    _need(grid["name"] == "regular", "an array is divided otherwise")
    shape, chunk = node["shape"], grid["configuration"]["chunk_shape"]
    _need(
        len(shape) == len(chunk) <= _MOST_AXES
        and all(type(n) is int for n in [*shape, *chunk])
        and all(n >= 0 and 1 <= c <= max(n, 1) for n, c in zip(shape, chunk, strict=True)),
        "an array has an impossible shape",
    )
    _need(node["chunk_key_encoding"] == _KEYS, "an array is divided otherwise")
    _need(not node.get("storage_transformers"), "an array is stored otherwise")
    first = "vlen-utf8" if kind == "string" else "bytes"
    codecs = [codec["name"] for codec in node["codecs"]]
    _need(codecs == [first, "zstd"], "an array is packed otherwise")
    items: int = math.prod(chunk)
    return items * _ITEM_BYTES[kind]


def _chunk_keys(folder: str, node: Mapping[str, Any], most: int) -> set[str]:
    """Return the keys of an array's chunks, which are no more than so many."""
    sizes = node["chunk_grid"]["configuration"]["chunk_shape"]
    counts = [-(-n // c) for n, c in zip(node["shape"], sizes, strict=True)]
    _need(math.prod(counts) <= most, "an array is in too many pieces")
    places: Iterable[tuple[int, ...]] = product(*(range(n) for n in counts))
    return {"/".join([f"{folder}c", *map(str, place)]) for place in places}


def _check_chunk(packed: bytes, size: int) -> int:
    """Read from the head of a zstd frame how long it is unpacked; 0 stands for any length.

    References
    ----------
    .. [1] rfc8878
    """
    _need(len(packed) >= 6 and packed[:4] == _ZSTD_MAGIC, "a piece is packed otherwise")
    head = packed[4]
    kind, single, dictionary = head >> 6, bool(head & 32), (0, 1, 2, 4)[head & 3]
    width = (int(single), 2, 4, 8)[kind]
    start = 5 + (not single) + dictionary
    _need(width > 0 and len(packed) >= start + width, "a piece does not say how long it is")
    stated = int.from_bytes(packed[start : start + width], "little") + 256 * (width == 2)
    if size:
        _need(stated == size, "a piece has another length than its array says")
        return 0
    _need(stated <= _room(len(packed)), "its labels unpack to more than the file can hold")
    return stated


def _check_labels(packed: bytes, items: int) -> None:
    """Refuse labels that say at their beginning that they are more than their array holds."""
    from numcodecs import Zstd

    stated = int.from_bytes(bytes(Zstd().decode(packed)[:4]), "little")
    _need(stated == items, "its labels are not as many as their array says")


def check_parquet(content: bytes, rows: int | None = None) -> None:
    """Refuse a table of another length, or one that unpacks out of proportion.

    Parameters
    ----------
    content
        A Parquet file.
    rows
        How many rows it must have, if that is known.

    Raises
    ------
    NotAFitError
        If it is not so.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = pq.ParquetFile(io.BytesIO(content))
    found = file.metadata.num_rows
    _need(rows in (None, found), "it has another number of rows than it says")
    room = _room(len(content))
    _need(8 * found * file.metadata.num_columns <= room, "its rows unpack to more than it can hold")
    schema = file.schema_arrow
    texts = [f.name for f in schema if str(f.type) in _TEXTS]
    _need(all(not pa.types.is_nested(f.type) for f in schema), "a column holds lists")
    if texts:
        # Each text once: a long one, repeated, is short in the file only.
        once = pq.read_table(io.BytesIO(content), columns=texts, read_dictionary=texts)
        size = sum(map(_text_bytes, once.columns))
        _need(size <= room, "its rows unpack to more than it can hold")


def _text_bytes(column: Any) -> int:
    import pyarrow.compute as pc

    total = 0
    for part in column.chunks:
        lengths = pc.binary_length(part.dictionary)
        total += pc.sum(pc.take(lengths, part.indices)).as_py() or 0
    return total


def check_arrays(content: bytes) -> None:
    """Refuse an archive of numpy arrays whose members are packed: they may unpack to anything.

    Raises
    ------
    NotAFitError
        If it is not so.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
    stored = all(own.compress_type == zipfile.ZIP_STORED for own in members)
    size = sum(own.file_size for own in members)
    _need(stored and size <= len(content), "its sums are packed otherwise")


def _room(packed: int) -> int:
    return max(_ALWAYS, _RATIO * packed)


def _need(holds: bool, otherwise: str) -> None:
    if not holds:
        raise NotAFitError(otherwise)
