"""The NumPy engine against the torch engine, and the gradients of the torch engine, for every metric."""

from __future__ import annotations

import numpy as np
import pytest

import samples
import visq
from visq.errors import InputError, InputTypeError, OptionError, RangeError

torch = pytest.importorskip("torch")


def _tensor(pixels, dtype=None):
    planes = pixels[None] if pixels.ndim == 2 else np.moveaxis(pixels, -1, 0)
    tensor = torch.from_numpy(np.ascontiguousarray(planes))[None]
    return tensor if dtype is None else tensor.to(dtype)


@pytest.fixture(autouse=True)
def _one_torch_thread():
    # Threads cost more than they bring on pictures of this size, and much more on a busy machine.
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def _floor(case):
    low, high = case.spec.value_range
    return high - low if np.isfinite(high - low) else 1.0


@pytest.mark.parametrize(("dtype", "within"), [(np.float32, 1e-5), (np.float64, 1e-9)], ids=["float32", "float64"])
@pytest.mark.parametrize("grey", [False, True], ids=["rgb", "grey"])
def test_both_engines_agree(case, dtype, within, grey):
    image, reference = ((a(grey=grey) / 255.0).astype(dtype) for a in (case.distorted, case.picture))
    value = case(image, reference)
    tensor = case(_tensor(image), _tensor(reference))
    assert tensor.shape == (1,)
    within = max(within, case.arrays_within)
    np.testing.assert_allclose(float(tensor), value, rtol=within, atol=1e-3 * within * _floor(case))


def test_both_engines_agree_on_8_bit_input(case):
    image, reference = case.distorted(), case.picture()
    tensor = case(_tensor(image), _tensor(reference))
    np.testing.assert_allclose(float(tensor), case(image, reference), rtol=1e-5, atol=1e-8 * _floor(case))


def test_a_tensor_without_batch_axis_gives_a_scalar_tensor(case):
    image, reference = (_tensor(a / 255.0)[0] for a in (case.distorted(), case.picture()))
    value = case(image, reference)
    assert value.shape == ()
    assert value.dtype == torch.float64


def test_a_batch_of_tensors_equals_one_by_one(case):
    images = torch.cat([_tensor(case.distorted(seed=s) / 255.0) for s in (1, 2)])
    references = torch.cat([_tensor(case.picture() / 255.0)] * 2)
    batch = case(images, references)
    single = torch.stack([case(i, r) for i, r in zip(images, references, strict=True)])
    torch.testing.assert_close(batch, single, rtol=1e-6, atol=1e-9 * _floor(case))


def test_half_precision_is_computed_in_single(case):
    image, reference = (_tensor(a / 255.0, torch.float16) for a in (case.distorted(), case.picture()))
    value = case(image, reference)
    assert value.dtype == torch.float32
    np.testing.assert_allclose(
        float(value), float(case(image.float(), reference.float())), rtol=1e-5, atol=1e-8 * _floor(case)
    )


def test_an_identical_pair_of_tensors_gives_exactly_the_best_value(exact):
    for name, (image, reference) in exact.pairs().items():
        for dtype in (torch.float32, torch.float64):
            if image is reference:
                tensor = _tensor(image / 255.0, dtype)
                assert float(exact(tensor, tensor.clone())) == exact.spec.best, (name, dtype)


def test_tensors_stay_within_the_documented_range(case):
    for name, (image, reference) in case.pairs().items():
        value = float(case(_tensor(image / 255.0, torch.float32), _tensor(reference / 255.0, torch.float32)))
        assert np.isfinite(value), name
        assert case.in_range(value), (name, value)


def test_maps_of_both_engines_agree(mapped):
    image, reference = mapped.distorted() / 255.0, mapped.picture() / 255.0
    _, values = mapped(image, reference, full=True)
    scores, maps = mapped(_tensor(image), _tensor(reference), full=True)
    assert scores.shape == (1,)
    assert maps.shape == (1, *values.shape)
    within = max(1e-7, mapped.arrays_within)
    np.testing.assert_allclose(
        maps[0].numpy(), values, rtol=within, atol=1e-2 * within * max(1.0, np.abs(values).max())
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
def test_gradients_are_finite_everywhere(smooth, dtype):
    for name, (image, reference) in smooth.pairs().items():
        tensor = _tensor(image / 255.0, dtype).requires_grad_()
        target = _tensor(reference / 255.0, dtype).requires_grad_()
        smooth(tensor, target).sum().backward()
        assert torch.isfinite(tensor.grad).all(), name
        if smooth.full_reference:
            assert target.grad is not None, f"{name}: no gradient for the reference"
            assert torch.isfinite(target.grad).all(), name


def test_the_gradient_is_the_slope(smooth):
    """Central differences of three steps along the gradient itself and along a random direction, float64."""
    image = _tensor(samples.between_levels(smooth.distorted()) / 255.0, torch.float64).clamp(0.02, 0.98)
    reference = _tensor(smooth.picture() / 255.0, torch.float64).clamp(0.02, 0.98)
    leaf = image.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(smooth(leaf, reference).sum(), leaf)
    assert float(gradient.abs().max()) > 0
    noise = torch.randn(image.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    for direction in (gradient / gradient.abs().max(), noise / noise.abs().max()):
        expected = float((gradient * direction).sum())
        slopes = []
        for step in (1e-5, 1e-6, 1e-7):
            ahead, behind = (float(smooth(image + s * direction, reference)) for s in (step, -step))
            slopes.append((ahead - behind) / (2 * step))
        # Formulae with a maximum or a threshold have a few pixels on a corner: a thousandth is left to them.
        scale = float((gradient * direction).abs().sum())
        assert min(abs(slope - expected) for slope in slopes) <= 1e-3 * scale, (slopes, expected)


def test_loss_takes_what_is_differentiable_and_refuses_the_rest(case):
    if not case.spec.differentiable:
        with pytest.raises(OptionError, match="no gradient"):
            visq.loss(case.spec.id)
        return
    compute = visq.loss(case.spec.id)
    image, reference = _tensor(case.distorted() / 255.0), _tensor(case.picture() / 255.0)
    arguments = (image, reference) if case.full_reference else (image,)
    value = compute(*arguments)
    assert value.shape == ()
    if case.full_reference:
        assert float(compute(reference, reference)) == 0.0
        assert float(value) > 0.0


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2.0, -1.0])
def test_tensors_out_of_range_are_refused(case, value):
    bad = _tensor(case.picture() / 255.0)
    bad[0, 1, 3, 3] = value
    with pytest.raises(RangeError, match="image"):
        case(bad, _tensor(case.picture() / 255.0))


def test_wrong_tensors_are_refused_by_name(case):
    good = _tensor(case.picture() / 255.0)
    for shape in ((2, 4, 64, 64), (64,), (1, 1, 3, 64, 64)):
        with pytest.raises(InputError, match="image"):
            case(torch.zeros(shape), good)
    with pytest.raises(InputTypeError, match="image"):
        case(torch.zeros((1, 3, *case.size), dtype=torch.int64), good)


def test_an_array_and_a_tensor_do_not_mix(paired):
    with pytest.raises(InputTypeError, match="different kinds"):
        paired(paired.picture(), _tensor(paired.picture()))
