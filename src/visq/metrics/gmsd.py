"""Gradient magnitude similarity deviation, and its multi-scale and chromatic forms."""

from __future__ import annotations

from typing import Any

from visq.ops import gradients
from visq.ops.arrays import Batch, read_pair
from visq.ops.blocks import block_mean, colour_block_mean
from visq.ops.colour import YIQ_4, Luma, luma_weights
from visq.ops.numeric import mean, safe_sqrt

MIN_SIDE = 6
MIN_SIDE_MULTI_SCALE = 17

# In units of 8-bit levels squared.
_CONSTANT = 170.0
_SCALE_WEIGHTS = (0.096, 0.596, 0.289, 0.019)
_MASK = 0.5
_BETA = (0.01, 0.32, 15.0)


def gmsd(
    image: Any,
    reference: Any,
    *,
    data_range: float | None = None,
    luma: Luma = "rgb2gray",
    rounded_luma: bool | None = None,
    full: bool = False,
) -> Any:
    """Gradient magnitude similarity deviation (GMSD), 0..0.54; 0 for an identical pair, lower is better.

    Both lumas are averaged over 2 x 2 pixels; with ``g`` the magnitude of the Prewitt gradient (zeros outside)
    the map is ``(2 g1 g2 + 170) / (g1^2 + g2^2 + 170)`` in 8-bit levels and the score its standard deviation
    with divisor ``n - 1``, as the authors' MATLAB program computes it.

    Parameters
    ----------
    image, reference : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`; sides of at least 6.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    luma : {"rgb2gray", "bt601"}
        Shares of R, G and B: MATLAB's `rgb2gray`, or 0.299, 0.587, 0.114.
    rounded_luma : bool, optional
        Round luma to 8-bit levels. None: that of colour pixels of 8 or 16 bit, as MATLAB's `rgb2gray` rounds it, and
        not floats or grey images. It changes the score of a pair that differs in colour alone by a factor
        of two.
    full : bool
        Also return the similarity map (1 is good), half as high and wide as the image.

    Returns
    -------
    float, (N,) array, or (score, map)

    Raises
    ------
    visq.errors.InputError
        Shapes that differ, values out of range, NaN, an image too small, an unknown option.
    visq.errors.InputTypeError
        Not two arrays or two tensors, or of a dtype that holds no pixels.

    References
    ----------
    W. Xue, L. Zhang, X. Mou, A. C. Bovik: Gradient magnitude similarity deviation: a highly efficient perceptual
    image quality index. IEEE Trans. Image Processing 23(2), 2014. The defaults give the paper's numbers.

    Examples
    --------
    >>> import numpy as np
    >>> steps = np.kron(np.arange(4, dtype=np.uint8), np.full((16, 4), 60, np.uint8))
    >>> gmsd(steps, steps)
    0.0
    >>> round(gmsd(steps // 2, steps), 4)
    0.0648
    """
    x, y = read_pair(image, reference, data_range=data_range, min_side=MIN_SIDE)
    a, b = (_luma(batch, luma, rounded_luma) for batch in (x, y))
    score, similarity = _deviation(a, b, x, halve=True, mask=0.0, ddof=1, keep=full)
    return (x.result(score), x.result(similarity)) if full else x.result(score)


