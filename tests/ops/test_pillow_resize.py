"""Pillow's bilinear resize: to the level with bytes, to rounding with floats."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import samples
from visq.ops.pillow_resize import resize, resize_pictures

torch = pytest.importorskip("torch")

_SIZES = [
    ((384, 510), (256, 256)),
    ((300, 451), (224, 337)),
    ((64, 40), (150, 31)),
    ((33, 70), (33, 20)),
    ((9, 9), (1, 1)),
]


def _planes(pixels):
    return np.moveaxis(pixels, -1, 0).astype(np.float64)


def _pillow(pixels, size):
    return np.asarray(Image.fromarray(pixels).resize(size[::-1], Image.Resampling.BILINEAR))


@pytest.mark.parametrize(("size", "out"), _SIZES, ids=str)
@pytest.mark.parametrize("make", [samples.picture, samples.noise], ids=["picture", "noise"])
def test_bytes_are_pillows_to_the_level(make, size, out):
    pixels = make(*size)
    found = resize(_planes(pixels), out, levels=True)
    np.testing.assert_array_equal(found, _planes(_pillow(pixels, out)))
    tensor = resize(torch.from_numpy(_planes(pixels)).float(), out, levels=True)
    np.testing.assert_array_equal(tensor.numpy(), found)


@pytest.mark.parametrize(("size", "out"), _SIZES, ids=str)
def test_floats_are_pillows_and_torchs(size, out):
    plane = _planes(samples.picture(*size))[0] / 255.0
    found = resize(plane, out)
    # Pillow's floats are single; so are its intermediate rows.
    np.testing.assert_allclose(found, _pillow(plane.astype(np.float32), out), atol=1e-6)
    theirs = torch.nn.functional.interpolate(
        torch.from_numpy(plane)[None, None], out, mode="bilinear", antialias=True, align_corners=False
    )
    np.testing.assert_allclose(found, theirs[0, 0].numpy(), atol=1e-9)


def test_pictures_of_integers_come_back_in_whole_levels():
    pixels = samples.picture(60, 90)
    for planes in (_planes(pixels) / 255.0, (_planes(pixels) / 255.0).astype(np.float32)):
        found = resize_pictures(planes, (40, 50), integer=True)
        assert found.dtype == planes.dtype
        np.testing.assert_allclose(found * 255.0, _planes(_pillow(pixels, (40, 50))), atol=1e-4)
    assert resize_pictures(planes, (60, 90), integer=True) is planes


def test_floats_have_a_gradient():
    x = torch.rand(3, 12, 9, dtype=torch.float64, generator=torch.Generator().manual_seed(0), requires_grad=True)
    assert torch.autograd.gradcheck(lambda t: resize_pictures(t, (5, 6), integer=False), (x,), fast_mode=True)
