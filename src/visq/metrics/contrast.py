"""Global contrast of the luma: RMS, Michelson, and the spread between percentiles."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np

from visq.ops.arrays import Batch, read_one
from visq.ops.choices import check_choice
from visq.ops.levels import histogram
from visq.ops.numeric import mean, safe_divide, safe_sqrt

Method = Literal["rms", "michelson", "percentile"]

TAIL = 0.01


def contrast(
    image: Any, *, data_range: float | None = None, method: Method = "rms", rounded_luma: bool | None = None
) -> Any:
    """Global contrast of the luma, 0..1; higher is more contrast, which is not always better.

    Of the luma Y in 0..1: ``rms`` is its standard deviation (at most 0.5), ``michelson`` is
    ``(max Y - min Y) / (max Y + min Y)``, ``percentile`` is the distance between its 1st and its 99th percentile.

    Parameters
    ----------
    image : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    method : {"rms", "michelson", "percentile"}
        ``michelson`` is made for gratings: in a photograph two pixels decide it, and a black one makes it 1.
        ``percentile`` is what `is_low_contrast` of scikit-image compares with 0.05.
    rounded_luma : bool, optional
        Round luma to 8-bit levels. None: that of colour pixels of 8 or 16 bit, as MATLAB's `rgb2gray` rounds it, and
        not floats or grey images.

    Returns
    -------
    float or (N,) array

    Raises
    ------
    visq.errors.InputError
        Values out of range, NaN, an unknown method.
    visq.errors.InputTypeError
        Neither array nor tensor, or of a dtype that holds no pixels.

    Notes
    -----
    Contrast is not quality: high key, fog and night are low in it by intent, and a picture of two tones has the most.
    Noise raises it. It is measured on the code values, not on light. Values that leave their range within the
    tolerance are held to it. Percentiles are interpolated linearly, as NumPy does.

    References
    ----------
    E. Peli, "Contrast in complex images", JOSA A 7(10), 1990 (both definitions and their limits). A. A. Michelson,
    "Studies in optics", 1927.

    Examples
    --------
    >>> import numpy as np
    >>> halves = np.repeat(np.array([[51, 153]], np.uint8), 8, axis=0)
    >>> round(contrast(halves), 6), contrast(halves, method="michelson")
    (0.2, 0.5)
    >>> round(contrast(halves, method="percentile"), 6)
    0.4
    """
    check_choice("method", method, get_args(Method))
    x = read_one(image, data_range=data_range)
    luma = x.luma(255.0, rounded=rounded_luma, keep_uint8=True)
    if not x.torch and method == "rms":
        from visq.ops import _numba_levels

        return x.result(np.minimum(np.sqrt(_numba_levels.variance(luma, 0.0, 255.0)) / 255.0, 0.5))
    if not x.torch and luma.dtype == np.uint8:
        return x.result(np.array([_of_levels(counts, method) for counts in histogram(luma)]))
    values = x.xp.reshape(luma, (luma.shape[0], -1)) / 255.0
    return x.result(_of_values(x, x.xp.clip(values, 0.0, 1.0), method))


def _of_values(x: Batch, values: Any, method: str) -> Any:
    """Contrast of `(N, K)` luma in 0..1: the formulae, plainly."""
    xp = x.xp
    if method == "rms":
        # From the first pixel, so that a flat picture has exactly none.
        offset = values - values[:, :1]
        departure = offset - xp.astype(mean(offset, (-1,), keepdims=True), values.dtype)
        return xp.clip(safe_sqrt(mean(departure * departure, (-1,))), 0.0, 0.5)
    if method == "michelson":
        least, most = xp.min(values, axis=1), xp.max(values, axis=1)
        return safe_divide(most - least, most + least, 0.0)
    positions = [share * (values.shape[1] - 1) for share in (TAIL, 1 - TAIL)]
    if x.torch:
        ordered = xp.sort(values, axis=1)
    else:
        cuts = sorted({min(k, values.shape[1] - 1) for p in positions for k in (int(p), int(p) + 1)})
        ordered = np.partition(values, cuts, axis=1)
    low, high = (_at(ordered, p) for p in positions)
    return high - low


def _at(ordered: Any, position: float) -> Any:
    lower = int(position)
    upper = min(lower + 1, ordered.shape[1] - 1)
    return ordered[:, lower] + (ordered[:, upper] - ordered[:, lower]) * (position - lower)


def _of_levels(counts: np.ndarray, method: str) -> float:
    """Michelson's contrast, or that between percentiles, of a histogram of 256 levels."""
    present = np.flatnonzero(counts)
    if method == "michelson":
        least, most = int(present[0]), int(present[-1])
        return (most - least) / (most + least) if most else 0.0
    below = np.cumsum(counts)

    def at(position: float) -> float:
        lower = int(position)
        a, b = (int(np.searchsorted(below, k, side="right")) for k in (lower, min(lower + 1, int(below[-1]) - 1)))
        return a + (b - a) * (position - lower)

    return (at((1 - TAIL) * (int(below[-1]) - 1)) - at(TAIL * (int(below[-1]) - 1))) / 255.0
