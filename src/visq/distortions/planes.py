"""Between the pixels that operators are given, `(H, W, C)`, and the planes that `visq.ops` works on, `(3, H, W)`."""

from __future__ import annotations

import numpy as np

from visq.ops.arrays import RGB2GRAY


def to_planes(pixels: np.ndarray) -> np.ndarray:
    """`(H, W, C)` as contiguous `(C, H, W)`, a copy.

    >>> to_planes(np.zeros((4, 5, 3))).shape
    (3, 4, 5)
    """
    return np.array(pixels.transpose(2, 0, 1), order="C")


def to_pixels(planes: np.ndarray) -> np.ndarray:
    """`(C, H, W)` as `(H, W, C)`, a view."""
    return planes.transpose(1, 2, 0)


def rgb_planes(pixels: np.ndarray) -> np.ndarray:
    """`(3, H, W)` of a colour or a grey picture, a copy; grey is repeated."""
    planes = to_planes(pixels)
    return planes if len(planes) == 3 else np.repeat(planes, 3, axis=0)


def like(planes: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """`(3, H, W)` in the layout of `pixels`: of three equal planes a grey picture takes the first."""
    return to_pixels(planes[: pixels.shape[2]])


def luma(pixels: np.ndarray) -> np.ndarray:
    """`(H, W)` luma of colour, MATLAB's `rgb2gray`, and a grey picture itself."""
    return pixels[..., 0] if pixels.shape[2] == 1 else weighted(pixels, RGB2GRAY)


def weighted(pixels: np.ndarray, weights: tuple[float, float, float]) -> np.ndarray:
    """`(H, W)` weighted sum of three channels, term by term: the rounding of a matrix product is its library's."""
    return weights[0] * pixels[..., 0] + weights[1] * pixels[..., 1] + weights[2] * pixels[..., 2]


__all__ = ["like", "luma", "rgb_planes", "to_pixels", "to_planes", "weighted"]
