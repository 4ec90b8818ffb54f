"""What SSIM, MS-SSIM and pixel-domain VIF share: local moments, the similarity map, author-style down-sampling.

All of it works on the sum and the difference of the two images instead of on the images: the formulae are equal,
an identical pair has a difference of exactly zero, and small distortions are not lost in large moments.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from visq.errors import OptionError
from visq.ops import colour, filters
from visq.ops.arrays import Batch, is_torch, namespace
from visq.ops.borders import padded_index
from visq.ops.choices import check_choice

# Twice the middle of 0..255: the sum of two images minus this has squares of half the digits.
SHIFT = 256.0
#: Weight of each plane of `picture_planes`: those of Y', Cb, Cr are Wang, Lu and Bovik's for video (2004).
CHANNEL_WEIGHTS = {"luma": (1,), "rgb": (1, 1, 1), "ycbcr": (8, 1, 1)}
# Taps of the window that the fused engine is written for.
FUSED_WINDOW = 11


def picture_planes(x: Batch, channels: str, rounded_luma: bool | None, luma: str = "rgb2gray") -> list[Any]:
    """The `(N, H, W)` planes in 0..255 that a metric compares: luma, every channel, or Y', Cb and Cr.

    8-bit NumPy pixels stay uint8, a quarter of the memory; float64 pixels stay float64, for its arithmetic.
    """
    if channels == "luma":
        weights = colour.luma_weights(luma)
        return [x.luma(255.0, weights=weights, rounded=rounded_luma, keep_uint8=x.dtype != x.xp.float64)]
    check_choice("channels", channels, CHANNEL_WEIGHTS)
    if rounded_luma is not None:
        raise OptionError(f"rounded_luma says how luma is rounded, and channels={channels!r} uses none")
    if luma != "rgb2gray":
        raise OptionError(f"luma={luma!r} says how luma is weighted, and channels={channels!r} uses none")
    if channels == "ycbcr":
        y, cb, cr = (colour.convert(x.rgb(255.0), colour.YCBCR)[:, c] for c in range(3))
        return [y, cb + 128.0, cr + 128.0]
    if not x.torch and x.eight_bit:
        return [np.ascontiguousarray(x.data[:, c]) for c in range(x.data.shape[1])]
    planes = x.planes(255.0)
    return [planes[:, c] for c in range(planes.shape[1])]


def weighted_mean(values: Sequence[Any], channels: str) -> Any:
    """Scores or maps of the planes that `picture_planes` gives, as one."""
    weights = CHANNEL_WEIGHTS[channels]
    if len(values) == 1:
        return values[0]
    return sum(w * v for w, v in zip(weights, values, strict=True)) / sum(weights)


def sum_and_difference(x: Any, y: Any) -> tuple[Any, Any]:
    """`x + y - 256` and `x - y` of planes in 0..255, in floating point."""
    if not is_torch(x) and x.dtype.kind == "u":
        x, y = x.astype(np.float32), y.astype(np.float32)
    return x + y - SHIFT, x - y


def window_means(planes: list[Any], taps: np.ndarray) -> list[Any]:
    """Weighted means of equally large planes over every window that fits."""
    xp = namespace(planes[0])
    means = filters.separable(xp.stack(planes), taps, taps, border="valid")
    return [means[i] for i in range(len(planes))]


def plain_map(
    x: Any, y: Any, taps: np.ndarray, c1: float, c2: float, *, luminance: bool, nonnegative: bool = False
) -> Any:
    """SSIM map of `(N, H, W)` planes in 0..255 where the window fits; without its luminance term on request.

    `nonnegative`: a negative contrast-structure term counts as 0.
    """
    xp = namespace(x)
    s, d = sum_and_difference(x, y)
    mean_s, mean_d, square_s, square_d = window_means([s, d, s * s, d * d], taps)
    # Rounding may leave a variance a hair below zero, which would let the map exceed 1.
    variance_s = xp.clip(square_s - mean_s**2, 0.0, None)
    variance_d = xp.clip(square_d - mean_d**2, 0.0, None)
    structure = variance_s + variance_d + 2.0 * c2
    result = (structure - 2.0 * variance_d) / structure
    if nonnegative:
        result = xp.clip(result, 0.0, None)
    if luminance:
        light = (mean_s + SHIFT) ** 2 + mean_d**2 + 2.0 * c1
        result = result * ((light - 2.0 * mean_d**2) / light)
    return result


def similarity(
    x: Any,
    y: Any,
    taps: np.ndarray,
    c1: float,
    c2: float,
    *,
    luminance: bool = True,
    full: bool = False,
    nonnegative: bool = False,
) -> tuple[Any, Any]:
    """`(N,)` means of the SSIM map of `(N, H, W)` planes in 0..255, and the map when `full` (else None)."""
    if is_torch(x):
        result = plain_map(x, y, taps, c1, c2, luminance=luminance, nonnegative=nonnegative)
        return result.mean(dim=(1, 2)), result if full else None
    if len(taps) != FUSED_WINDOW or nonnegative:
        result = plain_map(x, y, taps, c1, c2, luminance=luminance, nonnegative=nonnegative)
        return result.mean(axis=(1, 2), dtype=np.float64), result if full else None
    from visq.ops import _numba_ssim

    parts = [
        _numba_ssim.similarity(
            np.ascontiguousarray(a), np.ascontiguousarray(b), taps, c1, c2, luminance=luminance, full=full
        )
        for a, b in zip(x, y, strict=True)
    ]
    return np.array([mean for mean, _ in parts]), np.stack([part for _, part in parts]) if full else None


def shrink(x: Any, factor: int) -> Any:
    """Down-sample `(N, H, W)` as the authors' MATLAB programs do.

    ``imfilter(x, ones(f) / f^2, "symmetric")`` and then ``(1:f:end, 1:f:end)``: the mean over the f x f pixels
    from ``(f - 1) // 2`` before to ``f // 2`` after every f-th one, mirrored at the borders.
    """
    index = [_blocks(int(n), factor) for n in x.shape[-2:]]
    if is_torch(x):
        from visq.ops import _torch_filters

        return filters.average_pool(_torch_filters.gather(x, *index), factor)
    from visq.ops import _numba_ssim

    return np.stack([_numba_ssim.shrink(np.ascontiguousarray(plane), factor, *index) for plane in x])


def _blocks(length: int, factor: int) -> np.ndarray:
    before = (factor - 1) // 2
    needed = -(-length // factor) * factor
    return padded_index(length, before, max(0, needed - length - before), "symmetric")[:needed]
