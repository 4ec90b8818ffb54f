"""From the scores of frames to one number: mean, harmonic mean, percentiles and the like."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from visq.errors import InputError, OptionError

_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d+)?|100)")


def harmonic_mean(values: np.ndarray) -> float:
    """``n / sum(1 / (x + 1)) - 1``: libvmaf's harmonic mean, which bad frames weigh down more than the mean.

    The 1 keeps a frame with score 0 from making the whole 0. It is a mean of the values where all are above -1.

    Raises
    ------
    InputError
        A score of -1 or less: there the formula has no sense (SSIMULACRA 2 and correlations have such scores).

    References
    ----------
    Netflix, libvmaf, pooling method `harmonic_mean`.

    Examples
    --------
    >>> round(harmonic_mean(np.array([90.0, 90.0, 0.0])), 4)
    1.9355
    """
    lowest = float(values.min())
    if lowest <= -1.0:
        raise InputError(
            "the harmonic mean is not defined for these scores", expected="every score above -1",
            got=f"{lowest:.6g}", hint="Pool by mean or by a percentile, p5 for instance.",
        )  # fmt: skip
    return float(values.size / np.sum(1.0 / (values + 1.0)) - 1.0)


_NAMED: dict[str, Callable[[np.ndarray], Any]] = {
    "mean": np.mean,
    "harmonic": harmonic_mean,
    "median": np.median,
    "min": np.min,
    "max": np.max,
    "std": np.std,
}

#: What a pooling may be called.
EXPECTED = ", ".join([*_NAMED, "or a percentile p0 to p100"])


def check(how: str) -> str:
    """`how` in its plain form, where it names a pooling.

    Raises
    ------
    OptionError

    Examples
    --------
    >>> check("P5"), check("harmonic_mean")
    ('p5', 'harmonic')
    """
    name = str(how).strip().lower()
    name = "harmonic" if name in ("harmonic_mean", "harmonic-mean") else name
    if name in _NAMED or _PERCENTILE.fullmatch(name):
        return name
    raise OptionError("unknown pooling", expected=EXPECTED, got=repr(how))


def check_all(names: str | Iterable[str]) -> tuple[str, ...]:
    """Every pooling of a comma list or of several, once, in order."""
    parts = names.split(",") if isinstance(names, str) else [part for text in names for part in text.split(",")]
    return tuple(dict.fromkeys(check(part) for part in parts))


def pool(values: Any, how: str = "mean") -> float:
    """One number from the scores of frames.

    Parameters
    ----------
    values : array (N,)
        Finite scores, at least one.
    how : str
        `mean`; `harmonic` (libvmaf's, see `harmonic_mean`); `median`; `min`; `max`; `std`, the standard deviation over
        all N frames; `p5`, the value that 5 % of the frames lie below (linear between two frames, as NumPy's default
        and MATLAB-like tools have it). Percentiles are of the values: where lower is better, the bad frames are at
        `p95` and `max`.

    Raises
    ------
    OptionError
        An unknown pooling.
    InputError
        No scores, scores that are not finite, or a pooling that is not defined for them.

    Examples
    --------
    >>> scores = [30.0, 40.0, 50.0, 60.0]
    >>> pool(scores), pool(scores, "p50"), pool(scores, "std")
    (45.0, 45.0, 11.180339887498949)
    """
    name = check(how)
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or not array.size or not np.isfinite(array).all():
        raise InputError("these scores cannot be pooled", expected="finite numbers in one row, at least one")
    if name in _NAMED:
        return float(_NAMED[name](array))
    return float(np.percentile(array, float(name[1:])))
