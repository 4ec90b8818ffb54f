"""The folder of a training: whose it is, and where it left off."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from visq.errors import StoreError
from visq.store.lock import FileLock
from visq.train.checkpoints import BEST, LAST, Checkpoint, read
from visq.train.trackers import LOG, TABLES, TENSORBOARD

LOCK, SESSIONS = "run.lock", "sessions.jsonl"
_OURS = {LAST, BEST, LOG, *TABLES.values(), TENSORBOARD, SESSIONS, LOCK, f".{LAST}.tmp", f".{BEST}.tmp"}


def check(folder: Path, *, resume: bool) -> None:
    """Refuse a folder that cannot be written into, before anything costs time.

    Raises
    ------
    StoreError
        It exists and is not empty, and nothing is to be gone on with; it holds no training.
    """
    if folder.exists() and not folder.is_dir():
        raise StoreError(f"{folder} is a file", hint="Name a folder.")
    names = {path.name for path in folder.iterdir()} - {LOCK} if folder.is_dir() else set()
    if names and not resume:
        raise StoreError(
            f"{folder} exists already and is not empty",
            hint="--resume (resume=True) goes on with it; or name another folder.",
        )
    if names - _OURS and LAST not in names:
        raise StoreError(f"{folder} holds no training to go on with", expected=LAST, got=", ".join(sorted(names)[:4]))


@contextmanager
def claimed(folder: Path, *, resume: bool, writes: bool = True) -> Iterator[Checkpoint | None]:
    """The last checkpoint of a folder that is this training's alone meanwhile; None where it begins anew.

    Parameters
    ----------
    folder : Path
        Made where it is not there.
    resume : bool
        Go on with what is in it. A training that was killed before its first checkpoint begins anew.
    writes : bool
        Whether this process writes; of several that train together one does.

    Raises
    ------
    StoreError
        As `check`; another training writes into it; it cannot be made.
    WeightsError
        The checkpoint is damaged.
    """
    if not writes:
        yield read(folder / LAST) if resume and (folder / LAST).exists() else None
        return
    check(folder, resume=resume)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder} cannot be made: {error.strerror or error}") from error
    with FileLock(str(folder / LOCK)):
        check(folder, resume=resume)  # once more, now that nobody else writes
        yield read(folder / LAST) if resume and (folder / LAST).exists() else None


def note(folder: Path, entry: dict[str, Any]) -> None:
    """Add a line to the list of sessions: what is true of one start and not of the training.

    Raises
    ------
    StoreError
        No room, or no permission.
    """
    try:
        with (folder / SESSIONS).open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")
    except OSError as error:
        raise StoreError(f"{folder / SESSIONS} cannot be written: {error.strerror or error}") from error


__all__ = ["LOCK", "SESSIONS", "check", "claimed", "note"]
