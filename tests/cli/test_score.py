"""`visq score`: what is taken, what is printed, which exit code."""

from __future__ import annotations

import csv
import json
import os
import sys
from io import BytesIO, StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest

from visq.api import metric
from visq.catalog.naming import parse
from visq.store.journal import COLUMNS

_TV = metric("tv")


def _values(out):
    lines = out.splitlines()[1:]
    return {line.split("\t")[0]: line.split("\t")[1:] for line in lines}


def test_a_file_gives_its_score(visq, picture):
    path = picture("a.png")
    done = visq("score", "a.png", "-m", "tv")
    assert done.code == 0
    assert done.out.splitlines()[0] == "image\ttv"
    assert float(_values(done.out)["a.png"][0]) == float(_TV(path))
    assert done.err == ""


def test_a_folder_is_taken_with_its_sub_folders_in_order(visq, picture):
    for name in ("photos/b.png", "photos/a.jpg", "photos/sub/c.bmp"):
        picture(name)
    done = visq("score", "photos", "-m", "tv")
    assert list(_values(done.out)) == ["photos/a.jpg", "photos/b.png", "photos/sub/c.bmp"]


def test_what_a_folder_holds_besides_is_counted_not_taken(visq, picture):
    picture("photos/a.png")
    (picture("photos/b.png").parent / "notes.txt").write_text("x")
    done = visq("score", "photos", "-m", "tv")
    assert done.code == 0
    assert len(_values(done.out)) == 2
    assert "1 file in folders has" in done.err
    every = visq("score", "photos", "-m", "tv", "--all-files")
    assert every.code == 1
    assert "photos/notes.txt: " in every.err


def test_a_pattern_the_shell_left_alone_is_expanded(visq, picture):
    for name in ("a1.png", "a2.png", "b.png"):
        picture(name)
    assert list(_values(visq("score", "a*.png", "-m", "tv").out)) == ["a1.png", "a2.png"]
    picture("deep/er/c.png")
    assert list(_values(visq("score", "**/*.png", "-m", "tv").out)) == ["a1.png", "a2.png", "b.png", "deep/er/c.png"]


def test_a_name_with_a_bracket_is_a_name_first(visq, picture):
    picture("a[1].png")
    assert list(_values(visq("score", "a[1].png", "-m", "tv").out)) == ["a[1].png"]


def test_a_pattern_that_matches_nothing_is_a_mistake(visq):
    done = visq("score", "no*.png", "-m", "tv")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("visq: nothing matches 'no*.png'")
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(("separator", "flag"), [(b"\n", []), (b"\0", ["-0"])])
def test_names_come_from_standard_input(visq, picture, monkeypatch, separator, flag):
    names = ["a.png", "with space.png", 'with "quote".png']
    if flag:
        names.append("new\nline.png")
    for name in names:
        picture(name)
    stream = SimpleNamespace(buffer=BytesIO(separator.join(n.encode() for n in names) + separator))
    monkeypatch.setattr(sys, "stdin", stream)
    done = visq("score", *(flag or ["-"]), "-m", "tv", "--json")
    assert done.code == 0
    assert [r["image"] for r in json.loads(done.out)] == names


def test_an_input_named_twice_is_scored_once(visq, picture):
    picture("photos/a.png")
    done = visq("score", "photos", "photos/a.png", "photos/a.png", "-m", "tv", "--json")
    assert [r["image"] for r in json.loads(done.out)] == ["photos/a.png"]


def test_a_name_may_begin_with_a_dash(visq, picture):
    picture("-strange-.png")
    assert list(_values(visq("score", "-m", "tv", "--", "-strange-.png").out)) == ["-strange-.png"]


def test_each_file_is_decoded_once_for_all_metrics(visq, picture, monkeypatch):
    from visq.media import reader

    opened = []
    real = reader.open_image

    def counting(source, **options):
        opened.append(source)
        return real(source, **options)

    monkeypatch.setattr("visq.media.open_image", counting)
    picture("a.png")
    done = visq("score", "a.png", "-m", "tv,uciqe", "-m", "uiqm")
    assert done.out.splitlines()[0] == "image\ttv\tuciqe\tuiqm"
    assert [o for o in opened if isinstance(o, str)] == ["a.png"]


