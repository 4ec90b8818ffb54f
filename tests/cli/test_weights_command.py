"""`visq weights list`, `where` and `verify`; `fetch` is in tests/weights/test_fetching.py."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from visq import weights
from visq.catalog import get


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
    assert header.split() == ["FILE", "STATE", "SIZE", "FROM", "HASH", "LICENCE", "FOR"]
    rows = {line.split()[0]: line for line in lines}
    assert rows["niqe_kodak24.npz"].split()[1:5] == ["ships", "11.2", "kB", "visq"]
    vgg = rows["vgg16-397923af.pth"]
    assert vgg.split()[1:4] == ["missing", "?", "web"]
    assert "BSD-3-Clause" in vgg
    assert "dists" in vgg
    assert vgg.endswith("vgg16")


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


def test_the_group_explains_itself(visq):
    done = visq("weights", "--help")
    assert done.code == 0
    for word in ("list", "where", "verify", "fetch", "VISQ_WEIGHTS"):
        assert word in done.out
