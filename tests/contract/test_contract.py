"""What every metric of the catalogue owes, present and future: swept over the specs, no metric named."""

from __future__ import annotations

import numpy as np
import pytest

import samples
import visq
from visq.errors import InputError, InputTypeError, OptionError, RangeError, SizeError, VisqError


def _values_close(a, b, rel, absolute=0.0):
    np.testing.assert_allclose(np.asarray(a, float), np.asarray(b, float), rtol=rel, atol=absolute)


def _floor(case):
    # Relative tolerances mean nothing at 0: a ten-millionth of the range, or of one unit where there is no range.
    low, high = case.spec.value_range
    return 1e-7 * (high - low if np.isfinite(high - low) else 1.0)


def test_one_image_gives_a_float_and_a_batch_gives_a_vector(case):
    image, reference = case.distorted(), case.picture()
    value = case(image, reference)
    assert isinstance(value, float)
    batch = case(np.stack([image] * 3), np.stack([reference] * 3))
    assert isinstance(batch, np.ndarray)
    assert batch.shape == (3,)
    assert case(image[None], reference[None]).shape == (1,)


def test_finite_and_within_the_documented_range_on_odd_input(case):
    found = {}
    for name, (image, reference) in case.pairs().items():
        for layout, pick in (("rgb", lambda x: x), ("grey", lambda x: x[:, :, 1])):
            for dtype in (np.uint8, np.float32, np.float64):
                scale = 1 if dtype is np.uint8 else 255
                arrays = [np.ascontiguousarray(pick(a)).astype(dtype) / dtype(scale) for a in (image, reference)]
                arrays = [a.astype(dtype) for a in arrays]
                value = case(*arrays)
                if not (np.isfinite(value) and case.in_range(value)):
                    found[name, layout, np.dtype(dtype).name] = value
    assert not found, f"outside {case.spec.value_range}"


def test_a_batch_equals_one_by_one(case):
    images = [case.distorted(seed=s) for s in (1, 2, 3)]
    references = [case.picture(), case.picture()[::-1], case.picture()[:, ::-1]]
    batch = case(np.stack(images), np.stack(references))
    single = [case(i, r) for i, r in zip(images, references, strict=True)]
    _values_close(batch, single, 1e-6, _floor(case))
    turned = case(np.stack(images[::-1]), np.stack(references[::-1]))
    _values_close(turned, single[::-1], 1e-6, _floor(case))


def test_the_same_call_gives_the_same_bits(case, one_thread):
    if not case.spec.deterministic:
        pytest.skip("declared as not deterministic")
    # Sums inside a network are cut by the number of threads; ours are not, and here are of several strips of rows.
    network = case.spec.extra == "torch"
    height, width, within = (case.side, case.side, 1e-5) if network else (max(case.side, 330), max(case.side, 210), 0.0)
    large = samples.picture(height, width)
    for dtype in (np.uint8, np.float64)[: 1 if network else 2]:
        image, reference = (a if dtype is np.uint8 else a / 255.0 for a in (samples.noisy(large, 6), large))
        first = case(image, reference)
        assert case(image, reference) == first
        for threads in (1, 2, 3, 4):
            one_thread(threads)
            value = case(image, reference)
            assert abs(value - first) <= within * abs(first), f"{threads} threads"
        one_thread(None)


@pytest.mark.parametrize("grey", [True, False])
def test_bit_depths_agree(case, grey):
    """Grey needs no luma, so nothing is rounded; otherwise what rounds is asked to round in all four."""
    image, reference = case.distorted(grey=grey), case.picture(grey=grey)
    options = {}
    if not grey and "rounded_luma" in case.parameters:
        options["rounded_luma"] = True
    if "rounded" in case.parameters:
        options["rounded"] = True
    eight = case(image, reference, **options)
    wide = case(image.astype(np.uint16) * 257, reference.astype(np.uint16) * 257, **options)
    single = case(np.float32(image) / np.float32(255), np.float32(reference) / np.float32(255), **options)
    double = case(image / 255.0, reference / 255.0, **options)
    # 1e-4 is float32 against float64 of the reliability gates; a 16-bit file may differ by 1e-3.
    _values_close(single, double, 1e-4, 1e3 * _floor(case))
    _values_close(wide, double, 1e-3, 1e3 * _floor(case))
    _values_close(eight, double, 1e-3, 1e3 * _floor(case))


