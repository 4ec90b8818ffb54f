"""How alike the textures of two images are: local amplitudes of a log-Gabor bank compared filter by filter."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from visq.ops.arrays import is_torch
from visq.ops.numeric import safe_sqrt
from visq.ops.phase import angular_spread, frequency_grid, log_gabor
from visq.ops.threads import run_strips


@dataclass(frozen=True)
class TextureBank:
    """A log-Gabor bank without low-pass, and the weight of each scale; the defaults are those of FGCQA."""

    orientations: int = 4
    min_wavelength: float = 6.0
    multiplier: float = 2.0
    sigma_on_f: float = 0.55
    spacing_on_sigma: float = 1.2
    weights: tuple[float, ...] = (0.5, 0.75, 1.0, 5.0, 6.0)
    constant: float = 1.0

    @property
    def scale_weights(self) -> list[float]:
        return [w / sum(self.weights) for w in self.weights]


FGCQA_BANK = TextureBank()


def filter_planes(
    height: int, width: int, dtype: Any, bank: TextureBank = FGCQA_BANK
) -> Iterator[tuple[int, Any, Any]]:
    """Scale, radial part and the angular parts of all orientations, `(1, H, W)` and `(O, H, W)`, one scale at a time.

    Zero at frequency zero. Computed in float64 a few rows at a time: a whole bank would outweigh the images.
    """
    radius, angle = (plane.astype(dtype) for plane in frequency_grid(height, width))
    angular = _angular(angle, bank)
    del angle
    radial = np.empty((1, height, width), dtype)
    for s in range(len(bank.weights)):
        _radial(radius, bank.min_wavelength * bank.multiplier**s, bank.sigma_on_f, radial[0])
        yield s, radial, angular


def _angular(angle: np.ndarray, bank: TextureBank) -> np.ndarray:
    sigma = math.pi / bank.orientations / bank.spacing_on_sigma
    out = np.empty((bank.orientations, *angle.shape), angle.dtype)

    def rows(first: int, end: int, _: int) -> None:
        for o in range(bank.orientations):
            centre = o * math.pi / bank.orientations
            out[o, first:end] = angular_spread(angle[first:end].astype(np.float64), centre, sigma)

    run_strips(rows, len(angle))
    return out


def _radial(radius: np.ndarray, wavelength: float, sigma_on_f: float, out: np.ndarray) -> None:
    def rows(first: int, end: int, _: int) -> None:
        out[first:end] = log_gabor(radius[first:end].astype(np.float64), wavelength, sigma_on_f)

    run_strips(rows, len(radius))


def texture_deficit(a: Any, b: Any, bank: TextureBank = FGCQA_BANK) -> Any:
    """What the texture similarity of two planes lacks of its best value.

    With ``p`` and ``q`` the amplitudes of the two images under a filter, the similarity is the sum over
    orientations and the weighted mean over scales of ``(2 p q + c) / (p^2 + q^2 + c)``: at most the number of
    orientations. The result is that number minus the similarity, without cancellation.

    Parameters
    ----------
    a, b : array
        `(N, H, W)` in 0..255, float32 or float64; even sides.
    bank : TextureBank

    Returns
    -------
    array
        `(N, H, W)`, 0..orientations; exactly 0 where the images are equal everywhere.

    Examples
    --------
    >>> import numpy as np
    >>> flat, stripes = np.full((1, 64, 64), 90.0), np.zeros((1, 64, 64)) + 9 * np.sin(np.arange(64))
    >>> float(texture_deficit(flat, flat + 5).max()), bool(texture_deficit(flat, stripes).mean() > 0.01)
    (0.0, True)
    """
    return deficit_of_planes(iter((a, b)), bank)


def deficit_of_planes(planes: Iterator[Any], bank: TextureBank = FGCQA_BANK) -> Any:
    """`texture_deficit` of two planes of which only one is needed at a time."""
    a = next(planes)
    if is_torch(a):
        return _torch_engine(a, next(planes), bank)
    from visq.ops import _numba_texture

    shape, dtype = a.shape, a.dtype
    first = _numba_texture.half_spectra(a)
    del a
    second = _numba_texture.half_spectra(next(planes))
    out = np.zeros(shape, dtype)
    for p, q, target in zip(first, second, out, strict=True):
        _numba_texture.deficit(p, q, bank, target)
    return out


def _torch_engine(a: Any, b: Any, bank: TextureBank) -> Any:
    import torch

    # No filter answers to a constant: without it, flat images have no amplitudes at all.
    spectra = [torch.fft.fft2(x - x.detach()[:, :1, :1]) for x in (a, b)]
    dtype = str(a.dtype).removeprefix("torch.")
    out = torch.zeros_like(a)
    weights = bank.scale_weights
    for s, radial, angular in filter_planes(int(a.shape[-2]), int(a.shape[-1]), dtype, bank):
        for spread in angular:
            filter_ = torch.as_tensor(radial[0] * spread, device=a.device)
            powers = []
            for spectrum in spectra:
                response = torch.fft.ifft2(spectrum * filter_)
                powers.append(response.real**2 + response.imag**2)
            p, q = powers
            out = out + weights[s] * (safe_sqrt(p) - safe_sqrt(q)) ** 2 / (p + q + bank.constant)
    return out


__all__ = ["FGCQA_BANK", "TextureBank", "deficit_of_planes", "filter_planes", "texture_deficit"]
