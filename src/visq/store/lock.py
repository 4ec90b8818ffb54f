"""One run a table: a lock that a killed process cannot leave behind."""

# Names stay the text that was given: pathlib would rewrite "./a", and is slow for a million of them.
# ruff: noqa: PTH112, PTH116, PTH120

from __future__ import annotations

import errno
import os
from types import TracebackType

from visq.errors import StoreError


class FileLock:
    """Holds the file at `path` (made if absent) for this process alone; the system lets go when the process ends.

    On POSIX systems it is a `flock` on the file itself, which does not disturb the locks of SQLite (those are `fcntl`
    locks), as long as this handle is closed after SQLite's. On Windows, where locks bar reading, a second file
    `PATH.lock` is locked instead.

    Raises
    ------
    StoreError
        Another process holds it, or the file cannot be made.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._handle = -1
        while True:
            self._handle = self._open()
            self._lock()
            # Between opening and locking, the former holder may have finished and removed the file.
            if os.name == "nt" or _same_file(self._handle, path):
                return
            os.close(self._handle)

    def _open(self) -> int:
        name = f"{self.path}.lock" if os.name == "nt" else self.path
        try:
            return os.open(name, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o666)
        except OSError as error:
            folder = os.path.dirname(self.path) or "."
            hint = (
                f"Make the folder {folder} first." if not os.path.isdir(folder) else "Choose a place you may write to."
            )
            raise StoreError(f"{self.path} cannot be written: {error.strerror}", hint=hint) from error

    def _lock(self) -> None:
        try:
            if os.name == "nt":
                import msvcrt

                msvcrt.locking(self._handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
            else:
                import fcntl

                fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._handle)
            if error.errno not in (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK):
                raise StoreError(
                    f"{self.path} cannot be locked: {error.strerror}", hint="Write to a disk that knows locks."
                ) from error
            raise StoreError(
                f"another run is writing to {self.path}", hint="Wait for it to end, or give another -o."
            ) from error

    def release(self) -> None:
        """Let go; harmless when done twice."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def __enter__(self) -> FileLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _same_file(handle: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), os.stat(path))
    except FileNotFoundError:
        return False
