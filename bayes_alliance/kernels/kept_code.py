"""Compiled code kept on disk: where it can be written, and read back only as it was written.

Numba gives up where no folder can be written to, and runs whatever it finds, damaged or not. It
looks at the file of a function only, not at the files of what it calls: after one kernel changes,
its callers would go on running what they were compiled with.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numba
from numba.core import caching
from numba.misc.appdirs import AppDirs

from bayes_alliance.kernels.code_folder import is_usable, private_folder, say_once

_caching: Any = caching
_Locator: Any = caching._CacheLocator
_Files: Any = caching.IndexDataCacheFile
_MARK = b"\nbayes_alliance "
_SEAL = len(_MARK) + hashlib.sha256().digest_size
_STAMP = "sources.sha256"
# With what a process left that was killed while it wrote.
_COMPILED = ("*.nbi", "*.nbc", "*.nb[ic].tmp.*")


@dataclass(frozen=True, kw_only=True)
class KeptKernels:
    """Where numba keeps what it compiles from a folder of kernels: it asks as of a class.

    Parameters
    ----------
    sources
        The folder with the kernels.
    folder
        Where their code is kept; None to keep none.
    digest
        Of all sources: after one kernel changes, its callers must not be read back either.
    """

    sources: Path
    folder: Path | None
    digest: str

    def from_function(self, function: Any, file: str) -> Any:
        """Answer for functions of these kernels, and leave all others to numba."""
        if self.sources not in Path(file).parents:
            return None
        room = "_".join(Path(file).parent.relative_to(self.sources).parts)
        return _Place(self.folder, self.digest, f"{room}{function.__code__.co_firstlineno}")


class _Place(_Locator):  # type: ignore[misc]
    """Where the code of one kernel is kept."""

    def __init__(self, folder: Path | None, digest: str, place: str) -> None:
        self._folder, self._digest, self._place = folder, digest, place

    def ensure_cache_path(self) -> None:
        """Do nothing: the folder was tried when it was chosen."""

    def get_cache_path(self) -> Path | None:
        """Return the folder."""
        return self._folder

    def get_source_stamp(self) -> str:
        """Return what must be the same for code to be used again."""
        return self._digest

    def get_disambiguator(self) -> str:
        """Return by what functions of one name in files of one name differ."""
        return self._place


class WholeCode(_Files):  # type: ignore[misc]
    """The kept code of a function, each file with a digest at its end, behind what numba reads.

    What cannot be read or written is compiled again; it never stops a run.
    """

    def load(self, key: Any) -> Any:
        """Return the code for a signature, or None if there is none that is whole."""
        try:
            return super().load(key)
        except Exception:
            return None  # whole, but of a library that has changed since

    def save(self, key: Any, data: Any) -> None:
        """Keep the code, then name it in the index: an index never points to older code."""
        try:
            name = self._load_index().get(key) or self._data_name(uuid.uuid4().int)
            self._save_data(name, data)
            self._save_index({**self._load_index(), key: name})
        except OSError as error:
            reason = error.strerror or type(error).__name__
            say_once(f"Compiled code is not kept in {self._cache_path}: {reason}.")

    def _load_index(self) -> Any:
        return super()._load_index() if self._is_whole(self._index_path) else {}

    def _load_data(self, name: str) -> Any:
        path = self._data_path(name)
        if not self._is_whole(path):
            raise FileNotFoundError(path)
        return super()._load_data(name)

    def _is_whole(self, path: str) -> bool:
        """Tell whether a file is there, is one of ours and is as it was written."""
        try:
            content = Path(path).read_bytes()
        except OSError:
            return False
        whole = content[-_SEAL:] == _seal(content[:-_SEAL])
        if not whole and self._is_damaged(content):
            say_once(f"Compiled code in {self._cache_path} is damaged and is made again.")
        return whole

    def _is_damaged(self, content: bytes) -> bool:
        """Tell whether what is not whole was ours: PyTensor's folder holds code of others too."""
        return self._cache_path != _pytensor_folder() or _MARK in content[-2 * _SEAL :]

    @contextlib.contextmanager
    def _open_for_write(self, filepath: str) -> Iterator[Any]:
        temporary = Path(f"{filepath}.tmp.{uuid.uuid4().hex[:16]}")
        try:
            with temporary.open("wb+") as stream:
                yield stream
                stream.seek(0)
                stream.write(_seal(stream.read()))
            temporary.replace(filepath)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


