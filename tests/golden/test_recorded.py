"""What two recorded values are that are not what their names say: found by computing them, from the formulae alone."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

import visq
from shared_data import load

# Recorded as MS-SSIM in `calibra/official.csv`, printed to four digits.
_MS_SSIM = {"I03": 0.6733, "I04": 0.9996, "I06": 0.9998, "I08": 0.9566, "I19": 0.8462}
_WEIGHTS = np.array([0.0448, 0.2856, 0.3001, 0.2363, 0.1333])
_HALF_A_DIGIT = 5e-5


def _windowed(plane):
    """The mean under a Gaussian window of 11 pixels, deviation 1.5, wherever it fits."""
    k = np.exp(-((np.arange(11) - 5.0) ** 2) / 4.5)
    k /= k.sum()
    rows = sliding_window_view(plane, 11, axis=0) @ k
    return sliding_window_view(rows, 11, axis=1) @ k


def _terms(x, y):
    """Mean of the contrast-structure term, and of SSIM."""
    mx, my = _windowed(x), _windowed(y)
    c1, c2 = (255 * 0.01) ** 2, (255 * 0.03) ** 2
    cs = (2 * (_windowed(x * y) - mx * my) + c2) / (_windowed(x * x) - mx**2 + _windowed(y * y) - my**2 + c2)
    return cs.mean(), (cs * (2 * mx * my + c1) / (mx**2 + my**2 + c1)).mean()


def _halved(plane):
    """Averaged over 2 x 2 pixels and thinned, the picture mirrored at its far edges, as `msssim.m` does it."""
    far = np.pad(plane, ((0, 1), (0, 1)), mode="symmetric")
    return ((far[:-1, :-1] + far[1:, :-1] + far[:-1, 1:] + far[1:, 1:]) / 4)[::2, ::2]


def _luma(pixels):
    return np.floor(pixels @ np.array([0.298936021293775, 0.587043074451121, 0.114020904255103]) + 0.5)


@pytest.mark.parametrize("name", _MS_SSIM)
def test_the_recorded_ms_ssim_is_the_weighted_sum_of_the_scales(name):
    """The authors' `msssim.m` has two ways of pooling: the recorded values are `wtd_sum`, the paper's is `product`."""
    x, y = (_luma(load(f"golden/calibra/{side}/{name}.png")) for side in ("dist", "ref"))
    total = 0.0
    product = 1.0
    for scale, weight in enumerate(_WEIGHTS):
        cs, ssim = _terms(x, y)
        term = ssim if scale == len(_WEIGHTS) - 1 else cs
        total += term * weight / _WEIGHTS.sum()
        product *= term**weight
        x, y = _halved(x), _halved(y)
    assert abs(total - _MS_SSIM[name]) <= _HALF_A_DIGIT
    pixels = [load(f"golden/calibra/{side}/{name}.png") / 255.0 for side in ("dist", "ref")]
    # The same steps, multiplied, are the metric.
    assert float(visq.metric("ms_ssim", rounded_luma=True)(*pixels)) == pytest.approx(product, abs=1e-12)


def test_the_recorded_ssim_of_a_colour_pair_is_that_of_its_channels_side_by_side():
    """`ssim.m` indexes with two subscripts, which lays the three thinned channels of a colour array in one row."""
    pair = [load(f"golden/piq/{name}.png").astype(float) for name in ("I01_01_5", "I01")]
    thinned = [[_halved(pixels[..., c]) / 255.0 for c in range(3)] for pixels in pair]
    rows = [np.concatenate(channels, axis=1) for channels in thinned]
    assert abs(float(visq.metric("ssim")(*rows)) - 0.7842) <= _HALF_A_DIGIT
    apart = [float(visq.metric("ssim")(x, y)) for x, y in zip(*thinned, strict=True)]
    assert abs(np.mean(apart) - 0.7820) <= _HALF_A_DIGIT