def test_json_is_one_array_of_records_with_the_columns_of_the_tables(visq, picture):
    picture("a.png")
    (picture("b.png").parent / "c.png").write_bytes(b"")
    done = visq("score", "a.png", "c.png", "-m", "tv,uciqe", "--json", "-o", "t.csv")
    assert done.code == 1
    records = json.loads(done.out, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert [(r["image"], r["metric"], r["status"]) for r in records] == [
        ("a.png", "tv", "ok"), ("a.png", "uciqe", "ok"), ("c.png", "tv", "error"), ("c.png", "uciqe", "error"),
    ]  # fmt: skip
    assert all(tuple(r) == COLUMNS for r in records)
    with Path("t.csv").open(newline="") as file:
        assert next(csv.reader(file)) == list(COLUMNS)
    assert records[0]["value"] == float(_TV("a.png"))
    assert records[0]["error"] == ""
    assert records[0]["lower_is_better"] is True
    assert records[2]["value"] is None
    assert "empty" in records[2]["error"]


def test_a_file_that_cannot_be_read_is_one_line_and_the_others_are_scored(visq, picture):
    picture("good.png")
    (picture("x.png").parent / "text.png").write_text("hello")
    done = visq("score", "text.png", "missing.png", "good.png", "-m", "tv,uciqe")
    assert done.code == 1
    values = _values(done.out)
    assert values["text.png"] == values["missing.png"] == ["error", "error"]
    assert float(values["good.png"][0]) > 0
    lines = [line for line in done.err.splitlines() if ".png: " in line]
    assert [line.split(": ")[1] for line in lines] == ["text.png", "missing.png"]
    assert "does not exist" in lines[1]


def test_a_metric_that_fails_leaves_the_other_its_score(visq, picture):
    picture("tiny.png", side=8)
    done = visq("score", "tiny.png", "-m", "piqe,tv", "--json")
    piqe, tv = json.loads(done.out)
    assert done.code == 1
    assert (piqe["status"], tv["status"]) == ("error", "ok")
    assert "16" in piqe["error"]
    assert "visq: tiny.png: piqe: " in done.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["a.png", "-m", "tvv"], "no metric is called 'tvv'"),
        (["a.png", "-m", "psnr"], "psnr needs a reference"),
        (["a.png", "-m", "tv:colour=1"], "tv has no option 'colour'"),
        (["a.png", "-m", "tv,,uciqe"], "names no metric"),
        (["a.png", "-m", "tv:x"], "is not an option"),
        (["a.png", "-o", "t.xlsx"], "unknown kind of table"),
        (["a.png", "-o", "nowhere/t.csv"], "Make the folder nowhere first"),
        (["a.png", "-o", "."], "unknown kind of table"),
        (["a.png", "--resume"], "needs -o"),
        (["a.png", "-o", "t.csv", "--resume", "--overwrite"], "exclude each other"),
        (["a.png", "-o", "t.csv", "--retry-errors"], "goes with --resume"),
        (["a.png", "--jobs", "none"], "--jobs is not a number"),
        (["a.png", "--timeout", "-1"], "--timeout"),
        (["a.png", "--max-pixels", "0"], "--max-pixels"),
        (["a.png", "--limit", "max_byte=3"], "--limit is not readable"),
        (["a.png", "--limit", "max_bytes=0"], "--limit is not readable"),
        (["a.png", "--fail-under", "tv"], "--fail-under is not readable"),
        (["a.png", "--fail-under", "tv=nan"], "--fail-under is not readable"),
        (["a.png", "--fail-under", "uciqe=1"], "uciqe is not being measured"),
        (["a.png", "--no-such"], "No such option"),
        ([], "nothing to score"),
        (["empty"], "no images found in empty"),
    ],
)
def test_a_mistake_is_one_line_and_code_2(visq, picture, tmp_path, arguments, says):
    picture("a.png")
    (tmp_path / "empty").mkdir()
    arguments = [*arguments] if "-m" in arguments else [*arguments, "-m", "tv"]
    done = visq("score", *arguments)
    assert done.code == 2
    assert done.out == ""
    assert done.err.startswith("visq: ")
    assert says in done.err
    assert done.err.count("\n") == 1
    assert not list(tmp_path.glob("*.journal"))


