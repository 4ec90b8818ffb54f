"""`visq.datasets.check`: what is missing, damaged, doubled, of the wrong size or too much."""

from __future__ import annotations

import json
import shutil
import sys

import dataset_trees as trees
import pytest
from click.testing import CliRunner

import video_clips
import visq
from visq.cli.dataset import command
from visq.datasets import DatasetSpec, Labels, Table
from visq.errors import MissingExtraError


@pytest.fixture
def tid(tmp_path):
    """A small TID2013 of four images whose sizes are right."""
    names = [f"i01_01_{level}.bmp" for level in range(1, 5)]
    trees.text(tmp_path, "mos_with_names.txt", "".join(f"{level}.5 {name}\n" for level, name in enumerate(names)))
    trees.pictures(tmp_path, "distorted_images", names, size=(512, 384))
    trees.picture(tmp_path, "reference_images/I01.BMP", size=(512, 384))
    return tmp_path


def test_a_sound_copy_lacks_only_what_it_is_too_small_for(tid):
    report = visq.datasets.check("tid2013", tid)
    assert (report.missing, report.undecodable, report.mis_sized, report.duplicated, report.unlabelled) == ((),) * 5
    assert (report.rows, report.expected_rows, report.contents, report.expected_contents) == (4, 3000, 1, 25)
    assert report.files == 5
    assert not report.complete
    assert not report.ok
    assert "samples: 4, expected 3000" in list(report.lines())


def test_everything_that_may_be_wrong_is_told(tid):
    distorted = tid / "distorted_images"
    (distorted / "i01_01_1.bmp").unlink()
    (distorted / "i01_01_2.bmp").write_bytes(b"no picture at all")
    trees.picture(tid, "distorted_images/i01_01_3.bmp", size=(384, 512))
    shutil.copy(tid / "reference_images/I01.BMP", distorted / "i01_01_4.bmp")
    trees.picture(tid, "distorted_images/i01_25_1.bmp")
    trees.text(tid, "distorted_images/Thumbs.db", "no picture, and no matter")
    report = visq.datasets.check("tid2013", tid)
    assert report.missing == ("distorted_images/i01_01_1.bmp",)
    assert report.rows_without_file == 1
    assert [path for path, _ in report.undecodable] == ["distorted_images/i01_01_2.bmp"]
    assert report.mis_sized == (("distorted_images/i01_01_3.bmp", (384, 512), "512x384"),)
    assert report.duplicated == (("distorted_images/i01_01_4.bmp", "reference_images/I01.BMP"),)
    assert report.unlabelled == ("distorted_images/i01_25_1.bmp",)
    text = "\n".join(report.lines())
    for part in (
        "missing: 1, named by 1 rows", "not usable: 1", "of the wrong size: 1", "384x512, expected 512x384",
        "same bytes: 1", "without a label: 1", "not ready: see above",
    ):  # fmt: skip
        assert part in text
    assert json.loads(json.dumps(report.as_dict()))["ok"] is False


def test_a_picture_that_is_cut_off_is_found_by_decoding_it(tid):
    file = tid / "distorted_images/i01_01_2.bmp"
    file.write_bytes(file.read_bytes()[:-5000])
    assert visq.datasets.check("tid2013", tid).undecodable == ()
    ((path, reason),) = visq.datasets.check("tid2013", tid, full=True).undecodable
    assert path == "distorted_images/i01_01_2.bmp"
    assert "truncated" in reason
    assert str(tid) not in reason


def test_an_empty_file_is_not_usable(tid):
    (tid / "distorted_images/i01_01_2.bmp").write_bytes(b"")
    assert visq.datasets.check("tid2013", tid).undecodable == (("distorted_images/i01_01_2.bmp", "an empty file"),)


def test_an_image_must_be_as_large_as_its_reference(tmp_path):
    trees.text(tmp_path, "VCLFER.txt", "dis_img_path,dis_type,ref_img_path,score\nv/vcl_fer/IMG_01_BLU_1.bmp,b,r,5\n")
    trees.picture(tmp_path, "vcl_fer/IMG_01.bmp", size=(8, 6))
    trees.picture(tmp_path, "vcl_fer/IMG_01_BLU_1.bmp", size=(8, 5))
    report = visq.datasets.check("vcl_fer", tmp_path)
    assert report.mis_sized == (("vcl_fer/IMG_01_BLU_1.bmp", (8, 5), "8x6 as its reference"),)


def test_copies_of_references_that_are_labelled_so_are_no_duplicates(tmp_path):
    trees.text(tmp_path, "3D/mos.csv", "art,art,95.6,90,91\nart_blur,art,61.3,50,80\nart_copy,art,61.3,50,80\n")
    trees.pictures(tmp_path, "3D/Session3DIQ", ["art.png", "art_blur.png"])
    shutil.copy(tmp_path / "3D/Session3DIQ/art_blur.png", tmp_path / "3D/Session3DIQ/art_copy.png")
    report = visq.datasets.check("waterloo_3d_1", tmp_path)
    assert report.duplicated == (("Session3DIQ/art_blur.png", "Session3DIQ/art_copy.png"),)


