"""A path, bytes or an open file to bytes in memory: read once, so that what is hashed is what is decoded."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any, BinaryIO

from visq.errors import InputTypeError, LimitError, ReadError
from visq.media.limits import Limits

_BLOCK = 1 << 20

_KINDS = (
    (stat.S_ISDIR, "is a directory", "Give a file; `visq score` takes folders."),
    (stat.S_ISFIFO, "is a pipe, not a file", "Write its content to a file, or pass the bytes."),
    (stat.S_ISSOCK, "is a socket, not a file", "Give an image file."),
    (stat.S_ISCHR, "is a device, not a file", "Give an image file."),
    (stat.S_ISBLK, "is a device, not a file", "Give an image file."),
)

_REASONS = {
    errno.ENOENT: ("does not exist", "Check the name and the folder you are in."),
    errno.ENOTDIR: ("does not exist: a part of its path is not a folder", "Check the name."),
    errno.EACCES: ("may not be read: permission denied", "Change its permissions or run as its owner."),
    errno.EPERM: ("may not be read: permission denied", "Change its permissions or run as its owner."),
    errno.ELOOP: ("is a link that leads back to itself", "Mend or remove the link."),
    errno.ENAMETOOLONG: ("has a name that is too long for this system", "Check the name."),
    errno.EMFILE: ("cannot be opened: too many open files", "Close some, or raise the system's limit."),
    errno.ENFILE: ("cannot be opened: too many open files", "Close some, or raise the system's limit."),
    errno.EIO: ("cannot be read: the disk reports an error", "Check the disk."),
}


def printable(name: str | bytes | os.PathLike) -> str:
    """`name` on one line: control characters and undecodable bytes as escapes.

    >>> printable("a\\nb.png")
    'a\\\\nb.png'
    """
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    # Control, format (right-to-left overrides), private and line-separating characters could disguise a row.
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def read_path(path: str | bytes | os.PathLike, limits: Limits) -> bytes:
    """All bytes of a regular file within `limits.max_bytes`.

    Raises
    ------
    ReadError
        Missing, not a regular file, not readable, empty. The message does not name the file: the caller does.
    LimitError
        Larger than the limits allow.
    """
    with open_path(path, limits) as file:
        try:
            data = _read_all(file, limits)
        except ReadError:
            raise
        except OSError as error:
            raise _reason(path, error) from error
    if not data:
        raise ReadError("the file is empty", hint="Fetch or write it again.")
    return data


def open_path(path: str | bytes | os.PathLike, limits: Limits | None = None) -> BinaryIO:
    """A regular file, open for reading without a buffer. Without `limits` it may be of any size.

    Raises
    ------
    ReadError, LimitError
        As `read_path`; an empty file is no error here.
    """
    try:
        facts = os.stat(path)  # noqa: PTH116 (bytes names have no Path)
        _check_kind(facts.st_mode)
        if limits is not None:
            _check_bytes(facts.st_size, limits)
        # O_NONBLOCK: a pipe that takes the file's place between the two calls must not hang.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        try:
            _check_kind(os.fstat(handle).st_mode)
        except BaseException:
            os.close(handle)
            raise
        return os.fdopen(handle, "rb", buffering=0)
    except ValueError as error:  # a null character in the name
        raise ReadError("is not a possible file name", hint="Check the name.") from error
    except ReadError:
        raise
    except OSError as error:
        raise _reason(path, error) from error


def read_file_object(file: Any, limits: Limits) -> bytes:
    """All that is left to read in an open binary file."""
    try:
        data = _read_all(file, limits)
    except OSError as error:
        if isinstance(error, ReadError):
            raise
        raise ReadError(f"cannot be read: {error.strerror or type(error).__name__}") from error
    except ValueError as error:
        raise ReadError("cannot be read: the file object is closed", hint="Pass an open file or the path.") from error
    if not data:
        raise ReadError("the file object has nothing left to read", hint="Seek to its start first: file.seek(0).")
    return data


def check_bytes(data: bytes | bytearray | memoryview, limits: Limits) -> bytes:
    """`data` as bytes, unless empty or over the limits."""
    size = data.nbytes if isinstance(data, memoryview) else len(data)
    if not size:
        raise ReadError("there are no bytes", hint="Pass the content of an image file.")
    _check_bytes(size, limits)
    return bytes(data)


def _read_all(file: Any, limits: Limits) -> bytes:
    parts: list[bytes] = []
    total = 0
    while True:
        part = file.read(_BLOCK)
        if not part:
            break
        if not isinstance(part, (bytes, bytearray, memoryview)):
            raise InputTypeError(
                "a file object gives text", expected="a file opened in binary mode", hint='open(path, "rb")'
            )
        total += len(part)
        _check_bytes(total, limits)
        parts.append(bytes(part))
    return b"".join(parts)


def _check_kind(mode: int) -> None:
    for test, fact, hint in _KINDS:
        if test(mode):
            raise ReadError(fact, hint=hint)
    if not stat.S_ISREG(mode):
        raise ReadError("is not a regular file", hint="Give an image file.")


def _check_bytes(size: int, limits: Limits) -> None:
    if size > limits.max_bytes:
        raise LimitError(
            "the file is too large",
            expected=f"at most {limits.max_bytes:,} bytes",
            got=f"{size:,} or more",
            hint="If you trust the file, raise the limit: max_bytes.",
        )


def _reason(path: str | bytes | os.PathLike, error: OSError) -> ReadError:
    fact, hint = _REASONS.get(error.errno or 0, (f"cannot be read: {error.strerror or type(error).__name__}", ""))
    if error.errno == errno.ENOENT:
        if os.path.islink(path):  # noqa: PTH114 (bytes names have no Path)
            fact, hint = "is a link to a file that does not exist", "Mend or remove the link."
        elif isinstance(path, (str, Path)) and "://" in str(path):
            hint = "visq reads local files: fetch it first."
    return ReadError(fact, hint=hint)
