"""A training that was ended and gone on with is, byte for byte, one that was not."""

from __future__ import annotations

import dataclasses
import itertools
import json

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("accelerate")

import toy_training as toy  # noqa: E402
from toy_training import SAME, fitted, recipe  # noqa: E402

from visq.errors import OptionError, StoreError, VisqWarning, WeightsError  # noqa: E402
from visq.train import Optimiser, Schedule, Validation, checkpoints  # noqa: E402
from visq.train.checkpoints import Checkpoint, read, write  # noqa: E402

pytestmark = pytest.mark.usefixtures("one_thread")


class _PowerCutError(BaseException):
    """Stands for the end of the process: nothing of the loop is run after it."""


def _cut_after(rows):
    """An `on_row` that ends everything after so many rows."""
    left = itertools.count(rows - 1, -1)

    def on_row(kind, row):
        if next(left) == 0:
            raise _PowerCutError

    return on_row


def _bytes(folder):
    return {name: (folder / name).read_bytes() for name in SAME}


VARIANTS = {
    "adam, average, cosine": {},
    "sgd, plateau, accumulated": {
        "optimiser": Optimiser("sgd", rate=0.05, momentum=0.9, decay=1e-3),
        "schedule": Schedule("plateau", patience=1, factor=0.5),
        "average": None,
        "accumulation": 4,
    },
    "bf16, steps, stops early": {
        "precision": "bf16",
        "schedule": Schedule("step", every=1.0, factor=0.5),
        "validation": Validation(best="bias", patience=1),
    },
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_killed_anywhere_and_gone_on_with_is_the_same_to_the_byte(tmp_path, variant):
    """Cuts all over three epochs, with checkpoints every four steps, so that they fall before and after those."""
    one = recipe(options={"drop": 0.4}, **VARIANTS[variant])
    whole = fitted(one, tmp_path / "whole", every_steps=4)
    rows = len((whole.folder / "log.jsonl").read_text(encoding="utf-8").splitlines())
    for cut in range(1, rows, 4):
        folder = tmp_path / f"cut{cut}"
        with pytest.raises(_PowerCutError):
            fitted(one, folder, every_steps=4, on_row=_cut_after(cut))
        again = fitted(one, folder, resume=True, every_steps=4)
        assert again.reason == whole.reason
        assert again.history == whole.history
        assert _bytes(folder) == _bytes(whole.folder), cut


def test_killed_again_and_again(tmp_path):
    whole = fitted(recipe(), tmp_path / "whole")
    folder, cuts = tmp_path / "cut", 0
    while True:
        try:
            fitted(recipe(), folder, resume=True, every_steps=2, on_row=_cut_after(4))
        except _PowerCutError:
            cuts += 1
            continue
        break
    assert cuts > 3
    assert _bytes(folder) == _bytes(whole.folder)


def test_asked_to_stop_it_finishes_the_step_and_goes_on_later(tmp_path):
    whole = fitted(recipe(), tmp_path / "whole")
    # It is asked after every one of six steps and before each of two batches of a validation.
    for after, step in ((1, 1), (6, 6), (7, 6), (18, 14)):
        asked = itertools.count(1)
        folder = tmp_path / f"after{after}"
        stopped = fitted(recipe(), folder, should_stop=lambda asked=asked, after=after: next(asked) >= after)
        assert stopped.reason == "interrupted"
        assert read(folder / "last.safetensors").about["step"] == stopped.step == step
        assert fitted(recipe(), folder, resume=True).reason == "finished"
        assert _bytes(folder) == _bytes(whole.folder)


def test_checkpoints_change_nothing(tmp_path):
    often = fitted(recipe(), tmp_path / "often", every_steps=1)
    never = fitted(recipe(), tmp_path / "never", every_minutes=None)
    timed = fitted(recipe(), tmp_path / "timed", every_minutes=1e-9)
    assert _bytes(often.folder) == _bytes(never.folder) == _bytes(timed.folder)


def test_batches_before_the_checkpoint_are_not_read_again(tmp_path):
    made = []

    def streams(one, data):
        made.append(toy.streams(one, data))
        return made[-1]

    one = recipe(streams=streams)
    with pytest.raises(_PowerCutError):
        fitted(one, tmp_path / "run", every_steps=5, on_row=_cut_after(6 + 1 + 5))
    fitted(one, tmp_path / "run", resume=True)
    assert made[-1].train.read[0] == (1, 4), "step 11 is the fifth of the second epoch"


def test_a_finished_training_is_left_as_it_is(tmp_path):
    first = fitted(recipe(), tmp_path / "run")
    before = _bytes(first.folder)
    rows = []
    again = fitted(recipe(), tmp_path / "run", resume=True, on_row=lambda *row: rows.append(row))
    assert (again.reason, again.step, rows) == ("finished", 18, [])
    assert _bytes(first.folder) == before


def test_lost_logs_are_begun_anew(tmp_path):
    with pytest.raises(_PowerCutError):
        fitted(recipe(), tmp_path / "run", every_steps=5, on_row=_cut_after(9))
    (tmp_path / "run" / "log.jsonl").unlink()
    (tmp_path / "run" / "train.csv").unlink()
    fitted(recipe(), tmp_path / "run", resume=True)
    lines = (tmp_path / "run" / "train.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("step,epoch")
    assert lines[1].startswith("7,2,")
    assert json.loads((tmp_path / "run" / "log.jsonl").read_text(encoding="utf-8").splitlines()[0])["step"] == 7


# What does not belong together --------------------------------------------------------------------------------


@pytest.fixture
def begun(tmp_path):
    """The folder of a training that has made five of its steps."""
    with pytest.raises(_PowerCutError):
        fitted(recipe(), tmp_path / "run", every_steps=5, on_row=_cut_after(5 + 1))
    return tmp_path / "run"


def test_another_recipe_is_refused_with_what_differs(begun):
    with pytest.raises(OptionError) as caught:
        fitted(recipe("optimiser.rate=0.5", "epochs=9", "options.drop=0.1"), begun, resume=True)
    text = str(caught.value)
    for part in ("epochs was 3, is 9", "optimiser.rate was 0.02, is 0.5", "options.drop was 0.3, is 0.1"):
        assert part in text
    other = dataclasses.replace(recipe(), options={**recipe().options, "new": 1})
    with pytest.raises(OptionError, match=r"options\.new was 'absent', is 1"):
        fitted(other, begun, resume=True)


def test_other_data_is_refused(begun):
    def streams(one, data):
        return toy.Streams(toy.Points(1, 6, (16,), {**one.options, "data": 1}), toy.streams(one, data).validation)

    streams.__module__, streams.__qualname__ = toy.__name__, "streams"
    with pytest.raises(OptionError, match="made with other data: the train stream"):
        fitted(recipe(streams=streams), begun, resume=True)


def test_another_network_is_refused(begun):
    def network(options):
        return torch.nn.Linear(toy.FEATURES, 1)

    network.__module__, network.__qualname__ = toy.__name__, "network"
    with pytest.raises(WeightsError, match=r"tensors of another network; got bias, weight \(missing\); head.bias"):
        fitted(recipe(network=network), begun, resume=True)


@pytest.mark.parametrize(
    ("change", "said"), [("source", "recipe's file has been edited"), ("torch", "torch 1.0 is now")]
)
def test_what_may_alter_the_last_bits_is_warned_of(begun, change, said):
    one = recipe()
    if change == "source":
        one = dataclasses.replace(one, source="0" * 64)
    else:
        kept = read(begun / "last.safetensors")
        versions = {**kept.about["versions"], "torch": "1.0"}
        write(begun / "last.safetensors", Checkpoint({**kept.about, "versions": versions}, kept.tensors))
    with pytest.warns(VisqWarning, match=said):
        assert fitted(one, begun, resume=True).reason == "finished"


def test_a_damaged_checkpoint_is_refused_and_left(begun):
    path = begun / "last.safetensors"
    data = path.read_bytes()
    for broken in (data[: len(data) // 2], b"", b"\x00" * 100, data[:-3] + b"abc"):
        path.write_bytes(broken)
        with pytest.raises(WeightsError, match=r"last\.safetensors"):
            fitted(recipe(), begun, resume=True)
        assert path.read_bytes() == broken


def test_two_trainings_do_not_share_a_folder(tmp_path):
    def on_row(kind, row):
        with pytest.raises(StoreError, match="another run is writing"):
            fitted(recipe(), tmp_path / "run", resume=True)
        raise _PowerCutError

    with pytest.raises(_PowerCutError):
        fitted(recipe(), tmp_path / "run", on_row=on_row)


def test_without_the_last_checkpoint_it_goes_on_from_the_best(tmp_path):
    """It does not begin anew, over a best that took long."""
    whole = fitted(recipe(), tmp_path / "whole")
    with pytest.raises(_PowerCutError):
        fitted(recipe(), tmp_path / "run", on_row=_cut_after(2 * 7 + 3))
    (tmp_path / "run" / "last.safetensors").unlink()
    best = read(tmp_path / "run" / "best.safetensors").about["step"]
    rows = []
    with pytest.warns(VisqWarning, match=f"last.safetensors lacks: it goes on from best.safetensors, step {best}"):
        fitted(recipe(), tmp_path / "run", resume=True, on_row=lambda _, row: rows.append(row["step"]))
    assert rows[0] == best + 1 > 1
    assert _bytes(tmp_path / "run") == _bytes(whole.folder)


@pytest.mark.parametrize("after", [1, 2, 3])
@pytest.mark.filterwarnings("ignore::visq.errors.VisqWarning")
def test_killed_between_two_checkpoints_of_one_validation(tmp_path, monkeypatch, after):
    """The best is written then, and the last is not, or is an older one."""
    whole, real, made = fitted(recipe(), tmp_path / "whole"), checkpoints.write, []

    def one_only(path, checkpoint):
        made.append(path.name)
        if len(made) > after:
            raise _PowerCutError
        real(path, checkpoint)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "write", one_only)
        with pytest.raises(_PowerCutError):
            fitted(recipe(), tmp_path / "run")
    assert made[:2] == ["best.safetensors", "last.safetensors"]
    assert fitted(recipe(), tmp_path / "run", resume=True).history == whole.history
    assert _bytes(tmp_path / "run") == _bytes(whole.folder)


def test_a_session_that_left_half_a_line_does_not_spoil_the_next(begun):
    with (begun / "sessions.jsonl").open("ab") as file:
        file.write(b'{"step": 5, "rea')
    fitted(recipe(), begun, resume=True)
    lines = (begun / "sessions.jsonl").read_text(encoding="utf-8").splitlines()
    assert '{"step": 5, "rea' in lines
    assert json.loads(lines[-1])["reason"] == "finished"
    assert json.loads(lines[-2])["step"] == 5
