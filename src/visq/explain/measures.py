"""What regions of a picture mean, from its pixels alone: saliency, frequency, objectness. Plug-ins of one form.

A measure is a function of an image `(H, W, 3)`, float32 in 0..1, to a plane that shows the same picture at any size.
Which operators the paper took was not found; these are proposals that need no weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visq.errors import InputError, OptionError
from visq.explain.cells import Cells, Floats, regular
from visq.explain.pixels import array_of, peak_of
from visq.explain.segments import felzenszwalb
from visq.ops import filters
from visq.ops.arrays import Batch, read_one
from visq.ops.dct import block_dct
from visq.ops.resize import imresize
from visq.ops.saliency import spectral_residual

Measure = Callable[[NDArray[np.float32]], NDArray[Any]]

#: Pictures are looked at with no longer side than this.
LONGEST = 512
_SALIENCY_WIDTH = 64
_BLOCK = 8
# From u + v = 4 on, a coefficient of a block is of high frequency.
_HIGH = 4
# A side is cut into sixteen parts, and windows are 2, 4 and 8 of them, half a window apart.
_PARTS = 16
_WINDOWS = (2, 4, 8)
_BEST_SHARE = 0.1


def saliency(image: NDArray[np.float32]) -> Floats:
    """Where people look first: the spectral residual of the picture at a width of 64 pixels.

    ``|ifft(exp(A - mean3x3(A) + i phase))|^2`` with A the logarithm of the amplitude, smoothed by a Gaussian of 2.5
    pixels: `visq.ops.saliency.spectral_residual`.

    References
    ----------
    X. Hou, L. Zhang, "Saliency detection: a spectral residual approach", CVPR 2007.
    """
    luma = _luma(image)
    height, width = luma.shape
    # Both sides keep the three pixels that the mean of the spectrum takes.
    scale = max(_SALIENCY_WIDTH / width, 3 / height)
    return np.asarray(spectral_residual(luma, scale=scale, average=3, size=15, sigma=2.5), dtype=np.float64)


def frequency(image: NDArray[np.float32]) -> Floats:
    """How much fine detail there is: ``log(1 + E)``, with E the energy of high frequencies of an 8 x 8 block of luma.

    E is the sum of ``C_uv^2`` over ``u + v >= 4`` of the orthonormal cosine transform of luma in 0..255. Blur lowers
    it, noise raises it.
    """
    return _spread(np.log1p(_high(_coefficients(image))), image)


def hf_ratio(image: NDArray[np.float32]) -> Floats:
    """How large a share of the detail is fine: the energy of `frequency` over all but the mean's; 0 where flat."""
    found = _coefficients(image)
    every = (found**2).sum(axis=(-2, -1)) - found[..., 0, 0] ** 2
    # A flat block's energy is rounding.
    return _spread(np.where(every > 1e-6, _high(found) / np.maximum(every, 1e-6), 0.0), image)


