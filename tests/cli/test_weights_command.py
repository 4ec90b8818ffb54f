"""`visq weights list`, `where` and `verify`; `fetch` is in tests/weights/test_fetching.py."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import struct
from pathlib import Path

import pytest

from visq import weights
from visq.catalog import get
from visq.systems.graph_files import About, annotated


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The only folder with weights, empty, besides those that ship."""
    folder = tmp_path / "weights"
    folder.mkdir()
    monkeypatch.setenv(weights.VARIABLE, str(folder))
    monkeypatch.setenv(weights.CACHE_VARIABLE, str(tmp_path / "cache"))
    return folder


def test_list_names_state_licence_and_users(visq, folder):
    done = visq("weights", "list")
    assert (done.code, done.err) == (0, "")
    header, *lines = done.out.splitlines()
    assert header.split() == ["FILE", "STATE", "SIZE", "FOR", "LICENCE", "FROM", "CHECKED"]
    rows = {line.split()[0]: line for line in lines}
    niqe = rows["niqe_kodak24.npz"].split()[1:]
    assert niqe == ["ships", "11.2", "kB", "niqe", "Apache-2.0", "visq", "scores"], "the licence in short"
    vgg = rows["vgg16-397923af.pth"]
    assert vgg.split()[1:3] == ["missing", "?"]
    assert "dists" in vgg
    assert vgg.split()[-4:] == ["vgg16", "BSD-3-Clause", "web", "hash"], "no score of it was compared"
    assert rows["vgg16_features_torchvision.safetensors"].split()[-1] == "scores"
    assert rows["vit_base_patch16_224.augreg_in21k_ft_in1k.safetensors"].split()[-1] == "nothing"


def _terminal(monkeypatch, columns):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(columns))


