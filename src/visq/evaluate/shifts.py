"""Shift tolerance: a shift that nobody sees should hardly change a score, and must not change which image is better."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from visq.errors import InputError, InputTypeError, VisqWarning
from visq.evaluate.inputs import whole

#: Right and down, in steps of rows and columns.
_DIRECTIONS = ((0, 1), (1, 0))


@dataclass(frozen=True, slots=True)
class ShiftTolerance:
    """What shifts of the distorted images did to a metric's scores.

    Attributes
    ----------
    shifts : tuple of int
        In pixels.
    scores : tuple of float
        Of each distorted image, unshifted.
    spread : float
        Largest minus smallest of these.
    changes : tuple of float
        For each shift, the mean of ``|shifted score - score|`` over images and directions, divided by `spread`: 1 means
        that the shift changed scores as much as the distortions differ. NaN where all unshifted scores are equal.
    change : float
        Mean of `changes`.
    flips : tuple of int
        For each shift, pairs of images whose order changed with both shifted alike.
    flips_alone : tuple of int
        For each shift, pairs whose order changed with only one of the two shifted.
    compared, compared_alone : int
        Pairs that were compared at each shift, the directions counted: as many `flips`, or `flips_alone`, are possible.
        Pairs of equal unshifted scores have no order and are left out.
    rank_flip_rate : float
        Share of `flips` in what was compared at all shifts; NaN where nothing was.
    rank_flip_rate_alone : float
        Of `flips_alone` likewise.
    """

    shifts: tuple[int, ...]
    scores: tuple[float, ...]
    spread: float
    changes: tuple[float, ...]
    change: float
    flips: tuple[int, ...]
    flips_alone: tuple[int, ...]
    compared: int
    compared_alone: int
    rank_flip_rate: float
    rank_flip_rate_alone: float


def shift_tolerance(
    metric: Callable[[Any, Any], Any], reference: Any, *distorted: Any, shifts: Iterable[int] = range(1, 5)
) -> ShiftTolerance:
    """How a full-reference metric takes shifts of a few pixels of the distorted images.

    Every image is cropped by the largest shift on each side. The reference's crop stays; that of the distorted image
    moves by `s` pixels to the right, then down. So no border is invented: shifted crops hold the picture's own pixels.
    Scores of shifted crops are compared with those of unshifted ones, and so is the order of every two distorted
    images.

    Parameters
    ----------
    metric : callable
        `metric(image, reference)` gives a number: a `visq.Metric`, or any function of two arrays.
    reference : array
        `(H, W)` or `(H, W, 3)`, larger by twice the largest shift than the metric needs.
    *distorted : array
        Two or more distorted versions, as large.
    shifts : sequence of int
        In pixels, from 1 on.

    Returns
    -------
    ShiftTolerance

    Raises
    ------
    InputError
        Fewer than two distorted images, images that differ in size or leave nothing within the margins, no shifts.
    InputTypeError
        Not arrays.

    Notes
    -----
    The rank-flip rate is that of the paper, which shifts both images of a pair alike and counts pairs whose order
    changes. There 1 to 3 pixels to one side are tried, of crops of 64x64 from BAPPS; numbers of other pictures are not
    to be compared with the paper's. A pair that becomes a tie counts as flipped. `flips_alone` is stricter and ours.

    References
    ----------
    A. Ghildyal, F. Liu, "Shift-tolerant perceptual similarity metric", ECCV 2022.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> picture = rng.random((40, 40))
    >>> noisy, flat = np.clip(picture + rng.normal(0, 0.1, (40, 40)), 0, 1), 0.8 * picture
    >>> from visq.api import metric
    >>> found = shift_tolerance(metric("psnr"), picture, noisy, flat, shifts=[1, 2])
    >>> found.change > 1, found.compared
    (True, 2)
    """
    amounts = _amounts(shifts)
    pictures = _pictures(reference, distorted, amounts[-1])
    margin = amounts[-1]
    fixed = _crop(pictures[0], margin, 0, 0)
    scores = np.array([_score(metric, _crop(p, margin, 0, 0), fixed) for p in pictures[1:]])
    shifted = np.array(
        [[[_score(metric, _crop(p, margin, s * dy, s * dx), fixed) for p in pictures[1:]] for dy, dx in _DIRECTIONS]
         for s in amounts]
    )  # fmt: skip
    return summary(scores, shifted, amounts)


def summary(scores: Any, shifted: Any, shifts: Sequence[int]) -> ShiftTolerance:
    """What scores that are there already tell.

    Parameters
    ----------
    scores : (n,)
        Of the distorted images, unshifted.
    shifted : (shifts, directions, n)
        Of the shifted ones.
    shifts : sequence of int

    Examples
    --------
    >>> found = summary([1.0, 2.0], [[[1.5, 2.5]], [[3.0, 2.5]]], [1, 2])
    >>> found.changes, found.flips, found.flips_alone, found.rank_flip_rate
    ((0.5, 1.25), (0, 1), (0, 1), 0.5)
    """
    plain, moved = np.asarray(scores, np.float64), np.asarray(shifted, np.float64)
    spread = float(plain.max() - plain.min())
    if spread > 0:
        changes = tuple(float(v) for v in np.abs(moved - plain).mean(axis=(1, 2)) / spread)
    else:
        warnings.warn("all unshifted scores are equal: a change has nothing to be held against", VisqWarning, 3)
        changes = tuple(math.nan for _ in shifts)
    pairs = [(a, b) for a, b in combinations(range(plain.size), 2) if plain[a] != plain[b]]
    alike, alone = [], []
    for each in moved:
        alike.append(sum(_order(d[a], d[b]) != _order(plain[a], plain[b]) for d in each for a, b in pairs))
        alone.append(sum(_flips_alone(plain, d, a, b) for d in each for a, b in pairs))
    compared = len(pairs) * moved.shape[1]
    return ShiftTolerance(
        tuple(shifts), tuple(plain.tolist()), spread, changes, float(np.mean(changes)), tuple(alike), tuple(alone),
        compared, 2 * compared, _share(alike, compared), _share(alone, 2 * compared),
    )  # fmt: skip


def _order(a: float, b: float) -> int:
    return int(a > b) - int(a < b)


def _flips_alone(plain: Any, moved: Any, a: int, b: int) -> int:
    order = _order(plain[a], plain[b])
    return int(_order(moved[a], plain[b]) != order) + int(_order(plain[a], moved[b]) != order)


def _share(flips: Sequence[int], compared: int) -> float:
    return sum(flips) / (len(flips) * compared) if compared else math.nan


def _amounts(shifts: Iterable[int]) -> tuple[int, ...]:
    found = tuple(sorted({whole(shift, "a shift", minimum=1) for shift in shifts}))
    if not found:
        raise InputError("no shift is given", expected="whole numbers from 1 on")
    return found


def _pictures(reference: Any, distorted: Sequence[Any], margin: int) -> list[Any]:
    if len(distorted) < 2:
        raise InputError("an order needs two images", expected="two distorted images or more", got=str(len(distorted)))
    pictures = [reference, *distorted]
    for picture in pictures:
        if not isinstance(picture, np.ndarray) or picture.ndim not in (2, 3):
            raise InputTypeError(
                "shifts are made of arrays", expected="(H, W) or (H, W, 3)", got=type(picture).__name__,
                hint="visq.open_image(path).pixels is one.",
            )  # fmt: skip
        if picture.shape[:2] != pictures[0].shape[:2]:
            raise InputError(
                "the images differ in size", expected=str(pictures[0].shape[:2]), got=str(picture.shape[:2])
            )
    if min(pictures[0].shape[:2]) <= 2 * margin:
        raise InputError(
            f"nothing is left within margins of {margin} pixels", expected=f"sides above {2 * margin}",
            got=str(pictures[0].shape[:2]),
        )  # fmt: skip
    return pictures


def _crop(picture: Any, margin: int, down: int, right: int) -> Any:
    """The picture without its margins, moved: what lay at `(y, x)` lies at `(y + down, x + right)`."""
    height, width = picture.shape[:2]
    top, left = margin - down, margin - right
    return np.ascontiguousarray(picture[top : top + height - 2 * margin, left : left + width - 2 * margin])


def _score(metric: Callable[[Any, Any], Any], image: Any, reference: Any) -> float:
    value = float(metric(image, reference))
    if not math.isfinite(value):
        raise InputError("the metric gave no finite score", expected="a number", got=str(value))
    return value


__all__ = ["ShiftTolerance", "shift_tolerance", "summary"]
