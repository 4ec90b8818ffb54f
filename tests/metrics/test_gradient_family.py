"""GMSD, MS-GMSD, MS-GMSDc, MDSI, HaarPSI: what every full-reference metric must hold."""

from __future__ import annotations

import numpy as np
import pytest

import visq
from visq.errors import OptionError, RangeError, SizeError
from visq.metrics import gmsd as gmsd_module
from visq.metrics import haarpsi as haarpsi_module
from visq.metrics import mdsi as mdsi_module
from visq.ops import _numba_gmsd, _numba_haarpsi, _numba_mdsi
from visq.ops.threads import set_threads

METRICS = ["gmsd", "ms_gmsd", "ms_gmsdc", "mdsi", "haarpsi"]
MAPS = ["gmsd", "mdsi"]
OPTIONS = [
    ("gmsd", {"luma": "bt601"}),
    ("gmsd", {"rounded_luma": True}),
    ("ms_gmsd", {"rounded_luma": False}),
    ("mdsi", {"combination": "mult"}),
    ("haarpsi", {"preprocessing": False}),
]
CASES = [*((name, {}) for name in METRICS), *OPTIONS]

every_metric = pytest.mark.parametrize("name", METRICS)
every_case = pytest.mark.parametrize(("name", "options"), CASES)


def scene(height=45, width=70, channels=3, seed=0):
    """Smooth coloured shapes with some noise, and the same with more noise and less contrast; uint8."""
    rng = np.random.default_rng(seed)
    r, c = np.mgrid[:height, :width]
    waves = [np.sin(r / (3 + 2 * k) + k) * np.cos(c / (4 + k)) for k in range(channels)]
    reference = 128 + 80 * np.stack(waves, -1) + rng.normal(0, 6, (height, width, channels))
    distorted = 20 + 0.85 * reference + rng.normal(0, 15, reference.shape)
    pair = [np.clip(z, 0, 255).round().astype(np.uint8) for z in (distorted, reference)]
    return pair if channels == 3 else [z[..., 0] for z in pair]


def tensor(x, dtype=None, **options):
    torch = pytest.importorskip("torch")
    x = np.asarray(x)
    x = x[None, None] if x.ndim == 2 else np.moveaxis(np.atleast_3d(x), -1, -3)[None] if x.ndim == 3 else x
    return torch.tensor(np.ascontiguousarray(x), dtype=dtype and getattr(torch, dtype), **options)


def flat(value, dtype=np.uint8, channels=3):
    return np.full((40, 36, channels), value, dtype)


@every_case
def test_identical_pair_gives_exactly_the_identity_value(name, options):
    m = visq.metric(name, **options)
    images = [*scene(), scene()[0][..., 0], flat(0), flat(255), flat(77), scene()[0] / 255.0]
    images += [np.float32(scene()[0] / 255.0), scene(seed=3)[0].astype(np.uint16) * 257]
    images.append(np.random.default_rng(0).uniform(0, 1e-12, (40, 41, 3)).astype(np.float32))
    for image in images:
        assert m(image, image.copy()) == m.spec.best
    for image in images:
        if image.dtype in (np.uint8, np.float32, np.float64):
            x = tensor(image)
            assert m(x, x.clone()) == m.spec.best


@every_case
def test_flat_pairs_are_finite_in_range_and_black_on_white_is_not_best(name, options):
    m = visq.metric(name, **options)
    low, high = m.spec.value_range
    for a, b in [(0, 255), (255, 0), (3, 4), (0, 1), (128, 255)]:
        for form in (lambda x: x, lambda x: x / 255.0, tensor, lambda x: x[..., 0]):
            value = float(m(form(flat(a)), form(flat(b))))
            assert low <= value <= high
            assert value != m.spec.best


@every_metric
def test_extreme_noise_stays_in_range(name):
    m = visq.metric(name)
    low, high = m.spec.value_range
    rng = np.random.default_rng(5)
    for _ in range(4):
        a, b = rng.integers(0, 2, (2, 37, 52, 3)).astype(np.uint8) * 255
        for x, y in ((a, b), (a, 255 - a), (a, flat(0, channels=3)[:37, :36].repeat(2, 1)[:, :52])):
            assert low <= m(x, y) <= high


@every_metric
def test_more_noise_is_worse(name):
    m = visq.metric(name)
    _, reference = scene()
    noise = np.random.default_rng(2).normal(size=reference.shape)
    values = [m(np.clip(reference + s * noise, 0, 255).round().astype(np.uint8), reference) for s in (2, 5, 10, 20, 40)]
    assert values == sorted(values, reverse=not m.spec.lower_is_better)
    assert len(set(values)) == 5


@every_case
def test_batch_is_one_by_one(name, options):
    m = visq.metric(name, **options)
    pairs = [scene(seed=s) for s in range(3)]
    x, y = (np.stack([p[i] for p in pairs]) for i in (0, 1))
    alone = [float(m(a, b)) for a, b in pairs]
    assert m(x, y).tolist() == alone
    together = m(tensor(np.moveaxis(x, -1, 1)), tensor(np.moveaxis(y, -1, 1)))
    np.testing.assert_allclose(together.numpy(), [float(m(tensor(a), tensor(b))) for a, b in pairs], rtol=1e-6)


