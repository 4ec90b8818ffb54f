"""The pairs that a probe is shown: reference, distorted image, what people said, and which content it is."""

from __future__ import annotations

import hashlib
import os
import re
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from visq.errors import DatasetError, InputError, OptionError, VisqWarning
from visq.paths import expanded

if TYPE_CHECKING:
    from visq.datasets import Dataset

#: Fewer pairs say nothing about agreement.
FEWEST = 10


@dataclass(frozen=True, slots=True)
class Pair:
    """One distorted image and its reference: what names it, the two pictures (paths or arrays), and labels."""

    id: str
    image: Any
    reference: Any
    reference_id: str
    score: float
    group: str
    distortion: str = ""
    level: str = ""


@dataclass(frozen=True)
class PairSet:
    """Rated pairs. Made by `pairs` from a database on disk, by `made_pairs` from arrays.

    Attributes
    ----------
    id, title : str
        Name in tables, and in words.
    pairs : tuple of Pair
    scores_lower_is_better : bool
        Whether scores fall as quality rises (DMOS).
    surrogate : bool
        Whether the score is no opinion of people but a level of distortion.
    notes : tuple of str
        What was left out, and what a reader must know.
    paper, licence, score_name : str
        Of the database.
    trial : str
        Why these pairs are too few to print a result of; every row of the table says it.
    """

    id: str
    title: str
    pairs: tuple[Pair, ...]
    scores_lower_is_better: bool = False
    surrogate: bool = False
    notes: tuple[str, ...] = ()
    paper: str = ""
    licence: str = ""
    score_name: str = "score"
    trial: str = ""

    def __len__(self) -> int:
        return len(self.pairs)

    @cached_property
    def scores(self) -> NDArray[np.float64]:
        """Scores, `(P,)`, in their own direction."""
        return np.array([p.score for p in self.pairs], dtype=np.float64)

    @cached_property
    def impairment(self) -> NDArray[np.float64]:
        """Scores turned so that they rise as quality falls, as distances do."""
        return self.scores if self.scores_lower_is_better else -self.scores

    @cached_property
    def groups(self) -> NDArray[Any]:
        """Contents, `(P,)` of texts."""
        return np.array([p.group for p in self.pairs])

    @cached_property
    def contents(self) -> tuple[str, ...]:
        """Contents in the order of their first appearance."""
        return tuple(dict.fromkeys(p.group for p in self.pairs))

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """What each pair holds: a hash of the content of both pictures, wherever they lie."""
        known: dict[str, str] = {}
        result = []
        for pair in self.pairs:
            if pair.reference_id not in known:
                known[pair.reference_id] = _digest(pair.reference)
            both = known[pair.reference_id] + _digest(pair.image)
            result.append(hashlib.sha256(both.encode()).hexdigest()[:32])
        return tuple(result)

    def first_contents(self, limit: int) -> PairSet:
        """The pairs of the first contents alone, for a trial."""
        if not limit or limit >= len(self.contents):
            return self
        kept = set(self.contents[:limit])
        note = f"a trial on the first {limit} of {len(self.contents)} contents: no result to print"
        chosen = tuple(p for p in self.pairs if p.group in kept)
        return replace(self, pairs=chosen, notes=(*self.notes, note), trial=note)

    def without(self, contents: Iterable[Any]) -> PairSet:
        """The pairs of other contents: each is named as the database names it, or by the number in its name.

        Raises
        ------
        OptionError
            A content that there is not.
        """
        wanted = list(dict.fromkeys(str(one).strip() for one in contents))
        out: set[str] = set()
        for name in wanted:
            found = {group for group in self.contents if _names(group, name)}
            if not found:
                raise OptionError(
                    f"{self.id}: no content {name!r} to exclude", expected=", ".join(self.contents[:8]) + ", ..."
                )
            out |= found
        if not out:
            return self
        note = f"without the contents {', '.join(sorted(out))}, as asked"
        return replace(self, pairs=tuple(p for p in self.pairs if p.group not in out), notes=(*self.notes, note))

    def check(self) -> None:
        """Raise where nothing can be learned from these pairs.

        Raises
        ------
        InputError
            Fewer than 10 pairs, constant or non-finite scores.
        """
        if len(self.pairs) < FEWEST:
            raise InputError(f"{self.id}: too few pairs", expected=f"{FEWEST} or more", got=str(len(self.pairs)))
        if not np.isfinite(self.scores).all():
            raise InputError(f"{self.id}: scores that are NaN or infinite", expected="finite numbers")
        if (self.scores == self.scores[0]).all():
            raise InputError(f"{self.id}: all scores are equal", expected="scores that differ")


