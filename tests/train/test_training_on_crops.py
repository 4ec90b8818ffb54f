"""The data path under the engine: crops beside ranked damage, ended and gone on with, to the last byte."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("accelerate")

import tiny_database  # noqa: E402
from toy_training import SAME, fitted  # noqa: E402

from visq.errors import OptionError  # noqa: E402
from visq.train import Optimiser, Recipe, Streams, Validation  # noqa: E402
from visq.train.data.degradation_groups import DegradationStream  # noqa: E402
from visq.train.data.degradation_groups import build as build_damaged  # noqa: E402
from visq.train.data.image_cache import build as build_images  # noqa: E402
from visq.train.data.mixing import Joined  # noqa: E402
from visq.train.data.picture_streams import CropStream, PictureStream  # noqa: E402
from visq.train.data.splits import held_out, parts  # noqa: E402

pytestmark = pytest.mark.usefixtures("one_thread")
_TYPES = ("jpeg", "darken")


def network(options):
    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two = torch.nn.Conv2d(3, 4, 3, stride=2), torch.nn.Linear(4, 1)

        def forward(self, image):
            return self.two(torch.relu(self.one(image.float() / 255)).mean((2, 3)))

    return Net()


def streams(recipe, data):
    found, images, damaged, chosen = data["parts"], data["images"], data["damaged"], data.get("fit")
    fit, threads = chosen or found.fit, data["threads"]
    ranked = {"side": 24, "groups": 2, "levels": 3, "seed": recipe.seed, "threads": threads}
    return Streams(
        Joined([
            CropStream(fit, images, side=24, batch=recipe.batch, count=2, seed=recipe.seed, threads=threads),
            DegradationStream(found.fit, images, damaged, _TYPES, **ranked),
        ]),
        PictureStream(found.validation, images, batch=2, purpose="validation", threads=threads),
    )  # fmt: skip


def objective(outputs, batch):
    value, rated = outputs[:, 0], batch["stream"] == 0
    steps = value[~rated].reshape(-1, 3).diff(dim=1)
    return {"square": (value - batch["score"])[rated].square().mean(), "rank": torch.relu(steps + 0.1).mean()}


def measure(outputs, batch):
    return {"error": float((outputs[:, 0] - batch["score"]).abs().mean())}


RECIPE = Recipe(
    name="crops", data="parts and caches", network=network, streams=streams, objective=objective, measure=measure,
    inputs=("image",), epochs=2, batch=5, optimiser=Optimiser(rate=0.01),
    validation=Validation(best="error", higher_is_better=False),
)  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rated")
    tiny_database.make(folder, count=16)
    rated = tiny_database.opened(folder)
    found = parts(rated, validation=0.3, calibration=0.0)
    images = build_images(rated, folder / "cache")
    damaged = build_damaged(found.fit, images, folder / "damaged", _TYPES)
    return {"parts": found, "images": images, "damaged": damaged, "threads": 0, "rated": rated}


def test_ended_and_gone_on_with_is_the_same_to_the_byte(data, tmp_path):
    whole = fitted(RECIPE, tmp_path / "whole", data=data, every_steps=1)
    assert whole.history
    left = [3]

    def should_stop():
        left[0] -= 1
        return left[0] <= 0

    fitted(RECIPE, tmp_path / "ended", data=data, every_steps=1, should_stop=should_stop)
    assert (tmp_path / "ended" / "last.safetensors").read_bytes() != (
        tmp_path / "whole" / "last.safetensors"
    ).read_bytes()
    fitted(RECIPE, tmp_path / "ended", data={**data, "threads": 2}, every_steps=1, resume=True)
    for name in SAME:
        assert (tmp_path / "ended" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name


def test_other_data_are_not_gone_on_with(data, tmp_path):
    fitted(RECIPE, tmp_path, data=data)
    with pytest.raises(OptionError, match="other data"):
        fitted(RECIPE, tmp_path, data={**data, "fit": data["parts"].fit.only(range(5))}, resume=True)


def test_nothing_is_trained_on_the_test_part(data, tmp_path):
    with pytest.raises(OptionError, match="the test part of folder is not for training"):
        fitted(RECIPE, tmp_path, data={**data, "fit": held_out(data["rated"])})