def test_max_pixels_refuses_and_says_how_to_raise_it(visq, picture):
    picture("a.png", side=64)
    done = visq("score", "a.png", "-m", "tv", "--max-pixels", 4095)
    assert done.code == 1
    assert "--max-pixels 4096 or more" in done.err
    assert visq("score", "a.png", "-m", "tv", "--max-pixels", 4096).code == 0


def test_every_other_limit_of_the_reader_can_be_set(visq, picture):
    size = picture("a.png").stat().st_size
    done = visq("score", "a.png", "-m", "tv", "--limit", f"max_bytes={size - 1}")
    assert done.code == 1
    assert "too large" in done.err
    assert visq("score", "a.png", "-m", "tv", "--limit", f"max-bytes={size}").code == 0


def test_a_truncated_file_is_scored_only_by_permission_and_marked(visq, picture):
    path = picture("a.jpg", side=128, quality=90)
    path.write_bytes(path.read_bytes()[:-400])
    assert visq("score", "a.jpg", "-m", "tv").code == 1
    done = visq("score", "a.jpg", "-m", "tv", "--allow-truncated", "--json", "-o", "t.csv")
    assert done.code == 0
    assert any(w.startswith("truncated") for w in json.loads(done.out)[0]["warnings"])
    refused = visq("score", "a.jpg", "-m", "tv", "-o", "t.csv", "--resume")
    assert refused.code == 2
    assert "--allow-truncated" in refused.err


def test_a_gate_knows_the_direction_of_its_metric(visq, picture):
    path = picture("a.png")
    tv, uciqe = float(_TV(path)), float(metric("uciqe")(path))

    def code(gate):
        return visq("score", "a.png", "-m", "tv,uciqe", "--fail-under", gate).code

    assert code(f"tv={tv!r}") == code(f"uciqe={uciqe!r}") == 0
    assert code(f"tv={tv - 1e-6!r}") == code(f"uciqe={uciqe + 1e-6!r}") == 3
    assert code(f"tv={tv + 1!r},uciqe={uciqe - 0.1!r}") == 0
    failed = visq("score", "a.png", "missing.png", "-m", "tv", "--fail-under", "tv=0")
    assert failed.code == 3
    assert "gate failed: tv <= 0: 1 worse, the worst is a.png" in failed.err


def test_a_file_without_a_score_passes_no_gate(visq):
    assert visq("score", "missing.png", "-m", "tv", "--fail-under", "tv=1000").code == 1


def test_options_and_metrics_share_a_comma_list():
    assert parse("ssim:downsample=true,like=skimage,psnr") == [
        ("ssim", {"downsample": "true", "like": "skimage"}), ("psnr", {}),
    ]  # fmt: skip
    assert parse(r"niqe:model=C:\m.npz") == [("niqe", {"model": r"C:\m.npz"})]


def test_one_metric_with_two_options_gives_two_columns(visq, picture):
    from visq import catalog

    spec, option = next(
        (s, o) for s in catalog.specs("nr") for o in s.options if o.type == "bool" or len(o.choices) > 1
    )
    other = next(c for c in (*option.choices, True, False) if c != option.default)
    picture("a.png", side=128)
    done = visq("score", "a.png", "-m", f"{spec.id},{spec.id}:{option.name}={other}", "--json")
    first, second = json.loads(done.out)
    assert first["metric"] == second["metric"] == spec.id
    assert first["identity"] != second["identity"]


