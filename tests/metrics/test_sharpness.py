"""Variance of Laplacian, Tenengrad and CPBD: against SciPy and plain loops, by hand, and how they move."""

from __future__ import annotations

import itertools
import tracemalloc

import numpy as np
import pytest
import torch
from scipy import ndimage

import samples
import visq
from visq.errors import OptionError
from visq.metrics.cpbd import cpbd
from visq.metrics.sharpness import sharpness_laplacian, tenengrad
from visq.ops import _numba_edges

SHAPES = [(1, 1), (1, 7), (9, 1), (2, 2), (3, 5), (70, 131), (64, 64)]
CROSS = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0.0]])
SOBEL = np.outer([1, 2, 1], [-1, 0, 1.0])


def _grey(shape):
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, shape, dtype=np.uint8), rng.random(shape)


def _tensor(image):
    return torch.from_numpy(image)[None, None]


def _repeated(image, kernel):
    return ndimage.correlate(image, kernel, mode="nearest")


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_laplacian_against_scipy(shape):
    for image in _grey(shape):
        levels = image.astype(float) * (1 if image.dtype == np.uint8 else 255)
        # SciPy's mirror of one pixel is itself, as ours.
        expected = ndimage.correlate(levels, CROSS, mode="mirror").var()
        assert sharpness_laplacian(image) == pytest.approx(expected, rel=1e-12, abs=1e-12)
        assert float(sharpness_laplacian(_tensor(image))) == pytest.approx(expected, rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("threshold", [0.0, 150.0])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_tenengrad_against_scipy(shape, threshold):
    for image in _grey(shape):
        levels = image.astype(float) * (1 if image.dtype == np.uint8 else 255)
        energy = _repeated(levels, SOBEL) ** 2 + _repeated(levels, SOBEL.T) ** 2
        expected = np.where(energy > threshold**2, energy, 0).mean()
        assert tenengrad(image, threshold=threshold) == pytest.approx(expected, rel=1e-12, abs=1e-12)
        assert float(tenengrad(_tensor(image), threshold=threshold)) == pytest.approx(expected, rel=1e-5, abs=1e-9)


def test_the_threshold_itself_does_not_pass():
    edge = np.zeros((4, 4), np.uint8)
    edge[:, 2:] = 10
    assert tenengrad(edge, threshold=39.9) == 800.0
    assert tenengrad(edge, threshold=40.0) == 0.0


@pytest.mark.parametrize("threshold", [-1.0, float("nan"), float("inf")])
def test_an_unusable_threshold_is_refused(threshold):
    with pytest.raises(OptionError, match="threshold"):
        tenengrad(np.zeros((4, 4)), threshold=threshold)


@pytest.mark.parametrize("value", [0.0, 1 / 3, 0.7, 1.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_flat_picture_has_no_sharpness(value, dtype):
    flat = np.full((70, 66, 3), value, dtype)
    for metric in (sharpness_laplacian, tenengrad, cpbd):
        assert metric(flat) == 0.0


@pytest.mark.parametrize("metric", [sharpness_laplacian, tenengrad])
def test_gradcheck(metric):
    image = torch.rand((1, 3, 6, 7), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert torch.autograd.gradcheck(metric, (image.requires_grad_(),), eps=1e-6)


@pytest.mark.parametrize("name", ["sharpness_laplacian", "tenengrad", "cpbd"])
def test_blur_lowers_sharpness_at_every_step(name):
    metric = visq.metric(name)
    picture = samples.picture(256, 272)
    scores = [float(metric(picture)), *(float(metric(samples.blurred(picture, s))) for s in (0.6, 1.0, 1.6, 2.5, 4.0))]
    # CPBD has nowhere to fall from 0.
    assert all(a > b or a == b == 0 for a, b in itertools.pairwise(scores)), scores
    assert scores[3] > 0


@pytest.mark.parametrize("name", ["sharpness_laplacian", "tenengrad", "cpbd"])
def test_noise_raises_sharpness_as_the_notes_warn(name):
    metric = visq.metric(name)
    soft = samples.blurred(samples.picture(256, 272), 1.6)
    assert float(metric(samples.noisy(soft, 18))) > float(metric(soft))


@pytest.mark.parametrize("name", ["cpbd", "s3"])
def test_at_most_ten_times_the_memory_of_its_input(name):
    metric = visq.metric(name)
    image = np.tile(samples.picture(320, 320, grey=True), (2, 3))
    metric(image[:80, :80])
    tracemalloc.start()
    try:
        metric(image)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # Bytes of grey, the smallest input there is; working rows count more in a picture as small as this one.
    assert peak < 10 * image.nbytes + 2**22


def test_aliases():
    assert visq.catalog.get("variance_of_laplacian").id == "sharpness_laplacian"


# CPBD --------------------------------------------------------------------------------------------------------


def _taps():
    position = np.arange(16) - 7.5
    smooth = np.exp(-(position**2) / 4)
    smooth /= smooth.sum()
    slope = np.gradient(smooth)
    slope[slope > 0] /= slope[slope > 0].sum()
    slope[slope < 0] /= -slope[slope < 0].sum()
    return smooth, slope


def _peaks(across, down, size):
    """Largest along the gradient, each pixel on its own: the neighbours on both sides, between two pixels each."""
    found = np.zeros(size.shape, bool)
    for r in range(1, size.shape[0] - 1):
        for c in range(1, size.shape[1] - 1):
            x, y = across[r, c], down[r, c]
            if x == 0 and y == 0:
                continue
            # One step of the longer component, a share of one of the shorter.
            share = min(abs(x), abs(y)) / max(abs(x), abs(y))
            sx, sy = int(np.sign(x)), int(np.sign(y))
            straight = (0, sx) if abs(x) >= abs(y) else (sy, 0)
            ahead = (1 - share) * size[r + straight[0], c + straight[1]] + share * size[r + sy, c + sx]
            behind = (1 - share) * size[r - straight[0], c - straight[1]] + share * size[r - sy, c - sx]
            found[r, c] = size[r, c] >= ahead and size[r, c] >= behind
    return found


def _canny(levels):
    smooth, slope = _taps()

    def along(x, taps, axis):
        return ndimage.convolve1d(x, taps, axis=axis, mode="nearest")

    across, down = along(along(levels, smooth, 0), slope, 1), along(along(levels, smooth, 1), slope, 0)
    size = np.hypot(across, down)
    size /= size.max()
    counts = np.bincount(np.floor(size * 63 + 0.5).astype(int).ravel(), minlength=64)
    high = (np.argmax(np.cumsum(counts) > 0.7 * size.size) + 1) / 64
    weak = _peaks(across, down, size) & (size > 0.4 * high)
    labels, _ = ndimage.label(weak, np.ones((3, 3)))
    strong = np.unique(labels[weak & (size > high)])
    return np.isin(labels, strong[strong > 0])


def _width(row, c, sign):
    total = 0
    for step, way in ((1, sign), (-1, -sign)):
        k = 0
        while True:
            near, far = c + step * (k + 1), c + step * (k + 2)
            if not 0 <= far < row.size or way * (row[far] - row[near]) <= 0 or k == 100:
                break
            k += 1
        total += k + 1
    return total


def _cpbd_in_loops(image):
    """From the paper's steps, with the probability written out; MATLAB's edges in SciPy."""
    levels = image.astype(float)
    edges = _canny(levels)
    energy = (_repeated(levels, SOBEL) / 8) ** 2
    histogram = np.zeros(101)
    for top in range(0, levels.shape[0] // 64 * 64, 64):
        for left in range(0, levels.shape[1] // 64 * 64, 64):
            block = np.s_[top : top + 64, left : left + 64]
            if edges[block].sum() <= 0.002 * 64**2:
                continue
            just = 5 if np.ptp(levels[block]) <= 50 else 3
            for r in range(max(top, 1), min(top + 64, levels.shape[0] - 1)):
                for c in range(max(left, 1), min(left + 64, levels.shape[1] - 1)):
                    e = energy[r, c]
                    beside = energy[r, c - 1] <= e > energy[r, c + 1]
                    if e <= 4 or not (beside or energy[r - 1, c] <= e > energy[r + 1, c]):
                        continue
                    x, y = levels[r, c + 1] - levels[r, c - 1], levels[r + 1, c] - levels[r - 1, c]
                    angle = np.degrees(np.arctan2(y, x)) if x else 0.0
                    turn = 45 * np.round(angle / 45)
                    if turn in (0, 180, -180):
                        width = _width(levels[r], c, 1 if turn == 0 else -1)
                        histogram[int(np.round(100 * (1 - np.exp(-((width / just) ** 3.6)))))] += 1
    return histogram[:64].sum() / histogram.sum()


@pytest.mark.parametrize("sigma", [0.0, 1.2, 2.5])
def test_cpbd_against_loops(sigma):
    picture = samples.picture(150, 200, grey=True)
    image = samples.blurred(picture, sigma) if sigma else picture
    assert cpbd(image) == pytest.approx(_cpbd_in_loops(image), rel=1e-12)


def test_canny_edges_against_scipy():
    image = samples.picture(140, 200, grey=True)
    counts = _numba_edges.canny_counts(image, 4)
    expected = _canny(image.astype(float)).reshape(35, 4, 50, 4).sum(axis=(1, 3))
    # Magnitudes are kept in single precision: a pixel in a million may fall on the other side of a threshold.
    assert np.array_equal(counts, expected)


def test_the_share_of_just_noticeable_widths_is_the_sum_of_the_histogram():
    # P first rounds to more than 63 % in the first whole width above the just noticeable one.
    for just in (5, 3):
        widths = np.arange(1, 203)
        share = np.round(100 * (1 - np.exp(-((widths / just) ** 3.6)))) <= 63
        assert np.array_equal(share, widths <= just)


def test_what_fills_no_block_is_left_out():
    picture = samples.picture(128, 192, grey=True)
    wider = np.pad(picture, ((0, 40), (0, 50)), mode="edge")
    assert cpbd(wider) == pytest.approx(cpbd(picture), abs=0.05)
    assert _numba_edges.canny_counts(wider, 64).shape == (2, 3)


def test_edges_without_contrast_or_a_vertical_part_score_zero():
    rows = np.repeat(np.arange(128, dtype=np.uint8)[:, None] // 64 * 200, 128, axis=1)
    assert cpbd(rows) == 0.0


def test_many_connected_edges_do_not_overflow_the_stack():
    # Rings one after the other: thousands of peaks hang together.
    y, x = np.mgrid[-256:256, -256:256]
    rings = (127.5 + 127.5 * np.sin(np.hypot(x, y) ** 1.02 * 0.4)).round().astype(np.uint8)
    assert 0.0 <= cpbd(rings) <= 1.0
    assert _numba_edges.canny_counts(rings, 64).sum() > 5000


def test_cpbd_rounds_any_input_to_levels():
    picture = samples.picture(140, 150)
    assert cpbd(picture / 255.0) == cpbd(picture) == cpbd(picture.astype(np.uint16) * 257)