def ms_gmsd(
    image: Any,
    reference: Any,
    *,
    data_range: float | None = None,
    chromatic: bool = False,
    luma: Luma = "rgb2gray",
    rounded_luma: bool | None = None,
) -> Any:
    """Multi-scale GMSD (MS-GMSD, 0..0.5) and its chromatic form (MS-GMSDc, 0..2.5); 0 is best.

    ``sqrt(sum_j w_j GMSD_j^2)`` over four scales, the first at full size, each next one the 2 x 2 mean of the
    one before. The similarity masks strong gradients, ``((2 - 0.5) g1 g2 + 170) / (g1^2 + g2^2 - 0.5 g1 g2 +
    170)``, and the deviation has divisor ``n``.

    With ``chromatic=True`` the score is ``c s + (1 - c) 0.01 e``, where ``s`` is the above, ``e`` the root mean
    squared error of I and Q (of YIQ, at the coarsest scale) and ``c = 2 / (1 + 0.32 exp(-15 s)) - 1``.

    Parameters
    ----------
    image, reference, data_range, luma, rounded_luma
        As `gmsd`; sides of at least 17.
    chromatic : bool
        Include the colour difference. A grey pair has none.

    Returns
    -------
    float or (N,) array

    Raises
    ------
    visq.errors.InputError, visq.errors.InputTypeError
        As `gmsd`.

    Notes
    -----
    No program of the authors is public. The luma is GMSD's by default; ``luma="bt601", rounded_luma=False`` is that
    of `piq`, whose values are then matched to rounding. That the colour error is taken at the coarsest scale follows
    `piq` too.

    References
    ----------
    B. Zhang, P. V. Sander, A. Bermak: Gradient magnitude similarity deviation on multiple scales for color image
    quality assessment. ICASSP 2017.

    Examples
    --------
    >>> import numpy as np
    >>> steps = np.kron(np.arange(4, dtype=np.uint8), np.full((32, 8), 60, np.uint8))
    >>> ms_gmsd(steps, steps), ms_gmsd(steps, steps, chromatic=True)
    (0.0, 0.0)
    """
    x, y = read_pair(image, reference, data_range=data_range, min_side=MIN_SIDE_MULTI_SCALE)
    a, b = (_luma(batch, luma, rounded_luma) for batch in (x, y))
    total: Any = 0.0
    for scale, weight in enumerate(_SCALE_WEIGHTS):
        if scale:
            a, b = (_halve(z, x) for z in (a, b))
        variance = _deviation(a, b, x, halve=False, mask=_MASK, ddof=0, keep=False)[0] ** 2
        total = total + weight * variance
    score = safe_sqrt(total)
    return x.result(_with_colour(score, x, y) if chromatic else score)


def _luma(batch: Batch, luma: str, rounded: bool | None) -> Any:
    return batch.luma(255.0, weights=luma_weights(luma), rounded=rounded, keep_uint8=True)


def _halve(x: Any, batch: Batch) -> Any:
    if batch.torch:
        return block_mean(x, 2)
    from visq.ops import _numba_blocks

    return _numba_blocks.block_mean(x, 2, 0, batch.dtype)


def _with_colour(score: Any, x: Batch, y: Batch) -> Any:
    beta1, beta2, beta3 = _BETA
    # Halving three times is a mean over blocks of 8.
    i_and_q = (colour_block_mean(batch, YIQ_4, 8)[:, 1:] for batch in (x, y))
    a, b = i_and_q
    error = safe_sqrt(2 * mean((a - b) ** 2, (-3, -2, -1)))
    share = 2 / (1 + beta2 * x.xp.exp(-beta3 * score)) - 1
    return share * score + (1 - share) * beta1 * error


def _deviation(a: Any, b: Any, batch: Batch, *, halve: bool, mask: float, ddof: int, keep: bool) -> tuple[Any, Any]:
    if batch.torch:
        return plain_deviation(a, b, halve=halve, mask=mask, ddof=ddof)
    from visq.ops import _numba_gmsd

    return _numba_gmsd.deviation(
        a, b, constant=_CONSTANT, mask=mask, halve=halve, ddof=ddof, dtype=batch.dtype, keep=keep
    )


def plain_deviation(a: Any, b: Any, *, halve: bool, mask: float, ddof: int) -> tuple[Any, Any]:
    """Deviation and map from the operations in `visq.ops`, for NumPy and torch: `(N,)` and `(N, h, w)`.

    The similarity is written as 1 minus its deficit ``(g1 - g2)^2 / (g1^2 + g2^2 - mask g1 g2 + T)``: the same
    number, exactly 1 where the gradients are equal.
    """
    if halve:
        a, b = block_mean(a, 2), block_mean(b, 2)
    g, h = gradients.magnitude(a), gradients.magnitude(b)
    deficit = (g - h) ** 2 / (g * g + h * h - mask * g * h + _CONSTANT)
    count = int(deficit.shape[-2]) * int(deficit.shape[-1])
    centred = deficit - mean(deficit, keepdims=True)
    variance = mean(centred * centred) * (count / max(count - ddof, 1))
    return safe_sqrt(variance), 1 - deficit
