"""`visq list`, `visq show` and `visq doctor`: what they print, and when they fail."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace

import click
import pytest
from click.testing import CliRunner

from visq import catalog
from visq.cli import main
from visq.cli.list import range_text, short_paper
from visq.report import diagnosis
from visq.report.environment import VARIABLES
from visq.weights import missing

_IDS = catalog.ids()
_FILES = r"(photo|reference|distorted)\.(jpg|png|json|mp4)"


@pytest.fixture
def run(capsys):
    def call(*arguments):
        try:
            code = main(list(arguments))
        except SystemExit as stopped:
            code = stopped.code
        out, err = capsys.readouterr()
        return code, out, err

    return call


def test_list_has_one_line_a_metric_below_the_header(run):
    code, out, err = run("list")
    assert (code, err) == (0, "")
    header, *lines = out.splitlines()
    assert header.split()[:4] == ["METRIC", "KIND", "BETTER", "RANGE"]
    assert [line.split()[0] for line in lines] == _IDS


def test_list_in_a_pipe_has_no_colours_and_aligned_columns(run):
    _, out, _ = run("list")
    assert "\x1b" not in out
    header, *lines = out.splitlines()
    start = header.index("KIND")
    assert all(line[start:].split()[0] in ("fr", "rr", "nr", "video") and line[start - 1] == " " for line in lines)


def test_list_on_a_terminal_fits_its_width(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    written = []
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setattr("click.echo", lambda line="", **_: written.append(click.unstyle(line)))
    assert main(["list"]) == 0
    *table, defaults = written
    assert len(table) == 1 + len(_IDS)
    assert all(len(line) <= 60 for line in table)
    assert any(line.endswith("...") for line in table)
    assert "visq_nr" in defaults
    assert "haarpsi" in defaults


@pytest.mark.parametrize("kind", ["fr", "rr", "nr", "video"])
def test_list_of_one_kind(run, kind):
    _, out, _ = run("list", "--kind", kind)
    assert [line.split()[0] for line in out.splitlines()[1:]] == catalog.ids(kind)


def test_list_as_json_has_every_field_and_is_strict_json(run):
    _, out, _ = run("list", "--json")
    rows = json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert [row["id"] for row in rows] == _IDS
    for row in rows:
        spec = catalog.get(row["id"])
        assert row["lower_is_better"] == spec.lower_is_better
        assert row["identity"] == spec.identity()
        assert set(row) >= {"version", "value_range", "min_side", "options", "weights", "paper", "best"}


def test_list_refuses_another_kind(run):
    code, _, err = run("list", "--kind", "sound")
    assert code == 2
    assert "sound" in err


def test_short_papers():
    spec = catalog.get(_IDS[0])
    for paper, short in {
        "Z. Wang, A. C. Bovik: Image quality. IEEE TIP 13(4), 2004": "Wang 2004",
        "L. Zhang et al., FSIM (2011)": "Zhang 2011",
        "common use": "common use",
        "ITU-T J.340 (2010) and common use": "ITU-T J.340 (2010) and common use",
    }.items():
        assert short_paper(replace(spec, paper=paper)) == short


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        ((0, 1), "0 to 1"),
        ((0, float("inf")), "0 or more"),
        ((-float("inf"), float("inf")), "any"),
        ((-1, 1), "-1 to 1"),
    ],
)
def test_ranges_in_words(bounds, said):
    assert range_text(replace(catalog.get(_IDS[0]), value_range=bounds)) == said


@pytest.mark.parametrize("name", _IDS)
def test_show_tells_everything(run, name):
    code, out, err = run("show", name)
    assert (code, err) == (0, "")
    spec = catalog.get(name)
    flat = " ".join(out.split())
    assert " ".join(spec.paper.split()) in flat
    assert " ".join(spec.summary.split()) in flat
    for option in spec.options:
        assert f"{option.name}={option.default}" in flat
        assert " ".join(option.help.split()) in flat
        assert all(str(choice) in flat for choice in option.choices)
    for line in spec.verification:
        assert " ".join(line.against.split()) in flat
    for weights in spec.weights:
        assert weights.sha256 in out
        assert weights.licence in out
    assert f"-m {spec.id}" in out
    assert "import visq" in out


@pytest.mark.parametrize("name", _IDS)
def test_show_as_json(run, name):
    fields = json.loads(run("show", name, "--json")[1])
    assert fields["id"] == name
    assert [o["name"] for o in fields["options"]] == [o.name for o in catalog.get(name).options]
    assert set(fields["examples"]) == {"cli", "python"}


@pytest.mark.parametrize("name", _IDS)
def test_the_command_line_that_show_gives_is_understood(run, name):
    """The files are not there, so it cannot score; but nothing about the line itself is wrong."""
    for line in json.loads(run("show", name, "--json")[1])["examples"]["cli"].splitlines():
        words = line.split()
        assert words[0] == "visq"
        code, out, err = run(*words[1:], "-q")
        assert code in (1, 2)
        lacking = missing(catalog.get(name))
        said = rf"the parameter file .*{lacking[0].filename}" if lacking else _FILES
        assert re.search(said, out + err)
        assert "option" not in err.lower()


def test_show_of_an_unknown_name_suggests_and_exits_with_2(run):
    code, out, err = run("show", "psrn")
    assert (code, out) == (2, "")
    assert "'psrn'" in err
    assert "'psnr'" in err
    assert len(err.splitlines()) == 1


def test_show_takes_any_spelling(run):
    assert run("show", "PSNR-Y")[1] == run("show", "psnr_y")[1]


def test_doctor_finds_this_installation_well(run):
    code, out, err = run("doctor")
    assert err == ""
    assert code == 0, out
    assert out.rstrip().endswith("all well")
    for word in ("numpy", "numba", "threads", "cache", "JPEG", "self-test", "torch", "hdr", "tables"):
        assert word in out


def test_doctor_as_json(run):
    code, out, _ = run("doctor", "--json")
    found = json.loads(out)
    assert found["ok"] is (code == 0)
    assert {c["status"] for c in found["checks"]} <= {"ok", "missing", "broken", "info"}
    sections = {c["section"] for c in found["checks"]}
    assert sections >= {"system", "dependencies", "threads", "kernels", "formats", "self-test", "extras"}


def test_doctor_shows_our_variables_and_names_misspelt_ones(monkeypatch):
    monkeypatch.setenv("VISQ_THREADS", "3")
    monkeypatch.setenv("VISQ_THREAD", "4")
    found = {c.name: c for c in diagnosis._environment()}
    assert found["VISQ_THREADS"].status == "ok"
    assert found["VISQ_THREAD"].status == "info"
    assert "VISQ_THREADS" in found["VISQ_THREAD"].hint


def test_doctor_exits_with_1_and_says_what_is_broken(run, monkeypatch):
    monkeypatch.setenv("VISQ_THREADS", "many")
    monkeypatch.setattr(diagnosis, "_extras", lambda: iter(()))
    code, out, _ = run("doctor")
    assert code == 1
    assert re.search(r"\d broken: threads", out)
    assert "'many'" in out


def test_a_missing_extra_is_no_fault_and_comes_with_its_install_line(monkeypatch):
    monkeypatch.setattr(diagnosis, "_EXTRAS", {"torch": ("no_module_of_this_name", "gradients")})
    (check,) = diagnosis._extras()
    assert check.status == "missing"
    assert check.hint == "pip install 'visq[torch]'"


def test_an_extra_that_is_there_and_fails_is_broken(monkeypatch, tmp_path):
    (tmp_path / "damaged_extra.py").write_text("raise RuntimeError('operator does not exist')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(diagnosis, "_EXTRAS", {"torch": ("damaged_extra", "gradients")})
    (check,) = diagnosis._extras()
    assert check.status == "broken"
    assert "operator does not exist" in check.detail


def test_a_wrong_score_is_found(monkeypatch):
    monkeypatch.setattr("visq.api.metric", lambda _name: lambda *_: 1.0)
    checks = {c.name: c.status for c in diagnosis._self_test()}
    assert checks["psnr"] == "broken"
    assert checks["mse"] == "broken"


def test_a_check_that_raises_becomes_a_finding(monkeypatch):
    def fails():
        raise ZeroDivisionError("at once")

    for name in ("_dependencies", "_formats", "_self_test", "_extras", "_parameters"):
        monkeypatch.setattr(diagnosis, name, lambda: iter(()))
    monkeypatch.setattr(diagnosis, "_kernels", fails)
    broken = [c for c in diagnosis.run_checks() if c.status == "broken"]
    assert [(c.section, c.detail) for c in broken] == [("kernels", "ZeroDivisionError: at once")]


def _parameter_checks(monkeypatch, folder, content, **more):
    from hashlib import sha256

    from visq.types import Weights

    weights = Weights("only_in_this_test.npz", sha256(b"right").hexdigest(), "CC0", "here", **more)
    monkeypatch.setattr(catalog, "specs", lambda: [replace(catalog.get(_IDS[0]), weights=(weights,))])
    monkeypatch.setattr("visq.weights.inventory._backbones", list)
    monkeypatch.setenv("VISQ_WEIGHTS", str(folder))
    if content is not None:
        (folder / weights.filename).write_bytes(content)
    (check,) = diagnosis._parameters()
    assert check.name == weights.filename
    return check


@pytest.mark.parametrize(("content", "status"), [(b"right", "ok"), (b"wrong", "broken"), (None, "broken")])
def test_parameter_files_are_found_and_their_hash_checked(monkeypatch, tmp_path, content, status):
    check = _parameter_checks(monkeypatch, tmp_path, content)
    assert check.status == status
    assert bool(check.hint) == (status == "broken")


@pytest.mark.parametrize(("content", "status"), [(b"right", "ok"), (b"wrong", "broken"), (None, "missing")])
def test_parameters_that_do_not_ship_are_no_fault_where_they_are_missing(monkeypatch, tmp_path, content, status):
    check = _parameter_checks(monkeypatch, tmp_path, content, ships=False, url="https://example.org/a")
    assert check.status == status
    if status == "missing":
        assert check.detail == f"of {_IDS[0]}: not here; {_IDS[0]} cannot run"
        assert check.hint == "visq weights fetch only_in_this_test.npz"


def test_parameters_that_nobody_offers_say_where_they_come_from(monkeypatch, tmp_path):
    check = _parameter_checks(monkeypatch, tmp_path, None, ships=False)
    assert "VISQ_WEIGHTS" in check.hint
    assert check.hint.endswith("Its origin: here")


def test_show_says_where_the_parameters_are(run, monkeypatch, tmp_path):
    assert re.search(r"found .*niqe_kodak24\.npz", run("show", "niqe")[1])
    monkeypatch.setenv("VISQ_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("VISQ_CACHE", str(tmp_path))
    out = run("show", "lpips")[1]
    assert "missing here: visq weights fetch alexnet-owt-7be5be79.pth" in out
    (tmp_path / "alexnet-owt-7be5be79.pth").write_bytes(b"")
    assert f"found {tmp_path / 'alexnet-owt-7be5be79.pth'}" in run("show", "lpips")[1]
    fields = json.loads(run("show", "lpips", "--json")[1])
    assert fields["weights"][0]["found"] == str(tmp_path / "alexnet-owt-7be5be79.pth")


def test_commands_are_click_objects_called_command():
    from visq.cli import doctor, list, show

    for module in (list, show, doctor):
        result = CliRunner().invoke(module.command, ["--help"])
        assert result.exit_code == 0
        assert result.output.startswith("Usage:")


def test_every_variable_that_the_code_reads_is_described():
    from pathlib import Path

    import visq

    found = set()
    for path in Path(visq.__file__).parent.rglob("*.py"):
        found |= set(re.findall(r"\bVISQ_[A-Z][A-Z_]*\b", path.read_text(encoding="utf-8")))
    assert found <= set(VARIABLES)
    assert sys.modules["visq.report.environment"]


@pytest.mark.parametrize("name", catalog.UNLISTED)
def test_show_of_what_does_not_ship_names_a_file_wherever_it_calls_it(run, name):
    code, out, _ = run("show", name)
    assert code == 0
    assert f" {name}:model=FILE\n" in out[out.index("Command line") :]
    assert f'"{name}:model=FILE"' in out[out.index("Python\n") :]
    assert "VISQ_WEIGHTS" not in out
    assert not re.search(r"sha256\s*$", out, re.MULTILINE)


def test_a_reconstruction_is_called_one_where_it_is_shown(run):
    _, out, _ = run("show", "pmt")
    assert "a reconstruction" in " ".join(out[: out.index("kind")].split())
    assert short_paper(catalog.get("pmt")) == "You 2023"
