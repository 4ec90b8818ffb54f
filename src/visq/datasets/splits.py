"""Ten fixed splits of every database, by content: no scene lies in two parts.

The rule, for split `k` from 0 to 9: the contents (lower case, without repeats) are put in the order of the SHA-256 of
``f"{id}/{k}/{content}"`` in UTF-8, read as hexadecimal text; the id is that of the database, or of the one whose
splits it has (`DatasetSpec.splits_of`). Of `n` contents the last ``floor(n test + 1/2)`` are `test`, the
``floor(n val + 1/2)`` before them `val`, and the rest `train`, with the shares of `DatasetSpec.fractions`. A part that
has a share has at least one content where there are three.

The contents of a complete copy are known for most databases, and their parts ship with visq. A copy that is not
complete thus has the same parts as a complete one. Where a content is not among those that ship (another database, a
list of one's own), the rule is applied to the contents at hand.
"""

from __future__ import annotations

import hashlib
import io
import lzma
import math
import zipfile
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path

from visq.datasets.registry import get
from visq.datasets.spec import DatasetSpec
from visq.errors import OptionError

PARTS = ("train", "val", "test")
#: How many splits there are.
COUNT = 10
_FILE = "dataset_splits.zip"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # so that the same contents give the same file


def by_rule(name: str, contents: Sequence[str], k: int, fractions: tuple[float, float, float]) -> dict[str, str]:
    """The part of each content in split `k`, by the rule.

    Examples
    --------
    >>> parts = by_rule("kadid10k", [f"i{i:02}" for i in range(1, 82)], 0, (0.6, 0.2, 0.2))
    >>> [sum(part == wanted for part in parts.values()) for wanted in PARTS]
    [49, 16, 16]
    """
    unique = sorted(set(contents), key=lambda content: hashlib.sha256(f"{name}/{k}/{content}".encode()).hexdigest())
    train, val, _ = sizes(len(unique), fractions)
    bounds = (train, train + val, len(unique))
    starts = (0, *bounds[:-1])
    return {
        content: part for part, start, end in zip(PARTS, starts, bounds, strict=True) for content in unique[start:end]
    }


def sizes(count: int, fractions: tuple[float, float, float]) -> tuple[int, int, int]:
    """Numbers of contents in train, val and test."""

    def share(fraction: float) -> int:
        least = 1 if fraction > 0 and count > 2 else 0
        return max(least, math.floor(count * fraction + 0.5))

    test = share(fractions[2]) if count > 2 else count - 1 if fractions[2] > 0 and count else 0
    val = share(fractions[1]) if count > 2 else 0
    return count - val - test, val, test


def assign(spec: DatasetSpec, contents: Sequence[str], k: int) -> Mapping[str, str]:
    """The part of each content in split `k`: from the list that ships where it knows them all, else by the rule.

    Raises
    ------
    OptionError
        `k` is not a whole number from 0 to 9.
    """
    if isinstance(k, bool) or not hasattr(k, "__index__") or k not in range(COUNT):
        raise OptionError(f"there is no split {k!r}", expected=f"a whole number from 0 to {COUNT - 1}")
    k = int(k)
    listed = shipped(spec.splits_of or spec.id)
    if listed is not None and all(content in listed for content in set(contents)):
        return {content: PARTS[listed[content][k]] for content in set(contents)}
    return by_rule(spec.splits_of or spec.id, contents, k, spec.fractions)


def ships(spec: DatasetSpec, contents: Sequence[str]) -> bool:
    """Whether the parts of these contents come from the list that ships."""
    listed = shipped(spec.splits_of or spec.id)
    return listed is not None and all(content in listed for content in set(contents))


@cache
def _archive() -> dict[str, bytes]:
    data = (files("visq") / "data" / _FILE).read_bytes()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def listed_ids() -> list[str]:
    """Names of the databases whose splits ship."""
    return sorted(name.removesuffix(".names") for name in _archive() if name.endswith(".names"))


@cache
def shipped(name: str) -> dict[str, bytes] | None:
    """Contents of a database whose splits ship, each with the number of its part in every split; None for others."""
    held = _archive()
    if f"{name}.names" not in held:
        return None
    contents = lzma.decompress(held[f"{name}.names"]).decode().split("\n")
    return dict(zip(contents, unpack(lzma.decompress(held[f"{name}.parts"]), len(contents)), strict=True))


def pack(parts: Sequence[bytes]) -> bytes:
    """Numbers of parts (0, 1, 2) of all contents in all splits, four to a byte, the first in the lowest bits."""
    flat = [number for content in parts for number in content]
    flat += [0] * (-len(flat) % 4)
    return bytes(a | b << 2 | c << 4 | d << 6 for a, b, c, d in zip(*[iter(flat)] * 4, strict=True))


def unpack(data: bytes, count: int) -> list[bytes]:
    """What `pack` packed, for `count` contents.

    Examples
    --------
    >>> unpack(pack([bytes([0, 1, 2, 0, 1, 2, 0, 1, 2, 2])]), 1)[0].hex()
    '00010200010200010202'
    """
    flat = bytes(byte >> shift & 3 for byte in data for shift in (0, 2, 4, 6))
    return [flat[i * COUNT : (i + 1) * COUNT] for i in range(count)]


def lists(spec: DatasetSpec, contents: Sequence[str]) -> list[bytes]:
    """By the rule, the number of the part of each content in every split."""
    every = [by_rule(spec.splits_of or spec.id, contents, k, spec.fractions) for k in range(COUNT)]
    number = {part: i for i, part in enumerate(PARTS)}
    return [bytes(number[every[k][content]] for k in range(COUNT)) for content in contents]


def write(path: Path, contents: Mapping[str, Sequence[str]]) -> None:
    """Write the file that ships, from the contents of databases by their names. Same contents, same bytes."""
    with zipfile.ZipFile(path, "w") as archive:
        for name in sorted(contents):
            ordered = sorted({content.casefold() for content in contents[name]})
            names = lzma.compress("\n".join(ordered).encode(), preset=9 | lzma.PRESET_EXTREME)
            parts = lzma.compress(pack(lists(get(name), ordered)), preset=9 | lzma.PRESET_EXTREME)
            archive.writestr(zipfile.ZipInfo(f"{name}.names", _EPOCH), names)
            archive.writestr(zipfile.ZipInfo(f"{name}.parts", _EPOCH), parts)
