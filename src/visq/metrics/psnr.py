"""Mean squared error and peak signal-to-noise ratio."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np

from visq.errors import OptionError
from visq.ops.arrays import Batch, read_pair

CEILING_DB = 100.0
WHITE = 255.0


def mse(
    image: Any,
    reference: Any,
    *,
    data_range: float | None = None,
    channels: Literal["rgb", "luma"] = "rgb",
    rounded_luma: bool | None = None,
    full: bool = False,
) -> Any:
    """Mean squared error in units of 8-bit levels squared (0..65025); lower is better.

    ``mean((image - reference) ** 2)`` over all pixels and channels after scaling white to 255.

    Parameters
    ----------
    image, reference : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    channels : {"rgb", "luma"}
        Compare all channels, or MATLAB's luma.
    rounded_luma : bool, optional
        Round luma to 8-bit levels. None: that of colour pixels of 8 or 16 bit, as MATLAB's `rgb2gray` rounds it, and
        not floats or grey images.
    full : bool
        Also return the squared-error map, mean over channels.

    Returns
    -------
    float, (N,) array, or (score, map)

    Raises
    ------
    visq.errors.InputError
        Shapes that differ, values out of range, NaN, an unknown option.
    visq.errors.InputTypeError
        Not two arrays or two tensors, or of a dtype that holds no pixels.

    Notes
    -----
    Common use, without a paper of its own. MATLAB's `immse` and scikit-image's `mean_squared_error` of 8-bit pixels
    give this number.

    Examples
    --------
    >>> import numpy as np
    >>> black, grey = np.zeros((4, 4), np.uint8), np.full((4, 4), 16, np.uint8)
    >>> mse(grey, black)
    256.0
    """
    x, y = read_pair(image, reference, data_range=data_range)
    score = x.result(_mse(x, y, channels, rounded_luma))
    if full:
        squared = x.xp.mean(_difference(x, y, channels, rounded_luma) ** 2, axis=1)
        return score, x.result(squared)
    return score


def psnr(
    image: Any,
    reference: Any,
    *,
    data_range: float | None = None,
    channels: Literal["rgb", "luma"] = "rgb",
    rounded_luma: bool | None = None,
    ceiling: float | None = CEILING_DB,
    epsilon: float = 0.0,
) -> Any:
    """Peak signal-to-noise ratio in decibels, 0..100; higher is better.

    ``10 log10(255^2 / MSE)``, one MSE over all channels, as MATLAB's `psnr` and scikit-image compute it.

    Parameters
    ----------
    image, reference, data_range, channels, rounded_luma
        As `mse`.
    ceiling : float, optional
        Largest value returned; an identical pair gives exactly this. None gives infinity for an identical pair.
    epsilon : float
        Added to the error, in units of white squared: 1e-8, as some libraries have it, gives an identical pair 80 dB.

    Returns
    -------
    float or (N,) array

    Raises
    ------
    visq.errors.InputError
        As `mse`, and a ceiling that is not positive or an epsilon below 0.
    visq.errors.InputTypeError
        Not two arrays or two tensors, or of a dtype that holds no pixels.

    References
    ----------
    ITU-T J.340, "Reference algorithm for computing peak signal to noise ratio of a processed video sequence", 2010.

    Examples
    --------
    >>> import numpy as np
    >>> black, grey = np.zeros((4, 4), np.uint8), np.full((4, 4), 16, np.uint8)
    >>> round(psnr(grey, black), 4), psnr(grey, grey)
    (24.0484, 100.0)
    """
    if ceiling is not None and not ceiling > 0:
        raise OptionError("ceiling is not usable", expected="a positive number of decibels or None", got=repr(ceiling))
    x, y = read_pair(image, reference, data_range=data_range)
    if not 0 <= epsilon < 1:
        raise OptionError("epsilon is not usable", expected="0 or more, below 1", got=repr(epsilon))
    error = _mse(x, y, channels, rounded_luma) + WHITE**2 * epsilon
    if not x.torch:
        return x.result(np.array([_decibels(float(e), ceiling) for e in error]))
    xp = x.xp
    floor, highest = (0.0, np.inf) if ceiling is None else (WHITE**2 * 10 ** (-ceiling / 10), ceiling)
    counted = xp.where(error > floor, error, xp.ones_like(error))
    value = xp.where(error > floor, 10.0 * xp.log10(WHITE**2 / counted), xp.full_like(error, highest))
    # With an epsilon, black against white has more error than there can be.
    return x.result(xp.clip(value, 0.0, None) if epsilon else value)


def _decibels(error: float, ceiling: float | None) -> float:
    # One number at a time: arrays of one element cost more than the sum over a small picture.
    if ceiling is not None and error <= WHITE**2 * 10 ** (-ceiling / 10):
        return ceiling
    return max(0.0, 10.0 * math.log10(WHITE**2 / error)) if error else math.inf


def _difference(x: Batch, y: Batch, channels: str, rounded: bool | None) -> Any:
    if channels == "luma":
        return (x.luma(255.0, rounded=rounded) - y.luma(255.0, rounded=rounded))[:, None]
    if channels != "rgb":
        raise OptionError("unknown channels", expected="'rgb' or 'luma'", got=repr(channels))
    return x.planes(255.0) - y.planes(255.0)


def _held(error: Any, x: Batch) -> Any:
    # Past the largest square there is by a rounding error, or by pixels that leave their range within the tolerance.
    return x.xp.clip(error, None, WHITE**2) if x.torch else np.minimum(error, WHITE**2)


def _mse(x: Batch, y: Batch, channels: str, rounded: bool | None) -> Any:
    return _held(_exact(x, y, channels, rounded), x)


def _exact(x: Batch, y: Batch, channels: str, rounded: bool | None) -> Any:
    if x.torch:
        return (_difference(x, y, channels, rounded) ** 2).mean(dim=(1, 2, 3))
    from visq.ops import _numba_error

    if channels == "luma":
        if x.eight_bit and not x.grey and rounded is not False:
            return _numba_error.mean_squared_luma(x.data, y.data)
        a, b = (z.luma(255.0, rounded=rounded, keep_uint8=True)[:, None] for z in (x, y))
        return _numba_error.mean_squared(a, b)
    if channels != "rgb":
        raise OptionError("unknown channels", expected="'rgb' or 'luma'", got=repr(channels))
    return _numba_error.mean_squared(x.data, y.data) * (255.0 / x.peak) ** 2
