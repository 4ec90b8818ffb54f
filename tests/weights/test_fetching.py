"""Taking files from a server: whole and right under their name, or not at all."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
from file_server import BODY, SHA256, kept_files, weights_at

from visq import weights
from visq.errors import MissingExtraError, WeightsError
from visq.types import Weights
from visq.weights import fetching, hub, transfer
from visq.weights.fetching import fetch


def test_a_file_comes_whole_is_checked_and_found_afterwards(server):
    item = weights_at(server, "good")
    with pytest.raises(WeightsError, match=r"network\.bin is missing.*`visq weights fetch network\.bin`.*VISQ_WEIGHTS"):
        weights.find(item)
    told = []
    got = fetch(item, report=lambda done, total: told.append((done, total)))
    assert (got.sha256, got.note, got.source) == (SHA256, "", item.url)
    assert got.path.read_bytes() == BODY
    assert told[-1] == (len(BODY), len(BODY))
    assert told == sorted(told)
    assert weights.find(item) == got.path
    assert kept_files() == ["network.bin"]


def test_what_is_there_is_not_fetched_again(server):
    fetch(weights_at(server, "good"))
    again = fetch(weights_at(server, "good"))
    assert again.source == ""
    assert server.asked["/good"] == 1


def test_a_damaged_file_in_the_cache_is_replaced(server):
    path = fetch(weights_at(server, "good")).path
    path.write_bytes(b"x" + BODY[1:])
    os.utime(path, ns=(1, 1))
    assert fetch(weights_at(server, "good")).source
    assert path.read_bytes() == BODY


def test_a_wrong_file_in_the_folder_of_the_user_is_left_alone(server, tmp_path, monkeypatch):
    (tmp_path / "network.bin").write_bytes(b"mine")
    monkeypatch.setenv(weights.VARIABLE, str(tmp_path))
    with pytest.raises(WeightsError, match="not the file the catalogue means"):
        fetch(weights_at(server, "good"))
    assert (tmp_path / "network.bin").read_bytes() == b"mine"
    assert server.asked["/good"] == 0


def test_another_folder(server, tmp_path):
    got = fetch(weights_at(server, "good"), tmp_path / "new" / "folder")
    assert got.path == tmp_path / "new" / "folder" / "network.bin"
    assert got.path.stat().st_mode & 0o444
    assert kept_files() == []


@pytest.mark.parametrize("way", ["moved", "unannounced", "more-than-announced", "cut-then-whole", "cut-once"])
def test_ways_that_end_well(server, way):
    assert fetch(weights_at(server, way)).path.read_bytes() == BODY


def test_a_transfer_that_broke_off_goes_on_where_it_was(server):
    fetch(weights_at(server, "cut-once"))
    assert server.ranges == ["", f"bytes={len(BODY) // 2}-"]


@pytest.mark.parametrize(
    ("way", "message"),
    [
        ("nothing-here", "answers 404"),
        ("forbidden", "answers 403"),
        ("broken", "answers 503"),
        ("other", "another file than the catalogue says; it was not kept"),
        ("page", "another file than the catalogue says"),
        ("empty", "another file than the catalogue says"),
        ("cut", f"cut off after {len(BODY) // 2} bytes; expected {len(BODY)} bytes"),
        ("cut-unannounced", "another file than the catalogue says"),
        ("cut-then-wrong-part", "another part of the file"),
        ("round", "answers 302"),
        ("to-a-file", "answers 302 .*not allowed"),
        ("huge", "too large; expected at most"),
        ("packed", "an encoding that was not asked for"),
        ("silent", r"does not answer within 0\.3 s"),
        ("stalls", r"cut off after \d+ bytes.*nothing for 0\.3 s"),
    ],
)
def test_ways_that_end_badly_leave_nothing_behind(server, way, message):
    with pytest.raises(WeightsError, match=message) as caught:
        fetch(weights_at(server, way))
    assert "\n" not in str(caught.value)
    assert f"/{way}" in str(caught.value)
    assert kept_files() == []


def test_a_server_without_an_end_is_cut_at_the_limit(server, monkeypatch):
    monkeypatch.setattr(fetching, "max_bytes", lambda _: 2_000_000)
    with pytest.raises(WeightsError, match="sends more than the 2000000 bytes"):
        fetch(weights_at(server, "more"))
    assert kept_files() == []


def test_a_server_that_drips_is_given_up(server, monkeypatch):
    monkeypatch.setattr(transfer, "DRIP_SECONDS", 0.2)
    started = time.monotonic()
    with pytest.raises(WeightsError, match=r"is too slow; got \d+ bytes in 0\.2 s"):
        fetch(weights_at(server, "drips"))
    assert time.monotonic() - started < 5
    assert kept_files() == []


def test_no_room_on_the_disk(server, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    with pytest.raises(WeightsError, match="too large; expected 1000 bytes of room on the disk"):
        fetch(weights_at(server, "good"))
    assert kept_files() == []


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions do not bind here")
def test_a_folder_that_cannot_be_written(server, tmp_path):
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o500)
    with pytest.raises(WeightsError, match=r"cannot write .*network"):
        fetch(weights_at(server, "good"), folder)


def test_a_folder_that_is_a_file(server, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(WeightsError, match=r"cannot write .*file"):
        fetch(weights_at(server, "good"), tmp_path / "file")


def test_nobody_listens(server):
    item = Weights("network.bin", SHA256, "CC0", "here", ships=False, url="http://127.0.0.1:9/file")
    with pytest.raises(WeightsError, match=r"cannot be reached; got .*Is there a network\?"):
        fetch(item)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/a", "/etc/passwd", "data:,a"])
def test_only_the_web(server, url):
    item = Weights("network.bin", SHA256, "CC0", "here", ships=False, url=url)
    with pytest.raises(WeightsError, match="is no web address"):
        fetch(item)


def test_a_protected_connection_is_never_given_up_for_an_open_one():
    request = SimpleNamespace(full_url="https://here/file")
    with pytest.raises(WeightsError, match="unprotected and not followed"):
        transfer._Redirects().redirect_request(request, None, 302, "", {}, "http://there/file")


def test_no_public_address(server):
    item = Weights("network.bin", SHA256, "CC0", "the author's page", ships=False)
    with pytest.raises(WeightsError, match=r"no public address.*the author's page"):
        fetch(item)


@pytest.mark.parametrize("stop", [KeyboardInterrupt, RuntimeError])
def test_an_interruption_in_the_middle_leaves_nothing(server, stop):
    def report(done, total):
        raise stop

    with pytest.raises(stop):
        fetch(weights_at(server, "good"), report=report)
    assert kept_files() == []


def test_what_a_killed_process_left_is_swept_up_after_a_day(server):
    folder = weights.cache_folder()
    folder.mkdir(parents=True)
    old, young, other = (folder / n for n in (".network.bin.0a.part", ".network.bin.0b.part", "mine.part"))
    for path in (old, young, other):
        path.write_bytes(b"half")
    for path in (old, other):
        os.utime(path, (1, 1))
    fetch(weights_at(server, "good"))
    assert kept_files() == [".network.bin.0b.part", "mine.part", "network.bin"]


# Hashes of which not all is known


@pytest.mark.parametrize(("known", "said"), [(SHA256[:8], "only its first 8 digits are"), ("", "it is not")])
def test_a_hash_that_is_not_whole_is_checked_as_far_as_it_goes_and_noted(server, known, said):
    item = weights_at(server, "good", sha256=known)
    got = fetch(item)
    assert got.note == f"unverified weights: of the SHA-256, {said} in the catalogue"
    assert kept_files() == ["network.bin", "network.bin.sha256"]
    noted = got.path.with_name("network.bin.sha256").read_text()
    assert noted == f"{SHA256}  network.bin\n", "as `sha256sum --check` reads it"
    assert weights.find(item) == got.path
    # From now on the whole hash is known.
    got.path.write_bytes(b"x" + BODY[1:])
    os.utime(got.path, ns=(1, 1))
    with pytest.raises(WeightsError, match=SHA256):
        weights.find(item)


def test_a_wrong_beginning_of_a_hash(server):
    with pytest.raises(WeightsError, match=r"expected SHA-256 00000000\.\.\.; got"):
        fetch(weights_at(server, "good", sha256="0" * 8))
    assert kept_files() == []


# The model hub


@pytest.fixture
def at_hub(server, monkeypatch):
    """`at_hub(name, sha256)`: a file at a hub that is this server."""
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "ENDPOINT", server.address)
    monkeypatch.setattr(
        constants, "HUGGINGFACE_CO_URL_TEMPLATE", server.address + "/{repo_id}/resolve/{revision}/{filename}"
    )

    def make(name, sha256=SHA256):
        return Weights(
            "network.bin", sha256, "CC0", "here", ships=False, hub=f"someone/{name}", hub_file="model.safetensors"
        )

    return make


def test_a_file_of_the_hub(server, at_hub):
    got = fetch(at_hub("net"))
    assert got.path.read_bytes() == BODY
    assert got.source == f"{server.address}/someone/net/resolve/main/model.safetensors"
    assert got.note == ""


def test_what_the_hub_states_is_checked_where_the_catalogue_knows_less(server, at_hub):
    got = fetch(at_hub("net", ""))
    assert got.note == "unverified weights: of the SHA-256, it is not in the catalogue; the hub states the same"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("absent", r"the hub does not give someone/absent/model\.safetensors"),
        ("misstated", "another file than the hub says; it was not kept; expected SHA-256 0000"),
        ("missized", f"another file than was announced; expected {len(BODY) + 1} bytes; got {len(BODY)}"),
        ("misrouted", "another file than the hub says"),
    ],
)
def test_what_can_be_wrong_at_the_hub(server, at_hub, name, message):
    with pytest.raises(WeightsError, match=message) as caught:
        fetch(at_hub(name, ""))
    assert "\n" not in str(caught.value)
    assert kept_files() == []


def test_the_hub_offline(server, at_hub):
    """`HF_HUB_OFFLINE` and `HF_ENDPOINT` hold, as the library reads them from the environment."""
    code = (
        "from visq.types import Weights; from visq.weights.fetching import fetch\n"
        "from visq.errors import WeightsError\n"
        f"item = Weights('network.bin', {SHA256!r}, '', '', ships=False, hub='someone/net', hub_file='model.bin')\n"
        "try: print('fetched', fetch(item).source)\n"
        "except WeightsError as error: print('refused', error)"
    )
    environment = {**os.environ, "HF_ENDPOINT": server.address}
    for offline, said in (("1", "refused the hub does not give someone/net/model.bin"), ("0", "fetched http://127")):
        environment["HF_HUB_OFFLINE"] = offline
        ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        assert ran.stdout.startswith(said), ran.stdout + ran.stderr
        assert len(ran.stdout.splitlines()) == 1


def test_the_hub_without_its_library(server, at_hub, monkeypatch):
    monkeypatch.setattr(hub, "installed", lambda: False)
    with pytest.raises(MissingExtraError, match=r"visq\[hub\]"):
        fetch(at_hub("net"))


def test_a_public_address_serves_where_the_library_of_the_hub_is_missing(server, monkeypatch):
    monkeypatch.setattr(hub, "installed", lambda: False)
    item = Weights("network.bin", SHA256, "", "", ships=False, hub="someone/net", url=f"{server.address}/good")
    assert fetch(item).source == item.url