class NoCode:
    """In place of kept code where none can be kept."""

    def load(self, _key: Any) -> None:
        """Find nothing."""

    def save(self, _key: Any, _data: Any) -> None:
        """Keep nothing."""

    def flush(self) -> None:
        """Forget nothing."""


def keep_code_safely(sources: Path) -> None:
    """Let numba keep the code of these kernels, and PyTensor its own, in files that are checked."""
    folder = code_folder(sources)
    if folder is not None:
        drop_stale_code(sources, folder)
    kept = KeptKernels(sources=sources, folder=folder, digest=sources_digest(sources))
    _caching.CacheImpl._locator_classes.insert(0, kept)

    def files(cache_path: Any, filename_base: str, source_stamp: Any) -> Any:
        """Return what keeps the code of one function."""
        if cache_path is None:
            return NoCode()
        checked = cache_path in (folder, _pytensor_folder())
        kind = WholeCode if checked else _Files
        return kind(cache_path=cache_path, filename_base=filename_base, source_stamp=source_stamp)

    _caching.IndexDataCacheFile = files


def code_folder(sources: Path) -> Path | None:
    """Return the first folder that code can be kept in; None if there is none."""
    own = f"{sources.name}_{hashlib.sha256(os.fsencode(sources)).hexdigest()[:16]}"
    users = cast(Any, AppDirs)(appname="numba", appauthor=False).user_cache_dir
    given = cast(Any, numba).config.CACHE_DIR
    places = [Path(given) / own] if given else []
    places += [sources / "__pycache__", Path(users) / own]
    for place in places:
        if is_usable(place):
            return place
    private = private_folder()
    missing = "Neither the package's folder nor the home folder can be written to"
    if private is None:
        say_once(f"{missing}: the model is compiled anew in every run.")
        return None
    place = private / own
    if not place.is_dir():  # in later runs there is nothing to wait for
        say_once(f"{missing}: compiled code is kept in {private}.")
    return place if is_usable(place) else None


def _seal(content: bytes) -> bytes:
    return _MARK + hashlib.sha256(content).digest()


def _pytensor_folder() -> Any:
    """Return where PyTensor keeps the code of its functions, if it is loaded."""
    return getattr(sys.modules.get("pytensor.link.numba.cache"), "NUMBA_CACHE_PATH", None)


def drop_stale_code(sources: Path, cache: Path) -> bool:
    """Remove compiled kernels if the sources are not those they were made of.

    Parameters
    ----------
    sources
        The folder with the kernels.
    cache
        Where what was compiled lies; where it cannot be written to, nothing is done.

    Returns
    -------
    bool
        Whether there was anything to remove.
    """
    digest = sources_digest(sources)
    stamp = cache / _STAMP
    with contextlib.suppress(OSError):
        if stamp.is_file() and stamp.read_text(encoding="ascii") == digest:
            return False
        cache.mkdir(exist_ok=True)
        stale = [file for pattern in _COMPILED for file in cache.glob(pattern)]
        for file in stale:
            file.unlink(missing_ok=True)
        stamp.write_text(digest, encoding="ascii")
        return bool(stale)
    return False


def sources_digest(folder: Path) -> str:
    """Hash the names and contents of all sources, those in rooms of their own too."""
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*.py")):
        digest.update(f"{file.relative_to(folder).as_posix()}\n".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()
