"""Universal image quality index."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from visq.errors import OptionError
from visq.metrics._moments import SHIFT, picture_planes, sum_and_difference, window_means
from visq.ops.arrays import is_torch, namespace, read_pair
from visq.ops.choices import check_choice
from visq.ops.filters import gaussian_window
from visq.ops.numeric import mean
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
    weighting: Literal["uniform", "gaussian"] = "uniform",
    sigma: float = 1.5,
    variant: Literal["paper", "sewar"] = "paper",
    rounded_luma: bool | None = None,
    full: bool = False,
) -> Any:
    """Universal image quality index (UQI), -1..1; higher is better, 1 for an identical pair.

    Mean over all positions of a window of equal weights of ::

        4 sxy mx my / ((sx^2 + sy^2) (mx^2 + my^2))

    which is SSIM without its two constants. Where both windows are flat only ``2 mx my / (mx^2 + my^2)`` counts, and
    where both are black the index is 1. Symmetric in its two images. Without constants a flat part of the picture
    with a little noise gets a very low value: SSIM was made to mend that.

    The defaults are the authors' `img_qi.m` on MATLAB's luma. Computed in float64.

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
    weighting : {"uniform", "gaussian"}
        Weights of the window: the paper's, or a Gaussian, as `torchmetrics` has it (11 pixels).
    sigma : float
        Standard deviation of the Gaussian in pixels.
    variant : {"paper", "sewar"}
        `sewar` puts means where the formula has sums: of the ``n`` pixels of a window, ``sxy = n mean(x y) - mx my``,
        and so for the variances. The means then weigh nearly all, and the score is much nearer to 1. It
        leaves out the last row and column of windows.
    rounded_luma : bool, optional
        Round luma to 8-bit levels. None: that of colour pixels of 8 or 16 bit, as MATLAB's `rgb2gray` rounds it.
    full : bool
        Also return the map, `(H - window + 1, W - window + 1)` (`sewar`: one less), whose mean is the score.

    Returns
    -------
    float, (N,) array, or (score, map)

    Raises
    ------
    visq.errors.InputError, visq.errors.InputTypeError
        Shapes that differ, a side below `window`, values out of range, NaN; no arrays or tensors of pixels.
    visq.errors.OptionError
        An option outside its domain.

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
    check_choice("variant", variant, ("paper", "sewar"))
    x, y = read_pair(image, reference, data_range=data_range, min_side=int(window) + 2 * (variant == "sewar"))
    taps = _taps(int(window), weighting, sigma)
    planes = zip(picture_planes(x, channels, rounded_luma), picture_planes(y, channels, rounded_luma), strict=True)
    parts = [_index(a, b, taps, variant, full) for a, b in planes]
    means = (sum(p[i] for p in parts) / len(parts) for i in range(1 + full))
    found = tuple(x.result(mean.to(x.dtype) if x.torch else mean) for mean in means)
    return found if full else found[0]


def _taps(window: int, weighting: str, sigma: float) -> np.ndarray:
    if weighting == "uniform":
        return np.full(window, 1.0 / window)
    check_choice("weighting", weighting, ("uniform", "gaussian"))
    if not 0 < sigma < float("inf"):
        raise OptionError("sigma cannot be used", expected="a positive number of pixels", got=repr(sigma))
    return gaussian_window(window, sigma)


def _index(x: Any, y: Any, taps: np.ndarray, variant: str, full: bool) -> tuple[Any, Any]:
    fused = not is_torch(x) and variant == "paper" and bool((taps == taps[0]).all())
    if not fused:
        result = plain_map(x, y, taps) if variant == "paper" else sewar_map(x, y, taps)
        return mean(result, (-2, -1)), result
    from visq.ops import _numba_uqi

    parts = [_numba_uqi.index(a, b, len(taps), _FLAT, full) for a, b in zip(x, y, strict=True)]
    return np.array([score for score, _ in parts]), np.stack([part for _, part in parts]) if full else None


def plain_map(x: Any, y: Any, taps: np.ndarray) -> Any:
    """UQI map of `(N, H, W)` planes in 0..255 from the shared moments: the torch engine, which the fused one equals."""
    shared, both, product, light = _moments(x, y, taps)
    return _ratio(shared, both) * _ratio(product, light)


def sewar_map(x: Any, y: Any, taps: np.ndarray) -> Any:
    """The map with means where the formula has sums, less the windows that sewar cuts off at the border."""
    shared, both, product, light = _moments(x, y, taps)
    window = len(taps)
    count, margin = window**2, round(window / 2)
    structure = _ratio(count * shared + (count - 1) * product, count * both + (count - 1) * light)
    first = margin - window // 2
    rows, columns = (slice(first, first + int(n) - 2 * margin) for n in x.shape[-2:])
    return (structure * _ratio(product, light))[..., rows, columns]


def _ratio(part: Any, whole: Any) -> Any:
    """1 where the whole is nothing."""
    xp = namespace(whole)
    one = xp.ones_like(whole)
    some = whole > _FLAT
    return xp.where(some, part / xp.where(some, whole, one), one)


def _moments(x: Any, y: Any, taps: np.ndarray) -> tuple[Any, Any, Any, Any]:
    """Four times the covariance and the product of the means, each followed by what it is divided by."""
    xp = namespace(x)
    s, d = sum_and_difference(wide(x), wide(y))
    mean_s, mean_d, square_s, square_d = window_means([s, d, s * s, d * d], taps)
    variance_s = xp.clip(square_s - mean_s**2, 0.0, None)
    variance_d = xp.clip(square_d - mean_d**2, 0.0, None)
    light = (mean_s + SHIFT) ** 2 + mean_d**2
    return variance_s - variance_d, variance_s + variance_d, light - 2.0 * mean_d**2, light


__all__ = ["plain_map", "sewar_map", "uqi"]
