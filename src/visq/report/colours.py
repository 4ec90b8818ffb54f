"""The colours of a map: dark to bright, even steps of lightness, readable in grey and by the colour-blind."""

from __future__ import annotations

from functools import cache

import numpy as np

# Seventeen points of a path through OKLab from near-black violet over red and orange to pale yellow, whose
# CIE lightness rises in equal steps from 4 to 97. Lightness alone carries the value; hue helps to name it.
_POINTS = (
    "0d0c1f",
    "21133d",
    "381457",
    "511767",
    "6b1d71",
    "882273",
    "a52770",
    "c22e67",
    "dd3858",
    "ec514e",
    "f86946",
    "ff8346",
    "ff9e57",
    "ffb766",
    "ffce79",
    "ffe490",
    "fefab2",
)


@cache
def table() -> np.ndarray:
    """256 colours, `(256, 3)` uint8, from dark to bright."""
    points = np.array([list(bytes.fromhex(p)) for p in _POINTS], np.float64)
    at = np.linspace(0.0, len(points) - 1.0, 256)
    channels = [np.interp(at, np.arange(len(points)), points[:, c]) for c in range(3)]
    return np.stack(channels, axis=-1).round().astype(np.uint8)


def colourise(share: np.ndarray) -> np.ndarray:
    """`(H, W)` shares 0..1 (outside: clipped) to `(H, W, 3)` uint8; 0 is dark, 1 is bright.

    Examples
    --------
    >>> colourise(np.array([[0.0, 1.0]])).tolist()
    [[[13, 12, 31], [254, 250, 178]]]
    """
    index = np.clip(np.asarray(share) * 255.0 + 0.5, 0, 255).astype(np.uint8)
    return table()[index]