def test_summary_tells_mean_median_worst_and_errors(visq, picture):
    for index in range(6):
        picture(f"p/{index}.png", seed=index)
    picture("p/x.png").write_bytes(b"")
    done = visq("score", "p", "-m", "tv", "-o", "t.csv")
    values = sorted(float(_TV(f"p/{i}.png")) for i in range(6))
    head, *worst = done.out.splitlines()
    assert head.startswith("tv (lower is better): 6 scored, 1 error, ")
    assert f"mean {sum(values) / 6:.6g}" in head
    assert f"median {(values[2] + values[3]) / 2:.6g}" in head
    assert [float(line.split()[1]) for line in worst] == [float(f"{v:.6g}") for v in values[:0:-1]]
    assert "scores of 7 images are in t.csv" in done.err
    assert visq("score", "p", "-m", "tv", "-o", "u.csv", "--quiet").out == ""


def test_a_terminal_gets_a_table_and_a_pipe_gets_none_of_its_colours(visq, picture, monkeypatch):
    for index in range(3):
        picture(f"p/{index}.png", seed=index)
    assert "\x1b" not in visq("score", "p", "-m", "tv").out
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    done = visq("score", "p", "-m", "tv")
    assert "tv ↓" in done.out
    assert "mean" in done.out
    assert "p/2.png" in done.out


def test_odd_names_are_printed_on_one_line_and_kept_whole(visq, picture, tmp_path):
    names = ["new\nline.png", "tab\there.png", 'quo"te,comma.png', "=1+1.png", "ünïcode.png", "cr\rhere.png"]
    for name in names:
        picture(f"odd/{name}")
    undecodable = os.fsencode(tmp_path) + b"/odd/caf\xe9.png"
    picture("odd/rename.png").rename(os.fsdecode(undecodable))
    done = visq("score", "odd", "-m", "tv", "-o", "t.csv")
    assert done.code == 0
    with Path("t.csv").open(newline="", encoding="utf-8") as file:
        table = {row["image"] for row in csv.DictReader(file)}
    assert table == {f"odd/{n}" for n in names} | {"odd/caf\\xe9.png"}
    lines = visq("score", "odd", "-m", "tv").out.splitlines()
    assert len(lines) == 8
    assert all(line.count("\t") == 1 for line in lines)
    again = visq("score", "odd", "-m", "tv", "-o", "t.csv", "--resume")
    assert again.code == 0
    with Path("t.csv").open(newline="", encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == 7


def test_files_that_vanish_and_special_files_are_rows(visq, picture, tmp_path):
    picture("p/a.png")
    os.mkfifo(tmp_path / "p" / "pipe.png")
    (tmp_path / "p" / "dangling.png").symlink_to("nowhere")
    (tmp_path / "p" / "loop.png").symlink_to("loop.png")
    (tmp_path / "p" / "up").symlink_to("..")
    done = visq("score", "p", "-m", "tv", "--json")
    status = {r["image"]: r["status"] for r in json.loads(done.out)}
    assert done.code == 1
    assert status["p/a.png"] == "ok"
    assert [k for k, v in status.items() if v == "error"] == ["p/dangling.png", "p/loop.png", "p/pipe.png"]


def test_help_tells_the_exit_codes(visq):
    for command in ([], ["score"], ["compare"]):
        out = visq(*command, "--help").out
        assert all(text in " ".join(out.split()) for text in ("Exit codes:", "3 a gate", "130 interrupted", "143"))


def test_csv_text_is_read_back_by_the_csv_module(visq, picture):
    picture('a,"b".png')
    visq("score", 'a,"b".png', "-m", "tv", "-o", "t.csv")
    with Path("t.csv").open(newline="", encoding="utf-8") as file:
        [row] = csv.DictReader(StringIO(file.read()))
    assert row["image"] == 'a,"b".png'
    assert float(row["value"]) == float(_TV('a,"b".png'))
