"""Heat maps: what is drawn where, with which colours, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from visq.errors import InputError, InputTypeError, RangeError, StoreError
from visq.report.colours import colourise, table
from visq.report.heatmap import MAX_SIDE, save_map
from visq.report.scale import colour_range, text, ticks


def _lightness(rgb):
    linear = np.where(rgb <= 10.31475, rgb / 255 / 12.92, ((rgb / 255 + 0.055) / 1.055) ** 2.4)
    y = linear @ [0.2126, 0.7152, 0.0722]
    return np.where(y > 216 / 24389, 116 * np.cbrt(y) - 16, y * 24389 / 27)


def test_lightness_of_the_colours_rises_in_even_steps():
    steps = np.diff(_lightness(table().astype(float)))
    assert steps.min() > 0
    assert steps.max() < 2.5 * steps.mean()


def _pixels(path):
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB")).astype(int)


def _has(pixels, colour):
    return (np.abs(pixels - np.asarray(colour, int)).max(axis=-1) <= 1).sum()


SIZES = [(1, 1), (64, 64), (384, 512), (2000, 300), (60, 3000), (20000, 1), (1, 20000), (2500, 2600)]


@pytest.mark.parametrize("size", SIZES, ids=lambda s: f"{s[1]}x{s[0]}")
@pytest.mark.parametrize("beside", [False, True])
def test_any_size_gives_a_picture_within_bounds(tmp_path, size, beside):
    values = np.linspace(0, 1, size[0] * size[1], dtype=np.float32).reshape(size)
    image = np.full((*size, 3), (0, 200, 0), np.uint8) if beside else None
    path = save_map(tmp_path / "map.png", values, title="m", lower_is_better=True, value_range=(0, 1), image=image)
    pixels = _pixels(path)
    assert 400 <= pixels.shape[1] <= MAX_SIDE
    assert 150 <= pixels.shape[0] <= MAX_SIDE
    assert (_has(pixels, (0, 200, 0)) > 0) == beside


@pytest.mark.parametrize("lower_is_better", [True, False])
def test_bright_is_worse_for_both_directions(tmp_path, lower_is_better):
    values = np.zeros((100, 100))
    values[:, 50:] = 1.0
    path = save_map(tmp_path / "m.png", values, title="", lower_is_better=lower_is_better, value_range=(0.0, 1.0))
    pixels = _pixels(path)
    row = pixels[pixels.shape[0] // 2, 19:400]
    at = {side: row[np.r_[x]] for side, x in (("low", 40), ("high", 300))}
    assert _has(at["high"], table()[255 if lower_is_better else 0])
    assert _has(at["low"], table()[0 if lower_is_better else 255])


def test_the_same_value_has_the_same_colour_in_two_maps_of_a_fixed_range():
    rng = np.random.default_rng(1)
    one = colour_range(rng.uniform(0.35, 1, (50, 50)), (-1.0, 1.0), lower_is_better=False)
    two = colour_range(rng.uniform(0.20, 1, (50, 50)), (-1.0, 1.0), lower_is_better=False)
    assert (one.low, one.high) == (two.low, two.high) == (0.0, 1.0)


def test_small_errors_on_a_long_scale_are_visible_and_the_scale_is_stated():
    found = colour_range(np.linspace(0, 60, 1000), (0.0, 65025.0), lower_is_better=True)
    assert (found.low, found.high) == (0.0, pytest.approx(65.025))
    assert found.note == "colours span 0 to 65.025 of 0 to 65025"


def test_values_outside_the_range_widen_it_and_say_so():
    found = colour_range(np.linspace(-0.5, 1.5, 101), (0.0, 1.0), lower_is_better=False)
    assert (found.low, found.high) == (pytest.approx(-0.48), 1.5)
    assert found.note == "colours span -0.48 to 1.5, 99 % of this map; the worst pixel has -0.5"


def test_one_outlier_does_not_darken_the_rest_and_gets_the_end_colour():
    values = np.linspace(0, 0.1, 1000)
    values[7] = 1.0
    found = colour_range(values, (0.0, 1.0), lower_is_better=True)
    assert found.high == pytest.approx(0.1)
    assert "what is worse has the end colour" in found.note


@pytest.mark.parametrize("given", [None, (0.0, float("inf")), (float("-inf"), float("inf"))])
def test_without_a_finite_range_the_values_decide(given):
    found = colour_range(np.array([2.0, 5.0]), given, lower_is_better=True)
    assert (found.low, found.high) == (2.0, pytest.approx(4.97))
    assert "of this map" in found.note


def test_a_constant_map_has_a_bar_of_positive_length():
    found = colour_range(np.full((3, 3), 7.0), None, lower_is_better=True)
    assert found.low < 7.0 < found.high
    assert "constant" in found.note


@pytest.mark.parametrize(
    ("value", "given", "lower_is_better"),
    [(1.0, (-1.0, 1.0), False), (0.0, (0.0, 65025.0), True), (0.0, (0.0, float("inf")), True)],
)
def test_a_map_without_any_difference_says_identical(value, given, lower_is_better):
    found = colour_range(np.full((3, 3), value), given, lower_is_better=lower_is_better)
    assert found.note == f"identical: every pixel has the best value, {value:g}"
    assert found.low <= value <= found.high
    assert found.low < found.high
    other = colour_range(np.array([value, 0.5]), given, lower_is_better=lower_is_better)
    assert "identical" not in other.note


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-1, 1), (0, 65025), (0.98, 1), (-2.386, 1), (3e-7, 4e-7)])
@pytest.mark.parametrize("most", [2, 4, 11])
def test_ticks_lie_inside_and_are_few(low, high, most):
    found = ticks(low, high, most)
    assert 1 <= len(found) <= most
    assert all(low - 1e-9 * (high - low) <= t <= high + 1e-9 * (high - low) for t in found)
    assert len(set(map(text, found))) == len(found)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_are_refused_and_nothing_is_written(tmp_path, bad):
    values = np.ones((4, 4))
    values[1, 2] = bad
    with pytest.raises(RangeError, match="NaN or infinite"):
        save_map(tmp_path / "m.png", values, title="", lower_is_better=True)
    assert not list(tmp_path.iterdir())


def test_what_is_not_a_map_is_refused(tmp_path):
    for values in (np.ones(5), np.ones((2, 3, 4)), np.ones((0, 4))):
        with pytest.raises(InputError, match="not a map"):
            save_map(tmp_path / "m.png", values, title="", lower_is_better=True)
    with pytest.raises(InputTypeError):
        save_map(tmp_path / "m.png", np.array([["a"]]), title="", lower_is_better=True)
    with pytest.raises(InputError, match="image"):
        save_map(tmp_path / "m.png", np.ones((4, 4)), title="", lower_is_better=True, image=np.ones((4, 4, 2)))


@pytest.mark.parametrize("title", ["", "x" * 5000, "名\udc80\n\0<b>&.png", "é.png"])
def test_any_title_fits(tmp_path, title):
    path = save_map(tmp_path / "m.png", np.eye(8), title=title, lower_is_better=True, score=1 / 3)
    pixels = _pixels(path)
    assert (pixels[:, -12:] == 255).all(), "the title runs out of the picture"


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = tmp_path / "m.png"
    path.write_bytes(b"old")
    monkeypatch.setattr("os.fsync", _disk_full)
    with pytest.raises(StoreError, match=r"m\.png"):
        save_map(path, np.eye(8), title="", lower_is_better=True)
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["m.png"]


def _disk_full(_descriptor):
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("folder", ["absent", "a_file"])
def test_a_folder_that_is_none_is_named(tmp_path, folder):
    (tmp_path / "a_file").write_bytes(b"")
    with pytest.raises(StoreError, match=folder):
        save_map(tmp_path / folder / "m.png", np.eye(8), title="", lower_is_better=True)


def test_the_file_has_the_rights_of_any_new_file(tmp_path):
    (tmp_path / "other").write_bytes(b"")
    path = save_map(tmp_path / "m.png", np.eye(8), title="", lower_is_better=True)
    assert path.stat().st_mode == (tmp_path / "other").stat().st_mode


def test_the_same_call_writes_the_same_bytes(tmp_path):
    values = np.random.default_rng(0).random((90, 120))
    paths = [tmp_path / f"{i}.png" for i in range(2)]
    for path in paths:
        save_map(path, values, title="t", lower_is_better=True, value_range=(0, 1), score=0.5)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_a_large_map_is_averaged_and_not_sampled(tmp_path):
    checks = (np.indices((3200, 3200)).sum(0) % 2).astype(np.float32)
    pixels = _pixels(save_map(tmp_path / "m.png", checks, title="", lower_is_better=True, value_range=(0, 1)))
    middle = pixels[500:900, 300:700].reshape(-1, 3)
    half = colourise(np.array([[0.5]])).reshape(3)
    assert np.abs(middle - half).max() <= 40


def test_a_torch_map_and_image_are_taken(tmp_path):
    torch = pytest.importorskip("torch")
    values = torch.eye(16, requires_grad=True)
    path = save_map(
        tmp_path / "m.png", values, title="", lower_is_better=True, image=torch.full((3, 16, 16), 200 / 255)
    )
    assert _has(_pixels(path), (200, 200, 200)) > 1000


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
def test_the_image_beside_keeps_its_brightness_for_every_dtype(tmp_path, dtype):
    white = {np.uint8: 255, np.uint16: 65535}.get(dtype, 1)
    image = np.full((40, 40), round(white * 0.4) if white > 1 else 0.4, dtype)
    path = save_map(tmp_path / "m.png", np.eye(40), title="", lower_is_better=True, image=image)
    assert _has(_pixels(path), (102, 102, 102)) > 1000