@every_metric
def test_every_pixel_type_gives_the_score_of_the_bytes(name):
    options = {"rounded_luma": True} if name in ("gmsd", "ms_gmsd", "ms_gmsdc") else {}
    m = visq.metric(name, **options)
    x, y = scene()
    expected = m(x, y)
    assert m(x.astype(np.uint16) * 257, y.astype(np.uint16) * 257) == pytest.approx(expected, rel=1e-4)
    for dtype in (np.float32, np.float64):
        assert m((x / 255).astype(dtype), (y / 255).astype(dtype)) == pytest.approx(expected, rel=1e-4)
        assert m(x.astype(dtype), y.astype(dtype), data_range=255) == pytest.approx(expected, rel=1e-4)


@every_metric
def test_float32_is_near_float64(name):
    m = visq.metric(name)
    x, y = (z / 255.0 for z in scene())
    assert m(x.astype(np.float32), y.astype(np.float32)) == pytest.approx(m(x, y), rel=1e-4)


@every_metric
def test_grey_layouts_agree(name):
    m = visq.metric(name)
    x, y = scene(channels=1)
    assert m(x, y) == m(x[..., None], y[..., None]) == m(x[None, ..., None], y[None, ..., None])[0]
    colour = m(np.stack([x] * 3, -1), np.stack([y] * 3, -1))
    if name == "haarpsi":  # a colour pair adds the colour term, which is perfect here
        assert colour > m(x, y)
    else:
        assert colour == pytest.approx(m(x, y), rel=1e-5)
    assert m(np.stack([x] * 3, -1), y) == pytest.approx(colour, rel=1e-5)


@every_case
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("dtype", "tolerance"), [("uint8", 1e-5), ("float32", 1e-5), ("float64", 1e-9)])
@pytest.mark.parametrize("size", [(45, 70), (32, 33)])
def test_engines_agree(name, options, channels, dtype, tolerance, size):
    m = visq.metric(name, **options)
    x, y = scene(*size, channels)
    if dtype != "uint8":
        x, y = ((z / 255.0).astype(dtype) for z in (x, y))
    assert float(m(tensor(x), tensor(y))) == pytest.approx(m(x, y), rel=tolerance)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("float64", 1e-12)])
def test_fused_kernels_are_the_plain_operations(dtype, tolerance):
    rng = np.random.default_rng(4)
    x, y = rng.uniform(0, 255, (2, 2, 3, 71, 38)).astype(dtype)
    for halve in (False, True):
        for mask, ddof in ((0.0, 1), (0.5, 0)):
            plain = gmsd_module.plain_deviation(x[:, 0], y[:, 0], halve=halve, mask=mask, ddof=ddof)
            fused = _numba_gmsd.deviation(
                x[:, 0], y[:, 0], constant=170.0, mask=mask, halve=halve, ddof=ddof, dtype=dtype, keep=True
            )
            for p, f in zip(plain, fused, strict=True):
                np.testing.assert_allclose(f, p, rtol=tolerance, atol=tolerance)
    fused = _numba_mdsi.deficits(x, y, (140.0, 55.0, 550.0))
    for f, p in zip(fused, mdsi_module.plain_deficits(x, y), strict=True):
        np.testing.assert_allclose(f, p, rtol=tolerance, atol=tolerance)
    for a, b in ((x, y), (x[:, :1], y[:, :1])):
        fused = _numba_haarpsi.weighted_deficit(np.ascontiguousarray(a), np.ascontiguousarray(b), 30.0, 4.2)
        for f, p in zip(fused, haarpsi_module.plain_weighted_deficit(a, b), strict=True):
            np.testing.assert_allclose(f, p, rtol=tolerance)


def test_fused_gmsd_on_bytes_is_the_one_on_floats():
    x, y = scene(91, 77, 1)
    fixed = {"constant": 170.0, "mask": 0.0, "halve": True, "ddof": 1, "keep": False}
    a = _numba_gmsd.deviation(x[None], y[None], dtype=np.float64, **fixed)[0]
    b = _numba_gmsd.deviation(x[None].astype(float), y[None].astype(float), dtype=np.float64, **fixed)[0]
    np.testing.assert_allclose(a, b, rtol=1e-14)


@every_case
def test_any_number_of_threads_gives_the_same_bits(name, options):
    m = visq.metric(name, **options)
    x, y = scene(300, 210)
    values = []
    try:
        for threads in (1, 2, 4):
            set_threads(threads)
            values.append((m(x, y), m(x / 255.0, y / 255.0)))
    finally:
        set_threads(None)
    assert values[0] == values[1] == values[2]


