"""How a recovery goes: learning rate, number of steps, and at which of them the picture is kept."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import Any

from visq.errors import OptionError

#: Starts that are words; others are distortions of the reference, files and arrays.
STARTS = ("noise", "white", "grey")


@dataclass(frozen=True, slots=True)
class Schedule:
    """Adam's learning rate by step: constant, or halved every so many steps down to a floor.

    The authors of DeepWSD published two walks: in 2022 a constant 0.01, in 2024 0.1 halved every 1000 steps down to
    1e-5, both of 10,000 steps from white.

    Parameters
    ----------
    rate : float
        Of the first step, in units of the pixels, which are in 0..1.
    halve_every : int, optional
        Steps after which it is halved, again and again. None: never.
    floor : float
        It is halved no further than to this.

    Raises
    ------
    OptionError
        A rate that is not above 0, a floor above the rate, or no whole number of steps.

    Examples
    --------
    >>> schedule = Schedule(0.1, halve_every=1000)
    >>> schedule.at(0), schedule.at(999), schedule.at(1000), schedule.at(20000)
    (0.1, 0.1, 0.05, 1e-05)
    """

    rate: float = 0.01
    halve_every: int | None = None
    floor: float = 1e-5

    def __post_init__(self) -> None:
        for name in ("rate", "floor"):
            value = getattr(self, name)
            if not isinstance(value, Real) or not (math.isfinite(value) and float(value) > 0):
                raise OptionError(f"the learning {name} is not usable", expected="a number above 0", got=repr(value))
        if self.halve_every is not None:
            whole(self.halve_every, "halve_every", 1)
            if self.floor > self.rate:
                raise OptionError(
                    "the learning rate begins below its floor", expected=f"a floor up to {self.rate:g}",
                    got=f"{self.floor:g}",
                )  # fmt: skip

    def at(self, step: int) -> float:
        """The rate of one step, counted from 0."""
        if self.halve_every is None:
            return self.rate
        return max(self.floor, self.rate * 0.5 ** (step // self.halve_every))

    def __str__(self) -> str:
        if self.halve_every is None:
            return f"{self.rate:g}"
        return f"{self.rate:g} halved every {self.halve_every} down to {self.floor:g}"


@dataclass(frozen=True, slots=True)
class Settings:
    """A walk, without the picture and the metric.

    Parameters
    ----------
    steps : int
        Of descent, 0 or more.
    schedule : Schedule
        Of the learning rate.
    frames : int
        Pictures to keep on the way, the first and the last among them, 2 or more.
    device : str
        Where torch computes: `cpu`, `cuda`, `cuda:1`.

    Raises
    ------
    OptionError
        Numbers that are not whole, or too small.
    """

    steps: int = 300
    schedule: Schedule = field(default_factory=Schedule)
    frames: int = 8
    device: str = "cpu"

    def __post_init__(self) -> None:
        whole(self.steps, "steps", 0)
        whole(self.frames, "frames", 2)

    @property
    def kept(self) -> tuple[int, ...]:
        """The steps whose pictures are kept."""
        return moments(self.steps, self.frames)


def moments(steps: int, frames: int) -> tuple[int, ...]:
    """About `frames` steps from 0 to `steps`, spaced evenly on a logarithmic scale, for most happens early.

    The second is a hundredth of the last, as little is to be seen before. Short walks have fewer.

    >>> moments(300, 8), moments(10000, 5), moments(2, 8)
    ((0, 3, 6, 14, 30, 65, 139, 300), (0, 100, 464, 2154, 10000), (0, 1, 2))
    """
    if steps == 0:
        return (0,)
    first = max(1.0, steps / 100)
    inner = [first * (steps / first) ** (k / (frames - 2)) for k in range(frames - 1)] if frames > 2 else [steps]
    return tuple(sorted({0, *(round(value) for value in inner), steps}))


def whole(value: Any, name: str, least: int) -> int:
    """A whole number from `least` on, or an error that names it."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise OptionError(f"{name} is not usable", expected=f"a whole number from {least} on", got=repr(value))
    return int(value)


__all__ = ["STARTS", "Schedule", "Settings", "moments", "whole"]
