"""WNISM: marginal distributions of wavelet coefficients, eighteen numbers of the reference."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal, get_args

import numpy as np

from visq.metrics._reduced import luma_planes, numbers
from visq.ops import wavelet_marginals as marginals
from visq.ops.arrays import read_one, read_pair
from visq.ops.choices import check_choice
from visq.ops.steerable import half_spectrum, real_band
from visq.ops.wavelet_marginals import Codes, Marginal

Compat = Literal["corrected", "release"]

LEVELS = (1, 2, 3)
ORIENTATIONS = 4
# Orientations that are used of each level: bands 1 and 3, 6 and 8, 9 and 11 of twelve.
CHOSEN = ((0, 2), (1, 3), (0, 2))
# Bin width, coefficients left out at each border, and decimal exponent of the smallest scale, level by level.
WIDTHS = (2.0, 8.0, 32.0)
GUARDS = (16, 8, 4)
LOWEST = (-6, -5, -4)
UNIT = 0.001
# The guard bands leave a third of the smallest side: 96 -> 64, 48 -> 32, 24 -> 16.
MIN_SIDE = 96
_BANDS = [(level, k) for level, chosen in enumerate(CHOSEN) for k in chosen]
_CODE_BITS = {
    "mantissas": marginals.SCALE_BITS,
    "exponents": marginals.EXPONENT_BITS,
    "shapes": marginals.SHAPE_BITS,
    "divergences": marginals.DIVERGENCE_BITS,
}
BITS = len(_BANDS) * sum(_CODE_BITS.values())


def wnism(
    image: Any,
    reference: Any,
    *,
    data_range: float | None = None,
    quantised: bool = True,
    compat: Compat = "corrected",
    rounded_luma: bool | None = None,
) -> Any:
    """Wavelet-domain natural image statistic (WNISM), 0 and up; lower is better. Sends 162 bits of the reference.

    Luma is taken apart by a steerable pyramid of three levels and four orientations (as `buildSFpyr`, whose
    amplitudes grow fourfold a level). Of six bands the sender fits the histogram h of the coefficients, 101 bins
    and what overflows in the outer two, by a generalised Gaussian ``p(x) ~ exp(-(|x| / s)^b)``, and sends s, b and
    ``d = KL(p || h)``. The receiver takes the histograms g of the image and scores ::

        log2(1 + sum over bands |KL(p || g) - d| / 0.001)

    Parameters
    ----------
    image, reference : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`; sides of at least 96 pixels.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    quantised : bool
        Send 27 bits a band: s as 8 bits of mantissa and 3 of a decimal exponent, b in steps of 0.00625 from 0.05,
        d in steps of 0.00025 from 0. An identical pair then has a score of less than 1, and above where some d
        exceeds its 8 bits (0.064). False: send eighteen double-precision numbers, and an identical pair has 0.
    compat : {"corrected", "release"}
        ``corrected`` keeps s at a twentieth of a bin or more and b in 0.05..1.64 while fitting, and takes d
        between the histogram and the density that is sent. ``release`` fits without bounds and takes d before
        quantisation, as the authors' program: of a picture with large flat areas, the search may then end at a
        density that fills one bin, and the picture has a score of up to 10 against itself.
    rounded_luma : bool, optional
        Round luma to 8-bit levels. None: that of colour pixels of 8 or 16 bit, as MATLAB's `rgb2gray` rounds it.

    Returns
    -------
    float or (N,) array
        Without gradient in torch.

    Raises
    ------
    visq.errors.InputError
        Shapes that differ, a side below 96, values out of range, NaN.
    visq.errors.InputTypeError
        Not two arrays or two tensors, or of a dtype that holds no pixels.
    visq.errors.OptionError
        An unknown compat.

    Notes
    -----
    The score saturates: strong blur and very strong blur are not told apart, and a mild JPEG of a fine texture may
    come out better than a milder one. The paper prints other units than the program's 0.001, which is used here.
    To reproduce the authors' program: ``compat="release"`` and 8-bit pixels. Its search is MATLAB's `fminsearch`;
    where the divergence crosses zero many fits are equally good, and programs end at different ones.

    References
    ----------
    Z. Wang, E. P. Simoncelli, "Reduced-reference image quality assessment using a wavelet-domain natural image
    statistic model", Proc. SPIE 5666, 2005.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> picture = np.add.outer(np.arange(128), np.arange(128)) // 2 + rng.integers(0, 99, (128, 128))
    >>> picture = picture.astype(np.uint8)
    >>> wnism(picture, picture, quantised=False), wnism(picture, picture) < 1 < wnism(picture // 2, picture)
    (0.0, True)
    """
    _check(compat)
    x, y = read_pair(image, reference, data_range=data_range, min_side=MIN_SIDE)
    found = []
    for one, two in zip(luma_planes(x, rounded_luma), luma_planes(y, rounded_luma), strict=True):
        found.append(_score(_read(_features(two, quantised, compat), quantised), one))
    return x.result_of_numpy(found)


def extract(
    reference: Any,
    *,
    data_range: float | None = None,
    quantised: bool = True,
    compat: Compat = "corrected",
    rounded_luma: bool | None = None,
) -> tuple[dict[str, Any], int]:
    """The 162 bits of a reference: lists of six codes each, band by band, and the number of bits.

    ``mantissas``, ``exponents``, ``shapes`` and ``divergences``; without quantisation ``scales``, ``shapes`` and
    ``divergences``, in double precision. Parameters and errors are those of `wnism`.
    """
    _check(compat)
    y = read_one(reference, data_range=data_range, min_side=MIN_SIDE, name="reference")
    values = _features(luma_planes(y, rounded_luma)[0], quantised, compat)
    return values, BITS if quantised else 64 * sum(map(len, values.values()))


def compare(
    values: Mapping[str, Any],
    image: Any,
    *,
    data_range: float | None = None,
    quantised: bool = True,
    compat: Compat = "corrected",
    rounded_luma: bool | None = None,
) -> float:
    """Score of an image by what `extract` made of its reference. Parameters and errors are those of `wnism`."""
    _check(compat)
    found = _read(values, quantised)
    x = read_one(image, data_range=data_range, min_side=MIN_SIDE)
    return _score(found, luma_planes(x, rounded_luma)[0])


def _check(compat: str) -> None:
    check_choice("compat", compat, get_args(Compat))


def _histograms(plane: np.ndarray) -> list[np.ndarray]:
    found = []
    half = half_spectrum(plane)
    for level, k in _BANDS:
        inner = slice(GUARDS[level], -GUARDS[level])
        band = real_band(half, plane.shape, LEVELS[level], k, ORIENTATIONS)
        found.append(marginals.histogram(band[inner, inner], WIDTHS[level]))
    return found


def _features(plane: np.ndarray, quantised: bool, compat: str) -> dict[str, Any]:
    fits = []
    codes = []
    for (level, _), found in zip(_BANDS, _histograms(plane), strict=True):
        width, lowest = WIDTHS[level], LOWEST[level]
        marginal = marginals.fit(found, width, bounded=compat == "corrected")
        code = marginals.encode(marginal, lowest)
        if compat == "corrected":
            sent = marginals.decode(code, lowest)
            apart = marginals.divergence(marginals.masses(sent.scale, sent.shape, width), found)
            code = marginals.encode(Marginal(sent.scale, sent.shape, apart), lowest)
        fits.append(marginal)
        codes.append(code)
    if not quantised:
        return {name + "s": [getattr(fit, name) for fit in fits] for name in ("scale", "shape", "divergence")}
    return {
        "mantissas": [c.mantissa for c in codes],
        "exponents": [c.exponent for c in codes],
        "shapes": [c.shape for c in codes],
        "divergences": [c.divergence for c in codes],
    }


def _read(values: Mapping[str, Any], quantised: bool) -> list[Marginal]:
    count = len(_BANDS)
    if not quantised:
        scales = numbers(values, "scales", count, low=np.finfo(float).tiny)
        shapes = numbers(values, "shapes", count, low=0.0)
        divergences = numbers(values, "divergences", count, low=0.0)
        return [Marginal(*map(float, entry)) for entry in zip(scales, shapes, divergences, strict=True)]
    columns = [numbers(values, k, count, low=0, high=2**bits - 1, whole=True) for k, bits in _CODE_BITS.items()]
    return [
        marginals.decode(Codes(*entry), LOWEST[level])
        for (level, _), entry in zip(_BANDS, zip(*columns, strict=True), strict=True)
    ]


def _score(fits: list[Marginal], plane: np.ndarray) -> float:
    total = 0.0
    for (level, _), fit, found in zip(_BANDS, fits, _histograms(plane), strict=True):
        model = marginals.masses(fit.scale, fit.shape, WIDTHS[level])
        total += abs(marginals.divergence(model, found) - fit.divergence)
    return math.log2(1.0 + total / UNIT)


__all__ = ["compare", "extract", "wnism"]
