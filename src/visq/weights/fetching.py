"""Taking parameter files from the network: the only place of visq that does, and only when a command says so.

A file comes under its own name whole and right, or not at all: it is written beside its place under another name, its
hash is taken while it comes, and it is renamed at the end. What takes too long, is too large or is another file than
the catalogue means is thrown away.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from visq.errors import WeightsError
from visq.paths import expanded, is_file
from visq.types import Weights
from visq.weights import CACHE_VARIABLE, cache_folder, check_hash, hash_is_whole, hub, locate, max_bytes, offered
from visq.weights.transfer import Source, receive

_PART = ".part"
_STALE_SECONDS = 86_400.0
#: Told how many bytes have come, and of how many (0 where the server does not say).
Report = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that is there now.

    Attributes
    ----------
    path : Path
    sha256 : str
        Of the file as it lies there.
    source : str
        Where it came from; empty where it was there already.
    note : str
        What its hash could not be compared with.
    """

    path: Path
    sha256: str
    source: str
    note: str


def fetch(weights: Weights, folder: str | os.PathLike[str] | None = None, report: Report | None = None) -> Fetched:
    """Take a file from the hub or from its public address, unless it is there already.

    Parameters
    ----------
    weights : Weights
    folder : path, optional
        Where it is kept; otherwise in the cache, where `visq.weights.find` looks.
    report : callable, optional
        Told of the progress.

    Raises
    ------
    WeightsError
        No public address, no network, refused, cut off, too slow, too large, another file than the catalogue means, no
        room or no permission to write.
    MissingExtraError
        The file is at the hub, and `huggingface_hub` is not installed.
    """
    there = _present(weights, folder)
    if there is not None:
        return there
    target = expanded(folder) if folder is not None else cache_folder()
    if target.parts[:1] and target.parts[0].startswith("~"):
        raise WeightsError(
            f"there is no home directory to keep {weights.filename} in",
            expected=f"a folder, not {target}",
            hint=f"Name one: `visq weights fetch {weights.filename} --to DIR`, or the variable {CACHE_VARIABLE}.",
        )
    source = _source(weights)
    with _writing(target, weights.filename) as (stream, temporary):
        got = receive(
            source, stream, limit=max_bytes(weights.filename), report=report, room=shutil.disk_usage(target).free
        )
        note = _compare(weights, source, got)
        os.fsync(stream.fileno())
        stream.close()
        path = target / weights.filename
        if not hash_is_whole(weights):
            path.with_name(path.name + ".sha256").write_text(f"{got}  {path.name}\n", encoding="ascii")
        temporary.replace(path)
    return Fetched(path, got, source.url, note)


def there_already(weights: Weights, path: Path) -> Fetched:
    """A file that need not be fetched, its hash checked.

    Raises
    ------
    WeightsError
        It is another file.
    """
    return Fetched(path, check_hash(path, weights), "", _unknown(weights))


def _present(weights: Weights, folder: str | os.PathLike[str] | None) -> Fetched | None:
    """The file, where it is and is right; one in the way that is not right is an error unless it would be replaced."""
    path = expanded(folder) / weights.filename if folder is not None else locate(weights)
    if path is None or not is_file(path):
        return None
    try:
        return there_already(weights, path)
    except WeightsError:
        # What this command keeps itself is replaced; a folder that the user filled is not touched.
        if folder is not None or path.parent == cache_folder():
            return None
        raise


def _source(weights: Weights) -> Source:
    if weights.hub and (hub.installed() or not weights.url):
        return hub.source(weights)
    if weights.url:
        return Source(weights.url)
    way = offered(weights)
    if weights.ships:
        hint = "Reinstall visq."
    elif way is not None:
        hint = f"`visq weights fetch {way.filename}` takes another with the same parameters."
    else:
        hint = f"Its origin: {weights.origin}."
    raise WeightsError(f"{weights.filename} has no public address that it could be taken from", hint=hint)


def _compare(weights: Weights, source: Source, got: str) -> str:
    for wanted, whose in ((weights.sha256, "the catalogue"), (source.sha256, "the hub")):
        if not got.startswith(wanted):
            raise WeightsError(
                f"{source.url} is another file than {whose} says; it was not kept",
                expected=f"SHA-256 {wanted}{'' if len(wanted) == len(got) else '...'}",
                got=got,
            )
    return _unknown(weights, source.sha256)


def _unknown(weights: Weights, stated: str = "") -> str:
    if hash_is_whole(weights):
        return ""
    known = f"only its first {len(weights.sha256)} digits are" if weights.sha256 else "it is not"
    also = "; the hub states the same" if stated else ""
    return f"unverified weights: of the SHA-256, {known} in the catalogue{also}"


@contextlib.contextmanager
def _writing(folder: Path, name: str) -> Iterator[tuple[IO[bytes], Path]]:
    """A new file beside its place, which is gone afterwards unless it was renamed."""
    temporary = folder / f".{name}.{secrets.token_hex(4)}{_PART}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _sweep(folder, name)
        with temporary.open("xb") as stream:
            yield stream, temporary
    except OSError as error:
        raise WeightsError(f"cannot write {folder / name}: {error.strerror or error}") from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def _sweep(folder: Path, name: str) -> None:
    """Remove what killed processes left long ago; younger ones may be of a process that still runs."""
    for path in folder.glob(f".{name}.*{_PART}"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _STALE_SECONDS:
                path.unlink()
