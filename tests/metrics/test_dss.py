"""DSS: the published program step by step, the map, its range."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.fft
from scipy import ndimage

import samples
from visq.metrics import dss as module
from visq.metrics.dss import dss


def _plain(image, reference):
    """Sub-band by sub-band, in double precision, on 0..255."""
    height, width = (8 * (n // 8) for n in image.shape)
    place = np.arange(-1, 2)
    window = np.exp(-(place[:, None] ** 2 + place[None, :] ** 2) / (2 * 1.5**2))
    window /= window.sum()

    def blocks(x):
        tiles = x[:height, :width].reshape(height // 8, 8, width // 8, 8).swapaxes(1, 2)
        return scipy.fft.dctn(tiles, axes=(2, 3), norm="ortho")

    def smooth(x):
        return ndimage.correlate(x, window, mode="constant")

    def worst(x):
        return np.sort(x, axis=None)[: int(0.05 * x.size + 0.5)].mean()

    a, b = blocks(image), blocks(reference)
    score = weights = 0.0
    for m in range(8):
        for n in range(8):
            weight = np.exp(-((m + 0.5) ** 2 + (n + 0.5) ** 2) / (2 * 1.55**2))
            if weight < 0.01:
                continue
            x, y, c = a[..., m, n], b[..., m, n], 300 if m or n else 1000
            v, w = (np.maximum(smooth(z * z) - smooth(z) ** 2, 0) for z in (x, y))
            value = worst((2 * np.sqrt(v * w) + c) / (v + w + c))
            if not (m or n):
                value *= worst((smooth(x * y) - smooth(x) * smooth(y) + c) / (np.sqrt(v * w) + c))
            score, weights = score + weight * value, weights + weight
    return score / weights


@pytest.mark.parametrize("shape", [(32, 40), (71, 90), (200, 129)])
def test_plain_version(shape):
    reference = samples.picture(*shape, grey=True)
    image = samples.noisy(samples.blurred(reference, 1.0), 5.0)
    expected = _plain(image.astype(float), reference.astype(float))
    assert dss(image / 255.0, reference / 255.0) == pytest.approx(expected, rel=0, abs=1e-11)
    # Cosine transform in single precision.
    assert dss(image, reference) == pytest.approx(expected, rel=0, abs=2e-6)


def test_seventeen_subbands():
    assert len(module._WEIGHT) == 17
    assert (module._DOWN[0], module._ACROSS[0]) == (0, 0)
    assert module._WEIGHT.sum() == pytest.approx(1.0)


def test_what_fills_no_block_is_not_looked_at():
    image, reference = samples.noisy(samples.picture(47, 55), 9), samples.picture(47, 55)
    assert dss(image, reference) == dss(image[:40, :48], reference[:40, :48])


def test_levels_that_move_against_each_other_go_below_zero():
    rng = np.random.default_rng(2)
    levels = np.kron(rng.integers(0, 2, (12, 12)) * 255, np.ones((8, 8), int)).astype(np.uint8)
    assert -1 < dss(255 - levels, levels) < 0.9
    assert dss(255 - levels, levels) < dss(samples.noisy(levels, 20), levels)


def test_map():
    image, reference = samples.noisy(samples.picture(66, 80), 9), samples.picture(66, 80)
    image[:, :40] = reference[:, :40]
    score, local = dss(image, reference, full=True)
    assert local.shape == (8, 10)
    assert local.dtype == np.float32
    # A window reaches one block to each side.
    assert (local[:, :4] == 1).all()
    assert (local[:, 5:] < 1).all()
    assert score < local.mean()


def test_worse_is_lower():
    reference = samples.picture(96, 96)
    for distort, levels in ((samples.noisy, (3, 10, 30)), (samples.blurred, (0.7, 1.5, 3))):
        scores = [dss(distort(reference, level), reference) for level in levels]
        assert scores == sorted(scores, reverse=True)
