"""Types of damage in six steps, from none to severe: which, at which amounts, and where they are applied.

Damage is done to whole pictures and cropped afterwards: compression works in blocks that begin at the corner of the
picture, blur and resampling look at neighbours and would meet a border at every crop, noise is one pattern a picture,
and some types measure the picture first. Only tone curves (`CURVES`) make each value of what that value was and of
nothing else: they are applied to the crop, through a table of 256 entries, which gives the very pixels that the crop of
the whole damaged picture has. So they need no room on a disk.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from visq.distortions.apply import distort
from visq.distortions.chain import Step, parse
from visq.distortions.spec import LEVELS
from visq.errors import OptionError
from visq.train.data.draws import check_seed, fingerprint
from visq.train.data.image_cache import ImageCache, rgb
from visq.train.data.keyed import Keyed
from visq.train.data.prefetch import check_whole
from visq.train.data.splits import Part

#: Distortions that are a curve for each channel by itself, the same for every pixel of every picture.
CURVES = frozenset(
    ("overexposure", "underexposure", "darken", "mean_shift", "contrast_curve", "quantization", "gamma_error")
)
#: Untouched and the five levels.
STEPS = LEVELS + 1


@dataclass(frozen=True, slots=True)
class Graded:
    """One type of damage.

    Attributes
    ----------
    name : str
        As `visq.distort` takes it: `jpeg`, `kadid10k/10`.
    amounts : tuple of five floats, optional
        Mild to severe, in the unit of the distortion. Not given: its own levels.
    """

    name: str
    amounts: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "amounts", tuple(self.amounts))

    @property
    def step(self) -> Step:
        """Its row in the table."""
        return parse(self.name)[0]

    @property
    def curve(self) -> bool:
        """Whether it is applied to crops."""
        return self.step.bank is None and self.step.spec.id in CURVES

    def apply(self, pixels: np.ndarray, level: int, *, seed: int, key: str) -> np.ndarray:
        """The picture at a level, 0 to 5; `key` is the picture's name, so that no two have the same noise."""
        if level == 0:
            return pixels
        chosen: dict[str, Any] = {"amount": self.amounts[level - 1]} if self.amounts else {"level": level}
        return distort(pixels, self.name, **chosen, seed=seed, key=key)

    def table(self) -> np.ndarray:
        """Of a curve: what every 8-bit value becomes at every level, `(6, 256)` uint8."""
        ramp = np.arange(256, dtype=np.uint8)[None, :]
        return np.concatenate([self.apply(ramp, level, seed=0, key="") for level in range(STEPS)])


#: What users of photographs meet. Amounts are chosen so that every step changes an 8-bit picture: the first level of
#: `gaussian_blur` and, on smooth pictures, of others does not.
COMMON = (
    Graded("gaussian_blur", (0.6, 1.0, 1.7, 2.8, 4.5)),
    Graded("motion_blur_any"),
    Graded("gaussian_noise", (0.0005, 0.0015, 0.004, 0.01, 0.025)),
    Graded("jpeg"),
    Graded("jpeg2000"),
    Graded("resize_bicubic", (1.5, 2.0, 3.0, 4.5, 7.0)),
    Graded("overexposure"),
    Graded("underexposure"),
)


def check_types(types: Iterable[str | Graded]) -> tuple[Graded, ...]:
    """Types whose severity is known to rise with the level.

    Raises
    ------
    UnknownDistortionError
        A name that there is none of.
    OptionError
        A chain, a name with a level in it, one whose levels say nothing of severity, amounts that are not five or do
        not go one way; one type twice.

    Examples
    --------
    >>> [one.name for one in check_types(["jpeg", Graded("gaussian_blur", (1, 2, 3, 4, 5))])]
    ['jpeg', 'gaussian_blur']
    """
    found = tuple(Graded(one) if isinstance(one, str) else one for one in types)
    for one in found:
        _check(one)
    if not found or len(set(found)) < len(found):
        raise OptionError("types of damage", expected="one or more, each once", got=str([one.name for one in found]))
    return found


def _check(one: Graded) -> None:
    steps = parse(one.name)
    step = steps[0]
    if len(steps) > 1 or step.level is not None or step.amount is not None:
        raise OptionError("one type of damage has five levels", expected="the name of one distortion", got=one.name)
    if one.amounts:
        amounts = one.amounts
        rising = all(a < b for a, b in pairwise(amounts))
        falling = all(a > b for a, b in pairwise(amounts))
        if len(amounts) != LEVELS or not all(map(math.isfinite, amounts)) or not (rising or falling):
            raise OptionError(
                f"{one.name}: amounts of levels", expected="five numbers, mild to severe", got=str(amounts)
            )
        if falling != (step.amounts[0] > step.amounts[-1]):
            raise OptionError(f"{one.name}: amounts run the wrong way", expected=f"as {step.amounts}", got=str(amounts))
    if not step.monotone:
        raise OptionError(f"{one.name}: its severity does not rise with the level", hint="It cannot be ranked.")


def graded_pictures(
    cache: ImageCache, part: Part, types: Iterable[str | Graded], *, levels: Sequence[int] = tuple(range(STEPS)),
    seed: int = 0,
) -> list[Keyed]:  # fmt: skip
    """Whole pictures at every level of every type, made when they are asked for: for `FeatureCache`.

    Picture by picture, type by type, level by level: ``len(part) * len(types) * len(levels)`` of them.

    Raises
    ------
    OptionError
        Types that cannot be ranked, a level that is none of 0 to 5.
    InputError
        A picture that the cache lacks, or of which it keeps parts.
    """
    chosen, check = check_types(types), check_seed(seed)
    for level in levels:
        check_whole("a level", level, most=LEVELS)
    made = makers()
    return [
        _graded(cache, place, one, level, check, made)
        for place in cache.find_part(part)
        for one in chosen
        for level in levels
    ]


def _graded(cache: ImageCache, place: int, one: Graded, level: int, seed: int, made: dict[str, str]) -> Keyed:
    name = cache.names[place]
    cache.whole(place)

    def load() -> np.ndarray:
        return rgb(one.apply(cache[place], level, seed=seed, key=name), name)

    if level == 0:
        return Keyed(f"cached:{cache.identity_of([place])}", name, load, name)
    key = fingerprint([cache.identity_of([place]), name, described(one), level, seed, made])
    return Keyed(f"graded:{key}", f"{name} ({one.name} {level})", load, name)


def described(one: Graded) -> list[Any]:
    """A type with the amounts and options that it stands for now: a table may change."""
    step = one.step
    options = {name: str(value) for name, value in sorted(step.options.items())}
    return [one.name, list(map(float, one.amounts or step.amounts)), options]


def makers() -> dict[str, str]:
    """Versions of what makes damaged pixels."""
    from visq.distortions.synth.plan import makers as every

    found: dict[str, str] = every()
    return {name: version for name, version in found.items() if name not in ("python", "machine")}


def same_levels(crops: Sequence[np.ndarray] | np.ndarray, levels: Sequence[int]) -> list[int]:
    """Levels of crops, where one that equals the one before it has the level of that: there is nothing to rank.

    >>> same_levels([np.zeros(4), np.zeros(4), np.ones(4)], [0, 2, 5])
    [0, 0, 5]
    """
    found = list(levels[:1])
    for i in range(1, len(levels)):
        found.append(found[-1] if np.array_equal(crops[i - 1], crops[i]) else levels[i])
    return found


__all__ = [
    "COMMON", "CURVES", "STEPS", "Graded", "check_types", "described", "graded_pictures", "makers", "same_levels",
]  # fmt: skip