def test_half_precision_arrays_are_computed_in_single(case):
    image, reference = ((a / 255.0).astype(np.float16) for a in (case.distorted(), case.picture()))
    _values_close(case(image, reference), case(image.astype(np.float32), reference.astype(np.float32)), 1e-6)


@pytest.mark.parametrize("shape", [(1, 1), (1, 20000), (20000, 1), (2, 3)], ids=str)
def test_odd_proportions_give_a_score_or_the_smallest_side(case, shape):
    rng = np.random.default_rng(3)
    image, reference = (rng.integers(0, 256, (*shape, 3), dtype=np.uint8) for _ in range(2))
    if min(shape) < case.spec.min_side:
        with pytest.raises(SizeError, match=str(case.spec.min_side)):
            case(image, reference)
    else:
        value = case(image, reference)
        assert np.isfinite(value)
        assert case.in_range(value)


def test_the_value_of_white_may_be_stated(case):
    image, reference = case.distorted() / 255.0, case.picture() / 255.0
    wide = case(image * 40.0, reference * 40.0, data_range=40.0)
    _values_close(wide, case(image, reference), 1e-7, _floor(case))


def test_arrays_are_not_written_and_may_be_views(case):
    image, reference = case.distorted(), case.picture()
    value = case(image, reference)
    for arrays in (
        [np.asfortranarray(image), np.asfortranarray(reference)],
        [np.repeat(np.repeat(a, 2, 0), 2, 1)[::2, ::2] for a in (image, reference)],
    ):
        assert case(*arrays) == value
    doubles = [image / 255.0, reference / 255.0]
    copies = [a.copy() for a in (image, reference, *doubles)]
    for array in (image, reference, *doubles):
        array.setflags(write=False)
    assert case(image, reference) == value
    case(*doubles)
    for array, copy in zip((image, reference, *doubles), copies, strict=True):
        assert np.array_equal(array, copy)


# Refusals ----------------------------------------------------------------------------------------------------


def _calls_with(case, bad):
    """The bad array as image and, for full-reference metrics, as reference, with the name the message must have."""
    good = case.picture() if bad.dtype.kind != "f" else case.picture() / 255.0
    yield "image", (bad, good)
    if case.full_reference:
        yield "reference", (good, bad)


@pytest.mark.parametrize("shape", [(), (64,), (48, 64, 2), (48, 64, 4), (3, 48, 64), (1, 2, 48, 64, 3)], ids=str)
def test_a_wrong_shape_is_refused_by_name(case, shape):
    bad = np.zeros(shape, np.uint8)
    for name, arguments in _calls_with(case, bad):
        with pytest.raises(InputError, match=name):
            case(*arguments)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1.01, -0.01, 255.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values_out_of_range_are_refused_by_name(case, value, dtype):
    bad = (case.picture() / 255.0).astype(dtype)
    bad[7, 5, 1] = value
    for name, arguments in _calls_with(case, bad):
        with pytest.raises(RangeError, match=name):
            case(*arguments)


@pytest.mark.parametrize("dtype", [np.int32, np.int64, bool, complex, object])
def test_a_dtype_that_holds_no_pixels_is_refused_by_name(case, dtype):
    for name, arguments in _calls_with(case, case.picture().astype(dtype)):
        with pytest.raises(InputTypeError, match=name):
            case(*arguments)


@pytest.mark.parametrize("bad", [[[1, 2], [3, 4]], "a.png", b"abc", 3, object()], ids=lambda b: type(b).__name__)
def test_what_is_no_array_is_refused(case, bad):
    with pytest.raises(InputTypeError, match="image"):
        case(bad, case.picture())


def test_a_missing_argument_is_named(case):
    given = [case.picture()] * (1 if case.full_reference else 2)
    with pytest.raises(InputError, match="reference"):
        visq.metric(case.spec.id)(*given)
    if case.full_reference:
        with pytest.raises(InputError, match="reference"):
            case(case.picture(), None)


def test_an_empty_batch_is_refused(case):
    empty = np.zeros((0, *case.size, 3), np.uint8)
    with pytest.raises(InputError, match="image"):
        case(empty, empty)


def test_the_smallest_side_is_as_stated(case):
    least = case.spec.min_side
    enough = case.picture()[:least, : case.side]
    assert np.isfinite(case(enough, enough))
    assert np.isfinite(case(enough.swapaxes(0, 1), enough.swapaxes(0, 1)))
    if least > 1:
        for small in (case.picture()[: least - 1], case.picture()[:, : least - 1]):
            with pytest.raises(SizeError, match=f"image is too small.*{least}"):
                case(small, small)


