"""Half precision: 16-bit floats give the score of their pixels, and gradients that are those of single, rounded."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

HALVES = [torch.float16, torch.bfloat16]
# What is promised. Everything is computed in single precision, so that what is found is far below it.
WITHIN = 1e-2


@pytest.fixture(autouse=True)
def _one_torch_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def _tensor(pixels, dtype):
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(pixels / 255.0, -1, 0)))[None].to(dtype)


def _floor(case):
    # Relative tolerances mean nothing at 0.
    low, high = case.spec.value_range
    return high - low if np.isfinite(high - low) else 1.0


def _close(case, value, expected):
    return abs(value - expected) <= WITHIN * max(abs(expected), 1e-2 * _floor(case))


@pytest.mark.parametrize("dtype", HALVES, ids=str)
def test_half_tensors_give_the_score_of_their_pixels(case, dtype):
    found = {}
    for name, pair in case.pairs().items():
        halves = [_tensor(a, dtype) for a in pair]
        value = case(*halves)
        expected = float(case(*(h.float() for h in halves)))
        if not (np.isfinite(float(value)) and case.in_range(float(value)) and _close(case, float(value), expected)):
            found[name] = float(value), expected
    assert not found


def test_half_arrays_give_the_score_of_their_pixels(case):
    found = {}
    for name, pair in case.pairs().items():
        halves = [(a / 255.0).astype(np.float16) for a in pair]
        value = case(*halves)
        expected = case(*(h.astype(np.float32) for h in halves))
        if not (np.isfinite(value) and case.in_range(value) and _close(case, value, expected)):
            found[name] = value, expected
    assert not found


@pytest.mark.parametrize("dtype", HALVES, ids=str)
def test_an_identical_pair_of_half_tensors_gives_exactly_the_best_value(fr, dtype):
    for name, (image, reference) in fr.pairs().items():
        if image is reference:
            tensor = _tensor(image, dtype)
            assert float(fr(tensor, tensor.clone())) == fr.spec.best, name


@pytest.mark.parametrize("dtype", HALVES, ids=str)
def test_half_against_single_is_compared_in_single(fr, dtype):
    image, reference = _tensor(fr.distorted(), dtype), _tensor(fr.picture(), torch.float32)
    value = fr(image, reference)
    assert value.dtype == torch.float32
    assert float(value) == pytest.approx(float(fr(image.float(), reference)), rel=1e-5)


def test_float16_against_bfloat16_is_compared_in_single(fr):
    image, reference = _tensor(fr.distorted(), torch.float16), _tensor(fr.picture(), torch.bfloat16)
    assert float(fr(image, reference)) == pytest.approx(float(fr(image.float(), reference.float())), rel=1e-5)


@pytest.mark.parametrize("dtype", HALVES, ids=str)
def test_gradients_reach_half_tensors_and_are_finite(smooth, dtype):
    for name, pair in smooth.pairs().items():
        image, reference = (_tensor(a, dtype).requires_grad_() for a in pair)
        smooth(image, reference).sum().backward()
        leaves = [image, reference] if smooth.full_reference else [image]
        for leaf in leaves:
            assert leaf.grad.dtype == dtype, name
            assert torch.isfinite(leaf.grad).all(), name


@pytest.mark.parametrize("dtype", HALVES, ids=str)
def test_half_gradients_are_those_of_single_rounded(smooth, dtype):
    pair = [_tensor(a, dtype) for a in (smooth.distorted(), smooth.picture())]
    leaves = [pair[0].clone().requires_grad_(), pair[0].float().requires_grad_()]
    for leaf, reference in zip(leaves, (pair[1], pair[1].float()), strict=True):
        smooth(leaf, reference).sum().backward()
    half, single = leaves[0].grad.float(), leaves[1].grad
    # Half a unit in the last of 11 or 8 binary digits. float16 has no numbers below 6e-8: what is smaller is gone, as
    # in any half-precision training without scaling.
    unit = 2.0 ** (-11 if dtype == torch.float16 else -8)
    assert torch.all((half - single).abs() <= 1.01 * unit * single.abs() + 6e-8)
