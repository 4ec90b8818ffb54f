"""`visq probe` as it is typed."""

from __future__ import annotations

import csv
import errno
import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from probe_nets import damaged, picture
from visq.cli import main


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder of one's own with visq.csv: 3 contents, 2 kinds, 3 levels."""
    root = tmp_path_factory.mktemp("rated")
    lines = ["image,reference,score,distortion,level"]
    for content in range(3):
        reference = picture(content, side=40)
        Image.fromarray(reference).save(root / f"{content}.png")
        for kind in ("noise", "blur"):
            for level in (1, 3, 5):
                name = f"{content}_{kind}_{level}.png"
                Image.fromarray(damaged(reference, kind, level, content)).save(root / name)
                lines.append(f"{name},{content}.png,{5 - level + content / 10},{kind},{level}")
    (root / "visq.csv").write_text("\n".join(lines) + "\n")
    (root / "list.csv").write_text("\n".join(lines) + "\n")
    return root


def lines(path):
    return list(csv.DictReader(path.read_text().splitlines()))


def probe(*arguments):
    return main(["probe", *map(str, arguments)])


BASE = ("--nets", "squeezenet1_1-random", "--layers", "relu1,fire3", "--samples", "50")


def test_it_writes_a_table_a_report_and_the_distances(folder, tmp_path, capsys):
    outputs = [tmp_path / name for name in ("report.html", "table.csv", "table.json")]
    asked = [part for path in outputs for part in ("-o", path)]
    assert probe(*BASE, "--readout", "l2,cosine", "--data", folder, *asked) == 0
    out = capsys.readouterr()
    assert "squeezenet1_1-random" in out.out
    assert "18 pairs of 3 contents" in out.err
    rows = lines(outputs[1])
    assert {(r["net"], r["layer"], r["readout"]) for r in rows if r["readout"] != "metric"} == {
        ("squeezenet1_1-random", layer, readout) for layer in ("relu1", "fire3") for readout in ("l2", "cosine")
    }
    assert {r["net"] for r in rows if r["readout"] == "metric"} == {"psnr", "ssim"}
    made = json.loads(outputs[2].read_text())["made"]
    assert made["command"].startswith("visq probe --nets squeezenet1_1-random --layers relu1,fire3")
    assert outputs[0].read_text().startswith("<!DOCTYPE html>")
    assert len((tmp_path / "report.distances.csv").read_text().splitlines()) == 19
    assert (tmp_path / "report.probe.sqlite").is_file()


def test_the_same_command_measures_nothing_again(folder, tmp_path, capsys, monkeypatch):
    table = tmp_path / "table.csv"
    assert probe(*BASE, "--data", folder / "list.csv", "--baselines", "none", "-o", table, "-q") == 0
    first = table.read_text()
    assert capsys.readouterr() == ("", "")
    from visq.probe import measuring

    monkeypatch.setattr(measuring, "_measure_one", lambda *_: pytest.fail("a picture went through the network again"))
    assert probe(*BASE, "--data", folder / "list.csv", "--baselines", "none", "-o", table, "-q") == 0
    assert table.read_text() == first


def test_contents_are_left_out_and_trials_say_so(folder, tmp_path, capsys):
    table = tmp_path / "t.csv"
    alone = (*BASE, "--baselines", "none", "-o", table)
    assert probe(*alone, "--data", f"folder={folder}", "--exclude-contents", "1") == 0
    assert "without the contents 1.png, as asked" in capsys.readouterr().err
    assert {row["n"] for row in lines(table)} == {"12"}
    assert probe(*alone, "--data", folder, "--limit", "2") == 0
    assert "a trial on the first 2 of 3 contents" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--nets", "vgg99", "--data", "FOLDER", "-o", "OUT/t.csv"), "no network is called 'vgg99'"),
        (("--nets", "alexnet-random", "--layers", "relu9", "--data", "FOLDER", "-o", "OUT/t.csv"), "has no tap relu9"),
        (
            ("--nets", "alexnet-random", "--readout", "l9", "--data", "FOLDER", "-o", "OUT/t.csv"),
            "no read-out is called",
        ),
        (("--nets", "alexnet-random", "--data", "OUT", "-o", "OUT/t.csv"), "does not say which database it is"),
        (("--nets", "alexnet-random", "--data", "tid2013=OUT", "-o", "OUT/t.csv"), "holds no label file"),
        (("--nets", "alexnet-random", "--data", "FOLDER", "-o", "OUT/t.txt"), "unknown kind of file"),
        (("--nets", "vgg99", "--data", "FOLDER", "-o", "OUT/t.csv", "-o", "OUT/no/t.json"), "there is no folder"),
        (("--nets", "vgg99", "--data", "FOLDER", "-o", "FOLDER/list.csv/t.json"), "there is no folder"),
        (("--nets", "alexnet-random", "--data", "FOLDER", "--baselines", "nope", "-o", "OUT/t.csv"), "nope"),
        (("--nets", "alexnet@OUT/none.safetensors", "--data", "FOLDER", "-o", "OUT/t.csv"), "none.safetensors"),
        (("--data", "FOLDER", "-o", "OUT/t.csv"), "--nets"),
    ],
)
def test_mistakes_end_in_one_line(arguments, said, folder, tmp_path, capsys):
    given = [text.replace("FOLDER", str(folder)).replace("OUT", str(tmp_path)) for text in arguments]
    assert probe(*given) == 2
    err = capsys.readouterr().err
    assert said in err
    assert "Traceback" not in err
    assert not (tmp_path / "t.csv").exists()


