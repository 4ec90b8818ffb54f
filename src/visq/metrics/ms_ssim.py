"""Multi-scale structural similarity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from visq.metrics._moments import picture_planes, shrink, similarity, weighted_mean
from visq.ops import filters
from visq.ops.arrays import is_torch, namespace, read_pair
from visq.ops.choices import check_choice
from visq.ops.colour import Luma
from visq.ops.filters import gaussian_window

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
WINDOW = 11
SIGMA = 1.5
C1 = (0.01 * 255.0) ** 2
C2 = (0.03 * 255.0) ** 2
_DOMAINS = {
    "pooling": ("matlab", "average", "replicate", "drop"),
    "border": ("valid", "reflect"),
    "averaging": ("scores", "terms"),
}
# The window must still fit after four halvings.
MIN_SIDE = (WINDOW - 1) * 2 ** (len(WEIGHTS) - 1) + 1


def ms_ssim(
    image: Any,
    reference: Any,
    *,
    data_range: float | None = None,
    channels: Literal["luma", "rgb", "ycbcr"] = "luma",
    pooling: Literal["matlab", "average", "replicate", "drop"] = "matlab",
    border: Literal["valid", "reflect"] = "valid",
    averaging: Literal["scores", "terms"] = "scores",
    nonnegative: bool = False,
    luma: Luma = "rgb2gray",
    rounded_luma: bool | None = None,
) -> Any:
    """Multi-scale structural similarity, 0..1; higher is better, 1 for an identical pair.

    ``cs_1^w1 cs_2^w2 cs_3^w3 cs_4^w4 ssim_5^w5``: means of the contrast-structure part of SSIM at four scales and
    of the whole SSIM at the fifth, each half as large as the one before; 11 x 11 Gaussian window, sigma 1.5,
    weights 0.0448, 0.2856, 0.3001, 0.2363, 0.1333. Symmetric in its two images.

    The authors' `msssim.m` with its default product, on MATLAB's luma. Where a mean is negative (a photographic
    negative), MATLAB returns a complex number; here that mean, the score and the gradient of that factor are 0.

    Parameters
    ----------
    image, reference : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`; sides of at least
        (11 - 1) 2^4 + 1 = 161 pixels. (`msssim.m` itself refuses below 176.)
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    channels : {"luma", "rgb", "ycbcr"}
        Compare luma; every channel, and take the mean; or Y', Cb and Cr of JPEG, weighted 0.8, 0.1, 0.1.
    pooling : {"matlab", "average", "replicate", "drop"}
        How a scale is halved. They agree on even sides. On odd ones "matlab" mirrors the last row or column;
        "average" puts a row or column of zeros on both sides, which is what pytorch-msssim does; "replicate" repeats
        the first row and the first column, as piq does; "drop" leaves the last one out, as torchmetrics does.
    border : {"valid", "reflect"}
        Whether the fifth scale counts positions where the window fits, or all of them, with the image mirrored.
    averaging : {"scores", "terms"}
        With several channels: mean of their scores, or product of the means of each of their terms.
    nonnegative : bool
        Count a negative contrast-structure term of a pixel as 0.
    luma : {"rgb2gray", "bt601"}
        Weights of R, G and B: MATLAB's rgb2gray, or 0.299, 0.587, 0.114. For ``channels="luma"`` only.
    rounded_luma : bool, optional
        Round luma to 8-bit levels. None: that of colour pixels of 8 or 16 bit, as MATLAB's `rgb2gray` rounds it, and
        not floats or grey images.

    Returns
    -------
    float or (N,) array

    Raises
    ------
    visq.errors.InputError, visq.errors.InputTypeError
        Shapes that differ, a side below 161, values out of range, NaN; no arrays or tensors, or of no pixels.
    visq.errors.OptionError
        An option outside its domain.

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
    for name, value in (("pooling", pooling), ("border", border), ("averaging", averaging)):
        check_choice(name, value, _DOMAINS[name])
    # Where halving drops the odd row, a side has to hold sixteen windows.
    least = WINDOW * 2 ** (len(WEIGHTS) - 1) if pooling == "drop" else MIN_SIDE
    x, y = read_pair(image, reference, data_range=data_range, min_side=least)
    planes = zip(*(picture_planes(b, channels, rounded_luma, luma) for b in (x, y)), strict=True)
    terms = [_terms(a, b, pooling, border, nonnegative=nonnegative) for a, b in planes]
    if averaging == "terms":
        return x.result(_product([weighted_mean(term, channels) for term in zip(*terms, strict=True)]))
    return x.result(weighted_mean([_product(own) for own in terms], channels))


def _terms(x: Any, y: Any, pooling: str, border: str, *, nonnegative: bool) -> list[Any]:
    """Means of the contrast-structure term at four scales and of SSIM at the fifth."""
    taps = gaussian_window(WINDOW, SIGMA)
    found = []
    for scale in range(len(WEIGHTS)):
        if scale:
            x, y = _halve(x, pooling), _halve(y, pooling)
        last = scale == len(WEIGHTS) - 1
        if last and border == "reflect":
            half = WINDOW // 2
            x, y = (filters.pad(z, half, half, half, half) for z in (x, y))
        found.append(similarity(x, y, taps, C1, C2, luminance=last, nonnegative=nonnegative)[0])
    return found


def _product(terms: Sequence[Any]) -> Any:
    result: Any = 1.0
    for mean, weight in zip(terms, WEIGHTS, strict=True):
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
    if pooling == "average" and (rows or columns):
        x = filters.pad(x, rows, rows, columns, columns, border="zero")
    if pooling == "replicate" and (rows or columns):
        x = filters.pad(x, 1, 0, 1, 0, border="replicate")
    return filters.average_pool(x, 2)