def test_sizes_that_differ_are_refused(paired):
    image = paired.picture()
    for other in (image[:-1], image[:, :-1], image[:-1, :-1], image.swapaxes(0, 1)):
        with pytest.raises(SizeError, match="reference"):
            paired(image, other)
    with pytest.raises(SizeError, match="batch"):
        paired(np.stack([image] * 2), np.stack([image] * 3))


@pytest.mark.parametrize("data_range", [0, -1, float("nan"), float("inf"), "white"])
def test_an_unusable_data_range_is_refused(case, data_range):
    with pytest.raises(OptionError, match="data_range"):
        case(case.picture(), case.picture(), data_range=data_range)


def test_an_option_that_does_not_exist_is_refused(case):
    with pytest.raises(OptionError, match="no option 'no_such_option'"):
        visq.metric(case.spec.id, no_such_option=1)


# Full reference ----------------------------------------------------------------------------------------------


def test_an_identical_pair_gives_exactly_the_best_value(exact):
    found = {}
    best = exact.spec.best
    for name, (image, reference) in exact.pairs().items():
        if image is not reference:
            continue
        for array in (image, image[:, :, 0], image.astype(np.uint16) * 257, np.float32(image / 255), image / 255.0):
            value = exact(array, array.copy())
            if value != best:
                found[name, array.dtype.name, array.ndim] = value
    assert not found, f"not exactly {best}"


def test_nothing_is_better_than_an_identical_pair(exact):
    found = {}
    for name, (image, reference) in exact.pairs().items():
        value = exact(image, reference)
        if exact.worse(exact.spec.best, value):
            found[name] = value
    assert not found


@pytest.mark.parametrize("name", ["black-white", "white-black", "photo-black", "ordinary"])
def test_different_images_are_worse_than_identical_ones(fr, name):
    value = fr(*fr.pairs()[name])
    assert fr.worse(value, fr.spec.best), value


def test_swapped_arguments(paired):
    image, reference = paired.distorted(), paired.picture()
    one, two = paired(image, reference), paired(reference, image)
    if paired.spec.symmetric:
        _values_close(one, two, 1e-6, _floor(paired))
    else:
        assert abs(one - two) > 1e-6 * abs(one), "declared as asymmetric, and is not"


# Maps --------------------------------------------------------------------------------------------------------


def test_maps_come_in_the_shape_of_the_call_and_leave_the_score_alone(mapped):
    image, reference = mapped.distorted(), mapped.picture()
    score, values = mapped(image, reference, full=True)
    assert isinstance(score, float)
    assert values.ndim == 2
    assert np.isfinite(values).all()
    assert all(0 < side <= whole for side, whole in zip(values.shape, image.shape[:2], strict=True))
    assert score == mapped(image, reference), "asking for the map changes the score"
    scores, maps = mapped(np.stack([image, reference]), np.stack([reference, reference]), full=True)
    assert scores.shape == (2,)
    assert maps.shape == (2, *values.shape)
    _values_close(maps[0], values, 1e-6, 1e-6 * max(1e-12, float(np.abs(values).max())))
    arguments = (image, reference) if mapped.full_reference else (image,)
    assert np.array_equal(visq.metric(mapped.spec.id).map(*arguments), values)


def test_a_map_is_worse_where_the_damage_is(mapped):
    if not mapped.full_reference:
        pytest.skip("needs a reference to damage")
    reference = mapped.picture()
    image = reference.copy()
    half = image.shape[1] // 2
    image[:, : half - 16] = mapped.distorted()[:, : half - 16]
    _, values = mapped(image, reference, full=True)
    left, right = values[:, : values.shape[1] // 4].mean(), values[:, -values.shape[1] // 4 :].mean()
    assert (left > right) == mapped.spec.map_lower_is_better


def test_a_metric_without_a_map_says_so(case):
    assert ("full" in case.parameters) or not case.spec.has_map
    if not case.spec.has_map:
        with pytest.raises(InputError, match="no per-pixel map"):
            visq.metric(case.spec.id).map(case.picture(), case.picture() if case.full_reference else None)


def test_every_error_of_a_metric_is_ours(case):
    """What a caller cannot foresee is still caught by `except VisqError`."""
    with pytest.raises(VisqError):
        visq.metric(case.spec.id)(np.zeros((0, 0), np.uint8), *([np.zeros((2, 2))] * case.full_reference))
