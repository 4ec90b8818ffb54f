"""Every value of every option: what a metric owes by default, it owes with any setting."""

from __future__ import annotations

import numpy as np
import pytest

import samples
from visq.errors import OptionError, SizeError

torch = pytest.importorskip("torch")

# Numbers that options without choices are tried with, beside their default.
_NUMBERS = {"int": (2, 3, 5, 9), "float": (0.05, 0.5, 2.0)}
# A longer list of choices is tried at its ends and in its middle.
_MANY = 8
# Settings that round on the way: the gradient passes straight through that, by intention, and is not the slope. Random
# places follow from the pixels: there is no slope.
_ROUNDED = {
    ("rounded_luma", True),
    ("rounded", True),
    ("crops", "random15"),
    ("variant", "opencv"),
    ("variant", "opencv_std"),
}


@pytest.fixture(autouse=True)
def _one_torch_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def _values(option):
    values = [True, False] if option.type == "bool" else list(option.choices or _NUMBERS.get(option.type, ()))
    if len(values) > _MANY:  # the layers of a network
        values = [values[0], values[len(values) // 2], values[-1]]
    if option.optional or option.default is None:
        values.append(None)
    return [v for v in values if v != option.default]


def _settings(case, make=None):
    """What these pictures can be scored with: a number may be no window, or one too large for them."""
    picture = case.picture() if make is None else make(case.picture() / 255.0)
    for option in case.spec.options:
        for value in _values(option):
            options = {option.name: value}
            refusal = _refusal(case, picture, options)
            if refusal is None:
                yield options
            elif option.choices and "tensors" not in refusal:
                # A stated choice has to work, if on larger pictures only; some are for arrays and say so.
                assert _refusal(case, np.tile(case.picture(), (6, 6, 1)), options) is None, refusal


def _refusal(case, picture, options):
    try:
        case(picture, picture, **options)
    except (OptionError, SizeError) as error:
        return str(error)
    return None


def _pairs(case):
    return {n: [a.astype(np.float64) / 255.0 for a in pair] for n, pair in case.pairs().items()}


def _tensor(pixels, dtype=torch.float64):
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(pixels, -1, 0)))[None].to(dtype)


def _floor(case):
    low, high = case.spec.value_range
    return high - low if np.isfinite(high - low) else 1.0


def _best(case, options):
    """The value of an identical pair with these options. A number may change it (a ceiling, an exponent), and a rule
    without a bound makes it infinite.
    """
    best = case(case.picture(), case.picture(), **options)
    value = next(iter(options.values()), "default")
    if isinstance(value, (bool, str)) and np.isfinite(best):
        assert best == case.spec.best, options
    return best


def _wrong(case, best, image, reference, value):
    """What is wrong with a score, or nothing. The best value may be infinite where no ceiling is asked for."""
    if value != best and not (np.isfinite(value) and case.in_range(value)):
        return "outside the range"
    if best is None:
        return ""
    if np.array_equal(image, reference):
        return "" if value == best else "not the best value"
    return "better than identical" if case.worse(best, value) else ""


def test_scores_are_finite_in_range_and_best_for_an_identical_pair(case):
    found = {}
    for options in _settings(case):
        best = _best(case, options) if case.full_reference and case.spec.best is not None else None
        for name, (image, reference) in _pairs(case).items():
            for pair in ((image, reference), (np.float32(image), np.float32(reference))):
                value = case(*pair, **options)
                trouble = _wrong(case, best, *pair, value)
                if trouble:
                    found[str(options), name, pair[0].dtype.name] = trouble, value
    assert not found


def test_both_engines_agree_with_every_setting(case):
    image, reference = case.distorted() / 255.0, case.picture() / 255.0
    for options in _settings(case, _tensor):
        value = case(image, reference, **options)
        tensor = float(case(_tensor(image), _tensor(reference), **options))
        assert tensor == pytest.approx(value, rel=1e-9, abs=1e-12 * _floor(case)), options


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
def test_gradients_are_finite_with_every_setting(smooth, dtype):
    found = []
    for options in _settings(smooth, _tensor):
        for name, pair in _pairs(smooth).items():
            image, reference = (_tensor(a, dtype).requires_grad_() for a in pair)
            smooth(image, reference, **options).sum().backward()
            for leaf in [image, reference] if smooth.full_reference else [image]:
                if leaf.grad is None or not torch.isfinite(leaf.grad).all():
                    found.append((options, name))
    assert not found


def test_the_gradient_is_the_slope_with_every_setting(smooth):
    """Central differences along a random direction, float64; corners of the formulae have a thousandth."""
    image = _tensor(samples.between_levels(smooth.distorted()) / 255.0).clamp(0.02, 0.98)
    reference = _tensor(smooth.picture() / 255.0).clamp(0.02, 0.98)
    noise = torch.randn(image.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    direction = noise / noise.abs().max()
    for options in _settings(smooth, _tensor):
        if set(options.items()) & _ROUNDED:
            continue
        leaf = image.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(smooth(leaf, reference, **options).sum(), leaf)
        expected, scale = float((gradient * direction).sum()), float((gradient * direction).abs().sum())
        slopes = []
        for step in (1e-5, 1e-6, 1e-7):
            ahead, behind = (float(smooth(image + s * direction, reference, **options)) for s in (step, -step))
            slopes.append((ahead - behind) / (2 * step))
        assert min(abs(slope - expected) for slope in slopes) <= 1e-3 * scale, (options, slopes, expected)


# Pictures with a side of 384 and more are scaled down by many metrics, always or by an option.
_LARGE = (390, 402)


def _large_pairs():
    height, width = _LARGE
    photo = samples.picture(height, width)
    grey = samples.constant(height, width, 117)
    pairs = {"grey-grey": (grey, grey), "grey-photo": (grey, photo), "ordinary": (samples.noisy(photo, 6), photo)}
    return {name: [a / 255.0 for a in pair] for name, pair in pairs.items()}


def _large_settings(case):
    yield {}
    for option in case.spec.options:
        # A choice that changes nothing on small pictures may do so on large ones; rounding does the same on both.
        for value in _values(option) if option.name != "rounded_luma" else ():
            options = {option.name: value}
            small = case.distorted() / 255.0, case.picture() / 255.0
            usable = option.type in ("bool", "str") and _refusal(case, _tensor(small[0]), options) is None
            if usable and case(*small, **options) == case(*small):
                yield options


def test_large_pictures_have_scores_and_gradients_with_every_setting(smooth):
    if smooth.spec.extra == "torch":
        pytest.skip("what a network computes does not change with the size; what is done before it has its own tests")
    found = {}
    within = max(1e-9, smooth.arrays_within)
    for options in _large_settings(smooth):
        best = _best(smooth, options) if smooth.full_reference and smooth.spec.best is not None else None
        for name, (image, reference) in _large_pairs().items():
            value = smooth(image, reference, **options)
            trouble = _wrong(smooth, best, image, reference, value)
            leaf = _tensor(image).requires_grad_()
            score = smooth(leaf, _tensor(reference), **options)
            score.sum().backward()
            if trouble or float(score.detach()) != pytest.approx(value, rel=within, abs=1e-12 * _floor(smooth)):
                found[str(options), name] = trouble, value, float(score.detach())
            elif not torch.isfinite(leaf.grad).all():
                found[str(options), name] = "gradient"
    assert not found