def made_pairs(
    references: Sequence[Any],
    images: Sequence[Any],
    scores: Sequence[float],
    *,
    groups: Sequence[Any] | None = None,
    distortions: Sequence[str] | None = None,
    levels: Sequence[Any] | None = None,
    scores_lower_is_better: bool = False,
    name: str = "pairs",
    surrogate: bool = False,
) -> PairSet:
    """Pairs of arrays or paths, one reference, image and score each.

    Pairs that are there twice (the same reference and image) are passed over but for the first, with a warning.

    Parameters
    ----------
    references, images : sequence of path or array, (P,)
        Arrays `(H, W)` or `(H, W, 3)` as metrics take them. A reference that several images share is given each time:
        the same object.
    scores : sequence of float, (P,)
    groups : sequence, optional
        The content of each pair; its reference where not given.
    distortions, levels : sequence, optional
    scores_lower_is_better : bool
        Whether scores fall as quality rises.
    name : str
        What tables call the set.
    surrogate : bool
        Whether the scores are no opinions.

    Examples
    --------
    >>> black, grey = np.zeros((8, 8), np.uint8), np.full((8, 8), 99, np.uint8)
    >>> len(made_pairs([black, black], [black, grey], [5.0, 1.0]))
    2
    """
    lengths = {len(references), len(images), len(scores)}
    lengths |= {len(column) for column in (groups, distortions, levels) if column is not None}
    if len(lengths) != 1:
        raise InputError("pairs need one reference, image and score each", got=f"lengths {sorted(lengths)}")
    numbers: dict[Any, int] = {}
    made = []
    for i, (reference, image) in enumerate(zip(references, images, strict=True)):
        number = numbers.setdefault(_same(reference), len(numbers))
        named = isinstance(image, str | os.PathLike)
        made.append(
            Pair(
                id=os.fspath(image) if named else f"{name} {i}",
                image=image,
                reference=reference,
                reference_id=os.fspath(reference)
                if isinstance(reference, str | os.PathLike)
                else f"reference {number}",
                score=float(scores[i]),
                group=str(groups[i]) if groups is not None else f"reference {number}",
                distortion=str(distortions[i]) if distortions is not None else "",
                level=str(levels[i]) if levels is not None else "",
            )
        )
    kept, note = _once(made, name, by_content=True)
    return PairSet(name, name, kept, scores_lower_is_better, surrogate, note)


