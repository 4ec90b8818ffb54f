"""What a training begins from where that comes from its data."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("accelerate")

import toy_training as toy  # noqa: E402

from visq.errors import OptionError  # noqa: E402
from visq.train.checkpoints import read  # noqa: E402

pytestmark = pytest.mark.usefixtures("one_thread")


def from_the_data(network, streams, options):
    """The bias of the head is the mean score of the first batch."""
    first = next(iter(streams.train.epoch(0)))
    with torch.no_grad():
        network.head.bias.fill_(float(first["score"].mean()) + options["shrink"])
        network.head.weight.zero_()


def bias(folder, part):
    return read(folder / "last.safetensors").part(part)["head.bias"].item()


def test_a_training_begins_where_start_sets_it(tmp_path):
    still = {"start": from_the_data, "epochs": 1, "average": 0.5}
    made = toy.recipe("optimiser.rate=0.0", options={"shrink": 0.25}, **still)
    fitted = toy.fitted(made, tmp_path / "run")
    first = next(iter(toy.streams(made, None).train.epoch(0)))
    # Nothing moves at a rate of 0: weights and their average are what was set.
    assert bias(fitted.folder, "weights") == pytest.approx(float(first["score"].mean()) + 0.25, abs=1e-7)
    assert bias(fitted.folder, "average") == pytest.approx(bias(fitted.folder, "weights"), abs=1e-6)


def test_a_resumed_training_goes_on_from_its_checkpoint_and_not_from_the_start(tmp_path):
    made = toy.recipe(start=from_the_data)
    whole = toy.fitted(made, tmp_path / "whole")
    steps = iter(range(100))
    toy.fitted(made, tmp_path / "parts", should_stop=lambda: next(steps) >= 7)
    toy.fitted(made, tmp_path / "parts", resume=True)
    for name in toy.SAME:
        assert (whole.folder / name).read_bytes() == (tmp_path / "parts" / name).read_bytes(), name


def test_start_is_named_or_a_function():
    assert toy.recipe(start="toy_training:network").as_data()["start"] == "toy_training:network"
    with pytest.raises(OptionError, match="start must be 'module:function'"):
        toy.recipe(start="toy_training")
