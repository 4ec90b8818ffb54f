"""The recipes under the engine: a few steps on made-up pictures, killed and gone on with."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("accelerate")

import reiqa_material as material  # noqa: E402

from visq.systems.reiqa.chunks import ChunkOptions  # noqa: E402
from visq.systems.reiqa.encoders import read_encoder  # noqa: E402
from visq.systems.reiqa.streams import ContentStream, QualityStream  # noqa: E402
from visq.train import fit, load, override  # noqa: E402
from visq.train.checkpoints import read  # noqa: E402
from visq.train.data.photographs import opened  # noqa: E402


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return material.photographs(tmp_path_factory.mktemp("photographs"))


def _fitted(recipe, folder, into, **named):
    return fit(recipe, str(folder), into=into, **{"tensorboard": False, "cpu": True, **named})


@pytest.fixture(scope="module")
def whole(folder, tmp_path_factory):
    into = tmp_path_factory.mktemp("whole") / "run"
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield _fitted(override(load("reiqa-quality"), *material.QUICK_QUALITY), folder, into)
    torch.set_num_threads(before)


def _stopping(after):
    left = [after]

    def should_stop():
        left[0] -= 1
        return left[0] <= 0

    return should_stop


@pytest.mark.slow
def test_ended_and_gone_on_with_is_the_same_to_the_byte(whole, folder, tmp_path):
    """Momentum encoder and queue are in the checkpoint: without them later keys, and so every weight, would differ."""
    recipe = override(load("reiqa-quality"), *material.QUICK_QUALITY)
    assert whole.steps == 6
    ended = _fitted(recipe, folder, tmp_path / "run", should_stop=_stopping(4))
    assert 0 < ended.step < whole.steps
    _fitted(recipe, folder, tmp_path / "run", resume=True)
    for name in ("last.safetensors", "best.safetensors", "train.csv", "validation.csv"):
        assert (tmp_path / "run" / name).read_bytes() == (whole.folder / name).read_bytes(), name


def test_a_checkpoint_holds_the_slow_copy_and_the_queue(whole):
    held = read(whole.folder / "last.safetensors").part("weights")
    assert held["queue"].shape == (48, 128)
    # Six steps of twelve keys, in a queue of 48.
    assert int(held["place"]) == 72 % 48
    names = {name.partition(".")[0] for name in held}
    assert names == {"encoder", "head", "momentum_encoder", "momentum_head", "queue", "place"}
    slow, fast = held["momentum_encoder.conv1.weight"], held["encoder.conv1.weight"]
    begun = whole.network("last").encoder.conv1.weight
    assert torch.equal(begun, fast)
    assert not torch.equal(slow, fast)


def test_both_measures_of_the_validation_are_shares(whole):
    for entry in whole.history:
        assert 0 <= entry["measures"]["damage"] <= 1
        assert 0 <= entry["measures"]["pairs"] <= 1


def test_the_encoder_of_a_checkpoint_is_read_and_not_that_of_another_training(whole):
    trunk, network = read_encoder(whole.folder / "best.safetensors", "quality")
    assert trunk == "resnet18_half"
    assert not network.training
    wanted = whole.network("best").encoder.state_dict()
    assert torch.equal(network.state_dict()["layer4.1.conv2.weight"], wanted["layer4.1.conv2.weight"])
    from visq.errors import WeightsError

    with pytest.raises(WeightsError, match="reiqa-content"):
        read_encoder(whole.folder / "best.safetensors", "content")


def test_the_content_recipe_makes_steps(folder, tmp_path):
    recipe = override(load("reiqa-content"), *material.QUICK_CONTENT, "optimiser.name=lars")
    found = _fitted(recipe, folder, tmp_path / "run")
    assert found.step == 4
    assert 0 <= found.best["measures"]["pairs"] <= 1


@pytest.mark.parametrize("name", ["reiqa-quality", "reiqa-content"])
def test_the_published_command_of_a_recipe_is_one(name):
    """Settings in its head are taken, and come to the published numbers."""
    import importlib
    import re

    from visq.systems.reiqa.design import size_of
    from visq.train.shipped import SHIPPED

    head = importlib.import_module(SHIPPED[name].module).__doc__
    published = head.partition("Published:")[2].partition(" on ")[0]
    settings = re.findall(r"[a-z_.]+=\S+", published)
    recipe = override(load(name), *settings)
    size = size_of(recipe.options)
    assert size.trunk == "resnet50"
    assert size.queue == 65_536
    if name == "reiqa-quality":
        assert (recipe.optimiser.name, recipe.optimiser.rate, recipe.batch, recipe.epochs) == ("lars", 12.0, 630, 40)
        assert 2 * (size.distorted + 1) * recipe.batch == 15_120
    else:
        assert (recipe.optimiser.name, recipe.optimiser.rate, recipe.batch, recipe.epochs) == ("sgd", 0.03, 256, 200)


def test_the_streams_give_pairs_that_the_network_takes(folder):
    fit_part, validation = opened(str(folder))
    assert (len(fit_part), len(validation)) == (6, 2)
    stream = QualityStream(fit_part, ChunkOptions(patch=32, distorted=2), batch=4, threads=0)
    batch = next(iter(stream.epoch(0)))
    assert len(stream) == 1
    assert batch["query"].shape == batch["key"].shape == (24, 3, 32, 32)
    assert batch["query"].dtype == torch.uint8
    assert batch["index"].unique().numel() == 4
    assert (batch["scale"] == 2).sum() == 12
    again = next(iter(QualityStream(fit_part, ChunkOptions(patch=32, distorted=2), batch=4, threads=2).epoch(0)))
    assert all(torch.equal(batch[name], again[name]) for name in batch)
    views = ContentStream(fit_part, side=40, batch=3, threads=0)
    assert next(iter(views.epoch(1)))["query"].shape == (3, 3, 40, 40)
    assert len({stream.identity, views.identity, ContentStream(fit_part, side=48, batch=3).identity}) == 3