@pytest.mark.parametrize(("columns", "more"), [(80, []), (120, ["FROM", "CHECKED"])])
def test_a_line_of_the_list_has_what_matters_on_any_terminal(visq, folder, monkeypatch, columns, more):
    _terminal(monkeypatch, columns)
    header, *lines = visq("weights", "list").out.splitlines()
    names = ["FILE", "STATE", "SIZE", "FOR", "LICENCE", *more]
    assert header.split() == names
    assert max(map(len, lines)) <= columns
    starts = [header.index(name) for name in names]
    for line in lines:
        cells = [line[a:b].strip() for a, b in zip(starts, [*starts[1:], None], strict=True)]
        assert all(cells), line
    licences = {line[starts[4] :].split("  ")[0] for line in lines}
    assert licences == {"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "MIT", "none given"}


def test_a_terminal_of_no_width_to_speak_of(visq, folder, monkeypatch):
    _terminal(monkeypatch, 20)
    assert visq("weights", "list").out.startswith("FILE")


def test_list_explains_its_column(visq):
    told = visq("weights", "list", "--help").out
    for word in ("`scores`", "`hash`", "`digits`", "`nothing`", "published"):
        assert word in told


def test_list_as_json(visq, folder):
    rows = {row["filename"]: row for row in json.loads(visq("weights", "list", "--json").out)}
    ours = rows["niqe_kodak24.npz"]
    assert (ours["state"], ours["metrics"], ours["whole_hash"]) == ("ships", ["niqe"], True)
    assert ours["bytes"] == Path(ours["path"]).stat().st_size
    vgg = rows["vgg16-397923af.pth"]
    assert (vgg["state"], vgg["path"], vgg["bytes"]) == ("missing", None, None)
    assert vgg["networks"] == ["vgg16"]
    assert vgg["instead_of"] == ["vgg16_features_torchvision.safetensors"]


def test_one_of_several_files_is_enough(visq, folder):
    (folder / "vgg16-397923af.pth").write_bytes(b"any")
    rows = {row["filename"]: row["state"] for row in json.loads(visq("weights", "list", "--json").out)}
    assert rows["vgg16-397923af.pth"] == "found"
    assert rows["vgg16_features_torchvision.safetensors"] == "not needed"


def test_where_names_the_folders(visq, folder):
    done = visq("weights", "where")
    assert done.code == 0
    lines = done.out.splitlines()
    assert [line.split()[0] for line in lines] == ["$VISQ_WEIGHTS", "package", "cache"]
    assert lines[0].endswith(str(folder))
    assert lines[2].endswith("(not there)")


def test_where_prints_paths_that_a_script_can_read(visq, folder):
    path = folder / "vgg16-397923af.pth"
    path.write_bytes(b"any")
    assert visq("weights", "where", "vgg16").out == f"{path}\n"
    done = visq("weights", "where", "alexnet")
    assert (done.code, done.out) == (1, "")
    assert done.err == (
        "visq: alexnet_features_torchvision.safetensors or alexnet-owt-7be5be79.pth is missing. "
        "`visq weights fetch alexnet-owt-7be5be79.pth`\n"
    )
    assert visq("weights", "where", "psnr").out == "psnr needs no files\n"
    assert visq("weights", "where", "nothing-like-it").code == 2


def test_where_tells_the_whole_licence_to_eyes(visq, folder, monkeypatch):
    _terminal(monkeypatch, 80)
    (item,) = get("niqe").weights
    assert ";" in item.licence
    assert visq("weights", "where", "niqe").out.splitlines()[1] == f"  licence {item.licence}; {item.origin}"


@pytest.fixture
def no_torch(monkeypatch):
    for place in ("visq.weights.stand_in", "visq.cli.weights"):
        monkeypatch.setattr(f"{place}.has_torch", lambda: False)


def _graph(path, metric="lpips"):
    """A file that says of itself what a graph of visq does; there is nothing in its network."""
    about = About(metric, "1", "", {}, {}, ("image",), ("score",), 3, 1, 4, "0")
    path.write_bytes(annotated(b"\x3a\x00", about))
    return path


def test_an_exported_network_stands_in_where_there_is_no_torch(visq, folder, no_torch):
    done = visq("weights", "where", "lpips")
    assert done.code == 1
    assert "visq: torch is not installed. The file lpips.onnx in a folder of VISQ_WEIGHTS would stand in" in done.err
    done = visq("weights", "verify", "lpips")
    assert done.code == 1
    assert "lpips.onnx" in done.err
    path = _graph(folder / "lpips.onnx")
    done = visq("weights", "where", "lpips")
    assert (done.code, done.out, done.err) == (0, f"{path}\n", "")
    done = visq("weights", "verify", "lpips")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"ok       {path}  ")
    assert visq("weights", "where", "alexnet").code == 1, "a network is not a metric"


def test_where_torch_is_the_exported_network_does_not_count(visq, folder, monkeypatch):
    for place in ("visq.weights.stand_in", "visq.cli.weights"):
        monkeypatch.setattr(f"{place}.has_torch", lambda: True)
    _graph(folder / "lpips.onnx")
    done = visq("weights", "where", "lpips")
    assert done.code == 1
    assert "onnx" not in done.out + done.err


def test_verify_looks_at_all_that_is_there_and_what_is_not_is_no_mistake(visq, folder):
    done = visq("weights", "verify")
    assert (done.code, done.err) == (0, "")
    rows = {line.split()[1]: line for line in done.out.splitlines()}
    niqe = rows["niqe_kodak24.npz"]
    assert niqe.startswith("ok ")
    assert "npz, 2 arrays, 1332 finite numbers" in niqe, "36 means and 36 x 36 covariances"
    assert any(line.startswith("missing") for line in rows.values())


def test_verify_of_a_name_fails_where_it_is_missing(visq, folder):
    done = visq("weights", "verify", "vgg16")
    assert done.code == 1
    assert done.out.startswith("missing  vgg16-397923af.pth")
    assert done.err == "visq: 1 file missing or wrong\n"


