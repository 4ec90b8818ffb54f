"""CPBD: the share of edges at which a viewer would not notice blur."""

from __future__ import annotations

from typing import Any

import numpy as np

from visq.ops.arrays import read_one
from visq.ops.levels import eight_bit_luma

BLOCK = 64
MIN_SIDE = BLOCK
# A block with more Canny edge pixels than this share has edges.
EDGE_SHARE = 0.002
# Threshold of Sobel's horizontal derivative, mask divided by 8, in 8-bit levels.
SOBEL_THRESHOLD = 2.0
# Just noticeable widths of an edge in pixels, for blocks of a contrast up to 50 levels and above.
LOW_CONTRAST = 51
JUST_NOTICEABLE = (5, 3)


def cpbd(image: Any, *, data_range: float | None = None) -> Any:
    """Cumulative probability of blur detection, 0..1; higher is sharper, mostly better.

    The width w of an edge is counted along its row, from the last rise to the last fall of the luma around it. Blur
    is noticed there with probability ``P = 1 - exp(-(w / w_jnb)^3.6)``, with the just noticeable width `w_jnb` of 5
    pixels in 64 x 64 blocks of a contrast of up to 50 levels and of 3 in others. The score is the share of edges with
    ``P <= 0.63``. Edges are those of Sobel's horizontal derivative, in blocks in which more than 0.2 % of the pixels
    are edges of Canny's detector.

    Parameters
    ----------
    image : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`; sides of at least 64. The luma is rounded
        to 8-bit levels whatever the input: the method counts ties between neighbours.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.

    Returns
    -------
    float or (N,) array
        In steps of one edge, without a gradient; tensors are computed in NumPy.

    Raises
    ------
    visq.errors.SizeError
        A side below 64.
    visq.errors.InputError
        Values out of range, NaN, a shape that is not an image's.
    visq.errors.InputTypeError
        Neither array nor tensor, or of a dtype that holds no pixels.

    Notes
    -----
    Widths are whole pixels, and P exceeds 0.63 in the first one above `w_jnb`: the score is the share of edges that
    are not wider than that. As in the authors' program, only vertical edges count, what does not fill a block at the
    right and the bottom is left out, and a picture without edges scores 0, so that a flat one and one blurred beyond
    recognition are alike. Edges are found as MATLAB's `edge` finds them; other detectors move the score by some
    hundredths.

    Noise cuts edges short and raises the score. A picture that is meant to be out of focus in parts scores low.

    References
    ----------
    N. D. Narvekar, L. J. Karam, "A no-reference image blur metric based on the cumulative probability of blur
    detection (CPBD)", IEEE TIP 20(9), 2011. P. Marziliano, F. Dufaux, S. Winkler, T. Ebrahimi, "A no-reference
    perceptual blur metric", ICIP 2002 (the widths). J. Canny, PAMI 8(6), 1986.

    Examples
    --------
    >>> import numpy as np
    >>> edge = np.zeros((64, 64), np.uint8)
    >>> edge[:, 32:] = 200
    >>> blurred = np.clip((np.arange(64.0) - 24) * 12, 0, 200).astype(np.uint8)[None].repeat(64, 0)
    >>> cpbd(edge), cpbd(blurred)
    (1.0, 0.0)
    """
    x = read_one(image, data_range=data_range, min_side=MIN_SIDE)
    return x.result_of_numpy([_score(plane) for plane in eight_bit_luma(x)])


def _score(plane: np.ndarray) -> float:
    from visq.ops import _numba_edges

    counts = _numba_edges.canny_counts(plane, BLOCK)
    high, wide = counts.shape
    blocks = plane[: high * BLOCK, : wide * BLOCK].reshape(high, BLOCK, wide, BLOCK)
    contrast = blocks.max(axis=(1, 3)).astype(np.int64) - blocks.min(axis=(1, 3))
    taken = np.where(counts > EDGE_SHARE * BLOCK**2, contrast, -1)
    found, sharp = _numba_edges.edge_widths(plane, SOBEL_THRESHOLD, taken, BLOCK, LOW_CONTRAST, JUST_NOTICEABLE)
    return float(sharp / found) if found else 0.0
