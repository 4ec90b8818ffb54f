"""Universal image quality index."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from visq.errors import OptionError
from visq.metrics._moments import SHIFT, picture_planes, sum_and_difference, window_means
from visq.ops.arrays import is_torch, namespace, read_pair
from visq.ops.precision import wide

# Variance, in squared grey levels, below which a window is flat: a step of one 16-bit level in one pixel of a window
# of 8 x 8 makes 2e-7, rounding errors of the moments 1e-10.
_FLAT = 1e-9


def uqi(
    image: Any,
    reference: Any,
    *,
    data_range: float | None = None,
    channels: Literal["luma", "rgb"] = "luma",
    window: int = 8,
    rounded_luma: bool | None = None,
    full: bool = False,
) -> Any:
    """Universal image quality index (UQI), -1..1; higher is better, 1 for an identical pair.

    Mean over all positions of a window of equal weights of ::

        4 sxy mx my / ((sx^2 + sy^2) (mx^2 + my^2))

    which is SSIM without its two constants. Where both windows are flat only ``2 mx my / (mx^2 + my^2)`` counts, and
    where both are black the index is 1. Symmetric in its two images. Without constants a flat part of the picture
    with a little noise gets a very low value: SSIM was made to mend that.

    The defaults are the authors' `img_qi.m` on MATLAB's luma. sewar 0.4 gives other numbers: it puts means where the
    formula has sums. Computed in float64.

    Parameters
    ----------
    image, reference : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`; sides of at least `window`.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    channels : {"luma", "rgb"}
        Compare luma, or every channel (their mean).
    window : int
        Side of the window in pixels, 2 or more.
    rounded_luma : bool, optional
        Round luma to 8-bit levels. None: that of colour pixels of 8 or 16 bit, as MATLAB's `rgb2gray` rounds it.
    full : bool
        Also return the map, `(H - window + 1, W - window + 1)`, whose mean is the score.

    Returns
    -------
    float, (N,) array, or (score, map)

    Raises
    ------
    visq.errors.InputError
        Shapes that differ, a side below `window`, values out of range, NaN.
    visq.errors.OptionError
        An option outside its domain.
    visq.errors.InputTypeError
        Not two arrays or two tensors, or of a dtype that holds no pixels.

    References
    ----------
    Z. Wang, A. C. Bovik, "A universal image quality index", IEEE Signal Processing Letters 9(3), 2002.

    Examples
    --------
    >>> import numpy as np
    >>> ramp = np.tile(np.arange(64, dtype=np.uint8) * 4, (64, 1))
    >>> uqi(ramp, ramp), round(uqi(ramp // 2, ramp), 2)
    (1.0, 0.64)
    """
    if window != window // 1 or window < 2:
        raise OptionError("the window cannot be used", expected="a whole number >= 2", got=repr(window))
    x, y = read_pair(image, reference, data_range=data_range, min_side=int(window))
    planes = zip(picture_planes(x, channels, rounded_luma), picture_planes(y, channels, rounded_luma), strict=True)
    parts = [_index(a, b, int(window), full) for a, b in planes]
    score = sum(p[0] for p in parts) / len(parts)
    result = x.result(score.to(x.dtype) if x.torch else score)
    if not full:
        return result
    whole = sum(p[1] for p in parts) / len(parts)
    return result, x.result(whole.to(x.dtype) if x.torch else whole)


def _index(x: Any, y: Any, window: int, full: bool) -> tuple[Any, Any]:
    if is_torch(x):
        result = plain_map(x, y, window)
        return result.mean(dim=(1, 2)), result
    from visq.ops import _numba_uqi

    parts = [_numba_uqi.index(a, b, window, _FLAT, full) for a, b in zip(x, y, strict=True)]
    return np.array([mean for mean, _ in parts]), np.stack([part for _, part in parts]) if full else None


def plain_map(x: Any, y: Any, window: int) -> Any:
    """UQI map of `(N, H, W)` planes in 0..255 from the shared moments: the torch engine, which the fused one equals."""
    xp = namespace(x)
    s, d = sum_and_difference(wide(x), wide(y))
    taps = np.full(window, 1.0 / window)
    mean_s, mean_d, square_s, square_d = window_means([s, d, s * s, d * d], taps)
    variance_s = xp.clip(square_s - mean_s**2, 0.0, None)
    variance_d = xp.clip(square_d - mean_d**2, 0.0, None)
    one = xp.ones_like(mean_s)
    both = variance_s + variance_d
    varied = both > _FLAT
    structure = xp.where(varied, (variance_s - variance_d) / xp.where(varied, both, one), one)
    light = (mean_s + SHIFT) ** 2 + mean_d**2
    lit = light > _FLAT
    return structure * xp.where(lit, (light - 2.0 * mean_d**2) / xp.where(lit, light, one), one)


__all__ = ["plain_map", "uqi"]