def objectness(image: NDArray[np.float32]) -> Floats:
    """How likely a thing with an outline is here: windows whose borders few regions straddle.

    Regions by `felzenszwalb` (scale 100, sigma 0.8, at least 50 pixels). For a window w of 1/8, 1/4 or 1/2 of each
    side, half a window apart, ``o(w) = 1 - sum over regions s of min(|s outside w|, |s inside w|) / |w|``; a pixel has
    the mean of the best tenth (one at least) of the windows that hold it.

    Notes
    -----
    Windows on the border of the picture cut fewer regions, and large windows lose less: on photographs the largest
    decide, and the middle has least. Nearness to the centre is the other way round; agreement tells both.

    References
    ----------
    B. Alexe, T. Deselaers, V. Ferrari, "Measuring the objectness of image windows", PAMI 34(11), 2012.
    """
    regions = felzenszwalb(image)
    rows, columns = (np.rint(np.arange(_PARTS + 1) / _PARTS * n).astype(int) for n in regions.shape)
    if min(regions.shape) < _PARTS:
        raise InputError("the picture is too small for windows", expected=f"sides of {_PARTS} or more",
                         got=str(regions.shape))  # fmt: skip
    names = int(regions.max()) + 1
    parts = np.array([
        [np.bincount(regions[a:b, c:d].ravel(), minlength=names) for c, d in pairwise(columns)]
        for a, b in pairwise(rows)
    ])  # fmt: skip
    total = np.pad(parts, ((1, 0), (1, 0), (0, 0))).cumsum(axis=0).cumsum(axis=1)
    held: list[list[list[float]]] = [[[] for _ in range(_PARTS)] for _ in range(_PARTS)]
    for side in _WINDOWS:
        for top in range(0, _PARTS - side + 1, side // 2):
            for left in range(0, _PARTS - side + 1, side // 2):
                inside = (
                    total[top + side, left + side] - total[top, left + side] - total[top + side, left]
                    + total[top, left]
                )  # fmt: skip
                value = 1.0 - np.minimum(total[-1, -1] - inside, inside).sum() / inside.sum()
                for i in range(top, top + side):
                    for j in range(left, left + side):
                        held[i][j].append(float(value))
    best = np.array([[_top(values) for values in row] for row in held])
    return Cells(rows.astype(float), columns.astype(float)).expand(best)


def boxes(found: Iterable[tuple[float, float, float, float, float]]) -> Measure:
    """Objectness of a detector: the sum of the scores of all boxes that cover a pixel.

    Parameters
    ----------
    found : iterable of (top, bottom, left, right, score)
        Places as shares of the picture's sides, 0..1.

    Examples
    --------
    >>> boxes([(0.0, 0.5, 0.0, 1.0, 0.9)])(np.zeros((2, 1, 3), np.float32)).tolist()
    [[0.9], [0.0]]
    """
    return partial(_covered, tuple(found))


#: The three of the paper's claim, and the other reading of the second.
MEASURES: Mapping[str, Measure] = {
    "saliency": saliency, "frequency": frequency, "objectness": objectness, "hf_ratio": hf_ratio,
}  # fmt: skip
#: What is told where nothing is asked for.
CHOSEN = ("saliency", "frequency", "objectness")


def semantics(
    image: Any,
    grid: tuple[int, int] | Cells,
    measures: Iterable[str] | Mapping[str, Measure] = CHOSEN,
    *,
    data_range: float | None = None,
    on_step: Callable[[], None] = lambda: None,
) -> dict[str, Floats]:
    """What the cells of a picture mean, each measure ranked within the picture.

    The picture is reduced to at most 512 pixels at its longest side, a measure averaged in every cell, and the cells
    ranked: 0 for the least, 1 for the most, the mean rank where several are equal.

    Parameters
    ----------
    image
        Path, bytes, PIL image, array or tensor of one picture.
    grid : (int, int) or Cells
        Rows and columns of equal cells, or the cells, of `Importance.cells` usually.
    measures : names of `MEASURES`, or a mapping of names to functions
        A function takes `(H, W, 3)` float32 in 0..1 and gives a plane that shows the same picture.
    data_range : float, optional
        White in an array of floats, if it is not 1.
    on_step : callable, optional
        Called after every measure.

    Returns
    -------
    dict of str to (h, w) array

    Raises
    ------
    OptionError
        A measure that there is none of.
    InputError
        A picture of less than 16 pixels a side; a measure that gives no plane of numbers.

    Examples
    --------
    >>> picture = np.full((64, 64), 90, np.uint8)
    >>> picture[8:24, 40:56] = np.arange(16, dtype=np.uint8) % 2 * 120 + 60
    >>> int(semantics(picture, (2, 2), ["frequency"])["frequency"].argmax())
    1
    """
    chosen = measures if isinstance(measures, Mapping) else {name: _measure(name) for name in measures}
    pixels = array_of(image)
    where = grid if isinstance(grid, Cells) else regular(pixels.shape[:2], grid)
    small = reduced(pixels, data_range)
    found = {}
    for name, measure in chosen.items():
        plane = np.asarray(measure(small))
        if plane.ndim != 2 or not np.isfinite(plane).all():
            raise InputError(f"the measure {name} gives no map", expected="a plane (H, W) of finite numbers",
                             got=str(plane.shape))  # fmt: skip
        found[name] = ranked(where.means(plane))
        on_step()
    return found


def reduced(pixels: NDArray[Any], data_range: float | None = None, longest: int = LONGEST) -> NDArray[np.float32]:
    """A picture `(H, W, 3)` in 0..1, its longest side at most `longest`; means over areas, nothing is enlarged."""
    factor = max(pixels.shape[:2]) // (2 * longest)
    if factor > 1 and pixels.dtype == np.uint8:
        # Most of the way in whole numbers: floats of a hundred megapixels are large.
        from PIL import Image

        pixels = np.asarray(Image.fromarray(pixels).reduce(factor))
    planes = read_one(pixels, data_range=peak_of(pixels, data_range)).rgb(1.0)[0].astype(np.float32)
    share = longest / max(planes.shape[1:])
    if share < 1:
        planes = imresize(planes, size=tuple(max(1, round(n * share)) for n in planes.shape[1:]), method="area")  # type: ignore[arg-type]
    return np.moveaxis(planes, 0, -1)


def ranked(values: Floats) -> Floats:
    """Ranks scaled to 0..1; equal values share the mean of theirs.

    >>> ranked(np.array([[1.0, 3.0], [3.0, 9.0]])).tolist()
    [[0.0, 0.5], [0.5, 1.0]]
    """
    from scipy.stats import rankdata

    # Differences of rounding are none.
    steady = np.round(values / (np.abs(values).max() or 1.0), 12)
    return (rankdata(steady).reshape(values.shape) - 1) / max(values.size - 1, 1)


def _measure(name: str) -> Measure:
    if name not in MEASURES:
        raise OptionError(f"no measure is called {name!r}", expected=f"some of {', '.join(MEASURES)}")
    return MEASURES[name]


def _luma(image: NDArray[np.float32]) -> NDArray[np.float32]:
    return Batch(np.moveaxis(image, -1, 0)[None], 1.0, single=False).luma(255.0, rounded=False)[0]


def _coefficients(image: NDArray[np.float32]) -> Floats:
    """Of all blocks; rows and columns that fill none are continued as the last ones."""
    luma = _luma(image).astype(np.float64)
    below, right = (-n % _BLOCK for n in luma.shape)
    found: Floats = block_dct(filters.pad(luma, 0, below, 0, right, border="replicate"), _BLOCK, _BLOCK)
    return found


def _high(coefficients: Floats) -> Floats:
    order = np.add.outer(np.arange(_BLOCK), np.arange(_BLOCK))
    return np.asarray(np.sum(coefficients[..., order >= _HIGH] ** 2, axis=-1), dtype=np.float64)


def _spread(blocks: Floats, image: NDArray[np.float32]) -> Floats:
    """A value for each pixel of one for each block."""
    return np.kron(blocks, np.ones((_BLOCK, _BLOCK)))[: image.shape[0], : image.shape[1]].astype(np.float64)


def _top(values: list[float]) -> float:
    """The mean of the best tenth, of one at least."""
    count = int(np.ceil(_BEST_SHARE * len(values)))
    return float(np.mean(sorted(values)[-count:]))


def _covered(found: tuple[tuple[float, float, float, float, float], ...], image: NDArray[np.float32]) -> Floats:
    height, width = image.shape[:2]
    y, x = ((np.arange(n) + 0.5) / n for n in (height, width))
    total = np.zeros((height, width))
    for top, bottom, left, right, score in found:
        total += score * np.outer((y > top) & (y < bottom), (x > left) & (x < right))
    return total


__all__ = [
    "CHOSEN", "LONGEST", "MEASURES", "Measure", "boxes", "frequency", "hf_ratio", "objectness", "ranked", "reduced",
    "saliency", "semantics",
]  # fmt: skip
