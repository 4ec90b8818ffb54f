"""`visq fit`: what it writes and says, and that mistakes cost nothing."""

from __future__ import annotations

import json

import pytest

torch = pytest.importorskip("torch")
safetensors = pytest.importorskip("safetensors.torch")

from samples import noisy, picture  # noqa: E402
from visq.systems.reiqa import reiqa, trunks  # noqa: E402


@pytest.fixture
def rated(tmp_path):
    """Thirty noisy pictures, the last six of them the test part, and an encoder with random parameters."""
    from PIL import Image

    (tmp_path / "db").mkdir()
    lines = ["image,score,group,part"]
    for i in range(30):
        Image.fromarray(noisy(picture(64, 66), 3.0 * ((7 * i) % 30))).save(tmp_path / f"db/{i}.png")
        lines.append(f"{i}.png,{5 - ((7 * i) % 30) / 10},c{i},{'test' if i > 23 else 'train'}")
    (tmp_path / "db" / "visq.csv").write_text("\n".join(lines) + "\n")
    for i in range(24, 30):
        (tmp_path / f"db/{i}.png").write_bytes(b"not to be opened")
    safetensors.save_file(trunks.make("resnet18_half", 0).state_dict(), tmp_path / "q.safetensors")
    return tmp_path


_SHORT = ("--alphas", "1,10,100", "--splits", "3")


def test_a_read_out_is_fitted_and_scores(visq, rated):
    done = visq("fit", "reiqa", "quality=q.safetensors", "--data", "folder=db", "-o", "m.safetensors", *_SHORT)
    assert done.code == 0, done.err
    assert "m.safetensors: score of folder" in done.out
    assert "24 pictures of 24 contents, 512 features; the official test part was not opened" in done.out
    assert "no figure to publish" in done.out
    assert "use it as   -m reiqa:model=m.safetensors" in done.out
    assert isinstance(reiqa(picture(64, 64), model=rated / "m.safetensors"), float)


def test_differences_from_references_are_fitted_and_score(visq, rated):
    """What `visq fit` says is what works; the other metric refuses the file before anything is scored."""
    from PIL import Image

    Image.fromarray(picture(64, 66)).save(rated / "db" / "whole.png")
    table = rated / "db" / "visq.csv"
    head, *lines = table.read_text().splitlines()
    table.write_text("\n".join([head + ",reference", *(f"{line},whole.png" for line in lines)]) + "\n")
    done = visq(
        "fit", "reiqa", "quality=q.safetensors", "reference=true", "--data", "folder=db", "-o", "m.safetensors", *_SHORT
    )
    assert done.code == 0, done.err
    assert "use it as   -m reiqa_fr:model=m.safetensors" in done.out
    found = [
        visq("compare", "db/whole.png", f"db/{i}.png", "-m", "reiqa_fr:model=m.safetensors", "--json") for i in (0, 2)
    ]
    assert [one.code for one in found] == [0, 0], found[0].err
    first, second = (json.loads(one.out)[0]["value"] for one in found)
    assert first > second
    turned = visq("compare", "db/0.png", "db/whole.png", "-m", "reiqa_fr:model=m.safetensors", "--json")
    assert json.loads(turned.out)[0]["value"] == pytest.approx(first)  # declared as symmetric
    refused = visq("score", "db/0.png", "-m", "reiqa:model=m.safetensors")
    assert refused.code == 2
    assert "fitted to judge pictures without references" in refused.err
    assert "score by reiqa_fr" in refused.err


def test_json_holds_the_report_and_kept_features_serve_again(visq, rated):
    command = ("fit", "reiqa", "quality=q.safetensors", "--data", "folder=db", "--cache", "kept", "--json", *_SHORT)
    first = visq(*command, "-o", "a.safetensors")
    assert first.code == 0, first.err
    report = json.loads(first.out)
    assert report["pictures"] == 24
    assert report["alpha"] in (1.0, 10.0, 100.0)
    assert list((rated / "kept").iterdir())
    again = visq(*command, "-o", "b.safetensors")
    assert (rated / "a.safetensors").read_bytes() == (rated / "b.safetensors").read_bytes()
    assert json.loads(again.out)["sha256"] == report["sha256"]


def test_a_file_that_is_there_is_kept(visq, rated):
    (rated / "m.safetensors").write_bytes(b"kept")
    done = visq("fit", "reiqa", "quality=q.safetensors", "--data", "folder=db", "-o", "m.safetensors")
    assert done.code == 2
    assert "exists already" in done.err
    assert (rated / "m.safetensors").read_bytes() == b"kept"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "SYSTEM is missing"),
        (("reiqa",), "--data DATABASE=ROOT is missing"),
        (("reiqa", "--data", "folder=db"), "-o FILE is missing. See"),
        (("reiqaa", "--data", "folder=db", "-o", "m"), "Did you mean 'reiqa'"),
        (("reiqa", "--data", "db", "-o", "m"), "--data names no database"),
        (("reiqa", "quality", "--data", "folder=db", "-o", "m"), "not OPTION=VALUE"),
        (("reiqa", "quality=a", "quality=b", "--data", "folder=db", "-o", "m"), "given twice"),
        (("reiqa", "quality=none.pth", "--data", "folder=db", "-o", "m"), "the quality encoder: cannot read"),
        (("reiqa", "--data", "folder=db", "-o", "m"), "needs an encoder"),
        (("reiqa", "size=4", "--data", "folder=db", "-o", "m"), "no option 'size'"),
        (("reiqa", "quality=q.safetensors", "--data", "folder=db", "-o", "m", "--alphas", "0"), "no strengths"),
        (("reiqa", "quality=q.safetensors", "--data", "folder=db", "-o", "no/m"), "Make the folder first"),
    ],
)
def test_mistakes_are_one_line_and_write_nothing(visq, rated, arguments, said):
    done = visq("fit", *arguments)
    assert done.code == 2
    assert said in done.err
    assert len(done.err.splitlines()) == 1
    assert not (rated / "m").exists()


def test_systems_and_their_options_are_listed(visq):
    done = visq("fit", "--list")
    assert done.code == 0
    assert done.out.startswith("reiqa")
    assert "  long_side  " in done.out


def test_a_file_name_is_printed_as_a_shell_takes_it(visq, rated):
    """Blanks between quotes; a comma would part one metric from the next, which is said."""
    done = visq("fit", "reiqa", "quality=q.safetensors", "--data", "folder=db", "-o", "m, f.safetensors", *_SHORT)
    assert done.code == 0, done.err
    assert "use it as   -m 'reiqa:model=m, f.safetensors'" in done.out
    assert "rename the file" in done.err