def test_verify_finds_a_wrong_file(visq, folder):
    (item,) = get("niqe").weights
    shutil.copy(weights.find(item), folder / item.filename)
    assert visq("weights", "verify", "niqe").code == 0
    with (folder / item.filename).open("r+b") as stream:
        stream.write(b"XX")
    os.utime(folder / item.filename, ns=(1, 1))
    done = visq("weights", "verify")
    assert done.code == 1
    assert any(line.startswith(f"wrong    {item.filename}  {folder}") for line in done.out.splitlines())
    rows = json.loads(visq("weights", "verify", "niqe", "--json").out)
    assert [row["state"] for row in rows] == ["wrong"]


def test_verify_of_any_file(visq, folder, tmp_path):
    from numpy import array, savez

    savez(tmp_path / "mine.npz", x=array([1.0, 2.0]))
    done = visq("weights", "verify", tmp_path / "mine.npz")
    assert done.code == 0
    assert "no hash is known for it; npz, 1 array" in done.out
    savez(tmp_path / "bad.npz", x=array([float("nan")]))
    (tmp_path / "text.txt").write_text("no parameters")
    for name in ("bad.npz", "text.txt"):
        done = visq("weights", "verify", tmp_path / name)
        assert done.code == 1
        assert done.out.startswith("wrong")


def test_verify_looks_into_exported_networks(visq, folder, tmp_path):
    done = visq("weights", "verify", _graph(tmp_path / "mine.onnx"))
    assert done.code == 0
    assert "no hash is known for it; ONNX; the network of lpips 1; its numbers were not looked at" in done.out
    for content in (b"\x08\x07", b"garbage", b"", (tmp_path / "mine.onnx").read_bytes()[:-5], b"\x3a\x00"):
        (tmp_path / "bad.onnx").write_bytes(content)
        done = visq("weights", "verify", "bad.onnx")
        assert done.code == 1, content
        assert done.out.startswith("wrong    bad.onnx  bad.onnx is no graph that visq can use"), content


def test_verify_says_where_no_hash_is_known(visq, folder, numbers):
    name = "vit_base_patch16_224.augreg_in21k_ft_in1k.safetensors"
    digest = hashlib.sha256(numbers).hexdigest()
    (folder / name).write_bytes(numbers)
    done = visq("weights", "verify", name)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"ok       {name}  not checked by hash: no hash is known for it; safetensors, 1 array")
    (row,) = json.loads(visq("weights", "verify", name, "--json").out)
    assert (row["state"], row["checked_by"]) == ("ok", "nothing")
    (folder / f"{name}.sha256").write_text(f"{digest}  {name}\n")
    (row,) = json.loads(visq("weights", "verify", name, "--json").out)
    assert (row["state"], row["checked_by"]) == ("ok", "note")
    assert row["detail"].startswith("SHA-256 as noted when it was fetched; ")
    (folder / f"{name}.sha256").write_text(f"{digest[::-1]}  {name}\n")
    assert visq("weights", "verify", name).code == 1
    (row,) = json.loads(visq("weights", "verify", "niqe", "--json").out)
    assert row["checked_by"] == "hash"


@pytest.fixture
def numbers():
    """A safetensors file with two numbers."""
    header = json.dumps({"x": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    return struct.pack("<Q", len(header)) + header + struct.pack("<2f", 1, 2)


@pytest.mark.parametrize("command", ["list", "where", "verify"])
@pytest.mark.parametrize("given", ["~no_such_user_at_all/w", "/" + "a" * 5000])
def test_folders_that_cannot_be(visq, monkeypatch, tmp_path, command, given):
    monkeypatch.setenv(weights.VARIABLE, given)
    monkeypatch.setenv(weights.CACHE_VARIABLE, str(tmp_path / "cache"))
    done = visq("weights", command)
    assert (done.code, done.err) == (0, "")
    if command == "where":
        assert done.out.splitlines()[0].endswith(("(no such home directory)", "(cannot be read: File name too long)"))


def test_the_group_explains_itself(visq):
    done = visq("weights", "--help")
    assert done.code == 0
    for word in ("list", "where", "verify", "fetch", "VISQ_WEIGHTS"):
        assert word in done.out
