"""What is said to the user: titles that can be typed back, gates by variant, notes and hints."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from visq import catalog
from visq.api import metric as visq_metric
from visq.cli import metric_option
from visq.errors import OptionError

_TWO = "ssim,ssim:downsample=true,channels=rgb"


def test_column_titles_can_be_typed_back():
    chosen = metric_option.requests([_TWO, "haarpsi,psnr:rounded_luma=none", "psnr"], "fr")
    titles = list(metric_option.labels(chosen).values())
    assert titles[:3] == ["ssim", "ssim:downsample=true,channels=rgb", "haarpsi"]
    assert metric_option.requests([",".join(titles)], "fr") == chosen


def _gates(text, metrics=_TWO):
    from visq.cli import gates

    return [(g.metric, g.limit) for g in gates.parse([text], metric_option.requests([metrics], "fr"))]


def test_a_gate_is_for_one_variant_or_for_each():
    variant = "ssim:downsample=true,channels=rgb"
    assert _gates("ssim=0.9") == [("ssim", 0.9), (variant, 0.9)]
    assert _gates(f"{variant}=0.9") == [(variant, 0.9)]
    assert _gates("ssim:channels=rgb,downsample=yes=0.9,psnr=30", f"{_TWO},psnr") == [(variant, 0.9), ("psnr", 30)]
    assert _gates("psnr=30,ssim:window=7=0.5", "psnr,ssim:window=7") == [("psnr", 30), ("ssim", 0.5)]


@pytest.mark.parametrize(
    "text",
    [
        "ssim:window=7",
        "ssim:downsample=true",
        "ssim:downsample=true=0.9",
        "ssim:=1",
        "psnr=30",
        "ssim:window=7,psnr,k1=1=2",
    ],
)
def test_a_gate_that_fits_no_variant_is_refused(text):
    with pytest.raises(OptionError):
        _gates(text)


def test_gates_count_each_variant_by_itself(visq, picture):
    picture("a.png", side=600)
    picture("a.jpg", side=600, quality=5)
    done = visq("compare", "a.png", "a.jpg", "-m", "ssim,ssim:downsample=true", "--fail-under", "ssim=1")
    assert done.code == 3
    assert "gate failed: ssim >= 1: 1 worse" in done.err
    assert "gate failed: ssim:downsample=true >= 1: 1 worse" in done.err
    values = [
        r["value"]
        for r in json.loads(visq("compare", "a.png", "a.jpg", "-m", "ssim,ssim:downsample=true", "--json").out)
    ]
    between = sum(values) / 2
    assert values[0] != values[1]
    lower = ["ssim", "ssim:downsample=true"][int(np.argmin(values))]
    failed = visq(
        "compare", "a.png", "a.jpg", "-m", "ssim,ssim:downsample=true", "--fail-under", f"ssim={between!r}"
    ).err
    assert [line.split(": ")[2] for line in failed.splitlines()] == [f"{lower} >= {between:g}"]


def test_what_reading_altered_is_told_once(visq, picture, tmp_path):
    picture("a.png")
    picture("wrong.png").rename(tmp_path / "wrong.jpg")
    for name, exif in (("t.png", None), ("u.png", 6)):
        pixels = Image.fromarray(np.full((16, 16, 4), 90, np.uint8))
        options = {}
        if exif:
            options["exif"] = pixels.getexif()
            options["exif"][0x0112] = exif
        pixels.save(name, **options)
    arguments = ("score", "a.png", "wrong.jpg", "t.png", "u.png", "-m", "tv,uciqe")
    lines = [line for line in visq(*arguments).err.splitlines() if "on reading" in line]
    assert len(lines) == 1
    assert "3 images (alpha-composited 2, " in lines[0]
    assert "orientation-applied 1" in lines[0]
    assert "extension-mismatch 1" in lines[0]
    assert "on reading" not in visq(*arguments, "--quiet").err
    assert "on reading" not in visq("score", "a.png", "-m", "tv").err


def test_metrics_without_maps_are_told_once_and_leave_no_empty_folder(visq, picture, tmp_path):
    picture("a.png", side=64)
    done = visq("compare", "a.png", "a.png", "-m", "psnr", "--maps", "maps")
    assert done.code == 0
    assert done.err.count("psnr has no map; those with one: ") == 1
    assert "gmsd" in done.err
    assert not (tmp_path / "maps").exists()
    both = visq("compare", "a.png", "a.png", "-m", "psnr,gmsd", "--maps", "maps")
    assert "psnr has no map" in both.err
    assert [p.name for p in (tmp_path / "maps").iterdir()] == ["a.png.gmsd.png"]


def test_hints_name_the_option_of_the_command_line(visq, picture):
    path = picture("a.jpg", side=128, quality=90)
    path.write_bytes(path.read_bytes()[:-400])
    done = visq("score", "a.jpg", "-m", "tv", "--json")
    assert "--allow-truncated" in done.err
    assert "--allow-truncated" in json.loads(done.out)[0]["error"]
    assert "allow_truncated" not in done.err + done.out


def test_a_file_that_needs_an_extra_is_named_once(visq, picture, monkeypatch):
    from visq.errors import MissingExtraError

    def refusing(source, **_):
        raise MissingExtraError(f"{source}: 16-bit RGB PNG needs the hdr extra")

    monkeypatch.setattr("visq.media.open_image", refusing)
    picture("a.png")
    assert visq("score", "a.png", "-m", "tv").err == "visq: a.png: 16-bit RGB PNG needs the hdr extra\n"


@pytest.mark.parametrize("spec", [s for s in catalog.specs() if s.options], ids=lambda s: s.id)
def test_show_gives_an_example_of_an_option_that_is_understood(visq, spec, monkeypatch):
    # What is asked here is whether the words are understood, not whether the weights are on this machine.
    monkeypatch.setattr("visq.run.tasks.check", lambda *_: None)
    lines = [x for x in visq("show", spec.id).out.splitlines() if "As in -m " in x]
    text, *likes = (line.split("-m ")[1].split(";")[0].split(", or")[0] for line in lines)
    assert text.startswith(f"{spec.id}:{spec.options[0].name}=")
    if spec.options[0].type != "path":
        [one] = metric_option.requests([text], spec.kind)
        assert list(one.options) == [spec.options[0].name]
    assert bool(likes) == bool(spec.likes)
    for text in likes:
        [one] = metric_option.requests([text], spec.kind)
        assert one.options == visq_metric(spec.id, **dict(spec.likes[-1].options)).options


def test_the_title_of_a_map_names_image_and_reference(visq, picture, tmp_path):
    picture("ref/pristine.png", side=64)
    picture("a.jpg", side=64)
    assert visq("compare", "ref/pristine.png", "a.jpg", "-m", "gmsd", "--maps", "maps").code == 0
    with Image.open(tmp_path / "maps" / "a.jpg.gmsd.png") as made:
        assert made.text["Title"].endswith("  a.jpg against pristine.png")


def test_floats_of_another_range_are_taken_where_the_error_says_so():
    import visq
    from visq.errors import RangeError

    reference = np.full((32, 32), 100.0)
    image = reference + np.eye(32)
    with pytest.raises(RangeError, match="Give data_range"):
        visq.compare(reference, image, "mse")
    assert visq.compare(reference, image, "mse", data_range=255) == {"mse": pytest.approx(1 / 32)}
    score, found = visq.metric("mse").score_and_map(image, reference, data_range=255)
    assert score == pytest.approx(1 / 32)
    assert found.mean() == pytest.approx(1 / 32)
    ramp = np.add.outer(np.arange(32.0), np.arange(32.0))
    assert visq.score(ramp, "tv", data_range=255)["tv"] == pytest.approx(visq.score(ramp / 255, "tv")["tv"])


def test_python_takes_metrics_as_the_command_line_does():
    import visq
    from visq.errors import InputTypeError, OptionError

    ramp = np.add.outer(np.arange(32.0), np.arange(32.0)) / 80
    image = ramp * 0.9
    bound = visq.metric("ssim", like="piq")
    found = visq.compare(ramp, image, ["ssim:downsample=true", bound, "psnr,mse"])
    assert found == {
        "ssim:downsample=true": visq.metric("ssim", downsample=True)(image, ramp),
        next(key for key in list(found)[1:] if key.startswith("ssim:")): bound(image, ramp),
        "psnr": visq.metric("psnr")(image, ramp),
        "mse": visq.metric("mse")(image, ramp),
    }
    assert visq.compare(ramp, image, bound) == {"ssim": bound(image, ramp)}
    with pytest.raises(InputTypeError, match="these are no metrics; expected names"):
        visq.compare(ramp, image, [3])
    with pytest.raises(InputTypeError, match="got int"):
        visq.score(image, 3)
    with pytest.raises(OptionError, match="names no metric in one place"):
        visq.score(image, "tv,,uciqe")


def test_hints_name_the_options_of_the_command_line(visq, picture, tmp_path):
    picture("a.png", side=64)
    (tmp_path / "cut.jpg").write_bytes(picture("b.jpg", side=64).read_bytes()[:-300])
    assert "--max-pixels 4096" in visq("score", "a.png", "-m", "tv", "--max-pixels", "9").err
    assert "--max-pixels 4096" in visq("features", "a.png", "-m", "rred", "--max-pixels", "9").err
    assert "--allow-truncated" in visq("score", "cut.jpg", "-m", "tv").err


@pytest.mark.parametrize(
    "arguments",
    [
        ("score", "none.png"),
        ("compare", "none.png", "none.png"),
        ("features", "none.png", "-o", "none.json"),
        ("video", "none.y4m"),
        ("recover", "none.png", "-o", "new.png"),
    ],
    ids=lambda given: given[0],
)
def test_what_all_leaves_out_is_said_unless_it_is_to_be_quiet(visq, monkeypatch, arguments):
    kinds = {"fr": "mse", "rr": "rred", "nr": "piqe"}
    monkeypatch.setattr(
        "visq.weights.stand_in.computable", lambda *given: ([kinds[k] for k in given], {"x.pth is not here": ["deep"]})
    )
    assert "visq: all: without deep: x.pth is not here" in visq(*arguments, "-m", "all").err
    assert "deep" not in visq(*arguments, "-m", "all", "-q").err
