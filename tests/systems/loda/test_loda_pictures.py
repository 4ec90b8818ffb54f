"""From pictures to crops: the resize against Pillow, the grids, what is random and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from PIL import Image  # noqa: E402

import samples  # noqa: E402
from visq.errors import OptionError, SizeError, VisqWarning  # noqa: E402
from visq.systems.loda.pictures import crops_of, grid, key_of, resized, resized_planes, sized  # noqa: E402


@pytest.mark.parametrize(
    ("before", "after"),
    [((768, 1024), (384, 512)), ((1024, 768), (512, 384)), ((600, 801), (384, 512)), ((384, 385), (384, 385)),
     ((100, 301), (384, 1155))],
)  # fmt: skip
def test_the_shorter_side_becomes_384_and_the_longer_one_is_cut_to_whole_pixels(before, after):
    """As torchvision's Resize has it: int(384 * longer / shorter)."""
    assert sized(*before) == after


@pytest.mark.parametrize(("filter", "kind"), [("bicubic", Image.BICUBIC), ("bilinear", Image.BILINEAR)])
def test_bytes_are_resized_by_pillow_and_floats_without_rounding(filter, kind):
    pixels = samples.picture(96, 130)
    wanted = np.asarray(Image.fromarray(pixels).resize((97, 72), kind))
    assert np.array_equal(resized(pixels, 72, filter), wanted)
    planes = torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float() / 255
    as_bytes = resized_planes(planes, True, 72, filter)
    assert np.array_equal((as_bytes[0] * 255).round().permute(1, 2, 0).numpy(), wanted)
    # Pillow rounds to whole levels after either axis: a level at most from what is not rounded.
    floats = resized_planes(planes, False, 72, filter)
    assert float((floats - as_bytes).abs().max()) * 255 <= 1.01
    assert 0 <= float(floats.min()) <= float(floats.max()) <= 1


def test_what_has_the_size_is_left_alone_and_gradients_flow():
    pixels = samples.picture(72, 90)
    assert resized(pixels, 72) is pixels
    planes = torch.rand(1, 3, 80, 90, dtype=torch.float64, requires_grad=True)
    resized_planes(planes, False, 72).sum().backward()
    assert float(planes.grad.abs().min()) > 0
    assert resized_planes(planes, True, 80) is planes


@pytest.mark.parametrize(
    ("size", "wanted"),
    [((384, 512), (3, 5)), ((512, 384), (5, 3)), ((384, 384), (3, 5)), ((384, 1536), (3, 5)), ((384, 1537), (1, 15)),
     ((1600, 384), (15, 1))],
)  # fmt: skip
def test_five_crops_lie_along_the_longer_side(size, wanted):
    assert grid(*size) == wanted


def test_the_grid_goes_from_border_to_border_evenly():
    found = crops_of((384, 512), 224, "grid15")
    assert sorted({c.top for c in found}) == [0, 80, 160]
    assert sorted({c.left for c in found}) == [0, 72, 144, 216, 288]
    assert len(set(found)) == 15


def test_random_crops_are_those_of_the_seed_and_the_picture():
    key = key_of(samples.picture(40, 40))
    one = crops_of((384, 500), 224, "random15", 7, key)
    assert one == crops_of((384, 500), 224, "random15", 7, key_of(samples.picture(40, 40)))
    assert one != crops_of((384, 500), 224, "random15", 8, key)
    assert one != crops_of((384, 500), 224, "random15", 7, key_of(samples.picture(40, 41)))
    assert len(set(one)) > 10
    assert all(0 <= c.top <= 160 and 0 <= c.left <= 276 and not c.flip for c in one)


def test_elongated_pictures_are_judged_with_a_warning():
    with pytest.warns(VisqWarning, match="1600x384"):
        found = crops_of((384, 1600), 224, "grid15")
    assert {c.top for c in found} == {80}


def test_the_corners_and_the_centre():
    found = crops_of((384, 512), 224, "corners")
    assert {(c.top, c.left) for c in found} == {(0, 0), (0, 288), (160, 0), (160, 288), (80, 144)}
    assert {(c.height, c.width, c.flip) for c in found} == {(224, 224, False)}
    with pytest.warns(VisqWarning, match="five crops"):
        assert len(crops_of((384, 1600), 224, "corners")) == 5


def test_refusals():
    with pytest.raises(SizeError, match="32x32"):
        sized(31, 500)
    with pytest.raises(OptionError, match="crops"):
        crops_of((384, 384), 224, "ten")
    with pytest.raises(OptionError, match="filter"):
        resized(samples.picture(40, 50), 72, "lanczos")
