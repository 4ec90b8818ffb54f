"""Folders that cannot be looked into, and users without a home: no file is found there, and nothing breaks."""

from __future__ import annotations

import contextlib
import os
import sys

import pytest

from visq import catalog, paths, weights
from visq.errors import WeightsError
from visq.types import Weights
from visq.weights import fetching, inventory, stand_in

_ITEM = Weights("network.bin", "", "CC0", "by hand", ships=False, url="https://example.org/network.bin")
_posix = pytest.mark.skipif(sys.platform == "win32", reason="homes and permissions of POSIX")


@pytest.fixture
def homeless(monkeypatch, tmp_path):
    """A user whom the system knows no home of, as in containers that run under any number."""
    import pwd

    def nobody(_):
        raise KeyError

    monkeypatch.chdir(tmp_path)
    for name in ("HOME", "XDG_CACHE_HOME", weights.CACHE_VARIABLE, weights.VARIABLE):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", nobody)


@contextlib.contextmanager
def locked(folder):
    """A folder that may not be looked into, not even by the superuser, who is nobody meanwhile."""
    folder.chmod(0)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o700)


@_posix
def test_what_ships_is_found_without_a_home(homeless):
    (niqe,) = catalog.get("niqe").weights
    assert weights.find(niqe).is_file()
    assert weights.cache_folder().parts[0] == "~"
    with pytest.raises(WeightsError, match=r"expected .*~/\.cache/visq/weights \(no such home directory\)"):
        weights.find(_ITEM)


@_posix
def test_nothing_is_kept_in_a_folder_called_tilde(homeless, tmp_path, monkeypatch):
    with pytest.raises(WeightsError, match=r"no home directory to keep network\.bin in.*--to DIR.*VISQ_CACHE"):
        fetching.fetch(_ITEM)
    with pytest.raises(WeightsError, match="no home directory"):
        fetching.fetch(_ITEM, "~no_such_user_at_all/w")
    monkeypatch.setenv(weights.CACHE_VARIABLE, "~no_such_user_at_all/w")
    with pytest.raises(WeightsError, match="no home directory"):
        fetching.fetch(_ITEM)
    assert list(tmp_path.iterdir()) == []


@_posix
def test_a_home_of_nobody_is_named(monkeypatch):
    monkeypatch.setenv(weights.VARIABLE, "~no_such_user_at_all/w")
    assert weights.places()[0].as_posix() == "~no_such_user_at_all/w"
    with pytest.raises(WeightsError, match=r"expected ~no_such_user_at_all/w \(no such home directory\) or"):
        weights.find(_ITEM)
    with pytest.raises(WeightsError, match=r"~no_such_user_at_all/m\.npz does not exist"):
        weights.members("~no_such_user_at_all/m.npz")


@_posix
def test_a_folder_that_may_not_be_read_is_passed_over_and_named(tmp_path, monkeypatch):
    folder = tmp_path / "weights"
    folder.mkdir()
    (folder / "network.bin").write_bytes(b"x")
    (folder / "lpips.onnx").write_bytes(b"x")
    monkeypatch.setenv(weights.VARIABLE, str(folder))
    monkeypatch.setattr(stand_in, "has_torch", lambda: False)
    installed = (folder / "network.bin",)
    assert weights.find(_ITEM) == installed[0]
    assert stand_in.stand_in("lpips") == folder / "lpips.onnx"
    assert inventory.same_parameters(_ITEM) == ()  # loads what looking up needs
    with locked(folder):
        assert weights.locate(_ITEM) is None
        assert inventory.Need((_ITEM,), installed).found is None
        assert stand_in.stand_in("lpips") is None
        assert paths.hindrance(folder).startswith("cannot be read")
        with pytest.raises(WeightsError, match=r"weights \(cannot be read: Permission denied\) or"):
            weights.find(_ITEM)
        with pytest.raises(WeightsError, match="does not exist"):
            weights.members(folder / "model.npz")
    assert paths.hindrance(folder) == ""
    assert paths.hindrance(folder / "absent") == "not there"


def test_a_name_that_no_file_system_takes(monkeypatch):
    """Another error of the system than the few that `Path.is_file` takes for a no, whoever asks."""
    monkeypatch.setenv(weights.VARIABLE, "/" + "a" * 5000)
    with pytest.raises(WeightsError, match=r"network\.bin is missing"):
        weights.find(_ITEM)
