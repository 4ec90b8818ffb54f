"""The programme that measures what trained systems are held to: it runs on networks that learned nothing."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from samples import picture

torch = pytest.importorskip("torch")
pytest.importorskip("accelerate")
BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
if not BENCHMARKS.is_dir():
    pytest.skip("an installed copy has no benchmarks", allow_module_level=True)
sys.path += [str(BENCHMARKS), str(Path(__file__).parents[1] / "systems" / "loda")]

import loda_small  # noqa: E402

import trained  # noqa: E402


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photographs")
    for i in range(6):
        pixels = np.roll(picture(200, 220), 37 * i, axis=1)
        Image.fromarray(pixels).save(folder / f"p{i}.png")
    return folder


def test_starts_are_kept_side_by_side(tmp_path):
    path = tmp_path / "pmt.json"
    for start, value in ((1, 5), (0, 6), (1, 7)):
        path.write_text(json.dumps(trained.kept(path, start, {"T6": value})))
    found = json.loads(path.read_text())["starts"]
    assert [(one["start"], one["T6"]) for one in found] == [(0, 6), (1, 7)]
    assert found[0]["made"]["packages"]["numpy"] == np.__version__


def test_encoders_of_random_parameters_are_measured(photographs, tmp_path, capsys):
    from safetensors.torch import save_file

    from visq.systems.reiqa import trunks

    for seed, part in enumerate(("quality", "content")):
        state = trunks.make("resnet18_half", seed).state_dict()
        save_file({n: v.contiguous() for n, v in state.items() if "num_batches" not in n}, tmp_path / part)
    given = ["--quality", str(tmp_path / "quality"), "--content", str(tmp_path / "content"), "--into", str(tmp_path)]
    assert trained.main(["reiqa", str(photographs), "--start", "2", *given]) == 0
    [one] = json.loads((tmp_path / "reiqa.json").read_text())["starts"]
    assert (one["start"], one["photographs"], one["chance"]) == (2, 6, 1 / 27)
    # The parameters are those of the encoder that learned nothing.
    assert one["held_out"] == one["random"]
    capsys.readouterr()


def test_loda_and_its_ablations_are_compared_on_held_out_contents(photographs, tmp_path, capsys):
    from safetensors.torch import save_file

    from visq.systems.loda.adapter import save
    from visq.systems.loda.protocol import make

    make(sorted(photographs.iterdir())[:4], tmp_path / "set", held_out=0.25)
    whole = loda_small.network(1)
    for name in ("vit", "cnn"):
        state = whole.get_submodule(name).state_dict()
        save_file({n: v.contiguous() for n, v in state.items() if "num_batches" not in n}, tmp_path / name)
    for variant in ("loda", "probe", "no-tokens"):
        save(loda_small.network(1, variant=variant), tmp_path / variant)
    given = [f"--{name}={tmp_path / name}" for name in ("vit", "cnn", "loda", "probe", "no-tokens")]
    assert trained.main(["loda", str(tmp_path / "set"), "--start", "0", "--into", str(tmp_path), *given]) == 0
    [one] = json.loads((tmp_path / "loda.json").read_text())["starts"]
    assert one["pictures"] == 20
    assert one["gains"]["probe"]["overall"] == pytest.approx(one["srcc"]["loda"] - one["srcc"]["probe"])
    assert set(one["gains"]["no-tokens"]["of_type"]) == {"blur", "jpeg", "noise", "quantisation"}
    assert one["spread_random15"] > 0
    assert "by_heart" not in one
    capsys.readouterr()


def test_what_is_not_there_is_told_in_a_line(tmp_path, capsys):
    assert trained.main(["pmt", str(tmp_path / "absent"), "--start", "0", "a", "b"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
