"""VIF, CW-SSIM, IW-SSIM and UQI: what is theirs alone. What all metrics owe is in tests/contract."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

import samples
from shared_data import load
from visq.errors import OptionError, SizeError
from visq.metrics import iw_ssim as iw_module
from visq.metrics import uqi as uqi_module
from visq.metrics import vif as vif_module
from visq.metrics.cw_ssim import cw_ssim
from visq.metrics.iw_ssim import iw_ssim
from visq.metrics.uqi import uqi
from visq.metrics.vif import vif
from visq.ops.scale_mixture import inverse_and_eigenvalues

torch = pytest.importorskip("torch")


def pair(height=181, width=200):
    reference = samples.picture(height, width, grey=True).astype(np.float64)
    image = np.clip(samples.noisy(samples.blurred(reference.astype(np.uint8), 0.9), 5), 0, 255).astype(np.float64)
    return image, reference


@pytest.mark.parametrize(
    ("fused", "plain"),
    [
        pytest.param(vif, vif_module.plain, id="vif"),
        pytest.param(iw_ssim, iw_module.plain, id="iw_ssim"),
        pytest.param(uqi, lambda x, y: uqi_module.plain_map(x, y, np.full(8, 1 / 8)).mean(axis=(1, 2)), id="uqi"),
    ],
)
def test_the_fused_engine_is_the_plain_formula(fused, plain):
    for size in ((181, 200), (176, 163), (161, 250)):
        image, reference = pair(*size)
        value = fused(image, reference, data_range=255)
        # The same sums in another order, float64.
        assert value == pytest.approx(float(plain(image[None], reference[None])[0]), rel=1e-11)
        assert fused(np.float32(image), np.float32(reference), data_range=255) == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize("metric", [vif, cw_ssim, iw_ssim, uqi])
@pytest.mark.parametrize("grey", [True, False], ids=["grey", "rgb"])
def test_memory_stays_below_ten_times_the_input(metric, grey):
    image, reference = (samples.picture(540, 960, grey=grey) for _ in range(2))
    metric(image, reference)
    image[::3, ::2] //= 2
    tracemalloc.start()
    metric(image, reference)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10 * (image.nbytes + reference.nbytes)


# VIF ---------------------------------------------------------------------------------------------------------


def test_vif_exceeds_one_where_contrast_is_raised():
    reference = samples.picture(160, 160, grey=True) / 255.0 * 0.5 + 0.25
    assert 1.0 < vif((reference - 0.5) * 1.5 + 0.5, reference) < 1.5


def test_vif_without_information_in_the_reference():
    grey, noise = np.full((80, 80), 117, np.uint8), samples.noise(80, 80)[:, :, 0]
    assert vif(grey, grey) == 1.0
    assert vif(noise, grey) == 0.0
    assert vif(grey + 1, grey) == 0.0
    assert vif(grey, noise) == 0.0


def test_vif_of_an_inverted_picture_is_nearly_nothing():
    reference = samples.picture(160, 160, grey=True)
    assert vif(255 - reference, reference) < 0.01


# CW-SSIM -----------------------------------------------------------------------------------------------------


def test_cw_ssim_hardly_sees_a_shift_and_sees_noise():
    reference = samples.picture(256, 256, grey=True)
    shifted = samples.picture(256, 257, grey=True)[:, 1:]
    noisy = samples.noisy(reference, 60)
    assert cw_ssim(shifted, reference) > 0.99
    assert cw_ssim(noisy, reference) < cw_ssim(shifted, reference)


def test_cw_ssim_options():
    image, reference = (z / 255.0 for z in pair())
    base = cw_ssim(image, reference)
    assert cw_ssim(image, reference, level=2) != base
    assert cw_ssim(image, reference, orientations=4) == pytest.approx(base, abs=0.05)
    assert base < cw_ssim(image, reference, k=1e3) < 1.0
    assert cw_ssim(np.zeros((64, 64)), np.ones((64, 64))) == 0.0
    assert cw_ssim(np.zeros((64, 64)), np.ones((64, 64)), k=1.0) == 1.0
    for wrong in ({"level": 0}, {"level": 2.5}, {"orientations": 0}, {"orientations": 17}, {"k": -1.0}):
        with pytest.raises(OptionError, match=next(iter(wrong))):
            cw_ssim(image, reference, **wrong)
    with pytest.raises(SizeError, match="128"):
        cw_ssim(image[:100], reference[:100], level=5)


# IW-SSIM -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("as_tensor", [False, True], ids=["numpy", "torch"])
def test_iw_ssim_of_the_recorded_luma(as_tensor):
    """MATLAB's value for the colour pair (piq 0.8.0 tests/test_iw_ssim.py), from the luma it was computed on."""
    luma = [load(f"golden/piq/{n}.png") @ np.array([0.299, 0.587, 0.114]) / 255.0 for n in ("I01", "I01_01_5")]
    value = float(iw_ssim(*(torch.as_tensor(z) for z in luma))) if as_tensor else iw_ssim(*luma)
    assert value == pytest.approx(0.946804801436296, rel=0, abs=1e-12)


