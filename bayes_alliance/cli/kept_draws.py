"""Draws kept when a later step fails, files told of when a command stops, saved fits loaded."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bayes_alliance.cli.failures import STOPPED, reader_has_gone, say, stop_was_asked
from bayes_alliance.cli.options import TableOptions, load_table
from bayes_alliance.errors import AllianceError

if TYPE_CHECKING:
    from bayes_alliance.sampling.fit import Fit

_LONGEST = 100  # bytes of a name


@contextlib.contextmanager
def draws_kept(fits: Mapping[str, Fit], place: Path, *, data: bool = True) -> Iterator[None]:
    """Save the draws elsewhere when what follows fails, and say where.

    Parameters
    ----------
    fits
        Freshly sampled, by name; more may come in what follows. Of a fit that was loaded there is
        nothing to keep. A single one may have an empty name.
    place
        What is to be written; the draws are given its name, and that of their fit.
    data
        Whether the clients' rows may be saved with them.
    """
    try:
        yield
    except (typer.Exit, typer.Abort, KeyboardInterrupt):
        raise
    except BaseException as error:
        if fits and not reader_has_gone(error):  # else what was to be written had been
            _keep(fits, place, data=data)
        raise


def _keep(fits: Mapping[str, Fit], place: Path, *, data: bool) -> None:
    """Save what was sampled under new names, and say which; or that it could not be done."""
    kept = {
        name: save_anywhere(fit, place.parent, _stem(place, name), data=data)
        for name, fit in fits.items()
    }
    written = [str(path) for path in kept.values() if path is not None]
    lost = [name for name, path in kept.items() if path is None]
    if lost:
        of = f" of {', '.join(lost)}" if written else ""
        say(f"The draws{of} could not be saved in any other folder either.")
    if written:
        rows = data and any(fit.has_data for fit in fits.values())
        say(
            f"The draws are saved: {', '.join(written)}. With them nothing need be sampled again."
            f"{_with_rows(len(written)) if rows else ''}"
        )


def _with_rows(files: int) -> str:
    if files == 1:
        return (
            " The file also holds the clients' rows the model was fitted to: keep it as you keep "
            "the table, or delete it."
        )
    return (
        " The files also hold the clients' rows the models were fitted to: keep them as you keep "
        "the table, or delete them."
    )


def save_anywhere(fit: Fit, folder: Path, stem: str, *, data: bool) -> Path | None:
    """Save the fit under a new name where that can be done; None if it can nowhere."""
    for place in _folders(folder):
        with contextlib.suppress(Exception):
            return fit.save(_free_name(place, stem), data=data)
    return None


def _stem(place: Path, name: str) -> str:
    # Such a long name may be why the file could not be written.
    short = place.stem.encode()[:_LONGEST].decode(errors="ignore")
    return f"{short}-{name.replace(' ', '-')}" if name else short


def _folders(first: Path) -> Iterator[Path]:
    """Yield folders of the user's own; those that anybody can read come in no question."""
    from bayes_alliance.kernels.code_folder import private_folder

    yield first
    with contextlib.suppress(OSError):
        yield Path.cwd()
    with contextlib.suppress(RuntimeError):  # a user without a home
        yield Path.home()
    private = private_folder()
    if private is not None:
        yield private


def _free_name(folder: Path, stem: str) -> Path:
    names = [f"{stem}.fit", *(f"{stem}-{k}.fit" for k in range(2, 100))]
    return next(
        (folder / name for name in names if not (folder / name).exists()), folder / names[0]
    )


@contextlib.contextmanager
def told_when_stopped(places: Iterable[Path]) -> Iterator[None]:
    """Say on Ctrl-C which of the files were written: it may come just after the last of them."""
    before = {place: _stamp(place) for place in places}
    try:
        yield
    except (KeyboardInterrupt, Exception) as error:
        if isinstance(error, (typer.Exit, AllianceError)) or not (
            isinstance(error, KeyboardInterrupt) or stop_was_asked()
        ):
            raise
        written = _changed(before)
        say(f"Stopped before the end. {_told(written)}")
        raise typer.Exit(STOPPED) from None


def _changed(before: Mapping[Path, object]) -> Sequence[Path]:
    return [place for place, stamp in before.items() if _stamp(place) not in (None, stamp)]


def _told(written: Sequence[Path]) -> str:
    if written:
        return f"Written and whole: {', '.join(map(str, written))}."
    return "Nothing was written."


def _stamp(place: Path) -> object:
    """Return what changes when a file is written anew; None if there is none."""
    try:
        found = os.stat(place)
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def load_saved_fit(file: Path, table: TableOptions, data: Path | None) -> Fit:
    """Load a fit; its table, where one is given, is read as it was then or as the options say."""
    from bayes_alliance.sampling.loading import load_fit

    given = data if data is None or table == TableOptions() else load_table(data, table)
    return load_fit(file, data=given)