def test_files_that_begin_and_end_alike_are_no_duplicates(tmp_path):
    trees.text(tmp_path, "visq.csv", "image,score\na.png,1\nb.png,2\nc.png,3\n")
    for name, middle in (("a", b"x"), ("b", b"y"), ("c", b"x")):
        (tmp_path / f"{name}.png").write_bytes(bytes(70_000) + middle + bytes(70_000))
    report = visq.datasets.check("folder", tmp_path)
    assert report.duplicated == (("a.png", "c.png"),)


@pytest.mark.parametrize("jobs", [1, 8])
def test_the_report_does_not_depend_on_the_number_of_threads(tid, jobs):
    (tid / "distorted_images/i01_01_2.bmp").write_bytes(b"?")
    seen = []
    report = visq.datasets.check("tid2013", tid, full=True, jobs=jobs, on_file=lambda: seen.append(1))
    assert report == visq.datasets.check("tid2013", tid, full=True, jobs=3)
    assert len(seen) == report.files


def test_the_command_says_what_is_wrong_by_its_exit_code(tid):
    def run(*arguments):
        return CliRunner().invoke(command, list(arguments), standalone_mode=False)

    done = run("check", "TID2013", str(tid))
    assert done.return_value == 1
    assert "not ready" in done.stdout
    shown = json.loads(run("check", "tid2013", str(tid), "--full", "--json", "-j", "2").stdout)
    assert (shown["full"], shown["rows"], shown["ok"]) == (True, 4, False)


def test_a_complete_copy_is_ready(tmp_path):
    trees.text(tmp_path, "visq.csv", "image,score\na.png,1\nb.png,2\n")
    trees.pictures(tmp_path, "", ["a.png", "b.png"])
    done = CliRunner().invoke(command, ["check", "folder", str(tmp_path)], standalone_mode=False)
    assert done.return_value == 0
    assert done.stdout.splitlines()[-1] == "ready to use"


def test_a_list_of_ones_own_may_be_of_any_length(tmp_path):
    trees.text(tmp_path, "visq.csv", "image,reference,score\nd/i01_01_1.bmp,r/i01.bmp,3\n")
    trees.pictures(tmp_path, "", ["d/i01_01_1.bmp", "r/i01.bmp"], size=(512, 384))
    assert visq.datasets.check("tid2013", tmp_path).ok


def _videos(root):
    spec = DatasetSpec(
        id="clips", title="Clips", summary="made up", kind="video", score_name="MOS", lower_is_better=False, low=1,
        high=5, images=("clips",), labels=(Labels("mos", (Table("mos.csv", "csv"),), image="{name}", score="{mos}"),),
        licence="", paper="", homepage="", layout="read", source="made up", count=2,
    )  # fmt: skip
    trees.text(root, "mos.csv", "name,mos\na.y4m,1\nb.y4m,2\n")
    (root / "clips").mkdir()
    clip = video_clips.y4m(video_clips.yuv())
    (root / "clips/a.y4m").write_bytes(clip)
    (root / "clips/b.y4m").write_bytes(clip[: len(clip) // 2])
    (root / "clips/c.mp4").write_bytes(b"not labelled")
    return spec


def test_videos_are_decoded_only_when_asked_for(tmp_path):
    pytest.importorskip("av", reason="video needs PyAV")
    spec = _videos(tmp_path)
    quick = visq.datasets.check(spec, tmp_path)
    assert quick.ok
    assert quick.unlabelled == ("clips/c.mp4",)
    thorough = visq.datasets.check(spec, tmp_path, full=True)
    assert [path for path, _ in thorough.undecodable] == ["clips/b.y4m"]


def test_a_video_database_is_not_read_without_the_library(tmp_path, monkeypatch):
    spec = _videos(tmp_path)
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingExtraError, match="video"):
        visq.datasets.check(spec, tmp_path, full=True)


def test_sixteen_bit_pictures_without_the_library_are_said_to_need_it_once(tmp_path, monkeypatch):
    """What is not installed is no damage of a file."""
    trees.text(tmp_path, "visq.csv", "image,score\na.png,1\n")
    trees.picture(tmp_path, "a.png")

    def refuse(*_, **__):
        raise MissingExtraError("needs more", hint="pip install 'visq[hdr]'")

    monkeypatch.setattr("visq.media.open_image", refuse, raising=False)
    with pytest.raises(MissingExtraError, match="hdr"):
        visq.datasets.check("folder", tmp_path, full=True)


def test_the_text_has_one_line_for_a_name_with_a_line_break(tmp_path):
    trees.text(tmp_path, "visq.csv", "image,score\na.png,1\n")
    trees.pictures(tmp_path, "", ["a.png", "ready to\nuse.png"])
    report = visq.datasets.check("folder", tmp_path)
    assert report.unlabelled == ("ready to\nuse.png",)
    assert all("\n" not in line for line in report.lines())