def test_a_stopped_command_keeps_what_was_measured(folder, tmp_path, capsys, monkeypatch):
    from visq.probe import measuring

    calls, measure = [], measuring._measure_one

    def stop(*given):
        calls.append(1)
        if len(calls) == 9:
            raise KeyboardInterrupt
        return measure(*given)

    monkeypatch.setattr(measuring, "_measure_one", stop)
    table = tmp_path / "table.csv"
    assert probe(*BASE, "--data", folder, "--baselines", "none", "-o", table) == 130
    assert "what was measured is kept" in capsys.readouterr().err
    assert not table.exists()
    assert probe(*BASE, "--data", folder, "--baselines", "none", "-o", table) == 0
    assert len(calls) == 9 + 10
    assert len(lines(table)) == 2


@pytest.fixture
def own(folder, tmp_path):
    """A copy of the folder that a test may spoil."""
    return Path(shutil.copytree(folder, tmp_path / "own"))


@pytest.mark.parametrize("overwrite", [(), ("--overwrite",)])
@pytest.mark.parametrize(
    ("data", "output", "spoilt"),
    [
        ("own/list.csv", "own/list.csv", "own/list.csv"),
        ("own/list.csv", "link.csv", "own/list.csv"),
        ("own", "own/visq.csv", "own/visq.csv"),
        ("any=own", "own/visq.csv", "own/visq.csv"),
        ("own", "own/list.csv", "own/list.csv"),
        ("t.distances.csv", "t.csv", "t.distances.csv"),
    ],
)
def test_the_data_are_never_written_over(data, output, spoilt, overwrite, own, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("link.csv").symlink_to("own/list.csv")
    shutil.copy("own/list.csv", "t.distances.csv")
    before = Path(spoilt).read_text()
    assert probe(*BASE, "--data", data, "-o", output, *overwrite) == 2
    assert "belongs to the data to be read" in capsys.readouterr().err
    assert Path(spoilt).read_text() == before
    assert not list(tmp_path.rglob("*.sqlite"))


@pytest.mark.parametrize("name", ["t.csv", "t.distances.csv"])
def test_files_of_others_are_replaced_only_where_that_is_asked_for(name, folder, tmp_path, capsys):
    alone = (*BASE, "--data", folder, "--baselines", "none", "-o", tmp_path / "t.csv", "-q")
    (tmp_path / name).write_text("mine\n")
    assert probe(*alone) == 2
    assert f"{name} exists already. Use --overwrite" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert probe(*alone, "--overwrite") == 0
    assert "mine" not in (tmp_path / name).read_text()


def test_results_are_replaced_by_the_run_that_made_them_alone(folder, tmp_path, capsys):
    names = ("t.csv", "t.json", "t.html")
    outputs = [part for name in names for part in ("-o", tmp_path / name)]
    alone = (*BASE, "--data", folder, "--baselines", "none", *outputs, "-q")
    assert probe(*alone) == 0
    assert probe(*alone) == 0
    (tmp_path / "t.probe.sqlite").unlink()
    capsys.readouterr()
    assert probe(*alone) == 2
    assert "t.csv exists already" in capsys.readouterr().err
    assert probe(*BASE, "--data", folder, "--baselines", "none", "-o", tmp_path / "t.csv", *outputs) == 2
    assert "two outputs have one name" in capsys.readouterr().err


def test_what_was_judged_is_shown_where_a_file_cannot_be_written(folder, tmp_path, capsys, monkeypatch):
    import os

    real = os.replace

    def full(source, target):
        if str(target).endswith("t.csv"):
            raise OSError(errno.ENOSPC, "No space left on device")
        real(source, target)

    monkeypatch.setattr("visq.store.tables.os.replace", full)
    both = ("-o", tmp_path / "t.csv", "-o", tmp_path / "t.json")
    assert probe(*BASE, "--data", folder, "--baselines", "none", *both) == 1
    out, err = capsys.readouterr()
    assert "t.csv cannot be written: No space left on device" in err
    assert "journal" not in err
    assert "--resume" not in err
    assert "squeezenet1_1-random" in out
    assert json.loads((tmp_path / "t.json").read_text())["rows"]


def test_a_run_that_cannot_be_finished_ends_with_1(folder, tmp_path, capsys, monkeypatch):
    from visq.errors import StoreError
    from visq.probe import measuring

    calls, measure = [], measuring._measure_one

    def stop(*given):
        calls.append(1)
        if len(calls) == 5:
            raise StoreError("t.probe.sqlite cannot be used: disk is full", hint="Make room.")
        return measure(*given)

    monkeypatch.setattr(measuring, "_measure_one", stop)
    assert probe(*BASE, "--data", folder, "--baselines", "none", "-o", tmp_path / "t.csv") == 1
    assert "What was measured before is kept" in capsys.readouterr().err


def test_the_progress_bar_knows_how_much_there_is_to_do(folder, tmp_path, monkeypatch):
    import sys

    from visq.cli.progress import Progress

    seen = []
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(Progress, "_start", lambda self: setattr(self, "_bar", type("Bar", (), {"stop": int})))
    monkeypatch.setattr(Progress, "_refresh", lambda self: seen.append((self._done, self._total)))
    assert probe(*BASE, "--data", folder, "--baselines", "psnr", "-o", tmp_path / "t.csv") == 0
    assert {total for _, total in seen} == {36}
    assert seen[-1] == (36, 36)
