"""What the training loop refuses: splits, streams, functions, folders; and what a plan says before it begins."""

from __future__ import annotations

import os

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("accelerate")

import toy_training as toy  # noqa: E402
from toy_training import fitted as _fit  # noqa: E402
from toy_training import recipe as _recipe  # noqa: E402

from visq.errors import InputError, OptionError, StoreError  # noqa: E402
from visq.train import Streams, folders, plan  # noqa: E402

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize("split", ["test", "official_test", "Test", "tests"])
def test_a_test_split_is_refused(tmp_path, split):
    with pytest.raises(OptionError, match=r"validation\.split is a test split"):
        _fit(_recipe(f"validation.split={split}"), tmp_path / "run")


@pytest.mark.parametrize("which", ["train", "validation"])
def test_a_stream_that_says_it_is_a_test_split_is_refused(tmp_path, which):
    def streams(recipe, data):
        found = toy.streams(recipe, data)
        getattr(found, which).split = "test"
        return found

    with pytest.raises(OptionError, match=f"the {which} stream is a test split"):
        _fit(_recipe(streams=streams), tmp_path / "run")


def test_what_streams_must_give(tmp_path):
    same = toy.Points(1, 2, (8,), toy.RECIPE.options)
    none = toy.Points(1, 0, (8,), toy.RECIPE.options)
    unnamed = toy.Points(1, 2, (8,), toy.RECIPE.options)
    unnamed.identity = b"hash"
    for streams, said in (
        (lambda _recipe, _data: 3, "gives no streams"),
        (lambda _recipe, _data: (same, 3), "gives no streams"),
        (lambda _recipe, _data: Streams(same, same), "validated on what it learns from"),
        (lambda _recipe, _data: Streams(same, none), "the validation stream is empty"),
        (lambda _recipe, _data: Streams(unnamed, same), "the identity of the train stream is no text"),
    ):
        with pytest.raises(OptionError, match=said):
            _fit(_recipe(streams=streams), tmp_path / "run")


def test_data_that_lacks_or_that_nobody_wants(tmp_path):
    with pytest.raises(OptionError, match="toy makes its own data"):
        _fit(_recipe(), tmp_path / "run", data="folder")
    with pytest.raises(OptionError, match="expected the folder of KADID-10k"):
        _fit(_recipe(data="the folder of KADID-10k"), tmp_path / "run")


class _Changing(torch.nn.Linear):
    """A network that gives a table, of other names every time."""

    def __init__(self, _options):
        super().__init__(toy.FEATURES, 1)
        self.odd = False

    def forward(self, features):
        self.odd = not self.odd
        return {"score": super().forward(features), **({"more": features} if self.odd else {})}


def _own(outputs, batch):
    return {"a": (outputs["score"][:, 0] - batch["score"]).abs().mean()}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"objective": lambda outputs, _batch: outputs.mean()}, "the objective gives no terms"),
        ({"objective": lambda _outputs, _batch: {}}, "the objective gives no terms"),
        ({"objective": lambda outputs, _batch: {"a": outputs[:, 0]}}, r"'a' is no single number.*shape \(16,\)"),
        ({"objective": lambda _outputs, _batch: {"a": 0.5}}, "'a' is no single number"),
        ({"objective": lambda outputs, _batch: {"a": outputs.detach().mean()}}, "has no gradient"),
        ({"objective": lambda outputs, _batch: {"step": outputs.mean()}}, "a column of the log"),
        ({"measure": lambda _outputs, _batch: 0.5}, "measure gives no table of numbers"),
        ({"measure": lambda _outputs, _batch: {"error": 1.0, "step": 2.0}}, "a measure is called 'step'"),
        ({"inputs": ("image",)}, "a batch lacks 'image'"),
        ({"network": _Changing, "objective": _own}, r"cannot be joined along the samples; got KeyError: 'more'"),
    ],
)
def test_what_the_functions_must_give(tmp_path, changes, said):
    with pytest.raises(InputError, match=said):
        _fit(_recipe(**changes), tmp_path / "run")


def test_the_measure_that_decides_must_be_measured(tmp_path):
    with pytest.raises(
        OptionError, match=r"validation\.best is 'srcc', which was not measured; expected one of error, bias"
    ):
        _fit(_recipe("validation.best=srcc"), tmp_path / "run")


