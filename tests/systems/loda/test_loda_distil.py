"""The small transformer of loda-mini: what it is taught, against loops; its training, and the file that comes of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("accelerate")

import loda_small  # noqa: E402
from PIL import Image  # noqa: E402

import samples  # noqa: E402
from visq import backbones  # noqa: E402
from visq.errors import InputError, WeightsError  # noqa: E402
from visq.systems.loda import distil, trunks  # noqa: E402
from visq.systems.loda.distil import TARGETS, Pupil, measure, streams  # noqa: E402


def _pupil():
    return Pupil(loda_small.SMALL, "random")


def test_errors_are_those_of_the_standardised_features_of_the_teacher():
    pupil = _pupil().train()
    images = loda_small.crops(6)
    found = pupil(images)
    teacher = backbones.create("efficientnet_lite0", weights="random")
    planes = images.float() / 255
    maps = teacher(teacher.normalise(planes), ["blocks.4.2", "blocks.6.0", "head.relu6"])
    tokens = pupil.student(pupil.student.normalise(planes), "norm")["norm"].detach()
    patches = tokens[:, 1:].reshape(6, 4, 4, 24)
    squares = torch.stack(
        [patches[:, 2 * a : 2 * a + 2, 2 * b : 2 * b + 2].mean((1, 2)) for a in (0, 1) for b in (0, 1)]
    )
    said = {"patch": tokens[:, 1:], "square": squares.transpose(0, 1), "whole": tokens[:, None, 0]}
    taught = {
        "patch": maps["blocks.4.2"].flatten(2).transpose(1, 2),
        "square": maps["blocks.6.0"].flatten(2).transpose(1, 2),
        "whole": maps["head.relu6"].mean((2, 3))[:, None],
    }
    for name, error in found.items():
        values = taught[name].double().numpy()
        standard = (values - values.mean((0, 1))) / np.sqrt(values.var((0, 1)) + 1e-5)
        layer = pupil.maps[name]
        guess = said[name].double().numpy() @ layer.weight.detach().double().numpy().T + layer.bias.detach().numpy()
        np.testing.assert_allclose(error.detach(), ((guess - standard) ** 2).mean((1, 2)), rtol=2e-3)


def test_the_teacher_stays_and_everything_else_learns():
    pupil = _pupil().train()
    before = {n: t.clone() for n, t in pupil.teacher.state_dict().items()}
    sum(e.mean() for e in pupil(loda_small.crops(6)).values()).backward()
    assert all(torch.equal(t, before[n]) for n, t in pupil.teacher.state_dict().items())
    assert not pupil.teacher.training
    for name, parameter in pupil.named_parameters():
        assert (parameter.grad is None) == name.startswith("teacher."), name
    assert not any(n.startswith("teacher.conv") for n in pupil.state_dict())


def test_who_says_nothing_explains_nothing():
    outputs = {name: torch.tensor([1.0, 1.0]) for name in TARGETS}
    assert measure(outputs, {})["explained"] == pytest.approx(0.0)
    outputs["whole"] = torch.tensor([0.25, 0.35])
    assert measure(outputs, {})["whole_explained"] == pytest.approx(0.7)
    assert measure(outputs, {})["explained"] == pytest.approx(0.7 / 3)


def test_some_steps_teach_something_and_give_a_file_that_loda_takes(rated_pictures, tmp_path):
    folder, caches = rated_pictures
    one = loda_small.recipe("loda-mini-vit", caches, epochs=12, batch=6, precision="float32")
    one = replace(one, optimiser=replace(one.optimiser, rate=3e-3), validation=replace(one.validation, every=12))
    fitted = loda_small.fitted(one, tmp_path / "run", data=folder)
    assert fitted.step == 12 * 4
    lines = (fitted.folder / "train.csv").read_text(encoding="utf-8").splitlines()
    loss = [float(line.split(",")[4]) for line in lines[1:]]
    assert np.mean(loss[-4:]) < 0.8 * np.mean(loss[:4])
    pupil = fitted.network("last")
    distil.save(pupil, tmp_path / "vit.safetensors")
    planes = loda_small.crops().float() / 255
    wanted = pupil.student(planes, "norm")["norm"]
    for path in (tmp_path / "vit.safetensors", fitted.folder / "last.safetensors"):
        opened = trunks.transformer(loda_small.SMALL, path)
        assert torch.equal(opened(planes, "norm")["norm"], wanted)
        assert not any(p.requires_grad for p in opened.parameters())
    with pytest.raises(WeightsError):
        trunks.transformer(replace(loda_small.SMALL, vit_depth=3), fitted.folder / "last.safetensors")
    kept = (tmp_path / "vit.safetensors").stat().st_size
    assert kept < 4 * sum(p.numel() for p in pupil.student.parameters()) + 10_000
    distil.save(pupil, tmp_path / "half.safetensors", half=True)
    assert (tmp_path / "half.safetensors").stat().st_size < kept / 1.9
    rounded = trunks.transformer(loda_small.SMALL, tmp_path / "half.safetensors")
    for name, value in rounded.state_dict().items():
        assert torch.equal(value, pupil.student.state_dict()[name].half().float()), name


def test_ended_and_gone_on_with_is_the_same_to_the_byte(rated_pictures, tmp_path):
    folder, caches = rated_pictures
    one = loda_small.recipe("loda-mini-vit", caches, epochs=2, batch=6)
    loda_small.fitted(one, tmp_path / "whole", data=folder)
    left = [3]

    def should_stop():
        left[0] -= 1
        return left[0] <= 0

    assert loda_small.fitted(one, tmp_path / "ended", data=folder, should_stop=should_stop).reason == "interrupted"
    loda_small.fitted(one, tmp_path / "ended", data=folder, resume=True)
    for name in ("last.safetensors", "best.safetensors", "log.jsonl"):
        assert (tmp_path / "ended" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name


def test_any_folder_of_photographs_will_do(tmp_path):
    (tmp_path / "photos" / "more").mkdir(parents=True)
    for i in range(8):
        pixels = np.roll(samples.picture(80, 100), i, axis=0)
        Image.fromarray(pixels).save(tmp_path / "photos" / ("more" if i % 2 else "") / f"p{i}.png")
    (tmp_path / "photos" / "notes.txt").write_text("no picture")
    (tmp_path / "photos" / "copy.png").write_bytes((tmp_path / "photos" / "p2.png").read_bytes())
    options = {"dataset": "", "apart": 4, "crops": 1}
    one = loda_small.recipe("loda-mini-vit", tmp_path / "cache", batch=3, options=options)
    train, validation = streams(one, tmp_path / "photos")
    assert (len(train.cache), len(validation.cache)) == (6, 2)
    assert not set(train.cache.names) & set(validation.cache.names)
    first, again = (next(iter(train.epoch(2))) for _ in range(2))
    assert torch.equal(first["image"], again["image"])
    assert first["image"].shape == (3, 3, 64, 64)
    assert not torch.equal(first["image"], next(iter(train.epoch(3)))["image"])
    late = list(train.epoch(0))[1]
    assert torch.equal(late["image"], next(iter(train.epoch(0, 1)))["image"])
    assert sorted(i for b in train.epoch(0) for i in b["index"].tolist()) == list(range(6))
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="too few photographs"):
        streams(one, tmp_path / "empty")
    (tmp_path / "photos" / "visq.csv").write_text("image,score")
    with pytest.raises(InputError, match="rated database"):
        streams(one, tmp_path / "photos")


@pytest.mark.parametrize("variant", ["loda", "no-tokens", "add", "probe"])
def test_every_variant_takes_the_checkpoint_of_the_transformer(variant, rated_pictures, tmp_path):
    """`options.vit=RUN/best.safetensors`, as the recipe of loda-mini says; its own checkpoint is read beside it."""
    from visq.systems.loda.adapter import load
    from visq.train import override

    folder, caches = rated_pictures
    first = loda_small.recipe("loda-mini-vit", caches, epochs=1)
    vit = loda_small.fitted(first, tmp_path / "vit", data=folder).folder / "best.safetensors"
    one = loda_small.recipe("loda-mini", caches, epochs=1)
    one = override(one, f"options.design.variant={variant}", f"options.vit={vit}")
    kept = loda_small.fitted(one, tmp_path / "run", data=folder).folder / "best.safetensors"
    network = load(kept, vit, "random")
    assert network.design.variant == variant
    wanted = trunks.transformer(network.design, vit).state_dict()
    assert all(torch.equal(value, wanted[name]) for name, value in network.vit.state_dict().items())
