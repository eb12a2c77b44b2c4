"""Packed files: unpacked within limits, refused before they fill the memory."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

from bayes_alliance.data.formats.contract import Content
from bayes_alliance.errors import DataError, listed

LARGEST = 2 << 30  # bytes of an unpacked table
# A table shrinks to a tenth, at times to a hundredth; from here on more is a trap.
_FREELY, _TIMES = 64 << 20, 200
_STEP = 1 << 20
_ENCRYPTED, _UTF8 = 0x1, 0x800
_DAMAGED = (OSError, EOFError, zlib.error, lzma.LZMAError, ValueError)


def _open_zstd(path: Path) -> Any:
    try:
        from compression import zstd  # type: ignore[import-not-found,unused-ignore]
    except ImportError as error:
        raise DataError(
            f"{path.name} was to be unpacked.",
            "It is packed with zstd, which this Python cannot unpack; Python 3.14 can.",
            "Unpack it first, or save it as .gz.",
        ) from error
    return zstd.open(path)


_PACKERS: dict[str, tuple[bytes, str, Callable[[Path], Any]]] = {
    ".gz": (b"\x1f\x8b", "gzip", gzip.open),
    ".bz2": (b"BZh", "bzip2", bz2.open),
    ".xz": (b"\xfd7zXZ\x00", "xz", lzma.open),
    ".zst": (b"\x28\xb5\x2f\xfd", "zstd", _open_zstd),
}
PACKED_SUFFIXES = (*_PACKERS, ".zip")


def unpacked(path: Path) -> Content:
    """Return what a file holds: unpacked if it is packed, told by its content.

    Raises
    ------
    DataError
        If it is damaged, would become too large, or holds several files.
    """
    suffixes = [suffix.lower() for suffix in path.suffixes[-2:]]
    outer = suffixes[-1] if suffixes else ""
    plain = Content(name=path.name, suffix=outer, path=path)
    head = plain.head(8)
    for suffix, (magic, word, opened) in _PACKERS.items():
        if head.startswith(magic):
            packed = outer in _PACKERS
            inner = (suffixes[-2] if len(suffixes) > 1 else "") if packed else outer
            raw = _unpacked_stream(path, word, opened)
            return Content(name=path.name, suffix=inner, raw=raw)
        if outer == suffix:
            raise _not_packed(path.name, word)
    if outer == ".zip":
        return _only_member(path)
    _check_size(plain.size, path.name)
    return plain


def _check_size(size: int, name: str) -> None:
    if size > LARGEST:
        raise DataError(
            f"{name} was to be read as a table.",
            f"It has {size / 1e9:.1f} GB; tables of up to {LARGEST / 1e9:.1f} GB are read whole.",
            "Save it as Parquet and scan it, or read a part of it.",
            bytes=size,
        )


def _not_packed(name: str, word: str) -> DataError:
    return DataError(
        f"{name} was to be read as a {word} file.",
        "It is damaged, cut short or not compressed at all.",
        "Copy it again, or unpack it and read the unpacked file.",
        file=name,
    )


def _too_much(name: str, packed: int) -> DataError:
    return DataError(
        f"{name} was to be unpacked.",
        f"Its {packed / 1e6:.3g} MB become more than {_TIMES} times as many, or more than "
        f"{LARGEST / 1e9:.1f} GB, as no table does.",
        "If you trust it, unpack it yourself and read the unpacked file.",
        file=name,
    )


def _unpacked_stream(path: Path, word: str, opened: Callable[[Path], Any]) -> bytes:
    """Unpack piece by piece, and stop where it becomes a trap."""
    packed = path.stat().st_size
    most = min(LARGEST, max(_FREELY, _TIMES * packed))
    out = io.BytesIO()
    try:
        with opened(path) as stream:
            while piece := stream.read(_STEP):
                out.write(piece)
                if out.tell() > most:
                    raise _too_much(path.name, packed)
    except _DAMAGED as error:
        raise _not_packed(path.name, word) from error
    return out.getvalue()


def _only_member(path: Path) -> Content:
    """Return the one file of a zip, or the zip itself where that is a workbook's."""
    raw = path.read_bytes()
    archive = checked_zip(raw, path.name)
    inside = [info for info in archive.infolist() if not _is_rubbish(info)]
    names = [info.filename for info in inside]
    if {"mimetype", "[Content_Types].xml"} & set(names):
        return Content(name=path.name, suffix=".zip", path=path)
    if len(inside) != 1:
        raise DataError(
            f"{path.name} was to be read as one packed table.",
            f"It holds {len(inside)} files: {listed(names)}." if names else "It holds no file.",
            "Unpack it and name one of them.",
            files=names,
        )
    suffix = PurePosixPath(inside[0].filename).suffix.lower()
    try:
        return Content(name=path.name, suffix=suffix, raw=archive.read(inside[0]))
    except zipfile.BadZipFile as error:
        raise _damaged_zip(path.name) from error


