"""What happens to screen content: text, drawings and windows that were scaled, sub-sampled or coded as layers."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from scipy import ndimage

from visq.distortions.blur import gaussian
from visq.distortions.compression import jpeg
from visq.distortions.planes import luma, to_pixels, to_planes
from visq.errors import OptionError
from visq.ops.colour import YCBCR
from visq.ops.filters import average_pool, pad
from visq.ops.resize import imresize

#: Luma samples a chroma sample, and how they lie: columns, rows.
SAMPLINGS = {2: (2, 1), 4: (2, 2), 8: (4, 2), 16: (4, 4), 32: (8, 4), 64: (8, 8), 128: (16, 8), 256: (16, 16)}
_UPSAMPLINGS = ("bilinear", "nearest")


def chroma_subsampling(
    pixels: np.ndarray,
    amount: float,
    *,
    rng: Any = None,
    columns_only: bool = False,
    upsampling: Literal["bilinear", "nearest"] = "bilinear",
) -> np.ndarray:
    """Chroma of Y'CbCr (BT.601, as in JPEG) averaged over blocks of pixels and interpolated again; luma stays.

    Coloured text and thin coloured lines lose their colour to what is beside them; photographs hardly show it. A grey
    picture stays as it is.

    Parameters
    ----------
    pixels : numpy.ndarray
        `(H, W, C)`, 0..1. Incomplete blocks are filled up by repeating the last row and column.
    amount : float
        Luma samples a chroma sample: 2 is 4:2:2, 4 is 4:2:0, 8 is 4 columns by 2 rows, 16 is 4:1:0 of 4 by 4; 32, 64,
        128 and 256 are blocks of up to 16 by 16, chroma as strong compression leaves it.
    rng : ignored
    columns_only : bool
        Average along rows only: 4 is 4:1:1.
    upsampling : {"bilinear", "nearest"}
        Nearest leaves blocks of colour.

    Raises
    ------
    OptionError
        Another number of samples, or another way of interpolation.

    Examples
    --------
    >>> red_and_blue = np.array([[[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]])
    >>> chroma_subsampling(red_and_blue, 2, upsampling="nearest").round(2).tolist()
    [[[0.59, 0.09, 0.59], [0.41, 0.0, 0.41]]]
    """
    samples = int(np.rint(amount))
    if samples not in SAMPLINGS:
        raise OptionError("no such sub-sampling", expected=", ".join(map(str, SAMPLINGS)), got=repr(amount))
    if upsampling not in _UPSAMPLINGS:
        raise OptionError("unknown interpolation", expected=" or ".join(_UPSAMPLINGS), got=repr(upsampling))
    if pixels.shape[2] == 1:
        return pixels.copy()
    columns, rows = (samples, 1) if columns_only else SAMPLINGS[samples]
    planes = to_planes(pixels)
    y, cb, cr = (sum(float(w) * plane for w, plane in zip(row, planes, strict=True)) for row in YCBCR)
    cb, cr = (_coarse(plane, rows, columns, upsampling) for plane in (cb, cr))
    (red, _, blue), green = YCBCR[0], YCBCR[0][1]
    to_red, to_blue = 2.0 * (1.0 - red), 2.0 * (1.0 - blue)
    out = [y + to_red * cr, y - (blue * to_blue * cb + red * to_red * cr) / green, y + to_blue * cb]
    return np.clip(np.stack(out, axis=-1), 0.0, 1.0)


def text_blur(pixels: np.ndarray, amount: float, *, rng: Any = None, contrast: float = 0.25) -> np.ndarray:
    """Gaussian blur of the neighbourhood of strong edges: soft text beside pictures that keep their detail.

    Parameters
    ----------
    pixels : numpy.ndarray
        `(H, W, C)`, 0..1. Border pixels are repeated outwards.
    amount : float
        Standard deviation in pixels.
    rng : ignored
    contrast : float
        Range of luma within 3 x 3 pixels from which on they are an edge; text has more.
    """
    if amount <= 0:
        return pixels.copy()
    grey = luma(pixels)
    spread = ndimage.maximum_filter(grey, 3, mode="nearest") - ndimage.minimum_filter(grey, 3, mode="nearest")
    reach = 2 * int(np.ceil(1.5 * amount)) + 1
    near = ndimage.maximum_filter((spread > contrast).astype(np.float64), reach, mode="nearest")
    share = gaussian(near, amount)[..., None]
    return pixels + share * (to_pixels(gaussian(to_planes(pixels), amount)) - pixels)


def subpixel_fringes(pixels: np.ndarray, amount: float, *, rng: Any = None) -> np.ndarray:
    """Red drawn `amount` pixels to the left, blue as many to the right: text made for another order of sub-pixels.

    A panel whose stripes run blue, green, red shows text that was rendered for red, green, blue as 2/3 does. Between
    pixels code values are interpolated linearly; border pixels are repeated. A grey picture stays as it is.

    Parameters
    ----------
    pixels : numpy.ndarray
        `(H, W, C)`, 0..1.
    amount : float
        Pixels, at least 0.
    rng : ignored

    Examples
    --------
    >>> line = np.zeros((1, 5, 3))
    >>> line[0, 2] = 1.0
    >>> subpixel_fringes(line, 1.0)[0].tolist()
    [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]
    """
    out = pixels.copy()
    if pixels.shape[2] == 1:
        return out
    columns = np.arange(pixels.shape[1], dtype=np.float64)
    for channel, shift in ((0, amount), (2, -amount)):
        place = np.clip(columns + shift, 0.0, columns[-1])
        left = np.floor(place).astype(np.int64)
        right = np.minimum(left + 1, columns.size - 1)
        part = place - left
        plane = pixels[..., channel]
        out[..., channel] = (1.0 - part) * plane[:, left] + part * plane[:, right]
    return out


def layered_coding(pixels: np.ndarray, amount: float, *, rng: Any = None) -> np.ndarray:
    """Layers as codecs for screen sharing have them: blocks of text by a few colours each, other blocks by JPEG.

    A block of 16 x 16 is text where at least a twentieth of its pixels lie at strong edges and two ranges of luma,
    each a sixteenth wide, hold six tenths of them. There every pixel takes the nearest of the block's main levels:
    two to six evenly spaced ones from its darkest to its brightest, along the line between those two colours.

    Parameters
    ----------
    pixels : numpy.ndarray
        `(H, W, C)`, 0..1; 8 bits of it are coded. Incomplete blocks are filled up by repeating the last row and column.
    amount : float
        Quality of JPEG, 1 to 100; text blocks take ``2 + amount // 15`` levels, at most 6.
    rng : ignored

    References
    ----------
    Layer segmentation-based coding in SIQAD (H. Yang, Y. Fang, W. Lin, "Perceptual quality assessment of screen content
    images", IEEE Trans. Image Processing 24(11), 2015) is by Z. Pan, H. Shen, Y. Lu, S. Li, N. Yu, "A low-complexity
    screen compression scheme for interactive screen sharing", IEEE Trans. Circuits and Systems for Video Technology
    23(6), 2013. This is a reconstruction of its kind of damage, not that codec.
    """
    height, width, channels = pixels.shape
    planes = pad(to_planes(pixels), 0, -height % 16, 0, -width % 16, border="replicate")
    coded = to_planes(jpeg(to_pixels(planes), amount, subsampling="4:2:0"))
    blocks, out = _blocks(planes), _blocks(coded)
    grey = _blocks(luma(to_pixels(planes))[None])[..., 0]
    text = _is_text(luma(to_pixels(planes)))
    levels = min(2 + int(amount // 15), 6)
    out[text] = _few_colours(blocks[text], grey[text], levels)
    whole = out.reshape(planes.shape[1] // 16, planes.shape[2] // 16, 16, 16, channels).swapaxes(1, 2)
    return whole.reshape(planes.shape[1], planes.shape[2], channels)[:height, :width]


def _blocks(planes: np.ndarray) -> np.ndarray:
    """`(C, H, W)` as `(blocks, 256, C)`, row by row."""
    channels, height, width = planes.shape
    cut = planes.reshape(channels, height // 16, 16, width // 16, 16)
    return cut.transpose(1, 3, 2, 4, 0).reshape(-1, 256, channels).copy()


def _is_text(grey: np.ndarray) -> np.ndarray:
    """Which blocks, in their order, have strong edges and few levels."""
    spread = ndimage.maximum_filter(grey, 3, mode="nearest") - ndimage.minimum_filter(grey, 3, mode="nearest")
    edges = average_pool((spread > 0.3).astype(np.float64), 16).ravel()
    ranges = np.minimum(_blocks(grey[None])[..., 0] * 16, 15).astype(np.int64)
    counts = (ranges[..., None] == np.arange(16)).sum(axis=1)
    return (edges >= 0.05) & (np.sort(counts, axis=1)[:, -2:].sum(axis=1) >= 154)


def _few_colours(blocks: np.ndarray, grey: np.ndarray, levels: int) -> np.ndarray:
    """Blocks `(n, 256, C)` with every pixel on the line from its block's darkest to its brightest colour."""
    at = np.arange(len(blocks))
    dark, bright = blocks[at, grey.argmin(axis=1)][:, None], blocks[at, grey.argmax(axis=1)][:, None]
    low, high = grey.min(axis=1, keepdims=True), grey.max(axis=1, keepdims=True)
    share = np.rint((grey - low) / np.maximum(high - low, 1e-9) * (levels - 1)) / (levels - 1)
    return dark + share[..., None] * (bright - dark)


def _coarse(plane: np.ndarray, rows: int, columns: int, upsampling: Literal["bilinear", "nearest"]) -> np.ndarray:
    """A plane averaged over blocks of `rows` x `columns` and interpolated to its size."""
    height, width = plane.shape
    whole = pad(plane, 0, -height % rows, 0, -width % columns, border="replicate")
    means = whole.reshape(whole.shape[0] // rows, rows, whole.shape[1] // columns, columns).mean(axis=(1, 3))
    return imresize(means, size=whole.shape, method=upsampling)[:height, :width]


__all__ = ["SAMPLINGS", "chroma_subsampling", "layered_coding", "subpixel_fringes", "text_blur"]
