"""The standard deviation of white noise, estimated from the picture alone."""

from __future__ import annotations

import math
from typing import Any, Literal, get_args

import numpy as np

from visq.ops import filters
from visq.ops.arrays import Batch, read_one
from visq.ops.choices import check_choice

Method = Literal["immerkaer", "wavelet"]

MIN_SIDE = 3
# Daubechies' wavelet with two vanishing moments: the high-pass filter.
DB2 = np.array([-(1 - 3**0.5), 3 - 3**0.5, -(3 + 3**0.5), 1 + 3**0.5]) / (4 * 2**0.5)
# Median of the magnitude of a standard normal variable.
NORMAL_MEDIAN = 0.6744897501960817


def noise_estimate(
    image: Any,
    *,
    data_range: float | None = None,
    method: Method = "immerkaer",
    rounded_luma: bool | None = None,
) -> Any:
    """Standard deviation of the noise of the luma in 8-bit levels, 0 or more; lower is better.

    ``immerkaer``: ``sqrt(pi / 2) / 6 mean |L * N|`` over the inner pixels, with the mask N of 1 -2 1, -2 4 -2, 1 -2 1.
    ``wavelet``: the median of the magnitude of the finest diagonal band of the wavelet db2, divided by 0.6745.

    Parameters
    ----------
    image : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`; sides of at least 3.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    method : {"immerkaer", "wavelet"}
        ``immerkaer`` counts all that is no plane, fine texture and edges too; ``wavelet`` leaves out the half of the
        picture with the most detail.
    rounded_luma : bool, optional
        Round luma to 8-bit levels. None: that of colour pixels of 8 or 16 bit, as MATLAB's `rgb2gray` rounds it, and
        not floats or grey images. Rounding is noise of 0.29 levels.

    Returns
    -------
    float or (N,) array

    Raises
    ------
    visq.errors.SizeError
        A side below 3.
    visq.errors.InputError
        Values out of range, NaN, an unknown method.
    visq.errors.InputTypeError
        Neither array nor tensor, or of a dtype that holds no pixels.

    Notes
    -----
    Both are exact for white Gaussian noise on a flat ground and too high on texture: ``immerkaer`` by 2 to 5 levels
    on a sharp photograph without noise, ``wavelet`` by half of that. Noise that is not white (of a demosaiced, scaled
    or compressed picture) is underestimated, and so is noise cut off at black or white. Blur lowers the estimate: a
    lower value is a better picture only where noise is what differs.

    ``wavelet`` is `estimate_sigma` of scikit-image, except that coefficients of exactly 0 count: there they are left
    out as a mask, here a picture that is flat for the greater part has no noise.

    References
    ----------
    J. Immerkaer, "Fast noise variance estimation", CVIU 64(2), 1996. D. L. Donoho, I. M. Johnstone, "Ideal spatial
    adaptation by wavelet shrinkage", Biometrika 81(3), 1994.

    Examples
    --------
    >>> import numpy as np
    >>> noisy = 128 + 10 * np.random.default_rng(0).standard_normal((512, 512))
    >>> round(noise_estimate(noisy, data_range=255.0), 1)
    10.0
    """
    check_choice("method", method, get_args(Method))
    x = read_one(image, data_range=data_range, min_side=MIN_SIDE)
    luma = x.luma(255.0, rounded=rounded_luma, keep_uint8=True)
    if method == "wavelet":
        return x.result(_median_deviation(x, luma))
    height, width = x.size
    return x.result(math.sqrt(math.pi / 2) / (6 * (height - 2) * (width - 2)) * _mask_sums(x, luma))


def _mask_sums(x: Batch, luma: Any) -> Any:
    if not x.torch:
        from visq.ops import _numba_stencils

        return _numba_stencils.mask_sums(luma)
    bend = (luma[:, :-2] + luma[:, 2:]) - 2.0 * luma[:, 1:-1]
    return abs((bend[..., :-2] + bend[..., 2:]) - 2.0 * bend[..., 1:-1]).sum(dim=(1, 2))


def _median_deviation(x: Batch, luma: Any) -> Any:
    if x.torch:
        sizes = abs(diagonal(luma)).reshape(luma.shape[0], -1)
        ordered = x.xp.sort(sizes, axis=1)
        return (ordered[:, (sizes.shape[1] - 1) // 2] + ordered[:, sizes.shape[1] // 2]) / (2 * NORMAL_MEDIAN)
    from visq.ops import _numba_daubechies

    medians = [np.median(_numba_daubechies.diagonal(plane, DB2, x.dtype), overwrite_input=True) for plane in luma]
    return np.array(medians, np.float64) / NORMAL_MEDIAN


def diagonal(luma: Any) -> Any:
    """Finest diagonal band of the wavelet db2 of `(N, H, W)`, border symmetric: the formula, plainly."""
    height, width = luma.shape[-2:]
    # From the first pixel, so that a flat picture gives exactly 0.
    padded = filters.pad(luma - luma[..., :1, :1], 2, 4, 2, 4, border="symmetric")
    down = sum(w * padded[:, j::2][:, : (height + 3) // 2] for j, w in enumerate(DB2.tolist()))
    return sum(w * down[..., j::2][..., : (width + 3) // 2] for j, w in enumerate(DB2.tolist()))
