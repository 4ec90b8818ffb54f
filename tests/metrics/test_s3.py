"""S3: against the published steps in loops, the edges of its map, and how it moves."""

from __future__ import annotations

import math
from functools import cache
from itertools import product

import numpy as np
import pytest
import torch

import samples
from visq.metrics.s3 import s3


@cache
def _corners():
    """The four frequencies around every point of every circle, and their weights: 16 x 360 x 4."""
    places, weights = np.empty((2, 16, 360, 4), int), np.empty((16, 360, 4))
    for k, degree in product(range(16), range(360)):
        corner, share = [], []
        for f in (math.sin, math.cos):
            v = (k + 1) * f(degree / 360 * (2 * math.pi))
            inner, outer = (int(math.copysign(g(abs(v)), v)) for g in (math.floor, math.ceil))
            # Measured from the outer one where that is negative, as in the authors' program.
            share.append(abs(v - (outer if outer < 0 else inner)))
            corner.append((inner % 32, outer % 32))
        (u1, u2), (v1, v2) = corner
        a, b = share
        places[:, k, degree] = (u1, u1, u2, u2), (v1, v2, v1, v2)
        weights[k, degree] = (1 - a) * (1 - b), (1 - a) * b, a * (1 - b), a * b
    return places, weights


def _slope(block):
    taper = 0.5 * (1 - np.cos(2 * np.pi * np.arange(1, 33) / 33))
    amplitude = np.abs(np.fft.fft2(block * np.outer(taper, taper)))
    amplitude[0, 0] = (amplitude[1, 0] + amplitude[0, 1]) / 2
    (rows, columns), weights = _corners()
    average = (amplitude[rows, columns] * weights).sum(axis=(1, 2)) / 360
    return -np.polyfit(np.log(np.arange(1, 17)), np.log(average), 1)[0]


def _visible(block):
    light = (0.7656 + 0.0364 * block) ** 2.2
    parts = (light[r : r + 8, c : c + 8] for r in range(0, 25, 4) for c in range(0, 25, 4))
    return any(p.mean() > 2 and np.ptp(p) > 5 for p in parts)


def _map(levels):
    """Block by block, over the picture mirrored at its border."""
    high, wide = levels.shape
    s1 = np.zeros((high + 32, wide + 32))
    padded = np.pad(levels, 16, mode="symmetric")
    for r, c in product(range(0, high + 1, 8), range(0, wide + 1, 8)):
        block = padded[r : r + 32, c : c + 32]
        if _visible(block):
            s1[r + 12 : r + 20, c + 12 : c + 20] = 1 - 1 / (1 + math.exp(-3 * (_slope(block) - 2)))
    s2 = np.zeros((2, high, wide))
    for shift, out in zip((8, 4), s2, strict=True):
        padded = np.pad(levels, shift, mode="symmetric")
        whole = np.zeros(padded.shape)
        for r in range(0, padded.shape[0] - 7, 8):
            for c in range(0, padded.shape[1] - 7, 8):
                b = padded[r : r + 8, c : c + 8]
                p, q, u, v = b[:-1, :-1], b[:-1, 1:], b[1:, :-1], b[1:, 1:]
                pairs = ((p, q), (p, u), (p, v), (q, u), (q, v), (u, v))
                whole[r : r + 8, c : c + 8] = sum(abs(i - j) for i, j in pairs).max() / 255 / 4
        out[:] = whole[shift : shift + high, shift : shift + wide]
    return np.sqrt(s1[16 : 16 + high, 16 : 16 + wide] * s2.max(axis=0))


@pytest.mark.parametrize("shape", [(32, 32), (41, 38), (47, 45)], ids=str)
def test_against_loops(shape):
    image = samples.picture(*shape, grey=True)
    expected = _map(image.astype(float))
    score, found = s3(image / 255.0, full=True)
    np.testing.assert_allclose(found, expected, atol=1e-11)
    hundredth = round(expected.size / 100)
    assert score == pytest.approx(np.sort(expected, axis=None)[-hundredth:].mean(), rel=1e-10)
    assert s3(image) == pytest.approx(score, rel=1e-10)


def test_the_score_is_the_mean_of_the_sharpest_hundredth_of_the_map():
    for height, width in ((32, 61), (99, 101), (150, 203)):
        score, values = s3(samples.picture(height, width) / 255.0, full=True)
        assert values.shape == (height, width)
        count = round(height * width / 100)
        assert score == pytest.approx(np.sort(values, axis=None)[-count:].mean(), rel=1e-12)


def test_tensors_score_as_arrays():
    image = samples.picture(70, 90) / 255.0
    tensor = torch.from_numpy(np.moveaxis(image, -1, 0).copy())
    score, values = s3(tensor, full=True)
    expected, map_ = s3(image, full=True)
    assert float(score) == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(values.numpy(), map_, atol=1e-12)
    assert not score.requires_grad


def test_blur_lowers_sharpness_and_noise_raises_it():
    picture = samples.picture(200, 210)
    scores = [s3(picture), *(s3(samples.blurred(picture, s)) for s in (1.0, 1.6, 2.5, 4.0))]
    assert scores == sorted(scores, reverse=True)
    soft = samples.blurred(picture, 2.5)
    assert s3(samples.noisy(soft, 18)) > s3(soft)


def test_the_map_is_high_where_the_picture_is_sharp():
    picture = samples.picture(160, 240)
    picture[:, :120] = samples.blurred(picture, 3.0)[:, :120]
    score, values = s3(picture, full=True)
    assert values[:, 150:].mean() > 3 * values[:, :90].mean()
    assert score == pytest.approx(s3(picture[:, 120:]), rel=0.1)


def test_pictures_without_contrast_score_zero():
    for value in (0, 99, 255):
        assert s3(np.full((40, 50), value, np.uint8)) == 0.0
    # Dark detail that nobody sees.
    assert s3(np.random.default_rng(0).integers(0, 4, (40, 50), np.uint8)) == 0.0
