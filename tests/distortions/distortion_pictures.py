"""Pictures for the tests of distortions: made here or taken from `examples/`."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from samples import picture

#: One of each way of computing: Numba kernels, random numbers, Fourier transforms, codecs.
MIXED = ("jitter", "gaussian_noise", "colour_shift", "denoise_dct", "sparse_samples", "lens_blur", "sharpen", "jpeg")
_PHOTOS = Path(__file__).resolve().parents[2] / "examples" / "photos"


@cache
def photo(name: str = "hibiscus", height: int = 192, width: int = 256) -> np.ndarray:
    """`(H, W, 3)` uint8: the middle of a photograph of the examples, halved."""
    with Image.open(_PHOTOS / f"{name}.jpg") as opened:
        half = opened.convert("RGB").reduce(2)
    top, left = (half.height - height) // 2, (half.width - width) // 2
    return np.asarray(half.crop((left, top, left + width, top + height)))


def every_kind() -> dict[str, np.ndarray]:
    """Grey, tiny, odd-sized, 16-bit and float pictures, by what they are."""
    colour = picture(31, 45)
    return {
        "grey": picture(31, 45, grey=True),
        "grey with an axis": picture(24, 19, grey=True)[..., None],
        "one pixel": colour[:1, :1],
        "one grey pixel": picture(1, 1, grey=True),
        "one row": colour[:1],
        "one column": colour[:, :1],
        "3x5": colour[:5, :3],
        "odd sides": colour,
        "16 bit": colour.astype(np.uint16) * 257,
        "16-bit grey": picture(31, 45, grey=True).astype(np.uint16) * 257,
        "single precision": (colour / 255.0).astype(np.float32),
        "double precision": colour / 255.0,
        "constant": np.full((20, 20, 3), 128, np.uint8),
        "black": np.zeros((9, 9, 3), np.uint8),
    }


def digests(names: tuple[str, ...]) -> dict[str, str]:
    """SHA-256 of one picture under each of these distortions. Here, and not in a test, for processes that import it."""
    from visq.distortions.apply import distort

    image = picture(131, 97)
    return {name: hashlib.sha256(distort(image, name, 4, seed=11, key="x").tobytes()).hexdigest() for name in names}
