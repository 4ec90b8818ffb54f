"""RRED: entropies of the coefficients of one sub-band, as many numbers of the reference as one wants to send."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

import numpy as np

from visq.errors import OptionError
from visq.metrics._reduced import luma_planes, numbers
from visq.ops.arrays import read_one, read_pair
from visq.ops.choices import check_choice
from visq.ops.entropic import MIN_SIDE, block_entropies, coarse_band, grid, tile_counts, tile_means

Index = Literal["full", "single", "tile"]
Compat = Literal["corrected", "release"]

DEFAULT_TILE = 8


def rred(
    image: Any,
    reference: Any,
    *,
    data_range: float | None = None,
    index: Index = "full",
    tile: int | None = None,
    compat: Compat = "corrected",
    rounded_luma: bool | None = None,
) -> Any:
    """Reduced-reference entropic differencing (RRED), 0 and up; lower is better, 0 for an identical pair.

    The coefficients of one band of a spatial steerable pyramid (the fourth of six orientations of the coarsest of
    four levels, an eighth of the picture's sides) are looked at in blocks c of 3 x 3: a Gaussian scale mixture of
    covariance C, seen through noise of variance 0.1. With l_k the eigenvalues of C, each block has ::

        s^2 = c' C^-1 c / 9
        e   = log2(1 + s^2) sum over k of log2(2 pi e (s^2 l_k + 0.1))

    The reference's entropies e are averaged over tiles of blocks, one number a tile is sent, and the score is the
    mean magnitude of the difference from those of the image, in bits; each tile counts by its blocks.

    Parameters
    ----------
    image, reference : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`; sides of at least 72 pixels.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    index : {"full", "single", "tile"}
        ``full``: every block is a tile, one number for 24 x 24 pixels. ``single``: the whole picture is one, and
        one number is sent: a mild JPEG or mild noise may then go unnoticed. ``tile``: squares of `tile` blocks.
    tile : int, optional
        Side of a tile in blocks, with ``index="tile"``; None: 8, which is 192 pixels.
    compat : {"corrected", "release"}
        ``release``: the term ``2 pi e`` as a natural logarithm among binary ones, as the authors' program has it.
    rounded_luma : bool, optional
        Round luma to 8-bit levels. None: that of colour pixels of 8 or 16 bit, as MATLAB's `rgb2gray` rounds it.

    Returns
    -------
    float or (N,) array
        Without gradient in torch.

    Raises
    ------
    visq.errors.InputError
        Shapes that differ, a side below 72, values out of range, NaN.
    visq.errors.InputTypeError
        Not two arrays or two tensors, or of a dtype that holds no pixels.
    visq.errors.OptionError
        An unknown index or compat; a tile that is no positive whole number, or given with another index.

    Notes
    -----
    What no whole block covers at the right and bottom, less than 24 pixels, is not looked at. A band without any
    detail has weights of 0. The paper lists many indices, by sub-band and by amount of side information; scores
    of different ones do not compare.

    References
    ----------
    R. Soundararajan, A. C. Bovik, "RRED indices: reduced reference entropic differencing for image quality
    assessment", IEEE Trans. Image Processing 21(2), 2012.

    Examples
    --------
    >>> import numpy as np
    >>> picture = np.random.default_rng(0).integers(0, 256, (96, 96), dtype=np.uint8)
    >>> rred(picture, picture), rred(picture[::-1], picture) > 2 * rred(picture[::-1], picture, index="single")
    (0.0, True)
    """
    side = _tile_side(index, tile, compat)
    x, y = read_pair(image, reference, data_range=data_range, min_side=MIN_SIDE)
    found = []
    for one, two in zip(luma_planes(x, rounded_luma), luma_planes(y, rounded_luma), strict=True):
        sent = _features(two, side, compat)
        found.append(_difference(sent, _features(one, side, compat), side, x.size))
    return x.result_of_numpy(found)


def extract(
    reference: Any,
    *,
    data_range: float | None = None,
    index: Index = "full",
    tile: int | None = None,
    compat: Compat = "corrected",
    rounded_luma: bool | None = None,
) -> tuple[dict[str, Any], int]:
    """What is sent of a reference: ``entropies``, tiles row by row, in double precision; and its size in bits.

    Parameters and errors are those of `rred`.
    """
    side = _tile_side(index, tile, compat)
    y = read_one(reference, data_range=data_range, min_side=MIN_SIDE, name="reference")
    found = _features(luma_planes(y, rounded_luma)[0], side, compat)
    return {"entropies": found.ravel().tolist()}, 64 * found.size


def compare(
    values: Mapping[str, Any],
    image: Any,
    *,
    data_range: float | None = None,
    index: Index = "full",
    tile: int | None = None,
    compat: Compat = "corrected",
    rounded_luma: bool | None = None,
) -> float:
    """Score of an image by what `extract` made of its reference. Parameters and errors are those of `rred`."""
    side = _tile_side(index, tile, compat)
    x = read_one(image, data_range=data_range, min_side=MIN_SIDE)
    shape = tile_counts(grid(*x.size), _blocks(side, grid(*x.size))).shape
    sent = np.array(numbers(values, "entropies", shape[0] * shape[1]), dtype=np.float64).reshape(shape)
    return _difference(sent, _features(luma_planes(x, rounded_luma)[0], side, compat), side, x.size)


def _tile_side(index: str, tile: int | None, compat: str) -> int:
    """Blocks on a tile's side; 0 for the whole picture."""
    for name, value, choices in (("index", index, get_args(Index)), ("compat", compat, get_args(Compat))):
        check_choice(name, value, choices)
    if index != "tile":
        if tile is not None:
            raise OptionError(f"tile is not used with index={index!r}", expected="index='tile'", got=f"tile={tile!r}")
        return 1 if index == "full" else 0
    if tile is None:
        return DEFAULT_TILE
    if not isinstance(tile, int) or isinstance(tile, bool) or tile < 1:
        raise OptionError("tile is not usable", expected="a whole number of blocks, 1 or more", got=repr(tile))
    return tile


def _features(plane: np.ndarray, side: int, compat: str) -> np.ndarray:
    weight, entropy = block_entropies(coarse_band(plane), bits=compat == "corrected")
    return tile_means(weight * entropy, _blocks(side, weight.shape))


def _blocks(side: int, shape: tuple[int, ...]) -> int:
    """Side of a tile in a picture of so many blocks."""
    return min(side or max(shape), max(shape))


def _difference(sent: np.ndarray, found: np.ndarray, side: int, size: tuple[int, int]) -> float:
    counts = tile_counts(grid(*size), _blocks(side, grid(*size)))
    return float(np.sum(np.abs(sent - found) * counts) / np.sum(counts))


__all__ = ["compare", "extract", "rred"]
