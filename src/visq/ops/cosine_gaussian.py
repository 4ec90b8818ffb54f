"""A Gaussian made of three cosines, as recursive filters compute it.

D. Charalampidis, "Recursive implementation of the Gaussian filter using truncated cosine functions", IEEE Trans.
Signal Processing 64(14), 2016, with three terms.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np


class CosineGaussian(NamedTuple):
    """``h[n] = sum_k beta_k cos(omega_k n)`` for ``|n| < radius``, zero beyond."""

    radius: int
    omega: np.ndarray
    beta: np.ndarray

    @property
    def taps(self) -> np.ndarray:
        """The ``2 radius - 1`` values of `h` that are not zero; they sum to 1."""
        n = np.arange(1 - self.radius, self.radius)
        return self.beta @ np.cos(self.omega[:, None] * n)

    @property
    def feedback(self) -> np.ndarray:
        """``c_k`` of the recursion ``y_k[n] = g_k (x[n - N - 1] + x[n + N - 1]) + c_k y_k[n - 1] - y_k[n - 2]``."""
        return 2 * np.cos(self.omega)

    @property
    def gain(self) -> np.ndarray:
        """``g_k`` of the recursion."""
        return -self.beta * np.cos(self.omega * (self.radius + 1))


@lru_cache(maxsize=16)
def cosine_gaussian(sigma: float) -> CosineGaussian:
    """Filter of standard deviation `sigma`.

    The radius is N = round(3.2795 sigma + 0.2546) and the frequencies are odd multiples of ``pi / 2N``, so `h` is 0 at
    ``+-N``. The amplitudes are those nearest to the Gaussian's spectrum, ``exp(-(sigma omega)^2 / 2) / N``, of all
    that sum to 1 and have the Gaussian's second moment.

    >>> cosine_gaussian(1.5).taps.round(4).tolist()
    [0.0094, 0.036, 0.1093, 0.2129, 0.2646, 0.2129, 0.1093, 0.036, 0.0094]
    """
    radius = int(3.2795 * sigma + 0.2546 + 0.5)
    omega = np.array([1.0, 3.0, 5.0]) * np.pi / (2 * radius)
    sign = np.array([1.0, -1.0, 1.0])
    # Sums over h of each cosine: of the taps, and of the taps times n^2 (as N^2 - n^2, halved).
    mass = sign / np.tan(omega / 2)
    moment = sign * mass**2 / np.sin(omega)
    spectrum = np.exp(-0.5 * (sigma * omega) ** 2) / radius
    # What is left free by the two conditions is one direction: the projection on it is kept.
    free = np.cross(mass, moment)
    rows = np.stack([mass, moment, free / free[2]])
    wanted = np.array([1.0, radius**2 - sigma**2, rows[2] @ spectrum])
    return CosineGaussian(radius, omega, np.linalg.solve(rows, wanted))
