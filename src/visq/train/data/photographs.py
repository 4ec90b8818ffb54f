"""Photographs without labels: a folder of them, or what may be learned from of a rated database, each content once.

Scores are not read. Of a database the fit part alone is learned from, and its validation part judges; the rest, its
test part above all, is not opened. Of a folder a twentieth judges, drawn by a seeded rule from the files' contents: the
first ones in the order of the SHA-256 of ``f"photographs/{seed}/{key}"``, with the key that `visq.train.data.keyed`
gives a file.
"""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from visq.datasets.manifest import MANIFEST_LABELS
from visq.datasets.reader import Dataset, dataset
from visq.errors import InputError, OptionError, ReadError, VisqError, VisqWarning
from visq.media import Limits
from visq.media.headers import scan
from visq.media.sniff import detect
from visq.media.source import printable, read_path
from visq.paths import expanded, is_file
from visq.train.data.draws import check_seed, fingerprint
from visq.train.data.image_cache import rgb
from visq.train.data.keyed import Keyed, keyed
from visq.train.data.prefetch import check_whole
from visq.train.data.splits import parts

Small = Literal["leave out", "reflect", "refuse"]
#: Photographs that judge, at least: what is nearest must be of another scene.
JUDGES = 2
_MANIFEST = MANIFEST_LABELS.tables[0].file


@dataclass(frozen=True)
class Photographs:
    """Pictures by number.

    Attributes
    ----------
    pictures : tuple of Keyed
        No content twice.
    """

    pictures: tuple[Keyed, ...]

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index: int) -> np.ndarray:
        """`(H, W, 3)` uint8."""
        one = self.pictures[index]
        try:
            return rgb(one.load(), one.name)
        except VisqError as error:
            raise error.with_context(printable(one.name)) from error

    @property
    def identity(self) -> str:
        """Hash of their contents, in order."""
        return fingerprint([one.key for one in self.pictures])


def unique(pictures: Sequence[Keyed]) -> tuple[Keyed, ...]:
    """Each content once, the first of its names."""
    found: dict[str, Keyed] = {}
    for one in pictures:
        found.setdefault(one.key, one)
    return tuple(found.values())


def opened(data: Any, *, seed: int = 0, split: int = -1, apart: int = 20) -> tuple[Photographs, Photographs]:
    """Photographs to learn from, and others to judge by.

    Parameters
    ----------
    data : str, path, Dataset or pair of sequences of Keyed
        `ID=ROOT` for a rated database (`biq2021=/data/biq`), else a folder of photographs.
    seed : int
        Of the division.
    split : int
        Of a database without an official split: one of its ten fixed ones, 0 to 9. -1: the official one.
    apart : int
        Of a folder: one photograph in so many judges, rounded down, and two at least.

    Raises
    ------
    OptionError
        Neither a folder nor a database; a number that cannot be.
    InputError
        A folder with less than three pictures, or with scores in it.
    ReadError
        A folder or file that cannot be read.
    """
    if isinstance(data, tuple):
        fit, validation = (unique(part) for part in data)
    elif isinstance(data, Dataset):
        fit, validation = _of_database(data, seed, split)
    else:
        text = os.fspath(data)
        folder = expanded(text)
        if folder.is_dir():
            fit, validation = _of_folder(folder, seed, apart)
        elif "=" in text:
            from visq.bench.plan import source

            named = source(text)
            fit, validation = _of_database(dataset(named.name, named.root, labels=named.labels), seed, split)
        else:
            raise OptionError(
                "there are no photographs to learn from", expected="a folder of them, or DATABASE=ROOT", got=text
            )
    return Photographs(fit), Photographs(validation)


def _of_database(rated: Dataset, seed: int, split: int) -> tuple[tuple[Keyed, ...], tuple[Keyed, ...]]:
    found = parts(rated, seed=seed, split=None if split < 0 else split, scale="fit")
    fit, validation = unique(keyed(found.fit)), unique(keyed(found.validation))
    known = {one.key for one in fit}
    return fit, tuple(one for one in validation if one.key not in known)


def _of_folder(folder: Path, seed: int, apart: int) -> tuple[tuple[Keyed, ...], tuple[Keyed, ...]]:
    from visq.run.plan import Finder

    check_seed(seed)
    check_whole("apart", apart, least=2)
    if (folder / _MANIFEST).exists():
        raise InputError(
            f"{folder} holds {_MANIFEST}, so it is a rated database", expected=f"folder={folder}",
            hint="Else its test part would be learned from.",
        )  # fmt: skip
    files = list(Finder().find([str(folder)]))
    for one in files:
        if one.problem:
            raise ReadError(f"{printable(one.path)}: {one.problem}")
    # By name relative to the folder: a folder that was moved holds the same photographs.
    found = unique(keyed(sorted(one.path for one in files)))
    if len(found) <= JUDGES:
        least = f"{JUDGES + 1} or more"
        raise InputError(f"{folder} holds too few photographs to learn from", expected=least, got=str(len(found)))
    ordered = sorted(found, key=lambda one: hashlib.sha256(f"photographs/{seed}/{one.key}".encode()).hexdigest())
    judging = {one.key for one in ordered[: max(JUDGES, len(ordered) // apart)]}
    return tuple(p for p in found if p.key not in judging), tuple(p for p in found if p.key in judging)


def large_enough(photographs: Photographs, least: int, small: Small) -> tuple[Photographs, int]:
    """The photographs with both sides of `least` pixels or more, and how many others there were.

    With ``small="reflect"`` all of them: what lacks is filled by reflection when they are read.

    Raises
    ------
    InputError
        Others, with ``small="refuse"``; no photograph that is large enough.
    OptionError
        Another word.

    Warns
    -----
    VisqWarning
        That some are left out, or filled.
    """
    if small not in ("leave out", "reflect", "refuse"):
        raise OptionError("small cannot be that", expected="leave out, reflect or refuse", got=repr(small))
    tiny = [i for i, one in enumerate(photographs.pictures) if _least_side(one) < least]
    if not tiny:
        return photographs, 0
    which = f"{len(tiny)} of {len(photographs)} photographs have a side below {least} pixels"
    if small == "refuse":
        raise InputError(f"{which}, {printable(photographs.pictures[tiny[0]].name)} for one")
    if small == "reflect":
        warnings.warn(f"{which}: they are filled by reflection", VisqWarning, stacklevel=3)
        return photographs, len(tiny)
    left = set(tiny)
    kept = tuple(one for i, one in enumerate(photographs.pictures) if i not in left)
    if not kept:
        raise InputError("no photograph is large enough", expected=f"sides of {least} pixels or more")
    warnings.warn(f"{which}: they are left out", VisqWarning, stacklevel=3)
    return Photographs(kept), len(tiny)


def _least_side(picture: Keyed) -> int:
    """From the header of a file, where it is one: decoding thousands of photographs takes a while."""
    path = Path(picture.name)
    if not (picture.key.startswith("file:") and is_file(path)):
        return min(picture.load().shape[:2])
    try:
        data = read_path(path, Limits())
        header = scan(data, detect(data), Limits())
    except VisqError as error:
        raise error.with_context(printable(path)) from error
    return min(header.height, header.width)


__all__ = ["JUDGES", "Photographs", "Small", "large_enough", "opened", "unique"]
