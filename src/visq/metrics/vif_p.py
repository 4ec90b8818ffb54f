"""Visual information fidelity in the pixel domain."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from visq.metrics._moments import picture_planes, sum_and_difference, window_means
from visq.ops.arrays import Batch, is_torch, namespace, read_pair
from visq.ops.colour import Luma, luma_weights
from visq.ops.filters import gaussian_window, separable
from visq.ops.precision import wide

WINDOWS = (17, 9, 5, 3)
NOISE = 2.0
_EPS = 1e-10
# 41 -> 17 -> 7 -> 3 pixels: the last window still fits.
MIN_SIDE = 41


def vif_p(
    image: Any,
    reference: Any,
    *,
    data_range: float | None = None,
    channels: Literal["luma", "rgb"] = "luma",
    luma: Luma = "rgb2gray",
    rounded_luma: bool | None = False,
) -> Any:
    """Visual information fidelity in the pixel domain (VIFp), 0 and up; higher is better, 1 for an identical pair.

    At four scales the image is modelled as a gain g times the reference plus noise of variance sv^2, both local,
    and both are seen through a channel with noise 2 (on a 0..255 scale). The score is ::

        sum log(1 + g^2 sr^2 / (sv^2 + 2)) / sum log(1 + sr^2 / 2)

    over all positions and scales, g = cov / sr^2, sv^2 = si^2 - g cov; Gaussian windows of 17, 9, 5, 3 pixels with
    a fifth of that as sigma; between scales the same windows low-pass the image before every second pixel is
    kept. A contrast-enhanced image may exceed 1. Not symmetric: the reference comes second.

    Follows the authors' `vifp_mscale.m`, whose stabilising constants of 1e-10 are replaced by exact comparisons:
    the score changes by less than 1e-9 and an identical pair gives exactly 1. Where the reference has no detail
    at all the ratio is 0/0: an image equal to it gets 1, any other 0.
    Moments are computed in float64 whatever the input, because they are small differences of large numbers.

    Parameters
    ----------
    image, reference : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`; sides of at least 41 pixels.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    channels : {"luma", "rgb"}
        Compare luma, or every channel (the mean of their scores).
    luma : {"rgb2gray", "bt601"}
        Shares of R, G and B: MATLAB's `rgb2gray`, or 0.299, 0.587, 0.114.
    rounded_luma : bool, optional
        Round luma to 8 bit. The recorded MATLAB value for a colour pair (0.3147) comes from luma that is not
        rounded (0.31469; rounded 0.31459), so that is the default. None rounds that of colour pixels of 8 or 16 bit.

    Returns
    -------
    float or (N,) array

    Raises
    ------
    visq.errors.InputError
        Shapes that differ, a side below 41, values out of range, NaN, an unknown option.
    visq.errors.InputTypeError
        Not two arrays or two tensors, or of a dtype that holds no pixels.

    References
    ----------
    H. R. Sheikh, A. C. Bovik, "Image information and visual quality", IEEE Trans. Image Processing 15(2), 2006.

    Examples
    --------
    >>> import numpy as np
    >>> picture = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    >>> vif_p(picture, picture), round(vif_p(picture // 2, picture), 2)
    (1.0, 0.81)
    """
    x, y = read_pair(image, reference, data_range=data_range, min_side=MIN_SIDE)
    first, second = (_planes(z, channels, luma, rounded_luma) for z in (x, y))
    scores = [_score(a, b) for a, b in zip(first, second, strict=True)]
    score = scores[0] if len(scores) == 1 else sum(scores) / len(scores)
    return x.result(score.to(x.dtype) if x.torch else score)


def _planes(x: Batch, channels: str, luma: str, rounded: bool | None) -> list[Any]:
    weights = luma_weights(luma)
    if channels == "luma":
        return [x.luma(255.0, weights=weights, rounded=rounded, keep_uint8=True)]
    return picture_planes(x, channels, rounded or None)


def _score(a: Any, b: Any) -> Any:
    if is_torch(a):
        return plain(a, b)
    return np.array([_fused(p, q) for p, q in zip(a, b, strict=True)])


def _fused(x: np.ndarray, y: np.ndarray) -> float:
    from visq.ops import _numba_vif

    equal = np.array_equal(x, y)
    kept, held = 0.0, 0.0
    for scale, size in enumerate(WINDOWS):
        taps = gaussian_window(size, size / 5)
        if scale:
            x, y = _numba_vif.halve(x, taps), _numba_vif.halve(y, taps)
        part = _numba_vif.information(x, y, taps, NOISE, _EPS)
        kept, held = kept + part[0], held + part[1]
    return kept / held if held > 0.0 else float(equal)


def plain(x: Any, y: Any) -> Any:
    """VIFp of `(N, H, W)` planes in 0..255 from the shared filters: the torch engine, and what the fused one equals."""
    xp = namespace(x)
    x, y = wide(x), wide(y)
    equal = xp.all(xp.reshape(x == y, (x.shape[0], -1)), axis=1)
    kept: Any = 0.0
    held: Any = 0.0
    for scale, size in enumerate(WINDOWS):
        taps = gaussian_window(size, size / 5)
        if scale:
            x, y = (separable(z, taps, taps, border="valid")[..., ::2, ::2] for z in (x, y))
        part = _information(x, y, taps, xp)
        kept, held = kept + part[0], held + part[1]
    known = held > 0.0
    ratio = kept / xp.where(known, held, xp.ones_like(held))
    return xp.where(known, ratio, xp.astype(equal, held.dtype))


def _information(x: Any, y: Any, taps: np.ndarray, xp: Any) -> tuple[Any, Any]:
    s, d = sum_and_difference(x, y)
    mean_s, mean_d, square_s, square_d, product = window_means([s, d, s * s, d * d, s * d], taps)
    variance_s, variance_d = square_s - mean_s**2, square_d - mean_d**2
    cross = product - mean_s * mean_d
    covariance = 0.25 * variance_s - 0.25 * variance_d
    variance_x = 0.25 * (variance_s + variance_d) + 0.5 * cross
    variance_y = 0.25 * (variance_s + variance_d) - 0.5 * cross
    detailed = variance_y >= _EPS
    signal = xp.where(detailed, variance_y, xp.zeros_like(variance_y))
    gain = covariance / xp.where(detailed, variance_y, xp.ones_like(variance_y))
    gain = xp.where(detailed & (variance_x >= _EPS) & (gain > 0), gain, xp.zeros_like(gain))
    rest = xp.clip(variance_x - gain * covariance, 0.0, None)
    kept = xp.log1p(gain**2 * signal / (rest + NOISE))
    held = xp.log1p(signal / NOISE)
    return xp.sum(kept, axis=(1, 2)), xp.sum(held, axis=(1, 2))
