"""NIMA: against a forward pass in NumPy, Pillow's nearest pixels, and what the distribution owes."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import samples
import visq
from shared_data import load, shared
from visq.systems.nima import nearest, nima_distribution, sized

torch = pytest.importorskip("torch")
WEIGHTS = "weights/nima_mobilenetv1_ava.safetensors"


@pytest.fixture(autouse=True)
def _one_torch_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def weights(monkeypatch):
    monkeypatch.setenv("VISQ_WEIGHTS", str(shared(WEIGHTS).parent))


def _convolution(x, kernel, step, alone):
    """`(C, H, W)` with one pixel of zeros around it; `alone`: each channel for itself."""
    size = kernel.shape[-1]
    edge = size // 2
    wide = np.pad(x, ((0, 0), (edge, edge), (edge, edge)))
    windows = np.lib.stride_tricks.sliding_window_view(wide, (size, size), axis=(1, 2))[:, ::step, ::step]
    if alone:
        return np.einsum("chwij,cij->chw", windows, kernel[:, 0])
    return np.einsum("chwij,ocij->ohw", windows, kernel, optimize=True)


def _forward(tensors, x):
    """The network as Keras 2.1 has it, layer by layer, in double precision."""

    def after(x, name):
        scale, shift, mean, variance = (
            tensors[f"{name}.{p}"].astype(np.float64)[:, None, None]
            for p in ("weight", "bias", "running_mean", "running_var")
        )
        return np.clip((x - mean) / np.sqrt(variance + 1e-3) * scale + shift, 0.0, 6.0)

    x = after(_convolution(x / 127.5 - 1.0, tensors["stem.0.weight"], 2, alone=False), "stem.1")
    for i in range(13):
        x = _convolution(x, tensors[f"blocks.{i}.0.weight"], 2 if i in (1, 3, 5, 11) else 1, alone=True)
        x = after(x, f"blocks.{i}.1")
        x = after(np.tensordot(tensors[f"blocks.{i}.2.weight"][:, :, 0, 0], x, axes=1), f"blocks.{i}.3")
    units = tensors["fc.weight"] @ x.mean(axis=(1, 2)) + tensors["fc.bias"]
    p = np.exp(units - units.max())
    return p / p.sum()


def test_the_distribution_is_that_of_a_forward_pass_in_numpy(weights):
    from safetensors.numpy import load_file

    photo = samples.picture(45, 33)
    expected = _forward(load_file(shared(WEIGHTS)), np.moveaxis(photo.astype(np.float64), -1, 0))
    given = nima_distribution(photo / 255.0, resize="none")
    # The normalisations are folded into weights of single precision.
    np.testing.assert_allclose(given, expected, rtol=2e-5)
    assert visq.metric("nima", resize="none")(photo / 255.0) == pytest.approx(expected @ np.arange(1, 11), rel=1e-5)


def test_nearest_takes_the_pixels_that_pillow_takes():
    for length in (*range(32, 700), 768, 1000, 1024, 1920, 4000):
        ramp = Image.fromarray(np.arange(length, dtype=np.int32)[None], mode="I")
        taken = np.asarray(ramp.resize((224, 1), Image.Resampling.NEAREST))[0]
        assert np.array_equal(nearest(length, 224), taken), length


def test_a_picture_resized_beforehand_scores_the_same(weights):
    photo = load("golden/calibra/dist/I03.png")
    small = np.asarray(Image.fromarray(photo).resize((224, 224), Image.Resampling.NEAREST))
    assert visq.metric("nima")(photo) == visq.metric("nima", resize="none")(small)


def test_the_distribution_sums_to_one_and_has_the_score_as_its_mean(weights):
    photos = np.stack([samples.picture(40, 50), samples.noise(40, 50), samples.constant(40, 50, 0)])
    p = nima_distribution(photos)
    assert p.shape == (3, 10)
    np.testing.assert_allclose(p.sum(axis=1), 1.0, rtol=1e-6)
    np.testing.assert_allclose(p @ np.arange(1, 11), visq.metric("nima")(photos), rtol=1e-6)
    assert nima_distribution(photos[0]).shape == (10,)
    assert nima_distribution(torch.rand(2, 3, 40, 50)).shape == (2, 10)


def test_planes_of_both_kinds_are_sized_alike():
    planes = np.random.default_rng(0).random((1, 3, 300, 260), dtype=np.float32)
    for resize in ("nearest", "none"):
        assert np.array_equal(sized(planes, resize), sized(torch.from_numpy(planes), resize).numpy())
    np.testing.assert_allclose(
        sized(planes, "bilinear"), sized(torch.from_numpy(planes), "bilinear").numpy(), atol=1e-6
    )


def test_a_damaged_file_of_weights_is_refused(tmp_path):
    from safetensors.torch import save_file

    from visq.errors import WeightsError
    from visq.systems.nima_network import load as load_network
    from visq.systems.nima_network import shapes

    tensors = {name: torch.zeros(shape) for name, shape in shapes().items()}
    save_file(tensors | {"fc.bias": torch.zeros(9)}, tmp_path / "a.safetensors")
    with pytest.raises(WeightsError, match=r"fc\.bias"):
        load_network(str(tmp_path / "a.safetensors"))
    save_file(tensors | {"fc.bias": torch.full((10,), float("nan"))}, tmp_path / "b.safetensors")
    with pytest.raises(WeightsError, match="NaN"):
        load_network(str(tmp_path / "b.safetensors"))


@pytest.mark.parametrize(("resize", "most"), [("nearest", 16), ("bilinear", 16), ("none", 1)])
def test_a_large_batch_needs_no_more_memory_than_a_small_one(monkeypatch, resize, most):
    """What a network needs on the way grows with what it is given at a time."""
    from visq.systems import nima

    given = []

    def network(planes):
        given.append(tuple(planes.shape))
        p = torch.softmax(planes[:, :1, :2, :5].flatten(1), dim=1)
        return planes.mean(dim=(1, 2, 3)), p

    monkeypatch.setattr(nima, "_network", lambda *_: network)
    monkeypatch.setattr(nima.graphs, "choose", lambda *_: None)
    batch = np.random.default_rng(0).integers(0, 256, (37, 40, 48, 3), dtype=np.uint8)
    scores, marks = nima.nima(batch, resize=resize), nima_distribution(batch, resize=resize)
    assert max(shape[0] for shape in given) == most
    assert sum(shape[0] for shape in given) == 2 * 37
    # Sums over more pictures at a time are cut otherwise: single precision.
    np.testing.assert_allclose(scores, [nima.nima(one, resize=resize) for one in batch], rtol=1e-6)
    np.testing.assert_allclose(marks, [nima_distribution(one, resize=resize) for one in batch], rtol=1e-6)
