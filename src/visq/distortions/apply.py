"""`visq.distort`: one picture, one distortion, one level, the same bytes from the same seed."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from functools import cache
from importlib import import_module
from numbers import Integral, Real
from typing import Any

import numpy as np

from visq.distortions.calibrate import amount_for_psnr
from visq.distortions.chain import Step, check_level, parse
from visq.distortions.spec import DistortionSpec
from visq.errors import InputError, OptionError, SizeError
from visq.ops.arrays import read_one

# Values are brought to this fraction of a level before they are rounded, so that rounding errors of the arithmetic,
# which differ between processors, do not decide on which side of a tie a value comes to lie.
_DIGITS = 6


def distort(
    image: np.ndarray,
    name: str,
    level: int | None = None,
    *,
    amount: float | None = None,
    seed: int = 0,
    key: str = "",
) -> np.ndarray:
    """A degraded copy of a picture.

    Parameters
    ----------
    image : array
        `(H, W)`, `(H, W, 1)` or `(H, W, 3)`; uint8, uint16, or float in 0..1. sRGB.
    name : str
        A distortion (`gaussian_blur`), one of a bank (`kadid10k/10`, `tid2013/JPEG compression`), or several one
        after the other, each with its level or amount where they differ: `gaussian_blur:3+jpeg=35`.
    level : int
        1 mild to 5 severe; 0 is the untouched picture.
    amount : float
        Instead of a level: in the unit of the distortion, see `visq.distortions.get(name).unit`.
    seed : int
        Of what is random, 0 or above.
    key : str
        Of the picture, its name for instance: pictures of different keys get different patterns from one seed. All
        levels of one picture share one pattern, so that they differ in severity alone.

    Returns
    -------
    array
        New, of the same dtype and shape. Integers are rounded half to even after clipping.

    Raises
    ------
    UnknownDistortionError
        A name that there is none of, with the nearest.
    OptionError
        Neither level nor amount, both, or one that is not taken.
    InputError, InputTypeError, RangeError, SizeError
        Not such a picture, or one too small for this distortion.
    MissingExtraError
        A distortion by a library that is not installed.

    Notes
    -----
    Random numbers are those of NumPy's PCG64 seeded by (seed, distortion, key); a step of a chain whose distortion
    occurred before gets its own. The same call gives the same bytes in every process and with any number of threads.

    Examples
    --------
    >>> import numpy as np
    >>> picture = np.full((4, 4, 3), 100, np.uint8)
    >>> distort(picture, "mean_shift", 1)[0, 0].tolist(), distort(picture, "mean_shift", amount=0.2)[0, 0].tolist()
    ([110, 110, 110], [151, 151, 151])
    """
    steps = parse(name)
    if level is not None:
        level = check_level(level)
    chosen = [_setting(step, level, amount, alone=len(steps) == 1) for step in steps]
    pixels = read_pixels(image, steps)
    if all(setting is None for setting in chosen):
        return np.array(image, copy=True)  # untouched, to the last digit of a float that leaves 0..1 by rounding
    occurred: dict[str, int] = {}
    for step, setting in zip(steps, chosen, strict=True):
        count = occurred[step.spec.id] = occurred.get(step.spec.id, -1) + 1
        if setting is not None:
            pixels = apply_step(pixels, step, *setting, seed=seed, key=f"{key}#{count}" if count else key)
    return _as_given(pixels, image)


def apply_step(
    pixels: np.ndarray, step: Step, value: float, sought: bool, *, seed: int = 0, key: str = ""
) -> np.ndarray:
    """One step on `(H, W, C)` float64 in 0..1, clipped. `value` is an amount, or a PSNR where it is `sought`."""
    function, options = operator(step.spec), step.options
    given = stretched(pixels) if step.bank and step.bank.stretch else pixels

    def run(amount: float) -> np.ndarray:
        rng = generator(seed, step.spec.id, key)
        out = np.clip(function(given, amount, rng=rng, **options), 0.0, 1.0)
        if given is pixels:
            return out
        low, high = float(pixels.min()), float(pixels.max())
        return low + (high - low) * stretched(out)

    if not sought or step.entry is None or step.entry.search is None:
        return run(value)
    return amount_for_psnr(run, pixels, value, step.entry.search)[1]


def stretched(pixels: np.ndarray) -> np.ndarray:
    """Values from 0 to 1 by their own extremes; a constant picture as it is.

    >>> stretched(np.array([0.2, 0.4, 0.6])).round(3).tolist()
    [0.0, 0.5, 1.0]
    """
    low, high = float(pixels.min()), float(pixels.max())
    return (pixels - low) / (high - low) if high > low else pixels


def generator(seed: int, distortion: str, key: str = "") -> np.random.Generator:
    """The random numbers of one distortion of one picture.

    >>> generator(0, "gaussian_noise").random() == generator(0, "gaussian_noise").random()
    True
    """
    if not isinstance(seed, Integral) or isinstance(seed, bool) or int(seed) < 0:
        raise OptionError("not a seed", expected="a whole number of at least 0", got=repr(seed))
    digest = hashlib.sha256(f"{distortion}\0{key}".encode("utf-8", "surrogatepass")).digest()
    words = [int.from_bytes(digest[i : i + 4], "little") for i in range(0, 32, 4)]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([int(seed), *words])))


@cache
def _function(impl: str) -> Callable[..., np.ndarray]:
    module, _, name = impl.partition(":")
    found: Callable[..., np.ndarray] = getattr(import_module(module), name)
    return found


def operator(spec: DistortionSpec) -> Callable[..., np.ndarray]:
    """The function of a distortion, imported now."""
    return _function(spec.impl)


def read_pixels(image: Any, steps: tuple[Step, ...]) -> np.ndarray:
    """`(H, W, C)` float64 in 0..1 of a checked picture, never a view of it."""
    if not isinstance(image, np.ndarray):
        read_one(image)  # names what is wrong with it, and lets tensors pass
        raise InputError("distortions work on NumPy arrays", expected="(H, W) or (H, W, 1|3)", got="a tensor")
    if image.ndim == 4:
        raise InputError("distortions take one picture", expected="(H, W) or (H, W, 1|3)", got=str(image.shape))
    batch = read_one(image)
    image = np.asarray(image)  # np.matrix never gives up its two axes
    for step in steps:
        if min(batch.size) < step.spec.min_side:
            least = step.spec.min_side
            height, width = batch.size
            raise SizeError(
                f"the picture is too small for {step.name}",
                expected=f"at least {least}x{least} pixels",
                got=f"{width}x{height}",
            )
    pixels = image.astype(np.float64) if image.ndim == 3 else image[..., None].astype(np.float64)
    return pixels / batch.peak if image.dtype.kind == "u" else np.clip(pixels, 0.0, 1.0)


def _setting(step: Step, level: int | None, amount: float | None, alone: bool) -> tuple[float, bool] | None:
    """The amount of one step, and whether it is a PSNR to be sought; None for level 0."""
    if step.level is not None or step.amount is not None:
        if alone and (level is not None or amount is not None):
            raise OptionError(
                f"{step.name} is given its strength twice", expected="in the name, or as level or amount, not both"
            )
        level, amount = step.level, step.amount
    elif amount is not None and not alone:
        raise OptionError(
            "one amount fits no chain", expected="levels, or amounts in the name (gaussian_blur=1.5+jpeg=35)"
        )
    if (level is None) == (amount is None):
        raise OptionError(
            f"how strong {step.name} should be is not clear", expected="a level from 0 to 5, or an amount, not both"
        )
    if level is not None:
        if level == 0:
            return None
        return float(step.amounts[level - 1]), step.entry is not None and step.entry.search is not None
    return _checked_amount(step.spec, amount), False


def _checked_amount(spec: DistortionSpec, amount: Any) -> float:
    low, high = spec.limits
    if not isinstance(amount, Real) or isinstance(amount, bool) or not math.isfinite(amount):
        raise OptionError(f"{spec.id}: not an amount", expected=f"a number: {spec.unit}", got=repr(amount))
    if not low <= float(amount) <= high:
        raise OptionError(
            f"{spec.id}: the amount is out of range",
            expected=f"{spec.unit}, {low:g} to {high:g}",
            got=f"{float(amount):g}",
        )
    return float(amount)


def _as_given(pixels: np.ndarray, image: np.ndarray) -> np.ndarray:
    if image.dtype.kind == "u":
        peak = np.iinfo(image.dtype).max
        return np.rint(np.round(pixels * peak, _DIGITS)).astype(image.dtype).reshape(image.shape)
    return pixels.astype(image.dtype).reshape(image.shape)


__all__ = ["apply_step", "distort", "generator", "operator", "read_pixels", "stretched"]