@every_case
def test_gradcheck(name, options):
    torch = pytest.importorskip("torch")
    if options.get("rounded_luma"):
        options = {**options, "rounded_luma": False}  # rounding passes a gradient that finite differences lack
    m = visq.metric(name, **options)
    x, y = (tensor(z / 255.0, "float64", requires_grad=True) for z in scene(19, 22))
    assert torch.autograd.gradcheck(m, (x, y), fast_mode=True)


@every_case
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gradients_are_finite_everywhere(name, options, dtype):
    m = visq.metric(name, **options)
    x, y = (z / 255.0 for z in scene(36, 40))
    black, white, grey = np.zeros_like(x), np.ones_like(x), np.full_like(x, 0.5)
    pairs = [(x, x), (x, y), (black, black), (white, white), (grey, grey), (black, white), (white, black)]
    for a, b in [*pairs, (grey, x), (x, grey), (black, x), (grey, grey + 1e-4)]:
        p, q = tensor(a, dtype, requires_grad=True), tensor(b, dtype, requires_grad=True)
        m(p, q).backward()
        assert p.grad.isfinite().all()
        assert q.grad.isfinite().all()
    p = tensor(x, dtype, requires_grad=True)
    m(p, tensor(y, dtype)).backward()
    assert p.grad.abs().max() > 0


@every_metric
def test_too_small_is_refused_and_the_smallest_is_not(name):
    m = visq.metric(name)
    side = m.spec.min_side
    x, y = scene(side, side)
    assert np.isfinite(m(x, y))
    with pytest.raises(SizeError, match=f"{side}x{side}"):
        m(x[1:], y[1:])
    with pytest.raises(SizeError, match="differ in size"):
        m(scene(40, 40)[0], scene(40, 41)[0])


@every_metric
def test_values_that_are_no_pixels_are_refused(name):
    m = visq.metric(name)
    x, y = (z / 255.0 for z in scene())
    for bad in (np.nan, np.inf, 200.0, -1.0):
        broken = x.copy()
        broken[3, 4, 1] = bad
        with pytest.raises(RangeError):
            m(broken, y)
        with pytest.raises(RangeError):
            m(tensor(x), tensor(broken))


@pytest.mark.parametrize(("name", "option"), [("gmsd", "luma"), ("ms_gmsd", "luma"), ("mdsi", "combination")])
def test_unknown_choice_is_refused(name, option):
    function = visq.metric(name).function
    with pytest.raises(OptionError, match="'wrong'"):
        function(*scene(), **{option: "wrong"})


@pytest.mark.parametrize("name", MAPS)
@pytest.mark.parametrize("form", [lambda z: z, lambda z: z / 255.0, tensor], ids=["uint8", "float64", "torch"])
def test_pooled_map_is_the_score(name, form):
    function = visq.metric(name).function
    x, y = scene(301, 402) if name == "mdsi" else scene(45, 71)
    score, similarity = function(form(x), form(y), full=True)
    assert float(score) == pytest.approx(float(function(form(x), form(y))), rel=1e-6)
    if name == "gmsd":
        assert tuple(similarity.shape)[-2:] == (23, 36)
        pooled = np.asarray(similarity, float).std(ddof=1)
    else:
        assert tuple(similarity.shape)[-2:] == (301, 402)
        z = np.asarray(similarity, complex) ** 0.25
        pooled = np.mean(np.abs(z - z.mean())) ** 0.25
    assert float(score) == pytest.approx(pooled, rel=1e-5)
    # MDSI's gradient similarity is a sum of three and may exceed 1 where the distorted image is sharper.
    assert np.asarray(similarity).max() <= (1.0 if name == "gmsd" else 1.6)


@pytest.mark.parametrize("name", MAPS)
def test_map_of_a_batch_is_the_maps(name):
    function = visq.metric(name).function
    pairs = [scene(seed=s) for s in range(2)]
    x, y = (np.stack([p[i] for p in pairs]) for i in (0, 1))
    _, maps = function(x, y, full=True)
    for pair, similarity in zip(pairs, maps, strict=True):
        np.testing.assert_array_equal(function(*pair, full=True)[1], similarity)


def test_colour_changes_only_what_looks_at_it():
    _, y = scene()
    x = y.astype(int)
    # Along this direction MATLAB's luma changes by less than a level.
    x = np.clip(x + np.array([40, -20, -2]), 0, 255).astype(np.uint8)
    assert visq.metric("ms_gmsdc")(x, y) > 3 * visq.metric("ms_gmsd")(x, y)
    assert visq.metric("mdsi")(x, y) > 0.1


@every_case
def test_read_only_arrays_are_taken_and_left_alone(name, options):
    m = visq.metric(name, **options)
    for convert in (np.uint8, np.float32):
        for channels in (1, 3):
            x, y = (z.astype(convert) for z in scene(channels=channels))
            expected = m(x, y, data_range=255)
            before = x.copy(), y.copy()
            x.flags.writeable = y.flags.writeable = False
            assert m(x, y, data_range=255) == expected
            np.testing.assert_array_equal(x, before[0])
            np.testing.assert_array_equal(y, before[1])
