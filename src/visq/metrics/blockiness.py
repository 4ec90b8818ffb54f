"""Blocks of 8 x 8: how much they stand out, and the quality that a JPEG picture has by them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from visq.metrics.psnr_b import BLOCK, plain_sums
from visq.ops.arrays import read_one
from visq.ops.levels import eight_bit_luma
from visq.ops.precision import wide

MIN_SIDE = 16
# Wang, Sheikh and Bovik (2002), fitted to the ratings of JPEG pictures.
ALPHA, BETA = -245.8909, 261.9373
GAMMA_BLOCKING, GAMMA_ACTIVITY, GAMMA_TURNS = -0.02398886, 0.01601664, 0.00642859
# The features of flat pictures are 0, where the powers are not defined.
SMALLEST = 1e-6


def blockiness(image: Any, *, data_range: float | None = None, rounded_luma: bool | None = None) -> Any:
    """Blocking effect factor of the luma in squared 8-bit levels, 0 or more; lower is better, 0 is without blocks.

    With the mean squared step between neighbouring pixels across the borders of 8 x 8 blocks, `D_b`, and elsewhere,
    `D_c`, it is ``(D_b - D_c) log 8 / log min(height, width)`` where `D_b` is larger, else 0.

    Parameters
    ----------
    image : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`; sides of at least 16.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    rounded_luma : bool, optional
        Round luma to 8-bit levels. None: that of colour pixels of 8 or 16 bit, as MATLAB's `rgb2gray` rounds it, and
        not floats or grey images.

    Returns
    -------
    float or (N,) array

    Raises
    ------
    visq.errors.SizeError
        A side below 16.
    visq.errors.InputError
        Values out of range, NaN, a shape that is not an image's.
    visq.errors.InputTypeError
        Neither array nor tensor, or of a dtype that holds no pixels.

    Notes
    -----
    It is what `psnr_b` adds to the mean squared error, count of steps included: the paper takes ``H W / 8 - 1`` of
    them for those across borders in each direction, which is not their number.

    Blocks are looked for where a JPEG encoder puts them: from the top left corner, 8 pixels wide. A picture that was
    cropped by other than a multiple of 8, scaled, turned or compressed with other blocks scores near 0 however
    blocky it is. A real edge that lies on the grid counts as a block. 0 is usual for a picture without blocks, and
    the gradient is 0 there.

    References
    ----------
    C. Yim, A. C. Bovik, "Quality assessment of deblocked images", IEEE TIP 20(1), 2011.

    Examples
    --------
    >>> import numpy as np
    >>> ramp = np.repeat(np.arange(0, 64, 2, dtype=np.uint8)[None], 32, 0)
    >>> blocks = ramp // 16 * 16 + 7
    >>> blockiness(ramp), round(blockiness(blocks), 2)
    (0.0, 58.05)
    """
    x = read_one(image, data_range=data_range, min_side=MIN_SIDE)
    luma = x.luma(255.0, rounded=rounded_luma, keep_uint8=True)
    if x.torch:
        # A difference of means that are nearly equal.
        plane = wide(luma)
        _, across, within = plain_sums(plane, plane)
    else:
        from visq.ops import _numba_psnr_b

        _, across, within = _numba_psnr_b.error_and_steps(luma, luma)
    xp, (height, width) = x.xp, x.size
    edges = 2 * (height * width / BLOCK - 1)
    excess = across / edges - within / (height * (width - 1) + width * (height - 1) - edges)
    factor = math.log(BLOCK) / math.log(min(height, width))
    values = factor * xp.where(excess > 0, excess, xp.zeros_like(excess))
    return x.result(xp.astype(values, x.dtype) if x.torch else values)


def jpeg_quality(image: Any, *, data_range: float | None = None) -> Any:
    """Quality of a JPEG picture by its blocks; higher is better: 10 is best and 1 worst, but nothing holds it there.

    ``-245.8909 + 261.9373 B^-0.02398886 A^0.01601664 Z^0.00642859``, each feature the mean of the horizontal and the
    vertical one: B the mean step across the borders of 8 x 8 blocks, ``A = (8 mean step - B) / 7`` the activity
    within them, Z the share of pixels at which the steps change their sign.

    Parameters
    ----------
    image : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`; sides of at least 16. The luma is rounded
        to 8-bit levels whatever the input, as the authors' program is given it.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.

    Returns
    -------
    float or (N,) array
        Without a gradient: changes of sign are counted.

    Raises
    ------
    visq.errors.SizeError
        A side below 16.
    visq.errors.InputError
        Values out of range, NaN, a shape that is not an image's.
    visq.errors.InputTypeError
        Neither array nor tensor, or of a dtype that holds no pixels.

    Notes
    -----
    As in the authors' program, the last border of blocks is left out. Their program gives no number where a feature
    is 0 or less: of flat pictures, and of those in which all steps lie on the borders. Here such a feature counts as
    1e-6, and a flat picture scores 21.7.

    The score was fitted to JPEG pictures that still lie on their grid, and says nothing of any other fault: noise
    raises it, and blur lowers it less than blocks do. Cropping by other than a multiple of 8, or scaling, makes a bad
    picture score well.

    References
    ----------
    Z. Wang, H. R. Sheikh, A. C. Bovik, "No-reference perceptual quality assessment of JPEG compressed images", ICIP
    2002. To get the values of their `jpeg_quality_score`, give it the 8-bit grey picture.

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(0).integers(100, 156, (64, 64), np.uint8)
    >>> blocks = np.kron(noise[:8, :8], np.ones((8, 8), np.uint8)) + noise % 3
    >>> jpeg_quality(noise) > jpeg_quality(blocks)
    True
    """
    x = read_one(image, data_range=data_range, min_side=MIN_SIDE)
    from visq.ops import _numba_jpeg

    height, width = x.size
    sums = _numba_jpeg.step_sums(eight_bit_luma(x)).astype(np.float64)
    steps = np.array([height * (width - 1), (height - 1) * width])
    borders = np.array([height * (width // 8 - 1), (height // 8 - 1) * width])
    turns = np.array([height * (width - 2), (height - 2) * width])
    blocking = sums[..., 1] / borders
    activity = (8 * sums[..., 0] / steps - blocking) / 7
    features = [f.mean(axis=1) for f in (blocking, activity, sums[..., 2] / turns)]
    b, a, z = (np.maximum(f, SMALLEST) for f in features)
    values = ALPHA + BETA * b**GAMMA_BLOCKING * a**GAMMA_ACTIVITY * z**GAMMA_TURNS
    return x.result_of_numpy(values)
