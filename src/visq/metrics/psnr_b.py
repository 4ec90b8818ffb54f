"""Peak signal-to-noise ratio that counts the edges of coding blocks (PSNR-B)."""

from __future__ import annotations

import math
from typing import Any, Literal

from visq.errors import OptionError
from visq.metrics.psnr import CEILING_DB
from visq.metrics.psnr_hvs import decibels
from visq.ops.arrays import Batch, read_pair

MIN_SIDE = 16
BLOCK = 8


def psnr_b(
    image: Any,
    reference: Any,
    *,
    data_range: float | None = None,
    channel: Literal["luma", "first"] = "luma",
    rounded_luma: bool | None = None,
    ceiling: float | None = CEILING_DB,
) -> Any:
    """PSNR-B in decibels, -2.5..100; higher is better, 100 for an identical pair.

    ``10 log10(255^2 / (MSE + BEF))``. The blocking effect factor `BEF` looks at the image alone: with the mean squared
    step between neighbouring pixels across the borders of 8 x 8 blocks, `D_b`, and elsewhere, `D_c`, it is
    ``(D_b - D_c) log 8 / log min(height, width)`` where `D_b` is larger, else 0.

    Parameters
    ----------
    image, reference : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`; sides of at least 16.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    channel : {"luma", "first"}
        What is looked at: the luma, or the first channel alone, as `sewar` does with colour.
    rounded_luma : bool, optional
        Round luma to 8-bit levels. None: that of colour pixels of 8 or 16 bit, as MATLAB's `rgb2gray` rounds it, and
        not floats or grey images.
    ceiling : float, optional
        Largest value returned; an identical pair gives exactly this. None gives infinity for an identical pair.

    Returns
    -------
    float or (N,) array

    Raises
    ------
    visq.errors.InputError
        Shapes that differ, a side below 16, values out of range, NaN, an unknown channel, a ceiling that is not
        positive.
    visq.errors.InputTypeError
        Not two arrays or two tensors, or of a dtype that holds no pixels.

    Notes
    -----
    The paper counts ``H W / 8 - 1`` steps across borders in each direction, which is not their number, and so do
    the programs: the count is kept, for their values. An image equal to its reference gets the
    ceiling whatever its blocks: they are the reference's own. The reference comes second.

    References
    ----------
    C. Yim, A. C. Bovik: Quality assessment of deblocked images. IEEE Trans. Image Processing 20(1), 2011.

    Examples
    --------
    >>> import numpy as np
    >>> ramp = np.repeat(np.arange(0, 64, 2, dtype=np.uint8)[None], 32, 0)
    >>> blocks = ramp // 16 * 16 + 7
    >>> psnr_b(ramp, ramp), round(psnr_b(blocks, ramp), 2)
    (100.0, 29.15)
    """
    if ceiling is not None and not ceiling > 0:
        raise OptionError("ceiling is not usable", expected="a positive number of decibels or None", got=repr(ceiling))
    x, y = read_pair(image, reference, data_range=data_range, min_side=MIN_SIDE)
    a, b = (_plane(batch, channel, rounded_luma) for batch in (x, y))
    if x.torch:
        squared, across, within = plain_sums(a, b)
    else:
        from visq.ops import _numba_psnr_b

        squared, across, within = _numba_psnr_b.error_and_steps(a, b)
    xp, (height, width) = x.xp, x.size
    error = squared / (height * width)
    edges = 2 * (height * width / BLOCK - 1)
    excess = across / edges - within / (height * (width - 1) + width * (height - 1) - edges)
    factor = math.log(BLOCK) / math.log(min(height, width))
    blocking = factor * xp.where(excess > 0, excess, xp.zeros_like(excess))
    return x.result(decibels(xp.where(error > 0, error + blocking, error), ceiling, xp))


def _plane(batch: Batch, channel: str, rounded: bool | None) -> Any:
    if channel == "luma":
        return batch.luma(255.0, rounded=rounded, keep_uint8=True)
    if channel != "first":
        raise OptionError("unknown channel", expected="'luma' or 'first'", got=repr(channel))
    return Batch(batch.data[:, :1], batch.peak, batch.single).planes(255.0)[:, 0]


def plain_sums(x: Any, y: Any) -> tuple[Any, Any, Any]:
    """Squared error, and squared steps of `x` between blocks and within them, summed over `(N, H, W)` planes."""
    down, right = (x[:, 1:] - x[:, :-1]) ** 2, (x[:, :, 1:] - x[:, :, :-1]) ** 2
    across = down[:, BLOCK - 1 :: BLOCK].sum(axis=(1, 2)) + right[:, :, BLOCK - 1 :: BLOCK].sum(axis=(1, 2))
    within = down.sum(axis=(1, 2)) + right.sum(axis=(1, 2)) - across
    return ((x - y) ** 2).sum(axis=(1, 2)), across, within
