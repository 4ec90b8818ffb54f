"""Encoders out of files of every kind, the authors' checkpoints among them, and features at two scales."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")
safetensors = pytest.importorskip("safetensors.torch")

import reiqa_material as material  # noqa: E402

from samples import picture  # noqa: E402
from visq.errors import InputError, OptionError, SizeError, WeightsError  # noqa: E402
from visq.systems.reiqa import features, open_encoders, scales, trunks  # noqa: E402
from visq.systems.reiqa.encoders import read_encoder  # noqa: E402

_SMALL = "resnet18_half"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """One file for each encoder, of different parameters."""
    folder = tmp_path_factory.mktemp("encoders")
    for seed, part in enumerate(("quality", "content")):
        state = {f"encoder.{n}": v for n, v in trunks.make(_SMALL, seed).state_dict().items()}
        safetensors.save_file(state, folder / f"{part}.safetensors")
    return {part: folder / f"{part}.safetensors" for part in ("quality", "content")}


@pytest.fixture(scope="module")
def encoders(files):
    return open_encoders(**files)


def _planes(pixels):
    return torch.from_numpy(np.array(pixels)).permute(2, 0, 1)[None].float() / 255


def _equal(found, state, prefix=""):
    own = found.state_dict()
    return all(torch.equal(own[name.removeprefix(prefix)], v) for name, v in state.items() if v.is_floating_point())


def test_the_authors_checkpoints_are_read_as_their_programme_writes_them(tmp_path):
    """The layout of the released trainer: state dicts, queue and optimiser under names of their own, and an epoch."""
    state = material.state("resnet50", "module.encoder.")
    head = {"module.head.0.weight": torch.zeros(4, 4), "module.head.2.bias": torch.zeros(4)}
    optimiser = {"state": {0: {"mu": torch.zeros(3)}}, "param_groups": [{"lr": 12.0, "params": [0]}]}
    contrast = {"memory": torch.zeros(5, 4)}
    whole = {"model": {**state, **head}, "model_ema": head, "contrast": contrast, "optimizer": optimiser, "epoch": 40}
    torch.save(whole, tmp_path / "quality_aware_r50.pth")
    trunk, found = read_encoder(tmp_path / "quality_aware_r50.pth", "quality")
    assert trunk == "resnet50"
    assert _equal(found, state, "module.encoder.")
    assert not any(p.requires_grad for p in found.parameters())


@pytest.mark.parametrize("prefix", ["", "encoder.", "module.encoder."])
@pytest.mark.parametrize("kind", ["safetensors", "pth"])
def test_state_dicts_by_any_of_their_names(prefix, kind, tmp_path):
    state = material.state(_SMALL, prefix)
    path = tmp_path / f"encoder.{kind}"
    safetensors.save_file(state, path) if kind == "safetensors" else torch.save(state, path)
    trunk, found = read_encoder(path, "content")
    assert trunk == _SMALL
    assert _equal(found, state, prefix)


def test_a_file_that_lacks_tensors_is_refused_with_their_names(tmp_path):
    state = material.state(_SMALL)
    del state["layer3.0.bn1.running_var"]
    safetensors.save_file({**state, "layer9.weight": torch.zeros(2)}, tmp_path / "less.safetensors")
    with pytest.raises(WeightsError, match=r"layer3\.0\.bn1\.running_var.*layer9\.weight"):
        read_encoder(tmp_path / "less.safetensors", "quality")


def test_a_file_that_names_code_is_refused_and_not_run(tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    torch.save({"model": material.state(_SMALL), "optimizer": Trap()}, tmp_path / "trap.pth")
    with pytest.raises(WeightsError, match="nothing of it was run"):
        read_encoder(tmp_path / "trap.pth", "quality")
    assert not (tmp_path / "ran").exists()


def test_files_that_are_none(tmp_path):
    with pytest.raises(WeightsError, match="the quality encoder: cannot read"):
        open_encoders(quality=tmp_path / "nowhere.pth")
    with pytest.raises(OptionError, match="needs an encoder"):
        open_encoders()


def test_half_a_picture_is_pillows_to_the_last_level():
    for height, width in ((65, 64), (96, 131), (64, 90)):
        pixels = picture(height, width)
        theirs = np.asarray(Image.fromarray(pixels).resize((width // 2, height // 2)))
        assert np.array_equal((scales.half(_planes(pixels))[0] * 255).permute(1, 2, 0).round().numpy(), theirs)


def test_half_of_other_pictures_is_pillows_without_rounding():
    """Pillow's floats, channel by channel. Its weights are in double precision, torch's in single."""
    values = np.random.default_rng(0).random((70, 80, 3)).astype(np.float32)
    theirs = [np.asarray(Image.fromarray(values[..., c]).resize((40, 35), Image.Resampling.BICUBIC)) for c in range(3)]
    ours = scales.half(torch.from_numpy(values).permute(2, 0, 1)[None])[0].numpy()
    assert ours == pytest.approx(np.clip(np.stack(theirs), 0, 1), abs=1e-5)


def test_a_gradient_passes_and_changes_no_value():
    planes = _planes(picture(64, 70)).requires_grad_()
    half = scales.half(planes)
    assert torch.allclose(half, scales.half(planes.detach()), atol=1e-6)
    half.sum().backward()
    assert float(planes.grad.sum()) == pytest.approx(half.numel(), rel=1e-3)


def test_features_are_both_scales_of_both_encoders(encoders):
    """Each block again, by the backbone's own taps; content alone is normalised."""
    pixels = picture(80, 97)
    found = features(pixels, encoders)
    assert found.shape == (4 * 256,)
    assert encoders.columns[0] == "quality/1/0"
    assert encoders.columns[3 * 256 + 5] == "content/2/5"
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    whole = _planes(pixels)
    half = _planes(np.asarray(Image.fromarray(pixels).resize((48, 40))))
    for place, (part, planes) in enumerate([(p, x) for p in ("quality", "content") for x in (whole, half)]):
        given = planes if part == "quality" else (planes - mean) / std
        with torch.no_grad():
            taps = encoders.trunks[part](given, "layer4.1.relu")
        block = found[256 * place : 256 * (place + 1)]
        assert block == pytest.approx(taps["layer4.1.relu"].mean((2, 3))[0].numpy(), rel=1e-4, abs=1e-6)


