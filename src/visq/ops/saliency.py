"""Where people look first, from the pixels alone: the spectral residual, and SDSP (three simple priors).

Both give maps in 0..1, NumPy or torch, with finite gradients; 0 everywhere for an image without any structure.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal, get_args

import numpy as np

from visq.errors import OptionError
from visq.ops import filters
from visq.ops.arrays import Batch, is_torch, namespace
from visq.ops.blocks import block_mean
from visq.ops.interpolate import aligned, interpolate, sample
from visq.ops.lab import srgb_to_linear
from visq.ops.numeric import safe_divide, safe_sqrt
from visq.ops.phase import frequency_grid, log_gabor
from visq.ops.precision import wide
from visq.ops.resize import imresize

Resizing = Literal["octave", "matlab", "torch"]

# Amplitudes below this share of white's are rounding errors: they count in proportion instead of being equalised.
_SPECTRAL_FLOOR = 1e-7

SDSP_SIDE = 256
# sigma_f, omega_0, sigma_d, sigma_c as VSI sets them.
SDSP_CONSTANTS = (1.34, 0.021, 145.0, 0.001)
# SDSP converts with the BT.709 primaries to seven digits but divides by the white of D50, and its thresholds are
# those of the 1976 standard: not the conversion of `visq.ops.lab`.
_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_WHITE_D50 = np.array([0.9642, 1.0, 0.8251])
_EPSILON, _KAPPA = 0.008856, 903.3


def normalised(x: Any) -> Any:
    """Each `(..., H, W)` image stretched to 0..1, MATLAB's `mat2gray`; 0 where all values are equal.

    >>> import numpy as np
    >>> normalised(np.array([[1.0, 2.0], [3.0, 5.0]])).tolist()
    [[0.0, 0.25], [0.5, 1.0]]
    """
    xp = namespace(x)
    low, high = (f(x, axis=(-2, -1), keepdims=True) for f in ((xp.amin, xp.amax) if is_torch(x) else (np.min, np.max)))
    return safe_divide(x - low, (high - low) + xp.zeros_like(x[..., :1, :1]), 0.0)


def spectral_residual(x: Any, *, scale: float = 0.25, average: int = 3, size: int = 10, sigma: float = 3.8) -> Any:
    """Spectral-residual saliency as the program SR_SIM.m computes it.

    The image is reduced (`imresize`, bicubic). Of its spectrum `F`, the logarithm of the amplitude less its mean
    over `average` x `average` neighbours (borders replicated) is the residual ``R``; the saliency
    ``|ifft(exp(R) F / |F|)|^2``, smoothed by a Gaussian of `size` x `size` taps (zeros outside), is stretched to
    0..1 and enlarged again (bicubic, so that it may leave 0..1 by a little).

    Parameters
    ----------
    x : array
        `(..., H, W)` in 0..255, float.
    scale, average, size, sigma
        As above; both sides times `scale` should not be below `average`.

    Returns
    -------
    array
        `(..., H, W)` in the dtype of `x`, computed in float64.

    Notes
    -----
    Amplitudes below a ten-millionth of a white image's are rounding errors, of which the residual would make
    full-sized frequencies. They are scaled down in proportion. A photograph has none.

    References
    ----------
    X. Hou, L. Zhang, "Saliency detection: a spectral residual approach", CVPR 2007.
    L. Zhang, H. Li, "SR-SIM: a fast and high performance IQA index based on spectral residual", ICIP 2012.

    Examples
    --------
    >>> import numpy as np
    >>> spot = np.full((64, 64), 60.0)
    >>> spot[20:28, 40:48] = 200
    >>> saliency = spectral_residual(spot)
    >>> bool(saliency[20:28, 40:48].mean() > 3 * saliency[:, :20].mean())
    True
    """
    small = imresize(wide(x), scale)
    xp = namespace(small)
    floor = _SPECTRAL_FLOOR * 255.0 * small.shape[-2] * small.shape[-1]
    fft = _fft(small)
    spectrum = fft.fft2(small)
    real, imaginary = spectrum.real, spectrum.imag
    power = real * real + imaginary * imaginary
    amplitude = safe_sqrt(xp.where(power > floor**2, power, xp.full_like(power, floor**2)))
    logarithm = xp.log(amplitude)
    gain = xp.exp(logarithm - filters.uniform(logarithm, average, border="replicate")) / amplitude
    response = fft.ifft2(spectrum * gain)
    energy = response.real**2 + response.imag**2
    # An even window has one more pixel after its centre than before it in `imfilter`.
    before, after = (size - 1) // 2, size // 2
    padded = filters.pad(energy, before, after, before, after, border="zero")
    smooth = normalised(filters.gaussian(padded, size, sigma, border="valid"))
    return xp.astype(imresize(smooth, size=(int(x.shape[-2]), int(x.shape[-1]))), x.dtype)


def _fft(x: Any) -> Any:
    """SciPy's transforms of the last two axes for NumPy, which are the faster ones, or torch's."""
    if is_torch(x):
        return namespace(x).fft
    from scipy import fft

    return fft


def sdsp(
    batch: Batch,
    *,
    resizing: Resizing = "octave",
    sigma_f: float = SDSP_CONSTANTS[0],
    omega_0: float = SDSP_CONSTANTS[1],
    sigma_d: float = SDSP_CONSTANTS[2],
    sigma_c: float = SDSP_CONSTANTS[3],
) -> Any:
    """Saliency by combining simple priors (SDSP), with the constants of VSI.

    At 256 x 256 pixels the map is the product of three: the length of the log-Gabor band-passed L*, a*, b*
    (frequency), a Gaussian around the centre of the image (location), and ``1 - exp(-(a^2 + b^2) / sigma_c^2)``
    of a* and b* stretched to 0..1 (warm colours). It is brought back to the size of the image and stretched to 0..1.

    Parameters
    ----------
    batch : Batch
        A grey image counts as three equal channels.
    resizing : {"octave", "matlab", "torch"}
        How the picture is brought to 256 x 256 and the map back: bilinear with the corners aligned and without
        smoothing, or MATLAB's `imresize`. `torch` is the first with the outer edges aligned on the way down.
    sigma_f, omega_0 : float
        Width (on a logarithmic axis) and centre frequency in cycles a pixel of the band.
    sigma_d, sigma_c : float
        Widths of the location and the colour prior.

    Returns
    -------
    array
        `(N, H, W)` in the batch's working precision.

    References
    ----------
    L. Zhang, Z. Gu, H. Li, "SDSP: a novel saliency detection method by combining simple priors", ICIP 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from visq.ops.arrays import read_one
    >>> spot = np.full((64, 64, 3), 0.2)
    >>> spot[20:28, 40:48, 0] = 0.9
    >>> saliency = sdsp(read_one(spot))[0]
    >>> bool(saliency[24, 44] > 0.9), bool(saliency[60, 4] < 0.1)
    (True, True)
    """
    product = _priors_product(batch, resizing, sigma_f, omega_0, sigma_d, sigma_c)
    if resizing != "matlab":
        return normalised(interpolate(product, batch.size))
    return normalised(imresize(product, size=batch.size, method="bilinear"))


def sdsp_block_mean(batch: Batch, size: int, *, before: int = 0, resizing: Resizing = "octave") -> Any:
    """`block_mean(sdsp(batch))`; on NumPy without the full-sized map where the resizing is Octave's."""
    if batch.torch or resizing != "octave":
        return block_mean(sdsp(batch, resizing=resizing), size, before=before)
    from visq.ops import _numba_interpolate

    small = _priors_product(batch, resizing, *SDSP_CONSTANTS)
    height, width = batch.size
    rows, columns = aligned(SDSP_SIDE, height), aligned(SDSP_SIDE, width)
    down, across = (_inside(n, size, before, small.dtype) for n in (height, width))
    maps = []
    for one in small:
        sums, low, high = _numba_interpolate.block_sums(one, rows, columns, size, before)
        span = (high - low) * small.dtype.type(size**2)
        maps.append((sums - low * (down[:, None] * across)) / span if span > 0 else np.zeros_like(sums))
    return np.stack(maps)


