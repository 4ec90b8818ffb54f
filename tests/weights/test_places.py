"""Where files of parameters are looked for, in which order, and which stand for another."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from visq import catalog, weights
from visq.errors import OptionError, WeightsError
from visq.types import Weights
from visq.weights import inventory

_DATA = b"parameters"
_SHA256 = hashlib.sha256(_DATA).hexdigest()


def _item(name="network.bin", sha256=_SHA256, **more):
    return Weights(name, sha256, "CC0", "by hand", **{"ships": False, **more})


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Two folders in `VISQ_WEIGHTS` and the cache, all empty."""
    made = [tmp_path / name for name in ("one", "two", "cache/weights")]
    for folder in made:
        folder.mkdir(parents=True)
    monkeypatch.setenv(weights.VARIABLE, os.pathsep.join(["", str(made[0]), str(tmp_path / "absent"), str(made[1])]))
    monkeypatch.setenv(weights.CACHE_VARIABLE, str(tmp_path / "cache"))
    return made


def test_the_order_is_folders_package_cache(folders):
    listed = weights.places()
    assert listed[0] == folders[0]
    assert listed[2] == folders[1]
    assert listed[3].parts[-2:] == ("visq", "data")
    assert listed[4] == folders[2] == weights.cache_folder()
    for folder in reversed(folders):
        (folder / "network.bin").write_bytes(_DATA)
        assert weights.find(_item()) == folder / "network.bin"


def test_the_first_file_decides_even_if_it_is_wrong(folders):
    (folders[0] / "network.bin").write_bytes(b"other")
    (folders[1] / "network.bin").write_bytes(_DATA)
    with pytest.raises(
        WeightsError, match=r"one.network\.bin is not the file.*Remove it; then `visq weights fetch network\.bin`\."
    ):
        weights.find(_item(url="https://example.org/a"))


def test_a_wrong_file_without_an_address_names_what_can_be_fetched_instead(folders):
    """Its own name would end in `no public address`."""
    (folders[0] / "vgg16_features_torchvision.safetensors").write_bytes(b"other")
    need = inventory.named("vgg16")[0]
    with pytest.raises(WeightsError, match=r"Remove it; then `visq weights fetch vgg16-397923af\.pth`, which"):
        weights.find(need.files[0])
    head = catalog.get("lpips").weights[1]
    assert not head.url
    (folders[0] / head.filename).write_bytes(b"other")
    with pytest.raises(WeightsError, match=r"Remove it; then `visq weights fetch lpips_v0\.1_lin_alex\.pth`, which"):
        weights.find(head)
    other = _item("two.bin", url="https://example.org/two")
    (folders[0] / "one.bin").write_bytes(b"other")
    with pytest.raises(WeightsError, match=r"`visq weights fetch two\.bin`"):
        weights.find(_item("one.bin", alternatives=(other,)))


def test_a_wrong_file_that_can_be_had_nowhere_leads_to_its_origin(folders):
    (folders[0] / "network.bin").write_bytes(b"other")
    with pytest.raises(WeightsError, match=r"no public address. Its origin: by hand\.$") as caught:
        weights.find(_item())
    assert "fetch" not in str(caught.value)


def test_a_wrong_file_of_a_package_is_not_to_be_removed(folders, tmp_path):
    path = tmp_path / "network.bin"
    path.write_bytes(b"other")
    with pytest.raises(WeightsError, match="not the file") as caught:
        weights.find_any(_item(), installed=(path,))
    assert "Remove" not in str(caught.value)


def test_a_missing_file_without_an_address_names_what_can_be_fetched_instead(folders):
    with pytest.raises(WeightsError, match=r"`visq weights fetch vgg16-397923af\.pth` takes one with the same"):
        weights.find(inventory.named("vgg16")[0].files[0])


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="XDG")
@pytest.mark.parametrize(
    ("given", "wanted"), [("/somewhere", "/somewhere"), ("", "~/.cache"), ("relative", "~/.cache")]
)
def test_the_cache_is_where_the_desktop_keeps_caches(monkeypatch, given, wanted):
    monkeypatch.delenv(weights.CACHE_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", given)
    assert weights.cache_folder() == Path(wanted).expanduser() / "visq" / "weights"


@pytest.mark.parametrize(
    ("platform", "ending"),
    [("darwin", ("Library", "Caches", "visq", "weights")), ("win32", ("Local", "visq", "weights"))],
)
def test_the_cache_of_other_systems(monkeypatch, platform, ending):
    monkeypatch.delenv(weights.CACHE_VARIABLE, raising=False)
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    monkeypatch.setattr(sys, "platform", platform)
    assert weights.cache_folder().parts[-len(ending) :] == ending


def test_looking_for_a_file_makes_no_folder(tmp_path, monkeypatch):
    monkeypatch.setenv(weights.CACHE_VARIABLE, str(tmp_path / "cache"))
    with pytest.raises(WeightsError):
        weights.find(_item())
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    ("more", "hint"),
    [
        ({"url": "https://example.org/a"}, r"`visq weights fetch network\.bin`.*folder in VISQ_WEIGHTS"),
        ({"hub": "someone/net"}, r"`visq weights fetch network\.bin`"),
        ({}, r"no public address.*folder in VISQ_WEIGHTS"),
        ({"ships": True}, "Reinstall visq"),
    ],
)
def test_what_to_do_about_a_missing_file(folders, more, hint):
    with pytest.raises(WeightsError, match=hint) as caught:
        weights.find(_item(**more))
    assert all(str(folder) in caught.value.expected for folder in folders)


