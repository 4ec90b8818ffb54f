"""Which rated pictures a study is about: so many of a part, chosen by a seed and their names alone."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from visq.datasets.files import whole_hash

if TYPE_CHECKING:
    from visq.datasets import Dataset


@dataclass(frozen=True)
class Picture:
    """A rated picture.

    Attributes
    ----------
    name : str
        In tables.
    source : path, or what a metric takes
    label : float
        What people said.
    group : str
        Its content: those of one are drawn together.
    known : str
        What measurements of it are kept under. Empty: the SHA-256 of its file.
    """

    name: str
    source: Any
    label: float
    group: str = ""
    known: str = field(default="", repr=False)

    @cached_property
    def key(self) -> str:
        """`known`, or the SHA-256 of the file."""
        return self.known or whole_hash(Path(self.source))

    def seed(self, seed: int) -> int:
        """Of its masks: other pictures have others, whichever are in the study."""
        return int.from_bytes(hashlib.sha256(f"{seed} {self.key}".encode()).digest()[:4], "big")


def choose(dataset: Dataset, count: int = 0, seed: int = 0) -> list[Picture]:
    """So many pictures of a database, or of a part of one.

    The order is that of the SHA-256 of seed and name, so that a picture is chosen whatever it shows and whatever people
    said of it, and more pictures only add to fewer.

    Parameters
    ----------
    dataset : Dataset
    count : int
        0, or more than there are: all of them.
    seed : int

    Returns
    -------
    list of Picture
        In the order of their names.
    """
    order = sorted(range(len(dataset)), key=lambda i: _place(dataset.samples[i].image, seed))
    kept = order[:count] if count else order
    found = [
        Picture(sample.image, dataset.paths(i)[0], float(sample.score), str(sample.group))
        for i, sample in ((i, dataset.samples[i]) for i in kept)
    ]
    return sorted(found, key=lambda one: one.name)


def groups_of(pictures: Sequence[Picture]) -> list[str] | None:
    """The content of each, or None where every picture is its own."""
    groups = [one.group or one.name for one in pictures]
    return groups if len(set(groups)) < len(groups) else None


def _place(name: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}\n{name}".encode()).digest()


__all__ = ["Picture", "choose", "groups_of"]
