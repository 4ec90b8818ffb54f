"""Linear light, and what a scene without a depth map is taken to look like: shared by sensor, exposure and weather."""

from __future__ import annotations

import numpy as np

from visq.ops.lab import srgb_to_linear
from visq.ops.lab_inverse import linear_to_srgb
from visq.ops.resize import imresize


def linear_light(pixels: np.ndarray) -> np.ndarray:
    """sRGB code values to linear light, both clipped to 0..1."""
    return srgb_to_linear(np.clip(pixels, 0.0, 1.0))


def encoded_light(light: np.ndarray) -> np.ndarray:
    """Linear light, clipped to 0..1, to sRGB code values (IEC 61966-2-1): the inverse of `linear_light`.

    Examples
    --------
    >>> encoded_light(linear_light(np.array([0.0, 0.02, 0.5, 1.0]))).round(12).tolist()
    [0.0, 0.02, 0.5, 1.0]
    """
    return linear_to_srgb(np.clip(light, 0.0, 1.0))


def smooth_field(shape: tuple[int, int], rng: np.random.Generator, cells: int) -> np.ndarray:
    """A smooth random field `(H, W)` of about zero mean and unit variance, `cells` waves across the longer side.

    It is drawn on a grid that knows no pixels, so that pictures of one shape in two sizes get the same field.
    """
    height, width = shape
    scale = (cells + 1) / max(height, width)
    rows, columns = (max(2, round(side * scale) + 1) for side in shape)
    grid = rng.standard_normal((rows, columns))
    # Interpolation takes some of the variance away.
    return 1.25 * imresize(grid, size=(height, width), method="bicubic", antialias=False)


def distance(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Distances `(H, W)` in a scene of which nothing is known, as shares of the farthest, 0.05 to 1.

    Most pictures show near ground below and far background above: distance grows from 0.25 at the lower edge to 1 at
    seven tenths of the height, in equal ratios, and stays there; things stand out of it, by a smooth random factor
    with a spread of about a fifth, that is the same at every level. It is a surrogate: no depth is estimated.

    Examples
    --------
    >>> found = distance((40, 60), np.random.default_rng(1))
    >>> bool(found[0].mean() > found[-1].mean()), bool(found.max() <= 1)
    (True, True)
    """
    height = shape[0]
    up = 1.0 - (np.arange(height) + 0.5) / height
    ground = 0.25 ** (1.0 - np.minimum(up / 0.7, 1.0))
    return np.clip(ground[:, None] * np.exp(0.2 * smooth_field(shape, rng, 5)), 0.05, 1.0)


__all__ = ["distance", "encoded_light", "linear_light", "smooth_field"]
