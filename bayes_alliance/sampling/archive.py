"""One file that is whole or refused: a zip with a manifest of digests, written atomically."""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

from bayes_alliance.errors import CHOOSE_A_FIT, SamplingError
from bayes_alliance.whole_file import check_room, write_whole

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
