"""Pictures decoded once: what a training reads again and again, as bytes that are mapped into memory.

Decoding a photograph takes some milliseconds; a crop out of a mapped file takes some tens of microseconds. Pictures are
opened by `visq.media`, so that orientation, colour profiles, alpha and the rest are treated as in scoring; grey is
repeated thrice. Only 8-bit pictures are kept: nothing is rounded.

Where whole pictures take too much room, `Windows` keeps a few parts of each.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from visq.ahead import ahead
from visq.datasets.files import whole_hash
from visq.datasets.reader import Dataset
from visq.errors import FormatError, InputError, StoreError, VisqError
from visq.media import Image, Limits, open_image
from visq.media.headers import scan
from visq.media.sniff import detect
from visq.media.source import printable, read_path
from visq.train.data.crops import Crop, take
from visq.train.data.draws import below, check_seed, fingerprint, words
from visq.train.data.prefetch import check_threads, check_whole
from visq.train.data.shards import SHARD_BYTES, Plan, Shards
from visq.train.data.shards import build as build_shards
from visq.train.data.splits import Part
from visq.train.data.work import Work

KIND = "pictures"
_DEFAULT = Limits()
# EXIF orientations that exchange width and height.
_TURNED = (5, 6, 7, 8)

#: What pictures are taken from: a database, a part of one, or files.
Source = Dataset | Part | Sequence[str | os.PathLike[str]]


@dataclass(frozen=True, slots=True)
class Windows:
    """Parts that are kept instead of whole pictures.

    Attributes
    ----------
    count : int
        Parts of each picture, at random places; one if the picture is no larger than they.
    side : int
        Their height and width; less where the picture is smaller.
    seed : int
        Of the places, which depend on it and on the picture's content alone.
    """

    count: int
    side: int
    seed: int = 0

    def of(self, sha256: str, height: int, width: int) -> tuple[Crop, ...]:
        """Where they lie in a picture with this hash and size."""
        high, wide = min(self.side, height), min(self.side, width)
        if (high, wide) == (height, width):
            return (Crop(0, 0, height, width),)
        place, found = int(sha256[:16], 16), dict[Crop, None]()
        for number in range(self.count):
            row, column = words("window", self.seed, 2, place, number)
            found[Crop(below(row, height - high + 1), below(column, width - wide + 1), high, wide)] = None
        return tuple(found)


class ImageCache:
    """Decoded pictures of a folder that `build` filled.

    Parameters
    ----------
    folder : path

    Attributes
    ----------
    names : tuple of str
        Of the pictures, in order: paths relative to the database, or as they were given.
    sha256 : tuple of str
        Of their files.
    sizes : tuple of (height, width)
        Of the whole pictures.

    Raises
    ------
    StoreError
        It is not complete, damaged, or holds something else.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.shards = Shards(folder)
        if self.shards.plan.kind != KIND:
            raise StoreError(f"{folder} holds no pictures", expected=KIND, got=self.shards.plan.kind)
        rows = self.shards.plan.about["pictures"]
        self.names = tuple(row[0] for row in rows)
        self.sha256 = tuple(row[1] for row in rows)
        self.sizes = tuple((row[2], row[3]) for row in rows)
        self._windows = [tuple(Crop(*place) for place in row[4]) for row in rows]
        self._first = np.concatenate([[0], np.cumsum([len(places) for places in self._windows])])
        self._place = {name: i for i, name in enumerate(self.names)}

    @property
    def identity(self) -> str:
        """Hash of the files, of what is kept of them, and of what decoded them."""
        return self.shards.identity

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> np.ndarray:
        """A picture, `(H, W, 3)` uint8, sRGB: a view of the file that cannot be written to.

        Raises
        ------
        InputError
            Several windows are kept of it: `views` gives them.
        StoreError
            Its bytes are not those that were written.
        """
        index = range(len(self))[index]
        if len(self._windows[index]) != 1:
            raise InputError(f"{self.names[index]}: several parts are kept of it", hint="Take views(index).")
        return self.shards[int(self._first[index])]

    def views(self, index: int) -> tuple[np.ndarray, ...]:
        """All that is kept of a picture."""
        index = range(len(self))[index]
        return tuple(self.view(index, number) for number in range(len(self._windows[index])))

    def view(self, index: int, number: int) -> np.ndarray:
        """One of what is kept of a picture."""
        return self.shards[int(self._first[index]) + range(len(self._windows[index]))[number]]

    def windows(self, index: int) -> tuple[Crop, ...]:
        """Where in the picture that lies: one window as large as the picture, where it is kept whole."""
        return self._windows[index]

    def find(self, names: Iterable[str]) -> list[int]:
        """Numbers of the pictures with these names.

        Raises
        ------
        InputError
            One that it does not hold.
        """
        wanted = list(names)
        lacking = [name for name in wanted if name not in self._place]
        if lacking:
            raise InputError(
                f"{self.shards.folder} does not hold {len(lacking)} of these pictures", got=printable(lacking[0]),
                hint="Build a cache of this part of the database.",
            )  # fmt: skip
        return [self._place[name] for name in wanted]

    def find_part(self, part: Part) -> list[int]:
        """Numbers of the pictures of a part.

        Databases have pictures of one name. Where its files are at hand, the first, the middle and the last one of the
        part are read: they must be those that are kept.

        Raises
        ------
        InputError
            A picture that it does not hold, or another one of that name.
        """
        found = self.find(part.names)
        for i in sorted({0, len(found) // 2, len(found) - 1} if found else ()):
            path = part.dataset.root / part.names[i]
            try:
                there = whole_hash(path)
            except OSError:
                continue
            if there != self.sha256[found[i]]:
                raise InputError(
                    f"{self.shards.folder} holds another picture than {printable(path)} under its name",
                    hint="It was built of another database, or the file has changed: build a cache of this part.",
                )
        return found

    def whole(self, index: int) -> tuple[int, int]:
        """Height and width of a picture that is kept whole.

        Raises
        ------
        InputError
            Parts are kept of it.
        """
        index = range(len(self))[index]
        if self._windows[index] != (Crop(0, 0, *self.sizes[index]),):
            raise InputError(f"{self.names[index]}: parts are kept of it", expected="a cache of whole pictures")
        return self.sizes[index]

    def identity_of(self, indices: Iterable[int]) -> str:
        """Hash of some of its pictures, the same in every cache that keeps the same of them."""
        about = self.shards.plan.about
        return fingerprint([about["decoder"], [about["pictures"][i] for i in indices]])

    def verify(self) -> None:
        """Hold all of it against its checksums.

        Raises
        ------
        StoreError
        """
        self.shards.verify()


def plan(
    source: Source, *, windows: Windows | None = None, limits: Limits = _DEFAULT, shard_bytes: int = SHARD_BYTES,
    threads: int | None = None,
) -> Plan:  # fmt: skip
    """What a cache of these pictures would hold, from their headers: `.bytes` says how much room it takes.

    Every file is read once, for its hash.

    Raises
    ------
    ReadError, LimitError
        A file that is not there or no picture; it is named.
    FormatError
        A picture of more than 8 bits.
    """
    return _planned(_named(source), windows, limits, shard_bytes, check_threads(threads))


def _planned(
    named: Sequence[tuple[str, Path]], windows: Windows | None, limits: Limits, shard_bytes: int, threads: int
) -> Plan:
    _check_windows(windows)
    rows = list(ahead(lambda one: _look(*one, limits, windows), named, threads))
    # In the order in which a cache of something else is told: what explains most comes first.
    about = {"decoder": decoder(), "windows": asdict(windows) if windows else None, "pictures": rows}
    shapes = tuple((place.height, place.width, 3) for row in rows for place in row[4])
    return Plan(KIND, "uint8", shapes, about, check_whole("the size of a shard", shard_bytes, least=1))


def build(
    source: Source, folder: str | os.PathLike[str], *, windows: Windows | None = None, limits: Limits = _DEFAULT,
    shard_bytes: int = SHARD_BYTES, threads: int | None = None, work: Work | None = None,
) -> ImageCache:  # fmt: skip
    """Decode pictures into a folder, or what lacks there, and open it.

    Parameters
    ----------
    source : Dataset, Part or sequence of paths
        In this order.
    folder : path
        Made if it is not there. A cache of the same pictures is opened, one that was not finished is gone on with.
    windows : Windows, optional
        Keep parts instead of whole pictures.
    limits : Limits
        Of each file.
    shard_bytes : int
        Size of the files; a build that is killed loses one of them at most.
    threads : int, optional
        That decode at the same time. Files are the same for any number.
    work : Work, optional
        Who hears of the room it needs and of every picture.

    Raises
    ------
    StoreError
        The folder holds other pictures, or these by another decoder; there is no room; it is in use; a file changed
        meanwhile.
    ReadError, FormatError, LimitError
        A picture that cannot be read exactly; it is named.
    """
    named, threads = _named(source), check_threads(threads)
    planned = _planned(named, windows, limits, shard_bytes, threads)
    paths = [path for _, path in named]
    rows = planned.about["pictures"]
    entries = [(i, place) for i, row in enumerate(rows) for place in row[4]]

    def make(first: int, end: int) -> Iterator[np.ndarray]:
        grouped = [(i, [place for _, place in members]) for i, members in groupby(entries[first:end], lambda e: e[0])]

        def parts(one: tuple[int, list[Crop]]) -> list[np.ndarray]:
            i, places = one
            pixels = _decoded(paths[i], rows[i], limits)
            return [take(pixels, place) for place in places]

        with closing(ahead(parts, grouped, threads)) as decoded:
            for found in decoded:
                yield from found

    build_shards(planned, folder, make, work=work)
    return ImageCache(folder)


def decoder() -> dict[str, str]:
    """Versions of what turns files into pixels: another one may round otherwise."""
    from importlib.metadata import version

    from PIL import features

    found = {"visq": version("visq"), "pillow": version("pillow")}
    for name in ("jpg", "libjpeg_turbo", "zlib", "webp", "avif", "libtiff", "littlecms2"):
        if features.check(name):
            found[name] = str(features.version(name))
    return found


def unchanged(path: Path, sha256: str, limits: Limits = _DEFAULT) -> Image:
    """A picture that was hashed before.

    Raises
    ------
    StoreError
        It is another one now.
    """
    image = open_image(path, limits=limits)
    if image.meta.sha256 != sha256:
        raise StoreError(f"{printable(path)} changed while it was read", hint="Begin again.")
    return image


def rgb(pixels: np.ndarray, name: str) -> np.ndarray:
    """`(H, W, 3)` uint8 of 8-bit pixels; grey is repeated thrice.

    Raises
    ------
    FormatError
        Other depths.
    """
    if pixels.dtype != np.uint8:
        raise FormatError(
            f"{printable(name)} has {8 * pixels.dtype.itemsize} bits a sample", expected="8: nothing is rounded here",
            hint="Convert it to 8 bits, or leave it out.",
        )  # fmt: skip
    return pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)


def _named(source: Source) -> list[tuple[str, Path]]:
    """Names and paths. A name stands once: a database may rate a picture against two references."""
    if isinstance(source, Part):
        found = list(zip(source.names, source.paths, strict=True))
    elif isinstance(source, Dataset):
        found = [(sample.image, source.root / sample.image) for sample in source.samples]
    elif isinstance(source, (str, bytes, os.PathLike)):
        raise InputError("no list of pictures", expected="a sequence of paths", got=printable(source))
    else:
        found = [(os.fsdecode(path), Path(path)) for path in source]
    return list(dict(found).items())


def _look(name: str, path: Path, limits: Limits, windows: Windows | None) -> list[Any]:
    """Name, hash, height, width and windows of one picture, without decoding it."""
    try:
        data = read_path(path, limits)
        header = scan(data, detect(data), limits)
    except VisqError as error:
        raise error.with_context(printable(path)) from error
    sides = (header.height, header.width)
    height, width = reversed(sides) if header.orientation in _TURNED else sides
    sha256 = hashlib.sha256(data).hexdigest()
    places = windows.of(sha256, height, width) if windows else (Crop(0, 0, height, width),)
    return [name, sha256, height, width, places]


def _decoded(path: Path, row: list[Any], limits: Limits) -> np.ndarray:
    image = unchanged(path, row[1], limits)
    pixels = rgb(image.pixels, printable(path))
    if pixels.shape[:2] != (row[2], row[3]):
        raise StoreError(
            f"{printable(path)}: its header and its pixels disagree", expected=f"{row[3]}x{row[2]}",
            got=f"{image.width}x{image.height}", hint="Write the file again, or leave it out.",
        )  # fmt: skip
    return pixels


def _check_windows(windows: Windows | None) -> None:
    if windows is None:
        return
    check_seed(windows.seed)
    for name in ("count", "side"):
        check_whole(f"{name} of Windows", getattr(windows, name), least=1)


__all__ = ["ImageCache", "Source", "Windows", "build", "decoder", "plan", "rgb", "unchanged"]
