"""Most apparent distortion: what is detected in good images, what looks wrong in bad ones."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from visq.ops.arrays import namespace, read_pair
from visq.ops.block_moments import CELL, mean_and_deviation
from visq.ops.contrast_sensitivity import filter_by_sensitivity
from visq.ops.filters import pad, uniform
from visq.ops.gabor_blocks import shape_differences, wide
from visq.ops.numeric import safe_power, safe_sqrt

MIN_SIDE = 34

LIGHTNESS = (0.02874, 2.2 / 3)  # gain and exponent, of 8-bit levels
DARKEST = 0.5  # mean lightness below which nothing is detected
THRESHOLD = math.exp(-5)  # contrast
DETECTION_GAIN = 200.0
SCALE_WEIGHTS = (0.5 / 13.25, 0.75 / 13.25, 1 / 13.25, 5 / 13.25, 6 / 13.25)
BLEND = (math.exp(-2.55 / 3.35), 1 / (math.log(10) * 3.35))
_EDGE = 16


def mad(image: Any, reference: Any, *, data_range: float | None = None, rounded_luma: bool | None = None) -> Any:
    """Most apparent distortion (MAD), 0 and up; 0 for an identical pair, lower is better.

    ``d_detect^a d_appear^(1 - a)`` with ``a = 1 / (1 + 0.467 d_detect^0.130)``. Both are root mean squares of maps
    over blocks of 16 x 16 pixels, 4 apart, a margin of 16 pixels left out.

    *Detection.* Lightness ``0.02874 L^(2.2/3)`` of the luma `L` is filtered by the contrast sensitivity of the eye. In
    each block ``C_e`` is the standard deviation of the error and ``C_r`` the least one of the reference in 8 x 8 pixels
    around, both over the mean of the reference. The map is ``200 max(0, log(C_e / max(C_r, e^-5)))`` times the
    mean squared error of the luma; 0 where the reference is darker than 0.5.

    *Appearance.* Of the magnitudes of log-Gabor responses (5 scales, 4 orientations) the map adds up ``|std1 - std2| +
    2 |skew1 - skew2| + |kurt1 - kurt2|``, the scales weighted 0.5, 0.75, 1, 5, 6, over 13.25.

    Parameters
    ----------
    image, reference : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`; sides of at least 34.
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
    visq.errors.InputError
        Shapes that differ, a side below 34, values out of range, NaN.
    visq.errors.InputTypeError
        Not two arrays or two tensors, or of a dtype that holds no pixels.

    Notes
    -----
    Follows the authors' `MAD_index.m` of September 2011, gain of 200 included, to the places where its blocks lie. That
    program gives 0, a perfect score, to any two constant images and to any image of a dark reference, because an error
    without contrast is not detected. In these two cases (an appearance of 0; no block of the reference lighter than
    0.5) the mean of the error is counted too and dark blocks are taken as 0.5 light; where the appearance is 0, the
    score is ``sqrt(d_detect / 200)``. So black against white is not perfect.
    Of 8-bit pixels that program takes white for the level below it (its index into a table saturates); the values
    followed are those that it gives the same pixels as doubles.
    Computed in float64 whatever the input. The formula is not symmetric: the reference comes second.

    References
    ----------
    E. C. Larson, D. M. Chandler: Most apparent distortion: full-reference image quality assessment and the role of
    strategy. Journal of Electronic Imaging 19(1), 011006, 2010. The defaults give the program's numbers.

    Examples
    --------
    >>> import numpy as np
    >>> steps = np.kron(np.arange(4, dtype=np.uint8), np.full((64, 16), 60, np.uint8))
    >>> mad(steps, steps), round(mad(steps // 2, steps), 1)
    (0.0, 44.0)
    """
    x, y = read_pair(image, reference, data_range=data_range, min_side=MIN_SIDE)
    a, b = (batch.luma(255.0, rounded=rounded_luma, keep_uint8=True) for batch in (x, y))
    scores = [_one(p, q) for p, q in zip(a, b, strict=True)]
    if x.torch:
        return x.result(x.xp.stack(scores).to(x.dtype))
    return x.result(np.array([float(score) for score in scores]))


def _one(x: Any, y: Any) -> Any:
    xp = namespace(x)
    detected, counted, dark = _detection(x, y)
    differences = shape_differences(x, y, SCALE_WEIGHTS)
    looks = _pooled(differences, xp.ones_like(wide(x)[2 * _EDGE + 1 :, 2 * _EDGE + 1 :]))
    usual = _blended(detected, looks, xp)
    flat = looks == 0
    usual = xp.where(dark, _blended(counted, looks, xp), usual)
    return xp.where(flat, safe_sqrt(counted / DETECTION_GAIN), usual)


def _blended(detected: Any, looks: Any, xp: Any) -> Any:
    known = (detected > 0) & (looks > 0)
    one = xp.ones_like(detected)
    d, l = xp.where(known, detected, one), xp.where(known, looks, one)  # noqa: E741
    share = 1 / (1 + BLEND[0] * d ** BLEND[1])
    return xp.where(known, d**share * l ** (1 - share), xp.zeros_like(detected))


def _detection(x: Any, y: Any) -> tuple[Any, Any, Any]:
    """`d_detect`; the same with the mean of the error counted and dark blocks taken as `DARKEST`; if all are dark."""
    xp = namespace(x)
    light = _lightness(y)
    error = _lightness(x) - light
    mean, _ = mean_and_deviation(light)
    masking = _least_around(mean_and_deviation(light, 8)[1], x.shape)
    shift, deviation = mean_and_deviation(error)
    squared = _local_error(x, y)
    usual = xp.where(mean < DARKEST, xp.zeros_like(deviation), deviation)
    level = xp.clip(mean, DARKEST, None)
    whole = safe_sqrt(deviation**2 * (255 / 256) + shift**2)
    masked = xp.clip(masking / level, THRESHOLD, None)
    detected, counted = (_seen(e / level, masked, squared, xp) for e in (usual, whole))
    return detected, counted, xp.all(mean < DARKEST)


def _lightness(x: Any) -> Any:
    gain, exponent = LIGHTNESS
    # Rounding may leave black a little below 0.
    return filter_by_sensitivity(gain * safe_power(namespace(x).clip(wide(x), 0.0, None), exponent))


def _seen(contrast: Any, masked: Any, squared: Any, xp: Any) -> Any:
    visible = contrast > masked
    ratio = xp.where(visible, contrast, masked) / masked
    return DETECTION_GAIN * _pooled(xp.log(ratio), squared)


def _least_around(deviation: Any, shape: Any) -> Any:
    """Least of each block, the next one below, to the right, and both: the program's choice of masking.

    A block is not a neighbour where five pixels on would be past the last place of a block.
    """
    xp = namespace(deviation)
    for axis in (0, 1):
        count = int(deviation.shape[axis])
        neighbours = sum(CELL * k + 5 <= int(shape[axis]) - 16 for k in range(count))
        d = xp.moveaxis(deviation, axis, 0)
        d = xp.concat([xp.minimum(d[:neighbours], d[1 : neighbours + 1]), d[neighbours:]], axis=0)
        deviation = xp.moveaxis(d, 0, axis)
    return deviation


def _local_error(x: Any, y: Any) -> Any:
    """Mean squared error of the 16 x 16 pixels around every pixel that is not left out."""
    height, width = int(x.shape[0]), int(x.shape[1])
    # The mean of pixels n - 7 to n + 8; the first pixel that counts is the sixteenth.
    return uniform((wide(x) - wide(y)) ** 2, 16, border="valid")[9 : height - 24, 9 : width - 24]


def _pooled(blocks: Any, squared: Any) -> Any:
    """Root mean square over the pixels of the block that begins at their cell, times their local error."""
    count = int(squared.shape[0]) * int(squared.shape[1])
    return safe_sqrt((_by_block(squared**2, blocks.shape) * blocks**2).sum() / count)


def _by_block(values: Any, shape: Any) -> Any:
    """Sums over the pixels, without the margin, of the first cell of every block."""
    rows, columns = (int(n) for n in shape)
    bottom, right = (CELL * n - _EDGE - int(m) for n, m in zip((rows, columns), values.shape, strict=True))
    whole = pad(values, _EDGE, bottom, _EDGE, right, border="zero")
    return namespace(values).reshape(whole, (rows, CELL, columns, CELL)).sum(axis=(1, 3))