def pairs(
    name: str | Dataset,
    root: str | os.PathLike[str] = "",
    *,
    labels: str = "",
    exclude_contents: Iterable[Any] = (),
) -> PairSet:
    """The rated pairs of a database on disk.

    Parameters
    ----------
    name : str or Dataset
        A full-reference database by its name (`visq dataset list --kind fr`) with its `root`; what `visq.dataset` read;
        or a folder with `visq.csv`; or such a file of any name ending in `.csv` (columns image, reference, score, and
        if known group, distortion, level).
    root : path, optional
    labels : str, optional
        Which of several sets of scores.
    exclude_contents : iterable
        Contents to leave out: names, or the numbers in them (`25` for TID's synthetic picture). The choice is noted.

    Raises
    ------
    DatasetError
        No full-reference database, files that lack.
    UnknownDatasetError
    """
    from visq.datasets import Dataset

    dataset = name if isinstance(name, Dataset) else _read(str(name), os.fspath(root), labels)
    spec = dataset.spec
    without = sum(not getattr(s, "reference", "") for s in dataset.samples)
    if spec.kind != "fr" or without == len(dataset.samples):
        raise DatasetError(
            f"{spec.title}: a probe compares images with their references",
            expected="a database of single images with references",
        )
    if dataset.missing:
        raise DatasetError(
            f"{spec.title}: {len(dataset.missing)} files are missing, among them {dataset.missing[0]}",
            hint="`visq dataset check` lists them.",
        )
    made = []
    for i, sample in enumerate(dataset.samples):
        if not sample.reference:
            continue
        image, reference = dataset.paths(i)
        made.append(
            Pair(
                sample.image,
                os.fspath(image),
                os.fspath(reference or ""),
                sample.reference,
                float(sample.score),
                sample.group,
                sample.distortion,
                sample.level,
            )
        )
    kept, notes = _once(made, spec.title)
    if without:
        notes = (*notes, f"{without} images without a reference were passed over")
    surrogate = "surrogate" in spec.score_name
    if surrogate:
        notes = (*notes, f"the score is a {spec.score_name}: nothing here is an opinion of people")
    id_ = spec.id if spec.id != "folder" else dataset.root.resolve().name
    found = PairSet(
        id_, spec.title if spec.id != "folder" else id_, kept, spec.lower_is_better, surrogate, notes, spec.paper,
        spec.licence, spec.score_name,
    )  # fmt: skip
    return found.without(exclude_contents)


def _read(name: str, root: str, labels: str) -> Dataset:
    from visq.datasets import dataset, get
    from visq.datasets.spec import Table

    if root:
        return dataset(name, root, labels=labels)
    place = expanded(name)
    if place.is_dir():
        if (place / "visq.csv").is_file():
            return dataset("folder", place)
        if (place / "manifest.csv").is_file():
            return dataset("synthetic", place)
        raise DatasetError(
            f"{name} does not say which database it is", hint="Name it, ID=ROOT, or put a visq.csv into the folder."
        )
    if place.suffix.lower() == ".csv" and place.is_file():
        folder = get("folder")
        one = replace(folder.labels[0], id="manifest", tables=(Table(place.name, "csv"),))
        spec = replace(folder, title=place.name, labels=(replace(one, id="list"),))
        return dataset(spec, place.parent, labels="list")
    raise DatasetError(f"there is no database in {name!r}", expected="ID=ROOT, a folder with visq.csv, or a .csv file")


def _once(made: Sequence[Pair], title: str, *, by_content: bool = False) -> tuple[tuple[Pair, ...], tuple[str, ...]]:
    """Every pair but repeated ones, and what to say of those."""
    seen: set[Any] = set()
    kept = []
    for pair in made:
        key = (_digest(pair.reference), _digest(pair.image)) if by_content else (pair.reference, pair.image)
        if key not in seen:
            seen.add(key)
            kept.append(pair)
    lost = len(made) - len(kept)
    if not lost:
        return tuple(kept), ()
    text = f"{lost} pairs are there twice: the first of each was kept"
    warnings.warn(f"{title}: {text}", VisqWarning, 3)
    return tuple(kept), (text,)


def _same(picture: Any) -> Any:
    return os.fspath(picture) if isinstance(picture, str | os.PathLike) else id(picture)


def _names(group: str, name: str) -> bool:
    if group.casefold() == name.casefold() or Path(group).stem.casefold() == name.casefold():
        return True
    found = re.search(r"(\d+)\D*$", Path(group).stem)
    return bool(name.isdecimal() and found and int(found.group(1)) == int(name))


def _digest(picture: Any) -> str:
    """SHA-256 of a file, or of an array's type, shape and values."""
    if isinstance(picture, str | os.PathLike):
        try:
            with Path(picture).open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise DatasetError(f"{os.fspath(picture)} cannot be read: {error.strerror}") from error
    array = np.ascontiguousarray(np.asarray(picture))
    return hashlib.sha256(f"{array.dtype}{array.shape}".encode() + array.tobytes()).hexdigest()


__all__ = ["Pair", "PairSet", "made_pairs", "pairs"]
