"""PIQE: the share of distortion in the blocks of a picture that the eye looks at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from visq.ops import filters
from visq.ops.arrays import Batch, read_one
from visq.ops.colour import Luma, luma_weights
from visq.ops.numeric import safe_divide, safe_sqrt

BLOCK = 16
SEGMENT = 6
ACTIVITY_THRESHOLD = 0.1
SEGMENT_THRESHOLD = 0.1
STABILISER = 1.0
# The two centre columns, and the two that the authors' program takes away to get the surround: it deletes column
# 7, then column 8 of what is left, which was column 9. Published values contain this.
CENTRE_COLUMNS = (7, 8)
REMOVED_COLUMNS = (7, 9)


@dataclass(frozen=True)
class PiqeMasks:
    """What PIQE found, pixel by pixel: `(H, W)`, or `(N, H, W)` for a batch; a block is all of one value.

    `activity`, `artefact` and `noise` are boolean; artefact and noise lie inside activity. `distortion` is the
    distortion of the block, 0..1, and 0 where the block is not active.
    """

    score: Any
    activity: Any
    artefact: Any
    noise: Any
    distortion: Any


def piqe(
    image: Any,
    *,
    data_range: float | None = None,
    luma: Luma = "rgb2gray",
    rounded_luma: bool | None = None,
    full: bool = False,
) -> Any:
    """Perception-based image quality evaluator, 0..100; lower is better.

    Luma is scaled to its own maximum, rounded to 8 bit, normalised to ``(x - mean) / (deviation + 1)`` over 7 x 7
    Gaussian windows, and cut into 16 x 16 blocks. A block is active where the variance v of its coefficients
    exceeds 0.1. An active block shows an artefact where a run of six pixels on its edge has a deviation under 0.1
    (distortion 1 - v), and noise where ``s > 2 |s - q| / max(s, q)``, with s = sqrt(v) and q the deviation of its
    two middle columns over that of the others (distortion v; the two add up). The score is
    ``100 (sum of distortion + 1) / (active blocks + 1)``.

    Parameters
    ----------
    image : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`, at least 16 x 16.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    luma : {"rgb2gray", "bt601"}
        Shares of R, G and B: MATLAB's `rgb2gray`, or 0.299, 0.587, 0.114.
    rounded_luma : bool, optional
        Round luma to 8-bit levels before it is scaled. None: that of colour pixels of 8 or 16 bit, as MATLAB's
        `rgb2gray` rounds it, and not floats or grey images.
    full : bool
        Also return the distortion map.

    Returns
    -------
    float or (N,) array, or (score, map)
        The map is `(H, W)` or `(N, H, W)`: the distortion 0..1 of the block a pixel lies in, 0 where the block is
        not active. `piqe_masks` gives the reasons behind it.

    Raises
    ------
    visq.errors.SizeError
        A side below one block. (MATLAB mirrors such a picture up to one block.)
    visq.errors.RangeError
        NaN, Inf or values out of range.
    visq.errors.InputError
        A shape that is not an image's.
    visq.errors.InputTypeError
        Neither array nor tensor, or of a dtype that holds no pixels.

    Notes
    -----
    - A picture without an active block scores 100: so does a flat one, and one blurred beyond recognition.
    - The score does not depend on exposure, because luma is scaled to its own maximum.
    - v exceeds 1 only in patterns that repeat every second pixel; it is held to 1 there, so that the score stays
      in 0..100, which MATLAB states as its range but does not enforce.
    - Blocks are counted, so the score jumps when one crosses a threshold. It is computed in float64 whatever the
      input, so that both engines decide alike; in torch the gradient sees v and not the decisions.
    - Sides that are no multiple of 16 are mirrored up to one, as MATLAB does.

    References
    ----------
    N. Venkatanath et al., "Blind image quality evaluation using perception based features", NCC 2015. To get
    the values of MATLAB's `piqe`, give it the 8-bit picture.

    Examples
    --------
    >>> import numpy as np
    >>> piqe(np.full((32, 32), 128, np.uint8))
    100.0
    """
    x, variance, active, artefact, noise = _analyse(image, data_range, luma, rounded_luma)
    distortion = _distortion(x, variance, active, artefact, noise)
    score = x.result(_score(x, distortion, active))
    return (score, x.result(_spread(x, distortion))) if full else score


def piqe_masks(
    image: Any, *, data_range: float | None = None, luma: Luma = "rgb2gray", rounded_luma: bool | None = None
) -> PiqeMasks:
    """Score and spatial quality masks, the outputs of MATLAB's `piqe`. Parameters as `piqe`.

    Examples
    --------
    >>> import numpy as np
    >>> bool(piqe_masks(np.zeros((20, 40))).activity.any())
    False
    """
    x, variance, active, artefact, noise = _analyse(image, data_range, luma, rounded_luma)
    distortion = _distortion(x, variance, active, artefact, noise)
    maps = [x.result(_spread(x, m)) for m in (active, active & artefact, active & noise, distortion)]
    return PiqeMasks(x.result(_score(x, distortion, active)), *maps)


def _analyse(image: Any, data_range: float | None, luma: str, rounded: bool | None) -> tuple[Batch, Any, Any, Any, Any]:
    """The batch, and `(N, rows, columns)` variance (float64) and three decisions (bool) of every block."""
    weights = luma_weights(luma)
    x = read_one(image, data_range=data_range, min_side=BLOCK)
    if x.torch:
        return (x, *block_statistics(_levels(x, weights, rounded)))
    from visq.ops import _numba_piqe

    plane = x.luma(255.0, weights=weights, rounded=rounded, keep_uint8=True)
    out = _numba_piqe.blocks(plane, ACTIVITY_THRESHOLD, SEGMENT_THRESHOLD)
    return x, out[..., 0], out[..., 1] > 0, out[..., 2] > 0, out[..., 3] > 0


def _levels(x: Batch, weights: tuple[float, float, float], rounded: bool | None) -> Any:
    """Torch: `(N, H, W)` float64 whole levels of the picture's own maximum; the gradient passes the rounding."""
    from visq.ops import _torch_colour

    xp = x.xp
    rounded = x.rounds_luma if rounded is None else rounded
    exact = Batch(xp.astype(x.data, xp.float64), x.peak, x.single)
    # Through the working precision, as the other engine stores it: a tie must round the same way in both.
    luma = xp.astype(xp.astype(exact.luma(255.0, weights=weights, rounded=rounded), x.dtype), xp.float64)
    peak = xp.max(luma, axis=(1, 2), keepdims=True)
    scaled = 255.0 * safe_divide(luma, xp.clip(peak, 0.0, None), 0.0)
    return xp.clip(_torch_colour.round_level(scaled), 0.0, None)


def block_statistics(levels: Any) -> tuple[Any, Any, Any, Any]:
    """Variance, active, artefact, noise of the 16 x 16 blocks of `(N, H, W)` levels: the formulae, plainly."""
    from visq.ops.arrays import namespace

    xp = namespace(levels)
    count, height, width = levels.shape
    levels = filters.pad(levels, 0, -height % BLOCK, 0, -width % BLOCK, border="symmetric")
    mean = filters.gaussian(levels, 7, 7 / 6, border="replicate")
    square = filters.gaussian(levels * levels, 7, 7 / 6, border="replicate")
    coefficients = (levels - mean) / (safe_sqrt(xp.abs(square - mean * mean)) + 1.0)
    rows, columns = coefficients.shape[1] // BLOCK, coefficients.shape[2] // BLOCK
    blocks = xp.permute_dims(xp.reshape(coefficients, (count, rows, BLOCK, columns, BLOCK)), (0, 1, 3, 2, 4))
    variance = xp.var(blocks, axis=(3, 4), correction=1)
    active = variance > ACTIVITY_THRESHOLD

    edges = xp.stack([blocks[..., 0, :], blocks[..., -1, :], blocks[..., 0], blocks[..., -1]], axis=3)
    runs = xp.stack([edges[..., k : k + SEGMENT] for k in range(BLOCK - SEGMENT + 1)], axis=-2)
    spread = safe_sqrt(xp.var(runs, axis=-1, correction=1))
    artefact = xp.any(spread < SEGMENT_THRESHOLD, axis=(3, 4))

    first, second = REMOVED_COLUMNS
    centre = blocks[..., CENTRE_COLUMNS[0] : CENTRE_COLUMNS[1] + 1]
    surround = xp.concat([blocks[..., :first], blocks[..., first + 1 : second], blocks[..., second + 1 :]], axis=-1)
    deviation = safe_sqrt(variance)
    ratio = safe_divide(
        safe_sqrt(xp.var(centre, axis=(3, 4), correction=1)),
        safe_sqrt(xp.var(surround, axis=(3, 4), correction=1)),
        0.0,
    )
    larger = xp.maximum(deviation, ratio)
    noise = deviation > 2.0 * safe_divide(xp.abs(deviation - ratio), larger, 1.0)
    return variance, active, artefact, noise


def _distortion(x: Batch, variance: Any, active: Any, artefact: Any, noise: Any) -> Any:
    xp = x.xp
    variance = xp.clip(variance, None, 1.0)
    nothing = xp.zeros_like(variance)
    return xp.where(active & artefact, 1.0 - variance, nothing) + xp.where(active & noise, variance, nothing)


def _score(x: Batch, distortion: Any, active: Any) -> Any:
    xp = x.xp
    counted = xp.sum(xp.astype(active, xp.float64), axis=(1, 2))
    score = 100.0 * (xp.sum(distortion, axis=(1, 2)) + STABILISER) / (counted + STABILISER)
    return xp.astype(score, x.dtype) if x.torch else score


def _spread(x: Batch, blocks: Any) -> Any:
    """One value a block to one a pixel."""
    height, width = x.size
    if x.torch:
        pixels = blocks.repeat_interleave(BLOCK, dim=1).repeat_interleave(BLOCK, dim=2)[:, :height, :width]
        return pixels if blocks.dtype == x.xp.bool else pixels.to(x.dtype)
    return blocks.repeat(BLOCK, axis=1).repeat(BLOCK, axis=2)[:, :height, :width]