def test_a_stream_that_ends_early_is_told(tmp_path):
    class Short(toy.Points):
        def __len__(self):
            return super().__len__() + 1

        def epoch(self, number, start=0):
            return iter(list(super().epoch(number, start))[: 6 - start])

    def streams(recipe, data):
        return Streams(Short(1, 6, (16,), recipe.options), toy.streams(recipe, data).validation)

    with pytest.raises(InputError, match="the training stream ended in epoch 1 after batch 6; expected 7 batches"):
        _fit(_recipe(streams=streams), tmp_path / "run")


def test_tensors_of_other_lengths_are_told(tmp_path):
    class Odd(toy.Points):
        def epoch(self, number, start=0):
            for batch in super().epoch(number, start):
                yield {**batch, "score": batch["score"][1:]}

    def streams(recipe, data):
        return Streams(Odd(1, 6, (16,), recipe.options), toy.streams(recipe, data).validation)

    with pytest.raises(InputError, match="features: 16, score: 15"):
        _fit(_recipe(streams=streams), tmp_path / "run")


def test_a_folder_with_something_in_it_is_refused(tmp_path):
    _fit(_recipe("epochs=1"), tmp_path / "run")
    with pytest.raises(StoreError, match="exists already and is not empty"):
        _fit(_recipe("epochs=1"), tmp_path / "run")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "photo.jpg").touch()
    for resume in (True, False):
        with pytest.raises(StoreError, match="other"):
            _fit(_recipe(), tmp_path / "other", resume=resume)
    with pytest.raises(StoreError, match="is a file"):
        _fit(_recipe(), tmp_path / "other" / "photo.jpg")
    with pytest.raises(StoreError, match="cannot be read: File name too long"):
        _fit(_recipe(), tmp_path / ("x" * 300))
    (tmp_path / "empty").mkdir()
    assert _fit(_recipe("epochs=1"), tmp_path / "empty").reason == "finished"


@pytest.mark.parametrize("named", [{"every_steps": 0}, {"every_minutes": 0}])
def test_an_impossible_cadence_is_refused(tmp_path, named):
    with pytest.raises(OptionError, match=next(iter(named))):
        _fit(_recipe(), tmp_path / "run", **named)


def test_the_plan_says_how_large_it_is_and_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = plan(_recipe("validation.every=2", "optimiser.frozen=trunk.", accumulation=4), cpu=True)
    assert found.parameters == 6 * 8 + 8 + 2 * 8 + 8 + 1
    assert found.moving == 9
    assert (found.batches, found.per_epoch, found.steps) == (6, 2, 6)
    assert (found.validations, found.validation_batches) == (2, 2)
    assert found.seconds == pytest.approx(6 * found.step_seconds + 2 * found.validation_seconds)
    assert not list(tmp_path.iterdir())


def test_the_plan_finds_a_measure_that_does_not_decide():
    with pytest.raises(OptionError, match=r"validation\.best is 'srcc', which was not measured"):
        plan(_recipe("validation.best=srcc"), cpu=True)

    def measure(outputs, batch):
        if len(outputs) < 48:
            raise ValueError("too few")
        return {"error": outputs.absent}

    recipe = _recipe(measure=measure)
    with pytest.raises(AttributeError, match="absent"):
        plan(recipe, cpu=True)
    assert plan(recipe, timed=1, cpu=True).validation_batches == 2, "half of them cannot be measured, and need not"


def test_trainings_of_several_precisions_in_one_process(tmp_path):
    """accelerate keeps its settings for the whole process; a training leaves none behind, even one that fails."""
    for number, precision in enumerate(("float32", "bf16", "fp16", "float32")):
        settings = ("epochs=1", f"precision={precision}")
        if precision == "fp16":
            with pytest.raises(OptionError, match="needs a GPU"):
                _fit(_recipe(*settings), tmp_path / str(number))
        else:
            assert _fit(_recipe(*settings), tmp_path / str(number)).reason == "finished"


def test_an_accelerator_of_the_callers_own_is_left_to_him(tmp_path):
    from accelerate import Accelerator
    from accelerate.state import AcceleratorState

    mine = Accelerator(cpu=True, mixed_precision="no")
    try:
        assert _fit(_recipe("epochs=1"), tmp_path / "run").reason == "finished"
        with pytest.raises(OptionError, match="precision 'bf16' cannot be had here"):
            _fit(_recipe("epochs=1", "precision=bf16"), tmp_path / "other")
        assert mine.state.mixed_precision == "no"
    finally:
        AcceleratorState._reset_state(reset_partial_state=True)