def test_iw_ssim_takes_the_weights_from_the_reference():
    image, reference = pair()
    flat = np.full_like(reference, 90.0)
    one, two = (iw_ssim(*z, data_range=255) for z in ((image, reference), (reference, image)))
    assert one != pytest.approx(two, rel=1e-6)
    assert 0.0 <= iw_ssim(flat, reference, data_range=255) < 0.3
    assert 0.0 <= iw_ssim(image, flat, data_range=255) < 0.3


def test_iw_ssim_of_flat_pictures_is_not_weighted():
    black, white = np.zeros((170, 180)), np.ones((170, 180))
    assert iw_ssim(white, white) == 1.0
    # Only the last scale differs, where white is 16 times 255, and there only its luminance term.
    light = (0.01 * 255) ** 2 / ((16 * 255) ** 2 + (0.01 * 255) ** 2)
    assert iw_ssim(black, white) == pytest.approx(light ** (0.1333 / 1.0001), rel=1e-9)


def test_the_parent_is_the_next_band_enlarged():
    # A ramp stays a ramp inside: n samples become 2 n, half a step apart, at the quarters between them.
    ramp = np.arange(20.0)[None, None] * np.ones((1, 5, 1))
    wide = iw_module._enlarge(ramp, 40, -1)[0, 0]
    assert wide.shape == (40,)
    assert wide[0] == 0.0
    assert wide[-1] == 19.0
    np.testing.assert_allclose(np.diff(wide)[2:-2], 40 / 77, rtol=1e-12)


# UQI ---------------------------------------------------------------------------------------------------------


def exact(x, y, n=8):
    """The steps of the authors' img_qi.m, in integers."""
    a, b = (np.lib.stride_tricks.sliding_window_view(z.astype(np.int64), (n, n)) for z in (x, y))
    sa, sb, saa, sbb, sab = (z.sum(axis=(2, 3)) for z in (a, b, a * a, b * b, a * b))
    product, squares = sa * sb, sa * sa + sb * sb
    spread = n * n * (saa + sbb) - squares
    values = np.ones(product.shape)
    flat = (spread == 0) & (squares != 0)
    values[flat] = 2.0 * product[flat] / squares[flat]
    rest = (spread != 0) & (squares != 0)
    values[rest] = 4.0 * (n * n * sab - product)[rest] / spread[rest] * (product[rest] / squares[rest])
    return values


@pytest.mark.parametrize("window", [2, 7, 8, 11])
def test_uqi_is_the_authors_formula_flat_and_black_parts_included(window):
    image, reference = (z.round().astype(np.uint8) for z in pair(90, 100))
    image[:30, :40] = 117
    reference[:30, :30] = 90
    image[40:70, 50:90] = reference[40:70, 50:90] = 0
    expected = exact(image, reference, window)
    for given in (image, image / 255.0, torch.as_tensor(image / 255.0)):
        other = reference if given is image else reference / 255.0
        other = torch.as_tensor(other) if isinstance(given, torch.Tensor) else other
        score, values = uqi(given, other, window=window, full=True)
        np.testing.assert_allclose(np.asarray(values), expected, rtol=0, atol=1e-9)
        assert float(score) == pytest.approx(expected.mean(), abs=1e-10)


def test_uqi_options():
    image, reference = (samples.noisy(samples.picture(64, 64), 9), samples.picture(64, 64))
    channels = [uqi(image[..., c], reference[..., c]) for c in range(3)]
    assert uqi(image, reference, channels="rgb") == pytest.approx(np.mean(channels), rel=1e-12)
    for wrong in ({"window": 1}, {"window": 3.5}, {"channels": "hue"}, {"channels": "rgb", "rounded_luma": True}):
        with pytest.raises(OptionError):
            uqi(image, reference, **wrong)
    with pytest.raises(SizeError, match="9"):
        uqi(image[:8], reference[:8], window=9)


# Shared ------------------------------------------------------------------------------------------------------


def test_a_covariance_of_any_rank_has_an_inverse_and_a_finite_gradient():
    row = torch.arange(9, dtype=torch.float64)
    for covariance in (torch.zeros(9, 9, dtype=torch.float64), torch.outer(row, row), torch.eye(9, dtype=row.dtype)):
        leaf = covariance.clone()[None].requires_grad_()
        inverse, strengths = inverse_and_eigenvalues(leaf)
        assert torch.isfinite(inverse).all()
        assert (strengths >= 0).all()
        strengths.sum().backward()
        assert torch.isfinite(leaf.grad).all()
