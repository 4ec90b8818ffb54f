"""UIQM: colourfulness, sharpness and contrast of an underwater photograph, each without a reference."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from visq.errors import OptionError, SizeError
from visq.ops import gradients
from visq.ops.arrays import Batch, read_one
from visq.ops.numeric import safe_divide, safe_sqrt

Variance = Literal["full", "trimmed"]
Contrast = Literal["pixel", "channels", "plip"]
Edges = Literal["product", "gradient"]

# Panetta, Gao, Agaian (2016), fitted to observers.
COLOUR_WEIGHT, SHARPNESS_WEIGHT, CONTRAST_WEIGHT = 0.0282, 0.2953, 3.5753
MEAN_WEIGHT, DEVIATION_WEIGHT = -0.0268, 0.1586
TRIM = 0.1
RED_WEIGHT, GREEN_WEIGHT, BLUE_WEIGHT = 0.299, 0.587, 0.114
PLIP_GAMMA = 1026.0
# The grey of the program that uses PLIP: scikit-image's, in 0..1.
PLIP_GREY = (0.2125, 0.7154, 0.0721)
# Fewest pixels of which a tenth on either side can be trimmed away.
LEAST_PIXELS = 20
# Squared Sobel magnitudes and channel values under (1e-3 levels)^2 are 0. The smallest that 8-bit and 16-bit
# pictures can have are larger; floats leave rounding errors of about 1e-4 where the true value is 0, and the
# logarithm of a ratio would make a mountain of them.
FLOOR = 1e-6


@dataclass(frozen=True)
class UiqmTerms:
    """The three parts of UIQM: colourfulness, sharpness and contrast, before they are weighted."""

    uicm: Any
    uism: Any
    uiconm: Any


def uiqm(
    image: Any,
    *,
    data_range: float | None = None,
    block: int = 8,
    variance: Variance = "full",
    contrast: Contrast = "pixel",
    edges: Edges = "product",
    blue_weight: float = BLUE_WEIGHT,
) -> Any:
    """Underwater image quality measure; higher is better, about 0 to 5 for photographs.

    ``0.0282 UICM + 0.2953 UISM + 3.5753 UIConM``, on RGB in 0..255, over whole blocks (what is left over at the
    right and bottom is not looked at by the last two terms):

    - UICM, from RG = R - G and YB = (R + G) / 2 - B: ``-0.0268 hypot(m_RG, m_YB) + 0.1586 sqrt(v_RG + v_YB)``,
      m the mean without the lowest ``ceil(K / 10)`` and highest ``floor(K / 10)`` of K values, v the variance
      about m.
    - UISM: ``2 / blocks * sum ln(max / min)`` of Sobel magnitude times channel; a block with min 0 adds 0. The
      channels weigh 0.299, 0.587 and `blue_weight`.
    - UIConM: ``-1 / blocks * sum r ln r``, r = (max - min) / (max + min); 0 where r is 0 or undefined.

    Parameters
    ----------
    image : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`, sRGB.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    block : int
        Side of a block. Scores with different blocks do not compare; programs use 8, 10 or 5.
    variance : {"full", "trimmed"}
        Variance over all pixels, or over those the mean is taken of.
    contrast : {"pixel", "channels", "plip"}
        Extremes of a block over all three channels together; the sum of the terms of each channel; or the sum
        and difference of parametrised logarithmic processing (gamma = k = 1026) on grey in 0..1.
    edges : {"product", "gradient"}
        What UISM's edge map is: Sobel magnitude times the channel, or the size of the vertical gradient less the
        horizontal one, without the channel.
    blue_weight : float
        Weight of blue in UISM. 0.144, a slip of the pen, is in one widely used program.

    Returns
    -------
    float or (N,) array

    Raises
    ------
    visq.errors.SizeError
        A side below `block`, or fewer than 20 pixels.
    visq.errors.OptionError, visq.errors.InputError, visq.errors.InputTypeError
        An unknown variance, contrast or edges, a block that is no whole number above 1; values out of range, NaN;
        neither array nor tensor, or of a dtype that holds no pixels.

    Notes
    -----
    - ``block=10, blue_weight=0.144`` are the numbers of the program that comes with FUnIE-GAN (whose trimmed mean
      drops one value more). A much copied MATLAB package (in underimage-fusion-enhancement) has ``block=5,
      variance="trimmed", contrast="channels", edges="gradient"``; where sides are no multiples of 5 it resizes edge
      map and picture to more blocks, and its sum takes the trimmed mean of RG for UICM, because the function gives
      that first: use `uiqm_terms` for its three parts.
    - A block that holds a 0 has r = 1 and adds no contrast, so a little haze may raise the score (it does on 9 of the
      24 Kodak photographs). White noise (25 levels) lowers it on most, and raises it on 4 smooth ones. It depends on
      bit depth: rounding to 8 bit makes smooth water flat, and a flat block adds nothing.
    - ``plip``: the Python program that uses it returns its contrast with the sign turned, and the value depends
      on how many blocks the picture has; here the sign is that of the other two.
    - Below a thousandth of an 8-bit level values count as 0 in UISM, where the score jumps. Gradients are finite.

    References
    ----------
    K. Panetta, C. Gao, S. Agaian, "Human-visual-system-inspired underwater image quality measures", IEEE Journal
    of Oceanic Engineering 41(3), 2016.

    Examples
    --------
    >>> import numpy as np
    >>> uiqm(np.full((16, 16, 3), 128, np.uint8))
    0.0
    """
    x, terms = _terms(image, data_range, block, variance, contrast, edges, blue_weight)
    return x.result(COLOUR_WEIGHT * terms.uicm + SHARPNESS_WEIGHT * terms.uism + CONTRAST_WEIGHT * terms.uiconm)


def uiqm_terms(
    image: Any,
    *,
    data_range: float | None = None,
    block: int = 8,
    variance: Variance = "full",
    contrast: Contrast = "pixel",
    edges: Edges = "product",
    blue_weight: float = BLUE_WEIGHT,
) -> UiqmTerms:
    """UICM, UISM and UIConM, unweighted. Parameters as `uiqm`.

    Examples
    --------
    >>> import numpy as np
    >>> two = np.full((8, 8, 3), 100, np.uint8)
    >>> two[:4] = 200
    >>> round(uiqm_terms(two).uiconm, 4)
    0.3662
    """
    x, terms = _terms(image, data_range, block, variance, contrast, edges, blue_weight)
    return UiqmTerms(x.result(terms.uicm), x.result(terms.uism), x.result(terms.uiconm))


def _terms(
    image: Any, data_range: float | None, block: int, variance: str, contrast: str, edges: str, blue_weight: float
) -> tuple[Batch, UiqmTerms]:
    if isinstance(block, bool) or not isinstance(block, (int, np.integer)) or block < 2:
        raise OptionError("block is not usable", expected="a whole number of pixels, at least 2", got=repr(block))
    for name, value, allowed in (
        ("variance", variance, Variance), ("contrast", contrast, Contrast), ("edges", edges, Edges),
    ):  # fmt: skip
        if value not in get_args(allowed):
            choices = " or ".join(map(repr, get_args(allowed)))
            raise OptionError(f"unknown {name}", expected=choices, got=repr(value))
    if not math.isfinite(blue_weight):
        raise OptionError("blue_weight is not usable", expected="a finite number", got=repr(blue_weight))
    x = read_one(image, data_range=data_range, min_side=int(block))
    height, width = x.size
    if height * width < LEAST_PIXELS:
        raise SizeError("image is too small", expected=f"at least {LEAST_PIXELS} pixels", got=f"{width}x{height}")
    weights = (RED_WEIGHT, GREEN_WEIGHT, float(blue_weight))
    if x.torch:
        return x, plain_terms(x.rgb(255.0), int(block), variance, contrast, weights, edges)
    parts = [_fused_terms(x, n, int(block), variance, contrast, weights, edges) for n in range(x.data.shape[0])]
    return x, UiqmTerms(*(np.array(values) for values in zip(*parts, strict=True)))


def plain_terms(
    rgb: Any, block: int, variance: str, contrast: str, weights: tuple[float, float, float], edges: str = "product"
) -> UiqmTerms:
    """UICM, UISM, UIConM of `(N, 3, H, W)` in 0..255: the formulae, plainly."""
    from visq.ops.arrays import namespace

    xp = namespace(rgb)
    red, green, blue = (xp.reshape(rgb[:, k], (rgb.shape[0], -1)) for k in range(3))
    moments = [_trimmed(xp.sort(v, axis=1), variance, xp) for v in (red - green, (red + green) / 2 - blue)]
    uicm = _colourfulness(moments[0], moments[1])

    across, down = gradients.components(rgb, "sobel", border="symmetric")
    # The gradients are a quarter of Sobel's sums; only the ratio within a block and the floor see that.
    if edges == "gradient":
        magnitude = 16.0 * (down - across) ** 2
        product = xp.where(magnitude >= FLOOR, magnitude, xp.zeros_like(rgb))
    else:
        magnitude, squared = 16.0 * (across * across + down * down), rgb * rgb
        product = xp.where((magnitude >= FLOOR) & (squared >= FLOOR), magnitude * squared, xp.zeros_like(rgb))
    low, high = block_extremes(product, block)
    usable = low > 0
    one = xp.ones_like(low)
    logs = 0.5 * (xp.log(xp.where(usable, high, one)) - xp.log(xp.where(usable, low, one)))
    blocks = low.shape[-2] * low.shape[-1]
    edge = xp.sum(logs, axis=(2, 3)) * (2.0 / blocks)
    uism = sum(w * edge[:, k] for k, w in enumerate(weights))
    low, high = block_extremes(_contrast_planes(rgb, contrast), block)
    return UiqmTerms(uicm, uism, _block_contrast(low, high, contrast))


def block_extremes(x: Any, block: int) -> tuple[Any, Any]:
    """Smallest and largest value of the whole blocks of `(N, C, H, W)`."""
    from visq.ops.arrays import namespace

    xp = namespace(x)
    count, channels, height, width = x.shape
    rows, columns = height // block, width // block
    cut = x[:, :, : rows * block, : columns * block]
    cut = xp.reshape(cut, (count, channels, rows, block, columns, block))
    return xp.min(cut, axis=(3, 5)), xp.max(cut, axis=(3, 5))


def _contrast_planes(rgb: Any, contrast: str) -> Any:
    if contrast != "plip":
        return rgb
    return sum(w / 255.0 * rgb[:, k : k + 1] for k, w in enumerate(PLIP_GREY))


def _block_contrast(low: Any, high: Any, contrast: str) -> Any:
    """UIConM from the extremes of the blocks, `(N, C, rows, columns)`."""
    from visq.ops.arrays import namespace

    xp = namespace(low)
    blocks = low.shape[-2] * low.shape[-1]
    if contrast == "pixel":
        low, high = xp.min(low, axis=1, keepdims=True), xp.max(high, axis=1, keepdims=True)
    if contrast == "plip":
        difference = PLIP_GAMMA * (high - low) / (PLIP_GAMMA - low)
        ratio = safe_divide(difference, high + low - high * low / PLIP_GAMMA, 0.0)
    else:
        ratio = safe_divide(high - low, high + low, 0.0)
    # Values a rounding error below 0 are within the range that is accepted; the ratio is then not.
    ratio = xp.clip(ratio, 0.0, 1.0)
    positive = ratio > 0
    total = -xp.sum(ratio * xp.log(xp.where(positive, ratio, xp.ones_like(ratio))), axis=(1, 2, 3))
    if contrast == "plip":
        return PLIP_GAMMA * xp.expm1(xp.log1p(total / PLIP_GAMMA) / blocks)
    return total / blocks


def trim_counts(count: int) -> tuple[int, int]:
    """How many of the lowest and of the highest of `count` values the mean leaves out."""
    return math.ceil(TRIM * count), math.floor(TRIM * count)


def _trimmed(ordered: Any, variance: str, xp: Any) -> tuple[Any, Any]:
    lowest, highest = trim_counts(ordered.shape[1])
    kept = ordered[:, lowest : ordered.shape[1] - highest]
    mean = xp.mean(kept, axis=1, keepdims=True)
    spread = xp.mean(((ordered if variance == "full" else kept) - mean) ** 2, axis=1)
    return mean[:, 0], spread


def _colourfulness(red_green: tuple[Any, Any], yellow_blue: tuple[Any, Any]) -> Any:
    (m1, v1), (m2, v2) = red_green, yellow_blue
    return MEAN_WEIGHT * safe_sqrt(m1 * m1 + m2 * m2) + DEVIATION_WEIGHT * safe_sqrt(v1 + v2)


def _fused_terms(
    x: Batch, n: int, block: int, variance: str, contrast: str, weights: tuple[float, float, float], edges: str
) -> tuple[Any, Any, Any]:
    from visq.ops import _numba_underwater

    planes = x.data[n] if not x.grey else np.broadcast_to(x.data[n], (3, *x.size))
    edge, low, high = _numba_underwater.block_statistics(planes, x.peak, block, edges == "gradient", FLOOR)
    blocks = low.shape[1] * low.shape[2]
    uism = 2.0 / blocks * sum(w * e for w, e in zip(weights, edge, strict=True))
    if contrast == "plip":
        low, high = (v[0] for v in _plip_extremes(planes, x.peak, block))
    return _fused_colour(planes, x, variance), uism, _block_contrast(low[None], high[None], contrast)[0]


def _plip_extremes(planes: np.ndarray, peak: float, block: int) -> tuple[np.ndarray, np.ndarray]:
    grey = Batch(planes[None], peak, True).luma(1.0, weights=PLIP_GREY, rounded=False)
    low, high = block_extremes(grey[:, None], block)
    return low.astype(np.float64), high.astype(np.float64)


def _fused_colour(planes: np.ndarray, x: Batch, variance: str) -> Any:
    from visq.ops import _numba_underwater

    if x.eight_bit and planes.dtype == np.uint8:
        counts = _numba_underwater.opponent_histograms(planes)
        return _colourfulness(
            _counted(counts[0], np.arange(-255, 256.0), variance),
            _counted(counts[1], np.arange(-510, 511) / 2, variance),
        )
    red, green, blue = planes
    dtype = np.dtype(x.dtype)
    scale = 255.0 / x.peak
    values = np.subtract(red, green, dtype=dtype)
    first = _partitioned(values, scale, variance)
    del values
    values = np.add(red, green, dtype=dtype)
    values *= dtype.type(0.5)
    values -= blue.astype(dtype, copy=False)
    return _colourfulness(first, _partitioned(values, scale, variance))


def _partitioned(values: np.ndarray, scale: float, variance: str) -> tuple[float, float]:
    """Trimmed mean and variance, scaled; `values` is put into partial order in place."""
    from visq.ops import _numba_underwater

    flat = np.ravel(values, order="K")
    lowest, highest = trim_counts(flat.size)
    end = flat.size - highest
    flat.partition(sorted({lowest, end - 1}))
    kept = flat[lowest:end]
    mean = float(kept.mean(dtype=np.float64))
    used = flat if variance == "full" else kept
    return mean * scale, _numba_underwater.sum_of_squares(used, mean) / used.size * scale**2


def _counted(counts: np.ndarray, levels: np.ndarray, variance: str) -> tuple[float, float]:
    """Trimmed mean and variance from a histogram: exact."""
    size = int(counts.sum())
    lowest, highest = trim_counts(size)
    upto = np.clip(np.cumsum(counts), lowest, size - highest)
    kept = np.diff(upto, prepend=lowest)
    mean = float(kept @ levels) / (size - lowest - highest)
    used = counts if variance == "full" else kept
    return mean, float(used @ (levels - mean) ** 2) / int(used.sum())
