"""UCIQE: colourfulness, contrast and saturation of an underwater photograph."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from visq.ops.arrays import Batch, read_one
from visq.ops.choices import check_choice
from visq.ops.lab import rgb_to_lab
from visq.ops.numeric import safe_divide, safe_sqrt

Variant = Literal["norm", "lab_raw", "matlab", "opencv", "opencv_std", "hsv"]

# Yang and Sowmya (2015), fitted to observers.
CHROMA_WEIGHT, CONTRAST_WEIGHT, SATURATION_WEIGHT = 0.4680, 0.2745, 0.2576
TAIL = 0.01
# A hundredth of fewer than about twenty pixels is no tail.
MIN_SIDE = 5


@dataclass(frozen=True)
class _Form:
    """How one published program measures: units, and its reading of the three terms."""

    lightness_scale: float
    ab_scale: float
    ab_offset: float
    saturation: Literal["hypotenuse", "ratio", "hsv"] = "hypotenuse"
    spread: Literal["population", "sample", "relative"] = "population"
    contrast: Literal["tails", "percentiles", "places", "stretched", "extremes"] = "tails"
    whole_levels: bool = False

    @property
    def unit(self) -> tuple[float, float, float]:
        return self.lightness_scale, self.ab_scale, self.ab_offset


_FORMS: dict[str, _Form] = {
    "norm": _Form(1 / 100, 1 / 100, 0.0),
    "lab_raw": _Form(1.0, 1.0, 0.0, saturation="ratio"),
    "matlab": _Form(1 / 100, 1 / 255, 128.0, spread="relative", contrast="percentiles"),
    "opencv": _Form(1 / 100, 1 / 255, 128.0, spread="relative", contrast="stretched", whole_levels=True),
    "opencv_std": _Form(1 / 100, 1 / 255, 128.0, saturation="ratio", contrast="places", whole_levels=True),
    "hsv": _Form(1.0, 1.0, 0.0, saturation="hsv", spread="sample", contrast="extremes"),
}


def uciqe(image: Any, *, data_range: float | None = None, variant: Variant = "norm") -> Any:
    """Underwater colour image quality evaluation; higher is better.

    ``0.4680 spread of chroma + 0.2745 contrast of lightness + 0.2576 mean saturation``, in CIELab. The published
    programs disagree in scale and in each term, and scores of different variants do not compare:

    =========== ============================= ========================= ========================= ==================
    variant     L, a, b                       spread of C = hypot(a, b) contrast                  saturation
    =========== ============================= ========================= ========================= ==================
    norm        all divided by 100            standard deviation        mean of the lightest 1 %  C / hypot(C, L)
                                                                        less that of the darkest
    lab_raw     CIELab units                  standard deviation        as norm                   C / L
    matlab      L / 100, (a + 128) / 255,     root of the mean of       99th less 1st percentile  C / hypot(C, L)
                (b + 128) / 255               abs(1 - (mean C / C)^2)
    opencv      as matlab, rounded to 255ths  as matlab                 as matlab, over the range C / hypot(C, L)
                                                                        of L
    opencv_std  as matlab, rounded to 255ths  standard deviation        as matlab                 C / L
    hsv         CIELab units                  standard deviation (K-1)  largest less smallest     that of HSV
    =========== ============================= ========================= ========================= ==================

    A saturation without colour or lightness is 0.

    Parameters
    ----------
    image : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`, sRGB.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    variant : {"norm", "lab_raw", "matlab", "opencv", "opencv_std", "hsv"}
        ``lab_raw`` is the widely used Python program (PSNR-SSIM-UCIQE-UIQM-Python; copies from before its contrast was
        mended take every n-th pixel of the order instead of the first n). ``matlab`` is the MATLAB program of the
        JOU-UIP group, much copied, which leaves the offset of its 8-bit a and b in place, so that a flat grey
        picture scores about 0.2. (It also rounds L, a, b to 8 bit and converts through an ICC profile; this one does
        not.) ``opencv`` is the same group's Python program, ``opencv_std`` that of TongJiayan, both with exact Lab in
        place of OpenCV's table; ``hsv`` is an earlier MATLAB program, by Z. J. Wang.

    Returns
    -------
    float or (N,) array

    Raises
    ------
    visq.errors.SizeError
        A side below 5.
    visq.errors.InputError
        Values out of range, NaN, an unknown variant.
    visq.errors.InputTypeError
        Neither array nor tensor, or of a dtype that holds no pixels.

    Notes
    -----
    Added noise raises the score (it spreads chroma): do not compare pictures that differ in noise. Agreement of
    this family with people is weak outside the pictures it was fitted to; where a clean reference exists, report
    a full-reference metric beside it. The gradient is that of the sorted values, finite everywhere.

    References
    ----------
    M. Yang, A. Sowmya, "An underwater color image quality evaluation metric", IEEE TIP 24(12), 2015.

    Examples
    --------
    >>> import numpy as np
    >>> grey = np.full((16, 16, 3), 128, np.uint8)
    >>> round(uciqe(grey), 6), round(uciqe(grey, variant="matlab"), 3)
    (0.0, 0.206)
    """
    check_choice("variant", variant, get_args(Variant))
    x = read_one(image, data_range=data_range, min_side=MIN_SIDE)
    form = _FORMS[variant]
    if x.torch:
        rgb = x.rgb(1.0)
        if form.spread == "relative":
            # The root of a mean of magnitudes: rounding errors of 1e-7 in grey pixels would show as 3e-4.
            rgb = x.xp.astype(rgb, x.xp.float64)
        return x.result(x.xp.astype(_weighted(*colour_terms(rgb, form)), x.dtype))
    return x.result(np.array([_weighted(*_fused_terms(x, n, form)) for n in range(x.data.shape[0])]))


def _weighted(spread: Any, contrast: Any, saturation: Any) -> Any:
    return CHROMA_WEIGHT * spread + CONTRAST_WEIGHT * contrast + SATURATION_WEIGHT * saturation


def colour_terms(rgb: Any, form: _Form) -> tuple[Any, Any, Any]:
    """Spread, contrast and saturation of `(N, 3, H, W)` sRGB in 0..1: the formulae, plainly."""
    from visq.ops.arrays import namespace

    xp = namespace(rgb)
    lab = rgb_to_lab(rgb)
    lab = xp.reshape(lab, (lab.shape[0], 3, -1))
    light = lab[:, 0] * form.lightness_scale
    a, b = (lab[:, 1] + form.ab_offset) * form.ab_scale, (lab[:, 2] + form.ab_offset) * form.ab_scale
    if form.whole_levels:
        light, a, b = (_whole_levels(v) for v in (light, a, b))
    chroma = safe_sqrt(a * a + b * b)
    # From the first pixel, so that a flat picture has a spread of exactly 0.
    offset = chroma - chroma[:, :1]
    departure = offset - xp.mean(offset, axis=1, keepdims=True)
    if form.spread == "relative":
        # 1 - (mean / C)^2, as (C - mean)(C + mean) / C^2.
        spread = safe_sqrt(xp.mean(xp.abs(departure * (2.0 * chroma - departure) / chroma**2), axis=1))
    else:
        spread = safe_sqrt(xp.mean(departure**2, axis=1)) * _sample_factor(form, light.shape[1])
    above, below = chroma, light
    if form.saturation == "hypotenuse":
        below = safe_sqrt(chroma * chroma + light * light)
    elif form.saturation == "hsv":
        below = xp.reshape(xp.max(rgb, axis=1), light.shape)
        above = below - xp.reshape(xp.min(rgb, axis=1), light.shape)
    saturation = xp.mean(xp.where(below > 0, safe_divide(above, below, 0.0), xp.zeros_like(below)), axis=1)
    ordered = xp.sort(light, axis=1)
    return spread, _contrast(ordered, form, xp.mean), saturation


def _whole_levels(share: Any) -> Any:
    """Rounded to 255ths; in torch the gradient passes straight through."""
    from visq.ops.arrays import is_torch

    if not is_torch(share):
        return np.rint(255.0 * share) / 255.0
    level = 255.0 * share
    return (level + (level.round() - level).detach()) / 255.0


def _sample_factor(form: _Form, count: int) -> float:
    return math.sqrt(count / (count - 1)) if form.spread == "sample" else 1.0


def _contrast(ordered: Any, form: _Form, mean: Any) -> Any:
    """Contrast of `(N, K)` lightness, of which at least the elements at `_places` stand where sorting puts them."""
    count = ordered.shape[1]
    if form.contrast == "tails":
        tail = tail_length(count)
        return mean(ordered[:, count - tail :], axis=1) - mean(ordered[:, :tail], axis=1)
    if form.contrast == "percentiles":
        low, high = (_at(ordered, share * (count - 1)) for share in (TAIL, 1 - TAIL))
        return high - low
    places = _places(form, count)
    low, high = ordered[:, places[0]], ordered[:, places[1]]
    if form.contrast == "stretched":
        return safe_divide(high - low, ordered[:, -1] - ordered[:, 0], 0.0)
    return high - low


def _places(form: _Form, count: int) -> list[int]:
    """Places in the order of lightness that the contrast looks at; the two that it subtracts come first."""
    if form.contrast == "tails":
        tail = tail_length(count)
        return [tail - 1, count - tail]
    if form.contrast == "percentiles":
        lower = [int(share * (count - 1)) for share in (TAIL, 1 - TAIL)]
        return sorted({min(k + step, count - 1) for k in lower for step in (0, 1)})
    if form.contrast == "places":
        return [int(count * 0.01), int(count * 0.99)]
    if form.contrast == "extremes":
        return [0, count - 1]
    # The first levels of which more than a hundredth, and at least 99 hundredths, are no lighter.
    return [count // 100, -(-99 * count // 100) - 1, 0, count - 1]


def _at(ordered: Any, position: float) -> Any:
    lower = int(position)
    upper = min(lower + 1, ordered.shape[1] - 1)
    return ordered[:, lower] + (ordered[:, upper] - ordered[:, lower]) * (position - lower)


def tail_length(count: int) -> int:
    """Pixels in one hundredth of the picture: rounded, halves to even, at least one."""
    return max(1, round(TAIL * count))


def _fused_terms(x: Batch, n: int, form: _Form) -> tuple[float, float, float]:
    from visq.ops import _numba_underwater

    planes = x.data[n] if not x.grey else np.broadcast_to(x.data[n], (3, *x.size))
    light, spread, saturation = _numba_underwater.lightness_statistics(
        planes, x.peak, x.dtype, form.unit, form.whole_levels, form.saturation, form.spread == "relative"
    )
    light.partition(sorted(set(_places(form, light.size))))

    def mean(values: np.ndarray, axis: int) -> np.ndarray:
        return values.mean(axis=axis, dtype=np.float64)

    return spread * _sample_factor(form, light.size), float(_contrast(light[None], form, mean)[0]), saturation