def test_a_training_within_a_step_that_the_caller_accumulates(tmp_path):
    """accelerate's optimisers do nothing meanwhile, and how many batches make a step is kept for the whole process."""
    from accelerate import Accelerator
    from accelerate.state import AcceleratorState, GradientState

    alone = _fit(_recipe(), tmp_path / "alone")
    mine = Accelerator(cpu=True, gradient_accumulation_steps=4)
    try:
        with mine.accumulate(torch.nn.Linear(1, 1)):
            assert not mine.sync_gradients
            within = _fit(_recipe(), tmp_path / "within")
            assert not mine.sync_gradients
        assert mine.gradient_accumulation_steps == 4
    finally:
        AcceleratorState._reset_state(reset_partial_state=True)
        GradientState._reset_state()
    assert within.history == alone.history


def test_networks_that_are_shared_out_are_refused(tmp_path, monkeypatch):
    accelerate = pytest.importorskip("accelerate")
    kind = accelerate.DistributedType.FSDP
    monkeypatch.setattr(accelerate.Accelerator, "distributed_type", property(lambda _: kind))
    with pytest.raises(OptionError, match=r"FSDP shares the weights of a network out.*--multi_gpu"):
        _fit(_recipe(), tmp_path / "run")


def test_processes_that_do_not_find_each_other_are_told(tmp_path, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(OptionError, match=r"2 processes were started together, but accelerate joins 1.*--cpu"):
        _fit(_recipe(), tmp_path / "run", cpu=False)


def test_a_network_that_is_none(tmp_path):
    with pytest.raises(OptionError, match=r"network gives no network; expected torch\.nn\.Module; got NoneType"):
        _fit(_recipe(network=lambda _options: None), tmp_path / "run")


def test_options_that_no_checkpoint_keeps_are_refused_before_anything_is_read(tmp_path):
    def streams(_recipe, _data):
        raise AssertionError

    with pytest.raises(OptionError, match=r"options\.a cannot be kept in a checkpoint"):
        _fit(_recipe(streams=streams, options={"a": object()}), tmp_path / "run")


def test_a_validation_batch_that_lacks_an_input_is_told(tmp_path):
    class Bare(toy.Points):
        def epoch(self, number, start=0):
            for batch in super().epoch(number, start):
                yield {"score": batch["score"]}

    def streams(recipe, data):
        return Streams(toy.streams(recipe, data).train, Bare(2, 2, (24,), recipe.options))

    with pytest.raises(InputError, match="a batch lacks 'features'"):
        _fit(_recipe(streams=streams), tmp_path / "run")


def test_a_folder_whose_name_is_not_utf_8_is_refused(tmp_path):
    """safetensors reads no such path, so that nothing could be gone on with."""
    with pytest.raises(StoreError, match="is not UTF-8"):
        _fit(_recipe(), os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))


def test_the_home_directory_is_found(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert _fit(_recipe("epochs=1"), "~/run").folder == tmp_path / "run"


def test_the_lock_of_windows_is_no_reason_to_refuse_a_folder(tmp_path, monkeypatch):
    """There a second file is locked, beside the first."""
    real = folders.FileLock
    monkeypatch.setattr(folders, "FileLock", lambda path: real(f"{path}.lock"))
    assert _fit(_recipe("epochs=1"), tmp_path / "run").reason == "finished"


def test_tables_and_lists_of_outputs_are_joined(tmp_path):
    class Net(torch.nn.Linear):
        def forward(self, features):
            return {"score": super().forward(features), "more": (features, [features])}

    seen = []

    def measure(outputs, batch):
        seen.append((outputs, batch))
        return {"error": 1.0}

    recipe = _recipe(
        "epochs=1", network=lambda _options: Net(toy.FEATURES, 1), objective=_own, measure=measure, average=None
    )
    _fit(recipe, tmp_path / "run")
    (outputs, batch), points = seen[0], list(toy.streams(recipe, None).validation.epoch(0))
    assert outputs["score"].shape == (48, 1)
    assert torch.equal(outputs["more"][1][0], torch.cat([one["features"] for one in points]))
    assert torch.equal(batch["score"], torch.cat([one["score"] for one in points]))
    assert "features" not in batch
