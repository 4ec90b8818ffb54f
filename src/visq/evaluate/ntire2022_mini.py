"""A small simulated PIPAL: its names, its kind of labels, and pictures to go with them.

PIPAL itself may not be passed on. This stands in for it where the machinery is to be tried: what a metric scores on it
says nothing about the metric.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from visq.errors import InputError
from visq.evaluate.ntire2022_files import PipalName
from visq.evaluate.raters.elo import SCALE, START, elo

#: What each class is made of, the version's number plus one being its level. In class 04 the picture is moved by one
#: pixel first, which people do not see.
RECIPES = (
    "gaussian_noise:{0}", "gaussian_blur:{0}", "jpeg:{0}", "resize_bicubic:{0}", "gaussian_blur:{0}",
    "correlated_noise:{0}", "gaussian_noise:{0}+gaussian_blur:{0}",
)  # fmt: skip
MISALIGNED = 4
_VERSIONS = 4
# Elo points: of one level, of the classes' and of the pictures' own share of quality. Together they spread the latent
# quality about as much as PIPAL's training scores, whose standard deviation is 122.
_LEVEL, _CLASS, _OWN = 100.0, 30.0, 25.0


@dataclass(frozen=True, slots=True)
class MiniPipal:
    """Labels of simulated people.

    Attributes
    ----------
    latent : dict of str to float
        The quality behind the choices, by file name, in Elo points; mean 1400 in every content.
    labels : dict of str to float
        Elo ratings from the choices, as PIPAL's scores are made.
    comparisons : float
        Choices on each image, on average.
    """

    latent: dict[str, float]
    labels: dict[str, float]
    comparisons: float


def mini_pipal(seed: int = 0, *, contents: int = 10, comparisons: int = 30, orders: int = 10) -> MiniPipal:
    """Names, qualities and labels of `contents` references with 7 classes of 4 versions each.

    Two versions of one reference are compared at a time, and the better one is chosen with the probability that Elo's
    model has. Ratings are averaged over `orders` random orders of the choices.

    Parameters
    ----------
    seed : int
        The same labels from the same seed.
    contents : int
        References.
    comparisons : int
        Choices on each image, on average.
    orders : int
        As `elo` has it.

    Raises
    ------
    InputError
        Numbers below 1.

    Examples
    --------
    >>> mini = mini_pipal(comparisons=5)
    >>> len(mini.labels), next(iter(mini.labels))
    (280, 'A0001_00_00.bmp')
    """
    if min(contents, comparisons, orders) < 1:
        raise InputError("no such simulation", expected="1 or more contents, comparisons and orders")
    rng = np.random.default_rng(seed)
    by_class = rng.normal(0, _CLASS, len(RECIPES))
    latent: dict[str, float] = {}
    first: list[str] = []
    second: list[str] = []
    answers: list[float] = []
    for number in range(1, contents + 1):
        names = [file for _, _, file in _versions(number)]
        own = np.array([by_class[kind] - _LEVEL * version for kind, version, _ in _versions(number)])
        own += rng.normal(0, _OWN, len(names))
        quality = START + own - own.mean()
        latent |= dict(zip(names, quality.tolist(), strict=True))
        # The first of a pair, and how far on the second lies: never itself.
        one = rng.integers(0, len(names), comparisons * len(names) // 2)
        other = (one + rng.integers(1, len(names), len(one))) % len(names)
        chosen = rng.random(len(one)) < 1 / (1 + 10 ** ((quality[other] - quality[one]) / SCALE))
        first += [names[i] for i in one]
        second += [names[i] for i in other]
        answers += chosen.astype(float).tolist()
    rated = elo(first, second, answers, orders=orders, rng=rng)
    ratings = dict(zip(rated.items, rated.ratings.tolist(), strict=True))
    return MiniPipal(latent, {name: ratings.get(name, START) for name in latent}, 2 * len(answers) / len(latent))


def mini_pictures(seed: int = 0, *, contents: int = 10, side: int = 96) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """(name, reference, distorted) of every image that `mini_pipal` labels; uint8 `(side, side, 3)`.

    The references are piles of discs of random colour and size ("dead leaves"), which have edges and a spectrum much
    like photographs.
    """
    from visq.distortions.apply import distort

    for number in range(1, contents + 1):
        reference = _leaves(np.random.default_rng([seed, number]), side)
        for kind, version, file in _versions(number):
            # Moved by one pixel each way, what comes in at the other end being as wide.
            start = np.roll(reference, (1, 1), axis=(0, 1)) if kind == MISALIGNED else reference
            yield file, reference, distort(start, RECIPES[kind].format(version + 1), seed=seed, key=file)


def _versions(number: int) -> list[tuple[int, int, str]]:
    """(class, version, file name) of one reference."""
    return [
        (kind, version, PipalName(f"A{number:04d}", f"{kind:02d}", f"{version:02d}").file)
        for kind in range(len(RECIPES))
        for version in range(_VERSIONS)
    ]


def _leaves(rng: np.random.Generator, side: int) -> np.ndarray:
    """Discs on discs: radius from 3 pixels to a quarter of the side, small ones far more often."""
    rows, columns = np.mgrid[:side, :side]
    picture = np.full((side, side, 3), 128, np.uint8)
    for _ in range(side * 3):
        radius = min(3 / np.sqrt(rng.random() + 1e-9), side / 4)
        row, column = rng.uniform(0, side, 2)
        picture[(rows - row) ** 2 + (columns - column) ** 2 <= radius**2] = rng.integers(0, 256, 3)
    return picture
