"""CNNIQA: against a forward pass in NumPy and SciPy, and the rule for its patches."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from scipy.signal import convolve2d

import samples
import visq
from shared_data import shared
from visq.errors import SizeError

torch = pytest.importorskip("torch")
WEIGHTS = "weights/cnniqa_live.safetensors"


@pytest.fixture(autouse=True)
def _weights(monkeypatch):
    monkeypatch.setenv("VISQ_WEIGHTS", str(shared(WEIGHTS).parent))
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def _patch_score(tensors, patch):
    """One patch of grey in 0..1, `(32, 32)`, in double precision."""
    box = np.full((3, 3), 1 / 9)
    mean = convolve2d(patch, box, mode="same", boundary="symm")
    variance = convolve2d(patch**2, box, mode="same", boundary="symm") - mean**2
    x = (patch - mean) / (np.sqrt(np.maximum(variance, 0.0)) + 1.0)
    windows = np.lib.stride_tricks.sliding_window_view(x, (7, 7))
    answers = np.einsum("hwij,oij->ohw", windows, tensors["conv1.weight"][:, 0])
    answers += tensors["conv1.bias"][:, None, None]
    x = np.concatenate([answers.max(axis=(1, 2)), answers.min(axis=(1, 2))])
    for name in ("fc1", "fc2"):
        x = np.maximum(tensors[f"{name}.weight"] @ x + tensors[f"{name}.bias"], 0.0)
    return float(tensors["fc3.weight"][0] @ x + tensors["fc3.bias"][0])


def _expected(grey, last_row, last_column):
    from safetensors.numpy import load_file

    tensors = {k: v.astype(np.float64) for k, v in load_file(shared(WEIGHTS)).items()}
    tops, lefts = range(0, last_row + 1, 32), range(0, last_column + 1, 32)
    return np.mean([_patch_score(tensors, grey[y : y + 32, x : x + 32]) for y in tops for x in lefts])


def test_the_score_is_that_of_a_forward_pass_in_numpy():
    grey = samples.picture(70, 100, grey=True)
    grey = grey.reshape(grey.shape[:2]) / 255.0
    # The whole patches begin at 0 and 32, and at 0, 32 and 64.
    assert visq.metric("cnniqa")(grey) == pytest.approx(_expected(grey, 32, 64), rel=1e-7)


def test_the_program_leaves_out_the_last_patches_of_sides_that_are_multiples_of_32():
    grey = samples.picture(64, 96, grey=True)
    grey = grey.reshape(grey.shape[:2]) / 255.0
    assert visq.metric("cnniqa")(grey) == pytest.approx(_expected(grey, 0, 32), rel=1e-7)
    assert visq.metric("cnniqa", patches="all")(grey) == pytest.approx(_expected(grey, 32, 64), rel=1e-7)
    # One pixel more, and the patches are whole for the program too.
    wide = np.pad(grey, ((0, 1), (0, 1)))
    assert visq.metric("cnniqa")(wide) == visq.metric("cnniqa", patches="all")(wide)


def test_one_patch_is_enough_where_all_count():
    patch = samples.picture(32, 32)
    assert np.isfinite(visq.metric("cnniqa", patches="all")(patch))
    with pytest.raises(SizeError, match="33x33"):
        visq.metric("cnniqa")(patch)
    with pytest.raises(SizeError, match="32x32"):
        visq.metric("cnniqa", patches="all")(patch[:31])


def test_grey_is_that_of_pillow():
    photo = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    grey = np.asarray(Image.fromarray(photo).convert("L"))
    assert visq.metric("cnniqa")(photo) == visq.metric("cnniqa")(grey)


def test_strips_change_nothing_but_rounding(monkeypatch):
    from visq.systems import cnniqa

    photo = samples.picture(200, 300) / 255.0
    whole = visq.metric("cnniqa")(photo)
    monkeypatch.setattr(cnniqa, "AT_ONCE", 1)
    assert visq.metric("cnniqa")(photo) == pytest.approx(whole, rel=1e-12)


def test_damage_raises_the_score():
    photo = samples.picture(128, 160)
    metric = visq.metric("cnniqa")
    clean = metric(photo)
    assert metric(samples.blurred(photo, 2.0).astype(np.uint8)) > clean
    assert metric(samples.noisy(photo, 25)) > clean
