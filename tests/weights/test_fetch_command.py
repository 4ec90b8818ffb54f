"""`visq weights fetch`: what it says, how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
from file_server import SHA256, Server, kept_files, weights_at

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
