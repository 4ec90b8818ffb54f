"""`visq weights fetch`: what it says, how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
from file_server import BODY, SHA256, Server, kept_files, weights_at

from visq import weights
from visq.cli import main
from visq.types import Weights
from visq.weights import inventory


@pytest.fixture
def listed(server, monkeypatch):
    """Networks whose files are at the server, known to `visq weights` beside the catalogue."""

    def network(name, *ways):
        files = [weights_at(server, way, name=f"{name}{i}.bin") for i, way in enumerate(ways)]
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
    assert kept_files() == ["fine0.bin"]


def test_all_takes_what_has_an_address(listed, capsys, monkeypatch):
    monkeypatch.setattr("visq.catalog.specs", list)
    assert main(["weights", "fetch", "--all"]) == 1
    assert kept_files() == ["fine0.bin", "two1.bin"], "the other file of `two` has no address"


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


def test_a_file_that_two_names_mean_counts_once(listed, capsys, monkeypatch):
    monkeypatch.setattr("visq.backbones.get", {network.id: network for network in listed}.__getitem__)
    assert main(["weights", "fetch", "bad", "bad0.bin", "bad", "fine", "fine0.bin"]) == 1
    out, err = capsys.readouterr()
    assert "1 of 2 files could not be fetched" in err
    assert len(err.splitlines()) == 2
    assert len(out.splitlines()) == 3
    assert main(["weights", "fetch", "bad", "bad0.bin"]) == 1
    assert "files" not in capsys.readouterr().err, "one file, whose own error says all"


@pytest.fixture
def packaged(listed, server, monkeypatch, tmp_path):
    """A network whose file an installed package has, and another file of which has an address."""
    path = tmp_path / "package_with_a_network" / "a.pth"
    path.parent.mkdir()
    path.write_bytes(BODY)
    monkeypatch.syspath_prepend(tmp_path)
    inventory._installed.cache_clear()
    network = SimpleNamespace(
        id="packed", weights=Weights("packed0.bin", SHA256, "CC0", "by hand", ships=False),
        alternatives=(weights_at(server, "good", name="packed1.bin"),),
        package=path.parent.name, package_file=path.name,
    )  # fmt: skip
    monkeypatch.setattr(inventory, "_backbones", lambda: [network])
    monkeypatch.setattr("visq.catalog.specs", list)
    yield path
    inventory._installed.cache_clear()


@pytest.mark.parametrize("arguments", [["packed0.bin"], ["--all"]])
def test_a_file_of_an_installed_package_is_there_already(packaged, server, capsys, arguments):
    assert main(["weights", "fetch", *arguments]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.splitlines() == [f"{packaged}  was there already", f"  SHA-256 {SHA256}"]
    assert not server.asked


def test_a_wrong_file_of_a_package_names_the_other_one(packaged, capsys):
    packaged.write_bytes(b"of another version")
    os.utime(packaged, ns=(1, 1))
    assert main(["weights", "fetch", "packed0.bin"]) == 1
    err = capsys.readouterr().err
    assert "not the file the catalogue means" in err
    assert "`visq weights fetch packed1.bin`" in err
    assert main(["weights", "fetch", "packed1.bin"]) == 0
    assert kept_files() == ["packed1.bin"]


def test_what_has_no_address_names_what_has(packaged, capsys, tmp_path):
    assert main(["weights", "fetch", "packed0.bin", "--to", str(tmp_path / "elsewhere")]) == 1
    assert "no public address" in (err := capsys.readouterr().err)
    assert "`visq weights fetch packed1.bin`" in err


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
