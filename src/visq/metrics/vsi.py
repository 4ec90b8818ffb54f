"""Visual saliency-induced index (VSI): saliency, gradients and chroma."""

from __future__ import annotations

from typing import Any

from visq.ops.arrays import Batch, read_pair
from visq.ops.blocks import block_mean, colour_block_mean, imfilter_offset, viewing_block
from visq.ops.colour import LMN, rgb_to_lmn
from visq.ops.filters import pad
from visq.ops.gradients import magnitude
from visq.ops.numeric import safe_power
from visq.ops.saliency import Resizing, sdsp, sdsp_block_mean
from visq.ops.similarity import real_power, similarity, weighted_mean
from visq.ops.threads import each

MIN_SIDE = 32

C1 = 1.27  # saliency
C2 = 386.0  # gradient
C3 = 130.0  # M and N
ALPHA = 0.40
BETA = 0.020


def vsi(
    image: Any,
    reference: Any,
    *,
    data_range: float | None = None,
    resizing: Resizing = "octave",
    full: bool = False,
) -> Any:
    """Visual saliency-induced index, 0..1; higher is better, 1 for an identical pair.

    With the SDSP saliency ``V``, the gradient magnitude ``G`` (Scharr) of the luminance L and the chroma M, N of
    the Gaussian colour model, in 8-bit levels, the local similarity is::

        S = S_V S_G^0.4 Re((S_M S_N)^0.02),    S_F = (2 F1 F2 + C) / (F1^2 + F2^2 + C)

    with C = 1.27 for V, 386 for G, 130 for M and N, and the score its mean over the image weighted by
    ``max(V1, V2)``. The saliency is that of the whole picture; all features are then averaged over blocks of
    ``round(min(height, width) / 256)`` pixels.

    Parameters
    ----------
    image, reference : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`; both sides at least 32 pixels.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    resizing : {"octave", "matlab", "torch"}
        How the saliency is brought to 256 x 256 pixels and back (see Notes).
    full : bool
        Also return the map of `S`, at the size after averaging: ``ceil(height / block)`` by
        ``ceil(width / block)``.

    Returns
    -------
    float, (N,) array, or (score, map)

    Raises
    ------
    visq.errors.InputError
        Shapes that differ, a side below 32 pixels, values out of range, NaN.
    visq.errors.InputTypeError
        Not two arrays or two tensors, or of a dtype that holds no pixels.
    visq.errors.OptionError
        Another way of resizing.

    Notes
    -----
    The authors' program takes colour only; a grey image counts as three equal channels.

    The program leaves the resizing of the saliency to `imresize`, which is not the same function everywhere:
    Octave's (of 2020) interpolates between aligned corners, MATLAB's smooths when it shrinks. The recorded value of
    the program, 0.96405 for a pair of TID2013, is Octave's; MATLAB's function gives 0.96395 there. The default is
    the one that has been checked; the difference is about 1e-4 on photographs.

    ``resizing="torch"`` is what `piq` and `pyiqa` do: without smoothing, the outer edges of the pixels aligned on the
    way down and the corners on the way back; blocks of an even side begin a pixel earlier, the border's pixels are
    repeated instead of zeros, and halves of the block's side are rounded to even. It moves the score by up to 0.013.

    A constant image has no saliency. Where both are constant the weights are all zero, the program divides 0 by
    0, and this function returns the plain mean of `S`.

    References
    ----------
    L. Zhang, Y. Shen, H. Li, "VSI: a visual saliency-induced index for perceptual image quality assessment", IEEE
    Trans. Image Processing 23(10), 2014. To reproduce its tables: images as the databases hold them, no resizing.

    Examples
    --------
    >>> import numpy as np
    >>> reference = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    >>> vsi(reference, reference), vsi(reference // 2, reference) < 0.95
    (1.0, True)
    """
    x, y = read_pair(image, reference, data_range=data_range, min_side=MIN_SIDE)
    features = _torch_features if resizing == "torch" else _features
    (v1, first), (v2, second) = each(lambda b: features(b, resizing), (x, y), parallel=not x.torch)
    g1, g2 = (magnitude(p[:, 0], "scharr", border="zero") for p in (first, second))
    chroma = similarity(first[:, 1], second[:, 1], C3) * similarity(first[:, 2], second[:, 2], C3)
    local = similarity(v1, v2, C1) * safe_power(similarity(g1, g2, C2), ALPHA) * real_power(chroma, BETA)
    score = weighted_mean(local, x.xp.maximum(v1, v2))
    return (x.result(score), x.result(local)) if full else x.result(score)


def _features(batch: Batch, resizing: Resizing) -> tuple[Any, Any]:
    """Saliency `(N, h, w)` and L, M, N `(N, 3, h, w)` of the blocks."""
    block = viewing_block(batch.size)
    before = imfilter_offset(block)
    saliency = sdsp_block_mean(batch, block, before=before, resizing=resizing)
    return saliency, colour_block_mean(batch, LMN, block, before=before)


def _torch_features(batch: Batch, resizing: Resizing) -> tuple[Any, Any]:
    """The same, in the blocks of torch's pooling."""
    block = max(1, round(min(batch.size) / 256))
    before, after = block // 2, (block - 1) // 2

    def mean_of_blocks(z: Any) -> Any:
        padded = pad(z, before, after, before, after, border="replicate")
        height, width = (int(n) // block * block for n in padded.shape[-2:])
        return block_mean(padded[..., :height, :width], block)

    return mean_of_blocks(sdsp(batch, resizing=resizing)), mean_of_blocks(rgb_to_lmn(batch.rgb(255.0)))
