"""Which pictures of a rated database may be learned from, chosen by, calibrated on and judged by.

The official test part (or that of one of the ten fixed splits) is set aside first. From the rest, `parts` draws whole
contents by a seeded rule: that of `visq.datasets.splits`, the order of a SHA-256, so that a part does not depend on the
order of the samples, and one that names its seed can be drawn again by anybody.

====================  ==============================================================  =====================
part                  what it is for                                                  streams that take it
====================  ==============================================================  =====================
`fit`                 parameters are learned from it                                  all
`validation`          epochs, options and designs are chosen by it                    validation, evaluation
`calibration`         intervals are calibrated on it (split-conformal): no other use  evaluation
`test`                figures that are published: `held_out` alone gives it           evaluation
====================  ==============================================================  =====================
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from visq.datasets.reader import Dataset
from visq.datasets.splits import by_rule, sizes
from visq.errors import DatasetError, InputError, OptionError
from visq.ops.choices import check_choice
from visq.train.data.draws import check_seed, fingerprint
from visq.train.data.prefetch import check_whole

Role = Literal["fit", "validation", "calibration", "test"]
#: What a stream is for, and the parts that may be read for it.
PURPOSES: dict[str, tuple[str, ...]] = {
    "training": ("fit",),
    "validation": ("fit", "validation"),
    "evaluation": ("fit", "validation", "calibration", "test"),
}


@dataclass(frozen=True, eq=False)
class Part:
    """Pictures of a database that have one role. Made by `parts` and `held_out`.

    Attributes
    ----------
    dataset : Dataset
    indices : tuple of int
        Of its samples, in the order of the part.
    role : str
    scores : numpy.ndarray
        `(N,)` float32, 0 to 1, 1 the best.
    split : int or None
        The fixed split whose test part is set aside; None stands for the official one.

    Raises
    ------
    OptionError
        A picture of the test part in a part of another role.
    """

    dataset: Dataset
    indices: tuple[int, ...]
    role: Role
    scores: np.ndarray
    split: int | None = None

    def __post_init__(self) -> None:
        if self.role != "test":
            mixed = set(self.indices) & set(_divided(self.dataset, self.split).get("test", np.zeros(0)).tolist())
            if mixed:
                raise OptionError(
                    f"{len(mixed)} pictures of the test part of {self.dataset.spec.id} are not for {self.role}",
                    hint="held_out gives the test part, for evaluations.",
                )

    def __len__(self) -> int:
        return len(self.indices)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Paths of the pictures, relative to the database."""
        return tuple(self.dataset.samples[i].image for i in self.indices)

    @property
    def paths(self) -> tuple[Path, ...]:
        """Paths of the pictures."""
        return tuple(self.dataset.root / name for name in self.names)

    @property
    def groups(self) -> np.ndarray:
        """Contents, `(N,)` of texts."""
        return self.dataset.groups[list(self.indices)]

    @cached_property
    def identity(self) -> str:
        """Hash of the database, the role, and the names and scores of the pictures in their order."""
        scores = [float(score).hex() for score in self.scores]
        return fingerprint([self.dataset.spec.id, self.dataset.labels, self.role, self.names, scores])

    def only(self, numbers: Iterable[int]) -> Part:
        """The pictures of the part with these numbers, in this order.

        Raises
        ------
        OptionError
            There is no such number.
        """
        # A mask of true and false would else be pictures 0 and 1, again and again.
        chosen = [check_whole("the number of a picture", i, most=len(self) - 1) for i in numbers]
        return _part(self.dataset, [self.indices[i] for i in chosen], self.role, self.scores[chosen], self.split)

    def for_purpose(self, purpose: str) -> Part:
        """Itself, where it may be read for this: `training`, `validation` or `evaluation`.

        Raises
        ------
        OptionError
            It may not: the test part outside an evaluation, above all.
        """
        if purpose not in PURPOSES:
            raise OptionError("unknown purpose of a stream", expected=", ".join(PURPOSES), got=repr(purpose))
        if self.role not in PURPOSES[purpose]:
            raise OptionError(
                f"the {self.role} part of {self.dataset.spec.id} is not for {purpose}",
                expected=f"the part {' or '.join(PURPOSES[purpose])}", got=self.role,
                hint="Figures on data that were learned from, or chosen by, are too good.",
            )  # fmt: skip
        return self


class Parts(NamedTuple):
    """What the training part of a database is divided into. `calibration` may be empty."""

    fit: Part
    validation: Part
    calibration: Part


