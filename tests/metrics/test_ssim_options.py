"""Options of SSIM and MS-SSIM that no other program's number in the golden files covers, against plain formulae."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from visq.errors import OptionError
from visq.metrics.ms_ssim import ms_ssim
from visq.metrics.ssim import ssim


def pair(height=60, width=52):
    """Flat ground, a soft texture and a hard edge: every component of 3-SSIM."""
    rng = np.random.default_rng(4)
    reference = np.full((height, width, 3), (0.3, 0.4, 0.5))
    reference[20:40] += rng.uniform(-0.05, 0.05, (20, width, 3))
    reference[:, 30:] += 0.3
    return np.clip(reference + rng.normal(0, 0.02, reference.shape), 0, 1), reference


def slopes(plane):
    return np.hypot(*(ndimage.sobel(plane, axis, mode="nearest") for axis in (0, 1)))


@pytest.mark.parametrize(("border", "window"), [("valid", 11), ("reflect", 11), ("valid", 8), ("reflect", 8)])
def test_three_components_are_the_weighted_means_over_their_masks(border, window):
    image, reference = (z[..., 1] for z in pair())
    options = {"border": border, "window": window}
    _, values = ssim(image, reference, full=True, **options)
    g, h = slopes(reference), slopes(image)
    if border == "valid":
        inner = tuple(slice(window // 2, window // 2 + side) for side in values.shape)
        g, h = g[inner], h[inner]
    largest = g.max()
    sums = {"edge": [], "texture": [], "smooth": []}
    for place, value in np.ndenumerate(values):
        if g[place] > 0.12 * largest or h[place] > 0.12 * largest:
            sums["edge"].append(value)
        elif g[place] < 0.06 * largest:
            sums["smooth"].append(value)
        else:
            sums["texture"].append(value)
    assert min(map(len, sums.values())) > 20
    means = {name: np.mean(found) for name, found in sums.items()}
    expected = 0.5 * means["edge"] + 0.25 * means["texture"] + 0.25 * means["smooth"]
    assert ssim(image, reference, pooling="components", **options) == pytest.approx(expected, abs=1e-9)
    assert abs(expected - ssim(image, reference, **options)) > 1e-3


def test_components_that_are_absent_have_no_weight():
    flat = np.full((40, 40), 0.5)
    assert ssim(flat / 2, flat, pooling="components") == pytest.approx(ssim(flat / 2, flat), abs=1e-12)


def test_luma_and_chroma_of_jpeg_are_weighted_eight_to_one_to_one():
    image, reference = pair()
    matrix = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])
    planes = [np.moveaxis(z @ matrix.T + (0, 0.5, 0.5), -1, 0) for z in (image, reference)]
    each = [ssim(a, b) for a, b in zip(*planes, strict=True)]
    # The matrix of the JPEG standard has six decimals.
    assert ssim(image, reference, channels="ycbcr") == pytest.approx(np.dot(each, (0.8, 0.1, 0.1)), abs=1e-5)
    # Of a grey picture both chroma planes are constant, and equal.
    grey = [z[..., 0] for z in (image, reference)]
    y = ssim(*grey)
    assert ssim(*grey, channels="ycbcr") == pytest.approx(0.8 * y + 0.2, abs=1e-9)


@pytest.mark.parametrize("metric", [ssim, ms_ssim])
@pytest.mark.parametrize("channels", ["rgb", "ycbcr"])
def test_weights_of_luma_are_refused_where_there_is_none(metric, channels):
    image, reference = pair(170, 170)
    for luma in ("bt601", "of_tomorrow"):
        with pytest.raises(OptionError, match="luma"):
            metric(image, reference, channels=channels, luma=luma)