def _is_rubbish(info: zipfile.ZipInfo) -> bool:
    """Tell whether a member is a folder or what a Mac adds."""
    return info.is_dir() or info.filename.startswith("__MACOSX/")


def checked_zip(raw: bytes, name: str) -> zipfile.ZipFile:
    """Open a zip whose members are what they say: whole, in size, and no trap.

    Raises
    ------
    DataError
        If it is damaged, encrypted or would become too large.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(raw))
        infos = archive.infolist()
        if sum(info.file_size for info in infos) > min(LARGEST, max(_FREELY, _TIMES * len(raw))):
            raise _too_much(name, len(raw))
        if len({info.filename for info in infos}) < len(infos):
            raise zipfile.BadZipFile("two members of one name")
        for info in infos:
            if info.flag_bits & _ENCRYPTED:
                raise DataError(
                    f"{name} was to be unpacked.",
                    "It is protected by a password.",
                    "Save it without one, or unpack it yourself.",
                )
            _check_member(raw, info)
    except (zipfile.BadZipFile, NotImplementedError, IndexError, *_DAMAGED) as error:
        raise _damaged_zip(name) from error
    return archive


def _damaged_zip(name: str) -> DataError:
    return DataError(
        f"{name} was to be unpacked.",
        "It is a zip, as Excel and LibreOffice write too, that is damaged or cut short.",
        "Copy it again, or save the table once more.",
        file=name,
    )


def _check_member(raw: bytes, info: zipfile.ZipInfo) -> None:
    """Unpack a member without keeping it: its size and its checksum must be those it names."""
    start = info.header_offset
    if raw[start : start + 4] != b"PK\x03\x04":
        raise zipfile.BadZipFile("no header")
    size_of_name = int.from_bytes(raw[start + 26 : start + 28], "little")
    if raw[start + 30 : start + 30 + size_of_name] != _name_bytes(info):
        raise zipfile.BadZipFile("two names of one member")
    begin = (
        start + 30 + sum(int.from_bytes(raw[start + k : start + k + 2], "little") for k in (26, 28))
    )
    packed = memoryview(raw)[begin : begin + info.compress_size]
    if info.compress_type == zipfile.ZIP_STORED:
        size, check, whole = len(packed), zlib.crc32(packed), True
    elif info.compress_type == zipfile.ZIP_DEFLATED:
        size, check, whole = _measured(packed, info.file_size)
    else:
        raise zipfile.BadZipFile("an unusual way of packing")
    if not whole or size != info.file_size or check != info.CRC:
        raise zipfile.BadZipFile("a member is not what it says")


def _name_bytes(info: zipfile.ZipInfo) -> bytes:
    return info.orig_filename.encode("utf-8" if info.flag_bits & _UTF8 else "cp437")


def _measured(packed: memoryview, most: int) -> tuple[int, int, bool]:
    """Return size and checksum of what is packed, and whether it ends where it should."""
    piece, size, check, place = zlib.decompressobj(-zlib.MAX_WBITS), 0, 0, 0
    rest = b""
    while not piece.eof and size <= most and (rest or place < len(packed)):
        if not rest:
            rest = bytes(packed[place : place + _STEP // 16])
            place += len(rest)
        made = piece.decompress(rest, _STEP)
        size, check, rest = size + len(made), zlib.crc32(made, check), piece.unconsumed_tail
    return size, check, piece.eof
