"""CIELab: published values, exact greys, the two engines, gradients where the curves have their knees."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from visq.errors import InputError
from visq.ops import lab
from visq.ops.threads import set_threads

# Values of Bruce Lindbloom's calculator (sRGB, D65, no adaptation), to its four digits. Its primaries are given to
# seven digits and its white is (0.95047, 1, 1.08883); ours differ in the sixth, which is 0.01 of a and b.
PRIMARIES = {
    (1.0, 0.0, 0.0): (53.2408, 80.0925, 67.2032),
    (0.0, 1.0, 0.0): (87.7347, -86.1827, 83.1793),
    (0.0, 0.0, 1.0): (32.2970, 79.1875, -107.8602),
    (1.0, 1.0, 0.0): (97.1393, -21.5537, 94.4780),
}


def _pixel(values, dtype=np.float64):
    return np.array(values, dtype).reshape(3, 1, 1)


@pytest.mark.parametrize("rgb", PRIMARIES)
def test_published_values(rgb):
    assert lab.rgb_to_lab(_pixel(rgb)).ravel() == pytest.approx(PRIMARIES[rgb], abs=0.012)


@pytest.mark.parametrize("level", [0.0, 1e-4, 0.02, 0.04045, 0.2, 0.5, 1.0])
def test_grey_has_no_colour(level):
    lightness, a, b = lab.rgb_to_lab(_pixel([level] * 3)).ravel()
    assert abs(a) < 1e-12
    assert abs(b) < 1e-12
    assert 0 <= lightness <= 100 + 1e-12


def test_black_and_white_are_exact():
    assert lab.rgb_to_lab(_pixel([0.0] * 3)).ravel().tolist() == [0.0, 0.0, 0.0]
    assert lab.rgb_to_lab(_pixel([1.0] * 3)).ravel()[0] == pytest.approx(100.0, abs=1e-12)


def test_xyz_of_white_is_its_white_point():
    xyz = lab.linear_to_xyz(np.ones((3, 1, 1)))
    assert xyz.ravel() == pytest.approx(lab.WHITE, rel=1e-15)
    assert lab.WHITE[1] == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-9), (np.float32, 2e-4)])
@pytest.mark.parametrize("shape", [(3, 40, 33), (2, 3, 9, 70), (2, 2, 3, 5, 5)])
def test_engines_agree(dtype, tolerance, shape):
    # In float32 a step of the cube root, 6e-8, is 3e-5 of a and b.
    rgb = np.random.default_rng(0).random(shape).astype(dtype)
    fused, plain = lab.rgb_to_lab(rgb), lab.rgb_to_lab(torch.from_numpy(rgb)).numpy()
    assert fused.dtype == plain.dtype == dtype
    assert fused.shape == shape
    np.testing.assert_allclose(fused, plain, rtol=0, atol=tolerance)
    np.testing.assert_allclose(
        fused,
        lab.relative_xyz_to_lab(lab.linear_to_xyz(lab.srgb_to_linear(rgb), relative=True)),
        rtol=0,
        atol=tolerance,
    )


def test_strided_input_and_threads():
    rgb = np.random.default_rng(1).random((150, 41, 3))
    planes = np.moveaxis(rgb, -1, 0)
    try:
        set_threads(1)
        one = lab.rgb_to_lab(planes)
        set_threads(2)
        two = lab.rgb_to_lab(planes)
    finally:
        set_threads(None)
    assert (one == two).all()
    assert (one == lab.rgb_to_lab(np.ascontiguousarray(planes))).all()


def test_light_table_is_the_curve():
    from visq.ops._numba_lab import light_table

    codes = np.arange(256) / 255.0
    np.testing.assert_allclose(light_table(np.uint8, 255.0), lab.srgb_to_linear(codes), rtol=1e-14)


def test_gradcheck():
    generator = torch.Generator().manual_seed(0)
    rgb = torch.rand((3, 4, 5), generator=generator, dtype=torch.float64)
    rgb[:, 0] *= 0.04  # the straight parts of both curves
    assert torch.autograd.gradcheck(lab.rgb_to_lab, (rgb.requires_grad_(),), eps=1e-7, atol=1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("level", [-1e-4, 0.0, lab.SRGB_KNEE, 1.0, 1.0005])
def test_gradient_is_finite_at_the_ends(dtype, level):
    rgb = torch.full((3, 2, 2), level, dtype=dtype, requires_grad=True)
    out = lab.rgb_to_lab(rgb)
    out.sum().backward()
    assert torch.isfinite(out).all()
    assert torch.isfinite(rgb.grad).all()


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 3), (2, 1, 4, 4)])
def test_wrong_planes_are_refused(shape):
    with pytest.raises(InputError, match=r"\.\.\., 3, H, W"):
        lab.rgb_to_lab(np.zeros(shape))
