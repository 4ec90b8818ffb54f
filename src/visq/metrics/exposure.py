"""Exposure: how far pixels keep from black and white, and how many are lost there."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from visq.errors import OptionError
from visq.ops.arrays import Batch, read_one
from visq.ops.numeric import mean


def exposure(image: Any, *, data_range: float | None = None, sigma: float = 0.2, full: bool = False) -> Any:
    """Mean well-exposedness, 0..1; higher is nearer to middle grey in all channels, which is often better.

    Of every pixel ``exp(-((R - 0.5)^2 + (G - 0.5)^2 + (B - 0.5)^2) / (2 sigma^2))``, sRGB in 0..1; the score is the
    mean.

    Parameters
    ----------
    image : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`. A grey picture counts as colour with
        three equal channels.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    sigma : float
        Width of the curve, 0.001 to 1000; 0.2 is the authors'.
    full : bool
        Also return the value of every pixel.

    Returns
    -------
    float or (N,) array, or (score, map)
        The map is `(H, W)` or `(N, H, W)`.

    Raises
    ------
    visq.errors.InputError
        Values out of range, NaN, a sigma out of range.
    visq.errors.InputTypeError
        Neither array nor tensor, or of a dtype that holds no pixels.

    Notes
    -----
    It is the weight that exposure fusion gives a pixel, made to choose between exposures of one scene, and there it
    serves. It is no verdict on a single picture: night scenes, snow and saturated colours score low, a flat grey
    picture scores 1.

    References
    ----------
    T. Mertens, J. Kautz, F. Van Reeth, "Exposure fusion", Pacific Graphics 2007.

    Examples
    --------
    >>> import numpy as np
    >>> exposure(np.full((4, 4, 3), 0.5)), round(exposure(np.full((4, 4, 3), 0.9)), 4)
    (1.0, 0.0025)
    """
    if not 0.001 <= sigma <= 1000:
        raise OptionError("sigma is not usable", expected="0.001 to 1000", got=repr(sigma))
    x = read_one(image, data_range=data_range)
    if x.torch:
        distance = ((x.rgb(1.0) - 0.5) ** 2).sum(dim=1)
        values = x.xp.exp(-distance / (2 * sigma**2))
        score = x.result(mean(values))
        return (score, x.result(values)) if full else score
    from visq.ops import _numba_tone

    count = x.data.shape[0]
    values = np.empty((count, *x.size) if full else (count, 0, 0), x.dtype)
    means = [_numba_tone.exposed(_numba_tone.planes(x, n), x.peak, sigma, values[n]) for n in range(count)]
    score = x.result(np.array(means))
    return (score, x.result(values)) if full else score


def clipping(image: Any, *, data_range: float | None = None, margin: float = 0.0) -> Any:
    """Share of the pixels that are clipped in any channel, 0..1; lower is better.

    A pixel is clipped where its least channel is `margin` 8-bit levels above black or less, or its greatest `margin`
    levels below white or less. Levels are those of 8 bit, rounded: with a margin of 0 the outermost half level at
    each end counts, so that a picture scores the same in 8 bit and in 16.

    Parameters
    ----------
    image : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    margin : float
        In 8-bit levels, 0 to 127; a fraction of a level does not count. Compression blurs clipped areas: 2 or 3 finds
        them in JPEG pictures.

    Returns
    -------
    float or (N,) array
        Without a gradient: pixels are counted.

    Raises
    ------
    visq.errors.InputError
        Values out of range, NaN, a margin out of range.
    visq.errors.InputTypeError
        Neither array nor tensor, or of a dtype that holds no pixels.

    Notes
    -----
    Detail was lost there only if the scene had any: a black background, a lamp, and a saturated colour, one channel
    of which is 0, count too. Lowering the contrast afterwards hides clipping from it.

    References
    ----------
    The count that raw converters and histograms show. A definition of visq's own; no paper is followed.

    Examples
    --------
    >>> import numpy as np
    >>> clipping(np.array([[0, 1], [254, 255]], np.uint8)), clipping(np.array([[0.0, 0.25], [0.5, 0.75]]))
    (0.5, 0.25)
    """
    if not 0 <= margin <= 127:
        raise OptionError("margin is not usable", expected="0 to 127 levels", got=repr(margin))
    x = read_one(image, data_range=data_range)
    levels = math.floor(margin)
    low, high = ((level + 0.5) / 255 * x.peak for level in (levels, 254 - levels))
    if x.torch:
        return x.result(_clipped_share(x, low, high))
    from visq.ops import _numba_tone

    shares = [_numba_tone.clipped(_numba_tone.planes(x, n), low, high) for n in range(x.data.shape[0])]
    return x.result(np.array(shares))


def _clipped_share(x: Batch, low: float, high: float) -> Any:
    xp = x.xp
    pixels = xp.astype(x.data, x.dtype)
    lost = (xp.min(pixels, axis=1) <= low) | (xp.max(pixels, axis=1) >= high)
    return mean(xp.astype(lost, x.dtype))