def _inside(length: int, size: int, before: int, dtype: Any) -> np.ndarray:
    """How many positions of each block lie inside an axis."""
    start = np.arange(-(-length // size)) * size - before
    return (np.minimum(start + size, length) - np.maximum(start, 0)).astype(dtype)


def _priors_product(batch: Batch, resizing: str, sigma_f: float, omega_0: float, sigma_d: float, sigma_c: float) -> Any:
    """`(N, 256, 256)` product of the three priors."""
    if resizing not in get_args(Resizing):
        raise OptionError("unknown way of resizing", expected="'octave', 'matlab' or 'torch'", got=repr(resizing))
    xp = batch.xp
    lab = _lab_d50(_reduced(batch, resizing))
    band, location = _priors(sigma_f, omega_0, sigma_d, str(lab.dtype).removeprefix("torch."))
    if batch.torch:
        band, location = (xp.asarray(p, device=lab.device) for p in (band, location))
    # The band has no response to a constant: without it a flat image is exactly zero and not rounding errors.
    fft = _fft(lab)
    spectrum = fft.rfft2(lab - lab[..., :1, :1]) * band
    passed = fft.irfft2(spectrum, s=(SDSP_SIDE, SDSP_SIDE))
    frequency = safe_sqrt(xp.sum(passed * passed, axis=-3))
    ab = normalised(lab[..., 1:, :, :])
    warmth = 1 - xp.exp(-xp.sum(ab * ab, axis=-3) / sigma_c**2)
    return frequency * location * warmth


def _reduced(batch: Batch, resizing: str) -> Any:
    """`(N, 3, 256, 256)` in 0..1; a constant image exactly constant, its rounding errors would make a map."""
    side = (SDSP_SIDE, SDSP_SIDE)
    if resizing != "octave":
        rgb = batch.planes(1.0)
        corner = rgb[..., :1, :1]
        rest = rgb - corner
        if resizing == "matlab":
            small = imresize(rest, size=side, method="bilinear")
        else:
            small = interpolate(rest, side, edges=True)
        small = small + corner
    elif batch.torch:
        small = sample(batch.planes(1.0), side, 1.0, batch.dtype)
    else:
        small = sample(batch.data, side, 1.0 / batch.peak, batch.dtype)
    return batch.xp.concat([small] * 3, axis=1) if batch.grey else small


@lru_cache(maxsize=8)
def _priors(sigma_f: float, omega_0: float, sigma_d: float, dtype: str) -> tuple[np.ndarray, np.ndarray]:
    """The band as half a spectrum `(256, 129)`, and the location prior `(256, 256)`."""
    radius, _ = frequency_grid(SDSP_SIDE, SDSP_SIDE)
    band = np.where(radius <= 0.5, log_gabor(radius, 1 / omega_0, np.exp(sigma_f)), 0.0)[:, : SDSP_SIDE // 2 + 1]
    distance = (np.arange(SDSP_SIDE) + 1 - SDSP_SIDE / 2) ** 2
    location = np.exp(-(distance[:, None] + distance[None, :]) / sigma_d**2)
    return np.ascontiguousarray(band, dtype), location.astype(dtype)


def _lab_d50(rgb: Any) -> Any:
    xp = namespace(rgb)
    linear = srgb_to_linear(rgb)
    red, green, blue = linear[..., 0, :, :], linear[..., 1, :, :], linear[..., 2, :, :]
    f = []
    for row in _TO_XYZ / _WHITE_D50[:, None]:
        relative = float(row[0]) * red + float(row[1]) * green + float(row[2]) * blue
        low = relative <= _EPSILON
        # The root never sees what the straight line handles, and so keeps a finite gradient.
        root = xp.where(low, xp.full_like(relative, _EPSILON), relative) ** (1 / 3)
        f.append(xp.where(low, (_KAPPA * relative + 16.0) / 116.0, root))
    return xp.stack([116.0 * f[1] - 16.0, 500.0 * (f[0] - f[1]), 200.0 * (f[1] - f[2])], axis=-3)


__all__ = ["SDSP_CONSTANTS", "SDSP_SIDE", "Resizing", "normalised", "sdsp", "sdsp_block_mean", "spectral_residual"]
