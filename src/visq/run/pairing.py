"""Which distorted image belongs to which reference: by name, never by order.

Two folders are paired by the path inside the folder: `a/x.png` with `a/x.png`. Where the references have no such file,
the extension may differ (`a/x.jpg` with `a/x.png`), as long as only one reference has that name: where several do,
nothing is guessed.
"""

# Names stay the text that was given: pathlib would rewrite "./a", and is slow for a million of them.
# ruff: noqa: PTH122

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from visq.errors import PairingError
from visq.run.plan import Found

_LISTED = 10


@dataclass(frozen=True, slots=True)
class Pair:
    """A distorted image and its reference; `problem` says why it cannot be scored (a folder that cannot be read)."""

    image: str
    reference: str
    relative: str
    problem: str = ""


@dataclass
class Pairing:
    """Pairs a folder of references with folders of distorted images.

    Attributes
    ----------
    without_reference : list of str
        Distorted images that no reference belongs to, as far as `pairs` has come.
    """

    references: dict[str, str]
    without_reference: list[str] = field(default_factory=list)
    _stems: dict[str, list[str]] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        for relative in self.references:
            self._stems.setdefault(_stem(relative), []).append(relative)

    @classmethod
    def of(cls, references: Iterable[Found]) -> Pairing:
        """From the files of the reference folder.

        Raises
        ------
        PairingError
            There are none, or the folder cannot be read.
        """
        found = list(references)
        for one in found:
            if one.problem:
                raise PairingError(f"{one.path}: {one.problem}")
        if not found:
            raise PairingError("the reference folder holds no images")
        return cls({one.relative: one.path for one in found})

    def pairs(self, distorted: Iterable[Found]) -> Iterator[Pair]:
        """A pair for each distorted image that has a reference.

        Raises
        ------
        PairingError
            Several references differ only in the extension, and none has the name of the distorted image.
        """
        for one in distorted:
            if one.problem:
                yield Pair(one.path, "", one.relative, one.problem)
                continue
            partner = self._partner(one.relative)
            if partner is None:
                self.without_reference.append(one.path)
            else:
                self._used.add(partner)
                yield Pair(one.path, self.references[partner], one.relative)

    def check(self, distorted: Callable[[], Iterable[Found]]) -> None:
        """Meet every ambiguity now, before anything is scored. Walks `distorted()` only where there can be any.

        Raises
        ------
        PairingError
            As `pairs`.
        """
        if any(len(names) > 1 for names in self._stems.values()):
            for one in distorted():
                self._partner(one.relative)

    def _partner(self, relative: str) -> str | None:
        if relative in self.references:
            return relative
        candidates = self._stems.get(_stem(relative), [])
        if len(candidates) > 1:
            raise PairingError(
                f"{relative} could belong to several references: {', '.join(candidates[:_LISTED])}",
                hint="Rename or remove those that are not meant.",
            )
        return candidates[0] if candidates else None

    def without_image(self) -> list[str]:
        """References that no distorted image belongs to. Complete once `pairs` is exhausted."""
        return [path for relative, path in self.references.items() if relative not in self._used]


def _stem(relative: str) -> str:
    return os.path.splitext(relative)[0]
