"""Total variation: values worked out by hand, scale, integers without rounding. piq's values: tests/golden."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import visq
from visq.errors import OptionError
from visq.metrics.total_variation import total_variation

NORMS = ("l2", "l1", "l2_squared")


@pytest.mark.parametrize(("norm", "expected"), [("l1", 2.0), ("l2_squared", 1.0), ("l2", 1.0)])
def test_by_hand(norm, expected):
    # Two columns that differ by a half, in two channels of two rows: four differences of a half and no other.
    image = np.zeros((2, 2, 3))
    image[:, 1, :2] = 0.5
    assert total_variation(image, norm=norm) == expected
    assert float(total_variation(torch.from_numpy(np.moveaxis(image, -1, 0).copy()), norm=norm)) == expected


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (70, 131), (33, 20, 3)])
def test_against_numpy(norm, shape):
    rng = np.random.default_rng(0)
    for image in (rng.random(shape), rng.integers(0, 256, shape, dtype=np.uint8)):
        scaled = image / (255.0 if image.dtype == np.uint8 else 1.0)
        steps = np.concatenate([np.diff(scaled, axis=0).ravel(), np.diff(scaled, axis=1).ravel()])
        expected = np.abs(steps).sum() if norm == "l1" else (steps**2).sum()
        expected = np.sqrt(expected) if norm == "l2" else expected
        assert total_variation(image, norm=norm) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("norm", NORMS)
def test_layout_of_memory_does_not_matter(norm):
    image = np.random.default_rng(1).integers(0, 256, (40, 30, 3), dtype=np.uint8)
    planar = np.moveaxis(np.ascontiguousarray(np.moveaxis(image, -1, 0)), 0, -1)
    assert planar.strides != image.strides
    assert total_variation(planar, norm=norm) == pytest.approx(total_variation(image, norm=norm), rel=1e-15)


@pytest.mark.parametrize("norm", NORMS)
def test_only_the_share_of_white_matters(norm):
    image = np.random.default_rng(2).random((20, 30))
    expected = total_variation(image, norm=norm)
    assert total_variation(image * 255, data_range=255, norm=norm) == pytest.approx(expected, rel=1e-12)
    assert total_variation(image, data_range=2, norm=norm) == pytest.approx(
        expected / (4 if norm == "l2_squared" else 2), rel=1e-12
    )


@pytest.mark.parametrize("norm", NORMS)
def test_flat_is_zero_and_noise_is_more(norm):
    flat = np.full((16, 16, 3), 77, np.uint8)
    assert total_variation(flat, norm=norm) == 0.0
    noise = np.random.default_rng(3).integers(0, 256, (64, 64), dtype=np.uint8)
    smooth = (noise[:-1].astype(float) + noise[1:]) / 510
    assert total_variation(smooth, norm=norm) < total_variation(noise[1:], norm=norm)


def test_large_sums_are_exact():
    # Each difference is full scale: the sum of squares is 2 * 3 * 65535^2 * ..., far beyond 32 bits.
    checks = (np.indices((300, 400)).sum(axis=0) % 2 * 65535).astype(np.uint16)
    assert total_variation(checks, norm="l2_squared") == 299 * 400 + 300 * 399


@pytest.mark.parametrize("norm", NORMS)
def test_gradcheck(norm):
    image = torch.rand((1, 3, 6, 7), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda x: total_variation(x, norm=norm), (image.requires_grad_(),), eps=1e-7)


def test_unknown_norm_is_refused():
    with pytest.raises(OptionError, match="'l2' or 'l1' or 'l2_squared'"):
        total_variation(np.zeros((4, 4)), norm="isotropic")


def test_alias_and_identity():
    assert visq.metric("total_variation", norm="l1").identity == "tv@1(norm=l1)"
