"""The gradient family against piq, and against slow versions written from the formulae with SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import convolve2d

import visq

PREWITT = np.array([[1.0, 0, -1]] * 3) / 3
YIQ = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])


def pairs(sizes=((64, 80), (51, 67), (300, 421), (640, 650), (18, 17))):
    rng = np.random.default_rng(7)
    for height, width in sizes:
        smooth = rng.uniform(0, 1, (height // 6 + 2, width // 6 + 2, 3))
        y = np.kron(smooth, np.ones((6, 6, 1)))[:height, :width] * 0.8 + rng.uniform(0, 0.2, (height, width, 3))
        x = np.clip(y + rng.normal(0, 0.06, y.shape), 0, 1)
        yield x, y


def conv_same(x, kernel):
    """MATLAB's `conv2(x, kernel, 'same')`, whose centre for an even kernel is right of the middle."""
    full = convolve2d(x, kernel)
    top, left = (kernel.shape[0]) // 2, (kernel.shape[1]) // 2
    return full[top : top + x.shape[0], left : left + x.shape[1]]


def similarity(a, b, constant):
    return (2 * a * b + constant) / (a * a + b * b + constant)


def magnitude(x):
    return np.hypot(conv_same(x, PREWITT), conv_same(x, PREWITT.T))


def halve(x):
    return conv_same(x, np.full((2, 2), 0.25))[::2, ::2]


def slow_gmsd(x, y):
    weights = (0.298936021293775, 0.587043074451121, 0.114020904255103)
    a, b = (magnitude(halve(z @ weights * 255)) for z in (x, y))
    return similarity(a, b, 170).std(ddof=1)


def slow_ms_gmsd(x, y, chromatic=False):
    weights = np.array([[0.299, 0.587, 0.114], [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]])
    a, b = ([z @ w * 255 for w in weights] for z in (x, y))
    total = 0.0
    for weight in (0.096, 0.596, 0.289, 0.019):
        g, h = magnitude(a[0]), magnitude(b[0])
        total += weight * ((1.5 * g * h + 170) / (g * g + h * h - 0.5 * g * h + 170)).var()
        coarse = a, b
        a, b = ([halve(p) for p in z] for z in (a, b))
    score = total**0.5
    if not chromatic:
        return score
    error = sum(np.mean((coarse[0][i] - coarse[1][i]) ** 2) for i in (1, 2)) ** 0.5
    share = 2 / (1 + 0.32 * np.exp(-15 * score)) - 1
    return share * score + (1 - share) * 0.01 * error


def slow_mdsi(x, y, combination="sum"):
    size = max(1, int(np.floor(min(x.shape[:2]) / 256 + 0.5)))
    planes = []
    for z in (x, y):
        before = (size - 1) // 2
        padded = np.pad(z * 255, ((before, size), (before, size), (0, 0)))
        box = np.full((size, size), 1 / size**2)
        means = [convolve2d(padded[..., c], box, "valid")[: x.shape[0] : size, : x.shape[1] : size] for c in range(3)]
        planes.append(np.stack(means, -1))
    (l1, h1, m1), (l2, h2, m2) = (
        (z @ (0.2989, 0.5870, 0.1140), z @ (0.30, 0.04, -0.35), z @ (0.34, -0.60, 0.17)) for z in planes
    )
    g1, g2, gf = magnitude(l1), magnitude(l2), magnitude((l1 + l2) / 2)
    gs = similarity(g1, g2, 140) + similarity(g1, gf, 55) - similarity(g2, gf, 55)
    cs = (2 * (h1 * h2 + m1 * m2) + 550) / (h1**2 + h2**2 + m1**2 + m2**2 + 550)
    gcs = 0.6 * gs + 0.4 * cs + 0j if combination == "sum" else (gs + 0j) ** 0.2 * (cs + 0j) ** 0.1
    z = gcs**0.25
    return np.mean(np.abs(z - z.mean())) ** 0.25


