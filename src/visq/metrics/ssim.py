"""Structural similarity."""

from __future__ import annotations

import math
from typing import Any, Literal

from visq.errors import OptionError
from visq.metrics._moments import picture_planes, shrink, similarity
from visq.ops.arrays import read_pair
from visq.ops.blocks import viewing_block
from visq.ops.filters import gaussian_window


def ssim(
    image: Any,
    reference: Any,
    *,
    data_range: float | None = None,
    channels: Literal["luma", "rgb"] = "luma",
    downsample: bool = False,
    window: int = 11,
    sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    rounded_luma: bool | None = None,
    full: bool = False,
) -> Any:
    """Structural similarity, -1..1; higher is better, 1 for an identical pair.

    Mean over all positions where the Gaussian window fits of ::

        (2 mx my + C1) (2 sxy + C2) / ((mx^2 + my^2 + C1) (sx^2 + sy^2 + C2))

    with m, s^2 and sxy the means, variances and covariance under the window, C1 = (255 k1)^2 and
    C2 = (255 k2)^2. Symmetric in its two images.

    The defaults are the authors' `ssim_index_new.m`, without automatic down-sampling, on MATLAB's luma.
    ``downsample=True`` is their `ssim.m`: the image is first averaged and thinned by
    ``f = max(1, round(min(H, W) / 256))``. ``channels="rgb"`` is the mean over the channels, which is what most
    libraries compute for colour images.

    Parameters
    ----------
    image, reference : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`; sides of at least `window`.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    channels : {"luma", "rgb"}
        Compare luma, or every channel.
    downsample : bool
        Down-sample first, as `ssim.m` does.
    window, sigma : int, float
        Side and standard deviation of the Gaussian window, in pixels.
    k1, k2 : float
        Constants that keep the two fractions stable.
    rounded_luma : bool, optional
        Round luma to 8-bit levels. None: that of colour pixels of 8 or 16 bit, as MATLAB's `rgb2gray` rounds it, and
        not floats or grey images.
    full : bool
        Also return the map, `(H - window + 1, W - window + 1)` after any down-sampling, whose mean is the score.

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
    Z. Wang, A. C. Bovik, H. R. Sheikh, E. P. Simoncelli, "Image quality assessment: from error visibility to
    structural similarity", IEEE Trans. Image Processing 13(4), 2004. The paper's figures come from
    ``downsample=False`` on 8-bit grey images.

    Examples
    --------
    >>> import numpy as np
    >>> ramp = np.tile(np.arange(64, dtype=np.uint8) * 4, (64, 1))
    >>> ssim(ramp, ramp), round(ssim(ramp // 2, ramp), 4)
    (1.0, 0.7308)
    """
    _check(window, sigma, k1, k2)
    x, y = read_pair(image, reference, data_range=data_range, min_side=window)
    taps = gaussian_window(window, sigma)
    factor = viewing_block(x.size) if downsample else 1
    constants = (255.0 * k1) ** 2, (255.0 * k2) ** 2
    planes = zip(*(picture_planes(b, channels, rounded_luma) for b in (x, y)), strict=True)
    scores, maps = zip(*(_plane(a, b, factor, taps, constants, full=full) for a, b in planes), strict=True)
    result = x.result(sum(scores) / len(scores))
    return (result, x.result(sum(maps) / len(maps))) if full else result


def _plane(a: Any, b: Any, factor: int, taps: Any, constants: tuple[float, float], *, full: bool) -> tuple[Any, Any]:
    small = (shrink(a, factor), shrink(b, factor)) if factor > 1 else (a, b)
    return similarity(*small, taps, *constants, full=full)


def _check(window: int, sigma: float, k1: float, k2: float) -> None:
    if window != window // 1 or window < 1 or not all(0 < v < math.inf for v in (sigma, k1, k2)):
        raise OptionError(
            "the window or its constants are not usable",
            expected="a whole window >= 1; sigma, k1 and k2 positive and finite",
            got=f"window={window}, sigma={sigma}, k1={k1}, k2={k2}",
        )
