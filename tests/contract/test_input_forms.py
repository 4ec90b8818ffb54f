"""One picture in many forms: depths, byte orders, memory layouts, mixed pairs. Its score does not depend on them."""

from __future__ import annotations

import re

import numpy as np
import pytest

import samples
from visq.errors import InputError, InputTypeError, OptionError, RangeError, SizeError

# As the conventions state it: 8 bit, or 16 bit times 257.
DEPTH = 1e-3


def _wide(*arrays):
    return [a.astype(np.uint16) * 257 for a in arrays]


def _colour_only(case):
    """A pair of equal luma up to rounding: what is left of it is small, and all of it rounding."""
    reference = case.picture()
    image = reference.astype(int) + np.array([2, -1, 0]) * (np.indices(reference.shape[:2]).sum(0) % 5 == 0)[..., None]
    return np.clip(image, 0, 255).astype(np.uint8), reference


def test_a_container_of_16_bits_changes_nothing_by_default(case):
    pairs = [(case.distorted(), case.picture()), (case.distorted(grey=True), case.picture(grey=True))]
    for image, reference in [*pairs, _colour_only(case)]:
        assert case(*_wide(image, reference)) == pytest.approx(case(image, reference), rel=DEPTH, abs=1e-9)


def test_8_bit_against_16_bit_is_compared_exactly(fr):
    image, reference = fr.distorted(), fr.picture()
    expected = fr(image, reference)
    assert fr(image, *_wide(reference)) == pytest.approx(expected, rel=DEPTH)
    assert fr(*_wide(image), reference) == pytest.approx(expected, rel=DEPTH)
    assert fr(reference, *_wide(reference)) == fr.spec.best
    assert fr(*_wide(reference), reference) == fr.spec.best


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_integers_against_the_same_picture_in_floats_are_identical(fr, dtype):
    reference = fr.picture()
    divided = reference.astype(dtype) / dtype(255)
    assert fr(reference, divided) == fr.spec.best
    assert fr(divided, reference) == fr.spec.best
    assert fr(reference, reference.astype(dtype), data_range=255) == fr.spec.best


def test_16_bit_numbers_up_to_255_are_read_by_their_data_range(case):
    image, reference = (a.astype(np.uint16) for a in (case.distorted(), case.picture()))
    assert case(image, reference, data_range=255) == pytest.approx(case(case.distorted(), case.picture()), rel=1e-6)
    with pytest.raises(RangeError, match="image"):
        case(image, reference, data_range=100)


def test_either_byte_order_is_read(case):
    image, reference = case.distorted(), case.picture()
    for native in (_wide(image, reference), [image / 255.0, reference / 255.0]):
        swapped = [a.astype(a.dtype.newbyteorder(">")) for a in native]
        assert case(*swapped) == case(*native)


def test_turned_views_equal_their_copies(case):
    image, reference = case.distorted(), case.picture()
    for turn in (np.s_[::-1], np.s_[:, ::-1], np.s_[::-1, ::-1], np.s_[..., ::-1], np.s_[::2, ::2]):
        if turn == np.s_[::2, ::2] and case.side < 2 * case.spec.min_side:
            continue
        views = [a[turn] for a in (image, reference)]
        assert case(*views) == pytest.approx(case(*[v.copy() for v in views]), rel=1e-12), turn


@pytest.mark.parametrize("number", [np.float32(255), np.float64(255), np.int64(255), np.uint8(255), 255])
def test_the_value_of_white_may_be_any_number(case, number):
    image, reference = (a.astype(float) for a in (case.distorted(), case.picture()))
    assert case(image, reference, data_range=number) == case(image, reference, data_range=255.0)


def test_scores_stay_in_range_where_pixels_leave_theirs_within_the_tolerance(case):
    found = {}
    for name, pair in case.pairs().items():
        value = case(*(a / 255.0 * 1.0019 - 0.00095 for a in pair))
        if not case.in_range(value):
            found[name] = value
    assert not found


def _provoke(case):
    image, reference = case.picture(), case.picture()
    yield RangeError, (np.full(image.shape, np.nan), reference / 255.0)
    yield InputTypeError, (image.astype(np.int64), reference)
    yield InputError, (image[..., :2], reference)
    if case.spec.min_side > 1:
        yield SizeError, (samples.constant(1, 1, 0), samples.constant(1, 1, 0))
    if case.full_reference:
        yield SizeError, (image[1:], reference)


def test_every_error_that_is_raised_is_in_the_docstring(case):
    _, _, section = (case.function.__doc__ or "").partition("    Raises\n    ------\n")
    section = re.split(r"\n    [A-Z][a-z]+\n    -+\n", section)[0]
    listed = {name for line in re.findall(r"^    (visq\.errors.*)$", section, re.M) for name in line.split(", ")}
    for kind, arguments in _provoke(case):
        with pytest.raises(kind) as caught:
            case(*arguments)
        named = {f"{c.__module__}.{c.__name__}" for c in type(caught.value).__mro__}
        assert listed & named, (kind.__name__, listed)
    for option in case.spec.options:
        if option.choices:
            with pytest.raises(OptionError):
                case(*([case.picture()] * 2), **{option.name: "no such choice"})
            assert listed & {"visq.errors.OptionError", "visq.errors.InputError"}


# Tensors -----------------------------------------------------------------------------------------------------


def _tensor(pixels):
    torch = pytest.importorskip("torch")
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(pixels, -1, 0)))


def test_tensors_of_16_bits_score_as_those_of_8(case):
    image, reference = case.distorted(), case.picture()
    expected = case(image, reference)
    wide = [_tensor(a) for a in _wide(image, reference)]
    assert float(case(*wide)) == pytest.approx(expected, rel=DEPTH)
    narrow = [_tensor(a.astype(np.uint16)) for a in (image, reference)]
    assert float(case(*narrow, data_range=255)) == pytest.approx(expected, rel=1e-5)
    if case.full_reference and case.spec.best is not None:
        assert float(case(_tensor(reference), wide[1])) == case.spec.best
        assert float(case(_tensor(reference), _tensor(reference / 255.0))) == case.spec.best


def test_brain_floats_are_computed_in_single(case):
    torch = pytest.importorskip("torch")
    image, reference = (_tensor(a / 255.0).bfloat16() for a in (case.distorted(), case.picture()))
    value = case(image, reference)
    assert value.dtype == torch.float32
    assert float(value) == pytest.approx(float(case(image.float(), reference.float())), rel=1e-5)


def test_strided_tensors_equal_contiguous_ones(case):
    pytest.importorskip("torch")
    image, reference = (_tensor(a)[None] for a in (case.distorted(), case.picture()))
    turned = [a.transpose(2, 3).contiguous().transpose(2, 3) for a in (image, reference)]
    expected = float(case(image, reference))
    assert float(case(*turned)) == pytest.approx(expected, rel=1e-6)
