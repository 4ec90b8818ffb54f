"""A table on BIQ2021 that is made a few starts at a time is the one that is made at once."""

from __future__ import annotations

import csv
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rated_folders import write_csv
from samples import picture

pytest.importorskip("torch")
BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
if not BENCHMARKS.is_dir():
    pytest.skip("an installed copy has no benchmarks", allow_module_level=True)
sys.path.append(str(BENCHMARKS))

import biq2021  # noqa: E402
import biq2021_kept  # noqa: E402
import biq2021_rows  # noqa: E402


@pytest.fixture(scope="module")
def rated(tmp_path_factory):
    """24 small pictures, 6 of them the test part, and two read-outs with random weights."""
    from visq.systems.readout.files import ReadoutFile, write
    from visq.systems.readout.ridge import fit
    from visq.systems.ridge import opened

    folder = tmp_path_factory.mktemp("rated")
    scene, rng, rows = picture(160, 160), np.random.default_rng(0), []
    (folder / "images").mkdir()
    for i in range(24):
        noisy = np.clip(scene[: 96 + i, i : i + 96] + rng.normal(0, 4 * i, (96 + i, 96, 3)), 0, 255)
        Image.fromarray(noisy.round().astype(np.uint8)).save(folder / "images" / f"{i}.png")
        part = "test" if i % 4 == 3 else "train"
        rows.append({"image": f"images/{i}.png", "score": f"{1 - i / 30:.4f}", "group": f"c{i}", "part": part})
    write_csv(folder, rows)
    source = opened("squeezenet1_1-random")
    held = {"database": "folder", "validation": 0.1, "calibration": 0.1, "seed": 0}
    for name in "ab":
        line = fit(rng.normal(size=(30, len(source.rows[0].columns))), rng.normal(size=30), 1.0)
        write(folder / name, ReadoutFile("ridge", source.options, line, source.tensors, held, {}))
    return folder


def made(rated: Path, into: Path, runs: str, *more: str) -> dict:
    """What was published."""
    (rated / "runs.toml").write_text(runs)
    given = [
        str(rated), "--runs", str(rated / "runs.toml"), "--dataset", "folder", "--work", str(into / "work"), "--into",
        str(into / "out"), "--no-speed", "--samples", "50", "--split", "official:test", *more,
    ]  # fmt: skip
    assert biq2021.main(given) == 0
    found = json.loads((into / "out" / "test.json").read_text())
    del found["made"]
    return found


def test_a_few_starts_at_a_time_come_to_the_same_as_all_at_once(rated, tmp_path, capfd):
    whole = made(rated, tmp_path / "whole", '[ridge]\nmodel = ["a", "b"]\n')
    one = made(rated, tmp_path / "parts", '[ridge]\nmodel = "b"\nstarts = [1]\n')
    assert {row["row"]: [each["number"] for each in row["starts"]] for row in one["rows"]}["ridge"] == [1]
    # What was scored for the first start is not at hand any more.
    shutil.rmtree(tmp_path / "parts" / "work")
    both = made(rated, tmp_path / "parts", '[ridge]\nmodel = "a"\n')
    assert both == whole
    scores = [(tmp_path / name / "out" / "test-scores.csv").read_bytes() for name in ("parts", "whole")]
    assert scores[0] == scores[1]
    lines = list(csv.DictReader(scores[0].decode().splitlines()))
    assert list(lines[0]) == ["image", "ridge/0", "ridge/1", "visq-nr/0", "niqe/0", "brisque/0"]
    assert [line["image"] for line in lines] == [f"images/{i}.png" for i in range(3, 24, 4)]
    # Asked for anew, what no file is named for is gone; the default metric is scored again.
    alone = made(rated, tmp_path / "parts", "", "--anew")
    assert not {row["row"]: row["starts"] for row in alone["rows"]}["ridge"]
    capfd.readouterr()


def test_scores_are_kept_to_nine_digits_and_lack_where_there_are_none(tmp_path):
    starts = [biq2021_rows.read(None)[0]]
    values = {starts[0].request.identity: np.array([0.123456789123, np.nan])}
    biq2021_kept.write(tmp_path, "test", ["a.png", "b, c.png"], starts, values)
    text = (tmp_path / "test-scores.csv").read_text()
    assert text == 'image,visq-nr/0\na.png,0.123456789\n"b, c.png",\n'
    rows = {"rows": [{"row": "visq-nr", "seconds": 2.5, "starts": [
        {"number": 0, "identity": "x", "facts": {"learnt": 3, "parts": {"a": "b"}}}]}]}  # fmt: skip
    (tmp_path / "test.json").write_text(json.dumps(rows))
    kept = biq2021_kept.read(tmp_path, "test", ["a.png", "b, c.png"])
    assert kept.values["x"].tolist() == pytest.approx([0.123456789, np.nan], nan_ok=True)
    assert (kept.starts[0].facts.learnt, kept.starts[0].facts.parts, kept.seconds) == (3, {"a": "b"}, {"visq-nr": 2.5})
    # A start that is named now takes the place of the one that was kept.
    assert kept.with_new(starts) == starts


def test_results_of_other_pictures_are_not_added_to(rated, tmp_path, capfd):
    made(rated, tmp_path, '[ridge]\nmodel = "a"\n')
    path = tmp_path / "out" / "test-scores.csv"
    path.write_text(path.read_text().replace("images/3.png", "images/4.png"))
    given = [str(rated), "--dataset", "folder", "--into", str(tmp_path / "out"), "--split", "official:test"]
    assert biq2021.main(given) == 2
    assert "is of other pictures" in capfd.readouterr().err


@pytest.mark.parametrize("numbers", ["[0, 0]", '["a"]', "1", "[true]"])
def test_numbers_of_starts_are_checked(rated, tmp_path, numbers, capfd):
    (tmp_path / "runs.toml").write_text(f'[ridge]\nmodel = "{rated / "a"}"\nstarts = {numbers}\n')
    given = [str(rated), "--dataset", "folder", "--into", str(tmp_path / "out"), "--runs", str(tmp_path / "runs.toml")]
    assert biq2021.main(given) == 2
    assert "starts are no numbers" in capfd.readouterr().err