def parts(
    dataset: Dataset,
    *,
    validation: float = 0.1,
    calibration: float = 0.1,
    seed: int = 0,
    split: int | None = None,
    scale: Literal["ends", "fit"] = "ends",
) -> Parts:
    """Divide what is not the test part of a database, by content.

    Parameters
    ----------
    dataset : Dataset
        Of images with scores.
    validation, calibration : float
        Shares of the contents. Of `n` contents, ``floor(n share + 1/2)`` are taken, one at least where there are three.
    seed : int
        Of the rule: contents in the order of the SHA-256 of ``f"{id}/training/{seed}/{content}"``, the last ones
        calibration, those before them validation, the rest fit.
    split : int, optional
        One of the ten fixed splits, for databases without an official one; its `val` counts as training data.
    scale : {"ends", "fit"}
        What 0 and 1 of the scores are: the ends of the database's scale, or the smallest and the largest score of the
        fit part, for scales without ends.

    Raises
    ------
    DatasetError
        There is neither an official split nor `split`; or the scale has no ends.
    OptionError
        Shares that leave nothing to learn from.
    InputError
        Pairs, stereo or video.
    """
    _check_shares(validation, calibration)
    check_choice("scale", scale, ("ends", "fit"))
    rest = _rest(dataset, split)
    contents = {i: dataset.samples[i].group for i in rest}
    fractions = (1.0 - validation - calibration, validation, calibration)
    count = len(set(contents.values()))
    # Each share that is not 0 has one content at least, so that shares below 1 may ask for more than there are.
    if sizes(count, fractions)[0] < 1:
        raise OptionError(
            f"{dataset.spec.id}: nothing is left to learn from",
            got=f"{count} contents, shares of {validation:g} and {calibration:g}",
        )
    drawn = by_rule(f"{dataset.spec.id}/training", list(contents.values()), check_seed(seed), fractions)
    roles: dict[str, list[int]] = {"train": [], "val": [], "test": []}
    for i, content in contents.items():
        roles[drawn[content]].append(i)
    scores = _scores(dataset, roles["train"] if scale == "fit" else None)
    return Parts(
        _part(dataset, roles["train"], "fit", scores[roles["train"]], split),
        _part(dataset, roles["val"], "validation", scores[roles["val"]], split),
        _part(dataset, roles["test"], "calibration", scores[roles["test"]], split),
    )


def held_out(dataset: Dataset, *, split: int | None = None, like: Part | None = None) -> Part:
    """The test part: official, or that of a fixed split. For the evaluation of a model that is finished.

    Parameters
    ----------
    dataset : Dataset
    split : int, optional
        As `parts` got it.
    like : Part, optional
        The fit part, where scores were put on 0 to 1 by it (``scale="fit"``).

    Raises
    ------
    DatasetError
        There is none.
    OptionError
        The scores of `like` were put on 0 to 1 by something else, or it is of another database.
    """
    chosen = _divided(dataset, split).get("test", np.zeros(0, np.intp)).tolist()
    if not chosen:
        raise DatasetError(f"{dataset.spec.id}: its test part is empty")
    scores = _scores(dataset, None if like is None else list(like.indices))
    if like is not None and not np.array_equal(scores[list(like.indices)], like.scores):
        raise OptionError(
            "the scores of like were not put on 0 to 1 by its own", expected="the fit part of parts(..., scale='fit')",
            got=f"the {like.role} part of {like.dataset.spec.id}", hint="With scale='ends', leave like out.",
        )  # fmt: skip
    return _part(dataset, chosen, "test", scores[chosen], split)


def _rest(dataset: Dataset, split: int | None) -> list[int]:
    found = _divided(dataset, split)
    rest = sorted(int(i) for name, indices in found.items() if name != "test" for i in indices)
    # A content on both sides would tell of the test part while it is learned from.
    shared = {dataset.samples[i].group for i in rest} & {dataset.samples[int(i)].group for i in found.get("test", ())}
    if shared:
        raise DatasetError(
            f"{dataset.spec.id}: {len(shared)} contents lie in its training and in its test part",
            got=", ".join(sorted(shared)[:3]), hint="split=0 to 9 gives fixed splits by content.",
        )  # fmt: skip
    if not rest:
        raise DatasetError(f"{dataset.spec.id}: there is nothing but its test part")
    return rest


def _divided(dataset: Dataset, split: int | None) -> dict[str, np.ndarray]:
    if dataset.spec.kind not in ("fr", "nr"):
        raise InputError(f"{dataset.spec.id} holds no images with scores", got=dataset.spec.kind)
    return dataset.official() if split is None else dataset.split(split)


def _part(dataset: Dataset, indices: Iterable[int], role: Role, scores: np.ndarray, split: int | None) -> Part:
    scores.flags.writeable = False  # a copy: it was taken by a list of indices
    return Part(dataset, tuple(indices), role, scores, split)


def _scores(dataset: Dataset, fit: list[int] | None) -> np.ndarray:
    found: np.ndarray = dataset.normalised(fit).astype(np.float32)
    return found


def _check_shares(validation: float, calibration: float) -> None:
    for name, share in (("validation", validation), ("calibration", calibration)):
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share < 1:
            raise OptionError(f"{name} is no share", expected="a number from 0 to below 1", got=repr(share))
    if validation + calibration >= 1:
        raise OptionError("nothing is left to learn from", got=f"shares of {validation:g} and {calibration:g}")


__all__ = ["PURPOSES", "Part", "Parts", "held_out", "parts"]
