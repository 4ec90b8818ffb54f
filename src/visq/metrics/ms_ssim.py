"""Multi-scale structural similarity."""

from __future__ import annotations

from typing import Any, Literal

from visq.errors import OptionError
from visq.metrics._moments import picture_planes, shrink, similarity
from visq.ops import filters
from visq.ops.arrays import is_torch, namespace, read_pair
from visq.ops.filters import gaussian_window

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
WINDOW = 11
SIGMA = 1.5
C1 = (0.01 * 255.0) ** 2
C2 = (0.03 * 255.0) ** 2
# The window must still fit after four halvings.
MIN_SIDE = (WINDOW - 1) * 2 ** (len(WEIGHTS) - 1) + 1


def ms_ssim(
    image: Any,
    reference: Any,
    *,
    data_range: float | None = None,
    channels: Literal["luma", "rgb"] = "luma",
    pooling: Literal["matlab", "average"] = "matlab",
    rounded_luma: bool | None = None,
) -> Any:
    """Multi-scale structural similarity, 0..1; higher is better, 1 for an identical pair.

    ``cs_1^w1 cs_2^w2 cs_3^w3 cs_4^w4 ssim_5^w5``: means of the contrast-structure part of SSIM at four scales and
    of the whole SSIM at the fifth, each half as large as the one before; 11 x 11 Gaussian window, sigma 1.5,
    weights 0.0448, 0.2856, 0.3001, 0.2363, 0.1333. Symmetric in its two images.

    This is the authors' `msssim.m` with its default product, on MATLAB's luma. Where a mean is negative, which
    takes an image more unlike than noise (a negative, for instance), MATLAB returns a complex number; here the
    mean counts as 0, the score is 0 and the gradient of that factor is 0.

    Parameters
    ----------
    image, reference : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`; sides of at least
        (11 - 1) 2^4 + 1 = 161 pixels. (`msssim.m` itself refuses below 176.)
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    channels : {"luma", "rgb"}
        Compare luma, or take the mean of the scores of the channels, as most libraries do.
    pooling : {"matlab", "average"}
        How a scale is halved. They agree on even sides. On odd ones "matlab" mirrors the last row or column;
        "average" puts a row or column of zeros on both sides, which is what pytorch-msssim does.
    rounded_luma : bool, optional
        Round luma to 8-bit levels. None: that of colour pixels of 8 or 16 bit, as MATLAB's `rgb2gray` rounds it, and
        not floats or grey images.

    Returns
    -------
    float or (N,) array

    Raises
    ------
    visq.errors.InputError
        Shapes that differ, a side below 161, values out of range, NaN.
    visq.errors.OptionError
        An option outside its domain.
    visq.errors.InputTypeError
        Not two arrays or two tensors, or of a dtype that holds no pixels.

    References
    ----------
    Z. Wang, E. P. Simoncelli, A. C. Bovik, "Multiscale structural similarity for image quality assessment",
    Asilomar Conference on Signals, Systems and Computers, 2003.

    Examples
    --------
    >>> import numpy as np
    >>> ramp = np.tile(np.arange(192, dtype=np.uint8), (192, 1))
    >>> ms_ssim(ramp, ramp), round(ms_ssim(ramp // 2, ramp), 4)
    (1.0, 0.8754)
    """
    if pooling not in ("matlab", "average"):
        raise OptionError("unknown pooling", expected="'matlab' or 'average'", got=repr(pooling))
    x, y = read_pair(image, reference, data_range=data_range, min_side=MIN_SIDE)
    planes = zip(picture_planes(x, channels, rounded_luma), picture_planes(y, channels, rounded_luma), strict=True)
    scores = [_multi_scale(a, b, pooling) for a, b in planes]
    return x.result(sum(scores) / len(scores))


def _multi_scale(x: Any, y: Any, pooling: str) -> Any:
    taps = gaussian_window(WINDOW, SIGMA)
    result: Any = 1.0
    for scale, weight in enumerate(WEIGHTS):
        if scale:
            x, y = _halve(x, pooling), _halve(y, pooling)
        mean, _ = similarity(x, y, taps, C1, C2, luminance=scale == len(WEIGHTS) - 1)
        result = result * _power(mean, weight)
    return result


def _power(mean: Any, weight: float) -> Any:
    """`mean ** weight`, zero below zero, with a gradient that is finite everywhere."""
    xp = namespace(mean)
    positive = mean > 0
    return xp.where(positive, xp.where(positive, mean, xp.ones_like(mean)) ** weight, xp.zeros_like(mean))


def _halve(x: Any, pooling: str) -> Any:
    if pooling == "matlab":
        return shrink(x, 2)
    if not is_torch(x) and x.dtype.kind == "u":
        x = x.astype("float32")
    rows, columns = (int(n) % 2 for n in x.shape[-2:])
    if rows or columns:
        x = filters.pad(x, rows, rows, columns, columns, border="zero")
    return filters.average_pool(x, 2)
