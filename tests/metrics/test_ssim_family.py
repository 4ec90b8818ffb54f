"""SSIM, MS-SSIM and VIFp: what must hold for every one of them, and what is theirs alone."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from shared_data import load
from visq.errors import InputError, OptionError, RangeError, SizeError
from visq.metrics import _moments
from visq.metrics import vif_p as vif_module
from visq.metrics.ms_ssim import ms_ssim
from visq.metrics.ssim import ssim
from visq.metrics.vif_p import vif_p
from visq.ops import threads
from visq.ops.filters import gaussian_window

torch = pytest.importorskip("torch")

METRICS = [
    pytest.param(ssim, {}, id="ssim"),
    pytest.param(ssim, {"channels": "rgb"}, id="ssim-rgb"),
    pytest.param(ssim, {"window": 7, "sigma": 1.0}, id="ssim-7x7"),
    pytest.param(ms_ssim, {}, id="ms_ssim"),
    pytest.param(ms_ssim, {"channels": "rgb", "pooling": "average"}, id="ms_ssim-rgb-average"),
    pytest.param(vif_p, {}, id="vif_p"),
]
FUSED = [ssim, ms_ssim, vif_p]
SMALLEST = {ssim: 11, ms_ssim: 161, vif_p: 41}


def picture(seed=0, height=165, width=183, channels=3):
    """Smooth shapes plus texture, odd sides."""
    rng = np.random.default_rng(seed)
    r, c = np.mgrid[0:height, 0:width]
    smooth = 120 + 70 * np.sin(r / 17.0)[..., None] * np.cos(c / 23.0)[..., None] * np.array([1.0, 0.8, 0.6])
    return np.clip(smooth + rng.normal(0, 12, smooth.shape), 0, 255).astype(np.uint8)[..., :channels]


def pair(seed=0, **size):
    reference = picture(seed, **size)
    noise = np.random.default_rng(seed + 100).normal(0, 9, reference.shape)
    return np.clip(reference * 0.9 + 8 + noise, 0, 255).astype(np.uint8), reference


def tensor(x, dtype=None):
    t = torch.from_numpy(np.ascontiguousarray(np.moveaxis(np.atleast_3d(x), -1, 0)))[None]
    return t if dtype is None else t.to(dtype)


def flat(value, height=165, width=170):
    return np.full((height, width), value, np.uint8)


@pytest.mark.parametrize(("metric", "options"), METRICS)
class TestEveryMetric:
    def test_identical_pair_is_exactly_one(self, metric, options):
        for image in (picture(), picture(1) / 255.0, (picture(2) / 255.0).astype(np.float32), flat(0), flat(255)):
            assert metric(image, image.copy(), **options) == 1.0
        x = tensor(picture()).float() / 255
        assert float(metric(x, x.clone(), **options)) == 1.0

    def test_black_against_white_is_finite_and_not_the_best(self, metric, options):
        for a, b in ((flat(0), flat(255)), (flat(255), flat(0))):
            assert 0.0 <= metric(a, b, **options) < 0.9

    def test_constant_against_picture_is_finite(self, metric, options):
        image = picture()
        for value in (0, 128, 255):
            constant = np.full_like(image, value)
            for a, b in ((constant, image), (image, constant)):
                assert 0.0 <= metric(a, b, **options) < 0.8

    def test_batch_equals_one_by_one(self, metric, options):
        pairs = [pair(seed) for seed in range(3)]
        together = metric(np.stack([a for a, _ in pairs]), np.stack([b for _, b in pairs]), **options)
        assert together.shape == (3,)
        assert together.tolist() == [metric(a, b, **options) for a, b in pairs]
        several = torch.cat([tensor(a) for a, _ in pairs]), torch.cat([tensor(b) for _, b in pairs])
        alone = [float(metric(tensor(a), tensor(b), **options)) for a, b in pairs]
        assert metric(*several, **options).tolist() == pytest.approx(alone, rel=1e-6)

    def test_dtypes_agree(self, metric, options):
        image, reference = pair(channels=1)
        image, reference = image[..., 0], reference[..., 0]
        expected = metric(image / 255.0, reference / 255.0, **options)
        wide = metric(image.astype(np.uint16) * 257, reference.astype(np.uint16) * 257, **options)
        single = metric((image / 255.0).astype(np.float32), (reference / 255.0).astype(np.float32), **options)
        scaled = metric(image.astype(np.float32), reference.astype(np.float32), data_range=255, **options)
        # Required: 1e-4 between float32 and float64 arithmetic.
        assert [metric(image, reference, **options), wide, single, scaled] == pytest.approx([expected] * 4, abs=2e-6)

    def test_shapes_of_one_image_agree(self, metric, options):
        image, reference = pair(channels=1)
        score = metric(image, reference, **options)
        assert isinstance(score, float)
        assert metric(image[..., 0], reference[..., 0], **options) == score
        assert metric(image[None], reference[None], **options).tolist() == [score]
        grey = [np.repeat(z, 3, axis=-1) for z in (image, reference)]
        assert metric(*grey, **options) == pytest.approx(score, abs=1e-6)

    @pytest.mark.parametrize("channels", [1, 3])
    def test_numpy_equals_torch(self, metric, options, channels):
        image, reference = pair(channels=channels)
        for dtype, tolerance in ((np.float32, 1e-5), (np.float64, 1e-9)):
            a, b = ((z / 255.0).astype(dtype) for z in (image, reference))
            given = metric(tensor(a), tensor(b), **options)
            assert given.dtype == (torch.float64 if dtype is np.float64 else torch.float32)
            assert float(given[0]) == pytest.approx(metric(a, b, **options), rel=tolerance)
        eight_bit = float(metric(tensor(image), tensor(reference), **options)[0])
        assert eight_bit == pytest.approx(metric(image, reference, **options), rel=1e-5)

    def test_half_precision_is_computed_in_single(self, metric, options):
        image, reference = (tensor(z).double() / 255 for z in pair())
        for dtype in (torch.float16, torch.bfloat16):
            a, b = image.to(dtype), reference.to(dtype)
            low, high = metric(a, b, **options), metric(a.double(), b.double(), **options)
            assert low.dtype == torch.float32
            assert float(low[0]) == pytest.approx(float(high[0]), abs=1e-5)

    def test_gradients_are_finite(self, metric, options):
        image, reference = pair()
        cases = [
            (image, reference),
            (image, image),
            (flat(0), flat(0)),
            (flat(255), flat(255)),
            (flat(0), flat(255)),
            (flat(90), flat(160)),
            (flat(90), flat(90)),
            (255 - reference, reference),
            (flat(128), picture(3, 165, 170, 1)),
            (picture(3, 165, 170, 1), flat(128)),
        ]
        for dtype in (torch.float32, torch.float64):
            for a, b in cases:
                x = (tensor(a, dtype) / 255).requires_grad_()
                y = (tensor(b, dtype) / 255).requires_grad_()
                metric(x, y, **options).sum().backward()
                assert torch.isfinite(x.grad).all()
                assert torch.isfinite(y.grad).all()

    def test_threads_do_not_change_a_bit(self, metric, options):
        image, reference = pair(height=300, width=290)
        try:
            scores = []
            for count in (1, 2, 3):
                threads.set_threads(count)
                scores.append(metric(image, reference, **options))
        finally:
            threads.set_threads(None)
        assert scores[0] == scores[1] == scores[2]

    def test_bad_input_is_refused(self, metric, options):
        image, reference = (z / 255.0 for z in pair())
        holed = image.copy()
        holed[5, 5] = np.nan
        with pytest.raises(RangeError):
            metric(holed, reference, **options)
        with pytest.raises(RangeError):
            metric(image * 255, reference, **options)
        with pytest.raises(SizeError):
            metric(image[:-1], reference, **options)
        with pytest.raises(InputError):
            metric(image[..., :2], reference[..., :2], **options)

    def test_arguments_are_not_written(self, metric, options):
        image, reference = (z / 255.0 for z in pair())
        before = image.copy(), reference.copy()
        metric(image, reference, **options)
        assert np.array_equal(image, before[0])
        assert np.array_equal(reference, before[1])

    def test_strides_do_not_matter(self, metric, options):
        image, reference = pair(height=330, width=340)
        sliced = image[::2, ::-2], reference[::2, ::-2]
        assert metric(*sliced, **options) == metric(*(np.ascontiguousarray(z) for z in sliced), **options)


@pytest.mark.parametrize("metric", FUSED)
def test_smallest_size(metric):
    side = SMALLEST[metric]
    image, reference = pair(height=side, width=side + 2)
    assert 0.0 < metric(image, reference) < 1.0
    with pytest.raises(SizeError, match=f"at least {side}x{side}"):
        metric(image[1:], reference[1:])


@pytest.mark.parametrize(("metric", "side"), [(ssim, 13), (vif_p, 41)])
def test_gradcheck(metric, side):
    rng = np.random.default_rng(3)
    x = torch.tensor(rng.uniform(0.2, 0.8, (1, 1, side, side)), requires_grad=True)
    y = torch.tensor(np.clip(x.detach().numpy() + rng.normal(0, 0.05, x.shape), 0, 1), requires_grad=True)
    assert torch.autograd.gradcheck(metric, (x, y), fast_mode=True)


@pytest.mark.parametrize("options", [{}, {"channels": "rgb"}, {"pooling": "average"}])
def test_gradcheck_ms_ssim(options):
    image, reference = (tensor(z).double() / 255 for z in pair(height=161, width=165))
    image.requires_grad_()
    assert torch.autograd.gradcheck(lambda x: ms_ssim(x, reference, **options), (image,), fast_mode=True)


@pytest.mark.parametrize("metric", [ssim, ms_ssim])
def test_symmetric(metric):
    image, reference = pair()
    assert metric(image, reference) == pytest.approx(metric(reference, image), abs=1e-12)


def test_vif_is_not_symmetric():
    image, reference = load("golden/calibra/dist/I03.png"), load("golden/calibra/ref/I03.png")
    # piq 0.8.0 in float64 gives these for the two orders; its luma weights have three digits.
    assert vif_p(image, reference) == pytest.approx(0.0706269, abs=1e-5)
    assert vif_p(reference, image) == pytest.approx(0.1138825, abs=1e-5)


def test_vif_rises_with_contrast():
    reference = picture()
    stretched = np.clip((reference / 255.0 - 0.5) * 1.2 + 0.5, 0, 1)
    assert vif_p(stretched, reference / 255.0) > 1.0


@pytest.mark.parametrize("value", [0, 1, 37, 128, 200, 254, 255])
def test_vif_of_a_constant_reference(value):
    # Rounding must not turn a flat area into detail: 0/0 is 1 for an equal image and 0 for any other.
    constant = flat(value, 64, 70)
    other = flat((value + 90) % 256, 64, 70)
    assert vif_p(constant, constant) == 1.0
    assert vif_p(other, constant) == 0.0
    assert float(vif_p(tensor(other), tensor(constant))[0]) == 0.0


def test_vif_does_not_lose_precision_in_bright_flat_areas():
    # Almost all of the picture is saturated, where float32 moments would invent variance.
    reference = np.full((200, 200), 255, np.uint8)
    reference[90:110, 90:110] = picture(5, 20, 20, 1)[..., 0]
    image = reference.copy()
    image[90:110, 90:110] = np.clip(image[90:110, 90:110].astype(int) + 6, 0, 255)
    expected = vif_p(image / 255.0, reference / 255.0)
    assert vif_p(image, reference) == pytest.approx(expected, abs=1e-9)
    single = [tensor(z).float() / 255 for z in (image, reference)]
    assert float(vif_p(*single)[0]) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("shape", [(11, 11), (12, 300), (75, 251), (140, 500)])
@pytest.mark.parametrize("luminance", [True, False])
def test_fused_ssim_equals_plain(shape, luminance):
    taps = gaussian_window(11, 1.5)
    rng = np.random.default_rng(sum(shape))
    x = rng.integers(0, 256, (1, *shape), dtype=np.uint8)
    y = np.clip(x + rng.normal(0, 20, x.shape), 0, 255).astype(np.uint8)
    exact = _moments.plain_map(x / 1.0, y / 1.0, taps, 6.5025, 58.5225, luminance=luminance)
    for dtype, tolerance in ((np.float64, 1e-11), (np.float32, 2e-5), (np.uint8, 2e-5)):
        score, result = _moments.similarity(
            x.astype(dtype), y.astype(dtype), taps, 6.5025, 58.5225, luminance=luminance, full=True
        )
        assert result.dtype == (np.float64 if dtype is np.float64 else np.float32)
        np.testing.assert_allclose(result, exact, rtol=0, atol=tolerance)
        assert score[0] == pytest.approx(exact.mean(), abs=tolerance / 10)
        assert result.mean(dtype=np.float64) == pytest.approx(score[0], abs=1e-6)


@pytest.mark.parametrize("shape", [(41, 41), (60, 300), (131, 517)])
def test_fused_vif_equals_plain(shape):
    image, reference = (z[..., 0] for z in pair(height=shape[0], width=shape[1], channels=1))
    expected = vif_module.plain(image[None] / 1.0, reference[None] / 1.0)[0]
    assert vif_p(image, reference) == pytest.approx(float(expected), rel=1e-12)


@pytest.mark.parametrize("factor", [2, 3, 4, 5])
@pytest.mark.parametrize("shape", [(24, 36), (25, 37), (6, 5)])
def test_shrink_is_filter_then_stride(factor, shape):
    x = np.random.default_rng(factor).uniform(0, 255, (2, *shape))
    before = (factor - 1) // 2
    padded = np.pad(x, ((0, 0), (before, factor), (before, factor)), mode="symmetric")
    expected = np.stack(
        [
            [
                [plane[r : r + factor, c : c + factor].mean() for c in range(0, shape[1], factor)]
                for r in range(0, shape[0], factor)
            ]
            for plane in padded
        ]
    )
    np.testing.assert_allclose(_moments.shrink(x, factor), expected, rtol=1e-13)
    np.testing.assert_allclose(_moments.shrink(torch.from_numpy(x), factor).numpy(), expected, rtol=1e-13)


@pytest.mark.parametrize("options", [{}, {"channels": "rgb"}, {"window": 8}, {"downsample": True}])
def test_map_has_the_score_as_its_mean(options):
    image, reference = pair(height=400, width=420)
    size = {"window": (393, 413), "downsample": (190, 200)}.get(next(iter(options), ""), (390, 410))
    score, result = ssim(image, reference, full=True, **options)
    assert score == ssim(image, reference, **options)
    assert result.shape == size
    assert result.mean(dtype=np.float64) == pytest.approx(score, abs=1e-6)
    assert result.max() <= 1.0
    tensors = tensor(image), tensor(reference)
    value, batch = ssim(*tensors, full=True, **options)
    assert batch.shape == (1, *size)
    assert float(batch.mean()) == pytest.approx(float(value[0]), abs=1e-6)


def test_downsample_leaves_small_images_alone():
    image, reference = pair(height=383, width=400)
    assert ssim(image, reference, downsample=True) == ssim(image, reference)
    image, reference = pair(height=384, width=400)
    assert ssim(image, reference, downsample=True) != ssim(image, reference)


def test_ms_ssim_of_a_negative_is_zero():
    reference = picture(channels=1)
    assert ms_ssim(255 - reference, reference) == 0.0


def test_channels_of_rgb_are_averaged():
    image, reference = pair()
    each = [ssim(image[..., c], reference[..., c]) for c in range(3)]
    assert ssim(image, reference, channels="rgb") == pytest.approx(np.mean(each), abs=1e-7)


@pytest.mark.parametrize(
    ("metric", "options"),
    [
        (ssim, {"channels": "lab"}),
        (ssim, {"window": 0}),
        (ssim, {"sigma": 0.0}),
        (ssim, {"k1": 0.0}),
        (ssim, {"k2": 0.0}),
        (ssim, {"channels": "rgb", "rounded_luma": True}),
        (ms_ssim, {"pooling": "max"}),
        (ms_ssim, {"channels": "y"}),
    ],
)
def test_unusable_options_are_refused(metric, options):
    with pytest.raises(OptionError):
        metric(*pair(), **options)


def test_rounded_luma_is_what_eight_bit_input_gets():
    image, reference = pair()
    rounded = ssim(image / 255.0, reference / 255.0, rounded_luma=True)
    assert ssim(image, reference) == pytest.approx(rounded, abs=1e-6)
    assert abs(ssim(image / 255.0, reference / 255.0) - rounded) > 1e-6


def test_ssim_needs_no_full_size_intermediate():
    image, reference = (np.random.default_rng(s).integers(0, 256, (3000, 3000), dtype=np.uint8) for s in (0, 1))
    ssim(image[:64, :64], reference[:64, :64])
    tracemalloc.start()
    try:
        ssim(image, reference)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # One float32 map of this pair is 36 MB; a copy of one 8-bit plane would be 9 MB.
    assert peak < 1_000_000


def test_photograph_in_single_and_double_precision():
    for name in ("I03", "I04", "I19"):
        image, reference = load(f"golden/calibra/dist/{name}.png"), load(f"golden/calibra/ref/{name}.png")
        for metric in FUSED:
            exact = metric(image / 255.0, reference / 255.0, rounded_luma=True)
            assert metric(image, reference, rounded_luma=None) == pytest.approx(exact, abs=1e-6)
