"""Pictures with a key that says what they are: what is computed of one is found again by it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from visq.ahead import ahead
from visq.errors import InputError, VisqError
from visq.media import Limits, open_image
from visq.media.source import printable, read_path
from visq.train.data.image_cache import ImageCache, decoder, unchanged
from visq.train.data.splits import Part

_DEFAULT = Limits()


@dataclass(frozen=True)
class Keyed:
    """A picture that is loaded when it is needed.

    Attributes
    ----------
    key : str
        Hash of its content, or of everything that its content depends on.
    name : str
        What messages call it.
    load : callable
        Its pixels, as `visq.media.Image.pixels` has them.
    picture : str
        Its name in its database, where it is known which it is: what scores are found by.
    """

    key: str
    name: str
    load: Callable[[], np.ndarray]
    picture: str = ""


def keyed(pictures: Part | ImageCache | Iterable[Any], *, limits: Limits = _DEFAULT, threads: int = 1) -> list[Keyed]:
    """Pictures of any kind with their keys.

    Parameters
    ----------
    pictures : Part, ImageCache, or iterable of paths, arrays and Keyed
        Files have the hash of their bytes and of the decoder's versions for a key, in a cache and outside it, and
        arrays that of their values, shape and type.
    limits : Limits
        Of files.
    threads : int
        That read files at the same time.

    Raises
    ------
    ReadError
        A file that cannot be read; it is named.
    InputError
        A single path: a text is no list of pictures.
    """
    if isinstance(pictures, ImageCache):
        return from_cache(pictures, range(len(pictures)))
    if isinstance(pictures, (str, bytes, os.PathLike)):
        raise InputError("no list of pictures", expected="a sequence of paths", got=printable(pictures))
    made_by = decoder()
    if isinstance(pictures, Part):
        found = ahead(lambda one: _one(one, limits, made_by), pictures.paths, threads)
        return [replace(one, picture=name) for one, name in zip(found, pictures.names, strict=True)]
    return list(ahead(lambda one: _one(one, limits, made_by), pictures, threads))


def from_cache(cache: ImageCache, indices: Iterable[int]) -> list[Keyed]:
    """Some pictures of a cache, which must have been kept whole for their key to be that of the file."""
    return [_cached(cache, i) for i in indices]


def _cached(cache: ImageCache, index: int) -> Keyed:
    height, width = cache.sizes[index]
    window = cache.windows(index)[0]
    whole = (window.height, window.width) == (height, width)
    about = cache.shards.plan.about["decoder"]
    key = _file_key(cache.sha256[index], about) if whole else _file_key(f"{cache.sha256[index]}:{tuple(window)}", about)
    return Keyed(key, cache.names[index], lambda: cache[index], cache.names[index])


def _one(picture: Any, limits: Limits, made_by: dict[str, str]) -> Keyed:
    if isinstance(picture, Keyed):
        return picture
    if not isinstance(picture, (str, os.PathLike)):
        pixels = open_image(picture).pixels
        digest = hashlib.sha256(f"{pixels.shape}{pixels.dtype}".encode() + pixels.tobytes()).hexdigest()
        return Keyed(f"pixels:{digest}", "an array", lambda: pixels)
    try:
        digest = hashlib.sha256(read_path(picture, limits)).hexdigest()
    except VisqError as error:
        raise error.with_context(printable(picture)) from error
    path = Path(picture)
    # It may be opened hours after it was hashed.
    return Keyed(_file_key(digest, made_by), os.fspath(path), lambda: unchanged(path, digest, limits).pixels)


def _file_key(sha256: str, made_by: dict[str, str]) -> str:
    return f"file:{sha256}:{'/'.join(f'{name}={version}' for name, version in sorted(made_by.items()))}"


__all__ = ["Keyed", "from_cache", "keyed"]