def test_the_first_digits_of_a_hash_are_checked(folders):
    (folders[0] / "network.bin").write_bytes(_DATA)
    short = _item(sha256=_SHA256[:8])
    assert weights.find(short).parent == folders[0]
    assert not weights.hash_is_whole(short)
    with pytest.raises(WeightsError, match=r"expected SHA-256 00000000\.\.\.; got"):
        weights.find(_item(sha256="0" * 8))


@pytest.mark.parametrize("noted", ["0" * 63, "", "g" * 64, "\xff" * 64])
def test_a_note_that_is_no_hash_is_not_heeded(folders, noted):
    path = folders[0] / "network.bin"
    path.write_bytes(_DATA)
    path.with_name("network.bin.sha256").write_text(noted, encoding="latin-1")
    assert weights.find(_item(sha256="")) == path


def test_a_note_of_another_file_with_the_same_name_is_not_heeded(folders):
    """The catalogue moved on to a new file; the note is of the old one."""
    path = folders[0] / "network.bin"
    path.write_bytes(_DATA)
    path.with_name("network.bin.sha256").write_text("0" * 64)
    assert weights.find(_item(sha256=_SHA256[:8])) == path
    with pytest.raises(WeightsError, match="expected SHA-256 0000"):
        weights.find(_item(sha256=""))


def test_the_first_of_several_that_is_there(folders):
    first, second = _item("first.bin"), _item("second.bin", url="https://example.org/second")
    with pytest.raises(WeightsError, match=r"first\.bin or second\.bin is missing.*fetch second\.bin"):
        weights.find_any(first, second)
    (folders[1] / "second.bin").write_bytes(_DATA)
    assert weights.find_any(first, second) == (second, folders[1] / "second.bin")
    (folders[1] / "first.bin").write_bytes(b"other")
    with pytest.raises(WeightsError, match=r"first\.bin is not the file"):
        weights.find_any(first, second)


def test_what_a_package_has_comes_last(folders, tmp_path):
    first, second = _item("first.bin"), _item("second.bin")
    path = tmp_path / "of_the_package.bin"
    path.write_bytes(_DATA)
    assert weights.find_any(first, second, installed=(tmp_path / "absent", path)) == (first, path)
    (folders[1] / "second.bin").write_bytes(_DATA)
    assert weights.find_any(first, second, installed=(path,)) == (second, folders[1] / "second.bin")


def _network(*files, package="", package_file=""):
    return SimpleNamespace(
        id="net", weights=files[0], alternatives=files[1:], package=package, package_file=package_file
    )


def test_what_a_network_lacks(folders):
    network = _network(_item("first.bin"), _item("second.bin", url="https://example.org/second"))
    assert [w.filename for w in weights.missing(network)] == ["second.bin"]
    (folders[0] / "first.bin").write_bytes(_DATA)
    assert weights.missing(network) == ()


def test_an_installed_package_has_the_file(folders, tmp_path, monkeypatch):
    (tmp_path / "package_of_a_network").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    network = _network(_item(), package="package_of_a_network", package_file="models/a.pth")
    assert weights.missing(network) == (network.weights,)
    path = tmp_path / "package_of_a_network" / "models" / "a.pth"
    path.parent.mkdir()
    path.write_bytes(_DATA)
    (need,) = inventory.needs(network)
    assert need.found == (network.weights, path)
    assert weights.missing(_network(_item(), package="no_such_package_at_all", package_file="a")) == (network.weights,)


def test_what_a_metric_lacks(folders):
    assert weights.missing(catalog.get("niqe")) == weights.missing(catalog.get("psnr")) == ()
    lacking = [w.filename for w in weights.missing(catalog.get("lpips"))]
    assert lacking[0] == "alexnet-owt-7be5be79.pth", "the file with a public address, not the one without"
    (folders[0] / "alexnet_features_torchvision.safetensors").write_bytes(_DATA)
    assert [w.filename for w in weights.missing(catalog.get("lpips"))] == lacking[1:]
    (folders[0] / "lpips_v0.1_lin_alex.pth").write_bytes(_DATA)
    assert weights.missing(catalog.get("lpips")) == ()


