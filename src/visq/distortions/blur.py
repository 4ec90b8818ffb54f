"""Loss of sharpness by optics and movement. Every filter repeats the border pixels outwards."""

from __future__ import annotations

import math

import numpy as np

from visq.distortions.planes import to_pixels, to_planes
from visq.ops import filters
from visq.ops.borders import Border


def gaussian_blur(
    pixels: np.ndarray,
    sigma: float,
    *,
    rng: np.random.Generator | None = None,
    truncate: float = 4.0,
    size: int = 0,
    border: Border = "replicate",
) -> np.ndarray:
    """Gaussian of standard deviation `sigma` pixels.

    Parameters
    ----------
    pixels : array
        `(H, W, C)` float64 in 0..1.
    sigma : float
        0 leaves the picture as it is.
    rng : numpy.random.Generator
        Not used.
    truncate : float
        Where the taps end, in standard deviations. MATLAB's `imgaussfilt` ends them at 2, which makes the blur
        weaker than its name.
    size : int
        Number of taps instead, odd; 0 goes by `truncate`.
    border : str
        What lies outside the picture, see `visq.ops.borders`. With `zero`, as MATLAB's `imfilter` has it unless
        told otherwise, the picture gets a dark frame.

    Returns
    -------
    array
        As `pixels`.

    Examples
    --------
    >>> edge = np.repeat([0.0, 0.0, 1.0, 1.0], 3).reshape(1, 12, 1)
    >>> gaussian_blur(edge, 1.0)[0, 4:8, 0].round(3).tolist()
    [0.059, 0.301, 0.699, 0.941]
    """
    if sigma <= 0:
        return pixels.copy()
    planes = to_planes(pixels)
    taps = size or 2 * math.ceil(truncate * sigma) + 1
    return to_pixels(filters.gaussian(planes, taps, sigma, border=border))


def gaussian(planes: np.ndarray, sigma: float, truncate: float = 4.0) -> np.ndarray:
    """Gaussian filter of `(..., H, W)`, border pixels repeated."""
    return filters.gaussian(planes, 2 * math.ceil(truncate * sigma) + 1, sigma, border="replicate")


def lens_blur(pixels: np.ndarray, radius: float, *, rng: np.random.Generator | None = None) -> np.ndarray:
    """An evenly bright disc of `radius` pixels for every point: a lens out of focus.

    >>> spot = np.zeros((9, 9, 1))
    >>> spot[4, 4] = 1.0
    >>> (lens_blur(spot, 2.0)[4, 2:7, 0] * 4 * np.pi).round(2).tolist()
    [0.48, 1.0, 1.0, 1.0, 0.48]
    """
    if radius <= 0:
        return pixels.copy()
    return to_pixels(convolve(to_planes(pixels), disc(radius)))


def motion_blur(
    pixels: np.ndarray, length: float, *, rng: np.random.Generator, angles: tuple[float, ...] = ()
) -> np.ndarray:
    """A straight stroke of `length` pixels for every point: a camera that moved evenly.

    Parameters
    ----------
    pixels : array
        `(H, W, C)` float64 in 0..1.
    length : float
        Pixels from end to end, rounded to whole ones where the stroke lies along an axis.
    rng : numpy.random.Generator
        Draws the direction.
    angles : tuple of float
        Directions in degrees, counter-clockwise from the horizontal, one of which is drawn. None: any whole degree.

    Returns
    -------
    array
        As `pixels`.
    """
    draw = float(rng.random())
    angle = angles[int(draw * len(angles))] if angles else math.floor(draw * 180.0)
    if length <= 1:
        return pixels.copy()
    planes = to_planes(pixels)
    if angle % 90:
        return to_pixels(convolve(planes, stroke(length, angle)))
    taps = round(length)
    box, single = np.full(taps, 1.0 / taps), np.ones(1)
    rows, columns = (single, box) if angle % 180 == 0 else (box, single)
    return to_pixels(filters.separable(planes, rows, columns, border="replicate"))


def disc(radius: float) -> np.ndarray:
    """Kernel of an evenly filled disc: the share of every pixel that it covers, divided by their sum.

    MATLAB's ``fspecial("disk", radius)``, by integration along the rows instead of its closed form.

    >>> disc(1.0).round(4).tolist()
    [[0.0251, 0.1453, 0.0251], [0.1453, 0.3183, 0.1453], [0.0251, 0.1453, 0.0251]]
    """
    reach = math.ceil(radius - 0.5)
    middle = np.arange(-reach, reach + 1, dtype=np.float64)
    steps = 256
    across = (middle[:, None] - 0.5 + (np.arange(steps) + 0.5) / steps).ravel()
    half = np.sqrt(np.clip(radius**2 - across**2, 0.0, None))
    inside = np.minimum(middle[:, None] + 0.5, half) - np.maximum(middle[:, None] - 0.5, -half)
    kernel = np.clip(inside, 0.0, None).reshape(len(middle), len(middle), steps).mean(axis=2)
    kernel = (kernel + kernel.T) / 2
    return kernel / kernel.sum()


def stroke(length: float, angle: float) -> np.ndarray:
    """Kernel of a stroke through the centre: one less the distance to it, where positive, divided by their sum.

    MATLAB's ``fspecial("motion", length, angle)``, which takes the distance to the end of the stroke for all pixels
    that lie as far from the centre as the end does.

    >>> stroke(3.0, 0.0).round(4).tolist()
    [[0.3333, 0.3333, 0.3333]]
    """
    half = (length - 1) / 2
    cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    reach_x, reach_y = (math.ceil(abs(half * v) + 1 - 1e-9) - 1 for v in (cosine, sine))
    y, x = np.mgrid[-reach_y : reach_y + 1, -reach_x : reach_x + 1].astype(np.float64)
    # Rows are counted downwards, angles upwards.
    along, off = np.abs(x * cosine - y * sine), np.abs(x * sine + y * cosine)
    distance = np.where(np.hypot(x, y) >= half, np.hypot(off, half - along), off)
    kernel = np.clip(1.0 - distance, 0.0, None)
    return kernel / kernel.sum()


def convolve(planes: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """`(..., H, W)` with a small kernel of odd sides, by the Fourier transform; border pixels are repeated."""
    from scipy import fft

    height, width = planes.shape[-2:]
    rows, columns = (n // 2 for n in kernel.shape)
    padded = filters.pad(planes, rows, rows, columns, columns, border="replicate")
    shape = tuple(fft.next_fast_len(n, real=True) for n in padded.shape[-2:])
    spectrum = fft.rfft2(padded, shape, workers=1) * fft.rfft2(kernel, shape, workers=1)
    # The kernel's centre lies `rows`, `columns` inside: the result begins twice that far in.
    out = fft.irfft2(spectrum, shape, workers=1, overwrite_x=True)
    return out[..., 2 * rows : 2 * rows + height, 2 * columns : 2 * columns + width]


__all__ = ["convolve", "disc", "gaussian", "gaussian_blur", "lens_blur", "motion_blur", "stroke"]
