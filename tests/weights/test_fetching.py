"""Taking files from a server: whole and right under their name, or not at all."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
from file_server import BODY, Server

from visq import weights
from visq.cli import main
from visq.errors import MissingExtraError, WeightsError
from visq.types import Weights
from visq.weights import fetching, hub, inventory, transfer
from visq.weights.fetching import fetch

SHA256 = hashlib.sha256(BODY).hexdigest()


@pytest.fixture(scope="module")
def _running():
    with Server() as server:
        yield server


@pytest.fixture
def server(_running, monkeypatch, tmp_path):
    """A server on this machine; a cache of its own; nothing waits long."""
    _running.asked.clear()
    _running.ranges.clear()
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")
    monkeypatch.setenv(weights.CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.delenv(weights.VARIABLE, raising=False)
    monkeypatch.setattr(transfer, "QUIET_SECONDS", 0.3)
    monkeypatch.setattr(transfer, "PAUSE_SECONDS", 0.0)
    return _running


def _weights(server, way, sha256=SHA256, name="network.bin", **more):
    return Weights(name, sha256, "CC0", "here", ships=False, url=f"{server.address}/{way}", **more)


def _kept():
    folder = weights.cache_folder()
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def test_a_file_comes_whole_is_checked_and_found_afterwards(server):
    item = _weights(server, "good")
    with pytest.raises(WeightsError, match=r"network\.bin is missing.*`visq weights fetch network\.bin`.*VISQ_WEIGHTS"):
        weights.find(item)
    told = []
    got = fetch(item, report=lambda done, total: told.append((done, total)))
    assert (got.sha256, got.note, got.source) == (SHA256, "", item.url)
    assert got.path.read_bytes() == BODY
    assert told[-1] == (len(BODY), len(BODY))
    assert told == sorted(told)
    assert weights.find(item) == got.path
    assert _kept() == ["network.bin"]


def test_what_is_there_is_not_fetched_again(server):
    fetch(_weights(server, "good"))
    again = fetch(_weights(server, "good"))
    assert again.source == ""
    assert server.asked["/good"] == 1


def test_a_damaged_file_in_the_cache_is_replaced(server):
    path = fetch(_weights(server, "good")).path
    path.write_bytes(b"x" + BODY[1:])
    os.utime(path, ns=(1, 1))
    assert fetch(_weights(server, "good")).source
    assert path.read_bytes() == BODY


def test_a_wrong_file_in_the_folder_of_the_user_is_left_alone(server, tmp_path, monkeypatch):
    (tmp_path / "network.bin").write_bytes(b"mine")
    monkeypatch.setenv(weights.VARIABLE, str(tmp_path))
    with pytest.raises(WeightsError, match="not the file the catalogue means"):
        fetch(_weights(server, "good"))
    assert (tmp_path / "network.bin").read_bytes() == b"mine"
    assert server.asked["/good"] == 0


def test_another_folder(server, tmp_path):
    got = fetch(_weights(server, "good"), tmp_path / "new" / "folder")
    assert got.path == tmp_path / "new" / "folder" / "network.bin"
    assert got.path.stat().st_mode & 0o444
    assert _kept() == []


@pytest.mark.parametrize("way", ["moved", "unannounced", "more-than-announced", "cut-then-whole", "cut-once"])
def test_ways_that_end_well(server, way):
    assert fetch(_weights(server, way)).path.read_bytes() == BODY


def test_a_transfer_that_broke_off_goes_on_where_it_was(server):
    fetch(_weights(server, "cut-once"))
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
        fetch(_weights(server, way))
    assert "\n" not in str(caught.value)
    assert f"/{way}" in str(caught.value)
    assert _kept() == []


def test_a_server_without_an_end_is_cut_at_the_limit(server, monkeypatch):
    monkeypatch.setattr(fetching, "max_bytes", lambda _: 2_000_000)
    with pytest.raises(WeightsError, match="sends more than the 2000000 bytes"):
        fetch(_weights(server, "more"))
    assert _kept() == []


def test_a_server_that_drips_is_given_up(server, monkeypatch):
    monkeypatch.setattr(transfer, "DRIP_SECONDS", 0.2)
    started = time.monotonic()
    with pytest.raises(WeightsError, match=r"is too slow; got \d+ bytes in 0\.2 s"):
        fetch(_weights(server, "drips"))
    assert time.monotonic() - started < 5
    assert _kept() == []


def test_no_room_on_the_disk(server, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    with pytest.raises(WeightsError, match="too large; expected 1000 bytes of room on the disk"):
        fetch(_weights(server, "good"))
    assert _kept() == []


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions do not bind here")
def test_a_folder_that_cannot_be_written(server, tmp_path):
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o500)
    with pytest.raises(WeightsError, match=r"cannot write .*network"):
        fetch(_weights(server, "good"), folder)


def test_a_folder_that_is_a_file(server, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(WeightsError, match=r"cannot write .*file"):
        fetch(_weights(server, "good"), tmp_path / "file")


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
        fetch(_weights(server, "good"), report=report)
    assert _kept() == []


def test_what_a_killed_process_left_is_swept_up_after_a_day(server):
    folder = weights.cache_folder()
    folder.mkdir(parents=True)
    old, young, other = (folder / n for n in (".network.bin.0a.part", ".network.bin.0b.part", "mine.part"))
    for path in (old, young, other):
        path.write_bytes(b"half")
    for path in (old, other):
        os.utime(path, (1, 1))
    fetch(_weights(server, "good"))
    assert _kept() == [".network.bin.0b.part", "mine.part", "network.bin"]


# Hashes of which not all is known


@pytest.mark.parametrize(("known", "said"), [(SHA256[:8], "only its first 8 digits are"), ("", "it is not")])
def test_a_hash_that_is_not_whole_is_checked_as_far_as_it_goes_and_noted(server, known, said):
    item = _weights(server, "good", sha256=known)
    got = fetch(item)
    assert got.note == f"unverified weights: of the SHA-256, {said} in the catalogue"
    assert _kept() == ["network.bin", "network.bin.sha256"]
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
        fetch(_weights(server, "good", sha256="0" * 8))
    assert _kept() == []


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
    assert _kept() == []


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


# The command


@pytest.fixture
def listed(server, monkeypatch):
    """Networks whose files are at the server, known to `visq weights` beside the catalogue."""

    def network(name, *ways):
        files = [_weights(server, way, name=f"{name}{i}.bin") for i, way in enumerate(ways)]
        return SimpleNamespace(id=name, weights=files[0], alternatives=tuple(files[1:]), package="", package_file="")

    networks = [network("fine", "good"), network("bad", "cut"), network("gone", "nothing-here")]
    unlisted = Weights("two0.bin", SHA256, "CC0", "by hand", ships=False)
    two = network("two", "good", "good")
    two.weights = unlisted
    monkeypatch.setattr(inventory, "_backbones", lambda: [*networks, two])
    return networks


def test_the_command_tells_path_hash_origin_and_licence(listed, capsys):
    assert main(["weights", "fetch", "fine0.bin"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.splitlines() == [
        f"{weights.cache_folder() / 'fine0.bin'}  from {listed[0].weights.url}",
        f"  SHA-256 {SHA256}",
        "  licence CC0; here",
    ]
    assert main(["weights", "fetch", "fine0.bin"]) == 0
    assert "was there already" in capsys.readouterr().out


def test_the_command_goes_on_after_a_failure_and_ends_with_1(listed, capsys):
    assert main(["weights", "fetch", "gone0.bin", "bad0.bin", "fine0.bin"]) == 1
    out, err = capsys.readouterr()
    assert [line.partition(" ")[0] for line in err.splitlines()] == ["visq:"] * 3
    assert "404" in err
    assert "2 of 3 files could not be fetched" in err
    assert str(weights.cache_folder() / "fine0.bin") in out
    assert _kept() == ["fine0.bin"]


def test_all_takes_what_has_an_address(listed, capsys, monkeypatch):
    monkeypatch.setattr("visq.catalog.specs", list)
    assert main(["weights", "fetch", "--all"]) == 1
    assert _kept() == ["fine0.bin", "two1.bin"], "the other file of `two` has no address"


@pytest.mark.parametrize("arguments", [[], ["fine0.bin", "--all"]])
def test_names_or_all(listed, capsys, arguments):
    assert main(["weights", "fetch", *arguments]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_name_that_there_is_none_of(listed, capsys):
    assert main(["weights", "fetch", "vgg61"]) == 2
    assert "'vgg16'" in capsys.readouterr().err


def test_a_metric_without_files(listed, capsys):
    assert main(["weights", "fetch", "psnr"]) == 0
    assert "no files are needed" in capsys.readouterr().out


@pytest.mark.skipif(os.name == "nt", reason="signals")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_in_the_middle_leaves_nothing_and_no_traceback(tmp_path, number, code):
    with Server() as server:
        program = (
            "import sys; from types import SimpleNamespace as S; from visq.types import Weights\n"
            "from visq.weights import inventory; from visq.cli import main\n"
            f"w = Weights('a.bin', {SHA256!r}, '', '', ships=False, url='{server.address}/stalls')\n"
            "inventory._backbones = lambda: [S(id='a', weights=w, alternatives=(), package='', package_file='')]\n"
            "sys.exit(main(['weights', 'fetch', 'a.bin', '--to', 'here']))"
        )
        environment = {**os.environ, "no_proxy": "127.0.0.1"}
        running = subprocess.Popen(
            [sys.executable, "-c", program], cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True
        )
        assert server.half_sent.wait(60)
        while not any(path.stat().st_size for path in (tmp_path / "here").glob("*")) and running.poll() is None:
            time.sleep(0.02)
        running.send_signal(number)
        err = running.communicate(timeout=30)[1]
    assert running.returncode == code
    assert err == "visq: interrupted: what had not come whole is gone\n"
    assert list((tmp_path / "here").iterdir()) == []
