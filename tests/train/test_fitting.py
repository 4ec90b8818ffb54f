"""The training loop: what a step does, when it ends, what it refuses, and what it leaves alone."""

from __future__ import annotations

import dataclasses
import json
import math
import random

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("accelerate")

import toy_training as toy  # noqa: E402
from toy_training import fitted as _fit  # noqa: E402
from toy_training import recipe as _recipe  # noqa: E402

from visq.errors import InputError, OptionError  # noqa: E402
from visq.train import Group, Optimiser, Schedule, Validation, override  # noqa: E402
from visq.train.checkpoints import read  # noqa: E402

PLAIN = {"norm": False, "drop": 0.0, "double": True}


pytestmark = pytest.mark.usefixtures("one_thread")


def _weights(folder, name="last.safetensors", part="weights"):
    return read(folder / name).part(part)


def _rows(folder, kind):
    lines = (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
    return [row for row in map(json.loads, lines) if row["kind"] == kind]


# Steps --------------------------------------------------------------------------------------------------------


def test_what_is_learned_and_written_down(tmp_path):
    fitted = _fit(_recipe(), tmp_path / "run")
    assert (fitted.reason, fitted.step, fitted.steps) == ("finished", 18, 18)
    steps, validations = _rows(fitted.folder, "train"), _rows(fitted.folder, "validation")
    assert [row["step"] for row in steps] == list(range(1, 19))
    assert [row["epoch"] for row in steps] == [1] * 6 + [2] * 6 + [3] * 6
    assert [row["step"] for row in validations] == [6, 12, 18]
    assert all(row["loss"] == pytest.approx(row["square"] + row["size"]) for row in steps)
    assert fitted.best["measures"]["error"] == min(row["error"] for row in validations)
    assert steps[-1]["square"] < steps[0]["square"]
    table = (fitted.folder / "train.csv").read_text(encoding="utf-8").splitlines()
    assert table[0] == "step,epoch,rate,gradient_norm,loss,square,size"
    assert [float(line.split(",")[4]) for line in table[1:]] == [row["loss"] for row in steps]
    assert len((fitted.folder / "validation.csv").read_text(encoding="utf-8").splitlines()) == 4
    session = json.loads((fitted.folder / "sessions.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert session["hardware"]["threads"] == 1
    assert session["versions"]["torch"] == torch.__version__


@pytest.mark.parametrize("name", ["adamw", "sgd"])
def test_accumulated_batches_of_any_size_make_the_step_of_one_large_batch(tmp_path, name):
    """In float64, so that only the order of sums differs. A mean of means would be off by a hundredth."""
    optimiser = Optimiser(name, rate=0.05, decay=0.01, clip=0.5)
    large = _recipe(options=PLAIN, optimiser=optimiser)
    small = _recipe(options={**PLAIN, "sizes": (9, 2, 5)}, optimiser=optimiser, accumulation=3)
    a, b = _fit(large, tmp_path / "large"), _fit(small, tmp_path / "small")
    assert a.step == b.step == 18
    ours, theirs = _weights(b.folder), _weights(a.folder)
    assert max(float((ours[n] - theirs[n]).abs().max()) for n in theirs) < 1e-12
    for one, other in zip(_rows(a.folder, "train"), _rows(b.folder, "train"), strict=True):
        assert [one[k] for k in ("loss", "square", "gradient_norm")] == pytest.approx(
            [other[k] for k in ("loss", "square", "gradient_norm")], rel=1e-12
        )


def test_the_last_step_of_an_epoch_takes_what_is_left(tmp_path):
    fitted = _fit(_recipe(options={"batches": 5}, accumulation=3, epochs=2), tmp_path / "run")
    assert (fitted.steps, fitted.step) == (4, 4)


def test_groups_move_at_their_own_rate_and_decay(tmp_path):
    """One step of plain descent: weight - rate (gradient + decay weight), by hand."""
    sgd = Optimiser("sgd", rate=0.1, momentum=0.0, decay=0.5)
    settings = dataclasses.replace(
        sgd, groups=(Group("trunk.", rate=0.5), Group("trunk.0.weight", rate=2.0, decay=0.25)), decay_vectors=False
    )
    recipe = _recipe(
        options={**PLAIN, "batches": 1}, epochs=1, optimiser=settings, schedule=Schedule("constant"), average=None
    )
    after = _weights(_fit(recipe, tmp_path / "run").folder)
    torch.manual_seed(0)
    start = _weights(
        _fit(dataclasses.replace(recipe, optimiser=dataclasses.replace(sgd, rate=0.0)), tmp_path / "o").folder
    )
    network = toy.network(recipe.options)
    network.load_state_dict(start)
    batch = next(iter(toy.streams(recipe, None).train.epoch(0)))
    sum(toy.objective(network(batch["features"]), batch, recipe.options).values()).backward()
    rates = {
        "trunk.0.weight": (0.2, 0.25),
        "trunk.0.bias": (0.05, 0.0),
        "head.weight": (0.1, 0.5),
        "head.bias": (0.1, 0),
    }
    for name, parameter in network.named_parameters():
        rate, decay = rates[name]
        wanted = start[name] - rate * (parameter.grad + decay * start[name])
        assert torch.allclose(after[name], wanted, rtol=0, atol=1e-15), name


def test_long_gradients_are_cut(tmp_path):
    sgd = Optimiser("sgd", rate=0.1, momentum=0.0, clip=1e-3)
    recipe = _recipe(options={**PLAIN, "batches": 1}, epochs=1, optimiser=sgd, schedule=Schedule("constant"))
    cut = _weights(_fit(recipe, tmp_path / "cut").folder)
    still = _weights(_fit(override(recipe, "optimiser.rate=0"), tmp_path / "still").folder)
    length = math.sqrt(sum(float((cut[n] - still[n]).square().sum()) for n in cut))
    # torch divides by the norm plus 1e-6.
    assert length == pytest.approx(0.1 * 1e-3, rel=1e-4)
    assert _rows(tmp_path / "cut", "train")[0]["gradient_norm"] > 0.1


def test_frozen_parts_do_not_move_nor_do_their_statistics(tmp_path):
    recipe = _recipe(optimiser=Optimiser(frozen=("trunk.",)), options={"drop": 0.9})
    frozen, start = (
        _weights(_fit(recipe, tmp_path / "a").folder),
        _weights(_fit(_recipe("optimiser.rate=0", "epochs=1", options={"batches": 1}), tmp_path / "b").folder),
    )
    for name, value in frozen.items():
        same = torch.equal(value, start[name])
        if name.startswith("trunk.") and "running" not in name and "tracked" not in name:
            assert same, name
        if name.startswith("head."):
            assert not same, name
    assert frozen["trunk.1.running_mean"].abs().max() == 0
    assert frozen["trunk.1.num_batches_tracked"] == 0
    assert start["trunk.1.num_batches_tracked"] == 1, "statistics of what is not frozen do move"


@pytest.mark.parametrize("where", ["frozen=trnk.", "groups"])
def test_a_prefix_that_no_parameter_has_is_refused(tmp_path, where):
    if where == "groups":
        recipe = _recipe(optimiser=Optimiser(groups=(Group("trnk."),)))
    else:
        recipe = _recipe(f"optimiser.{where}")
    with pytest.raises(OptionError, match=r"no parameter begins with 'trnk\.'.*Did you mean 'trunk\.'"):
        _fit(recipe, tmp_path / "run")


def test_everything_frozen_is_refused(tmp_path):
    with pytest.raises(OptionError, match="no parameter of the network moves"):
        _fit(_recipe("optimiser.frozen=trunk.,head."), tmp_path / "run")


def test_the_average_is_what_is_validated_and_used(tmp_path):
    fitted = _fit(_recipe(options={"drop": 0.0}), tmp_path / "run")
    network = fitted.network("last")
    batch = list(toy.streams(fitted.recipe, None).validation.epoch(0))
    with torch.no_grad():
        outputs = torch.cat([network(one["features"]) for one in batch])
    error = (outputs[:, 0] - torch.cat([one["score"] for one in batch])).abs().mean()
    assert float(error) == pytest.approx(fitted.history[-1]["measures"]["error"], rel=1e-6)
    kept = read(fitted.folder / "last.safetensors")
    assert torch.equal(network.head.weight, kept.part("average")["head.weight"])
    assert not torch.equal(network.head.weight, kept.part("weights")["head.weight"])


def test_half_precision_is_inside_the_network_only(tmp_path):
    seen = []

    def objective(outputs, batch, options):
        seen.append((outputs.dtype, torch.is_autocast_enabled("cpu")))
        return toy.objective(outputs, batch, options)

    networks = []

    def network(options):
        networks.append(toy.network(options))
        return networks[-1]

    fitted = _fit(_recipe("precision=bf16", objective=objective, network=network), tmp_path / "run")
    assert networks[0].seen == (torch.bfloat16, True)
    assert set(seen) == {(torch.float32, False)}
    assert {value.dtype for name, value in _weights(fitted.folder).items() if "tracked" not in name} == {torch.float32}
    rows = _rows(fitted.folder, "train")
    assert rows[-1]["square"] < rows[0]["square"]
    exact = _fit(_recipe(), tmp_path / "exact")
    assert fitted.history[-1]["measures"]["error"] != exact.history[-1]["measures"]["error"]
    assert fitted.history[-1]["measures"]["error"] == pytest.approx(exact.history[-1]["measures"]["error"], rel=0.1)


def test_fp16_on_a_processor_is_refused(tmp_path):
    with pytest.raises(OptionError, match="needs a GPU"):
        _fit(_recipe("precision=fp16"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_the_callers_randomness_and_modes_are_left_alone(tmp_path):
    torch.manual_seed(5)
    random.seed(5)
    np.random.seed(5)
    before = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].copy()
    with torch.inference_mode():
        fitted = _fit(_recipe(), tmp_path / "run")
        fitted.network()
    assert torch.equal(torch.get_rng_state(), before[0])
    assert random.getstate() == before[1]
    assert (np.random.get_state()[1] == before[2]).all()
    assert torch.is_grad_enabled()


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(tmp_path):
    runs = [_fit(_recipe(f"seed={seed}"), tmp_path / name).folder for name, seed in (("a", 1), ("b", 1), ("c", 2))]
    a, b, c = ((run / "last.safetensors").read_bytes() for run in runs)
    assert a == b
    assert a != c
    # Nothing but the seed of the network and of what it drops differs: the points have seeds of their own.
    assert not torch.equal(_weights(runs[0])["head.weight"], _weights(runs[2])["head.weight"])


# How it ends --------------------------------------------------------------------------------------------------


def _scripted(values, **changes):
    """A recipe whose validations give these values of `error`, one after the other."""
    given = iter(values)

    def measure(outputs, batch):
        return {"error": next(given)}

    return _recipe(measure=measure, epochs=len(values), **changes)


def test_it_stops_early_and_keeps_the_best(tmp_path):
    values = [0.5, 0.4, 0.6, 0.45, 0.4, 0.1]
    recipe = _scripted(values, validation=Validation(best="error", higher_is_better=False, patience=3))
    fitted = _fit(recipe, tmp_path / "run")
    assert fitted.reason == "early stopping"
    assert fitted.step == 5 * 6, "after the third validation in a row that was not a new best"
    assert fitted.best["step"] == 12
    assert read(fitted.folder / "best.safetensors").about["step"] == 12
    again = _fit(recipe, tmp_path / "run", resume=True)
    assert (again.reason, again.step) == ("early stopping", 30)


def test_the_rate_falls_on_a_plateau(tmp_path):
    recipe = _scripted([0.5, 0.5, 0.5, 0.5], schedule=Schedule("plateau", patience=2, factor=0.5))
    fitted = _fit(recipe, tmp_path / "run")
    rates = [row["rate"] for row in _rows(fitted.folder, "train")]
    assert rates == [0.02] * 18 + [0.01] * 6


def test_validations_every_so_many_epochs_and_at_the_end(tmp_path):
    fitted = _fit(_recipe("validation.every=2", "epochs=5"), tmp_path / "run")
    assert [entry["epoch"] for entry in fitted.history] == [2, 4, 5]


def test_nan_validations_are_never_the_best(tmp_path):
    fitted = _fit(_scripted([math.nan, math.nan]), tmp_path / "run")
    assert fitted.best is None
    assert not (fitted.folder / "best.safetensors").exists()
    assert [row["error"] for row in _rows(fitted.folder, "validation")] == [None, None]
    assert (fitted.folder / "validation.csv").read_text(encoding="utf-8").splitlines()[1] == "6,1,"


def test_a_loss_that_is_not_finite_ends_it_with_its_place_and_leaves_the_checkpoint(tmp_path):
    recipe = _recipe(options={"nan_at": (1, 2)})
    with pytest.raises(InputError) as caught:
        _fit(recipe, tmp_path / "run", every_steps=4)
    text = str(caught.value)
    assert "the loss is not finite at step 9 of epoch 2" in text
    assert "'square' is nan in batch 3 (samples 200, 201, 202, 203, 204, 205, 206, 207 and 8 more)" in text
    kept = read(tmp_path / "run" / "last.safetensors")
    assert kept.about["step"] == 8
    assert all(bool(value.isfinite().all()) for value in kept.tensors.values())


def test_a_gradient_that_is_not_finite_ends_it_too(tmp_path):
    def objective(outputs, batch, options):
        return {"root": (outputs * 0).sum().sqrt()}  # the slope of the root at 0 is infinite

    with pytest.raises(InputError, match="the gradient is not finite at step 1 of epoch 1"):
        _fit(_recipe(objective=objective), tmp_path / "run")
