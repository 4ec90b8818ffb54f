"""Orientation-selectivity visual patterns: nine numbers that say how orientations go together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from visq.errors import InputError, OptionError
from visq.metrics._reduced import SINGLE, numbers, one_plane, score_pairs, single
from visq.ops.orientation_patterns import MIN_SIDE, PATTERNS, pattern_histogram

THRESHOLD = 6.0


def osvp(
    image: Any,
    reference: Any,
    *,
    data_range: float | None = None,
    threshold: float = THRESHOLD,
    rounded_luma: bool | None = None,
) -> Any:
    """Orientation-selectivity based visual pattern (OSVP), 0..1; 0 for an identical pair, lower is better.

    ``1 - sum_k min(h_k(reference), h_k(image))``, where h is a histogram of nine patterns. The pattern of a pixel is
    the number of its 8 neighbours, 0 to 8, whose gradient (Scharr) has the same orientation within `threshold`
    degrees, modulo 180. A pixel weighs as much as the variance of the 3 x 3 pixels around it, and the nine sums are
    divided by their total. Of the reference, these nine numbers are needed, sent in 32 bits each.

    Parameters
    ----------
    image, reference : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`; sides of at least 5.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    threshold : float
        Degrees from which on two orientations differ, above 0 and at most 90.
    rounded_luma : bool, optional
        Round luma to 8-bit levels. None: that of colour pixels of 8 or 16 bit, as MATLAB's `rgb2gray` rounds it, and
        not floats or grey images.

    Returns
    -------
    float, (N,) array or tensor
        Tensors come back without gradients: patterns are counted.

    Raises
    ------
    visq.errors.InputError
        Shapes that differ, a side below 5, values out of range, NaN, a threshold out of range.
    visq.errors.InputTypeError
        Not two arrays or two tensors, or of a dtype that holds no pixels.

    Notes
    -----
    From the paper are the nine patterns by similarity of orientation, their histogram, and the nine numbers. No
    program of the authors is public: kernel, threshold, weight and the distance of two histograms follow the published
    descriptions of the method, so scores are not those of the paper's tables. Blur raises the patterns of many alike
    neighbours and noise those of few; JPEG at high quality moves the nine numbers little, and not always monotonically.

    A pixel whose gradient is below 0.001 levels a pixel has no orientation, and an image without contrast counts as all
    of the pattern 8. Computed in float64.

    References
    ----------
    J. Wu, W. Lin, G. Shi, L. Li, Y. Fang, "Orientation selectivity based visual pattern for reduced-reference image
    quality assessment", Information Sciences 351, 2016.

    Examples
    --------
    >>> import numpy as np
    >>> ramp = np.tile(np.arange(0, 256, 4, dtype=np.uint8), (64, 1))
    >>> noise = np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)
    >>> osvp(ramp, ramp), round(osvp(noise, ramp), 3)
    (0.0, 1.0)
    """
    _check(threshold)

    def score(x: np.ndarray, y: np.ndarray) -> float:
        return _distance(_sent(x, threshold), _sent(y, threshold))

    return score_pairs(image, reference, score, data_range=data_range, rounded_luma=rounded_luma, min_side=MIN_SIDE)


def extract(
    reference: Any,
    *,
    data_range: float | None = None,
    threshold: float = THRESHOLD,
    rounded_luma: bool | None = None,
) -> tuple[dict[str, Any], int]:
    """What `compare` needs of one reference: `histogram`, nine shares; and the size of this, 288 bits."""
    _check(threshold)
    x = one_plane(reference, name="reference", data_range=data_range, rounded_luma=rounded_luma, min_side=MIN_SIDE)
    return {"histogram": _sent(x, threshold).tolist()}, PATTERNS * SINGLE


def compare(
    values: Mapping[str, Any],
    image: Any,
    *,
    data_range: float | None = None,
    threshold: float = THRESHOLD,
    rounded_luma: bool | None = None,
) -> float:
    """Score of one image from what `extract` kept of its reference; options as `osvp`.

    Raises
    ------
    visq.errors.InputError
        As `osvp`, and features that are not those of this metric.
    """
    _check(threshold)
    histogram = np.array(numbers(values, "histogram", PATTERNS, low=0.0, high=1.0))
    if abs(histogram.sum() - 1.0) > 1e-5:
        raise InputError(
            "the histogram of the features holds no shares", expected="a sum of 1", got=f"{histogram.sum():g}"
        )
    x = one_plane(image, name="image", data_range=data_range, rounded_luma=rounded_luma, min_side=MIN_SIDE)
    return _distance(_sent(x, threshold), histogram)


def _check(threshold: float) -> None:
    if not 0.0 < threshold <= 90.0:
        raise OptionError("threshold is no angle between orientations", expected="0..90 degrees", got=repr(threshold))


def _sent(x: np.ndarray, threshold: float) -> np.ndarray:
    return np.array([single(share) for share in pattern_histogram(x, threshold)])


def _distance(image: np.ndarray, reference: np.ndarray) -> float:
    # Half the sum of differences is one less the intersection, and exactly 0 for equal histograms.
    return min(float(np.abs(image - reference).sum()) / 2, 1.0)
