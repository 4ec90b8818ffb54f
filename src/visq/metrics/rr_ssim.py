"""RR-SSIM: an estimate of SSIM from two numbers a wavelet band of the reference. A reconstruction."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal, get_args

import numpy as np

from visq.metrics._reduced import SINGLE, numbers, one_plane, score_pairs, single
from visq.ops.choices import check_choice
from visq.ops.divisive_normalisation import LEVELS, ORIENTATIONS, normalised_bands
from visq.ops.wavelet_marginals import divergence, histogram, masses

Distortion = Literal["any", "noise", "blur", "jpeg", "jpeg2000"]
DISTORTIONS: tuple[str, ...] = get_args(Distortion)

MIN_SIDE = 96
BANDS = len(LEVELS) * ORIENTATIONS
D0 = 0.01
EPSILON = 0.3
# Bins of a histogram, in standard deviations of the reference: 101 of them reach to five.
_BIN = 0.1


def rr_ssim(
    image: Any,
    reference: Any,
    *,
    data_range: float | None = None,
    distortion: Distortion = "any",
    rounded_luma: bool | None = None,
) -> Any:
    """Reduced-reference SSIM estimate (RR-SSIM), a reconstruction; at most 1, higher is better.

    Luma is taken apart by a steerable pyramid (3 levels, 4 orientations) whose coefficients are divided by the local
    deviation of their neighbourhood, see `visq.ops.divisive_normalisation`. Of every band k of the reference its
    standard deviation ``s_k`` is sent, and the divergence ``d_k`` of its histogram from a Gaussian of that deviation:
    24 numbers, of 32 bits each. With the deviations ``t_k`` of the image and the divergences ``e_k`` of its histograms
    from the same Gaussians ::

        D = log(1 + sum_k |e_k - d_k| / 0.01)
        g = |s - t| / sqrt(|s|^2 + |t|^2)
        score = 1 - beta D (g + 0.3)

    ``|.|`` being the length of a vector over the bands. ``beta`` is the slope to full-reference SSIM of one kind of
    distortion.

    Parameters
    ----------
    image, reference : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`; sides of at least 96.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    distortion : {"any", "noise", "blur", "jpeg", "jpeg2000"}
        What befell the image, which decides on ``beta``; `any` has that of all four together.
    rounded_luma : bool, optional
        Round luma to 8-bit levels. None: that of colour pixels of 8 or 16 bit, as MATLAB's `rgb2gray` rounds it, and
        not floats or grey images.

    Returns
    -------
    float, (N,) array or tensor
        Exactly 1 for an identical pair; below 0 for very bad images. Tensors come back without gradients.

    Raises
    ------
    visq.errors.InputError
        Shapes that differ, a side below 96, values out of range, NaN, an unknown distortion.
    visq.errors.InputTypeError
        Not two arrays or two tensors, or of a dtype that holds no pixels.

    Notes
    -----
    From the paper: statistics of a divisively normalised, oriented, multi-scale transform are sent; a distortion
    measure of the form of SSIM times a logarithm of divergences is made of them; it is linear in SSIM within one kind
    of distortion. Not the paper's: the exact equations, D0, the constant 0.3 and the features' number are chosen here,
    the slopes fitted here (``python -m visq.metrics.fit_rr_ssim``), kurtosis and skewness not sent, and the option
    stands for the normalisation between kinds of distortion. Scores do not compare with the paper's. A shift of all
    levels goes unnoticed. The card of `rr_ssim_kodak24.npz` has how well it follows SSIM: within one photograph
    closely, over different ones much less, except for noise.

    References
    ----------
    A. Rehman, Z. Wang, "Reduced-reference image quality assessment by structural similarity estimation", IEEE Trans.
    Image Processing 21(8), 2012. The transform: Q. Li, Z. Wang, IEEE J. Selected Topics in Signal Processing 3(2),
    2009.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> picture = np.kron(rng.integers(50, 200, (24, 24)), np.ones((6, 6), int)).astype(np.uint8)
    >>> noisy = (picture + rng.integers(-20, 21, picture.shape)).astype(np.uint8)
    >>> rr_ssim(picture, picture), round(rr_ssim(noisy, picture, distortion="noise"), 2)
    (1.0, 0.87)
    """
    slope = _slope(distortion)

    def score(x: np.ndarray, y: np.ndarray) -> float:
        return 1.0 - slope * distance(*features(y), x)

    return score_pairs(
        image, reference, score, data_range=data_range, rounded_luma=rounded_luma, min_side=MIN_SIDE, keep_uint8=True
    )


def extract(
    reference: Any,
    *,
    data_range: float | None = None,
    distortion: Distortion = "any",
    rounded_luma: bool | None = None,
) -> tuple[dict[str, Any], int]:
    """What `compare` needs of one reference: `deviations` and `divergences`, twelve each; and their size, 768 bits."""
    _check(distortion)
    x = one_plane(reference, name="reference", data_range=data_range, rounded_luma=rounded_luma, min_side=MIN_SIDE)
    deviations, divergences = features(x)
    return {"deviations": deviations.tolist(), "divergences": divergences.tolist()}, 2 * BANDS * SINGLE


def compare(
    values: Mapping[str, Any],
    image: Any,
    *,
    data_range: float | None = None,
    distortion: Distortion = "any",
    rounded_luma: bool | None = None,
) -> float:
    """Score of one image from what `extract` kept of its reference; options as `rr_ssim`.

    Raises
    ------
    visq.errors.InputError
        As `rr_ssim`, and features that are not those of this metric.
    """
    slope = _slope(distortion)
    deviations, divergences = (
        np.array(numbers(values, name, BANDS, low=0.0, high=1e6)) for name in ("deviations", "divergences")
    )
    x = one_plane(image, name="image", data_range=data_range, rounded_luma=rounded_luma, min_side=MIN_SIDE)
    return 1.0 - slope * distance(deviations, divergences, x)


def features(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Standard deviations and divergences from Gaussians, `(12,)` each in single precision, of a plane in 0..255."""
    found = []
    for band in normalised_bands(x):
        deviation = _deviation(band)
        found.append((deviation, _divergence(band, deviation)))
        del band  # the next one needs the room
    deviations, divergences = np.array(found).T
    return deviations, divergences


def distance(deviations: np.ndarray, divergences: np.ndarray, x: np.ndarray) -> float:
    """``D (g + 0.3)`` of a plane in 0..255 from the features of its reference; exactly 0 for the reference itself."""
    own = np.empty(BANDS)
    apart = 0.0
    bands = normalised_bands(x)
    for k in range(BANDS):
        band = next(bands)
        own[k] = _deviation(band)
        apart += abs(_divergence(band, float(deviations[k])) - divergences[k])
        del band  # the next one needs the room
    size = math.hypot(*own, *deviations)
    contrast = math.hypot(*(own - deviations)) / size if size > 0.0 else 0.0
    return math.log1p(apart / D0) * (contrast + EPSILON)


def _deviation(band: np.ndarray) -> float:
    # Row by row: `std` makes two copies of the band.
    average = band.mean()
    squares = sum(float(apart @ apart) for apart in (row - average for row in band))
    return single(math.sqrt(squares / band.size))


def _divergence(band: np.ndarray, deviation: float) -> float:
    # A band without contrast has one bin, in the middle, whatever its width.
    width = _BIN * (deviation if deviation > 0.0 else 1.0)
    model = masses(math.sqrt(2.0) * width / _BIN, 2.0, width)
    return single(divergence(model, histogram(band, width)))


def _check(distortion: str) -> None:
    check_choice("distortion", distortion, DISTORTIONS)


def _slope(distortion: str) -> float:
    _check(distortion)
    return slopes()[distortion]


@lru_cache(maxsize=1)
def slopes() -> dict[str, float]:
    """``beta`` of every kind of distortion, from the file that ships."""
    from visq import catalog, weights
    from visq.weights import arrays

    path = weights.find(catalog.get("rr_ssim").weights[0])
    found = arrays.read_npz(path, {name: () for name in DISTORTIONS})
    return {name: float(value) for name, value in found.items()}