def test_every_file_is_listed_once_with_who_needs_it():
    listed = inventory.items()
    names = [item.weights.filename for item in listed]
    assert len(names) == len(set(names))
    by_name = {item.weights.filename: item for item in listed}
    for spec in catalog.specs():
        for file in spec.weights:
            assert spec.id in by_name[file.filename].metrics
    vgg = by_name["vgg16-397923af.pth"]
    assert "vgg16" in vgg.networks
    assert set(vgg.metrics) == set(by_name[vgg.need.files[0].filename].metrics) > {"dists"}
    ships = [item.weights.ships for item in listed]
    assert ships == sorted(ships, reverse=True)


def test_one_name_means_one_file():
    """Two entries that name a file must mean the same one."""
    seen = {}
    for owner in (*catalog.specs(), *inventory._backbones()):
        for need in inventory.needs(owner):
            for file in need.files:
                assert seen.setdefault(file.filename, file).sha256 == file.sha256, file.filename


def test_what_the_catalogue_says_of_a_file_is_of_use():
    for item in inventory.items():
        w = item.weights
        assert len(w.sha256) in (0, 8, 64)
        assert set(w.sha256) <= set("0123456789abcdef")
        assert Path(w.filename).name == w.filename
        assert w.licence
        assert w.origin
        assert not w.url or w.url.startswith("https://")
        assert not w.ships or weights.hash_is_whole(w)


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("vgg16", ["vgg16_features_torchvision.safetensors"]),
        ("VGG-16", ["vgg16_features_torchvision.safetensors"]),
        ("niqe", ["niqe_kodak24.npz"]),
        ("NIQE", ["niqe_kodak24.npz"]),
        ("vgg16-397923af.pth", ["vgg16-397923af.pth"]),
        ("lpips", ["alexnet_features_torchvision.safetensors", "lpips_v0.1_lin_alex.safetensors"]),
        ("psnr", []),
    ],
)
def test_names(name, files):
    assert [need.files[0].filename for need in inventory.named(name)] == files


def test_a_name_that_there_is_none_of():
    with pytest.raises(OptionError, match=r"called 'lipips'. Did you mean 'lpips'"):
        inventory.named("lipips")


def test_what_every_metric_needs_can_be_had_or_its_origin_is_told():
    """A file without a public address says who made it, so that its owner can be asked."""
    without = {
        item.weights.filename for item in inventory.items() if not (item.need.offered.hub or item.need.offered.url)
    }
    shipped = {item.weights.filename for item in inventory.items() if item.weights.ships}
    packaged = {item.weights.filename for item in inventory.items() if item.need.installed}
    assert without - shipped - packaged <= {"nima_mobilenetv1_ava.safetensors", "cnniqa_live.safetensors"}


def test_a_score_never_uses_the_network(folders, monkeypatch):
    """Not even where its files are missing and have a public address."""
    pytest.importorskip("torch")
    import socket

    import numpy as np

    import visq

    opened = []
    monkeypatch.setattr(socket.socket, "connect", lambda *a: opened.append(a))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a: opened.append(a))
    image = np.zeros((64, 64, 3), np.uint8)
    with pytest.raises(WeightsError, match="`visq weights fetch"):
        visq.metric("lpips_squeeze")(image, image)
    assert not opened


def test_only_one_place_uses_the_network_and_none_unpickles():
    import ast

    import visq

    root = Path(visq.__file__).parent
    network = {"urllib.request", "http.client", "socket", "ftplib", "requests", "httpx", "aiohttp", "huggingface_hub"}
    users, picklers, loads = set(), set(), []
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            users |= {path.relative_to(root).as_posix() for name in names if name in network}
            picklers |= {path.name for name in names if name in ("pickle", "dill", "cloudpickle", "joblib", "shelve")}
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("torch.load", "np.load", "numpy.load"):
                loads.append((ast.unparse(node.func), {k.arg: ast.unparse(k.value) for k in node.keywords}))
    assert users == {"weights/transfer.py", "weights/hub.py"}
    assert not picklers
    assert loads
    for function, keywords in loads:
        wanted = ("weights_only", "True") if function == "torch.load" else ("allow_pickle", "False")
        assert wanted in keywords.items(), (function, keywords)


def test_a_graph_of_a_user_may_be_as_large_as_a_network(tmp_path):
    for name, size in (("graph.onnx", 70_000_000), ("model.npz", 70_000_000)):
        with (tmp_path / name).open("wb") as stream:
            stream.truncate(size)
    assert weights.members(tmp_path / "graph.onnx") == (tmp_path / "graph.onnx",)
    with pytest.raises(WeightsError, match="too large; expected at most 64000000"):
        weights.members(tmp_path / "model.npz")
