"""The folder of a training: whose it is, and where it left off."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from visq.errors import StoreError, VisqWarning
from visq.paths import is_file
from visq.store.lock import FileLock
from visq.train.checkpoints import BEST, LAST, Checkpoint, read, write
from visq.train.trackers import LOG, TABLES, TENSORBOARD

LOCK, SESSIONS = "run.lock", "sessions.jsonl"
# Windows locks a file beside it.
_LOCKS = {LOCK, f"{LOCK}.lock"}
_OURS = {LOG, *TABLES.values(), TENSORBOARD, SESSIONS, f".{LAST}.tmp", f".{BEST}.tmp"}


def check(folder: Path, *, resume: bool) -> None:
    """Refuse a folder that cannot be written into, before anything costs time.

    Raises
    ------
    StoreError
        It exists and is not empty, and nothing is to be gone on with; it holds no training; it cannot be read;
        a name that is not UTF-8.
    """
    try:
        str(folder).encode()
    except UnicodeError:
        raise StoreError(
            f"the name {str(folder)!r} is not UTF-8", hint="Checkpoints there could not be read: name another folder."
        ) from None
    try:
        if folder.exists() and not folder.is_dir():
            raise StoreError(f"{folder} is a file", hint="Name a folder.")
        names = {path.name for path in folder.iterdir()} - _LOCKS if folder.is_dir() else set()
    except OSError as error:
        raise StoreError(f"{folder} cannot be read: {error.strerror or error}") from error
    if names and not resume:
        raise StoreError(
            f"{folder} exists already and is not empty",
            hint="--resume (resume=True) goes on with it; or name another folder.",
        )
    if names - _OURS and not names & {LAST, BEST}:
        raise StoreError(f"{folder} holds no training to go on with", expected=LAST, got=", ".join(sorted(names)[:4]))


@contextmanager
def claimed(folder: Path, *, resume: bool, writes: bool = True) -> Iterator[Checkpoint | None]:
    """The last checkpoint of a folder that is this training's alone meanwhile; None where it begins anew.

    Parameters
    ----------
    folder : Path
        Made where it is not there.
    resume : bool
        Go on with what is in it: with the best checkpoint where the last lacks. A training that was killed before its
        first checkpoint begins anew.
    writes : bool
        Whether this process writes; of several that train together one does.

    Raises
    ------
    StoreError
        As `check`; another training writes into it; it cannot be made.
    WeightsError
        The checkpoint is damaged.

    Warns
    -----
    VisqWarning
        The last checkpoint lacks.
    """
    if not writes:
        yield _kept(folder) if resume else None
        return
    check(folder, resume=resume)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder} cannot be made: {error.strerror or error}") from error
    with FileLock(str(folder / LOCK)):
        check(folder, resume=resume)  # once more, now that nobody else writes
        kept = _kept(folder) if resume else None
        if kept is not None and not is_file(folder / LAST):
            warnings.warn(
                f"{folder / LAST} lacks: it goes on from {BEST}, step {kept.about['step']}, and makes later ones anew",
                VisqWarning,
                stacklevel=4,
            )
            write(folder / LAST, kept)
        yield kept


def _kept(folder: Path) -> Checkpoint | None:
    found = [folder / name for name in (LAST, BEST) if os.path.lexists(folder / name)]
    return read(found[0]) if found else None


def note(folder: Path, entry: dict[str, Any]) -> None:
    """Add a line to the list of sessions: what is true of one start and not of the training.

    Raises
    ------
    StoreError
        No room, or no permission.
    """
    try:
        with (folder / SESSIONS).open("a+b") as file:
            # A session that was killed may have left half a line.
            half = file.tell() and file.seek(-1, os.SEEK_END) >= 0 and file.read(1) != b"\n"
            file.write((b"\n" if half else b"") + json.dumps(entry).encode() + b"\n")
    except OSError as error:
        raise StoreError(f"{folder / SESSIONS} cannot be written: {error.strerror or error}") from error


__all__ = ["LOCK", "SESSIONS", "check", "claimed", "note"]