def test_one_part_of_the_features(encoders):
    pixels = picture(70, 70)
    assert np.array_equal(features(pixels, encoders, parts=["content"]), features(pixels, encoders)[512:])
    with pytest.raises(OptionError, match="no sound"):
        features(pixels, encoders, parts=["sound"])


def test_a_batch_is_its_pictures_one_by_one(encoders):
    pixels = np.stack([picture(66, 70), picture(66, 70)[::-1]])
    assert np.array_equal(features(pixels, encoders)[1], features(np.ascontiguousarray(pixels[1]), encoders))


def test_a_longer_side_can_be_capped(encoders):
    planes = _planes(picture(100, 200))
    capped = encoders.features(planes, long_side=150)
    assert torch.equal(capped, encoders.features(scales.resized(planes, (75, 150))))
    assert torch.equal(encoders.features(planes, long_side=200), encoders.features(planes))


@pytest.mark.parametrize(
    ("image", "error"),
    [
        (np.zeros((63, 90, 3), np.uint8), SizeError),
        (np.full((64, 64, 3), np.nan), InputError),
        (np.full((64, 64, 3), 1.5), InputError),
    ],
)
def test_pictures_that_are_refused(image, error, encoders):
    with pytest.raises(error):
        features(image, encoders)


def test_grey_pictures_and_deeper_ones_are_the_same_pictures(encoders):
    grey = picture(70, 80, grey=True)
    repeated = features(np.repeat(grey[..., None], 3, axis=2), encoders)
    assert features(grey, encoders) == pytest.approx(repeated, rel=1e-5, abs=1e-6)
    assert features(grey.astype(np.uint16) * 257, encoders) == pytest.approx(repeated, rel=1e-4, abs=1e-5)
