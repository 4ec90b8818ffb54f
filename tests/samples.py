"""Pictures that tests make themselves: deterministic, with edges, texture, flat parts and colour."""

from __future__ import annotations

from functools import cache
from io import BytesIO

import numpy as np
from PIL import Image, ImageFilter


@cache
def _scene(size: int) -> np.ndarray:
    """Overlapping discs of random size and colour (dead leaves) with some texture: statistics near a photograph's."""
    rng = np.random.default_rng(20240229)
    rows, columns = np.mgrid[:size, :size].astype(np.float32)
    scene = np.full((size, size, 3), 128, np.float32)
    for _ in range(350):
        radius = min(70.0, 4.0 * (1 - rng.random()) ** -0.5)
        y, x = rng.uniform(-20, size + 20, 2)
        inside = (rows - y) ** 2 + (columns - x) ** 2 < radius**2
        shade = rng.uniform(20, 235, 3) * 0.4 + rng.uniform(20, 235) * 0.6
        tilt = rng.normal(0, 0.15, 2)
        scene[inside] = shade + (tilt[0] * (rows - y) + tilt[1] * (columns - x))[inside][:, None]
    scene += rng.normal(0, 2.5, (size, size, 1))
    return np.clip(scene, 0, 255).round().astype(np.uint8)


def picture(height: int, width: int, *, grey: bool = False) -> np.ndarray:
    """`(H, W, 3)` or `(H, W)` uint8, the same on every call."""
    pixels = _scene(max(320, height, width))[:height, :width]
    return pixels[:, :, 1].copy() if grey else pixels.copy()


def noise(height: int, width: int, *, seed: int = 0) -> np.ndarray:
    """Uniform random pixels, `(H, W, 3)` uint8."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def constant(height: int, width: int, value: int) -> np.ndarray:
    """One grey everywhere, `(H, W, 3)` uint8."""
    return np.full((height, width, 3), value, np.uint8)


def blurred(pixels: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur by Pillow."""
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(sigma)))


def noisy(pixels: np.ndarray, std: float) -> np.ndarray:
    """White Gaussian noise of `std` levels; one pattern, scaled."""
    pattern = np.random.default_rng(5).standard_normal(pixels.shape)
    return np.clip(pixels + std * pattern, 0, 255).round().astype(np.uint8)


def between_levels(pixels: np.ndarray) -> np.ndarray:
    """Floats within a quarter of a level of what was given: nothing ties, and nothing takes them for bytes."""
    return pixels + np.random.default_rng(6).uniform(-0.25, 0.25, pixels.shape)


def jpeg(pixels: np.ndarray, quality: int) -> np.ndarray:
    """Through a JPEG file in memory."""
    file = BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality, subsampling=0)
    with Image.open(file) as opened:
        return np.asarray(opened)