def slow_haarpsi(x, y, preprocessing=True, grey=False):
    channels = [[z * 255] if grey else [z @ w * 255 for w in YIQ] for z in (x, y)]
    if preprocessing:
        channels = [[halve(p) for p in z] for z in channels]
    coefficients = []
    for z in channels:
        for orientation in (0, 1):
            for scale in (1, 2, 3):
                kernel = np.full((2**scale, 2**scale), 2.0**-scale)
                kernel[: 2 ** (scale - 1)] *= -1
                coefficients.append(np.abs(conv_same(z[0], kernel.T if orientation else kernel)))
    a, b = coefficients[:6], coefficients[6:]
    maps = [(similarity(a[i], b[i], 30) + similarity(a[i + 1], b[i + 1], 30)) / 2 for i in (0, 3)]
    weights = [np.maximum(a[i], b[i]) for i in (2, 5)]
    if not grey:
        box = np.full((2, 2), 0.25)
        maps.append(sum(similarity(*(np.abs(conv_same(z[i], box)) for z in channels), 30) for i in (1, 2)) / 2)
        weights.append((weights[0] + weights[1]) / 2)
    s, w = np.array(maps), np.array(weights)
    value = (w / (1 + np.exp(-4.2 * s))).sum() / w.sum()
    return (np.log(value / (1 - value)) / 4.2) ** 2


SLOW = [
    ("gmsd", {}, slow_gmsd),
    ("ms_gmsd", {"luma": "bt601"}, slow_ms_gmsd),
    ("ms_gmsdc", {"luma": "bt601"}, lambda x, y: slow_ms_gmsd(x, y, True)),
    ("mdsi", {}, slow_mdsi),
    ("mdsi", {"combination": "mult"}, lambda x, y: slow_mdsi(x, y, "mult")),
    ("haarpsi", {}, slow_haarpsi),
    ("haarpsi", {"preprocessing": False}, lambda x, y: slow_haarpsi(x, y, False)),
]


@pytest.mark.parametrize(("name", "options", "slow"), SLOW)
def test_formulae_in_scipy(name, options, slow):
    m = visq.metric(name, **options)
    for x, y in pairs():
        # Rounding of a quarter power near 0, where similarities cross it, is magnified: 1e-10 and not 1e-12.
        assert m(x, y) == pytest.approx(slow(x, y), rel=1e-10)
        x32, y32 = x.astype(np.float32), y.astype(np.float32)
        assert m(x32, y32) == pytest.approx(slow(x, y), rel=1e-4)


def test_grey_haarpsi_in_scipy():
    for x, y in pairs():
        assert visq.metric("haarpsi")(x[..., 1], y[..., 1]) == pytest.approx(
            slow_haarpsi(x[..., 1], y[..., 1], grey=True), rel=1e-10
        )


@pytest.fixture(scope="module")
def piq():
    try:
        import piq
    except (ImportError, RuntimeError, OSError) as error:  # torchvision's own failures are RuntimeErrors
        pytest.skip(f"piq cannot be imported: {error}")
    return piq


PIQ = [
    # piq's deviation has divisor n, the authors' n - 1.
    ("gmsd", {"luma": "bt601"}, lambda piq, x, y: piq.gmsd(x, y, data_range=1.0), 2e-3),
    ("ms_gmsd", {"luma": "bt601"}, lambda piq, x, y: piq.multi_scale_gmsd(x, y, data_range=1.0), 1e-9),
    (
        "ms_gmsdc",
        {"luma": "bt601"},
        lambda piq, x, y: piq.multi_scale_gmsd(x, y, data_range=1.0, chromatic=True),
        1e-9,
    ),
    ("mdsi", {}, lambda piq, x, y: piq.mdsi(x, y, data_range=1.0), 1e-6),
    ("mdsi", {"combination": "mult"}, lambda piq, x, y: piq.mdsi(x, y, data_range=1.0, combination="mult"), 1e-6),
    # piq's YIQ has four digits where the authors' has three.
    ("haarpsi", {}, lambda piq, x, y: piq.haarpsi(x, y, data_range=1.0), 2e-3),
]


@pytest.mark.parametrize(("name", "options", "theirs", "tolerance"), PIQ)
def test_piq(piq, name, options, theirs, tolerance):
    torch = pytest.importorskip("torch")
    # Even sides: piq pads odd ones before some of its filters. No side of 2.5 * 256: MDSI's factor, which MATLAB
    # rounds to 3, piq rounds to 2.
    for x, y in pairs([(64, 80), (500, 520), (384, 512)]):
        a, b = (torch.tensor(np.moveaxis(z, -1, 0)[None]) for z in (x, y))
        expected = float(theirs(piq, a, b))
        assert visq.metric(name, **options)(x, y) == pytest.approx(expected, rel=tolerance)
