"""Log-Gabor filters and phase congruency, NumPy or torch.

The filters live in the frequency plane as products of a radial and an angular part, so a bank of S scales and
O orientations is S + O planes. They are made once for a size and kept.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from visq.ops.arrays import is_torch
from visq.ops.numeric import safe_divide, safe_sqrt


@dataclass(frozen=True)
class LogGabor:
    """Parameters of a bank; the defaults are those of FSIM.

    Attributes
    ----------
    scales, orientations : int
        Number of each.
    min_wavelength, multiplier : float
        Wavelength of the finest scale in pixels, and the ratio between neighbouring scales.
    sigma_on_f : float
        Ratio of the radial Gaussian's standard deviation to the centre frequency, on a logarithmic axis.
    spacing_on_sigma : float
        Angle between neighbouring orientations over the angular Gaussian's standard deviation.
    cutoff, sharpness : float, int
        Butterworth low-pass applied to every filter; `cutoff` in cycles a pixel.
    """

    scales: int = 4
    orientations: int = 4
    min_wavelength: float = 6.0
    multiplier: float = 2.0
    sigma_on_f: float = 0.55
    spacing_on_sigma: float = 1.2
    cutoff: float = 0.45
    sharpness: int = 15


@dataclass(frozen=True, eq=False)
class Bank:
    """Filters of one size: `radial (S, H, W)`, `angular (O, H, W)`, and what noise does to each orientation.

    `noise (O,)`: the energy threshold is ``noise[o] * sqrt(median(|e|^2))``, `e` the response of the finest scale.
    """

    radial: np.ndarray
    angular: np.ndarray
    noise: np.ndarray


def frequency_grid(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Radius in cycles a pixel and angle (counter-clockwise) of every position of an unshifted spectrum.

    An odd axis reaches from -1/2 to 1/2 with both ends, as P. Kovesi's MATLAB functions lay it out.

    >>> radius, angle = frequency_grid(4, 3)
    >>> radius[0].tolist(), radius[:, 0].tolist()
    ([0.0, 0.5, 0.5], [0.0, 0.25, 0.5, 0.25])
    """
    x, y = (np.fft.ifftshift((np.arange(n) - n // 2) / (n - 1 if n % 2 and n > 1 else n)) for n in (width, height))
    return np.hypot(x[None, :], y[:, None]), np.arctan2(-y[:, None], x[None, :])


def low_pass(radius: np.ndarray, cutoff: float, sharpness: int) -> np.ndarray:
    """Butterworth low-pass ``1 / (1 + (radius / cutoff)^(2 sharpness))``."""
    return 1.0 / (1.0 + ((radius / cutoff) ** 2) ** sharpness)


def log_gabor(radius: np.ndarray, wavelength: float, sigma_on_f: float) -> np.ndarray:
    """Radial log-Gabor ``exp(-log(radius wavelength)^2 / (2 log(sigma_on_f)^2))``; zero at frequency zero."""
    out = np.zeros_like(radius)
    inside = radius > 0
    out[inside] = np.exp(-(np.log(radius[inside] * wavelength) ** 2) / (2 * math.log(sigma_on_f) ** 2))
    return out


def angular_spread(angle: np.ndarray, centre: float, sigma: float) -> np.ndarray:
    """Gaussian of the angle between `angle` and `centre`, the short way round."""
    distance = np.abs(angle - centre)
    distance = np.minimum(distance, 2 * np.pi - distance)
    return np.exp(-(distance**2) / (2 * sigma**2))


def bank(height: int, width: int, parameters: LogGabor, k: float, dtype: str) -> Bank:
    """The filters for a size, in `dtype`; computed in float64, kept for the last sizes unless they are huge."""
    make = _kept_bank if height * width <= _KEPT_PIXELS else _bank
    return make(height, width, parameters, k, dtype)


def _bank(height: int, width: int, parameters: LogGabor, k: float, dtype: str) -> Bank:
    p = parameters
    radius, angle = frequency_grid(height, width)
    smooth = low_pass(radius, p.cutoff, p.sharpness)
    wavelengths = [p.min_wavelength * p.multiplier**s for s in range(p.scales)]
    radial = np.stack([log_gabor(radius, w, p.sigma_on_f) * smooth for w in wavelengths])
    sigma = np.pi / p.orientations / p.spacing_on_sigma
    angular = np.stack([angular_spread(angle, o * np.pi / p.orientations, sigma) for o in range(p.orientations)])
    noise = np.array([_noise_gain(radial, spread, k) for spread in angular])
    return Bank(radial.astype(dtype), angular.astype(dtype), noise)


_kept_bank = lru_cache(maxsize=8)(_bank)
_KEPT_PIXELS = 1 << 20


def _noise_gain(radial: np.ndarray, spread: np.ndarray, k: float) -> float:
    # The median of |e|^2 at the finest scale gives the power of the noise; its energy over all scales has a Rayleigh
    # distribution whose parameter follows from the even parts of the summed filters (Parseval's theorem: no
    # inverse transform is needed). Energies below its mean plus k deviations, over 1.7, count as noise: the rule
    # and the divisor are Kovesi's.
    summed = radial.sum(axis=0) * spread
    mirrored = np.roll(summed[::-1, ::-1], 1, axis=(0, 1))
    finest = np.sum((radial[0] * spread) ** 2)
    if finest == 0:
        return 0.0
    power = np.sum((summed + mirrored) ** 2) / 4 / (math.log(2) * finest)
    return float(np.sqrt(power) * (math.sqrt(np.pi / 2) + k * math.sqrt(2 - np.pi / 2)) / 1.7)


def phase_congruency(x: Any, parameters: LogGabor = LogGabor(), *, k: float = 2.0, epsilon: float = 1e-4) -> Any:
    """Phase congruency of images by Kovesi's measure, with the noise compensation of FSIM's authors.

    For an orientation with responses ``e_s`` (complex: even and odd filter) of its scales and their sum ``E``,
    the energy is ``sum_s Re(e_s conj(E)) / (|E| + epsilon) - sum_s |Im(e_s conj(E))| / (|E| + epsilon)``, less the
    energy that noise alone would give, and not below zero. The result is the sum of the energies over the sum of
    the amplitudes ``|e_s|``, over all orientations.

    Parameters
    ----------
    x : array
        `(..., H, W)` in 0..255, float32 or float64. The transform runs in the same precision.
    parameters : LogGabor
        The bank.
    k : float
        Standard deviations above the mean noise energy that are cut off.
    epsilon : float
        Keeps the weighted mean phase defined where there is no response.

    Returns
    -------
    array
        `(..., H, W)` in 0..1; 0 where no filter responds, so 0 everywhere on a constant image.

    Notes
    -----
    The frequency-zero response of every filter is nil, so the middle of the range is subtracted before the
    transform: a constant image becomes exactly zero instead of rounding noise, of which the congruency
    would be arbitrary. In torch the gradient passes through the noise threshold too.

    References
    ----------
    P. Kovesi, "Image features from phase congruency", Videre 1(3), 1999.
    L. Zhang, L. Zhang, X. Mou, D. Zhang, "FSIM", IEEE Trans. Image Processing 20(8), 2011 (program FeatureSIM.m).

    Examples
    --------
    >>> import numpy as np
    >>> bar = np.zeros((64, 64))
    >>> bar[:, 20:44] = 200
    >>> phase_congruency(bar)[32, [10, 19, 20, 32]].round(2).tolist()
    [0.07, 0.74, 0.83, 0.74]
    """
    height, width = int(x.shape[-2]), int(x.shape[-1])
    flat = x.reshape(-1, height, width)
    if is_torch(x):
        dtype = str(x.dtype).removeprefix("torch.")
        filters = bank(height, width, parameters, k, dtype)
        return _torch_engine(flat, filters, epsilon).reshape(x.shape)
    from visq.ops import _numba_phase

    filters = bank(height, width, parameters, k, x.dtype.name)
    return _numba_phase.phase_congruency(flat, filters, epsilon).reshape(x.shape)


def _torch_engine(x: Any, filters: Bank, epsilon: float) -> Any:
    import torch

    radial, angular = (torch.as_tensor(f, device=x.device) for f in (filters.radial, filters.angular))
    centre = (x.detach().amax(dim=(1, 2), keepdim=True) + x.detach().amin(dim=(1, 2), keepdim=True)) / 2
    spectrum = torch.fft.fft2(x - centre)
    energy = torch.zeros_like(x)
    amplitude = torch.zeros_like(x)
    for spread, noise in zip(angular, filters.noise, strict=True):
        response = torch.fft.ifft2((spectrum * spread)[:, None] * radial)
        even, odd = response.real, response.imag
        power = even**2 + odd**2
        sum_even, sum_odd = even.sum(dim=1), odd.sum(dim=1)
        total = sum_even**2 + sum_odd**2
        across = (even * sum_odd[:, None] - odd * sum_even[:, None]).abs().sum(dim=1)
        threshold = float(noise) * safe_sqrt(_median(power[:, 0]))
        energy = energy + ((total - across) / (safe_sqrt(total) + epsilon) - threshold[:, None, None]).clamp(min=0)
        amplitude = amplitude + safe_sqrt(power).sum(dim=1)
    return safe_divide(energy, amplitude, 0.0)


def _median(x: Any) -> Any:
    """Median of every image as MATLAB takes it: the mean of the two middle values of an even number."""
    flat = x.reshape(len(x), -1)
    count = flat.shape[1]
    low = flat.kthvalue((count + 1) // 2, dim=1).values
    return low if count % 2 else (low + flat.kthvalue(count // 2 + 1, dim=1).values) / 2
