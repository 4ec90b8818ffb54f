"""Histograms of sub-band coefficients and generalised Gaussians fitted to them, as WNISM keeps them.

All histograms have 101 bins; the middle one lies around zero, and the outer two hold whatever lies beyond.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BINS = 101
# Points at which the density is taken within a bin; the middle bin has half of them on each side of zero.
_POINTS = 30
_STRIP = 64  # rows of a band that are counted at a time
# Start of the search: scale and shape.
_START = (2.0, 0.6)
_SMALLEST_SCALE = 0.05
# The logarithm of what float64 holds: a divergence where two histograms have no bin in common.
_DISJOINT = 708.0

SCALE_BITS, EXPONENT_BITS, SHAPE_BITS, DIVERGENCE_BITS = 8, 3, 8, 8
_SCALE_STEP = 9.0 / 2**SCALE_BITS
_SHAPE_LOW, _SHAPE_STEP = 0.05, 0.00625
_DIVERGENCE_STEP = 0.00025
_SHAPE_HIGH = _SHAPE_LOW + _SHAPE_STEP * (2**SHAPE_BITS - 1)


@dataclass(frozen=True, slots=True)
class Marginal:
    """A density ``exp(-(|x| / scale)^shape)``, and how far the histogram it stands for diverges from it."""

    scale: float
    shape: float
    divergence: float


@dataclass(frozen=True, slots=True)
class Codes:
    """A marginal in 27 bits: mantissa (8) and decimal exponent (3) of the scale, shape (8), divergence (8)."""

    mantissa: int
    exponent: int
    shape: int
    divergence: int


def histogram(band: np.ndarray, width: float) -> np.ndarray:
    """`(101,)` shares of the coefficients in bins of a width, the middle one centred on zero."""
    half = BINS // 2
    counts = np.zeros(BINS, np.int64)
    for first in range(0, len(band), _STRIP):
        part = band[first : first + _STRIP]
        index = np.clip(np.floor(part / width + 0.5), -half, half).astype(np.int64) + half
        counts += np.bincount(index.ravel(), minlength=BINS)
    return counts / counts.sum()


def masses(scale: float, shape: float, width: float) -> np.ndarray:
    """`(101,)` shares of a generalised Gaussian in the bins of `histogram`.

    Equal shares where the density is zero, in float64, at every point.
    """
    at = (np.arange(BINS // 2 * _POINTS + _POINTS // 2) + 0.5) * (width / _POINTS)
    with np.errstate(all="ignore"):
        density = np.nan_to_num(np.exp(-(np.abs(at / scale) ** shape)))
    half = _POINTS // 2
    side = density[half:].reshape(-1, _POINTS).sum(axis=1)
    bins = np.concatenate([side[::-1], [2.0 * density[:half].sum()], side])
    total = bins.sum()
    return bins / total if total > 0.0 else np.full(BINS, 1.0 / BINS)


def divergence(model: np.ndarray, found: np.ndarray) -> float:
    """Kullback-Leibler divergence of `found` from `model`, in nats, over the bins that both have; its magnitude."""
    common = (model > 0.0) & (found > 0.0)
    if not common.any():
        return _DISJOINT
    a, b = model[common], found[common]
    return float(abs(np.sum(a * np.log(a / b)) / np.sum(a)))


def fit(found: np.ndarray, width: float, *, bounded: bool = True) -> Marginal:
    """The generalised Gaussian from which a histogram diverges least, searched by Nelder and Mead's simplex.

    Parameters
    ----------
    found : (101,) array
    width : float
        Of a bin.
    bounded : bool
        Keep the scale at a twentieth of a bin or more, the shape within what eight bits hold (0.05 to 1.64), and
        end the search at a millionth. False: no bounds and 1e-4, as MATLAB's `fminsearch`; a histogram with most
        coefficients in one bin may then end at a density that has no second bin.
    """
    from scipy.optimize import minimize

    def inside(point: np.ndarray) -> tuple[float, float]:
        scale, shape = float(point[0]), float(point[1])
        if not bounded:
            return scale, shape
        return max(scale, _SMALLEST_SCALE * width), min(max(shape, _SHAPE_LOW), _SHAPE_HIGH)

    def error(point: np.ndarray) -> float:
        scale, shape = inside(point)
        return divergence(masses(scale, shape, width), found) if scale and shape else np.inf

    tolerances = {"xatol": 1e-6, "fatol": 1e-9, "maxiter": 400} if bounded else {"xatol": 1e-4, "fatol": 1e-4}
    best = minimize(error, _START, method="Nelder-Mead", options=tolerances).x
    scale, shape = (abs(v) for v in inside(best))
    return Marginal(scale, shape, divergence(masses(scale, shape, width), found))


def encode(marginal: Marginal, lowest: int) -> Codes:
    """The nearest 27 bits; `lowest` is the decimal exponent that code 0 stands for."""
    exponent = int(np.floor(np.log10(max(marginal.scale, 10.0**lowest))))
    mantissa = round((max(marginal.scale, 10.0**lowest) / 10.0**exponent - 1.0) / _SCALE_STEP)
    # 9.99 rounds to 10, which is one of the next decade.
    if mantissa >= 2**SCALE_BITS:
        mantissa, exponent = 0, exponent + 1
    if exponent - lowest >= 2**EXPONENT_BITS:
        mantissa, exponent = 2**SCALE_BITS - 1, lowest + 2**EXPONENT_BITS - 1
    return Codes(
        max(mantissa, 0),
        exponent - lowest,
        _level((marginal.shape - _SHAPE_LOW) / _SHAPE_STEP, SHAPE_BITS),
        _level(marginal.divergence / _DIVERGENCE_STEP, DIVERGENCE_BITS),
    )


def decode(codes: Codes, lowest: int) -> Marginal:
    """What `encode` wrote."""
    return Marginal(
        (1.0 + _SCALE_STEP * codes.mantissa) * 10.0 ** (codes.exponent + lowest),
        _SHAPE_LOW + _SHAPE_STEP * codes.shape,
        _DIVERGENCE_STEP * codes.divergence,
    )


def _level(value: float, bits: int) -> int:
    return round(min(max(value, 0.0), 2.0**bits - 1.0))


__all__ = ["Codes", "Marginal", "decode", "divergence", "encode", "fit", "histogram", "masses"]
