"""Structural similarity.

Beyond the paper that it is from: three components are C. Li, A. C. Bovik, "Three-component weighted structural
similarity index", SPIE 7242, 2009; the weights of Y', Cb, Cr are those of Z. Wang, L. Lu, A. C. Bovik, "Video quality
assessment based on structural distortion measurement", Signal Processing: Image Communication 19(2), 2004.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from visq.errors import OptionError
from visq.metrics._moments import picture_planes, shrink, similarity, weighted_mean
from visq.metrics._ssim_components import component_mean
from visq.ops import filters
from visq.ops.arrays import is_torch, read_pair
from visq.ops.blocks import viewing_block
from visq.ops.borders import padding
from visq.ops.choices import check_choice
from visq.ops.colour import Luma

Channels = Literal["luma", "rgb", "ycbcr"]
_DOMAINS = {
    "weighting": ("gaussian", "uniform"),
    "border": ("valid", "reflect"),
    "covariance": ("population", "sample"),
    "shrinking": ("symmetric", "pool"),
    "pooling": ("mean", "components"),
}


def ssim(
    image: Any, reference: Any, *, data_range: float | None = None, channels: Channels = "luma",
    downsample: bool = False, window: int = 11, sigma: float = 1.5, k1: float = 0.01, k2: float = 0.03,
    weighting: Literal["gaussian", "uniform"] = "gaussian", border: Literal["valid", "reflect"] = "valid",
    covariance: Literal["population", "sample"] = "population", shrinking: Literal["symmetric", "pool"] = "symmetric",
    pooling: Literal["mean", "components"] = "mean", nonnegative: bool = False, luma: Luma = "rgb2gray",
    rounded_luma: bool | None = None, full: bool = False,
) -> Any:  # fmt: skip
    """Structural similarity, -1..1; higher is better, 1 for an identical pair.

    Mean over all positions where the Gaussian window fits of ::

        (2 mx my + C1) (2 sxy + C2) / ((mx^2 + my^2 + C1) (sx^2 + sy^2 + C2))

    with m, s^2 and sxy means, variances and covariance under the window, C1 = (255 k1)^2, C2 = (255 k2)^2. Symmetric
    in its two images, except with ``pooling="components"``. The defaults are the authors' `ssim_index_new.m` on
    MATLAB's luma; ``downsample=True`` is their `ssim.m`; ``like="skimage"`` and others give each library's number.

    Parameters
    ----------
    image, reference : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`; sides of at least `window`.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    channels : {"luma", "rgb", "ycbcr"}
        Compare luma; every channel, and take the mean; or Y', Cb and Cr of JPEG, weighted 0.8, 0.1, 0.1.
    downsample : bool
        First average and thin both images by ``f = max(1, round(min(H, W) / 256))``.
    window, sigma, k1, k2 : int, float
        Side and standard deviation of the Gaussian window, in pixels; constants that keep the two fractions stable.
    weighting : {"gaussian", "uniform"}
        Weights under the window; all equal for "uniform", which needs no `sigma`.
    border : {"valid", "reflect"}
        Positions where the window fits, or all of them with the image mirrored about its outer pixels.
    covariance : {"population", "sample"}
        "sample" multiplies variances and covariance by n / (n - 1), n = `window` squared, where that is above 1.
    shrinking : {"symmetric", "pool"}
        How `downsample` averages: as `ssim.m`, or over the blocks of f x f pixels from the first corner.
    pooling : {"mean", "components"}
        Mean of the map; or 3-SSIM, its means over edges (0.5), texture and smooth areas (0.25 each): a reconstruction
        after Li and Bovik, not compared with their program.
    nonnegative : bool
        Count a negative contrast-structure term as 0.
    luma, rounded_luma : {"rgb2gray", "bt601"}, bool
        Of ``channels="luma"``: weights of R, G and B, MATLAB's rgb2gray or 0.299, 0.587, 0.114; and whether luma is
        rounded to 8-bit levels (None: that of colour pixels of 8 or 16 bit, as MATLAB's `rgb2gray` rounds it).
    full : bool
        Also return the map: `(H - window + 1, W - window + 1)`, or `(H, W)` with ``border="reflect"``, of the images
        as they were compared; its mean is the score with the default pooling.

    Returns
    -------
    float, (N,) array, or (score, map)

    Raises
    ------
    visq.errors.InputError, visq.errors.OptionError, visq.errors.InputTypeError
        Shapes that differ, a side below `window`, values out of range, NaN; an option outside its domain; no pixels.

    References
    ----------
    Z. Wang, A. C. Bovik, H. R. Sheikh, E. P. Simoncelli, "Image quality assessment: from error visibility to
    structural similarity", IEEE Trans. Image Processing 13(4), 2004. Its figures: 8-bit grey images as they are.

    Examples
    --------
    >>> import numpy as np
    >>> ramp = np.tile(np.arange(64, dtype=np.uint8) * 4, (64, 1))
    >>> ssim(ramp, ramp), round(ssim(ramp // 2, ramp), 4)
    (1.0, 0.7308)
    """
    _check(window, sigma, k1, k2)
    _check_choices(weighting=weighting, border=border, covariance=covariance, shrinking=shrinking, pooling=pooling)
    x, y = read_pair(image, reference, data_range=data_range, min_side=window)
    form = _Form(window, _taps(window, sigma, weighting), _constants(k1, k2, window, covariance), border, pooling,
                 nonnegative, viewing_block(x.size) if downsample else 1, shrinking, full)  # fmt: skip
    planes = zip(*(picture_planes(b, channels, rounded_luma, luma) for b in (x, y)), strict=True)
    scores, maps = zip(*(_compared(a, b, form) for a, b in planes), strict=True)
    result = x.result(weighted_mean(scores, channels))
    return (result, x.result(weighted_mean(maps, channels))) if full else result


@dataclass(frozen=True)
class _Form:
    """Which of the many SSIMs is meant, for planes of one size."""

    window: int
    taps: np.ndarray
    constants: tuple[float, float]
    border: str
    pooling: str
    nonnegative: bool
    factor: int
    shrinking: str
    full: bool


def _compared(x: Any, y: Any, form: _Form) -> tuple[Any, Any]:
    """Score and map of one plane of both images; no map where none is needed."""
    a, b = (_shrunk(plane, form.factor, form.shrinking) for plane in (x, y))
    components = form.pooling == "components"
    wide_a, wide_b = (_padded(plane, form.window) if form.border == "reflect" else plane for plane in (a, b))
    score, found = similarity(
        wide_a, wide_b, form.taps, *form.constants, full=form.full or components, nonnegative=form.nonnegative
    )
    return (component_mean(found, a, b) if components else score), found


def _taps(window: int, sigma: float, weighting: str) -> np.ndarray:
    return filters.gaussian_window(window, sigma) if weighting == "gaussian" else np.full(window, 1.0 / window)


def _constants(k1: float, k2: float, window: int, covariance: str) -> tuple[float, float]:
    unbiased = window**2 / (window**2 - 1) if covariance == "sample" and window > 1 else 1.0
    # Variances n / (n - 1) times as large against C2 are as good as C2 that much smaller.
    return (255.0 * k1) ** 2, (255.0 * k2) ** 2 / unbiased


def _shrunk(plane: Any, factor: int, shrinking: str) -> Any:
    if factor == 1:
        return plane
    if shrinking == "symmetric":
        return shrink(plane, factor)
    floating = plane if is_torch(plane) or plane.dtype.kind == "f" else plane.astype(np.float32)
    return filters.average_pool(floating, factor)


def _padded(plane: Any, window: int) -> Any:
    """A plane mirrored so that a window of this size fits everywhere."""
    before, after = padding(window, "reflect")
    return filters.pad(plane, before, after, before, after)


def _check_choices(**given: str) -> None:
    for name, value in given.items():
        check_choice(name, value, _DOMAINS[name])


def _check(window: int, sigma: float, k1: float, k2: float) -> None:
    if window != window // 1 or window < 1 or not all(1e-12 <= v <= 1e6 for v in (sigma, k1, k2)):
        raise OptionError(
            "the window or its constants are not usable",
            expected="a whole window >= 1; sigma, k1 and k2 from 1e-12 to 1e6",
            got=f"window={window}, sigma={sigma}, k1={k1}, k2={k2}",
        )
