"""What PIQE, total variation, UCIQE and UIQM have in common: forms of input, engines, gradients, refusals."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from skimage import data

from visq.errors import InputTypeError, RangeError, SizeError
from visq.metrics.piqe import piqe
from visq.metrics.total_variation import total_variation
from visq.metrics.uciqe import uciqe
from visq.metrics.uiqm import uiqm
from visq.ops.threads import set_threads

CASES = {
    "piqe": (piqe, {}),
    "tv-l2": (total_variation, {}),
    "tv-l1": (total_variation, {"norm": "l1"}),
    "tv-l2_squared": (total_variation, {"norm": "l2_squared"}),
    "uciqe-norm": (uciqe, {}),
    "uciqe-lab_raw": (uciqe, {"variant": "lab_raw"}),
    "uciqe-matlab": (uciqe, {"variant": "matlab"}),
    "uiqm": (uiqm, {}),
    "uiqm-trimmed": (uiqm, {"variance": "trimmed", "block": 5, "contrast": "channels"}),
    "uiqm-plip": (uiqm, {"contrast": "plip", "blue_weight": 0.144}),
}
SIDES = {"piqe": 16, "uciqe": 5, "uiqm": 8}
every = pytest.mark.parametrize("case", CASES)


def score(case, image, **keywords):
    function, options = CASES[case]
    return function(image, **options, **keywords)


def photograph(height=150, width=203):
    # An odd size: no multiple of any block.
    return np.ascontiguousarray(data.astronaut()[100 : 100 + height, 130 : 130 + width])


def tensor(image):
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(image, -1, 0)))[None]


@every
@pytest.mark.parametrize("level", [0, 77, 255])
def test_constant_is_finite(case, level):
    image = np.full((40, 40, 3), level, np.uint8)
    for value in (score(case, image), score(case, image / 255.0), float(score(case, tensor(image / 255.0)))):
        assert np.isfinite(value)
        assert value == pytest.approx(score(case, image), abs=1e-9)


@every
def test_batch_is_one_by_one(case):
    batch = np.stack([photograph(64, 80), 255 - photograph(64, 80), np.zeros((64, 80, 3), np.uint8)])
    assert score(case, batch).tolist() == [score(case, image) for image in batch]
    planes = torch.from_numpy(np.ascontiguousarray(np.moveaxis(batch, -1, 1)))
    together, alone = score(case, planes), torch.stack([score(case, image) for image in planes])
    assert together.shape == (3,)
    torch.testing.assert_close(together, alone, rtol=1e-6, atol=1e-6)


@every
def test_grey_is_grey_rgb(case):
    grey = photograph()[..., 1]
    repeated = score(case, np.repeat(grey[..., None], 3, axis=2))
    # Total variation is a sum over channels as given, by definition.
    share = {"tv-l1": 3.0, "tv-l2_squared": 3.0, "tv-l2": 3**0.5}.get(case, 1.0)
    assert score(case, grey) * share == pytest.approx(repeated, rel=1e-12, abs=1e-12)
    assert score(case, grey[..., None]) == score(case, grey)
    assert float(score(case, torch.from_numpy(grey))) == pytest.approx(score(case, grey), rel=1e-5, abs=1e-6)


@every
def test_depths_agree(case):
    image = photograph()
    expected = score(case, image)
    rounded = {"rounded_luma": True} if case == "piqe" else {}
    assert score(case, image.astype(np.uint16) * 257, **rounded) == pytest.approx(expected, rel=1e-6)
    assert score(case, image / 255.0, **rounded) == pytest.approx(expected, rel=1e-6)
    # Required: 1e-4 in float32.
    assert score(case, (image / 255.0).astype(np.float32), **rounded) == pytest.approx(expected, rel=1e-4)
    assert score(case, image.astype(np.float32), data_range=255, **rounded) == pytest.approx(expected, rel=1e-4)
    half = (image / 255.0).astype(np.float16)
    assert score(case, half) == score(case, half.astype(np.float32))


@every
@pytest.mark.parametrize(("form", "tolerance"), [("uint8", 1e-5), ("float32", 1e-5), ("float64", 1e-9)], ids=str)
def test_engines_agree(case, form, tolerance):
    image = photograph() if form == "uint8" else (photograph() / 255.0).astype(form)
    value = score(case, tensor(image))
    assert value.dtype == (torch.float64 if form == "float64" else torch.float32)
    assert float(value[0]) == pytest.approx(score(case, image), rel=tolerance)


@every
@pytest.mark.parametrize("seed", [0, 1])
def test_engines_agree_on_noise(case, seed):
    image = np.random.default_rng(seed).random((70, 55, 3))
    assert float(score(case, tensor(image))) == pytest.approx(score(case, image), rel=1e-9)


@every
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("kind", ["ordinary", "black", "white", "constant", "half"])
def test_gradient_is_finite(case, dtype, kind):
    level = {"black": 0.0, "white": 1.0, "constant": 0.3}.get(kind, 0.5)
    image = torch.full((1, 3, 40, 48), level, dtype=dtype)
    if kind == "ordinary":
        image = tensor(photograph(40, 48) / 255.0).to(dtype)
    if kind == "half":
        image[..., 24:] = 0.0
    image.requires_grad_()
    score(case, image).sum().backward()
    assert torch.isfinite(image.grad).all()
    if kind == "ordinary" and case != "piqe":
        assert image.grad.abs().sum() > 0


@every
def test_threads_do_not_change_the_score(case):
    image = photograph()
    scores = {}
    try:
        for count in (1, 2):
            set_threads(count)
            scores[count] = [score(case, image), score(case, image / 255.0)]
    finally:
        set_threads(None)
    assert scores[1] == scores[2]


@every
def test_input_is_left_alone(case):
    for image in (photograph(), photograph() / 255.0, np.asfortranarray(photograph()[:, ::-1])):
        copy = image.copy()
        first = score(case, image)
        assert (image == copy).all()
        assert score(case, copy) == pytest.approx(first, rel=1e-12)


@pytest.mark.parametrize("case", ["piqe", "uciqe-norm", "uiqm"])
def test_too_small_is_refused(case):
    side = SIDES[case.split("-")[0]]
    assert np.isfinite(score(case, np.full((side, side, 3), 9, np.uint8)))
    for shape in ((side - 1, 50, 3), (50, side - 1, 3)):
        with pytest.raises(SizeError, match=f"at least {side}x{side}"):
            score(case, np.zeros(shape, np.uint8))


@every
def test_bad_values_are_refused(case):
    image = photograph(40, 40) / 255.0
    for bad in (np.nan, np.inf, 1.5, -0.2):
        broken = image.copy()
        broken[3, 5, 1] = bad
        with pytest.raises(RangeError):
            score(case, broken)
        with pytest.raises(RangeError):
            score(case, tensor(broken))
    with pytest.raises(InputTypeError):
        score(case, image.tolist())


@every
def test_slack_of_the_range_is_harmless(case):
    # Values a rounding error outside the range are accepted; logarithms and roots of them must not be.
    image = np.random.default_rng(2).choice([-9e-4, 0.0, 1.0, 1.0009], size=(48, 48, 3))
    assert np.isfinite(score(case, image))
    assert float(score(case, tensor(image))) == pytest.approx(score(case, image), rel=1e-9)
